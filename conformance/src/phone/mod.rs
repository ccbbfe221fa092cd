//! A virtual telephone: it holds a card, reads it as phones do, and speaks the gateway's app API. It is written from the
//! interface's description, as somebody would write the real application.
//!
//! ```text
//!  claim(link) ─┐                    ┌─ reads SOD and groups in its own PACE channel
//!  begin(act) ──┴─▶ Visit ─▶ prepare ┤  POST card ─▶ key of the server, T, commands
//!                                    │  computes T itself; eID: code, certificate, signature
//!                                    └─ hands over the opening, relays the rest ─▶ Parcel
//!                            submit(Parcel) ─▶ more to relay … ─▶ Outcome
//! ```
//!
//! [`Mischief`] makes it hostile; [`page`] shows it to a person.

pub mod client;
mod hostile;
pub mod page;
pub mod reading;
mod transaction;

use serde_json::{Value, json};

pub use client::{Client, Failure, Refusal};
pub use hostile::{Borrowed, Mischief, Parcel};
pub use transaction::{Act, Bilingual, Confirm, Opened, Purpose, Visit};

use crate::card::pace::Password;
use crate::card::{Holder, Transport};
use crate::jose;
use hostile::{encoded, forged};
use reading::{Document, Reader};
use transaction::decoded;

/// What passive authentication needs, but for the face: a telephone does not send it.
const GROUPS: [u8; 6] = [1, 11, 12, 13, 14, 15];

/// A telephone with a card on its back.
pub struct Phone {
    card: Box<dyn Transport>,
    issuer: String,
    can: String,
    code: String,
    mischief: Option<Mischief>,
    http: Option<reqwest::Client>,
}

/// Neither access number nor code.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Phone({}, {:?})", self.issuer, self.mischief)
    }
}

/// What came of a proof.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Outcome {
    /// `sign_in`, or the name of the act.
    pub kind: String,
    /// How the identity stands.
    #[serde(default)]
    pub identity: Value,
    /// What happened to it.
    #[serde(default)]
    pub events: Vec<Value>,
    /// The certification request, where there is one.
    #[serde(default)]
    pub request: Option<Value>,
    /// All else that the server said.
    #[serde(flatten)]
    pub further: serde_json::Map<String, Value>,
}

impl Outcome {
    /// The state of the identity, or nothing.
    pub fn state(&self) -> &str {
        self.identity["state"].as_str().unwrap_or_default()
    }
}

impl Phone {
    /// A telephone for the gateway of this issuer. The card's numbers are typed next: [`Phone::typing`].
    pub fn new(card: impl Transport + 'static, issuer: &str) -> Self {
        let issuer = issuer.trim_end_matches('/').to_owned();
        Self { card: Box::new(card), issuer, can: String::new(), code: String::new(), mischief: None, http: None }
    }

    /// With the access number and the code that are typed.
    #[must_use]
    pub fn typing(self, can: &str, code: &str) -> Self {
        Self { can: can.to_owned(), code: code.to_owned(), ..self }
    }

    /// With what the holder of the card knows.
    #[must_use]
    pub fn of(self, holder: &Holder) -> Self {
        self.typing(holder.can, holder.code)
    }

    /// The same, hostile from now on.
    #[must_use]
    pub fn hostile(self, mischief: Mischief) -> Self {
        Self { mischief: Some(mischief), ..self }
    }

    /// The same by way of another HTTP client: one that trusts an authority of its own, for one.
    #[must_use]
    pub fn by_way_of(self, http: reqwest::Client) -> Self {
        Self { http: Some(http), ..self }
    }

    /// A client under a fresh key: each transaction has its own.
    fn client(&self) -> Client {
        let client = Client::new(&self.issuer);
        match &self.http {
            Some(http) => client.by_way_of(http.clone()),
            None => client,
        }
    }

    /// Claims the transaction of a link: `{issuer}/app/q/{handle}` of a QR code, or `/app/l/` of the same device.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn claim(&self, address: &str) -> Result<Visit, Failure> {
        let rest = address.trim().strip_prefix(&self.issuer).ok_or(Failure::Address)?;
        let handle = rest.strip_prefix("/app/q/").or_else(|| rest.strip_prefix("/app/l/")).ok_or(Failure::Address)?;
        let claimed = self.opened(self.client(), "/app/v1/claims", json!({ "handle": handle }), None).await;
        if matches!(self.mischief, Some(Mischief::DoubleClaim)) {
            self.opened(self.client(), "/app/v1/claims", json!({ "handle": handle }), None).await?;
        }
        claimed
    }

    /// Begins an act of the citizen's own.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn begin(&self, act: Act) -> Result<Visit, Failure> {
        let body = json!({ "purpose": act.purpose() });
        self.opened(self.client(), "/app/v1/transactions", body, Some(act)).await
    }

    async fn opened(&self, mut client: Client, path: &str, body: Value, act: Option<Act>) -> Result<Visit, Failure> {
        let said = client.post(path, &body).await?;
        let opened: Opened = serde_json::from_value(said).map_err(|_| Failure::Form("transaction"))?;
        if opened.issuer != self.issuer {
            return Err(Failure::Form("issuer that was asked"));
        }
        Ok(Visit { opened, client, act })
    }

    /// The version of the terms that the gateway has now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn terms(&self) -> Result<String, Failure> {
        let said = self.client().get("/app/v1/terms").await?;
        said["version"].as_str().map(str::to_owned).ok_or(Failure::Form("version of the terms"))
    }

    /// Shows the card: everything up to the answers that prove it. `number` is what the browser shows.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn prepare(&mut self, visit: &mut Visit, number: Option<u8>) -> Result<Parcel, Failure> {
        let mut mischief = self.mischief.clone();
        let password = Password::Can(self.can.clone());
        let mut reader = Reader::open(&mut *self.card, &password)?;
        let document = reader.document(&GROUPS)?;
        let mut body = shown(&document);
        body["transaction"] = visit.opened.transaction.clone().into();
        if let Some(number) = Mischief::number(mischief.as_ref(), number, &visit.opened.confirm) {
            body["number"] = number.into();
        }
        // The code first: a wrong one has cost nothing but a try, and the transaction goes on.
        reader.enter_eid()?;
        reader.verify(&self.code)?;
        let said = visit.client.post("/app/v1/transactions/card", &body).await?;
        let server_key = decoded(said["server_key"].as_str().unwrap_or_default(), "server key")?;
        let text = visit.text(&server_key)?;
        if decoded(said["to_sign"].as_str().unwrap_or_default(), "text to sign")? != text {
            return Err(Failure::OtherText);
        }
        let text = if let Some(Mischief::SignAnother(other)) = mischief { other } else { text };
        let [certificate, signature] = match &mut mischief {
            Some(Mischief::BorrowedCode(borrowed)) => borrowed.sign(&text)?,
            _ => [reader.certificate()?, reader.sign(&text)?],
        };
        reader.enter_travel()?;
        let mut opening = Vec::new();
        for command in octets(&said["opening"])? {
            opening.push(reader.hand_over(&command)?);
        }
        let relay = self.relayed(&document, &said["relay"])?;
        let parcel = Parcel {
            body: json!({
                "transaction": visit.opened.transaction, "certificate": jose::encode(certificate),
                "signature": jose::encode(signature), "opening": encoded(&opening), "relay": encoded(&relay),
            }),
        };
        Ok(Mischief::parcel(mischief.as_ref(), parcel))
    }

    /// Passes the server's commands on to the card, as they are.
    fn relayed(&mut self, document: &Document, commands: &Value) -> Result<Vec<Vec<u8>>, Failure> {
        let mischief = self.mischief.as_ref();
        let commands = octets(commands)?;
        if matches!(mischief, Some(Mischief::ForgedChip)) {
            return forged(document, &commands);
        }
        let commands = Mischief::commands(mischief, commands);
        let answers = commands.iter().map(|command| self.card.transmit(command)).collect();
        Ok(Mischief::answers(mischief, answers))
    }

    /// Hands the answers in, and relays what more there is.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn submit(&mut self, visit: &mut Visit, parcel: Parcel) -> Result<Outcome, Failure> {
        let transaction = parcel.body["transaction"].clone();
        let nothing = Document { sod: Vec::new(), groups: Vec::new() };
        let mut body = parcel.body;
        loop {
            let said = visit.client.post("/app/v1/transactions/answers", &body).await?;
            if said["status"] == "proved" {
                return serde_json::from_value(said["result"].clone()).map_err(|_| Failure::Form("result"));
            }
            let relay = self.relayed(&nothing, &said["relay"])?;
            body = json!({ "transaction": transaction, "relay": encoded(&relay) });
        }
    }

    /// Hands the same answers in twice, at once.
    pub async fn submit_twice(&self, visit: &Visit, parcel: &Parcel) -> [Result<Outcome, Failure>; 2] {
        let call = async || {
            let mut client = visit.client.again();
            let said = client.post("/app/v1/transactions/answers", &parcel.body).await?;
            serde_json::from_value(said["result"].clone()).map_err(|_| Failure::Form("result"))
        };
        let (one, other) = tokio::join!(call(), call());
        [one, other]
    }

    /// Shows the card and hands the answers in.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn prove(&mut self, visit: &mut Visit, number: Option<u8>) -> Result<Outcome, Failure> {
        let parcel = self.prepare(visit, number).await?;
        self.submit(visit, parcel).await
    }

    /// Begins an act and proves it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn act(&mut self, act: Act) -> Result<Outcome, Failure> {
        let mut visit = self.begin(act).await?;
        self.prove(&mut visit, None).await
    }

    /// Creates the identity, under the terms that the gateway has now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn create(&mut self, email: &str) -> Result<Outcome, Failure> {
        let terms = self.terms().await?;
        self.act(Act::Create { email: email.to_owned(), language: "fr".to_owned(), terms }).await
    }

    /// Asks for the certification, under the terms that the gateway has now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn request_certification(&mut self) -> Result<Outcome, Failure> {
        let terms = self.terms().await?;
        self.act(Act::RequestCertification { terms }).await
    }

    /// Says no: the browser reads that.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn refuse(&self, visit: &mut Visit) -> Result<(), Failure> {
        let body = json!({ "transaction": visit.opened.transaction });
        visit.client.post("/app/v1/transactions/refuse", &body).await.map(drop)
    }

    /// Changes the code on the card, which makes another key with it. The gateway is not asked.
    ///
    /// # Errors
    /// [`reading::Fault`].
    pub fn change_code(&mut self, new: &str) -> Result<(), reading::Fault> {
        let mut reader = Reader::open(&mut *self.card, &Password::Can(self.can.clone()))?;
        reader.enter_eid()?;
        reader.change(&self.code, new)?;
        new.clone_into(&mut self.code);
        Ok(())
    }
}

/// The files as calls carry them.
pub(crate) fn shown(document: &Document) -> Value {
    let mut body = json!({ "sod": jose::encode(&document.sod) });
    for (group, file) in &document.groups {
        body[format!("dg{group}")] = jose::encode(file).into();
    }
    body
}

/// A list of octet strings.
pub(crate) fn octets(list: &Value) -> Result<Vec<Vec<u8>>, Failure> {
    let list = list.as_array().ok_or(Failure::Form("commands"))?;
    list.iter().map(|one| decoded(one.as_str().unwrap_or_default(), "commands")).collect()
}

#[cfg(test)]
mod tests;
