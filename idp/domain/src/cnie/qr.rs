//! The QR code that a citizen shows at the desk: a name of the request, its end, and a mark that only this gateway makes,
//! bound to the identity and to the key that signs after its code.

use super::Thumbprint;
use super::refusal::Refusal;
use crate::id::{IdentityId, RequestId};
use crate::secret::{base64url, from_base64url, keyed_hash, same};
use crate::time::Timestamp;

/// The first octet: how the rest is read.
const VERSION: u8 = 1;
/// Version, identity, request, end, mark.
const LENGTH: usize = 1 + 16 + 16 + 4 + 16;

/// The secret behind the marks.
#[derive(Clone)]
pub struct QrSecret([u8; 32]);

impl QrSecret {
    /// Wraps the secret.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl std::fmt::Debug for QrSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("QrSecret(…)")
    }
}

/// What a QR code names, before its mark was checked: enough to look the identity up, and proof of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    identity: IdentityId,
    request: RequestId,
    until: u32,
    mark: [u8; 16],
}

/// Writes the text of a QR code, in 71 base64url characters; none for identifiers that are not 16 octets.
pub fn write(
    (identity, code): (&IdentityId, Thumbprint),
    request: &RequestId,
    until: Timestamp,
    secret: &QrSecret,
) -> Option<String> {
    let until = u32::try_from(until.epoch()).ok()?;
    let (identity, request) = (identity.octets()?, request.octets()?);
    let mark = mark((&identity, code), &request, until, secret);
    Some(base64url(&[&[VERSION][..], &identity, &request, &until.to_be_bytes(), &mark].concat()))
}

fn mark((identity, code): (&[u8; 16], Thumbprint), request: &[u8; 16], until: u32, secret: &QrSecret) -> [u8; 16] {
    let hash = keyed_hash(&secret.0, &[b"cnie-request/1", identity, request, &until.to_be_bytes(), code.as_bytes()]);
    let mut mark = [0; 16];
    mark.copy_from_slice(&hash[..16]);
    mark
}

impl Presented {
    /// Reads what a scanner typed: the address in a QR code, or the token alone.
    pub fn scanned(text: &str) -> Result<Self, Refusal> {
        Self::read(text.trim().rsplit('/').next().unwrap_or_default())
    }

    /// Reads the text of a QR code.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let octets = from_base64url(text).ok_or(Refusal::RequestUnknown)?;
        let octets: [u8; LENGTH] = octets.try_into().map_err(|_| Refusal::RequestUnknown)?;
        let [version, rest @ ..] = octets;
        let part = |from: usize| -> [u8; 16] { std::array::from_fn(|at| rest[from + at]) };
        if version != VERSION {
            return Err(Refusal::RequestUnknown);
        }
        Ok(Self {
            identity: IdentityId::from_random(part(0)),
            request: RequestId::from_random(part(16)),
            until: u32::from_be_bytes(std::array::from_fn(|at| rest[32 + at])),
            mark: part(36),
        })
    }

    /// The identity it names.
    pub const fn identity(&self) -> &IdentityId {
        &self.identity
    }

    /// The request, when the mark is ours, over this identity with this code, and the month is not over.
    pub fn check(&self, code: Thumbprint, secret: &QrSecret, now: Timestamp) -> Result<&RequestId, Refusal> {
        let (Some(identity), Some(request)) = (self.identity.octets(), self.request.octets()) else {
            return Err(Refusal::RequestUnknown);
        };
        if !same(&mark((&identity, code), &request, self.until, secret), &self.mark) {
            return Err(Refusal::RequestUnknown);
        }
        if Timestamp::from_epoch(i64::from(self.until)).is_past(now) {
            return Err(Refusal::RequestLate);
        }
        Ok(&self.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_for_its_identity_and_key_until_its_end() {
        let secret = QrSecret::new([3; 32]);
        let (identity, request) = (IdentityId::from_random([1; 16]), RequestId::from_random([2; 16]));
        let (code, until) = (Thumbprint::new([4; 32]), Timestamp::from_epoch(2_000_000_000));
        let text = write((&identity, code), &request, until, &secret).expect("identifiers of 16 octets");
        assert_eq!(text.len(), 71);
        let presented = Presented::read(&text).expect("ours");
        assert_eq!(presented.identity(), &identity);
        let at = Timestamp::from_epoch(1_999_999_999);
        assert_eq!(presented.check(code, &secret, at), Ok(&request));
        assert_eq!(presented.check(code, &secret, until), Err(Refusal::RequestLate));
        assert_eq!(presented.check(Thumbprint::new([5; 32]), &secret, at), Err(Refusal::RequestUnknown));
        assert_eq!(presented.check(code, &QrSecret::new([4; 32]), at), Err(Refusal::RequestUnknown));
    }

    #[test]
    fn no_octet_of_a_code_can_be_changed() {
        let secret = QrSecret::new([3; 32]);
        let (identity, request) = (IdentityId::from_random([1; 16]), RequestId::from_random([2; 16]));
        let (code, until) = (Thumbprint::new([4; 32]), Timestamp::from_epoch(2_000_000_000));
        let text = write((&identity, code), &request, until, &secret).expect("identifiers of 16 octets");
        let octets = from_base64url(&text).expect("base64url");
        for at in 0..octets.len() {
            let mut other = octets.clone();
            other[at] ^= 1;
            let outcome = Presented::read(&base64url(&other))
                .and_then(|presented| presented.check(code, &secret, Timestamp::from_epoch(0)).cloned());
            assert_eq!(outcome, Err(Refusal::RequestUnknown), "octet {at}");
        }
        let address = format!(" https://guichet.example/guichet/q/{text}\r\n");
        assert_eq!(Presented::scanned(&address), Presented::read(&text));
        for bad in ["", "x", "é", &text[1..], &format!("{text}A")] {
            assert_eq!(Presented::read(bad), Err(Refusal::RequestUnknown), "{bad:?}");
        }
    }
}
