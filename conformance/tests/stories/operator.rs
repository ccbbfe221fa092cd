//! What an operator does from the command line.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use conformance::audit;
use conformance::gateway::{Installation, Surroundings, Tls};
use conformance::process::{Process, Signals};
use conformance::relying_party::RelyingParty;
use conformance::scene::{Scene, Setting};
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, ProviderId, Providers};
use conformance::workspace;
use serde_json::json;
use tokio::process::Command;

use crate::journey::{Journey, eventually};

/// How long the gateway may take to notice that its files changed.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn importing_a_known_client_keeps_its_secret_unless_a_new_one_is_asked() {
    let journey = Journey::start().await;
    let installation = journey.scene.gateway.installation();
    let mut metadata = RelyingParty::ordinary("Crèche");
    let first = installation.import(&metadata).await.unwrap();
    assert!(first.client_secret.is_some());
    metadata["client_id"] = json!(first.client_id);
    metadata["client_name"] = json!("Crèche municipale");
    let second = installation.import(&metadata).await.unwrap();
    assert_eq!(second.client_id, first.client_id);
    assert_eq!(second.client_secret, None);
    let shown = installation.run(&["clients", "show", &first.client_id]).await.unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("Crèche municipale"), "{shown}");
    assert!(!shown.contains(first.client_secret.as_deref().unwrap()), "a secret is shown once");
}

#[tokio::test]
async fn rotated_keys_sign_new_tokens_and_old_tokens_still_verify() {
    let journey = Journey::start().await;
    let (ask, old) = journey.tokens(ProviderId::Impots, "angela").await;
    journey.service.verify(&ask, &old).await.unwrap();
    let rotated = journey.scene.gateway.installation().run(&["keys", "rotate"]).await.unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    journey.service.verify(&ask, &old).await.unwrap();
    let (ask, new) = journey.tokens(ProviderId::Impots, "angela").await;
    journey.service.verify(&ask, &new).await.unwrap();
    let listed = journey.scene.gateway.installation().run(&["keys", "list"]).await.unwrap();
    assert!(listed.status.success() && !listed.stdout.is_empty());
}

#[tokio::test]
async fn a_taken_port_and_an_unknown_key_are_said_clearly() {
    let journey = Journey::start().await;
    let installation = journey.scene.gateway.installation();
    let second = installation.run(&["serve"]).await.unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("already in use"), "{said}");

    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), config.replace("[mail]", "[mial]")).unwrap();
    let checked = installation.run(&["check-config"]).await.unwrap();
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(!checked.status.success());
    assert!(said.contains("mial") && said.contains("mail"), "the nearest known name: {said}");
}

#[tokio::test]
async fn the_log_names_no_citizen_and_no_secret() {
    let journey = Journey::start().await;
    let (ask, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    journey.scene.mail_to("angela@exemple.fr", 0).await;
    // What is refused holds canaries in every place that a request has.
    let (service, planted, issuer) = (&journey.service, "canary-of-an-attacker", journey.scene.gateway.issuer());
    let ask = ask.with("client_id", planted).with("state", planted).and("login_hint", planted);
    let page = journey.citizen().open(&ask.url()).await.unwrap();
    assert_eq!(page.refusal(), "page.P102");
    let http = reqwest::Client::new();
    for request in [
        http.post(&service.metadata.token_endpoint).basic_auth(planted, Some(planted)).form(&[("code", planted)]),
        http.post(&service.metadata.token_endpoint).basic_auth(&service.client_id, Some(planted)),
        http.get(&service.metadata.userinfo_endpoint).bearer_auth(planted).header("user-agent", planted),
        http.get(format!("{issuer}/{planted}?{planted}={planted}")),
        http.get(format!("{issuer}/callback/{planted}?state={planted}")),
    ] {
        let answer = request.send().await.unwrap();
        audit::refusal(&answer);
    }
    let log = journey.scene.gateway.process.last_lines(2_000).join("\n");
    let secret = service.secret.clone().unwrap();
    for text in [
        "DUBOIS",
        "Angela",
        "1962-08-24",
        "angela@exemple.fr",
        &tokens.access_token,
        &tokens.id_token,
        &secret,
        planted,
    ] {
        assert!(!log.contains(text), "{text} is in the log:\n{log}");
    }
    assert!(log.contains("client.unauthenticated") && log.contains(&service.client_id), "{log}");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_form_for_people_too_and_cannot_be_filtered_away() {
    let overrides = "[log]\nformat = \"text\"\nfilter = \"off\"".parse().unwrap();
    let scene = Scene::set(Setting { overrides, ..Setting::default() }).await;
    let issuer = scene.gateway.issuer();
    let ask = async |path: &str| {
        let answer = reqwest::get(format!("{issuer}{path}")).await.unwrap();
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let (good, bad) = (ask("/jwks").await, ask("/authorize?client_id=nobody").await);
    let log = eventually("the line", async || {
        let log = scene.gateway.process.last_lines(2_000);
        log.iter().any(|line| line.contains(&bad)).then_some(log)
    })
    .await;
    let lines: Vec<_> = log.iter().filter(|line| line.contains(&bad)).collect();
    let [line] = lines.as_slice() else { panic!("one line: {log:?}") };
    assert!(line.contains("refused code=page.P102") && line.contains("route=\"/authorize\""), "{line}");
    assert!(line.contains("status=400") && !line.contains("nobody"), "{line}");
    assert!(!log.iter().any(|line| line.contains(&good)), "all else is off: {log:?}");
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_restart_and_a_broken_one_never() {
    let programs = workspace::programs().await.unwrap();
    let around = Surroundings {
        port: free_port(),
        tls: Some(Tls::generate()),
        smtp_url: "smtp://127.0.0.1:1".into(),
        ..Surroundings::default()
    };
    let providers = Providers::start(listen(0).await.unwrap(), &around.issuer(), Control::Closed);
    let mut installation = Installation::write(&programs.idp, &around, &providers).unwrap();
    installation.migrate().await.unwrap();
    let mut gateway = installation.serve(Signals::Shared).await.unwrap();
    let ready = format!("{}/readyz", around.issuer());
    let first = installation.client().unwrap();
    let answer = first.get(&ready).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);

    let renewed = Tls::generate();
    installation.renew(renewed.clone()).unwrap();
    let served = async || {
        let fresh = installation.client().unwrap();
        fresh.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success())
    };
    gateway.process.until(PATIENCE, served).await.unwrap();
    let stale = reqwest::Client::builder().no_proxy().tls_certs_only([around.tls.unwrap().authority().unwrap()]);
    assert!(stale.build().unwrap().get(&ready).send().await.is_err(), "the old certificate is served no more");

    installation.renew(renewed.broken()).unwrap();
    gateway.process.line("the old one is served on", PATIENCE).await.unwrap();
    let fresh = installation.client().unwrap();
    assert!(fresh.get(&ready).send().await.unwrap().status().is_success(), "the last good certificate stays");
    assert!(gateway.process.stop().await.unwrap().success());
}

#[tokio::test]
async fn a_gateway_that_crashes_leaves_no_image_of_its_memory() {
    let journey = Journey::start().await;
    let installation = journey.scene.gateway.installation().clone();
    drop(journey);
    // Without the powers of root, which look through everything, wherever this runs.
    let mut command = powerless(installation.program());
    command.args(["serve", "--config"]).arg(installation.config());
    let mut gateway = Process::start("idp", command, Signals::Shared).unwrap();
    let ready = format!("{}/readyz", installation.issuer());
    let client = installation.client().unwrap();
    // The scene is gone: it need not be ready, only there.
    gateway.until(PATIENCE, async || client.get(&ready).send().await.is_ok()).await.unwrap();

    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(line.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{line}");
    // The kernel tells by the same flag who may read the memory of a process and whether it writes an image of it.
    let mut open = powerless("sleep");
    open.arg("60");
    let other = Process::start("sleep", open, Signals::Shared).unwrap();
    let reads = async |process: &Process| {
        let mut read = powerless("cat");
        read.arg(format!("/proc/{}/maps", process.id())).stdout(Stdio::null()).stderr(Stdio::null());
        read.status().await.unwrap().success()
    };
    assert!(reads(&other).await, "another program of the same user can be looked into");
    assert!(!reads(&gateway).await, "the gateway cannot");

    gateway.signal("ABRT").await.unwrap();
    let status = gateway.end().await.unwrap();
    assert_eq!(status.signal(), Some(6), "{status}");
    assert!(!status.core_dumped(), "{status}");
}

/// A command for a program that has no more powers than any other user.
fn powerless(program: impl AsRef<OsStr>) -> Command {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(program);
    command
}
