//! The site of a small commune, « Ville de Sainte-Aurore-des-Bois », made with the SDK: a front page with the
//! button, a page of its own for each citizen, a service that needs the highest level, and a way out.
//!
//! ```text
//! cargo run -p relying-party-sdk --example commune -- \
//!     --issuer http://127.0.0.1:8401 --client-id … --client-secret … --listen 127.0.0.1:8400
//! ```
//!
//! Register `{public url}/callback` as redirect URI, `{public url}/logged-out` as post-logout redirect URI, and
//! `{public url}/backchannel-logout` as back-channel logout URI.
//! It prints `listening on http://localhost:8400` once it answers, and stops on SIGINT and SIGTERM.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{FromRef, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use clap::Parser;
use relying_party_sdk::axum::{Citizen, STYLESHEET_PATH, SignIn};
use relying_party_sdk::button::{Button, Language, Size};
use relying_party_sdk::{
    Client, CookieKey, Credentials, Identity, Level, LocalPath, Login, Registration, Scope, SigningAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The demo commune.
#[derive(Parser)]
struct Settings {
    /// Issuer of the gateway.
    #[arg(long, env = "COMMUNE_ISSUER", default_value = "http://127.0.0.1:8401")]
    issuer: String,
    /// Client id that the gateway gave.
    #[arg(long, env = "COMMUNE_CLIENT_ID")]
    client_id: String,
    /// Client secret that the gateway gave; better by the environment than by the flag.
    #[arg(long, env = "COMMUNE_CLIENT_SECRET", hide_env_values = true, required_unless_present = "private_key")]
    client_secret: Option<String>,
    /// File of the private key (PKCS#8 PEM) that is registered instead of a secret.
    #[arg(long, env = "COMMUNE_PRIVATE_KEY", requires = "key_id")]
    private_key: Option<PathBuf>,
    /// Name under which that key is registered.
    #[arg(long, env = "COMMUNE_KEY_ID")]
    key_id: Option<String>,
    /// Follow the FAPI 2.0 Security Profile: pushed requests, tokens bound to a key.
    #[arg(long, requires = "private_key")]
    fapi2: bool,
    /// Algorithm registered for answers, if they are signed.
    #[arg(long, value_parser = algorithm)]
    answer_alg: Option<SigningAlgorithm>,
    /// Send the secret in the form instead of the Authorization header.
    #[arg(long, value_parser = ["client_secret_basic", "client_secret_post"], default_value = "client_secret_basic")]
    auth_method: String,
    /// Algorithm registered for ID tokens.
    #[arg(long, value_parser = algorithm, default_value = "RS256")]
    id_token_alg: SigningAlgorithm,
    /// Algorithm registered for userinfo, if it is signed.
    #[arg(long, value_parser = algorithm)]
    userinfo_alg: Option<SigningAlgorithm>,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "COMMUNE_LISTEN", default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    /// Address that browsers use, without a slash at its end [default: http://localhost:PORT].
    #[arg(long, env = "COMMUNE_PUBLIC_URL")]
    public_url: Option<String>,
    /// Name on the button.
    #[arg(long, default_value = "Passerelle")]
    gateway_name: String,
    /// Level asked at the login: eidas1, eidas2 or eidas3.
    #[arg(long, value_parser = level, default_value = "eidas1")]
    level: Level,
    /// Scopes asked besides openid.
    #[arg(long, value_parser = scope, value_delimiter = ' ', default_value = "profile birth email idp_id")]
    scopes: Vec<Scope>,
    /// Cookie key, 32 bytes in base64; without it sessions end with the process.
    #[arg(long, env = "COMMUNE_COOKIE_KEY", hide_env_values = true)]
    cookie_key: Option<String>,
}

/// Seconds that requests under way get after a signal.
const PATIENCE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Settings::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("commune: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(settings.listen).await.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let port = listener.local_addr()?.port();
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://localhost:{port}"));
    let site = site(&settings, &public_url).await?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, mut stopped) = tokio::sync::watch::channel(());
    let server = axum::serve(listener, site).with_graceful_shutdown(async move {
        // an error says that the sender is gone, which is a stop too
        let _stop = stopped.changed().await;
    });
    println!("listening on {public_url}");
    let asked_to_stop = async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        stop.send_replace(());
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        ended = server => ended.context("the server stopped"),
        () = asked_to_stop => Ok(()),
    }
}

/// What every page needs.
#[derive(Clone, FromRef)]
struct Commune {
    sign_in: SignIn,
    gateway: Gateway,
}

/// The gateway, as pages name it and as their content security policy must allow it.
#[derive(Clone)]
struct Gateway {
    name: String,
    origin: String,
}

/// What the gateway's operator registered.
fn registration(settings: &Settings, public_url: &str) -> anyhow::Result<Registration> {
    let secret = settings.client_secret.as_deref().unwrap_or_default();
    let credentials = match (&settings.private_key, settings.auth_method.as_str()) {
        (Some(file), _) => {
            let pem = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            Credentials::private_key_jwt(&pem, settings.key_id.as_deref().unwrap_or_default())?
        }
        (None, "client_secret_post") => Credentials::secret_post(secret),
        (None, _) => Credentials::secret_basic(secret),
    };
    let callback = format!("{public_url}/callback");
    let mut registration = Registration::new(&settings.issuer, &settings.client_id, credentials, &callback)?
        .with_post_logout_redirect_uri(&format!("{public_url}/logged-out"))?;
    if settings.fapi2 {
        registration = registration.with_fapi2();
    }
    registration = registration.with_id_token_signed_by(settings.id_token_alg);
    if let Some(algorithm) = settings.userinfo_alg {
        registration = registration.with_userinfo_signed_by(algorithm);
    }
    if let Some(algorithm) = settings.answer_alg {
        registration = registration.with_answers_signed_by(algorithm);
    }
    Ok(registration)
}

/// The site's router, with the client it signs in with.
async fn site(settings: &Settings, public_url: &str) -> anyhow::Result<Router> {
    let client = Client::discover(registration(settings, public_url)?).await?;
    let key = settings.cookie_key.as_deref().map_or_else(|| Ok(CookieKey::generate()), CookieKey::from_base64)?;
    let asked = Login::at_least(settings.level).with_scopes(settings.scopes.clone());
    let gateway = Gateway { name: settings.gateway_name.clone(), origin: client.gateway_origin() };
    // nothing else is kept of a citizen here than the sealed session, which the SDK ends by itself
    let sign_in =
        SignIn::new(client, key, asked)?.with_backchannel_logout("/backchannel-logout", |_| async { Ok(()) })?;
    let commune = Commune { sign_in: sign_in.clone(), gateway };
    let pages = Router::new()
        .route("/", get(home))
        .route("/espace", get(space))
        .route("/demarches/procuration", get(proxy_vote))
        .route("/style.css", get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
        .with_state(commune.clone())
        .merge(sign_in.router());
    Ok(pages.layer(from_fn_with_state(commune, protect)))
}

#[derive(Deserialize)]
struct Visit {
    lang: Option<String>,
}

impl Visit {
    fn language(&self) -> Language {
        match self.lang.as_deref() {
            Some("en") => Language::English,
            _ => Language::French,
        }
    }
}

async fn home(State(commune): State<Commune>, Query(visit): Query<Visit>, citizen: Option<Citizen>) -> Html<String> {
    let language = visit.language();
    let say = |french, english| in_language(language, french, english);
    let suffix = say("", "?lang=en");
    let card = match citizen {
        Some(Citizen(citizen)) => format!(
            r#"<h2>{hello} {name}</h2><p>{signed_in}</p><p><a href="/espace{suffix}">{go}</a></p>"#,
            hello = say("Bonjour", "Welcome,"),
            name = escape(&name_of(&citizen, language)),
            signed_in = say("Vous êtes identifié.", "You are signed in."),
            go = say("Aller à mon espace", "Go to my page"),
        ),
        None => format!(
            "<h2>{title}</h2><p>{text}</p>{button}",
            title = say("Mon espace", "My page"),
            text = say(
                "Un compte que vous avez déjà suffit : impôts, assurance maladie, poste…",
                "An account you already have is enough: tax, health insurance, post…"
            ),
            button = Button::new(&commune.gateway.name, login_link(language))
                .with_size(Size::Large)
                .with_language(language)
                .html(),
        ),
    };
    let services: String = SERVICES.iter().map(|service| service.html(language)).collect();
    let body = format!(
        r#"<main id="main" data-page="home">
<section class="hero"><div class="wide"><div><h1>{title}</h1><p>{text}</p></div><div class="card">{card}</div></div></section>
<section class="wide" aria-labelledby="services"><h2 id="services">{heading}</h2><ul class="services">{services}</ul></section>
</main>"#,
        title = say("Vos démarches en mairie, sans vous déplacer", "Town hall services, from home"),
        text = say(
            "Demandez un acte, inscrivez un enfant à l’école, réservez une salle : la mairie de Sainte-Aurore-des-Bois \
             vous répond aussi en ligne.",
            "Order a certificate, enrol a child at school, book a hall: the town hall of Sainte-Aurore-des-Bois \
             answers online too."
        ),
        heading = say("Démarches", "Services"),
    );
    page(language, say("Accueil", "Front page"), "/", &body)
}

async fn space(Query(visit): Query<Visit>, Citizen(citizen): Citizen) -> Html<String> {
    let language = visit.language();
    let say = |french, english| in_language(language, french, english);
    let mut claims: Vec<_> = citizen.claims().collect();
    claims.sort_by_key(|(name, _)| LABELS.iter().position(|(known, _, _)| known == name).unwrap_or(LABELS.len()));
    let rows: String = claims.into_iter().map(|(name, value)| row(language, name, value)).collect();
    let body = format!(
        r#"<main id="main" class="wide" data-page="space" data-level="{acr}">
<div class="who"><div><p>{hello}</p><h1 data-name>{name}</h1><p class="level">{TICK}{level}</p></div>
<form method="post" action="/logout"><button class="quiet" type="submit">{out}</button></form></div>
<section aria-labelledby="claims"><h2 id="claims">{heading}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="claims"><table><caption>{caption}</caption>
<thead><tr><th scope="col">{what}</th><th scope="col">{value}</th></tr></thead><tbody>{rows}</tbody></table></div></section>
</main>"#,
        acr = citizen.level(),
        hello = say("Bienvenue dans votre espace", "Welcome to your page"),
        name = escape(&name_of(&citizen, language)),
        level = level_text(citizen.level(), language),
        out = say("Se déconnecter", "Sign out"),
        heading = say("Ce que nous avons reçu", "What we received"),
        caption = say(
            "Rien d’autre ne nous a été transmis. Ces informations s’effacent à la déconnexion.",
            "Nothing else was sent to us. These data are forgotten when you sign out."
        ),
        what = say("Information", "Information"),
        value = say("Valeur", "Value"),
    );
    page(language, say("Mon espace", "My page"), "/espace", &body)
}

/// The voting proxy needs the highest level: who came with less signs in again, and comes back here.
async fn proxy_vote(
    State(commune): State<Commune>,
    Query(visit): Query<Visit>,
    Citizen(citizen): Citizen,
    headers: HeaderMap,
) -> Response {
    let language = visit.language();
    if citizen.level() < Level::High {
        let login = Login::at_least(Level::High)
            .with_scopes([Scope::IDENTITE_PIVOT])
            .with_max_age(Duration::ZERO)
            .with_language(language);
        return commune.sign_in.depart(&login, here("/demarches/procuration", language), &headers).await;
    }
    let say = |french, english| in_language(language, french, english);
    let body = format!(
        r#"<main id="main" class="wide" data-page="proxy" data-level="{acr}"><section><h1>{title}</h1><p>{text}</p></section></main>"#,
        acr = citizen.level(),
        title = say("Procuration de vote", "Voting proxy"),
        text = say("Votre identité est établie au niveau élevé.", "Your identity is established at level high."),
    );
    page(language, say("Procuration de vote", "Voting proxy"), "/demarches/procuration", &body).into_response()
}

/// A service on the front page.
struct Service {
    french: [&'static str; 2],
    english: [&'static str; 2],
    path: &'static str,
    level: Level,
}

const SERVICES: &[Service] = &[
    Service {
        french: ["Acte d’état civil", "Copie ou extrait d’un acte de naissance, de mariage ou de décès."],
        english: ["Civil status certificate", "Copy or extract of a birth, marriage or death certificate."],
        path: "/espace",
        level: Level::Low,
    },
    Service {
        french: ["Cantine et périscolaire", "Inscrire un enfant, prévenir d’une absence, régler une facture."],
        english: ["School meals and care", "Enrol a child, report an absence, settle an invoice."],
        path: "/espace",
        level: Level::Low,
    },
    Service {
        french: ["Procuration de vote", "Désigner la personne qui votera à votre place."],
        english: ["Voting proxy", "Name the person who will vote for you."],
        path: "/demarches/procuration",
        level: Level::High,
    },
];

impl Service {
    fn html(&self, language: Language) -> String {
        let [title, text] = in_language(language, self.french, self.english);
        let needed = match (self.level, language) {
            (Level::Low, Language::French) => "Identification simple",
            (Level::Low, Language::English) => "Simple sign-in",
            (Level::Substantial, Language::French) => "Identification renforcée",
            (Level::Substantial, Language::English) => "Stronger sign-in",
            (Level::High, Language::French) => "Identification avec la carte d’identité",
            (Level::High, Language::English) => "Sign-in with the identity card",
        };
        let path = here(self.path, language);
        format!(
            r#"<li><a href="{}" rel="nofollow"><b>{title}</b><span>{text}</span><small>{needed}</small></a></li>"#,
            path.as_str()
        )
    }
}

/// One claim as a table row.
fn row(language: Language, claim: &str, value: &Value) -> String {
    let label = LABELS.iter().find(|(name, _, _)| *name == claim);
    let label = label.map_or(claim, |(_, french, english)| in_language(language, french, english));
    let shown = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let (class, shown) = match shown.as_str() {
        "" => (r#" class="empty""#, in_language(language, "aucun", "none")),
        text => ("", text),
    };
    let claim = escape(claim);
    format!(
        r#"<tr data-claim="{claim}"><th scope="row">{}<code>{claim}</code></th><td{class}>{}</td></tr>"#,
        escape(label),
        escape(shown)
    )
}

/// The claims that have a name in two languages, in the order in which they are shown.
const LABELS: &[(&str, &str, &str)] = &[
    ("family_name", "Nom de naissance", "Name at birth"),
    ("preferred_username", "Nom d’usage", "Name in use"),
    ("given_name", "Prénoms", "Given names"),
    ("given_name_array", "Prénoms, un par un", "Given names, one by one"),
    ("gender", "Sexe", "Gender"),
    ("birthdate", "Date de naissance", "Date of birth"),
    ("birthplace", "Lieu de naissance", "Place of birth"),
    ("birthcountry", "Pays de naissance", "Country of birth"),
    ("email", "Adresse électronique", "E-mail address"),
    ("idp_birthdate", "Date de naissance chez le fournisseur", "Date of birth at the provider"),
    ("idp_id", "Compte utilisé", "Account used"),
    ("sub", "Identifiant propre à ce site", "Identifier for this site only"),
];

fn level_text(level: Level, language: Language) -> &'static str {
    match level {
        Level::Low => in_language(language, "Niveau de garantie faible", "Level of assurance: low"),
        Level::Substantial => {
            in_language(language, "Niveau de garantie substantiel", "Level of assurance: substantial")
        }
        Level::High => in_language(language, "Niveau de garantie élevé", "Level of assurance: high"),
    }
}

fn name_of(citizen: &Identity, language: Language) -> String {
    let first = citizen.given_names().first().map(String::as_str).or(citizen.given_name());
    let last = citizen.preferred_username().or(citizen.family_name());
    match (first, last) {
        (None, None) => in_language(language, "visiteur sans nom", "visitor without a name").to_owned(),
        (first, last) => [first, last].into_iter().flatten().collect::<Vec<_>>().join(" "),
    }
}

/// The frame of every page.
fn page(language: Language, title: &str, path: &str, body: &str) -> Html<String> {
    let say = |french, english| in_language(language, french, english);
    let (lang, suffix) = (language.tag(), say("", "?lang=en"));
    Html(format!(
        r##"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} — Ville de Sainte-Aurore-des-Bois</title>
<link rel="stylesheet" href="/style.css">
<link rel="stylesheet" href="{STYLESHEET_PATH}">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#main">{skip}</a>
<header class="top"><div class="wide">
<a class="town" href="/{suffix}">{EMBLEM}<span><span>{town}</span><b>Sainte-Aurore-des-Bois</b></span></a>
<nav aria-label="{nav}"><a href="/espace{suffix}" rel="nofollow">{space}</a>{other}</nav>
</div></header>
{body}
<footer><div class="wide"><p>{foot}</p></div></footer>
</body>
</html>
"##,
        skip = say("Aller au contenu", "Skip to content"),
        town = say("Ville de", "Town of"),
        nav = say("Navigation principale", "Main navigation"),
        space = say("Mon espace", "My page"),
        other = match language {
            Language::French => format!(r#"<a href="{path}?lang=en" lang="en" hreflang="en">English</a>"#),
            Language::English => format!(r#"<a href="{path}" lang="fr" hreflang="fr">Français</a>"#),
        },
        foot = say(
            "Site de démonstration. Cette commune n’existe pas, ses habitants non plus.",
            "Demonstration site. This town does not exist, nor do its inhabitants."
        ),
    ))
}

/// Strict headers on every answer; the logout form ends at the gateway, which is why it is named.
async fn protect(State(commune): State<Commune>, request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' {}; frame-ancestors 'none'; \
         base-uri 'none'",
        commune.gateway.origin
    );
    let headers = response.headers_mut();
    if let (false, Ok(policy)) = (headers.contains_key(header::CONTENT_SECURITY_POLICY), HeaderValue::from_str(&policy))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

fn login_link(language: Language) -> &'static str {
    in_language(language, "/login?lang=fr&return_to=/espace", "/login?lang=en&return_to=/espace?lang%3Den")
}

fn here(path: &str, language: Language) -> LocalPath {
    let path = format!("{path}{}", in_language(language, "", "?lang=en"));
    LocalPath::parse(&path).unwrap_or_else(LocalPath::root)
}

fn in_language<T>(language: Language, french: T, english: T) -> T {
    match language {
        Language::French => french,
        Language::English => english,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn level(text: &str) -> Result<Level, &'static str> {
    Level::from_acr(text).ok_or("eidas1, eidas2 or eidas3")
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, &'static str> {
    let all = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::Ps256, SigningAlgorithm::EdDsa];
    all.into_iter().find(|it| it.name() == text).ok_or("RS256, ES256, PS256 or EdDSA")
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::named(text).map_err(|error| error.to_string())
}

const STYLE: &str = include_str!("commune.css");

/// A tree before the rising sun.
const EMBLEM: &str = r##"<svg viewBox="0 0 48 48" aria-hidden="true" focusable="false"><circle cx="24" cy="24" r="23" fill="#fdf3df" stroke="#dcdccf" stroke-width="2"/><circle cx="24" cy="27" r="11" fill="#f2b35e"/><path d="M1.6 29.500C9 27 16 33 24 31s15-4 22.4-1.500A23 23 0 0 1 1.6 29.500Z" fill="#23513c"/><path d="M24 10l7.5 12h-4l5 8h-17l5-8h-4Z" fill="#3b7a57"/><path d="M22.8 30h2.400v5h-2.400z" fill="#4a3524"/></svg>"##;

const TICK: &str = r#"<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M10 1.8 3 4.500v5c0 4.2 2.8 7.3 7 8.7 4.2-1.4 7-4.5 7-8.700v-5Z"/><path d="m6.8 10 2.3 2.3 4.2-4.5"/></svg>"#;
