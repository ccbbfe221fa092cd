//! The homologation bench: it passes sites that do everything right, and names what others neglect.

use std::collections::BTreeSet;

use conformance::commune::Commune;
use conformance::gateway::Imported;
use conformance::hasty_site::{self, Neglect};
use conformance::homologation::{Report, Run};
use conformance::library::{Library, LibrarySite};
use conformance::or_skip;
use conformance::process::Signals;
use conformance::scene::{Scene, Setting};
use conformance::site::{free_port, listen};
use conformance::tools::Missing;
use conformance::workspace;
use serde_json::json;

/// Every check that there is.
const CHECKS: usize = 31;

/// A run on a site at `base` whose paths are these, with more arguments.
async fn run_at(base: &str, [login, page, callback, bye]: [&str; 4], more: &[&str]) -> Run {
    let named = [("--start", login), ("--page", page), ("--redirect-uri", callback), ("--post-logout", bye)];
    let logout = [("--logout", "/logout")];
    let arguments: Vec<String> = named
        .into_iter()
        .chain(logout)
        .flat_map(|(name, path)| [name.to_owned(), format!("{base}{path}")])
        .chain(more.iter().map(|argument| (*argument).to_owned()))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Run::open(&workspace::programs().await.unwrap().idp, &arguments).await.unwrap()
}

/// The report on a site that neglects this.
async fn report_on(neglects: Option<Neglect>) -> Report {
    report_and_secret(neglects).await.0
}

/// The same with the secret of the run.
async fn report_and_secret(neglects: Option<Neglect>) -> (Report, String) {
    let listener = listen(0).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let notices = format!("{base}/notice");
    let more =
        ["--backchannel-logout", notices.as_str(), "--id-token-alg", "es256", "--key-patience", "0", "--silence", "8"];
    let run = run_at(&base, ["/login", "/", "/callback", "/bye"], &more).await;
    let _site = hasty_site::serve(listener, &base, run.credentials.clone(), neglects).await.unwrap();
    let secret = run.credentials.client_secret.clone();
    (run.report().await.unwrap(), secret)
}

#[tokio::test]
async fn a_site_that_neglects_nothing_passes_every_line() {
    let (report, secret) = report_and_secret(None).await;
    assert_eq!(report.checks("passed").len(), CHECKS, "{}", report.told());
    assert_eq!(report.0["outcome"], "passed");
    let shown = report.line("token_request").unwrap()["exchanges"].to_string();
    assert!(shown.contains("code_verifier = ") && shown.contains("ES256") && shown.contains("acr"), "{shown}");
    assert!(!report.0.to_string().contains(&secret), "a report is shown to others");
}

/// What each neglect turns red.
const RED: [(Neglect, &[&str]); 26] = [
    (Neglect::ShortState, &["state"]),
    (Neglect::FixedNonce, &["nonce"]),
    (Neglect::Pkce, &["pkce"]),
    (Neglect::AskedLevel, &["level"]),
    (Neglect::Scope, &["request"]),
    (Neglect::Twice, &["token_request", "replay"]),
    (Neglect::State, &["state_missing", "state_other", "other_browser"]),
    (Neglect::AnswerIssuer, &["issuer_of_answer"]),
    (Neglect::Replay, &["replay"]),
    (Neglect::AnyBrowser, &["other_browser"]),
    (Neglect::OneCitizen, &["two_citizens"]),
    (Neglect::Nonce, &["nonce_other", "nonce_absent"]),
    (Neglect::MissingNonce, &["nonce_absent"]),
    (Neglect::TokenIssuer, &["issuer_of_token"]),
    (Neglect::Audience, &["audience"]),
    (Neglect::Expiry, &["expired"]),
    (Neglect::Unsigned, &["unsigned"]),
    (Neglect::Signature, &["signature", "backchannel_forged"]),
    (Neglect::UnknownKey, &["unknown_key"]),
    (Neglect::KeyRotation, &["key_rotation"]),
    (Neglect::Level, &["level_lower"]),
    (Neglect::Subject, &["subject_of_userinfo"]),
    (Neglect::Error, &["cancelled"]),
    (Neglect::Outage, &["outage"]),
    (Neglect::Logout, &["logout"]),
    (Neglect::ForgedNotice, &["backchannel_forged"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_neglect_turns_its_own_lines_red_and_no_other() {
    let mut wrong = Vec::new();
    for (neglect, red) in RED {
        let report = report_on(Some(neglect)).await;
        let expected: BTreeSet<&str> = red.iter().copied().collect();
        if report.checks("failed") != expected || report.0["outcome"] != "failed" {
            wrong.push(format!("{neglect:?}: {:?}\n{}", report.checks("failed"), report.told()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_site_that_waits_for_ever_or_ignores_notices_is_told() {
    for (neglect, red) in [(Neglect::Silence, "silence"), (Neglect::Notice, "backchannel_logout")] {
        let report = report_on(Some(neglect)).await;
        assert_eq!(report.checks("failed"), BTreeSet::from([red]), "{}", report.told());
    }
}

#[tokio::test]
async fn a_verifier_of_another_challenge_ends_the_run_at_the_sign_in() {
    let report = report_on(Some(Neglect::Verifier)).await;
    assert_eq!(report.checks("failed"), BTreeSet::from(["sign_in", "pkce_verifier"]), "{}", report.told());
    assert_eq!(report.checks("not_made").len(), CHECKS - 8);
    let fix = &report.line("pkce_verifier").unwrap()["fix"]["fr"];
    assert!(fix.as_str().unwrap().contains("code_verifier"), "{fix}");
}

#[tokio::test]
async fn the_example_commune_of_the_sdk_passes_every_line() {
    let base = format!("http://localhost:{}", free_port());
    let notices = format!("{base}/backchannel-logout");
    let more = ["--backchannel-logout", notices.as_str(), "--key-patience", "0"];
    let run = run_at(&base, ["/login", "/espace", "/callback", "/logged-out"], &more).await;
    let own = run.credentials.clone();
    let client = Imported { client_id: own.client_id, client_secret: Some(own.client_secret) };
    let program = &workspace::programs().await.unwrap().commune;
    let _commune = Commune::start(program, &base, &own.issuer, &client, Signals::Shared).await.unwrap();
    let report = run.report().await.unwrap();
    assert_eq!(report.checks("passed").len(), CHECKS, "{}", report.told());
    assert_eq!(report.0["outcome"], "passed");
}

/// A site made with a library of others passes every line but those of notices, which it does not take.
async fn a_site_made_with(library: Library) -> Result<(), Missing> {
    let port = free_port();
    let base = format!("http://localhost:{port}");
    let more = ["--key-patience", "0", "--logout-by", "get"];
    let run = run_at(&base, ["/login", "/", "/callback", "/bye"], &more).await;
    let _site = LibrarySite::start(library, &run.credentials, port).await?;
    let report = run.report().await.unwrap();
    assert_eq!(report.checks("passed").len(), CHECKS - 2, "{library:?}: {}", report.told());
    assert_eq!(report.checks("not_made"), BTreeSet::from(["backchannel_logout", "backchannel_forged"]));
    assert_eq!(report.0["outcome"], "passed");
    Ok(())
}

#[tokio::test]
async fn a_site_made_with_openid_client_passes() {
    or_skip!(a_site_made_with(Library::OpenidClient).await);
}

#[tokio::test]
async fn a_site_made_with_authlib_passes() {
    or_skip!(a_site_made_with(Library::Authlib).await);
}

#[tokio::test]
async fn the_site_of_a_registered_service_is_driven_through_the_gateway_and_accounted_for() {
    let scene = Scene::set(Setting::default()).await;
    let (gateway, listener) = (scene.gateway.installation(), listen(0).await.unwrap());
    let base = format!("http://{}", listener.local_addr().unwrap());
    let at = |path: &str| format!("{base}{path}");
    let service = json!({
        "client_name": "Ville au banc", "redirect_uris": [at("/callback")], "post_logout_redirect_uris": [at("/bye")],
        "backchannel_logout_uri": at("/notice"), "backchannel_logout_session_required": true,
        "id_token_signed_response_alg": "ES256", "scope": "openid profile", "contacts": ["contact@exemple.fr"],
        "passerelle": { "kind": "public" },
    });
    let client = gateway.import(&service).await.unwrap().client_id;
    let (login, home, logout) = (at("/login"), at("/"), at("/logout"));
    let arguments =
        ["--client", &client, "--start", &login, "--page", &home, "--logout", &logout, "--key-patience", "0"];
    let run = Run::at(gateway, &arguments).await.unwrap();
    let own = run.credentials.clone();
    assert!(own.issuer.starts_with(&format!("{}/banc/", scene.gateway.issuer())), "{}", own.issuer);
    assert_ne!(own.client_id, client, "a client of the run, and of nothing else");
    let _site = hasty_site::serve(listener, &base, own.clone(), None).await.unwrap();
    let report = run.report().await.unwrap();
    assert_eq!(report.checks("passed").len(), CHECKS, "{}", report.told());
    assert_eq!(report.0["about"]["service"], client.as_str());

    // Its issuer is gone with its report, and the journal names the report.
    let gone = gateway.client().unwrap().get(format!("{}/jwks", own.issuer)).send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 404);
    let verified = gateway.run(&["journal", "verify"]).await.unwrap();
    assert!(verified.status.success(), "{verified:?}");
    // Nobody else is driven by an address of the gateway itself.
    let itself = format!("{}/", scene.gateway.issuer());
    let refused = gateway.run(&["homologate", "--client", &client, "--start", &itself, "--page", &home]).await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the gateway's own"), "{refused:?}");
}
