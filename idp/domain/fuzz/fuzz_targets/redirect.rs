//! Any redirect URI: what may be registered is followed as it is written, and matches itself alone.
#![no_main]

use domain::client::{Client, check_redirect_uri};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: (&str, &str)| {
    let (registered, asked) = data;
    if check_redirect_uri(registered).is_err() {
        return;
    }
    let parsed = url::Url::parse(registered).expect("what may be registered is an address");
    assert!(parsed.fragment().is_none() && parsed.password().is_none() && parsed.username().is_empty());
    let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    assert!(parsed.scheme() == "https" || loopback);
    let metadata = json!({"client_id": "v", "client_name": "V", "redirect_uris": [registered]});
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("checked above");
    assert_eq!(client.redirect(asked).is_some(), asked == registered);
    let sent = client.redirect(registered).expect("its own").with_parameters(&[("code", "x y&z"), ("state", asked)]);
    let followed = url::Url::parse(&sent).expect("still an address");
    assert_eq!((followed.scheme(), followed.host_str(), followed.port()), (parsed.scheme(), parsed.host_str(), parsed.port()));
    assert_eq!(followed.path(), parsed.path());
    let own: Vec<_> = parsed.query_pairs().collect();
    let all: Vec<_> = followed.query_pairs().collect();
    assert_eq!(all.get(..own.len()), Some(own.as_slice()), "the registered query is kept");
    assert_eq!(all.len(), own.len() + 2);
});
