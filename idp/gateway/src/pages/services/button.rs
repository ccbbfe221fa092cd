//! The button of relying parties: three sizes, two languages, as HTML and CSS to copy.

use askama::Template;
use domain::client::Registered;
use domain::language::Language;

use super::super::partners::{Shell, space_views};
use super::super::text::Texts;
use super::{Page, path_of};

/// Its style: no script, no font, no image.
pub(crate) const STYLE: &str = include_str!("../../../assets/bouton.css");

/// How large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Size {
    /// Small.
    Small,
    /// As the text around it.
    #[default]
    Medium,
    /// Large.
    Large,
}

impl Size {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The name in addresses and classes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.name() == name)
    }

    const fn words(self, t: Texts) -> &'static str {
        match self {
            Self::Small => t.button_small(),
            Self::Medium => t.button_medium(),
            Self::Large => t.button_large(),
        }
    }
}

/// The page that makes it.
#[derive(Debug, Template)]
#[template(path = "service_button.html")]
pub(crate) struct Button<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The service.
    pub(crate) service: &'a Registered,
    /// How large.
    pub(crate) size: Size,
    /// The language of the site.
    pub(crate) language: Language,
    /// Where the style is served.
    pub(crate) served: &'a str,
}

impl Button<'_> {
    fn path(&self) -> String {
        path_of(&self.service.client.id)
    }

    const fn verb(&self) -> &'static str {
        match self.language {
            Language::French => "S’identifier avec",
            Language::English => "Sign in with",
        }
    }

    fn name(&self) -> &str {
        self.page.brand.name.in_language(self.language)
    }

    fn sizes(&self) -> [(&'static str, &'static str, &'static str); 3] {
        let chosen = |size| if size == self.size { " selected" } else { "" };
        Size::ALL.map(|size| (size.name(), size.words(self.page.t), chosen(size)))
    }

    fn languages(&self) -> [(&'static str, &'static str, &'static str); 2] {
        let chosen = |language| if language == self.language { " selected" } else { "" };
        [
            (Language::French.tag(), self.page.t.button_french(), chosen(Language::French)),
            (Language::English.tag(), self.page.t.button_english(), chosen(Language::English)),
        ]
    }

    /// What is copied.
    fn html(&self) -> String {
        let (size, lang, verb, name) = (self.size.name(), self.language.tag(), self.verb(), escaped(self.name()));
        format!(
            "<a class=\"signin-button signin-button--auto signin-button--{size}\" lang=\"{lang}\" href=\"/connexion\" \
             rel=\"nofollow\">{verb} <strong>{name}</strong></a>"
        )
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    const fn style(&self) -> &'static str {
        STYLE
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

space_views!(Button: Stay);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_small_and_loads_nothing() {
        assert!(STYLE.len() < 4096, "{}", STYLE.len());
        for word in ["url(", "@import", "@font-face", "http"] {
            assert!(!STYLE.contains(word), "{word}");
        }
        for rule in [":focus-visible", ":hover", "forced-colors: active", "prefers-color-scheme: dark"] {
            assert!(STYLE.contains(rule), "{rule}");
        }
        for size in Size::ALL {
            assert!(STYLE.contains(&format!(".signin-button--{} ", size.name())));
        }
    }

    #[test]
    fn a_name_is_text_in_the_html_that_is_copied() {
        assert_eq!(escaped("Ville & <b>\"x\""), "Ville &amp; &lt;b&gt;&quot;x&quot;");
    }
}
