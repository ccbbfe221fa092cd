//! Certificates of clients and the names they are registered by: whatever the bytes, no panic.

#![no_main]

use domain::oidc::binding::Thumbprint;
use domain::oidc::certificate::{CertificateName, Chain, ClientCertificate};
use domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let certificate = ClientCertificate::parse(bytes, Chain::Trusted);
    if let Ok(certificate) = &certificate {
        assert_eq!(*certificate.thumbprint(), Thumbprint::of(bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for field in CertificateName::FIELDS {
        let Ok(name) = CertificateName::parse(field, text) else { continue };
        let kept = serde_json::to_value(&name).expect("two texts");
        assert_eq!(serde_json::from_value::<CertificateName>(kept).expect("as it was"), name);
        if let Ok(certificate) = &certificate {
            let _ = certificate.proves_name(&name, Timestamp::from_epoch(0));
        }
    }
});
