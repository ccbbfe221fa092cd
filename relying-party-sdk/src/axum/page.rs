//! The page a citizen sees when a login did not work: what happened in a sentence, and the way on.

use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::button::{Language, escape};
use crate::error::{Error, Fault};
use crate::random;

/// English for browsers that ask for it first, French for all others.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if asked.trim_start().to_ascii_lowercase().starts_with("en") { Language::English } else { Language::French }
}

/// The page for one error. It repeats nothing of what came in: only the error's code shows.
pub(crate) fn failure(error: &Error, language: Language, again: &str) -> Response {
    let [title, text, retry, home] = words(error, language);
    let colon = match language {
        Language::French => "\u{a0}:",
        Language::English => ":",
    };
    let (lang, code, again, nonce) = (language.tag(), error.code(), escape(again), random::token());
    let body = format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style nonce="{nonce}">
:root {{ color-scheme: light dark; }}
body {{ margin: 0; font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: #1c2333; background: #f5f6f9; }}
main {{ box-sizing: border-box; max-width: 38rem; margin: 12vh auto 2rem; padding: 2rem 1.5rem; }}
h1 {{ margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; }}
p {{ margin: 0 0 1.25rem; }}
a {{ color: #1f3a7a; text-underline-offset: .2em; }}
a.again {{ display: inline-block; margin: .25rem 1.5rem .75rem 0; padding: .7em 1.3em; border-radius: .5em; background: #1f2a44; color: #fff; text-decoration: none; }}
a:focus-visible {{ outline: 3px solid #b45309; outline-offset: 3px; }}
small {{ display: block; margin-top: 2rem; font-size: .9375rem; color: #4b5468; }}
@media (prefers-color-scheme: dark) {{
body {{ color: #e8ebf3; background: #12161f; }} a {{ color: #b9c8f2; }} small {{ color: #aab3c8; }}
a.again {{ background: #e6ebf7; color: #10182b; }} a:focus-visible {{ outline-color: #fbbf24; }}
}}
</style>
</head>
<body>
<main data-page="sign-in-failed" data-code="{code}">
<h1>{title}</h1>
<p>{text}</p>
<p><a class="again" href="{again}">{retry}</a> <a href="/">{home}</a></p>
<small>Code{colon} {code}</small>
</main>
</body>
</html>
"#
    );
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    (status(error), headers, body).into_response()
}

fn status(error: &Error) -> StatusCode {
    match error.fault() {
        Fault::Citizen if matches!(error, Error::Denied { .. }) => StatusCode::FORBIDDEN,
        Fault::Citizen | Fault::Forged => StatusCode::BAD_REQUEST,
        Fault::Gateway => StatusCode::BAD_GATEWAY,
        Fault::Network => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Site => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Title, sentence, the way on, the way home.
fn words(error: &Error, language: Language) -> [&'static str; 4] {
    match (language, error.fault(), matches!(error, Error::Denied { .. })) {
        (Language::French, Fault::Citizen, true) => [
            "Vous n’êtes pas connecté",
            "La connexion a été interrompue avant la fin. Aucune information ne nous a été transmise.",
            "Recommencer",
            "Retour à l’accueil",
        ],
        (Language::French, Fault::Citizen | Fault::Forged, _) => [
            "La connexion est à recommencer",
            "Elle a duré trop longtemps, a été commencée dans un autre onglet, ou votre navigateur refuse les cookies.",
            "Recommencer",
            "Retour à l’accueil",
        ],
        (Language::French, Fault::Gateway | Fault::Network | Fault::Site, _) => [
            "La connexion n’a pas abouti",
            "Un problème technique nous empêche de vous reconnaître. Réessayez dans quelques minutes ; si le problème \
             dure, contactez-nous en indiquant le code ci-dessous.",
            "Réessayer",
            "Retour à l’accueil",
        ],
        (Language::English, Fault::Citizen, true) => [
            "You are not signed in",
            "The sign-in was stopped before its end. No information reached us.",
            "Start again",
            "Back to the front page",
        ],
        (Language::English, Fault::Citizen | Fault::Forged, _) => [
            "Please start signing in again",
            "It took too long, was begun in another tab, or your browser refuses cookies.",
            "Start again",
            "Back to the front page",
        ],
        (Language::English, Fault::Gateway | Fault::Network | Fault::Site, _) => [
            "The sign-in did not work",
            "A technical problem keeps us from recognising you. Try again in a few minutes; if the problem lasts, \
             contact us and give the code below.",
            "Try again",
            "Back to the front page",
        ],
    }
}
