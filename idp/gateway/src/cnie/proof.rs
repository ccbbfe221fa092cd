//! What a card with its code leads to: what the browser may fetch of a sign-in, or an act of the citizen's own.

use domain::cnie::TermsVersion;
use domain::cnie::assertion::{CardAssertion, Owner};
use domain::cnie::card::{CardAndCode, Document, PersonKey};
use domain::cnie::identity::{AnyIdentity, Before, Certified, Closure, Ending, Identity, Making};
use domain::cnie::refusal::Refusal;
use domain::cnie::status::{Answer, CardInForce};
use domain::cnie::transaction::Act;
use domain::id::{IdentityId, RequestId};
use store::ephemeral::Allowed;
use store::registry::Kept;

use super::slot::Fault;
use super::{Cnie, changes};
use crate::app::App;
use crate::limits::CREATIONS;

/// A card that was shown with its code, and what the authority is asked about it by. Personal data: for one request.
pub(crate) struct Shown {
    /// The proof.
    pub(crate) card: CardAndCode,
}

impl Shown {
    /// The proof.
    pub(crate) const fn of(card: CardAndCode) -> Self {
        Self { card }
    }
}

/// Asks the authority. A card that it lets nobody use any more closes the identity made with it.
pub(crate) async fn in_force(app: &App, cnie: &Cnie, shown: &Shown) -> Result<CardInForce, Fault> {
    Ok(standing_of(app, cnie, shown.card.card().document()).await?.in_force()?)
}

/// What the authority says of a card, whoever shows it or rests on it: one that nobody may use any more closes its identity.
pub(crate) async fn standing_of(app: &App, cnie: &Cnie, document: &Document) -> Result<Answer, Fault> {
    let answer = cnie.authority.ask(document.issuing_state(), document.number()).await?;
    changes::heard(app, &document.key(&cnie.card_secret), answer.standing).await?;
    Ok(answer)
}

/// The live identity of the card that was shown, with whose it is.
async fn kept(app: &App, cnie: &Cnie, shown: &Shown, status: &CardInForce) -> Result<Kept, Fault> {
    let card = shown.card.card();
    let kept = changes::of_card(app, &card.key()).await?.ok_or(Refusal::NoIdentity)?;
    changes::matched(app, kept, &shown.card, PersonKey::of(card, status, &cnie.card_secret)).await
}

/// What the browser may fetch: high for an identity that is certified now, and for any other what the policy gives.
pub(crate) async fn assertion(
    app: &App,
    cnie: &Cnie,
    shown: &Shown,
    status: &CardInForce,
) -> Result<CardAssertion, Fault> {
    let now = app.clock.now();
    let kept = kept(app, cnie, shown, status).await?;
    let (next, level) = kept.identity.clone().level(cnie.uncertified, (&shown.card, status), now);
    if next != kept.identity {
        changes::change(app, &kept, &next).await?;
    }
    let level = level?;
    let common = kept.identity.common();
    let owner = Owner { identity: common.id().clone(), mail: common.mail().to_owned() };
    Ok(CardAssertion::new(level, &shown.card, status, owner, now)?)
}

/// Does an act of the citizen's own, and gives the identity after it.
pub(crate) async fn act(
    app: &App,
    cnie: &Cnie,
    act: &Act,
    shown: &Shown,
    status: &CardInForce,
) -> Result<AnyIdentity, Fault> {
    let now = app.clock.now();
    if let Act::Create { email, language, terms } = act {
        let id = IdentityId::from_random(app.random.bytes());
        let terms = TermsVersion::accepted(terms)?;
        return create((app, cnie), Making { id, mail: email.clone(), language: *language, terms }, shown, status)
            .await;
    }
    let kept = kept(app, cnie, shown, status).await?;
    kept.identity.made_with(&shown.card)?;
    match act {
        Act::Create { .. } => Err(Refusal::IdentityExists.into()),
        Act::Show => Ok(kept.identity),
        Act::Delete => turn_into(app, &kept, kept.identity.clone().close(Closure::Deleted, now)).await,
        Act::RequestCertification { terms } => {
            let terms = TermsVersion::accepted(terms)?;
            let before = match kept.identity.clone() {
                AnyIdentity::Active(identity) => Before::Active(identity),
                AnyIdentity::Certified(identity) => Before::Certified(identity),
                // Asked anew: the code of before counts no more.
                AnyIdentity::Requested(identity) => identity.lapse(now),
                AnyIdentity::Created(_) => return Err(Refusal::AddressNotConfirmed.into()),
                AnyIdentity::AtDesk(_)
                | AnyIdentity::Approved(_)
                | AnyIdentity::Suspended(_)
                | AnyIdentity::Closed(_) => return Err(Refusal::NotInThisState.into()),
            };
            let request = RequestId::from_random(app.random.bytes());
            turn_into(app, &kept, before.ask(&shown.card, terms, request, now)?.into()).await
        }
        Act::Activate => {
            let AnyIdentity::Approved(identity) = kept.identity.clone() else {
                return Err(Refusal::NotInThisState.into());
            };
            match identity.activate(&shown.card, status, now) {
                Ok(certified) => turn_into(app, &kept, certified.into()).await,
                Err((Refusal::CodeChanged, identity)) => {
                    // Another code than the one the desk approved: only a new request leads on.
                    turn_into(app, &kept, identity.lapse_with_code(now).into()).await?;
                    Err(Refusal::CodeChanged.into())
                }
                Err((refusal, _)) => Err(refusal.into()),
            }
        }
        Act::Restore => {
            let AnyIdentity::Suspended(identity) = kept.identity.clone() else {
                return Err(Refusal::NotInThisState.into());
            };
            let restored: Result<Identity<Certified>, _> = identity.restore(&shown.card, status, now);
            match restored {
                Ok(certified) => turn_into(app, &kept, certified.into()).await,
                Err((Refusal::CodeChanged, identity)) => {
                    turn_into(app, &kept, identity.end(Ending::CodeChanged, now).into()).await?;
                    Err(Refusal::CodeChanged.into())
                }
                Err((refusal, _)) => Err(refusal.into()),
            }
        }
    }
}

/// Makes an identity. Nobody writes to strangers with a card: a few are made with one in a day.
async fn create(
    (app, cnie): (&App, &Cnie),
    making: Making,
    shown: &Shown,
    status: &CardInForce,
) -> Result<AnyIdentity, Fault> {
    let identity = Identity::create(&shown.card, status, &cnie.card_secret, making, app.clock.now())?;
    let card = shown.card.card().key();
    if changes::of_card(app, &card).await?.is_some() {
        return Err(Refusal::IdentityExists.into());
    }
    if app.ephemeral.allow(CREATIONS, card.text().as_bytes()).await? == Allowed::No {
        return Err(Refusal::TooManyMade.into());
    }
    changes::make(app, identity).await
}

async fn turn_into(app: &App, kept: &Kept, next: AnyIdentity) -> Result<AnyIdentity, Fault> {
    changes::change(app, kept, &next).await?;
    Ok(next)
}
