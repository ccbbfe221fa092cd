//! The two languages of the pages, French first.

use serde::{Deserialize, Serialize};

/// A language of the pages and mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French, the first language.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// The first language of a `ui_locales` list (OIDC Core §3.1.2.1, space separated BCP 47 tags) that there is.
    pub fn from_ui_locales(locales: &str) -> Option<Self> {
        locales.split(' ').find_map(Self::from_tag)
    }

    /// The preferred language of an `Accept-Language` header (RFC 9110 §12.5.4). Weights are honoured.
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for part in header.split(',').take(32) {
            let mut pieces = part.split(';');
            let Some(language) = pieces.next().and_then(|tag| Self::from_tag(tag.trim())) else { continue };
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()))
                .unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(_, held)| weight > held) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }

    /// The BCP 47 tag for `lang` attributes and metadata.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        if primary.eq_ignore_ascii_case("fr") {
            Some(Self::French)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_locale_wins_and_unknown_ones_are_ignored() {
        assert_eq!(Language::from_ui_locales("br fr-FR en"), Some(Language::French));
        assert_eq!(Language::from_ui_locales("en-GB fr"), Some(Language::English));
        assert_eq!(Language::from_ui_locales("xx"), None);
    }

    #[test]
    fn accept_language_weights_are_honoured() {
        assert_eq!(Language::from_accept_language("fr;q=0.5, en;q=0.9"), Some(Language::English));
        assert_eq!(Language::from_accept_language("de, *;q=0.1"), None);
        assert_eq!(Language::from_accept_language("en;q=0, fr;q=0.1"), Some(Language::French));
    }
}
