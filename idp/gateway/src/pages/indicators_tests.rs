//! The page of the indicators, as a browser reads it.

use axum::body::to_bytes;
use domain::language::Language;
use http::StatusCode;
use scraper::{ElementRef, Html, Selector};

use super::*;
use crate::pages::samples;

async fn page(language: Language) -> Html {
    let (brand, figures, targets) = (samples::brand(), samples::figures("Val-Fleuri"), samples::targets());
    let page = Page::new(&brand, language).switch_at("/indicateurs");
    let response = Figures { page, counted: &figures, targets: &targets }.answer(StatusCode::OK);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("in memory");
    Html::parse_document(std::str::from_utf8(&bytes).expect("UTF-8"))
}

fn select<'a>(html: &'a Html, css: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(css).expect("a selector")).collect()
}

/// The texts of the cells of a row.
fn row(html: &Html, css: &str) -> Vec<String> {
    let cells = Selector::parse("th, td").expect("a selector");
    let row = select(html, css).into_iter().next().expect("a row");
    row.select(&cells).map(|cell| cell.text().collect::<String>().trim().to_owned()).collect()
}

#[tokio::test]
async fn each_measure_stands_beside_its_target() {
    let html = page(Language::French).await;
    let measure = |name: &str| row(&html, &format!("tr[data-measure={name}]"))[1..].join(" | ");
    assert_eq!(measure("communes_enrolled"), "4 | 1\u{202F}000 | 0\u{A0}% 0\u{A0}%");
    assert_eq!(measure("departements"), "2 | 101 | 1\u{A0}% 1\u{A0}%");
    assert_eq!(measure("identities_created"), "1\u{202F}234 | 100\u{202F}000 | 1\u{A0}% 1\u{A0}%");
    assert_eq!(measure("median_seconds"), "3\u{A0}min 10\u{A0}s | 3\u{A0}min 00\u{A0}s | 94\u{A0}% 94\u{A0}%");
    assert_eq!(select(&html, "meter[max='100'][value='94']").len(), 1);
}

#[tokio::test]
async fn a_commune_with_few_certifications_is_found_nowhere_and_the_page_says_why() {
    let html = page(Language::French).await;
    let text: String = select(&html, "main")[0].text().collect();
    assert!(text.contains("moins de cinq identités"), "{text}");
    assert!(text.contains("non communiqué"), "the months before the first");
    assert_eq!(row(&html, "tr[data-departement='26']"), ["Drôme (26)", "2", "2", "4", "233"]);
    assert_eq!(row(&html, "tr[data-departement='07']"), ["Ardèche (07)", "1", "0", "2", "0"]);
    let english = page(Language::English).await;
    let text: String = select(&english, "main")[0].text().collect();
    assert!(text.contains("fewer than five identities"), "{text}");
}

#[tokio::test]
async fn a_chart_has_a_name_a_description_and_the_same_figures_as_its_table() {
    let html = page(Language::English).await;
    let charts = select(&html, ".chart svg[role=img][aria-labelledby]");
    assert_eq!(charts.len(), 2);
    for chart in &charts {
        for id in chart.value().attr("aria-labelledby").expect("asked for").split(' ') {
            let named = select(&html, &format!("[id='{id}']"));
            assert!(!named[0].text().collect::<String>().is_empty(), "{id}");
        }
        assert!(chart.value().attr("style").is_none());
    }
    let bars = |at: usize, css: &str| -> Vec<String> {
        let css = Selector::parse(css).expect("a selector");
        charts[at].select(&css).map(|element| element.text().collect()).collect()
    };
    let months: Vec<String> = select(&html, "tr[data-month] td").iter().map(|cell| cell.text().collect()).collect();
    assert_eq!(bars(0, ".bar-value"), months);
    assert_eq!(months.len(), 12);
    assert_eq!(bars(1, ".bar-name"), ["Ardèche", "Drôme", "Corse-du-Sud"]);
    assert_eq!(bars(1, ".bar-value"), ["0 of 1", "2 of 2", "1 of 1"]);
}

#[test]
fn times_and_numbers_are_written_as_they_are_said() {
    let t = Texts::new(Language::French);
    assert_eq!(
        [0, 59, 60, 185].map(|seconds| duration(seconds, t)),
        ["0\u{A0}s", "59\u{A0}s", "1\u{A0}min 00\u{A0}s", "3\u{A0}min 05\u{A0}s"]
    );
    let numbers = [0, 999, 1_000, 67_000_000].map(in_groups);
    assert_eq!(numbers, ["0", "999", "1\u{202F}000", "67\u{202F}000\u{202F}000"]);
}
