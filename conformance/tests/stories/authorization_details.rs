//! Authorization details (RFC 9396): which data, at which administration, in words that the citizen reads.

use conformance::or_skip;
use conformance::relying_party::Ask;
use conformance::scene::Setting;
use serde_json::{Value, json};

use crate::administrations::{Administrations, access, inactive};
use crate::journey::{accept, expect};

fn sharing(location: &str, datatypes: &[&str]) -> Value {
    json!({ "type": "data_sharing", "locations": [location], "actions": ["read"], "datatypes": datatypes })
}

/// A request with details: income and shares at the tax administration, the fund at health insurance.
fn detailed(all: &Administrations) -> (Ask, Value) {
    let tax = sharing(all.tax.resource(), &["dgfip_rfr", "dgfip_nbpart"]);
    let details = json!([tax, sharing(all.health.resource(), &["cnam_caisse"])]);
    (all.town.ask("openid profile").and("authorization_details", &details.to_string()), details)
}

#[tokio::test]
async fn details_are_told_granted_returned_and_introspected_each_where_it_belongs() {
    let all = Administrations::open().await;
    let (ask, details) = detailed(&all);
    let mut citizen = all.citizen();
    let inform = all.informed(&mut citizen, &ask).await;
    let told = inform.text("main").unwrap();
    for words in ["Ville sociale", "API Impôts", "Revenu fiscal de référence", "API Santé", "Caisse de rattachement"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let back = accept(&mut citizen, &inform).await;
    let (_, tokens) = all.redeem(&ask, &back.parameter("code").unwrap(), &[]).await;
    let token = access(&tokens);
    assert_eq!(tokens["authorization_details"], details, "what was granted is returned");
    assert_eq!(tokens["scope"], "openid profile", "and widens no scope");

    let at_tax = all.tax.introspect(&token).await.unwrap();
    assert_eq!(at_tax["authorization_details"], json!([details[0]]));
    assert_eq!(at_tax["scope"], "openid");
    let at_health = all.health.introspect(&token).await.unwrap();
    assert_eq!(at_health["authorization_details"], json!([details[1]]));
    let data: Value = all.town.fetch(all.tax.resource(), &token).await.unwrap().json().await.unwrap();
    assert_eq!(data["data"], json!(["dgfip_rfr", "dgfip_nbpart"]));

    let userinfo: Value = all.town.userinfo(&token).await.unwrap().json().await.unwrap();
    let plain = all.tokens(&all.town.ask("openid profile")).await;
    let without: Value = all.town.userinfo(&access(&plain)).await.unwrap().json().await.unwrap();
    assert_eq!(userinfo, without, "userinfo releases what it did");
    assert!(plain["authorization_details"].is_null());
    assert_eq!(all.tax.introspect(&access(&plain)).await.unwrap(), inactive());
}

#[tokio::test]
async fn a_token_is_narrowed_to_some_details_and_not_widened() {
    let all = Administrations::open().await;
    let less = json!([sharing(all.tax.resource(), &["dgfip_rfr"])]).to_string();
    let (ask, _) = detailed(&all);
    let code = all.code(&ask).await;
    let (status, tokens) = all.redeem(&ask, &code, &[("authorization_details", &less)]).await;
    assert_eq!((status, tokens["authorization_details"].to_string()), (200, less.clone()));

    let narrow = all.town.ask("openid").and("authorization_details", &less);
    for more in [
        json!([sharing(all.tax.resource(), &["dgfip_rfr", "dgfip_nbpart"])]),
        json!([sharing(all.health.resource(), &["dgfip_rfr"])]),
        json!([{ "type": "payment_initiation" }]),
    ] {
        let code = all.code(&narrow).await;
        let (status, answer) = all.redeem(&narrow, &code, &[("authorization_details", &more.to_string())]).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_authorization_details")), "{more}");
    }
}

#[tokio::test]
async fn details_that_cannot_be_granted_are_refused_at_both_doors() {
    let all = Administrations::open().await;
    let tax = all.tax.resource();
    let changed = |name: &str, value: Value| {
        let mut entry = sharing(tax, &["dgfip_rfr"]);
        entry[name] = value;
        json!([entry]).to_string()
    };
    let issuer = all.journey.scene.gateway.issuer();
    for bad in [
        "not json".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        changed("type", json!("payment_initiation")),
        changed("privileges", json!(["admin"])),
        changed("locations", json!(["https://elsewhere.example"])),
        changed("locations", json!(tax)),
        changed("actions", json!(["write"])),
        changed("datatypes", json!([])),
        changed("datatypes", json!(["email"])),
        changed("datatypes", json!(["dgfip_aft"])),
        json!(vec![sharing(tax, &["dgfip_rfr"]); 17]).to_string(),
        format!("{}{}", changed("actions", json!(["read"])), " ".repeat(8 * 1024)),
    ] {
        let ask = all.town.ask("openid").and("authorization_details", &bad);
        let back = all.citizen().open(&ask.url()).await.unwrap();
        let told = back.parameter("error");
        assert_eq!(told.as_deref(), Some("invalid_authorization_details"), "{bad}: {}", back.brief());
        let form: Vec<(String, String)> = url::form_urlencoded::parse(ask.body().as_bytes()).into_owned().collect();
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let pushed = all.town.post(&format!("{issuer}/par"), &form).await.unwrap();
        assert_eq!(pushed.status(), 400, "{bad}");
        assert_eq!(pushed.json::<Value>().await.unwrap()["error"], "invalid_authorization_details", "{bad}");
    }
}

#[tokio::test]
async fn nothing_is_shared_silently_that_the_citizen_was_not_told_of() {
    let all = Administrations::open().await;
    let mut citizen = all.citizen();
    let plain = all.town.ask("openid profile");
    let inform = all.informed(&mut citizen, &plain).await;
    accept(&mut citizen, &inform).await;
    let (ask, _) = detailed(&all);
    let resource = || all.town.ask("openid profile").and("resource", all.tax.resource());
    for ask in [&ask, &resource()] {
        let silent = citizen.open(&ask.clone().with("prompt", "none").url()).await.unwrap();
        assert_eq!(silent.parameter("error").as_deref(), Some("interaction_required"), "{}", silent.brief());
    }
    let inform = expect(citizen.open(&ask.url()).await.unwrap(), "inform");
    accept(&mut citizen, &inform).await;
    for ask in [ask, resource()] {
        let silent = citizen.open(&ask.with("prompt", "none").url()).await.unwrap();
        assert!(silent.parameter("code").is_some(), "told once: {}", silent.brief());
    }
}

#[tokio::test]
async fn a_private_party_needs_consent_for_data_held_elsewhere_and_the_journal_says_for_which() {
    let all = Administrations::set(Setting::default(), &json!({ "kind": "private" })).await;
    let details = json!([sharing(all.tax.resource(), &["dgfip_rfr"])]);
    let ask = all.town.ask("openid").and("authorization_details", &details.to_string());
    let mut citizen = all.citizen();
    let inform = all.informed(&mut citizen, &ask).await;
    assert!(inform.has("input[name=consent]") && !inform.has("[data-anonymous]"), "{}", inform.brief());
    let again = expect(accept(&mut citizen, &inform).await, "inform");
    assert!(again.has("[aria-invalid]"), "it was not ticked");
    let button = "form[data-step=inform] button[type=submit]";
    let back = citizen.press(&again, button, &[("consent", "yes")]).await.unwrap();
    all.town.finish(&ask, &back).await.unwrap();

    let last = or_skip!(all.journey.sql("SELECT details FROM journal ORDER BY number DESC LIMIT 1"));
    let journalled: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&journalled["authorization_details"], &journalled["consented"]), (&details, &json!(["dgfip_rfr"])));
    assert_eq!(journalled["resources"], json!([all.tax.resource()]));
}
