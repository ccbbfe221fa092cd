//! What is encrypted to a client that registered so (OIDC Core §10.2): signed first, encrypted then.

use domain::client::Client;
use domain::jose::jwe::{Content, KeyAlgorithm};

use crate::app::App;

/// The client registered encryption and has no key to encrypt to: its answer cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client has no key for the encryption that it registered")]
pub(crate) struct NoRecipient;

/// Encrypts to the client's own key. A set kept elsewhere that lacks one is looked at anew, once.
pub(crate) async fn encrypted(
    app: &App,
    client: &Client,
    algorithm: KeyAlgorithm,
    content: Content,
    plain: &str,
) -> Result<String, NoRecipient> {
    let fetched = app.client_keys.of(client).await;
    let encrypt = |keys: Option<&domain::jose::KeySet>| {
        let recipient = client.keys.set(keys)?.recipient(algorithm)?;
        recipient.encrypt(plain.as_bytes(), algorithm, content).ok()
    };
    let mut done = encrypt(fetched.as_deref());
    if let (None, Some(seen)) = (&done, &fetched) {
        done = encrypt(app.client_keys.newer(client, seen).await.as_deref());
    }
    done.ok_or_else(|| {
        tracing::error!(client = %client.id, algorithm = algorithm.name(), "{NoRecipient}");
        NoRecipient
    })
}
