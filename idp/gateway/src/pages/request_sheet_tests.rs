//! The sheet, read back octet by octet: the objects, the tags, the words, the squares.

use domain::language::Language;

use super::*;
use crate::pages::samples;

const UNTIL: Timestamp = Timestamp::from_epoch(1_798_761_600);
const TEXT: &str = "https://guichet.exemple.fr/guichet/q/AQEBAQEBAQEBAQEBAQEBAQECAgICAgICAgICAgICAgICAms2y4AEBAQE";

fn sheet(language: Language) -> (Vec<u8>, QrCode) {
    let code = QrCode::new(TEXT).expect("short");
    let brand = samples::brand();
    (write((Page::new(&brand, language), Cards::Real), &code, UNTIL), code)
}

fn find(bytes: &[u8], text: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(text.len()).position(|window| window == text).map(|at| at + from)
}

/// The content stream of the page.
fn content(pdf: &[u8]) -> Vec<u8> {
    let begin = find(pdf, b"stream\n", 0).expect("a stream") + 7;
    let end = find(pdf, b"endstream", begin).expect("its end");
    pdf[begin..end].to_vec()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[test]
fn each_object_stands_where_the_table_says() {
    let (pdf, _) = sheet(Language::French);
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"));
    let start = latin1(&pdf).rsplit("startxref").next().and_then(|tail| tail.split_whitespace().next()?.parse().ok());
    let table = latin1(&pdf[start.expect("a number")..]);
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("xref"));
    let count: usize = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a number");
    for (number, line) in lines.take(count).enumerate().skip(1) {
        let at: usize = line[..10].parse().expect("an offset");
        assert!(pdf[at..].starts_with(format!("{number} 0 obj").as_bytes()), "object {number}");
    }
    assert!(table.contains(&format!("/Size {count}")), "the table's own length");
}

#[test]
fn it_has_a_title_a_language_and_a_tag_for_every_block() {
    for (language, tag) in [(Language::French, "(fr)"), (Language::English, "(en)")] {
        let text = latin1(&sheet(language).0);
        assert!(text.contains(&format!("/Lang {tag}")) && text.contains("/DisplayDocTitle true"));
        assert!(text.contains("/Marked true") && text.contains("/Title (") && text.contains("/Alt ("));
        let marked = text.matches("/MCID").count();
        let brand = samples::brand();
        let expected = blocks(Page::new(&brand, language), Cards::Real, UNTIL).len();
        assert_eq!(marked, expected, "each block is marked");
        assert_eq!((text.matches(" BDC").count(), text.matches("EMC").count()), (expected, expected));
        assert_eq!(text.matches("/S /H1").count(), 1);
    }
}

/// The words that are shown, line by line, as a reader that selects them has them.
fn shown(content: &[u8]) -> Vec<String> {
    let text = latin1(content);
    let octets = |hex: &str| -> String {
        (0..hex.len()).step_by(2).map(|at| char::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))).collect()
    };
    let one = |operand: &str| {
        let hex = operand.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let plain =
            || operand.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).map(|text| text.replace('\\', ""));
        hex.map(octets).or_else(plain).expect("a string")
    };
    text.lines().filter_map(|line| line.strip_suffix(" Tj")).map(one).collect()
}

#[test]
fn its_words_can_be_selected_and_every_one_is_in_the_encoding() {
    let brand = samples::brand();
    for language in [Language::French, Language::English] {
        let (pdf, _) = sheet(language);
        let shown: Vec<String> = shown(&content(&pdf)).into_iter().filter(|line| line != "\u{95}").collect();
        let blocks = blocks(Page::new(&brand, language), Cards::Real, UNTIL);
        let words: Vec<&str> = blocks.iter().filter_map(Block::words).collect();
        assert!(words.iter().all(|words| !encoded(&words.replace('?', "")).contains(&b'?')), "{words:?}");
        assert_eq!(shown.join(" "), latin1(&encoded(&words.join(" "))));
    }
}

#[test]
fn its_squares_are_the_modules_of_the_code() {
    let (pdf, code) = sheet(Language::French);
    let text = latin1(&content(&pdf));
    let squares: Vec<[f32; 4]> = text
        .lines()
        .filter_map(|line| line.strip_suffix(" re"))
        .map(|line| {
            let numbers: Vec<f32> = line.split(' ').map(|number| number.parse().expect("a number")).collect();
            numbers.try_into().expect("four")
        })
        .collect();
    let module = squares[0][3];
    let left = squares.iter().map(|square| square[0]).fold(f32::MAX, f32::min);
    let top = squares.iter().map(|square| square[1]).fold(f32::MIN, f32::max);
    let mut dark = vec![false; code.width() * code.width()];
    for [x, y, width, height] in squares {
        assert!((height - module).abs() < 0.01);
        let is = |number: u16, length: f32| (f32::from(number) * module - length).abs() < module / 2.0;
        let number = |length| (0..200).find(|number| is(*number, length)).map(usize::from).expect("whole modules");
        for step in 0..number(width) {
            dark[number(top - y) * code.width() + number(x - left) + step] = true;
        }
    }
    let expected: Vec<bool> = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
    assert!(dark == expected, "a module differs");
    // The quiet zone of four modules (ISO/IEC 18004 §6.3.8).
    assert!(left - MARGIN >= 4.0 * module - 0.01);
}

#[test]
fn it_fits_on_its_page() {
    for language in [Language::French, Language::English] {
        let text = latin1(&content(&sheet(language).0));
        let heights = text.lines().filter_map(|line| line.strip_suffix(" Td"));
        let heights = heights.filter_map(|line| line.split(' ').nth(1)?.parse::<f32>().ok());
        let lowest = heights.filter(|height| *height > 0.0).fold(f32::MAX, f32::min);
        assert!((48.0..HEIGHT).contains(&lowest), "{lowest}");
    }
}
