//! Cases for what programs list page by page.

use std::collections::BTreeSet;

use domain::habilitation::acting::{Acting, Author, Write};
use domain::habilitation::any::State;
use domain::habilitation::grant::HabilitationState;
use domain::habilitation::review::{Happened, Review};
use domain::habilitation::switches::Deed;
use domain::id::{HabilitationId, HabilitationRequestId};
use domain::organisation::siret::Siret;
use domain::people::commune::Departement;

use super::{Offices, for_each_engine, now, random};
use crate::ephemeral::Put;
use crate::registry::{Event, Part, Registry, Told};

for_each_engine!(offices: sqlite, postgres; {
    every_request_is_listed_once_page_by_page,
    a_part_of_the_requests_is_listed_alone,
    habilitations_are_listed_with_their_clients,
});

fn siret(number: &str) -> Siret {
    Siret::parse(number).expect("a SIRET")
}

async fn begun(registry: &Registry, organisation: &str, departement: &str) -> HabilitationRequestId {
    let id = HabilitationRequestId::from_random(random());
    let review = Review::open(id.clone(), siret(organisation), &Acting::<Write>::operator(), now());
    let review = review.expect("the operator may").into();
    let lies = Departement::parse(departement).expect("a code");
    let event = Event { happened: Happened::Opened, by: Author::Operator, reason: None };
    let told = Told { acts: &[], notices: &[], at: now() };
    let kept = registry.make_request(&review, Some(&lies), &event, &told).await.expect("keeps");
    assert_eq!(kept, Put::Fresh);
    id
}

async fn listed(registry: &Registry, part: &Part<State>, page: u32) -> Vec<HabilitationRequestId> {
    let mut all: Vec<HabilitationRequestId> = Vec::new();
    loop {
        let found = registry.requests_page(part, all.last(), page).await.expect("reads");
        if found.is_empty() {
            return all;
        }
        assert!(u32::try_from(found.len()).is_ok_and(|found| found <= page));
        all.extend(found.iter().map(|kept| kept.review.about().id.clone()));
    }
}

const LYON: &str = "21690123100011";
const TOULOUSE: &str = "21310555400017";

async fn every_request_is_listed_once_page_by_page(offices: Offices) {
    let mut made = BTreeSet::new();
    for _ in 0..7 {
        made.insert(begun(&offices.one, LYON, "69").await);
    }
    for page in [1, 3, 7, 100] {
        let all = listed(&offices.two, &Part::default(), page).await;
        assert_eq!(all.len(), made.len(), "pages of {page}");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), made, "pages of {page}");
    }
}

async fn a_part_of_the_requests_is_listed_alone(offices: Offices) {
    let one = &offices.one;
    let (lyon, toulouse) = (begun(one, LYON, "69").await, begun(one, TOULOUSE, "31").await);
    let departement = |code| Part { departement: Departement::parse(code).ok(), ..Part::default() };
    let organisation = |number| Part { organisation: Some(siret(number)), ..Part::default() };
    for (part, expected) in [
        (departement("69"), vec![lyon.clone()]),
        (departement("75"), Vec::new()),
        (organisation(TOULOUSE), vec![toulouse]),
        (Part { departement: Departement::parse("31").ok(), ..organisation(LYON) }, Vec::new()),
        (Part { state: Some(State::Draft), ..organisation(LYON) }, vec![lyon]),
        (Part { state: Some(State::Granted), ..Part::default() }, Vec::new()),
    ] {
        assert_eq!(listed(one, &part, 10).await, expected, "{part:?}");
    }
}

async fn habilitations_are_listed_with_their_clients(offices: Offices) {
    let one = &offices.one;
    let mut made = BTreeSet::new();
    for name in ["mairie-a", "mairie-b", "mairie-c"] {
        let id = HabilitationId::from_random(random());
        let registered = domain::client::Registered::operated(super::habilitations::client(name), None, id, now());
        let mut habilitation = registered.habilitation.clone().expect("an operator's");
        habilitation.organisation = Some(siret(LYON));
        habilitation.id = HabilitationId::from_random(random());
        assert_eq!(one.insert_client(&registered, now()).await.expect("writes"), Put::Fresh);
        let granted = one.grant_habilitation(&registered.client.id, &habilitation, &Deed::OPERATOR, now()).await;
        assert_eq!(granted.expect("writes"), crate::registry::Updated::Done);
        made.insert((habilitation.id, registered.client.id));
    }
    let mut all = BTreeSet::new();
    let mut last: Option<HabilitationId> = None;
    loop {
        let page = offices.two.habilitations_page(&Part::default(), last.as_ref(), 2).await.expect("reads");
        let Some((end, _)) = page.last() else { break };
        last = Some(end.id.clone());
        for (habilitation, clients) in page {
            let [client] = clients.as_slice() else { panic!("{clients:?}") };
            assert!(all.insert((habilitation.id, client.clone())));
        }
    }
    assert_eq!(all, made, "those that an operator made for nobody are not among them");
    let part = Part { state: Some(HabilitationState::Revoked), ..Part::default() };
    assert!(one.habilitations_page(&part, None, 10).await.expect("reads").is_empty());
    let elsewhere = Part { organisation: Some(siret(TOULOUSE)), ..Part::default() };
    assert!(one.habilitations_page(&elsewhere, None, 10).await.expect("reads").is_empty());
}
