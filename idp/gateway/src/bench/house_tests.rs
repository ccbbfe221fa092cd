//! The runs of a gateway: who can open one, what it may reach, and what is left of it.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use domain::bench::report::Outcome;
use domain::bench::trial::Shown;
use domain::bench::verdict::{Finding, Verdict};
use domain::client::Client;
use domain::habilitation::field::{Field, Where};
use domain::habilitation::form::Form;
use domain::id::{BenchRunId, HabilitationRequestId};
use domain::organisation::siret::Siret;
use domain::time::Lifetime;
use http::{Request, StatusCode};
use serde_json::json;
use tower::ServiceExt as _;

use super::endpoints;
use super::house::{Addresses, Driven, House, NotDriven, NotOpened};
use super::site::address;
use crate::clock::Clock;
use crate::config::{Egress, Loopback};
use crate::outbound::tests::Origin;
use crate::serve::standing_at;

const SANDBOX: &str = "issuer = \"http://127.0.0.1:18401\"\n[listen]\naddress = \"127.0.0.1:0\"\n";

fn client(redirect_uri: &str) -> Driven {
    let metadata = json!({ "client_id": "ville", "client_name": "V", "redirect_uris": [redirect_uri] });
    Driven::service(&Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine"), None)
}

fn at(base: &str) -> Addresses {
    let url = |path: &str| address(&format!("{base}{path}")).expect("an address");
    Addresses { start: url("/login"), page: url("/"), shown: Shown::FamilyName, logout: None, notices: None }
}

async fn status(house: &House, path: &str) -> StatusCode {
    let router: Router = endpoints::router(house.rooms().clone());
    let request = Request::get(path).body(Body::empty()).expect("a request");
    router.oneshot(request).await.expect("answers").status()
}

#[test]
fn what_the_operator_lists_for_its_own_servers_is_not_for_sites_of_others() {
    let own = Egress {
        loopback: Loopback::Refused,
        networks: vec!["10.0.0.0/8".parse().expect("a network")],
        hosts: vec!["rnipp.local".to_owned()],
        ..Egress::default()
    };
    let theirs = House::egress(&own);
    assert!(theirs.networks.is_empty() && theirs.hosts.is_empty());
    assert_eq!(theirs.loopback, Loopback::Refused);
}

#[tokio::test]
async fn the_bench_does_not_drive_the_gateway_itself() {
    let (app, _folder) = standing_at(SANDBOX, &Clock::system()).await;
    let client = client("http://localhost:18402/cb");
    let own = app.bench.open(&client, at("http://127.0.0.1:18401")).await;
    assert!(matches!(own, Err(NotOpened::Own)), "{own:?}");
}

#[tokio::test]
async fn the_bench_drives_no_host_but_those_of_the_redirect_uris_and_none_of_the_configuration() {
    let more = "[partners]\norigin = \"http://localhost:18403\"\n[mail]\nsmtp = \"smtp://localhost:18404\"\n";
    let (app, _folder) = standing_at(&format!("{SANDBOX}{more}"), &Clock::system()).await;
    let opened = async |redirect: &str, said: &str| app.bench.open(&client(redirect), at(said)).await;
    for (redirect, said) in [
        ("https://ville.example/cb", "https://autre.example"),
        ("https://ville.example/cb", "https://ville.example.autre.example"),
        ("http://localhost:18402/cb", "http://localhost:6379"),
    ] {
        let elsewhere = opened(redirect, said).await;
        assert!(matches!(elsewhere, Err(NotOpened::Elsewhere(_))), "{said}: {elsewhere:?}");
    }
    // Registering an address there does not help.
    for own in ["http://localhost:18401", "http://127.0.0.1:18403", "http://localhost:18404"] {
        let refused = opened(&format!("{own}/cb"), own).await;
        assert!(matches!(refused, Err(NotOpened::Own)), "{own}: {refused:?}");
    }
    assert!(opened("https://ville.example/cb", "https://ville.example:8443").await.is_ok());
}

#[tokio::test]
async fn the_site_of_a_request_is_driven_on_the_hosts_that_it_names_alone() {
    let (app, _folder) = standing_at(SANDBOX, &Clock::system()).await;
    let mut form = Form::default();
    let id = HabilitationRequestId::from_random([1; 16]);
    let siret = Siret::parse("21690123100011").expect("a SIRET");
    let said = |base: &str| at(&format!("https://{base}"));
    let nowhere = app.bench.open(&Driven::request(&id, siret, &form), said("cantine.lyon.fr")).await;
    assert!(matches!(nowhere, Err(NotOpened::NoRedirect)), "{nowhere:?}");
    let redirects = "https://cantine.lyon.fr/retour\nhttp://localhost/retour";
    form.set(Field::Redirects(Where::Production), redirects).expect("fit");
    form.set(Field::ServiceUri, "https://www.lyon.fr/").expect("fit");
    let driven = Driven::request(&id, siret, &form);
    for good in ["cantine.lyon.fr", "www.lyon.fr"] {
        app.bench.open(&driven, said(good)).await.expect(good);
    }
    for other in ["lyon.fr", "cantine.lyon.fr.example.org", "localhost", "169.254.169.254"] {
        let refused = app.bench.open(&driven, said(other)).await;
        assert!(matches!(refused, Err(NotOpened::Elsewhere(_))), "{other}: {refused:?}");
    }
    let notices = Some(address("https://ailleurs.fr/avis").expect("an address"));
    let refused = app.bench.open(&driven, Addresses { notices, ..said("cantine.lyon.fr") }).await;
    assert!(matches!(refused, Err(NotOpened::Elsewhere(_))), "{refused:?}");
}

#[tokio::test]
async fn a_run_is_driven_once_and_its_issuer_is_gone_with_its_report() {
    let clock = Clock::system();
    let (app, _folder) = standing_at(SANDBOX, &clock).await;
    let site = Origin::serve(Router::new().route("/{*any}", get(|| async { "no login here" }))).await;
    let base = site.url("");
    let (house, client) = (&app.bench, client(&format!("{base}/cb")));
    let run = house.open(&client, at(&base)).await.expect("opens");
    let discovery = format!("/banc/{run}/.well-known/openid-configuration");
    assert_eq!(status(house, &discovery).await, StatusCode::OK);
    let other = format!("/banc/{}/jwks", BenchRunId::from_random([1; 16]));
    assert_eq!(status(house, &other).await, StatusCode::NOT_FOUND);

    let report = house.drive(&run, &client.subject).await.expect("driven");
    assert_eq!(report.outcome(), Outcome::Failed);
    let first = &report.lines[0].verdict;
    assert!(matches!(first, Verdict::Failed(found) if matches!(found[..], [Finding::NotBegun(_)])), "{first:?}");
    let kept = app.registry.bench_run(&run, &client.subject).await.expect("reads").expect("is there");
    assert_eq!(kept.lines, report.lines);
    assert_eq!(kept.reported, Some((Outcome::Failed, report.sealed().hash)));
    assert_eq!(status(house, &discovery).await, StatusCode::NOT_FOUND);
    let again = house.drive(&run, &client.subject).await;
    assert!(matches!(again, Err(NotDriven::Over)), "{again:?}");
}

#[tokio::test]
async fn a_run_is_over_after_an_hour() {
    let clock = Clock::manual(Clock::system().now());
    let (app, _folder) = standing_at(SANDBOX, &clock).await;
    let house = &app.bench;
    let run = house.open(&client("http://localhost:18402/cb"), at("http://localhost:18402")).await.expect("opens");
    let jwks = format!("/banc/{run}/jwks");
    clock.advance(Lifetime::seconds(3599));
    assert_eq!(status(house, &jwks).await, StatusCode::OK);
    clock.advance(Lifetime::seconds(1));
    assert_eq!(status(house, &jwks).await, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_do_to_a_run_at_once_is_all_kept() {
    let (app, _folder) = standing_at(SANDBOX, &Clock::system()).await;
    let house = app.bench.clone();
    let run = house.open(&client("http://localhost:18402/cb"), at("http://localhost:18402")).await.expect("opens");
    let mut all = tokio::task::JoinSet::new();
    for number in 0..6 {
        let (rooms, run) = (house.rooms().clone(), run.clone());
        all.spawn(async move {
            let (now, random) = (rooms.clock.now(), rooms.random.bytes());
            let query = format!("state=state-of-the-site-{number:06}");
            rooms.with(&run, |provider| provider.authorize(&query, now, &random)).await.expect("kept");
        });
    }
    while let Some(done) = all.join_next().await {
        done.expect("no panic");
    }
    let seen = house.rooms().look(&run, |provider| provider.logins().len()).await.expect("there");
    assert_eq!(seen, 6);
}
