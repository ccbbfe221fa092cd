//! One use of a card with its code: from the handle that a browser shows, or the act that a phone begins, to the proof.
//!
//! ```text
//!  browser: begin ▶ Waiting ─ claim ▶ Claimed ─ read ▶ Reading ─ prove ▶ Proved ─ spend ▶ Spent
//!  phone:                  begin_act ──▶ ▲                                (only the browser that began it spends it)
//!  every step ─ kill ▶ Dead: a second claim, a wrong number, a wrong answer, five minutes
//! ```
//!
//! What a chip proves is not kept: the files, the answers and the seed of the server's key are, and what they prove is
//! computed again from them. No proof can be put into a store.

use serde::{Deserialize, Serialize};

use super::TRANSACTION;
use super::assertion::CardAssertion;
use super::pairing::{Device, Network, Pairing};
use super::refusal::Refusal;
use crate::client::Label;
use crate::id::{ClientId, TransactionId};
use crate::language::Language;
use crate::level::Level;
use crate::secret::{Bearer, base64url, delimited, from_base64url, same, sha256};
use crate::time::{Lifetime, Timestamp};

mod any;
#[cfg(test)]
mod tests;

pub use any::AnyTransaction;

/// Octets that are kept as base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Octets(pub Vec<u8>);

/// How many there are.
impl std::fmt::Debug for Octets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Octets({})", self.0.len())
    }
}

impl TryFrom<String> for Octets {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        from_base64url(&text).map(Self).ok_or("not base64url")
    }
}

impl From<Octets> for String {
    fn from(octets: Octets) -> Self {
        base64url(&octets.0)
    }
}

/// A transaction at one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transaction<S> {
    base: Box<Base>,
    step: S,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Base {
    id: TransactionId,
    nonce: Octets,
    purpose: Purpose,
    expires: Timestamp,
}

/// What card and code are shown for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To sign in at a relying party.
    SignIn(SignInPurpose),
    /// For something of the citizen's own.
    Act(Act),
}

/// A sign-in, as the phone shows it and the card signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInPurpose {
    /// The relying party, by its registration.
    pub client: ClientId,
    /// Its name.
    pub service: Label,
    /// SHA-256 of the authorization request.
    pub request: Octets,
    /// The level asked for.
    pub level: Level,
    /// What will be sent, in words.
    pub claims: Vec<Label>,
    /// From where the browser asks, as far as that is known.
    pub place: String,
}

/// What a citizen does with their identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// Makes an identity.
    Create {
        /// Where notices go.
        email: String,
        /// The language of notices.
        language: Language,
        /// The terms that were accepted.
        terms: String,
    },
    /// Looks at it.
    Show,
    /// Asks for certification.
    RequestCertification {
        /// The terms that were accepted.
        terms: String,
    },
    /// Shows card and code after the desk.
    Activate,
    /// Takes a suspended identity up again.
    Restore,
    /// Deletes it.
    Delete,
}

impl Act {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Show => "show",
            Self::RequestCertification { .. } => "request_certification",
            Self::Activate => "activate",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }

    fn parameters(&self) -> [u8; 32] {
        let (email, language, terms) = match self {
            Self::Create { email, language, terms } => (email.as_str(), language.tag(), terms.as_str()),
            Self::RequestCertification { terms } => ("", "", terms.as_str()),
            Self::Show | Self::Activate | Self::Restore | Self::Delete => ("", "", ""),
        };
        sha256(&delimited(&[email.as_bytes(), language.as_bytes(), terms.as_bytes()]))
    }
}

/// The number of two digits that the browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(u8);

impl Number {
    /// The number.
    pub const fn value(self) -> u8 {
        self.0
    }

    /// One of 10 to 99, from random octets.
    const fn from_random(octet: u8) -> Self {
        Self(10 + octet % 90)
    }

    /// Three numbers in rising order, this one among them, from random octets.
    fn among(self, random: &[u8; 16]) -> [u8; 3] {
        let mut choices = vec![self.0];
        // Each octet gives one of 90 numbers: after the random ones come all, so that there are always three.
        for octet in random.iter().copied().chain(0..=89) {
            let other = Self::from_random(octet).0;
            if choices.len() < 3 && !choices.contains(&other) {
                choices.push(other);
            }
        }
        choices.sort_unstable();
        [choices[0], choices[1], choices[2]]
    }
}

/// A browser shows handles and waits for a phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    number: Number,
    handles: Option<Handles>,
}

/// The handles that are shown now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handles {
    /// In the QR code, for another device.
    pub other: Bearer<Pairing>,
    /// In the link, for this device.
    pub same: Bearer<Pairing>,
    /// When they are replaced.
    pub until: Timestamp,
}

/// A phone took part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claimed {
    jkt: String,
    expected: Option<Number>,
}

/// The files of the card are authentic, and the chip is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    jkt: String,
    reading: Box<Read>,
}

/// What the phone read, and what came back so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The security object.
    pub sod: Octets,
    /// The data groups, by number.
    pub groups: Vec<(u8, Octets)>,
    /// What the server's own key is made of.
    pub seed: Octets,
    /// What the card has to sign.
    pub to_sign: ToSign,
    /// Certificate and signature of the code's applet.
    pub holder: Option<(Octets, Octets)>,
    /// The answers to each round: those the phone unwrapped, and those of the chip.
    pub rounds: Vec<(Vec<Octets>, Vec<Octets>)>,
}

/// Proved: a browser may fetch what is asserted, once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proved {
    jkt: String,
    assertion: Box<CardAssertion>,
}

/// Used. Nothing leads out of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spent {}

/// Killed. Nothing leads out of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dead {
    refusal: Refusal,
    /// The phone that took part; none where nobody claimed it.
    #[serde(default)]
    jkt: Option<String>,
}

/// What the card signs after its code was entered: SHA-256 over the fields that bind it to this transaction alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Octets", into = "Octets")]
pub struct ToSign([u8; 32]);

impl ToSign {
    /// The octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) const fn of_test(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl TryFrom<Octets> for ToSign {
    type Error = &'static str;

    fn try_from(octets: Octets) -> Result<Self, Self::Error> {
        octets.0.try_into().map(Self).map_err(|_| "not 32 octets")
    }
}

impl From<ToSign> for Octets {
    fn from(to_sign: ToSign) -> Self {
        Self(to_sign.0.to_vec())
    }
}

/// What a new transaction is made with: fresh random values.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    /// For its identifier.
    pub id: [u8; 16],
    /// The nonce N.
    pub nonce: [u8; 32],
    /// For the number.
    pub number: u8,
    /// Now.
    pub at: Timestamp,
}

/// A claim by a phone.
#[derive(Debug, Clone, Copy)]
pub struct ClaimedBy<'a> {
    /// The thumbprint of its key (RFC 7638).
    pub jkt: &'a str,
    /// Where it is.
    pub device: Device,
    /// Whether its network is the browser's.
    pub network: Network,
    /// For the numbers to choose from.
    pub random: [u8; 16],
    /// Now.
    pub at: Timestamp,
}

/// What the phone sends first.
#[derive(Debug)]
pub struct Presented<'a> {
    /// The thumbprint of its key.
    pub jkt: &'a str,
    /// The number that was picked.
    pub number: Option<u8>,
    /// Now.
    pub at: Timestamp,
}

/// A transaction that a phone claimed.
#[derive(Debug)]
pub struct Opened {
    /// The transaction.
    pub transaction: Transaction<Claimed>,
    /// The numbers that the citizen picks from, on another device than the browser's.
    pub choices: Option<[u8; 3]>,
}

impl Base {
    fn begin(beginning: Beginning, purpose: Purpose) -> Box<Self> {
        Box::new(Self {
            id: TransactionId::from_random(beginning.id),
            nonce: Octets(beginning.nonce.to_vec()),
            purpose,
            expires: beginning.at.plus(TRANSACTION),
        })
    }
}

impl Transaction<Waiting> {
    /// Begins one for a browser.
    pub fn begin(beginning: Beginning, purpose: SignInPurpose) -> Self {
        let number = Number::from_random(beginning.number);
        Self { base: Base::begin(beginning, Purpose::SignIn(purpose)), step: Waiting { number, handles: None } }
    }

    /// The number that the browser shows.
    pub const fn number(&self) -> Number {
        self.step.number
    }

    /// The handles that are shown, while they count.
    pub fn handles(&self, at: Timestamp) -> Option<&Handles> {
        self.step.handles.as_ref().filter(|handles| !handles.until.is_past(at))
    }

    /// The same with new handles: none of before counts any more.
    #[must_use]
    pub fn showing(self, handles: Handles) -> Self {
        Self { base: self.base, step: Waiting { handles: Some(handles), ..self.step } }
    }

    /// A phone claims it with a handle that was opened now.
    pub fn claim(self, handle: &Bearer<Pairing>, by: ClaimedBy<'_>) -> Result<Opened, (Refusal, Self)> {
        let shown = self.handles(by.at).is_some_and(|handles| {
            let shown = match by.device {
                Device::Other => &handles.other,
                Device::Same => &handles.same,
            };
            same(shown.expose().as_bytes(), handle.expose().as_bytes())
        });
        if !shown {
            return Err((Refusal::HandleUnknown, self));
        }
        // A link is no proof of one device: whoever began a sign-in may send it to somebody else.
        let (expected, choices) = match (by.device, by.network) {
            (Device::Same, Network::Same) => (None, None),
            (Device::Same | Device::Other, _) => (Some(self.step.number), Some(self.step.number.among(&by.random))),
        };
        let step = Claimed { jkt: by.jkt.to_owned(), expected };
        Ok(Opened { transaction: Transaction { base: self.base, step }, choices })
    }
}

impl Transaction<Claimed> {
    /// The number that the browser goes on to show while the citizen picks it on the phone.
    pub const fn number(&self) -> Option<Number> {
        self.step.expected
    }

    /// Begins one for an act, by the phone that will do it.
    pub fn begin_act(beginning: Beginning, act: Act, jkt: &str) -> Self {
        let step = Claimed { jkt: jkt.to_owned(), expected: None };
        Self { base: Base::begin(beginning, Purpose::Act(act)), step }
    }

    /// Whether the phone that presents a card is the one that claimed it, in time, and picked the number shown. Wrong
    /// numbers are not tried twice: whoever calls kills the transaction with the refusal.
    pub fn admits(&self, presented: &Presented<'_>) -> Result<(), Refusal> {
        self.is_by(&self.step.jkt, presented.jkt, presented.at)?;
        match self.step.expected {
            Some(expected) if presented.number != Some(expected.0) => Err(Refusal::WrongNumber),
            Some(_) | None => Ok(()),
        }
    }

    /// What the card has to sign: bound to this transaction, its phone and the key that the server will talk to the chip
    /// with.
    pub fn to_sign(&self, issuer: &str, server_key: &[u8]) -> ToSign {
        let (label, who, what, acr) = match &self.base.purpose {
            Purpose::SignIn(to) => ("CNIE-AUTH-v1", to.client.as_str(), to.request.0.clone(), to.level.acr()),
            Purpose::Act(act) => ("CNIE-ACT-v1", act.name(), act.parameters().to_vec(), ""),
        };
        ToSign(sha256(&delimited(&[
            label.as_bytes(),
            issuer.as_bytes(),
            self.base.id.as_str().as_bytes(),
            &self.base.nonce.0,
            self.base.expires.epoch().to_string().as_bytes(),
            who.as_bytes(),
            &what,
            acr.as_bytes(),
            self.step.jkt.as_bytes(),
            &sha256(server_key),
        ])))
    }

    /// Goes on with the files that the phone read.
    pub fn read(self, reading: Read) -> Transaction<Reading> {
        Transaction { base: self.base, step: Reading { jkt: self.step.jkt, reading: Box::new(reading) } }
    }
}

impl Transaction<Reading> {
    /// Whether the answers come from the phone that claimed it, in time.
    pub fn admits(&self, jkt: &str, at: Timestamp) -> Result<(), Refusal> {
        self.is_by(&self.step.jkt, jkt, at)
    }

    /// What was read so far.
    pub const fn reading(&self) -> &Read {
        &self.step.reading
    }

    /// The same after another round. Certificate and signature come once, with the first.
    pub fn answered(
        mut self,
        holder: Option<(Octets, Octets)>,
        round: (Vec<Octets>, Vec<Octets>),
    ) -> Result<Self, (Refusal, Self)> {
        let reading = &mut self.step.reading;
        match (reading.rounds.is_empty(), holder) {
            (true, Some(holder)) => reading.holder = Some(holder),
            (false, None) => {}
            (true, None) | (false, Some(_)) => return Err((Refusal::OutOfTurn, self)),
        }
        self.step.reading.rounds.push(round);
        Ok(self)
    }

    /// Ends with what a browser may fetch.
    pub fn prove(self, assertion: CardAssertion) -> Transaction<Proved> {
        Transaction { base: self.base, step: Proved { jkt: self.step.jkt, assertion: Box::new(assertion) } }
    }

    /// Ends with an act that was done.
    pub fn spend(self) -> Transaction<Spent> {
        Transaction { base: self.base, step: Spent {} }
    }
}

macro_rules! by_phone {
    ($($step:ident),+) => {
        $(impl Transaction<$step> {
            /// Whether a call is by the phone that takes part.
            pub fn is_by_phone(&self, jkt: &str) -> bool {
                same(self.step.jkt.as_bytes(), jkt.as_bytes())
            }
        })+
    };
}

by_phone!(Claimed, Reading, Proved);

impl Transaction<Proved> {
    /// Gives what is asserted, to the browser that began it; late is too late.
    pub fn spend(self, at: Timestamp) -> Result<(CardAssertion, Transaction<Spent>), Refusal> {
        if self.base.expires.is_past(at) {
            return Err(Refusal::TransactionLate);
        }
        Ok((*self.step.assertion, Transaction { base: self.base, step: Spent {} }))
    }
}

impl Transaction<Dead> {
    /// Why.
    pub const fn refusal(&self) -> Refusal {
        self.step.refusal
    }

    /// What is told to a phone: why, to the one that took part alone.
    pub fn told_to(&self, jkt: &str) -> Refusal {
        match &self.step.jkt {
            Some(own) if same(own.as_bytes(), jkt.as_bytes()) => self.step.refusal,
            Some(_) => Refusal::OtherPhone,
            None => Refusal::TransactionUnknown,
        }
    }
}

impl<S> Transaction<S> {
    /// Its identifier.
    pub const fn id(&self) -> &TransactionId {
        &self.base.id
    }

    /// The nonce N.
    pub fn nonce(&self) -> &[u8] {
        &self.base.nonce.0
    }

    /// What card and code are shown for.
    pub const fn purpose(&self) -> &Purpose {
        &self.base.purpose
    }

    /// When it is over.
    pub const fn expires(&self) -> Timestamp {
        self.base.expires
    }

    /// What is left of its life.
    pub fn left(&self, at: Timestamp) -> Option<Lifetime> {
        self.base.expires.left(at)
    }

    /// Kills it; whose phone it is stays known.
    fn dead(self, refusal: Refusal, jkt: impl FnOnce(S) -> Option<String>) -> Transaction<Dead> {
        Transaction { base: self.base, step: Dead { refusal, jkt: jkt(self.step) } }
    }

    fn is_by(&self, own: &str, jkt: &str, at: Timestamp) -> Result<(), Refusal> {
        if !same(own.as_bytes(), jkt.as_bytes()) {
            return Err(Refusal::OtherPhone);
        }
        if self.base.expires.is_past(at) { Err(Refusal::TransactionLate) } else { Ok(()) }
    }
}
