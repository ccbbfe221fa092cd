//! A data provider that wants a stronger or a more recent authentication says so, and the relying party comes back with
//! it (RFC 9470).

use conformance::citizen::Citizen;
use conformance::data_provider::{Demand, parameters_of};
use conformance::people::PASSWORD;
use conformance::relying_party::Ask;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::administrations::{Administrations, access};
use crate::journey::{accept, choose, eventually, expect};

/// The request that the town makes for the tax administration.
fn ask(all: &Administrations) -> Ask {
    all.town.ask("openid dgfip_rfr").and("resource", all.tax.resource())
}

/// Signs a citizen in through a provider; the access token.
async fn signed_in(all: &Administrations, citizen: &mut Citizen, ask: &Ask, provider: ProviderId) -> String {
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let login = choose(citizen, &chooser, provider).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    redeemed(all, ask, &accept(citizen, &inform).await).await
}

async fn redeemed(all: &Administrations, ask: &Ask, back: &conformance::citizen::Page) -> String {
    let code = back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()));
    let (status, tokens) = all.redeem(ask, &code, &[]).await;
    assert_eq!(status, 200, "{tokens}");
    access(&tokens)
}

/// What the tax administration answers: its data, or its challenge.
async fn fetched(all: &Administrations, token: &str) -> Result<Value, String> {
    let answer = all.town.fetch(all.tax.resource(), token).await.unwrap();
    match answer.status().as_u16() {
        200 => Ok(answer.json().await.unwrap()),
        401 => Err(answer.headers()["www-authenticate"].to_str().unwrap().to_owned()),
        other => panic!("{other}"),
    }
}

/// The request again, with what a challenge asks for (RFC 9470 §4).
fn stepped_up(all: &Administrations, challenge: &str) -> Ask {
    let told = parameters_of(challenge);
    assert!(told.contains(&("error".to_owned(), "insufficient_user_authentication".to_owned())), "{challenge}");
    let wanted = told.iter().filter(|(name, _)| name == "acr_values" || name == "max_age");
    wanted.fold(ask(all), |ask, (name, value)| ask.with(name, value))
}

#[tokio::test]
async fn a_token_of_a_weak_sign_in_leads_back_to_a_strong_one_and_then_works() {
    let all = Administrations::open().await;
    all.tax.demand(Demand { acr: Some("eidas2"), max_age: None });
    let mut citizen = all.citizen();
    let weak = signed_in(&all, &mut citizen, &ask(&all), ProviderId::Impots).await;
    let challenge = fetched(&all, &weak).await.expect_err("eidas1 is too little");
    let strong = stepped_up(&all, &challenge);
    assert_eq!(strong.value("acr_values"), Some("eidas2"));

    // The session that stands does not help: silently there is no answer, and a page asks for another account.
    let silent = citizen.open(&strong.clone().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    let chooser = expect(citizen.open(&strong.url()).await.unwrap(), "choose");
    assert!(chooser.has("[data-provider=impots][data-why]"), "the weak account is not offered: {}", chooser.brief());
    let token = signed_in(&all, &mut citizen, &strong, ProviderId::Poste).await;
    let data = fetched(&all, &token).await.expect("eidas2 is enough");
    assert_eq!(data["data"], json!(["dgfip_rfr"]));
    assert_eq!(all.tax.introspect(&token).await.unwrap()["acr"], "eidas2");

    // The strong sign-in made no other token stronger; asked for weakly, the strong session is told as it is.
    fetched(&all, &weak).await.expect_err("the first token is what it was");
    let again = ask(&all);
    let back = citizen.open(&again.clone().with("prompt", "none").url()).await.unwrap();
    let reused = redeemed(&all, &again, &back).await;
    assert_eq!(all.tax.introspect(&reused).await.unwrap()["acr"], "eidas2");
    fetched(&all, &reused).await.expect("the session is of that level");
}

#[tokio::test]
async fn an_old_sign_in_leads_back_to_a_new_one() {
    let all = Administrations::open().await;
    let mut citizen = all.citizen();
    let first = signed_in(&all, &mut citizen, &ask(&all), ProviderId::Impots).await;
    let before = fetched(&all, &first).await.expect("any age will do")["auth_time"].clone();
    all.tax.demand(Demand { acr: None, max_age: Some(1) });
    // With the seconds, the sign-in grows too old for the data provider.
    let challenge = eventually("a sign-in older than a second", async || fetched(&all, &first).await.err()).await;
    let fresh = stepped_up(&all, &challenge);
    assert_eq!(fresh.value("max_age"), Some("1"));
    let silent = citizen.open(&fresh.clone().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    let second = signed_in(&all, &mut citizen, &fresh, ProviderId::Impots).await;

    all.tax.demand(Demand { acr: None, max_age: Some(60) });
    let after = fetched(&all, &second).await.expect("new enough")["auth_time"].clone();
    assert!(after.as_i64() > before.as_i64(), "{after} is later than {before}");
    assert_eq!(all.tax.introspect(&first).await.unwrap()["auth_time"], before, "the first token is as old as it was");
}
