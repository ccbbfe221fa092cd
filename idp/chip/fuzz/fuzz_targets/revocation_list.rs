//! Any bytes as a revocation list: no panic, and only what the authority signed enters a store.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chip::certificate::Certificate;
use chip::trust::{RevocationList, TrustStore};
use libfuzzer_sys::fuzz_target;

/// What the authority signed: the seeds.
const SIGNED: [&[u8]; 2] =
    [include_bytes!("../seeds/revocation_list/one"), include_bytes!("../seeds/revocation_list/none")];

static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
    let root = Certificate::read(include_bytes!("../scene/root.der")).expect("a root");
    TrustStore::new(&BTreeSet::from([root.fingerprint()]), [root], []).expect("a store")
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = RevocationList::read(bytes) else { return };
    assert!(list.len() <= bytes.len());
    if STORE.with_list(list).is_ok() {
        assert!(SIGNED.contains(&bytes));
    }
});
