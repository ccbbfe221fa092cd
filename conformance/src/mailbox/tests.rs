use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::*;
use crate::site::listen;

const PATIENCE: Duration = Duration::from_secs(10);

async fn mailbox() -> Mailbox {
    Mailbox::start(listen(0).await.unwrap(), listen(0).await.unwrap())
}

/// A sender that speaks line by line and returns the code of the last answer to each.
struct Sender(BufReader<TcpStream>);

impl Sender {
    async fn connect(mailbox: &Mailbox) -> Self {
        let mut sender = Self(BufReader::new(TcpStream::connect(mailbox.smtp).await.unwrap()));
        assert_eq!(sender.answer().await, 220);
        sender
    }

    async fn answer(&mut self) -> u16 {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) == Some(&b' ') {
                return line[..3].parse().unwrap();
            }
        }
    }

    async fn say(&mut self, line: &str) -> u16 {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        self.answer().await
    }

    async fn send(&mut self, to: &str, message: &str) -> u16 {
        assert_eq!(self.say("MAIL FROM:<gateway@exemple.fr> BODY=8BITMIME").await, 250);
        assert_eq!(self.say(&format!("RCPT TO:<{to}>")).await, 250);
        assert_eq!(self.say("DATA").await, 354);
        self.say(&format!("{message}\r\n.")).await
    }
}

const NOTICE: &str = "From: Passerelle <gateway@exemple.fr>\r\nTo: angela@exemple.fr\r\n\
    Subject: =?utf-8?q?Connexion_r=C3=A9ussie?=\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    Bonjour Ang=C3=A9la,\r\n..point\r\n";

#[tokio::test]
async fn a_message_is_received_decoded_and_found_by_its_recipient() {
    let mailbox = mailbox().await;
    let mut sender = Sender::connect(&mailbox).await;
    assert_eq!(sender.say("EHLO gateway").await, 250);
    assert_eq!(sender.send("angela@exemple.fr", NOTICE).await, 250);
    assert_eq!(sender.say("QUIT").await, 221);
    let messages = mailbox.messages_to("ANGELA@exemple.fr", 0, PATIENCE).await;
    let [message] = &messages[..] else { panic!("one message: {messages:?}") };
    assert_eq!(message.subject, "Connexion réussie");
    assert!(message.text.starts_with("Bonjour Angéla,"), "{}", message.text);
    assert!(message.text.contains("\n.point"), "doubled dots are undone: {}", message.text);
    assert_eq!(message.from, "gateway@exemple.fr");
    assert_eq!(message.html, None);
    assert!(mailbox.messages_to("pierre@exemple.fr", 0, Duration::ZERO).await.is_empty());
}

#[tokio::test]
async fn a_request_waits_for_the_message_to_come() {
    let mailbox = mailbox().await;
    let url = format!("{}/messages?to=angela@exemple.fr&wait=20", mailbox.url());
    let waiting = tokio::spawn(async move { reqwest::get(url).await.unwrap().json::<Vec<Message>>().await.unwrap() });
    let mut sender = Sender::connect(&mailbox).await;
    sender.say("EHLO gateway").await;
    assert_eq!(sender.send("pierre@exemple.fr", NOTICE).await, 250);
    assert_eq!(sender.send("angela@exemple.fr", NOTICE).await, 250);
    let messages = waiting.await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].id, 2);
    assert!(mailbox.messages_to("angela@exemple.fr", 2, Duration::ZERO).await.is_empty());
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_rset_forgets() {
    let mailbox = mailbox().await;
    let mut sender = Sender::connect(&mailbox).await;
    assert_eq!(sender.say("EHLO gateway").await, 250);
    assert_eq!(sender.say("DATA").await, 503);
    assert_eq!(sender.say("RCPT TO:<angela@exemple.fr>").await, 503);
    assert_eq!(sender.say("MAIL FROM:<a@exemple.fr>").await, 250);
    assert_eq!(sender.say("RSET").await, 250);
    assert_eq!(sender.say("RCPT TO:<angela@exemple.fr>").await, 503);
    assert_eq!(sender.say("VRFY angela").await, 502);
}

#[tokio::test]
async fn a_deferred_message_is_not_kept() {
    let mailbox = mailbox().await;
    let mut sender = Sender::connect(&mailbox).await;
    sender.say("EHLO gateway").await;
    mailbox.set(Reception::Defer);
    assert_eq!(sender.send("angela@exemple.fr", NOTICE).await, 451);
    mailbox.set(Reception::Accept);
    assert_eq!(sender.send("angela@exemple.fr", NOTICE).await, 250);
    assert_eq!(mailbox.messages_to("angela@exemple.fr", 0, PATIENCE).await.len(), 1);
}

#[tokio::test]
async fn a_person_reads_the_list_and_a_message() {
    let mailbox = mailbox().await;
    let empty = reqwest::get(mailbox.url()).await.unwrap().text().await.unwrap();
    assert!(empty.contains("Aucun message"));
    let mut sender = Sender::connect(&mailbox).await;
    sender.say("EHLO gateway").await;
    let hostile = NOTICE.replace("=?utf-8?q?Connexion_r=C3=A9ussie?=", "<script>alert(1)</script>");
    sender.send("angela@exemple.fr", &hostile).await;
    let list = reqwest::get(mailbox.url()).await.unwrap().text().await.unwrap();
    assert!(list.contains("/messages/1") && !list.contains("<script>"), "{list}");
    let message = reqwest::get(format!("{}/messages/1", mailbox.url())).await.unwrap().text().await.unwrap();
    assert!(message.contains("Bonjour Angéla"));
    let missing = reqwest::get(format!("{}/messages/9", mailbox.url())).await.unwrap();
    assert_eq!(missing.status(), 404);
}
