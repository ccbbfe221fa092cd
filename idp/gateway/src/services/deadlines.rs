//! What of services ends by itself, told before by mail: habilitations, certificates, keys. Secrets are told of in
//! [`crate::credentials`].

use std::collections::BTreeMap;

use domain::client::{ClientState, Registered};
use domain::habilitation::complete::Complete;
use domain::habilitation::field::Person;
use domain::habilitation::service::{Deadline, aged, deadlines};
use domain::language::Language;
use domain::notice::{Message, Notice, ServiceMessage, ServiceTold};
use domain::partners::role::TeamName;
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::Registry;

use crate::pages::services::path_of;

/// How many people are written to at most.
const MOST: usize = 20;

/// Puts the warnings that are due into the outbox; how many mails. `space` is the origin of the partners' space.
pub(crate) async fn warn_due(registry: &Registry, space: Option<&str>, now: Timestamp) -> Result<usize, StoreError> {
    let mut mails = 0;
    for service in registry.clients().await?.iter().filter(|service| service.state == ClientState::Active) {
        for deadline in all(registry, service, now).await? {
            let Some((days, told)) = deadline.warning(now).zip(told(&deadline)) else { continue };
            let notices = notices(registry, service, space, &told).await?;
            let what = (deadline.what(), deadline.at(), days);
            match registry.warn_of_deadline(&service.client.id, (&what.0, what.1, what.2), &notices, now).await? {
                Put::Fresh => {
                    tracing::warn!(client = %service.client.id, what = what.0, days, "something of a service ends soon");
                    mails += notices.len();
                }
                Put::Taken => {}
            }
        }
    }
    Ok(mails)
}

/// All that ends of a service, its keys that are old among them; notes the keys that were not seen before.
async fn all(registry: &Registry, service: &Registered, now: Timestamp) -> Result<Vec<Deadline>, StoreError> {
    let mut all = deadlines(service, now);
    let own: Vec<String> = service.client.inline_keys().into_iter().map(|(thumbprint, _)| thumbprint).collect();
    if !own.is_empty() {
        registry.note_client_keys(&service.client.id, &own, now).await?;
        all.extend(aged(service, &first_seen(registry, service).await?));
    }
    Ok(all)
}

/// When the keys of a service were seen first.
pub(crate) async fn first_seen(
    registry: &Registry,
    service: &Registered,
) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    if service.client.inline_keys().is_empty() {
        return Ok(BTreeMap::new());
    }
    registry.client_keys(&service.client.id).await
}

fn told(deadline: &Deadline) -> Option<ServiceTold> {
    match deadline {
        Deadline::Habilitation(until) => Some(ServiceTold::HabilitationEnds(*until)),
        Deadline::Certificate(name, until) => Some(ServiceTold::CertificateEnds(name.clone(), *until)),
        Deadline::Key(name, since) => Some(ServiceTold::KeyIsOld(name.clone(), *since)),
        // Told of by itself, with what to do about it.
        Deadline::Secret(..) => None,
    }
}

/// The mails that tell something of a service.
pub(crate) async fn notices(
    registry: &Registry,
    service: &Registered,
    space: Option<&str>,
    told: &ServiceTold,
) -> Result<Vec<Notice>, StoreError> {
    let link = space.map(|origin| format!("{origin}{}", path_of(&service.client.id)));
    let message = ServiceMessage { service: service.client.name.clone(), told: told.clone(), link };
    // Services have no language of their own: the space of partners is French.
    let notice = |to| Notice { to, language: Language::French, message: Message::Service(Box::new(message.clone())) };
    Ok(contacts(registry, service).await?.into_iter().map(notice).collect())
}

/// Who is told of what happens to a service: its own contacts, the admins of its organisation, and the technical contact of
/// what was granted; each once.
pub(crate) async fn contacts(registry: &Registry, service: &Registered) -> Result<Vec<String>, StoreError> {
    let mut all: Vec<String> = service.client.contacts.iter().map(|mail| mail.as_str().to_owned()).collect();
    let granted = service.habilitation.as_ref();
    if let Some(siret) = granted.and_then(|granted| granted.organisation)
        && let Some((team, _)) = registry.partner_team(&TeamName::Organisation(siret)).await?
    {
        let admins = team.members.iter().filter(|member| member.seat.administers());
        all.extend(admins.map(|member| member.mail.as_str().to_owned()));
    }
    if let Some(request) = granted.and_then(|granted| granted.request.as_ref())
        && let Some(kept) = registry.request(request).await?
        && let Some(form) = kept.review.about().granted.as_ref().and_then(|granted| Complete::read(&granted.form).ok())
    {
        all.extend(form.contact(Person::Technical).map(|reached| reached.mail.as_str().to_owned()));
    }
    let mut once: Vec<String> = Vec::new();
    for mail in all {
        if !once.iter().any(|told| told.eq_ignore_ascii_case(&mail)) {
            once.push(mail);
        }
    }
    once.truncate(MOST);
    Ok(once)
}

#[cfg(test)]
#[path = "deadlines_tests.rs"]
mod tests;
