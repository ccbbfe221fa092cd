//! The application of travel documents (ICAO 9303-10 §3): files, and chip authentication (ICAO 9303-11 §6.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apdu::{Answer, Command, Status};
use super::curve::{BRAINPOOL_P256, Secret};
use super::files;
use super::holder::{Holder, access_information};
use super::messaging::Channel;
use super::pace::{DYNAMIC, Password};
use super::pki::Pki;
use super::profile::{ChipKey, Profile};
use super::{CIPHER, Outcome, der};

/// Its identifier.
pub(super) const APPLICATION: &[u8] = &[0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// What was written into the chip.
#[derive(Debug)]
pub(super) struct Chip {
    zone: String,
    groups: BTreeMap<u8, Vec<u8>>,
    /// Fingerprints: there, and read by nobody without a certificate of a State.
    guarded: [u8; 1],
    security_object: Vec<u8>,
    card_access: Vec<u8>,
    card_security: Vec<u8>,
    passwords: [Password; 2],
    key: Secret,
}

impl Chip {
    pub(super) fn issue(pki: &Arc<Pki>, holder: &Holder, profile: &Profile) -> Self {
        let (issued, expiry) = profile.validity(pki);
        let zone = holder.zone(&profile.state, &files::short_day(expiry));
        let announced = Secret::generate(&BRAINPOOL_P256);
        let mut groups = BTreeMap::from([
            (1, files::zone_group(&zone)),
            (2, files::face_group(&holder.portrait, profile.face)),
            (13, files::national_group(holder)),
            (14, files::chip_group(CIPHER, Some(&announced).filter(|_| profile.chip_key != ChipKey::None))),
        ]);
        if holder.has_accents() {
            groups.insert(11, files::details_group(holder));
        }
        let signer = profile.signer(pki);
        // Group 3 is listed with its hash and never read.
        let fingerprints = der::object(files::group_tag(3), &[0; 64]);
        let mut listed: Vec<_> = groups.iter().map(|(group, file)| (*group, file.as_slice())).collect();
        listed.insert(2, (3, &fingerprints));
        let security_object = signer.security_object(&listed, profile.encoding);
        for group in &profile.withheld {
            groups.remove(group);
        }
        for group in &profile.unlisted {
            groups.insert(*group, files::document_group(issued));
        }
        for group in &profile.altered {
            if let Some(file) = groups.get_mut(group) {
                *file = altered(file);
            }
        }
        let key = match profile.chip_key {
            ChipKey::Own | ChipKey::None => announced.clone(),
            ChipKey::Other => Secret::generate(&BRAINPOOL_P256),
        };
        Self {
            passwords: [Password::Can(holder.can.to_owned()), Password::Zone(access_information(&zone))],
            card_access: files::card_access(CIPHER),
            card_security: signer.card_security(&files::security_infos(CIPHER, &announced)),
            guarded: [3],
            security_object,
            groups,
            zone,
            key,
        }
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.groups.iter().map(|(group, file)| (*group, file.as_slice()))
    }

    pub(super) fn security_object(&self) -> &[u8] {
        &self.security_object
    }

    pub(super) fn zone(&self) -> &str {
        &self.zone
    }

    pub(super) fn passwords(&self) -> &[Password] {
        &self.passwords
    }

    /// A file of the master file.
    pub(super) fn master_file(&self, identifier: &[u8]) -> Option<(u16, Vec<u8>)> {
        match u16::from_be_bytes(*identifier.first_chunk().filter(|_| identifier.len() == 2)?) {
            files::CARD_ACCESS => Some((files::CARD_ACCESS, self.card_access.clone())),
            files::CARD_SECURITY => Some((files::CARD_SECURITY, self.card_security.clone())),
            _ => None,
        }
    }

    pub(super) fn short_file(&self, short: u8) -> Option<(u16, Vec<u8>)> {
        self.master_file(&[1, short])
    }

    /// A file of the application.
    pub(super) fn file(&self, identifier: &[u8]) -> Option<Result<Vec<u8>, Status>> {
        match u16::from_be_bytes(*identifier.first_chunk().filter(|_| identifier.len() == 2)?) {
            files::SOD => Some(Ok(self.security_object.clone())),
            files::COM => {
                let groups: Vec<u8> = self.groups.keys().copied().chain(self.guarded).collect();
                Some(Ok(files::com(&groups)))
            }
            file => {
                let is = |group: &u8| files::group_file(*group) == file;
                if self.guarded.iter().any(is) {
                    return Some(Err(Status::SECURITY));
                }
                self.groups.iter().find(|(group, _)| is(group)).map(|(_, file)| Ok(file.clone()))
            }
        }
    }

    /// MSE:Set AT: only the one protocol, and no identifier of a key, for there is one.
    pub(super) fn set_authentication(command: &Command) -> Answer {
        let protocol = der::oid_value(&format!("0.4.0.127.0.7.2.2.3.2.{}", CIPHER.arc()));
        let is_known = der::find(&command.data, 0x80) == Some(&protocol) && der::find(&command.data, 0x84).is_none();
        if is_known { Answer::done() } else { Answer::ended(Status::DATA) }
    }

    /// GENERAL AUTHENTICATE: what follows is under the keys that the terminal's key makes.
    pub(super) fn authenticate(&self, command: &Command) -> Outcome {
        let theirs = der::find(&command.data, DYNAMIC).and_then(|data| der::find(data, 0x80));
        let point = theirs.and_then(|theirs| BRAINPOOL_P256.decode(theirs));
        match point.and_then(|point| self.key.shared(&point)) {
            Some(secret) => (Answer::of(der::object(DYNAMIC, &[])), Some(Channel::new(CIPHER, &secret))),
            None => (Answer::ended(Status::DATA), None),
        }
    }
}

/// A letter of the contents changed, and the length kept.
fn altered(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    if let Some(letter) = file.iter_mut().rev().find(|octet| octet.is_ascii_uppercase()) {
        *letter = if *letter == b'Z' { b'A' } else { *letter + 1 };
    }
    file
}
