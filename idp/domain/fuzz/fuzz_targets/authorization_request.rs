//! Any query: no panic, and an answer goes to the client's own redirect URI alone.
#![no_main]

use std::sync::{Arc, LazyLock};

use domain::client::{Client, Registered};
use domain::id::HabilitationId;
use domain::oidc::error::is_legal_description;
use domain::oidc::parameters::Parameters;
use domain::oidc::request::{Incoming, Rejected};
use domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const REDIRECT: &str = "https://v.example/r?a=b";

static CLIENT: LazyLock<Registered> = LazyLock::new(|| {
    let metadata = json!({
        "client_id": "v", "client_name": "V", "redirect_uris": [REDIRECT],
        "scope": "openid profile email dgfip_rfr", "authorization_details_types": ["data_sharing"],
        "grant_types": ["authorization_code", "refresh_token"],
        "passerelle": {"require_pkce": false, "resources": ["https://tax.example"]},
    });
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("good metadata");
    Registered::operated(client, None, HabilitationId::from_random([1; 16]), Timestamp::from_epoch(0))
});

fuzz_target!(|data: &[u8]| {
    let Ok(parameters) = Parameters::parse(data) else { return };
    let Ok(incoming) = Incoming::read(parameters) else { return };
    match incoming.check(Some(&CLIENT), Timestamp::from_epoch(0), &Arc::default()) {
        Ok((request, live)) => {
            let client = live.client();
            assert_eq!(request.redirect.as_str(), REDIRECT);
            assert!(request.level >= client.minimum_level);
            assert!(request.asked.scopes.is_subset(live.scopes()));
            assert!(request.resources.is_subset(&client.resources));
            assert_eq!(request.details.narrowed(&live), request.details);
            assert!(request.details.locations().is_subset(&request.resources));
        }
        Err(Rejected::Answer { to, description, .. }) => {
            assert_eq!(to.redirect().as_str(), REDIRECT);
            assert!(is_legal_description(description));
        }
        Err(Rejected::Page(_)) => {}
    }
});
