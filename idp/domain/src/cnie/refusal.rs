//! Why the provider says no: one stable code each, for the log and for who writes a phone's program. A citizen reads words.

/// A closed set of refusals, the list of them, and the code of each; with one variant for those of another set, where there is
/// one.
macro_rules! refusals {
    (
        $(#[$about:meta])* $name:ident, $all:ident $(, $(#[$wrapped:meta])* $wraps:ident($inner:ty))?;
        $($(#[$doc:meta])* $variant:ident = $code:literal, $words:literal;)+
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, thiserror::Error)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$doc])* #[error($words)] $variant,)+
            $($(#[$wrapped])* #[error(transparent)] $wraps(#[from] $inner),)?
        }

        impl $name {
            /// All of this set's own.
            pub const $all: &[Self] = &[$(Self::$variant,)+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                    $(Self::$wraps(refusal) => refusal.code(),)?
                }
            }
        }
    };
}
pub(in crate::cnie) use refusals;

refusals! {
    /// Why a card, its code or a step was refused.
    Refusal, ALL;
    /// The handle is none, is over, or was replaced by a newer one.
    HandleUnknown = "card.handle_unknown", "the handle is unknown or its minute is over";
    /// The handle was claimed before: the transaction is dead.
    ClaimedTwice = "card.claimed_twice", "the transaction was claimed a second time and is dead";
    /// The transaction is none, or is over.
    TransactionUnknown = "card.transaction_unknown", "the transaction is unknown or over";
    /// The five minutes are over.
    TransactionLate = "card.transaction_late", "the transaction took too long";
    /// The call belongs to another step.
    OutOfTurn = "card.out_of_turn", "the call does not follow the one before";
    /// Another key than the one that claimed it.
    OtherPhone = "card.other_phone", "the proof of possession is by another key than the transaction was claimed with";
    /// The number that was picked is not the one the browser shows.
    WrongNumber = "card.wrong_number", "the number picked is not the one that the browser shows";
    /// The citizen said no on the phone.
    RefusedByCitizen = "card.refused_by_citizen", "the citizen refused on the phone";
    /// The files of the card cannot be trusted: the verdict of passive authentication has its own code in the log.
    CardNotAuthentic = "card.not_authentic", "the files are not what a State signed";
    /// A card of a simulator before a gateway that is none.
    SimulatorCard = "card.simulator", "the card is a simulator's";
    /// The card has no key for chip authentication that is served.
    NoChipKey = "card.no_chip_key", "the card has no key that chip authentication is offered for";
    /// The answers are not the genuine chip's.
    ChipNotGenuine = "card.chip_not_genuine", "the answers are not those of the chip of these files";
    /// The signature or certificate of the code's applet does not count.
    HolderNotProven = "card.holder_not_proven", "the signature made with the code does not count";
    /// The signature is over another transaction.
    OtherTransaction = "card.other_transaction", "the signature is over something else than this transaction";
    /// Chip and code belong to two cards.
    TwoCards = "card.two_cards", "chip and code are those of two cards";
    /// The date of birth cannot be read, or the holder is a minor.
    NotAdult = "card.not_adult", "the service is for adults";
    /// The card has expired.
    CardExpired = "card.expired", "the card has expired";
    /// It was declared lost, stolen or withdrawn.
    CardWithdrawn = "card.withdrawn", "the card was declared lost, stolen or withdrawn";
    /// The authority does not know the card.
    CardUnknown = "card.unknown_to_authority", "the card authority does not know the card";
    /// The authority says that the holder is dead.
    HolderDeceased = "card.holder_deceased", "the card authority mentions a death";
    /// The authority does not answer.
    AuthoritySilent = "card.authority_silent", "the card authority does not answer";
    /// The civil facts of the card or of the authority cannot be read.
    IdentityUnreadable = "card.identity_unreadable", "the civil facts cannot be read";
    /// No identity was made with this card.
    NoIdentity = "card.no_identity", "no identity was made with this card";
    /// One was made with this card already.
    IdentityExists = "card.identity_exists", "an identity was made with this card already";
    /// With this card too many were made in a day: each writes to an address that nobody confirmed.
    TooManyMade = "card.too_many_made", "too many identities were made with this card today";
    /// The address of the identity was not confirmed.
    AddressNotConfirmed = "card.address_not_confirmed", "the e-mail address of the identity was not confirmed";
    /// The identity is not certified, and the policy gives such a one nothing here.
    NotCertified = "card.not_certified", "the identity is not certified";
    /// The certification is over.
    CertificationOver = "card.certification_over", "the certification is over";
    /// The code was changed since the certification.
    CodeChanged = "card.code_changed", "the code was changed since the certification";
    /// The identity is suspended.
    Suspended = "card.suspended", "the identity is suspended";
    /// The identity does not admit this act in its state.
    NotInThisState = "card.not_in_this_state", "the identity does not admit that in the state it is in";
    /// A chip or card other than the identity's.
    OtherCard = "card.other_card", "the card is not the identity's";
    /// The terms of today were not accepted.
    TermsNotAccepted = "card.terms_not_accepted", "the terms of today were not accepted";
    /// The address is none that mail can be sent to.
    BadAddress = "card.bad_address", "the e-mail address cannot be written to";
    /// The QR code of a request is not ours, or is another identity's.
    RequestUnknown = "card.request_unknown", "the request for certification is unknown";
    /// Its month is over.
    RequestLate = "card.request_late", "the request for certification is older than a month";
    /// It was used.
    RequestUsed = "card.request_used", "the request for certification was used";
    /// The desk's approval was not followed by card and code in time.
    ActivationLate = "card.activation_late", "card and code were not shown in time";
    /// The certification has more than sixty days to go.
    RenewalEarly = "card.renewal_early", "the certification can be renewed in its last sixty days";
    /// The certification ends with the card: only a new card leads on.
    RenewalWithCard = "card.renewal_with_card", "the certification ends with the card, and so would the next one";
    /// The clock of the gateway is behind a moment that was seen before.
    ClockBack = "card.clock_back", "the clock of the gateway cannot be believed now";
    /// A call that cannot be read.
    Malformed = "card.malformed", "the call cannot be read";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        assert!(codes.iter().all(|code| code.starts_with("card.")));
    }
}
