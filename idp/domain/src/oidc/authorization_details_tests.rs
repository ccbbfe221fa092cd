//! What may stand in `authorization_details`, and what a part of it is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::client::Client;
use crate::habilitation::grant::tests::habilitated;
use crate::id::ClientId;
use crate::oidc::resource::Resource;

const TAX: &str = "https://tax.example/api";

fn client(scope: &str, types: &[&str]) -> Client {
    let metadata = json!({
        "client_name": "V", "redirect_uris": ["https://v.example/"], "scope": scope,
        "authorization_details_types": types, "passerelle": {"resources": [TAX, "https://health.example/api"]},
    });
    Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine")
}

fn entry(change: &Value) -> Value {
    let mut entry = json!({
        "type": "data_sharing", "locations": [TAX], "actions": ["read"], "datatypes": ["dgfip_rfr"],
    });
    for (name, value) in change.as_object().expect("an object") {
        entry[name] = value.clone();
    }
    entry
}

fn without(name: &str) -> Value {
    let mut entry = entry(&json!({}));
    entry.as_object_mut().expect("an object").remove(name);
    entry
}

fn parse(value: &Value) -> Result<AuthorizationDetails, BadDetails> {
    AuthorizationDetails::parse(&value.to_string())
}

#[test]
fn what_is_granted_is_written_as_it_is_read_with_the_action_told() {
    let details = parse(&json!([without("actions")])).expect("reading is meant");
    assert_eq!(json!(details), json!([entry(&json!({}))]));
    assert_eq!(parse(&json!(details)), Ok(details));
}

#[test]
fn unknown_types_fields_and_wrong_json_types_are_refused() {
    for bad in [
        json!({}),
        json!([]),
        json!("data_sharing"),
        json!([[]]),
        json!([entry(&json!({})), 1]),
        json!([entry(&json!({"type": "payment_initiation"}))]),
        json!([entry(&json!({"type": 1}))]),
        json!([without("type")]),
        json!([entry(&json!({"privileges": ["admin"]}))]),
        json!([entry(&json!({"locations": TAX}))]),
        json!([entry(&json!({"locations": ["tax"]}))]),
        json!([entry(&json!({"locations": [1]}))]),
        json!([entry(&json!({"locations": null}))]),
        json!([entry(&json!({"actions": ["write"]}))]),
        json!([entry(&json!({"actions": "read"}))]),
        json!([entry(&json!({"actions": null}))]),
        json!([entry(&json!({"datatypes": ["no_such_scope"]}))]),
        json!([entry(&json!({"datatypes": "dgfip_rfr"}))]),
        json!([without("locations")]),
        json!([without("datatypes")]),
    ] {
        assert_eq!(parse(&bad), Err(BadDetails::Malformed), "{bad}");
    }
    for bad in ["", "[", "[{\"type\":\"data_sharing\"}]x", &"[".repeat(200)] {
        assert_eq!(AuthorizationDetails::parse(bad), Err(BadDetails::Malformed), "{bad}");
    }
    // A field that is there twice says two things.
    for twice in ["\"type\":\"data_sharing\"", "\"datatypes\":[\"dgfip_aft\"]"] {
        let text = entry(&json!({})).to_string().replacen('{', &format!("{{{twice},"), 1);
        assert_eq!(AuthorizationDetails::parse(&format!("[{text}]")), Err(BadDetails::Malformed), "{text}");
    }
}

#[test]
fn an_entry_says_something_and_only_of_data_held_elsewhere() {
    for field in ["locations", "actions", "datatypes"] {
        assert_eq!(parse(&json!([entry(&json!({field: []}))])), Err(BadDetails::Empty), "{field}");
    }
    for scope in ["openid", "profile", "email", "amr"] {
        let bad = entry(&json!({"datatypes": ["dgfip_rfr", scope]}));
        assert_eq!(parse(&json!([bad])), Err(BadDetails::NotElsewhere), "{scope}");
    }
}

#[test]
fn length_and_number_are_bounded() {
    assert!(parse(&json!(vec![entry(&json!({})); MAX_ENTRIES])).is_ok());
    assert_eq!(parse(&json!(vec![entry(&json!({})); MAX_ENTRIES + 1])), Err(BadDetails::TooLong));
    let text = json!([entry(&json!({}))]).to_string();
    let padded = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
    assert!(AuthorizationDetails::parse(&padded(MAX_DETAILS)).is_ok());
    assert_eq!(AuthorizationDetails::parse(&padded(MAX_DETAILS + 1)), Err(BadDetails::TooLong));
}

#[test]
fn a_client_is_registered_for_type_location_and_datatype() {
    let details = parse(&json!([entry(&json!({}))])).expect("well formed");
    let fits = |client: &Client| details.clone().habilitated(&habilitated(client)).map(|_| ());
    assert_eq!(fits(&client("openid dgfip_rfr", &["data_sharing"])), Ok(()));
    assert_eq!(fits(&client("openid dgfip_aft", &["data_sharing"])), Err(BadDetails::NotHabilitated));
    assert_eq!(fits(&client("openid dgfip_rfr", &[])), Err(BadDetails::NotHabilitated));
    let mut elsewhere = client("openid dgfip_rfr", &["data_sharing"]);
    elsewhere.resources.remove(&Resource::parse(TAX).expect("one"));
    assert_eq!(fits(&elsewhere), Err(BadDetails::NotHabilitated));
}

fn details() -> impl Strategy<Value = AuthorizationDetails> {
    let places =
        prop::collection::btree_set(prop::sample::select(vec!["https://a.example", "https://b.example"]), 1..3);
    let data = prop::collection::btree_set(prop::sample::select(vec!["dgfip_rfr", "dgfip_aft", "cnam_caisse"]), 1..4);
    prop::collection::vec((places, data), 1..4).prop_map(|entries| {
        let entries: Vec<Value> =
            entries.into_iter().map(|(l, d)| json!({"type": "data_sharing", "locations": l, "datatypes": d})).collect();
        parse(&json!(entries)).expect("well formed")
    })
}

proptest! {
    #[test]
    fn a_part_lies_within_the_whole_and_the_whole_not_within_a_part(
        whole in details(), place in prop::sample::select(vec!["https://a.example", "https://b.example"]),
    ) {
        let place = Resource::parse(place).expect("one");
        let part = whole.toward(&[place.clone()].into());
        prop_assert!(part.is_within(&whole));
        prop_assert!(part.locations().iter().all(|held| *held == place));
        prop_assert_eq!(part.datatypes_at(&place), whole.datatypes_at(&place));
        prop_assert_eq!(whole.is_within(&part), whole.locations().iter().all(|held| *held == place));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = AuthorizationDetails::parse(&text);
    }
}
