//! The stage: a gateway with the partners' space, its operator's admin in it, the crowd, and the requests written out.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use conformance::agent::{self, Agent};
use conformance::cookies::Initiator;
use conformance::gateway::{Gateway, Installation, Lasting, Surroundings};
use conformance::mailbox::Mailbox;
use conformance::process::Signals;
use conformance::registry::Registry;
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, Providers};
use conformance::workspace::executables;
use serde::Deserialize;
use serde_json::Value;

use crate::{gauge, program, run};

/// A page and what asks for it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) route: String,
    pub(crate) request: Vec<u8>,
}

/// A row of `idp partners routes --json`.
#[derive(Debug, Deserialize)]
struct Route {
    method: String,
    path: String,
}

/// Everything that runs around the gateway.
#[derive(Debug)]
pub(crate) struct Stage {
    gateway: Gateway,
    port: u16,
    partner: Agent,
    id: String,
    place: String,
    crowd: PathBuf,
    floor: Vec<u8>,
    /// The routes that are not asked for.
    pub(crate) left_out: Vec<String>,
    _around: (Providers, Registry, Mailbox),
}

impl Stage {
    /// Sets it, without the crowd.
    pub(crate) async fn set(profile: &str, lasting: Lasting) -> anyhow::Result<Self> {
        let idp = program::built(profile).await?;
        let [crowd] = executables(["crowd"], &["--example", "crowd", "--profile", profile]).await?;
        let (registry, mailbox) =
            (Registry::start(listen(0).await?, Control::Closed), Mailbox::start(listen(0).await?, listen(0).await?));
        let port = free_port();
        let origin = format!("http://localhost:{port}");
        let around = Surroundings {
            port: free_port(),
            registry_url: registry.url(),
            smtp_url: mailbox.smtp_url(),
            lasting: lasting.clone(),
            overrides: format!("[partners]\norigin = \"{origin}\"\nlisten = \"127.0.0.1:{port}\"\n").parse()?,
            ..Surroundings::default()
        };
        let providers = Providers::start(listen(0).await?, &around.issuer(), Control::Closed);
        let installation = Installation::write(&idp, &around, &providers)?;
        installation.migrate().await?;
        let invite = ["partners", "invite-operator", "--mail", "nadia@exploitant.example", "--role", "admin", "--json"];
        let printed: Value = serde_json::from_str(&agent::run(&installation, &invite).await?)?;
        let link = printed["link"].as_str().context("a link")?.to_owned();
        let gateway = installation.serve(Signals::Shared).await?;
        let mut partner = Agent::at(&origin);
        let page = partner.browser.open(&link).await?;
        let credential = partner.make(&page).await?;
        let fields = [("credential", credential.as_str()), ("name", "Clé"), ("person", "Nadia")];
        let page = partner.browser.press(&page, "form[data-step=register] button", &fields).await?;
        partner.enter(&page).await?;
        let listed = agent::run(&installation, &["partners", "list", "--json"]).await?;
        let listed: Value = serde_json::from_str(&listed)?;
        let id = listed[0]["id"].as_str().context("a partner")?.to_owned();
        let home = partner.open("/espace").await?;
        let style = home.attribute("link[rel=stylesheet]", "href")?;
        let place = match lasting {
            Lasting::Sqlite => installation.data().join("registry.sqlite").display().to_string(),
            Lasting::Postgres(url) => url,
        };
        let floor = format!("GET {style} HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n").into_bytes();
        let left_out = Vec::new();
        let around = (providers, registry, mailbox);
        Ok(Self { gateway, port, partner, id, place, crowd, floor, left_out, _around: around })
    }

    /// The port of the space.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The gateway's process.
    pub(crate) fn server(&self) -> u32 {
        self.gateway.process.id()
    }

    /// What asks for the floor.
    pub(crate) fn floor(&self) -> &[u8] {
        &self.floor
    }

    /// Starts the gateway anew, signs in, asks for the first page some hundred times: its memory in KiB then.
    pub(crate) async fn settled(&mut self) -> anyhow::Result<u64> {
        self.gateway.restart().await?;
        let page = self.partner.open("/espace/entree").await?;
        self.partner.enter(&page).await?;
        let request = self.request("/espace")?;
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        let mut answer = Vec::new();
        for _ in 0..300 {
            ensure!(run::exchange(&mut stream, &request, &mut answer)? == 200, "the session is good");
        }
        Ok(gauge::memory(self.gateway.process.id())?.resident)
    }

    /// Brings the crowd.
    pub(crate) async fn fill(&mut self, services: u32, sign_ins: u32) -> anyhow::Result<()> {
        let key = self.gateway.installation().data().join("master.key");
        let numbers = [services.to_string(), sign_ins.to_string()];
        let mut command = tokio::process::Command::new(&self.crowd);
        command.arg(&self.place).arg(key).arg(&self.id).args(numbers);
        ensure!(command.status().await?.success(), "the crowd did not come");
        Ok(())
    }

    /// Every page of the table that can be asked for by what lies in the registry.
    pub(crate) async fn pages(&mut self) -> anyhow::Result<Vec<Page>> {
        let routes = agent::run(self.gateway.installation(), &["partners", "routes", "--json"]).await?;
        let routes: Vec<Route> = serde_json::from_str(&routes)?;
        let home = self.partner.open("/espace").await?;
        let siret = home.attribute("[data-organisation]", "data-organisation")?;
        let list = self.partner.open(&format!("/espace/organisations/{siret}/demandes")).await?;
        let request = list.attribute("a[href^='/espace/demandes/']", "href")?;
        let request = request.trim_start_matches("/espace/demandes/").split('/').next().unwrap_or_default().to_owned();
        let block = self.partner.open(&format!("/espace/demandes/{request}")).await?;
        let prefix = format!("/espace/demandes/{request}/");
        let fixed = ["echanges", "instruction", "demande.json"];
        let before = format!("href=\"{prefix}");
        let links = block.body.split(before.as_str()).skip(1).filter_map(|rest| rest.split('"').next());
        let block = links.into_iter().find(|name| !fixed.contains(name) && !name.contains('/'));
        let known = [
            ("{siret}", Some(siret.as_str())),
            ("{request}", Some(request.as_str())),
            ("{client_id}", Some("service-000000")),
            ("{block}", block),
        ];
        let mut pages = Vec::new();
        for Route { path, .. } in routes.into_iter().filter(|route| route.method == "GET") {
            let filled = known.iter().fold(path.clone(), |filled, (name, value)| match value {
                Some(value) => filled.replace(name, value),
                None => filled,
            });
            // An invitation, a link back in: spent by being looked at, or somebody else's.
            let request = if filled.contains('{') { None } else { Some(self.request(&filled)?) };
            match request {
                Some(request) if self.answers(&request)? => pages.push(Page { route: path, request }),
                Some(_) | None => self.left_out.push(path),
            }
        }
        ensure!(!pages.is_empty(), "no page can be asked for");
        Ok(pages)
    }

    /// Whether a page comes, and no redirect to another.
    fn answers(&self, request: &[u8]) -> anyhow::Result<bool> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        let status = run::exchange(&mut stream, request, &mut Vec::new())?;
        // What needs a request that was granted, or a run that was made, is not there.
        ensure!(status < 400 || status == 404, "{status}: {}", String::from_utf8_lossy(request));
        Ok(status == 200)
    }

    fn request(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let url = self.partner.origin.join(path)?;
        let cookies = self.partner.browser.jar.header(&url, Initiator::SameSite).context("a session")?;
        let port = self.port;
        Ok(format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\ncookie: {cookies}\r\n\r\n").into_bytes())
    }
}
