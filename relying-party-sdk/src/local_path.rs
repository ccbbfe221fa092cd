//! Where a citizen goes on this site: never on another one.

use serde::{Deserialize, Serialize};

/// A page of this very site: an open redirect cannot be written with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalPath(String);

impl LocalPath {
    /// The front page.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// A path that begins with one slash, with or without a query; anything that a browser could read as another
    /// site is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let one_slash = text.starts_with('/') && !text.starts_with("//");
        let plain = text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (one_slash && plain).then(|| Self(text.to_owned()))
    }

    /// The path and its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_path_cannot_lead_to_another_site() {
        for path in ["/", "/dossiers?tri=date", "/a//b", "/a:b@c"] {
            assert!(LocalPath::parse(path).is_some(), "{path}");
        }
        for path in [
            "",
            "dossiers",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: b",
            "/\t/evil.example",
            "/é",
            " /",
        ] {
            assert!(LocalPath::parse(path).is_none(), "{path}");
        }
    }
}
