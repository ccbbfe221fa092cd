//! Cases for the tokens of the admin API.

use std::collections::BTreeSet;

use domain::id::AdminTokenId;
use domain::partners::token::{AdminSecret, AdminToken, TokenOrder, TokenOver, TokenReach, TokenScope, USUAL_TERM};
use domain::people::name::Name;
use domain::secret::Bearer;
use domain::time::Lifetime;

use super::{CANARY, Offices, at_once, bearer, contains, dump, for_each_engine, kinds, now, random};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::registry::{Registry, Updated};

for_each_engine!(offices: sqlite, postgres; {
    a_token_is_found_by_its_secret_and_by_no_other,
    a_revoked_token_is_so_on_every_node_and_once,
    the_last_use_is_kept_to_the_minute,
    a_token_in_the_place_of_another_does_not_open,
    tokens_tell_nothing_to_who_reads_the_tables,
});

fn token(scope: TokenScope) -> AdminToken {
    let order = TokenOrder {
        name: Name::parse(CANARY).expect("a name"),
        scopes: BTreeSet::from([scope]),
        reach: TokenReach::Everywhere,
        issuer: None,
        term: USUAL_TERM,
    };
    AdminToken::new(AdminTokenId::from_random(random()), order, now()).expect("sound")
}

async fn kept(registry: &Registry, scope: TokenScope) -> (AdminToken, Bearer<AdminSecret>) {
    let (token, secret) = (token(scope), bearer());
    assert_eq!(registry.insert_admin_token(&token, &secret, now()).await.expect("writes"), Put::Fresh);
    (token, secret)
}

async fn a_token_is_found_by_its_secret_and_by_no_other(offices: Offices) {
    let (one, two) = offices.both();
    let (token, secret) = kept(one, TokenScope::RequestsRead).await;
    let found = two.admin_token_with(&secret).await.expect("reads").expect("is there");
    assert_eq!((found.token, found.used), (token.clone(), None));
    assert_eq!(two.admin_token_with(&bearer()).await.expect("reads"), None);
    assert_eq!(two.admin_token(&token.id).await.expect("reads").map(|kept| kept.token), Some(token.clone()));
    assert_eq!(one.insert_admin_token(&token, &bearer(), now()).await.expect("answers"), Put::Taken);
    assert_eq!(two.admin_tokens().await.expect("reads").len(), 1);
    assert_eq!(kinds(one).await, ["admin_token_changed"]);
}

async fn a_revoked_token_is_so_on_every_node_and_once(offices: Offices) {
    let (token, secret) = kept(&offices.one, TokenScope::RequestsRead).await;
    let revoke = |office: Registry, _| {
        let id = token.id.clone();
        async move { office.revoke_admin_token(&id, now()).await.expect("writes") }
    };
    let revoked = at_once(6, offices.both(), revoke).await;
    assert_eq!(revoked.iter().filter(|updated| **updated == Updated::Done).count(), 1);
    for office in [&offices.one, &offices.two] {
        let found = office.admin_token_with(&secret).await.expect("reads").expect("is kept");
        assert_eq!(found.token.standing(now()).map(|_| ()), Err(TokenOver::Revoked));
    }
    assert_eq!(kinds(&offices.one).await.len(), 2);
    let unknown = offices.one.revoke_admin_token(&AdminTokenId::from_random(random()), now()).await;
    assert_eq!(unknown.expect("answers"), Updated::Missing);
}

async fn the_last_use_is_kept_to_the_minute(offices: Offices) {
    let (token, secret) = kept(&offices.one, TokenScope::RequestsRead).await;
    let later = |seconds| now().plus(Lifetime::seconds(seconds));
    let read = async || offices.two.admin_token_with(&secret).await.expect("reads").expect("is there");
    assert!(read().await.is_due(now()));
    offices.one.note_admin_token_use(&token.id, later(5)).await.expect("writes");
    let found = read().await;
    assert_eq!(found.used, Some(later(5)));
    assert!(!found.is_due(later(64)) && found.is_due(later(65)));
    offices.one.note_admin_token_use(&token.id, now()).await.expect("writes");
    assert_eq!(read().await.used, Some(later(5)), "a node whose clock is behind takes nothing back");
}

async fn a_token_in_the_place_of_another_does_not_open(offices: Offices) {
    let one = &offices.one;
    let (reads, _) = kept(one, TokenScope::RequestsRead).await;
    let (revokes, stolen) = kept(one, TokenScope::HabilitationsRevoke).await;
    // Whoever writes the tables gives the secret that they have the row of another token.
    sqlx::query("UPDATE admin_tokens SET hash = 'x' || hash WHERE id = $1")
        .bind(reads.id.as_str())
        .execute(&one.writers)
        .await
        .expect("writes");
    let moved =
        sqlx::query("UPDATE admin_tokens SET sealed = (SELECT sealed FROM admin_tokens WHERE id = $1) WHERE id = $2")
            .bind(reads.id.as_str())
            .bind(revokes.id.as_str())
            .execute(&one.writers)
            .await
            .expect("writes");
    assert_eq!(moved.rows_affected(), 1);
    assert!(matches!(one.admin_token_with(&stolen).await, Err(StoreError::Corrupt { .. })), "the row of another");
    assert!(matches!(one.admin_token(&reads.id).await, Err(StoreError::Corrupt { .. })), "another hash");
}

async fn tokens_tell_nothing_to_who_reads_the_tables(offices: Offices) {
    let (_, secret) = kept(&offices.one, TokenScope::RequestsRead).await;
    let seen = dump(&offices, &["SELECT id || hash || sealed FROM admin_tokens"]).await;
    assert!(!contains(&seen, CANARY) && !contains(&seen, &secret.expose()));
}
