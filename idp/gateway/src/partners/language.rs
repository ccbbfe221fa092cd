//! The language of the space: the one that was chosen, kept in a cookie, or else the one that the browser prefers.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::language::Language;
use http::{HeaderMap, Method, Uri};

use crate::app::{App, Shared};
use crate::provider::error::see_other;
use crate::signin::page::Occasion;

/// The occasion of a request in the space.
pub(crate) fn occasion(app: &App, headers: &HeaderMap) -> Occasion {
    app.partners().cookies.language(headers).map_or_else(|| Occasion::of(headers), Occasion::in_language)
}

/// `?lang=…` at any page: the language is kept, and the page shown without it.
pub(crate) async fn choose(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let asked = if request.method() == Method::GET { asked(request.uri()) } else { None };
    let Some((language, rest)) = asked else { return next.run(request).await };
    let mut answer = see_other(&rest);
    app.partners().cookies.set_language(answer.headers_mut(), language);
    answer
}

/// The language that an address asks for, and the address without it.
fn asked(uri: &Uri) -> Option<(Language, String)> {
    let query = uri.query()?;
    let chosen = query.split('&').find_map(|pair| pair.strip_prefix("lang="))?;
    let language = [Language::French, Language::English].into_iter().find(|language| language.tag() == chosen)?;
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("lang=")).collect();
    let path = uri.path();
    Some((language, if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_asked_for_beside_whatever_else_stands_there() {
        let asked = |text: &str| asked(&text.parse().expect("a path"));
        assert_eq!(asked("/espace?lang=en"), Some((Language::English, "/espace".to_owned())));
        assert_eq!(asked("/espace/x?a=1&lang=fr&b=2"), Some((Language::French, "/espace/x?a=1&b=2".to_owned())));
        for none in ["/espace", "/espace?lang=de", "/espace?xlang=fr", "/espace?lang="] {
            assert_eq!(asked(none), None, "{none}");
        }
    }
}
