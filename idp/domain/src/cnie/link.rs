//! The links in mails: they name an identity, say what for, end, and carry a mark that only this gateway makes.
//!
//! ```text
//!  token = base64url( purpose (1) │ end (4) │ mark (16) │ identity (22) )
//! ```
//!
//! A link acts for whoever reads the mailbox, so it does only what a mailbox may: confirm itself, close an identity, take a
//! deletion back. None leads towards a level.

use crate::id::IdentityId;
use crate::secret::{base64url, from_base64url, keyed_hash, same};
use crate::time::{Lifetime, Timestamp};

/// What stands before the identity: purpose, end, mark.
const HEAD: usize = 1 + 4 + 16;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To confirm the address that notices go to.
    Confirm,
    /// To say that the card is lost, or that the identity shall be closed.
    Leave,
    /// To take a deletion back.
    Stay,
    /// No link: the form that asks for one. It names nobody.
    LossForm,
}

impl Purpose {
    const fn octet(self) -> u8 {
        match self {
            Self::Confirm => 1,
            Self::Leave => 2,
            Self::Stay => 3,
            Self::LossForm => 4,
        }
    }

    /// How long such a link serves.
    pub const fn life(self) -> Lifetime {
        match self {
            Self::Confirm => super::CONFIRMATION,
            Self::Stay => super::DELETION,
            Self::Leave | Self::LossForm => Lifetime::seconds(3600),
        }
    }
}

/// Why a link leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// It is not ours, or not for this.
    #[error("the link is none of ours for this page")]
    NotOurs,
    /// Its time is over.
    #[error("the time of the link is over")]
    Over,
}

/// The secret behind the marks.
#[derive(Clone)]
pub struct LinkSecret([u8; 32]);

impl LinkSecret {
    /// Wraps the secret.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    fn mark(&self, purpose: Purpose, identity: &[u8], until: u32) -> [u8; 16] {
        let hash = keyed_hash(&self.0, &[b"cnie-link/1", &[purpose.octet()], identity, &until.to_be_bytes()]);
        let mut mark = [0; 16];
        mark.copy_from_slice(&hash[..16]);
        mark
    }
}

impl std::fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

/// Writes the token of a link that serves until a moment.
pub fn write(purpose: Purpose, identity: &IdentityId, until: Timestamp, secret: &LinkSecret) -> String {
    token(purpose, identity.as_str().as_bytes(), until, secret)
}

/// What a link names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The identity.
    pub identity: IdentityId,
    /// When the link ends: of one that keeps an identity, the moment at which that one leaves.
    pub until: Timestamp,
}

/// What a token names, when the mark is ours for this purpose, and its time is not over.
pub fn open(purpose: Purpose, text: &str, secret: &LinkSecret, now: Timestamp) -> Result<Named, LinkFault> {
    let (octets, until) = read(purpose, text, secret, now)?;
    let name = str::from_utf8(&octets).map_err(|_| LinkFault::NotOurs)?;
    let identity = IdentityId::parse(name).map_err(|_| LinkFault::NotOurs)?;
    Ok(Named { identity, until })
}

/// Writes the token of the form that asks for a link.
pub fn form(secret: &LinkSecret, now: Timestamp) -> String {
    token(Purpose::LossForm, b"", now.plus(Purpose::LossForm.life()), secret)
}

/// Whether it is one, of the last hour.
pub fn is_form(text: &str, secret: &LinkSecret, now: Timestamp) -> bool {
    read(Purpose::LossForm, text, secret, now).is_ok()
}

fn token(purpose: Purpose, identity: &[u8], until: Timestamp, secret: &LinkSecret) -> String {
    let until = u32::try_from(until.epoch()).unwrap_or(u32::MAX);
    let mark = secret.mark(purpose, identity, until);
    base64url(&[&[purpose.octet()][..], &until.to_be_bytes(), &mark, identity].concat())
}

fn read(purpose: Purpose, text: &str, secret: &LinkSecret, now: Timestamp) -> Result<(Vec<u8>, Timestamp), LinkFault> {
    let octets = from_base64url(text).ok_or(LinkFault::NotOurs)?;
    let (head, identity) = octets.split_first_chunk::<HEAD>().ok_or(LinkFault::NotOurs)?;
    let until = u32::from_be_bytes(std::array::from_fn(|at| head[1 + at]));
    if head[0] != purpose.octet() || !same(&secret.mark(purpose, identity, until), &head[5..]) {
        return Err(LinkFault::NotOurs);
    }
    let until = Timestamp::from_epoch(i64::from(until));
    if until.is_past(now) {
        return Err(LinkFault::Over);
    }
    Ok((identity.to_vec(), until))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Timestamp = Timestamp::from_epoch(2_000_000_000);
    const BEFORE: Timestamp = Timestamp::from_epoch(1_999_999_999);
    const LINKS: [Purpose; 3] = [Purpose::Confirm, Purpose::Leave, Purpose::Stay];

    fn secret() -> LinkSecret {
        LinkSecret::new([3; 32])
    }

    fn written(purpose: Purpose) -> String {
        write(purpose, &IdentityId::from_random([1; 16]), END, &secret())
    }

    #[test]
    fn a_link_serves_its_own_purpose_until_its_end() {
        for purpose in LINKS {
            let text = written(purpose);
            let named = Named { identity: IdentityId::from_random([1; 16]), until: END };
            assert_eq!(open(purpose, &text, &secret(), BEFORE), Ok(named));
            assert_eq!(open(purpose, &text, &secret(), END), Err(LinkFault::Over));
            assert_eq!(open(purpose, &text, &LinkSecret::new([4; 32]), BEFORE), Err(LinkFault::NotOurs));
            for other in LINKS.into_iter().filter(|other| *other != purpose) {
                assert_eq!(open(other, &text, &secret(), BEFORE), Err(LinkFault::NotOurs), "{purpose:?} {other:?}");
            }
            assert!(!is_form(&text, &secret(), BEFORE));
        }
    }

    #[test]
    fn no_octet_of_a_link_can_be_changed() {
        let octets = from_base64url(&written(Purpose::Leave)).expect("base64url");
        for at in 0..octets.len() {
            let mut other = octets.clone();
            other[at] ^= 1;
            let opened = open(Purpose::Leave, &base64url(&other), &secret(), Timestamp::from_epoch(0));
            assert_eq!(opened, Err(LinkFault::NotOurs), "octet {at}");
        }
        let text = written(Purpose::Leave);
        for bad in ["", "x", "é", &text[1..], &format!("{text}A")] {
            assert_eq!(open(Purpose::Leave, bad, &secret(), BEFORE), Err(LinkFault::NotOurs), "{bad:?}");
        }
    }

    #[test]
    fn a_form_is_ours_for_an_hour() {
        let text = form(&secret(), BEFORE);
        let after = |seconds| BEFORE.plus(Lifetime::seconds(seconds));
        assert!(is_form(&text, &secret(), after(3599)));
        assert!(!is_form(&text, &secret(), after(3600)));
        assert!(!is_form(&text, &LinkSecret::new([4; 32]), BEFORE));
        assert_eq!(format!("{:?}", secret()), "LinkSecret(…)");
    }
}
