//! Certificates as authorities, tools and attackers make them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName as Subject, DnType, DnValue, KeyPair, SanType};
use serde_json::{Value, json};

use super::*;
use crate::id::Kid;
use crate::jose::{KeySet, SigningAlgorithm, SigningKey};
use crate::secret::{base64url, sha256};

/// A self-signed certificate of this subject and these alternative names, valid in 2026.
fn made(subject: &[(DnType, DnValue)], alternatives: Vec<SanType>) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = Subject::new();
    for (kind, value) in subject {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    params.subject_alt_names = alternatives;
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2026, 1, 1), rcgen::date_time_ymd(2027, 1, 1));
    signed(&params)
}

fn signed(params: &CertificateParams) -> Vec<u8> {
    params.self_signed(&KeyPair::generate().expect("a key")).expect("a certificate").der().to_vec()
}

/// 2026-01-01 and 2027-01-01, at midnight.
const BEGINS: Timestamp = Timestamp::from_epoch(1_767_225_600);
const ENDS: Timestamp = Timestamp::from_epoch(1_798_761_600);

fn trusted(der: &[u8]) -> ClientCertificate {
    ClientCertificate::parse(der, Chain::Trusted).expect("a certificate")
}

fn ville() -> Vec<u8> {
    let subject = [
        (DnType::CountryName, DnValue::PrintableString("FR".try_into().expect("printable"))),
        (DnType::OrganizationName, DnValue::Utf8String("Mairie d’Essai, CCAS".to_owned())),
        (DnType::CustomDnType(vec![2, 5, 4, 97]), DnValue::Utf8String("NTRFR-21750001600019".to_owned())),
        (DnType::CommonName, DnValue::Utf8String("Portail".to_owned())),
    ];
    let ia5 = |text: &str| text.to_owned().try_into().expect("ASCII");
    let alternatives = vec![
        SanType::DnsName(ia5("Portail.Ville.Example")),
        SanType::URI(ia5("https://ville.example/Portail")),
        SanType::IpAddress("192.0.2.7".parse().expect("an address")),
        SanType::IpAddress("2001:db8::7".parse().expect("an address")),
        SanType::Rfc822Name(ia5("Contact@Ville.Example")),
    ];
    made(&subject, alternatives)
}

const SUBJECT: &str = "CN=Portail,organizationIdentifier=NTRFR-21750001600019,O=Mairie d’Essai\\, CCAS,C=FR";

#[test]
fn the_thumbprint_is_the_sha_256_of_the_whole_certificate() {
    let der = ville();
    assert_eq!(trusted(&der).thumbprint().as_str(), base64url(&sha256(&der)));
    assert_ne!(trusted(&der).thumbprint(), trusted(&made(&[], Vec::new())).thumbprint());
}

#[test]
fn a_client_is_known_by_the_one_name_it_registered() {
    let certificate = trusted(&ville());
    for (field, value, known) in [
        ("tls_client_auth_subject_dn", SUBJECT, true),
        ("tls_client_auth_subject_dn", "CN=Portail", false),
        ("tls_client_auth_subject_dn", "C=FR,O=Mairie d’Essai\\, CCAS,2.5.4.97=NTRFR-21750001600019,CN=Portail", false),
        ("tls_client_auth_san_dns", "portail.ville.example", true),
        ("tls_client_auth_san_dns", "ville.example", false),
        ("tls_client_auth_san_dns", "Portail", false),
        ("tls_client_auth_san_uri", "https://ville.example/Portail", true),
        ("tls_client_auth_san_uri", "https://ville.example/portail", false),
        ("tls_client_auth_san_uri", "https://ville.example/Portail/", false),
        ("tls_client_auth_san_ip", "192.0.2.7", true),
        ("tls_client_auth_san_ip", "2001:DB8:0::7", true),
        ("tls_client_auth_san_ip", "192.0.2.8", false),
        ("tls_client_auth_san_ip", "::ffff:192.0.2.7", false),
        ("tls_client_auth_san_email", "Contact@ville.example", true),
        ("tls_client_auth_san_email", "contact@ville.example", false),
    ] {
        let name = CertificateName::parse(field, value).unwrap_or_else(|fault| panic!("{value}: {fault}"));
        assert_eq!(certificate.proves_name(&name, BEGINS), known, "{field} {value}");
        let stored = serde_json::to_value(&name).expect("an object");
        assert_eq!(serde_json::from_value::<CertificateName>(stored).expect("as it was"), name);
    }
}

#[test]
fn a_name_proves_nothing_without_a_trusted_chain_and_within_its_time_alone() {
    let (der, name) = (ville(), CertificateName::parse("tls_client_auth_subject_dn", SUBJECT).expect("a name"));
    let unknown = ClientCertificate::parse(&der, Chain::Unknown).expect("a certificate");
    assert!(!unknown.proves_name(&name, BEGINS), "anybody can write this subject into a certificate of their own");
    let known = registered(&json!([STANDARD.encode(&der)])).expect("one");
    for (now, good) in [
        (Timestamp::from_epoch(BEGINS.epoch() - 1), false),
        (BEGINS, true),
        (ENDS, true),
        (Timestamp::from_epoch(ENDS.epoch() + 1), false),
    ] {
        assert_eq!(trusted(&der).proves_name(&name, now), good, "{now:?}");
        assert_eq!(unknown.is_one_of(&known, now), good, "{now:?}");
    }
}

/// The certificates of a key set of two keys, one of which has this `x5c`.
fn registered(chain: &Value) -> Result<RegisteredCertificates, BadRegisteredCertificate> {
    let key = |kid| {
        let made = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse(kid).expect("plain"));
        made.expect("works").public_jwk()
    };
    let (plain, mut certified) = (key("plain"), key("certified"));
    if !chain.is_null() {
        certified["x5c"] = chain.clone();
    }
    RegisteredCertificates::of(&KeySet::parse(&json!({"keys": [plain, certified]})).expect("usable"))
}

#[test]
fn a_self_signed_client_is_known_by_its_very_certificate() {
    let (der, twin) = (ville(), ville());
    let known = registered(&json!([STANDARD.encode(&der), STANDARD.encode(&twin)])).expect("one");
    let presented = |der: &[u8]| ClientCertificate::parse(der, Chain::Unknown).expect("a certificate");
    assert!(presented(&der).is_one_of(&known, BEGINS));
    assert!(!presented(&twin).is_one_of(&known, BEGINS), "the same names under another key; not first in x5c");
    let der = STANDARD.encode(der);
    for (chain, fault) in [
        (Value::Null, BadRegisteredCertificate::Missing),
        (json!([]), BadRegisteredCertificate::Unreadable),
        (json!(der), BadRegisteredCertificate::Unreadable),
        (json!(["AAAA"]), BadRegisteredCertificate::Unreadable),
        (json!([format!("{der}\n")]), BadRegisteredCertificate::Unreadable),
    ] {
        assert_eq!(registered(&chain), Err(fault), "{chain}");
    }
}

#[test]
fn a_registration_names_exactly_one_thing_that_a_certificate_can_bear() {
    let read = |metadata: Value| CertificateName::from_metadata(metadata.as_object().expect("an object"));
    let name = read(json!({"client_id": "x", "tls_client_auth_san_dns": "ville.example"})).expect("one");
    assert_eq!((name.field(), name.value()), ("tls_client_auth_san_dns", "ville.example"));
    assert_eq!(read(json!({"client_id": "x"})), Err(BadCertificateName::Missing));
    let two = json!({"tls_client_auth_san_ip": "192.0.2.1", "tls_client_auth_san_dns": "ville.example"});
    assert_eq!(read(two), Err(BadCertificateName::Several("tls_client_auth_san_dns", "tls_client_auth_san_ip")));
    for (field, value) in [
        ("tls_client_auth_subject_dn", json!("")),
        ("tls_client_auth_subject_dn", json!("Ville")),
        ("tls_client_auth_san_dns", json!("")),
        ("tls_client_auth_san_dns", json!("*.ville.example")),
        ("tls_client_auth_san_dns", json!("ville.example.")),
        ("tls_client_auth_san_dns", json!(["ville.example"])),
        ("tls_client_auth_san_uri", json!("ville.example/portail")),
        ("tls_client_auth_san_ip", json!("192.0.2")),
        ("tls_client_auth_san_ip", json!("192.0.2.0/24")),
        ("tls_client_auth_san_email", json!("ville.example")),
        ("tls_client_auth_san_email", json!("@ville.example")),
    ] {
        assert!(read(json!({field: value})).is_err(), "{field} {value}");
    }
    assert_eq!(CertificateName::parse("client_name", "x"), Err(BadCertificateName::Field));
}

#[test]
fn two_sets_of_alternative_names_refuse_a_certificate() {
    let mut params = CertificateParams::new(vec!["ville.example".to_owned()]).expect("a name");
    // subjectAltName with the one name dNSName `a`.
    let second = CustomExtension::from_oid_content(&[2, 5, 29, 17], vec![0x30, 3, 0x82, 1, b'a']);
    params.custom_extensions = vec![second];
    assert_eq!(ClientCertificate::parse(&signed(&params), Chain::Trusted), Err(BadCertificate));
}

#[test]
fn a_certificate_is_read_whole_or_not_at_all() {
    let der = ville();
    for end in 0..der.len() {
        assert_eq!(ClientCertificate::parse(&der[..end], Chain::Trusted), Err(BadCertificate), "{end} bytes");
    }
    let mut longer = der.clone();
    longer.push(0);
    assert_eq!(ClientCertificate::parse(&longer, Chain::Trusted), Err(BadCertificate));
    assert_eq!(ClientCertificate::parse(&vec![0x30; MAX_CERTIFICATE + 1], Chain::Trusted), Err(BadCertificate));
}

#[test]
fn a_text_of_a_subject_is_the_same_in_every_string_type() {
    let name = CertificateName::parse("tls_client_auth_subject_dn", "CN=Ville").expect("a name");
    for value in [
        DnValue::Utf8String("Ville".to_owned()),
        DnValue::PrintableString("Ville".try_into().expect("printable")),
        DnValue::Ia5String("Ville".try_into().expect("ASCII")),
        DnValue::BmpString("Ville".try_into().expect("in the basic plane")),
    ] {
        let certificate = trusted(&made(&[(DnType::CommonName, value.clone())], Vec::new()));
        assert!(certificate.proves_name(&name, BEGINS), "{value:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = ClientCertificate::parse(&bytes, Chain::Trusted);
    }

    #[test]
    fn no_change_to_a_certificate_makes_the_reader_panic_or_keeps_the_thumbprint(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        static SOUND: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(ville);
        let mut der = SOUND.clone();
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        if let Ok(read) = ClientCertificate::parse(&der, Chain::Trusted) {
            prop_assert_eq!(*read.thumbprint() == Thumbprint::of(&SOUND), der == *SOUND);
            let name = CertificateName::parse("tls_client_auth_subject_dn", SUBJECT).expect("a name");
            let _ = read.proves_name(&name, BEGINS);
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_names_panic(text in "(CN|O|2\\.5\\.4\\.3|#|=|,|\\+|\\\\|[ a-f0-9éC\"]){0,24}") {
        if let Ok(name) = CertificateName::parse("tls_client_auth_subject_dn", &text) {
            prop_assert_eq!(name.value(), text);
        }
    }
}
