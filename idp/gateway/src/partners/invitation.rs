//! An invitation: `GET` and `POST /espace/invitation/{secret}` for whoever has no account, with a first passkey;
//! `POST /espace/invitation/{secret}/place` for whoever has one and is in. The link may be looked at as often as one likes;
//! it opens once, and for the address it was sent to.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::id::PartnerId;
use domain::notice::PartnerMessage;
use domain::partners::invitation::PartnerInvitation;
use domain::partners::passkey::{Purpose, WayIn};
use domain::partners::permission::SignedIn;
use domain::partners::role::TeamName;
use domain::people::name::{MailAddress, Name};
use domain::secret::Bearer;
use domain::time::Timestamp;
use http::{HeaderMap, StatusCode};
use store::StoreError;
use store::registry::{Joined, Joining, KeptPasskey, Posting};

use super::office::Office;
use super::refusal::{inside, outside, status};
use super::session::{CheckedForm, HOME, Holder, Visitor};
use super::sign_in::{broken, passkey_made};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::{Register, Shell, Way};
use crate::people::ceremony;
use crate::people::passkeys::User;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

/// `GET /espace/invitation/{secret}`.
pub(crate) async fn get(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Response {
    show(&app, &visitor, &headers, &secret, None).await
}

async fn show(app: &App, visitor: &Visitor, headers: &HeaderMap, secret: &str, refused: Option<Space>) -> Response {
    match invited(app, secret).await {
        Ok(Some((bearer, invitation))) => {
            // Whoever has an account is told to sign in with it, and takes the place there.
            match app.registry.partner_of(&invitation.mail).await {
                Ok(Some(_)) => return have_account(app, visitor, headers, secret, &invitation).await,
                Ok(None) => {}
                Err(error) => return unavailable(app, visitor.occasion, &error),
            }
            let shown = match team_name(app, &invitation.seat.team()).await {
                Ok(team) => Shown { mail: &invitation.mail, team: Some(team), refused },
                Err(error) => return unavailable(app, visitor.occasion, &error),
            };
            register(app, visitor, headers, WayIn::Invitation(bearer), shown).await
        }
        Ok(None) => outside(app, visitor.occasion, Space::LinkGone),
        Err(error) => unavailable(app, visitor.occasion, &error),
    }
}

/// The invitation that a link opens.
async fn invited(
    app: &App,
    secret: &str,
) -> Result<Option<(Bearer<PartnerInvitation>, PartnerInvitation)>, StoreError> {
    let Some(bearer) = Bearer::parse(secret) else { return Ok(None) };
    let found = app.registry.partner_invitation(&bearer, app.clock.now()).await?;
    Ok(found.map(|invitation| (bearer, invitation)))
}

/// The name of a team, for people.
pub(super) async fn team_name(app: &App, team: &TeamName) -> Result<String, StoreError> {
    match team {
        TeamName::Operators => Ok(app.brand.name.fr.clone()),
        TeamName::Organisation(siret) => {
            let found = app.registry.organisation(siret).await?;
            Ok(found.map_or_else(|| siret.to_string(), |organisation| organisation.name.as_str().to_owned()))
        }
    }
}

async fn have_account(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    secret: &str,
    invitation: &PartnerInvitation,
) -> Response {
    let team = match team_name(app, &invitation.seat.team()).await {
        Ok(team) => team,
        Err(error) => return unavailable(app, visitor.occasion, &error),
    };
    let csrf = super::session::expected(app, headers).unwrap_or_default();
    let page = visitor.page(app);
    let shell = Shell::new(page.words().space_join_title(&team));
    let back = format!("/espace/invitation/{secret}");
    Way { page, shell, team: &team, csrf: &csrf, place: &back }.answer(StatusCode::OK)
}

/// What is shown around the button that makes a first passkey.
pub(super) struct Shown<'a> {
    /// The address that was confirmed.
    pub(super) mail: &'a MailAddress,
    /// The team that one comes into, when it is by an invitation.
    pub(super) team: Option<String>,
    /// Why the last attempt came to nothing.
    pub(super) refused: Option<Space>,
}

/// The page where a new account gets its name and first passkey.
pub(super) async fn register(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    by: WayIn,
    shown: Shown<'_>,
) -> Response {
    let partner = PartnerId::from_random(app.random.bytes());
    let user = User::new(partner.octets(), shown.mail.as_str(), shown.mail.as_str());
    let asked = match app.partners().passkeys.register::<PartnerId>(user, &[]) {
        Ok(asked) => asked,
        Err(error) => return broken(app, visitor, &error),
    };
    let begun = match ceremony::begin(app, headers, Purpose::Begin { partner, by }, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, visitor.occasion, &error),
    };
    let page = visitor.page(app);
    let shell = Shell::new(page.words().space_register_title());
    let Shown { mail, team, refused } = shown;
    let view = Register {
        page,
        shell,
        csrf: &begun.name,
        ceremony: None,
        options: &begun.options,
        mail: Some(mail),
        team: team.as_deref(),
        place: &visitor.path,
        refused,
    };
    let answer = match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

/// `POST /espace/invitation/{secret}`.
pub(crate) async fn post(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    form: Sent,
) -> Response {
    match passkey_made(&app, &visitor, accept(&app, &headers, &secret, &form).await) {
        Ok(answer) => answer,
        Err(code) => show(&app, &visitor, &headers, &secret, Some(code)).await,
    }
}

async fn accept(app: &App, headers: &HeaderMap, secret: &str, form: &Sent) -> Result<Result<(), Space>, StoreError> {
    let Some((bearer, invitation)) = invited(app, secret).await? else { return Ok(Err(Space::LinkGone)) };
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Space::CeremonyUnknown));
    };
    let partner = match ceremony.purpose {
        // The ceremony of one invitation does not take another.
        Purpose::Begin { partner, by: WayIn::Invitation(of) } if *of.expose() == secret => partner,
        Purpose::Begin { .. }
        | Purpose::SignIn
        | Purpose::Confirm { .. }
        | Purpose::Add { .. }
        | Purpose::Recover { .. } => return Ok(Err(Space::CeremonyUnknown)),
    };
    let newcomer = Newcomer { partner, mail: &invitation.mail, invitation: Some(&bearer) };
    join(app, &newcomer, &ceremony.state, form).await
}

/// Somebody who gets an account.
pub(super) struct Newcomer<'a> {
    /// Under which identifier: the user handle of the passkey that was asked for.
    pub(super) partner: PartnerId,
    /// The address that was confirmed.
    pub(super) mail: &'a MailAddress,
    /// The invitation that they take, when it is by one.
    pub(super) invitation: Option<&'a Bearer<PartnerInvitation>>,
}

/// Makes the account, with the name that was typed and the passkey that was made.
pub(super) async fn join(
    app: &App,
    newcomer: &Newcomer<'_>,
    state: &str,
    form: &Sent,
) -> Result<Result<(), Space>, StoreError> {
    let Ok(name) = Name::parse(form.field("person").unwrap_or_default()) else { return Ok(Err(Space::InputInvalid)) };
    let now = app.clock.now();
    let made = made(app, &newcomer.partner, state, (form.field("name"), form.field("credential")), now);
    let passkey = match made {
        Ok(passkey) => passkey,
        Err(code) => return Ok(Err(code)),
    };
    let told = added(app, (&name, newcomer.mail), &passkey, now);
    let Newcomer { partner: id, mail, invitation } = newcomer;
    let joining = Joining { id, name: &name, mail, passkey: &passkey, invitation: *invitation };
    Ok(match app.registry.join(&joining, &told, now).await? {
        Joined::Done => Ok(()),
        Joined::Gone => Err(Space::LinkGone),
        Joined::MailTaken => Err(Space::MailKnown),
        Joined::Known => Err(Space::PasskeyKnown),
    })
}

/// The passkey that an authenticator made for a partner.
pub(super) fn made(
    app: &App,
    partner: &PartnerId,
    state: &str,
    (name, answer): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<KeptPasskey<PartnerId>, Space> {
    let name = Name::parse(name.unwrap_or_default()).map_err(|_| Space::InputInvalid)?;
    let (id, credential) = app.partners().passkeys.registered(state, answer.unwrap_or_default()).map_err(|why| {
        tracing::info!(%why, "a new passkey is refused");
        Space::RegistrationRefused
    })?;
    Ok(KeptPasskey { id, owner: partner.clone(), name, credential, added: now, last_used: None })
}

/// The mail that tells a partner of a new passkey: whoever made it in their name cannot keep it from them.
pub(super) fn added(
    app: &App,
    (name, mail): (&Name, &MailAddress),
    passkey: &KeptPasskey<PartnerId>,
    now: Timestamp,
) -> Posting {
    let (name, passkey) = (name.as_str().to_owned(), passkey.name.as_str().to_owned());
    office(app).posting(mail, PartnerMessage::PasskeyAdded { name, passkey, at: now })
}

/// The office of this gateway.
pub(super) fn office(app: &App) -> Office<'_> {
    Office { registry: &app.registry, origin: &app.partners().origin, random: app.random, now: app.clock.now() }
}

/// `POST /espace/invitation/{secret}/place`: whoever has an account takes the place.
pub(crate) async fn take(
    holder: Holder<SignedIn>,
    State(app): State<Shared>,
    Path(secret): Path<String>,
    _: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Some(bearer) = Bearer::parse(&secret) else { return inside(&app, here, Space::LinkGone) };
    match app.registry.take_invitation(&bearer, &here.partner.id, app.clock.now()).await {
        Ok(Joined::Done) => see_other(HOME),
        Ok(Joined::Gone | Joined::MailTaken | Joined::Known) => inside(&app, here, Space::LinkGone),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}
