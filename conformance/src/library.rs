//! Programs made with unmodified libraries of other people, in JavaScript and Python (`conformance/clients`).

use std::process::Stdio;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::fapi::FapiParty;
use crate::homologation::Credentials;
use crate::process::{Process, Signals};
use crate::relying_party::RelyingParty;
use crate::script::{Dialogue, javascript, python};
use crate::tools::Missing;
use crate::workspace::workshop;

/// A library that a relying party is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// npm: openid-client.
    OpenidClient,
    /// PyPI: Authlib.
    Authlib,
}

/// A library that a relying party under FAPI 2.0 is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FapiLibrary {
    /// npm: openid-client.
    OpenidClient,
    /// npm: oauth4webapi.
    Oauth4webapi,
}

/// A relying party made with a library, between its request and the citizen's return.
#[derive(Debug)]
pub struct Party {
    program: Dialogue,
    /// The address that the citizen opens.
    pub address: String,
}

impl Party {
    /// Starts the program for a registered service and reads the address it wants opened.
    ///
    /// # Panics
    /// When the library is installed and its program does not get that far.
    pub async fn start(library: Library, service: &RelyingParty, scope: &str) -> Result<Self, Missing> {
        let command = match library {
            Library::OpenidClient => javascript("openid-client/package.json", "relying_party.mjs")?,
            Library::Authlib => python("relying_party.py")?,
        };
        Ok(Self::launch(command, service, scope).await.expect("an installed library's program starts"))
    }

    /// The same for a service under FAPI 2.0 whose key is on P-256, with the response mode it asks for.
    ///
    /// # Panics
    /// When the library is installed and its program does not get that far.
    pub async fn start_fapi(
        library: FapiLibrary,
        service: &FapiParty,
        scope: &str,
        response_mode: &str,
    ) -> Result<Self, Missing> {
        let mut command = match library {
            FapiLibrary::OpenidClient => javascript("openid-client/package.json", "fapi_openid_client.mjs")?,
            FapiLibrary::Oauth4webapi => javascript("oauth4webapi/package.json", "fapi_oauth4webapi.mjs")?,
        };
        command.env("CLIENT_KEY", service.key.private_pem()).env("CLIENT_KEY_ID", service.key.kid());
        command.env("RESPONSE_MODE", response_mode);
        let launched = Self::launch(command, &service.party, scope).await;
        Ok(launched.expect("an installed library's program starts"))
    }

    /// Starts the lines that the partners' space shows for a library, with the secret that they take from their environment.
    ///
    /// # Panics
    /// When the library is installed and the lines do not get that far.
    pub async fn of_lines(library: Library, lines: &str, secret: &str) -> Result<Self, Missing> {
        let (mut command, file) = match library {
            Library::OpenidClient => (javascript("openid-client/package.json", "quick_start.mjs")?, "node/lines.mjs"),
            Library::Authlib => (python("quick_start.py")?, "lines.py"),
        };
        // Beside the installed libraries: module imports look there only.
        let file = workshop().join(file);
        std::fs::write(&file, lines).expect("target/conformance can be written");
        command.env("LINES", &file).env("OIDC_CLIENT_SECRET", secret);
        let mut program = Dialogue::start(command).expect("node or python starts");
        let address = program.hears("OPEN ").await.expect("the lines of an installed library run");
        Ok(Self { program, address })
    }

    async fn launch(mut command: Command, service: &RelyingParty, scope: &str) -> anyhow::Result<Self> {
        command
            .env("ISSUER", &service.metadata.issuer)
            .env("CLIENT_ID", &service.client_id)
            .env("CLIENT_SECRET", service.secret.as_deref().unwrap_or_default())
            .env("REDIRECT_URI", &service.redirect_uri)
            .env("SCOPE", scope);
        let mut program = Dialogue::start(command)?;
        let address = program.hears("OPEN ").await?;
        Ok(Self { program, address })
    }

    /// Hands over the address that the citizen came back to; what the program learnt: `id_token` and `userinfo`.
    pub async fn finish(mut self, back: &str) -> anyhow::Result<Value> {
        self.program.says(back).await?;
        let learnt = self.program.hears("LEARNT ").await?;
        self.program.ends().await?;
        Ok(serde_json::from_str(&learnt)?)
    }
}

/// A whole site made with a library, for the homologation bench.
#[derive(Debug)]
pub struct LibrarySite {
    /// Its process.
    pub process: Process,
}

impl LibrarySite {
    /// Starts one on this port of localhost, for a run of the bench.
    ///
    /// # Panics
    /// When the library is installed and its site does not start.
    pub async fn start(library: Library, run: &Credentials, port: u16) -> Result<Self, Missing> {
        let mut command = match library {
            Library::OpenidClient => javascript("openid-client/package.json", "site.mjs")?,
            Library::Authlib => python("site.py")?,
        };
        command
            .env("ISSUER", &run.issuer)
            .env("CLIENT_ID", &run.client_id)
            .env("CLIENT_SECRET", &run.client_secret)
            .env("PORT", port.to_string());
        let mut process = Process::start("site", command, Signals::Shared).expect("node or python starts");
        let up = process.line("listening on", std::time::Duration::from_secs(30)).await;
        up.expect("an installed library's site starts");
        Ok(Self { process })
    }
}

/// The claims of a logout token, verified by the npm package jose for a service.
///
/// # Panics
/// When the library is installed and does not run.
pub async fn jose_reads_logout_token(service: &RelyingParty, token: &str) -> Result<anyhow::Result<Value>, Missing> {
    let mut command = javascript("jose/package.json", "logout_token.mjs")?;
    command
        .env("ISSUER", &service.metadata.issuer)
        .env("JWKS_URI", &service.metadata.jwks_uri)
        .env("CLIENT_ID", &service.client_id)
        .env("TOKEN", token);
    let output = command.output().await.expect("node starts");
    if !output.status.success() {
        return Ok(Err(anyhow::anyhow!("{}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(serde_json::from_slice(&output.stdout).context("claims as JSON"))
}

/// An identity provider made with the npm package oidc-provider.
#[derive(Debug)]
pub struct OidcProvider {
    /// Its process.
    pub process: Process,
}

/// What an [`OidcProvider`] is told.
#[derive(Debug, Clone)]
pub struct OidcProviderSettings {
    /// Port on 127.0.0.1; its issuer is there.
    pub port: u16,
    /// Client id of the gateway.
    pub client_id: String,
    /// Secret of the gateway.
    pub client_secret: String,
    /// Redirect URI of the gateway.
    pub redirect_uri: String,
    /// The one person: `username` and `claims`.
    pub person: Value,
    /// That person's password.
    pub password: String,
}

impl OidcProvider {
    /// Starts one.
    ///
    /// # Panics
    /// When the library is installed and does not start.
    pub async fn start(settings: &OidcProviderSettings) -> Result<Self, Missing> {
        let mut command = javascript("oidc-provider/package.json", "provider.mjs")?;
        command
            .env("ISSUER", format!("http://127.0.0.1:{}", settings.port))
            .env("PORT", settings.port.to_string())
            .env("CLIENT_ID", &settings.client_id)
            .env("CLIENT_SECRET", &settings.client_secret)
            .env("REDIRECT_URI", &settings.redirect_uri)
            .env("PERSON", settings.person.to_string())
            .env("PASSWORD", &settings.password);
        let mut process = Process::start("oidc-provider", command, Signals::Shared).expect("node starts");
        let up = process.line("listening on", std::time::Duration::from_secs(30)).await;
        up.expect("an installed oidc-provider starts");
        Ok(Self { process })
    }
}

/// An implementation of JOSE that the gateway has nothing in common with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoseLibrary {
    /// npm: jose.
    Jose,
    /// PyPI: joserfc.
    Joserfc,
}

/// What a token is verified for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Its algorithm, as registered.
    pub algorithm: &'a str,
    /// Its issuer.
    pub issuer: &'a str,
    /// Its audience.
    pub audience: &'a str,
}

impl JoseLibrary {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Jose, Self::Joserfc];

    /// The claims of a signed token, as this implementation reads it with the keys of a JWK set; an error when it refuses
    /// the token.
    pub async fn verify(
        self,
        token: &str,
        keys: &Value,
        expected: Expected<'_>,
    ) -> Result<anyhow::Result<Value>, Missing> {
        let command = match self {
            Self::Jose => javascript("jose/package.json", "verify.mjs")?,
            Self::Joserfc => python("verify.py")?,
        };
        let Expected { algorithm, issuer, audience } = expected;
        let asked = json!({ "token": token, "jwks": keys, "alg": algorithm, "iss": issuer, "aud": audience });
        Ok(Self::ask(command, &asked).await)
    }

    async fn ask(mut command: Command, asked: &Value) -> anyhow::Result<Value> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().context("a pipe was asked for")?;
        input.write_all(asked.to_string().as_bytes()).await?;
        drop(input);
        let output = child.wait_with_output().await?;
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        anyhow::ensure!(output.status.success(), "{}", complaint.trim());
        serde_json::from_str(&said).with_context(|| format!("claims: {said}"))
    }
}

/// Whether the Python package openapi-spec-validator takes a description for one of OpenAPI 3.1; why, when it does not.
///
/// # Panics
/// When the library is installed and does not run.
pub async fn validates_openapi(description: &Value) -> Result<anyhow::Result<Value>, Missing> {
    Ok(JoseLibrary::ask(python("openapi.py")?, description).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::citizen::Citizen;
    use crate::or_skip;
    use crate::people::PASSWORD;
    use crate::site::listen;
    use crate::upstream::{CLIENT_ID, Control, ProviderId, Providers};

    const GATEWAY: &str = "http://127.0.0.1:1";

    async fn a_sandbox_provider_serves(library: Library) -> Result<(), Missing> {
        let providers = Providers::start(listen(0).await.unwrap(), GATEWAY, Control::Closed);
        let id = ProviderId::Impots;
        let (secret, redirect_uri) = (providers.credentials(id).secret.clone(), format!("{GATEWAY}/callback/{id}"));
        let party = RelyingParty::known(providers.issuer(id), CLIENT_ID.into(), secret, redirect_uri).await.unwrap();
        let party = Party::start(library, &party, "openid profile birth email").await?;
        let mut citizen = Citizen::new().stopping_at(GATEWAY);
        let login = citizen.open(&party.address).await.unwrap();
        let back = citizen.sign_in(&login, "keiko", PASSWORD).await.unwrap();
        let learnt = party.finish(back.url.as_str()).await.unwrap();
        assert_eq!(learnt["id_token"]["acr"], "eidas1");
        assert_eq!(learnt["userinfo"]["family_name"], "TANAKA");
        Ok(())
    }

    #[tokio::test]
    async fn openid_client_accepts_a_sandbox_provider() {
        or_skip!(a_sandbox_provider_serves(Library::OpenidClient).await);
    }

    #[tokio::test]
    async fn authlib_accepts_a_sandbox_provider() {
        or_skip!(a_sandbox_provider_serves(Library::Authlib).await);
    }
}
