//! `[brand]`: what makes the gateway look like whoever runs it.

use std::path::PathBuf;

use domain::client::Label;

use super::reader::{Read, Section};
use crate::pages::brand::{Colour, Support};

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
    pub(crate) support: Support,
}

pub(super) fn read(section: &Section<'_>) -> Read<Brand> {
    let name = |text: &str| match text.trim().chars().count() {
        1..=60 => Ok(text.trim().to_owned()),
        _ => Err("must have 1 to 60 characters".to_owned()),
    };
    let fr = section.text("name", "Passerelle", name);
    let en = section.text("name_en", fr.as_deref().unwrap_or("Passerelle"), name);
    let colour = section.text("colour", "#12554a", colour_of);
    let accent = section.text("accent", "#e2a936", colour_of);
    let logo = section.path("logo");
    let theme = section.path("theme_directory");
    let support = section.text("support", "mailto:aide@localhost", |text| {
        Support::parse(text).map_err(|_| "must be a mailto:, https:// or http:// address".to_owned())
    });
    let (logo, theme) = (logo?, theme?);
    if let Some(path) = &logo {
        let known = path.extension().is_some_and(|kind| kind == "svg" || kind == "png");
        if !known {
            return Err(section.contradiction("logo", "must be an SVG or PNG file, by its name"));
        }
        if !path.is_file() {
            return Err(section.contradiction("logo", &format!("there is no file {}", path.display())));
        }
    }
    if let Some(path) = theme.as_ref().filter(|path| !path.is_dir()) {
        return Err(section.contradiction("theme_directory", &format!("there is no folder {}", path.display())));
    }
    Ok(Brand { name: Label { fr: fr?, en: en? }, colour: colour?, accent: accent?, logo, theme, support: support? })
}

fn colour_of(text: &str) -> Result<Colour, String> {
    Colour::parse(text).map_err(|_| "must be a colour such as \"#1b4f9c\"".to_owned())
}
