//! Cases for what is counted, and for the reports of communes.

use domain::cnie::indicators::{Cell, Fortnight, Indicators, Month};
use domain::id::AgentId;
use domain::notice::Notice;
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::name::Name;
use domain::secret::base64url;
use domain::time::{Lifetime, Timestamp};

use super::cards::mail;
use super::{Offices, at_once, for_each_engine, now, random};
use crate::ephemeral::Put;
use crate::registry::Registry;

for_each_engine!(offices: sqlite, postgres; {
    what_is_counted_is_what_is_there,
    a_commune_is_counted_by_day_within_its_fortnight,
    a_report_is_sent_once_from_however_many_nodes,
    a_commune_that_came_later_or_put_it_off_gets_no_report,
});

fn code(code: &str) -> CommuneCode {
    CommuneCode::parse(code).expect("a code")
}

async fn enrol(registry: &Registry, commune: &str, state: CommuneState, at: Timestamp) {
    let commune = Commune { code: code(commune), name: Name::parse("Val-Fleuri").expect("a name"), state };
    assert_eq!(registry.insert_commune(&commune, at).await.expect("writes"), Put::Fresh);
}

/// A case as it is left when its record is erased.
async fn case(registry: &Registry, commune: &str, opened: i64, end: Option<(i64, &str)>, activated: Option<i64>) {
    sqlx::query(
        "INSERT INTO desk_cases (id, commune, agent, opened, decided, outcome, activated, version) \
         VALUES ($1, $2, 'agent', $3, $4, $5, $6, 2)",
    )
    .bind(base64url(&random::<16>()))
    .bind(commune)
    .bind(opened)
    .bind(end.map(|(at, _)| at))
    .bind(end.map(|(_, outcome)| outcome.to_owned()))
    .bind(activated)
    .execute(&registry.writers)
    .await
    .expect("writes");
}

async fn identity(registry: &Registry, state: &str, certified_until: Option<i64>) {
    sqlx::query(
        "INSERT INTO card_identities (id, card, state, created, certified_until, version) VALUES ($1, $1, $2, 0, $3, 1)",
    )
    .bind(base64url(&random::<16>()))
    .bind(state.to_owned())
    .bind(certified_until)
    .execute(&registry.writers)
    .await
    .expect("writes");
}

async fn agent(registry: &Registry, commune: &str, state: &str, trained: Option<i64>) {
    sqlx::query(
        "INSERT INTO agents (id, commune, mail_key, state, trained, sealed, created, updated) \
         VALUES ($1, $2, $1, $3, $4, '', 0, 0)",
    )
    .bind(AgentId::from_random(random()).as_str())
    .bind(commune)
    .bind(state.to_owned())
    .bind(trained)
    .execute(&registry.writers)
    .await
    .expect("writes");
}

async fn what_is_counted_is_what_is_there(offices: Offices) {
    let (one, at) = (&offices.one, now().epoch());
    let certifying = CommuneState::Certifying { from: now() };
    enrol(one, "26362", certifying, now()).await;
    enrol(one, "75056", CommuneState::Enrolled, now()).await;
    for (state, trained) in [("active", Some(at)), ("invited", Some(at + 1)), ("removed", Some(0)), ("active", None)] {
        agent(one, "26362", state, trained).await;
    }
    for seconds in [100, 119, 200, 300, 400] {
        case(one, "26362", at - seconds, Some((at, "approved")), Some(at)).await;
    }
    case(one, "26362", at - 999, Some((at, "approved")), None).await;
    case(one, "26362", at - 9_999, Some((at, "refused")), None).await;
    case(one, "26362", at, None, None).await;
    // Long ago: a certification, and no time of today.
    let year = 400 * 86_400;
    case(one, "26362", at - year - 5, Some((at - year, "approved")), Some(at - year)).await;
    for (state, until) in [("certified", at + 1), ("suspended", at + 1), ("certified", at)] {
        identity(one, state, Some(until)).await;
    }
    identity(one, "active", None).await;
    identity(one, "closed", None).await;

    let count = offices.two.count_indicators(now()).await.expect("counts");
    assert_eq!((count.created, count.certified), (5, 2));
    let rows: Vec<_> =
        count.communes.iter().map(|one| (one.commune.code.as_str(), one.trained, one.certifications)).collect();
    assert_eq!(rows, [("26362", 1, 6), ("75056", 0, 0)]);
    let month = Month::of(now()).expect("a month");
    assert_eq!(count.by_month.into_iter().collect::<Vec<_>>(), [(month, 5)]);
    assert_eq!(count.durations[&code("26362")].median(), Some(200), "six cases, in steps of ten seconds");
    let indicators = Indicators::of(&offices.two.count_indicators(now()).await.expect("counts"));
    assert_eq!((indicators.created, indicators.certified), (Cell::Shown(5), Cell::Withheld));
    assert_eq!(indicators.median, Some(200));
}

async fn a_commune_is_counted_by_day_within_its_fortnight(offices: Offices) {
    let one = &offices.one;
    let fortnight = Fortnight::reported(now());
    let (from, until) = (fortnight.from().epoch(), fortnight.until().epoch());
    enrol(one, "26362", CommuneState::Enrolled, now()).await;
    agent(one, "26362", "active", Some(0)).await;
    agent(one, "26362", "invited", None).await;
    agent(one, "26362", "removed", Some(0)).await;
    for activated in [from, from + 86_399, until - 1] {
        case(one, "26362", activated - 300, Some((activated - 120, "approved")), Some(activated)).await;
    }
    case(one, "26362", from, Some((from + 10, "refused")), None).await;
    case(one, "26362", from, Some((until - 1, "lapsed")), None).await;
    for outside in [from - 1, until] {
        case(one, "26362", outside - 60, Some((outside, "approved")), Some(outside)).await;
        case(one, "26362", outside - 60, Some((outside, "refused")), None).await;
    }
    case(one, "75056", from, Some((from + 10, "refused")), Some(from)).await;
    let own = offices.two.count_commune(&code("26362"), fortnight, now()).await.expect("counts");
    let days: Vec<_> = own.days.iter().map(|day| (day.day.epoch(), day.certified, day.refused, day.lapsed)).collect();
    assert_eq!(days, [(from, 2, 1, 0), (until - 86_400, 1, 0, 1)]);
    assert_eq!((own.certifications, own.agents, own.trained), (4, 2, 1), "since the beginning, not since the end");
    assert_eq!(own.durations.median(), Some(180));
}

async fn a_report_is_sent_once_from_however_many_nodes(offices: Offices) {
    let fortnight = Fortnight::reported(now());
    let long_ago = Timestamp::from_epoch(fortnight.from().epoch());
    enrol(&offices.one, "26362", CommuneState::Enrolled, long_ago).await;
    assert_eq!(offices.one.communes_to_report(fortnight).await.expect("reads").len(), 1);
    let answers = at_once(20, offices.both(), |node, _| async move {
        node.send_report(&code("26362"), fortnight, &[mail(), mail()], now()).await.expect("sends")
    });
    assert_eq!(answers.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    assert_eq!(offices.two.backlog::<Notice>().await.expect("reads").waiting, 2);
    assert_eq!(offices.two.communes_to_report(fortnight).await.expect("reads"), []);
    let next = Fortnight::reported(now().plus(Lifetime::seconds(14 * 86_400)));
    assert_eq!(offices.two.communes_to_report(next).await.expect("reads").len(), 1);
}

async fn a_commune_that_came_later_or_put_it_off_gets_no_report(offices: Offices) {
    let fortnight = Fortnight::reported(now());
    let end = fortnight.until().epoch();
    enrol(&offices.one, "26001", CommuneState::Enrolled, Timestamp::from_epoch(end)).await;
    enrol(&offices.one, "26002", CommuneState::Postponed, Timestamp::from_epoch(end - 1)).await;
    enrol(&offices.one, "26003", CommuneState::Enrolled, Timestamp::from_epoch(end - 1)).await;
    let due = offices.two.communes_to_report(fortnight).await.expect("reads");
    assert_eq!(due.iter().map(|commune| commune.code.as_str()).collect::<Vec<_>>(), ["26003"]);
}
