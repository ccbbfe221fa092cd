use super::*;
use crate::cnie::tests::{config, now, place, scene};

fn files() -> Files {
    let groups = [(Group::DG1, "dg1"), (Group::DG2, "dg2"), (Group::DG14, "dg14")];
    Files { sod: scene("sod"), groups: groups.map(|(group, name)| (group, scene(name))).to_vec() }
}

fn trust() -> CardTrust {
    CardTrust::open(&config(&place())).expect("sound")
}

#[test]
fn files_that_a_state_signed_are_authentic_and_their_signer_is_known_then() {
    let trust = trust();
    assert!(trust.files().known().is_empty());
    let authentic = authenticate(&trust, &files(), Purpose::Desk, now()).expect("genuine");
    assert_eq!(trust.files().known().len(), 1);
    assert!(authentic.group(Group::DG14).is_some());
    assert!(authenticate(&trust, &files(), Purpose::Desk, now()).is_ok(), "by the known signer");
    assert_eq!(trust.files().known().len(), 1);
}

#[test]
fn a_face_is_read_at_a_desk_alone() {
    let without =
        Files { groups: files().groups.into_iter().filter(|(group, _)| *group != Group::DG2).collect(), ..files() };
    assert!(authenticate(&trust(), &without, Purpose::Remote, now()).is_ok());
    let refused = authenticate(&trust(), &without, Purpose::Desk, now()).expect_err("withheld");
    assert_eq!(refused, Refused { refusal: Refusal::CardNotAuthentic, code: "GROUP_WITHHELD" });
}

#[test]
fn each_fault_of_the_files_is_told_apart_in_the_log_and_not_to_the_caller() {
    let trust = trust();
    let refused = |files: &Files| authenticate(&trust, files, Purpose::Remote, now()).expect_err("refused");
    let mut altered = files();
    if let Some(octet) = altered.groups[0].1.last_mut() {
        *octet ^= 1;
    }
    assert_eq!(refused(&altered), Refused { refusal: Refusal::CardNotAuthentic, code: "GROUP_HASH" });
    let none = Files { sod: Vec::new(), groups: files().groups };
    assert_eq!(refused(&none).refusal, Refusal::CardNotAuthentic);
    let withheld = Files { groups: vec![files().groups[0].clone()], ..files() };
    assert_eq!(refused(&withheld), Refused { refusal: Refusal::CardNotAuthentic, code: "GROUP_MANDATORY" });
}

#[test]
fn the_servers_key_is_the_seeds_and_each_seed_has_its_own() {
    let authentic = authenticate(&trust(), &files(), Purpose::Remote, now()).expect("genuine");
    let asked = begin(&authentic, &[7; RANDOMNESS], &[]).expect("a key");
    assert_eq!(asked, begin(&authentic, &[7; RANDOMNESS], &[]).expect("the same"));
    assert_ne!(asked.server_key, begin(&authentic, &[8; RANDOMNESS], &[]).expect("another").server_key);
    assert_eq!(asked.server_key.first(), Some(&4), "an uncompressed point");
    assert!(asked.opening.concat().windows(asked.server_key.len()).any(|sent| sent == asked.server_key));
}

#[test]
fn answers_of_no_chip_are_refused() {
    let authentic = || authenticate(&trust(), &files(), Purpose::Remote, now()).expect("genuine");
    let asked = begin(&authentic(), &[7; RANDOMNESS], &[]).expect("a key");
    let opening = vec![vec![0x90, 0x00]; asked.opening.len()];
    let relay = vec![vec![0x90, 0x00]; asked.relay.len()];
    let round = Round { opening: &opening, relay: &relay };
    let refused = go_on(authentic(), &[7; RANDOMNESS], &[], &[round]).expect_err("bare statuses");
    assert_eq!(refused.refusal, Refusal::ChipNotGenuine);
    let refused = go_on(authentic(), &[7; RANDOMNESS], &[], &[]).expect_err("nothing");
    assert_eq!(refused.refusal, Refusal::OutOfTurn);
}

#[test]
fn a_certificate_of_anybody_proves_no_holder() {
    let refused = holder(&trust(), (&scene("root.der"), &[0; 64]), &[0; 32], now()).expect_err("a root");
    assert_eq!(refused.refusal, Refusal::HolderNotProven);
    let refused = holder(&trust(), (b"", b""), &[0; 32], now()).expect_err("nothing");
    assert_eq!(refused, Refused { refusal: Refusal::HolderNotProven, code: "HOLDER_MALFORMED" });
}

#[tokio::test]
async fn a_flood_of_phones_makes_no_desk_wait() {
    let _flood = REMOTE.acquire_many(4).await.expect("never closed");
    let judged = tokio::time::timeout(std::time::Duration::from_secs(20), aside(Purpose::Desk, || 7));
    assert_eq!(judged.await.expect("a turn of its own"), 7);
    assert_eq!(REMOTE.available_permits(), 0, "and phones wait for each other");
}
