//! The mailbox: a real SMTP receiver whose messages a person reads on a page and a test reads as JSON.
//!
//! ```text
//!   SMTP  EHLO MAIL RCPT DATA RSET NOOP QUIT      smtp
//!   GET   /                    the list           page
//!   GET   /messages/{id}       one message        page
//!   GET   /messages?to=&after=&wait=  JSON; waits up to `wait` seconds for a message   page
//! ```

mod page;
mod smtp;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::site::Site;

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Number in order of arrival, from 1.
    pub id: u64,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Decoded subject.
    pub subject: String,
    /// Decoded plain text.
    pub text: String,
    /// Decoded HTML part, if there is one.
    pub html: Option<String>,
    /// When it arrived, in epoch seconds.
    pub received_at: i64,
    /// The message as it came, headers first.
    pub source: String,
}

/// The mailbox, receiving and answering until dropped.
#[derive(Debug)]
pub struct Mailbox {
    site: Site,
    smtp: SocketAddr,
    receiver: JoinHandle<()>,
    post: Arc<Post>,
}

impl Mailbox {
    /// Starts the page on one listener and the SMTP receiver on the other.
    ///
    /// # Panics
    /// When the SMTP listener has no local address, which a bound one has.
    pub fn start(page: TcpListener, smtp: TcpListener) -> Self {
        let post = Arc::new(Post::default());
        let address = smtp.local_addr().expect("a bound listener has an address");
        let receiver = tokio::spawn(smtp::receive(smtp, Arc::clone(&post)));
        Self { site: Site::serve(page, page::router(Arc::clone(&post))), smtp: address, receiver, post }
    }

    /// Address of the page, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.site.address())
    }

    /// Address for senders, `smtp://…`.
    pub fn smtp_url(&self) -> String {
        format!("smtp://{}", self.smtp)
    }

    /// Messages to `recipient` that came after message `after` (0: all), oldest first; waits up to `patience` for
    /// the first.
    pub async fn messages_to(&self, recipient: &str, after: u64, patience: Duration) -> Vec<Message> {
        self.post.wait_for(Some(recipient), after, patience).await
    }

    /// Makes the receiver refuse every message from now on (451), or accept again.
    pub fn set(&self, reception: Reception) {
        *self.post.reception.lock().unwrap_or_else(PoisonError::into_inner) = reception;
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.receiver.abort();
    }
}

/// What the receiver does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reception {
    /// Takes it.
    #[default]
    Accept,
    /// Refuses it for now: the sender should try again.
    Defer,
    /// Refuses it for good.
    Refuse,
}

/// The messages, and a bell that rings when one comes.
#[derive(Debug)]
struct Post {
    messages: Mutex<Vec<Message>>,
    arrived: watch::Sender<u64>,
    reception: Mutex<Reception>,
}

impl Default for Post {
    fn default() -> Self {
        Self { messages: Mutex::default(), arrived: watch::Sender::new(0), reception: Mutex::default() }
    }
}

impl Post {
    fn reception(&self) -> Reception {
        *self.reception.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, from: String, to: Vec<String>, source: &[u8]) {
        let parsed = mail_parser::MessageParser::default().parse(source);
        let subject = parsed.as_ref().and_then(|mail| mail.subject()).unwrap_or_default().to_owned();
        let text = parsed.as_ref().and_then(|mail| mail.body_text(0)).unwrap_or_default().into_owned();
        let has_html =
            parsed.as_ref().is_some_and(|mail| mail.html_bodies().any(mail_parser::MessagePart::is_text_html));
        let html = parsed.as_ref().filter(|_| has_html).and_then(|mail| mail.body_html(0)).map(Into::into);
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let id = messages.last().map_or(0, |message| message.id) + 1;
        messages.push(Message {
            id,
            from,
            to,
            subject,
            text,
            html,
            received_at: crate::clock::now(),
            source: String::from_utf8_lossy(source).into_owned(),
        });
        self.arrived.send_replace(id);
    }

    fn select(&self, recipient: Option<&str>, after: u64) -> Vec<Message> {
        let wanted = |message: &&Message| {
            let to = |recipient: &str| message.to.iter().any(|address| address.eq_ignore_ascii_case(recipient));
            message.id > after && recipient.is_none_or(to)
        };
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().filter(wanted).cloned().collect()
    }

    async fn wait_for(&self, recipient: Option<&str>, after: u64, patience: Duration) -> Vec<Message> {
        let mut bell = self.arrived.subscribe();
        let first = async {
            loop {
                bell.mark_unchanged();
                let found = self.select(recipient, after);
                if !found.is_empty() || bell.changed().await.is_err() {
                    return found;
                }
            }
        };
        tokio::time::timeout(patience, first).await.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
