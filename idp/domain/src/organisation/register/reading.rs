//! Reads the lines of the register, and refuses a file that is not whole and in order: the lookups depend on it.

use std::sync::OnceLock;

use super::record::{Former, GroupingKind, GroupingRow, Row};
use super::{Edition, Register, packed};
use crate::organisation::siret::Siren;
use crate::people::commune::CommuneCode;

/// A register that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the register of communes: {fault}")]
pub struct BadRegister {
    /// The line, from one.
    pub line: usize,
    /// What is wrong with it.
    pub fault: BadLine,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// It does not begin with a known letter, or has too few or too many fields.
    #[error("not a line of the register")]
    Shape,
    /// The first line does not say the edition, or a later one does.
    #[error("the edition belongs on the first line")]
    Edition,
    /// A code that is no commune's.
    #[error("not the INSEE code of a commune")]
    Code,
    /// A SIREN that is none.
    #[error("not a SIREN")]
    Siren,
    /// A number of inhabitants that is none.
    #[error("not a number of inhabitants")]
    Inhabitants,
    /// A kind of grouping that nobody knows.
    #[error("not a kind of grouping")]
    Kind,
    /// It stands twice, or after one that it comes before.
    #[error("out of order, or there twice")]
    Order,
    /// It leads to a commune, or lies in a département, that the register does not have.
    #[error("of a commune or département that is not in the register")]
    Nowhere,
}

impl<'a> Register<'a> {
    /// Reads the lines of a register.
    pub fn read(text: &'a str) -> Result<Self, BadRegister> {
        let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
        let first = BadRegister { line: 1, fault: BadLine::Edition };
        let (_, edition) = lines.next().ok_or(first)?;
        let mut register = Self {
            edition: read_edition(edition).ok_or(first)?,
            regions: Vec::new(),
            communes: Vec::new(),
            codes: Vec::new(),
            former: Vec::new(),
            arrondissements: Vec::new(),
            groupings: Vec::new(),
            bodies: Vec::new(),
            index: OnceLock::new(),
        };
        for (number, line) in lines {
            register.take(line).map_err(|fault| BadRegister { line: number, fault })?;
        }
        register.bodies =
            register.communes.iter().enumerate().filter_map(|(place, row)| Some((row.siren?, place))).collect();
        register.bodies.sort_unstable();
        register.keep_what_is_needed();
        let end = BadRegister { line: text.lines().count(), fault: BadLine::Order };
        // One SIREN is one body's.
        let twice = register.bodies.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        let both =
            |row: &GroupingRow<'_>| register.bodies.binary_search_by_key(&row.siren, |(siren, _)| *siren).is_ok();
        if twice || register.groupings.iter().any(both) { Err(end) } else { Ok(register) }
    }

    /// Gives back what growing left unused: the register stays for as long as the program runs.
    fn keep_what_is_needed(&mut self) {
        self.regions.shrink_to_fit();
        self.communes.shrink_to_fit();
        self.codes.shrink_to_fit();
        self.former.shrink_to_fit();
        self.arrondissements.shrink_to_fit();
        self.groupings.shrink_to_fit();
        self.bodies.shrink_to_fit();
    }

    /// Takes in one line. Départements come first, then communes, then what leads to them.
    fn take(&mut self, line: &'a str) -> Result<(), BadLine> {
        let (letter, fields) = line.split_once('\t').ok_or(BadLine::Shape)?;
        let fields: Vec<&str> = fields.split('\t').collect();
        match (letter, fields.as_slice()) {
            ("D", &[code, region]) => {
                in_order(self.regions.last().map(|(last, _)| *last), code)?;
                self.regions.push((code, region));
            }
            ("C", &[code, siren, inhabitants, name]) => {
                let row = Row {
                    code,
                    name,
                    siren: some(siren).map(Siren::parse).transpose().map_err(|_| BadLine::Siren)?,
                    inhabitants: some(inhabitants).map(str::parse).transpose().map_err(|_| BadLine::Inhabitants)?,
                };
                in_order(self.communes.last().map(|last| last.code), code)?;
                let departement = CommuneCode::parse(code).map_err(|_| BadLine::Code)?.departement();
                let known = self.regions.binary_search_by(|(known, _)| (*known).cmp(departement.as_str()));
                known.map_err(|_| BadLine::Nowhere)?;
                self.communes.push(row);
                self.codes.push(packed(code).ok_or(BadLine::Code)?);
            }
            ("F", &[code, now, name]) => {
                in_order(self.former.last().map(|last| last.code), code)?;
                let former = self.leads(code, now, name)?;
                self.former.push(former);
            }
            ("A", &[code, now, name]) => {
                in_order(self.arrondissements.last().map(|last| last.code), code)?;
                let part = self.leads(code, now, name)?;
                self.arrondissements.push(part);
            }
            ("E", &[siren, kind, name, communes]) => {
                let siren = Siren::parse(siren).map_err(|_| BadLine::Siren)?;
                in_order(self.groupings.last().map(|last| last.siren), siren)?;
                let kind = GroupingKind::parse(kind).ok_or(BadLine::Kind)?;
                communes.split(' ').try_for_each(|code| self.has(code))?;
                self.groupings.push(GroupingRow { siren, kind, name, communes });
            }
            ("#", _) => return Err(BadLine::Edition),
            _ => return Err(BadLine::Shape),
        }
        Ok(())
    }

    fn leads(&self, code: &'a str, now: &'a str, name: &'a str) -> Result<Former<'a>, BadLine> {
        // Codes of Corsica before 1976 begin with 20, which no code of today does.
        let sound = code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        match (sound, self.has(code)) {
            (true, Err(_)) => self.has(now).map(|()| Former { code, now, name }),
            (false, _) => Err(BadLine::Code),
            // A commune of today leads nowhere else.
            (true, Ok(())) => Err(BadLine::Order),
        }
    }

    fn has(&self, code: &str) -> Result<(), BadLine> {
        self.row(code).map(drop).ok_or(BadLine::Nowhere)
    }
}

fn read_edition(line: &str) -> Option<Edition<'_>> {
    let mut fields = line.strip_prefix("#\t")?.split('\t');
    let edition =
        Edition { package: fields.next()?, version: fields.next()?, day: fields.next()?, sha256: fields.next()? };
    fields.next().is_none().then_some(edition)
}

fn some(field: &str) -> Option<&str> {
    Some(field).filter(|field| !field.is_empty())
}

fn in_order<T: PartialOrd + Copy>(last: Option<T>, next: T) -> Result<(), BadLine> {
    if last.is_none_or(|last| last < next) { Ok(()) } else { Err(BadLine::Order) }
}
