//! What a service is told of its sign-ins: on the page of the partners' space, in its file, at the command line.

use std::process::Stdio;

use conformance::agent::{self, Agent};
use conformance::browser::{Axe, Browser, Scripts, VIEWPORTS};
use conformance::citizen::Page;
use conformance::or_skip;
use conformance::scene::{Scene, Setting};
use conformance::site::free_port;
use conformance::tools::Tool;
use conformance::upstream::ProviderId;
use conformance::workspace::executables;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::journey::{Journey, expect};

const SIRET: &str = "21690123100011";

/// A gateway with the partners' space, its origin, and the link that invites its operator's reporter.
async fn stage() -> (Journey, String, String) {
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let text = format!("[partners]\norigin = \"{origin}\"\nlisten = \"127.0.0.1:{port}\"\n");
    let scene = Scene::set(Setting { overrides: text.parse().unwrap(), ..Setting::default() }).await;
    let journey = Journey::in_scene(scene).await;
    let installation = journey.scene.gateway.installation();
    let invite = ["partners", "invite-operator", "--mail", "nadia@exploitant.example", "--role", "reporter", "--json"];
    let printed: Value = serde_json::from_str(&agent::run(installation, &invite).await.unwrap()).unwrap();
    let link = printed["link"].as_str().unwrap().to_owned();
    conformance::audit::secret(link.rsplit_once('/').unwrap().1);
    (journey, origin, link)
}

/// The same with the reporter in.
async fn space() -> (Journey, Agent) {
    let (journey, origin, link) = stage().await;
    let mut nadia = Agent::at(&origin);
    let page = nadia.browser.open(&link).await.unwrap();
    let credential = nadia.make(&page).await.unwrap();
    let fields = [("credential", credential.as_str()), ("name", "Clé"), ("person", "Nadia")];
    let page = nadia.browser.press(&page, "form[data-step=register] button", &fields).await.unwrap();
    expect(nadia.enter(&page).await.unwrap(), "space-home");
    (journey, nadia)
}

/// Gives the service of a journey to an organisation.
async fn belongs(journey: &Journey) {
    let installation = journey.scene.gateway.installation();
    let listed = agent::run(installation, &["partners", "list", "--json"]).await.unwrap();
    let partners: Value = serde_json::from_str(&listed).unwrap();
    let [crowd] = executables(["crowd"], &["--example", "crowd"]).await.unwrap();
    let (file, key) = (installation.data().join("registry.sqlite"), installation.data().join("master.key"));
    let mut child = tokio::process::Command::new(crowd)
        .args([file.as_os_str(), key.as_os_str(), partners[0]["id"].as_str().unwrap().as_ref()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("{SIRET}\tVal-Fleuri\t{}\n", journey.service.client_id);
    child.stdin.take().unwrap().write_all(line.as_bytes()).await.unwrap();
    assert!(child.wait().await.unwrap().success());
}

fn value(page: &Page, row: &str) -> String {
    page.text(&format!("tr[{row}] td[data-value]")).unwrap_or_else(|| panic!("{row}: {}", page.brief()))
}

#[tokio::test]
async fn a_service_reads_how_its_citizens_fared_and_nothing_of_who_they_are() {
    or_skip!(Tool::Sqlite.find());
    let (journey, mut nadia) = space().await;
    let path = format!("/espace/services/{}/chiffres", journey.service.client_id);
    // An operator's own service is nobody's in the space.
    assert_eq!(nadia.open(&path).await.unwrap().status.as_u16(), 404);
    belongs(&journey).await;

    for (citizen, provider) in
        [("angela", ProviderId::Impots), ("angela", ProviderId::Poste), ("angela", ProviderId::Impots)]
    {
        journey.tokens(provider, citizen).await;
    }
    let mut gives_up = journey.citizen();
    let chooser = expect(gives_up.open(&journey.ask().url()).await.unwrap(), "choose");
    let cancel = "form[action$='/cancel'] button";
    gives_up.press(&chooser, cancel, &[]).await.unwrap();
    // Twice the same button: given up once.
    gives_up.press(&chooser, cancel, &[]).await.unwrap();
    let mut refused = journey.citizen();
    let page = journey.to_arrival(&mut refused, &journey.ask(), ProviderId::Impots, "paul").await;
    let page = expect(page, "refused");
    refused.open(page.url.as_str()).await.unwrap();

    let page = expect(nadia.open(&format!("{path}?lang=fr")).await.unwrap(), "space-figures");
    assert!(page.body.contains("5 connexions commencées, 3 abouties."), "{}", page.body);
    assert_eq!(page.texts("tr[data-day] td"), ["5", "3"], "one day, and no other");
    let levels = ["eidas1", "eidas2", "eidas3"].map(|level| value(&page, &format!("data-level={level}")));
    assert_eq!(levels, ["2", "1", "0"]);
    let steps = ["choice", "provider", "information", "refusal", "left"];
    let steps = steps.map(|step| value(&page, &format!("data-step={step}")));
    assert_eq!(steps, ["1", "0", "0", "0", "1"], "who was refused has not gone back");
    // Whoever registered the service asked, without an address to return to, whether the gateway knows it yet.
    assert_eq!(page.texts("tr[data-reason] th"), ["Identité non admise", "Demande mal formée"]);
    assert_eq!(value(&page, "data-reason=identity"), "1");
    assert_eq!(page.count("[data-column]"), 90);
    assert!(page.has("[data-no-month]") && !page.body.contains("impots"), "no provider of this month is told");
    assert_eq!(page.count("script, [style]"), 0);
    let english = expect(nadia.open(&format!("{path}?lang=en")).await.unwrap(), "space-figures");
    assert!(english.body.contains("5 sign-ins begun, 3 finished."), "{}", english.body);

    let file = nadia.open(&format!("{path}.csv")).await.unwrap();
    let arguments = ["figures", &journey.service.client_id, "--json"];
    let printed = agent::run(journey.scene.gateway.installation(), &arguments).await.unwrap();
    let kept: Value = serde_json::from_str(&printed).unwrap();
    let day = kept[0]["day"].as_str().unwrap();
    let expected = [
        "\u{feff}période;mesure;détail;nombre".to_owned(),
        format!("{day};échecs;identity;1"),
        format!("{day};échecs;request;1"),
        format!("{day};connexions abouties;;3"),
        format!("{day};connexions abandonnées à l’étape;choice;1"),
        format!("{day};connexions abouties par niveau;eidas1;2"),
        format!("{day};connexions abouties par niveau;eidas2;1"),
        format!("{day};connexions commencées;;5"),
    ];
    assert_eq!(file.body.split_terminator("\r\n").collect::<Vec<_>>(), expected);
    // The operator, who has the journal, is told of providers too.
    let providers: Vec<(&str, u64)> = kept
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["kind"] == "provider")
        .map(|line| (line["name"].as_str().unwrap(), line["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(providers, [("impots", 2), ("poste", 1)]);
}

#[tokio::test]
async fn figures_outlive_a_gateway_that_stops_and_providers_are_told_when_the_month_is_over() {
    or_skip!(Tool::Sqlite.find());
    let (mut journey, mut nadia) = space().await;
    belongs(&journey).await;
    journey.tokens(ProviderId::Impots, "angela").await;
    journey.scene.gateway.restart().await.unwrap();
    let client = journey.service.client_id.clone();
    let kept = agent::run(journey.scene.gateway.installation(), &["figures", &client]).await.unwrap();
    assert!(kept.contains("finished") && kept.contains("impots"), "{kept}");

    // The fifteenth of the month before: over, and within ninety days.
    let month = "CAST(strftime('%s', 'now', 'start of month', '-17 days') AS INTEGER) / 86400";
    let row = |name: &str, count: u32| {
        format!("INSERT INTO service_figures VALUES ('{client}', {month}, 'provider', '{name}', {count});")
    };
    journey.sql(&[row("impots", 40), row("poste", 3), row("ameli", 2)].concat()).unwrap();
    let path = format!("/espace/services/{client}/chiffres");
    // The sessions of a gateway on its own go with it.
    let page = nadia.open("/espace/entree").await.unwrap();
    expect(nadia.enter(&page).await.unwrap(), "space-home");
    let page = expect(nadia.open(&format!("{path}?lang=fr")).await.unwrap(), "space-figures");
    let told = page.texts("tr[data-provider] td");
    assert_eq!((told.len(), told[1].as_str()), (4, "40"), "{told:?}");
    assert_eq!(told[2..], ["Autres fournisseurs", "non communiqué"]);
    let file = nadia.open(&format!("{path}.csv")).await.unwrap().body;
    assert!(file.contains(";connexions abouties par fournisseur;impots;40\r\n"), "{file}");
    assert!(file.contains(";connexions abouties par fournisseur;autres;non communiqué\r\n"), "{file}");
    assert!(!file.contains("poste") && !file.contains("ameli"), "{file}");
}

#[tokio::test]
async fn the_figures_can_be_read_on_every_screen_and_by_those_who_do_not_see_them() {
    or_skip!(Tool::Sqlite.find());
    let axe = Axe::find().ok();
    for language in ["fr", "en"] {
        let browser = or_skip!(Browser::start_in(language, Scripts::On).await);
        let (journey, origin, link) = stage().await;
        let _authenticator = browser.authenticator().await.unwrap();
        browser.open(&link).await.unwrap();
        browser.fill("input[name=person]", "Nadia").await.unwrap();
        browser.press("form[data-step=register] button").await.unwrap();
        browser.see("main[data-page=space-sign-in]").await.unwrap();
        browser.press("form[data-step=sign-in] button").await.unwrap();
        browser.see("main[data-page=space-home]").await.unwrap();
        belongs(&journey).await;
        let client = &journey.service.client_id;
        for rows in [0..45, 45..90] {
            journey.sql(&days(client, rows)).unwrap();
        }
        browser.open(&format!("{origin}/espace/services/{client}/chiffres")).await.unwrap();
        browser.see("main[data-page=space-figures] .chart").await.unwrap();
        let name = format!("space-figures-{language}");
        match &axe {
            Some(axe) => browser.inspect(&name, axe).await.unwrap(),
            None => {
                for viewport in VIEWPORTS {
                    browser.resize(viewport).await.unwrap();
                    browser.screenshot(&name, viewport).await.unwrap();
                }
            }
        }
        browser.close().await.unwrap();
    }
}

/// Rows of a service that is used every day, so many days back.
fn days(client: &str, back: std::ops::Range<i32>) -> String {
    let mut rows = String::new();
    for back in back {
        let day = format!("CAST(strftime('%s', 'now') AS INTEGER) / 86400 - {back}");
        let (started, lost) = (20 + (back * 7) % 23, 3 + back % 5);
        for (kind, name, count) in [
            ("started", "", started),
            ("finished", "", started - lost),
            ("level", "eidas1", started - lost - 4),
            ("level", "eidas2", 4),
            ("provider", "impots", started - lost - 6),
            ("provider", "poste", 6),
            ("given_up", "choice", lost - 2),
            ("given_up", "information", 1),
            ("failed", "cancelled", 2),
            ("failed", "identity", back % 3),
        ] {
            let values = format!("'{client}', {day}, '{kind}', '{name}', {count}");
            rows.extend(["INSERT INTO service_figures VALUES (", &values, ");"]);
        }
    }
    rows
}
