//! Any bytes as the security object of a card whose groups are genuine: no panic, and what is accepted is what was signed.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chip::certificate::Certificate;
use chip::lds::Group;
use chip::moment::Moment;
use chip::passive::{Authentic, Files, Policy, Unread, authenticate};
use chip::profile::Profile;
use chip::trust::{KnownSigners, RevocationList, Rules, TrustStore};
use libfuzzer_sys::fuzz_target;

/// 2026-11-22.
const AT: Moment = Moment(1_795_305_600);

static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
    let root = Certificate::read(include_bytes!("../scene/root.der")).expect("a root");
    let list = RevocationList::read(include_bytes!("../scene/list.der")).expect("a list");
    TrustStore::new(&BTreeSet::from([root.fingerprint()]), [root], [list]).expect("a store")
});

const GROUPS: [(u8, &[u8]); 3] =
    [(1, include_bytes!("../scene/dg1")), (2, include_bytes!("../scene/dg2")), (14, include_bytes!("../scene/dg14"))];

fn judged(sod: &[u8], profile: Profile) -> Option<Box<Authentic>> {
    let groups = GROUPS.map(|(number, file)| (Group::new(number).expect("a group"), file));
    let policy = Policy { rules: Rules { profile, grace: 0 }, unread: Unread::default() };
    authenticate(Files { sod, groups: &groups }, &STORE, &KnownSigners::default(), &policy, AT).outcome.ok()
}

static GENUINE: LazyLock<Box<Authentic>> =
    LazyLock::new(|| judged(include_bytes!("../scene/sod"), Profile::Cnie).expect("a genuine card"));

fuzz_target!(|sod: &[u8]| {
    for profile in [Profile::Cnie, Profile::Icao] {
        if let Some(authentic) = judged(sod, profile) {
            assert_eq!(authentic.hashes(), GENUINE.hashes());
        }
    }
});
