use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);

fn message() -> Value {
    json!({
        "event": "approve", "fired_at": 1_800_000_000, "model_type": "authorization_request/france_connect",
        "model_id": 9001, "unknown": {"more": [1, 2, 3]},
        "data": {
            "id": 9001, "public_id": "3f4c8a52-0d3c-4c1e-a7a5-0b8f6f3f5e11", "state": "validated", "form_uid": "france-connect",
            "organization": {"id": 1, "siret": "216 901 231 00011", "insee_payload": {"etablissement": {}}},
            "applicant": {"email": "agent@lyon.exemple.fr"},
            "data": {
                "intitule": "Cantine", "description": "Les parents.", "scopes": ["openid", "family_name", "email"],
                "france_connect_eidas": "eidas_1", "duree_conservation_donnees_caractere_personnel": 12,
                "contact_technique_given_name": "Alix", "contact_technique_family_name": "Durand",
                "contact_technique_phone_number": "06 39 98 00 00", "volumetrie_approximative": "x".repeat(5000),
            },
        },
    })
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Message, Fault> {
    let mut message = message();
    change(&mut message);
    let (body, secret) = (message.to_string(), SharedSecret::from_random(&[7; 32]));
    let signature = secret.sign(body.as_bytes());
    let types = ["authorization_request/france_connect".to_owned()].into();
    Message::read(Signed::verify(body.as_bytes(), &signature, &secret).expect("signed"), &types)
}

fn told(change: impl FnOnce(&mut Value)) -> Told {
    match changed(change) {
        Ok(Message::Told(told)) => *told,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_approval_is_read_leniently() {
    let told = told(|_| ());
    assert_eq!((told.model.as_str(), told.fired, told.event), ("9001", NOW, "approve"));
    let Elsewhere::Granted(wording) = &told.decision else { panic!("{told:?}") };
    assert_eq!((wording.organisation.digits().as_str(), wording.level), ("21690123100011", Level::Low));
    let scopes: Vec<_> = wording.scopes.iter().map(|scope| scope.name()).collect();
    assert_eq!(scopes.len(), 3);
    let form = &wording.form;
    assert_eq!(
        (form.get(Field::Title), form.get(Field::Retention), form.get(Field::Level)),
        ("Cantine", "12", "eidas1")
    );
    assert_eq!(form.get(Field::Contact(Person::Technical, Detail::Name)), "Alix Durand");
    assert_eq!(form.asked().count(), 2);
    assert_eq!(form.get(Field::Volume), "", "what does not fit, and decides nothing, is left out");
    assert!(Terms::read(form).is_err(), "no address is told");
}

#[test]
fn what_is_needed_and_wrong_is_told_by_its_field() {
    for (pointer, value, field) in [
        ("/event", json!(7.5e300), "event"),
        ("/event", json!({}), "event"),
        ("/model_type", json!(null), "model_type"),
        ("/model_id", json!([]), "model_id"),
        ("/model_id", json!("é"), "model_id"),
        ("/fired_at", json!("2027-01-15T08:00:00Z"), "fired_at"),
        ("/fired_at", json!(-1), "fired_at"),
        ("/fired_at", json!(i64::MAX), "fired_at"),
        ("/data/organization/siret", json!("21690123100012"), "data.organization.siret"),
        ("/data/organization", json!(null), "data.organization.siret"),
        ("/data/data", json!("x"), "data.data"),
        ("/data/data/intitule", json!(" "), "data.data.intitule"),
        ("/data/data/intitule", json!("a\nb"), "data.data.intitule"),
        ("/data/data/scopes", json!("email"), "data.data.scopes"),
        ("/data/data/scopes", json!(["openid"]), "data.data.scopes"),
        ("/data/data/scopes", json!(["email", "everything"]), "data.data.scopes"),
        ("/data/data/france_connect_eidas", json!("eidas_3"), "data.data.france_connect_eidas"),
        ("/data/data/redirect_uris", json!(["http://cantine.lyon.fr/"]), "data.data.redirect_uris"),
        (
            "/data/data/redirect_uris",
            json!(["https://cantine.lyon.fr/", "https://10.0.0.1/"]),
            "data.data.redirect_uris",
        ),
        ("/data/data/redirect_uris", json!([7]), "data.data.redirect_uris"),
        ("/data/data/post_logout_redirect_uris", json!("https://*.fr/"), "data.data.post_logout_redirect_uris"),
    ] {
        let fault = changed(|message| {
            let (parent, key) = pointer.rsplit_once('/').expect("a path");
            message.pointer_mut(parent).expect("there")[key] = value.clone();
        });
        assert_eq!(fault.map_err(|fault| fault.field), Err(field), "{pointer} {value}");
    }
    for body in ["", "null", "[]", "{", "\u{feff}{}"] {
        let secret = SharedSecret::from_random(&[7; 32]);
        let signature = secret.sign(body.as_bytes());
        let signed = Signed::verify(body.as_bytes(), &signature, &secret).expect("signed");
        assert_eq!(Message::read(signed, &BTreeSet::new()).map_err(|fault| fault.field), Err(""), "{body:?}");
    }
}

#[test]
fn addresses_count_where_they_are_told() {
    let uri = "https://cantine.ville-de-lyon.fr/retour";
    let told = told(|message| message["data"]["data"]["redirect_uris"] = json!([uri]));
    let Elsewhere::Granted(wording) = &told.decision else { panic!("{told:?}") };
    let terms = Terms::read(&wording.form).expect("enough for a service");
    assert_eq!((terms.title(), terms.redirects()), ("Cantine", &[uri.to_owned()][..]));
}

#[test]
fn a_test_and_what_nothing_follows_from_are_no_faults() {
    assert_eq!(changed(|message| *message = json!({"test": true, "timestamp": 1})), Ok(Message::Test));
    for (key, value) in
        [("event", "start_next_stage"), ("event", "submit"), ("model_type", "authorization_request/api_r2p")]
    {
        let read = changed(|message| {
            message[key] = json!(value);
            message["data"] = json!(null);
        });
        assert!(matches!(read, Ok(Message::Ignored { .. })), "{value}: {read:?}");
    }
}

#[test]
fn every_decision_is_read_and_what_takes_away_outweighs_what_gives() {
    let weigh = |event: &str| {
        let told = told(|message| message["event"] = json!(event));
        assert_eq!(told.event, event);
        told.weight()
    };
    let weights = ["approve", "reopen", "cancel_reopening", "refuse", "archive", "revoke"].map(weigh);
    assert!(weights.is_sorted_by(|a, b| a < b), "{weights:?}");
    let revoked = told(|message| {
        *message = json!({"event": "revoke", "fired_at": 1, "model_type": message["model_type"], "model_id": "D9001"});
    });
    let Elsewhere::Revoked(reason) = revoked.decision else { panic!("{revoked:?}") };
    assert_eq!((revoked.model.as_str(), reason.as_str()), ("D9001", REVOKED));
    let refused = told(|message| {
        message["event"] = json!("refuse");
        message["data"]["reason"] = json!("Hors du champ.");
    });
    assert!(matches!(refused.decision, Elsewhere::Refused(reason) if reason.as_str() == "Hors du champ."));
}

#[test]
fn a_message_counts_for_three_days() {
    let at = |fired: i64| told(|message| message["fired_at"] = json!(fired)).timely(NOW).map_err(|fault| fault.field);
    assert_eq!((at(NOW.epoch()), at(NOW.epoch() + 300), at(NOW.epoch() - 259_199)), (Ok(()), Ok(()), Ok(())));
    assert_eq!((at(NOW.epoch() + 301), at(NOW.epoch() - 259_201)), (Err("fired_at"), Err("fired_at")));
}

#[test]
fn nothing_is_read_of_bytes_that_are_signed_otherwise() {
    let (ours, theirs) = (SharedSecret::from_random(&[7; 32]), SharedSecret::from_random(&[8; 32]));
    let body = message().to_string();
    assert!(Signed::verify(body.as_bytes(), &theirs.sign(body.as_bytes()), &ours).is_none());
    assert!(Signed::verify(b"{}", &ours.sign(body.as_bytes()), &ours).is_none());
    assert!(Signed::verify(body.as_bytes(), "", &ours).is_none());
}
