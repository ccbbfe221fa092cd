//! The telephone as a person sees it in the demo: one device with a wallet of cards, plain forms and no script.
//!
//! ```text
//!  GET  /            the card that lies on it, what can be done          POST /carte   another card
//!  GET  /?link=…     the same, the link filled in                        POST /lien    claims its transaction
//!  GET  /acte/{kind} what an act needs                                   POST /acte/{kind}  begins it
//!  GET  /demande     who asks for what, number, access number, code      POST /demande      a digit, yes or no
//!  GET  /resultat    what came of it                                     GET  /portraits/{name}.jpg
//! ```

mod screen;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use super::reading::Fault;
use super::{Act, Client, Confirm, Failure, Outcome, Phone, Visit};
use crate::card::{Card, Holder};
use crate::pages::page;
use crate::site::Site;
use screen::{Asking, Entry, Home, Preparing, Result as Shown};
use words::{card_sentence, sentence};

/// A card in the wallet of the demo.
#[derive(Debug, Clone)]
pub struct Carried {
    /// Whose.
    pub holder: Holder,
    /// The card; the desk's reader may hold it, too.
    pub card: Arc<Mutex<Card>>,
    /// What is out of the ordinary about it, in French; empty for a genuine one.
    pub about: String,
}

/// The telephone's page, answering until dropped.
#[derive(Debug)]
pub struct Telephone {
    site: Site,
    slot: Slot,
}

/// What lies on the telephone now, for who puts the same card elsewhere: at the desk of the demo.
#[derive(Clone)]
pub struct Slot(Arc<Device>);

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slot({} cards)", self.0.wallet.len())
    }
}

impl Slot {
    /// The card that was chosen last.
    pub async fn carried(&self) -> Carried {
        self.0.carried(&*self.0.now.lock().await).clone()
    }
}

/// What the device remembers between two pages.
struct Device {
    issuer: String,
    wallet: Vec<Carried>,
    now: tokio::sync::Mutex<Now>,
}

#[derive(Default)]
struct Now {
    chosen: usize,
    /// How the identity on each card stood when it was last shown here.
    known: HashMap<usize, String>,
    pending: Option<Pending>,
    shown: Option<Shown>,
}

/// What waits for the card: a transaction, or another code.
enum Pending {
    Visit(Box<Visit>, Entry),
    Code(Entry),
}

type Shared = Arc<Device>;

impl Telephone {
    /// Starts it on `listener`, for the gateway of this issuer, with the first card of the wallet on it; `beside` is served
    /// there too.
    ///
    /// # Panics
    /// When the wallet is empty.
    pub fn start(listener: TcpListener, issuer: &str, wallet: Vec<Carried>, beside: Router) -> Self {
        assert!(!wallet.is_empty(), "a telephone has a card to lie on it");
        let device = Device { issuer: issuer.to_owned(), wallet, now: tokio::sync::Mutex::default() };
        let device = Arc::new(device);
        let router = Router::new()
            .route("/", get(home))
            .route("/carte", post(choose))
            .route("/lien", post(follow))
            .route("/acte/{kind}", get(prepare).post(begin))
            .route("/demande", get(ask).post(answer))
            .route("/resultat", get(result))
            .route("/portraits/{name}", get(portrait))
            .route("/telephone.css", get(async || css()))
            .with_state(Arc::clone(&device))
            .merge(beside);
        Self { site: Site::serve(listener, router), slot: Slot(device) }
    }

    /// Its address, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.site.address())
    }

    /// The port of that address.
    pub fn port(&self) -> u16 {
        self.site.address().port()
    }

    /// What lies on it.
    pub fn slot(&self) -> Slot {
        self.slot.clone()
    }
}

fn css() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/phone.css")).into_response()
}

impl Device {
    fn carried(&self, now: &Now) -> &Carried {
        &self.wallet[now.chosen]
    }

    fn home<'a>(&'a self, now: &'a Now, link: &'a str, wrong: &'a str) -> Home<'a> {
        let known = now.known.get(&now.chosen).map(String::as_str);
        Home { wallet: &self.wallet, chosen: now.chosen, known, link, wrong }
    }

    fn phone(&self, now: &Now, entry: &Entry) -> Phone {
        Phone::new(Arc::clone(&self.carried(now).card), &self.issuer).typing(&entry.can, &entry.code)
    }
}

#[derive(Debug, Deserialize)]
struct Linked {
    #[serde(default)]
    link: String,
}

/// `GET /`.
async fn home(State(device): State<Shared>, Query(Linked { link }): Query<Linked>) -> Response {
    let now = device.now.lock().await;
    page(StatusCode::OK, &device.home(&now, &link, ""))
}

#[derive(Debug, Deserialize)]
struct Choice {
    card: usize,
}

/// `POST /carte`.
async fn choose(State(device): State<Shared>, Form(Choice { card }): Form<Choice>) -> Redirect {
    let mut now = device.now.lock().await;
    if card < device.wallet.len() {
        *now = Now { chosen: card, known: std::mem::take(&mut now.known), ..Now::default() };
    }
    Redirect::to("/")
}

/// `POST /lien`.
async fn follow(State(device): State<Shared>, Form(Linked { link }): Form<Linked>) -> Response {
    let mut now = device.now.lock().await;
    match device.phone(&now, &Entry::default()).claim(&link).await {
        Ok(visit) => {
            now.pending = Some(Pending::Visit(Box::new(visit), Entry::default()));
            Redirect::to("/demande").into_response()
        }
        Err(failure) => {
            let wrong = sentence(&failure);
            page(StatusCode::UNPROCESSABLE_ENTITY, &device.home(&now, &link, &wrong))
        }
    }
}

/// `GET /acte/{kind}`.
async fn prepare(State(device): State<Shared>, Path(kind): Path<String>) -> Response {
    let now = device.now.lock().await;
    let Some(title) = screen::title(&kind) else { return StatusCode::NOT_FOUND.into_response() };
    let carried = device.carried(&now);
    let needs_terms = matches!(kind.as_str(), "create" | "request_certification");
    let terms = if needs_terms {
        Client::new(&device.issuer).get("/app/v1/terms").await.unwrap_or_default()
    } else {
        Value::Null
    };
    let preparing = Preparing {
        title,
        kind: &kind,
        email: if kind == "create" { carried.holder.person.email } else { "" },
        terms: terms["text"]["fr"].as_str().unwrap_or_default(),
        version: terms["version"].as_str().unwrap_or_default(),
    };
    page(StatusCode::OK, &preparing)
}

#[derive(Debug, Deserialize)]
struct Prepared {
    #[serde(default)]
    email: String,
    #[serde(default)]
    terms: String,
}

/// `POST /acte/{kind}`.
async fn begin(State(device): State<Shared>, Path(kind): Path<String>, Form(given): Form<Prepared>) -> Response {
    let mut now = device.now.lock().await;
    let Prepared { email, terms } = given;
    let act = match kind.as_str() {
        "create" => Act::Create { email, language: "fr".into(), terms },
        "show" => Act::Show,
        "request_certification" => Act::RequestCertification { terms },
        "activate" => Act::Activate,
        "restore" => Act::Restore,
        "delete" => Act::Delete,
        "code" => {
            now.pending = Some(Pending::Code(Entry::default()));
            return Redirect::to("/demande").into_response();
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match device.phone(&now, &Entry::default()).begin(act).await {
        Ok(visit) => {
            now.pending = Some(Pending::Visit(Box::new(visit), Entry::default()));
            Redirect::to("/demande").into_response()
        }
        Err(failure) => finish(&mut now, Shown::failed(&failure, sentence(&failure))),
    }
}

/// `GET /demande`.
async fn ask(State(device): State<Shared>) -> Response {
    let now = device.now.lock().await;
    asked(&device, &now)
}

fn asked(device: &Device, now: &Now) -> Response {
    let holder = &device.carried(now).holder;
    match &now.pending {
        Some(Pending::Visit(visit, entry)) => {
            let title = screen::title(&visit.opened.purpose.kind).unwrap_or("Se connecter");
            page(StatusCode::OK, &Asking { title, holder, opened: Some(&visit.opened), entry })
        }
        Some(Pending::Code(entry)) => {
            page(StatusCode::OK, &Asking { title: "Changer mon code", holder, opened: None, entry })
        }
        None => Redirect::to("/").into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Answered {
    #[serde(default)]
    can: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    new_code: String,
    number: Option<u8>,
    digit: Option<String>,
    action: Option<String>,
}

/// `POST /demande`: a digit of the keypad, or what the citizen decides.
async fn answer(State(device): State<Shared>, Form(given): Form<Answered>) -> Response {
    let mut now = device.now.lock().await;
    let Some(pending) = now.pending.take() else { return Redirect::to("/").into_response() };
    let entry = Entry {
        can: given.can,
        code: given.code,
        new_code: given.new_code,
        number: given.number,
        wrong: String::new(),
    };
    if let Some(digit) = given.digit {
        let wants_new = matches!(pending, Pending::Code(_));
        let entry = entry.pressed(&digit, wants_new);
        now.pending = Some(pending.with(entry));
        return Redirect::to("/demande").into_response();
    }
    let refuses = given.action.as_deref() == Some("refuse");
    let mut phone = device.phone(&now, &entry);
    match pending {
        Pending::Visit(mut visit, _) if refuses => {
            let shown = match phone.refuse(&mut visit).await {
                Ok(()) if visit.act.is_some() => Shown::cancelled(),
                Ok(()) => Shown::refused(),
                Err(failure) => Shown::failed(&failure, sentence(&failure)),
            };
            finish(&mut now, shown)
        }
        Pending::Visit(visit, _) => {
            match entry.missing(matches!(visit.opened.confirm, Confirm::Number { .. }), false) {
                Some(wrong) => again(&device, &mut now, Pending::Visit(visit, entry), wrong),
                None => show(&device, &mut now, &mut phone, (visit, entry)).await,
            }
        }
        Pending::Code(_) if refuses => Redirect::to("/").into_response(),
        Pending::Code(_) => match entry.missing(false, true) {
            Some(wrong) => again(&device, &mut now, Pending::Code(entry), wrong),
            None => match phone.change_code(&entry.new_code) {
                Ok(()) => finish(&mut now, Shown::code_changed()),
                Err(fault) => {
                    let wrong = card_sentence(&fault);
                    again(&device, &mut now, Pending::Code(entry.again()), wrong)
                }
            },
        },
    }
}

/// Shows the card. What was typed wrong is typed again while the transaction lives; the rest is an end.
async fn show(device: &Device, now: &mut Now, phone: &mut Phone, (mut visit, entry): (Box<Visit>, Entry)) -> Response {
    let outcome = phone.prove(&mut visit, entry.number).await;
    learn(now, &outcome);
    match outcome {
        Ok(outcome) => finish(now, Shown::of(&outcome)),
        Err(Failure::Card(fault @ (Fault::Password | Fault::Code(_)))) => {
            again(device, now, Pending::Visit(visit, entry.again()), card_sentence(&fault))
        }
        Err(failure) => finish(now, Shown::failed(&failure, sentence(&failure))),
    }
}

/// Keeps how the identity on the card stands, as far as an outcome tells.
fn learn(now: &mut Now, outcome: &Result<Outcome, Failure>) {
    match outcome {
        Ok(outcome) if !outcome.state().is_empty() => {
            now.known.insert(now.chosen, outcome.state().to_owned());
        }
        Err(failure) if failure.code() == Some("card.no_identity") => {
            now.known.insert(now.chosen, "closed".to_owned());
        }
        // Another state than was known: what can be done is asked of it first.
        Err(failure) if matches!(failure.code(), Some("card.not_in_this_state" | "card.identity_exists")) => {
            now.known.remove(&now.chosen);
        }
        Ok(_) | Err(_) => {}
    }
}

impl Pending {
    fn with(self, entry: Entry) -> Self {
        match self {
            Self::Visit(visit, _) => Self::Visit(visit, entry),
            Self::Code(_) => Self::Code(entry),
        }
    }
}

fn again(device: &Device, now: &mut Now, pending: Pending, wrong: String) -> Response {
    let entry = match &pending {
        Pending::Visit(_, entry) | Pending::Code(entry) => Entry { wrong, ..entry.clone() },
    };
    now.pending = Some(pending.with(entry));
    let mut answer = asked(device, now);
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    answer
}

fn finish(now: &mut Now, shown: Shown) -> Response {
    now.shown = Some(shown);
    Redirect::to("/resultat").into_response()
}

/// `GET /resultat`.
async fn result(State(device): State<Shared>) -> Response {
    match &device.now.lock().await.shown {
        Some(shown) => page(StatusCode::OK, shown),
        None => Redirect::to("/").into_response(),
    }
}

/// `GET /portraits/{name}.jpg`.
async fn portrait(Path(name): Path<String>) -> Response {
    match name.strip_suffix(".jpg").and_then(Holder::named) {
        Some(holder) => ([(header::CONTENT_TYPE, "image/jpeg")], holder.portrait.jpeg).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests;
