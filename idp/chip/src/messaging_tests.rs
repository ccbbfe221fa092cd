use super::*;
use crate::hex;

/// ICAO 9303-11 appendix D.4, under the keys and the counter of D.3.
fn appendix_d_4() -> (Channel, Vec<Command>, [Vec<u8>; 3], [Vec<u8>; 3]) {
    let keys = SessionKeys::new(Cipher::TripleDes, &hex("0036D272F5C350ACAC50C3F572D23600"));
    let commands = vec![
        Command::select_file(0x011e),
        Command::read_binary(0, 4).unwrap(),
        Command::read_binary(4, 0x12).unwrap(),
    ];
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
