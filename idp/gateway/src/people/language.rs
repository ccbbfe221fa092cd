//! The language of the desk's pages: what the agent chose in this browser, or what the browser prefers. The switch is a
//! link on every page, `?lang=fr` or `?lang=en`, which leads back to the page without it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::language::Language;
use http::Method;

use crate::app::Shared;
use crate::cookies::Cookies;
use crate::provider::error::see_other;

/// Keeps the language that a link of the desk asks for.
pub(crate) async fn switch(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let asked = request.uri().query().and_then(|query| query.strip_prefix("lang="));
    let Some(language) = asked.and_then(Language::from_ui_locales).filter(|_| request.method() == Method::GET) else {
        return next.run(request).await;
    };
    let mut answer = see_other(page_of(request.uri().path()));
    let cookies: Cookies = app.desk().cookies;
    cookies.set_language(answer.headers_mut(), language);
    answer
}

/// The page that holds the form which is sent to a path; the path itself, where it is a page.
fn page_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("/guichet", "dossiers" | "deconnexion")) => "/guichet",
        Some(("/guichet/compte", "declaration" | "correction") | ("/guichet/compte/cle", "retrait")) => {
            "/guichet/compte"
        }
        Some((parent, "retrait")) if parent.starts_with("/guichet/lecteurs/") => "/guichet/lecteurs",
        Some((parent, "retrait" | "invitation" | "correction")) if parent.starts_with("/guichet/agents/") => parent,
        Some((parent, "personne" | "refus" | "photo")) if parent.starts_with("/guichet/dossiers/") => parent,
        Some(_) | None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_on_what_a_form_answered_leads_to_the_page_of_the_form() {
        let routes = include_str!("../router.rs");
        let routes: Vec<(&str, &str)> =
            routes.split(".route(\"").filter_map(|route| route.split_once("\", ")).collect();
        let of_the_desk = |path: &str| path.starts_with("/guichet");
        let is_page = |path: &str| routes.iter().any(|(of, how)| *of == path && how.starts_with("get("));
        let forms: Vec<_> = routes.iter().filter(|(path, how)| of_the_desk(path) && how.starts_with("post(")).collect();
        assert!(forms.len() > 8, "{forms:?}");
        for (path, _) in forms {
            assert!(is_page(page_of(path)), "{path} leads to {}", page_of(path));
        }
        for path in ["/guichet", "/guichet/agents/{id}", "/guichet/compte/cle", "/guichet/invitation/retrait"] {
            assert_eq!(page_of(path), path);
        }
    }
}
