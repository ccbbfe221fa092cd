//! Any octets as the answers to a round of chip authentication: no panic, and only the chip's own answers prove it.
#![no_main]

use std::sync::LazyLock;

use chip::agreement::{RANDOMNESS, Randomness};
use chip::authentication::StaticKey;
use chip::dialogue::{Answers, Chunk, Dialogue, Plan, Round, Turn, Wanted};
use chip::lds::{Group, SecurityInfos};
use libfuzzer_sys::fuzz_target;

/// A round with the chip of a data group 14, and the randomness that its genuine answers belong to.
static BEGUN: LazyLock<(Round, Dialogue)> = LazyLock::new(|| {
    let infos = SecurityInfos::read(include_bytes!("../scene/answers/dg14")).expect("security infos");
    let key = StaticKey::unproved(&infos).expect("a key");
    let randomness: &[u8; RANDOMNESS] = include_bytes!("../scene/answers/randomness");
    let wanted = |group, length| Wanted { group, length: Some(length) };
    let plan = Plan::new(vec![wanted(Group::DG1, 95), wanted(Group::DG13, 615)], Chunk::SHORT).expect("a plan");
    Dialogue::begin(&key, Randomness::new(*randomness), &plan).expect("a round")
});
static GENUINE: &[u8] = include_bytes!("../seeds/answers/genuine");

/// Answers one after the other, each after its length in two octets.
fn split(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    while let Some((length, rest)) = octets.split_first_chunk() {
        let (answer, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        answers.push(answer.to_vec());
        octets = rest;
    }
    answers
}

fuzz_target!(|octets: &[u8]| {
    let (round, dialogue) = &*BEGUN;
    let relay = split(octets);
    let opening = vec![vec![0x90, 0x00]; round.opening.len()];
    let turn = dialogue.clone().answer(Answers { opening: &opening, relay: &relay });
    assert_eq!(matches!(turn, Ok(Turn::Genuine(_))), relay == split(GENUINE));
});
