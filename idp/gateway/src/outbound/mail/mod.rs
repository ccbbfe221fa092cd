//! Mail: the notices that follow every sign-in, delivered off the path of the sign-in.
//!
//! ```text
//!  finish (one transaction) ──▶ outbox ──lease──▶ courier ──SMTP──▶ mail server
//!                                 ▲                  │
//!                                 └── later, with ───┘
//!                                     a longer wait
//! ```

mod courier;

#[cfg(test)]
mod tests;

use std::time::{Duration, UNIX_EPOCH};

use domain::secret::{base64url, sha256};
use domain::time::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as File, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use rustls_pki_types::CertificateDer;

pub(crate) use courier::Courier;

use crate::config::{Mail, MailProtection};

/// The time one mail may take, from the connection to the server's last word.
const SEND_TIME: Duration = Duration::from_secs(30);
/// The time one step of the conversation may take.
const STEP_TIME: Duration = Duration::from_secs(10);

/// The words of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// One line.
    pub(crate) subject: String,
    /// Plain text, lines ended by `\n`.
    pub(crate) body: String,
    /// A file beside it.
    pub(crate) attachment: Option<Attachment>,
}

/// A file beside a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// What it is called: plain ASCII.
    pub(crate) name: String,
    /// Its media type.
    pub(crate) media_type: &'static str,
    /// What it holds.
    pub(crate) content: String,
}

/// Sends mails. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// The mailer cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadMailer {
    /// The sender is no mail address.
    #[error("mail.from is no sender")]
    Sender,
    /// TLS cannot be set up.
    #[error("TLS towards the mail server cannot be set up")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Why a mail was not sent. Nothing of it is personal: a server's own words often repeat the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MailFailure {
    /// The address or the subject cannot stand in a mail. It never will.
    #[error("the address or subject cannot stand in a mail")]
    Unsendable,
    /// The server refused for good (5xx).
    #[error("the mail server refuses with {0}")]
    Refused(u16),
    /// The server refused for now (4xx).
    #[error("the mail server is not ready: {0}")]
    Later(u16),
    /// The time ran out.
    #[error("the mail server does not answer in time")]
    TimedOut,
    /// There was no connection, no TLS, or no SMTP.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
}

impl Mailer {
    /// A mailer for the configured server, trusting `authorities`.
    pub(crate) fn new(mail: &Mail, authorities: &[CertificateDer<'static>]) -> Result<Self, BadMailer> {
        let from: Mailbox = mail.from.parse().map_err(|_| BadMailer::Sender)?;
        let parameters = || {
            let mut tls = TlsParameters::builder(mail.host.clone()).certificate_store(CertificateStore::None);
            for authority in authorities {
                // The platform's store may hold one that cannot be parsed; the others still count.
                if let Ok(certificate) = Certificate::from_der(authority.to_vec()) {
                    tls = tls.add_root_certificate(certificate);
                }
            }
            tls.build()
        };
        let tls = match mail.protection {
            MailProtection::Plain => Tls::None,
            MailProtection::StartTls => Tls::Required(parameters()?),
            MailProtection::Tls => Tls::Wrapper(parameters()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(mail.host.clone())
            .port(mail.port)
            .tls(tls)
            .timeout(Some(STEP_TIME))
            .pool_config(PoolConfig::new().max_size(16).idle_timeout(Duration::from_mins(1)));
        if let Some((name, password)) = &mail.login {
            transport = transport.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Sends a mail. `key` names it: the same mail sent twice has the same Message-ID.
    pub(crate) async fn send(&self, to: &str, letter: &Letter, key: &str, now: Timestamp) -> Result<(), MailFailure> {
        let message = self.compose(to, letter, key, now)?;
        match tokio::time::timeout(SEND_TIME, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(MailFailure::of(&error)),
            Err(_) => Err(MailFailure::TimedOut),
        }
    }

    fn compose(&self, to: &str, letter: &Letter, key: &str, now: Timestamp) -> Result<Message, MailFailure> {
        // A line break in a header would begin another header (CWE-93): refused, not repaired.
        if letter.subject.is_empty() || letter.subject.chars().any(char::is_control) {
            return Err(MailFailure::Unsendable);
        }
        let address: Address = to.parse().map_err(|_| MailFailure::Unsendable)?;
        let name = base64url(&sha256(key.as_bytes()));
        let seconds = u64::try_from(now.epoch()).unwrap_or_default();
        let envelope = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject.clone())
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(format!("<{name}@{}>", self.from.email.domain())))
            // No answering machine shall answer (RFC 3834 §5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        match &letter.attachment {
            None => envelope.header(ContentType::TEXT_PLAIN).body(letter.body.clone()),
            Some(Attachment { name, media_type, content }) => {
                let media_type = ContentType::parse(media_type).map_err(|_| MailFailure::Unsendable)?;
                let file = File::new(name.clone()).body(content.clone(), media_type);
                envelope
                    .multipart(MultiPart::mixed().singlepart(SinglePart::plain(letter.body.clone())).singlepart(file))
            }
        }
        .map_err(|_| MailFailure::Unsendable)
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer(…)")
    }
}

impl MailFailure {
    fn of(error: &lettre::transport::smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let code = u16::from(code);
            return if error.is_permanent() { Self::Refused(code) } else { Self::Later(code) };
        }
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let mut root: &(dyn std::error::Error + 'static) = error;
        while let Some(deeper) = root.source() {
            root = deeper;
        }
        // A reply that could not be parsed is the server's text, which may repeat the address.
        if error.is_response() {
            return Self::Unreachable("it does not speak SMTP".to_owned());
        }
        Self::Unreachable(root.to_string())
    }
}
