//! The keys of one run, and of no other: published ones, the one that comes next, and two that are published nowhere.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::plan::Plan;
use crate::id::Kid;
use crate::jose::{KeyError, SigningAlgorithm, SigningKey};
use crate::secret::{base64url, from_base64url, keyed_hash};

/// A private key in its sealed record.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    algorithm: SigningAlgorithm,
    kid: Kid,
    pkcs8: Zeroizing<String>,
}

impl Kept {
    fn generate(algorithm: SigningAlgorithm, kid: Kid) -> Result<Self, KeyError> {
        let key = SigningKey::generate(algorithm, kid.clone())?;
        Ok(Self { algorithm, kid, pkcs8: Zeroizing::new(base64url(&key.to_pkcs8()?)) })
    }

    fn open(&self) -> Result<SigningKey, KeyError> {
        let der = Zeroizing::new(from_base64url(&self.pkcs8).ok_or(KeyError)?);
        SigningKey::from_pkcs8(self.algorithm, self.kid.clone(), &der)
    }
}

/// Both keys that are published together: the one that signs, and one of another kind beside it, as most sets have.
#[derive(Clone, Serialize, Deserialize)]
struct Published {
    signs: Kept,
    beside: Kept,
}

/// The keys of a run.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Keys {
    algorithm: SigningAlgorithm,
    current: Published,
    next: Published,
    /// Whether the next ones are published too.
    rotated: bool,
    /// Bears the name of the current key.
    impostor: Kept,
    nowhere: Kept,
}

impl Keys {
    /// Makes them; their names are drawn from `random`.
    pub(super) fn generate(algorithm: SigningAlgorithm, random: &[u8; 32]) -> Result<Self, KeyError> {
        let kid = |purpose: &str| {
            let hash = keyed_hash(random, &[b"kid", purpose.as_bytes()]);
            Kid::parse(&base64url(&hash[..12])).map_err(|_| KeyError)
        };
        let other = match algorithm {
            SigningAlgorithm::Es256 => SigningAlgorithm::Rs256,
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 | SigningAlgorithm::EdDsa => SigningAlgorithm::Es256,
        };
        let pair = |name: &str| {
            let signs = Kept::generate(algorithm, kid(&format!("{name} signs"))?)?;
            let beside = Kept::generate(other, kid(&format!("{name} beside"))?)?;
            Ok(Published { signs, beside })
        };
        let (current, next) = (pair("current")?, pair("next")?);
        let impostor = Kept::generate(algorithm, current.signs.kid.clone())?;
        let nowhere = Kept::generate(algorithm, kid("nowhere")?)?;
        Ok(Self { algorithm, current, next, rotated: false, impostor, nowhere })
    }

    pub(super) const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// From now on the next keys are published too. They sign only where that is what is tried, so that a site that does
    /// not follow fails in that alone.
    pub(super) const fn rotate(&mut self) {
        self.rotated = true;
    }

    /// The JWK set (RFC 7517 §5).
    pub(super) fn set(&self) -> Result<Value, KeyError> {
        let current = [&self.current.signs, &self.current.beside];
        let next = [&self.next.signs, &self.next.beside];
        let published = current.into_iter().chain(next.into_iter().filter(|_| self.rotated));
        let keys = published.map(|key| Ok(key.open()?.public_jwk())).collect::<Result<Vec<_>, KeyError>>()?;
        Ok(json!({ "keys": keys }))
    }

    /// Signs as the plan says.
    pub(super) fn sign(&self, plan: Plan, typ: &str, claims: &Value) -> Result<String, KeyError> {
        let published = if plan == Plan::NewKey { &self.next } else { &self.current };
        if plan == Plan::Unsigned {
            let header = json!({ "alg": "none", "typ": typ });
            let part = |value: &Value| base64url(value.to_string().as_bytes());
            return Ok(format!("{}.{}.", part(&header), part(claims)));
        }
        let own = &published.signs;
        let key = if plan == Plan::Signature {
            // Under the name of the key that a site would look for now.
            Kept { kid: own.kid.clone(), ..self.impostor.clone() }
        } else if plan == Plan::UnknownKey {
            self.nowhere.clone()
        } else {
            own.clone()
        };
        Ok(key.open()?.sign(typ, claims))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.algorithm.name())
    }
}
