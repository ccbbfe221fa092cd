//! Any bytes as the certificate of a holder and a signature, the former after its length: no panic, and only the genuine key
//! is there for the genuine octets.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chip::certificate::Certificate;
use chip::holder::{HolderPresent, Presented, verify};
use chip::moment::Moment;
use chip::trust::{RevocationList, TrustStore};
use libfuzzer_sys::fuzz_target;

/// 2026-11-22.
const AT: Moment = Moment(1_795_305_600);

static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
    let read = |der: &[u8]| Certificate::read(der).expect("an authority");
    let root = read(include_bytes!("../../testdata/scenes/holder/root.der"));
    let below = read(include_bytes!("../../testdata/scenes/holder/below.der"));
    let lists: [&[u8]; 2] = [
        include_bytes!("../../testdata/scenes/holder/root-list.der"),
        include_bytes!("../../testdata/scenes/holder/below-list.der"),
    ];
    let lists = lists.map(|list| RevocationList::read(list).expect("a list"));
    TrustStore::new(&BTreeSet::from([root.fingerprint()]), [root, below], lists).expect("a store")
});

fn judged(certificate: &[u8], signature: &[u8]) -> Option<HolderPresent> {
    let signed = include_bytes!("../../testdata/scenes/holder/signed");
    verify(Presented { certificate, signature, signed }, &STORE, 0, AT).ok()
}

static GENUINE: LazyLock<HolderPresent> = LazyLock::new(|| {
    let certificate = include_bytes!("../../testdata/scenes/holder/certificate.der");
    judged(certificate, include_bytes!("../../testdata/scenes/holder/signature")).expect("the genuine holder")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let (certificate, signature) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
    if let Some(present) = judged(certificate, signature) {
        assert_eq!(present.key_thumbprint(), GENUINE.key_thumbprint());
        assert_eq!(present.document_number(), GENUINE.document_number());
    }
});
