use domain::client::Label;
use domain::id::SignInId;
use domain::language::Language;
use scraper::{Html, Selector};

use super::*;
use crate::pages::card::Landing;
use crate::pages::{Page, samples};

async fn rendered(response: Response) -> (String, Html) {
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("in memory");
    (policy, Html::parse_document(std::str::from_utf8(&body).expect("UTF-8")))
}

fn has(html: &Html, css: &str) -> bool {
    html.select(&Selector::parse(css).expect("a selector")).next().is_some()
}

#[tokio::test]
async fn the_page_shows_what_its_step_needs_and_loads_nothing_from_elsewhere() {
    let brand = samples::brand();
    let (id, service) = (SignInId::from_random([7; 16]), Label { fr: "<b>Ville".into(), en: "Town".into() });
    for language in [Language::French, Language::English] {
        for (progress, number, link) in [
            (Progress::Waiting, Some(42), Some("https://p.example/app/l/x")),
            (Progress::Claimed, Some(42), None),
            (Progress::Claimed, None, None),
        ] {
            let page = CardPage {
                page: Page::new(&brand, language),
                sign_in: &id,
                csrf: "token",
                service: &service,
                progress,
                step: "waiting",
                number,
                address: link,
                link,
                simulator: true,
            };
            let (policy, html) = rendered(page.answer(StatusCode::OK)).await;
            assert!(html.errors.is_empty(), "{:?}", html.errors);
            assert!(policy.contains("script-src 'self'; connect-src 'self'") && policy.contains("default-src 'none'"));
            assert!(
                has(&html, "main[data-page=card][data-step=waiting][data-state]") && has(&html, "[data-simulator]")
            );
            assert_eq!(has(&html, "[data-number='42']"), number.is_some());
            assert_eq!(has(&html, "img.qr[src$='/card/qr.svg'][alt]"), progress == Progress::Waiting);
            assert_eq!(has(&html, "a[data-link]"), link.is_some());
            assert!(has(&html, "form[data-step=cancel] input[name=csrf][value=token]"), "the way out");
            assert!(!has(&html, "style, [style], b, script:not([src^='/assets/'])"));
        }
        let (policy, html) =
            rendered(Landing { page: Page::new(&brand, language), simulator: true }.answer(StatusCode::OK)).await;
        assert!(policy.contains("form-action 'none'") && !policy.contains("script-src"));
        assert!(has(&html, "main[data-page=landing] [data-simulator]") && !has(&html, "script"));
    }
}

#[test]
fn the_code_for_the_camera_is_an_image_of_the_whole_address() {
    let address = format!("https://connexion.example.fr/app/q/{}", "A".repeat(43));
    let image = image(&address).expect("short enough");
    assert!(image.contains("<svg") && image.contains("<path") && !image.contains("script"), "{image}");
    assert_ne!(Some(image), super::image(&format!("{address}B")));
}
