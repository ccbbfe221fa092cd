//! Tokens of the gateway, read by implementations that share no code with it: any story may ask for it.

use conformance::library::{Expected, JoseLibrary};
use conformance::relying_party::RelyingParty;
use conformance::tools::Missing;
use serde_json::Value;

/// The claims of a token for a service, as every other implementation reads them with the published keys.
pub(crate) async fn verified_by_others(service: &RelyingParty, token: &str, algorithm: &str) -> Result<Value, Missing> {
    let keys = service.keys().await.unwrap();
    let own = service.verify_jwt(token).await.unwrap();
    for library in JoseLibrary::ALL {
        let claims = library.verify(token, &keys, expected(service, algorithm)).await?;
        assert_eq!(claims.unwrap(), own, "{library:?} reads the same");
    }
    Ok(own)
}

/// That every other implementation refuses a token for a service.
pub(crate) async fn refused_by_others(
    case: &str,
    service: &RelyingParty,
    token: &str,
    algorithm: &str,
) -> Result<(), Missing> {
    let keys = service.keys().await.unwrap();
    for library in JoseLibrary::ALL {
        let claims = library.verify(token, &keys, expected(service, algorithm)).await?;
        assert!(claims.is_err(), "{case}: {library:?} accepts {claims:?}");
    }
    Ok(())
}

fn expected<'a>(service: &'a RelyingParty, algorithm: &'a str) -> Expected<'a> {
    Expected { algorithm, issuer: &service.metadata.issuer, audience: &service.client_id }
}
