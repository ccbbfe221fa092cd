//! `providers/{id}.toml`: one identity provider a file, without code.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::client::Label;
use domain::habilitation::grant::Environment as Citizens;
use domain::id::{ClientId, ProviderId};
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::level::{Level, LevelRange};
use domain::upstream::{AcrTable, ClientFilter, Visibility};

use super::outgoing::{https_or_loopback, milliseconds};
use super::private_key::{DecryptionKey, decryption_key, signing_key};
use super::reader::{Findings, Problem, Read, Section, Source};
use super::secret::{Environment, Secret, read_file};

/// An identity provider as configured.
#[derive(Debug, Clone)]
pub(crate) struct ProviderConfig {
    /// Its id: the stem of its file, and the last part of the redirect URI registered with it.
    pub(crate) id: ProviderId,
    /// Its issuer identifier, byte for byte.
    pub(crate) issuer: String,
    /// The gateway's `client_id` there.
    pub(crate) client_id: String,
    /// How the gateway proves who it is at the token endpoint.
    pub(crate) authentication: UpstreamAuthentication,
    /// Its name on pages.
    pub(crate) title: Label,
    /// Its logo, SVG or PNG.
    pub(crate) logo: Option<PathBuf>,
    /// Its place in the chooser, lowest first.
    pub(crate) order: u16,
    /// Whether it may be used.
    pub(crate) activity: Activity,
    /// Whether the chooser shows it.
    pub(crate) visibility: Visibility,
    /// Whose citizens it knows.
    pub(crate) environment: Citizens,
    /// The levels it may vouch for.
    pub(crate) levels: LevelRange,
    /// The scopes to ask it for; `openid` is among them.
    pub(crate) scopes: Vec<String>,
    /// Its `acr` values.
    pub(crate) acr: AcrTable,
    /// What relying parties are told as `amr` (RFC 8176).
    pub(crate) amr: Vec<String>,
    /// Whether it is asked to authenticate the citizen anew each time.
    pub(crate) login_prompt: LoginPrompt,
    /// Whether citizens who log out here are sent on to log out there.
    pub(crate) logout: LogoutRule,
    /// The algorithm its ID tokens must be signed with.
    pub(crate) id_token_algorithm: SigningAlgorithm,
    /// The algorithm its userinfo must be signed with, when it is signed.
    pub(crate) userinfo_algorithm: Option<SigningAlgorithm>,
    /// How its ID tokens are encrypted, when they are.
    pub(crate) id_token_encryption: Option<KeyDelivery>,
    /// How its userinfo is encrypted, when it is.
    pub(crate) userinfo_encryption: Option<KeyDelivery>,
    /// The key that opens what it encrypts.
    pub(crate) decryption_key: Option<DecryptionKey>,
    /// Which relying parties it serves.
    pub(crate) clients: ClientFilter,
    /// The time one call to it may take.
    pub(crate) timeout: Duration,
    /// How many calls to it may be under way at once.
    pub(crate) concurrency: usize,
}

/// How the gateway authenticates at a provider's token endpoint (OIDC Core §9).
#[derive(Clone)]
pub(crate) enum UpstreamAuthentication {
    /// The secret in the Authorization header.
    ClientSecretBasic(Secret),
    /// The secret in the body.
    ClientSecretPost(Secret),
    /// An assertion signed by this key (RFC 7523).
    PrivateKeyJwt(SigningKey),
}

impl std::fmt::Debug for UpstreamAuthentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ClientSecretBasic(_) => "ClientSecretBasic(…)",
            Self::ClientSecretPost(_) => "ClientSecretPost(…)",
            Self::PrivateKeyJwt(_) => "PrivateKeyJwt(…)",
        })
    }
}

/// Whether a provider may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    /// It may.
    Active,
    /// It may not; a sign-in under way ends at its callback.
    Inactive,
}

/// Whether a provider is asked for `prompt=login`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginPrompt {
    /// It is.
    Sent,
    /// It is not: the provider does not know the parameter.
    Omitted,
}

/// Whether a logout is passed on to a provider (OIDC RP-Initiated Logout), where its discovery names the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogoutRule {
    /// It is.
    PassedOn,
    /// It is not: the citizen's session there goes on.
    EndsHere,
}

/// How the key of an encrypted answer reaches the gateway (RFC 7518 §4.1); the content is under A256GCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyDelivery {
    /// ECDH-ES on P-256.
    EcdhEs,
    /// RSA-OAEP with SHA-256.
    RsaOaep256,
}

impl KeyDelivery {
    /// The JOSE `alg` name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

/// What holds for every provider that does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) timeout_ms: u32,
    pub(super) concurrency: u32,
}

/// Reads every provider file of a folder, in the order of the chooser.
pub(super) fn read_all(
    folder: &Path,
    defaults: Defaults,
    environment: &Environment,
    findings: &Findings,
) -> Read<Vec<ProviderConfig>> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        findings.add(Problem::with_file(folder, format!("the folder of the providers cannot be read: {error}")))
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    files.sort();
    // Every file is read before any is given up, so that every problem is told.
    let read: Vec<Read<ProviderConfig>> =
        files.iter().map(|file| read_one(file, defaults, environment, findings)).collect();
    let mut providers = read.into_iter().collect::<Read<Vec<_>>>()?;
    providers.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
    for (index, provider) in providers.iter().enumerate() {
        if let Some(other) = providers.iter().take(index).find(|other| other.issuer == provider.issuer) {
            let message = format!("has the issuer of `{}`: each provider has its own", other.id);
            findings.add(Problem::with_file(&folder.join(format!("{}.toml", provider.id)), message));
        }
    }
    Ok(providers)
}

fn read_one(path: &Path, defaults: Defaults, environment: &Environment, findings: &Findings) -> Read<ProviderConfig> {
    let source = Source::read(path, findings)?;
    let tables = source.parse(findings)?;
    let top = Section::top(&source, &tables, findings);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let provider = read(&top, stem, defaults, environment);
    top.finish();
    provider
}

fn read(top: &Section<'_>, stem: &str, defaults: Defaults, environment: &Environment) -> Read<ProviderConfig> {
    let id = ProviderId::parse(stem)
        .map_err(|fault| top.contradiction("id", &format!("the name of the file is the id, and {fault}")));
    let named = top.text("id", stem, |text| {
        if text == stem { Ok(()) } else { Err(format!("must be the name of the file, \"{stem}\", or be left out")) }
    });
    let issuer = top.required("issuer", "the provider's issuer identifier", |text| {
        https_or_loopback(text).map(|_| text.to_owned())
    });
    let client_id = top.required("client_id", "the gateway's client_id at this provider", not_empty);
    let authentication = authentication(top, environment);
    let title_fr = top.required("title_fr", "the provider's name in French", not_empty);
    let title_en = top.text("title_en", title_fr.as_deref().unwrap_or("-"), not_empty);
    let logo = top.path("logo");
    let order = top.number("order", 10, 0..=10_000);
    let activity = top.choice("active", Activity::Active, Activity::Active, Activity::Inactive);
    let citizens = top.choice("sandbox", Citizens::Production, Citizens::Sandbox, Citizens::Production);
    let visibility = top.choice("display", Visibility::Shown, Visibility::Shown, Visibility::Hidden);
    let levels = levels(top);
    let scopes = top.list("scopes", &["openid", "profile", "email", "birth"], not_empty);
    let acr = acr_table(top);
    let amr = top.list("amr", &["pwd"], not_empty);
    let login_prompt = top.choice("request_prompt_login", LoginPrompt::Sent, LoginPrompt::Sent, LoginPrompt::Omitted);
    let logout = top.choice("logout", LogoutRule::PassedOn, LogoutRule::PassedOn, LogoutRule::EndsHere);
    let id_token_algorithm = top.text("id_token_signed_response_alg", "RS256", algorithm);
    let userinfo_algorithm = top.text("userinfo_signed_response_alg", "", |text| optional(text, algorithm));
    let id_token_encryption = top.text("id_token_encrypted_response_alg", "", |text| optional(text, key_delivery));
    let userinfo_encryption = top.text("userinfo_encrypted_response_alg", "", |text| optional(text, key_delivery));
    let decryption = decryption(top, id_token_encryption.ok().flatten(), userinfo_encryption.ok().flatten());
    let clients = client_filter(top);
    let timeout = top.number("timeout_ms", defaults.timeout_ms, 100..=60_000).map(milliseconds);
    let concurrency = top.number("max_concurrent", defaults.concurrency, 1..=10_000);

    let (scopes, logo) = (scopes?, logo?);
    if !scopes.iter().any(|scope| scope == "openid") {
        return Err(top.contradiction("scopes", "must hold \"openid\" (OIDC Core §3.1.2.1)"));
    }
    if let Some(path) = logo.as_ref().filter(|path| !path.is_file()) {
        return Err(top.contradiction("logo", &format!("there is no file {}", path.display())));
    }
    named?;
    Ok(ProviderConfig {
        id: id?,
        issuer: issuer?,
        client_id: client_id?,
        authentication: authentication?,
        title: Label { fr: title_fr?, en: title_en? },
        logo,
        order: u16::try_from(order?).unwrap_or(u16::MAX),
        activity: activity?,
        visibility: visibility?,
        environment: citizens?,
        levels: levels?,
        scopes,
        acr: acr?,
        amr: amr?,
        login_prompt: login_prompt?,
        logout: logout?,
        id_token_algorithm: id_token_algorithm?,
        userinfo_algorithm: userinfo_algorithm?,
        id_token_encryption: id_token_encryption?,
        userinfo_encryption: userinfo_encryption?,
        decryption_key: decryption?,
        clients: clients?,
        timeout: timeout?,
        concurrency: usize::try_from(concurrency?).unwrap_or(usize::MAX),
    })
}

fn authentication(top: &Section<'_>, environment: &Environment) -> Read<UpstreamAuthentication> {
    let method = top.text("auth_method", "client_secret_basic", |text| match text {
        "client_secret_basic" | "client_secret_post" | "private_key_jwt" => Ok(text.to_owned()),
        _ => Err("must be \"client_secret_basic\", \"client_secret_post\" or \"private_key_jwt\"".to_owned()),
    });
    let (secret_file, variable) =
        (top.secret_path("client_secret_file"), top.text("client_secret_env", "", |text| Ok(text.to_owned())));
    let (key_file, key_id) =
        (top.secret_path("private_key_file"), top.text("private_key_id", "", |text| Ok(text.to_owned())));
    let (method, secret_file, variable, key_file, key_id) = (method?, secret_file?, variable?, key_file?, key_id?);
    if method == "private_key_jwt" {
        let Some(path) = key_file else {
            return Err(top.contradiction("private_key_file", "is missing: `private_key_jwt` signs with this key"));
        };
        return signing_key(&path, &key_id)
            .map(UpstreamAuthentication::PrivateKeyJwt)
            .map_err(|fault| top.contradiction("private_key_file", &fault));
    }
    let secret = match (secret_file, variable.as_str()) {
        (Some(path), "") => read_file(&path).map_err(|fault| top.contradiction("client_secret_file", &fault)),
        (None, "") => Err(top.contradiction(
            "client_secret_file",
            "is missing: give the file that holds the client secret, or `client_secret_env`",
        )),
        (None, variable) => environment.read(variable).ok_or_else(|| {
            top.contradiction("client_secret_env", &format!("the environment variable {variable} is not set"))
        }),
        (Some(_), _) => {
            Err(top.contradiction("client_secret_env", "goes without `client_secret_file`: give one of them"))
        }
    }?;
    Ok(if method == "client_secret_post" {
        UpstreamAuthentication::ClientSecretPost(secret)
    } else {
        UpstreamAuthentication::ClientSecretBasic(secret)
    })
}

fn levels(top: &Section<'_>) -> Read<LevelRange> {
    let levels = top.list("levels", &["eidas1"], level)?;
    levels
        .first()
        .zip(levels.last())
        .filter(|_| levels.is_sorted())
        .and_then(|(floor, ceiling)| LevelRange::new(*floor, *ceiling))
        .ok_or_else(|| {
            let example = "must list levels from the floor up to the ceiling, such as [\"eidas1\", \"eidas2\"]";
            top.contradiction("levels", example)
        })
}

fn acr_table(top: &Section<'_>) -> Read<AcrTable> {
    let (asked, answered) = (top.section("acr_values"), top.section("levels_map"));
    let (ask, answer) = (asked.entries(), answered.entries());
    let asked =
        ask?.into_iter().map(|(ours, theirs)| level(&ours).map(|ours| (ours, theirs))).collect::<Result<_, _>>();
    let answered =
        answer?.into_iter().map(|(theirs, ours)| level(&ours).map(|ours| (theirs, ours))).collect::<Result<_, _>>();
    let wrong = |key, allowed| top.contradiction(key, &format!("the level {allowed}"));
    Ok(AcrTable {
        asked: asked.map_err(|allowed: String| wrong("acr_values", allowed))?,
        answered: answered.map_err(|allowed: String| wrong("levels_map", allowed))?,
    })
}

fn decryption(
    top: &Section<'_>,
    id_token: Option<KeyDelivery>,
    userinfo: Option<KeyDelivery>,
) -> Read<Option<DecryptionKey>> {
    const KEY: &str = "decryption_key_file";
    let path = top.secret_path(KEY)?;
    let mut deliveries = [id_token, userinfo].into_iter().flatten();
    let Some(delivery) = deliveries.next() else {
        return match path {
            None => Ok(None),
            Some(_) => Err(top.contradiction(KEY, "nothing is encrypted: give `id_token_encrypted_response_alg` too")),
        };
    };
    let Some(path) = path else {
        return Err(top.contradiction(KEY, "is missing: it opens what the provider encrypts"));
    };
    if deliveries.any(|other| other != delivery) {
        return Err(top.contradiction(KEY, "one key serves one algorithm: ID token and userinfo must use the same"));
    }
    decryption_key(&path, delivery).map(Some).map_err(|fault| top.contradiction(KEY, &fault))
}

fn client_filter(top: &Section<'_>) -> Read<ClientFilter> {
    let client = |text: &str| ClientId::parse(text).map_err(|fault| format!("is no client_id: {fault}"));
    top.whole("filter", |section| {
        let given = section.has("only_clients");
        let (only, except) = (section.list("only_clients", &[], client), section.list("except_clients", &[], client));
        match (only?, except?) {
            (_, except) if given && !except.is_empty() => {
                Err(section.contradiction("except_clients", "goes without `only_clients`: give one of them"))
            }
            (only, _) if given => Ok(ClientFilter::Only(only.into_iter().collect())),
            (_, except) if except.is_empty() => Ok(ClientFilter::All),
            (_, except) => Ok(ClientFilter::Except(except.into_iter().collect())),
        }
    })
}

fn level(text: &str) -> Result<Level, String> {
    Level::from_acr(text).ok_or_else(|| "must be \"eidas1\", \"eidas2\" or \"eidas3\"".to_owned())
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    SigningAlgorithm::parse(text).ok_or_else(|| "must be \"ES256\" or \"RS256\"".to_owned())
}

fn key_delivery(text: &str) -> Result<KeyDelivery, String> {
    [KeyDelivery::EcdhEs, KeyDelivery::RsaOaep256]
        .into_iter()
        .find(|delivery| delivery.name() == text)
        .ok_or_else(|| "must be \"ECDH-ES\" or \"RSA-OAEP-256\" (with A256GCM)".to_owned())
}

fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.trim().to_owned()) }
}
