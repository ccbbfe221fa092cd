//! The HTTP/XML form, as the national register's identification service speaks it.
//!
//! Elements are read by their local names, at their place: prefixes and further elements do not matter. The reader is
//! closed to everything that makes XML dangerous: no document type, so no entities of its own; bounded depth and size.

use domain::identity::civil::{Answer, Life, Outcome};
use domain::identity::pivot::{Gender, Pivot, RawPivot};
use http::header::ACCEPT;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{CivilRegistryError, Request};

/// The largest document that is read, in bytes. A real one has less than four thousand.
const SIZE: usize = 64 * 1024;
/// The deepest nesting. A real one has eight.
const DEPTH: usize = 32;

const NOT_XML: CivilRegistryError = CivilRegistryError::Malformed("it is not well-formed XML");

pub(super) fn question(url: &url::Url, pivot: &Pivot) -> http::Result<Request> {
    let place = pivot.birthplace.as_ref().or(pivot.birthcountry.as_ref());
    let mut url = url.clone();
    url.query_pairs_mut()
        .append_pair("rechercheType", "S")
        .append_pair("nom", pivot.family_name.as_str())
        .append_pair("prenoms", &pivot.given_name())
        .append_pair("dateNaissance", &pivot.birthdate.to_string().replace('-', ""))
        .append_pair(
            "sexe",
            match pivot.gender {
                Gender::Female => "F",
                Gender::Male => "M",
                Gender::Unspecified => "I",
            },
        )
        .append_pair("codeLieuNaissance", place.map_or("", |place| place.as_str()));
    http::Request::get(url.as_str()).header(ACCEPT, "application/xml").body(Vec::new())
}

/// What the document says, gathered while it is walked.
#[derive(Debug, Default)]
struct Gathered {
    outcome: Option<String>,
    persons: u32,
    deceased: Option<()>,
    family_name: Option<String>,
    given_names: Vec<String>,
    birthdate: Option<String>,
    gender: Option<String>,
    place: Option<String>,
    country: Option<String>,
}

pub(super) fn answer(body: &[u8]) -> Result<Answer, CivilRegistryError> {
    let gathered = walk(body)?;
    let outcome = match gathered.outcome.as_deref() {
        Some("2") => Outcome::Found(gathered.person()?),
        Some("3") => Outcome::Rectified(gathered.person()?),
        Some("4") => Outcome::SingleEcho,
        Some("6") => Outcome::Several,
        Some("7") => Outcome::MarriedName,
        Some("8") => Outcome::NotFound,
        Some("9") => Outcome::Rejected,
        Some(_) => return Err(CivilRegistryError::Malformed("its type of answer is unknown")),
        None => return Err(CivilRegistryError::Malformed("it has no type of answer")),
    };
    let life = if gathered.deceased.is_some() { Life::Deceased } else { Life::Living };
    Ok(Answer { outcome, life })
}

fn walk(body: &[u8]) -> Result<Gathered, CivilRegistryError> {
    if body.len() > SIZE {
        return Err(CivilRegistryError::Malformed("it is too large"));
    }
    let text = std::str::from_utf8(body).map_err(|_| CivilRegistryError::Malformed("it is not UTF-8"))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut gathered = Gathered::default();
    // The elements we are in, by local name, and the text of the innermost.
    let mut path: Vec<String> = Vec::new();
    let mut held = String::new();
    let mut roots = 0;
    loop {
        match reader.read_event().map_err(|_| NOT_XML)? {
            Event::Start(element) => {
                roots += u32::from(path.is_empty());
                gathered.open(&path, &element)?;
                path.push(local(&element)?);
                held.clear();
                if path.len() > DEPTH {
                    return Err(CivilRegistryError::Malformed("it is nested too deep"));
                }
            }
            Event::Empty(element) => {
                roots += u32::from(path.is_empty());
                gathered.open(&path, &element)?;
                let name = local(&element)?;
                gathered.close(&path, &name, "")?;
                held.clear();
            }
            Event::End(_) => {
                let name = path.pop().ok_or(NOT_XML)?;
                gathered.close(&path, &name, held.trim())?;
                held.clear();
            }
            Event::Text(part) => held.push_str(&part.decode().map_err(|_| NOT_XML)?),
            Event::CData(part) => held.push_str(&part.decode().map_err(|_| NOT_XML)?),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|_| NOT_XML)? {
                    Some(character) => character,
                    None => predefined(&reference).ok_or(CivilRegistryError::Malformed("it refers to an entity"))?,
                };
                held.push(character);
            }
            Event::DocType(_) => return Err(CivilRegistryError::Malformed("it has a document type")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
        let outside = path.is_empty() && !held.trim().is_empty();
        if outside || roots > 1 {
            return Err(NOT_XML);
        }
    }
    // A document that ends in the middle was cut off on its way.
    if roots == 1 && path.is_empty() { Ok(gathered) } else { Err(NOT_XML) }
}

fn local(element: &BytesStart<'_>) -> Result<String, CivilRegistryError> {
    std::str::from_utf8(element.local_name().as_ref()).map(str::to_owned).map_err(|_| NOT_XML)
}

/// The five entities that every XML document has (XML 1.0 §4.6).
fn predefined(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        _ => return None,
    })
}

const PERSON: &str = "IdentificationIndividuCitoyen";

impl Gathered {
    /// An element begins.
    fn open(&mut self, path: &[String], element: &BytesStart<'_>) -> Result<(), CivilRegistryError> {
        let name = local(element)?;
        let slot = match (path.last().map_or("", String::as_str), name.as_str()) {
            (_, PERSON) => {
                self.persons += 1;
                return Ok(());
            }
            (_, "Deces") if path.iter().any(|above| above == PERSON) => {
                self.deceased = Some(());
                return Ok(());
            }
            ("LieuNaissance", "Localite") => &mut self.place,
            ("LieuNaissance", "Pays") => &mut self.country,
            _ => return Ok(()),
        };
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|_| NOT_XML)?;
            if attribute.key.local_name().as_ref() == b"code" {
                let code = attribute.unescape_value().map_err(|_| NOT_XML)?;
                once(slot, code.trim())?;
            }
        }
        Ok(())
    }

    /// An element ends, with its text.
    fn close(&mut self, path: &[String], name: &str, text: &str) -> Result<(), CivilRegistryError> {
        let slot = match (path.last().map_or("", String::as_str), name) {
            (_, "TypeReponseIdentification") => &mut self.outcome,
            ("Noms", "NomFamille") => &mut self.family_name,
            ("Naissance", "DateNaissance") => &mut self.birthdate,
            ("Individu", "Sexe") => &mut self.gender,
            ("Prenoms", "Prenom") => {
                self.given_names.push(text.to_owned());
                return Ok(());
            }
            _ => return Ok(()),
        };
        once(slot, text)
    }

    fn person(&self) -> Result<Pivot, CivilRegistryError> {
        if self.persons != 1 {
            return Err(CivilRegistryError::Malformed("it finds one person and names none or several"));
        }
        // Parts of a date that are not known are left out here, and 00 in the pivot.
        let birthdate = self.birthdate.as_deref().map(|date| match date.len() {
            4 => format!("{date}-00-00"),
            7 => format!("{date}-00"),
            _ => date.to_owned(),
        });
        let gender = match self.gender.as_deref() {
            Some("F") => Some("female"),
            Some("M") => Some("male"),
            Some("I") => Some("unspecified"),
            other => other,
        };
        super::person(&RawPivot {
            family_name: self.family_name.as_deref(),
            given_name: Some(&self.given_names.join(" ")),
            birthdate: birthdate.as_deref(),
            gender,
            birthplace: self.place.as_deref(),
            birthcountry: self.country.as_deref(),
        })
    }
}

fn once(slot: &mut Option<String>, text: &str) -> Result<(), CivilRegistryError> {
    match slot.replace(text.to_owned()) {
        None => Ok(()),
        Some(_) => Err(CivilRegistryError::Malformed("it says twice what can be said once")),
    }
}
