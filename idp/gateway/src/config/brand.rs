//! `[brand]`: what makes the gateway look like whoever runs it.

use std::path::PathBuf;

use domain::client::Label;

use super::reader::Section;

/// Name, colours, logo and theme.
#[derive(Debug, Clone)]
pub(crate) struct Brand {
    /// The name, as citizens read it.
    pub(crate) name: Label,
    /// The main colour.
    pub(crate) colour: Colour,
    /// The colour of accents.
    pub(crate) accent: Colour,
    /// A logo, SVG or PNG.
    pub(crate) logo: Option<PathBuf>,
    /// A folder whose files stand in for those of the same name.
    pub(crate) theme: Option<PathBuf>,
    /// Where a citizen finds help: `mailto:` or https.
    pub(crate) support: String,
}

/// A colour, `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Colour(String);

impl Colour {
    /// Reads `#rrggbb`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let hex =
            text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if hex { Ok(Self(text.to_ascii_lowercase())) } else { Err("must be a colour such as \"#1b4f9c\"".to_owned()) }
    }

    /// The colour as `#rrggbb`, lower case.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn read(section: &Section<'_>) -> Option<Brand> {
    let name = |text: &str| match text.trim().chars().count() {
        1..=60 => Ok(text.trim().to_owned()),
        _ => Err("must have 1 to 60 characters".to_owned()),
    };
    let fr = section.text("name", "Passerelle", name);
    let en = section.text("name_en", fr.as_deref().unwrap_or("Passerelle"), name);
    let colour = section.text("colour", "#1b4f72", Colour::parse);
    let accent = section.text("accent", "#b7410e", Colour::parse);
    let logo = section.path("logo");
    let theme = section.path("theme_directory");
    let support = section.text("support", "mailto:aide@localhost", |text| {
        if text.starts_with("mailto:") && text.contains('@') || text.starts_with("https://") {
            Ok(text.to_owned())
        } else {
            Err("must be a mailto: or https:// address".to_owned())
        }
    });
    let (logo, theme) = (logo?, theme?);
    if let Some(path) = &logo {
        let known = path.extension().is_some_and(|kind| kind == "svg" || kind == "png");
        if !known {
            return section.contradiction("logo", "must be an SVG or PNG file, by its name");
        }
        if !path.is_file() {
            return section.contradiction("logo", &format!("there is no file {}", path.display()));
        }
    }
    if let Some(path) = theme.as_ref().filter(|path| !path.is_dir()) {
        return section.contradiction("theme_directory", &format!("there is no folder {}", path.display()));
    }
    Some(Brand { name: Label { fr: fr?, en: en? }, colour: colour?, accent: accent?, logo, theme, support: support? })
}
