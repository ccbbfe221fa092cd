use super::*;
use crate::certificate::Name;
use crate::hash::Hash;
use crate::signature::Algorithm;
use crate::testing::card::{Card, SIGNER};
use crate::testing::pki::{Certified, PRINTABLE, PURPOSE, Revoking, TYPES, UTF8, name, now, usage};
use crate::testing::scene::{AUTHORITY, other};
use crate::testing::{RSA_2048_3, integer, object, oid, sequence, set};

fn purpose(oids: &[&str]) -> (&'static str, bool, Vec<u8>) {
    let oids: Vec<_> = oids.iter().map(|text| oid(text)).collect();
    (PURPOSE, true, sequence(&oids.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

fn signer() -> Certified {
    Certified::signer(SIGNER, AUTHORITY).without(TYPES).set(purpose(&["2.23.136.1.1.3"]))
}

fn foreign() -> Certified {
    let country = name(UTF8, "BE", "CSCA Belgium");
    Certified { issuer: country.clone(), subject: country, ..Certified::root(other(9)) }
}

fn content(certificates: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[&integer(&[0]), &set(&certificates.iter().map(Vec::as_slice).collect::<Vec<_>>())])
}

fn listing(signer: &Certified) -> Card {
    let hashes = Some(content(&[foreign().der(), Certified::link(other(1), AUTHORITY).der()]));
    Card { content_type: "2.23.136.1.1.2", hashes, ..Card::signed_by(signer) }
}

fn store() -> TrustStore {
    let root = Certificate::read(&Certified::root(AUTHORITY).der()).unwrap();
    let lists = [crate::trust::RevocationList::read(&Revoking::nothing(AUTHORITY).der()).unwrap()];
    TrustStore::new(&BTreeSet::from([root.fingerprint()]), [root], lists).unwrap()
}

fn refused(card: &Card) -> Refusal {
    MasterList::read(&card.signed_data(), &store(), now()).unwrap_err()
}

#[test]
fn a_list_of_a_pinned_authority_is_read_and_compared() {
    let list = MasterList::read(&listing(&signer()).signed_data(), &store(), now()).unwrap();
    assert_eq!((list.certificates().count(), list.unreadable()), (2, 0));
    let proposal = list.compare(&store(), None);
    assert_eq!((proposal.added.len(), proposal.absent.len()), (2, 1));
    let belgian = list.compare(&store(), Some("BE"));
    assert_eq!((belgian.added.len(), belgian.absent.len()), (1, 0));
    assert_eq!(belgian.added[0].subject(), &Name::read(&name(PRINTABLE, "be", "csca  BELGIUM")).unwrap());
}

#[test]
fn certificates_that_cannot_be_read_are_counted_and_left_out() {
    let mut card = listing(&signer());
    card.hashes = Some(content(&[foreign().der(), sequence(&[]), object(0x31, &[])]));
    let list = MasterList::read(&card.signed_data(), &store(), now()).unwrap();
    assert_eq!((list.certificates().count(), list.unreadable()), (1, 2));
}

#[test]
fn a_list_signed_by_whoever_it_carries_proves_nothing() {
    let forged = Certified { issuer: name(UTF8, "FR", "SIM-CSCA"), ..signer() }.signed_by(RSA_2048_3);
    let mut card = listing(&forged);
    card.certificates.push(Certified::root(RSA_2048_3).der());
    assert_eq!(refused(&card), Refusal::Distrust(Distrust::Signature));
}

#[test]
fn each_rule_of_a_list_has_its_refusal() {
    let with = |change: fn(&mut Card)| {
        let mut card = listing(&signer());
        change(&mut card);
        refused(&card)
    };
    assert_eq!(with(|it| it.content_type = "2.23.136.1.1.1"), Refusal::ContentType);
    assert_eq!(with(|it| it.outer = "1.2.840.113549.1.7.1"), Refusal::SignedData(cms::Fault::OtherContent));
    assert_eq!(with(|it| it.signers = 2), Refusal::Signer(SignerFault::Count));
    assert_eq!(with(|it| it.certificates.clear()), Refusal::SignerUnknown);
    assert_eq!(with(|it| it.key = RSA_2048_3), Refusal::Signature(signature::Fault::Invalid));
    let sha1 = Algorithm::RsaPkcs1(Hash::Sha1);
    assert_eq!(
        with(|it| it.algorithm = Algorithm::RsaPkcs1(Hash::Sha1)),
        Refusal::Signature(signature::Fault::Algorithm)
    );
    assert_eq!(sha1.hash(), Hash::Sha1);
    assert_eq!(with(|it| it.hashes = Some(sequence(&[&integer(&[1]), &set(&[])]))), Refusal::Content);
    assert_eq!(with(|it| it.hashes = Some(Vec::new())), Refusal::Content);
    for certificate in
        [signer().without(PURPOSE), signer().set(purpose(&["2.23.136.1.1.4"])), signer().set(usage(true, 1, 0x06))]
    {
        assert_eq!(refused(&listing(&certificate)), Refusal::SignerPurpose);
    }
    let expired = Certified { validity: ("20200101", "20261121"), ..signer() };
    assert_eq!(refused(&listing(&expired)), Refusal::SignerExpired);
    let other_country = Certified { subject: name(UTF8, "BE", "SIM-MLS"), ..signer() };
    assert_eq!(refused(&listing(&other_country)), Refusal::SignerCountry);
}

#[test]
fn no_octet_of_a_list_can_be_another_unless_it_stays_the_same_list() {
    let der = listing(&signer()).signed_data();
    let genuine = MasterList::read(&der, &store(), now()).unwrap();
    let store = store();
    for at in (0..der.len()).step_by(3) {
        let mut altered = der.clone();
        altered[at] ^= 1;
        if let Ok(list) = MasterList::read(&altered, &store, now()) {
            assert!(list.certificates().eq(genuine.certificates()), "octet {at}");
        }
    }
}

#[test]
fn two_people_approve_the_same_change_of_the_same_store() {
    let list = MasterList::read(&listing(&signer()).signed_data(), &store(), now()).unwrap();
    let proposal = list.compare(&store(), Some("BE"));
    let root = proposal.added[0].fingerprint();
    let approval = |approver: &str| Approval {
        approver: approver.to_owned(),
        list: proposal.list(),
        store: proposal.store(),
        roots: BTreeSet::from([root]),
    };
    let (added, roots) = proposal.approved(&approval("one"), &approval("two")).unwrap();
    assert_eq!((added.len(), roots), (1, BTreeSet::from([root])));
    assert_eq!(proposal.approved(&approval("one"), &approval("one")), Err(NotApproved::SamePerson));
    let elsewhere = Approval { list: Fingerprint::of(b"another list"), ..approval("two") };
    assert_eq!(proposal.approved(&approval("one"), &elsewhere), Err(NotApproved::OtherChange));
    let none = Approval { roots: BTreeSet::new(), ..approval("two") };
    assert_eq!(proposal.approved(&approval("one"), &none), Err(NotApproved::OtherChange));
    let unknown = |approver| Approval { roots: BTreeSet::from([Fingerprint::of(b"x")]), ..approval(approver) };
    assert_eq!(proposal.approved(&unknown("one"), &unknown("two")), Err(NotApproved::UnknownRoot));
}
