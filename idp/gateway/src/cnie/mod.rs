//! The national identity card as a provider (decisions/0026).
//!
//! ```text
//!  browser ─▶ page (QR, number, link) ─┐                     ┌─▶ proof: assertion for the browser, or an act done
//!                                      ├─ slot: Transaction ─┤
//!  phone ──▶ api ──▶ reading ──────────┘                     └─▶ changes: identity, journal and mail at once
//!            trust, card authority
//! ```

pub(crate) mod acts;
pub(crate) mod api;
#[cfg(test)]
pub(crate) mod bench;
pub(crate) mod changes;
pub(crate) mod folder;
pub(crate) mod followed;
pub(crate) mod home;
pub(crate) mod landing;
pub(crate) mod links;
pub(crate) mod loss;
pub(crate) mod page;
pub(crate) mod proof;
pub(crate) mod reading;
pub(crate) mod request_sheet;
pub(crate) mod slot;
pub(crate) mod standing;
pub(crate) mod telling;
pub(crate) mod trust;

use domain::cnie::assertion::Uncertified;
use domain::cnie::card::CardSecret;
use domain::cnie::link::LinkSecret;
use domain::cnie::qr::QrSecret;
use domain::id::ProviderId;
use store::seal::Vault;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Cards, CnieConfig};
use crate::outbound::card_status::CardAuthority;
use crate::outbound::http::Http;
use trust::{CardTrust, TrustFault};

/// What the card provider works with.
#[derive(Debug)]
pub(crate) struct Cnie {
    /// Its id among the providers.
    pub(crate) id: ProviderId,
    /// The roots of cards and codes.
    pub(crate) trust: CardTrust,
    /// The card authority.
    pub(crate) authority: CardAuthority,
    /// The secret of the names of cards.
    pub(crate) card_secret: CardSecret,
    /// The secret of the marks in QR codes for the desk.
    pub(crate) qr_secret: QrSecret,
    /// The secret of the marks in links of mails.
    pub(crate) link_secret: LinkSecret,
    /// The identities as read within the last second.
    pub(crate) standings: standing::Standings,
    /// What an identity gives that is not certified.
    pub(crate) uncertified: Uncertified,
    /// Whose cards are taken: pages say so where it is a simulator's.
    pub(crate) cards: Cards,
}

impl Cnie {
    /// The configured provider.
    pub(crate) fn open(config: &CnieConfig, vault: &Vault, http: &Http, clock: &Clock) -> Result<Self, TrustFault> {
        Ok(Self {
            id: config.id.clone(),
            trust: CardTrust::open(config)?,
            authority: CardAuthority::new(config, http, clock),
            card_secret: card_secret(vault),
            qr_secret: QrSecret::new(*vault.derive("card-request")),
            link_secret: LinkSecret::new(*vault.derive("card-link")),
            standings: standing::Standings::default(),
            uncertified: config.uncertified,
            cards: config.cards,
        })
    }

    /// What the address in a QR code for the desk begins with: the origin of the desk, or the issuer where it has none of
    /// its own.
    #[expect(clippy::unused_self, reason = "there is such an address only where cards are taken")]
    pub(crate) fn desk_origin<'a>(&self, app: &'a App) -> &'a str {
        app.desk.as_ref().map_or(app.issuer.as_str(), |desk| desk.origin.as_str())
    }
}

/// The secret of the names of cards and of the marks of persons.
pub(crate) fn card_secret(vault: &Vault) -> CardSecret {
    CardSecret::new(*vault.derive("card"))
}

#[cfg(test)]
pub(crate) mod tests {
    //! A place with the scene of the fuzz targets of `chip`: a card, its root and a list of revocations.

    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use domain::client::Label;
    use domain::time::Timestamp;
    use tempfile::TempDir;

    use super::*;

    const SCENE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../chip/fuzz/scene");

    /// A moment at which all of it counts.
    pub(crate) fn now() -> Timestamp {
        Timestamp::from_epoch(1_795_305_600)
    }

    pub(crate) fn scene(name: &str) -> Vec<u8> {
        fs::read(Path::new(SCENE).join(name)).expect("the scene is kept with the sources")
    }

    pub(crate) fn place() -> TempDir {
        let place = TempDir::new().expect("a folder");
        for folder in ["cnie", "eid"] {
            for below in ["anchors", "links", "signers", "crls"] {
                fs::create_dir_all(place.path().join(folder).join(below)).expect("writable");
            }
            fs::write(place.path().join(folder).join("anchors/root.der"), scene("root.der")).expect("writable");
            fs::write(place.path().join(folder).join("crls/list.crl"), scene("list.der")).expect("writable");
        }
        place
    }

    pub(crate) fn config(place: &TempDir) -> CnieConfig {
        CnieConfig {
            id: ProviderId::parse("carte").expect("plain"),
            title: Label { fr: "Carte".into(), en: "Card".into() },
            order: 1,
            trust: place.path().join("cnie"),
            eid_trust: place.path().join("eid"),
            status_url: "http://127.0.0.1:9/cards".parse().expect("a URL"),
            status_timeout: Duration::from_secs(2),
            uncertified: Uncertified::Nothing,
            cards: Cards::Real,
        }
    }
}
