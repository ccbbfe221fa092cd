//! What the groups say: the zone, the dates, the keys of the chip.

use super::{Judgement, Note, Refusal};
use crate::lds::{self, DocumentDetails, Group, SecurityInfos, ZoneFault};
use crate::moment::Date;
use crate::mrz::{self, Layout, Mrz};
use crate::profile::Profile;
use crate::signature::PublicKey;

impl Judgement<'_> {
    pub(super) fn document(&self, zone: Result<Mrz, ZoneFault>, notes: &mut Vec<Note>) -> Result<Mrz, Refusal> {
        let zone = zone.map_err(|fault| match fault {
            ZoneFault::Zone(mrz::Fault::CheckDigit(_)) => Refusal::ZoneCheckDigit,
            ZoneFault::File | ZoneFault::Zone(mrz::Fault::Length | mrz::Fault::Character | mrz::Fault::Date) => {
                Refusal::ZoneMalformed
            }
        })?;
        let today = self.at.date().ok_or(Refusal::BirthDate)?;
        match self.profile() {
            Profile::Cnie => french_card(&zone, today)?,
            Profile::Icao if zone.expiry < today => notes.push(Note::Expired),
            Profile::Icao => {}
        }
        Ok(zone)
    }

    pub(super) fn chip_keys(
        &mut self,
        notes: &mut Vec<Note>,
    ) -> Result<(Option<SecurityInfos>, Option<PublicKey>), Refusal> {
        let infos = self.group(Group::DG14).map(SecurityInfos::read).transpose();
        let key = self.group(Group::DG15).map(lds::active_authentication_key).transpose();
        match (infos, key) {
            (Ok(infos), Ok(key)) => Ok((infos, key)),
            (infos, key) => match self.profile() {
                Profile::Cnie => Err(Refusal::ChipKeysMalformed),
                Profile::Icao => {
                    notes.push(Note::ChipKeysUnreadable);
                    Ok((infos.ok().flatten(), key.ok().flatten()))
                }
            },
        }
    }

    /// When the document says it was issued, and whether that is only an estimate.
    pub(super) fn issued(&self, zone: &Mrz) -> (Date, bool) {
        let details = self.group(Group::DG12).and_then(|file| DocumentDetails::read(file).ok());
        match details.and_then(|details| details.issued) {
            Some(date) => (date, false),
            None => (zone.expiry.years_before(10), true),
        }
    }
}

/// What the service asks of a card and its holder: the service is for adults.
fn french_card(zone: &Mrz, today: Date) -> Result<(), Refusal> {
    if zone.layout != Layout::Td1 {
        return Err(Refusal::ZoneLayout);
    }
    if zone.document_code != "ID" {
        return Err(Refusal::DocumentCode);
    }
    if zone.issuing_state != "FRA" {
        return Err(Refusal::IssuingState);
    }
    if zone.expiry < today {
        return Err(Refusal::DocumentExpired);
    }
    let born = zone.birth.latest(today).ok_or(Refusal::BirthDate)?;
    match born.age(today) {
        0..18 => Err(Refusal::HolderMinor),
        18.. => Ok(()),
    }
}
