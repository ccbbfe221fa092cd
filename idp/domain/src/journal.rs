//! The journal: every accountable act, in one keyed chain that whoever has not the key cannot rewrite unseen.
//!
//! ```text
//!  hash(n) = HMAC-SHA-256( key, "journal/1", hash(n-1), n, at, kind, details )
//!  head    = n, hash(n), HMAC-SHA-256( key, "journal-head/1", n, hash(n) )
//! ```
//!
//! The head, the end of the chain, is sealed apart: the hash of an earlier entry, which every reader of the journal
//! has, does not make a head that ends there. What the chain shows and what it cannot: `decisions/0008`.
//!
//! An entry names pseudonyms only. It says what was done, for which relying party, through which provider, at which
//! level; never who the person is.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::bench::report::Outcome;
use crate::habilitation::acting::Author;
use crate::habilitation::credentials::SecretName;
use crate::habilitation::review::Happened;
use crate::habilitation::switches::{Deed, Switch};
use crate::id::{
    AdminTokenId, AgentId, ClientId, HabilitationId, HabilitationRequestId, IdentityId, Kid, PartnerId, PasskeyId,
    ProviderId, ReaderId, WebhookId,
};
use crate::identity::account::AccountKey;
use crate::identity::civil::Consultation;
use crate::jose::SigningAlgorithm;
use crate::keys::KeyState;
use crate::level::Level;
use crate::oidc::binding::Thumbprint;
use crate::oidc::sharing::Sharing;
use crate::organisation::siret::Siret;
use crate::partners::role::Seat;
use crate::people::agent::Terms;
use crate::people::commune::{CommuneCode, CommuneState};
use crate::secret::{base64url, keyed_hash, same};
use crate::signin::Reuse;
use crate::time::Timestamp;

mod card;
mod habilitation;
mod partner;
mod webhook;

pub use card::{CardIdentityChange, CaseDecision};
pub use habilitation::{HabilitationChange, SecretDeed, Turned};
pub use partner::{AdminTokenChange, InvitationChange, OrganisationChange, PartnerChange};
pub use webhook::{PlatformOutcome, WebhookChange};

/// An act that is accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A citizen was signed in at a relying party.
    SignedIn {
        /// The account.
        account: AccountKey,
        /// The relying party.
        client: ClientId,
        /// Who vouched.
        provider: ProviderId,
        /// The level that was met.
        level: Level,
        /// The scopes that were granted.
        scopes: Vec<String>,
        /// The data providers, and the data there, that were granted.
        sharing: Sharing,
        /// How the civil registry was asked.
        consultation: Consultation,
        /// Whether an earlier sign-in was reused.
        reuse: Reuse,
        /// The claims consented to; `None` where the citizen is informed and does not consent.
        consented: Option<Vec<String>>,
        /// The reference in the notice.
        reference: String,
    },
    /// A sign-in was refused after a provider vouched.
    SignInRefused {
        /// The relying party.
        client: ClientId,
        /// Who vouched.
        provider: ProviderId,
        /// The stable code of the refusal.
        code: String,
    },
    /// A session was ended by its citizen.
    LoggedOut {
        /// The account.
        account: AccountKey,
        /// Through which relying party.
        client: Option<ClientId>,
    },
    /// A relying party did not take the word that a session had ended.
    LogoutNotDelivered {
        /// The relying party.
        client: ClientId,
        /// The stable code of the reason: `refused` or `silent`.
        code: String,
    },
    /// A relying party was registered or changed.
    ClientChanged {
        /// The relying party.
        client: ClientId,
        /// What was done.
        change: ClientChange,
    },
    /// A signing key came a step further in its life.
    KeyChanged {
        /// The key.
        kid: Kid,
        /// Its algorithm.
        algorithm: SigningAlgorithm,
        /// What became of it.
        change: KeyChange,
        /// What brought it about.
        cause: KeyCause,
    },
    /// The RSA key that relying parties encrypt request objects to was made.
    RequestKeyMade {
        /// The key: its thumbprint.
        kid: Kid,
    },
    /// Something became of an identity on a card.
    CardIdentityChanged {
        /// The identity.
        identity: IdentityId,
        /// What became of it.
        change: CardIdentityChange,
    },
    /// A case at a desk was decided.
    CaseDecided(CaseDecision),
    /// A commune was enrolled or changed.
    CommuneChanged {
        /// Its code.
        commune: CommuneCode,
        /// What was done.
        change: CommuneChange,
    },
    /// Something was done to an agent of a commune, or by one to their passkeys; or one came or went.
    AgentChanged {
        /// The agent.
        agent: AgentId,
        /// Their commune.
        commune: CommuneCode,
        /// Who did it: an agent, or, for `None`, the operator.
        by: Option<AgentId>,
        /// What was done.
        change: AgentChange,
    },
    /// Something was done to a request for a habilitation.
    RequestChanged {
        /// The request.
        request: HabilitationRequestId,
        /// Whose it is.
        organisation: Siret,
        /// What was done.
        happened: Happened,
        /// By whom.
        by: Author,
    },
    /// Something was written about a request; what, is not told.
    RequestMessage {
        /// The request.
        request: HabilitationRequestId,
        /// By whom.
        by: Author,
    },
    /// A desk reader was proposed, accepted, registered or withdrawn, or proved its key.
    ReaderChanged {
        /// The reader.
        reader: ReaderId,
        /// Its commune.
        commune: CommuneCode,
        /// Who did it: an agent, or, for `None`, the operator, or the reader itself.
        by: Option<AgentId>,
        /// What was done.
        change: ReaderChange,
    },
    /// A site was driven through the homologation bench to the end.
    BenchReported {
        /// The relying party whose site it is.
        client: ClientId,
        /// How it came out.
        outcome: Outcome,
        /// The SHA-256 of the report, in hexadecimal.
        report: String,
    },
    /// The site of a request was driven through the homologation bench to the end.
    RequestBenchReported {
        /// The request.
        request: HabilitationRequestId,
        /// How it came out.
        outcome: Outcome,
        /// The SHA-256 of the report, in hexadecimal.
        report: String,
    },
    /// The keys at the address of a relying party changed.
    ClientKeysChanged {
        /// The relying party.
        client: ClientId,
        /// The thumbprints of the keys (RFC 7638).
        thumbprints: Vec<String>,
        /// What became of them.
        change: KeysDeed,
        /// By whom.
        deed: Deed,
    },
    /// An operator put a clock right that had been ahead: what was seen by it counts no more.
    ClockSetBack {
        /// The latest moment that was seen.
        seen: Timestamp,
        /// The operator's word.
        word: String,
    },
    /// Something was done to a partner, or by one to their account.
    PartnerChanged {
        /// The partner.
        partner: PartnerId,
        /// Who did it: a partner, or, for `None`, the operator at the command line.
        by: Option<PartnerId>,
        /// What was done.
        change: PartnerChange,
    },
    /// Somebody was invited into a team of the partners' space, or not any more.
    PartnerInvited {
        /// Where the invitation lies, which does not open it.
        invitation: String,
        /// What it gives.
        seat: Seat,
        /// Who did it: a partner, or, for `None`, the operator at the command line.
        by: Option<PartnerId>,
        /// What was done.
        change: InvitationChange,
    },
    /// An organisation was brought in or accepted.
    OrganisationChanged {
        /// The organisation.
        siret: Siret,
        /// Who did it: a partner, or, for `None`, the operator at the command line.
        by: Option<PartnerId>,
        /// What was done.
        change: OrganisationChange,
    },
    /// Something became of a habilitation.
    HabilitationChanged {
        /// The habilitation.
        habilitation: HabilitationId,
        /// What was done.
        change: HabilitationChange,
        /// Who did it, and why.
        deed: Deed,
    },
    /// A switch was turned.
    SwitchTurned {
        /// The switch.
        switch: Switch,
        /// Which way.
        turned: Turned,
        /// Who did it, and why.
        deed: Deed,
    },
    /// A token of the admin API was made or revoked.
    AdminTokenChanged {
        /// The token.
        token: AdminTokenId,
        /// What was done.
        change: AdminTokenChange,
    },
    /// A secret of a relying party was made or retired.
    SecretChanged {
        /// The relying party.
        client: ClientId,
        /// The name of the secret.
        secret: SecretName,
        /// What was done.
        change: SecretDeed,
        /// Who did it, and why.
        deed: Deed,
    },
    /// Something was done to a webhook.
    WebhookChanged {
        /// The webhook.
        webhook: WebhookId,
        /// What was done.
        change: WebhookChange,
        /// By whom.
        by: Author,
    },
    /// Another platform told of something.
    PlatformTold {
        /// What it calls the request.
        model: String,
        /// What it told.
        event: String,
        /// What was made of it.
        outcome: PlatformOutcome,
    },
}

/// What became of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// It reached a state of its life.
    Reached(KeyState),
    /// Its private half was destroyed, and nothing is kept of it.
    Erased,
    /// It was taken out of the JWKS before its time, whatever it had signed.
    Withdrawn,
}

impl KeyChange {
    const fn name(self) -> &'static str {
        match self {
            Self::Reached(state) => state.name(),
            Self::Erased => "erased",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What brought a change of a signing key about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyCause {
    /// A gateway that had no key of the algorithm.
    FirstUse,
    /// An operator, by `idp keys rotate` or `idp keys withdraw`.
    Operator,
    /// The schedule of the configuration.
    Schedule,
    /// The dates of the key and of the one after it.
    Clock,
}

/// What was done to a relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientChange {
    /// It was registered.
    Registered,
    /// Its metadata changed.
    Updated,
    /// Its secret was made anew.
    SecretMade,
    /// It was disabled.
    Disabled,
    /// It was enabled again.
    Enabled,
}

/// What became of the keys at the address of a relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysDeed {
    /// They were taken: the first ones, or one of before was among them.
    Taken,
    /// Somebody accepted them.
    Accepted,
}

/// What was done to a commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommuneChange {
    /// It was enrolled.
    Enrolled,
    /// Its name or state changed: this is the state now.
    Changed(CommuneState),
}

/// What was done to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentChange {
    /// They were invited, on these terms.
    Invited(Terms),
    /// They came: their first passkey is registered.
    Activated,
    /// The terms they work on changed.
    Changed(Terms),
    /// Their passkeys were withdrawn, and they were invited anew.
    Renewed,
    /// They were removed.
    Removed,
    /// They declared who they are; what, is not told.
    Declared,
    /// They ask for a correction of what they declared.
    CorrectionAsked,
    /// What they declared was put right.
    Corrected,
    /// They signed in at the desk, with this passkey.
    SignedIn(PasskeyId),
    /// They signed out.
    SignedOut,
    /// A passkey was added.
    PasskeyAdded(PasskeyId),
    /// A passkey was withdrawn.
    PasskeyWithdrawn(PasskeyId),
}

impl AgentChange {
    const fn name(&self) -> &'static str {
        match self {
            Self::Invited(_) => "invited",
            Self::Activated => "activated",
            Self::Changed(_) => "changed",
            Self::Renewed => "renewed",
            Self::Removed => "removed",
            Self::Declared => "declared",
            Self::CorrectionAsked => "correction_asked",
            Self::Corrected => "corrected",
            Self::SignedIn(_) => "signed_in",
            Self::SignedOut => "signed_out",
            Self::PasskeyAdded(_) => "passkey_added",
            Self::PasskeyWithdrawn(_) => "passkey_withdrawn",
        }
    }

    const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Invited(terms) | Self::Changed(terms) => Some(terms),
            Self::Activated
            | Self::Renewed
            | Self::Removed
            | Self::Declared
            | Self::CorrectionAsked
            | Self::Corrected
            | Self::SignedIn(_)
            | Self::SignedOut
            | Self::PasskeyAdded(_)
            | Self::PasskeyWithdrawn(_) => None,
        }
    }

    const fn passkey(&self) -> Option<&PasskeyId> {
        match self {
            Self::PasskeyAdded(passkey) | Self::PasskeyWithdrawn(passkey) | Self::SignedIn(passkey) => Some(passkey),
            Self::Invited(_)
            | Self::Activated
            | Self::Changed(_)
            | Self::Renewed
            | Self::Removed
            | Self::Declared
            | Self::CorrectionAsked
            | Self::Corrected
            | Self::SignedOut => None,
        }
    }
}

/// What was done to a desk reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderChange {
    /// An admin proposed it, with this key.
    Proposed(Thumbprint),
    /// It showed that it holds its key.
    Proved,
    /// The operator accepted it.
    Accepted,
    /// The operator registered it, with this key.
    Registered(Thumbprint),
    /// It was withdrawn.
    Withdrawn,
}

impl ReaderChange {
    const fn name(&self) -> &'static str {
        match self {
            Self::Proposed(_) => "proposed",
            Self::Proved => "proved",
            Self::Accepted => "accepted",
            Self::Registered(_) => "registered",
            Self::Withdrawn => "withdrawn",
        }
    }

    const fn key(&self) -> Option<&Thumbprint> {
        match self {
            Self::Proposed(key) | Self::Registered(key) => Some(key),
            Self::Proved | Self::Accepted | Self::Withdrawn => None,
        }
    }
}

impl Act {
    /// The stable name of the act.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignedIn { .. } => "signed_in",
            Self::SignInRefused { .. } => "sign_in_refused",
            Self::LoggedOut { .. } => "logged_out",
            Self::LogoutNotDelivered { .. } => "logout_not_delivered",
            Self::ClientChanged { .. } => "client_changed",
            Self::KeyChanged { .. } => "key_changed",
            Self::RequestKeyMade { .. } => "request_key_made",
            Self::CardIdentityChanged { .. } => "card_identity_changed",
            Self::CaseDecided(_) => "case_decided",
            Self::CommuneChanged { .. } => "commune_changed",
            Self::AgentChanged { .. } => "agent_changed",
            Self::ReaderChanged { .. } => "reader_changed",
            Self::BenchReported { .. } | Self::RequestBenchReported { .. } => "bench_reported",
            Self::ClientKeysChanged { .. } => "client_keys_changed",
            Self::ClockSetBack { .. } => "clock_set_back",
            Self::PartnerChanged { .. } => "partner_changed",
            Self::PartnerInvited { .. } => "partner_invited",
            Self::OrganisationChanged { .. } => "organisation_changed",
            Self::HabilitationChanged { .. } => "habilitation_changed",
            Self::SwitchTurned { .. } => "switch_turned",
            Self::SecretChanged { .. } => "secret_changed",
            Self::AdminTokenChanged { .. } => "admin_token_changed",
            Self::RequestChanged { .. } => "request_changed",
            Self::RequestMessage { .. } => "request_message",
            Self::WebhookChanged { .. } => "webhook_changed",
            Self::PlatformTold { .. } => "platform_told",
        }
    }

    /// The details as JSON: the bytes that are hashed and kept.
    pub fn details(&self) -> String {
        let value: Value = match self {
            Self::SignedIn {
                account,
                client,
                provider,
                level,
                scopes,
                sharing,
                consultation,
                reuse,
                consented,
                reference,
            } => json!({
                "account": account, "client": client, "provider": provider, "level": level, "scopes": scopes,
                "resources": sharing.resources, "authorization_details": sharing.details,
                "consultation": consultation, "reuse": reuse, "consented": consented, "reference": reference,
            }),
            Self::SignInRefused { client, provider, code } => {
                json!({"client": client, "provider": provider, "code": code})
            }
            Self::ClockSetBack { seen, word } => json!({"seen": seen, "word": word}),
            Self::LoggedOut { account, client } => json!({"account": account, "client": client}),
            Self::LogoutNotDelivered { client, code } => json!({"client": client, "code": code}),
            Self::ClientChanged { client, change } => json!({"client": client, "change": change}),
            Self::RequestKeyMade { kid } => json!({"kid": kid}),
            Self::KeyChanged { kid, algorithm, change, cause } => {
                json!({"kid": kid, "algorithm": algorithm, "change": change.name(), "cause": cause})
            }
            Self::CardIdentityChanged { identity, change } => change.details(identity),
            Self::CaseDecided(decision) => decision.details(),
            Self::CommuneChanged { commune, change } => match change {
                CommuneChange::Enrolled => json!({"commune": commune, "change": "enrolled"}),
                CommuneChange::Changed(state) => json!({"commune": commune, "change": "changed", "state": state}),
            },
            Self::AgentChanged { agent, commune, by, change } => json!({
                "agent": agent, "commune": commune, "by": by, "change": change.name(),
                "terms": change.terms(), "passkey": change.passkey(),
            }),
            Self::RequestChanged { request, organisation, happened, by } => {
                json!({"request": request, "organisation": organisation, "change": happened.name(), "by": by})
            }
            Self::RequestMessage { request, by } => json!({"request": request, "by": by}),
            Self::BenchReported { client, outcome, report } => {
                json!({"client": client, "outcome": outcome, "report": report})
            }
            Self::ClientKeysChanged { client, thumbprints, change, deed } => {
                json!({"client": client, "keys": thumbprints, "change": change, "by": deed.by, "why": deed.why})
            }
            Self::RequestBenchReported { request, outcome, report } => {
                json!({"request": request, "outcome": outcome, "report": report})
            }
            Self::ReaderChanged { reader, commune, by, change } => match change.key() {
                Some(key) => {
                    json!({"reader": reader, "commune": commune, "by": by, "change": change.name(), "jkt": key})
                }
                None => json!({"reader": reader, "commune": commune, "by": by, "change": change.name()}),
            },
            Self::PartnerChanged { partner, by, change } => change.details(partner, by.as_ref()),
            Self::PartnerInvited { invitation, seat, by, change } => {
                partner::invitation(invitation, seat, by.as_ref(), *change)
            }
            Self::OrganisationChanged { siret, by, change } => change.details(*siret, by.as_ref()),
            Self::HabilitationChanged { habilitation, change, deed } => change.details(habilitation, deed),
            Self::SwitchTurned { switch, turned, deed } => turned.details(switch, deed),
            Self::SecretChanged { client, secret, change, deed } => change.details(client, secret, deed),
            Self::WebhookChanged { webhook, change, by } => change.details(webhook, by),
            Self::PlatformTold { model, event, outcome } => outcome.details(model, event),
            Self::AdminTokenChanged { token, change } => change.details(token),
        };
        value.to_string()
    }
}

/// The key of the chain, which stands outside the database that keeps it.
pub struct JournalKey(Zeroizing<[u8; 32]>);

impl JournalKey {
    /// Wraps the key.
    pub const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    fn hash(&self, fields: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&self.0, fields)
    }
}

impl std::fmt::Debug for JournalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JournalKey(…)")
    }
}

/// The hash of an entry, which binds all entries before it. Shown as base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// The hash before the first entry.
    pub const START: Self = Self([0; 32]);

    /// Wraps bytes read from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for ChainHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&base64url(&self.0))
    }
}

/// The end of the chain: where the next entry goes. There is none but what was written, or read under its seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    number: i64,
    hash: ChainHash,
}

impl Head {
    /// The end of a chain without entries.
    pub const START: Self = Self { number: 0, hash: ChainHash::START };

    /// Reads a head that was kept with its seal; [`Broken::Head`] when the seal is not ours for it.
    pub fn read(key: &JournalKey, number: i64, hash: ChainHash, seal: &[u8]) -> Result<Self, Broken> {
        let head = Self { number, hash };
        if same(&head.seal(key), seal) { Ok(head) } else { Err(Broken::Head) }
    }

    /// What to keep beside it.
    pub fn seal(&self, key: &JournalKey) -> [u8; 32] {
        key.hash(&[b"journal-head/1", &self.number.to_be_bytes(), &self.hash.0])
    }

    /// The number of the last entry; 0 before the first.
    pub const fn number(&self) -> i64 {
        self.number
    }

    /// The hash of the last entry.
    pub const fn hash(&self) -> ChainHash {
        self.hash
    }
}

/// `NUMBER:HASH`, as it is logged and as it is looked for later.
impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

/// One entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// The name of the act.
    pub kind: String,
    /// The details of the act, JSON.
    pub details: String,
    /// Its hash.
    pub hash: ChainHash,
}

impl Entry {
    /// Writes an act behind `head`, which moves on to it.
    pub fn append(key: &JournalKey, head: &mut Head, at: Timestamp, act: &Act) -> Self {
        let (number, kind, details) = (head.number.saturating_add(1), act.kind().to_owned(), act.details());
        let hash = hash(key, head.hash, number, at, &kind, &details);
        *head = Head { number, hash };
        Self { number, at, kind, details, hash }
    }
}

fn hash(key: &JournalKey, previous: ChainHash, number: i64, at: Timestamp, kind: &str, details: &str) -> ChainHash {
    ChainHash(key.hash(&[
        b"journal/1",
        &previous.0,
        &number.to_be_bytes(),
        &at.epoch().to_be_bytes(),
        kind.as_bytes(),
        details.as_bytes(),
    ]))
}

/// Where a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing: removed, or out of order.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Missing {
        /// The number that should come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// An entry does not follow from the one before: it, or the one before, was edited.
    #[error("entry {number} was changed")]
    Changed {
        /// The entry.
        number: i64,
    },
    /// The last entries are gone.
    #[error("the journal ends at entry {found}, it was written up to {expected}")]
    CutShort {
        /// The last number written.
        expected: i64,
        /// The last number found.
        found: i64,
    },
    /// The head is gone, or is none that we wrote.
    #[error("the head of the journal was changed")]
    Head,
}

/// Walks a chain entry by entry.
#[derive(Debug, Clone, Copy)]
pub struct Walk<'a> {
    key: &'a JournalKey,
    last: Head,
}

impl<'a> Walk<'a> {
    /// Stands before the first entry.
    pub const fn new(key: &'a JournalKey) -> Self {
        Self { key, last: Head::START }
    }

    /// Checks the next entry.
    pub fn step(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.last.number.saturating_add(1);
        if entry.number != expected {
            return Err(Broken::Missing { expected, found: entry.number });
        }
        let hash = hash(self.key, self.last.hash, entry.number, entry.at, &entry.kind, &entry.details);
        if !same(&hash.0, &entry.hash.0) {
            return Err(Broken::Changed { number: entry.number });
        }
        self.last = Head { number: entry.number, hash };
        Ok(())
    }

    /// Checks the end against the head that was kept apart.
    pub fn finish(self, head: Head) -> Result<(), Broken> {
        if self.last.number != head.number {
            return Err(Broken::CutShort { expected: head.number, found: self.last.number });
        }
        if self.last.hash != head.hash {
            return Err(Broken::Changed { number: head.number });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> JournalKey {
        JournalKey::new(Zeroizing::new([7; 32]))
    }

    fn made(kid: &str) -> Act {
        Act::KeyChanged {
            kid: Kid::parse(kid).expect("plain"),
            algorithm: SigningAlgorithm::Es256,
            change: KeyChange::Reached(KeyState::Announced),
            cause: KeyCause::Operator,
        }
    }

    /// A chain of that many entries, and its head.
    fn chain(key: &JournalKey, length: i64) -> (Vec<Entry>, Head) {
        let mut head = Head::START;
        let entries = (1..=length)
            .map(|number| Entry::append(key, &mut head, Timestamp::from_epoch(number), &made(&format!("k{number}"))))
            .collect();
        (entries, head)
    }

    fn verify(entries: &[Entry], head: Head) -> Result<(), Broken> {
        let key = key();
        let mut walk = Walk::new(&key);
        for entry in entries {
            walk.step(entry)?;
        }
        walk.finish(head)
    }

    #[test]
    fn what_becomes_of_a_key_is_told_by_one_word_and_its_cause() {
        let told = |change| {
            let cause = KeyCause::FirstUse;
            Act::KeyChanged { kid: Kid::parse("k").expect("plain"), algorithm: SigningAlgorithm::EdDsa, change, cause }
                .details()
        };
        let retired: Value = serde_json::from_str(&told(KeyChange::Reached(KeyState::Retired))).expect("JSON");
        let expected = json!({"kid": "k", "algorithm": "EdDSA", "change": "retired", "cause": "first_use"});
        assert_eq!(retired, expected);
        assert!(told(KeyChange::Erased).contains(r#""change":"erased""#));
    }

    #[test]
    fn an_untouched_chain_verifies() {
        let (entries, head) = chain(&key(), 5);
        assert_eq!(verify(&entries, head), Ok(()));
        assert_eq!((head.number(), head.hash()), (5, entries[4].hash));
        assert_eq!(verify(&[], Head::START), Ok(()));
    }

    #[test]
    fn every_kind_of_tampering_is_named_with_its_place() {
        let (entries, head) = chain(&key(), 5);

        let mut removed = entries.clone();
        removed.remove(2);
        assert_eq!(verify(&removed, head), Err(Broken::Missing { expected: 3, found: 4 }));

        let mut swapped = entries.clone();
        swapped.swap(1, 2);
        assert_eq!(verify(&swapped, head), Err(Broken::Missing { expected: 2, found: 3 }));

        assert_eq!(verify(&entries[..3], head), Err(Broken::CutShort { expected: 5, found: 3 }));

        for at in 0..5 {
            let mut edited = entries.clone();
            edited[at].details.push(' ');
            assert_eq!(verify(&edited, head), Err(Broken::Changed { number: edited[at].number }));
            let mut moved = entries.clone();
            moved[at].at = Timestamp::from_epoch(99);
            assert_eq!(verify(&moved, head), Err(Broken::Changed { number: moved[at].number }));
        }
    }

    #[test]
    fn a_rewritten_tail_is_seen_at_the_head() {
        let (_, head) = chain(&key(), 3);
        let (mut forged, mut behind) = chain(&key(), 2);
        forged.push(Entry::append(&key(), &mut behind, Timestamp::from_epoch(3), &made("other")));
        assert_eq!(verify(&forged, head), Err(Broken::Changed { number: 3 }));
    }

    #[test]
    fn a_chain_rewritten_whole_without_the_key_is_seen() {
        let (forged, head) = chain(&JournalKey::new(Zeroizing::new([0; 32])), 5);
        assert_eq!(verify(&forged, head), Err(Broken::Changed { number: 1 }));
    }

    #[test]
    fn a_head_is_read_under_its_own_seal_alone() {
        let (entries, head) = chain(&key(), 5);
        let seal = head.seal(&key());
        assert_eq!(Head::read(&key(), 5, head.hash(), &seal), Ok(head));
        assert_eq!(Head::read(&key(), 0, ChainHash::START, &Head::START.seal(&key())), Ok(Head::START));

        // The tail is cut off, and the head made to end before it with all that the journal itself tells.
        let cut = entries[2].hash;
        for seal in [&seal[..], cut.as_bytes(), entries[3].hash.as_bytes(), &[0; 32], &[]] {
            assert_eq!(Head::read(&key(), 3, cut, seal), Err(Broken::Head));
        }
        assert_eq!(Head::read(&key(), 4, head.hash(), &seal), Err(Broken::Head));
        let other = JournalKey::new(Zeroizing::new([0; 32]));
        assert_eq!(Head::read(&key(), 5, head.hash(), &head.seal(&other)), Err(Broken::Head));
    }

    #[test]
    fn the_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", key()), "JournalKey(…)");
    }
}
