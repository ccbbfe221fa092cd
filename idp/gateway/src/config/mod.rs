//! The configuration: read once, at the start, into types that cannot be wrong.
//!
//! ```text
//!  idp.toml ──┐                       ┌── every problem, with file, line, key, what was seen, what is allowed
//!  providers/*.toml ──▶ reader ──▶ ───┤
//!  secret files ──┘                   └── Config
//!  environment ───┘
//! ```
//!
//! Nothing else reads a file of the configuration or the environment. Secrets come by file or environment only.

mod admin;
mod brand;
mod cnie;
mod datapass;
mod desk;
mod dpop;
mod engines;
mod indicators;
mod issuer;
mod keys;
mod limits;
mod listen;
mod master_key;
mod mtls;
mod outgoing;
pub(crate) mod passphrase;
mod private_key;
mod provider;
mod reader;
mod secret;

#[cfg(test)]
mod admin_tests;
#[cfg(test)]
mod cnie_tests;
#[cfg(test)]
mod datapass_tests;
#[cfg(test)]
mod desk_tests;
#[cfg(test)]
mod keys_tests;
#[cfg(test)]
mod mtls_tests;
#[cfg(test)]
mod provider_tests;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use domain::client::Profile;
use domain::cnie::indicators::Targets;
use domain::identity::civil::Sandbox;
use domain::oidc::dpop::NonceRule;
use domain::oidc::response::JARM_LIFE;
use domain::time::Lifetime;
use url::Url;

pub(crate) use admin::AdminPlace;
pub(crate) use brand::Brand;
pub(crate) use cnie::{Cards, CnieConfig};
pub(crate) use datapass::DataPass;
pub(crate) use desk::{Place, PlaceDoor};
pub(crate) use engines::{EphemeralEngine, RegistryEngine};
pub(crate) use issuer::{Issuer, is_loopback};
pub(crate) use keys::{Holder, Keys, TokenConfig, TokenPlace};
pub(crate) use limits::Limits;
pub(crate) use listen::{Listen, LoopbackClients, TlsFiles, TrustedProxies};
pub(crate) use master_key::{MasterKeySource, Protection, Secrets, replace};
pub(crate) use mtls::{CertificateForm, Forwarded, ForwardedChain, Mtls};
pub(crate) use outgoing::{CivilForm, CivilRegistry, Egress, Loopback, Mail, MailProtection, https_or_loopback};
pub(crate) use provider::{Activity, KeyDelivery, LoginPrompt, LogoutRule, ProviderConfig, UpstreamAuthentication};
pub(crate) use reader::Problems;
pub(crate) use secret::{Environment, Secret, read_file};

use reader::{Findings, Read, Section, Source};

/// The whole configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The issuer.
    pub(crate) issuer: Issuer,
    /// Where the gateway listens.
    pub(crate) listen: Listen,
    /// Whether and how clients present certificates.
    pub(crate) mtls: Mtls,
    /// Where the desks of communes are reached, when there are any.
    pub(crate) desk: Option<Place>,
    /// Where the partners' space is reached, when there is one.
    pub(crate) partners: Option<Place>,
    /// Where programs reach the admin API, when there is one.
    pub(crate) admin: Option<AdminPlace>,
    /// The folder of what the gateway keeps in files.
    pub(crate) data: PathBuf,
    /// The keys everything kept is sealed under.
    pub(crate) secrets: Secrets,
    /// The ephemeral engine.
    pub(crate) ephemeral: EphemeralEngine,
    /// The registry engine.
    pub(crate) registry: RegistryEngine,
    /// How notices are sent.
    pub(crate) mail: Mail,
    /// The civil registry.
    pub(crate) civil_registry: CivilRegistry,
    /// The identity providers, in the order of the chooser.
    pub(crate) providers: Vec<ProviderConfig>,
    /// The card provider, when there is one.
    pub(crate) cnie: Option<CnieConfig>,
    /// The look.
    pub(crate) brand: Brand,
    /// How long things live.
    pub(crate) lifetimes: Lifetimes,
    /// Whether DPoP proofs must hold one of our nonces.
    pub(crate) dpop: NonceRule,
    /// How signing keys are kept.
    pub(crate) keys: Keys,
    /// How much one address may ask for.
    pub(crate) limits: Limits,
    /// Where the gateway may go on its own.
    pub(crate) egress: Egress,
    /// How it logs.
    pub(crate) log: Log,
    /// What the rollout of the certified identity aims at.
    pub(crate) targets: Targets,
    /// The platform of habilitations whose word is taken, when there is one.
    pub(crate) datapass: Option<DataPass>,
    /// Files with secrets that others than their owner may read: worth a warning.
    pub(crate) exposed: Vec<PathBuf>,
}

/// How long things live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    /// A sign-in, from the request to the code.
    pub(crate) sign_in: Lifetime,
    /// A session that may be reused.
    pub(crate) session: Lifetime,
    /// A pushed request that waits for its browser.
    pub(crate) pushed_request: Lifetime,
    /// An authorization code.
    pub(crate) code: Lifetime,
    /// An access token.
    pub(crate) access_token: Lifetime,
    /// An ID token.
    pub(crate) id_token: Lifetime,
    /// A refresh token and everything it gives.
    pub(crate) refresh_token: Lifetime,
}

impl Lifetimes {
    /// The same for a client under a profile, which may want some of them shorter.
    pub(crate) fn under(self, profile: Profile) -> Self {
        let longest = profile.rules().longest;
        Self {
            code: self.code.min(longest.code),
            access_token: self.access_token.min(longest.access_token),
            id_token: self.id_token.min(longest.id_token),
            ..self
        }
    }

    /// The longest time for which something that the gateway signed may have to be verified: a token for as long as it
    /// lives, and an ID token for as long as its session, which it may hint at (RP-Initiated Logout §2).
    pub(crate) fn longest_signed(&self) -> Lifetime {
        self.access_token.max(self.id_token).max(self.session).max(JARM_LIFE)
    }
}

/// How the gateway logs.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// The form of a line.
    pub(crate) format: LogFormat,
    /// What is logged, as `tracing` directives (`info`, `idp=debug`).
    pub(crate) filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Config {
    /// Reads `idp.toml` and everything it names, or tells everything that is wrong with it.
    pub(crate) fn load(path: &Path, environment: &Environment) -> Result<Self, Problems> {
        let findings = Findings::default();
        let config = Source::read(path, &findings).and_then(|source| {
            let tables = source.parse(&findings)?;
            let top = Section::top(&source, &tables, &findings);
            let config = read(&top, environment, &findings);
            top.finish();
            config
        });
        let config = config.map(|config| Self { exposed: exposed(findings.secret_files()), ..config });
        findings.settle(config)
    }
}

/// Those files that the group or others may read.
fn exposed(files: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    files.into_iter().filter(open).collect()
}

fn read(top: &Section<'_>, environment: &Environment, findings: &Findings) -> Read<Config> {
    let issuer = top.required(
        "issuer",
        "the https address of the gateway, such as \"https://connexion.example.fr\"",
        Issuer::parse,
    );
    // Where the issuer is wrong, the stricter rules would only add noise.
    let sandbox =
        issuer.as_ref().map_or_else(|_| Sandbox::of("http://localhost"), |issuer| Sandbox::of(issuer.as_str()));
    let loopback = issuer.as_ref().map_or(true, Issuer::is_loopback);

    let clients = if loopback { LoopbackClients::Exempt } else { LoopbackClients::Counted };
    let listen = top.whole("listen", |section| listen::read(section, clients));
    let mtls = top.whole("mtls", |section| mtls::read(section, listen.as_ref().ok()));
    let desk = top.whole("desk", |section| desk::read(section, listen.as_ref().ok()));
    let partners = top.whole("partners", |section| desk::read(section, listen.as_ref().ok()));
    let admin = top.whole("admin", |section| admin::read(section, listen.as_ref().ok(), partners.as_ref().ok()));
    let limits = top.whole("limits", limits::read);
    let data = top.whole("data", |section| section.text("directory", "../data", |text| Ok(section.resolve(text))));
    let folder = data.clone().unwrap_or_default();
    let secrets = top.whole("secrets", |section| master_key::read(section, environment, &folder, loopback));
    let ephemeral = top.whole("ephemeral", |section| engines::ephemeral(section, environment));
    let registry = top.whole("registry", |section| engines::registry(section, environment, &folder));
    let mail = top.whole("mail", |section| outgoing::mail(section, environment, loopback));
    let egress = top.whole("egress", |section| outgoing::egress(section, loopback));
    let civil_registry = top.whole("civil_registry", |section| {
        let registry = outgoing::civil_registry(section, sandbox)?;
        match (&registry, &egress) {
            (CivilRegistry::Consulted { url, .. }, Ok(egress)) => reachable(section, "url", url, egress)?,
            (CivilRegistry::Consulted { .. } | CivilRegistry::NotConsulted(_), _) => (),
        }
        Ok(registry)
    });
    let providers = top.whole("providers", |section| providers(section, environment, findings));
    let cnie = if top.has("cnie") {
        top.whole("cnie", |section| cnie::read(section, issuer.as_ref().ok())).map(Some)
    } else {
        Ok(None)
    };
    let brand = top.whole("brand", brand::read);
    let lifetimes = top.whole("lifetimes", lifetimes);
    let dpop = top.whole("dpop", dpop::read);
    let keys = top.whole("keys", |section| keys::read(section, environment, lifetimes));
    let log = top.whole("log", log);
    let targets = top.whole("indicators", indicators::read);
    let datapass = top.whole("datapass", |section| datapass::read(section, environment));

    let (issuer, listen, egress, providers) = (issuer?, listen?, egress?, providers?);
    for provider in &providers {
        if let Ok(url) = Url::parse(&provider.issuer) {
            reachable(top, "providers", &url, &egress)?;
        }
    }
    let cnie = cnie?;
    if let Some(cnie) = &cnie {
        reachable(top, "cnie", &cnie.status_url, &egress)?;
        cnie::beside(top, cnie, &providers)?;
    }
    Ok(Config {
        issuer,
        listen,
        mtls: mtls?,
        desk: desk?,
        partners: partners?,
        admin: admin?,
        data: data?,
        secrets: secrets?,
        ephemeral: ephemeral?,
        registry: registry?,
        mail: mail?,
        civil_registry: civil_registry?,
        providers,
        cnie,
        brand: brand?,
        lifetimes: lifetimes?,
        dpop: dpop?,
        keys: keys?,
        limits: limits?,
        egress,
        log: log?,
        targets: targets?,
        datapass: datapass?,
        exposed: Vec::new(),
    })
}

/// Refuses a destination that the egress rule would refuse at the first call.
fn reachable(section: &Section<'_>, key: &'static str, url: &Url, egress: &Egress) -> Read<()> {
    let private = crate::outbound::egress::is_private_literal(url);
    let allowed = egress.loopback == Loopback::Allowed && is_loopback(url);
    if !private || allowed || egress.lists(url) {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default();
    Err(section.contradiction(
        key,
        &format!("{host} is a private address; if that is meant, list it in `egress.allow_private`"),
    ))
}

fn providers(section: &Section<'_>, environment: &Environment, findings: &Findings) -> Read<Vec<ProviderConfig>> {
    let folder = section.text("directory", "providers", |text| Ok(section.resolve(text)));
    let timeout_ms = section.number("timeout_ms", 5000, 100..=60_000);
    let concurrency = section.number("concurrency", 64, 1..=10_000);
    let defaults = provider::Defaults { timeout_ms: timeout_ms?, concurrency: concurrency? };
    provider::read_all(&folder?, defaults, environment, findings)
}

fn lifetimes(section: &Section<'_>) -> Read<Lifetimes> {
    let read = |key, default, allowed| section.number(key, default, allowed).map(Lifetime::seconds);
    let sign_in = read("sign_in", 1800, 1..=7200);
    let session = read("session", 1800, 1..=43_200);
    // FAPI 2.0 §5.3.2.2-12: less than ten minutes (RFC 9126 §2.2).
    let pushed_request = read("pushed_request", 90, 1..=599);
    // RFC 6749 §4.1.2: a code lives ten minutes at most.
    let code = read("code", 30, 1..=600);
    let access_token = read("access_token", 300, 1..=3600);
    let id_token = read("id_token", 300, 1..=3600);
    let refresh_token = read("refresh_token", 604_800, 60..=31_536_000);
    Ok(Lifetimes {
        sign_in: sign_in?,
        session: session?,
        pushed_request: pushed_request?,
        code: code?,
        access_token: access_token?,
        id_token: id_token?,
        refresh_token: refresh_token?,
    })
}

fn log(section: &Section<'_>) -> Read<Log> {
    let format = section.text("format", "text", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be \"text\" or \"json\"".to_owned()),
    });
    let filter = section.text("filter", "info", |text| {
        text.parse::<tracing_subscriber::filter::Targets>()
            .map(|_| text.to_owned())
            .map_err(|_| "is not a list of directives such as \"info\" or \"info,idp=debug\"".to_owned())
    });
    Ok(Log { format: format?, filter: filter? })
}
