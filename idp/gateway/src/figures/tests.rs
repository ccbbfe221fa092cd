use std::sync::Arc;

use domain::habilitation::figures::Line;
use store::registry::Location;
use store::seal::Vault;
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp::from_epoch(1_795_420_800);

async fn registry() -> (Registry, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let location = Location::Sqlite(folder.path().join("registry.sqlite"));
    (Registry::migrate(&location, Arc::new(Vault::new(&[42; 32]))).await.expect("made"), folder)
}

fn client(number: usize) -> ClientId {
    ClientId::parse(&format!("ville-{number}")).expect("an id")
}

async fn kept(registry: &Registry, client: &ClientId) -> Vec<Line> {
    registry.figures(client, Period::shown(Day::of(NOW))).await.expect("reads")
}

#[tokio::test]
async fn what_was_counted_is_brought_once_however_many_portions_it_takes() {
    let (registry, _folder) = registry().await;
    let counter = Counter::default();
    for number in 0..=PORTION {
        counter.count(&client(number), Figure::Started, NOW);
    }
    counter.finished(&client(0), (Level::Low, &ProviderId::parse("impots").expect("an id")), NOW);
    counter.failed(&client(PORTION), Reason::Identity, NOW);
    for _ in 0..2 {
        counter.bring(&registry).await.expect("brought");
    }
    let day = Day::of(NOW);
    let names = |lines: Vec<Line>| lines.iter().map(|line| (line.figure.kind(), line.count)).collect::<Vec<_>>();
    let first = names(kept(&registry, &client(0)).await);
    assert_eq!(first, [("finished", 1), ("level", 1), ("provider", 1), ("started", 1)]);
    assert_eq!(names(kept(&registry, &client(PORTION)).await), [("failed", 1), ("started", 1)]);
    assert_eq!(kept(&registry, &client(7)).await, [Line { day, figure: Figure::Started, count: 1 }]);
}

#[tokio::test]
async fn what_the_registry_does_not_take_is_kept_for_the_next_time() {
    let (closed, _gone) = registry().await;
    closed.close().await;
    let (open, _folder) = registry().await;
    let counter = Counter::default();
    for number in 0..=PORTION {
        counter.count(&client(number), Figure::Started, NOW);
    }
    counter.bring(&closed).await.expect_err("it is closed");
    counter.count(&client(0), Figure::Started, NOW);
    counter.bring(&open).await.expect("brought");
    assert_eq!(kept(&open, &client(0)).await[0].count, 2);
    assert_eq!(kept(&open, &client(PORTION)).await[0].count, 1);
}
