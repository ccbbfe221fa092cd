//! The SDK at the real gateway, in the parts that the demo commune does not use: encrypted tokens, signed requests, tokens
//! that are kept, renewed and shown to a data provider, and logouts that it is told of.

use conformance::citizen::{Citizen, Page};
use conformance::data_provider::{DataProvider, Demand};
use conformance::gateway::Standing;
use conformance::jose::{Algorithm, SigningKey};
use conformance::people::PASSWORD;
use conformance::relying_party::RelyingParty;
use conformance::scene::{Scene, Setting};
use conformance::site::{Site, listen};
use conformance::upstream::ProviderId;
use relying_party_sdk::axum::{Citizen as SignedIn, SignIn};
use relying_party_sdk::{
    Client, ClientKey, CookieKey, Credentials, DecryptionKey, Error, KeyEncryption, Level, Login, PendingLogin, Prompt,
    Registration, ResourceAnswer, Scope, Session, SigningAlgorithm, StepUp,
};
use serde_json::{Value, json};
use url::Url;

use crate::journey::{accept, choose, eventually, expect};

/// A site at the gateway, and what was registered for it.
struct Town {
    client: Client,
    callback: String,
}

impl Town {
    /// Registers `metadata` and lets the site be what `wanted` makes of it.
    async fn register(scene: &Scene, metadata: &Value, wanted: impl FnOnce(Registration) -> Registration) -> Self {
        let installation = scene.gateway.installation();
        let imported = installation.import(metadata).await.unwrap();
        installation.until(&imported.client_id, Standing::Served).await.unwrap();
        let callback = metadata["redirect_uris"][0].as_str().unwrap().to_owned();
        let credentials = Credentials::secret_basic(imported.client_secret.unwrap_or_default());
        let issuer = scene.gateway.issuer();
        let registration = Registration::new(issuer, &imported.client_id, credentials, &callback).unwrap();
        let registration = wanted(registration.with_id_token_signed_by(SigningAlgorithm::Es256));
        Self { client: Client::discover(registration).await.unwrap(), callback }
    }

    /// Signs angela in through a provider that she has to choose.
    async fn sign_in(&self, login: &Login, provider: ProviderId) -> Result<Session, Error> {
        let departure = self.client.login(login).await?;
        let mut citizen = Citizen::new().stopping_at(&self.callback);
        let chooser = expect(citizen.open(departure.url.as_str()).await.unwrap(), "choose");
        let page = choose(&mut citizen, &chooser, provider).await;
        let inform = expect(citizen.sign_in(&page, "angela", PASSWORD).await.unwrap(), "inform");
        let back = accept(&mut citizen, &inform).await;
        self.back(departure.pending, &back).await
    }

    async fn back(&self, pending: PendingLogin, page: &Page) -> Result<Session, Error> {
        self.client.callback(pending, page.url.query().unwrap_or_default()).await
    }

    /// What a data provider answers to the session's token, after one more call when it wants its nonce.
    async fn call(&self, session: &Session, address: &str) -> (ResourceAnswer, Value) {
        let (url, http) = (Url::parse(address).unwrap(), reqwest::Client::builder().no_proxy().build().unwrap());
        let token = session.access_token().expect("tokens are kept");
        for _ in 0..2 {
            let mut request = http.get(url.clone());
            for (name, value) in self.client.resource_headers(token, "GET", &url).unwrap() {
                request = request.header(name, value);
            }
            let answer = request.send().await.unwrap();
            let headers: Vec<_> =
                answer.headers().iter().map(|(name, value)| (name, value.to_str().unwrap())).collect();
            let named = headers.iter().map(|(name, value)| (name.as_str(), *value));
            let meant = self.client.resource_answer(&url, answer.status().as_u16(), named);
            if meant != ResourceAnswer::NonceWanted {
                return (meant, answer.json().await.unwrap_or_default());
            }
        }
        panic!("the provider is never content with its nonce");
    }
}

fn asked() -> Login {
    Login::at_least(Level::Low).with_scopes([Scope::PROFILE])
}

/// Metadata of a site whose ID tokens are ES256, with `more`.
fn metadata(name: &str, more: &Value) -> Value {
    let mut metadata = RelyingParty::ordinary(name);
    metadata["id_token_signed_response_alg"] = json!("ES256");
    for (field, value) in more.as_object().unwrap() {
        metadata[field] = value.clone();
    }
    metadata
}

#[tokio::test]
async fn the_sdk_reads_tokens_that_the_gateway_encrypted_to_it_in_each_way() {
    let scene = Scene::set(Setting::default()).await;
    for encryption in [KeyEncryption::EcdhEs, KeyEncryption::EcdhEsA256kw, KeyEncryption::RsaOaep256] {
        let key = SigningKey::generate(match encryption {
            KeyEncryption::EcdhEs | KeyEncryption::EcdhEsA256kw => Algorithm::Es256,
            KeyEncryption::RsaOaep256 => Algorithm::Rs256,
        });
        let own = || DecryptionKey::from_pem(&key.private_pem(), "lecture", encryption).unwrap();
        let credentials = Credentials::secret_basic("unused here");
        let registration = Registration::new(scene.gateway.issuer(), "nobody", credentials, "http://localhost:1/back");
        let published = registration.unwrap().with_id_token_encrypted_to(own()).public_keys();
        let mut encrypted = json!({"jwks": published, "userinfo_signed_response_alg": "ES256"});
        for what in ["id_token", "userinfo"] {
            encrypted[format!("{what}_encrypted_response_alg")] = json!(encryption.name());
            encrypted[format!("{what}_encrypted_response_enc")] = json!("A256GCM");
        }
        let town = Town::register(&scene, &metadata("Ville discrète", &encrypted), |registration| {
            let signed = registration.with_userinfo_signed_by(SigningAlgorithm::Es256);
            signed.with_id_token_encrypted_to(own()).with_userinfo_encrypted_to(own())
        })
        .await;
        let session = town.sign_in(&asked(), ProviderId::Impots).await.unwrap();
        assert_eq!(session.identity().family_name(), Some("DUBOIS"), "{}", encryption.name());
    }
}

#[tokio::test]
async fn the_sdk_signs_its_requests_and_the_gateway_takes_no_other_of_it() {
    let scene = Scene::set(Setting::default()).await;
    let key = SigningKey::generate(Algorithm::Es256);
    let own = || ClientKey::from_pem(&key.private_pem(), key.kid()).unwrap();
    let signed = json!({"jwks": {"keys": [key.public_jwk()]}, "require_signed_request_object": true});
    let metadata = metadata("Ville qui signe", &signed);
    for pushed in [false, true] {
        let town = Town::register(&scene, &metadata, |registration| {
            let signing = registration.with_signed_requests(own());
            if pushed { signing.with_pushed_requests() } else { signing }
        })
        .await;
        // a number, and with it the one parameter of a request object that is no text
        let recent = asked().with_max_age(std::time::Duration::from_mins(5));
        let session = town.sign_in(&recent, ProviderId::Impots).await.unwrap();
        assert_eq!(session.identity().family_name(), Some("DUBOIS"));
    }
    let careless = Town::register(&scene, &metadata, |registration| registration).await;
    let departure = careless.client.login(&asked()).await.unwrap();
    let mut citizen = Citizen::new().stopping_at(&careless.callback);
    let back = citizen.open(departure.url.as_str()).await.unwrap();
    let refused = careless.back(departure.pending, &back).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
}

/// A site that keeps its tokens, and a data provider it may ask.
async fn with_provider(scene: &Scene, more: &Value) -> (DataProvider, Value) {
    let installation = scene.gateway.installation();
    let tax = DataProvider::open(installation, "API Impôts", "openid dgfip_rfr", &json!({})).await.unwrap();
    let mut metadata = metadata("Ville sociale", more);
    metadata["scope"] = json!("openid profile dgfip_rfr offline_access");
    metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
    metadata["passerelle"]["resources"] = json!([tax.resource()]);
    (tax, metadata)
}

fn for_the_tax(tax: &DataProvider) -> Login {
    asked().with_scopes([Scope::named("dgfip_rfr").unwrap()]).with_resource(tax.resource()).unwrap()
}

#[tokio::test]
async fn the_sdk_shows_a_token_to_a_data_provider_and_comes_back_surer_when_it_is_asked_to() {
    let scene = Scene::set(Setting::default()).await;
    let (tax, metadata) = with_provider(&scene, &json!({})).await;
    let town = Town::register(&scene, &metadata, Registration::with_tokens_kept).await;
    let login = for_the_tax(&tax);
    let weak = town.sign_in(&login, ProviderId::Impots).await.unwrap();
    let (answer, data) = town.call(&weak, tax.resource()).await;
    assert_eq!((answer, &data["data"]), (ResourceAnswer::Taken, &json!(["dgfip_rfr"])));

    tax.demand(Demand { acr: Some("eidas2"), max_age: None });
    let (answer, _) = town.call(&weak, tax.resource()).await;
    let ResourceAnswer::StepUp(step_up) = answer else { panic!("{answer:?}") };
    assert_eq!(step_up.level(), Some(Level::Substantial));
    assert_eq!(StepUp::parse("Bearer error=\"invalid_token\""), None);
    let strong = town.sign_in(&login.stepped_up(step_up), ProviderId::Poste).await.unwrap();
    assert_eq!(strong.identity().level(), Level::Substantial);
    let (answer, data) = town.call(&strong, tax.resource()).await;
    assert_eq!((answer, &data["data"]), (ResourceAnswer::Taken, &json!(["dgfip_rfr"])));
}

#[tokio::test]
async fn the_sdk_renews_its_tokens_whether_they_rotate_or_are_bound() {
    let scene = Scene::set(Setting::default()).await;
    let key = SigningKey::generate(Algorithm::Es256);
    let bound = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.public_jwk()]},
        "dpop_bound_access_tokens": true, "require_pushed_authorization_requests": true,
    });
    for more in [json!({}), bound] {
        let (tax, mut metadata) = with_provider(&scene, &more).await;
        let is_bound = more.get("jwks").is_some();
        let town = if is_bound {
            metadata["passerelle"]["profile"] = json!("fapi2");
            let installation = scene.gateway.installation();
            let imported = installation.import(&metadata).await.unwrap();
            installation.until(&imported.client_id, Standing::Served).await.unwrap();
            let callback = metadata["redirect_uris"][0].as_str().unwrap().to_owned();
            let credentials = Credentials::private_key_jwt(&key.private_pem(), key.kid()).unwrap();
            let issuer = scene.gateway.issuer();
            let registration = Registration::new(issuer, &imported.client_id, credentials, &callback).unwrap();
            let client = Client::discover(registration.with_fapi2().with_tokens_kept()).await.unwrap();
            Town { client, callback }
        } else {
            Town::register(&scene, &metadata, Registration::with_tokens_kept).await
        };
        let login = for_the_tax(&tax).with_scopes([Scope::OFFLINE_ACCESS]).with_prompt(Prompt::Consent);
        let first = town.sign_in(&login, ProviderId::Impots).await.unwrap();
        let second = town.client.refresh(&first).await.unwrap();
        assert_eq!(second.access_token().unwrap().is_bound(), is_bound);
        assert_eq!((second.sid(), second.identity().subject()), (first.sid(), first.identity().subject()));
        let (answer, data) = town.call(&second, tax.resource()).await;
        assert_eq!((answer, &data["data"]), (ResourceAnswer::Taken, &json!(["dgfip_rfr"])));
        let spent = town.client.refresh(&first).await;
        if is_bound {
            assert!(spent.is_ok(), "a bound token stays: {spent:?}");
        } else {
            assert!(matches!(spent, Err(Error::TokenRefused { .. })), "{spent:?}");
            let (answer, _) = town.call(&second, tax.resource()).await;
            assert_eq!(answer, ResourceAnswer::TokenRefused, "the family ended");
        }
    }
}

#[tokio::test]
async fn the_sdk_ends_its_session_when_the_gateway_tells_it_of_a_logout() {
    let scene = Scene::set(Setting::default()).await;
    let listener = listen(0).await.unwrap();
    let base = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let told = json!({
        "redirect_uris": [format!("{base}/callback")], "post_logout_redirect_uris": [format!("{base}/bye")],
        // what listens on loopback has an address of its own there
        "backchannel_logout_uri": format!("http://{}/told", listener.local_addr().unwrap()),
        "backchannel_logout_session_required": true,
    });
    let town = Town::register(&scene, &metadata("Ville avertie", &told), |registration| registration).await;
    let sign_in = SignIn::new(town.client.clone(), CookieKey::generate(), asked()).unwrap();
    let sign_in = sign_in.with_backchannel_logout("/told", |_| async { Ok(()) }).unwrap();
    let page = async |citizen: Option<SignedIn>| match citizen {
        Some(SignedIn(citizen)) => axum::response::Html(format!("<main data-page=known>{}</main>", citizen.level())),
        None => axum::response::Html("<main data-page=unknown></main>".to_owned()),
    };
    let pages = axum::Router::new().route("/", axum::routing::get(page)).with_state(sign_in.clone());
    let _site = Site::serve(listener, pages.merge(sign_in.router()));

    let mut citizen = Citizen::new();
    let chooser = expect(citizen.open(&format!("{base}/login")).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    expect(accept(&mut citizen, &inform).await, "known");

    // Not from the site: she goes to the gateway itself and says that she leaves.
    let asked = citizen.open(&format!("{}/end-session", scene.gateway.issuer())).await.unwrap();
    citizen.press(&asked, "form[data-step=confirm-logout] button[value=yes]", &[]).await.unwrap();
    eventually("the end of the session at the site", async || {
        let page = citizen.open(&format!("{base}/")).await.unwrap();
        (page.name().as_deref() == Some("unknown")).then_some(())
    })
    .await;
}
