//! The partners' space of the demo: a commune that is known, one of its people, and two who review for the operator.
//!
//! Each of them has a passkey in software; a door lets the browser that opens it in as them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::gateway::Installation;
use crate::mailbox::Mailbox;
use crate::partner::{self, Partner, link};
use crate::workspace;

/// The SIRET of the commune: Lyon.
const SIRET: &str = "21690123100011";
/// How long a mail may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who works in the partners' space.
#[derive(Debug)]
pub struct Office {
    doors: Vec<Door>,
}

/// A way in as somebody.
#[derive(Debug)]
struct Door {
    /// Where it is.
    at: &'static str,
    /// The page behind it.
    leads_to: String,
    /// As whom.
    partner: tokio::sync::Mutex<Partner>,
}

/// Where the doors are, and who goes through them.
pub const DOORS: [(&str, &str); 3] = [
    ("/espace/commune", "the town hall's own agent"),
    ("/espace/instruction", "who reviews for the operator"),
    ("/espace/seconde-lecture", "who reviews after them, where two must agree"),
];

impl Office {
    /// Lets somebody bring the commune in, and two people review.
    pub async fn staff(origin: &str, installation: &Installation, mailbox: &Mailbox) -> anyhow::Result<Self> {
        let mut nadia = sign_up(origin, "Nadia", mailbox).await.context("the agent of the commune signs up")?;
        nadia.make_code().await?;
        let page = nadia.open("/espace/organisations/nouvelle").await?;
        let found = nadia.press(&page, "form[data-step=new-organisation] button", &[("siret", SIRET)]).await?;
        let _home = nadia.press(&found, "form[data-step=confirm-organisation] button", &[]).await?;
        let mut ines = reviewer(origin, installation, "Ines").await?;
        let omar = reviewer(origin, installation, "Omar").await?;
        let organisation = format!("/espace/organisations/{SIRET}");
        let page = ines.open(&organisation).await?;
        let accepted = ines.press(&page, "form[data-step=accept-organisation] button", &[]).await?;
        anyhow::ensure!(accepted.status.is_success(), "the commune is accepted: {}", accepted.brief());
        // A request that has every answer: to read, to change, to hand in.
        let file = std::fs::read_to_string(workspace::root().join("config/requests/cantine.json"))?;
        let list = nadia.open(&format!("{organisation}/demandes")).await?;
        let request = nadia.press(&list, "form[data-step=import] button", &[("file", &file)]).await?;
        anyhow::ensure!(request.status.is_success(), "the request is taken in: {}", request.brief());
        let people =
            [(nadia, organisation), (ines, "/espace/instruction".into()), (omar, "/espace/instruction".into())];
        let doors = DOORS.iter().zip(people).map(|((at, _), (partner, leads_to))| Door {
            at,
            leads_to,
            partner: tokio::sync::Mutex::new(partner),
        });
        Ok(Self { doors: doors.collect() })
    }

    /// The ways in. They have to be at `localhost`: cookies know no port, so what is set there counts in the space.
    pub fn doors(self) -> Router {
        self.doors.into_iter().fold(Router::new(), |router, door| {
            let (at, door) = (door.at, Arc::new(door));
            router.merge(Router::new().route(at, get(enter)).with_state(door))
        })
    }
}

async fn sign_up(origin: &str, name: &str, mailbox: &Mailbox) -> anyhow::Result<Partner> {
    let mut partner = Partner::at(origin, name);
    let page = partner.open("/espace/inscription").await?;
    let mail = partner.mail.clone();
    partner.press(&page, "form[data-step=sign-up] button", &[("mail", &mail)]).await?;
    let messages = mailbox.messages_to(&mail, 0, PATIENCE).await;
    let message = messages.first().context("no mail came")?;
    partner.begin(&link(&message.text)).await?;
    Ok(partner)
}

async fn reviewer(origin: &str, installation: &Installation, name: &str) -> anyhow::Result<Partner> {
    let link = partner::invite_operator(installation, name, &["instructor"]).await?;
    let mut partner = Partner::at(origin, name);
    partner.begin(&link).await.with_context(|| format!("{name} takes the invitation"))?;
    partner.make_code().await?;
    Ok(partner)
}

/// A passkey signs anew each time: what is dangerous may be done in the minutes after.
async fn enter(State(door): State<Arc<Door>>) -> Response {
    let mut partner = door.partner.lock().await;
    match partner.sign_in().await {
        Ok(_home) => partner.agent.hand_over(&door.leads_to),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("nobody is let in: {error:#}")).into_response(),
    }
}
