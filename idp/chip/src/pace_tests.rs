use proptest::prelude::*;

use super::*;
use crate::agreement::RANDOMNESS;
use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::hash::Hash;
use crate::lds::PaceInfo;
use crate::messaging::Answer;
use crate::modp::Modp;
use crate::passive::authenticate_infos;
use crate::testing::scene::Scene;
use crate::testing::{bit_string, integer, oid, sequence, set};
use crate::trust::KnownSigners;
use crate::vectors::{Case, cases, hex};

/// Randomness that gives this secret number.
fn giving(secret: &str) -> Randomness {
    let secret = hex(secret);
    let mut octets = [0; RANDOMNESS];
    octets[RANDOMNESS - secret.len()..].copy_from_slice(&secret);
    Randomness::new(octets)
}

/// Commands as they must be and answers as the chip gives them, in turn.
struct Script<'a> {
    commands: &'a [Vec<u8>],
    answers: &'a [Vec<u8>],
}

impl Script<'_> {
    fn run(
        &self,
        begun: (Command, Selecting),
        mapping: Randomness,
        agreement: Randomness,
    ) -> Result<Established, Fault> {
        let sent = |at: usize, command: &Command| assert_eq!(command.to_bytes(), self.commands[at], "command {at}");
        let (command, step) = begun;
        sent(0, &command);
        let (command, step) = step.answer(&self.answers[0])?;
        sent(1, &command);
        let (command, step) = step.answer(&self.answers[1], mapping)?;
        sent(2, &command);
        let (command, step) = step.answer(&self.answers[2], agreement)?;
        sent(3, &command);
        let (command, step) = step.answer(&self.answers[3])?;
        sent(4, &command);
        step.answer(&self.answers[4])
    }
}

fn keys_of(established: &Established) -> (Vec<u8>, Vec<u8>) {
    established.channel.keys_for_test()
}

/// ICAO 9303-11 appendix G.1: generic mapping over brainpoolP256r1, AES-128, password from the machine readable zone.
#[test]
fn generic_mapping_is_that_of_appendix_g_1() {
    let protocol = Protocol::new(Mapping::Generic, Cipher::Aes128, 13).unwrap().unnamed();
    let password = Password::mrz("T22000129", "640812", "101031").unwrap();
    assert_eq!(password.encoded[..], hex("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD"));
    let script = Script {
        commands: &[
            hex("0022C1A40F 800A04007F00070202040202 830101"),
            hex("10860000027C0000"),
            hex("10860000457C438141 047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E
                 544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D 00"),
            hex("10860000457C438341 042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C
                 3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462 00"),
            hex("008600000C7C0A8508 C2B0BD78D94BA866 00"),
        ],
        answers: &[
            hex("9000"),
            hex("7C128010 95A3A016522EE98D01E76CB6B98B42C3 9000"),
            hex("7C438241 04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57
                 30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000"),
            hex("7C438441 049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB
                 7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000"),
            hex("7C0A8608 3ABB9674BCE93C08 9000"),
        ],
    };
    let mapping = giving("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99");
    let agreement = giving("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595");
    let established = script.run(begin(protocol, &password).unwrap(), mapping, agreement).unwrap();
    let keys = (hex("F5F0E35C0D7161EE6724EE513A0D9A7F"), hex("FE251C7858B356B24514B3BD5F4297D1"));
    assert_eq!(keys_of(&established), keys);
    assert!(established.claim.is_none());
}

/// ICAO 9303-11 appendix G.2: generic mapping over the group of 1024 bits, AES-128, password from the machine readable zone.
#[test]
fn generic_mapping_over_integers_is_that_of_appendix_g_2() {
    let protocol = Protocol::new(Mapping::Generic, Cipher::Aes128, 0).unwrap().unnamed();
    let password = Password::mrz("T22000129", "640812", "101031").unwrap();
    let script = Script {
        commands: &[
            hex("0022C1A40F 800A04007F00070202040102 830101"),
            hex("10860000027C0000"),
            hex("10860000867C8183818180
                 23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3EB71C343DB13D1DEBCE9A3666
                 DBCFC920B49174A602CB47965CAA73DC702489A44D41DB914DE9613DC5E98C94160551C0DF86274B9359BC04
                 90D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C 00"),
            hex("10860000867C8183838180
                 907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86
                 FBC6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B0BC07147057871A922212C
                 5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4 00"),
            hex("008600000C7C0A8508 B46DD9BD4D98381F 00"),
        ],
        answers: &[
            hex("9000"),
            hex("7C128010 854D8DF5827FA6852D1A4FA701CDDDCA 9000"),
            hex("7C8183828180
                 78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004
                 706FACE7B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655AF30889DBB845
                 D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6 9000"),
            hex("7C8183848180
                 075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB
                 5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250
                 767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1 9000"),
            hex("7C0A8608 917F37B5C0E6D8D1 9000"),
        ],
    };
    let mapping = giving("5265030F751F4AD18B08AC565FC7AC952E41618D");
    let agreement = giving("89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA");
    let established = script.run(begin(protocol, &password).unwrap(), mapping, agreement).unwrap();
    let keys = (hex("2F7F46ADCC9E7E521B45D192FAFA9126"), hex("805A1D27D45A5116F73C54469462B7D8"));
    assert_eq!(keys_of(&established), keys);
    assert!(established.claim.is_none());
}

/// ICAO 9303-11 appendix H.2: the generator that both nonces map to, in the group of 1024 bits.
#[test]
fn the_mapped_generator_over_integers_is_that_of_appendix_h_2() {
    let protocol = Protocol::new(Mapping::Integrated, Cipher::Aes128, 0).unwrap();
    let nonce = hex("FA5B7E3E49753A0DB9178B7B9BD898C8");
    let string = pseudo_random(protocol, &nonce, &hex("B3A6DB3C870C3E99245E0D1C06B747DE")).unwrap();
    assert_eq!(string.len(), 144);
    let generator = agreement::mapped(protocol.domain, &string).unwrap();
    let expected = hex("1D7D767F11E333BCD6DBAEF40E799E7A926B96973550656FF3C830726D118D61C276CDCC61D475CF03A98E0C
                 0E79CAEBA5BE25578BD4551D0B10903236F0B0F976852FA78EEA14EA0ACA87D1E91F688FE0DFF897BBE35A47
                 2621D343564B262F34223AE8FC59B664BFEDFA2BFE7516CA5510A6BBB633D517EC25D4E0BBAA16C2");
    assert_eq!(generator.octets(), expected);
}

/// ICAO 9303-11 appendix H.1: integrated mapping over brainpoolP256r1, AES-128; the example gives the key of the password.
#[test]
fn integrated_mapping_is_that_of_appendix_h_1() {
    let protocol = Protocol::new(Mapping::Integrated, Cipher::Aes128, 13).unwrap().unnamed();
    let key = Zeroizing::new(hex("591468CDA83D65219CCCB8560233600F"));
    let script = Script {
        commands: &[
            hex("0022C1A40F 800A04007F00070202040402 830101"),
            hex("10860000027C0000"),
            hex("10860000147C128110 5DD4CBFC96F5453B130D890A1CDBAE32 00"),
            hex("10860000457C438341 0489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4
                 6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C37 00"),
            hex("008600000C7C0A8508 450F02B86F6A0909 00"),
        ],
        answers: &[
            hex("9000"),
            hex("7C128010 143DC40C08C8E891FBED7DEDB92B64AD 9000"),
            hex("7C028200 9000"),
            hex("7C438441 0467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8
                 932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D22753 9000"),
            hex("7C0A8608 75D4D96E8D5B0308 9000"),
        ],
    };
    let mut nonce = [0; RANDOMNESS];
    nonce[..16].copy_from_slice(&hex("5DD4CBFC96F5453B130D890A1CDBAE32"));
    let agreement = giving("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595");
    let begun = begin_with(protocol, 1, key).unwrap();
    let established = script.run(begun, Randomness::new(nonce), agreement).unwrap();
    let keys = (hex("0D3FEB33251A6370893D62AE8DAAF51B"), hex("B01E89E3D9E8719E586B50B4A7506E0B"));
    assert_eq!(keys_of(&established), keys);
}

/// ICAO 9303-11 appendix H.1: the nonce, and the generator that both nonces map to.
#[test]
fn the_mapped_generator_is_that_of_appendix_h_1() {
    let protocol = Protocol::new(Mapping::Integrated, Cipher::Aes128, 13).unwrap();
    let nonce = hex("2923BE84E16CD6AE529049F1F1BBE9EB");
    let string = pseudo_random(protocol, &nonce, &hex("5DD4CBFC96F5453B130D890A1CDBAE32")).unwrap();
    assert_eq!(string.len(), 48);
    let generator = agreement::mapped(Curve::BrainpoolP256r1.into(), &string).unwrap();
    assert_eq!(generator.octets()[1..33], hex("8E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D427"));
}

/// ICAO 9303-11 appendix I: chip authentication mapping over brainpoolP256r1, AES-128.
#[test]
fn chip_authentication_mapping_is_that_of_appendix_i() {
    let protocol = Protocol::new(Mapping::ChipAuthentication, Cipher::Aes128, 13).unwrap().unnamed();
    let password = Password::mrz("C11T002JM", "960812", "231031").unwrap();
    let script = Script {
        commands: &[
            hex("0022C1A40F 800A04007F00070202040602 830101"),
            hex("10860000027C0000"),
            hex("10860000457C438141 047F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE
                 1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1 00"),
            hex("10860000457C438341 04446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95
                 5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC 00"),
            hex("008600000C7C0A8508 E86BD06018A1CD3B 00"),
        ],
        answers: &[
            hex("9000"),
            hex("7C128010 CB60E8E0D85B76A9BD304747C2AD42E2 9000"),
            hex("7C438241 04A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3
                 04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23 9000"),
            hex("7C438441 0402AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331
                 11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1 9000"),
            hex("7C3C8608 8596CF055C67C1A3 8A30 1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8
                 798CF77F5B7A54BD10CBA372B42BE0B9B5F28AA8DE2F4F92 9000"),
        ],
    };
    let mapping = giving("5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC");
    let agreement = giving("76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120");
    let established = script.run(begin(protocol, &password).unwrap(), mapping, agreement).unwrap();
    let keys = (hex("0A9DA4DB03BDDE39FC5202BC44B2E89E"), hex("4B1C06491ED5140CA2B537D344C6C0B1"));
    assert_eq!(keys_of(&established), keys);
    let claim = established.claim.unwrap();
    assert_eq!(claim.data[..], hex("85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3"));
    let key = hex("041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8
                   84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F");
    let key = Curve::BrainpoolP256r1.point(&key).unwrap();
    assert!(claim.proves(&key));
}

/// ICAO 9303-11 appendix D.2: a number of more than nine characters is taken whole.
#[test]
fn the_password_of_a_long_number_is_that_of_appendix_d_2() {
    let password = Password::mrz("D23145890734", "340712", "950712").unwrap();
    assert_eq!(password.encoded[..], Hash::Sha1.digest(&[b"D23145890734934071279507122"]));
    let seed = Password::mrz("L898902C", "690806", "940623").unwrap();
    assert_eq!(seed.encoded[..16], hex("239AB9CB282DAF66231DC5A4DF6BFBAE"), "of which 16 octets are the seed of D.2");
}

/// The zone of ICAO 9303-5 appendix B, and its fields typed in.
#[test]
fn a_zone_gives_the_password_that_its_fields_give() {
    let zone = b"I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    let zone = crate::mrz::Mrz::read(zone).unwrap();
    let typed = Password::mrz("D23145890", "740812", "120415").unwrap();
    assert_eq!(Password::of(&zone).encoded, typed.encoded);
}

#[test]
fn a_password_of_another_form_is_refused() {
    for can in ["", "12345", "1234567", "12345a", "１２"] {
        assert_eq!(Password::can(can).unwrap_err(), Fault::Password);
    }
    for (number, birth, expiry) in
        [("", "640812", "101031"), ("t22", "640812", "101031"), ("T22", "64081", "101031"), ("T22", "640812", "1010é")]
    {
        assert_eq!(Password::mrz(number, birth, expiry).unwrap_err(), Fault::Password);
    }
}

fn vectors() -> Vec<Case> {
    cases(include_str!("../vectors/pace.txt"))
}

fn protocol_of(case: &Case) -> Protocol {
    let arc: u8 = case.text("mapping").parse().unwrap();
    let mapping = Mapping::ALL.into_iter().find(|mapping| mapping.arc(case.domain()) == Some(arc)).unwrap();
    let parameters = (0..=18).find(|identifier| Domain::standardized(*identifier) == Some(case.domain())).unwrap();
    Protocol::new(mapping, case.cipher(), parameters).unwrap()
}

fn run(case: &Case, answers: &[Vec<u8>], can: &str) -> Result<Established, Fault> {
    let commands = case.all("command");
    let begun = begin(protocol_of(case), &Password::can(can).unwrap()).unwrap();
    let script = Script { commands: &commands, answers };
    script.run(begun, case.randomness("mapping_randomness"), case.randomness("randomness"))
}

/// Against a chip that was written a second time, in Python: every curve, mapping and cipher.
#[test]
fn the_other_implementation_gives_the_same_octets() {
    for case in vectors() {
        let established = run(&case, &case.all("answer"), case.text("can")).unwrap();
        let select = Command::select_application(&hex("A0000002471001")).unwrap();
        let (wrapped, pending) = established.channel.protect(&[select]).unwrap();
        assert_eq!(wrapped, case.all("select"), "{} {}", case.text("curve"), case.text("mapping"));
        let (opened, _) = pending.open(&case.all("selected")).unwrap();
        assert_eq!(opened, [Answer { data: vec![], status: Status::DONE }]);
        assert_eq!(established.claim.is_some(), case.text("mapping") == "6");
        if let Some(claim) = established.claim {
            assert!(claim.proves(&case.curve().point(&case.octets("static")).unwrap()));
        }
    }
}

/// Every octet of every answer of one run, each with one bit changed.
#[test]
fn no_changed_octet_of_an_answer_gives_a_channel_to_a_proved_chip() {
    for case in vectors().iter().filter(|case| {
        let domains = [Domain::Curve(Curve::BrainpoolP256r1), Domain::Integers(Modp::M1024Q160)];
        domains.contains(&case.domain()) && case.has("select")
    }) {
        let genuine = case.all("answer");
        let static_key = case.public("static");
        for at in 0..genuine.len() {
            // Points are checked octet by octet elsewhere: a few of each answer suffice for those.
            for octet in
                (0..genuine[at].len()).filter(|octet| *octet < 12 || octet % 7 == 0 || *octet + 4 > genuine[at].len())
            {
                let mut answers = genuine.clone();
                answers[at][octet] ^= 1;
                let result = outcome(case, &answers, &static_key);
                assert!(result.is_err(), "answer {at}, octet {octet} of {}", case.text("mapping"));
            }
        }
    }
}

/// As [`run`], without comparing commands: they follow the answers.
fn outcome(case: &Case, answers: &[Vec<u8>], key: &Public) -> Result<(), Fault> {
    let (_, step) = begin(protocol_of(case), &Password::can(case.text("can")).unwrap()).unwrap();
    let (_, step) = step.answer(&answers[0])?;
    let (_, step) = step.answer(&answers[1], case.randomness("mapping_randomness"))?;
    let (_, step) = step.answer(&answers[2], case.randomness("randomness"))?;
    let (_, step) = step.answer(&answers[3])?;
    match step.answer(&answers[4])?.claim {
        Some(claim) => match key {
            Public::Point(key) if claim.proves(key) => Ok(()),
            Public::Point(_) => Err(Fault::OtherChip),
            Public::Number(_) => panic!("there is no such mapping over integers"),
        },
        None => Ok(()),
    }
}

fn generic() -> Case {
    vectors().into_iter().find(|case| case.text("mapping") == "2" && case.domain() == Curve::P256.into()).unwrap()
}

/// What each answer of a run is replaced by, and what comes of it.
#[test]
fn each_fault_has_its_code() {
    let case = generic();
    let genuine = case.all("answer");
    let key = case.public("static");
    let commands = case.all("command");
    let ours = |at: usize, tag: u8| {
        let point = &commands[at][9..74];
        [&[0x7c, 67, tag, 65][..], point, &[0x90, 0]].concat()
    };
    let mut off_curve = genuine[2].clone();
    off_curve[40] ^= 1;
    for (at, answer, code) in [
        (0, hex("6A80"), "PACE_REFUSED"),
        (0, hex("63C0"), "PACE_WRONG_PASSWORD"),
        (0, vec![], "APDU_TRUNCATED"),
        (1, hex("7C009000"), "PACE_FORM"),
        (1, hex("7C078005 0102030405 9000"), "PACE_NONCE"),
        (1, hex("7C028000 9000"), "PACE_NONCE"),
        (2, off_curve, "PACE_POINT"),
        (2, ours(2, 0x82), "PACE_REFLECTED"),
        (3, ours(3, 0x84), "PACE_REFLECTED"),
        (3, hex("7C0384014790009000"), "PACE_FORM"),
        (4, hex("6300"), "PACE_WRONG_PASSWORD"),
        (4, hex("63C2"), "PACE_WRONG_PASSWORD"),
        (4, hex("7C0A86083ABB9674BCE93C089000"), "PACE_TOKEN"),
        (4, hex("7C0886063ABB9674BCE99000"), "PACE_TOKEN"),
        (4, [&[0x7c, 0x0c][..], &genuine[4][2..12], &hex("8A009000")].concat(), "PACE_CHIP_DATA"),
    ] {
        let mut answers = genuine.clone();
        answers[at] = answer;
        assert_eq!(outcome(&case, &answers, &key).unwrap_err().code(), code, "answer {at}");
    }
    assert_eq!(outcome(&case, &genuine, &key), Ok(()));
}

#[test]
fn the_wrong_password_gives_no_channel() {
    let case = generic();
    let (_, step) = begin(protocol_of(&case), &Password::can("000000").unwrap()).unwrap();
    let answers = case.all("answer");
    let (_, step) = step.answer(&answers[0]).unwrap();
    let (_, step) = step.answer(&answers[1], case.randomness("mapping_randomness")).unwrap();
    let (_, step) = step.answer(&answers[2], case.randomness("randomness")).unwrap();
    let (_, step) = step.answer(&answers[3]).unwrap();
    assert_eq!(step.answer(&answers[4]).unwrap_err(), Fault::Token);
}

#[test]
fn the_claim_of_another_chip_is_refused() {
    let case = vectors().into_iter().find(|case| case.text("mapping") == "6").unwrap();
    let claim = run(&case, &case.all("answer"), case.text("can")).unwrap().claim.unwrap();
    let other = case.curve().public(&case.curve().secret(&[1; 80]));
    assert!(!claim.proves(&other));
}

/// The EF.CardSecurity that a State signed, with a key on another curve, one over integers, and this one.
fn signed(key: &Public) -> AuthenticInfos {
    let info = |arc: &str, parameters: u8, bits: &[u8]| {
        let algorithm = sequence(&[&oid("0.4.0.127.0.7.1.2"), &integer(&[parameters])]);
        let key = sequence(&[&algorithm, &bit_string(bits)]);
        sequence(&[&oid(&format!("0.4.0.127.0.7.2.2.1.{arc}")), &key])
    };
    let parameters = (0..=18).find(|identifier| Domain::standardized(*identifier) == Some(key.domain())).unwrap();
    let infos = set(&[
        &info("2", 15, Curve::P384.generator().octets()),
        &info("1", 0, &integer(Modp::M1024Q160.generator().octets())),
        &info("2", parameters, key.octets()),
    ]);
    let mut scene = Scene::new();
    scene.card.content_type = "0.4.0.127.0.7.3.2.1";
    scene.card.hashes = Some(infos);
    let verdict = authenticate_infos(
        &scene.card.signed_data(),
        &scene.store(),
        &KnownSigners::default(),
        scene.policy().rules,
        scene.at,
    );
    *verdict.outcome.unwrap()
}

#[test]
fn the_claim_of_a_chip_is_held_against_what_the_state_signed() {
    let case = vectors().into_iter().find(|case| case.text("mapping") == "6").unwrap();
    let claim = || run(&case, &case.all("answer"), case.text("can")).unwrap().claim.unwrap();
    let key = case.public("static");
    assert_eq!(Public::from(claim().verify(&signed(&key)).unwrap().key().clone()), key);
    let other = case.curve().public(&case.curve().secret(&[1; 80]));
    assert_eq!(claim().verify(&signed(&other.into())).unwrap_err().code(), "PACE_OTHER_CHIP");
}

#[test]
fn a_protocol_that_does_not_exist_is_refused() {
    for (mapping, cipher, parameters) in [
        (Mapping::ChipAuthentication, Cipher::TripleDes, 13),
        (Mapping::ChipAuthentication, Cipher::Aes128, 0),
        (Mapping::Generic, Cipher::Aes128, 3),
        (Mapping::Generic, Cipher::Aes128, 10),
        (Mapping::Generic, Cipher::Aes128, 19),
    ] {
        assert_eq!(Protocol::new(mapping, cipher, parameters), Err(Fault::Protocol));
    }
}

/// The EF.CardAccess of ICAO 9303-11 appendix G.1, and what is none of ours.
#[test]
fn the_protocol_is_read_from_the_card() {
    let card = hex("31143012060A04007F0007020204020202010202010D");
    let infos = crate::lds::SecurityInfos::of_set(&card).unwrap();
    let [info] = &infos.pace[..] else { panic!("one protocol") };
    assert_eq!(Protocol::of(info), Protocol::new(Mapping::Generic, Cipher::Aes128, 13));
    for (protocol, version, parameters) in [
        ("0.4.0.127.0.7.2.2.4.2.2", 1, Some(13)),
        ("0.4.0.127.0.7.2.2.4.2.2", 2, None),
        ("0.4.0.127.0.7.2.2.4.2.2", 2, Some(269)),
        ("0.4.0.127.0.7.2.2.4.1.2", 2, Some(13)),
        ("0.4.0.127.0.7.2.2.4.2.5", 2, Some(13)),
        ("0.4.0.127.0.7.2.2.4.2", 2, Some(13)),
        ("0.4.0.127.0.7.2.2.4.2.2.1", 2, Some(13)),
        ("0.4.0.127.0.7.2.2.3.2.2", 2, Some(13)),
    ] {
        let info = PaceInfo { protocol: protocol.parse().unwrap(), version, parameters };
        assert_eq!(Protocol::of(&info), Err(Fault::Protocol), "{protocol}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_octets_at_any_step_are_refused_without_a_panic(
        at in 0_usize..5,
        octets in proptest::collection::vec(any::<u8>(), 0..80),
        is_wrapped: bool,
        index in any::<prop::sample::Index>(),
    ) {
        let cases = vectors();
        let case = &cases[index.index(cases.len())];
        let mut answers = case.all("answer");
        // The integrated mapping has an empty answer here.
        prop_assume!(at != 2 || octets.len() > 2);
        // Half of them get past the outermost form.
        answers[at] = if is_wrapped { [object(0x7c, &octets).unwrap(), vec![0x90, 0]].concat() } else { octets };
        let key = case.public("static");
        prop_assume!(!(answers[at].ends_with(&[0x90, 0]) && at == 0));
        prop_assert!(outcome(case, &answers, &key).is_err());
    }
}
