//! What a phone does with a card: PACE as the terminal, reading, the holder's code (ICAO 9303-11 §4.4, §9.8).

use crate::card::apdu::{Answer, Command, Status};
use crate::card::crypt::{BLOCK, Cipher};
use crate::card::curve::{BRAINPOOL_P256, Secret};
use crate::card::messaging::{Broken, Channel};
use crate::card::pace::{DYNAMIC, Password, mapped, protocol, token};
use crate::card::{Transport, der, eid, files};

/// The application of travel documents.
const TRAVEL: [u8; 7] = [0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
/// Octets of a file that one command asks for: in an extended command, as most phones can.
const PORTION: usize = 1024;

/// Why a card cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The password is not the card's.
    #[error("the card does not know this access number")]
    Password,
    /// The code is wrong.
    #[error("the code is wrong, {0} tries are left")]
    Code(u8),
    /// Too many wrong codes.
    #[error("the code is blocked")]
    Blocked,
    /// The card refused a command.
    #[error("the card answers {status} to {what}")]
    Refused {
        /// What it was asked.
        what: &'static str,
        /// What it said.
        status: Status,
    },
    /// An answer is not what it should be.
    #[error("the card's answer to {0} cannot be read")]
    Form(&'static str),
    /// The card showed another token: it does not know what it should.
    #[error("the card did not prove the access number")]
    Token,
    /// The channel broke.
    #[error("{0}")]
    Channel(#[from] Broken),
}

/// A card in the field, with a channel that PACE made.
#[derive(Debug)]
pub struct Reader<'a, T: Transport + ?Sized> {
    card: &'a mut T,
    channel: Channel,
}

impl<'a, T: Transport + ?Sized> Reader<'a, T> {
    /// Takes the card into the field and runs PACE.
    ///
    /// # Errors
    /// [`Fault`], [`Fault::Password`] above all.
    pub fn open(card: &'a mut T, password: &Password) -> Result<Self, Fault> {
        card.reset();
        plain(card, &Command::select_file(files::CARD_ACCESS), "EF.CardAccess")?;
        let access = plain(card, &Command::read(0, 0x100), "EF.CardAccess")?;
        let cipher = announced(&access).ok_or(Fault::Form("EF.CardAccess"))?;
        let channel = establish(card, cipher, password)?;
        Ok(Self { card, channel })
    }

    /// Sends a command in the channel.
    ///
    /// # Errors
    /// [`Fault::Channel`] when the channel broke.
    pub fn send(&mut self, command: &Command) -> Result<Answer, Fault> {
        let wrapped = self.channel.wrap(command);
        let answer = Answer::parse(&self.card.transmit(&wrapped.to_bytes())).ok_or(Fault::Form("a command"))?;
        Ok(self.channel.unwrap(command.is_odd(), &answer)?)
    }

    fn done(&mut self, command: &Command, what: &'static str) -> Result<Vec<u8>, Fault> {
        let answer = self.send(command)?;
        match answer.status {
            Status::DONE | Status::END_OF_FILE => Ok(answer.data),
            status => Err(Fault::Refused { what, status }),
        }
    }

    /// Selects the application of travel documents.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn enter_travel(&mut self) -> Result<(), Fault> {
        self.done(&Command::select_application(&TRAVEL), "the application of travel documents").map(drop)
    }

    /// Selects the eID application.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn enter_eid(&mut self) -> Result<(), Fault> {
        self.done(&Command::select_application(eid::APPLICATION), "the eID application").map(drop)
    }

    /// Reads a whole file of the application.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn file(&mut self, identifier: u16) -> Result<Vec<u8>, Fault> {
        self.done(&Command::select_file(identifier), "a file")?;
        let mut octets = self.done(&Command::read(0, PORTION), "reading")?;
        // A length that is not told (BER) is found by reading until the end.
        let total = der::announced(&octets).unwrap_or(usize::MAX);
        while octets.len() < total {
            let (at, left) = (octets.len(), (total - octets.len()).min(PORTION));
            let command = Command::read(at, left);
            let answer = self.send(&command)?;
            let portion = match answer.status {
                Status::DONE | Status::END_OF_FILE => answer.data,
                Status::OFFSET => break,
                status => return Err(Fault::Refused { what: "reading", status }),
            };
            let portion =
                if command.is_odd() { der::find(&portion, 0x53).unwrap_or_default().to_vec() } else { portion };
            if portion.is_empty() {
                return Err(Fault::Form("reading"));
            }
            octets.extend(portion);
        }
        Ok(octets)
    }

    /// The groups that EF.COM announces, of those wanted, with the security object: what passive authentication needs.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn document(&mut self, wanted: &[u8]) -> Result<Document, Fault> {
        self.enter_travel()?;
        let sod = self.file(files::SOD)?;
        let com = self.file(files::COM)?;
        let tags = der::find(&com, 0x60).and_then(|com| der::find(com, 0x5c)).ok_or(Fault::Form("EF.COM"))?.to_vec();
        let mut groups = Vec::new();
        for group in wanted {
            if tags.iter().any(|tag| u32::from(*tag) == files::group_tag(*group)) {
                groups.push((*group, self.file(files::group_file(*group))?));
            }
        }
        Ok(Document { sod, groups })
    }

    /// Shows the holder's code.
    ///
    /// # Errors
    /// [`Fault::Code`], [`Fault::Blocked`].
    pub fn verify(&mut self, code: &str) -> Result<(), Fault> {
        self.coded(&Command::new(0x20, [0, 1]).carrying(code.as_bytes().to_vec()), "the code")
    }

    /// Changes the holder's code: the card makes another key.
    ///
    /// # Errors
    /// [`Fault::Code`], [`Fault::Blocked`].
    pub fn change(&mut self, old: &str, new: &str) -> Result<(), Fault> {
        let codes = [old.as_bytes(), new.as_bytes()].concat();
        self.coded(&Command::new(0x24, [0, 1]).carrying(codes), "the new code")
    }

    fn coded(&mut self, command: &Command, what: &'static str) -> Result<(), Fault> {
        match self.send(command)?.status {
            Status::DONE => Ok(()),
            Status::BLOCKED => Err(Fault::Blocked),
            status => Err(status.tries_left().map_or(Fault::Refused { what, status }, Fault::Code)),
        }
    }

    /// The certificate of the key that signs for the holder.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn certificate(&mut self) -> Result<Vec<u8>, Fault> {
        self.file(0x0001)
    }

    /// Has the card sign a hash; the code was shown just before.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn sign(&mut self, hash: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        let command = Command::new(0x2a, [0x9e, 0x9a]).carrying(hash.to_vec()).expecting(0x100);
        self.done(&command, "a signature")
    }

    /// A command of the server's, wrapped here; its answer as octets.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn hand_over(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let command = Command::parse(command).ok_or(Fault::Form("a command of the server"))?;
        Ok(self.send(&command)?.to_bytes())
    }
}

/// What was read of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The security object.
    pub sod: Vec<u8>,
    /// Groups by number, each as its whole file.
    pub groups: Vec<(u8, Vec<u8>)>,
}

impl Document {
    /// A group.
    pub fn group(&self, number: u8) -> Option<&[u8]> {
        self.groups.iter().find(|(group, _)| *group == number).map(|(_, file)| file.as_slice())
    }
}

fn plain<T: Transport + ?Sized>(card: &mut T, command: &Command, what: &'static str) -> Result<Vec<u8>, Fault> {
    let answer = Answer::parse(&card.transmit(&command.to_bytes())).ok_or(Fault::Form(what))?;
    match answer.status {
        Status::DONE | Status::END_OF_FILE => Ok(answer.data),
        Status::NOT_AUTHENTICATED => Err(Fault::Password),
        status => Err(Fault::Refused { what, status }),
    }
}

/// The protocol of EF.CardAccess that is spoken here.
fn announced(access: &[u8]) -> Option<Cipher> {
    let infos = der::all(der::find(access, der::SET)?)?;
    let supported = |info: &der::Object<'_>| {
        let fields = der::all(info.value)?;
        let (protocol, parameters) = (fields.first()?.value, fields.get(2)?.value);
        let (arc, family) = protocol.split_last()?;
        let is_generic = family == der::oid_value("0.4.0.127.0.7.2.2.4.2") && parameters == [13];
        Cipher::of_arc(*arc).filter(|_| is_generic)
    };
    infos.iter().find_map(supported)
}

fn establish<T: Transport + ?Sized>(card: &mut T, cipher: Cipher, password: &Password) -> Result<Channel, Fault> {
    let curve = &*BRAINPOOL_P256;
    let reference = [der::object(0x80, &protocol(cipher)), der::object(0x83, &[password.reference()])].concat();
    plain(card, &Command::new(0x22, [0xc1, 0xa4]).carrying(reference), "PACE")?;
    let sealed = general(card, Turn::More, &[], 0x80)?;
    let nonce = cipher.decrypt(&password.key(cipher), [0; BLOCK], &sealed).ok_or(Fault::Form("PACE"))?;
    let agreed = |secret: &Secret, theirs: &[u8]| {
        let point = curve.decode(theirs).filter(|_| theirs != secret.encoded()).ok_or(Fault::Form("PACE"))?;
        Ok::<_, Fault>(secret.agree(&point))
    };
    let mapping = Secret::generate(curve);
    let theirs = general(card, Turn::More, &der::object(0x81, &mapping.encoded()), 0x82)?;
    let base = mapped(&nonce, &agreed(&mapping, &theirs)?);
    let ephemeral = Secret::on(curve, &base);
    let theirs = general(card, Turn::More, &der::object(0x83, &ephemeral.encoded()), 0x84)?;
    let secret = curve.first_coordinate(&agreed(&ephemeral, &theirs)?).ok_or(Fault::Form("PACE"))?;
    let ours = token(cipher, &secret, &theirs);
    let shown = general(card, Turn::Last, &der::object(0x85, &ours), 0x86)?;
    if shown != token(cipher, &secret, &ephemeral.encoded()) {
        return Err(Fault::Token);
    }
    Ok(Channel::new(cipher, &secret))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    More,
    Last,
}

fn general<T: Transport + ?Sized>(card: &mut T, turn: Turn, data: &[u8], wanted: u32) -> Result<Vec<u8>, Fault> {
    let command = Command::new(0x86, [0, 0]).carrying(der::object(DYNAMIC, data)).expecting(0x100);
    let command = if turn == Turn::More { command.chained() } else { command };
    let answer = plain(card, &command, "PACE")?;
    let found = der::find(&answer, DYNAMIC).and_then(|data| der::find(data, wanted));
    found.map(<[u8]>::to_vec).ok_or(Fault::Form("PACE"))
}
