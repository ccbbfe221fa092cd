//! D12: what opens something cannot be guessed: measured over a thousand draws of each kind, as they come over the wire.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::citizen::Citizen;
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::fapi::Secured;
use crate::journey::{Journey, accept, expect};

/// Draws of each kind.
const DRAWS: usize = 1000;
/// Chains that are drawn from at the same time.
const ABREAST: usize = 8;
/// What FAPI 2.0 asks for (§5.4.1-4), in bits.
const ENOUGH: usize = 128;

/// That bits are set about as often as not: within six standard deviations of a fair coin. All bits of all kinds stay
/// within them but for fewer than one run in a hundred thousand.
fn are_fair(what: &str, samples: &[Vec<u8>]) {
    let (count, half) = (samples.len(), samples.len() / 2);
    let margin = 3 * count.isqrt() + 3;
    for bit in 0..samples[0].len() * 8 {
        let set = samples.iter().filter(|bytes| bytes[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!(set.abs_diff(half) <= margin, "{what}: bit {bit} is set {set} times of {count}");
    }
}

/// That secrets have enough bits, each of them free, from draw to draw too, and that none came twice.
fn cannot_be_guessed(what: &str, drawn: &[String]) {
    assert_eq!(drawn.len(), DRAWS, "{what}");
    let bytes: Vec<_> = drawn.iter().map(|text| URL_SAFE_NO_PAD.decode(text).unwrap()).collect();
    let length = bytes[0].len();
    assert!(length * 8 >= ENOUGH && bytes.iter().all(|one| one.len() == length), "{what}: {length} bytes");
    are_fair(what, &bytes);
    let steps: Vec<_> =
        bytes.windows(2).map(|pair| pair[0].iter().zip(&pair[1]).map(|(one, next)| one ^ next).collect()).collect();
    are_fair(&format!("{what}, from one to the next"), &steps);
    let mut distinct = bytes;
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), DRAWS, "{what}: all distinct");
}

/// One silent sign-in: the reference, the code and the access token.
async fn sign_in(service: &Secured, mut citizen: Citizen) -> [String; 3] {
    let ask = service.party.ask("openid").and("prompt", "none");
    let pushed = service.party.push(&ask, None).await.unwrap().json();
    let reference = pushed["request_uri"].as_str().unwrap_or_else(|| panic!("{pushed}")).to_owned();
    let back = citizen.open(&service.party.reference(&reference).unwrap()).await.unwrap();
    let code = back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()));
    let tokens = service.party.redeem(&ask, &code, &service.holder).await.unwrap().tokens().unwrap();
    let reference = reference.strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap().to_owned();
    [reference, code, tokens.access_token]
}

/// A chain of refresh tokens, each of which gave the next one.
async fn chain(service: &Secured, mut citizen: Citizen) -> Vec<String> {
    let ask = service.party.ask_offline("openid");
    let inform = expect(citizen.open(&service.party.pushed(&ask, None).await.unwrap()).await.unwrap(), "inform");
    let code = accept(&mut citizen, &inform).await.parameter("code").unwrap();
    let first = service.party.redeem_unproven(&ask, &code).await.unwrap().tokens().unwrap();
    let mut tokens = vec![first.refresh_token.unwrap()];
    while tokens.len() < DRAWS / ABREAST {
        let next = service.party.refresh(tokens.last().unwrap(), None, &[]).await.unwrap().tokens().unwrap();
        tokens.push(next.refresh_token.unwrap());
    }
    tokens
}

/// A browser in which a citizen signed in to a service.
async fn signed_in(service: &Secured) -> Citizen {
    let mut citizen = service.citizen();
    let url = service.party.pushed(&service.party.ask("openid"), None).await.unwrap();
    service.code_at(&mut citizen, &url).await;
    citizen
}

#[tokio::test]
async fn codes_tokens_and_references_have_more_entropy_than_anyone_can_guess() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let citizen = signed_in(&service).await;
    let drawn: Vec<_> =
        stream::iter(0..DRAWS).map(|_| sign_in(&service, citizen.clone())).buffered(ABREAST).collect().await;
    for (kind, what) in ["request_uri", "code", "access token"].into_iter().enumerate() {
        let of_kind: Vec<_> = drawn.iter().map(|one| one[kind].clone()).collect();
        cannot_be_guessed(what, &of_kind);
    }

    let service = Secured::registered(&journey, |metadata| {
        metadata["passerelle"]["profile"] = "standard".into();
        metadata["dpop_bound_access_tokens"] = false.into();
    })
    .await;
    let citizen = signed_in(&service).await;
    let chains = stream::iter(0..ABREAST).map(|_| chain(&service, citizen.clone())).buffered(ABREAST);
    let tokens: Vec<_> = chains.collect::<Vec<_>>().await.concat();
    cannot_be_guessed("refresh token", &tokens);
}

#[test]
fn what_is_not_random_is_told_apart() {
    let text = |bytes: [u8; 32]| URL_SAFE_NO_PAD.encode(bytes);
    let random: Vec<_> = (0..DRAWS).map(|_| text(conformance::random::bytes())).collect();
    cannot_be_guessed("random", &random);
    let of = |make: &dyn Fn(usize) -> String| (0..DRAWS).map(make).collect::<Vec<_>>();
    let mut repeated = random.clone();
    repeated[7] = repeated[900].clone();
    let counter = of(&|number| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        text(bytes)
    });
    let one_bit = of(&|_| {
        let mut bytes = conformance::random::bytes::<32>();
        bytes[31] |= 1;
        text(bytes)
    });
    let short = of(&|_| URL_SAFE_NO_PAD.encode(conformance::random::bytes::<15>()));
    let complement = of(&|number| text(if number % 2 == 0 { [0x5a; 32] } else { [0xa5; 32] }));
    for (case, drawn) in
        [("twice", repeated), ("a counter", counter), ("one bit", one_bit), ("short", short), ("in turn", complement)]
    {
        let checked = std::panic::catch_unwind(|| cannot_be_guessed(case, &drawn));
        assert!(checked.is_err(), "{case} passes for random");
    }
}
