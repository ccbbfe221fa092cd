//! The reports, from a registry with a commune to the mail in the outbox.

use std::sync::Arc;

use domain::id::{AgentId, PasskeyId};
use domain::journal::AgentChange;
use domain::people::agent::{Agent, AgentState, Period, Role, Roles, Terms};
use domain::people::commune::{CommuneCode, CommuneState};
use domain::people::name::{MailAddress, Name};
use domain::secret::Bearer;
use domain::time::Lifetime;
use store::registry::{Accepted, KeptPasskey, Location, Outgoing, TeamChange};
use store::seal::Vault;
use tempfile::TempDir;

use super::*;
use crate::pages::{mail, samples};
use crate::random::Random;

/// 23 November 2026, 08:00 UTC: a Monday on which reports are due.
const NOW: Timestamp = Timestamp::from_epoch(1_795_420_800);
const EVERYONE: &str = "https://connexion.example.fr/indicateurs";

async fn registry() -> (Registry, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let location = Location::Sqlite(folder.path().join("registry.sqlite"));
    (Registry::migrate(&location, Arc::new(Vault::new(&[42; 32]))).await.expect("made"), folder)
}

fn before(days: i64) -> Timestamp {
    Timestamp::from_epoch(NOW.epoch() - days * 86_400)
}

async fn enrol(registry: &Registry, code: &str, at: Timestamp) -> Commune {
    let (code, name) = (CommuneCode::parse(code).expect("a code"), Name::parse("Val-Fleuri").expect("a name"));
    let commune = Commune { code, name, state: CommuneState::Certifying { from: at } };
    assert_eq!(registry.insert_commune(&commune, at).await.expect("kept"), Put::Fresh);
    commune
}

/// An agent with a passkey, authorised up to a day ahead.
async fn agent(registry: &Registry, commune: &Commune, name: &str, role: Role, until: Timestamp) {
    let random = Random::system();
    let period = Period::new(before(30), until).expect("in order");
    let agent = Agent {
        id: AgentId::from_random(random.bytes()),
        commune: commune.code.clone(),
        name: Name::parse(name).expect("a name"),
        mail: MailAddress::parse(&format!("{name}@exemple.fr")).expect("an address"),
        terms: Terms { roles: Roles::of([role]).expect("one"), trained: None, authorised: Some(period) },
        state: AgentState::Invited,
        declared: domain::cnie::case::Declared::default(),
    };
    let message = Message::PasskeyAdded {
        agent: name.to_owned(),
        commune: "Val-Fleuri".to_owned(),
        passkey: "poste".to_owned(),
        at: NOW,
    };
    let notice = Notice { to: agent.mail.as_str().to_owned(), language: Language::French, message };
    let secret = Bearer::from_random(random.bytes());
    let act = AgentChange::Invited(agent.terms.clone());
    let change = TeamChange { agent: &agent, act: &act, by: None, invitation: Some((&secret, &notice)) };
    let (_, seen) = registry.team(&commune.code).await.expect("read").expect("enrolled");
    assert_eq!(registry.change_team(&change, seen, NOW).await.expect("kept"), Put::Fresh);
    let passkey = KeptPasskey {
        id: PasskeyId::of(&random.bytes::<16>()),
        owner: agent.id.clone(),
        name: Name::parse("poste").expect("a name"),
        credential: "{}".to_owned(),
        added: NOW,
        last_used: None,
    };
    let accepted = registry.accept_invitation(&secret, &passkey, &notice, NOW).await.expect("kept");
    assert_eq!(accepted, Accepted::Done);
}

/// The reports in the outbox.
async fn reports(registry: &Registry) -> Vec<Notice> {
    let all: Vec<Outgoing<Notice>> = registry.lease(100, Lifetime::seconds(60), NOW).await.expect("leased");
    let mut reports: Vec<Notice> = all
        .into_iter()
        .map(|outgoing| outgoing.parcel)
        .filter(|notice| matches!(notice.message, Message::CommuneReport { .. }))
        .collect();
    reports.sort_by(|a, b| a.to.cmp(&b.to));
    reports
}

#[tokio::test]
async fn the_administrators_of_a_commune_are_told_of_a_fortnight_once() {
    let (registry, _folder) = registry().await;
    let commune = enrol(&registry, "26362", before(30)).await;
    let tomorrow = NOW.plus(Lifetime::seconds(86_400));
    agent(&registry, &commune, "nadia", Role::CommuneAdmin, tomorrow).await;
    agent(&registry, &commune, "karim", Role::CommuneAdmin, tomorrow).await;
    agent(&registry, &commune, "paul", Role::Agent, tomorrow).await;
    agent(&registry, &commune, "anne", Role::CommuneAdmin, before(1)).await;
    enrol(&registry, "07186", before(30)).await;

    let early = Timestamp::from_epoch(NOW.epoch() - 2 * 3_600 - 1);
    assert_eq!(Fortnight::reported(early).number() + 1, Fortnight::reported(NOW).number());
    assert_eq!(send_due(&registry, EVERYONE, NOW).await.expect("sent"), 2);
    assert_eq!(send_due(&registry, EVERYONE, NOW).await.expect("sent"), 0, "once");
    let told = reports(&registry).await;
    let to: Vec<&str> = told.iter().map(|notice| notice.to.as_str()).collect();
    assert_eq!(to, ["karim@exemple.fr", "nadia@exemple.fr"], "neither an agent nor one whose time is over");
    let next = NOW.plus(Lifetime::seconds(14 * 86_400));
    let (commune, late) = (registry.commune(&commune.code).await.expect("read").expect("enrolled"), next);
    assert_eq!(administrators(&registry, &commune, late).await.expect("read"), Vec::<String>::new());
}

#[tokio::test]
async fn a_report_says_its_figures_in_words_and_in_a_file() {
    let (registry, _folder) = registry().await;
    let commune = enrol(&registry, "26362", before(30)).await;
    let report = last(&registry, commune, NOW).await.expect("made");
    let message = Message::CommuneReport { report: Box::new(report), everyone: EVERYONE.to_owned() };
    let notice = Notice { to: "nadia@exemple.fr".to_owned(), language: Language::French, message };
    let letter = mail::write(&notice, &samples::brand());
    assert_eq!(letter.subject, "Guichet de Val-Fleuri\u{A0}: rapport du 9 novembre 2026 au 22 novembre 2026");
    for line in ["Identités certifiées\u{A0}: 0", "Agents formés\u{A0}: 0 sur 0"] {
        assert!(letter.body.lines().any(|found| found == line), "{line} in {}", letter.body);
    }
    assert!(letter.body.contains(EVERYONE), "{}", letter.body);
    let file = letter.attachment.expect("a file");
    assert_eq!(file.name, "guichet-26362-2026-11-22.csv");
    let expected = "\u{FEFF}jour;identités certifiées;demandes refusées;passages non terminés\r\ntotal;0;0;0\r\n";
    assert_eq!(file.content, expected);
}
