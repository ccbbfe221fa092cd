//! Cases for what is counted of services.

use domain::habilitation::figures::{Day, Figure, KEPT, Line, Period, Reason, Tally};
use domain::id::{ClientId, ProviderId};
use domain::level::Level;

use super::{Offices, at_once, for_each_engine, now};
use crate::registry::Registry;

for_each_engine!(offices: sqlite, postgres; {
    what_nodes_count_at_once_adds_up,
    a_service_is_told_its_own_days_alone,
    what_another_version_counts_is_left_out,
    figures_are_kept_for_two_years,
});

fn client(id: &str) -> ClientId {
    ClientId::parse(id).expect("an id")
}

fn tally(of: &str, lines: &[(Day, Figure, u64)]) -> Tally {
    let mut tally = Tally::default();
    for (day, figure, many) in lines {
        tally.add(client(of), *day, figure.clone(), *many);
    }
    tally
}

async fn kept(office: &Registry, of: &str, first: Day, last: Day) -> Vec<Line> {
    let period = Period::between(first, last).expect("in order");
    office.figures(&client(of), period).await.expect("reads")
}

async fn what_nodes_count_at_once_adds_up(offices: Offices) {
    let today = Day::of(now());
    let figures = [
        Figure::Started,
        Figure::Level(Level::Substantial),
        Figure::Provider(ProviderId::parse("impots").expect("an id")),
        Figure::Failed(Reason::Identity),
    ];
    let added = at_once(20, offices.both(), |node, turn| {
        let lines: Vec<_> = figures.iter().map(|figure| (today, figure.clone(), u64::from(turn) + 1)).collect();
        // Each node meets the others at the same rows of two services.
        let (mut both, other) = (tally("ville", &lines), tally("mer", &lines));
        both.merge(other);
        async move { node.add_figures(&both).await }
    });
    assert!(added.await.into_iter().all(|outcome| outcome.is_ok()));
    for of in ["ville", "mer"] {
        let mut expected: Vec<Line> =
            figures.iter().map(|figure| Line { day: today, figure: figure.clone(), count: 210 }).collect();
        expected
            .sort_by(|one, two| (one.figure.kind(), one.figure.name()).cmp(&(two.figure.kind(), two.figure.name())));
        assert_eq!(kept(&offices.two, of, today, today).await, expected, "{of}");
    }
}

async fn a_service_is_told_its_own_days_alone(offices: Offices) {
    let today = Day::of(now());
    let lines: Vec<_> = (0..5).map(|back| (today.before(back), Figure::Started, u64::from(back) + 1)).collect();
    offices.one.add_figures(&tally("ville", &lines)).await.expect("writes");
    offices.one.add_figures(&tally("mer", &[(today, Figure::Finished, 7)])).await.expect("writes");
    offices.one.add_figures(&Tally::default()).await.expect("nothing is added");
    let counts: Vec<u64> =
        kept(&offices.two, "ville", today.before(3), today.before(1)).await.iter().map(|line| line.count).collect();
    assert_eq!(counts, [4, 3, 2], "the oldest first, both ends included");
    assert_eq!(kept(&offices.two, "mer", today.before(9), today).await.len(), 1);
    assert!(kept(&offices.two, "ailleurs", today.before(9), today).await.is_empty());
}

async fn what_another_version_counts_is_left_out(offices: Offices) {
    let today = Day::of(now());
    offices.one.add_figures(&tally("ville", &[(today, Figure::Started, 1)])).await.expect("writes");
    sqlx::query(
        "INSERT INTO service_figures (client, day, kind, name, count) VALUES ('ville', $1, 'tomorrow', 'x', 3)",
    )
    .bind(today.number())
    .execute(&offices.one.writers)
    .await
    .expect("writes");
    assert_eq!(
        kept(&offices.two, "ville", today, today).await,
        [Line { day: today, figure: Figure::Started, count: 1 }]
    );
}

async fn figures_are_kept_for_two_years(offices: Offices) {
    let today = Day::of(now());
    let lines = [(today.before(KEPT), Figure::Started, 1), (today.before(KEPT + 1), Figure::Started, 1)];
    offices.one.add_figures(&tally("ville", &lines)).await.expect("writes");
    assert_eq!(offices.one.forget_figures(today).await.expect("writes"), 1);
    assert_eq!(offices.two.forget_figures(today).await.expect("writes"), 0);
    assert_eq!(kept(&offices.two, "ville", today.before(KEPT + 1), today).await.len(), 1);
}
