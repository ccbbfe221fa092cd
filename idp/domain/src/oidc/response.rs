//! The authorization response: where it goes, in which form, and what it says.
//!
//! It exists only for a registered redirect URI. Every form carries `state` and `iss` (RFC 9207); the signed ones carry
//! them, and everything else, inside the JWT alone (JARM §2.1).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::AuthorizeError;
use crate::client::{Client, RegisteredRedirect};
use crate::id::ClientId;
use crate::jose::SigningAlgorithm;
use crate::jose::jwe::KeyAlgorithm;
use crate::time::{Lifetime, Timestamp};

/// How long a signed response counts (JARM §2.1: ten minutes at most is recommended).
pub const JARM_LIFE: Lifetime = Lifetime::seconds(120);

/// How the parameters of a response travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseMode {
    place: Place,
    form: Form,
}

/// Where the parameters of a response stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the query.
    Query,
    /// In the fragment (OAuth 2.0 Multiple Response Types §5).
    Fragment,
    /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode §2).
    FormPost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Plain,
    Signed,
}

impl ResponseMode {
    /// Every `response_mode` there is, as discovery lists them.
    ///
    /// `fragment` is not among them: the code flow has no use for it, and a code that a script could have read travels on
    /// through whatever the relying party does with an answer it did not expect. Errors of front-channel response types
    /// alone go there.
    pub const NAMES: [&str; 5] = ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"];

    /// The mode of the code flow when none is asked for.
    pub const DEFAULT: Self = Self::plain(Place::Query);

    /// The unsigned mode of a place.
    pub const fn plain(place: Place) -> Self {
        Self { place, form: Form::Plain }
    }

    /// Reads a `response_mode`. `jwt` means the signed form of the default place (JARM §2.3.4).
    pub fn parse(name: &str) -> Option<Self> {
        let (place, form) = match name {
            "query" => (Place::Query, Form::Plain),
            "form_post" => (Place::FormPost, Form::Plain),
            "jwt" | "query.jwt" => (Place::Query, Form::Signed),
            "form_post.jwt" => (Place::FormPost, Form::Signed),
            _ => return None,
        };
        Some(Self { place, form })
    }

    /// Whether the response is signed.
    pub const fn is_signed(self) -> bool {
        match self.form {
            Form::Signed => true,
            Form::Plain => false,
        }
    }
}

/// Where an authorization response goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAddress {
    redirect: RegisteredRedirect,
    state: Option<String>,
    mode: ResponseMode,
    client: ClientId,
    algorithm: SigningAlgorithm,
    #[serde(default)]
    encryption: Option<KeyAlgorithm>,
}

/// A response on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationResponse {
    redirect: RegisteredRedirect,
    mode: ResponseMode,
    parameters: Vec<(Name, String)>,
    audience: ClientId,
    algorithm: SigningAlgorithm,
    #[serde(default)]
    encryption: Option<KeyAlgorithm>,
}

/// What has to be signed, and encrypted where the client registered that, before a response can be delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToProtect {
    /// For whom.
    pub audience: ClientId,
    /// The claims.
    pub claims: Value,
    /// What they are signed with.
    pub signing: SigningAlgorithm,
    /// How the signed token is encrypted, when it is.
    pub encryption: Option<KeyAlgorithm>,
}

/// The name of a parameter.
pub type Name = Cow<'static, str>;

/// What a browser is given to carry a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A redirect to this URL.
    Redirect(String),
    /// A form to post.
    Form {
        /// Where to.
        action: String,
        /// Its fields.
        fields: Vec<(Name, String)>,
    },
}

impl ReturnAddress {
    /// The address of a client. Its registration says how a signed response is protected.
    pub fn new(redirect: RegisteredRedirect, state: Option<String>, mode: ResponseMode, client: &Client) -> Self {
        let (algorithm, encryption) = (client.authorization_algorithm, client.encryption.authorization);
        Self { redirect, state, mode, client: client.id.clone(), algorithm, encryption }
    }

    /// The same address with another mode.
    #[must_use]
    pub fn in_mode(self, mode: ResponseMode) -> Self {
        Self { mode, ..self }
    }

    /// An error response.
    pub fn error(&self, issuer: &str, error: AuthorizeError, description: &'static str) -> AuthorizationResponse {
        let parameters = [("error", error.code()), ("error_description", description)];
        self.response(issuer, parameters.map(|(name, value)| (Name::from(name), value.to_owned())).to_vec())
    }

    /// A success response.
    pub fn code(&self, issuer: &str, code: &str) -> AuthorizationResponse {
        self.response(issuer, vec![("code".into(), code.to_owned())])
    }

    /// The redirect URI the response goes to.
    pub const fn redirect(&self) -> &RegisteredRedirect {
        &self.redirect
    }

    fn response(&self, issuer: &str, mut parameters: Vec<(Name, String)>) -> AuthorizationResponse {
        parameters.extend(self.state.clone().map(|state| ("state".into(), state)));
        parameters.push(("iss".into(), issuer.to_owned()));
        AuthorizationResponse {
            redirect: self.redirect.clone(),
            mode: self.mode,
            parameters,
            audience: self.client.clone(),
            algorithm: self.algorithm,
            encryption: self.encryption,
        }
    }
}

impl AuthorizationResponse {
    /// Whether it tells of an error: anybody can bring one about, and nobody has proved anything.
    pub fn is_error(&self) -> bool {
        self.parameters.iter().any(|(name, _)| name == "error")
    }

    /// What has to be signed before the response can be delivered; `None` for a plain mode.
    pub fn to_protect(&self, now: Timestamp) -> Option<ToProtect> {
        if !self.mode.is_signed() {
            return None;
        }
        let mut claims: Map<String, Value> =
            self.parameters.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
        claims.insert("aud".to_owned(), json!(self.audience));
        claims.insert("iat".to_owned(), json!(now));
        claims.insert("exp".to_owned(), json!(now.plus(JARM_LIFE)));
        Some(ToProtect {
            audience: self.audience.clone(),
            claims: Value::Object(claims),
            signing: self.algorithm,
            encryption: self.encryption,
        })
    }

    /// The response with everything inside the JWT that [`to_protect`](Self::to_protect) asked for.
    #[must_use]
    pub fn protected(self, jwt: String) -> Self {
        let mode = ResponseMode::plain(self.mode.place);
        Self { mode, parameters: vec![("response".into(), jwt)], ..self }
    }

    /// What the browser is given.
    pub fn deliver(self) -> Delivery {
        let pairs: Vec<(&str, &str)> = self.parameters.iter().map(|(name, value)| (&**name, value.as_str())).collect();
        match self.mode.place {
            Place::Query => Delivery::Redirect(self.redirect.with_parameters(&pairs)),
            Place::Fragment => {
                let fragment = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                Delivery::Redirect(format!("{}#{fragment}", self.redirect.as_str()))
            }
            Place::FormPost => Delivery::Form { action: self.redirect.as_str().to_owned(), fields: self.parameters },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_epoch(1000);

    fn address(mode: &str) -> ReturnAddress {
        let metadata = json!({
            "client_id": "v", "client_name": "V", "redirect_uris": ["https://v.example/r?a=b"],
            "authorization_signed_response_alg": "ES256", "jwks_uri": "https://v.example/jwks",
            "authorization_encrypted_response_alg": "ECDH-ES", "authorization_encrypted_response_enc": "A256GCM",
        });
        let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        let redirect = client.redirect("https://v.example/r?a=b").expect("own");
        let mode = ResponseMode::parse(mode).expect("known");
        ReturnAddress::new(redirect, Some("s t".into()), mode, &client)
    }

    #[test]
    fn every_listed_mode_is_read_and_no_other() {
        for name in ResponseMode::NAMES {
            assert!(ResponseMode::parse(name).is_some(), "{name}");
        }
        for bad in ["", "Query", "fragment", "fragment.jwt", "web_message", "form_post.JWT"] {
            assert!(ResponseMode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn plain_modes_carry_state_and_iss_in_their_place_alone() {
        let deliver = |mode| address(mode).code("https://i.example", "c").deliver();
        let pairs = "code=c&state=s+t&iss=https%3A%2F%2Fi.example";
        assert_eq!(deliver("query"), Delivery::Redirect(format!("https://v.example/r?a=b&{pairs}")));
        let fragment = address("query").in_mode(ResponseMode::plain(Place::Fragment));
        let delivered = fragment.code("https://i.example", "c").deliver();
        assert_eq!(delivered, Delivery::Redirect(format!("https://v.example/r?a=b#{pairs}")));
        let Delivery::Form { action, fields } = deliver("form_post") else { panic!("a form") };
        assert_eq!(action, "https://v.example/r?a=b");
        assert_eq!(fields.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["code", "state", "iss"]);
    }

    #[test]
    fn signed_modes_hold_everything_inside_and_errors_too() {
        for mode in ["jwt", "query.jwt", "form_post.jwt"] {
            let response = address(mode).error("https://i.example", AuthorizeError::AccessDenied, "no");
            let ToProtect { audience, claims, signing, encryption } = response.to_protect(NOW).expect("a signed mode");
            assert_eq!((signing, encryption), (SigningAlgorithm::Es256, Some(KeyAlgorithm::EcdhEs)));
            assert_eq!(audience.as_str(), "v");
            for (name, value) in
                [("error", "access_denied"), ("state", "s t"), ("iss", "https://i.example"), ("aud", "v")]
            {
                assert_eq!(claims[name], value);
            }
            assert_eq!(claims["exp"], 1120);
            let outside = match response.protected("x.y.z".into()).deliver() {
                Delivery::Redirect(url) => url,
                Delivery::Form { fields, .. } => format!("{fields:?}"),
            };
            assert!(outside.contains("x.y.z") && !outside.contains("access_denied") && !outside.contains("s+t"));
        }
        assert!(address("query").code("https://i.example", "c").to_protect(NOW).is_none());
    }
}
