//! How far the certified identity has come: the public page and its file, and the report to a commune.

use std::time::Duration;

use conformance::agent::{self, Agent};
use conformance::browser::{Axe, Browser, Scripts, VIEWPORTS};
use conformance::clock;
use conformance::desk_reader::Fingerprint;
use conformance::or_skip;
use conformance::phone::Act;
use conformance::process::Signals;
use conformance::scene::{Scene, Setting};
use conformance::site::free_port;
use conformance::tools::Tool;
use mail_parser::{MessageParser, MimeHeaders as _};

use super::counter::Counter;
use crate::journey::{Journey, expect};

const DAY: i64 = 86_400;
const OTHER: &str = "26362";

/// A desk with targets, and two communes: one whose desk is at work, and one whose desk begins.
async fn communes() -> (Journey, String) {
    let port = free_port();
    let mut overrides = agent::overrides(port);
    let targets = "communes_enrolled = 4\nidentities_certified = 1000\ndepartements = 101\nmedian_seconds = 200\n";
    overrides.insert("indicators".into(), targets.parse::<toml::Table>().unwrap().into());
    let scene = Scene::set(Setting { overrides, ..Setting::default() }).await;
    agent::enrol(scene.gateway.installation(), agent::COMMUNE, "Val-Fleuri").await.unwrap();
    agent::enrol(scene.gateway.installation(), OTHER, "Valence-sur-Lez").await.unwrap();
    (Journey::in_scene(scene).await, agent::origin(port))
}

/// Cases of a commune that were approved and followed by card and code, one every hour before `last`.
fn certifications(journey: &Journey, commune: &str, many: i64, last: i64, seconds: i64) {
    for at in (0..many).map(|number| last - number * 3_600) {
        let (opened, decided) = (at - seconds - 60, at - 60);
        let row = format!("'{commune}-{at}', '{commune}', 'agent', {opened}, {decided}, 'approved', {at}, 3");
        let columns = "id, commune, agent, opened, decided, outcome, activated, version";
        journey.sql(&format!("INSERT INTO desk_cases ({columns}) VALUES ({row})")).unwrap();
    }
}

fn identities(journey: &Journey, many: i64, state: &str) {
    // One that is not certified has no term.
    let until = if state == "certified" { (clock::now() + 400 * DAY).to_string() } else { "NULL".to_owned() };
    let columns = "id, state, created, certified_until, version";
    for number in 0..many {
        let row = format!("'{state}-{number}', '{state}', 0, {until}, 1");
        journey.sql(&format!("INSERT INTO card_identities ({columns}) VALUES ({row})")).unwrap();
    }
}

/// Reads the page; its status and its text.
async fn fetched(journey: &Journey, path: &str) -> (reqwest::StatusCode, reqwest::header::HeaderMap, String) {
    let installation = journey.scene.gateway.installation();
    let url = format!("{}{path}", installation.issuer());
    let response = installation.client().unwrap().get(url).send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.text().await.unwrap())
}

#[tokio::test]
async fn everybody_reads_the_figures_on_a_page_and_in_a_file_and_few_persons_are_in_neither() {
    or_skip!(Tool::Sqlite.find());
    let (journey, _) = communes().await;
    let installation = journey.scene.gateway.installation();
    certifications(&journey, agent::COMMUNE, 12, clock::now(), 150);
    certifications(&journey, OTHER, 3, clock::now(), 900);
    identities(&journey, 11, "certified");
    identities(&journey, 4, "active");

    let address = format!("{}/indicateurs?lang=fr", installation.issuer());
    let page = expect(journey.citizen().open(&address).await.unwrap(), "indicators");
    let value = |measure: &str, cell: &str| page.text(&format!("tr[data-measure={measure}] td[data-{cell}]")).unwrap();
    for (measure, expected) in [
        ("communes_enrolled", "2"),
        ("communes_certifying", "2"),
        ("departements", "2"),
        ("identities_created", "15"),
        ("identities_certified", "11"),
        ("median_seconds", "2 min 30 s"),
    ] {
        assert_eq!(value(measure, "value"), expected, "{measure}");
    }
    assert_eq!((value("communes_enrolled", "target"), value("agents_trained", "target")), ("4".into(), "aucun".into()));
    assert_eq!(value("communes_enrolled", "progress"), "50 % 50 %");
    assert_eq!(
        page.texts("td[data-certifications]"),
        ["non communiqué", "non communiqué"],
        "15 in all: 12 would tell of 3"
    );
    assert_eq!(page.count(".chart svg [data-bar]"), 12 + 2);
    assert_eq!(page.count("script, [style]"), 0);

    let (status, headers, file) = fetched(&journey, "/indicateurs.csv").await;
    assert!(status.is_success() && headers["content-type"] == "text/csv; charset=utf-8; header=present");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"indicateurs-"));
    let lines: Vec<&str> = file.strip_prefix('\u{feff}').expect("a mark").split_terminator("\r\n").collect();
    for line in [
        "objectif;;;4;;101;;;1000;;200",
        "France;;France;2;2;2;0;15;11;15;150",
        "département;26;Drôme;1;1;;0;;;non communiqué;",
        "commune;75056;Val-Fleuri;;1;;;;;non communiqué;",
    ] {
        assert!(lines.contains(&line), "{line} in {file}");
    }
    assert_eq!(agent::run(installation, &["indicators", "export"]).await.unwrap(), file);
    let english = expect(journey.citizen().open(&address.replace("fr", "en")).await.unwrap(), "indicators");
    assert!(english.body.contains("fewer than five identities"), "{}", english.body);
}

#[tokio::test]
async fn without_a_desk_nothing_is_told_of_any() {
    let journey = Journey::start().await;
    for path in ["/indicateurs", "/indicateurs.csv"] {
        let (status, ..) = fetched(&journey, path).await;
        assert_eq!(status.as_u16(), 404, "{path}");
    }
}

/// The first moment of the last fortnight whose report is due: fortnights are counted from Monday, 5 January 1970, and
/// reported at six in the morning of the Monday after.
fn fortnight() -> i64 {
    let monday = 4 * DAY;
    monday + ((clock::now() - monday - 6 * 3_600) / (14 * DAY) - 1) * 14 * DAY
}

#[tokio::test]
async fn the_administrator_of_a_commune_is_told_of_its_fortnight_once_though_nodes_come_and_go() {
    or_skip!(Tool::Sqlite.find());
    let (journey, origin) = communes().await;
    let installation = journey.scene.gateway.installation();
    let invited = agent::invite(installation, agent::COMMUNE, "Nadia", &["--admin"]).await.unwrap();
    expect(Agent::at(&origin).come(&invited.link).await.unwrap(), "desk-account");
    let passkey = journey.scene.mail_to("nadia@mairie.exemple.fr", 1).await;
    certifications(&journey, agent::COMMUNE, 3, fortnight() + DAY + 20 * 3_600, 120);
    certifications(&journey, agent::COMMUNE, 2, fortnight() + 14 * DAY + 3_600, 120);
    let refused = fortnight() + 13 * DAY;
    journey
        .sql(&format!(
            "INSERT INTO desk_cases (id, commune, agent, opened, decided, outcome, version) \
             VALUES ('no', '75056', 'agent', {refused}, {refused}, 'refused', 2); UPDATE communes SET created = 0"
        ))
        .unwrap();

    // A node looks at what is due as soon as it is up.
    let first = installation.beside(free_port()).unwrap().serve(Signals::Shared).await.unwrap();
    let mail = journey.scene.mail_to("nadia@mairie.exemple.fr", passkey.id).await;
    assert!(mail.subject.starts_with("Guichet de Val-Fleuri\u{a0}: rapport du "), "{}", mail.subject);
    for line in ["Identités certifiées\u{a0}: 3", "Demandes refusées\u{a0}: 1", "Agents formés\u{a0}: 1 sur 1"] {
        assert!(mail.text.lines().any(|found| found == line), "{line} in {}", mail.text);
    }
    assert!(mail.text.contains("au guichet\u{a0}: 2\u{a0}min 00\u{a0}s"), "{}", mail.text);
    assert!(mail.text.contains(&format!("{}/indicateurs", installation.issuer())), "{}", mail.text);
    let parsed = MessageParser::default().parse(mail.source.as_bytes()).unwrap();
    let file = parsed.attachment(0).unwrap();
    let name = file.attachment_name().unwrap().to_owned();
    assert!(name.starts_with("guichet-75056-") && name.contains(".csv"), "{name}");
    let figures = String::from_utf8(file.contents().to_vec()).unwrap();
    assert!(figures.contains("jour;identités certifiées;") && figures.ends_with("total;3;1;0\r\n"), "{figures}");

    let code = ["indicators", "report", "--commune", agent::COMMUNE];
    let printed = agent::run(installation, &code).await.unwrap();
    assert!(printed.starts_with(&mail.subject) && printed.contains("Demandes refusées\u{a0}: 1"), "{printed}");
    assert_eq!(agent::run(installation, &[&code[..], &["--csv"]].concat()).await.unwrap(), figures);
    let unknown = installation.run(&["indicators", "report", "--commune", "99999"]).await.unwrap();
    assert_eq!(unknown.status.code(), Some(2), "no code of a commune");

    // Another node, and the first one anew: the fortnight was reported. What comes next is the mail of a new passkey.
    drop(first);
    let _second = installation.beside(free_port()).unwrap().serve(Signals::Shared).await.unwrap();
    let invited = agent::invite(installation, agent::COMMUNE, "Karim", &["--agent"]).await.unwrap();
    expect(Agent::at(&origin).come(&invited.link).await.unwrap(), "desk-account");
    journey.scene.mail_to("karim@mairie.exemple.fr", 0).await;
    assert_eq!(journey.sql("SELECT COUNT(*) FROM commune_reports").unwrap(), "1");
    assert_eq!(journey.sql("SELECT COUNT(*) FROM outbox WHERE id LIKE 'report.%'").unwrap(), "0");
    let again = journey.scene.mailbox.messages_to("nadia@mairie.exemple.fr", mail.id, Duration::ZERO).await;
    assert_eq!(again, [], "once");
}

#[tokio::test]
async fn the_page_can_be_read_in_four_sizes_and_by_those_who_do_not_see_it() {
    or_skip!(Tool::Sqlite.find());
    let browser = or_skip!(Browser::start_in("fr", Scripts::On).await);
    let axe = Axe::find().ok();
    let (journey, _) = communes().await;
    for (at, (code, name, many)) in (1..).zip([
        ("26281", "Romans", 40),
        ("2A004", "Ajaccio", 25),
        ("33063", "Bordeaux", 60),
        ("97411", "Saint-Denis", 18),
    ]) {
        agent::enrol(journey.scene.gateway.installation(), code, name).await.unwrap();
        certifications(&journey, code, many, clock::now() - at * 35 * DAY, 140 + at * 20);
    }
    journey.sql("INSERT INTO communes VALUES ('33281', 'Pessac', 'enrolled', NULL, 0, 0, 0)").unwrap();
    certifications(&journey, agent::COMMUNE, 12, clock::now(), 150);
    certifications(&journey, OTHER, 3, clock::now(), 900);
    identities(&journey, 155, "certified");
    browser.open(&format!("{}/indicateurs", journey.scene.gateway.issuer())).await.unwrap();
    browser.see("main[data-page=indicators] .chart").await.unwrap();
    let narrow = VIEWPORTS.into_iter().min_by_key(|viewport| viewport.width).unwrap();
    browser.resize(narrow).await.unwrap();
    let cut = "const frame = document.querySelector('[aria-labelledby=measures]');\
               return [frame.scrollWidth, frame.clientWidth]";
    let [whole, seen] = browser.driver().execute(cut, Vec::new()).await.unwrap().convert::<[u32; 2]>().unwrap();
    assert!(whole <= seen, "the targets are cut at {} px: {whole} > {seen}", narrow.width);
    match axe {
        Some(axe) => browser.inspect("indicators-fr", &axe).await.unwrap(),
        None => {
            for viewport in VIEWPORTS {
                browser.resize(viewport).await.unwrap();
                browser.screenshot("indicators-fr", viewport).await.unwrap();
            }
        }
    }
    browser.close().await.unwrap();
}

#[tokio::test]
async fn what_a_desk_really_did_is_what_the_page_and_the_file_tell() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let installation = counter.journey.scene.gateway.installation().clone();
    let exported = async || agent::run(&installation, &["indicators", "export"]).await.unwrap();
    let national = |file: &str| file.lines().find(|line| line.starts_with("France;")).unwrap().to_owned();
    assert_eq!(national(&exported().await), "France;;France;1;1;1;1;0;0;0;", "a desk that has done nothing yet");

    // Card, finger, face, and card and code at home; of one the desk refuses the finger, and one goes no further than home.
    for name in ["angela", "pierre", "keiko", "hugo"] {
        counter.certified(name).await;
    }
    let (_, qr) = counter.asks("nadia").await;
    counter.reader.set_finger(Fingerprint::NoMatch);
    expect(counter.up_to_the_face("nadia", &qr).await, "desk-outcome");
    counter.reader.set_finger(Fingerprint::Match);
    let withheld = exported().await;
    assert_eq!(
        national(&withheld),
        format!("France;;France;1;1;1;1;5;{0};{0};", "non communiqué"),
        "four persons are told of in no number"
    );
    let luc = counter.certified("luc").await;
    let mut zoe = counter.certified("zoe").await;

    // Three minutes, as a case takes; the simulator's reader takes none.
    counter.journey.sql("UPDATE desk_cases SET opened = opened - 180").unwrap();
    let seconds =
        "SELECT (decided - opened) / 10 * 10 FROM desk_cases WHERE outcome = 'approved' ORDER BY 1 LIMIT 1 OFFSET 2";
    let median = counter.journey.sql(seconds).unwrap();
    assert_eq!(national(&exported().await), format!("France;;France;1;1;1;1;7;6;6;{median}"));
    let address = format!("{}/indicateurs?lang=fr", installation.issuer());
    let page = expect(counter.journey.citizen().open(&address).await.unwrap(), "indicators");
    let value = |measure: &str| page.text(&format!("tr[data-measure={measure}] td[data-value]")).unwrap();
    for (measure, expected) in [
        ("communes_enrolled", "1"),
        ("communes_certifying", "1"),
        ("departements", "1"),
        ("agents_trained", "1"),
        ("identities_created", "7"),
        ("identities_certified", "6"),
    ] {
        assert_eq!(value(measure), expected, "{measure}");
    }
    let median: i64 = median.parse().unwrap();
    assert_eq!(value("median_seconds"), format!("{} min {:02} s", median / 60, median % 60));
    assert_eq!(page.texts("td[data-certifications]").last().map(String::as_str), Some("6"));
    let (status, _, file) = fetched(&counter.journey, "/indicateurs.csv").await;
    assert!(status.is_success() && file.contains("commune;75056;Val-Fleuri;;1;"), "{file}");

    // Who goes is certified no more; that they were is history, of the desk and not of theirs.
    drop(luc);
    assert_eq!(zoe.act(Act::Delete).await.unwrap().state(), "closed");
    assert_eq!(national(&exported().await), format!("France;;France;1;1;1;1;7;5;6;{median}"));
}
