//! Any form and any `Authorization` header at the token endpoint: no panic, and nobody is let in without the secret.
#![no_main]

use std::sync::LazyLock;

use domain::client::{Client, Registered};
use domain::id::HabilitationId;
use domain::oidc::client_auth::Presented;
use domain::oidc::code::Redemption;
use domain::oidc::error::is_legal_description;
use domain::oidc::parameters::Parameters;
use domain::oidc::refresh::Refresh;
use domain::oidc::token::{GrantType, token_of};
use domain::secret::SecretDigest;
use domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

// Not to be found by chance or by comparisons: it is known by its hash alone.
const SECRET: &str = "k3U9Wq0mE7tXv1zRf8bNcY5hPj2sLd6a";

static CLIENT: LazyLock<Registered> = LazyLock::new(|| {
    let metadata = json!({"client_id": "v", "client_name": "V", "redirect_uris": ["https://v.example/"]});
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("good metadata");
    Registered::operated(client, Some(SecretDigest::of(SECRET)), HabilitationId::from_random([1; 16]), Timestamp::from_epoch(0))
});

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (header, body) = data.split_at(end);
    let header = std::str::from_utf8(header).ok().filter(|text| !text.is_empty());
    let _ = header.map(token_of);
    let Ok(form) = Parameters::parse(body.get(1..).unwrap_or_default()) else { return };
    if let Ok(presented) = Presented::read(header, &form, None) {
        let now = Timestamp::from_epoch(1_000_000);
        let verified = presented.verify(Some(&CLIENT), None, "https://i.example", now);
        assert!(verified.is_err(), "nobody guesses the secret");
    }
    for error in [
        GrantType::read(&form).err(),
        Redemption::read(&form).err(),
        Refresh::read(&form).err(),
    ]
    .into_iter()
    .flatten()
    {
        assert!(is_legal_description(error.description()));
    }
});
