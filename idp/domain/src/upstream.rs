//! What any identity provider is asked and answers, whatever protocol it speaks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::{Label, ProviderFilter};
use crate::cnie::assertion::Vouched;
use crate::habilitation::grant::Environment;
use crate::id::{ClientId, ProviderId};
use crate::identity::pivot::{BadPivot, Birthdate, Name, Pivot, RawPivot};
use crate::level::{Level, LevelRange};
use crate::secret::{base64url, same, sha256};
use crate::time::Timestamp;

/// An identity provider as the domain sees it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name in configuration, URLs and claims.
    pub id: ProviderId,
    /// What citizens read.
    pub title: Label,
    /// Its place in the list, lowest first.
    pub order: u16,
    /// Whether it may be used.
    pub status: ProviderStatus,
    /// Whether the choice shows it.
    pub visibility: Visibility,
    /// The levels it may assert.
    pub levels: LevelRange,
    /// The relying parties it serves.
    pub clients: ClientFilter,
    /// The authentication methods it uses when its answer names none (RFC 8176).
    pub amr: Vec<String>,
    /// Its `acr` values beside ours.
    pub acr: AcrTable,
    /// Whose citizens it knows: real ones, or those of the sandbox. It serves the relying parties of the same alone.
    pub environment: Environment,
}

/// A provider's `acr` values beside ours. An empty table means the eIDAS ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcrTable {
    /// What to send to ask for a level, where it is not the eIDAS value.
    pub asked: BTreeMap<Level, String>,
    /// What an answer means. When there are entries, nothing else is understood.
    pub answered: BTreeMap<String, Level>,
}

impl AcrTable {
    /// What to send the provider to ask for a level.
    pub fn to_ask(&self, level: Level) -> &str {
        self.asked.get(&level).map_or(level.acr(), String::as_str)
    }

    /// The level that the provider's `acr` stands for; `None` for one that nobody declared.
    pub fn level_of(&self, acr: &str) -> Option<Level> {
        if self.answered.is_empty() { Level::from_acr(acr) } else { self.answered.get(acr).copied() }
    }
}

/// Whether a provider may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderStatus {
    /// It may.
    Open,
    /// It was switched off by whoever runs the gateway.
    Closed,
}

/// Whether the choice shows a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// It does.
    Shown,
    /// It does not: the provider is reached by a hint alone.
    Hidden,
}

/// Which relying parties a provider serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFilter {
    /// All.
    All,
    /// These alone.
    Only(BTreeSet<ClientId>),
    /// All but these.
    Except(BTreeSet<ClientId>),
}

impl ClientFilter {
    /// Whether a relying party is served.
    pub fn admits(&self, client: &ClientId) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => list.contains(client),
            Self::Except(list) => !list.contains(client),
        }
    }
}

impl Provider {
    /// Whether relying party and provider accept each other.
    pub fn serves(&self, client: &ClientId, filter: &ProviderFilter) -> bool {
        self.clients.admits(client) && filter.admits(&self.id)
    }

    /// The `acr` to ask for so that `level` is met: never below the provider's own floor.
    pub fn acr_for(&self, level: Level) -> &str {
        self.acr.to_ask(self.levels.to_ask(level))
    }
}

/// One departure to a provider: everything the answer is bound to. Each is used once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// The provider that was left for.
    pub provider: ProviderId,
    /// The level that was asked.
    pub level: Level,
    /// When the citizen left.
    pub departed: Timestamp,
    secret: String,
    nonce: String,
    verifier: String,
}

impl Attempt {
    /// Makes an attempt from 96 random bytes.
    pub fn from_random(provider: ProviderId, level: Level, departed: Timestamp, random: &[u8; 96]) -> Self {
        Self {
            provider,
            level,
            departed,
            secret: base64url(&random[..32]),
            nonce: base64url(&random[32..64]),
            verifier: base64url(&random[64..]),
        }
    }

    /// The secret part of `state`; the sign-in's identifier goes before it.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The `nonce` of the request (OIDC Core §3.1.2.1).
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The PKCE verifier (RFC 7636 §4.1).
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The PKCE S256 challenge (RFC 7636 §4.2).
    pub fn challenge(&self) -> String {
        base64url(&sha256(self.verifier.as_bytes()))
    }

    /// Whether an answer belongs to this attempt: same provider, same secret (compared in constant time).
    pub fn is_answered_by(&self, provider: &ProviderId, secret: &str) -> bool {
        self.provider == *provider && same(self.secret.as_bytes(), secret.as_bytes())
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attempt({} at {})", self.provider, self.level.acr())
    }
}

/// What a provider said of a citizen, parsed. The level is what the provider claims, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Who vouches.
    pub provider: ProviderId,
    /// At which level, by its own account. Only the domain writes one.
    pub(crate) level: Level,
    /// The civil facts.
    pub pivot: Pivot,
    /// The name in use.
    pub preferred_username: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// How the citizen authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// When the citizen authenticated, where the provider says so.
    pub auth_time: Option<Timestamp>,
    /// What ends the citizen's session at the provider.
    pub hint: Option<IdTokenHint>,
    /// The identity on a card that it rests on, when the provider is our own.
    pub card: Option<Vouched>,
}

/// The longest ID token that is sent through a browser as a hint, in bytes: an address holds no more everywhere.
const MAX_HINT: usize = 4096;

/// The ID token of a provider, verified, kept to end the citizen's session there (OIDC RP-Initiated Logout §2,
/// `id_token_hint`). Personal data: it is only ever kept sealed under a secret of the browser, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdTokenHint(String);

impl IdTokenHint {
    /// Takes a verified ID token; `None` for one too long to be sent.
    pub fn of(id_token: &str) -> Option<Self> {
        (id_token.len() <= MAX_HINT).then(|| Self(id_token.to_owned()))
    }

    /// The ID token.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for IdTokenHint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdTokenHint(…)")
    }
}

/// What a provider's ID token says beside the identity.
#[derive(Debug, Clone, Default)]
pub struct Authentication<'a> {
    /// `acr`.
    pub acr: Option<&'a str>,
    /// `amr`.
    pub amr: Option<Vec<String>>,
    /// `auth_time`.
    pub auth_time: Option<i64>,
    /// The ID token itself, to end the session there.
    pub hint: Option<IdTokenHint>,
}

/// Why an answer of a provider cannot be used. The provider is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAssertion {
    /// The civil facts are incomplete or wrong.
    #[error(transparent)]
    Pivot(#[from] BadPivot),
    /// A claim has the wrong JSON type.
    #[error("`{0}` has the wrong JSON type")]
    Type(&'static str),
    /// The e-mail address is missing or none.
    #[error("`email` is missing or is not an address")]
    Email,
    /// The level is missing or unknown.
    #[error("`acr` is missing or names no level of this provider")]
    Level,
}

impl Assertion {
    /// Reads the claims of a provider: how the citizen authenticated from its ID token, the rest from userinfo.
    pub fn read(
        provider: &Provider,
        how: Authentication<'_>,
        userinfo: &Map<String, Value>,
    ) -> Result<Self, BadAssertion> {
        let level = how.acr.and_then(|acr| provider.acr.level_of(acr)).ok_or(BadAssertion::Level)?;
        let pivot = Pivot::parse(&RawPivot {
            family_name: text(userinfo, "family_name")?,
            given_name: text(userinfo, "given_name")?,
            birthdate: text(userinfo, "birthdate")?,
            gender: text(userinfo, "gender")?,
            birthplace: text(userinfo, "birthplace")?,
            birthcountry: text(userinfo, "birthcountry")?,
        })?;
        let preferred_username = text(userinfo, "preferred_username")?
            .filter(|name| !name.trim().is_empty())
            .map(|name| Name::parse("preferred_username", name).map(|name| name.as_str().to_owned()))
            .transpose()?;
        let email = text(userinfo, "email")?.filter(|email| is_address(email)).ok_or(BadAssertion::Email)?.to_owned();
        let amr = how.amr.unwrap_or_else(|| provider.amr.clone());
        let auth_time = how.auth_time.map(Timestamp::from_epoch);
        let hint = how.hint;
        Ok(Self {
            provider: provider.id.clone(),
            level,
            pivot,
            preferred_username,
            email,
            amr,
            auth_time,
            hint,
            card: None,
        })
    }

    /// The level that the provider claims, not yet checked.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The date of birth as the provider gave it.
    pub fn birthdate(&self) -> Birthdate {
        self.pivot.birthdate
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, BadAssertion> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadAssertion::Type(name)),
    }
}

/// Whether a text can be an e-mail address to write to: one `@`, no space or control character, a dot in the domain.
/// Anything stricter is for the mail server to say.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(c) && !"<>,;\"".contains(c))
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.contains('@')
                && domain.split('.').count() >= 2
                && !domain.split('.').any(str::is_empty)
        })
}

/// Characters that show nothing, or turn the direction of what follows (UTS #39, category Cf).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// A tax provider of the levels low and substantial, open to all.
    pub(crate) fn provider() -> Provider {
        Provider {
            id: ProviderId::parse("impots").expect("plain"),
            title: Label { fr: "Impôts".into(), en: "Tax".into() },
            order: 1,
            status: ProviderStatus::Open,
            visibility: Visibility::Shown,
            levels: LevelRange::new(Level::Low, Level::Substantial).expect("ordered"),
            clients: ClientFilter::All,
            amr: vec!["pwd".into()],
            acr: AcrTable::default(),
            environment: Environment::Production,
        }
    }

    fn claims(change: &Value) -> Map<String, Value> {
        let mut base = json!({
            "family_name": "DUBOIS", "given_name": "Angela", "birthdate": "1962-08-24", "gender": "female",
            "birthplace": "75107", "birthcountry": "99100", "email": "angela@exemple.fr",
        });
        for (key, value) in change.as_object().expect("an object") {
            base[key] = value.clone();
        }
        base.as_object().expect("an object").clone()
    }

    fn said(acr: Option<&str>) -> Authentication<'_> {
        Authentication { acr, ..Authentication::default() }
    }

    #[test]
    fn a_complete_answer_is_read_with_the_providers_own_methods() {
        let assertion = Assertion::read(&provider(), said(Some("eidas1")), &claims(&json!({}))).expect("complete");
        assert_eq!(assertion.level, Level::Low);
        assert_eq!(assertion.amr, ["pwd"]);
    }

    #[test]
    fn claims_of_the_wrong_type_or_value_are_refused() {
        for change in [
            json!({"family_name": 3}),
            json!({"birthdate": {"year": 1962}}),
            json!({"email": ["a@b.fr"]}),
            json!({"email": "nowhere"}),
            json!({"email": null}),
            json!({"email": "a@b.fr\r\nBcc: c@d.fr"}),
            json!({"email": "a\u{202e}@b.fr"}),
            json!({"email": "a@b\u{200b}.fr"}),
            json!({"gender": "x"}),
            json!({"preferred_username": "<script>"}),
            json!({"birthplace": "Paris"}),
        ] {
            assert!(Assertion::read(&provider(), said(Some("eidas1")), &claims(&change)).is_err(), "{change}");
        }
        for acr in [None, Some("eidas9"), Some("")] {
            assert_eq!(Assertion::read(&provider(), said(acr), &claims(&json!({}))), Err(BadAssertion::Level));
        }
    }

    #[test]
    fn a_provider_with_its_own_acr_values_is_asked_and_understood_in_them() {
        let mut provider = provider();
        provider.acr = AcrTable {
            asked: BTreeMap::from([(Level::Low, "basic".into()), (Level::Substantial, "strong".into())]),
            answered: BTreeMap::from([("basic".into(), Level::Low), ("strong".into(), Level::Substantial)]),
        };
        assert_eq!(provider.acr_for(Level::Substantial), "strong");
        assert_eq!(provider.acr_for(Level::Low), "basic");
        assert_eq!(provider.acr.level_of("strong"), Some(Level::Substantial));
        assert_eq!(provider.acr.level_of("eidas2"), None);
    }

    #[test]
    fn an_answer_belongs_to_its_own_provider_and_secret() {
        let (mine, other) = (ProviderId::parse("a").expect("plain"), ProviderId::parse("b").expect("plain"));
        let attempt = Attempt::from_random(mine.clone(), Level::Low, Timestamp::from_epoch(0), &[9; 96]);
        assert!(attempt.is_answered_by(&mine, attempt.secret()));
        assert!(!attempt.is_answered_by(&other, attempt.secret()));
        assert!(!attempt.is_answered_by(&mine, "wrong"));
        assert!(!attempt.is_answered_by(&mine, ""));
    }
}
