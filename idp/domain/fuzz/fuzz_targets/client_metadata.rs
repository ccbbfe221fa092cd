//! Any client metadata: no panic, and what is taken is kept and read again as it was.
#![no_main]

use domain::client::Client;
use domain::id::ClientId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(metadata) = serde_json::from_slice(data) else { return };
    let id = || ClientId::parse("made").expect("a plain name");
    let Ok(client) = Client::from_metadata(&metadata, id) else { return };
    let kept = serde_json::to_value(&client).expect("a client is kept as JSON");
    let read: Client = serde_json::from_value(kept.clone()).expect("what is kept is read");
    assert_eq!(serde_json::to_value(&read).expect("again"), kept);
    assert!(client.default_level >= client.minimum_level);
});
