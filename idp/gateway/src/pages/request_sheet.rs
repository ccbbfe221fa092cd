//! The request for certification as one A4 page of PDF: text that can be selected and read aloud, and the QR code as
//! squares. Tagged (ISO 32000-1 §14.8), in its language, with a title; nothing of the citizen stands on it.
//!
//! The fonts are two of the fourteen that every reader has (ISO 32000-1 §9.6.2.2), in WinAnsi encoding.

use domain::time::Timestamp;
use pdf_writer::types::StructRole;
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use qrcode::{Color, QrCode};

use super::Page;
use super::holder::last_day;
use crate::config::Cards;

mod winansi;

use winansi::{encoded, wrapped};

/// A4, in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
/// Left and right of the text.
const MARGIN: f32 = 64.0;
/// The side of the QR code, with the quiet zone of four modules that it needs.
const CODE: f32 = 280.0;
/// The name of each font in the page's resources, with what it is.
const FONTS: [(Name<'static>, Name<'static>); 2] =
    [(Name(b"Regular"), Name(b"Helvetica")), (Name(b"Bold"), Name(b"Helvetica-Bold"))];

/// What stands on the sheet, from the top.
enum Block {
    Title(String),
    Heading(String),
    Text(String),
    Strong(String),
    Item(String),
    Code,
}

impl Block {
    /// Its role, its font and size, and the space above it.
    const fn style(&self) -> (StructRole, usize, f32, f32) {
        match self {
            Self::Title(_) => (StructRole::H1, 1, 22.0, 0.0),
            Self::Heading(_) => (StructRole::H2, 1, 14.0, 16.0),
            Self::Text(_) => (StructRole::P, 0, 11.5, 6.0),
            Self::Strong(_) => (StructRole::P, 1, 13.0, 8.0),
            Self::Item(_) => (StructRole::P, 0, 11.5, 4.0),
            Self::Code => (StructRole::Figure, 0, CODE, 12.0),
        }
    }

    fn words(&self) -> Option<&str> {
        match self {
            Self::Title(text) | Self::Heading(text) | Self::Text(text) | Self::Strong(text) | Self::Item(text) => {
                Some(text)
            }
            Self::Code => None,
        }
    }

    const fn indent(&self) -> f32 {
        match self {
            Self::Item(_) => 12.0,
            Self::Title(_) | Self::Heading(_) | Self::Text(_) | Self::Strong(_) | Self::Code => 0.0,
        }
    }
}

fn blocks(page: Page<'_>, cards: Cards, until: Timestamp) -> Vec<Block> {
    let t = page.t;
    let mut blocks =
        vec![Block::Text(page.shown(page.brand_name()).to_string()), Block::Title(t.request_title().to_owned())];
    // What is made with a simulator says so wherever it goes (cnie.md §10).
    match cards {
        Cards::Simulated => blocks.push(Block::Strong(t.simulator().to_owned())),
        Cards::Real => {}
    }
    blocks.extend([
        Block::Text(t.request_lead().to_owned()),
        Block::Code,
        Block::Strong(t.request_until(&last_day(until, t))),
        Block::Heading(t.request_bring().to_owned()),
        Block::Item(t.request_bring_card().to_owned()),
        Block::Item(t.request_bring_code().to_owned()),
        Block::Item(t.request_bring_self().to_owned()),
        Block::Text(t.request_not_code().to_owned()),
        Block::Heading(t.request_after().to_owned()),
        Block::Text(t.request_after_text().to_owned()),
        Block::Text(t.request_secret().to_owned()),
    ]);
    blocks
}

/// Writes the sheet of a code.
pub(crate) fn write((page, cards): (Page<'_>, Cards), code: &QrCode, until: Timestamp) -> Vec<u8> {
    let blocks = blocks(page, cards, until);
    let [catalog, pages, sheet, content, info, root, document, parents] = [1, 2, 3, 4, 5, 6, 7, 8].map(Ref::new);
    let fonts = [9, 10].map(Ref::new);
    let element = |at: usize| Ref::new(11 + i32::try_from(at).unwrap_or(i32::MAX));
    let mut pdf = Pdf::new();
    let mut all = pdf.catalog(catalog);
    all.pages(pages).lang(TextStr(page.tag()));
    all.viewer_preferences().display_doc_title(true);
    all.mark_info().marked(true);
    all.pair(Name(b"StructTreeRoot"), root);
    all.finish();
    pdf.document_info(info).title(TextStr(page.t.request_title())).producer(TextStr("Passerelle"));
    pdf.pages(pages).kids([sheet]).count(1);
    let mut one = pdf.page(sheet);
    one.parent(pages).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(content).struct_parents(0);
    one.pair(Name(b"Tabs"), Name(b"S"));
    let mut resources = one.resources();
    let mut named = resources.fonts();
    for ((name, _), id) in FONTS.into_iter().zip(fonts) {
        named.pair(name, id);
    }
    named.finish();
    resources.finish();
    one.finish();
    for ((_, base), id) in FONTS.into_iter().zip(fonts) {
        pdf.type1_font(id).base_font(base).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(content, &drawn(&blocks, code));
    let mut tree = pdf.indirect(root).start::<pdf_writer::writers::StructTreeRoot<'_>>();
    tree.child(document).pair(Name(b"ParentTree"), parents);
    tree.finish();
    let ids: Vec<Ref> = (0..blocks.len()).map(element).collect();
    let mut whole = pdf.struct_element(document);
    whole.kind(StructRole::Document).parent(root);
    let mut children = whole.children();
    for id in &ids {
        children.struct_element(*id);
    }
    children.finish();
    whole.finish();
    for (at, (block, id)) in blocks.iter().zip(&ids).enumerate() {
        let mut one = pdf.struct_element(*id);
        one.kind(block.style().0).parent(document).page(sheet);
        if matches!(block, Block::Code) {
            one.alt(TextStr(page.t.request_image()));
        }
        one.children().marked_content_id(i32::try_from(at).unwrap_or(i32::MAX));
        one.finish();
    }
    // Which element each piece of the page belongs to (ISO 32000-1 §14.7.4.4).
    let mut tree = pdf.indirect(parents).dict();
    tree.insert(Name(b"Nums")).array().item(0).push().array().items(&ids);
    tree.finish();
    pdf.finish()
}

/// The content of the page: each block marked with its number.
fn drawn(blocks: &[Block], code: &QrCode) -> Vec<u8> {
    let mut content = Content::new();
    let mut top = HEIGHT - 56.0;
    for (at, block) in blocks.iter().enumerate() {
        let (role, font, size, above) = block.style();
        top -= above;
        let mut mark = content.begin_marked_content_with_properties(role.to_name());
        mark.properties().identify(i32::try_from(at).unwrap_or(i32::MAX));
        mark.finish();
        match block.words() {
            None => {
                top -= CODE;
                squares(&mut content, code, (MARGIN, top));
            }
            Some(words) => {
                let left = MARGIN + block.indent();
                for (number, line) in wrapped(words, (WIDTH - MARGIN - left) / size).into_iter().enumerate() {
                    top -= size * 1.3;
                    content.begin_text().set_font(FONTS[font].0, size).next_line(MARGIN, top);
                    if block.indent() > 0.0 && number == 0 {
                        content.show(Str(&encoded("•")));
                    }
                    content.next_line(block.indent(), 0.0).show(Str(&encoded(&line))).end_text();
                }
            }
        }
        content.end_marked_content();
    }
    content.finish().into_vec()
}

/// The modules of a code, each row in runs, in a square whose lower left corner is given.
fn squares(content: &mut Content, code: &QrCode, (left, bottom): (f32, f32)) {
    let width = code.width();
    let module = CODE / (u16::try_from(width).map_or(177.0, f32::from) + 8.0);
    let place = |at: usize| f32::from(u16::try_from(at + 4).unwrap_or(0)) * module;
    for y in 0..width {
        let mut x = 0;
        while x < width {
            let run = (x..width).take_while(|x| code[(*x, y)] == Color::Dark).count();
            if run > 0 {
                let height = CODE - place(y) - module;
                content.rect(left + place(x), bottom + height, place(run) - place(0), module);
            }
            x += run.max(1);
        }
    }
    content.fill_nonzero();
}

#[cfg(test)]
#[path = "request_sheet_tests.rs"]
mod tests;
