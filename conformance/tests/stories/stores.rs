//! What an operator, or a thief, finds in the stores: no citizen, no live token.

use conformance::engines::{Postgres, Redis};
use conformance::gateway::{Ephemeral, Lasting};
use conformance::or_skip;
use conformance::people::Person;
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::journey::{Journey, citizen_of};

/// What must appear nowhere after a sign-in of angela.
fn secrets(more: &[&str]) -> Vec<String> {
    let angela = Person::named("angela").unwrap();
    let own = [angela.family_name, "Angela", "Claire", "1962-08-24", angela.email, "75107"];
    own.iter().chain(more).map(|&text| text.to_owned()).collect()
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Every file under a folder, read whole.
fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            found.push((entry.path(), bytes));
        }
    }
    found
}

#[tokio::test]
async fn the_data_folder_holds_no_citizen_and_no_live_token() {
    let journey = Journey::start().await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let mut citizen = journey.citizen();
    journey.to_inform(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    let secrets = secrets(&[&tokens.access_token, &tokens.id_token]);
    let data = files(&journey.scene.gateway.installation().data());
    assert!(data.iter().any(|(_, bytes)| !bytes.is_empty()), "there is something to look at");
    for (path, bytes) in &data {
        for secret in &secrets {
            assert!(!holds(bytes, secret), "{} holds {secret}", path.display());
        }
    }
}

#[tokio::test]
async fn redis_and_postgresql_carry_sign_ins_and_hold_no_citizen_and_no_live_token() {
    let redis = or_skip!(Redis::start().await);
    let postgres = or_skip!(Postgres::start().await);
    let setting = Setting {
        ephemeral: Ephemeral::Redis(redis.url()),
        lasting: Lasting::Postgres(postgres.url()),
        ..Setting::default()
    };
    let journey = Journey::set(setting).await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let mut citizen = journey.citizen();
    journey.to_inform(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    let secrets = secrets(&[&tokens.access_token, &tokens.id_token]);

    let dump = dump(redis.port()).await;
    assert!(dump.len() > 100, "there is something to look at");
    for secret in &secrets {
        assert!(!holds(&dump, secret), "Redis holds {secret}");
    }
    let data = files(&postgres.data().join("base"));
    assert!(data.len() > 100, "there is something to look at");
    let log = files(&postgres.data().join("pg_wal"));
    for (path, bytes) in data.iter().chain(&log) {
        for secret in &secrets {
            assert!(!holds(bytes, secret) || is_catalogue_word(secret), "{} holds {secret}", path.display());
        }
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_made_leaves_no_token_behind() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let journey = Journey::set(setting).await;
    let mut metadata = RelyingParty::ordinary("Ville sans clé");
    metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
    metadata["jwks_uri"] = json!("http://127.0.0.1:9/jwks");
    metadata["id_token_encrypted_response_alg"] = json!("ECDH-ES");
    metadata["id_token_encrypted_response_enc"] = json!("A256GCM");
    let service = journey.register(&metadata).await;
    let ask = service.ask("openid offline_access").and("prompt", "consent");
    let back = journey.to_return(&mut citizen_of(&service), &ask, ProviderId::Impots, "angela").await;
    for _ in 0..2 {
        let answer = service.redeem(&ask, &back.parameter("code").unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500, "no key to encrypt to: the code stays");
    }
    let dump = dump(redis.port()).await;
    assert!(holds(&dump, "passerelle:code:"), "there is something to look at");
    for kind in ["family", "refresh", "token"] {
        assert!(!holds(&dump, &format!("passerelle:{kind}:")), "{kind}");
    }
}

/// PostgreSQL's own catalogues hold many numbers; a place code alone proves nothing there.
fn is_catalogue_word(secret: &str) -> bool {
    secret == "75107"
}

/// Every key of a Redis server with its value, as its own snapshot format writes it.
async fn dump(port: u16) -> Vec<u8> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let script = "local out = {} for _, key in ipairs(redis.call('KEYS', '*')) do out[#out + 1] = key \
        out[#out + 1] = redis.call('DUMP', key) end return table.concat(out, '|')";
    let command = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{script}\r\n$1\r\n0\r\n", script.len());
    stream.write_all(command.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length: usize = head.trim().strip_prefix('$').unwrap_or_else(|| panic!("{head}")).parse().unwrap();
    let mut dump = vec![0; length];
    stream.read_exact(&mut dump).await.unwrap();
    dump
}

#[tokio::test]
async fn a_sign_in_survives_a_restart_of_the_gateway_with_redis() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let mut journey = Journey::set(setting).await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    journey.scene.gateway.restart().await.unwrap();
    let back = crate::journey::accept(&mut citizen, &inform).await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    assert_eq!(journey.service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");
}
