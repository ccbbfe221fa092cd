//! No claim leaves without a habilitation that is in force: what a revocation, a suspension, a narrower habilitation and
//! a switch stop, on every node, within a second, for what was issued before too.

use std::time::Duration;

use conformance::citizen::{Citizen, Page};
use conformance::data_provider::DataProvider;
use conformance::engines::{Postgres, Redis};
use conformance::gateway::{Ephemeral, Gateway, Installation, Lasting};
use conformance::or_skip;
use conformance::process::Signals;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::scene::Setting;
use conformance::site::free_port;
use conformance::tools::Missing;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, choose, citizen_of, expect, within};

/// What is promised: a change is in force on every node within a second, from the end of the command that made it.
const SECOND: Duration = Duration::from_secs(1);

/// A gateway of two nodes, and a service that may have refresh tokens.
struct Nodes {
    journey: Journey,
    service: RelyingParty,
    second: Gateway,
    _engines: Option<(Redis, Postgres)>,
}

/// What a service and its citizens have in their hands.
struct InHand {
    access: String,
    refresh: String,
    code: (Ask, String),
    pushed: String,
    choosing: (Citizen, Page),
    away: (Citizen, url::Url),
    informed: (Citizen, Page),
}

impl Nodes {
    async fn start() -> Result<Self, Missing> {
        let engines = (Redis::start().await?, Postgres::start().await?);
        let setting = Setting {
            ephemeral: Ephemeral::Redis(engines.0.url()),
            lasting: Lasting::Postgres(engines.1.url()),
            ..Setting::default()
        };
        Ok(Self::beside(Journey::set(setting).await, Some(engines)).await)
    }

    async fn beside(journey: Journey, engines: Option<(Redis, Postgres)>) -> Self {
        let mut metadata = RelyingParty::ordinary("Mairie du Val");
        metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
        let service = journey.register(&metadata).await;
        let beside = journey.scene.gateway.installation().beside(free_port()).unwrap();
        let second = beside.serve(Signals::Shared).await.unwrap();
        Self { journey, service, second, _engines: engines }
    }

    fn installation(&self) -> &Installation {
        self.journey.scene.gateway.installation()
    }

    /// Runs `idp ARGUMENTS`, which must succeed; what it prints.
    async fn idp(&self, arguments: &[&str]) -> String {
        let output = self.installation().run(arguments).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The service as it reaches the second node.
    fn elsewhere(&self) -> RelyingParty {
        let mut other = self.service.clone();
        let at = |endpoint: &str| endpoint.replace(self.installation().issuer(), self.second.installation().base());
        other.metadata.token_endpoint = at(&other.metadata.token_endpoint);
        other.metadata.userinfo_endpoint = at(&other.metadata.userinfo_endpoint);
        other
    }

    /// Waits until both nodes answer userinfo with this status, for no longer than is promised.
    async fn both_answer(&self, token: &str, status: u16) {
        let elsewhere = self.elsewhere();
        within(SECOND, &format!("{status} on every node"), async || {
            let here = self.service.userinfo(token).await.unwrap().status().as_u16();
            let there = elsewhere.userinfo(token).await.unwrap().status().as_u16();
            (here == status && there == status).then_some(())
        })
        .await;
    }

    /// A whole sign-in: the answer of the token endpoint.
    async fn tokens(&self, scope: &str) -> Value {
        let ask = self.service.ask(scope).and("prompt", "consent");
        let mut citizen = citizen_of(&self.service);
        let back = self.journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let answer = self.service.redeem(&ask, &back.parameter("code").unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn everything(&self) -> InHand {
        let tokens = self.tokens("openid profile offline_access").await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let ask = self.service.ask("openid profile");
        let mut choosing = citizen_of(&self.service);
        let chooser = expect(choosing.open(&ask.url()).await.unwrap(), "choose");
        let mut away = citizen_of(&self.service);
        let held = self.journey.held(&mut away, &self.service.ask("openid"), ProviderId::Impots, "angela").await;
        let mut informed = citizen_of(&self.service);
        let inform = self.journey.to_inform(&mut informed, &ask, ProviderId::Impots, "angela").await;
        InHand {
            access: text("access_token"),
            refresh: text("refresh_token"),
            code: self.journey.code(&self.service).await,
            pushed: self.push().await,
            choosing: (choosing, chooser),
            away: (away, held),
            informed: (informed, inform),
        }
    }

    /// Pushes a request; the URL that the browser is sent to.
    async fn push(&self) -> String {
        let ask = self.service.ask("openid");
        let form: Vec<(&str, &str)> = ask.form();
        let answer = self.service.post(&self.par(), &form).await.unwrap();
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        let mut url = url::Url::parse(&self.service.metadata.authorization_endpoint).unwrap();
        let reference = answer["request_uri"].as_str().unwrap();
        url.query_pairs_mut().append_pair("client_id", &self.service.client_id).append_pair("request_uri", reference);
        url.into()
    }

    fn par(&self) -> String {
        format!("{}/par", self.installation().issuer())
    }

    async fn refresh(&self, service: &RelyingParty, token: &str) -> (u16, Value) {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let answer = service.token_request(&form).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

/// The page of a service that is not served any more, and the way back from it: the service is told why.
async fn goes_back(citizen: &mut Citizen, page: Page, error: &str) {
    let page = expect(page, "withdrawn");
    assert_eq!(page.status, 403, "{}", page.brief());
    assert!(page.refusal().starts_with("habilitation."), "{}", page.refusal());
    assert_eq!(page.attribute("html", "lang").unwrap(), "fr");
    let heading = page.text("h1").unwrap();
    assert_eq!(heading, "Ce service ne peut pas vous connecter");
    let back = citizen.press(&page, "form[data-step=cancel] button[type=submit]", &[]).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some(error), "{}", back.brief());
    assert_eq!(back.parameter("code"), None);
}

#[tokio::test]
async fn a_revocation_ends_what_was_issued_and_what_is_under_way_on_every_node_within_a_second() {
    let nodes = or_skip!(Nodes::start().await);
    let (service, elsewhere) = (&nodes.service, nodes.elsewhere());
    let mut hand = nodes.everything().await;
    nodes.both_answer(&hand.access, 200).await;

    let id = &service.client_id;
    nodes.idp(&["habilitations", "revoke", id, "--why", "la convention a pris fin"]).await;
    nodes.both_answer(&hand.access, 401).await;

    for party in [service, &elsewhere] {
        let told: Value = {
            let answer = party.redeem(&hand.code.0, &hand.code.1).await.unwrap();
            assert_eq!(answer.status(), 400);
            answer.json().await.unwrap()
        };
        assert_eq!(told["error"], "unauthorized_client", "a code: {told}");
        let (status, told) = nodes.refresh(party, &hand.refresh).await;
        assert_eq!((status, &told["error"]), (400, &json!("unauthorized_client")), "a refresh token: {told}");
    }
    let ask = service.ask("openid");
    let pushed = service.post(&nodes.par(), &ask.form()).await.unwrap();
    assert_eq!(pushed.status(), 400);
    assert_eq!(pushed.json::<Value>().await.unwrap()["error"], "unauthorized_client");
    for url in [&hand.pushed, &ask.url()] {
        let back = citizen_of(service).open(url).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some("unauthorized_client"), "{}", back.brief());
    }

    let (citizen, inform) = &mut hand.informed;
    let page = accept(citizen, inform).await;
    goes_back(citizen, page, "unauthorized_client").await;
    let (citizen, callback) = &mut hand.away;
    let page = citizen.open(callback.as_str()).await.unwrap();
    assert!(page.refusals().iter().any(|event| event.code == "habilitation.revoked"), "{}", page.brief());
    let (citizen, chooser) = &mut hand.choosing;
    let button = "form[data-step=choose] button[name=provider][value=impots]";
    let page = citizen.press(chooser, button, &[]).await.unwrap();
    goes_back(citizen, page, "unauthorized_client").await;

    let shown: Value = serde_json::from_str(&nodes.idp(&["habilitations", "show", id, "--json"]).await).unwrap();
    assert_eq!((&shown["state"], &shown["why"]), (&json!("revoked"), &json!("la convention a pris fin")));
    let again = nodes.installation().run(&["habilitations", "resume", id, "--why", "x"]).await.unwrap();
    assert!(!again.status.success(), "what was revoked stays so");
}

#[tokio::test]
async fn what_was_suspended_goes_on_when_it_is_resumed() {
    let nodes = Nodes::beside(Journey::start().await, None).await;
    let tokens = nodes.tokens("openid profile").await;
    let (token, id) = (tokens["access_token"].as_str().unwrap(), &nodes.service.client_id);
    for (act, status) in [("suspend", 401), ("resume", 200), ("suspend", 401)] {
        nodes.idp(&["habilitations", act, id, "--why", "essai"]).await;
        // One memory each: the second node knows the habilitation, and no token of the first.
        within(SECOND, act, async || {
            (nodes.service.userinfo(token).await.unwrap().status().as_u16() == status).then_some(())
        })
        .await;
    }
    let back = citizen_of(&nodes.service).open(&nodes.service.ask("openid").url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("unauthorized_client"), "{}", back.brief());
    let without = nodes.installation().run(&["habilitations", "resume", id]).await.unwrap();
    assert_eq!(without.status.code(), Some(2), "a reason is due");
}

#[tokio::test]
async fn a_narrower_habilitation_takes_scopes_and_levels_from_live_tokens() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ville d’essai");
    let service = &journey.register(&metadata).await;
    let installation = journey.scene.gateway.installation();
    let idp = async |arguments: &[&str]| {
        let output = installation.run(arguments).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let whole = service.ask("openid profile birth email");
    let back = journey.to_return(&mut citizen_of(service), &whole, ProviderId::Impots, "angela").await;
    let tokens = service.finish(&whole, &back).await.unwrap();
    let claims = async || -> Value {
        let answer = service.userinfo(&tokens.access_token).await.unwrap();
        answer.json().await.unwrap()
    };
    assert_eq!(claims().await["email"], "angela@exemple.fr");
    let id = &service.client_id;
    idp(&["habilitations", "narrow", id, "--scopes", "openid profile", "--why", "sans adresse"]).await;
    within(SECOND, "the narrower habilitation", async || {
        let claims = claims().await;
        (claims.get("email").is_none() && claims["family_name"] == "DUBOIS").then_some(())
    })
    .await;
    let back = citizen_of(service).open(&whole.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_scope"), "{}", back.brief());

    // The same metadata imported again, as every deployment does, gives nothing back.
    metadata["client_id"] = json!(id);
    installation.import(&metadata).await.unwrap();
    let back = citizen_of(service).open(&whole.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_scope"), "{}", back.brief());

    idp(&["habilitations", "narrow", id, "--level", "eidas1", "--why", "niveau faible"]).await;
    let asked = service.ask("openid").with("acr_values", "eidas2");
    within(SECOND, "the lower level", async || {
        let back = citizen_of(service).open(&asked.url()).await.unwrap();
        (back.parameter("error").as_deref() == Some("unmet_authentication_requirements")).then_some(())
    })
    .await;
    let wider = installation.run(&["habilitations", "narrow", id, "--level", "eidas3", "--why", "x"]).await.unwrap();
    assert!(!wider.status.success(), "nothing is widened by narrowing");
}

#[tokio::test]
async fn a_switch_stops_a_service_a_provider_or_a_level_and_lets_go_on_what_it_stopped() {
    let journey = Journey::start().await;
    let (service, installation) = (&journey.service, journey.scene.gateway.installation());
    let other = journey.register(&RelyingParty::ordinary("Autre ville")).await;
    let turn = async |way: &str, switch: &str| {
        let output = installation.run(&["switches", way, switch, "--why", "essai"]).await.unwrap();
        assert!(output.status.success(), "{switch}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let (ask, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let live = async |status: u16| {
        within(SECOND, &format!("userinfo answers {status}"), async || {
            (service.userinfo(&tokens.access_token).await.unwrap().status() == status).then_some(())
        })
        .await;
    };
    let mut waiting = journey.citizen();
    let inform = journey.to_inform(&mut waiting, &ask, ProviderId::Impots, "angela").await;

    let own = format!("service:{}", service.client_id);
    turn("off", &own).await;
    live(401).await;
    let back = journey.citizen().open(&journey.ask().url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("temporarily_unavailable"), "{}", back.brief());
    let page = accept(&mut waiting, &inform).await;
    assert!(expect(page, "withdrawn").body.contains("suspendue pour le moment"));
    expect(citizen_of(&other).open(&other.ask("openid").url()).await.unwrap(), "choose");
    turn("on", &own).await;
    live(200).await;

    turn("off", "provider:impots").await;
    live(401).await;
    let mut citizen = journey.citizen();
    let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    assert!(chooser.has("[data-provider=impots][data-why]"), "{}", chooser.body);
    let login = choose(&mut citizen, &chooser, ProviderId::AssuranceMaladie).await;
    expect(login, "login");
    turn("on", "provider:impots").await;
    live(200).await;

    turn("off", "level:eidas2").await;
    let asked = service.ask("openid").with("acr_values", "eidas2");
    within(SECOND, "the level is off", async || {
        let back = journey.citizen().open(&asked.url()).await.unwrap();
        (back.parameter("error").as_deref() == Some("temporarily_unavailable")).then_some(())
    })
    .await;
    let listed = installation.run(&["switches", "list", "--json"]).await.unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed[0]["switch"], &listed[0]["why"]), (&json!("level:eidas2"), &json!("essai")));
    turn("on", "level:eidas2").await;
    for unknown in ["service:nobody", "provider:nobody"] {
        let refused = installation.run(&["switches", "off", unknown, "--why", "x"]).await.unwrap();
        assert!(!refused.status.success(), "{unknown}: what was mistyped stops nothing");
    }
}

#[tokio::test]
async fn a_drill_switches_a_service_off_for_real_and_tells_how_long_each_node_took() {
    let nodes = or_skip!(Nodes::start().await);
    let (first, second) = (nodes.installation().base(), nodes.second.installation().base());
    let id = &nodes.service.client_id;
    let drill = ["switches", "drill", id, "--node", first, "--node", second, "--why", "exercice", "--json"];
    let told: Value = serde_json::from_str(&nodes.idp(&drill).await).unwrap();
    let list = told["nodes"].as_array().unwrap();
    assert_eq!(list.iter().map(|node| node["node"].as_str().unwrap()).collect::<Vec<_>>(), [first, second]);
    for node in list {
        let (off, on) = (node["off_ms"].as_u64().unwrap(), node["on_ms"].as_u64().unwrap());
        assert!(off <= 1000 && on <= 1000, "{told}");
    }
    println!("the drill measured {told}");
    let listed = nodes.idp(&["switches", "list", "--json"]).await;
    assert_eq!(listed.trim(), "[]", "it is on again");
    // One that is off already is no drill.
    nodes.idp(&["switches", "off", &format!("service:{id}"), "--why", "essai"]).await;
    let refused = nodes.installation().run(&drill).await.unwrap();
    assert!(!refused.status.success());
}

#[tokio::test]
async fn a_data_provider_is_told_nothing_once_either_side_is_not_habilitated() {
    let journey = Journey::start().await;
    let installation = journey.scene.gateway.installation();
    let tax = DataProvider::open(installation, "Impôts", "openid dgfip_rfr", &json!({})).await.unwrap();
    let mut metadata = RelyingParty::ordinary("Ville qui partage");
    metadata["scope"] = json!("openid profile dgfip_rfr");
    metadata["passerelle"]["resources"] = json!([tax.resource()]);
    let town = journey.register(&metadata).await;
    let ask = town.ask("openid dgfip_rfr").and("resource", tax.resource());
    let back = journey.to_return(&mut citizen_of(&town), &ask, ProviderId::Impots, "angela").await;
    let token = town.finish(&ask, &back).await.unwrap().access_token;
    assert_eq!(tax.introspect(&token).await.unwrap()["active"], true);
    let act = async |act: &str, client: &str| {
        let output = installation.run(&["habilitations", act, client, "--why", "essai"]).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    act("suspend", &town.client_id).await;
    within(SECOND, "the token is inactive", async || {
        (tax.introspect(&token).await.unwrap() == json!({"active": false})).then_some(())
    })
    .await;
    act("resume", &town.client_id).await;
    act("suspend", tax.client_id()).await;
    within(SECOND, "the data provider is refused", async || {
        let endpoint = format!("{}/introspect", journey.scene.gateway.issuer());
        let answer = tax.ask_at(&endpoint, &token, "application/json").await.unwrap();
        (answer.status() == 400).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_rotated_without_a_moment_in_which_none_is_accepted() {
    let journey = Journey::start().await;
    let (service, installation) = (&journey.service, journey.scene.gateway.installation());
    let id = &service.client_id;
    let idp = async |arguments: &[&str]| -> Value {
        let output = installation.run(arguments).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    };
    // What is asked needs a proof of who asks, and nothing else.
    let revoke = format!("{}/revoke", journey.scene.gateway.issuer());
    let status = async |secret: &str| {
        let mut party = service.clone();
        party.secret = Some(secret.to_owned());
        party.post(&revoke, &[("token", "x")]).await.unwrap().status().as_u16()
    };
    let old = service.secret.clone().unwrap();
    let first = idp(&["secrets", "list", id, "--json"]).await[0]["secret"].as_str().unwrap().to_owned();
    let added = idp(&["secrets", "add", id, "--days", "20", "--why", "rotation", "--json"]).await;
    let new = added["client_secret"].as_str().unwrap();
    within(SECOND, "the second secret", async || (status(new).await == 200).then_some(())).await;
    assert_eq!(status(&old).await, 200, "both are accepted");
    let third = installation.run(&["secrets", "add", id, "--why", "rotation"]).await.unwrap();
    assert!(!third.status.success(), "never more than two");

    let listed = within(Duration::from_secs(20), "the day of the last use", async || {
        let listed = idp(&["secrets", "list", id, "--json"]).await;
        listed.as_array()?.iter().all(|secret| secret["last_day"].is_i64()).then_some(listed)
    })
    .await;
    let second = &listed[1];
    assert_eq!(second["secret"], added["secret"]);
    assert_eq!(second["last_day"].as_i64().unwrap() % 86_400, 0, "a day, no moment: {second}");
    assert!(!listed.to_string().contains(new), "a secret is shown once");

    idp(&["secrets", "retire", id, &first, "--why", "rotation"]).await;
    within(SECOND, "the old secret is refused", async || (status(&old).await == 401).then_some(())).await;
    assert_eq!(status(new).await, 200);
    let name = second["secret"].as_str().unwrap();
    let last = installation.run(&["secrets", "retire", id, name, "--why", "rotation"]).await.unwrap();
    assert!(!last.status.success(), "the last one stays");
}

#[tokio::test]
async fn who_is_named_in_the_registration_is_warned_once_before_a_secret_ends() {
    let mut journey = Journey::start().await;
    let id = journey.service.client_id.clone();
    let installation = journey.scene.gateway.installation();
    let added = installation.run(&["secrets", "add", &id, "--days", "7", "--why", "rotation"]).await.unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    // The first round of a gateway comes as it starts.
    journey.scene.gateway.restart().await.unwrap();
    let mail = journey.scene.mail_to("contact@exemple.fr", 0).await;
    assert_eq!(mail.subject, "Le secret de Ville d’essai arrive à échéance");
}

#[tokio::test]
async fn a_sandbox_client_meets_sandbox_providers_alone_and_nobody_else_meets_those() {
    let mut journey = Journey::start().await;
    let installation = journey.scene.gateway.installation();
    installation.change_provider("poste", |file| {
        file.insert("sandbox".into(), true.into());
    });
    let metadata = RelyingParty::ordinary("Ville en essai");
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), metadata.to_string()).unwrap();
    let path = file.path().to_str().unwrap();
    let imported = installation.run(&["clients", "import", path, "--sandbox", "--json"]).await.unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let imported: Value = serde_json::from_slice(&imported.stdout).unwrap();
    let mut abroad = metadata.clone();
    abroad["redirect_uris"] = json!(["https://www.ville-du-val.fr/retour"]);
    std::fs::write(file.path(), abroad.to_string()).unwrap();
    let refused = installation.run(&["clients", "import", path, "--sandbox"]).await.unwrap();
    assert!(!refused.status.success(), "a host of the internet is none of the sandbox");
    journey.scene.gateway.restart().await.unwrap();

    let issuer = journey.scene.gateway.issuer();
    let text = |name: &str| imported[name].as_str().unwrap().to_owned();
    let redirect = metadata["redirect_uris"][0].as_str().unwrap().to_owned();
    let sandbox = RelyingParty::known(issuer, text("client_id"), Some(text("client_secret")), redirect).await.unwrap();
    for (service, own) in [(&sandbox, true), (&journey.service, false)] {
        let chooser = expect(citizen_of(service).open(&service.ask("openid").url()).await.unwrap(), "choose");
        assert_eq!(chooser.has("[data-provider=poste], button[value=poste]"), own, "{}", chooser.body);
        assert_eq!(chooser.has("[data-provider=impots], button[value=impots]"), !own, "{}", chooser.body);
        // No form that is forged, and no hint, leads to the other side.
        let other = if own { "impots" } else { "poste" };
        let hinted = citizen_of(service).open(&service.ask("openid").and("idp_hint", other).url()).await.unwrap();
        assert_eq!(hinted.parameter("error").as_deref(), Some("invalid_idp_hint"), "{}", hinted.brief());
    }
    let ask = sandbox.ask("openid profile");
    let back = journey.to_return(&mut citizen_of(&sandbox), &ask, ProviderId::Poste, "angela").await;
    assert!(back.parameter("code").is_some(), "{}", back.brief());

    // A session with a real citizen serves no sandbox, in the same browser.
    let mut citizen = Citizen::new().stopping_at("http://localhost:");
    journey.to_return(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    expect(citizen.open(&sandbox.ask("openid").url()).await.unwrap(), "choose");
}
