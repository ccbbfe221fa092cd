//! Any bytes as a master list: no panic, and what is accepted holds what was signed.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chip::certificate::Certificate;
use chip::master_list::MasterList;
use chip::moment::Moment;
use chip::trust::{RevocationList, TrustStore};
use libfuzzer_sys::fuzz_target;

/// 2026-11-22.
const AT: Moment = Moment(1_795_305_600);

static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
    let root = Certificate::read(include_bytes!("../scene/root.der")).expect("a root");
    let list = RevocationList::read(include_bytes!("../scene/list.der")).expect("a list");
    TrustStore::new(&BTreeSet::from([root.fingerprint()]), [root], [list]).expect("a store")
});

static GENUINE: LazyLock<MasterList> = LazyLock::new(|| {
    MasterList::read(include_bytes!("../scene/master_list"), &STORE, AT).expect("a list of a pinned authority")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = MasterList::read(bytes, &STORE, AT) {
        assert!(list.certificates().eq(GENUINE.certificates()));
        let _ = list.compare(&STORE, Some("BE"));
    }
});
