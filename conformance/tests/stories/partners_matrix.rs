//! Every route of the partners' space × everybody: the table of `idp partners routes`, walked as each kind of person, for
//! what shows and for what acts. A route that is added is walked without a change here; a path parameter that nothing fills
//! fails the test.

use std::collections::BTreeMap;

use conformance::citizen::Page;
use conformance::clock::Hands;
use conformance::or_skip;
use conformance::partner::Partner;
use conformance::scene::Setting;
use serde::Deserialize;

use super::partners::{LYON, Space, TOULOUSE};

/// A row of the table.
#[derive(Debug, Deserialize)]
struct Row {
    method: String,
    path: String,
    over: String,
    roles: Vec<String>,
}

/// What a request ends in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// It is let through to the handler, whatever that says.
    Through,
    /// To the sign-in.
    SignIn,
    /// Refused under this status and code.
    Refused(u16, String),
}

/// Somebody who asks.
struct Asker {
    name: &'static str,
    partner: Partner,
    csrf: String,
    /// Whether they have a session that counts.
    inside: bool,
    /// The names of the roles they hold about Lyon, as the table writes them.
    about_lyon: Vec<&'static str>,
    /// The names of the roles they hold with the operator.
    of_operator: Vec<&'static str>,
}

impl Asker {
    fn expected(&self, row: &Row) -> End {
        let held = |name: &str| row.roles.iter().any(|role| role == name);
        if held("anyone") {
            return End::Through;
        }
        if !self.inside {
            return End::SignIn;
        }
        if held("signed_in") {
            return End::Through;
        }
        if row.over == "space" {
            let through = self.of_operator.iter().any(|role| held(role));
            return if through { End::Through } else { End::Refused(403, "partner.role_missing".to_owned()) };
        }
        if self.about_lyon.iter().any(|role| held(role)) {
            End::Through
        } else if self.about_lyon.is_empty() {
            End::Refused(404, "partner.unseen".to_owned())
        } else {
            End::Refused(403, "partner.role_missing".to_owned())
        }
    }

    async fn ask(&mut self, origin: &str, row: &Row, path: &str) -> Page {
        let url = format!("{origin}{path}");
        let browser = &mut self.partner.agent.browser;
        match row.method.as_str() {
            "GET" => browser.open(&url).await.unwrap(),
            "POST" => browser.post_from(origin, &url, &format!("csrf={}", self.csrf)).await.unwrap(),
            other => panic!("{other}: a method that nobody taught this test"),
        }
    }

    /// Asks, and shows the passkey once more where it is too old by now.
    async fn end(&mut self, origin: &str, row: &Row, path: &str) -> (End, Page) {
        let mut page = self.ask(origin, row, path).await;
        if page.name().as_deref() == Some("space-confirm") && row.path != "/espace/confirmation" {
            self.partner.confirm(&page).await.unwrap();
            // The secret of the session is another from here on, and that of its forms.
            self.csrf = self.partner.csrf().await.unwrap();
            page = self.ask(origin, row, path).await;
        }
        let denied = page.refusals().into_iter().find(|event| {
            [
                "partner.role_missing",
                "partner.unseen",
                "partner.not_active",
                "partner.unsafeguarded",
                "partner.stale_form",
            ]
            .contains(&event.code.as_str())
        });
        let sent_to_sign_in = page.url.path() == "/espace/entree" && page.trail.len() > 1;
        let end = match denied {
            Some(event) => End::Refused(page.status.as_u16(), event.code),
            None if sent_to_sign_in && !self.inside => End::SignIn,
            None => End::Through,
        };
        (end, page)
    }
}

/// What stands for each path parameter.
fn filled(path: &str, fixtures: &BTreeMap<&str, String>) -> String {
    let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        None => part.to_owned(),
        Some(name) => fixtures.get(name).unwrap_or_else(|| panic!("{path}: nothing fills {{{name}}}")).clone(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Whether two pages differ in nothing but their numbers, secrets and addresses.
fn alike(one: &Page, other: &Page, known: &str, unknown: &str) {
    let strip = |page: &Page, path: &str| {
        let mut body = page.body.replace(path, "PATH");
        let occurrence = page.attribute("[data-occurrence]", "data-occurrence").unwrap();
        body = body.replace(&occurrence, "OCCURRENCE");
        (page.status, body)
    };
    assert_eq!(strip(one, known), strip(other, unknown));
}

async fn askers(space: &Space, hands: &Hands) -> Vec<Asker> {
    let mut admin = space.founder("Nadia", LYON).await;
    let editor = space.member(&mut admin, LYON, "Samir", "editor").await;
    let reader = space.member(&mut admin, LYON, "Lea", "reader").await;
    let expired = space.member(&mut admin, LYON, "Eve", "admin").await;
    let removed = space.member(&mut admin, LYON, "Remi", "admin").await;
    let ended = space.member(&mut admin, LYON, "Tom", "admin").await;
    // A quarter of an hour in which the first of them does nothing.
    let mut everybody = vec![
        ("nobody", Partner::at(&space.origin, "Personne"), vec![], vec![]),
        ("expired", expired, vec![], vec![]),
        ("removed", removed, vec![], vec![]),
        ("signed out elsewhere", ended, vec![], vec![]),
        ("admin", admin, vec!["organisation.admin"], vec![]),
        ("editor", editor, vec!["organisation.editor"], vec![]),
        ("reader", reader, vec!["organisation.reader"], vec![]),
    ];
    hands.set(16 * 60);
    let mut elsewhere = space.founder("Chloe", TOULOUSE).await;
    let editor = space.member(&mut elsewhere, TOULOUSE, "Ugo", "editor").await;
    let reader = space.member(&mut elsewhere, TOULOUSE, "Ines", "reader").await;
    let nowhere = space.safe("Zoe").await;
    everybody.extend([
        ("of no organisation", nowhere, vec![], vec![]),
        ("admin elsewhere", elsewhere, vec![], vec![]),
        ("editor elsewhere", editor, vec![], vec![]),
        ("reader elsewhere", reader, vec![], vec![]),
    ]);
    let operator = async |name: &str, role: &str| space.operator(name, &[role]).await;
    everybody.extend([
        ("operator admin", operator("Olga", "admin").await, vec!["operator.admin"], vec!["operator.admin"]),
        ("instructor", operator("Igor", "instructor").await, vec!["operator.instructor"], vec!["operator.instructor"]),
        ("reporter", operator("Rita", "reporter").await, vec!["operator.reporter"], vec!["operator.reporter"]),
        (
            "prefecture",
            operator("Paul", "prefecture:69").await,
            vec!["operator.prefecture"],
            vec!["operator.prefecture"],
        ),
        ("prefecture elsewhere", operator("Pia", "prefecture:31").await, vec![], vec!["operator.prefecture"]),
    ]);
    let mut askers = Vec::new();
    for (name, mut partner, about_lyon, of_operator) in everybody {
        let outside = ["nobody", "expired", "removed", "signed out elsewhere"].contains(&name);
        let csrf = match name {
            "nobody" => "A".repeat(43),
            "expired" => "B".repeat(43),
            _ => {
                // The clock moved on: everybody comes in anew, and two of them go again.
                conformance_in(&mut partner).await;
                partner.csrf().await.unwrap()
            }
        };
        if name == "removed" {
            space.idp(&["partners", "remove", &space.id(&partner).await]).await;
        }
        if name == "signed out elsewhere" {
            let mut twin = partner.clone();
            twin.agent.browser = conformance::citizen::Citizen::new();
            conformance_in(&mut twin).await;
            let account = twin.open("/espace/compte").await.unwrap();
            twin.press(&account, "form[data-step=end-sessions] button", &[]).await.unwrap();
        }
        askers.push(Asker { name, partner, csrf, inside: !outside, about_lyon, of_operator });
    }
    askers
}

/// Signs in anew, in the same browser.
async fn conformance_in(partner: &mut Partner) {
    let page = partner.sign_in().await.unwrap();
    assert_eq!(page.name().as_deref(), Some("space-home"), "{}", page.brief());
}

/// A service of the sandbox of an organisation.
async fn service(partner: &mut Partner, siret: &str) -> String {
    let page = partner.open(&format!("/espace/organisations/{siret}/services")).await.unwrap();
    let fields = [("name", "Cantine"), ("redirects", "http://localhost:1/retour")];
    let shown = partner.press(&page, "form[data-step=make-sandbox] button", &fields).await.unwrap();
    conformance::audit::secret(&shown.text("[data-client-secret]").unwrap());
    shown.text("[data-client-id]").unwrap()
}

/// A request of an organisation.
async fn request(partner: &mut Partner, siret: &str) -> String {
    let page = partner.open(&format!("/espace/organisations/{siret}/demandes")).await.unwrap();
    let made = partner.press(&page, "form[data-step=new] button", &[]).await.unwrap();
    made.url.path().split('/').nth(3).unwrap_or_else(|| panic!("{}", made.brief())).to_owned()
}

#[tokio::test]
async fn every_route_lets_through_whom_the_table_names_and_nobody_else() {
    let hands = or_skip!(Hands::make());
    let space = Space::set(Setting { environment: hands.environment(), ..Setting::default() }).await;
    let mut askers = askers(&space, &hands).await;
    let victim = {
        let admin = askers.iter_mut().find(|asker| asker.name == "admin").unwrap();
        let victim = space.member(&mut admin.partner, LYON, "Victor", "reader").await;
        space.id(&victim).await
    };
    let unknown = "13002526500013";
    let admin = askers.iter_mut().find(|asker| asker.name == "admin").unwrap();
    let service = service(&mut admin.partner, LYON).await;
    let request = request(&mut admin.partner, LYON).await;
    let fixtures = |siret: &str| {
        let own = siret == LYON;
        let or_none = |id: &str| if own { id.to_owned() } else { "0".repeat(32) };
        BTreeMap::from([
            ("siret", siret.to_owned()),
            ("partner", victim.clone()),
            ("secret", "A".repeat(43)),
            ("request", or_none(&request)),
            ("block", "service".to_owned()),
            ("client_id", or_none(&service)),
            ("name", "AAAAAAAA".to_owned()),
            ("run", "0".repeat(32)),
        ])
    };
    let rows: Vec<Row> = serde_json::from_str(&space.idp(&["partners", "routes", "--json"]).await).unwrap();
    assert!(rows.iter().any(|row| row.over == "organisation") && rows.iter().any(|row| row.method == "POST"));

    // First all who are refused: whatever they ask changes nothing. What acts on whoever asks comes last.
    let (mut refused, mut wrong) = (0, Vec::new());
    for asker in &mut askers {
        for row in &rows {
            let expected = asker.expected(row);
            if expected == End::Through {
                continue;
            }
            let (end, page) = asker.end(&space.origin, row, &filled(&row.path, &fixtures(LYON))).await;
            if end != expected {
                wrong.push(format!("{} {} as {}: {end:?}, not {expected:?}", row.method, row.path, asker.name));
            }
            // Whoever does not see it cannot tell it from one that is not there.
            if matches!(expected, End::Refused(404, _)) {
                let (_, none) = asker.end(&space.origin, row, &filled(&row.path, &fixtures(unknown))).await;
                alike(&page, &none, &filled(&row.path, &fixtures(LYON)), &filled(&row.path, &fixtures(unknown)));
            }
            refused += 1;
        }
    }
    let mut through = 0;
    for asker in &mut askers {
        for row in rows.iter().filter(|row| row.method == "GET").chain(rows.iter().filter(|row| row.method == "POST")) {
            if asker.expected(row) != End::Through {
                continue;
            }
            let (end, _) = asker.end(&space.origin, row, &filled(&row.path, &fixtures(LYON))).await;
            // A run, a secret, a grant that is not there is not there for whoever may see it either.
            let nothing = ["{run}", "{name}", "/client"].iter().any(|part| row.path.contains(part));
            if end != End::Through && !(nothing && matches!(end, End::Refused(404, _))) {
                wrong.push(format!("{} {} as {}: {end:?}", row.method, row.path, asker.name));
            }
            through += 1;
            // What acted may have ended the session.
            if asker.inside && row.method == "POST" {
                conformance_in(&mut asker.partner).await;
                asker.csrf = asker.partner.csrf().await.unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), refused + through, wrong.join("\n"));
    assert!(refused > 0 && through > 0, "{refused} refused, {through} let through");
}
