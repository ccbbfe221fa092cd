//! What goes over the wire. Octets are base64url without padding.

use domain::client::Label;
use domain::cnie::identity::AnyIdentity;
use domain::cnie::transaction::{Act, Octets, Purpose, Transaction};
use domain::language::Language;
use domain::secret::base64url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::cnie::Cnie;
use crate::config::Cards;

/// A sentence in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Words {
    fr: String,
    en: String,
}

impl From<&Label> for Words {
    fn from(label: &Label) -> Self {
        Self { fr: label.fr.clone(), en: label.en.clone() }
    }
}

/// A language of mails.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tongue {
    /// French.
    Fr,
    /// English.
    En,
}

/// What a citizen does with their identity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Acting {
    /// Makes an identity; its address is then confirmed by a link in a mail.
    Create {
        /// Where notices go.
        email: String,
        /// The language of notices.
        language: Tongue,
        /// The version of the terms that were accepted, as `GET /app/v1/terms` gives it.
        terms: String,
    },
    /// Looks at it.
    Show,
    /// Asks for certification, or in the last sixty days of one for the next: the result has a QR code for the town hall.
    RequestCertification {
        /// The version of the terms that were accepted.
        terms: String,
    },
    /// Shows card and code after the town hall said yes, within a day.
    Activate,
    /// Takes a suspended identity up again.
    Restore,
    /// Deletes it.
    Delete,
}

impl From<Acting> for Act {
    fn from(acting: Acting) -> Self {
        match acting {
            Acting::Create { email, language, terms } => {
                let language = match language {
                    Tongue::Fr => Language::French,
                    Tongue::En => Language::English,
                };
                Self::Create { email, language, terms }
            }
            Acting::Show => Self::Show,
            Acting::RequestCertification { terms } => Self::RequestCertification { terms },
            Acting::Activate => Self::Activate,
            Acting::Restore => Self::Restore,
            Acting::Delete => Self::Delete,
        }
    }
}

/// What the transaction is for, to be shown to the citizen before anything else.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Shown {
    /// A sign-in at a service.
    SignIn {
        /// The service, by its registration.
        client_id: String,
        /// Its name.
        service: Words,
        /// The level that is asked for.
        #[schema(example = "eidas3")]
        acr: String,
        /// SHA-256 of the authorization request: part of T.
        request_hash: String,
        /// What will be sent.
        claims: Vec<Words>,
        /// The network that the browser asks from; empty when nothing is known.
        place: String,
    },
    /// Makes an identity.
    Create,
    /// Looks at it.
    Show,
    /// Asks for certification.
    RequestCertification,
    /// Shows card and code after the town hall.
    Activate,
    /// Takes a suspended identity up again.
    Restore,
    /// Deletes it.
    Delete,
}

impl From<&Purpose> for Shown {
    fn from(purpose: &Purpose) -> Self {
        match purpose {
            Purpose::SignIn(to) => Self::SignIn {
                client_id: to.client.to_string(),
                service: Words::from(&to.service),
                acr: to.level.acr().to_owned(),
                request_hash: base64url(&to.request.0),
                claims: to.claims.iter().map(Words::from).collect(),
                place: to.place.clone(),
            },
            Purpose::Act(act) => match act {
                Act::Create { .. } => Self::Create,
                Act::Show => Self::Show,
                Act::RequestCertification { .. } => Self::RequestCertification,
                Act::Activate => Self::Activate,
                Act::Restore => Self::Restore,
                Act::Delete => Self::Delete,
            },
        }
    }
}

/// How the citizen confirms that the browser is theirs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Confirm {
    /// Not at all: the browser is on this device, or there is none.
    None,
    /// By the number that the browser shows, among three. A wrong one ends the transaction.
    Number {
        /// The numbers, in rising order.
        choices: [u8; 3],
    },
}

/// A transaction that a phone claimed or began.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Opened {
    /// What the following calls name it by. Secret.
    transaction: String,
    /// Its identifier: part of T.
    id: String,
    /// N, 32 octets: part of T.
    nonce: String,
    /// When it ends, in seconds since 1970: part of T.
    expires: i64,
    /// The issuer: part of T.
    issuer: String,
    /// What for.
    purpose: Shown,
    /// How the browser is matched.
    confirm: Confirm,
    /// Whether this gateway takes cards of a simulator: the app says « simulateur – non certifié » on each screen then.
    simulator: bool,
}

impl Opened {
    pub(super) fn of<S>(
        app: &App,
        cnie: &Cnie,
        (borne, transaction): (String, &Transaction<S>),
        choices: Option<[u8; 3]>,
    ) -> Self {
        Self {
            transaction: borne,
            id: transaction.id().to_string(),
            nonce: base64url(transaction.nonce()),
            expires: transaction.expires().epoch(),
            issuer: app.issuer.as_str().to_owned(),
            purpose: Shown::from(transaction.purpose()),
            confirm: choices.map_or(Confirm::None, |choices| Confirm::Number { choices }),
            simulator: cnie.cards == Cards::Simulated,
        }
    }
}

/// Octets as base64url.
pub(super) fn texts(octets: &[Vec<u8>]) -> Vec<String> {
    octets.iter().map(|octets| base64url(octets)).collect()
}

/// Octets from what was sent.
pub(super) fn octets(sent: Vec<Octets>) -> Vec<Vec<u8>> {
    sent.into_iter().map(|octets| octets.0).collect()
}

/// An identity as its citizen sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IdentityShown {
    /// `created` (address not confirmed), `active`, `requested`, `at_desk`, `awaiting_activation`, `certified`, `suspended`
    /// or `closed`. A refusal at the town hall shows as the state of before, without a reason. While a certification is
    /// renewed the state is that of the request, with `certified_until`: it stays in force.
    #[schema(example = "certified")]
    state: &'static str,
    /// Until when it is certified, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    certified_until: Option<i64>,
    /// From when on `request_certification` asks for the next certification, in seconds since 1970. Absent where there is
    /// none to renew, where it is being renewed, and where it ends with the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    renewable_from: Option<i64>,
    /// When the card ends.
    card_expires: i64,
}

/// What happened to an identity.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventShown {
    /// When, in seconds since 1970.
    at: i64,
    /// What: `created`, `address_confirmed`, `requested`, `at_desk`, `approved`, `failed`, `lapsed`, `certified`, `ended`,
    /// `suspended`, `restored` or `closed`.
    kind: &'static str,
}

/// What to take to the town hall.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequestShown {
    /// The text of the QR code.
    qr: String,
    /// Until when it counts, in seconds since 1970; once.
    until: i64,
    /// A page with the same, to print.
    document: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Outcome {
    /// A sign-in: the browser goes on by itself.
    SignIn {
        /// `sign_in`.
        kind: &'static str,
    },
    /// An act of the citizen's own.
    Act(Box<Done>),
}

/// An act that was done, and the identity after it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    /// The act.
    kind: &'static str,
    /// The identity.
    identity: IdentityShown,
    /// What happened to it, the oldest first.
    events: Vec<EventShown>,
    /// What to take to the town hall, while that can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestShown>,
}

impl Done {
    pub(super) fn of(app: &App, cnie: &Cnie, act: &Act, identity: &AnyIdentity) -> Self {
        let common = identity.common();
        Self {
            kind: act.name(),
            identity: IdentityShown {
                state: identity.state(),
                certified_until: identity.certified_until().map(domain::time::Timestamp::epoch),
                renewable_from: identity.renewable_from().map(domain::time::Timestamp::epoch),
                card_expires: common.card_expires().epoch(),
            },
            events: common
                .history()
                .iter()
                .map(|event| EventShown { at: event.at.epoch(), kind: event.happened.name() })
                .collect(),
            request: request(app, cnie, identity),
        }
    }
}

fn request(app: &App, cnie: &Cnie, identity: &AnyIdentity) -> Option<RequestShown> {
    let AnyIdentity::Requested(requested) = identity else { return None };
    let named = (requested.id(), identity.common().code());
    let token = domain::cnie::qr::write(named, requested.request(), requested.until(), &cnie.qr_secret)?;
    Some(RequestShown {
        qr: format!("{}/guichet/q/{token}", cnie.desk_origin(app)),
        until: requested.until().epoch(),
        document: app.issuer.at(&format!("/carte/demande/{token}")),
    })
}

/// The answer to a round.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum Round {
    /// The chip is asked more.
    More {
        /// What the phone sends to the chip as it is, in this order.
        relay: Vec<String>,
    },
    /// Card and code are proved.
    Proved {
        /// What came of it.
        result: Outcome,
    },
}
