//! The admin API: programs with tokens do over HTTP what people do on pages, under the same rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use conformance::agent;
use conformance::audit;
use conformance::clock::Hands;
use conformance::gateway::Standing;
use conformance::library::validates_openapi;
use conformance::or_skip;
use conformance::partner::{self, Partner};
use conformance::scene::{Scene, Setting};
use conformance::site::{free_port, free_ports};
use conformance::tools::Missing;
use reqwest::Method;
use serde_json::{Value, json};

use super::partners::{LYON, Space, TOULOUSE};
use crate::journey::{expect, within};

const PREFIX: &str = "passerelle_at_";
const SCOPES: [&str; 10] = [
    "requests:read",
    "requests:write",
    "requests:review",
    "requests:approve",
    "habilitations:read",
    "habilitations:revoke",
    "services:read",
    "services:write",
    "figures:read",
    "switches:read",
];
/// What is promised: a change is in force on every node within a second.
const SECOND: Duration = Duration::from_secs(1);
const ACCEPT: &str = "form[data-step=accept-organisation] button";
const APPROVE: &str = "form[data-step=approve] button";
/// Why what is granted here goes without the bench.
const WITHOUT: &str = "Le site n’est pas encore ouvert.";

/// A yes to a version.
fn agreed(version: i64) -> Value {
    json!({"version": version, "without_bench": WITHOUT})
}

/// A gateway with an admin API: Nadia administers Lyon, whose people are known to belong to it; Ines reviews.
struct Api {
    space: Space,
    base: String,
    http: reqwest::Client,
    nadia: Partner,
    ines: Partner,
}

/// A token: its number and itself.
#[derive(Debug, Clone)]
struct Token {
    id: String,
    text: String,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Answer {
    /// The code under which it is refused: the one that the log has too.
    fn code(&self) -> String {
        let told = self.body["code"].as_str().unwrap_or_else(|| panic!("a problem: {self:?}")).to_owned();
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status, "{self:?}");
        assert_eq!(audit::code(self.status, &self.headers), told);
        told
    }

    fn refused(&self) -> (u16, String) {
        (self.status, self.code())
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_else(|| panic!("{name}: {self:?}"))
    }

    fn version(&self) -> i64 {
        self.body["version"].as_i64().unwrap_or_else(|| panic!("a version: {self:?}"))
    }

    /// It was done.
    fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }
}

impl Api {
    async fn open() -> Self {
        Self::set(Setting::default(), "").await
    }

    async fn set(setting: Setting, more: &str) -> Self {
        let (port, door) = (free_port(), free_ports(1));
        let mut overrides = partner::overrides(port);
        let own = format!("[admin]\norigin = \"http://127.0.0.1:{door}\"\nlisten = \"127.0.0.1:{door}\"\n{more}");
        overrides.extend(own.parse::<toml::Table>().unwrap());
        let scene = Scene::set(Setting { overrides, ..setting }).await;
        let space = Space { scene, origin: agent::origin(port) };
        let nadia = space.founder("Nadia", LYON).await;
        let mut ines = space.operator("Ines", &["instructor"]).await;
        accept(&mut ines, LYON).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { space, base: format!("http://127.0.0.1:{door}"), http, nadia, ines }
    }

    /// A token made at the command line.
    async fn token(&self, scopes: &[&str], more: &[&str]) -> Token {
        let mut arguments = vec!["tokens", "create", "--name", "essai", "--json"];
        for scope in scopes {
            arguments.extend(["--scope", scope]);
        }
        arguments.extend(more);
        let printed: Value = serde_json::from_str(&self.space.idp(&arguments).await).unwrap();
        let token =
            Token { id: printed["id"].as_str().unwrap().into(), text: printed["token"].as_str().unwrap().into() };
        audit::secret(&token.text);
        audit::secret(token.text.strip_prefix(PREFIX).unwrap());
        token
    }

    /// A token that decides, for which Ines answers.
    async fn decides(&self, scopes: &[&str]) -> Token {
        let ines = self.space.id(&self.ines).await;
        self.token(scopes, &["--issuer", &ines]).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    fn ask(&self, token: &Token, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&token.text)
    }

    async fn get(&self, token: &Token, path: &str) -> Answer {
        self.send(self.ask(token, Method::GET, path)).await
    }

    async fn post(&self, token: &Token, path: &str, body: &Value) -> Answer {
        self.send(self.ask(token, Method::POST, path).json(body)).await
    }

    async fn patch(&self, token: &Token, path: &str, (version, form): (i64, &Value)) -> Answer {
        let asked = self.ask(token, Method::PATCH, path).header("If-Match", format!("\"{version}\""));
        self.send(asked.json(&json!({"form": form}))).await
    }

    /// Begins a request with these answers.
    async fn begin(&self, token: &Token, siret: &str, form: &Value) -> Answer {
        self.post(token, &format!("/admin/v1/organisations/{siret}/requests"), &json!({"form": form})).await.ok()
    }

    /// A request that is before the reviewers, with every point looked at: its path.
    async fn before_the_reviewers(&self, writes: &Token, reviews: &Token, form: &Value) -> String {
        let begun = self.begin(writes, LYON, form).await;
        let path = begun.header("location").to_owned();
        let version = begun.version();
        let sent = self.post(writes, &format!("{path}/submit"), &json!({"version": version})).await.ok();
        self.look(reviews, &path, &sent).await;
        path
    }

    /// Looks at every point of a request.
    async fn look(&self, reviews: &Token, path: &str, request: &Answer) -> Answer {
        let named = |point: &Value| (point["point"].as_str().unwrap().to_owned(), json!(true));
        let points: serde_json::Map<String, Value> =
            request.body["points"].as_array().unwrap().iter().map(named).collect();
        assert!(!points.is_empty(), "{request:?}");
        let looked = json!({"version": request.version(), "points": points});
        self.post(reviews, &format!("{path}/points"), &looked).await.ok()
    }

    /// The error that a service is told for a request that lacks everything, or that it is not served at all.
    async fn told_at_the_service(&self, client: &str) -> Option<String> {
        let back =
            [("client_id", client), ("redirect_uri", "https://cantine.lyon.fr/retour"), ("response_mode", "query")];
        let url = format!("{}/authorize", self.space.scene.gateway.issuer());
        let url = reqwest::Url::parse_with_params(&url, back).unwrap();
        let straight =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = straight.get(url).send().await.unwrap();
        let place = answer.headers().get("location")?.to_str().unwrap().parse::<reqwest::Url>().unwrap();
        place.query_pairs().find(|(name, _)| name == "error").map(|(_, error)| error.into_owned())
    }

    /// The version of a request.
    async fn version(&self, token: &Token, path: &str) -> i64 {
        self.get(token, path).await.ok().version()
    }
}

/// Says that the people of an organisation belong to it.
async fn accept(ines: &mut Partner, siret: &str) {
    let page = expect(ines.open(&format!("/espace/organisations/{siret}")).await.unwrap(), "space-organisation");
    expect(ines.press(&page, ACCEPT, &[]).await.unwrap(), "space-organisation");
}

/// A form with every answer.
fn filled() -> Value {
    let mut form = json!({
        "title": "Cantine scolaire", "description": "Les parents inscrivent leurs enfants à la cantine.",
        "service_uri": "https://cantine.lyon.fr/", "go_live": "2027-09-01", "volume": "300",
        "asks.email": "on", "need.email": "Confirmer l’inscription.", "level": "eidas1",
        "legal_nature": "arrete", "legal_reference": "Arrêté du 8 novembre 2018",
        "recipients": "Le service scolaire.", "retention": "12",
        "redirects.production": "https://cantine.lyon.fr/retour",
        "alternative": "Le guichet de la mairie.", "alternative_attested": "on", "dpo_informed": "on",
        "terms_accepted": "on",
    });
    for (who, name, job, mail, phone) in [
        ("controller", "Camille Martin", "Maire", "maire@lyon.exemple.fr", "04 72 10 30 30"),
        ("dpo", "Dominique Petit", "DPO", "dpo@lyon.exemple.fr", "04 72 10 30 30"),
        ("technical", "Alix Durand", "DSI", "dsi@lyon.exemple.fr", "06 39 98 00 00"),
    ] {
        for (detail, text) in [("name", name), ("job", job), ("mail", mail), ("phone", phone)] {
            form[format!("{who}.{detail}")] = json!(text);
        }
    }
    form
}

/// The same at level high: two must agree.
fn high() -> Value {
    let mut form = filled();
    form["level"] = json!("eidas3");
    form["level_reason"] = json!("Procuration de vote");
    form
}

/// A row of the description: method, path, and the scope that it needs.
struct Row {
    method: Method,
    path: String,
    scope: Option<String>,
}

fn rows(description: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let scope = operation["security"][0]["token"][0].as_str().map(str::to_owned);
            let method = method.to_ascii_uppercase().parse().unwrap();
            rows.push(Row { method, path: path.clone(), scope });
        }
    }
    rows
}

#[tokio::test]
async fn every_route_of_the_description_lets_through_the_token_with_its_scope_and_no_other() {
    let hands = or_skip!(Hands::make());
    let api = Api::set(Setting { environment: hands.environment(), ..Setting::default() }, "").await;
    let short = api.token(&["requests:read"], &["--expires", "1"]).await;
    let revoked = api.token(&["requests:read"], &[]).await;
    let mut single = BTreeMap::new();
    for scope in SCOPES {
        single.insert(
            scope,
            if scope == "requests:approve" { api.decides(&[scope]).await } else { api.token(&[scope], &[]).await },
        );
    }
    let begun = api.begin(&single["requests:write"], LYON, &filled()).await;
    let request = begun.text("id").to_owned();
    api.space.idp(&["tokens", "revoke", &revoked.id]).await;
    hands.set(2 * 86_400);

    let description = api.send(api.http.get(format!("{}/admin/v1/openapi.json", api.base))).await.ok().body;
    let unknown = Token { id: String::new(), text: format!("{PREFIX}{}", "A".repeat(43)) };
    let foreign = Token { id: String::new(), text: "B".repeat(43) };
    let rows = rows(&description);
    assert!(rows.len() > 20);
    let (mut through, mut refused) = (0, 0);
    for Row { method, path, scope } in &rows {
        let Some(scope) = scope else {
            assert_eq!((method.as_str(), path.as_str()), ("GET", "/admin/v1/openapi.json"), "all else has a scope");
            continue;
        };
        let filled = path.replace("{siret}", LYON).replace("{request}", &request);
        let filled = filled.replace("{habilitation}", &"0".repeat(32)).replace("{client_id}", "nobody");
        let case = format!("{method} {path}");
        let url = format!("{}{filled}", api.base);
        let none = api.send(api.http.request(method.clone(), &url)).await;
        assert_eq!(none.refused(), (401, "admin.token_missing".into()), "{case}");
        assert_eq!(none.header("www-authenticate"), "Bearer realm=\"admin\"", "{case}");
        let query =
            api.send(api.http.request(method.clone(), format!("{url}?access_token={}", single["requests:read"].text)));
        assert_eq!(query.await.refused(), (401, "admin.token_missing".into()), "{case}: a token in the address");
        for (token, code) in [
            (&unknown, "admin.token_unknown"),
            (&foreign, "admin.token_unknown"),
            (&short, "admin.token_expired"),
            (&revoked, "admin.token_revoked"),
        ] {
            let answer = api.send(api.ask(token, method.clone(), &filled)).await;
            assert_eq!(answer.refused(), (401, code.into()), "{case}");
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{case}");
        }
        for (held, token) in &single {
            let answer = api.send(api.ask(token, method.clone(), &filled)).await;
            if held == scope {
                assert!(![401, 403, 405, 500, 503].contains(&answer.status), "{case} with {held}: {answer:?}");
                assert!(answer.status < 400 || answer.code() != "admin.no_route", "{case}");
                through += 1;
            } else {
                assert_eq!(answer.refused(), (403, "admin.scope_missing".into()), "{case} with {held}");
                let how = format!("Bearer realm=\"admin\", error=\"insufficient_scope\", scope=\"{scope}\"");
                assert_eq!(answer.header("www-authenticate"), how, "{case} with {held}");
                refused += 1;
            }
        }
    }
    assert_eq!((through, refused), (rows.len() - 1, (rows.len() - 1) * (SCOPES.len() - 1)));
    // At no other door is anything of it.
    for door in [api.space.scene.gateway.issuer(), &api.space.origin] {
        let answer = api.http.get(format!("{door}/admin/v1/requests")).bearer_auth(&single["requests:read"].text);
        assert_eq!(answer.send().await.unwrap().status(), 404, "{door}");
    }
}

async fn is_valid() -> Result<(), Missing> {
    let api = Api::open().await;
    let description = api.send(api.http.get(format!("{}/admin/v1/openapi.json", api.base))).await.ok().body;
    assert_eq!(validates_openapi(&description).await?.unwrap()["judged_by"], "3.1");
    // One that is wrong is told apart: whoever judges it, judges.
    let mut wrong = description.clone();
    wrong["paths"]["/admin/v1/switches"]["get"]["responses"] = json!("none");
    assert!(validates_openapi(&wrong).await?.is_err());
    Ok(())
}

#[tokio::test]
async fn the_description_is_one_of_openapi_for_a_validator_of_others() {
    or_skip!(is_valid().await);
}

#[tokio::test]
async fn a_program_takes_a_request_from_draft_to_a_service_and_another_takes_it_back() {
    let api = Api::open().await;
    let own = ["--organisation", LYON];
    let writes = api.token(&["requests:write", "requests:read", "services:write"], &own).await;
    let decides = api.decides(&["requests:read", "requests:review", "requests:approve", "habilitations:revoke"]).await;
    let begun = api.begin(&writes, LYON, &json!({"title": "Cantine"})).await;
    let path = begun.header("location").to_owned();
    assert_eq!((begun.status, begun.header("etag"), begun.text("state")), (201, "\"1\"", "draft"));

    let early = api.post(&writes, &format!("{path}/submit"), &json!({"version": 1})).await;
    assert_eq!(early.refused(), (422, "admin.form_incomplete".into()));
    assert!(early.body["errors"].as_array().unwrap().iter().any(|wrong| wrong["field"] == "description"), "{early:?}");
    let written = api.patch(&writes, &path, (1, &filled())).await.ok();
    assert_eq!((written.version(), written.header("etag"), &written.body["faults"]), (2, "\"2\"", &json!([])));
    let stale = api.post(&writes, &format!("{path}/submit"), &json!({"version": 1})).await;
    assert_eq!((stale.refused(), stale.version()), ((409, "admin.changed_meanwhile".into()), 2));
    let sent = api.post(&writes, &format!("{path}/submit"), &json!({"version": 2})).await.ok();
    assert_eq!(sent.text("state"), "submitted");

    let unseen = api.post(&decides, &format!("{path}/approve"), &json!({"version": sent.version()})).await;
    assert_eq!(unseen.refused(), (409, "admin.points_open".into()));
    // Sent back, with a reason or not at all.
    let no_reason = api.post(&decides, &format!("{path}/request-changes"), &json!({"version": 3, "reason": " "})).await;
    assert_eq!(no_reason.refused(), (422, "admin.input_invalid".into()));
    let back = json!({"version": 3, "reason": "Le titre est trop court."});
    let back = api.post(&decides, &format!("{path}/request-changes"), &back).await.ok();
    assert_eq!(back.body["decision"]["reason"], "Le titre est trop court.");
    assert_eq!(back.body["decision"]["by"], json!({"kind": "token", "id": decides.id}));
    let again = api.patch(&writes, &path, (4, &json!({"title": "Cantine scolaire de la ville"}))).await.ok();
    let sent = api.post(&writes, &format!("{path}/submit"), &json!({"version": again.version()})).await.ok();
    let looked = api.look(&decides, &path, &sent).await;
    let unproved = api.post(&decides, &format!("{path}/approve"), &json!({"version": looked.version()})).await;
    assert_eq!(unproved.refused(), (409, "admin.not_homologated".into()));
    let empty = json!({"version": looked.version(), "without_bench": " "});
    let empty = api.post(&decides, &format!("{path}/approve"), &empty).await;
    assert_eq!(empty.refused(), (422, "admin.input_invalid".into()));
    let granted = api.post(&decides, &format!("{path}/approve"), &agreed(looked.version())).await.ok();
    assert_eq!(granted.text("state"), "granted");

    let differences = api.get(&writes, &format!("{path}/differences?from=3")).await.ok().body;
    let title = json!({"field": "title", "was": "Cantine scolaire", "now": "Cantine scolaire de la ville"});
    assert_eq!(differences, json!([title]));
    let versions = api.get(&writes, &format!("{path}/versions")).await.ok().body;
    let happened: Vec<&str> =
        versions.as_array().unwrap().iter().map(|version| version["happened"].as_str().unwrap()).collect();
    assert_eq!(happened[..5], ["opened", "written", "submitted", "changes_requested", "written"]);

    let client = format!("{path}/client");
    let made = api.post(&writes, &client, &json!({"attempt": "premier"})).await.ok();
    let (id, secret) = (made.text("client_id").to_owned(), made.text("client_secret").to_owned());
    audit::secret(&secret);
    assert_eq!((made.status, &made.body["live"], made.text("environment")), (201, &json!(true), "production"));
    let twice = api.post(&writes, &client, &json!({"attempt": "premier"})).await;
    assert_eq!(twice.refused(), (422, "admin.input_invalid".into()));
    let installation = api.space.scene.gateway.installation();
    installation.until(&id, Standing::Served).await.unwrap();
    assert_eq!(api.told_at_the_service(&id).await.as_deref(), Some("invalid_request"), "it is served");

    let reads = api.token(&["services:read", "figures:read", "habilitations:read"], &own).await;
    let services = api.get(&reads, &format!("/admin/v1/organisations/{LYON}/services")).await.ok().body;
    assert_eq!((services.as_array().unwrap().len(), &services[0]["client_id"]), (1, &json!(id)));
    assert!(!services.to_string().contains(&secret));
    let figures = api.get(&reads, &format!("/admin/v1/services/{id}/figures")).await.ok();
    let counted = &figures.body["days"][0];
    assert_eq!(
        (&figures.body["started"], &counted["kind"], &counted["name"]),
        (&json!(0), &json!("failed"), &json!("request"))
    );
    let habilitations = api.get(&reads, &format!("/admin/v1/organisations/{LYON}/habilitations")).await.ok().body;
    let granted = &habilitations["items"][0];
    assert_eq!((&granted["clients"], &granted["state"]), (&json!([id]), &json!("active")));
    let habilitation = format!("/admin/v1/habilitations/{}", granted["id"].as_str().unwrap());

    // Stopped for a while, resumed, and taken back with its request.
    let why = json!({"reason": "Le site est compromis."});
    for (act, state, live) in [("suspend", "suspended", false), ("resume", "active", true)] {
        let done = api.post(&decides, &format!("{habilitation}/{act}"), &why).await.ok();
        assert_eq!(done.text("state"), state);
        let service = api.get(&reads, &format!("/admin/v1/services/{id}")).await.ok();
        assert_eq!(service.body["live"], live, "{service:?}");
    }
    let twice = api.post(&decides, &format!("{habilitation}/resume"), &why).await;
    assert_eq!(twice.refused(), (409, "admin.habilitation_state".into()));
    let version = api.version(&writes, &path).await;
    let revoke = json!({"version": version, "reason": "Le service a fermé."});
    let revoked = api.post(&decides, &format!("{path}/revoke"), &revoke).await.ok();
    assert_eq!(revoked.text("state"), "revoked");
    within(SECOND, "the service is refused", async || {
        (api.told_at_the_service(&id).await.as_deref() == Some("unauthorized_client")).then_some(())
    })
    .await;
    let service = api.get(&reads, &format!("/admin/v1/services/{id}")).await.ok();
    assert_eq!((&service.body["live"], service.text("not_live")), (&json!(false), "revoked"));
    api.space.idp(&["journal", "verify"]).await;
}

#[tokio::test]
async fn of_two_who_must_agree_one_is_a_person_who_does_not_answer_for_the_program() {
    let mut api = Api::open().await;
    let writes = api.token(&["requests:write", "requests:read"], &["--organisation", LYON]).await;
    let decides = api.decides(&["requests:review", "requests:approve"]).await;
    let path = api.before_the_reviewers(&writes, &decides, &high()).await;
    let mut oscar = api.space.operator("Oscar", &["instructor"]).await;
    let of_oscar = {
        let id = api.space.id(&oscar).await;
        api.token(&["requests:approve"], &["--issuer", &id]).await
    };
    let version = api.version(&writes, &path).await;
    let once = api.post(&decides, &format!("{path}/approve"), &agreed(version)).await.ok();
    assert_eq!((once.text("state"), once.body["approvals"].as_array().unwrap().len()), ("submitted", 1));
    let version = json!({"version": once.version()});
    for token in [&decides, &of_oscar] {
        let alone = api.post(token, &format!("{path}/approve"), &version).await;
        assert_eq!(alone.refused(), (403, "admin.same_person".into()));
    }
    let request = path.rsplit('/').next().unwrap().to_owned();
    let review = format!("/espace/demandes/{request}/instruction");
    let page = expect(api.ines.open(&review).await.unwrap(), "request-review");
    let hers = expect(api.ines.press(&page, APPROVE, &[]).await.unwrap(), "request");
    assert_eq!(hers.attribute("main", "data-state").unwrap(), "submitted", "she answers for the program");
    let page = expect(oscar.open(&review).await.unwrap(), "request-review");
    assert!(page.body.contains("essai"), "who agreed first is told by name");
    let granted = expect(oscar.press(&page, APPROVE, &[]).await.unwrap(), "request");
    assert_eq!(granted.attribute("main", "data-state").unwrap(), "granted", "{}", granted.brief());
}

#[tokio::test]
async fn a_first_agreement_by_a_program_counts_no_more_once_its_token_is_revoked() {
    let api = Api::open().await;
    let writes = api.token(&["requests:write", "requests:read"], &["--organisation", LYON]).await;
    let decides = api.decides(&["requests:review", "requests:approve"]).await;
    let path = api.before_the_reviewers(&writes, &decides, &high()).await;
    let version = api.version(&writes, &path).await;
    api.post(&decides, &format!("{path}/approve"), &agreed(version)).await.ok();
    api.space.idp(&["tokens", "revoke", &decides.id]).await;
    let after = api.post(&decides, &format!("{path}/approve"), &json!({"version": version + 1})).await;
    assert_eq!(after.refused(), (401, "admin.token_revoked".into()), "the next call");
    let mut oscar = api.space.operator("Oscar", &["instructor"]).await;
    let review = format!("/espace/demandes/{}/instruction", path.rsplit('/').next().unwrap());
    let page = expect(oscar.open(&review).await.unwrap(), "request-review");
    let once = expect(oscar.press(&page, APPROVE, &[]).await.unwrap(), "request");
    assert_eq!(once.attribute("main", "data-state").unwrap(), "submitted", "his is the first");
}

#[tokio::test]
async fn a_program_does_no_more_than_who_answers_for_it_and_reaches_no_further_than_it_was_made_for() {
    let mut api = Api::open().await;
    let _ = api.space.founder("Omar", TOULOUSE).await;
    let writes = api.token(&["requests:write", "requests:read"], &[]).await;
    let lyon = api.begin(&writes, LYON, &filled()).await.text("id").to_owned();
    let toulouse = api.begin(&writes, TOULOUSE, &filled()).await.text("id").to_owned();
    let ids = |answer: &Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let of_rhone = api.token(&["requests:read"], &["--departement", "69"]).await;
    let of_lyon = api.token(&["requests:read", "requests:write"], &["--organisation", LYON]).await;
    assert_eq!(ids(&api.get(&of_rhone, "/admin/v1/requests").await.ok()), std::slice::from_ref(&lyon));
    assert!(ids(&api.get(&of_rhone, "/admin/v1/requests?departement=31").await.ok()).is_empty());
    assert_eq!(
        ids(&api.get(&writes, &format!("/admin/v1/requests?organisation={TOULOUSE}")).await.ok()),
        std::slice::from_ref(&toulouse)
    );
    for token in [&of_rhone, &of_lyon] {
        for path in [format!("/admin/v1/requests/{toulouse}"), format!("/admin/v1/organisations/{TOULOUSE}/requests")] {
            let beyond = api.get(token, &path).await;
            assert_eq!(beyond.refused(), (404, "admin.unseen".into()), "{path}");
        }
    }
    let none = api.get(&writes, &format!("/admin/v1/requests/{}", "0".repeat(32))).await;
    let beyond = api.get(&of_lyon, &format!("/admin/v1/requests/{toulouse}")).await;
    assert_eq!(none.body, beyond.body, "one that is not theirs is told as one that is not there");
    let other = api.post(&of_lyon, &format!("/admin/v1/organisations/{TOULOUSE}/requests"), &json!({"form": {}})).await;
    assert_eq!(other.refused(), (404, "admin.unseen".into()));

    // Nadia answers for a program that writes; once she is gone from Lyon, it writes no more.
    let nadia = api.space.id(&api.nadia).await;
    let hers = api.token(&["requests:write"], &["--issuer", &nadia]).await;
    let begin = async |siret: &str| {
        api.post(&hers, &format!("/admin/v1/organisations/{siret}/requests"), &json!({"form": {}})).await
    };
    begin(LYON).await.ok();
    assert_eq!(begin(TOULOUSE).await.refused(), (403, "admin.issuer_lacks_role".into()), "she is not of Toulouse");
    let ines = api.decides(&["requests:review"]).await;
    let path = format!("/admin/v1/requests/{lyon}/refuse");
    let out_of_turn = api.post(&ines, &path, &json!({"version": 1, "reason": "Non."})).await;
    assert_eq!(out_of_turn.refused(), (409, "admin.out_of_turn".into()), "she may, and it is a draft");
    api.space.idp(&["partners", "remove", &nadia]).await;
    assert_eq!(begin(LYON).await.refused(), (403, "admin.issuer_lacks_role".into()));
    let gone = api.space.id(&api.ines).await;
    api.space.idp(&["partners", "remove", &gone]).await;
    let refused = api.post(&ines, &path, &json!({"version": 1, "reason": "Non."})).await;
    assert_eq!(refused.refused(), (403, "admin.issuer_lacks_role".into()));
    api.ines.agent.browser = conformance::citizen::Citizen::new();
}

#[tokio::test]
async fn of_many_who_write_at_once_none_loses_a_text() {
    let api = Api::open().await;
    let writes = api.token(&["requests:write", "requests:read"], &[]).await;
    let begun = api.begin(&writes, LYON, &json!({"title": "Cantine"})).await;
    let path = begun.header("location").to_owned();
    let fields = [
        ("title", "Cantine scolaire"),
        ("description", "Les parents."),
        ("recipients", "Le service scolaire."),
        ("alternative", "Le guichet."),
        ("volume", "300"),
        ("editor", "Ville"),
    ];
    let all = fields.map(|(field, text)| {
        let (api, writes, path) = (&api, &writes, &path);
        async move { api.patch(writes, path, (1, &json!({field: text}))).await }
    });
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let now = api.get(&writes, &path).await.ok();
    for (field, text) in fields {
        assert_eq!(now.body["form"][field], text, "{field}");
    }
    // Two of the same field: both texts come back, and everything else is kept.
    let both = json!({"title": "Restaurant scolaire", "legal_reference": "Arrêté"});
    let conflict = api.patch(&writes, &path, (1, &both)).await;
    assert_eq!(conflict.refused(), (409, "admin.conflict".into()));
    let wrong = &conflict.body["errors"][0];
    assert_eq!((&wrong["theirs"], &wrong["mine"]), (&json!("Cantine scolaire"), &json!("Restaurant scolaire")));
    let now = api.get(&writes, &path).await.ok();
    assert_eq!(
        (&now.body["form"]["title"], &now.body["form"]["legal_reference"]),
        (&json!("Cantine scolaire"), &json!("Arrêté"))
    );
    assert_eq!(now.version(), conflict.version());
    let emptied = api.patch(&writes, &path, (now.version(), &json!({"editor": ""}))).await.ok();
    assert!(emptied.body["form"].get("editor").is_none(), "an empty text empties a field");
}

#[tokio::test]
async fn what_is_not_described_is_refused_and_nothing_is_kept() {
    let api = Api::open().await;
    let writes = api.token(&["requests:write", "requests:read"], &[]).await;
    let begun = api.begin(&writes, LYON, &json!({"title": "Cantine"})).await;
    let path = begun.header("location").to_owned();
    let unknown = json!({"title": "Autre", "unknown": "x", "level": "eidas9"});
    let unfit = api.patch(&writes, &path, (1, &unknown)).await;
    assert_eq!(unfit.refused(), (422, "admin.input_invalid".into()));
    let mut named: Vec<&str> =
        unfit.body["errors"].as_array().unwrap().iter().map(|wrong| wrong["field"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, ["level", "unknown"]);
    let patch = || api.ask(&writes, Method::PATCH, &path);
    let form = json!({"form": {"title": "Autre"}});
    for (request, expected) in [
        (patch().json(&form), (428, "admin.version_due")),
        (patch().header("If-Match", "*").json(&form), (428, "admin.version_due")),
        (patch().header("If-Match", "\"99\"").json(&form), (409, "admin.changed_meanwhile")),
        (patch().header("If-Match", "\"1\"").body("{"), (415, "admin.media_type")),
        (patch().header("If-Match", "\"1\"").json(&json!({"from": {}})), (400, "admin.body_unreadable")),
        (patch().header("If-Match", "\"1\"").json(&json!({"form": {"title": 3}})), (400, "admin.body_unreadable")),
        (api.ask(&writes, Method::GET, "/admin/v1/requests?state=unknown"), (400, "admin.query_invalid")),
        (api.ask(&writes, Method::GET, "/admin/v1/requests?limit=0"), (400, "admin.query_invalid")),
        (api.ask(&writes, Method::GET, "/admin/v1/requests?limit=201"), (400, "admin.query_invalid")),
        (api.ask(&writes, Method::GET, "/admin/v1/requests?cursor=x"), (400, "admin.query_invalid")),
        (api.ask(&writes, Method::GET, "/admin/v1/requests?offset=2"), (400, "admin.query_invalid")),
        (api.ask(&writes, Method::DELETE, &path), (405, "admin.wrong_method")),
        (api.ask(&writes, Method::GET, "/admin/v1/nothing"), (404, "admin.no_route")),
    ] {
        let answer = api.send(request).await;
        assert_eq!(answer.refused(), (expected.0, expected.1.to_owned()));
    }
    let long = "x".repeat(2 << 20);
    let sent = patch().header("If-Match", "\"1\"").json(&json!({"form": {"description": long}})).send().await;
    if let Ok(answer) = sent {
        assert_eq!(answer.status(), 413, "a body of 2 MB is refused before it is read");
    }
    let now = api.get(&writes, &path).await.ok();
    assert_eq!((now.version(), &now.body["form"]), (1, &json!({"title": "Cantine"})), "nothing was kept");
}

#[tokio::test]
async fn a_list_comes_page_by_page_each_request_once() {
    let api = Api::open().await;
    let writes = api.token(&["requests:write", "requests:read"], &[]).await;
    let mut made = BTreeSet::new();
    for number in 0..7 {
        let begun = api.begin(&writes, LYON, &json!({"title": format!("Service {number}")})).await;
        made.insert(begun.text("id").to_owned());
    }
    for limit in [2, 7, 200] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&writes, &format!("/admin/v1/requests?state=draft&limit={limit}{cursor}")).await.ok();
            let items = page.body["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = page.body["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
            // One that comes meanwhile takes nothing away.
            let begun = api.begin(&writes, LYON, &json!({"title": "Entre-temps"})).await;
            made.insert(begun.text("id").to_owned());
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "each once, in pages of {limit}");
        assert!(seen.iter().all(|id| made.contains(id)) && seen.len() >= 7);
    }
    let none = api.get(&writes, "/admin/v1/requests?state=granted").await.ok();
    assert_eq!(none.body, json!({"items": [], "next": null}));
}

#[tokio::test]
async fn a_token_that_calls_too_often_waits_and_another_does_not() {
    let api = Api::set(Setting::default(), "[limits]\ncalls_per_token_per_minute = 5\n").await;
    let (one, other) = (api.token(&["switches:read"], &[]).await, api.token(&["switches:read"], &[]).await);
    for _ in 0..5 {
        api.get(&one, "/admin/v1/switches").await.ok();
    }
    let waits = api.get(&one, "/admin/v1/switches").await;
    assert_eq!(waits.refused(), (429, "admin.too_many_calls".into()));
    assert!((1..=12).contains(&waits.header("retry-after").parse::<u64>().unwrap()), "{waits:?}");
    let switch = ["switches", "off", "level:eidas3", "--why", "Une faille."];
    api.space.idp(&switch).await;
    let switches = api.get(&other, "/admin/v1/switches").await.ok().body;
    assert_eq!((&switches[0]["switch"], &switches[0]["reason"]), (&json!("level:eidas3"), &json!("Une faille.")));
}

#[tokio::test]
async fn a_token_is_shown_once_listed_without_itself_and_made_with_no_more_than_it_may_have() {
    let api = Api::open().await;
    let reads = api.token(&["requests:read", "figures:read"], &["--organisation", LYON]).await;
    api.get(&reads, &format!("/admin/v1/organisations/{LYON}/requests")).await.ok();
    let listed = api.space.idp(&["tokens", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let found = listed.as_array().unwrap().iter().find(|token| token["id"] == reads.id.as_str()).unwrap();
    assert_eq!((&found["state"], &found["reach"]), (&json!("live"), &json!(format!("organisation:{LYON}"))));
    assert!(found["used"].is_string() && found.get("token").is_none(), "{found}");
    assert!(api.space.idp(&["tokens", "list"]).await.contains("figures:read"));
    let refused = async |arguments: &[&str]| {
        let run = [&["tokens", "create", "--name", "x"], arguments].concat();
        let output = api.space.scene.gateway.installation().run(&run).await.unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (arguments, advice) in [
        (&["--scope", "requests:all"][..], "there is no such scope"),
        (&["--scope", "requests:write", "--scope", "requests:review"], "does not decide"),
        (&["--scope", "requests:review", "--organisation", LYON], "its requests are its own"),
        (&["--scope", "requests:approve"], "answers for it"),
        (&["--scope", "requests:read", "--expires", "367"], "1 to 366 days"),
        (&["--scope", "requests:read", "--organisation", TOULOUSE], "nobody brought in"),
    ] {
        let told = refused(arguments).await;
        assert!(told.contains(advice), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn an_operator_reviews_at_the_command_line_as_on_a_page() {
    let api = Api::open().await;
    let nadia = api.space.id(&api.nadia).await;
    let writes = api.token(&["requests:write", "requests:read"], &["--issuer", &nadia]).await;
    let begun = api.begin(&writes, LYON, &high()).await;
    let (path, id) = (begun.header("location").to_owned(), begun.text("id").to_owned());
    api.post(&writes, &format!("{path}/submit"), &json!({"version": 1})).await.ok();
    let run = async |arguments: &[&str]| {
        let arguments = [&["habilitations"], arguments].concat();
        let output = api.space.scene.gateway.installation().run(&arguments).await.unwrap();
        let told = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8(told).unwrap())
    };
    let json = async |arguments: &[&str]| -> Value {
        let (done, told) = run(arguments).await;
        assert!(done, "{arguments:?}: {told}");
        serde_json::from_str(&told).unwrap()
    };
    let listed = json(&["requests", "--state", "submitted", "--json"]).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["request"]), (1, &json!(id)));
    assert!(json(&["requests", "--departement", "31", "--json"]).await.as_array().unwrap().is_empty());
    let shown = json(&["show", &id, "--json"]).await;
    assert_eq!(shown["form"]["title"], "Cantine scolaire");
    assert!(run(&["show", &id]).await.1.contains("open points"));
    for (arguments, advice) in [
        (&["approve", &id][..], "not everything was looked at"),
        (&["refuse", &id], "--reason"),
        (&["refuse", &id, "--reason", " "], "a reason"),
        (&["refuse", &id, "--reason", "Non.", "--version", "1"], "was changed since"),
        (&["reopen", &id], "is submitted"),
        (&["look", &id, "--point", "nothing"], "there is no such point"),
        (&["approve", "-x"], "there is no request"),
        (&["approve", "--", "-x"], "there is no request"),
    ] {
        let (done, told) = run(arguments).await;
        assert!(!done && told.contains(advice), "{arguments:?}: {told}");
    }
    let back = json(&["request-changes", &id, "--reason", "Le titre est trop court.", "--json"]).await;
    assert_eq!(back["state"], "changes_requested");
    let (mut mail, mut after) = (String::new(), 0);
    while !mail.contains("Le titre est trop court.") {
        let message = api.space.scene.mail_to(&partner::mail("Nadia"), after).await;
        (mail, after) = (message.text.clone(), message.id);
    }
    let version = api.version(&writes, &path).await;
    api.post(&writes, &format!("{path}/submit"), &json!({"version": version})).await.ok();
    json(&["look", &id, "--all", "--json"]).await;
    let once = json(&["approve", &id, "--without-bench", WITHOUT, "--json"]).await;
    assert_eq!(once["state"], "submitted");
    let (done, told) = run(&["approve", &id]).await;
    assert!(!done && told.contains("second person"), "{told}");
    let program = api.decides(&["requests:approve"]).await;
    let version = api.version(&writes, &path).await;
    let beside = api.post(&program, &format!("{path}/approve"), &json!({"version": version})).await;
    assert_eq!(beside.refused(), (403, "admin.same_person".into()), "programs and the command line are one");
    let mut ines = api.ines.clone();
    let page = expect(ines.open(&format!("/espace/demandes/{id}/instruction")).await.unwrap(), "request-review");
    expect(ines.press(&page, APPROVE, &[]).await.unwrap(), "request");
    assert_eq!(json(&["show", &id, "--json"]).await["state"], "granted");
    let (done, told) = run(&["revoke", &id, "--reason", "Le service a fermé."]).await;
    assert!(done && told.contains("is revoked"), "{told}");
    assert_eq!(json(&["show", &id, "--json"]).await["state"], "revoked");
}
