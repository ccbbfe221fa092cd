//! Back in, for whoever lost every passkey: `GET` and `POST /espace/recuperation`, where address and code are typed, and
//! `GET` and `POST /espace/recuperation/{secret}`, where the link leads that is sent once a second person agreed.
//!
//! Whatever is typed, the page says the same, in the time that one hash takes: whether there is such an account, whether it has
//! a code, whether it is this one, its mailbox is told.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::id::RecoveryId;
use domain::notice::PartnerMessage;
use domain::partners::partner::Partner;
use domain::partners::passkey::Purpose;
use domain::partners::recovery::{Recovery, RecoveryCode, Vouching, deciding, may_be_second};
use domain::partners::role::TeamName;
use domain::people::name::MailAddress;
use domain::secret::Bearer;
use http::{HeaderMap, StatusCode};
use store::StoreError;
use store::ephemeral::{Allowed, Put};
use store::registry::{Joined, Posting};

use super::code::{Busy, Judged};
use super::invitation::{made, office};
use super::refusal::{outside, status};
use super::session::Visitor;
use super::sign_in::{broken, passkey_made};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::limits::{self, RECOVERIES, RECOVERIES_FROM};
use crate::listen::address::ClientAddress;
use crate::pages::View as _;
use crate::pages::partners::{LostAll, Register, Sent as MailSent, Shell, Wrong};
use crate::people::ceremony;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

/// `GET /espace/recuperation`.
pub(crate) async fn get(visitor: Visitor, State(app): State<Shared>) -> Response {
    ask(&app, &visitor, None, Vec::new())
}

fn ask(app: &App, visitor: &Visitor, refused: Option<Space>, wrong: Vec<Wrong>) -> Response {
    let page = visitor.page(app);
    let shell = Shell::new(page.words().space_recovery_title()).wrong(wrong);
    let view = LostAll { page, shell, refused };
    match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /espace/recuperation`.
pub(crate) async fn post(
    visitor: Visitor,
    State(app): State<Shared>,
    Extension(source): Extension<ClientAddress>,
    form: Sent,
) -> Response {
    let mail = MailAddress::parse(form.field("mail").unwrap_or_default());
    let code = RecoveryCode::parse(form.field("code").unwrap_or_default());
    let (mail, code) = match (mail, code) {
        (Ok(mail), Ok(code)) => (mail, code),
        (mail, code) => {
            let page = visitor.page(&app);
            let t = page.words();
            let wrong = [
                mail.is_err().then(|| Wrong { field: "mail", words: t.wrong_mail().to_owned() }),
                code.is_err().then(|| Wrong { field: "code", words: t.space_code_wrong().to_owned() }),
            ];
            return ask(&app, &visitor, Some(Space::InputInvalid), wrong.into_iter().flatten().collect());
        }
    };
    match judge(&app, (&mail, &code), source).await {
        Ok(Ok(found)) => {
            let own = std::sync::Arc::clone(&app);
            // After the answer: what is written down for the right code alone takes time that would tell.
            let asking = async move {
                if let Some(partner) = found
                    && let Err(error) = begin(&own, &partner).await
                {
                    tracing::error!(%error, "a recovery could not be kept");
                }
            };
            drop(app.endings.spawn(asking));
            let page = visitor.page(&app);
            let shell = Shell::new(page.words().space_recovery_sent_title());
            MailSent { page, shell }.answer(StatusCode::OK)
        }
        Ok(Err(Busy)) => outside(&app, visitor.occasion, Space::Busy),
        Err(error) => unavailable(&app, visitor.occasion, &error),
    }
}

/// The partner, when the code is theirs. One hash is computed whoever it is. Whoever tried an account too often finds no code
/// of it any more, and its owner, who asks from elsewhere, still does.
pub(super) async fn judge(
    app: &App,
    (mail, code): (&MailAddress, &RecoveryCode),
    source: ClientAddress,
) -> Result<Result<Option<Partner>, Busy>, StoreError> {
    let folded = mail.folded();
    let allowed = limits::allowed_from(app, source, (RECOVERIES, folded.as_bytes()), RECOVERIES_FROM).await?;
    let kept = app.registry.recovery_code(mail).await?;
    let (id, hash) = match (allowed, kept) {
        (Allowed::Yes, Some((id, hash))) => (Some(id), Some(hash)),
        (Allowed::Yes | Allowed::No, _) => (None, None),
    };
    let judged = match app.partners().codes.judge(code, hash.as_deref()).await {
        Ok(judged) => judged,
        Err(busy) => return Ok(Err(busy)),
    };
    match (judged, id) {
        (Judged::Right, Some(id)) => Ok(Ok(app.registry.partner(&id).await?)),
        (Judged::Right | Judged::Wrong, _) => Ok(Ok(None)),
    }
}

/// Keeps the recovery, and tells the account and whoever may be the second person.
async fn begin(app: &App, partner: &Partner) -> Result<(), StoreError> {
    let now = app.clock.now();
    let recovery = Recovery::ask(RecoveryId::from_random(app.random.bytes()), partner.id.clone(), now);
    let name = || partner.name.as_str().to_owned();
    let mut told = vec![office(app).posting(&partner.mail, PartnerMessage::RecoveryAsked { name: name(), at: now })];
    let teams = teams_of(app, partner).await?;
    for team in deciding(partner, &teams) {
        told.extend(letters(app, partner, &team).await?);
    }
    match app.registry.ask_recovery(&recovery, &told, now).await? {
        Put::Fresh => app.mail_waiting.notify_one(),
        // Another is under way already: nobody is told twice.
        Put::Taken => {}
    }
    Ok(())
}

/// The organisations that somebody acts for and whose people are known to belong to them, as teams.
pub(super) async fn teams_of(app: &App, partner: &Partner) -> Result<Vec<Vouching>, StoreError> {
    let mut teams = Vec::new();
    for siret in partner.memberships.keys() {
        let Some(organisation) = app.registry.organisation(siret).await? else { continue };
        let Ok(verified) = organisation.verified() else { continue };
        let team = app.registry.partner_team(&TeamName::Organisation(*siret)).await?;
        teams.extend(team.and_then(|(team, _)| Vouching::of(team, &verified)));
    }
    Ok(teams)
}

async fn letters(app: &App, partner: &Partner, team: &TeamName) -> Result<Vec<Posting>, StoreError> {
    let Some((team, _)) = app.registry.partner_team(team).await? else { return Ok(Vec::new()) };
    let link = app.partners().origin.at(&super::crew::place(&team.name));
    let letter = |to: &MailAddress| {
        let (name, mail) = (partner.name.as_str().to_owned(), partner.mail.as_str().to_owned());
        office(app).posting(to, PartnerMessage::RecoveryToApprove { name, mail, link: link.clone() })
    };
    let others = team.members.iter().filter(|member| may_be_second(partner, member));
    Ok(others.map(|member| letter(&member.mail)).collect())
}

/// `GET /espace/recuperation/{secret}`.
pub(crate) async fn get_link(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Response {
    show(&app, &visitor, &headers, &secret, None).await
}

async fn show(app: &App, visitor: &Visitor, headers: &HeaderMap, secret: &str, refused: Option<Space>) -> Response {
    let (recovery, partner) = match opened(app, secret).await {
        Ok(Some((_, recovery, partner))) => (recovery, partner),
        Ok(None) => return outside(app, visitor.occasion, Space::LinkGone),
        Err(error) => return unavailable(app, visitor.occasion, &error),
    };
    let asked = match app.partners().passkeys.register::<domain::id::PartnerId>((&partner).into(), &[]) {
        Ok(asked) => asked,
        Err(error) => return broken(app, visitor, &error),
    };
    let purpose = Purpose::Recover { partner: partner.id, recovery: recovery.id };
    let begun = match ceremony::begin(app, headers, purpose, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, visitor.occasion, &error),
    };
    let page = visitor.page(app);
    let shell = Shell::new(page.words().space_recover_title());
    let (csrf, options) = (begun.name.as_str(), begun.options.as_str());
    let place = visitor.path.as_str();
    let view = Register { page, shell, csrf, ceremony: None, options, mail: None, team: None, place, refused };
    let answer = match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

async fn opened(app: &App, secret: &str) -> Result<Option<(Bearer<Recovery>, Recovery, Partner)>, StoreError> {
    let Some(bearer) = Bearer::parse(secret) else { return Ok(None) };
    let Some(recovery) = app.registry.recovering(&bearer, app.clock.now()).await? else { return Ok(None) };
    let partner = app.registry.partner(&recovery.partner).await?;
    Ok(partner.map(|partner| (bearer, recovery, partner)))
}

/// `POST /espace/recuperation/{secret}`.
pub(crate) async fn post_link(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    form: Sent,
) -> Response {
    match passkey_made(&app, &visitor, recover(&app, &headers, &secret, &form).await) {
        Ok(answer) => answer,
        Err(code) => show(&app, &visitor, &headers, &secret, Some(code)).await,
    }
}

async fn recover(app: &App, headers: &HeaderMap, secret: &str, form: &Sent) -> Result<Result<(), Space>, StoreError> {
    let Some((bearer, recovery, partner)) = opened(app, secret).await? else { return Ok(Err(Space::LinkGone)) };
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Space::CeremonyUnknown));
    };
    match &ceremony.purpose {
        // The ceremony of one recovery does not serve another.
        Purpose::Recover { partner: of, recovery: by } if *of == partner.id && *by == recovery.id => {}
        Purpose::Recover { .. }
        | Purpose::SignIn
        | Purpose::Confirm { .. }
        | Purpose::Begin { .. }
        | Purpose::Add { .. } => return Ok(Err(Space::CeremonyUnknown)),
    }
    let now = app.clock.now();
    let fields = (form.field("name"), form.field("credential"));
    let passkey = match made(app, &partner.id, &ceremony.state, fields, now) {
        Ok(passkey) => passkey,
        Err(code) => return Ok(Err(code)),
    };
    let (name, called) = (partner.name.as_str().to_owned(), passkey.name.as_str().to_owned());
    let told = office(app).posting(&partner.mail, PartnerMessage::Recovered { name, passkey: called, at: now });
    Ok(match app.registry.recover(&bearer, &passkey, &told, now).await? {
        Joined::Done => Ok(()),
        Joined::Gone | Joined::MailTaken => Err(Space::LinkGone),
        Joined::Known => Err(Space::PasskeyKnown),
    })
}
