//! Between the choice and what will be sent: the citizen's phone and card, and what people without the app read.

use askama::Template;
use domain::client::Label;
use domain::cnie::refusal::Refusal;
use domain::id::SignInId;

use super::text::Texts;
use super::{Forms, Page, View};

/// The page that waits for a phone.
#[derive(Debug, Template)]
#[template(path = "card.html")]
pub(crate) struct CardPage<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The sign-in.
    pub(crate) sign_in: &'a SignInId,
    /// The token of its forms.
    pub(crate) csrf: &'a str,
    /// The service the citizen goes to.
    pub(crate) service: &'a Label,
    /// Where the phone is.
    pub(crate) progress: Progress,
    /// The step, for the script.
    pub(crate) step: &'a str,
    /// The number to pick on the phone.
    pub(crate) number: Option<u8>,
    /// The address in the QR code, for who reads the page without a camera.
    pub(crate) address: Option<&'a str>,
    /// The link that opens the app on this device.
    pub(crate) link: Option<&'a str>,
    /// Whether cards of a simulator are taken.
    pub(crate) simulator: bool,
}

/// Where the phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nowhere yet.
    Waiting,
    /// It took part.
    Claimed,
}

impl View for CardPage<'_> {
    const FORMS: Forms = Forms::Watched;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}

/// What somebody reads who opened an address of the app without having it.
#[derive(Debug, Template)]
#[template(path = "landing.html")]
pub(crate) struct Landing<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Whether cards of a simulator are taken.
    pub(crate) simulator: bool,
}

impl View for Landing<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}

/// What the citizen is told of a card that was refused, and what they can do. No reason of a desk is among them.
pub(super) const fn words(t: Texts, refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::NotCertified | Refusal::CertificationOver => (t.card_not_certified(), t.card_how_to_certify()),
        Refusal::CodeChanged => (t.card_code_changed(), t.card_how_to_certify()),
        Refusal::NoIdentity => (t.card_no_identity(), t.card_how_to_create()),
        Refusal::AddressNotConfirmed => (t.card_not_confirmed(), t.card_how_to_confirm()),
        Refusal::Suspended => (t.card_suspended(), t.card_how_to_restore()),
        Refusal::CardExpired => (t.card_expired(), t.banner_advice_other()),
        Refusal::CardWithdrawn | Refusal::CardUnknown | Refusal::HolderDeceased | Refusal::OtherCard => {
            (t.card_withdrawn(), t.card_ask_town_hall())
        }
        Refusal::NotAdult => (t.card_not_adult(), t.banner_advice_other()),
        Refusal::AuthoritySilent | Refusal::ClockBack => (t.card_authority_silent(), t.banner_advice()),
        Refusal::ClaimedTwice | Refusal::OtherPhone => (t.card_claimed_twice(), t.card_scan_yourself()),
        Refusal::WrongNumber => (t.card_wrong_number(), t.card_scan_yourself()),
        Refusal::TransactionLate
        | Refusal::TransactionUnknown
        | Refusal::HandleUnknown
        | Refusal::OutOfTurn
        | Refusal::RefusedByCitizen => (t.card_too_late(), t.banner_advice()),
        Refusal::CardNotAuthentic
        | Refusal::SimulatorCard
        | Refusal::NoChipKey
        | Refusal::ChipNotGenuine
        | Refusal::HolderNotProven
        | Refusal::OtherTransaction
        | Refusal::TwoCards
        | Refusal::IdentityUnreadable
        | Refusal::IdentityExists
        | Refusal::TooManyMade
        | Refusal::NotInThisState
        | Refusal::TermsNotAccepted
        | Refusal::BadAddress
        | Refusal::RequestUnknown
        | Refusal::RequestLate
        | Refusal::RenewalEarly
        | Refusal::RenewalWithCard
        | Refusal::RequestUsed
        | Refusal::ActivationLate
        | Refusal::Malformed => (t.card_not_read(), t.banner_advice()),
    }
}
