//! What judges passkeys, of agents and of partners: the WebAuthn library, told what is asked of it (Web Authentication
//! Level 3 §7).
//!
//! User verification is required at both ceremonies: a passkey is something one has, and a finger, a face or a code. Each
//! passkey has to be discoverable, so that an agent signs in without typing a name. The counter of an authenticator that
//! has one may only go up (§6.1.1).

use domain::id::PasskeyId;
use domain::partners::partner::Partner;
use domain::people::agent::Agent;
use serde_json::{Value, json};
use store::registry::KeptPasskey;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::config::Issuer;

/// The origin cannot have passkeys.
#[derive(Debug, thiserror::Error)]
#[error("the origin cannot have passkeys: {0}")]
pub(crate) struct NoPasskeys(WebauthnError);

/// Why a ceremony came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// What the browser sent cannot be read.
    #[error("the answer of the browser cannot be read")]
    Unreadable,
    /// What the authenticator signed does not hold.
    #[error("the library refuses it: {0}")]
    Library(WebauthnError),
    /// The authenticator does not say that it verified who holds it.
    #[error("the user was not verified")]
    Unverified,
}

/// What is asked of an authenticator, and what has to be remembered until it answers.
#[derive(Debug)]
pub(crate) struct Asked {
    /// For the browser, JSON.
    pub(crate) options: String,
    /// For the end of the ceremony, JSON.
    pub(crate) state: String,
}

/// Whom a passkey is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User<'a> {
    handle: [u8; 16],
    mail: &'a str,
    name: &'a str,
}

impl<'a> From<&'a Agent> for User<'a> {
    fn from(agent: &'a Agent) -> Self {
        Self { handle: agent.id.octets(), mail: agent.mail.as_str(), name: agent.name.as_str() }
    }
}

impl<'a> From<&'a Partner> for User<'a> {
    fn from(partner: &'a Partner) -> Self {
        Self::new(partner.id.octets(), partner.mail.as_str(), partner.name.as_str())
    }
}

impl<'a> User<'a> {
    /// Somebody who has no account yet.
    pub(crate) const fn new(handle: [u8; 16], mail: &'a str, name: &'a str) -> Self {
        Self { handle, mail, name }
    }
}

/// The passkeys of one origin.
#[derive(Debug)]
pub(crate) struct Passkeys(Webauthn);

impl Passkeys {
    /// The passkeys of an origin, with its host as RP ID.
    pub(crate) fn at(origin: &Issuer, name: &str) -> Result<Self, NoPasskeys> {
        let url = Url::parse(origin.as_str()).map_err(|_| NoPasskeys(WebauthnError::Configuration))?;
        let host = url.domain().ok_or(NoPasskeys(WebauthnError::Configuration))?.to_owned();
        let built = WebauthnBuilder::new(&host, &url).and_then(|builder| builder.rp_name(name).build());
        built.map(Self).map_err(NoPasskeys)
    }

    /// Asks for a new passkey of somebody who has these.
    pub(crate) fn register<O>(&self, user: User<'_>, held: &[KeptPasskey<O>]) -> Result<Asked, Refused> {
        let known: Vec<CredentialID> =
            held.iter().filter_map(|kept| credential(kept).ok()).map(|passkey| passkey.cred_id().clone()).collect();
        let (options, state) = self
            .0
            .start_passkey_registration(Uuid::from_bytes(user.handle), user.mail, user.name, Some(known))
            .map_err(Refused::Library)?;
        let mut options = written(&options)?;
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
        Ok(Asked { options: options.to_string(), state: written(&state)?.to_string() })
    }

    /// The passkey that was registered: its name here, and what to keep of it.
    pub(crate) fn registered(&self, state: &str, answer: &str) -> Result<(PasskeyId, String), Refused> {
        let state: PasskeyRegistration = read(state)?;
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let passkey = self.0.finish_passkey_registration(&answer, &state).map_err(Refused::Library)?;
        Ok((PasskeyId::of(passkey.cred_id()), written(&passkey)?.to_string()))
    }

    /// Asks for a signature by any passkey of this origin.
    pub(crate) fn sign_in(&self) -> Result<Asked, Refused> {
        let (options, state) = self.0.start_discoverable_authentication().map_err(Refused::Library)?;
        let mut options = written(&options)?;
        // The library offers it in a field of a form; here a button asks for it.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        Ok(Asked { options: options.to_string(), state: written(&state)?.to_string() })
    }

    /// Who an answer says it is of.
    pub(crate) fn identify(&self, answer: &str) -> Result<Claimed, Refused> {
        let answer: PublicKeyCredential = read(answer)?;
        let (user, id) = self.0.identify_discoverable_authentication(&answer).map_err(Refused::Library)?;
        let (handle, passkey) = (*user.as_bytes(), PasskeyId::of(id));
        Ok(Claimed { handle, passkey, answer })
    }

    /// Judges a signature by a passkey that is kept; the passkey as it is to be kept now.
    pub(crate) fn signed_in<O>(
        &self,
        state: &str,
        claimed: &Claimed,
        kept: KeptPasskey<O>,
    ) -> Result<KeptPasskey<O>, Refused> {
        let state: DiscoverableAuthentication = read(state)?;
        let mut passkey = credential(&kept)?;
        let result =
            self.0.finish_discoverable_authentication_v2(&claimed.answer, state, &passkey).map_err(Refused::Library)?;
        if !result.user_verified() {
            return Err(Refused::Unverified);
        }
        passkey.update_credential(&result);
        Ok(KeptPasskey { credential: written(&passkey)?.to_string(), ..kept })
    }
}

/// An answer, and who it says it is of: nothing is proved by that.
#[derive(Debug)]
pub(crate) struct Claimed {
    /// The user handle.
    pub(crate) handle: [u8; 16],
    /// The credential id.
    pub(crate) passkey: PasskeyId,
    answer: PublicKeyCredential,
}

fn credential<O>(kept: &KeptPasskey<O>) -> Result<Passkey, Refused> {
    read(&kept.credential)
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Refused> {
    serde_json::from_str(text).map_err(|_| Refused::Unreadable)
}

fn written<T: serde::Serialize>(value: &T) -> Result<Value, Refused> {
    serde_json::to_value(value).map_err(|_| Refused::Unreadable)
}
