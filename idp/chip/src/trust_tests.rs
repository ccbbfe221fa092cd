use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::hash::Hash;
use crate::signature::Algorithm;
use crate::testing::pki::{
    AKI, BASIC, Certified, NAME_CHANGE, NUMBER, PRINTABLE, Revoking, aki, authority, name, now, usage,
};
use crate::testing::scene::other;
use crate::testing::{RSA_2048, integer, object, oid, sequence};

const RULES: Rules = Rules { profile: Profile::Cnie, grace: 0 };

fn read(certificate: &Certified) -> Certificate {
    Certificate::read(&certificate.der()).unwrap()
}

fn list(revoking: &Revoking) -> RevocationList {
    RevocationList::read(&revoking.der()).unwrap()
}

fn store(pinned: &[Certified], others: &[Certified], lists: &[Revoking]) -> TrustStore {
    let pins: BTreeSet<_> = pinned.iter().map(|certificate| read(certificate).fingerprint()).collect();
    let certificates = pinned.iter().chain(others).map(read);
    TrustStore::new(&pins, certificates, lists.iter().map(list)).unwrap()
}

fn trusted(store: &TrustStore, signer: &Certified) -> Result<TrustedSigner, Distrust> {
    store.trust(&read(signer), RULES, now())
}

/// A list that every key of the authority could have signed.
fn nothing(key: crate::testing::Key) -> Revoking {
    Revoking::nothing(key)
}

#[test]
fn the_newest_key_is_pinned_and_the_signer_is_of_it() {
    let store = store(&[Certified::root(other(1))], &[], &[nothing(other(1))]);
    let trusted = trusted(&store, &Certified::signer(RSA_2048, other(1))).unwrap();
    assert_eq!(trusted.path().issuers().count(), 1);
    assert_eq!(trusted.path().issuer(), &store.anchors()[0]);
    assert_eq!(trusted.lists()[0].until, list(&nothing(other(1))).updates().1);
}

#[test]
fn a_link_leads_from_a_new_key_to_an_older_root_and_signs_lists_for_it() {
    let (old, new, newest) = (other(1), other(2), other(3));
    let links = [Certified::link(new, old), Certified::link(newest, new)];
    let store = store(&[Certified::root(old)], &links, &[nothing(newest)]);
    let trusted = trusted(&store, &Certified::signer(RSA_2048, newest)).unwrap();
    assert_eq!(trusted.path().issuers().count(), 3);
    assert_eq!(trusted.path().anchor(), &read(&Certified::root(old)));
    // The old key's signers stand on the list of the newest key.
    assert!(self::trusted(&store, &Certified::signer(RSA_2048, old)).is_ok());
}

#[test]
fn a_pinned_root_is_preferred_to_the_link_with_its_key() {
    let (old, new) = (other(1), other(2));
    let store = store(&[Certified::root(old), Certified::root(new)], &[Certified::link(new, old)], &[nothing(new)]);
    let trusted = trusted(&store, &Certified::signer(RSA_2048, new)).unwrap();
    assert_eq!(trusted.path().issuers().count(), 1);
    // The root expired, the link still leads up: it was signed by a key that is still pinned and valid.
    let expired = Certified { validity: ("20100101", "20260101"), ..Certified::root(new) };
    let store = self::store(&[Certified::root(old), expired], &[Certified::link(new, old)], &[nothing(new)]);
    assert_eq!(self::trusted(&store, &Certified::signer(RSA_2048, new)).unwrap().path().issuers().count(), 2);
}

#[test]
fn a_link_that_outlives_its_root_leads_nowhere() {
    let (old, new) = (other(1), other(2));
    let expired = Certified { validity: ("20100101", "20260309"), ..Certified::root(old) };
    let store = store(&[expired], &[Certified::link(new, old)], &[nothing(new)]);
    assert_eq!(trusted(&store, &Certified::signer(RSA_2048, new)).unwrap_err(), Distrust::NotValid);
}

#[test]
fn two_links_that_sign_each_other_are_walked_once() {
    let (one, two) = (other(1), other(2));
    let store = store(&[Certified::root(other(3))], &[Certified::link(one, two), Certified::link(two, one)], &[]);
    assert_eq!(trusted(&store, &Certified::signer(RSA_2048, one)).unwrap_err(), Distrust::UnknownIssuer);
}

#[test]
fn a_link_may_change_the_name_and_is_not_counted() {
    let (old, new) = (other(1), other(2));
    let former = name(PRINTABLE, "FR", "former");
    let root = Certified { issuer: former.clone(), subject: former.clone(), ..Certified::root(old) };
    let link = Certified { issuer: former.clone(), ..Certified::link(new, old) };
    let lists = [nothing(new), Revoking { issuer: former, ..nothing(old) }];
    let changing = link.clone().set((NAME_CHANGE, false, vec![5, 0]));
    let store = store(std::slice::from_ref(&root), &[changing], &lists);
    assert_eq!(trusted(&store, &Certified::signer(RSA_2048, new)).unwrap().lists().len(), 2);
    let store = self::store(&[root], &[link], &lists);
    assert_eq!(trusted(&store, &Certified::signer(RSA_2048, new)).unwrap_err(), Distrust::PathLength);
}

#[test]
fn an_intermediate_authority_needs_room_below_its_root() {
    let (root, below, lowest) = (other(1), other(2), other(3));
    let named = |text| name(PRINTABLE, "FR", text);
    let top = |length| {
        Certified { issuer: named("eID"), subject: named("eID"), ..Certified::root(root) }.set(authority(length))
    };
    let intermediate = |length| {
        Certified { issuer: named("eID"), subject: named("sub"), ..Certified::link(below, root) }.set(authority(length))
    };
    let signer = |key| Certified { issuer: named("sub"), ..Certified::signer(RSA_2048, key) };
    let lists =
        [Revoking { issuer: named("eID"), ..nothing(root) }, Revoking { issuer: named("sub"), ..nothing(below) }];
    let store = |length| store(&[top(length)], &[intermediate(Some(0))], &lists);
    assert!(trusted(&store(Some(1)), &signer(below)).is_ok());
    assert!(trusted(&store(None), &signer(below)).is_ok());
    assert_eq!(trusted(&store(Some(0)), &signer(below)).unwrap_err(), Distrust::PathLength);
    // One more authority below the intermediate one.
    let third = Certified { issuer: named("sub"), subject: named("third"), ..Certified::link(lowest, below) };
    let store = self::store(&[top(Some(1))], &[intermediate(None), third], &lists);
    let signer = Certified { issuer: named("third"), ..signer(lowest) };
    assert_eq!(trusted(&store, &signer).unwrap_err(), Distrust::PathLength);
}

#[test]
fn without_its_list_an_intermediate_authority_is_not_trusted() {
    let (old, new) = (other(1), other(2));
    let link = Certified { issuer: name(PRINTABLE, "FR", "former"), ..Certified::link(new, old) };
    let former = name(PRINTABLE, "FR", "former");
    let root = Certified { issuer: former.clone(), subject: former, ..Certified::root(old) };
    let changing = link.set((NAME_CHANGE, false, vec![5, 0]));
    let store = store(&[root], &[changing], &[nothing(new)]);
    let distrust = trusted(&store, &Certified::signer(RSA_2048, new)).unwrap_err();
    assert_eq!(distrust, Distrust::Unproven(Unproven::Missing));
}

#[test]
fn only_authorities_can_be_pinned() {
    for certificate in [
        Certified::signer(RSA_2048, other(1)),
        Certified::root(other(1)).without(BASIC),
        Certified::root(other(1)).set((BASIC, true, sequence(&[]))),
        Certified::root(other(1)).set(usage(true, 1, 0x02)),
    ] {
        let certificate = read(&certificate);
        let pins = BTreeSet::from([certificate.fingerprint()]);
        assert_eq!(TrustStore::new(&pins, [certificate], []).unwrap_err(), StoreFault::NotAuthority);
    }
}

#[test]
fn a_list_in_grace_counts_and_is_known_to_be() {
    let revoking = Revoking { updates: ("20261001", Some("20261121")), ..nothing(other(1)) };
    let store = store(&[Certified::root(other(1))], &[], &[revoking]);
    let signer = read(&Certified::signer(RSA_2048, other(1)));
    let after = |grace, at| store.trust(&signer, Rules { profile: Profile::Cnie, grace }, at);
    assert_eq!(after(23, now()).unwrap_err(), Distrust::Unproven(Unproven::Stale));
    let trusted = after(24, now()).unwrap();
    assert!(trusted.lists()[0].next_update < now());
    assert_eq!(after(24, Moment(now().0 + 1)).unwrap_err(), Distrust::Unproven(Unproven::Stale));
}

#[test]
fn a_list_must_be_allowed_to_be_signed_by_its_key() {
    let root = Certified::root(other(1)).set(usage(true, 2, 0x04));
    let store = store(&[root], &[], &[nothing(other(1))]);
    let distrust = trusted(&store, &Certified::signer(RSA_2048, other(1))).unwrap_err();
    assert_eq!(distrust, Distrust::Unproven(Unproven::Unsigned));
}

#[test]
fn of_several_lists_the_highest_number_counts_and_any_revocation_does() {
    let revoked = Revoking { revoked: vec![(3, Vec::new())], ..nothing(other(1)) };
    let signer = Certified::signer(RSA_2048, other(1));
    let store = |lists: &[Revoking]| store(&[Certified::root(other(1))], &[], lists);
    let later = nothing(other(1)).numbered(9);
    assert_eq!(
        trusted(&store(&[later.clone(), nothing(other(1))]), &signer).unwrap().lists()[0].number.to_string(),
        "0x09"
    );
    assert_eq!(trusted(&store(&[later, revoked]), &signer).unwrap_err(), Distrust::Revoked);
}

#[test]
fn numbers_of_lists_never_go_back() {
    let store = store(&[Certified::root(other(1))], &[], &[nothing(other(1)).numbered(0x80)]);
    let with = |revoking: &Revoking| store.with_list(list(revoking));
    let newer = with(&nothing(other(1)).numbered(0x81)).unwrap();
    assert_ne!(newer.version(), store.version());
    assert_eq!(newer.lists().count(), 1);
    assert_eq!(with(&nothing(other(1)).numbered(0x80)).unwrap().version(), store.version(), "the same again");
    assert_eq!(with(&nothing(other(1)).numbered(0x7f)).unwrap_err(), StoreFault::GoesBack);
    let another = Revoking { revoked: vec![(9, Vec::new())], ..nothing(other(1)).numbered(0x80) };
    assert_eq!(with(&another).unwrap_err(), StoreFault::GoesBack, "the same number with other contents");
    assert_eq!(with(&nothing(other(2)).numbered(0x81)).unwrap_err(), StoreFault::Unsigned);
}

#[test]
fn only_complete_and_direct_lists_are_read() {
    let changed = |change: fn(&mut Revoking)| {
        let mut revoking = nothing(other(1));
        change(&mut revoking);
        RevocationList::read(&revoking.der()).map(|_| ())
    };
    assert_eq!(changed(|_| {}), Ok(()));
    assert_eq!(changed(|it| it.extensions.retain(|(kind, ..)| *kind != NUMBER)), Err(ListFault::Incomplete));
    assert_eq!(changed(|it| it.updates.1 = None), Err(ListFault::Incomplete));
    assert_eq!(changed(|it| it.extensions.push(("2.5.29.27", true, integer(&[1])))), Err(ListFault::Partial), "delta");
    assert_eq!(changed(|it| it.extensions.push(("2.5.29.28", true, sequence(&[])))), Err(ListFault::Partial), "part");
    let indirect = |it: &mut Revoking| it.revoked = vec![(3, vec![("2.5.29.29", true, sequence(&[]))])];
    assert_eq!(changed(indirect), Err(ListFault::Partial), "indirect");
    let reason = |it: &mut Revoking| it.revoked = vec![(3, vec![("2.5.29.21", false, object(0x0a, &[1]))])];
    assert_eq!(changed(reason), Ok(()));
    assert_eq!(changed(|it| it.extensions.push((NUMBER, false, integer(&[9])))), Err(ListFault::Malformed), "twice");
    let number = |it: &mut Revoking| it.extensions = vec![(NUMBER, false, integer(&[7; 21]))];
    assert_eq!(changed(number), Err(ListFault::Malformed));
}

#[test]
fn certificates_are_read_whole_or_not_at_all() {
    let root = Certified::root(other(1));
    assert!(Certificate::read(&root.der()).is_ok());
    let other_algorithm = Certified { inner_algorithm: Some(Algorithm::Ecdsa(Hash::Sha512)), ..root.clone() };
    assert!(Certificate::read(&other_algorithm.der()).is_err(), "RFC 5280 §4.1.1.2");
    let mut twice = root.clone();
    twice.extensions.push(aki(&other(1)));
    assert!(Certificate::read(&twice.der()).is_err(), "an extension twice");
    assert!(Certificate::read(&[root.der(), vec![0]].concat()).is_err());
    let malformed = root.clone().set((AKI, false, vec![0x30, 0x80, 0, 0]));
    assert!(Certificate::read(&malformed.der()).is_err());
    let large = root.set(("1.2.3.4", false, object(4, &vec![0; Certificate::LIMIT])));
    assert!(Certificate::read(&large.der()).is_err());
}

#[test]
fn a_root_of_a_simulator_is_known_by_its_policy() {
    let policy = ("2.5.29.32", false, sequence(&[&sequence(&[&oid("1.3.6.1.4.1.32473.1.4.1")])]));
    let (root, link) = (Certified::root(other(1)), Certified::link(other(2), other(1)));
    let signer = Certified::signer(RSA_2048, other(1));
    let with = |root: &Certified, link: &Certified, signer: &Certified| {
        store(std::slice::from_ref(root), &[link.clone(), signer.clone()], &[]).has_policy(SIMULATOR)
    };
    assert!(with(&root.clone().set(policy.clone()), &link, &signer));
    assert!(with(&root, &link.clone().set(policy.clone()), &signer));
    assert!(with(&root, &link, &signer.clone().set(policy.clone())));
    assert!(!with(&root, &link, &signer));
    assert!(!store(&[root.set(policy)], &[], &[]).has_policy(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.4.2")));
}

#[test]
fn a_store_is_its_contents_in_any_order() {
    let (one, two) = (Certified::root(other(1)), Certified::root(other(2)));
    let lists = [nothing(other(1)), nothing(other(2))];
    let forward = store(&[one.clone(), two.clone()], &[], &lists);
    let backward = store(&[two.clone(), one.clone()], &[], &[lists[1].clone(), lists[0].clone()]);
    assert_eq!(forward.version(), backward.version());
    assert_ne!(store(std::slice::from_ref(&one), &[two], &lists).version(), forward.version(), "a root less");
}

#[test]
fn fingerprints_are_written_as_tools_write_them() {
    let fingerprint = Fingerprint::of(b"certificate");
    assert_eq!(Fingerprint::from_hex(&fingerprint.to_string()), Some(fingerprint));
    let colons = fingerprint
        .to_string()
        .to_uppercase()
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap().to_owned())
        .collect::<Vec<_>>()
        .join(":");
    assert_eq!(Fingerprint::from_hex(&colons), Some(fingerprint));
    assert_eq!(Fingerprint::from_hex("12"), None);
    assert_eq!(Fingerprint::from_hex(&format!("{fingerprint}0")), None);
    assert_eq!(Fingerprint::from_hex(&"g".repeat(64)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_certificate_and_no_list_make_it_panic(
        octets in proptest::collection::vec(any::<u8>(), 0..100), at in 0_usize..400, value in any::<u8>(),
    ) {
        thread_local! {
            static GENUINE: (Vec<u8>, Vec<u8>) = (
                Certified::signer(other(2), other(1)).der(),
                Revoking { revoked: vec![(3, Vec::new())], ..nothing(other(1)) }.der(),
            );
        }
        let _ = (Certificate::read(&octets), RevocationList::read(&octets));
        GENUINE.with(|(certificate, list)| {
            let (mut certificate, mut list) = (certificate.clone(), list.clone());
            let (first, second) = (at % certificate.len(), at % list.len());
            certificate[first] = value;
            list[second] = value;
            let _ = (Certificate::read(&certificate), RevocationList::read(&list));
        });
    }
}

/// What OpenSSL says of a signer with pinned and other authorities; none where it is not installed.
fn openssl(folder: &std::path::Path, pinned: &Certified, others: &[Certified], signer: &Certified) -> Option<bool> {
    let write = |name: &str, certificate: &Certified| {
        let path = folder.join(name);
        std::fs::write(&path, certificate.der()).unwrap();
        path
    };
    let mut command = std::process::Command::new("openssl");
    command.arg("verify").args(["-no-CApath", "-no-CAfile", "-attime", &now().0.to_string()]);
    command.arg("-trusted").arg(write("root.der", pinned));
    for (index, other) in others.iter().enumerate() {
        command.arg("-untrusted").arg(write(&format!("other-{index}.der"), other));
    }
    command.arg(write("signer.der", signer));
    command.output().ok().map(|output| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("Could not"), "OpenSSL could not read: {said}");
        output.status.success()
    })
}

/// It builds no path over explicit parameters, so the curves here are named.
#[test]
fn paths_are_judged_as_openssl_does() {
    use crate::curve::Curve;
    use crate::testing::{Form, Key, RSA_2048_3, RSA_4096};
    let folder = std::env::temp_dir().join(format!("chip-paths-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut compared = Vec::new();
    let mut judge = |pinned: &Certified, others: &[Certified], signer: &Certified| {
        let Some(theirs) = openssl(&folder, pinned, others, signer) else {
            eprintln!("skipped: no openssl on this machine to compare with");
            return;
        };
        let store = store(std::slice::from_ref(pinned), others, &[]);
        let ours = store.trust(&read(signer), Rules { profile: Profile::Icao, grace: 0 }, now());
        assert_eq!(ours.is_ok(), theirs, "case {}: {ours:?}", compared.len());
        compared.push(theirs);
    };
    let named = |curve, seed| Key::Ec(curve, seed, Form::Named);
    let keys: Vec<_> = [RSA_2048_3, RSA_4096].into_iter().chain(Curve::ALL.map(|curve| named(curve, 1))).collect();
    for key in keys {
        let signer = Certified::signer(RSA_2048, key);
        judge(&Certified::root(key), &[], &signer);
        judge(&Certified::root(key), &[], &signer.clone().signed_by(named(Curve::P256, 2)));
        let expired = Certified { validity: ("20100101", "20260101"), ..Certified::root(key) };
        judge(&expired, &[], &signer);
        judge(&Certified::root(named(Curve::P256, 3)), &[], &signer);
        let next = named(Curve::BrainpoolP256r1, 4);
        let linked = Certified::signer(RSA_2048, next);
        judge(&Certified::root(key), &[Certified::link(next, key)], &linked);
        let over = Certified { validity: ("20200101", "20261101"), ..Certified::link(next, key) };
        judge(&Certified::root(key), &[over], &linked);
        for length in [Some(0), Some(1), None] {
            let of = |text| name(PRINTABLE, "FR", text);
            let root =
                Certified { issuer: of("eID"), subject: of("eID"), ..Certified::root(key) }.set(authority(length));
            let below = Certified { issuer: of("eID"), subject: of("sub"), ..Certified::link(next, key) };
            judge(&root, &[below], &Certified { issuer: of("sub"), ..linked.clone() });
        }
        let no_signer = Certified::link(next, key).set(usage(true, 1, 0x02));
        judge(&Certified::root(key), &[no_signer], &linked);
        let no_authority = Certified::link(next, key).set((BASIC, true, sequence(&[])));
        judge(&Certified::root(key), &[no_authority], &linked);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let good = compared.iter().filter(|verdict| **verdict).count();
    assert!(compared.is_empty() || good == 9 * 4 && compared.len() == 9 * 11, "{good} good of {}", compared.len());
}
