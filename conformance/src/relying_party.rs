//! A relying party without the SDK: each request is built by hand, so that each part of it can be wrong.

use anyhow::{Context as _, ensure};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::citizen::Page;
use crate::gateway::{Imported, Installation, Standing};
use crate::jose;
use crate::{audit, clock, random};

/// How a client assertion is announced (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The claims of an honest client assertion (RFC 7523 §3).
pub fn assertion_claims(client: &str, audience: &str) -> Value {
    let now = clock::now();
    json!({ "iss": client, "sub": client, "aud": audience, "jti": random::token(), "iat": now, "exp": now + 60 })
}

/// What the gateway publishes about itself, as far as a relying party needs it (OIDC Discovery §3).
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// Issuer.
    pub issuer: String,
    /// Authorization endpoint.
    pub authorization_endpoint: String,
    /// Token endpoint.
    pub token_endpoint: String,
    /// Userinfo endpoint.
    pub userinfo_endpoint: String,
    /// Keys.
    pub jwks_uri: String,
    /// Logout endpoint.
    pub end_session_endpoint: String,
    /// Introspection endpoint (RFC 8414 §2).
    #[serde(default)]
    pub introspection_endpoint: String,
    /// Where authorization requests are pushed (RFC 9126 §5), if they can be.
    #[serde(default)]
    pub pushed_authorization_request_endpoint: String,
    /// Where tokens are given back (RFC 8414 §2), if they can be.
    #[serde(default)]
    pub revocation_endpoint: String,
}

/// A registered relying party. Nothing listens at its redirect URI: the citizen stops there.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    /// What the gateway published.
    pub metadata: Metadata,
    /// Its client id.
    pub client_id: String,
    /// Its secret, when it has one.
    pub secret: Option<String>,
    /// Its redirect URI.
    pub redirect_uri: String,
    /// Where it shows its secret.
    pub shows_secret: SecretIn,
    http: reqwest::Client,
}

/// Where a relying party shows its secret at the token endpoint (OIDC Core §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretIn {
    /// `client_secret_basic`.
    Header,
    /// `client_secret_post`.
    Body,
}

/// Tokens of one sign-in.
#[derive(Debug, Clone, Deserialize)]
pub struct Tokens {
    /// Access token.
    pub access_token: String,
    /// ID token, as it came.
    pub id_token: String,
    /// `Bearer`, for whoever proves no key.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
    /// Refresh token, when one came.
    pub refresh_token: Option<String>,
}

/// One authorization request, with what must be remembered until its answer.
#[derive(Debug, Clone)]
pub struct Ask {
    endpoint: String,
    parameters: Vec<(String, String)>,
    /// `state` sent.
    pub state: String,
    /// `nonce` sent.
    pub nonce: String,
    /// PKCE verifier kept.
    pub verifier: String,
}

impl RelyingParty {
    /// Metadata of an ordinary public service named `name`, to adapt before [`RelyingParty::register`].
    pub fn ordinary(name: &str) -> Value {
        let port = crate::site::free_port();
        json!({
            "client_name": name,
            "client_name#en": name,
            "client_uri": format!("http://localhost:{port}"),
            "redirect_uris": [format!("http://localhost:{port}/callback")],
            "post_logout_redirect_uris": [format!("http://localhost:{port}/bye")],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": "openid profile birth email",
            "default_acr_values": ["eidas1"],
            "contacts": ["contact@exemple.fr"], "passerelle": { "kind": "public" },
        })
    }

    /// Registers `metadata` at a gateway and reads what the gateway publishes.
    pub async fn register(installation: &Installation, metadata: &Value) -> anyhow::Result<Self> {
        let Imported { client_id, client_secret } = installation.import(metadata).await?;
        installation.until(&client_id, Standing::Served).await?;
        let redirect_uri = metadata["redirect_uris"][0].as_str().context("a redirect URI")?.to_owned();
        let party = Self::known(installation.issuer(), client_id, client_secret, redirect_uri).await?;
        let posts = metadata["token_endpoint_auth_method"] == "client_secret_post";
        Ok(Self { shows_secret: if posts { SecretIn::Body } else { SecretIn::Header }, ..party })
    }

    /// A party that `issuer` knows already; reads what the issuer publishes.
    pub async fn known(
        issuer: &str,
        client_id: String,
        secret: Option<String>,
        redirect_uri: String,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let discovery = format!("{issuer}/.well-known/openid-configuration");
        let metadata: Metadata = http.get(discovery).send().await?.error_for_status()?.json().await?;
        ensure!(metadata.issuer == issuer, "the published issuer is the configured one");
        secret.as_deref().into_iter().for_each(audit::secret);
        Ok(Self { metadata, client_id, secret, redirect_uri, shows_secret: SecretIn::Header, http })
    }

    /// An honest authorization request for `scope`.
    pub fn ask(&self, scope: &str) -> Ask {
        let (state, nonce, verifier) = (random::token(), random::token(), random::token());
        let challenge = jose::sha256(&verifier);
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
            ("acr_values", "eidas1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Ask { endpoint: self.metadata.authorization_endpoint.clone(), parameters, state, nonce, verifier }
    }

    /// Sends a form to the token endpoint with this party's credentials.
    pub async fn token_request(&self, form: &[(&str, &str)]) -> anyhow::Result<reqwest::Response> {
        let request = self.http.post(&self.metadata.token_endpoint);
        let request = match self.shows_secret {
            SecretIn::Header => {
                let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request.basic_auth(encode(&self.client_id), self.secret.as_deref().map(encode)).form(form)
            }
            SecretIn::Body => {
                let secret = self.secret.as_deref().unwrap_or_default();
                request.form(&[form, &[("client_id", &self.client_id), ("client_secret", secret)]].concat())
            }
        };
        Ok(request.send().await?)
    }

    /// Redeems `code` honestly and returns the answer, good or bad.
    pub async fn redeem(&self, ask: &Ask, code: &str) -> anyhow::Result<reqwest::Response> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &ask.verifier),
        ];
        self.token_request(&form).await
    }

    /// Takes the citizen's return as an honest party does: state, issuer, code, tokens.
    pub async fn finish(&self, ask: &Ask, back: &Page) -> anyhow::Result<Tokens> {
        ensure!(back.url.as_str().starts_with(&self.redirect_uri), "not at the service but at {}", back.brief());
        let parameter = |name: &str| back.parameter(name).map(Value::from).unwrap_or_default();
        let names = ["error", "state", "iss", "code"];
        let response: Map<_, _> = names.iter().map(|name| ((*name).to_owned(), parameter(name))).collect();
        self.take(ask, &Value::Object(response)).await
    }

    /// Takes an authorization response, however it came: its parameters by name.
    pub async fn take(&self, ask: &Ask, response: &Value) -> anyhow::Result<Tokens> {
        ensure!(response["error"].is_null(), "an error came back: {response}");
        ensure!(response["state"] == ask.state.as_str(), "state is another: {response}");
        ensure!(response["iss"] == self.metadata.issuer.as_str(), "iss is another: {response}");
        let answer = self.redeem(ask, response["code"].as_str().context("a code")?).await?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "the token endpoint answered {status}: {body}");
        let tokens: Tokens = serde_json::from_str(&body).with_context(|| format!("tokens: {body}"))?;
        [&tokens.access_token, &tokens.id_token]
            .into_iter()
            .chain(&tokens.refresh_token)
            .for_each(|it| audit::secret(it));
        Ok(tokens)
    }

    /// The claims of an ID token, verified with the published keys (OIDC Core §3.1.3.7).
    pub async fn verify(&self, ask: &Ask, tokens: &Tokens) -> anyhow::Result<Value> {
        let claims = self.verify_jwt(&tokens.id_token).await?;
        ensure!(claims["nonce"] == ask.nonce.as_str(), "nonce is another");
        ensure!(claims["at_hash"] == jose::half_hash(&tokens.access_token), "at_hash is another");
        Ok(claims)
    }

    /// The published keys, as they came.
    pub async fn keys(&self) -> anyhow::Result<Value> {
        Ok(self.http.get(&self.metadata.jwks_uri).send().await?.error_for_status()?.json().await?)
    }

    /// The claims of any token signed by the gateway for this party.
    pub async fn verify_jwt(&self, token: &str) -> anyhow::Result<Value> {
        let keys: JwkSet = serde_json::from_value(self.keys().await?)?;
        let header = jsonwebtoken::decode_header(token)?;
        let key = keys.find(header.kid.as_deref().context("a kid")?).context("the key is published")?;
        let mut strict = Validation::new(header.alg);
        strict.leeway = 0;
        strict.set_required_spec_claims(&["iss", "aud"]);
        strict.set_issuer(&[&self.metadata.issuer]);
        strict.set_audience(&[&self.client_id]);
        Ok(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key)?, &strict)?.claims)
    }

    /// The answer of the userinfo endpoint to an access token.
    pub async fn userinfo(&self, access_token: &str) -> anyhow::Result<reqwest::Response> {
        Ok(self.http.get(&self.metadata.userinfo_endpoint).bearer_auth(access_token).send().await?)
    }

    /// Calls a data provider with an access token.
    pub async fn fetch(&self, resource: &str, access_token: &str) -> anyhow::Result<reqwest::Response> {
        Ok(self.http.get(resource).bearer_auth(access_token).send().await?)
    }

    /// Sends a form to another endpoint of the gateway, with the secret in the header.
    pub async fn post(&self, endpoint: &str, form: &[(&str, &str)]) -> anyhow::Result<reqwest::Response> {
        let request = self.http.post(endpoint).basic_auth(&self.client_id, self.secret.as_deref());
        Ok(request.form(form).send().await?)
    }

    /// The claims of a plain JSON userinfo answer.
    pub async fn claims(&self, tokens: &Tokens) -> anyhow::Result<Value> {
        Ok(self.userinfo(&tokens.access_token).await?.error_for_status()?.json().await?)
    }
}

impl Ask {
    /// The same request with one parameter set to another value, or added.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.and(name, value)
    }

    /// The same request with one parameter more, even when it is there already.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(key, _)| key != name);
        self
    }

    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The address that the citizen opens.
    ///
    /// # Panics
    /// When the published endpoint is no address.
    pub fn url(&self) -> String {
        let url = Url::parse_with_params(&self.endpoint, &self.parameters);
        url.expect("a published endpoint is an address").into()
    }

    /// The same as the fields of a form.
    pub fn form(&self) -> Vec<(&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The same as the body of a form.
    pub fn body(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish()
    }
}
