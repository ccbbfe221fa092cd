//! Cases for what lives for years.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::client::{Client, ClientState, Label, Registered};
use domain::id::{ClientId, Kid, ProviderId, SignInId};
use domain::identity::account::{AccountKey, AccountState};
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::journal::Act;
use domain::keys::{KeyLife, signs_from};
use domain::language::Language;
use domain::level::Level;
use domain::notice::{Message, Notice};
use domain::secret::{SecretDigest, base64url};
use domain::time::{Lifetime, Timestamp};
use serde_json::json;

use super::{CANARY, Offices, Which, at_once, contains, empty_location, for_each_engine, now, offices, random, vault};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::journal::Verdict;
use crate::registry::{Consent, Delivery, Finish, Finished, KeptKey, Location, Registry, SecretChange, Updated};
use crate::seal::Vault;

for_each_engine!(offices: sqlite, postgres; {
    another_schema_is_refused_and_left_alone,
    migrating_again_changes_nothing,
    another_master_key_is_refused,
    a_client_comes_back_as_it_was_kept,
    a_change_is_counted_and_journalled_with_it,
    two_first_sign_ins_at_once_make_one_account,
    an_account_keeps_what_the_citizen_set,
    a_sign_in_finishes_once_from_however_many_nodes,
    a_finish_that_fails_leaves_nothing_behind,
    finished_sign_ins_are_forgotten_after_a_day,
    a_notice_is_leased_to_one_node_at_a_time,
    a_failed_notice_waits_and_a_sent_one_is_gone,
    a_notice_that_was_touched_is_passed_over,
    of_two_nodes_that_make_a_key_one_has_to_decide_again,
    a_key_signs_after_it_was_kept,
    a_sealed_key_opens_in_its_own_row_alone,
    nothing_personal_is_kept_in_the_clear,
});

fn client(name: &str) -> Client {
    let metadata = json!({
        "client_id": "ville", "client_name": name, "redirect_uris": ["https://ville.example/retour"],
        "scope": "openid profile",
    });
    Client::from_metadata(&metadata, || unreachable!("it is named")).expect("valid")
}

fn registered(name: &str) -> Registered {
    Registered { client: client(name), secret: Some(SecretDigest::of("first")), state: ClientState::Active }
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

async fn kinds(registry: &Registry) -> Vec<String> {
    registry.entries(0, 1000).await.expect("reads").into_iter().map(|entry| entry.kind).collect()
}

async fn another_schema_is_refused_and_left_alone(offices: Offices) {
    let open = async || Registry::open(&offices.location, Arc::new(vault())).await;
    sqlx::query("UPDATE _sqlx_migrations SET version = 9999").execute(&offices.one.writers).await.expect("forges");
    let newer = open().await.expect_err("newer");
    assert!(matches!(newer, StoreError::Schema { found: 9999, expected: 1 }), "{newer}");
    assert!(newer.to_string().contains("newer program"));
    let migrated = Registry::migrate(&offices.location, Arc::new(vault())).await;
    assert!(matches!(migrated, Err(StoreError::Schema { found: 9999, .. })));

    sqlx::query("DELETE FROM _sqlx_migrations").execute(&offices.one.writers).await.expect("forges");
    let older = open().await.expect_err("older");
    assert!(matches!(older, StoreError::Schema { found: 0, expected: 1 }), "{older}");
    assert!(older.to_string().contains("idp migrate"));
}

async fn migrating_again_changes_nothing(offices: Offices) {
    offices.one.append(&[logged_out(&account())], now()).await.expect("appends");
    let again = Registry::migrate(&offices.location, Arc::new(vault())).await.expect("migrates");
    assert_eq!(again.verify_journal().await.expect("walks"), Verdict::Whole { entries: 1 });
    again.ping().await.expect("answers");
    again.close().await;
    assert!(again.ping().await.is_err());
}

async fn another_master_key_is_refused(offices: Offices) {
    let stranger = Registry::open(&offices.location, Arc::new(Vault::new(&[1; 32]))).await;
    assert!(matches!(stranger, Err(StoreError::WrongMasterKey)));
    let rotated = vault().with_sealing_key(2, &[7; 32]);
    Registry::open(&offices.location, Arc::new(rotated)).await.expect("a new sealing key is no new master key");
}

async fn a_client_comes_back_as_it_was_kept(offices: Offices) {
    let (one, two, id) = (&offices.one, &offices.two, ClientId::parse("ville").expect("plain"));
    assert!(one.client(&id).await.expect("reads").is_none());
    assert_eq!(one.insert_client(&registered("Ville"), now()).await.expect("writes"), Put::Fresh);
    assert_eq!(two.insert_client(&registered("Autre"), now()).await.expect("writes"), Put::Taken);

    let read = async || two.client(&id).await.expect("reads").expect("is there");
    let kept = read().await;
    assert_eq!(kept.client.name.fr, "Ville");
    assert_eq!(kept.client.redirect_uris(), ["https://ville.example/retour"]);
    assert_eq!(kept.state, ClientState::Active);
    assert!(kept.secret.expect("has one").matches("first"));

    let update = async |name, secret| one.update_client(&client(name), &secret, now()).await.expect("writes");
    assert_eq!(update("Ville 2", SecretChange::Keep).await, Updated::Done);
    assert!(read().await.secret.expect("kept").matches("first"));
    assert_eq!(read().await.client.name.fr, "Ville 2");
    assert_eq!(update("Ville", SecretChange::Replace(SecretDigest::of("second"))).await, Updated::Done);
    assert!(read().await.secret.expect("replaced").matches("second"));
    assert_eq!(update("Ville", SecretChange::Drop).await, Updated::Done);
    assert!(read().await.secret.is_none());

    assert_eq!(one.set_client_state(&id, ClientState::Disabled, now()).await.expect("writes"), Updated::Done);
    assert_eq!(read().await.state, ClientState::Disabled);
    assert_eq!(two.clients().await.expect("reads").len(), 1);

    let nobody = ClientId::parse("nobody").expect("plain");
    let missing = one.set_client_state(&nobody, ClientState::Disabled, now()).await.expect("writes");
    assert_eq!(missing, Updated::Missing);
    let mut unknown = client("Ville");
    unknown.id = nobody;
    assert_eq!(one.update_client(&unknown, &SecretChange::Keep, now()).await.expect("writes"), Updated::Missing);
}

async fn a_change_is_counted_and_journalled_with_it(offices: Offices) {
    let (one, id) = (&offices.one, ClientId::parse("ville").expect("plain"));
    let before = offices.two.changes().await.expect("reads");
    let _ = one.insert_client(&registered("Ville"), now()).await.expect("writes");
    let _ = one.insert_client(&registered("Ville"), now()).await.expect("is taken");
    let replace = SecretChange::Replace(SecretDigest::of("second"));
    let _ = one.update_client(&client("Ville 2"), &replace, now()).await.expect("writes");
    for state in [ClientState::Disabled, ClientState::Disabled, ClientState::Active] {
        let _ = one.set_client_state(&id, state, now()).await.expect("writes");
    }
    let after = offices.two.changes().await.expect("reads");
    assert_eq!((after.clients - before.clients, after.keys - before.keys), (4, 0));
    let entries = one.entries(0, 100).await.expect("reads");
    let told: Vec<serde_json::Value> =
        entries.iter().map(|entry| serde_json::from_str(&entry.details).expect("JSON")).collect();
    let changes = ["registered", "updated", "secret_made", "disabled", "enabled"];
    assert_eq!(told, changes.map(|change| json!({"client": "ville", "change": change})));
    assert_eq!(one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 5 });
}

async fn two_first_sign_ins_at_once_make_one_account(offices: Offices) {
    let key = account();
    let accounts = at_once(50, offices.both(), |node, at| {
        let key = key.clone();
        async move { node.touch_account(&key, now().plus(Lifetime::seconds(at))).await.expect("touches") }
    });
    let created: BTreeSet<_> = accounts.await.into_iter().map(|account| account.created).collect();
    assert_eq!(created.len(), 1);
    let kept = offices.one.account(&key).await.expect("reads").expect("is there");
    assert_eq!(kept.last_used, now().plus(Lifetime::seconds(49)));
    assert_eq!(kept.state, AccountState::Active);
}

async fn an_account_keeps_what_the_citizen_set(offices: Offices) {
    let (one, key) = (&offices.one, account());
    let blocked = BTreeSet::from([ProviderId::parse("impots").expect("plain")]);
    assert_eq!(one.set_blocked_providers(&key, &blocked).await.expect("writes"), Updated::Missing);
    assert_eq!(one.set_account_state(&key, AccountState::Frozen).await.expect("writes"), Updated::Missing);
    one.touch_account(&key, now()).await.expect("touches");
    assert_eq!(one.set_blocked_providers(&key, &blocked).await.expect("writes"), Updated::Done);
    assert_eq!(one.set_account_state(&key, AccountState::Frozen).await.expect("writes"), Updated::Done);
    let account = offices.two.touch_account(&key, Timestamp::from_epoch(1)).await.expect("touches");
    assert_eq!((account.state, account.blocked_providers), (AccountState::Frozen, blocked));
    assert_eq!((account.created, account.last_used), (now(), now()));
}

async fn a_sign_in_finishes_once_from_however_many_nodes(offices: Offices) {
    let (sign_in, key, ville) = (SignInId::from_random(random()), account(), ClientId::parse("ville").expect("plain"));
    let consent =
        Consent { account: key.clone(), client: ville.clone(), claims: vec!["family_name".to_owned()], at: now() };
    let answers = at_once(50, offices.both(), |node, _| {
        let (sign_in, act, consent) = (sign_in.clone(), logged_out(&key), consent.clone());
        async move {
            let (acts, notices) = ([act], [notice(), notice()]);
            let finish = Finish { sign_in: &sign_in, acts: &acts, consent: Some(&consent), notices: &notices };
            node.finish(&finish, now()).await.expect("finishes")
        }
    });
    let done = answers.await.into_iter().filter(|finished| *finished == Finished::Done).count();
    assert_eq!(done, 1);
    assert_eq!(kinds(&offices.one).await, ["logged_out"]);
    assert_eq!(offices.one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 1 });
    assert_eq!(offices.two.consents(&key, &ville).await.expect("reads"), [consent]);
    let backlog = offices.two.backlog().await.expect("reads");
    assert_eq!((backlog.waiting, backlog.oldest), (2, Some(now())));
}

async fn a_finish_that_fails_leaves_nothing_behind(offices: Offices) {
    let (one, sign_in, key) = (&offices.one, SignInId::from_random(random()), account());
    // The second notice meets a row of its own name and fails, after the first one was written.
    sqlx::query("INSERT INTO outbox (id, sealed, due, attempts, created) VALUES ($1, '', 9000000000, 0, 9000000000)")
        .bind(format!("{sign_in}.1"))
        .execute(&one.writers)
        .await
        .expect("plants");
    let (acts, notices) = ([logged_out(&key)], [notice(), notice()]);
    let finish = Finish { sign_in: &sign_in, acts: &acts, consent: None, notices: &notices };
    assert!(matches!(one.finish(&finish, now()).await, Err(StoreError::Unavailable { .. })));
    assert!(kinds(one).await.is_empty());
    assert_eq!(one.backlog().await.expect("reads").waiting, 1);

    sqlx::query("DELETE FROM outbox").execute(&one.writers).await.expect("clears");
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    assert_eq!(one.backlog().await.expect("reads").waiting, 2);
}

async fn finished_sign_ins_are_forgotten_after_a_day(offices: Offices) {
    let (one, sign_in) = (&offices.one, SignInId::from_random(random()));
    let finish = Finish { sign_in: &sign_in, acts: &[], consent: None, notices: &[] };
    let after = |seconds| now().plus(Lifetime::seconds(seconds));
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    assert_eq!(one.forget_finished(after(86_400)).await.expect("forgets"), 0);
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::AlreadyDone);
    assert_eq!(one.forget_finished(after(86_401)).await.expect("forgets"), 1);
}

async fn queued(registry: &Registry, count: usize) {
    for _ in 0..count {
        let sign_in = SignInId::from_random(random());
        let finish = Finish { sign_in: &sign_in, acts: &[], consent: None, notices: &[notice()] };
        assert_eq!(registry.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    }
}

const LEASE: Lifetime = Lifetime::seconds(60);

async fn a_notice_is_leased_to_one_node_at_a_time(offices: Offices) {
    queued(&offices.one, 60).await;
    let leases = at_once(10, offices.both(), |node, _| async move {
        let mut leased = Vec::new();
        loop {
            let some = node.lease_notices(7, LEASE, now()).await.expect("leases");
            if some.is_empty() {
                return leased;
            }
            assert!(some.len() <= 7);
            leased.extend(some.into_iter().map(|outgoing| (outgoing.key().to_owned(), outgoing.attempt)));
        }
    });
    let mut seen = leases.await.concat();
    assert_eq!(seen.len(), 60);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60);
    assert!(seen.iter().all(|(_, attempt)| *attempt == 1));
    assert!(offices.one.lease_notices(100, LEASE, now().plus(Lifetime::seconds(59))).await.expect("leases").is_empty());
    let again = offices.one.lease_notices(100, LEASE, now().plus(LEASE)).await.expect("leases");
    assert_eq!(again.len(), 60);
    assert!(again.iter().all(|outgoing| outgoing.attempt == 2 && outgoing.notice == notice()));
}

async fn a_failed_notice_waits_and_a_sent_one_is_gone(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let at = |seconds| now().plus(Lifetime::seconds(seconds));
    let lease = async |node: &Registry, seconds| node.lease_notices(10, LEASE, at(seconds)).await.expect("leases");
    queued(one, 1).await;
    let first = lease(one, 0).await.pop().expect("is due");
    one.settle_notice(&first, Delivery::Failed, at(1)).await.expect("settles");
    assert!(lease(two, 30).await.is_empty());
    let second = lease(two, 31).await.pop().expect("is due after 30 s");
    assert_eq!((second.attempt, second.created), (2, now()));
    // The first node wakes up late: its failure is an old story.
    one.settle_notice(&first, Delivery::Failed, at(5000)).await.expect("settles");
    two.settle_notice(&second, Delivery::Failed, at(32)).await.expect("settles");
    let third = lease(one, 92).await.pop().expect("is due after 60 s more");
    one.settle_notice(&third, Delivery::Sent, at(93)).await.expect("settles");
    assert_eq!(two.backlog().await.expect("reads").waiting, 0);
    assert_eq!(two.backlog().await.expect("reads").oldest, None);

    queued(one, 1).await;
    let hopeless = lease(one, 0).await.pop().expect("is due");
    one.settle_notice(&hopeless, Delivery::GivenUp, at(1)).await.expect("settles");
    assert_eq!(one.backlog().await.expect("reads").waiting, 0);
}

async fn a_notice_that_was_touched_is_passed_over(offices: Offices) {
    let one = &offices.one;
    queued(one, 2).await;
    // The sealed text of one row is copied into the other.
    sqlx::query("UPDATE outbox SET sealed = (SELECT sealed FROM outbox ORDER BY id LIMIT 1)")
        .execute(&one.writers)
        .await
        .expect("tampers");
    assert_eq!(one.lease_notices(10, LEASE, now()).await.expect("leases").len(), 1);
    assert_eq!(one.backlog().await.expect("reads").waiting, 2);
}

fn made(kid: &str, known: &[KeyLife]) -> KeptKey {
    let (algorithm, kid) = (SigningAlgorithm::Es256, Kid::parse(kid).expect("plain"));
    let life =
        KeyLife { kid: kid.clone(), algorithm, announced: now(), signs_from: signs_from(known, algorithm, now()) };
    KeptKey { life, key: SigningKey::generate(algorithm, kid).expect("makes a key") }
}

async fn lives(registry: &Registry) -> Vec<KeyLife> {
    registry.keys().await.expect("reads").into_iter().map(|kept| kept.life).collect()
}

async fn of_two_nodes_that_make_a_key_one_has_to_decide_again(offices: Offices) {
    let answers = at_once(10, offices.both(), |node, at| async move {
        node.insert_key(&made(&format!("k{at}"), &[]), &[], now()).await.expect("writes")
    });
    let fresh = answers.await.into_iter().filter(|put| *put == Put::Fresh).count();
    assert_eq!(fresh, 1);
    let known = lives(&offices.two).await;
    assert_eq!(known.len(), 1);
    let next = made("next", &known);
    assert_eq!(offices.two.insert_key(&next, &known, now()).await.expect("writes"), Put::Fresh);
    assert_eq!(lives(&offices.one).await[1].signs_from, next.life.signs_from);
    assert_eq!(kinds(&offices.one).await, ["key_made", "key_made"]);
    assert_eq!(offices.one.changes().await.expect("reads").keys, 2);
}

async fn a_key_signs_after_it_was_kept(offices: Offices) {
    for (kid, algorithm) in [("e", SigningAlgorithm::Es256), ("r", SigningAlgorithm::Rs256)] {
        let mut new = made(kid, &[]);
        new.life.algorithm = algorithm;
        new.key = SigningKey::generate(algorithm, new.life.kid.clone()).expect("makes a key");
        let known = lives(&offices.one).await;
        assert_eq!(offices.one.insert_key(&new, &known, now()).await.expect("writes"), Put::Fresh);
        let kept = offices.two.keys().await.expect("reads").into_iter().find(|kept| kept.life == new.life);
        assert_eq!(kept.expect("is there").key.public_jwk(), new.key.public_jwk());
    }
    let (kid, nobody) = (Kid::parse("e").expect("plain"), Kid::parse("nobody").expect("plain"));
    let later = now().plus(LEASE);
    assert_eq!(offices.one.reschedule_key(&kid, later).await.expect("writes"), Updated::Done);
    assert_eq!(lives(&offices.two).await[0].signs_from, later);
    assert_eq!(offices.one.reschedule_key(&nobody, later).await.expect("writes"), Updated::Missing);
    assert_eq!(offices.one.erase_key(&nobody).await.expect("writes"), Updated::Missing);
    assert_eq!(offices.one.erase_key(&kid).await.expect("writes"), Updated::Done);
    assert_eq!(lives(&offices.two).await.len(), 1);
}

async fn a_sealed_key_opens_in_its_own_row_alone(offices: Offices) {
    assert_eq!(offices.one.insert_key(&made("mine", &[]), &[], now()).await.expect("writes"), Put::Fresh);
    sqlx::query("UPDATE signing_keys SET kid = 'other'").execute(&offices.one.writers).await.expect("tampers");
    assert!(matches!(offices.one.keys().await, Err(StoreError::Corrupt { what: "signing_keys" })));
}

async fn nothing_personal_is_kept_in_the_clear(offices: Offices) {
    let (one, sign_in, key) = (&offices.one, SignInId::from_random(random()), account());
    let new = made("canary", &[]);
    assert_eq!(one.insert_key(&new, &[], now()).await.expect("writes"), Put::Fresh);
    let notices = [notice()];
    let finish = Finish { sign_in: &sign_in, acts: &[logged_out(&key)], consent: None, notices: &notices };
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    let dump = match &offices.location {
        // The file as it lies on the disk, and what is still in its log.
        Location::Sqlite(path) => {
            let log = path.with_file_name(format!("{}-wal", path.file_name().expect("named").to_string_lossy()));
            [std::fs::read(path).expect("reads"), std::fs::read(log).expect("reads")].concat()
        }
        Location::Postgres(_) => {
            let mut dump = String::new();
            for text in [
                "SELECT id || sealed FROM outbox",
                "SELECT kid || sealed FROM signing_keys",
                "SELECT kind || details || hash FROM journal",
                "SELECT sign_in || account || client || claims FROM consents",
                "SELECT key || state || blocked_providers FROM accounts",
                "SELECT proof FROM vault",
            ] {
                let rows: Vec<String> = sqlx::query_scalar(text).fetch_all(&one.readers).await.expect("reads");
                dump.extend(rows);
            }
            dump.into_bytes()
        }
    };
    let der = new.key.to_pkcs8().expect("has bytes");
    assert!(contains(&dump, sign_in.as_str()), "the search finds what is there");
    assert!(!contains(&dump, CANARY));
    assert!(!dump.windows(32).any(|window| window == &der[36..68]), "the private scalar");
    assert!(!contains(&dump, &base64url(&der)));
}

#[tokio::test]
async fn an_empty_registry_is_refused_until_it_is_migrated() {
    for which in [Which::sqlite, Which::postgres] {
        let Some((location, _folder)) = empty_location(which).await else {
            continue;
        };
        let refused = Registry::open(&location, Arc::new(vault())).await;
        assert!(matches!(refused, Err(StoreError::Schema { found: 0, expected: 1 })));
        Registry::migrate(&location, Arc::new(vault())).await.expect("migrates");
        Registry::open(&location, Arc::new(vault())).await.expect("opens");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_migrate_at_once_all_find_one_registry() {
    for which in [Which::sqlite, Which::postgres] {
        let Some((location, _folder)) = empty_location(which).await else { continue };
        let location = Arc::new(location);
        let answers = at_once(8, (&location, &location), |location, _| async move {
            let node = Registry::migrate(&location, Arc::new(vault())).await.expect("migrates");
            node.append(&[logged_out(&account())], now()).await.expect("appends");
        });
        answers.await;
        let node = Registry::open(&location, Arc::new(vault())).await.expect("opens");
        assert_eq!(node.verify_journal().await.expect("walks"), Verdict::Whole { entries: 8 });
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_of_the_registry_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let offices = offices(Which::sqlite).await.expect("always there");
    let Location::Sqlite(path) = &offices.location else { unreachable!("asked for SQLite") };
    offices.one.append(&[logged_out(&account())], now()).await.expect("writes");
    for file in std::fs::read_dir(path.parent().expect("in a folder")).expect("reads") {
        let file = file.expect("reads");
        let mode = file.metadata().expect("reads").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_registry_that_cannot_be_reached_says_so_without_its_password() {
    let url = "postgres://gateway:hunter2@127.0.0.1:1/registry".to_owned();
    let error = Registry::open(&Location::Postgres(url.into()), Arc::new(vault())).await.expect_err("nobody listens");
    assert!(matches!(error, StoreError::Unavailable { .. }));
    assert!(!format!("{error:?}").contains("hunter2"));
    let nonsense = Registry::open(&Location::Postgres("hunter2".to_owned().into()), Arc::new(vault())).await;
    assert!(!format!("{:?}", nonsense.expect_err("no URL")).contains("hunter2"));
}
