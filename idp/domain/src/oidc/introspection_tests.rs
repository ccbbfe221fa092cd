//! Who is told what of an access token.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::claims::release::{Asked, Identity};
use crate::claims::scopes::Scope;
use crate::habilitation::grant::tests::{habilitated, in_sandbox, leaked};
use crate::id::{ProviderId, SessionId};
use crate::identity::account::{AccountKey, AccountSecret, AccountState};
use crate::identity::pivot::{Birthdate, Pivot, RawPivot};
use crate::identity::subject::SubjectSecret;
use crate::level::Level;
use crate::oidc::authorization_details::AuthorizationDetails;
use crate::oidc::binding::{Binding, Thumbprint};

const NOW: Timestamp = Timestamp::from_epoch(1_000_000);
const ISSUER: &str = "https://issuer.example";
const TAX: &str = "https://tax.example/api";
const HEALTH: &str = "https://health.example/api";

fn read(metadata: &Value) -> Client {
    Client::from_metadata(metadata, || unreachable!("the id is given")).expect("fine")
}

fn town() -> Client {
    read(&json!({
        "client_id": "town", "client_name": "Town", "redirect_uris": ["https://v.example/"],
        "scope": "openid profile email dgfip_rfr dgfip_aft cnam_caisse", "authorization_details_types": ["data_sharing"],
        "passerelle": {"resources": [TAX, HEALTH]},
    }))
}

fn provider(id: &str, resource: &str, scope: &str) -> Client {
    let own = json!({"data_provider": resource});
    read(&json!({"client_id": id, "client_name": id, "scope": scope, "passerelle": own}))
}

fn tax() -> Client {
    provider("tax", TAX, "openid dgfip_rfr dgfip_nbpart")
}

fn identity() -> Identity {
    Identity {
        pivot: Pivot::parse(&RawPivot {
            family_name: Some("DUBOIS"),
            given_name: Some("Angela"),
            birthdate: Some("1962-08-24"),
            gender: Some("female"),
            birthplace: Some("75107"),
            birthcountry: Some("99100"),
        })
        .expect("complete"),
        provider_birthdate: Birthdate::parse("1962-08-24").expect("a date"),
        preferred_username: None,
        email: "a@exemple.fr".into(),
        provider: ProviderId::parse("impots").expect("plain"),
        card: None,
    }
}

fn account() -> Account {
    let key = AccountKey::of(&identity().pivot, &AccountSecret::new([1; 32]));
    Account { key, state: AccountState::Active, blocked_providers: BTreeSet::new(), created: NOW, last_used: NOW }
}

/// A token for tax and health, with details for both.
fn token() -> AccessToken {
    let details = json!([
        {"type": "data_sharing", "locations": [TAX, HEALTH], "datatypes": ["dgfip_rfr", "dgfip_aft"]},
        {"type": "data_sharing", "locations": [HEALTH], "datatypes": ["cnam_caisse"]},
    ]);
    AccessToken {
        client: town().id,
        account: account().key,
        scopes: GrantedScopes::intersect(&Asked { scopes: town().scopes, ..Asked::default() }, &leaked(town())),
        identity: identity(),
        level: Level::Substantial,
        ends: NOW.plus(crate::time::Lifetime::seconds(60)),
        binding: Binding::Bearer,
        audience: [TAX, HEALTH].into_iter().map(|text| Resource::parse(text).expect("one")).collect(),
        details: AuthorizationDetails::parse(&details.to_string()).expect("well formed"),
        session: SessionId::from_random([3; 16]),
        auth_time: Timestamp::from_epoch(999_900),
        issued: NOW,
        family: None,
    }
}

fn subject(client: &Client) -> Subject {
    Subject::pairwise(&account().key, &client.sector, &SubjectSecret::new([5; 32]))
}

/// What `asker` is told, with each part as given.
fn told(
    asker: &Client,
    token: &AccessToken,
    client: Option<&Client>,
    account: Option<&Account>,
    at: Timestamp,
) -> Value {
    let live = client.map(habilitated);
    let found = Found { token, client: live.as_ref(), account };
    introspect(&habilitated(asker), Some(found), at).answer(ISSUER, &subject(asker))
}

fn ordinarily(asker: &Client, token: &AccessToken) -> Value {
    told(asker, token, Some(&town()), Some(&account()), NOW)
}

fn inactive() -> Value {
    json!({"active": false})
}

#[test]
fn a_data_provider_is_told_its_own_part_and_nothing_more() {
    let expected = json!({
        "active": true, "iss": ISSUER, "aud": TAX, "client_id": "town", "sub": subject(&tax()),
        "scope": "openid dgfip_rfr", "token_type": "Bearer", "iat": 1_000_000, "exp": 1_000_060,
        "acr": "eidas2", "auth_time": 999_900,
        "authorization_details": [
            {"type": "data_sharing", "locations": [TAX], "actions": ["read"], "datatypes": ["dgfip_rfr"]},
        ],
    });
    assert_eq!(ordinarily(&tax(), &token()), expected);
    assert_ne!(subject(&tax()), subject(&town()), "its own sub, not the relying party's");
}

#[test]
fn identity_leaves_where_both_are_habilitated_to_the_same_claim() {
    let finder = provider("tax", TAX, "openid identite_pivot idp_id");
    let answer = ordinarily(&finder, &token());
    // The town has `profile`, not `birth`: neither the place of birth, nor what the provider alone may have.
    for (name, value) in
        [("family_name", json!("DUBOIS")), ("birthdate", json!("1962-08-24")), ("birthplace", Value::Null)]
    {
        assert_eq!(answer[name], value, "{name}");
    }
    assert_eq!((&answer["idp_id"], &answer["email"]), (&Value::Null, &Value::Null));
    let mut poor = token();
    poor.scopes =
        GrantedScopes::intersect(&Asked { scopes: [Scope::OPENID].into(), ..Asked::default() }, &leaked(town()));
    assert_eq!(ordinarily(&finder, &poor)["family_name"], Value::Null, "what the town was not granted");
}

#[test]
fn a_bound_token_is_told_with_its_key() {
    let bound = AccessToken { binding: Binding::Key(Thumbprint::of(b"k")), ..token() };
    let answer = ordinarily(&tax(), &bound);
    assert_eq!(answer["cnf"], json!({"jkt": Thumbprint::of(b"k")}));
    assert_eq!(answer["token_type"], "DPoP");
}

#[test]
fn a_token_for_another_or_without_its_support_is_inactive_and_nothing_else() {
    let (tax, town, account, token) = (tax(), town(), account(), token());
    let frozen = Account { state: AccountState::Frozen, ..account.clone() };
    let blocked = Account { blocked_providers: [identity().provider].into(), ..account.clone() };
    let key = AccountKey::try_from(crate::secret::base64url(&[9; 32])).expect("a key");
    let stranger = Account { key, ..account.clone() };
    let mut withdrawn = town.clone();
    withdrawn.resources.clear();
    let userinfo_alone = AccessToken { audience: BTreeSet::new(), ..token.clone() };
    let later = token.ends;
    for (case, answer) in [
        ("unknown", introspect(&habilitated(&tax), None, NOW).answer(ISSUER, &subject(&tax))),
        ("meant for others", ordinarily(&provider("post", "https://post.example", "openid"), &token)),
        (
            "no data provider",
            ordinarily(
                &read(&json!({
                    "client_id": "other", "client_name": "o", "redirect_uris": ["https://o.example/"],
                })),
                &token,
            ),
        ),
        ("for userinfo alone", ordinarily(&tax, &userinfo_alone)),
        ("ended", told(&tax, &token, Some(&town), Some(&account), later)),
        ("relying party not served", told(&tax, &token, None, Some(&account), NOW)),
        ("relying party is another", told(&tax, &token, Some(&tax), Some(&account), NOW)),
        ("audience withdrawn", told(&tax, &token, Some(&withdrawn), Some(&account), NOW)),
        ("no account", told(&tax, &token, Some(&town), None, NOW)),
        ("account frozen", told(&tax, &token, Some(&town), Some(&frozen), NOW)),
        ("provider blocked", told(&tax, &token, Some(&town), Some(&blocked), NOW)),
        ("account of another", told(&tax, &token, Some(&town), Some(&stranger), NOW)),
    ] {
        assert_eq!(answer, inactive(), "{case}");
    }
}

#[test]
fn a_relying_party_is_told_of_its_own_token_without_identity() {
    let answer = ordinarily(&town(), &token());
    assert_eq!(answer["aud"], json!([ISSUER, HEALTH, TAX]));
    assert_eq!(answer["sub"], json!(subject(&town())));
    assert_eq!(answer["scope"], token().scopes.to_scope_text());
    assert_eq!(answer["authorization_details"], json!(token().details));
    assert_eq!(answer["family_name"], Value::Null);
}

#[test]
fn a_scope_or_detail_withdrawn_from_the_relying_party_is_not_told() {
    let mut closed = town();
    closed.scopes = [Scope::OPENID].into();
    let answer = told(&tax(), &token(), Some(&closed), Some(&account()), NOW);
    assert_eq!((&answer["scope"], &answer["authorization_details"]), (&json!("openid"), &Value::Null));
}

#[test]
fn a_signed_answer_is_for_who_asked_and_is_no_token() {
    let (tax, town, account, token) = (tax(), town(), account(), token());
    let (asker, live) = (habilitated(&tax), habilitated(&town));
    let found = Found { token: &token, client: Some(&live), account: Some(&account) };
    for found in [Some(found), None] {
        let said = introspect(&asker, found, NOW);
        let signed = said.signed_answer(ISSUER, &subject(&tax), &tax, NOW);
        assert_eq!((&signed["iss"], &signed["aud"], &signed["iat"]), (&json!(ISSUER), &json!("tax"), &json!(NOW)));
        assert_eq!(signed["token_introspection"], said.answer(ISSUER, &subject(&tax)));
        assert_eq!(signed.as_object().expect("an object").len(), 4, "no sub, no exp");
    }
}

#[test]
fn a_data_provider_of_the_sandbox_is_told_nothing_of_production_nor_the_other_way_round() {
    let (tax, town, account, token) = (tax(), town(), account(), token());
    for (asker, live) in [(in_sandbox(&tax), habilitated(&town)), (habilitated(&tax), in_sandbox(&town))] {
        let found = Found { token: &token, client: Some(&live), account: Some(&account) };
        assert_eq!(introspect(&asker, Some(found), NOW).answer(ISSUER, &subject(&tax)), inactive());
    }
    let (asker, live) = (in_sandbox(&tax), in_sandbox(&town));
    let found = Found { token: &token, client: Some(&live), account: Some(&account) };
    assert_eq!(introspect(&asker, Some(found), NOW).answer(ISSUER, &subject(&tax))["active"], true);
}
