//! What holds for every page: escaped, whole, without script, and with its headers.

use axum::body::to_bytes;
use axum::response::Response;
use domain::language::Language;
use http::{HeaderMap, StatusCode, header};
use scraper::{Html, Selector};

use super::samples::{self, Cast};

const LANGUAGES: [Language; 2] = [Language::French, Language::English];

async fn read(response: Response) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("in memory");
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

async fn rendered(cast: &Cast, csrf: &str) -> Vec<(String, HeaderMap, String)> {
    let brand = samples::brand();
    let mut pages = Vec::new();
    for language in LANGUAGES {
        for (name, response) in samples::all(&brand, language, cast, csrf) {
            let (_, headers, html) = read(response).await;
            pages.push((format!("{name} in {}", language.tag()), headers, html));
        }
    }
    pages
}

fn select<'a>(html: &'a Html, css: &str) -> Vec<scraper::ElementRef<'a>> {
    html.select(&Selector::parse(css).expect("a selector")).collect()
}

#[tokio::test]
async fn every_page_is_well_formed_html_with_one_heading_one_main_and_its_language() {
    for (name, _, text) in rendered(&Cast::plain(), "token").await {
        let html = Html::parse_document(&text);
        assert!(html.errors.is_empty(), "{name}: {:?}", html.errors);
        assert_eq!(select(&html, "h1").len(), 1, "{name}");
        assert_eq!(select(&html, "main#content[data-page]").len(), 1, "{name}");
        assert_eq!(select(&html, "html[lang=fr], html[lang=en]").len(), 1, "{name}");
        let ids: Vec<_> = select(&html, "[id]").iter().filter_map(|e| e.value().attr("id")).collect();
        for reference in select(&html, "[aria-labelledby], [aria-describedby]") {
            for attribute in ["aria-labelledby", "aria-describedby"] {
                for id in reference.value().attr(attribute).unwrap_or_default().split_whitespace() {
                    assert_eq!(ids.iter().filter(|known| **known == id).count(), 1, "{name}: #{id}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_form_posts_its_token_to_this_site() {
    for (name, headers, text) in rendered(&Cast::plain(), "the-token").await {
        let html = Html::parse_document(&text);
        let forms = select(&html, "form");
        for form in &forms {
            assert_eq!(form.value().attr("method"), Some("post"), "{name}");
            assert!(
                form.value().attr("action").is_some_and(|to| to.starts_with('/') && !to.starts_with("//")),
                "{name}"
            );
            let token = Selector::parse("input[type=hidden][name=csrf][value=the-token]").expect("a selector");
            assert_eq!(form.select(&token).count(), 1, "{name}");
        }
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert_eq!(policy.contains("form-action 'none'"), forms.is_empty(), "{name}: {policy}");
    }
}

#[tokio::test]
async fn the_hooks_that_tests_and_scripts_rely_on_are_there() {
    let brand = samples::brand();
    for (name, response) in samples::all(&brand, Language::French, &Cast::plain(), "token") {
        let (_, _, text) = read(response).await;
        let html = Html::parse_document(&text);
        let expected: &[&str] = match name.as_str() {
            "choose-all" => &["main[data-page=choose] form[data-step=choose] button[name=provider][value=impots]"],
            "choose-shut" => &["[data-provider=msa][data-why=blocked]", "[data-banner]"],
            "inform-public" => {
                &["main[data-page=inform] form[data-step=inform] button[type=submit]", "[data-claim=family_name]"]
            }
            "inform-everything" => &["[data-claim=amr]", "[data-claim=dgfip_rfr]", "[data-claim=rnipp_birthdate]"],
            "inform-anonymous" => &["[data-anonymous]"],
            "inform-data-providers" => &["[data-claim=dgfip_rfr]", "[data-claim=dgfip_nbpart]", "[data-told]"],
            "inform-data-providers-alone" => &["[data-claim=dgfip_aft]", "input[name=consent]"],
            "inform-consent-missing" => {
                &["input[name=consent][value=yes][aria-invalid=true][aria-describedby^=consent-error]"]
            }
            "refused-registry" => &["main[data-page=refused][data-code] form[data-step=retry] button[value=impots]"],
            "ended-expired" => &["main[data-page=ended][data-code=sign_in_expired]"],
            "problem-internal" => &["main[data-page=problem][data-code=registry_unavailable]", "a[href^='mailto:']"],
            "figures" => &["main[data-page=indicators] tr[data-measure=communes_enrolled]", "svg[role=img] title"],
            "confirm-logout" => &["main[data-page=confirm-logout] form button[name=answer][value=yes]"],
            "logged-out" => &["main[data-page=logged-out]"],
            "desk-home-busy" => &["form[data-step=scan] input[name=qr][autofocus]", "[data-median]", "[data-open] li"],
            "desk-home-used" => &["main[data-code='card.request_used'] [data-banner]"],
            "desk-card-other" => &["main[data-state]", "main[data-code='card.other_card']"],
            "desk-face-first" => &["form[data-step=same-person] button", "[data-fact=surname]", "img[src$='/photo']"],
            "desk-face-no" => &["form[data-step=refuse] input[name=raison]", "img[src$='/photo']"],
            "desk-outcome-approved" => &["main[data-outcome=approved]", "[data-time]"],
            "desk-outcome-failed" => &["main[data-outcome=failed]"],
            "holder-home" => &["main[data-page=holder-home] a[href='/carte/perte']"],
            "holder-ask-confirm" => &["form[action='/carte/confirmer'] button[name=answer][value=yes]"],
            "holder-ask-leave" => &[
                "form[action='/carte/fermer'] button[value=lost]",
                "form[action='/carte/fermer'] button[value=delete]",
            ],
            "holder-ask-stay" => &["form[action='/carte/garder'] button[name=answer][value=yes]"],
            "holder-told-closed" => &["main[data-page=holder-told][data-done=closed]"],
            "holder-loss-number" => &["input[name=number][aria-invalid=true][aria-describedby^=number-error]"],
            "holder-loss-mail" => &["input[name=mail][aria-invalid=true]", "input[name=number]:not([aria-invalid])"],
            "holder-request" => &["p.qr img[src$='.svg'][alt]", "a[href*='.pdf']"],
            "withdrawn-over" | "withdrawn-for-now" => {
                &["main[data-page=withdrawn][data-code] form[data-step=cancel] button[type=submit]"]
            }
            _ => &[],
        };
        for hook in expected {
            assert!(!select(&html, hook).is_empty(), "{name}: {hook}");
        }
        if name == "inform-anonymous" {
            assert!(select(&html, "[data-claim]").is_empty() && !text.contains("1962"), "{name}");
        }
        if name == "inform-data-providers" {
            assert_eq!(select(&html, "[data-claim=dgfip_rfr]").len(), 1, "told once, where it can be read");
        }
        if name == "inform-data-providers-alone" {
            assert!(select(&html, "[data-anonymous]").is_empty(), "{name}");
        }
        if name == "inform-everything" {
            assert_eq!(select(&html, "[data-claim=given_name], [data-claim=given_name_array]").len(), 1);
        }
    }
}

#[tokio::test]
async fn nothing_that_comes_from_outside_becomes_markup() {
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus=alert(1) x='",
        "</title><svg/onload=alert(1)>",
        "javascript:alert(1)",
        "{{ 7*7 }}{% raw %}",
        "\u{202E}\u{2066}moc.live\u{2069}\u{200F}",
        "&lt;script&gt;",
    ] {
        for (name, _, text) in rendered(&Cast::hostile(hostile), hostile).await {
            let html = Html::parse_document(&text);
            assert!(html.errors.is_empty(), "{name}: {:?}", html.errors);
            assert!(
                select(&html, "script:not([src^='/assets/watch-']), style, svg:not(.chart svg), iframe, b, img[onerror], [onfocus], [onload]")
                    .is_empty(),
                "{name}"
            );
            assert!(select(&html, "img[src=x], base, object, embed").is_empty(), "{name}");
            for link in select(&html, "[href], [src], [action]") {
                for attribute in ["href", "src", "action"] {
                    let value = link.value().attr(attribute).unwrap_or_default();
                    assert!(!value.starts_with("javascript:"), "{name}");
                }
            }
            let shown: String = select(&html, "main")[0].text().collect();
            assert!(!shown.chars().any(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')), "{name}");
            let csrf = select(&html, "input[name=csrf]");
            assert!(csrf.iter().all(|input| input.value().attr("value") == Some(hostile)), "{name}");
        }
    }
}

#[tokio::test]
async fn ten_kilobytes_of_name_are_escaped_like_any_other() {
    let long = "<b>\u{202E}".repeat(1_700);
    for (name, _, text) in rendered(&Cast::hostile(&long), "token").await {
        assert!(!text.contains("<b>") && !text.contains("<b "), "{name}");
    }
}

#[tokio::test]
async fn every_page_carries_its_headers() {
    for (name, headers, _) in rendered(&Cast::plain(), "token").await {
        let value = |header: &str| headers[header].to_str().expect("text");
        let policy = value("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "trusted-types 'none'"] {
            assert!(policy.contains(part), "{name}: {part}");
        }
        // The screens of a case, which a script asks how far it is.
        let is_asked = ["desk-card-", "desk-finger-", "desk-face-"].iter().any(|screen| name.starts_with(screen));
        assert_eq!(policy.contains("; script-src 'self'; connect-src 'self'"), is_asked, "{name}");
        assert!(!policy.contains("unsafe") && policy.contains("script-src") == is_asked, "{name}");
        assert_eq!(value("cache-control"), "no-store", "{name}");
        assert_eq!(value("content-type"), "text/html; charset=utf-8", "{name}");
        assert!(["no-referrer", "same-origin"].contains(&value("referrer-policy")), "{name}");
        assert_eq!(value("x-content-type-options"), "nosniff", "{name}");
        assert!(name.ends_with(value("content-language")), "{name}");
    }
}

#[tokio::test]
async fn no_page_loads_anything_from_elsewhere_or_holds_a_script_or_a_style() {
    for (name, _, text) in rendered(&Cast::plain(), "token").await {
        let html = Html::parse_document(&text);
        let scripts = select(&html, "script[src^='/assets/watch-']").len();
        let waits = !select(&html, "main[data-state$='/etat']").is_empty();
        assert_eq!(scripts, usize::from(waits), "{name}");
        let other = "script:not([src^='/assets/watch-']), style, [style], iframe, object, embed";
        assert!(select(&html, other).is_empty(), "{name}");
        for loaded in select(&html, "link[href], img[src]") {
            let address = loaded.value().attr("href").or(loaded.value().attr("src")).unwrap_or_default();
            // The one picture that is not ours: of a citizen at a desk, for the agent who looks.
            let of_citizen = name.starts_with("desk-face-") && address.ends_with("/photo");
            let drawn = name.starts_with("holder-request") && address.starts_with("/carte/demande/");
            assert!(address.starts_with("/assets/") || of_citizen || drawn, "{name}: {address}");
        }
        let handlers = select(&html, "*").iter().any(|e| e.value().attrs().any(|(name, _)| name.starts_with("on")));
        assert!(!handlers, "{name}");
    }
}

#[tokio::test]
async fn every_refusal_of_a_desk_ends_on_one_page_without_its_reason() {
    let pages = rendered(&Cast::plain(), "token").await;
    let page =
        |name: &str| pages.iter().find(|(found, _, _)| found == name).map(|(_, _, text)| text).expect("rendered");
    for language in ["fr", "en"] {
        let failed = page(&format!("desk-outcome-failed in {language}"));
        assert_eq!(failed, page(&format!("desk-outcome-lapsed in {language}")));
        for words in ["pas celle de la carte", "not the one of the card", "finger_mismatch", "reason"] {
            assert!(!failed.contains(words), "{words}: {failed}");
        }
    }
}

#[tokio::test]
async fn a_screen_that_is_being_filled_in_does_not_move() {
    for (name, _, text) in rendered(&Cast::plain(), "token").await {
        // By a script that asks; on its own in a browser without scripts alone (WCAG 2.2.1).
        let moves = text.contains("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>");
        assert_eq!(moves, text.contains("/etat\""), "{name}");
        assert!(moves || !text.contains("http-equiv=\"refresh\""), "{name}");
        let waits = ["desk-card-", "desk-finger-", "desk-face-waiting"].iter().any(|waiting| name.starts_with(waiting));
        assert_eq!(moves, waits && !name.contains("-no in"), "{name}");
    }
}

#[test]
fn no_template_names_an_address_of_another_site() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    for entry in std::fs::read_dir(folder).expect("templates") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a template");
        // The two scripts, from our own files, each on its one page.
        let text = match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("form_post") => text.replace("<script src=\"{{ page.brand.paths.submit }}\"></script>", ""),
            // And the one that asks a passkey to sign.
            Some("people_passkey") => {
                text.replace("<script src=\"{{ page.brand.paths.passkey }}\" defer></script>", "")
            }
            Some("card" | "desk_card" | "desk_finger" | "desk_face") => {
                text.replace("<script src=\"{{ page.brand.paths.watch }}\"></script>", "")
            }
            _ => text,
        };
        for forbidden in ["://", "href=\"//", "src=\"//", "<script", "<style", "style=", "|safe"] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", path.display());
        }
    }
}

#[test]
fn a_link_to_a_service_leads_to_the_web_or_is_not_made() {
    let name = domain::client::Label { fr: "V".to_owned(), en: "V".to_owned() };
    let link = |link| super::Service { name: &name, link: Some(link) }.web_link();
    assert_eq!(link("https://v.example/"), Some("https://v.example/"));
    for bad in ["javascript:alert(1)", "data:text/html,x", "//evil.example", "fr.ville.app:/retour", "", "vbscript:x"] {
        assert_eq!(link(bad), None, "{bad}");
    }
}
