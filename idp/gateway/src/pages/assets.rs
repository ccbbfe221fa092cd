//! The files that pages load: our own, built in, and the operator's, read once at the start.
//!
//! Every file is served at `/assets/{stem}-{hash of its content}.{extension}` and never changes there. Files of the
//! theme folder also keep their plain name, so that its style sheet can name its fonts and images; those are asked for
//! again each time. Requests look names up in a map that is complete before the first of them: no request ever reaches
//! the file system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use domain::client::Label;
use domain::id::ProviderId;
use http::StatusCode;
use http::header::{self, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue};

use crate::audit::{self, Other};

use super::brand::{Brand, BrandPaths, Colour, Support, colour_sheet};

const STYLE: &[u8] = include_bytes!("../../assets/style.css");
const SUBMIT: &[u8] = include_bytes!("../../assets/submit.js");
const PASSKEY: &[u8] = include_bytes!("../../assets/passkey.js");
const WATCH: &[u8] = include_bytes!("../../assets/watch.js");
/// Drawn in green, yellow and white, which the operator's colours replace.
const LOGO: &str = include_str!("../../assets/logo.svg");

/// The largest file that is served, in bytes.
const LARGEST: u64 = 1 << 20;

/// How the operator wants the pages to look.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    /// The name of the gateway.
    pub(crate) name: Label,
    /// Where citizens find help.
    pub(crate) support: Option<Support>,
    /// The address of the gateway.
    pub(crate) site: &'a str,
    /// The main colour.
    pub(crate) colour: Colour,
    /// The colour of ornaments.
    pub(crate) accent: Colour,
    /// A logo in place of ours.
    pub(crate) logo: Option<&'a Path>,
    /// A folder with a `theme.css`, which is loaded after ours, the fonts and images it names, and maybe a
    /// `logo.svg` or `logo.png` in place of ours.
    pub(crate) theme: Option<&'a Path>,
}

/// Why a file cannot be served. The operator is at fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadAsset {
    /// It could not be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is too large.
    #[error("{0} is larger than 1 MiB")]
    TooLarge(PathBuf),
    /// It is no image of a kind that is served.
    #[error("{0} is none of svg, png, jpg, webp")]
    NotAnImage(PathBuf),
    /// The theme folder holds no `theme.css`.
    #[error("{0} holds no theme.css")]
    NoTheme(PathBuf),
}

/// Every file that is served.
#[derive(Debug)]
pub(crate) struct Assets {
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    content: Bytes,
    kind: Kind,
    entity_tag: HeaderValue,
    life: Life,
}

/// How long a name stands for the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// For ever: the name holds the hash.
    Immutable,
    /// Until the next start.
    Checked,
}

/// The kinds of file that are served. Nothing else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Css,
    Script,
    Svg,
    Png,
    Jpeg,
    Webp,
    Woff2,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "css" => Some(Self::Css),
            "svg" => Some(Self::Svg),
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "webp" => Some(Self::Webp),
            "woff2" => Some(Self::Woff2),
            _ => None,
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Css => "css",
            Self::Script => "js",
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Woff2 => "woff2",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Css => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Woff2 => "font/woff2",
        }
    }

    const fn is_image(self) -> bool {
        match self {
            Self::Svg | Self::Png | Self::Jpeg | Self::Webp => true,
            Self::Css | Self::Script | Self::Woff2 => false,
        }
    }

    /// What the file may do when it is opened as a page of its own: an SVG is a document and may hold scripts.
    const fn policy(self) -> &'static str {
        match self {
            Self::Svg => "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            Self::Css | Self::Script | Self::Png | Self::Jpeg | Self::Webp | Self::Woff2 => {
                "default-src 'none'; sandbox"
            }
        }
    }
}

impl Assets {
    /// Reads what the operator gives, puts our own beside it, and makes the brand that pages are rendered with.
    pub(crate) fn load(look: Look<'_>) -> Result<(Self, Brand), BadAsset> {
        let mut assets = Self { files: BTreeMap::new() };
        let paths = BrandPaths {
            style: assets.add("style", Kind::Css, Bytes::from_static(STYLE)),
            submit: assets.add("submit", Kind::Script, Bytes::from_static(SUBMIT)),
            passkey: assets.add("passkey", Kind::Script, Bytes::from_static(PASSKEY)),
            watch: assets.add("watch", Kind::Script, Bytes::from_static(WATCH)),
            colours: assets.add("colours", Kind::Css, colour_sheet(look.colour, look.accent).into()),
            theme: look.theme.map(|folder| assets.add_theme(folder)).transpose()?,
            logo: match look.logo.map(Path::to_owned).or_else(|| look.theme.and_then(logo_in)) {
                Some(path) => assets.add_image("brand", &path)?,
                None => assets.add("logo", Kind::Svg, our_logo(look.colour, look.accent).into()),
            },
        };
        Ok((assets, Brand { name: look.name, support: look.support, site: look.site.to_owned(), paths }))
    }

    /// Adds the logo of a provider and returns its path.
    pub(crate) fn add_logo(&mut self, provider: &ProviderId, file: &Path) -> Result<String, BadAsset> {
        self.add_image(&format!("provider-{provider}"), file)
    }

    /// Answers `GET /assets/{file}`.
    pub(crate) fn answer(&self, file: &str, request: &HeaderMap) -> Response {
        let Some(found) = self.files.get(file) else {
            let answer = (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "no such file\n");
            return audit::mark(answer.into_response(), Other::NoAsset);
        };
        let known = request.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
            tags.as_bytes().split(|b| *b == b',').any(|tag| tag.trim_ascii() == found.entity_tag.as_bytes())
        });
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let media_type = HeaderValue::from_static(found.kind.media_type());
            ([(header::CONTENT_TYPE, media_type)], found.content.clone()).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, found.entity_tag.clone());
        let caching = match found.life {
            Life::Immutable => "public, max-age=31536000, immutable",
            Life::Checked => "public, no-cache",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(found.kind.policy()));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers
            .insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
        response
    }

    fn add(&mut self, stem: &str, kind: Kind, content: Bytes) -> String {
        let hash = short_hash(&content);
        let name = format!("{stem}-{hash}.{}", kind.extension());
        let path = format!("/assets/{name}");
        self.files.insert(name, File::new(content, kind, &hash, Life::Immutable));
        path
    }

    fn add_image(&mut self, stem: &str, file: &Path) -> Result<String, BadAsset> {
        let kind =
            Kind::of(file).filter(|kind| kind.is_image()).ok_or_else(|| BadAsset::NotAnImage(file.to_owned()))?;
        Ok(self.add(stem, kind, read(file)?))
    }

    /// Adds every file of a kind that is served and that lies in the folder itself; other files are left alone.
    fn add_theme(&mut self, folder: &Path) -> Result<String, BadAsset> {
        let unreadable = |error| BadAsset::Unreadable { path: folder.to_owned(), error };
        let mut style = None;
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Some(kind) = Kind::of(&path) else { continue };
            let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| is_plain(name)) else {
                continue;
            };
            let content = read(&path)?;
            if name == "theme.css" {
                style = Some(self.add("theme", kind, content.clone()));
            }
            let hash = short_hash(&content);
            self.files.insert(name.to_owned(), File::new(content, kind, &hash, Life::Checked));
        }
        style.ok_or_else(|| BadAsset::NoTheme(folder.to_owned()))
    }
}

impl File {
    fn new(content: Bytes, kind: Kind, hash: &str, life: Life) -> Self {
        let entity_tag = HeaderValue::try_from(format!("\"{hash}\"")).expect("hexadecimal digits make a header value");
        Self { content, kind, entity_tag, life }
    }
}

fn our_logo(brand: Colour, accent: Colour) -> String {
    LOGO.replace("#12554a", &brand.to_string())
        .replace("#e2a936", &accent.to_string())
        .replace("#fff", &brand.ink().to_string())
}

fn logo_in(folder: &Path) -> Option<PathBuf> {
    ["logo.svg", "logo.png"].map(|name| folder.join(name)).into_iter().find(|path| path.is_file())
}

fn is_plain(name: &str) -> bool {
    !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn read(path: &Path) -> Result<Bytes, BadAsset> {
    let unreadable = |error| BadAsset::Unreadable { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(BadAsset::TooLarge(path.to_owned()));
    }
    std::fs::read(path).map(Bytes::from).map_err(unreadable)
}

/// The first 64 bits of the SHA-256, enough to tell versions of a file apart.
fn short_hash(content: &[u8]) -> String {
    use std::fmt::Write as _;
    digest(&SHA256, content).as_ref().iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look<'a>() -> Look<'a> {
        let name = Label { fr: "Passerelle".to_owned(), en: "Passerelle".to_owned() };
        let colour = |text| Colour::parse(text).expect("a colour");
        Look {
            name,
            support: None,
            site: "https://passerelle.example",
            colour: colour("#ffe08a"),
            accent: colour("#b7410e"),
            logo: None,
            theme: None,
        }
    }

    fn file_of(path: &str) -> &str {
        path.strip_prefix("/assets/").expect("an asset")
    }

    #[test]
    fn our_own_files_are_served_for_ever_under_their_hash() {
        let (assets, brand) = Assets::load(look()).expect("built in");
        let answer = assets.answer(file_of(&brand.paths.style), &HeaderMap::new());
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"));
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, answer.headers()[header::ETAG].clone());
        assert_eq!(assets.answer(file_of(&brand.paths.style), &again).status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn our_logo_wears_the_colours_of_the_operator() {
        let (assets, brand) = Assets::load(look()).expect("built in");
        let answer = assets.answer(file_of(&brand.paths.logo), &HeaderMap::new());
        let drawn = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("in memory");
        let drawn = String::from_utf8(drawn.to_vec()).expect("UTF-8");
        assert!(drawn.contains("#ffe08a") && drawn.contains("#b7410e") && drawn.contains("#000000"), "{drawn}");
        assert!(!drawn.contains("#12554a") && !drawn.contains("#fff\""), "{drawn}");
    }

    #[test]
    fn only_what_was_loaded_is_served() {
        let (assets, _) = Assets::load(look()).expect("built in");
        for name in ["", "style.css", "../assets.rs", "..%2f..%2fCargo.toml", "/etc/passwd", "style-0.css", "a\0b"] {
            assert_eq!(assets.answer(name, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{name:?}");
        }
    }

    #[test]
    fn a_theme_folder_serves_the_kinds_it_may_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).expect("written");
        put("theme.css", "body{}");
        put("font.woff2", "x");
        put("secret.toml", "x");
        put("script.js", "x");
        put(".hidden.css", "x");
        put("Ville.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
        let logo = folder.path().join("Ville.svg");
        let (mut assets, brand) =
            Assets::load(Look { theme: Some(folder.path()), logo: Some(&logo), ..look() }).expect("fine");
        assert!(brand.paths.theme.as_deref().is_some_and(|path| path.starts_with("/assets/theme-")));
        assert!(brand.paths.logo.starts_with("/assets/brand-"));
        put("logo.png", "x");
        let (assets_of_theme, of_theme) = Assets::load(Look { theme: Some(folder.path()), ..look() }).expect("fine");
        let answer = assets_of_theme.answer(file_of(&of_theme.paths.logo), &HeaderMap::new());
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/png");
        let checked = assets.answer("font.woff2", &HeaderMap::new());
        assert_eq!(checked.headers()[header::CACHE_CONTROL], "public, no-cache");
        for name in ["secret.toml", "script.js", ".hidden.css"] {
            assert_eq!(assets.answer(name, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{name}");
        }
        let provider = ProviderId::parse("impots").expect("plain");
        let path = assets.add_logo(&provider, &logo).expect("an image");
        let image = assets.answer(file_of(&path), &HeaderMap::new());
        assert_eq!(image.headers()[header::CONTENT_TYPE], "image/svg+xml");
        assert!(image.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").contains("sandbox"));
        assert!(matches!(assets.add_logo(&provider, &folder.path().join("secret.toml")), Err(BadAsset::NotAnImage(_))));
    }

    #[test]
    fn a_missing_or_oversized_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("none.svg");
        let error = Assets::load(Look { logo: Some(&missing), ..look() }).expect_err("missing");
        assert!(error.to_string().contains("none.svg"), "{error}");
        let large = folder.path().join("large.png");
        std::fs::write(&large, vec![0; 1_100_000]).expect("written");
        assert!(matches!(Assets::load(Look { logo: Some(&large), ..look() }), Err(BadAsset::TooLarge(_))));
        let empty = tempfile::tempdir().expect("a folder");
        assert!(matches!(Assets::load(Look { theme: Some(empty.path()), ..look() }), Err(BadAsset::NoTheme(_))));
    }
}
