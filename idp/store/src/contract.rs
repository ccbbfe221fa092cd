//! The contract: what every engine has to keep, run against each real one.
//!
//! Memory and SQLite are always there. Redis and PostgreSQL are reached at `PASSERELLE_TEST_REDIS_URL` and
//! `PASSERELLE_TEST_POSTGRES_URL`; without them their cases say so and pass. Each case works in places, or in a
//! schema, of its own: nothing has to be empty before, and cases run side by side.

mod admin_tokens;
mod bench;
mod cards;
mod cases;
mod citizens;
mod clients;
mod ephemeral;
mod figures;
mod habilitations;
mod indicators;
mod journal;
mod keys;
mod listing;
mod logouts;
mod outbox;
mod partners;
mod people;
mod platform;
mod registry;
mod requests;
mod signin;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use domain::client::Label;
use domain::id::Kid;
use domain::identity::account::AccountKey;
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::journal::Act;
use domain::keys::{KeyLife, KeyState, signs_from};
use domain::language::Language;
use domain::level::Level;
use domain::notice::{Message, Notice};
use domain::secret::{Bearer, base64url};
use domain::time::Timestamp;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::Clock;
use crate::ephemeral::{Allowance, Budget, Ephemeral, Record};
use crate::registry::{HeldKey, KeptKey, Location, Registry};
use crate::seal::{Lock, Vault};

/// What stands for everything personal: it must appear nowhere.
const CANARY: &str = "Angela-Claire-DUBOIS-1962-08-24";

/// Stamps the cases once for each engine.
macro_rules! for_each_engine {
    ($open:ident: $($engine:ident),+; $cases:tt) => { $(for_each_engine!(@ $open $engine $cases);)+ };
    (@ $open:ident $engine:ident { $($case:ident),+ $(,)? }) => {
        mod $engine {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    if let Some(opened) = crate::contract::$open(crate::contract::Which::$engine).await {
                        super::$case(opened).await;
                    }
                }
            )+
        }
    };
}
use for_each_engine;

/// The real engines, named as the test modules are.
#[derive(Clone, Copy)]
#[expect(non_camel_case_types, reason = "named after the modules that the cases are stamped into")]
enum Which {
    memory,
    redis,
    sqlite,
    postgres,
}

/// What many callers get who ask at once, every other one through the other node.
async fn at_once<N, F, T>(callers: u32, (one, two): (&N, &N), ask: impl Fn(N, u32) -> F) -> Vec<T>
where
    N: Clone,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let callers = (0..callers).map(|at| {
        let node = if at.is_multiple_of(2) { one } else { two };
        ask(node.clone(), at)
    });
    callers.collect::<JoinSet<T>>().join_all().await
}

/// Two nodes on one ephemeral engine.
struct Nodes {
    one: Ephemeral,
    two: Ephemeral,
    moved: Arc<AtomicI64>,
}

impl Nodes {
    fn both(&self) -> (&Ephemeral, &Ephemeral) {
        (&self.one, &self.two)
    }

    /// Lets `seconds` go by for one record.
    async fn age<R: Record>(&self, bearer: &Bearer<R>, seconds: u32) {
        self.moved.fetch_add(seconds.into(), Ordering::Relaxed);
        self.one.age(Lock::of(bearer).place(), seconds).await;
    }
}

impl Nodes {
    /// Lets `seconds` go by for the uses of an allowance.
    async fn age_allowance(&self, allowance: Allowance, whose: &[u8], seconds: u32) {
        self.moved.fetch_add(seconds.into(), Ordering::Relaxed);
        for turn in 0..allowance.most {
            self.one.age_turn(allowance, whose, (turn, seconds)).await;
        }
    }
}

async fn nodes(which: Which) -> Option<Nodes> {
    let moved = Arc::new(AtomicI64::new(1_800_000_000));
    let (one, two) = match which {
        Which::memory => {
            let hands = Arc::clone(&moved);
            let clock: Clock = Arc::new(move || Timestamp::from_epoch(hands.load(Ordering::Relaxed)));
            let one = Ephemeral::memory(clock, Budget::default(), &vault());
            (one.clone(), one)
        }
        Which::redis => {
            let url = variable("PASSERELLE_TEST_REDIS_URL")?;
            let connect = async || Ephemeral::redis(&url, &vault()).await.expect("the Redis of the tests answers");
            (connect().await, connect().await)
        }
        Which::sqlite | Which::postgres => unreachable!("a registry"),
    };
    Some(Nodes { one, two, moved })
}

/// Two nodes on one registry, fresh and empty.
struct Offices {
    one: Registry,
    two: Registry,
    location: Location,
    _folder: tempfile::TempDir,
}

impl Offices {
    fn both(&self) -> (&Registry, &Registry) {
        (&self.one, &self.two)
    }
}

async fn offices(which: Which) -> Option<Offices> {
    let (location, folder) = empty_location(which).await?;
    let one = Registry::migrate(&location, Arc::new(vault())).await.expect("migrates");
    let two = Registry::open(&location, Arc::new(vault())).await.expect("opens what was migrated");
    Some(Offices { one, two, location, _folder: folder })
}

/// A place without any registry yet.
async fn empty_location(which: Which) -> Option<(Location, tempfile::TempDir)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = match which {
        // A name that a careless URL would cut off.
        Which::sqlite => Location::Sqlite(folder.path().join("a registry? 100%.sqlite")),
        Which::postgres => {
            let url = variable("PASSERELLE_TEST_POSTGRES_URL")?;
            let schema = format!("case_{}", random::<8>().map(|byte| format!("{byte:02x}")).concat());
            crate::registry::create_schema(&url, &schema).await;
            let separator = if url.contains('?') { '&' } else { '?' };
            Location::Postgres(Zeroizing::new(format!("{url}{separator}options=-c%20search_path%3D{schema}")))
        }
        Which::memory | Which::redis => unreachable!("ephemeral"),
    };
    Some((location, folder))
}

#[expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a skipped case has to be seen, and only tests read the environment"
)]
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: {name} is not set");
    }
    value
}

fn vault() -> Vault {
    Vault::new(&[42; 32])
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("randomness");
    bytes
}

fn bearer<R>() -> Bearer<R> {
    Bearer::from_random(random())
}

/// A moment to count others from: none of them is read from the clock.
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning")]
pub(crate) fn moment() -> Instant {
    Instant::now()
}

fn now() -> Timestamp {
    Timestamp::from_epoch(1_800_000_000)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn account() -> AccountKey {
    AccountKey::try_from(base64url(&random::<32>())).expect("32 bytes")
}

fn notice() -> Notice {
    let label = |text: &str| Label { fr: text.to_owned(), en: text.to_owned() };
    Notice {
        to: format!("{CANARY}@exemple.fr"),
        language: Language::French,
        message: Message::SignedIn {
            citizen: CANARY.to_owned(),
            service: label("Ville"),
            provider: label("Impôts"),
            level: Level::Low,
            at: now(),
            reference: "AAAA-BBBB-CCCC".to_owned(),
        },
    }
}

fn logged_out(account: &AccountKey) -> Act {
    Act::LoggedOut { account: account.clone(), client: None }
}

/// All that an intruder reads: the file and its log as they lie on the disk, or the rows that are asked for with those of
/// the outbox and the journal.
async fn dump(offices: &Offices, queries: &'static [&'static str]) -> Vec<u8> {
    match &offices.location {
        Location::Sqlite(path) => {
            let log = path.with_file_name(format!("{}-wal", path.file_name().expect("named").to_string_lossy()));
            [std::fs::read(path).expect("reads"), std::fs::read(log).expect("reads")].concat()
        }
        Location::Postgres(_) => {
            let mut dump = String::new();
            let always = ["SELECT id || sealed FROM outbox", "SELECT kind || details || hash FROM journal"];
            for text in always.iter().chain(queries) {
                let rows: Vec<String> = sqlx::query_scalar(*text).fetch_all(&offices.one.readers).await.expect("reads");
                dump.extend(rows);
            }
            dump.into_bytes()
        }
    }
}

async fn kinds(registry: &Registry) -> Vec<String> {
    registry.entries(0, 1000).await.expect("reads").into_iter().map(|entry| entry.kind).collect()
}

fn made(kid: &str, known: &[KeyLife]) -> KeptKey {
    let (algorithm, kid) = (SigningAlgorithm::Es256, Kid::parse(kid).expect("plain"));
    let life = KeyLife { kid: kid.clone(), algorithm, announced: now(), signs_from: signs_from(known, now()) };
    let key = HeldKey::Sealed(SigningKey::generate(algorithm, kid).expect("makes a key"));
    KeptKey { life, key, journalled: KeyState::Announced }
}
