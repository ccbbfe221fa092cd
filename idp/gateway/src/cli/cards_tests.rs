//! What an operator does to identities, by the command line and on a real registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Parser as _;
use domain::cnie::card::{CardKey, CardSecret};
use domain::notice::{CardMessage, Message, Notice};
use store::registry::{Made, Told};
use tempfile::TempDir;

use super::super::{Cli, run as cli};
use super::*;
use crate::clock::Clock;
use crate::cnie::bench::{identity, states};
use crate::config::{Config, Environment};
use crate::random::Random;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::create_dir_all(folder.path().join("config/providers")).expect("writable");
        std::fs::write(folder.path().join("config/idp.toml"), "issuer = \"http://127.0.0.1:8401\"\n")
            .expect("writable");
        Self(folder)
    }

    fn config(&self) -> String {
        self.0.path().join("config/idp.toml").display().to_string()
    }

    /// Runs `idp` with these arguments; what it printed, or why it failed.
    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let file = self.config();
        let line = ["idp", "--config", file.as_str()].into_iter().chain(arguments.iter().copied());
        let parsed = Cli::try_parse_from(line).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        let none = Environment::Given(BTreeMap::new());
        cli(parsed, &none, &mut out).await.map_err(|failure| failure.to_string())?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    async fn registry(&self) -> Registry {
        let none = Environment::Given(BTreeMap::new());
        let config = Config::load(self.config().as_ref(), &none).unwrap_or_else(|problems| panic!("{problems}"));
        let vault = serve::vault(&config, Random::system()).expect("a key");
        serve::registry(&config, Arc::clone(&vault), &Clock::system()).await.expect("opens")
    }

    /// Keeps a certified identity.
    async fn certified(&self, number: &str) -> String {
        let registry = self.registry().await;
        let now = Clock::system().now();
        let until = now.plus(domain::time::Lifetime::seconds(86_400 * 365));
        let card = CardKey::of("FRA", number, &CardSecret::new([1; 32]));
        let id = IdentityId::from_random(Random::system().bytes());
        let made = identity(&id, card, &states::certified(now, until));
        let kept = registry.make_identity(&made, &Told { acts: &[], notices: &[], at: now }).await;
        assert_eq!(kept.expect("kept"), Made::Fresh);
        registry.close().await;
        id.to_string()
    }
}

#[tokio::test]
async fn an_identity_is_listed_suspended_and_closed_with_the_operators_word_in_the_journal_alone() {
    let place = Place::new();
    place.run(&["migrate"]).await.expect("done");
    let (one, other) = (place.certified("A00000001").await, place.certified("A00000002").await);
    let listed = place.run(&["cards", "list", "--state", "certified"]).await.expect("done");
    assert!(listed.lines().count() == 2 && listed.contains(&one) && listed.contains(&other), "{listed}");
    let word = "signalement 2026-117";
    assert_eq!(place.run(&["cards", "suspend", &one, "--word", word]).await, Ok(format!("suspended {one}\n")));
    let closing = ["cards", "close", &other, "--why", "fraud", "--word", word];
    assert_eq!(place.run(&closing).await, Ok(format!("closed {other}\n")));
    let states: Value =
        serde_json::from_str(&place.run(&["cards", "list", "--json"]).await.expect("done")).expect("JSON");
    let mut states: Vec<_> = states.as_array().expect("a list").iter().map(|row| row["state"].clone()).collect();
    states.sort_by_key(Value::to_string);
    assert_eq!(states, ["closed", "suspended"]);
    let shown = place.run(&["cards", "show", &one]).await.expect("done");
    assert!(shown.contains("\"suspended\"") && !shown.contains(word) && !shown.contains('@'), "{shown}");

    let registry = place.registry().await;
    let entries = registry.entries(0, 100).await.expect("reads");
    let told: Vec<_> = entries.iter().filter(|entry| entry.kind == "card_identity_changed").collect();
    assert!(told.len() == 2 && told.iter().all(|entry| entry.details.contains(word)), "{told:?}");
    let far = domain::time::Lifetime::seconds(86_400);
    let mails = registry.lease::<Notice>(10, far, Clock::system().now()).await.expect("reads");
    let mut mails: Vec<_> = mails.into_iter().map(|mail| mail.parcel.message).collect();
    mails.sort_by_key(|message| format!("{message:?}"));
    let closed = CardMessage::Closed { why: Closure::Fraud };
    assert_eq!(mails, [Message::Card(closed), Message::Card(CardMessage::Suspended)]);
}

#[tokio::test]
async fn what_an_operator_cannot_do_is_told() {
    let place = Place::new();
    place.run(&["migrate"]).await.expect("done");
    let id = place.certified("A00000001").await;
    let suspend = ["cards", "suspend", id.as_str(), "--word", "w"];
    place.run(&suspend).await.expect("done");
    let told = place.run(&suspend).await.expect_err("it is suspended");
    assert!(told.contains("only a certified one"), "{told}");
    for word in ["", " ", "a\nb", &"x".repeat(501)] {
        let told = place.run(&["cards", "close", &id, "--why", "fraud", "--word", word]).await.expect_err("no word");
        assert!(told.contains("--word"), "{told}");
    }
    let close = ["cards", "close", id.as_str(), "--why", "desk_error", "--word", "w"];
    place.run(&close).await.expect("done");
    assert!(place.run(&close).await.expect_err("closed").contains("closed already"));
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "x"] {
        assert!(place.run(&["cards", "show", id]).await.is_err());
    }
    assert!(
        place.run(&["cards", "close", &id, "--why", "deleted", "--word", "w"]).await.is_err(),
        "that is the holder's"
    );
    assert!(place.run(&["cards", "list", "--state", "gone"]).await.is_err());
}
