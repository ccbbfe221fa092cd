//! The small OpenID provider of one run. It takes requests and gives answers; who carries them is not its business.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::asked::{Asked, Expected};
use super::exchange::{self, Exchange, Sender};
use super::keys::Keys;
use super::plan::Plan;
use super::token_call::{Credentials, Outcome, Proof, SameRedirect, TokenCall, Verifier};
use super::trial::{Citizen, HintSeen, Login, LogoutSeen, RedirectSeen};
use crate::jose::{KeyError, SigningAlgorithm, half_hash};
use crate::level::Level;
use crate::oidc::parameters::Parameters;
use crate::secret::{base64url, keyed_hash};
use crate::time::{Lifetime, Timestamp};

/// How long a run lasts.
pub const LIFE: Lifetime = Lifetime::seconds(3600);
/// The most sign-ins of a run, and the most calls that are kept of each.
const MOST_LOGINS: usize = 200;
const MOST_CALLS: usize = 20;
/// The issuer that a wrong answer names.
const ANOTHER_ISSUER: &str = "https://un-autre-fournisseur.example";

/// What a run is made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Where the answers may go.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after a logout.
    pub post_logout_redirect_uris: Vec<String>,
    /// How ID tokens are signed.
    pub algorithm: SigningAlgorithm,
    /// In what form userinfo is answered.
    pub userinfo: UserinfoForm,
}

/// In what form userinfo is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserinfoForm {
    /// As JSON.
    Json,
    /// Signed, as ID tokens are.
    Signed,
}

/// The provider of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Provider {
    issuer: String,
    client_id: String,
    secret: Zeroizing<String>,
    registered: Registered,
    keys: Keys,
    plan: Plan,
    logins: Vec<Login>,
    keys_read: Option<Timestamp>,
    ends: Timestamp,
}

/// What the authorization endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorized {
    /// The browser goes back to the site.
    Back(String),
    /// There is no way back: the redirect URI is not registered, or there were too many sign-ins.
    Nowhere,
}

/// What another endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Body,
    /// How soon it is sent.
    pub pace: Pace,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A signed token.
    Jwt(String),
}

/// How soon an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    AtOnce,
    /// So late that nobody should wait for it.
    Late,
}

impl Answer {
    const fn new(status: u16, body: Body) -> Self {
        Self { status, body, pace: Pace::AtOnce }
    }

    /// The answer to what is no form.
    pub fn malformed() -> Self {
        Self::error(400, "invalid_request")
    }

    fn error(status: u16, error: &str) -> Self {
        Self::new(status, Body::Json(json!({ "error": error })))
    }
}

impl Provider {
    /// Opens a run at its issuer. Everything secret of it is drawn from `random`, its keys from the crypto provider.
    pub fn open(issuer: &str, registered: Registered, random: &[u8; 32], now: Timestamp) -> Result<Self, KeyError> {
        let draw = |purpose: &[u8]| base64url(&keyed_hash(random, &[b"bench", purpose]));
        Ok(Self {
            issuer: issuer.to_owned(),
            client_id: format!("banc-{}", &draw(b"client")[..16]),
            secret: Zeroizing::new(draw(b"secret")),
            keys: Keys::generate(registered.algorithm, &keyed_hash(random, &[b"keys"]))?,
            registered,
            plan: Plan::Honest,
            logins: Vec::new(),
            keys_read: None,
            ends: now.plus(LIFE),
        })
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the site signs in with.
    pub fn credentials(&self) -> Credentials<'_> {
        Credentials { client_id: &self.client_id, secret: &self.secret }
    }

    /// What the run was made for.
    pub const fn registered(&self) -> &Registered {
        &self.registered
    }

    /// When the run is over.
    pub const fn ends(&self) -> Timestamp {
        self.ends
    }

    /// The sign-ins so far.
    pub fn logins(&self) -> &[Login] {
        &self.logins
    }

    /// The hosts that the site had its citizens come back to, over all of its sign-ins.
    pub fn hosts(&self) -> BTreeSet<String> {
        crate::habilitation::homologation::hosts(
            self.logins.iter().filter_map(|login| login.asked.redirect_uri.as_ref()),
        )
    }

    /// When the keys were read last.
    pub const fn keys_read(&self) -> Option<Timestamp> {
        self.keys_read
    }

    /// How the sign-ins go that begin from now on. What was kept to be shown of earlier ones is let go.
    pub fn follow(&mut self, plan: Plan) {
        self.plan = plan;
        for login in &mut self.logins {
            login.exchanges.clear();
        }
    }

    /// How they go.
    pub const fn plan(&self) -> Plan {
        self.plan
    }

    /// The discovery document (OIDC Discovery §3).
    pub fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
            "end_session_endpoint": at("/end-session"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["pairwise"],
            "scopes_supported": ["openid", "profile", "birth", "email", "given_name", "family_name", "gender",
                "birthdate", "birthplace", "birthcountry", "preferred_username", "identite_pivot", "idp_id"],
            "acr_values_supported": Level::ALL.map(Level::acr),
            "id_token_signing_alg_values_supported": [self.keys.algorithm().name()],
            "userinfo_signing_alg_values_supported": [self.keys.algorithm().name()],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        })
    }

    /// The published keys.
    pub fn jwks(&mut self, now: Timestamp) -> Result<Value, KeyError> {
        self.keys_read = Some(now);
        self.keys.set()
    }

    /// The authorization endpoint (OIDC Core §3.1.2).
    pub fn authorize(&mut self, query: &str, now: Timestamp, random: &[u8; 32]) -> Authorized {
        if self.logins.len() >= MOST_LOGINS {
            return Authorized::Nowhere;
        }
        let earlier: Vec<&Asked> = self.logins.iter().map(|login| &login.asked).collect();
        let expected = Expected { client_id: &self.client_id, redirect_uris: &self.registered.redirect_uris };
        let asked = Asked::read(query, expected, &earlier);
        let mut login = Login::begin(self.plan, asked, random, now);
        let answer = self.way_back(&login, random);
        let request = format!("GET {}/authorize\n{}", self.issuer, exchange::parameters(query));
        let told = answer.as_ref().map_or_else(
            || "400\nno way back: the redirect_uri is not registered".to_owned(),
            |back| format!("303\nlocation: {}", exchange::address(back)),
        );
        login.keep(Exchange::new(Sender::Browser, &request, &told));
        self.logins.push(login);
        answer.map_or(Authorized::Nowhere, Authorized::Back)
    }

    /// The address that a browser goes back to, right or wrong as planned.
    fn way_back(&self, login: &Login, random: &[u8; 32]) -> Option<String> {
        let mut back = Url::parse(login.asked.redirect_uri.as_deref()?).ok()?;
        {
            let mut query = back.query_pairs_mut();
            if login.plan == Plan::Cancelled {
                query.append_pair("error", "access_denied");
                query.append_pair("error_description", "the citizen cancelled");
            } else {
                query.append_pair("code", &login.code);
            }
            let other = base64url(&keyed_hash(random, &[b"another state"]));
            match (login.plan, &login.asked.state) {
                (Plan::StateMissing, _) | (_, None) => {}
                (Plan::StateOther, Some(_)) => _ = query.append_pair("state", &other),
                (_, Some(state)) => _ = query.append_pair("state", state),
            }
            let issuer = if login.plan == Plan::IssuerOfAnswer { ANOTHER_ISSUER } else { self.issuer.as_str() };
            query.append_pair("iss", issuer);
        }
        Some(back.into())
    }

    /// The token endpoint (OIDC Core §3.1.3). `basic` is what an `Authorization` header of that scheme holds.
    pub fn token(&mut self, basic: Option<(&str, &str)>, body: &str, now: Timestamp) -> Result<Answer, KeyError> {
        let Ok(form) = Parameters::parse(body.as_bytes()) else { return Ok(Answer::malformed()) };
        let code = form.all("code").next().unwrap_or_default();
        let Some(at) = self.logins.iter().position(|login| login.code == code) else {
            return Ok(Answer::error(400, "invalid_grant"));
        };
        let own = Credentials { client_id: &self.client_id, secret: &self.secret };
        let login = &self.logins[at];
        let mut call = TokenCall {
            proof: Proof::of(basic, &form, own),
            verifier: Verifier::of(login.asked.challenge.as_ref(), form.all("code_verifier").next()),
            redirect: match form.all("redirect_uri").next() {
                sent if sent == login.asked.redirect_uri.as_deref() => SameRedirect::Same,
                Some(_) | None => SameRedirect::Other,
            },
            outcome: Outcome::Refused,
        };
        let answer = self.redeem(at, &form, &mut call, now)?;
        let header = basic.map_or_else(String::new, |(id, _)| format!("authorization: Basic {id}:…\n"));
        let request = format!("POST {}/token\n{header}{}", self.issuer, exchange::parameters(body));
        let told = match answer.pace {
            Pace::AtOnce => format!("{}\n{}", answer.status, answer.body.shown()),
            Pace::Late => format!("{} (late)", answer.status),
        };
        let login = &mut self.logins[at];
        login.keep(Exchange::new(Sender::Site, &request, &told));
        if login.calls.len() < MOST_CALLS {
            login.calls.push(call);
        }
        Ok(answer)
    }

    fn redeem(
        &mut self,
        at: usize,
        form: &Parameters,
        call: &mut TokenCall,
        now: Timestamp,
    ) -> Result<Answer, KeyError> {
        let plan = self.logins[at].plan;
        let refused = match (call.proof, call.verifier, call.redirect) {
            (Proof::Wrong | Proof::Absent, _, _) => Some(Answer::error(401, "invalid_client")),
            (Proof::Right, Verifier::Wrong | Verifier::Absent, _) | (Proof::Right, _, SameRedirect::Other) => {
                Some(Answer::error(400, "invalid_grant"))
            }
            (Proof::Right, Verifier::Right | Verifier::NotAsked, SameRedirect::Same) => None,
        };
        if self.logins[at].calls.iter().any(|call| call.outcome == Outcome::Tokens) {
            call.outcome = Outcome::Again;
            return Ok(Answer::error(400, "invalid_grant"));
        }
        if form.all("grant_type").next() != Some("authorization_code") {
            return Ok(Answer::error(400, "unsupported_grant_type"));
        }
        if let Some(refused) = refused {
            return Ok(refused);
        }
        if matches!(plan, Plan::Outage | Plan::Silence) {
            call.outcome = Outcome::OutOfOrder;
            let pace = if plan == Plan::Silence { Pace::Late } else { Pace::AtOnce };
            return Ok(Answer { pace, ..Answer::new(503, Body::Empty) });
        }
        if plan == Plan::NewKey {
            self.keys.rotate();
        }
        call.outcome = Outcome::Tokens;
        let login = &self.logins[at];
        let id_token = self.keys.sign(plan, "JWT", &self.id_token(login, now))?;
        Ok(Answer::new(
            200,
            Body::Json(json!({
                "access_token": login.access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
            })),
        ))
    }

    /// The claims of an ID token (OIDC Core §2), right or wrong as planned.
    fn id_token(&self, login: &Login, now: Timestamp) -> Value {
        let ago = |seconds: i64| Timestamp::from_epoch(now.epoch() - seconds);
        let asked = login.asked.level.unwrap_or(Level::Low);
        let mut claims = json!({
            "iss": self.issuer,
            "sub": login.citizen.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now.plus(Lifetime::seconds(300)),
            "auth_time": now,
            "acr": asked.acr(),
            "at_hash": half_hash(&login.access_token),
            "sid": login.sid,
        });
        if let Some(nonce) = &login.asked.nonce
            && login.plan != Plan::NonceAbsent
        {
            let other = login.plan == Plan::NonceOther;
            claims["nonce"] = json!(if other { &login.citizen.subject } else { nonce });
        }
        if login.plan == Plan::IssuerOfToken {
            claims["iss"] = json!(ANOTHER_ISSUER);
        }
        if login.plan == Plan::Audience {
            claims["aud"] = json!("un-autre-service");
        }
        if login.plan == Plan::Expired {
            claims["iat"] = json!(ago(7200));
            claims["auth_time"] = json!(ago(7200));
            claims["exp"] = json!(ago(3600));
        }
        if login.plan == Plan::LevelLower {
            // Below the lowest level there is "0" (OIDC Core §2).
            let lower = Level::ALL.into_iter().filter(|level| *level < asked).max();
            claims["acr"] = json!(lower.map_or("0", Level::acr));
        }
        claims
    }

    /// Userinfo (OIDC Core §5.3), for a bearer token.
    pub fn userinfo(&mut self, token: Option<&str>) -> Result<Answer, KeyError> {
        let opened = |login: &&mut Login| {
            let redeemed = login.calls.iter().any(|call| call.outcome == Outcome::Tokens);
            redeemed && Some(login.access_token.as_str()) == token
        };
        let Some(login) = self.logins.iter_mut().find(opened) else { return Ok(Answer::error(401, "invalid_token")) };
        let mut claims = login.citizen.claims(login.plan);
        let body = match self.registered.userinfo {
            UserinfoForm::Json => Body::Json(claims),
            UserinfoForm::Signed => {
                claims["iss"] = json!(self.issuer);
                claims["aud"] = json!(self.client_id);
                Body::Jwt(self.keys.sign(Plan::Honest, "JWT", &claims)?)
            }
        };
        let request = format!("GET {}/userinfo\nauthorization: Bearer …", self.issuer);
        login.keep(Exchange::new(Sender::Site, &request, &format!("200\n{}", body.shown())));
        login.userinfo_calls = login.userinfo_calls.saturating_add(1);
        Ok(Answer::new(200, body))
    }

    /// The end-session endpoint (OIDC RP-Initiated Logout 1.0 §2), for the last sign-in: the address to go back to.
    pub fn end_session(&mut self, query: &str) -> Option<String> {
        let parameters = Parameters::parse(query.as_bytes()).unwrap_or_default();
        let one = |name: &'static str| parameters.all(name).next();
        let issuer = self.issuer.clone();
        let login = self.logins.last_mut()?;
        let hint = match one("id_token_hint") {
            Some(hint) if login.is_named_by(hint) => HintSeen::Right,
            Some(_) => HintSeen::Wrong,
            None => HintSeen::Absent,
        };
        let back = one("post_logout_redirect_uri");
        let own = back.filter(|uri| self.registered.post_logout_redirect_uris.iter().any(|own| own == uri));
        let redirect = match (back, own) {
            (_, Some(_)) => RedirectSeen::Registered,
            (Some(_), None) => RedirectSeen::Other,
            (None, None) => RedirectSeen::Absent,
        };
        login.logout = Some(LogoutSeen { hint, redirect });
        let request = format!("GET {issuer}/end-session\n{}", exchange::parameters(query));
        let mut location = Url::parse(own?).ok()?;
        if let Some(state) = one("state") {
            location.query_pairs_mut().append_pair("state", state);
        }
        login.keep(Exchange::new(Sender::Browser, &request, &format!("303\nlocation: {location}")));
        Some(location.into())
    }

    /// The body of a notice that the session of a sign-in is over (OIDC Back-Channel Logout 1.0 §2.5), right or forged.
    pub fn logout_notice(&self, login: &Login, notice: Notice, now: Timestamp) -> Result<String, KeyError> {
        let claims = json!({
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now.plus(Lifetime::seconds(120)),
            "jti": base64url(&keyed_hash(&[0; 32], &[login.code.as_bytes(), notice.name().as_bytes()])[..16]),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            "sub": login.citizen.subject,
            "sid": login.sid,
        });
        let plan = match notice {
            Notice::Right => Plan::Honest,
            Notice::Forged => Plan::Signature,
        };
        let token = self.keys.sign(plan, "logout+jwt", &claims)?;
        Ok(form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish())
    }
}

impl Body {
    /// The body as it is shown.
    fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Json(value) => exchange::document(value),
            Self::Jwt(token) => exchange::masked(token),
        }
    }
}

/// A logout notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Signed by the issuer.
    Right,
    /// Signed by somebody else.
    Forged,
}

impl Notice {
    const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Forged => "forged",
        }
    }
}

impl Citizen {
    fn claims(&self, plan: Plan) -> Value {
        let other = plan == Plan::SubjectOfUserinfo;
        let subject = if other { format!("{}-autre", self.subject) } else { self.subject.clone() };
        json!({
            "sub": subject, "given_name": self.given_name, "family_name": self.family_name,
            "preferred_username": self.family_name, "gender": "female", "birthdate": "1970-01-01",
            "birthplace": "75107", "birthcountry": "99100", "email": self.email, "idp_id": "banc",
        })
    }
}
