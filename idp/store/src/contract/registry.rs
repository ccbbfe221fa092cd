//! Cases for the registry as a whole: its schema, its master key, its file, and what an intruder reads in it.

use std::sync::Arc;

use domain::id::SignInId;
use domain::journal::KeyCause;
use domain::secret::base64url;

use super::{
    CANARY, Offices, Which, account, at_once, contains, dump, empty_location, for_each_engine, logged_out, made,
    notice, now, offices, people, random, vault,
};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::journal::Verdict;
use crate::registry::{Finish, Finished, HeldKey, Location, Registry};
use crate::seal::Vault;

for_each_engine!(offices: sqlite, postgres; {
    another_schema_is_refused_and_left_alone,
    migrating_again_changes_nothing,
    another_master_key_is_refused,
    nothing_personal_is_kept_in_the_clear,
    the_latest_moment_is_only_ever_raised_but_by_an_operator,
});

async fn the_latest_moment_is_only_ever_raised_but_by_an_operator(offices: Offices) {
    let (one, two) = offices.both();
    let at = |seconds: u32| now().plus(domain::time::Lifetime::seconds(seconds));
    assert_eq!(one.latest_time().await.expect("reads"), None);
    assert_eq!(one.see_time(at(100)).await.expect("keeps"), at(100));
    assert_eq!(two.see_time(at(50)).await.expect("keeps"), at(100), "a node whose clock is behind learns of it");
    let answers = at_once(20, offices.both(), |node, turn| async move {
        node.see_time(now().plus(domain::time::Lifetime::seconds(200 + turn))).await.expect("keeps")
    });
    assert!(answers.await.into_iter().all(|latest| (at(200)..=at(219)).contains(&latest)));
    assert_eq!(two.latest_time().await.expect("reads"), Some(at(219)), "the highest stays");
    let word = domain::journal::Act::ClockSetBack { seen: at(219), word: "une horloge avançait".into() };
    one.set_time_back(at(60), &[word]).await.expect("is taken back");
    assert_eq!(two.latest_time().await.expect("reads"), Some(at(60)));
    assert_eq!(super::kinds(two).await, ["clock_set_back"]);
    one.set_time_back(at(500), &[]).await.expect("nothing to take back");
    assert_eq!(two.see_time(at(61)).await.expect("keeps"), at(61), "and raised again");
}

async fn another_schema_is_refused_and_left_alone(offices: Offices) {
    let open = async || Registry::open(&offices.location, Arc::new(vault())).await;
    sqlx::query("UPDATE _sqlx_migrations SET version = version + 9000")
        .execute(&offices.one.writers)
        .await
        .expect("forges");
    let newer = open().await.expect_err("newer");
    assert!(matches!(newer, StoreError::Schema { found: 9001.., .. }), "{newer}");
    assert!(newer.to_string().contains("newer program"));
    let migrated = Registry::migrate(&offices.location, Arc::new(vault())).await;
    assert!(matches!(migrated, Err(StoreError::Schema { found: 9001.., .. })));

    sqlx::query("DELETE FROM _sqlx_migrations").execute(&offices.one.writers).await.expect("forges");
    let older = open().await.expect_err("older");
    assert!(matches!(older, StoreError::Schema { found: 0, .. }), "{older}");
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

async fn nothing_personal_is_kept_in_the_clear(offices: Offices) {
    let (one, sign_in, key) = (&offices.one, SignInId::from_random(random()), account());
    let new = made("canary", &[]);
    assert_eq!(
        one.insert_keys(std::slice::from_ref(&new), &[], KeyCause::FirstUse, now()).await.expect("writes"),
        Put::Fresh
    );
    let notices = [notice()];
    let finish = Finish { sign_in: &sign_in, acts: &[logged_out(&key)], consent: None, notices: &notices };
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    people::settled(one, CANARY).await;
    let queries = &[
        "SELECT id || sealed FROM logouts",
        "SELECT kid || sealed FROM signing_keys",
        "SELECT sign_in || account || client || claims FROM consents",
        "SELECT key || state || blocked_providers FROM accounts",
        "SELECT proof FROM vault",
        "SELECT id || commune || mail_key || state || sealed FROM agents",
        "SELECT id || agent || sealed FROM passkeys",
        "SELECT place || agent FROM invitations",
        "SELECT id || commune || jkt || sealed FROM readers",
    ];
    let dump = dump(&offices, queries).await;
    let HeldKey::Sealed(key) = &new.key else { unreachable!("made here") };
    let der = key.to_pkcs8().expect("has bytes");
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
        assert!(matches!(refused, Err(StoreError::Schema { found: 0, .. })));
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
