//! A transaction as the telephone sees it: what it was told, and what the card signs for it (T).

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Failure};
use crate::card::crypt::Hash;
use crate::jose;

/// What the gateway opened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Opened {
    /// What calls name it by.
    pub transaction: String,
    /// Its id in what is signed.
    pub id: String,
    /// N, base64url.
    pub nonce: String,
    /// Until when, in epoch seconds.
    pub expires: u64,
    /// Which gateway.
    pub issuer: String,
    /// What for.
    pub purpose: Purpose,
    /// What the citizen has to pick.
    pub confirm: Confirm,
    /// Whether nothing of it is real.
    #[serde(default)]
    pub simulator: bool,
}

/// What a transaction is for; what is not of its kind is not there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Purpose {
    /// `sign_in`, or the name of an act.
    pub kind: String,
    /// The service, as the gateway's register has it.
    pub client_id: Option<String>,
    /// Its name.
    pub service: Option<Bilingual>,
    /// The level.
    pub acr: Option<String>,
    /// H(authorization request), base64url.
    pub request_hash: Option<String>,
    /// What it will be told.
    #[serde(default)]
    pub claims: Vec<Bilingual>,
    /// Where the browser is, about.
    #[serde(default)]
    pub place: Value,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bilingual {
    /// French.
    pub fr: String,
    /// English.
    pub en: String,
}

/// What the citizen has to pick before the card is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Confirm {
    /// Nothing: browser and telephone are the same device.
    None,
    /// The number that the browser shows.
    Number {
        /// Among these.
        choices: Vec<u8>,
    },
}

/// An act of the citizen's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Creates the identity.
    Create {
        /// Address for notices.
        email: String,
        /// `fr` or `en`.
        language: String,
        /// Version of the terms that are accepted.
        terms: String,
    },
    /// Shows it.
    Show,
    /// Asks for the certification at a desk.
    RequestCertification {
        /// Version of the terms that are accepted.
        terms: String,
    },
    /// Completes it at home.
    Activate,
    /// Lifts a suspension.
    Restore,
    /// Deletes the identity.
    Delete,
}

impl Act {
    /// Its name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Show => "show",
            Self::RequestCertification { .. } => "request_certification",
            Self::Activate => "activate",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }

    /// E-mail, language, version of the terms: empty where the act has none.
    fn parameters(&self) -> [&str; 3] {
        match self {
            Self::Create { email, language, terms } => [email, language, terms],
            Self::RequestCertification { terms } => ["", "", terms],
            Self::Show | Self::Activate | Self::Restore | Self::Delete => [""; 3],
        }
    }

    /// As calls carry it.
    pub fn purpose(&self) -> Value {
        let mut purpose = json!({ "kind": self.kind() });
        for (name, value) in ["email", "language", "terms"].into_iter().zip(self.parameters()) {
            if !value.is_empty() {
                purpose[name] = value.into();
            }
        }
        purpose
    }
}

/// A transaction that goes on: what was opened, the key that proves its calls, and the act it is.
#[derive(Debug)]
pub struct Visit {
    /// What the gateway opened.
    pub opened: Opened,
    pub(super) client: Client,
    pub(super) act: Option<Act>,
}

impl Visit {
    /// What the card signs, computed from what was shown (cnie.md §11).
    ///
    /// # Errors
    /// [`Failure::Form`] when the gateway left something out.
    pub fn text(&self, server_key: &[u8]) -> Result<[u8; 32], Failure> {
        let Opened { id, nonce, expires, issuer, purpose, .. } = &self.opened;
        let nonce = decoded(nonce, "nonce")?;
        let expires = expires.to_string();
        let key = Hash::Sha256.of(server_key);
        let jkt = self.client.thumbprint();
        let missing = |name| Failure::Form(name);
        let (label, party, request, acr) = match &self.act {
            None => {
                let request = purpose.request_hash.as_deref().ok_or(missing("request hash"))?;
                let party = purpose.client_id.as_deref().ok_or(missing("client"))?;
                let acr = purpose.acr.as_deref().ok_or(missing("level"))?;
                ("CNIE-AUTH-v1", party, decoded(request, "request hash")?, acr)
            }
            Some(act) => {
                let parameters = delimited(&act.parameters().map(str::as_bytes));
                ("CNIE-ACT-v1", act.kind(), Hash::Sha256.of(&parameters), "")
            }
        };
        let text = delimited(&[
            label.as_bytes(),
            issuer.as_bytes(),
            id.as_bytes(),
            &nonce,
            expires.as_bytes(),
            party.as_bytes(),
            &request,
            acr.as_bytes(),
            jkt.as_bytes(),
            &key,
        ]);
        Hash::Sha256.of(&text).try_into().map_err(|_| Failure::OtherText)
    }
}

/// Each field after its length in eight octets.
fn delimited(fields: &[&[u8]]) -> Vec<u8> {
    fields.iter().flat_map(|field| [&(field.len() as u64).to_be_bytes()[..], field].concat()).collect()
}

/// base64url without padding, read.
pub(super) fn decoded(text: &str, what: &'static str) -> Result<Vec<u8>, Failure> {
    jose::decode(text).ok_or(Failure::Form(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(act: Option<Act>) -> Visit {
        let opened = json!({
            "transaction": "handle", "id": "AAAAAAAAAAAAAAAAAAAAAA", "nonce": jose::encode([7; 32]), "expires": 1_800_000_300,
            "issuer": "https://passerelle.example", "confirm": { "kind": "number", "choices": [12, 34, 56] },
            "purpose": { "kind": "sign_in", "client_id": "commune", "service": { "fr": "Ville", "en": "Town" },
                "acr": "eidas3", "request_hash": jose::encode([9; 32]), "claims": [], "place": "Lyon" },
        });
        Visit {
            opened: serde_json::from_value(opened).unwrap(),
            client: Client::new("https://passerelle.example"),
            act,
        }
    }

    #[test]
    fn every_field_changes_what_is_signed() {
        let visit = visit(None);
        let text = visit.text(&[4; 65]).unwrap();
        assert_ne!(text, visit.text(&[5; 65]).unwrap());
        let changes: [fn(&mut Opened); 6] = [
            |opened| opened.id.push('B'),
            |opened| opened.nonce = jose::encode([8; 32]),
            |opened| opened.expires += 1,
            |opened| opened.issuer.push('/'),
            |opened| opened.purpose.client_id = Some("other".into()),
            |opened| opened.purpose.acr = Some("eidas2".into()),
        ];
        let Visit { opened, client, .. } = visit;
        let mut other = Visit { opened: opened.clone(), client, act: None };
        for change in changes {
            other.opened = opened.clone();
            change(&mut other.opened);
            assert_ne!(other.text(&[4; 65]).unwrap(), text);
        }
        other.opened = opened;
        assert_eq!(other.text(&[4; 65]).unwrap(), text);
        other.client = Client::new("https://passerelle.example");
        assert_ne!(other.text(&[4; 65]).unwrap(), text, "another key of the calls");
    }

    #[test]
    fn an_act_signs_its_parameters() {
        let create = |email: &str| Act::Create { email: email.into(), language: "fr".into(), terms: "1".into() };
        let mut visit = visit(Some(create("a@exemple.fr")));
        let text = visit.text(&[4; 65]).unwrap();
        for act in [create("b@exemple.fr"), Act::RequestCertification { terms: "1".into() }, Act::Show, Act::Delete] {
            visit.act = Some(act);
            assert_ne!(visit.text(&[4; 65]).unwrap(), text);
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(delimited(&[b"ab", b"c"]), delimited(&[b"a", b"bc"]));
        assert_eq!(delimited(&[b"a", b""]), [0, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
