//! Who runs the gateway, as a citizen sees it: name, logo, colours, support.
//!
//! An operator gives any two colours. What is painted is computed from them so that every text keeps a contrast of
//! 4.5 to 1 on both the light and the dark scheme (WCAG 2.2 §1.4.3): a pale brand colour is darkened where it carries
//! text, never refused.

use std::fmt;

use domain::client::Label;

use super::text::Texts;

/// The brand of who runs the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Brand {
    /// Its name.
    pub(crate) name: Label,
    /// Where a citizen finds help.
    pub(crate) support: Option<Support>,
    /// The address of the gateway, for mails that tell where to go.
    pub(crate) site: String,
    /// Paths of what the pages load, with the hash of the content in them.
    pub(crate) paths: BrandPaths,
}

/// Paths of the files that every page loads.
#[derive(Debug, Clone)]
pub(crate) struct BrandPaths {
    /// Our style sheet.
    pub(crate) style: String,
    /// The colours.
    pub(crate) colours: String,
    /// The operator's style sheet, when there is one.
    pub(crate) theme: Option<String>,
    /// The script that sends the form of a page.
    pub(crate) submit: String,
    /// The script that asks a passkey to sign.
    pub(crate) passkey: String,
    /// The script that asks how far a phone is.
    pub(crate) watch: String,
    /// The logo, which is also the icon of the tab.
    pub(crate) logo: String,
}

/// Where a citizen finds help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Support {
    /// A mail address.
    Mail(String),
    /// A page.
    Page(url::Url),
}

/// The support address is neither a mail address nor a web page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("support must be mailto:someone@example.org or an http(s) address")]
pub(crate) struct BadSupport;

impl Support {
    /// Reads `mailto:…`, `https://…` or `http://…`.
    pub(crate) fn parse(text: &str) -> Result<Self, BadSupport> {
        if let Some(address) = text.strip_prefix("mailto:") {
            let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
            return if address.split('@').filter(|part| !part.is_empty()).count() == 2 && address.chars().all(plain) {
                Ok(Self::Mail(address.to_owned()))
            } else {
                Err(BadSupport)
            };
        }
        url::Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
            .map_or(Err(BadSupport), |url| Ok(Self::Page(url)))
    }

    /// The address as a citizen reads it.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Mail(address) => address,
            Self::Page(url) => url.as_str(),
        }
    }

    /// The link.
    pub(crate) fn link(&self) -> String {
        match self {
            Self::Mail(address) => format!("mailto:{address}"),
            Self::Page(url) => url.to_string(),
        }
    }

    /// The link, with the code and number of a problem filled in: as a message ready to send, or as `code` and
    /// `occurrence` in the query.
    pub(crate) fn link_about(&self, t: Texts, brand: &str, code: &str, occurrence: &str) -> String {
        match self {
            Self::Mail(address) => {
                let percent = |text: &str| askama::filters::urlencode_strict(text).map(|out| out.to_string());
                let Ok(subject) = percent(&t.support_subject(brand, code));
                let Ok(body) = percent(&t.support_body(code, occurrence).replace('\n', "\r\n"));
                format!("mailto:{address}?subject={subject}&body={body}")
            }
            Self::Page(url) => {
                let mut url = url.clone();
                url.query_pairs_mut().append_pair("code", code).append_pair("occurrence", occurrence);
                url.to_string()
            }
        }
    }
}

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// A colour was not written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb")]
pub(crate) struct BadColour;

impl Colour {
    const WHITE: Self = Self { red: 0xFF, green: 0xFF, blue: 0xFF };
    const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    /// The darkest paper of the light scheme (`--paper` in the style sheet); cards are white.
    const LIGHT_PAPER: Self = Self { red: 0xF4, green: 0xF2, blue: 0xEC };
    /// The lightest paper of the dark scheme (`--card` in the style sheet).
    const DARK_PAPER: Self = Self { red: 0x22, green: 0x2B, blue: 0x28 };

    /// Reads `#rrggbb`. Nothing else is ever written into a style sheet.
    pub(crate) fn parse(text: &str) -> Result<Self, BadColour> {
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or(BadColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self { red, green, blue })
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2, definition).
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Contrast ratio, 1 to 21 (WCAG 2.2, definition).
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The colour as it is painted on light paper.
    fn on_light(self) -> Self {
        self.darkened(Self::LIGHT_PAPER, 4.5)
    }

    /// The colour as it is painted on dark paper, where the eye asks for a little more.
    fn on_dark(self) -> Self {
        self.lightened(Self::DARK_PAPER, 6.0)
    }

    /// The first of the darker shades that has `wanted` contrast on `paper`.
    fn darkened(self, paper: Self, wanted: f64) -> Self {
        self.first_readable(std::iter::once(Self::BLACK), paper, wanted)
    }

    /// The first of the lighter tints that has `wanted` contrast on `paper`: brighter first, which keeps the hue, then
    /// paler.
    fn lightened(self, paper: Self, wanted: f64) -> Self {
        let strongest = self.red.max(self.green).max(self.blue).max(1);
        let scaled = |channel: u8| u8::try_from(u16::from(channel) * 255 / u16::from(strongest)).unwrap_or(u8::MAX);
        let brightest = Self { red: scaled(self.red), green: scaled(self.green), blue: scaled(self.blue) };
        self.first_readable([brightest, Self::WHITE].into_iter(), paper, wanted)
    }

    /// Walks from this colour to each of the others in turn, in steps of a 64th.
    fn first_readable(self, through: impl Iterator<Item = Self>, paper: Self, wanted: f64) -> Self {
        let mut from = self;
        for target in through {
            if let Some(found) =
                (0..=64).map(|step| from.mixed(target, step)).find(|colour| colour.contrast(paper) >= wanted)
            {
                return found;
            }
            from = target;
        }
        from
    }

    /// The colour `step` 64ths of the way to `target`.
    fn mixed(self, target: Self, step: u16) -> Self {
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (64 - step) + u16::from(to) * step;
            u8::try_from(sum / 64).unwrap_or(u8::MAX)
        };
        Self { red: mix(self.red, target.red), green: mix(self.green, target.green), blue: mix(self.blue, target.blue) }
    }

    /// White or black, whichever reads better on this colour: one of them always reaches 4.58 to 1.
    pub(super) fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// The style sheet of the brand's colours.
///
/// `--brand` paints buttons, `--on-brand` what is written on them, `--brand-text` links and headings on paper;
/// `--deck` and `--accent` ornaments that carry no meaning.
pub(crate) fn colour_sheet(brand: Colour, accent: Colour) -> String {
    let scheme = |readable: Colour| {
        let ink = readable.ink();
        format!("--brand:{readable};--on-brand:{ink};--brand-text:{readable};--deck:{brand};--accent:{accent}")
    };
    let (light, dark) = (scheme(brand.on_light()), scheme(brand.on_dark()));
    format!(":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::language::Language;

    #[test]
    fn whatever_colour_an_operator_gives_texts_stay_readable() {
        for red in (0..=255).step_by(17) {
            for green in (0..=255).step_by(17) {
                for blue in (0..=255).step_by(17) {
                    let brand = Colour { red, green, blue };
                    let (light, dark) = (brand.on_light(), brand.on_dark());
                    assert!(light.contrast(Colour::LIGHT_PAPER) >= 4.5, "{brand} on light");
                    assert!(light.contrast(Colour::WHITE) >= 4.5, "{brand} on a white card");
                    assert!(dark.contrast(Colour::DARK_PAPER) >= 4.5, "{brand} on dark");
                    assert!(light.ink().contrast(light) >= 4.5, "on {light}");
                    assert!(dark.ink().contrast(dark) >= 4.5, "on {dark}");
                }
            }
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert!((Colour::WHITE.contrast(Colour::BLACK) - 21.0).abs() < 0.001);
        let grey = Colour { red: 0x76, green: 0x76, blue: 0x76 };
        assert!((4.54..4.55).contains(&grey.contrast(Colour::WHITE)));
    }

    #[test]
    fn only_six_hexadecimal_digits_are_a_colour() {
        assert_eq!(Colour::parse("#12554A").map(|colour| colour.to_string()), Ok("#12554a".to_owned()));
        for bad in ["", "12554a", "#12554", "#12554g", "#+12554", "red", "#fff;}body{display:none", "#é2554"] {
            assert_eq!(Colour::parse(bad), Err(BadColour), "{bad}");
        }
    }

    #[test]
    fn support_is_a_mail_address_or_a_web_page_and_nothing_else() {
        assert_eq!(Support::parse("mailto:aide@exemple.fr"), Ok(Support::Mail("aide@exemple.fr".to_owned())));
        assert!(Support::parse("https://exemple.fr/aide").is_ok());
        for bad in
            ["", "javascript:alert(1)", "mailto:", "mailto:a", "mailto:a@b?cc=c", "mailto:a@b@c", "data:text/html,x"]
        {
            assert_eq!(Support::parse(bad), Err(BadSupport), "{bad}");
        }
    }

    #[test]
    fn the_message_to_support_is_ready_to_send() {
        let t = Texts::new(Language::French);
        let mail = Support::parse("mailto:aide@exemple.fr").expect("an address");
        let link = mail.link_about(t, "Passerelle", "registry_unavailable", "AB&C");
        assert!(link.starts_with("mailto:aide@exemple.fr?subject=Passerelle%C2%A0%3A%20aide"), "{link}");
        assert!(link.contains("%0D%0A") && link.contains("AB%26C") && !link.contains(' '), "{link}");
        let page = Support::parse("https://exemple.fr/aide?de=idp").expect("a page");
        assert_eq!(page.link_about(t, "P", "x y", "1"), "https://exemple.fr/aide?de=idp&code=x+y&occurrence=1");
    }
}
