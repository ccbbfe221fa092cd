//! The end of a session, told to everyone who has to hear of it: relying parties (OIDC Back-Channel Logout 1.0), and the
//! provider of the citizen. Nothing here has JavaScript.

use conformance::citizen::Citizen;
use conformance::library::jose_reads_logout_token;
use conformance::or_skip;
use conformance::receiver::{Mood, Received, Receiver};
use conformance::relying_party::{RelyingParty, Tokens};
use conformance::scene::Setting;
use conformance::tools::node_file;
use conformance::upstream::{Fault, ProviderId};
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use crate::journey::{Journey, accept, citizen_of, eventually, expect};

/// The event of a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A service that hears of logouts.
struct Hearing {
    service: RelyingParty,
    receiver: Receiver,
    bye: String,
}

impl Hearing {
    async fn register(journey: &Journey, name: &str, mood: Mood) -> Self {
        let receiver = Receiver::start(mood).await;
        let mut metadata = RelyingParty::ordinary(name);
        metadata["backchannel_logout_uri"] = receiver.uri().into();
        metadata["backchannel_logout_session_required"] = true.into();
        let bye = metadata["post_logout_redirect_uris"][0].as_str().unwrap().to_owned();
        Self { service: journey.register(&metadata).await, receiver, bye }
    }

    /// The tokens of a citizen who goes through a provider.
    async fn sign_in(&self, journey: &Journey, citizen: &mut Citizen, username: &str) -> Tokens {
        let ask = self.service.ask("openid profile").with("prompt", "login");
        let mut at = std::mem::take(citizen).stopping_at(&self.service.redirect_uri);
        let back = journey.to_return(&mut at, &ask, ProviderId::Impots, username).await;
        *citizen = at;
        self.service.finish(&ask, &back).await.unwrap()
    }

    /// The tokens of a citizen who has a session already.
    async fn join(&self, citizen: &mut Citizen) -> Tokens {
        let ask = self.service.ask("openid profile");
        let mut at = std::mem::take(citizen).stopping_at(&self.service.redirect_uri);
        let inform = expect(at.open(&ask.url()).await.unwrap(), "inform");
        let back = accept(&mut at, &inform).await;
        *citizen = at;
        self.service.finish(&ask, &back).await.unwrap()
    }

    /// Where the service sends its citizen to log out.
    fn logout(&self, tokens: &Tokens, state: &str) -> String {
        let mut url = Url::parse(&self.service.metadata.end_session_endpoint).unwrap();
        url.query_pairs_mut()
            .append_pair("id_token_hint", &tokens.id_token)
            .append_pair("post_logout_redirect_uri", &self.bye)
            .append_pair("state", state);
        url.into()
    }

    /// The first that was received and answered so.
    async fn told(&self, mood: Mood) -> Received {
        let name = &self.service.client_id;
        eventually(&format!("a logout token for {name}"), async || {
            self.receiver.received().into_iter().find(|received| received.answered == mood)
        })
        .await
    }

    /// Verifies a logout token as §2.6 says, against the ID token of the session that ended.
    async fn verify(&self, received: &Received, id_token: &Value) -> Value {
        let header = jsonwebtoken::decode_header(received.token()).unwrap();
        assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
        assert!(header.kid.is_some());
        let claims = self.service.verify_jwt(received.token()).await.unwrap();
        assert_eq!(claims["events"], json!({ EVENT: {} }));
        assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
        assert!(claims.get("nonce").is_none(), "§2.4: no nonce, ever");
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert!(exp > iat && exp - iat <= 120 && (conformance::clock::now() - iat).abs() < 60, "{claims}");
        assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 16));
        claims
    }
}

fn ok() -> Mood {
    Mood::Answers(StatusCode::OK)
}

async fn claims(service: &RelyingParty, tokens: &Tokens) -> Value {
    service.verify_jwt(&tokens.id_token).await.unwrap()
}

async fn is_signed_out(service: &RelyingParty, citizen: &Citizen) {
    let mut citizen = citizen.clone().stopping_at(&service.redirect_uri);
    let silent = citizen.open(&service.ask("openid").with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
}

#[tokio::test]
async fn every_relying_party_of_a_session_is_told_and_the_citizen_goes_back_with_the_state_alone() {
    let journey = Journey::start().await;
    let one = Hearing::register(&journey, "Ville", ok()).await;
    let two = Hearing::register(&journey, "Port", Mood::Answers(StatusCode::NO_CONTENT)).await;
    let stranger = Hearing::register(&journey, "Ailleurs", ok()).await;
    let mut citizen = Citizen::new();
    let first = one.sign_in(&journey, &mut citizen, "angela").await;
    let second = two.join(&mut citizen).await;
    assert_eq!(journey.scene.providers.sessions(ProviderId::Impots), 1);

    // RP-Initiated Logout §3: the exact state, of 128 characters, and nothing else.
    let state: String = ('!'..='~').cycle().take(128).collect();
    let mut citizen = citizen.stopping_at(&one.bye);
    let back = citizen.open(&one.logout(&first, &state)).await.unwrap();
    assert!(back.url.as_str().starts_with(&one.bye), "{}", back.brief());
    let parameters: Vec<_> = back.url.query_pairs().into_owned().collect();
    assert_eq!(parameters, [("state".to_owned(), state)]);
    is_signed_out(&one.service, &citizen).await;
    is_signed_out(&two.service, &citizen).await;
    assert_eq!(journey.scene.providers.sessions(ProviderId::Impots), 0, "the session at the provider is over too");

    let (heard, answered) = (one.told(ok()).await, Mood::Answers(StatusCode::NO_CONTENT));
    let of_one = one.verify(&heard, &claims(&one.service, &first).await).await;
    let of_two = two.verify(&two.told(answered).await, &claims(&two.service, &second).await).await;
    for name in ["sub", "sid"] {
        assert_ne!(of_one[name], of_two[name], "each knows the citizen, and the session, by a name of its own");
    }
    assert!(two.service.verify_jwt(heard.token()).await.is_err(), "a token is for one relying party");
    assert!(stranger.receiver.received().is_empty());
    assert_eq!((one.receiver.received().len(), two.receiver.received().len()), (1, 1), "told once");
}

#[tokio::test]
async fn a_relying_party_that_is_down_is_told_once_it_is_back_with_a_fresh_token() {
    let journey = Journey::start().await;
    let down = Mood::Answers(StatusCode::SERVICE_UNAVAILABLE);
    let (one, refusing) = (
        Hearing::register(&journey, "Ville", down).await,
        Hearing::register(&journey, "Port", Mood::Answers(StatusCode::BAD_REQUEST)).await,
    );
    let mut citizen = Citizen::new();
    let tokens = one.sign_in(&journey, &mut citizen, "angela").await;
    refusing.join(&mut citizen).await;
    citizen.stopping_at(&one.bye).open(&one.logout(&tokens, "s")).await.unwrap();
    let missed = one.told(down).await;
    one.receiver.set(ok());
    let heard = one.told(ok()).await;
    let id_token = claims(&one.service, &tokens).await;
    let (missed, heard) = (one.verify(&missed, &id_token).await, one.verify(&heard, &id_token).await);
    assert_ne!(missed["jti"], heard["jti"], "each attempt has a token of its own");
    assert!(missed["iat"].as_i64() <= heard["iat"].as_i64());
    assert_eq!(refusing.receiver.received().len(), 1, "what is refused is not said again");
}

#[tokio::test]
async fn a_logout_token_is_verified_by_an_unrelated_library_by_each_algorithm() {
    or_skip!(node_file("jose/package.json"));
    let journey = Journey::start().await;
    for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
        let receiver = Receiver::start(ok()).await;
        let mut metadata = RelyingParty::ordinary(algorithm);
        metadata["backchannel_logout_uri"] = receiver.uri().into();
        metadata["id_token_signed_response_alg"] = algorithm.into();
        let service = journey.register(&metadata).await;
        let bye = metadata["post_logout_redirect_uris"][0].as_str().unwrap().to_owned();
        let hearing = Hearing { service, receiver, bye };
        let mut citizen = Citizen::new();
        let tokens = hearing.sign_in(&journey, &mut citizen, "angela").await;
        citizen.stopping_at(&hearing.bye).open(&hearing.logout(&tokens, "s")).await.unwrap();
        let heard = hearing.told(ok()).await;
        let header = jsonwebtoken::decode_header(heard.token()).unwrap();
        assert_eq!(format!("{:?}", header.alg), algorithm, "signed as the client's ID tokens are");
        let read = jose_reads_logout_token(&hearing.service, heard.token()).await.unwrap().unwrap();
        assert_eq!(read, hearing.verify(&heard, &claims(&hearing.service, &tokens).await).await);
    }
}

#[tokio::test]
async fn one_that_hangs_delays_neither_the_others_nor_the_citizen() {
    let journey = Journey::start().await;
    let (hangs, other) =
        (Hearing::register(&journey, "Ville", Mood::Hangs).await, Hearing::register(&journey, "Port", ok()).await);
    let mut citizen = Citizen::new();
    let tokens = hangs.sign_in(&journey, &mut citizen, "angela").await;
    other.join(&mut citizen).await;
    let back = citizen.stopping_at(&hangs.bye).open(&hangs.logout(&tokens, "s")).await.unwrap();
    assert_eq!(back.parameter("state").as_deref(), Some("s"), "{}", back.brief());
    other.told(ok()).await;
    let first = hangs.told(Mood::Hangs).await;
    assert_eq!(hangs.receiver.received(), [first], "it was asked once and still has not answered");
}

#[tokio::test]
async fn another_citizen_in_the_same_browser_ends_the_session_of_the_first() {
    let journey = Journey::start().await;
    let (one, two) =
        (Hearing::register(&journey, "Ville", ok()).await, Hearing::register(&journey, "Port", ok()).await);
    let mut citizen = Citizen::new();
    let first = one.sign_in(&journey, &mut citizen, "angela").await;
    let again = two.sign_in(&journey, &mut citizen, "angela").await;
    let (first, again) = (claims(&one.service, &first).await, claims(&two.service, &again).await);
    assert_ne!(first["sid"], again["sid"], "a sign-in anew is another session");

    let keiko = two.sign_in(&journey, &mut citizen, "keiko").await;
    one.verify(&one.told(ok()).await, &first).await;
    two.verify(&two.told(ok()).await, &again).await;
    assert_eq!(one.receiver.received().len(), 1, "signing in anew had told nobody anything");
    citizen.stopping_at(&two.bye).open(&two.logout(&keiko, "s")).await.unwrap();
    let keiko = claims(&two.service, &keiko).await;
    let last = eventually("the second logout", async || two.receiver.received().get(1).cloned()).await;
    two.verify(&last, &keiko).await;
    assert_eq!(one.receiver.received().len(), 1, "she was never there");
}

#[tokio::test]
async fn a_relying_party_that_knows_two_sessions_of_a_browser_is_told_of_both() {
    let journey = Journey::start().await;
    let one = Hearing::register(&journey, "Ville", ok()).await;
    let mut citizen = Citizen::new();
    let first = one.sign_in(&journey, &mut citizen, "angela").await;
    let again = one.sign_in(&journey, &mut citizen, "angela").await;
    citizen.stopping_at(&one.bye).open(&one.logout(&again, "s")).await.unwrap();
    let heard = eventually("both logouts", async || {
        let heard = one.receiver.received();
        (heard.len() == 2).then_some(heard)
    })
    .await;
    let mut told = Vec::new();
    for received in heard {
        told.push(one.service.verify_jwt(received.token()).await.unwrap()["sid"].clone());
    }
    for tokens in [first, again] {
        let id_token = claims(&one.service, &tokens).await;
        assert!(told.contains(&id_token["sid"]), "{told:?} holds {}", id_token["sid"]);
    }
}

#[tokio::test]
async fn a_logout_ends_the_session_at_the_provider_which_asks_for_the_password_again() {
    let no_prompt: toml::Table = "request_prompt_login = false".parse().unwrap();
    let provider_overrides = ProviderId::ALL.map(|id| (id, no_prompt.clone())).to_vec();
    let journey = Journey::set(Setting { provider_overrides, ..Setting::default() }).await;
    let door = format!("{}/callback", journey.scene.gateway.issuer());
    for (provider, level) in [(ProviderId::Impots, "eidas1"), (ProviderId::IdentiteNumerique, "eidas3")] {
        let mut citizen = journey.citizen();
        let ask = journey.ask().with("acr_values", level);
        let login = journey.to_login(&mut citizen, &ask, provider).await;
        let inform = citizen.sign_in(&login, "angela", conformance::people::PASSWORD).await.unwrap();
        let back = accept(&mut citizen, &expect(inform, "inform")).await;
        journey.service.finish(&ask, &back).await.unwrap();
        let at_provider = citizen.clone().stopping_at(&door).open(login.url.as_str()).await.unwrap();
        assert!(at_provider.parameter("code").is_some(), "the provider knows them: {}", at_provider.brief());

        let question = citizen.open(&journey.service.metadata.end_session_endpoint).await.unwrap();
        let yes = "form[data-step=confirm-logout] button[value=yes]";
        let page = citizen.press(&expect(question, "confirm-logout"), yes, &[]).await.unwrap();
        let page = expect(page, "logged-out");
        let trail: Vec<_> = page.trail.iter().map(|url| url.path().to_owned()).collect();
        let expected =
            ["/end-session".to_owned(), format!("/{provider}/end-session"), format!("/callback/{provider}/logged-out")];
        assert_eq!(trail, expected, "the gateway's own logout comes first");
        expect(citizen.open(login.url.as_str()).await.unwrap(), "login");
        assert_eq!(journey.scene.providers.sessions(provider), 0);
        expect(citizen.open(page.url.as_str()).await.unwrap(), "logged-out");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_or_switched_off_for_logout_strands_nobody() {
    let off = "logout = false".parse().unwrap();
    let quick: toml::Table = "timeout_ms = 500".parse().unwrap();
    let overrides = vec![(ProviderId::Poste, off), (ProviderId::Impots, quick)];
    let journey = Journey::set(Setting { provider_overrides: overrides, ..Setting::default() }).await;
    let one = Hearing::register(&journey, "Ville", ok()).await;
    let mut citizen = citizen_of(&one.service);
    let ask = one.service.ask("openid profile");
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Poste, "angela").await;
    let tokens = one.service.finish(&ask, &back).await.unwrap();
    let gone = citizen.stopping_at(&one.bye).open(&one.logout(&tokens, "s")).await.unwrap();
    assert_eq!(gone.trail.len(), 1, "straight back: {}", gone.brief());
    assert_eq!(journey.scene.providers.sessions(ProviderId::Poste), 1);

    let mut citizen = Citizen::new();
    let tokens = one.sign_in(&journey, &mut citizen, "angela").await;
    let mut returns = Vec::new();
    for _ in 0..5 {
        let mut other = citizen_of(&one.service);
        let answer = journey.held(&mut other, &one.service.ask("openid"), ProviderId::Impots, "keiko").await;
        returns.push((other, answer));
    }
    journey.scene.providers.set(ProviderId::Impots, Fault::Hang);
    for (mut other, answer) in returns {
        other.open(answer.as_str()).await.unwrap();
    }
    let gone = citizen.stopping_at(&one.bye).open(&one.logout(&tokens, "s")).await.unwrap();
    assert!(gone.url.as_str().starts_with(&one.bye), "{}", gone.brief());
    assert_eq!(gone.trail.len(), 1, "nobody is sent to a provider that does not answer: {}", gone.brief());
}

#[tokio::test]
async fn a_return_from_a_provider_that_nobody_was_sent_to_says_nothing_untrue() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    journey.service.finish(&ask, &back).await.unwrap();
    let issuer = journey.scene.gateway.issuer();
    for forged in ["", "?state=x", &format!("?state={}", conformance::random::token())] {
        let url = format!("{issuer}/callback/impots/logged-out{forged}");
        let page = expect(citizen.open(&url).await.unwrap(), "problem");
        assert_eq!(page.code().as_deref(), Some("P203"), "{forged}");
        expect(Citizen::new().open(&url).await.unwrap(), "logged-out");
    }
    let silent = citizen.open(&journey.ask().with("prompt", "none").url()).await.unwrap();
    assert!(silent.parameter("code").is_some(), "still signed in: {}", silent.brief());
}
