//! The card and fingerprint reader of a town hall's desk (cnie.md §13): it polls the gateway for a case, reads the card with
//! the face, relays the server's commands, and signs what came of the fingerprint. No fingerprint leaves it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::card::pace::Password;
use crate::card::{Card, Transport};
use crate::jose::{Algorithm, SigningKey};
use crate::phone::page::Slot;
use crate::phone::reading::Reader;
use crate::phone::{Client, Failure, octets, shown};
use crate::{clock, jose};

/// What passive authentication needs, with the face.
const GROUPS: [u8; 7] = [1, 2, 11, 12, 13, 14, 15];

const NO_CARD: Failure = Failure::Form("card to read");

/// What came of the comparison of a finger with the card's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fingerprint {
    /// The same.
    Match,
    /// Another's.
    NoMatch,
    /// No finger can be taken.
    NotCapturable,
}

impl Fingerprint {
    fn word(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::NoMatch => "no_match",
            Self::NotCapturable => "not_capturable",
        }
    }
}

/// What a turn of the reader did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// No case waits for this reader.
    Idle,
    /// The card was read, and the chip proved itself.
    CardRead,
    /// The verdict of the fingerprint was signed and sent.
    FingerprintSigned,
}

/// A desk reader, registered at the gateway by the thumbprint of its key.
pub struct DeskReader {
    client: Client,
    card: Option<(Box<dyn Transport>, String)>,
    finger: Fingerprint,
}

/// Without the access number.
impl std::fmt::Debug for DeskReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeskReader({}, {:?})", self.client.thumbprint(), self.finger)
    }
}

impl DeskReader {
    /// A reader with a fresh key, which calls the desk at this address.
    pub fn new(base: &str) -> Self {
        Self::with_key(base, SigningKey::generate(Algorithm::Es256))
    }

    /// A reader with a key that is registered already.
    pub fn with_key(base: &str, key: SigningKey) -> Self {
        Self { client: Client::with_key(base, key), card: None, finger: Fingerprint::Match }
    }

    /// What the registry knows it by (RFC 7638).
    pub fn thumbprint(&self) -> String {
        self.client.thumbprint()
    }

    /// Its public key, to be registered (RFC 7517).
    pub fn public_key(&self) -> Value {
        self.client.key().bare_jwk()
    }

    /// Lays a card on it; its access number is read off the front.
    pub fn insert(&mut self, card: impl Transport + 'static, can: &str) {
        self.card = Some((Box::new(card), can.to_owned()));
    }

    /// Takes the card off.
    pub fn remove(&mut self) {
        self.card = None;
    }

    /// What the sensor will find from now on.
    pub fn set_finger(&mut self, finger: Fingerprint) {
        self.finger = finger;
    }

    /// Posts what a test wants to see refused.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.client.post(path, body).await
    }

    /// Posts what need not be an object.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn post_octets(&mut self, path: &str, body: &[u8]) -> Result<Value, Failure> {
        self.client.post_octets(path, body).await
    }

    /// Asks for a case and does what it waits for.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn turn(&mut self) -> Result<Turn, Failure> {
        let case = self.client.post("/reader/v1/cases/next", &json!({})).await?;
        match case["step"].as_str() {
            None => Ok(Turn::Idle),
            Some("card") => self.read(&case).await,
            Some("fingerprint") => self.sign(&case).await,
            Some(_) => Err(Failure::Form("step that is known")),
        }
    }

    async fn read(&mut self, case: &Value) -> Result<Turn, Failure> {
        if self.card.is_none() {
            return Ok(Turn::Idle);
        }
        let mut body = self.answers(case).await?;
        loop {
            let said = self.client.post("/reader/v1/cases/answers", &body).await?;
            if said["status"] == "read" {
                return Ok(Turn::CardRead);
            }
            body = json!({ "case": case["case"], "relay": self.relayed(&said["relay"])? });
        }
    }

    /// The files of the card that lies on it, as a case is shown them.
    ///
    /// # Errors
    /// [`Failure`], [`Failure::Form`] when no card lies there.
    pub fn files(&mut self, case: &Value) -> Result<Value, Failure> {
        let (card, can) = self.card.as_mut().ok_or(NO_CARD)?;
        let mut body = shown(&Reader::open(&mut **card, &Password::Can(can.clone()))?.document(&GROUPS)?);
        body["case"] = case["case"].clone();
        Ok(body)
    }

    /// Shows a case the card that lies on it; the first answers of its chip, which are not sent.
    ///
    /// # Errors
    /// [`Failure`], [`Failure::Form`] when no card lies there.
    pub async fn answers(&mut self, case: &Value) -> Result<Value, Failure> {
        let (card, can) = self.card.as_mut().ok_or(NO_CARD)?;
        let mut reader = Reader::open(&mut **card, &Password::Can(can.clone()))?;
        let mut body = shown(&reader.document(&GROUPS)?);
        body["case"] = case["case"].clone();
        let said = self.client.post("/reader/v1/cases/card", &body).await?;
        let mut opening = Vec::new();
        for command in octets(&said["opening"])? {
            opening.push(jose::encode(reader.hand_over(&command)?));
        }
        Ok(json!({ "case": case["case"], "opening": opening, "relay": self.relayed(&said["relay"])? }))
    }

    /// What the card says to the server's commands.
    fn relayed(&mut self, commands: &Value) -> Result<Vec<String>, Failure> {
        let (card, _) = self.card.as_mut().ok_or(NO_CARD)?;
        Ok(octets(commands)?.iter().map(|command| jose::encode(card.transmit(command))).collect())
    }

    async fn sign(&mut self, case: &Value) -> Result<Turn, Failure> {
        let body = json!({ "case": case["case"], "verdict": self.verdict(case) });
        self.client.post("/reader/v1/cases/fingerprint", &body).await?;
        Ok(Turn::FingerprintSigned)
    }

    /// The signed verdict over a case. The key does not stand in the header: the registry has it.
    pub fn verdict(&self, case: &Value) -> String {
        self.verdict_made_at(case, clock::now())
    }

    /// The same, made at another moment.
    pub fn verdict_made_at(&self, case: &Value, at: i64) -> String {
        let key = self.client.key();
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": key.thumbprint() });
        let claims = json!({ "case": case["case"], "nonce": case["nonce"], "result": self.finger.word(), "iat": at });
        key.sign_under(&header, &claims)
    }
}

/// A reader that asks for a case again and again, until dropped.
#[derive(Debug)]
pub struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl DeskReader {
    /// Asks for a case at this pace, with the card that lies on a telephone laid on the reader meanwhile: the desk of the
    /// demo. What fails is told on standard error; a card that was refused waits there until another is chosen.
    pub fn follow(mut self, slot: Slot, pace: Duration) -> Following {
        Following(tokio::spawn(async move {
            let mut pace = tokio::time::interval(pace);
            let mut refused: Option<Arc<Mutex<Card>>> = None;
            loop {
                pace.tick().await;
                let carried = slot.carried().await;
                // A card that was refused is not laid down again and again: the tries of a case are few.
                if refused.as_ref().is_some_and(|card| Arc::ptr_eq(card, &carried.card)) {
                    continue;
                }
                self.insert(Arc::clone(&carried.card), carried.holder.can);
                refused = None;
                if let Err(failure) = self.turn().await {
                    eprintln!("desk reader: {failure}");
                    refused = matches!(failure, Failure::Refused(_)).then_some(carried.card);
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_verifies_with_the_key_that_the_registry_knows() {
        let mut reader = DeskReader::new("http://127.0.0.1:1");
        reader.set_finger(Fingerprint::NotCapturable);
        let verdict = reader.verdict(&json!({ "case": "c", "nonce": "n", "step": "fingerprint" }));
        assert!(jsonwebtoken::decode_header(&verdict).unwrap().jwk.is_none(), "whose key counts, the registry says");
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(reader.public_key()).unwrap();
        assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), reader.thumbprint());
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
        rules.required_spec_claims.clear();
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let claims = jsonwebtoken::decode::<Value>(&verdict, &key, &rules).unwrap().claims;
        assert_eq!((&claims["case"], &claims["nonce"]), (&json!("c"), &json!("n")));
        assert_eq!(claims["result"], "not_capturable");
    }
}
