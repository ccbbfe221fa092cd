//! Any bytes as the EF.CardSecurity of a genuine signer: no panic, and what is accepted is what was signed.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chip::certificate::Certificate;
use chip::moment::Moment;
use chip::passive::{AuthenticInfos, authenticate_infos};
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

fn judged(file: &[u8], profile: Profile) -> Option<Box<AuthenticInfos>> {
    authenticate_infos(file, &STORE, &KnownSigners::default(), Rules { profile, grace: 0 }, AT).outcome.ok()
}

static GENUINE: LazyLock<Box<AuthenticInfos>> =
    LazyLock::new(|| judged(include_bytes!("../scene/card_security"), Profile::Cnie).expect("a genuine file"));

fuzz_target!(|file: &[u8]| {
    for profile in [Profile::Cnie, Profile::Icao] {
        if let Some(authentic) = judged(file, profile) {
            assert_eq!(authentic.infos(), GENUINE.infos());
        }
    }
});
