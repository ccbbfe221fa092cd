//! Complete, direct revocation lists of version 2 (RFC 5280 §5, ICAO 9303-12 §7.1.4).

use std::collections::BTreeSet;

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use super::path::{Budget, Distrust};
use super::{Rules, TrustStore};
use crate::asn1::{self, Limits, Malformed, SEQUENCE, context};
use crate::certificate::{Certificate, Fingerprint, KeyUsage, Name, Signed, authority_key, each, next_time};
use crate::moment::Moment;
use crate::signature::{self, Algorithm};
use crate::tlv::{self, Reader};

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const AUTHORITY_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// A revocation list, as it was read: what is signed by nobody known revokes nothing.
#[derive(Clone)]
pub struct RevocationList {
    der: std::sync::Arc<[u8]>,
    fingerprint: Fingerprint,
    issuer: Name,
    algorithm: Result<Algorithm, signature::Fault>,
    authority_key: Option<Vec<u8>>,
    number: Number,
    this_update: Moment,
    next_update: Moment,
    revoked: std::sync::Arc<BTreeSet<Vec<u8>>>,
}

/// Number of a list, compared as a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(usize, Vec<u8>);

impl Number {
    fn read(value: &[u8]) -> Result<Self, Malformed> {
        let octets: Vec<u8> = value.iter().copied().skip_while(|octet| *octet == 0).collect();
        let negative = value.first().is_none_or(|first| first & 0x80 != 0);
        // RFC 5280 §5.2.3: at most twenty octets.
        if negative || octets.len() > 20 { Err(Malformed) } else { Ok(Self(octets.len(), octets)) }
    }
}

/// In hexadecimal.
impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0x")?;
        self.1.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl std::fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RevocationList({}, {}, {} revoked)", self.issuer, self.number, self.revoked.len())
    }
}

/// Why octets are no revocation list that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ListFault {
    /// Not DER, not the structure, or too large.
    #[error("the revocation list cannot be read")]
    Malformed,
    /// Without a number or without the moment of its successor (ICAO 9303-12 §7.1.4).
    #[error("the revocation list has no number or no next update")]
    Incomplete,
    /// A delta, a partial or an indirect list, or one with a critical extension that is not known.
    #[error("the revocation list is not a complete and direct one")]
    Partial,
}

impl From<Malformed> for ListFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<tlv::Fault> for ListFault {
    fn from(_: tlv::Fault) -> Self {
        Self::Malformed
    }
}

impl RevocationList {
    /// Octets that a list may have.
    pub const LIMIT: usize = 8 << 20;

    /// Reads a list in DER.
    pub fn read(der: &[u8]) -> Result<Self, ListFault> {
        if der.len() > Self::LIMIT || asn1::check(der, Limits::LIST).is_err() {
            return Err(ListFault::Malformed);
        }
        let outer = Signed::read(der)?;
        let mut fields = Reader::new(tlv::only(outer.body, SEQUENCE)?);
        if asn1::small(fields.expect(asn1::INTEGER)?)? != 1 || fields.object(SEQUENCE)?.whole != outer.declared {
            return Err(ListFault::Malformed);
        }
        let issuer = Name::read(fields.object(SEQUENCE)?.whole)?;
        let this_update = next_time(&mut fields)?;
        let next_update = match fields.rest().first() {
            Some(0x17 | 0x18) => next_time(&mut fields)?,
            _ => return Err(ListFault::Incomplete),
        };
        let revoked = match fields.optional(SEQUENCE)? {
            Some(entries) => entries_of(entries.value)?,
            None => BTreeSet::new(),
        };
        let (mut number, mut authority) = (None, None);
        let extensions = fields.optional(context(0))?.ok_or(ListFault::Incomplete)?;
        fields.finish()?;
        let mut foreign = false;
        each(tlv::only(extensions.value, SEQUENCE)?, |kind, critical, value| {
            match kind {
                CRL_NUMBER => number = Some(Number::read(tlv::only(value, asn1::INTEGER)?)?),
                AUTHORITY_KEY => authority = authority_key(value)?,
                // A delta indicator and an issuing distribution point are critical (RFC 5280 §5.2.4, §5.2.5).
                _ => foreign |= critical,
            }
            Ok(())
        })?;
        if foreign {
            return Err(ListFault::Partial);
        }
        Ok(Self {
            fingerprint: Fingerprint::of(der),
            issuer,
            algorithm: outer.algorithm()?,
            authority_key: authority,
            number: number.ok_or(ListFault::Incomplete)?,
            this_update,
            next_update,
            revoked: revoked.into(),
            der: der.into(),
        })
    }

    /// Whose certificates it is about.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Its number, which never goes back.
    pub fn number(&self) -> &Number {
        &self.number
    }

    /// When it was issued and when its successor is due.
    pub fn updates(&self) -> (Moment, Moment) {
        (self.this_update, self.next_update)
    }

    /// How many certificates it revokes.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether it revokes none.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// SHA-256 of it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// As it came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the key of an authority of the same name signed it. After a change of keys the newest one signs, for the
    /// certificates of the older ones too.
    pub(super) fn is_signed_by(&self, authority: &Certificate) -> bool {
        let extensions = authority.extensions();
        let named = self.authority_key.is_none() || self.authority_key == extensions.subject_key;
        let may = extensions.key_usage.is_some_and(KeyUsage::signs_lists);
        named && may && authority.subject() == &self.issuer && self.verifies(authority)
    }

    fn verifies(&self, authority: &Certificate) -> bool {
        let (Ok(outer), Ok(algorithm), Ok(key)) = (Signed::read(&self.der), self.algorithm, authority.key()) else {
            return false;
        };
        key.verify(algorithm, &[outer.body], outer.signature).is_ok()
    }
}

fn entries_of(entries: &[u8]) -> Result<BTreeSet<Vec<u8>>, ListFault> {
    let mut revoked = BTreeSet::new();
    for entry in Reader::new(entries) {
        let mut fields = Reader::new(tlv::only(entry?.whole, SEQUENCE)?);
        let serial = fields.expect(asn1::INTEGER)?.to_vec();
        next_time(&mut fields)?;
        if let Some(extensions) = fields.optional(SEQUENCE)? {
            let mut foreign = false;
            // The critical one of entries says that another authority issued the certificate (RFC 5280 §5.3.3).
            each(extensions.value, |_, critical, _| {
                foreign |= critical;
                Ok(())
            })?;
            if foreign {
                return Err(ListFault::Partial);
            }
        }
        fields.finish()?;
        revoked.insert(serial);
    }
    Ok(revoked)
}

/// That a list does not have a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Issuer of the list.
    pub issuer: Name,
    /// Number of the list.
    pub number: Number,
    /// When its successor is due: after that an alarm, and no refusal yet.
    pub next_update: Moment,
    /// Until when it counts.
    pub until: Moment,
}

/// Why no list says that a certificate is not revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unproven {
    /// There is none of its issuer.
    #[error("there is no revocation list of the issuer")]
    Missing,
    /// There is one, which no trusted authority signed.
    #[error("no trusted authority signed the revocation list")]
    Unsigned,
    /// There is one, whose successor is due for too long.
    #[error("the revocation list is too old")]
    Stale,
    /// There is one from the future.
    #[error("the revocation list is of a later moment")]
    NotYet,
}

impl TrustStore {
    /// What the lists of its issuer say of a certificate. A revocation counts whatever the date of the list.
    pub(super) fn standing(
        &self,
        certificate: &Certificate,
        rules: Rules,
        at: Moment,
        budget: &mut Budget,
    ) -> Result<Result<Standing, Unproven>, Distrust> {
        let mut found: Result<Standing, Unproven> = Err(Unproven::Missing);
        for listed in self.lists.iter().filter(|listed| listed.list.issuer() == certificate.issuer()) {
            let list = &listed.list;
            let accepted = list.algorithm.is_ok_and(|algorithm| rules.profile.accepts(algorithm.hash()));
            let trusted = accepted
                && listed.issuers.iter().any(|issuer| {
                    let pinned = self.anchors.contains(issuer) && issuer.is_valid(at);
                    pinned || self.climb(issuer, rules.profile, at, budget).is_ok()
                });
            if !trusted {
                found = found.or(Err(Unproven::Unsigned));
                continue;
            }
            if list.revoked.contains(certificate.serial()) {
                return Err(Distrust::Revoked);
            }
            let until = list.next_update.plus_hours(rules.grace);
            let standing = Standing {
                issuer: list.issuer.clone(),
                number: list.number.clone(),
                next_update: list.next_update,
                until,
            };
            found = match found {
                Ok(better) if better.number >= standing.number => Ok(better),
                _ if at < list.this_update => Err(Unproven::NotYet),
                _ if until < at => Err(Unproven::Stale),
                _ => Ok(standing),
            };
        }
        Ok(found)
    }
}
