//! A virtual identity card, octet for octet (cnie.md §2 to §8, §14), and the authorities that made it. Nothing of it is
//! shared with the gateway: it is written from ICAO 9303-10 and -11, so that an error on one side shows on the other.
//!
//! ```text
//!  Transport ──octets──▶ Card ─┬─ master file: EF.CardAccess, EF.CardSecurity, PACE                 pace
//!                              ├─ application of travel documents: groups, SOD, chip authentication  travel
//!                              └─ eID application: code, key that signs for the holder               eid
//!
//!  Pki ─▶ Profile (what is wrong with it) + Holder (whose it is) ─▶ Card::issue
//! ```
//!
//! Everything here is the simulator's, « simulateur – non certifié »: keys are public knowledge.

pub mod apdu;
pub mod crypt;
pub mod curve;
pub mod der;
pub mod eid;
pub mod files;
pub mod holder;
pub mod messaging;
pub mod pace;
pub mod pki;
pub mod profile;
mod sod;
mod travel;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use apdu::{Answer, Command, Status};
use crypt::Cipher;
use messaging::{Broken, Channel, PROTECTED};
use pace::Progress;

pub use holder::{Holder, Portrait};
pub use pki::Pki;
pub use profile::Profile;

/// The AES of every channel of the card.
pub const CIPHER: Cipher = Cipher::Aes256;

/// A way to a card: this virtual one, or a real one in a PC/SC reader.
pub trait Transport: Send + Sync {
    /// Sends one command and takes its answer.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;

    /// Takes the card out of the field and puts it back: every channel is gone.
    fn reset(&mut self);
}

/// One card that lies now at the phone, now at a desk.
impl<T: Transport> Transport for Arc<Mutex<T>> {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.lock().unwrap_or_else(PoisonError::into_inner).transmit(command)
    }

    fn reset(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).reset();
    }
}

impl Transport for Box<dyn Transport> {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        (**self).transmit(command)
    }

    fn reset(&mut self) {
        (**self).reset();
    }
}

/// A virtual card.
#[derive(Debug)]
pub struct Card {
    chip: travel::Chip,
    applet: eid::Applet,
    session: Session,
}

/// What is forgotten when the card leaves the field.
#[derive(Debug, Default)]
struct Session {
    channel: Option<Channel>,
    place: Place,
    file: Option<Vec<u8>>,
    pace: Progress,
    authenticating: bool,
}

/// Which application is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Master,
    Travel,
    Eid,
}

/// What a command comes to: an answer, and the channel that follows the one it came in.
type Outcome = (Answer, Option<Channel>);

impl Card {
    /// The card of a holder, of a kind.
    pub fn issue(pki: &Arc<Pki>, holder: &Holder, profile: &Profile) -> Self {
        let chip = travel::Chip::issue(pki, holder, profile);
        let (_, expiry) = profile.validity(pki);
        let applet = eid::Applet::personalize(Arc::clone(pki), holder, expiry);
        Self { chip, applet, session: Session::default() }
    }

    /// A genuine card.
    pub fn genuine(pki: &Arc<Pki>, holder: &Holder) -> Self {
        Self::issue(pki, holder, Profile::genuine())
    }

    /// The same, to lie at several readers in turn.
    pub fn shared(self) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(self))
    }

    /// The data groups that its chip gives, each as its whole file.
    pub fn groups(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.chip.groups()
    }

    /// Its security object.
    pub fn security_object(&self) -> &[u8] {
        self.chip.security_object()
    }

    /// Its machine readable zone.
    pub fn zone(&self) -> &str {
        self.chip.zone()
    }

    /// The eID application, as its maker sees it.
    pub fn applet(&self) -> &eid::Applet {
        &self.applet
    }

    /// Writes `sod.bin` and `dgN.bin`, for an auditor.
    pub fn dump(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("sod.bin"), self.security_object())?;
        for (group, file) in self.groups() {
            std::fs::write(folder.join(format!("dg{group}.bin")), file)?;
        }
        Ok(())
    }

    fn protected(&mut self, command: &Command) -> Answer {
        let Some(mut channel) = self.session.channel.take() else {
            return Answer::ended(Status::CONDITIONS);
        };
        let opened = match channel.open(command) {
            Ok(opened) => opened,
            Err(broken) => {
                // The channel is erased (ICAO 9303-11 §9.8.3).
                self.reset();
                return Answer::ended(match broken {
                    Broken::Objects | Broken::Unprotected(_) => Status::UNPROTECTED,
                    Broken::Code | Broken::Padding => Status::MESSAGING,
                });
            }
        };
        let (answer, next) = self.run(&opened);
        let sealed = channel.seal(opened.is_odd(), &answer);
        self.session.channel = Some(next.unwrap_or(channel));
        sealed
    }

    /// Outside of any channel only PACE can be had, and what it needs.
    fn plain(&mut self, command: &Command) -> Answer {
        if self.session.channel.is_some() {
            // A command without protection ends the channel (ICAO 9303-11 §9.8.3).
            self.reset();
        }
        match (command.instruction, command.parameters) {
            (0x22, [0xc1, 0xa4]) => self.session.pace.select(command, CIPHER, self.chip.passwords()),
            (0x86, [0, 0]) => {
                let (answer, channel) = self.session.pace.next(command, CIPHER);
                self.session.channel = channel;
                answer
            }
            (0xa4, [0x00, 0x00 | 0x0c]) => self.select_master(command),
            (0xa4, [0x02, 0x00 | 0x0c]) if self.session.place == Place::Master => {
                match self.chip.master_file(&command.data) {
                    Some((files::CARD_ACCESS, file)) => {
                        self.session.file = Some(file);
                        Answer::done()
                    }
                    Some(_) => Answer::ended(Status::SECURITY),
                    None => Answer::ended(Status::NO_FILE),
                }
            }
            (0xb0, [p1 @ 0x80..=0xff, offset]) => match self.chip.short_file(p1 & 0x1f) {
                Some((files::CARD_ACCESS, file)) if self.session.place == Place::Master => {
                    read(&file, offset.into(), command.expected)
                }
                _ => Answer::ended(Status::SECURITY),
            },
            (0xb0, offset) => self.read_selected(usize::from(u16::from_be_bytes(offset)), command.expected),
            _ => Answer::ended(Status::SECURITY),
        }
    }

    fn select_master(&mut self, command: &Command) -> Answer {
        if !matches!(command.data[..], [] | [0x3f, 0x00]) {
            return Answer::ended(Status::NO_FILE);
        }
        self.enter(Place::Master)
    }

    fn enter(&mut self, place: Place) -> Answer {
        self.applet.leave();
        self.session.place = place;
        self.session.file = None;
        Answer::done()
    }

    /// A command within a channel.
    fn run(&mut self, command: &Command) -> Outcome {
        match (self.session.place, command.instruction, command.parameters) {
            (_, 0xa4, [0x04, 0x00 | 0x0c]) => (self.select_application(&command.data), None),
            (_, 0xa4, [0x00, 0x00 | 0x0c]) => (self.select_master(command), None),
            (place, 0xa4, [0x02, 0x00 | 0x0c]) => (self.select_file(place, &command.data), None),
            (_, 0xb0, [p1 @ 0x80..=0xff, offset]) => {
                (self.read_short(p1 & 0x1f, offset.into(), command.expected), None)
            }
            (_, 0xb0, offset) => (self.read_selected(usize::from(u16::from_be_bytes(offset)), command.expected), None),
            (_, 0xb1, [0, 0]) => (self.read_far(command), None),
            (Place::Travel, 0x22, [0x41, 0xa4]) => {
                let answer = travel::Chip::set_authentication(command);
                self.session.authenticating = answer.status == Status::DONE;
                (answer, None)
            }
            (Place::Travel, 0x86, [0, 0]) => {
                if !std::mem::take(&mut self.session.authenticating) {
                    return (Answer::ended(Status::CONDITIONS), None);
                }
                self.chip.authenticate(command)
            }
            (Place::Eid, 0x20 | 0x24 | 0x2a, _) => (self.applet.run(command), None),
            _ => (Answer::ended(Status::INSTRUCTION), None),
        }
    }

    fn select_application(&mut self, identifier: &[u8]) -> Answer {
        match identifier {
            travel::APPLICATION => self.enter(Place::Travel),
            eid::APPLICATION => self.enter(Place::Eid),
            _ => Answer::ended(Status::NO_FILE),
        }
    }

    fn select_file(&mut self, place: Place, identifier: &[u8]) -> Answer {
        let found = match place {
            Place::Master => self.chip.master_file(identifier).map(|(_, file)| Ok(file)),
            Place::Travel => self.chip.file(identifier),
            Place::Eid => (identifier == [0, 1]).then(|| Ok(self.applet.certificate().to_vec())),
        };
        self.session.file = None;
        match found {
            Some(Ok(file)) => {
                self.session.file = Some(file);
                Answer::done()
            }
            Some(Err(status)) => Answer::ended(status),
            None => Answer::ended(Status::NO_FILE),
        }
    }

    /// By short identifier: the last five bits of the file's own, and it is selected (ISO/IEC 7816-4 §7.3.2).
    fn read_short(&mut self, short: u8, offset: usize, expected: Option<usize>) -> Answer {
        let high = u8::from(self.session.place != Place::Eid);
        let selected = self.select_file(self.session.place, &[high, short]);
        if selected.status == Status::DONE { self.read_selected(offset, expected) } else { selected }
    }

    fn read_selected(&self, offset: usize, expected: Option<usize>) -> Answer {
        match &self.session.file {
            Some(file) => read(file, offset, expected),
            None => Answer::ended(Status(0x6986)),
        }
    }

    /// The odd instruction: the offset and the octets stand in objects (ISO/IEC 7816-4 §11.3.3).
    fn read_far(&self, command: &Command) -> Answer {
        let Some(offset) = der::find(&command.data, 0x54).filter(|offset| offset.len() <= 4) else {
            return Answer::ended(Status::DATA);
        };
        let offset = offset.iter().fold(0, |offset, octet| offset << 8 | usize::from(*octet));
        let room = command.expected.map(|expected| expected.saturating_sub(if expected > 0x82 { 4 } else { 2 }));
        let mut answer = self.read_selected(offset, room);
        if !answer.data.is_empty() {
            answer.data = der::object(0x53, &answer.data);
        }
        answer
    }
}

fn read(file: &[u8], offset: usize, expected: Option<usize>) -> Answer {
    let Some(expected) = expected else { return Answer::ended(Status::LENGTH) };
    let Some(rest) = file.get(offset..).filter(|rest| !rest.is_empty()) else { return Answer::ended(Status::OFFSET) };
    let octets = &rest[..rest.len().min(expected)];
    // A file shorter than 256 may be asked for with "all there is".
    let is_whole = octets.len() == expected || expected == 0x100 || expected == 0x1_0000;
    Answer { data: octets.to_vec(), status: if is_whole { Status::DONE } else { Status::END_OF_FILE } }
}

impl Transport for Card {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = match Command::parse(command) {
            None => Answer::ended(Status::LENGTH),
            Some(command) if command.class & PROTECTED == PROTECTED => self.protected(&command),
            Some(command) => self.plain(&command),
        };
        answer.to_bytes()
    }

    fn reset(&mut self) {
        self.session = Session::default();
        self.applet.leave();
    }
}

#[cfg(test)]
mod tests;
