//! What is kept of sign-ins for good: the journal that shows tampering, consents, accounts.

use conformance::or_skip;
use conformance::relying_party::RelyingParty;
use conformance::tools::Tool;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, citizen_of, eventually, expect};

/// Whether the journal is whole, and what the command says.
async fn verify(journey: &Journey) -> (bool, String) {
    let output = journey.scene.gateway.installation().run(&["journal", "verify"]).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn the_journal_is_whole_after_sign_ins_and_names_the_place_that_was_tampered_with() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let sql = |text: &str| journey.sql(text).unwrap();
    journey.tokens(ProviderId::Impots, "angela").await;
    journey.to_arrival(&mut journey.citizen(), &journey.ask(), ProviderId::Impots, "nadia").await;
    let (whole, said) = verify(&journey).await;
    let count: i64 = sql("SELECT count(*) FROM journal").parse().unwrap();
    assert!(whole && said.contains(&format!("{count} entries")), "{said}");
    let kinds = sql("SELECT kind FROM journal ORDER BY number");
    assert!(kinds.ends_with("signed_in\nsign_in_refused"), "{kinds}");
    let kept = sql("SELECT details FROM journal");
    assert!(!kept.contains("DUBOIS") && !kept.contains("exemple.fr"), "{kept}");

    sql("CREATE TABLE copy AS SELECT * FROM journal; CREATE TABLE copy_head AS SELECT * FROM journal_head");
    let last = count;
    for (tampering, expected) in [
        (
            format!("UPDATE journal SET details = replace(details, 'eidas1', 'eidas3') WHERE number = {}", last - 1),
            format!("entry {} was changed", last - 1),
        ),
        ("UPDATE journal SET at = at - 1 WHERE number = 2".into(), "entry 2 was changed".into()),
        ("DELETE FROM journal WHERE number = 2".into(), "entry 2 is missing".into()),
        (
            "UPDATE journal SET number = -number WHERE number IN (1, 2); \
          UPDATE journal SET number = 3 + number WHERE number < 0"
                .into(),
            "entry 1 was changed".into(),
        ),
        (format!("DELETE FROM journal WHERE number = {last}"), format!("ends at entry {}", last - 1)),
        (
            format!(
                "DELETE FROM journal WHERE number = {last}; UPDATE journal_head SET number = {0}, \
          hash = (SELECT hash FROM journal WHERE number = {0})",
                last - 1
            ),
            "head of the journal".into(),
        ),
        ("DELETE FROM journal_head".into(), "head of the journal".into()),
        ("DELETE FROM journal".into(), "entry".into()),
    ] {
        sql(&tampering);
        let (whole, said) = verify(&journey).await;
        assert!(!whole && said.contains("tampered") && said.contains(&expected), "{tampering}: {said}");
        sql("DELETE FROM journal; INSERT INTO journal SELECT * FROM copy; \
             DELETE FROM journal_head; INSERT INTO journal_head SELECT * FROM copy_head");
        assert!(verify(&journey).await.0, "{tampering}: whole again");
    }
    journey.tokens(ProviderId::Impots, "angela").await;
    assert!(verify(&journey).await.0, "the chain goes on");
}

#[tokio::test]
async fn a_consent_is_kept_with_what_it_covers_and_information_is_not_one() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Assureur");
    metadata["passerelle"]["kind"] = json!("private");
    metadata["scope"] = json!("openid family_name email");
    let insurer = journey.register(&metadata).await;
    journey.tokens(ProviderId::Impots, "angela").await;
    let (ask, mut citizen) = (insurer.ask("openid family_name email"), citizen_of(&insurer));
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    expect(accept(&mut citizen, &inform).await, "inform");
    let rows = |columns: &str| journey.sql(&format!("SELECT {columns} FROM consents")).unwrap();
    assert_eq!(rows("count(*)"), "0", "neither who was informed nor who did not tick has consented");

    let button = "form[data-step=inform] button[type=submit]";
    let tick = [("consent", "yes")];
    let back = citizen.press(&inform, button, &tick).await.unwrap();
    citizen.press(&inform, button, &tick).await.unwrap();
    insurer.finish(&ask, &back).await.unwrap();
    assert_eq!(rows("client"), insurer.client_id, "one, however often the button was pressed");
    let claims: Value = serde_json::from_str(&rows("claims")).unwrap();
    assert_eq!(claims, json!(["family_name", "email"]));
    let account = rows("account");
    assert_eq!(journey.sql(&format!("SELECT count(*) FROM accounts WHERE key = '{account}'")).unwrap(), "1");
    let journalled = journey.sql("SELECT details FROM journal ORDER BY number DESC LIMIT 1").unwrap();
    let journalled: Value = serde_json::from_str(&journalled).unwrap();
    assert_eq!(journalled["consented"], claims);
}

#[tokio::test]
async fn what_was_given_out_of_an_account_opens_nothing_once_it_is_frozen() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let (ask, code) = journey.code(&journey.service).await;
    let userinfo = async || journey.service.userinfo(&tokens.access_token).await.unwrap().status().as_u16();
    assert_eq!(userinfo().await, 200);
    journey.sql("UPDATE accounts SET state = 'frozen'").unwrap();
    // Within a second: what was read of an account counts for so long (decisions/0015).
    eventually("the freeze", async || (userinfo().await == 401).then_some(())).await;
    let answer = journey.service.redeem(&ask, &code).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_grant");
    journey.sql("UPDATE accounts SET state = 'active'").unwrap();
    // The token was not spent, the account was not admitted.
    eventually("the account that stands again", async || (userinfo().await == 200).then_some(())).await;
}

#[tokio::test]
async fn an_account_that_is_frozen_lets_nobody_in_from_that_moment() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    journey.to_return(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    let waiting = expect(citizen.open(&journey.ask().url()).await.unwrap(), "inform");
    let open = journey.sql("SELECT state FROM accounts").unwrap();
    journey.sql("UPDATE accounts SET state = 'frozen'").unwrap();

    let page = accept(&mut citizen, &waiting).await;
    assert_eq!(page.name().as_deref(), Some("choose"), "what was waiting: {}", page.brief());
    let silent = citizen.open(&journey.ask().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    let page = journey.to_arrival(&mut journey.citizen(), &journey.ask(), ProviderId::Poste, "angela").await;
    assert_eq!(expect(page, "refused").code().as_deref(), Some("P320"));
    journey.tokens(ProviderId::Impots, "keiko").await;

    journey.sql(&format!("UPDATE accounts SET state = '{open}'")).unwrap();
    journey.tokens(ProviderId::Poste, "angela").await;
}

#[tokio::test]
async fn a_provider_that_the_citizen_blocked_is_shut_to_them_alone() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    journey.to_return(&mut citizen, &journey.ask(), ProviderId::Poste, "angela").await;
    journey.sql("UPDATE accounts SET blocked_providers = '[\"impots\"]'").unwrap();
    let page = journey.to_arrival(&mut journey.citizen(), &journey.ask(), ProviderId::Impots, "angela").await;
    assert_eq!(expect(page, "refused").code().as_deref(), Some("P321"));
    let chooser = expect(citizen.open(&journey.ask().with("prompt", "login").url()).await.unwrap(), "choose");
    assert!(chooser.has("[data-provider=impots][data-why=blocked]"), "known by the session: {}", chooser.brief());
    journey.tokens(ProviderId::Impots, "keiko").await;
    journey.tokens(ProviderId::Poste, "angela").await;
}
