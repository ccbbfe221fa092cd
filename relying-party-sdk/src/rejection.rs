//! Why an answer about the citizen does not stand up to verification.

use crate::algorithm::SigningAlgorithm;
use crate::identity::Level;

/// The check that an ID token or a userinfo answer failed (OpenID Connect Core 1.0 §3.1.3.7, §5.3.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not a signed token of three parts, or not a JSON object.
    #[error("it cannot be read ({detail})")]
    Unreadable {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// Its header asks for an algorithm other than the registered one; `none` and HMAC end here too.
    #[error("it is signed with `{seen}`, this client is registered for {registered}: compare the registrations")]
    Algorithm {
        /// The algorithm in the header.
        seen: String,
        /// The algorithm this client is registered for.
        registered: SigningAlgorithm,
    },
    /// It names a key that the gateway does not publish, also after the key set was read again.
    #[error("its key `{kid}` is not published by the gateway")]
    UnknownKey {
        /// The `kid` of the header; empty when there was none.
        kid: String,
    },
    /// The gateway's keys could not be read for too long, or not again for the key that it names: nobody can tell.
    #[error(
        "the gateway's keys cannot be read at the moment: check the network and the gateway's status page, then retry"
    )]
    NoKeys,
    /// There is no room to remember that it was taken: again in a moment.
    #[error("too many are remembered at the moment: retry")]
    Full,
    /// It names no key, and the gateway publishes several that would fit.
    #[error("it names no key and {candidates} published keys would fit")]
    AmbiguousKey {
        /// How many keys would fit.
        candidates: usize,
    },
    /// It is not encrypted, where an encrypted one is registered.
    #[error("it is not encrypted, an encrypted one is registered: compare the registrations")]
    NotEncrypted,
    /// It cannot be decrypted with a key of this client and the registered algorithm; it is not said why.
    #[error("it cannot be decrypted: compare the keys and algorithms of both registrations")]
    Undecipherable,
    /// The signature does not verify.
    #[error("its signature does not verify")]
    Signature,
    /// A claim that must be there is not.
    #[error("the claim `{claim}` is missing")]
    Missing {
        /// The claim.
        claim: &'static str,
    },
    /// A claim has another JSON type than it must have.
    #[error("the claim `{claim}` is not {expected}")]
    Type {
        /// The claim.
        claim: &'static str,
        /// The type it must have.
        expected: &'static str,
    },
    /// A claim has the right type and an impossible value.
    #[error("the claim `{claim}` is not {expected}")]
    Value {
        /// The claim.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `iss` is another issuer.
    #[error("it was issued by `{seen}`")]
    Issuer {
        /// The issuer in the token.
        seen: String,
    },
    /// `aud` does not name this client.
    #[error("it was issued for other clients")]
    Audience,
    /// `aud` names this client and others it has no reason to trust.
    #[error("it was issued for other clients too")]
    ExtraAudience,
    /// `azp` is another client.
    #[error("its authorized party is another client")]
    AuthorizedParty,
    /// `nonce` is not the one of this login.
    #[error("its nonce belongs to another login")]
    Nonce,
    /// `exp` has passed.
    #[error("it expired {seconds} seconds ago: check the clocks of both machines")]
    Expired {
        /// Seconds since the expiry.
        seconds: i64,
    },
    /// `iat` or `nbf` lies in the future.
    #[error("it is dated {seconds} seconds ahead: check the clocks of both machines")]
    Early {
        /// Seconds ahead of this machine's clock.
        seconds: i64,
    },
    /// `iat` lies before the login began.
    #[error("it was issued {seconds} seconds before the login began: check the clocks of both machines")]
    Stale {
        /// Seconds between the issue and the start of the login.
        seconds: i64,
    },
    /// The access token is good for whoever has it, where one bound to this client's key was asked (RFC 9449 §5).
    #[error("its access token is not bound to the key of this client, a bound one was asked")]
    Unbound,
    /// It was taken before.
    #[error("it was taken before")]
    Replayed,
    /// `at_hash` does not fit the access token that came with it.
    #[error("it came with an access token that is not its own")]
    AccessTokenHash,
    /// The citizen signed in longer ago than `max_age` allows.
    #[error("the citizen signed in {seconds} seconds ago, {allowed} at most were asked")]
    Age {
        /// Seconds since the sign-in.
        seconds: i64,
        /// The `max_age` asked, in seconds.
        allowed: i64,
    },
    /// `acr` is below the level asked.
    #[error("the level reached is {seen}, {asked} was asked")]
    Level {
        /// The level asked.
        asked: Level,
        /// The level in the token.
        seen: Level,
    },
    /// The userinfo answer is about someone else than the ID token.
    #[error("it is about another citizen than the ID token")]
    Subject,
    /// The userinfo answer is plain where a signed one is registered, or the other way round.
    #[error("it is of type `{seen}`, `{registered}` is registered: compare the registrations")]
    Form {
        /// The content type of the answer.
        seen: String,
        /// The content type registered.
        registered: &'static str,
    },
}
