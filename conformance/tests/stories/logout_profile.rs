//! RP-initiated logout as the certification profile runs it (OIDC RP-Initiated Logout 1.0), module by module.

use conformance::citizen::{Citizen, Page};
use conformance::relying_party::{RelyingParty, Tokens};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use url::Url;

use crate::journey::{Journey, citizen_of, eventually, expect};

const YES: &str = "form[data-step=confirm-logout] button[value=yes]";
const NO: &str = "form[data-step=confirm-logout] button[value=no]";

/// A citizen signed in at a service, to be logged out in one way.
struct Desk {
    journey: Journey,
    bye: String,
}

impl Desk {
    async fn open(setting: Setting) -> Self {
        let journey = Journey::set(setting).await;
        let bye = journey.service.redirect_uri.replace("/callback", "/bye");
        Self { journey, bye }
    }

    fn service(&self) -> &RelyingParty {
        &self.journey.service
    }

    async fn signed_in(&self) -> (Citizen, Tokens) {
        let (ask, mut citizen) = (self.journey.ask(), citizen_of(self.service()));
        let back = self.journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let tokens = self.service().finish(&ask, &back).await.unwrap();
        (citizen.stopping_at(&self.bye), tokens)
    }

    fn url(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&self.service().metadata.end_session_endpoint).unwrap();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        url.into()
    }

    async fn silently(&self, citizen: &Citizen) -> Page {
        let mut citizen = citizen.clone().stopping_at(&self.service().redirect_uri);
        citizen.open(&self.journey.ask().with("prompt", "none").url()).await.unwrap()
    }

    async fn is_signed_out(&self, citizen: &Citizen) {
        let silent = self.silently(citizen).await;
        assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    }

    async fn is_signed_in(&self, citizen: &Citizen) {
        let silent = self.silently(citizen).await;
        assert!(silent.parameter("code").is_some(), "{}", silent.brief());
    }
}

#[tokio::test]
async fn without_a_hint_the_citizen_is_asked_then_logged_out_and_told_so() {
    let desk = Desk::open(Setting::default()).await;
    let bye = desk.bye.as_str();
    // -no-params, -only-state, -no-id-token-hint: a page, never a redirect.
    for parameters in [&[][..], &[("state", "s")], &[("post_logout_redirect_uri", bye), ("state", "s")]] {
        let (mut citizen, _) = desk.signed_in().await;
        let question = expect(citizen.open(&desk.url(parameters)).await.unwrap(), "confirm-logout");
        desk.is_signed_in(&citizen).await;
        let kept = expect(citizen.press(&question, NO, &[]).await.unwrap(), "logged-out");
        assert!(kept.url.path().ends_with("/end-session"), "{}", kept.brief());
        desk.is_signed_in(&citizen).await;
        let page = citizen.press(&question, YES, &[]).await.unwrap();
        expect(page, "logged-out");
        desk.is_signed_out(&citizen).await;
    }
}

#[tokio::test]
async fn a_named_client_is_gone_back_to_once_the_citizen_said_yes_and_never_before() {
    let desk = Desk::open(Setting::default()).await;
    let client = ("client_id", desk.service().client_id.as_str());
    let (to, state) = (("post_logout_redirect_uri", desk.bye.as_str()), ("state", "s 1"));
    let (mut citizen, _) = desk.signed_in().await;
    let question = expect(citizen.open(&desk.url(&[client, to, state])).await.unwrap(), "confirm-logout");
    let back = citizen.press(&question, YES, &[]).await.unwrap();
    assert_eq!(back.url.as_str(), format!("{}?state=s+1", desk.bye), "{}", back.brief());
    desk.is_signed_out(&citizen).await;
    // Without a session there is nobody to say yes: no redirect.
    expect(citizen.open(&desk.url(&[client, to, state])).await.unwrap(), "logged-out");

    let (mut citizen, _) = desk.signed_in().await;
    for bad in [format!("{}?x=1", desk.bye), "https://evil.example/".to_owned()] {
        let parameters = [client, ("post_logout_redirect_uri", bad.as_str())];
        let page = expect(citizen.open(&desk.url(&parameters)).await.unwrap(), "problem");
        assert_eq!(page.code().as_deref(), Some("P120"), "{bad}");
        desk.is_signed_in(&citizen).await;
    }
}

#[tokio::test]
async fn with_a_hint_the_way_back_is_taken_at_once_by_get_and_by_post() {
    let desk = Desk::open(Setting::default()).await;
    let (to, state) = (("post_logout_redirect_uri", desk.bye.as_str()), ("state", "s1"));
    // -no-state: none came, none goes.
    let (mut citizen, tokens) = desk.signed_in().await;
    let hint = ("id_token_hint", tokens.id_token.as_str());
    let back = citizen.open(&desk.url(&[hint, to])).await.unwrap();
    assert_eq!(back.url.as_str(), desk.bye, "{}", back.brief());
    desk.is_signed_out(&citizen).await;
    // The same hint, with its session over: straight back.
    let back = citizen.open(&desk.url(&[hint, to, state])).await.unwrap();
    assert_eq!(back.url.as_str(), format!("{}?state=s1", desk.bye));

    // -no-post-logout-redirect-uri.
    let (mut citizen, tokens) = desk.signed_in().await;
    expect(citizen.open(&desk.url(&[("id_token_hint", &tokens.id_token)])).await.unwrap(), "logged-out");
    desk.is_signed_out(&citizen).await;

    let (mut citizen, tokens) = desk.signed_in().await;
    let full = Url::parse(&desk.url(&[("id_token_hint", &tokens.id_token), to, state])).unwrap();
    let endpoint = desk.url(&[]);
    let back = citizen.post_from("https://ville.example/", &endpoint, full.query().unwrap()).await.unwrap();
    assert_eq!(back.url.as_str(), format!("{}?state=s1", desk.bye), "{}", back.brief());
    desk.is_signed_out(&citizen).await;
}

#[tokio::test]
async fn an_expired_hint_is_a_hint_and_one_of_another_session_asks_first() {
    let overrides = "lifetimes.id_token = 1".parse().unwrap();
    let desk = Desk::open(Setting { overrides, ..Setting::default() }).await;
    let (mut citizen, tokens) = desk.signed_in().await;
    eventually("the end of the ID token", async || {
        desk.service().verify_jwt(&tokens.id_token).await.is_err().then_some(())
    })
    .await;
    let to = ("post_logout_redirect_uri", desk.bye.as_str());
    let url = desk.url(&[("id_token_hint", &tokens.id_token), to]);
    let (mut other, _) = desk.signed_in().await;
    expect(other.open(&url).await.unwrap(), "confirm-logout");
    desk.is_signed_in(&other).await;
    let back = citizen.open(&url).await.unwrap();
    assert_eq!(back.url.as_str(), desk.bye, "{}", back.brief());
    desk.is_signed_out(&citizen).await;
}

#[tokio::test]
async fn a_second_click_on_the_logout_gets_the_answer_of_the_first() {
    let desk = Desk::open(Setting::default()).await;
    let (citizen, tokens) = desk.signed_in().await;
    let url = desk.url(&[("id_token_hint", &tokens.id_token), ("post_logout_redirect_uri", &desk.bye)]);
    // Both clicks leave the browser before either answer is there.
    let issuer = Url::parse(desk.journey.scene.gateway.issuer()).unwrap();
    let provider = desk.journey.scene.providers.issuer(ProviderId::Impots);
    let (mut first, mut second) = (citizen.clone().stopping_at(provider), citizen.clone().stopping_at(provider));
    let (first, second) = (first.open(&url).await.unwrap(), second.open(&url).await.unwrap());
    assert_eq!(first.url.origin(), Url::parse(provider).unwrap().origin(), "from {issuer}: {}", first.brief());
    assert_eq!(first.url, second.url);
}
