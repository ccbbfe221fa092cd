//! Hosts of a commune's service: what may stand in a habilitation, how it is shown, whom it looks like.
//!
//! ```text
//!  "Mairie-Épinal.fr" ──▶ ProductionHost  ascii xn--mairie-pinal-heb.fr, shown mairie-épinal.fr
//!        │                      │
//!        │                      └─ relation(site): Same │ Within │ LooksAlike │ Other       for the reviewer
//!        └──▶ SandboxHost       loopback, *.test, *.localhost, *.example
//! ```
//!
//! A production host has the letters that names under `.fr` may have (AFNIC: ASCII and thirty letters of French and its
//! neighbours) and no others. So no letter of another script can pass for one of these, in a whole label or a part of it,
//! and no table of confusables (UTS #39) is needed but for what looks alike within the list.

mod letters;
mod redirect;

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization as _;

pub use self::letters::Script;
use self::letters::{judge, skeleton};
pub use self::redirect::{ProductionRedirect, RedirectRefusal, SandboxRedirect, production_redirect, sandbox_redirect};

/// Why a text is no host that may stand in a habilitation. The texts repeat nothing of what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// Nothing.
    #[error("the host is empty")]
    Empty,
    /// A wildcard.
    #[error("the host has a wildcard: name each host")]
    Wildcard,
    /// A user name or password before it.
    #[error("the host has a user name before it")]
    UserInfo,
    /// An address, also one in octal, hexadecimal or a single number.
    #[error("the host is an address: a name is needed")]
    Address,
    /// A port after it.
    #[error("the host has a port after it")]
    Port,
    /// A dot at its end.
    #[error("the host ends in a dot")]
    TrailingDot,
    /// One word, which means something in one network alone.
    #[error("the host is one word: a name with its domain is needed")]
    SingleLabel,
    /// Not a name of the internet: for tests, examples or private networks, or one that leads to any address.
    #[error("the host is a name for tests, examples or private networks")]
    Reserved,
    /// For the sandbox: a host of the internet.
    #[error("the sandbox has loopback and names under .test, .localhost and .example alone")]
    NotForTests,
    /// Not a name by the rules of the DNS and of IDNA (UTS #46).
    #[error("the host is not a valid name")]
    NotAName,
    /// Programs would read another name than people do: wide or mathematical letters, other dots, invisible characters.
    #[error("the host has characters that programs replace by others")]
    Rewritten,
    /// Letters of two scripts in one label.
    #[error("the host mixes Latin letters with {script} ones (U+{:04X})", *letter as u32)]
    MixedScripts {
        /// The first letter that is not Latin.
        letter: char,
        /// Its script.
        script: Script,
    },
    /// A label in another script.
    #[error("the host is written in {script} letters (U+{:04X})", *letter as u32)]
    ForeignScript {
        /// The first letter that is not Latin.
        letter: char,
        /// Its script.
        script: Script,
    },
    /// A Latin letter, or a sign, that names under .fr do not have.
    #[error("the host has a letter that names under .fr do not have (U+{:04X})", *letter as u32)]
    Letter {
        /// The letter.
        letter: char,
    },
}

/// A host of the internet that a production client may name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductionHost {
    ascii: String,
    shown: String,
}

/// A host that a sandbox client may name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SandboxHost(String);

/// How a host stands to the site of the commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It is the site.
    Same,
    /// It lies under the site's domain.
    Within,
    /// It lies elsewhere, and could be taken for the site.
    LooksAlike,
    /// It lies elsewhere.
    Other,
}

/// Last labels that no host of the internet has: RFC 2606, 6761, 6762, 7686, 8375, 9476; what ICANN keeps for private
/// networks; and what such networks are used to.
const RESERVED: [&str; 16] = [
    "test",
    "example",
    "invalid",
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "mail",
    "private",
    "onion",
    "alt",
    "arpa",
];

/// Domains for examples (RFC 2606 §3), and those whose every name leads to the address written in it, or to loopback.
const NOBODYS: [&str; 8] =
    ["example.com", "example.net", "example.org", "nip.io", "sslip.io", "localtest.me", "lvh.me", "vcap.me"];

impl ProductionHost {
    /// Reads a host as people type it or as a URI has it; space around it is left out.
    pub fn parse(text: &str) -> Result<Self, HostFault> {
        let host = Self::name(text.trim())?;
        let nobodys = NOBODYS.iter().any(|domain| host.ascii == *domain || is_under(&host.ascii, domain));
        if nobodys || RESERVED.contains(&host.last_label()) { Err(HostFault::Reserved) } else { Ok(host) }
    }

    /// Reads a name of two labels or more, of whatever domain.
    fn name(text: &str) -> Result<Self, HostFault> {
        lexical(text)?;
        let uts46 = Uts46::new();
        let ascii = uts46.to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify);
        let ascii = ascii.map_err(|_| HostFault::NotAName)?.into_owned();
        let (shown, valid) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
        valid.map_err(|_| HostFault::NotAName)?;
        let host = Self { shown: shown.into_owned(), ascii };
        // Of what is typed, case and the way an accent is written may change, and nothing else.
        let typed: String = text.nfc().flat_map(char::to_lowercase).collect();
        if typed != host.shown && typed != host.ascii {
            return Err(HostFault::Rewritten);
        }
        host.shown.split('.').try_for_each(judge)?;
        // Browsers read a name whose last label is a number as an address, or not at all (URL standard, host parsing).
        if is_number(host.last_label()) {
            return Err(HostFault::Address);
        }
        if host.ascii.contains('.') { Ok(host) } else { Err(HostFault::SingleLabel) }
    }

    /// The name in the letters of the DNS.
    pub fn ascii(&self) -> &str {
        &self.ascii
    }

    /// The name as people read it, beside which [`Self::ascii`] is shown where the two differ.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether the name has letters that the DNS has not.
    pub fn is_international(&self) -> bool {
        self.ascii != self.shown
    }

    /// How it stands to the commune's site. A site at `www.` stands for its domain.
    pub fn relation(&self, site: &Self) -> Relation {
        let bare = |host: &str| host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host).to_owned();
        let (domain, shown) = (bare(&site.ascii), bare(&site.shown));
        if self.ascii == site.ascii {
            return Relation::Same;
        }
        if self.ascii == domain || is_under(&self.ascii, &domain) {
            return Relation::Within;
        }
        // The whole name of the site within another, whatever stands for its dots; or its name, under another domain.
        let stem = shown.rsplit('.').nth(1).unwrap_or(&shown);
        let whole = skeleton(&self.shown).contains(&skeleton(&shown));
        let name = self.shown.split('.').any(|label| skeleton(label) == skeleton(stem));
        if whole || name { Relation::LooksAlike } else { Relation::Other }
    }

    fn last_label(&self) -> &str {
        self.ascii.rsplit('.').next().unwrap_or(&self.ascii)
    }
}

impl SandboxHost {
    /// Reads a host as a URI has it; space around it is left out.
    pub fn parse(text: &str) -> Result<Self, HostFault> {
        let text = text.trim();
        // As they stand in a redirect URI (RFC 8252 §7.3); other ways to write loopback are none.
        if matches!(text, "127.0.0.1" | "[::1]" | "localhost") {
            return Ok(Self(text.to_owned()));
        }
        let host = ProductionHost::name(text)?;
        if matches!(host.last_label(), "test" | "localhost" | "example") {
            Ok(Self(host.ascii))
        } else {
            Err(HostFault::NotForTests)
        }
    }

    /// The host in the letters of the DNS; an IPv6 address in its brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What can be told from the text alone, before anything is made of it.
fn lexical(text: &str) -> Result<(), HostFault> {
    if text.is_empty() {
        return Err(HostFault::Empty);
    }
    if text.contains('*') {
        return Err(HostFault::Wildcard);
    }
    if text.contains('@') {
        return Err(HostFault::UserInfo);
    }
    // Two colons or a bracket make an IPv6 address; one is before a port.
    if text.starts_with('[') || text.matches(':').count() > 1 {
        return Err(HostFault::Address);
    }
    if text.contains(':') {
        return Err(HostFault::Port);
    }
    if text.ends_with('.') {
        return Err(HostFault::TrailingDot);
    }
    // A number that is one label: 2130706433, 0x7f000001, 017700000001.
    if text.split('.').all(is_number) { Err(HostFault::Address) } else { Ok(()) }
}

/// Whether browsers read a label as a number: decimal, octal, hexadecimal.
fn is_number(label: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    let hexadecimal = hexadecimal.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || (!label.is_empty() && digits(label))
}

fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
}

impl fmt::Display for ProductionHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)?;
        if self.is_international() { write!(f, " ({})", self.ascii) } else { Ok(()) }
    }
}

impl fmt::Display for SandboxHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
