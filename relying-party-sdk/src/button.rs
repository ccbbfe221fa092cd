//! The button: « S'identifier avec … », as HTML and CSS that need no script, no font and no image from elsewhere.
//!
//! It is a link in a frame of its own, large enough for a thumb, readable at 400 % zoom and in forced colours, with
//! a contrast above 7:1. Its look is this project's own and follows the custom properties at the top of
//! [`STYLESHEET`]; it borrows nothing from the State's design system.

use std::fmt::Write as _;

/// The style of the button, to serve once and cache; it has class names that begin with `rp-sign-in` only.
pub const STYLESHEET: &str = include_str!("button.css");

/// The languages of the button and of the gateway's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// French.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// Its BCP 47 tag, `fr` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }
}

/// How large the button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// For a header or a form.
    Small,
    /// For most pages.
    #[default]
    Medium,
    /// For a page about nothing else.
    Large,
}

/// How the button follows the colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Dark on a light page, always.
    #[default]
    Light,
    /// Light on a dark page when the reader prefers dark pages.
    Auto,
}

/// A button that leads to this site's login.
///
/// ```
/// use relying_party_sdk::button::{Button, Size};
/// let html = Button::new("Passerelle", "/login").with_size(Size::Large).html();
/// assert!(html.contains("S’identifier avec <strong>Passerelle</strong>"));
/// ```
#[derive(Debug, Clone)]
pub struct Button {
    name: String,
    href: String,
    about: Option<String>,
    size: Size,
    language: Language,
    scheme: Scheme,
}

impl Button {
    /// A button with the gateway's name that leads to `href`, as a rule the login route of this site.
    pub fn new(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            href: href.into(),
            about: None,
            size: Size::default(),
            language: Language::default(),
            scheme: Scheme::default(),
        }
    }

    /// Its size.
    #[must_use]
    pub fn with_size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    /// Its language.
    #[must_use]
    pub fn with_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Its colours.
    #[must_use]
    pub fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Adds a link under it to a page that says what the gateway is: citizens ask.
    #[must_use]
    pub fn with_about(mut self, address: impl Into<String>) -> Self {
        self.about = Some(address.into());
        self
    }

    /// The HTML of the button, everything escaped; put [`STYLESHEET`] on the page too.
    pub fn html(&self) -> String {
        let name = escape(&self.name);
        let (words, about) = match self.language {
            Language::French => ("S’identifier avec", format!("Qu’est-ce que {name} ?")),
            Language::English => ("Sign in with", format!("What is {name}?")),
        };
        let size = match self.size {
            Size::Small => "small",
            Size::Medium => "medium",
            Size::Large => "large",
        };
        let scheme = match self.scheme {
            Scheme::Light => "",
            Scheme::Auto => " rp-sign-in--auto",
        };
        let lang = self.language.tag();
        let href = escape(&self.href);
        let mut html = format!(
            r#"<div class="rp-sign-in rp-sign-in--{size}{scheme}" lang="{lang}"><a class="rp-sign-in__button" href="{href}" rel="nofollow">{MARK}<span class="rp-sign-in__words">{words} <strong>{name}</strong></span></a>"#
        );
        if let Some(address) = &self.about {
            let address = escape(address);
            write!(html, r#"<a class="rp-sign-in__about" href="{address}">{about}</a>"#)
                .expect("writing to a String cannot fail");
        }
        html.push_str("</div>");
        html
    }
}

/// A footbridge; drawn here, hidden from screen readers, who hear the words.
const MARK: &str = r#"<svg class="rp-sign-in__mark" viewBox="0 0 28 28" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"><path d="M2 19h24"/><path d="M4 19v4M24 19v4"/><path d="M4 19C5.5 9.5 9.5 6 14 6s8.5 3.5 10 13"/><path d="M9 9.300V19M14 6v13M19 9.300V19"/></svg>"#;

/// Makes text safe between tags and inside quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_speaks_french_and_english() {
        let button = Button::new("Passerelle", "/login").with_about("/aide");
        let french = button.html();
        assert!(french.contains("S’identifier avec <strong>Passerelle</strong>") && french.contains(r#"lang="fr""#));
        assert!(french.contains("Qu’est-ce que Passerelle ?"));
        let english = button.with_language(Language::English).html();
        assert!(english.contains("Sign in with <strong>Passerelle</strong>") && english.contains(r#"lang="en""#));
    }

    #[test]
    fn nothing_given_to_the_button_can_leave_its_place() {
        let html = Button::new(r#"<script>"'&"#, r#""><script>"#).with_about(r#"' onclick=x ""#).html();
        assert!(!html.contains("<script>"));
        assert!(html.contains("&lt;script&gt;&quot;&#39;&amp;") && html.contains(r#"href="&quot;&gt;&lt;script&gt;""#));
        assert!(html.contains(r#"href="&#39; onclick=x &quot;""#));
    }

    #[test]
    fn button_and_style_call_for_nothing_from_elsewhere() {
        let html = Button::new("Passerelle", "/login").html();
        for text in [html.as_str(), STYLESHEET] {
            for word in ["http", "url(", "@import", "<script", "style=", "src="] {
                assert!(!text.contains(word), "{word}");
            }
        }
        for size in ["small", "medium", "large"] {
            assert!(STYLESHEET.contains(&format!(".rp-sign-in--{size} ")), "{size}");
        }
    }
}
