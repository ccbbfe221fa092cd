//! What people type: names and mail addresses, as they can be shown on one line and written to.

use serde::{Deserialize, Serialize};

/// A text that is no name, or no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadText(&'static str);

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads it; space around it is left out.
            pub fn parse(text: &str) -> Result<Self, BadText> {
                let judge: fn(&str) -> Result<(), BadText> = $parse;
                let text = text.trim();
                judge(text).map(|()| Self(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadText;

            fn try_from(text: String) -> Result<Self, BadText> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// The name of a person, a commune or a thing: 1 to 100 characters on one line.
    Name, |text| {
        let shown = |c: char| !c.is_control() && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}');
        if (1..=100).contains(&text.chars().count()) && text.chars().all(shown) {
            Ok(())
        } else {
            Err(BadText("a name has 1 to 100 characters on one line"))
        }
    }
);
text!(
    /// A mail address: of ASCII, with one `@`, and a domain of several labels or `localhost`. Whether it can be written
    /// to, only a mail shows.
    MailAddress, |text| {
        let part = |part: &str, more: &[u8]| {
            let inside = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            !part.is_empty() && part.bytes().all(inside) && part.split('.').all(|label| !label.is_empty())
        };
        match text.split_once('@') {
            Some((local, domain))
                if text.len() <= 254
                    && local.len() <= 64
                    && part(local, b".!#$%&'*+-/=?^_`{|}~")
                    && part(domain, b".-")
                    && (domain.contains('.') || domain == "localhost") => Ok(()),
            Some(_) | None => Err(BadText("not a mail address")),
        }
    }
);

impl MailAddress {
    /// The form in which two spellings of one address are equal: mailboxes are compared without regard to case.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_on_one_line_and_turns_nothing_around() {
        assert_eq!(Name::parse("  Angela DUBOIS ").expect("a name").as_str(), "Angela DUBOIS");
        assert!(Name::parse(&"é".repeat(100)).is_ok());
        for bad in ["", "  ", "a\nb", "a\u{202E}b", "a\u{2066}b", "a\u{200B}b", &"a".repeat(101)] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_can_stand_in_a_mail_header() {
        for good in ["a@exemple.fr", "marie-jo.d+mairie@ville.exemple.fr", "agent@localhost"] {
            assert_eq!(MailAddress::parse(good).expect(good).as_str(), good);
        }
        for bad in [
            "",
            "a",
            "@exemple.fr",
            "a@",
            "a@exemple",
            "a@b@c.fr",
            "a b@c.fr",
            "a@c.fr\r\nBcc: x@y.fr",
            "a..b@c.fr",
            "a@.fr",
            "a@c..fr",
            "é@exemple.fr",
            "\"a\"@exemple.fr",
            "a,b@exemple.fr",
            "<a@exemple.fr>",
        ] {
            assert!(MailAddress::parse(bad).is_err(), "{bad:?}");
        }
        let folded = |text| MailAddress::parse(text).expect("an address").folded();
        assert_eq!(folded("Marie@Ville.FR"), folded("marie@ville.fr"));
    }
}
