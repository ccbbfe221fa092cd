use proptest::prelude::*;

use super::objects::STATUS;
use super::*;
use crate::vectors::hex;

/// A channel, commands, what they become, and their answers.
type Example = (Channel, Vec<Command>, [Vec<u8>; 3], [Vec<u8>; 3]);

/// ICAO 9303-11 appendix D.4, under the keys and the counter of D.3.
fn appendix_d_4() -> Example {
    let keys = SessionKeys::new(Cipher::TripleDes, &hex("0036D272F5C350ACAC50C3F572D23600"));
    let commands =
        vec![Command::select_file(0x011e), Command::read_binary(0, 4).unwrap(), Command::read_binary(4, 0x12).unwrap()];
    let wrapped = [
        hex("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"),
        hex("0CB000000D9701048E08ED6705417E96BA5500"),
        hex("0CB000040D9701128E082EA28A70F3C7B53500"),
    ];
    let answers = [
        hex("990290008E08FA855A5D4C50A8ED9000"),
        hex("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
        hex("871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000"),
    ];
    (Channel::beginning_at(keys, 0x8870_2212_0c06_c226), commands, wrapped, answers)
}

#[test]
fn commands_and_answers_are_those_of_appendix_d_4() {
    let (channel, commands, expected, answers) = appendix_d_4();
    let (wrapped, pending) = channel.protect(&commands).unwrap();
    assert_eq!(wrapped, expected);
    let (opened, channel) = pending.open(&answers).unwrap();
    let data: Vec<_> = opened.iter().map(|answer| answer.data.clone()).collect();
    assert_eq!(data, [vec![], hex("60145F01"), hex("04303130365F36063034303030305C026175")]);
    assert!(opened.iter().all(|answer| answer.status == Status::DONE));
    assert_eq!(channel.counter, 0x8870_2212_0c06_c22c);
}

#[test]
fn a_batch_or_one_by_one_gives_the_same_octets() {
    let (mut channel, commands, expected, answers) = appendix_d_4();
    for ((command, expected), answer) in commands.iter().zip(expected).zip(answers) {
        let (wrapped, pending) = channel.protect(std::slice::from_ref(command)).unwrap();
        assert_eq!(wrapped, [expected]);
        channel = pending.open(&[answer]).unwrap().1;
    }
}

/// A card for one channel: it shares the wrapping with the terminal, so that what it proves is how faults are met. That the
/// wrapping itself is right, the worked examples and the other implementation prove.
pub(crate) struct Card {
    channel: Channel,
}

impl Card {
    pub(crate) fn new(cipher: Cipher, secret: &[u8]) -> Self {
        Self { channel: Channel::new(SessionKeys::new(cipher, secret)) }
    }

    /// Answers to one command that was wrapped, with these data and this status.
    pub(crate) fn answer(&mut self, is_odd: bool, data: &[u8], status: u16) -> Vec<u8> {
        self.channel.next().unwrap();
        let counter = self.channel.next().unwrap();
        let block = self.channel.cipher().block();
        let mut objects = Vec::new();
        if !data.is_empty() {
            let mut data = pad(data, block);
            let vector = self.channel.vector(counter).unwrap();
            self.channel.cipher().encrypt(&self.channel.keys.encryption, &vector, &mut data).unwrap();
            if is_odd {
                tlv::write(&mut objects, ENCRYPTED_ODD, &data).unwrap();
            } else {
                data.insert(0, 1);
                tlv::write(&mut objects, ENCRYPTED, &data).unwrap();
            }
        }
        tlv::write(&mut objects, STATUS, &status.to_be_bytes()).unwrap();
        self.seal(counter, objects, status)
    }

    /// Any objects, with the right code.
    fn seal(&self, counter: u128, mut objects: Vec<u8>, status: u16) -> Vec<u8> {
        let code = self.channel.code(counter, &objects).unwrap();
        tlv::write(&mut objects, CHECKSUM, &code).unwrap();
        objects.extend(status.to_be_bytes());
        objects
    }

    /// The next answer, of objects as they are.
    fn sealed(&mut self, objects: &[u8], status: u16) -> Vec<u8> {
        self.channel.next().unwrap();
        let counter = self.channel.next().unwrap();
        self.seal(counter, objects.to_vec(), status)
    }
}

/// Three commands, and the card's answers to them.
fn exchange(cipher: Cipher) -> (Pending, Vec<Vec<u8>>) {
    let (wrapped, pending) = Channel::new(SessionKeys::new(cipher, b"shared"))
        .protect(&[
            Command::select_file(0x0101),
            Command::read_binary(0, 20).unwrap(),
            Command::read_binary(20, 20).unwrap(),
        ])
        .unwrap();
    assert_eq!(wrapped.len(), 3);
    let mut card = Card::new(cipher, b"shared");
    let answers = [&[][..], &[1; 20], &[2; 20]].iter().map(|data| card.answer(false, data, 0x9000)).collect();
    (pending, answers)
}

fn code_of(cipher: Cipher, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> (&'static str, usize) {
    let (pending, mut answers) = exchange(cipher);
    change(&mut answers);
    let aborted = pending.open(&answers).map(|_| ()).unwrap_err();
    (aborted.fault.code(), aborted.at)
}

#[test]
fn answers_as_the_card_gave_them_are_taken() {
    for cipher in Cipher::ALL {
        let (pending, answers) = exchange(cipher);
        let (opened, _) = pending.open(&answers).unwrap();
        assert_eq!(opened.iter().map(|answer| answer.data.len()).collect::<Vec<_>>(), [0, 20, 20]);
    }
}

#[test]
fn every_changed_octet_ends_the_channel() {
    for cipher in Cipher::ALL {
        let (_, answers) = exchange(cipher);
        for at in 0..answers.len() {
            for octet in 0..answers[at].len() {
                for bit in 0..8 {
                    let (_, place) = code_of(cipher, |answers| answers[at][octet] ^= 1 << bit);
                    assert_eq!(place, at, "{cipher:?}, octet {octet}");
                }
            }
        }
    }
}

#[test]
fn every_way_to_tamper_has_its_code() {
    for cipher in Cipher::ALL {
        let changed = |change: fn(&mut Vec<Vec<u8>>)| code_of(cipher, change);
        assert_eq!(changed(|all| all.swap(1, 2)), ("SM_ORDER", 1), "reordered");
        assert_eq!(changed(|all| all[2] = all[1].clone()), ("SM_ORDER", 2), "replayed");
        assert_eq!(changed(|all| all[0] = vec![0x90, 0x00]), ("SM_UNPROTECTED", 0), "a bare status");
        assert_eq!(changed(|all| all[1] = vec![0x69, 0x88]), ("SM_UNPROTECTED", 1), "the chip aborted");
        assert_eq!(
            changed(|all| all[1] = [&[0x61, 18][..], &[7; 18], &[0x90, 0]].concat()),
            ("SM_FORM", 1),
            "in clear"
        );
        assert_eq!(changed(|all| all[1].clear()), ("APDU_TRUNCATED", 1), "nothing");
        assert_eq!(changed(|all| drop(all.pop())), ("SM_COUNT", 2), "missing");
        assert_eq!(changed(|all| all.push(vec![0x90, 0x00])), ("SM_COUNT", 3), "too many");
        assert_eq!(changed(Vec::clear), ("SM_COUNT", 0), "none");
        assert_eq!(changed(|all| drop(all.remove(1))), ("SM_ORDER", 1), "one left out");
        let last = |all: &Vec<Vec<u8>>| all[2].len();
        // The last ten octets before the status are the code with its tag and length.
        let without = |from: usize, to: usize| {
            let removed = move |all: &mut Vec<Vec<u8>>| {
                let end = last(all);
                all[2].drain(end - from..end - to);
            };
            code_of(cipher, removed).0
        };
        assert_eq!(without(12, 2), "SM_NO_CODE");
        assert_eq!(without(16, 12), "SM_NO_STATUS");
        let truncated = |all: &mut Vec<Vec<u8>>| {
            let end = last(all);
            all[2][end - 11] = 4;
            all[2].drain(end - 6..end - 2);
        };
        assert_eq!(code_of(cipher, truncated).0, "SM_CODE_LENGTH");
        let status = |all: &mut Vec<Vec<u8>>| {
            let end = last(all);
            all[2][end - 2..].copy_from_slice(&[0x62, 0x82]);
        };
        assert_eq!(code_of(cipher, status).0, "SM_STATUS_DIFFERS");
        assert_eq!(code_of(cipher, |all| all[1][0] = 0x88).0, "SM_FORM");
        let longer = |all: &mut Vec<Vec<u8>>| all[1] = vec![0x87; 4096];
        assert_eq!(code_of(cipher, longer).0, "SM_MORE_THAN_ASKED");
    }
}

#[test]
fn answers_of_another_session_are_refused() {
    for cipher in Cipher::ALL {
        let mut other = Card::new(cipher, b"another");
        let (code, at) = code_of(cipher, |answers| answers[0] = other.answer(false, &[], 0x9000));
        assert_eq!((code, at), ("SM_CODE", 0));
    }
}

#[test]
fn a_card_that_writes_other_objects_under_the_right_code_is_refused() {
    for cipher in Cipher::ALL {
        let open = |objects: &[u8], command: Command| {
            let (_, pending) = Channel::new(SessionKeys::new(cipher, b"shared")).protect(&[command]).unwrap();
            let answer = Card::new(cipher, b"shared").sealed(objects, 0x9000);
            pending.open(&[answer]).map(|_| ()).unwrap_err().fault.code()
        };
        let read = || Command::read_binary(0, 64).unwrap();
        let block = vec![5; cipher.block()];
        let encrypted = |tag: u8, first: &[u8], data: &[u8]| {
            let length = u8::try_from(first.len() + data.len()).unwrap();
            [&[tag, length][..], first, data, &[0x99, 2, 0x90, 0]].concat()
        };
        assert_eq!(open(&encrypted(0x87, &[1], &block), read()), "SM_PADDING");
        assert_eq!(open(&encrypted(0x87, &[1], &block[1..]), read()), "SM_PADDING", "no whole block");
        assert_eq!(open(&encrypted(0x87, &[2], &block), read()), "SM_FORM", "another padding indicator");
        assert_eq!(open(&encrypted(0x87, &[1], &[]), read()), "SM_FORM");
        assert_eq!(open(&encrypted(0x85, &[], &block), read()), "SM_FORM", "the odd object for an even instruction");
        let odd = || Command::read_binary(0x8000, 64).unwrap();
        assert_eq!(open(&encrypted(0x87, &[1], &block), odd()), "SM_FORM", "the even object for an odd instruction");
        assert_eq!(open(&encrypted(0x85, &[], &[]), odd()), "SM_FORM");
        assert_eq!(open(&[0x99, 3, 0x90, 0, 0], read()), "SM_FORM");
        assert_eq!(open(&[0x99, 2, 0x90, 0, 0x99, 2, 0x90, 0], read()), "SM_FORM", "twice");
        assert_eq!(open(&[], read()), "SM_NO_STATUS");
        assert_eq!(open(&[0x99, 2, 0x62, 0x82], read()), "SM_STATUS_DIFFERS");
    }
}

#[test]
fn more_octets_than_were_asked_for_are_refused() {
    for cipher in Cipher::ALL {
        let (_, pending) =
            Channel::new(SessionKeys::new(cipher, b"shared")).protect(&[Command::read_binary(0, 4).unwrap()]).unwrap();
        let answer = Card::new(cipher, b"shared").answer(false, &[1; 5], 0x9000);
        assert_eq!(pending.open(&[answer]).map(|_| ()).unwrap_err().fault, Fault::MoreThanAsked);
    }
}

#[test]
fn a_batch_that_cannot_be_written_is_refused() {
    let channel = || Channel::new(SessionKeys::new(Cipher::Aes128, b"shared"));
    assert_eq!(channel().protect(&[]).map(|_| ()).unwrap_err().code(), "SM_BATCH");
    let many = vec![Command::select_file(1); MOST_COMMANDS + 1];
    assert_eq!(channel().protect(&many).map(|_| ()).unwrap_err().code(), "SM_BATCH");
    assert_eq!(channel().protect(&[Command::new(0xb0, [0, 0])]).map(|_| ()).unwrap_err().code(), "SM_EMPTY");
    for (cipher, last) in [(Cipher::TripleDes, u128::from(u64::MAX)), (Cipher::Aes256, u128::MAX)] {
        let near = Channel::beginning_at(SessionKeys::new(cipher, b"shared"), last - 2);
        let (_, pending) = near.protect(&[Command::select_file(1)]).unwrap();
        assert_eq!(pending.channel.counter, last - 2);
        let at_end = Channel::beginning_at(SessionKeys::new(cipher, b"shared"), last - 1);
        assert_eq!(at_end.protect(&[Command::select_file(1)]).map(|_| ()).unwrap_err().code(), "SM_EXHAUSTED");
    }
}

#[test]
fn no_key_and_no_content_stands_in_debug() {
    let keys = SessionKeys::new(Cipher::Aes128, b"shared");
    let secret = format!("{:?}", keys.encryption);
    let channel = Channel::new(keys);
    assert!(!format!("{channel:?}").contains(&secret));
    let answer = Answer { data: b"DUPONT".to_vec(), status: Status::DONE };
    assert_eq!(format!("{answer:?}"), "Answer(6 octets, 9000)");
}

proptest! {
    #[test]
    fn any_octets_for_answers_are_refused_without_a_panic(
        answers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 3),
        kind in 0_usize..4,
    ) {
        let (pending, _) = exchange(Cipher::ALL[kind]);
        prop_assert!(pending.open(&answers).is_err());
    }

    #[test]
    fn a_cut_or_lengthened_answer_is_refused(at in 0_usize..3, cut in 1_usize..14, more in any::<Vec<u8>>(), kind in 0_usize..4) {
        let cipher = Cipher::ALL[kind];
        let (pending, mut answers) = exchange(cipher);
        let end = answers[at].len() - cut.min(answers[at].len());
        answers[at].truncate(end);
        prop_assert!(pending.open(&answers).is_err());
        prop_assume!(!more.is_empty());
        let (pending, mut answers) = exchange(cipher);
        answers[at].extend(more);
        prop_assert!(pending.open(&answers).is_err());
    }

    #[test]
    fn what_the_card_says_arrives_as_it_said_it(data in proptest::collection::vec(any::<u8>(), 0..600), kind in 0_usize..4, is_odd: bool) {
        let cipher = Cipher::ALL[kind];
        let offset = if is_odd { 0x8000 } else { 0 };
        let command = Command::read_binary(offset, 600).unwrap();
        let (_, pending) = Channel::new(SessionKeys::new(cipher, b"s")).protect(&[command]).unwrap();
        let answer = Card::new(cipher, b"s").answer(is_odd, &data, 0x6282);
        let (opened, _) = pending.open(&[answer]).unwrap();
        prop_assert_eq!(&opened[0], &Answer { data, status: Status(0x6282) });
    }
}
