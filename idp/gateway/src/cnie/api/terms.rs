//! `GET /app/v1/terms`: what a citizen accepts before an identity is made or certified (CIR (EU) 2015/1502 §2.1.1).

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use domain::client::Label;
use domain::cnie::TermsVersion;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::Words;

/// The terms of today.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Terms {
    /// Their version: what is accepted by name.
    #[schema(example = "2026-11")]
    version: &'static str,
    /// The terms and the advice on safety.
    text: Words,
}

/// The terms of today, and the advice on safety.
#[utoipa::path(get, path = "/app/v1/terms", tag = "terms", responses((status = 200, body = Terms)))]
pub(super) async fn get() -> Response {
    let text = Label { fr: FRENCH.to_owned(), en: ENGLISH.to_owned() };
    Json(Terms { version: TermsVersion::CURRENT, text: Words::from(&text) }).into_response()
}

const FRENCH: &str = "\
Votre identité numérique repose sur votre carte d'identité et sur son code à 6 chiffres. Les deux sont demandés à chaque \
fois. Le code reste dans la carte : ni cette application ni nous ne le recevons, et après trois erreurs la carte le bloque.

Ce que nous conservons : votre adresse électronique, une empreinte de votre carte et la liste de ce qui a été fait. Votre \
nom et votre date de naissance sont lus sur la carte à chaque utilisation et ne sont pas conservés. Vous recevez un message \
à chaque changement. Vous pouvez supprimer votre identité à tout moment, dans l'application ou sans elle.

Pour votre sécurité : ne confiez ni la carte ni le code à personne, et ne notez pas le code près de la carte. Ne scannez un \
code que sur l'écran où vous avez vous-même commencé à vous connecter, jamais si quelqu'un vous l'envoie ou vous le demande. \
Lisez le nom du service avant d'accepter : une fois la carte présentée, celui qui tient l'écran est connecté à votre place. \
En cas de perte ou de vol, déclarez-le sans attendre : votre identité est alors fermée.";

const ENGLISH: &str = "\
Your digital identity rests on your identity card and its 6-digit code. Both are asked for each time. The code stays in the \
card: neither this application nor we receive it, and after three mistakes the card blocks it.

What we keep: your e-mail address, a fingerprint of your card and the list of what was done. Your name and date of birth are \
read from the card each time it is used and are not kept. You receive a message at each change. You can delete your identity \
at any time, in the application or without it.

For your safety: give neither card nor code to anybody, and do not write the code down near the card. Scan a code only on \
the screen where you yourself began to sign in, never if somebody sends it to you or asks you to. Read the name of the \
service before you accept: once the card was shown, whoever holds that screen is signed in as you. If the card is lost or \
stolen, declare it at once: your identity is then closed.";
