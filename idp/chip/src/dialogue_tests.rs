use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::active::ActiveKey;
use crate::agreement::{Domain, EphemeralSecret, RANDOMNESS};
use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::hash::Hash;
use crate::messaging::tests::Card;
use crate::modp::Modp;
use crate::signature::PublicKey;
use crate::vectors::{Case, cases};

fn vectors() -> Vec<Case> {
    cases(include_str!("../vectors/dialogue.txt"))
}

fn group_of(identifier: &[u8]) -> Group {
    let group = group(identifier[1]);
    assert_eq!(group.file().to_be_bytes(), identifier);
    group
}

fn key_of(case: &Case) -> StaticKey {
    let identifier: Option<u16> = case.text("identifier").parse().ok();
    let octets = identifier.map(|number| number.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect());
    StaticKey::for_test(case.cipher(), case.public("chip"), octets)
}

/// Against a chip that was written a second time, in Python: every curve and cipher, short and extended.
#[test]
fn the_other_implementation_gives_the_same_octets() {
    for case in vectors() {
        let files: Vec<_> = case.all("file").iter().map(|file| (group_of(&file[..2]), file[2..].to_vec())).collect();
        let wanted = files.iter().map(|(file, octets)| Wanted { group: *file, length: Some(octets.len()) }).collect();
        let chunk = Chunk::new(case.text("chunk").parse().unwrap()).unwrap();
        let plan = Plan::new(wanted, chunk).unwrap();
        let key = key_of(&case);
        let (round, dialogue) = Dialogue::begin(&key, case.randomness("randomness"), &plan).unwrap();
        assert_eq!(round.opening, case.all("opening"), "{} {:?}", case.text("curve"), key.cipher());
        assert_eq!(round.relay, case.all("relay"), "{} {:?}", case.text("curve"), key.cipher());
        let opening = vec![vec![0x90, 0]; round.opening.len()];
        let turn = dialogue.answer(Answers { opening: &opening, relay: &case.all("answer") }).unwrap();
        let Turn::Genuine(chip) = turn else { panic!("one round trip suffices") };
        assert_eq!(chip.key(), key.public());
        for (file, octets) in files {
            assert_eq!(chip.file(file), Some(&octets[..]));
        }
    }
}

/// A chip with its files, for what the vectors have not: it understands what the terminal wraps by knowing what is asked.
pub(crate) struct Chip {
    pub(crate) key: StaticKey,
    pub(crate) secret: Vec<u8>,
    pub(crate) files: BTreeMap<u16, Vec<u8>>,
}

pub(crate) const RANDOM: [u8; RANDOMNESS] = [0x42; RANDOMNESS];

impl Chip {
    pub(crate) fn new(cipher: Cipher, curve: Curve) -> Self {
        let secret = curve.secret(&[5; 80]);
        let file = |tag: u8, size: usize| {
            let mut octets = Vec::new();
            tlv::write(&mut octets, Tag(tag.into()), &vec![tag; size]).unwrap();
            octets
        };
        let files = [(0x0101, file(0x61, 91)), (0x0102, file(0x75, 40_000)), (0x010d, file(0x6d, 300))].into();
        Self { key: StaticKey::for_test(cipher, curve.public(&secret), None), secret, files }
    }

    /// The same over integers.
    pub(crate) fn over_integers(cipher: Cipher, group: Modp) -> Self {
        let secret = group.reduced(&[5; 80]);
        let mut randomness = [0; RANDOMNESS];
        randomness[RANDOMNESS - secret.len()..].copy_from_slice(&secret);
        let public = EphemeralSecret::new(group, Randomness::new(randomness)).unwrap().public().clone();
        Self { key: StaticKey::for_test(cipher, public, None), secret, ..Self::new(cipher, Curve::P256) }
    }

    /// Answers one round that reads these parts: (file, from, length).
    pub(crate) fn answer(&self, card: &mut Card, reads: &[(u16, usize, usize)], chunk: usize) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        for (file, from, to) in reads {
            answers.push(card.answer(false, &[], 0x9000));
            for from in (*from..*to).step_by(chunk) {
                let data = &self.files[file][from..(from + chunk).min(*to)];
                let is_far = from > 0x7fff;
                let mut framed = Vec::new();
                tlv::write(&mut framed, Tag(0x53), data).unwrap();
                answers.push(card.answer(is_far, if is_far { &framed } else { data }, 0x9000));
            }
        }
        answers
    }

    /// The channel's other end: what the chip's secret and the server's public key give.
    fn card(&self, server: &[u8]) -> Card {
        let domain = self.key.public().domain();
        let mut randomness = [0; RANDOMNESS];
        randomness[RANDOMNESS - self.secret.len()..].copy_from_slice(&self.secret);
        let own = EphemeralSecret::new(domain, Randomness::new(randomness)).unwrap();
        assert_eq!(own.public(), self.key.public());
        let shared = own.agree(&domain.public(server).unwrap()).unwrap();
        Card::new(self.key.cipher(), shared.secret())
    }
}

fn group(number: u8) -> Group {
    Group::new(number).unwrap()
}

/// The server's public key in the opening commands.
fn server_key(round: &Round, domain: impl Into<Domain>) -> Vec<u8> {
    let own = EphemeralSecret::new(domain, Randomness::new(RANDOM)).unwrap().public().octets().to_vec();
    let last = round.opening.last().unwrap();
    assert!(last.windows(own.len()).any(|window| window == own));
    own
}

pub(crate) fn begin(chip: &Chip, plan: &Plan) -> (Round, Dialogue, Card) {
    let (round, dialogue) = Dialogue::begin(&chip.key, Randomness::new(RANDOM), plan).unwrap();
    let card = chip.card(&server_key(&round, chip.key.public().domain()));
    (round, dialogue, card)
}

pub(crate) fn done(count: usize) -> Vec<Vec<u8>> {
    vec![vec![0x90, 0]; count]
}

/// DG1 of known length, DG13 of unknown length.
fn two_rounds() -> Plan {
    let wanted = vec![Wanted { group: group(1), length: Some(93) }, Wanted { group: group(13), length: None }];
    Plan::new(wanted, Chunk::SHORT).unwrap()
}

#[test]
fn files_of_unknown_length_take_one_round_more() {
    for cipher in Cipher::ALL {
        let chip = Chip::new(cipher, Curve::BrainpoolP384r1);
        let (round, dialogue, mut card) = begin(&chip, &two_rounds());
        let relay = chip.answer(&mut card, &[(0x0101, 0, 93), (0x010d, 0, 5)], 0xdf);
        let turn = dialogue.answer(Answers { opening: &done(round.opening.len()), relay: &relay }).unwrap();
        let Turn::Next(round, dialogue) = turn else { panic!("DG13 is not whole") };
        assert_eq!((round.opening.len(), round.relay.len()), (0, 3));
        let relay = chip.answer(&mut card, &[(0x010d, 5, 304)], 0xdf);
        let turn = dialogue.answer(Answers { opening: &[], relay: &relay }).unwrap();
        let Turn::Genuine(genuine) = turn else { panic!("all is read") };
        assert_eq!(genuine.file(group(1)), Some(&chip.files[&0x0101][..]));
        assert_eq!(genuine.file(group(13)), Some(&chip.files[&0x010d][..]));
        assert_eq!(genuine.file(group(2)), None);
    }
}

#[test]
fn a_chip_whose_key_is_over_integers_is_read_and_its_clone_is_not() {
    for (cipher, group) in Cipher::ALL.into_iter().zip(Modp::ALL.into_iter().cycle()) {
        let chip = Chip::over_integers(cipher, group);
        let plan = Plan::new(vec![Wanted { group: Group::DG1, length: Some(93) }], Chunk::SHORT).unwrap();
        let (round, dialogue, mut card) = begin(&chip, &plan);
        let relay = chip.answer(&mut card, &[(0x0101, 0, 93)], 0xdf);
        let turn = dialogue.answer(Answers { opening: &done(round.opening.len()), relay: &relay }).unwrap();
        let Turn::Genuine(genuine) = turn else { panic!("all is read") };
        assert_eq!((genuine.file(Group::DG1), genuine.key()), (Some(&chip.files[&0x0101][..]), chip.key.public()));
        // It has the files and the public key, and another secret.
        let (round, dialogue, _) = begin(&chip, &plan);
        let thief = EphemeralSecret::new(group, Randomness::new([0x43; RANDOMNESS])).unwrap();
        let server = Domain::from(group).public(&server_key(&round, group)).unwrap();
        let mut card = Card::new(cipher, thief.agree(&server).unwrap().secret());
        let relay = chip.answer(&mut card, &[(0x0101, 0, 93)], 0xdf);
        assert!(dialogue.answer(Answers { opening: &done(round.opening.len()), relay: &relay }).is_err());
    }
}

#[test]
fn a_picture_beyond_the_short_offsets_is_read() {
    let chip = Chip::new(Cipher::Aes256, Curve::P256);
    let length = chip.files[&0x0102].len();
    let plan = Plan::new(vec![Wanted { group: group(2), length: Some(length) }], Chunk::new(4096).unwrap()).unwrap();
    let (round, dialogue, mut card) = begin(&chip, &plan);
    assert_eq!(round.relay.len(), 11);
    let relay = chip.answer(&mut card, &[(0x0102, 0, length)], 4096);
    let turn = dialogue.answer(Answers { opening: &done(2), relay: &relay }).unwrap();
    let Turn::Genuine(genuine) = turn else { panic!("all is read") };
    assert_eq!(genuine.file(group(2)), Some(&chip.files[&0x0102][..]));
}

/// Refusals of the first round, each by one change.
fn refusal(change: impl FnOnce(&Chip, &mut Card, &mut Vec<Vec<u8>>, &mut Vec<Vec<u8>>)) -> &'static str {
    let chip = Chip::new(Cipher::Aes128, Curve::P256);
    let (round, dialogue, mut card) = begin(&chip, &two_rounds());
    let mut opening = done(round.opening.len());
    let mut relay = Vec::new();
    change(&chip, &mut card, &mut opening, &mut relay);
    if relay.is_empty() {
        relay = chip.answer(&mut card, &[(0x0101, 0, 93), (0x010d, 0, 5)], 0xdf);
    }
    dialogue.answer(Answers { opening: &opening, relay: &relay }).map(|_| ()).unwrap_err().code()
}

#[test]
fn each_refusal_has_its_code() {
    assert_eq!(refusal(|_, _, opening, _| drop(opening.pop())), "CA_OPENING_COUNT");
    assert_eq!(refusal(|_, _, opening, _| opening[1] = vec![0x6a, 0x80]), "CA_OPENING_REFUSED");
    assert_eq!(refusal(|_, _, opening, _| opening[0].clear()), "APDU_TRUNCATED");
    let first = |second: fn(&mut Card) -> Vec<u8>| {
        refusal(move |_, card, _, relay| {
            relay.push(card.answer(false, &[], 0x9000));
            relay.push(second(card));
            relay.push(card.answer(false, &[], 0x9000));
            relay.push(card.answer(false, &[0x6d, 0x82, 1, 0x2c, 0], 0x9000));
        })
    };
    assert_eq!(first(|card| card.answer(false, &[], 0x6982)), "CHIP_REFUSED");
    assert_eq!(first(|card| card.answer(false, &[0x61; 92], 0x9000)), "CHIP_LENGTH");
    assert_eq!(first(|card| card.answer(false, &[0x61; 93], 0x6282)), "CHIP_REFUSED");
    let head = |head: [u8; 5]| {
        refusal(move |chip, card, _, relay| {
            *relay = chip.answer(card, &[(0x0101, 0, 93)], 0xdf);
            relay.push(card.answer(false, &[], 0x9000));
            relay.push(card.answer(false, &head, 0x9000));
        })
    };
    assert_eq!(head([0x6e, 0x82, 1, 0x2c, 0]), "CHIP_FILE", "another tag");
    assert_eq!(head([0x6d, 0x80, 0, 0, 0]), "CHIP_FILE", "no length");
    assert_eq!(head([0x6d, 0x83, 4, 0, 1]), "CHIP_FILE_TOO_LONG");
    assert_eq!(refusal(|_, _, _, relay| relay.push(vec![0x90, 0])), "SM_UNPROTECTED");
}

/// Whoever does not hold the chip's secret: all that a phone has, and a channel of its own making.
#[test]
fn a_phone_with_a_secret_of_its_own_proves_nothing() {
    for cipher in Cipher::ALL {
        let chip = Chip::new(cipher, Curve::BrainpoolP256r1);
        let curve = Curve::BrainpoolP256r1;
        let secret = curve.secret(&[6; 80]);
        let key = StaticKey::for_test(cipher, curve.public(&secret), None);
        let thief = Chip { key, secret, ..Chip::new(cipher, curve) };
        let (round, dialogue) = Dialogue::begin(&chip.key, Randomness::new(RANDOM), &two_rounds()).unwrap();
        let mut card = thief.card(&server_key(&round, Curve::BrainpoolP256r1));
        let relay = thief.answer(&mut card, &[(0x0101, 0, 93), (0x010d, 0, 5)], 0xdf);
        let refusal = dialogue.answer(Answers { opening: &done(round.opening.len()), relay: &relay });
        assert_eq!(refusal.map(|_| ()).unwrap_err().code(), "SM_CODE");
    }
}

/// Active authentication within the channel, with the challenge and the signature of the other implementation.
#[test]
fn the_chip_also_signs_where_it_has_a_key_for_that() {
    let case =
        cases(include_str!("../vectors/active.txt")).into_iter().rfind(|case| case.text("kind") == "ec").unwrap();
    let point = case.curve().point(&case.octets("public")).unwrap();
    let key = ActiveKey::new(PublicKey::Ec(point), Some(Hash::Sha256)).unwrap();
    let wanted = vec![Wanted { group: group(1), length: Some(93) }];
    let challenge = case.octets("challenge").try_into().unwrap();
    let plan = Plan::new(wanted, Chunk::SHORT).unwrap().signing(challenge, key.clone());
    let run = |signature: &[u8]| {
        let chip = Chip::new(Cipher::Aes128, Curve::P256);
        let (_, dialogue, mut card) = begin(&chip, &plan);
        let mut relay = chip.answer(&mut card, &[(0x0101, 0, 93)], 0xdf);
        relay.push(card.answer(false, signature, 0x9000));
        dialogue.answer(Answers { opening: &done(2), relay: &relay })
    };
    let Ok(Turn::Genuine(genuine)) = run(&case.octets("signature")) else { panic!("it signed") };
    assert_eq!(genuine.signed().unwrap().key(), &key);
    let mut changed = case.octets("signature");
    changed[9] ^= 1;
    assert_eq!(run(&changed).map(|_| ()).unwrap_err().code(), "AA_SIGNATURE");
}

/// The answers of one dialogue, replayed to another with the same chip and another secret.
#[test]
fn answers_of_another_dialogue_are_refused() {
    let chip = Chip::new(Cipher::Aes128, Curve::P256);
    let (_, _, mut card) = begin(&chip, &two_rounds());
    let relay = chip.answer(&mut card, &[(0x0101, 0, 93), (0x010d, 0, 5)], 0xdf);
    let (round, dialogue) = Dialogue::begin(&chip.key, Randomness::new([0x43; RANDOMNESS]), &two_rounds()).unwrap();
    let refusal = dialogue.answer(Answers { opening: &done(round.opening.len()), relay: &relay });
    assert_eq!(refusal.map(|_| ()).unwrap_err().code(), "SM_CODE");
}

/// The same randomness, plan and answers give the same rounds: how a server goes on after a round trip.
#[test]
fn a_dialogue_goes_on_from_what_a_server_remembers() {
    let chip = Chip::new(Cipher::Aes128, Curve::P256);
    let (first, dialogue, mut card) = begin(&chip, &two_rounds());
    let (again, _, _) = begin(&chip, &two_rounds());
    assert_eq!(first, again);
    let relay = chip.answer(&mut card, &[(0x0101, 0, 93), (0x010d, 0, 5)], 0xdf);
    let opening = done(2);
    let answered = [Answers { opening: &opening, relay: &relay }];
    drop(dialogue.answer(answered[0]).unwrap());
    let resumed = Dialogue::resumed(&chip.key, Randomness::new(RANDOM), &two_rounds(), &answered).unwrap();
    let rest = chip.answer(&mut card, &[(0x010d, 5, 304)], 0xdf);
    let turn = resumed.answer(Answers { opening: &[], relay: &rest }).unwrap();
    assert!(matches!(turn, Turn::Genuine(_)));
    let ended = [answered[0], Answers { opening: &[], relay: &rest }];
    let refusal = Dialogue::resumed(&chip.key, Randomness::new(RANDOM), &two_rounds(), &ended).map(|_| ());
    assert_eq!(refusal.unwrap_err().code(), "DIALOGUE_PLAN");
}

#[test]
fn a_plan_that_reads_nothing_twice_or_too_much_is_refused() {
    let one = |group, length| Wanted { group, length };
    let plan = |wanted: Vec<Wanted>| Plan::new(wanted, Chunk::SHORT).map(|_| ()).map_err(Refusal::code);
    assert_eq!(plan(vec![]), Err("DIALOGUE_PLAN"));
    assert_eq!(plan(vec![one(group(1), None), one(group(1), Some(93))]), Err("DIALOGUE_PLAN"));
    assert_eq!(plan(vec![one(group(2), Some(group(2).limit() + 1))]), Err("DIALOGUE_PLAN"));
    assert_eq!(plan(vec![one(group(2), Some(group(2).limit()))]), Err("DIALOGUE_PLAN"), "too many short commands");
    assert_eq!(plan(vec![one(group(1), Some(4))]), Err("DIALOGUE_PLAN"));
    assert_eq!(plan(vec![one(group(1), None), one(group(14), Some(2000))]), Ok(()));
    for number in [3, 4] {
        assert_eq!(plan(vec![one(group(number), None)]), Err("DIALOGUE_PLAN"), "DG{number}");
    }
    assert_eq!(Chunk::new(15), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_changed_octet_anywhere_is_refused(at in 0_usize..4, octet in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let chip = Chip::new(Cipher::Aes256, Curve::P256);
        let (round, dialogue, mut card) = begin(&chip, &two_rounds());
        let mut relay = chip.answer(&mut card, &[(0x0101, 0, 93), (0x010d, 0, 5)], 0xdf);
        let octet = octet.index(relay[at].len());
        relay[at][octet] ^= 1 << bit;
        let refused = matches!(
            dialogue.answer(Answers { opening: &done(round.opening.len()), relay: &relay }),
            Err(Refusal::Channel(aborted)) if aborted.at == at
        );
        prop_assert!(refused);
    }

    #[test]
    fn any_answers_are_refused_without_a_panic(
        opening in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..8), 0..4),
        relay in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..6),
    ) {
        let chip = Chip::new(Cipher::TripleDes, Curve::P256);
        let (_, dialogue, _) = begin(&chip, &two_rounds());
        let refused = dialogue.answer(Answers { opening: &opening, relay: &relay }).is_err();
        prop_assert!(refused);
    }
}
