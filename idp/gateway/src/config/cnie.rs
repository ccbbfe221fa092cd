//! `[cnie]`: the gateway's own provider, the national identity card.

use std::path::PathBuf;
use std::time::Duration;

use domain::client::Label;
use domain::cnie::assertion::Uncertified;
use domain::id::ProviderId;
use url::Url;

use super::issuer::Issuer;
use super::outgoing::{https_or_loopback, milliseconds};
use super::provider::ProviderConfig;
use super::reader::{Read, Section};

/// The card provider.
#[derive(Debug, Clone)]
pub(crate) struct CnieConfig {
    /// Its id among the providers.
    pub(crate) id: ProviderId,
    /// Its name on pages.
    pub(crate) title: Label,
    /// Its place in the chooser, lowest first.
    pub(crate) order: u16,
    /// The folder of the roots that sign cards.
    pub(crate) trust: PathBuf,
    /// The folder of the roots that certify the keys behind the code.
    pub(crate) eid_trust: PathBuf,
    /// Where the card authority answers.
    pub(crate) status_url: Url,
    /// The time an answer of it may take.
    pub(crate) status_timeout: Duration,
    /// What an identity gives that is not certified.
    pub(crate) uncertified: Uncertified,
    /// Whose cards are taken.
    pub(crate) cards: Cards,
}

/// Whose cards are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cards {
    /// Those of the State.
    Real,
    /// Those of a simulator too: everything that touches one says so.
    Simulated,
}

pub(super) fn read(section: &Section<'_>, issuer: Option<&Issuer>) -> Read<CnieConfig> {
    let id = section.text("id", "carte", |text| ProviderId::parse(text).map_err(|fault| format!("is no id: {fault}")));
    let title_fr = section.text("title", "Carte d’identité (CNIe)", not_empty);
    let title_en = section.text("title_en", "Identity card (CNIe)", not_empty);
    let order = section.number("order", 1, 0..=10_000);
    let folder = |key, what| {
        section.required(key, what, |text| match text {
            "" => Err("must name a folder".to_owned()),
            text => Ok(section.resolve(text)),
        })
    };
    let trust = folder("trust", "the folder of the roots that sign cards");
    let eid_trust = folder("eid_trust", "the folder of the roots that certify the keys behind the card's code");
    let status_url = section.required("status_url", "the address of the card authority", https_or_loopback);
    let status_timeout = section.number("status_timeout_ms", 2000, 100..=10_000).map(milliseconds);
    let uncertified = section.text("uncertified", "none", |text| match text {
        "none" => Ok(Uncertified::Nothing),
        "eidas1" => Ok(Uncertified::Low),
        _ => Err("must be \"none\" or \"eidas1\": without a desk no identity reaches a higher level".to_owned()),
    });
    let cards = section.choice("simulator", Cards::Real, Cards::Simulated, Cards::Real);
    if cards == Ok(Cards::Simulated) && issuer.is_some_and(|issuer| !issuer.is_loopback()) {
        return Err(section.contradiction(
            "simulator",
            "may be true on a loopback issuer only: a simulator's card proves nothing of anybody",
        ));
    }
    Ok(CnieConfig {
        id: id?,
        title: Label { fr: title_fr?, en: title_en? },
        order: u16::try_from(order?).unwrap_or(u16::MAX),
        trust: trust?,
        eid_trust: eid_trust?,
        status_url: status_url?,
        status_timeout: status_timeout?,
        uncertified: uncertified?,
        cards: cards?,
    })
}

/// Refuses the id of a provider that is there already.
pub(super) fn beside(section: &Section<'_>, cnie: &CnieConfig, providers: &[ProviderConfig]) -> Read<()> {
    if providers.iter().any(|provider| provider.id == cnie.id) {
        return Err(section.contradiction("cnie", &format!("`{}` is the id of another provider already", cnie.id)));
    }
    Ok(())
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.trim().to_owned()) }
}
