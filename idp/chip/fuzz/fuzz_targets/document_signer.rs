//! Any bytes as a certificate, a key or the parameters of a curve: no panic, and only points of known curves become keys.
#![no_main]

use chip::certificate::Certificate;
use chip::signature::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = PublicKey::from_der(bytes).ok();
    let certificate = Certificate::read(bytes).ok();
    let found = certificate.as_ref().and_then(|certificate| certificate.key().ok());
    for key in key.iter().chain(found) {
        if let PublicKey::Ec(point) = key {
            assert_eq!(point.curve().point(point.octets()).as_ref(), Ok(point));
        }
        if let Some(certificate) = &certificate {
            let _ = certificate.verify(key);
        }
    }
});
