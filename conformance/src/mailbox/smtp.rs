//! The SMTP receiver (RFC 5321): enough for any honest sender, strict enough to notice a dishonest one.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Post, Reception};

/// Longest command line, octets (RFC 5321 §4.5.3.1.4 asks for 512; addresses may be longer).
const LONGEST_LINE: u64 = 4096;
/// Longest message, octets.
const LONGEST_MESSAGE: usize = 1 << 20;

/// Accepts senders until aborted.
pub(super) async fn receive(listener: TcpListener, post: Arc<Post>) {
    let mut senders = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        senders.spawn(converse(stream, Arc::clone(&post)));
        while senders.try_join_next().is_some() {}
    }
}

/// One connection. A sender that leaves in the middle ends its own conversation and nothing else.
async fn converse(stream: TcpStream, post: Arc<Post>) {
    let (read, write) = stream.into_split();
    let mut conversation = Conversation { read: BufReader::new(read), write, post, envelope: Envelope::default() };
    let _gone = conversation.run().await;
}

/// A message under way: who sends it to whom.
#[derive(Debug, Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

struct Conversation {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    post: Arc<Post>,
    envelope: Envelope,
}

impl Conversation {
    async fn run(&mut self) -> std::io::Result<()> {
        self.say("220 mailbox.bac-a-sable ESMTP").await?;
        while let Some(line) = self.line().await? {
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    self.envelope = Envelope::default();
                    self.say("250-mailbox.bac-a-sable\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1048576").await?;
                }
                "HELO" => {
                    self.envelope = Envelope::default();
                    self.say("250 mailbox.bac-a-sable").await?;
                }
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.envelope = Envelope::default();
                    self.say("250 forgotten").await?;
                }
                "NOOP" => self.say("250 still here").await?,
                "QUIT" => return self.say("221 goodbye").await,
                _ => self.say("502 not implemented").await?,
            }
        }
        Ok(())
    }

    async fn mail(&mut self, rest: &str) -> std::io::Result<()> {
        let Some(from) = path(rest, "FROM:") else {
            return self.say("501 MAIL FROM:<address>").await;
        };
        if self.envelope.from.is_some() {
            return self.say("503 one sender a message").await;
        }
        self.envelope.from = Some(from);
        self.say("250 sender noted").await
    }

    async fn recipient(&mut self, rest: &str) -> std::io::Result<()> {
        if self.envelope.from.is_none() {
            return self.say("503 MAIL first").await;
        }
        let Some(to) = path(rest, "TO:").filter(|to| to.contains('@')) else {
            return self.say("501 RCPT TO:<address>").await;
        };
        self.envelope.to.push(to);
        self.say("250 recipient noted").await
    }

    async fn data(&mut self) -> std::io::Result<()> {
        let envelope = std::mem::take(&mut self.envelope);
        let Some(from) = envelope.from.filter(|_| !envelope.to.is_empty()) else {
            return self.say("503 MAIL and RCPT first").await;
        };
        self.say("354 end with a dot on its own line").await?;
        let Some(source) = self.message().await? else {
            return self.say("552 too long").await;
        };
        match self.post.reception() {
            Reception::Accept => {
                self.post.deliver(from, envelope.to, &source);
                self.say("250 received").await
            }
            Reception::Defer => self.say("451 try again later").await,
            Reception::Refuse => self.say("554 refused").await,
        }
    }

    /// Reads up to the lone dot and removes the dots that senders double (RFC 5321 §4.5.2). Nothing when too long.
    async fn message(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut source = Vec::new();
        let mut fits = true;
        loop {
            let mut line = Vec::new();
            if self.read.read_until(b'\n', &mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                return Ok(fits.then_some(source));
            }
            fits = fits && source.len() + line.len() <= LONGEST_MESSAGE;
            if fits {
                source.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = (&mut self.read).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
        let whole = read > 0 && line.ends_with(b"\n");
        Ok(whole.then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<()> {
        self.write.write_all(format!("{answer}\r\n").as_bytes()).await
    }
}

/// The address between angle brackets after `keyword`; parameters behind it are ignored.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let (head, tail) = rest.split_at_checked(keyword.len())?;
    let address = tail.trim_start().strip_prefix('<')?.split_once('>')?.0;
    head.eq_ignore_ascii_case(keyword).then(|| address.to_owned())
}
