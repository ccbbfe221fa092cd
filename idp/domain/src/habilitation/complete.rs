//! A form that can be submitted: every answer that is needed, read into what it means. There is no other way to one than
//! [`Complete::read`].

use std::collections::BTreeMap;

use super::field::{self, Detail, Field, Person, Where};
use super::form::Form;
use crate::claims::scopes::{Scope, Source};
use crate::level::Level;
use crate::organisation::host::{RedirectRefusal, production_redirect, sandbox_redirect};
use crate::people::name::MailAddress;

/// Longer than this, a retention needs a reason (months).
pub const RETENTION_WITHOUT_REASON: u16 = 36;
/// Longer than this is a slip of the pen (months: a hundred years).
const LONGEST_RETENTION: u16 = 1200;
/// As many addresses of one kind.
const MOST_ADDRESSES: usize = 50;

/// A form with everything that a review needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    title: String,
    level: Level,
    scopes: BTreeMap<Scope, Ask>,
    retention: u16,
    contacts: BTreeMap<Person, Particulars>,
    redirects: Vec<String>,
    logout_redirects: Vec<String>,
}

/// Why a scope is asked for, and on what it rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What the service does with it.
    pub need: String,
    /// The legal text.
    pub basis: String,
}

/// How a person named in the form is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Particulars {
    /// First and last name.
    pub name: String,
    /// What they do.
    pub job: String,
    /// Where they are written to.
    pub mail: MailAddress,
    /// Where they are called: digits, after an optional plus.
    pub phone: String,
}

/// What is to be put right before a form can be submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub field: Field,
    /// What.
    pub why: Why,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is needed.
    #[error("is needed")]
    Missing,
    /// It is not a whole number in the range.
    #[error("is not a whole number from {from} to {to}")]
    Number {
        /// The least.
        from: u32,
        /// The most.
        to: u32,
    },
    /// It is not a day.
    #[error("is not a day, year-month-day")]
    Day,
    /// It is not a mail address.
    #[error("is not a mail address")]
    Mail,
    /// It is not a telephone number.
    #[error("is not a telephone number")]
    Phone,
    /// It is not a French mobile number, on which a person is reached at night.
    #[error("is not a French mobile number")]
    Mobile,
    /// It is not an address of the web.
    #[error("is not an https address")]
    Uri,
    /// One of the lines cannot be an address to go back to.
    #[error("line {line}: {fault}")]
    Address {
        /// Which, from 1.
        line: usize,
        /// Why.
        fault: RedirectRefusal,
    },
    /// There are too many lines.
    #[error("holds more than {most} addresses")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// Nothing at all is asked for.
    #[error("no data is asked for: one at least is needed")]
    NothingAsked,
    /// The data is another administration's, for which the text of plain identification is not enough.
    #[error("the data of another administration needs a legal text of its own")]
    OwnBasis,
}

impl Complete {
    /// Reads a form; gives everything that is still to be put right, in the order of the form.
    pub fn read(form: &Form) -> Result<Self, Vec<Fault>> {
        let mut reading = Reading { form, faults: Vec::new() };
        let title = reading.needed(Field::Title);
        reading.needed(Field::Description);
        reading.site();
        reading.day();
        reading.number(Field::Volume, 1, 100_000_000);
        let asked: Vec<_> = form.asked().collect();
        if asked.is_empty() {
            reading.fault(Field::Asks(first_askable()), Why::NothingAsked);
        }
        let needs: Vec<_> = asked.iter().map(|scope| reading.needed(Field::Need(*scope))).collect();
        let level = reading.level();
        let general = reading.legal();
        let bases: Vec<_> = asked.iter().map(|scope| reading.basis(*scope, &general)).collect();
        let retention = reading.retention();
        let contacts: Vec<_> = Person::ALL.into_iter().map(|person| (person, reading.contact(person))).collect();
        let (redirects, logout_redirects) = reading.production();
        reading.addresses(Where::Sandbox, Field::Redirects);
        reading.addresses(Where::Sandbox, Field::LogoutRedirects);
        for field in [Field::Alternative, Field::AlternativeAttested, Field::DpoInformed, Field::TermsAccepted] {
            reading.needed(field);
        }
        let Reading { mut faults, .. } = reading;
        let contacts: BTreeMap<_, _> = contacts.into_iter().filter_map(|(who, found)| Some((who, found?))).collect();
        if let (true, Some(level), Some(retention)) = (faults.is_empty(), level, retention) {
            let asks = needs.into_iter().zip(bases).map(|(need, basis)| Ask { need, basis });
            let scopes = asked.into_iter().zip(asks).collect();
            Ok(Self { title, level, scopes, retention, contacts, redirects, logout_redirects })
        } else {
            let order: BTreeMap<_, _> = Field::all().zip(0_usize..).collect();
            faults.sort_by_key(|fault| order.get(&fault.field).copied());
            Err(faults)
        }
    }

    /// What the service is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The level asked for.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The scopes asked for, without `openid`.
    pub const fn scopes(&self) -> &BTreeMap<Scope, Ask> {
        &self.scopes
    }

    /// How long data are kept, in months.
    pub const fn retention(&self) -> u16 {
        self.retention
    }

    /// How one of the three is reached.
    pub fn contact(&self, person: Person) -> Option<&Particulars> {
        self.contacts.get(&person)
    }

    /// Where citizens go back to, in production.
    pub fn redirects(&self) -> &[String] {
        &self.redirects
    }

    /// Where citizens go back to after a logout, in production.
    pub fn logout_redirects(&self) -> &[String] {
        &self.logout_redirects
    }

    /// Whether two people must agree: for level high, and for what the tax office and the health insurance hold.
    pub fn needs_two(&self) -> bool {
        self.level == Level::High || self.scopes.keys().any(|scope| field::is_sensitive(scope.source()))
    }
}

/// What a service of the production is made of: the part of a form that has to hold for it, whoever granted the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    title: String,
    redirects: Vec<String>,
    logout_redirects: Vec<String>,
}

impl Terms {
    /// Reads them from a form; gives what is to be put right.
    pub fn read(form: &Form) -> Result<Self, Vec<Fault>> {
        let mut reading = Reading { form, faults: Vec::new() };
        let title = reading.needed(Field::Title);
        let (redirects, logout_redirects) = reading.production();
        if reading.faults.is_empty() { Ok(Self { title, redirects, logout_redirects }) } else { Err(reading.faults) }
    }

    /// What is to be put right; nothing when they can be read.
    pub fn faults(form: &Form) -> Vec<Fault> {
        Self::read(form).err().unwrap_or_default()
    }

    /// What the service is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where citizens go back to.
    pub fn redirects(&self) -> &[String] {
        &self.redirects
    }

    /// Where citizens go back to after a logout.
    pub fn logout_redirects(&self) -> &[String] {
        &self.logout_redirects
    }
}

fn first_askable() -> Scope {
    field::askable().next().unwrap_or(Scope::OPENID)
}

struct Reading<'a> {
    form: &'a Form,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, field: Field, why: Why) {
        self.faults.push(Fault { field, why });
    }

    fn needed(&mut self, field: Field) -> String {
        let text = self.form.get(field);
        if text.is_empty() {
            self.fault(field, Why::Missing);
        }
        text.to_owned()
    }

    /// What stands in a field that is needed, judged; nothing is judged where nothing stands.
    fn judged<T>(&mut self, field: Field, judge: impl FnOnce(&str) -> Result<T, Why>) -> Option<T> {
        let text = self.needed(field);
        if text.is_empty() {
            return None;
        }
        judge(&text).map_err(|why| self.fault(field, why)).ok()
    }

    fn number(&mut self, field: Field, from: u32, to: u32) -> Option<u32> {
        self.judged(field, |text| {
            let number = text.parse().ok().filter(|number| (from..=to).contains(number));
            number.ok_or(Why::Number { from, to })
        })
    }

    fn site(&mut self) {
        self.judged(Field::ServiceUri, |text| production_redirect(text).map(drop).map_err(|_| Why::Uri));
    }

    fn day(&mut self) {
        self.judged(Field::GoLive, |text| day(text).then_some(()).ok_or(Why::Day));
    }

    fn level(&mut self) -> Option<Level> {
        let level = self.judged(Field::Level, |text| Level::from_acr(text).ok_or(Why::Missing));
        if level.is_some_and(|level| level > Level::Low) {
            self.needed(Field::LevelReason);
        }
        level
    }

    fn legal(&mut self) -> String {
        self.needed(Field::LegalNature);
        let uri = self.form.get(Field::LegalUri);
        if !uri.is_empty() && !uri.starts_with("https://") {
            self.fault(Field::LegalUri, Why::Uri);
        }
        self.needed(Field::LegalReference)
    }

    /// The text a scope rests on: its own, or for identity data the general one.
    fn basis(&mut self, scope: Scope, general: &str) -> String {
        let own = self.form.get(Field::Basis(scope));
        match (own.is_empty(), scope.source() == Source::Identity) {
            (false, _) => own.to_owned(),
            (true, true) => general.to_owned(),
            (true, false) => {
                self.fault(Field::Basis(scope), Why::OwnBasis);
                String::new()
            }
        }
    }

    fn retention(&mut self) -> Option<u16> {
        self.needed(Field::Recipients);
        let months = self.number(Field::Retention, 0, LONGEST_RETENTION.into());
        let months = months.and_then(|months| u16::try_from(months).ok());
        if months.is_some_and(|months| months > RETENTION_WITHOUT_REASON) {
            self.needed(Field::RetentionReason);
        }
        months
    }

    fn contact(&mut self, person: Person) -> Option<Particulars> {
        let of = |detail| Field::Contact(person, detail);
        let (name, job) = (self.needed(of(Detail::Name)), self.needed(of(Detail::Job)));
        let mail = self.judged(of(Detail::Mail), |text| MailAddress::parse(text).map_err(|_| Why::Mail));
        let phone = self.judged(of(Detail::Phone), |text| match (telephone(text), person) {
            (None, _) => Err(Why::Phone),
            (Some(number), Person::Technical) if !is_mobile(&number) => Err(Why::Mobile),
            (Some(number), Person::Controller | Person::Dpo | Person::Technical) => Ok(number),
        });
        Some(Particulars { name, job, mail: mail?, phone: phone? })
    }

    /// The addresses of the production: those after a logout need not be.
    fn production(&mut self) -> (Vec<String>, Vec<String>) {
        let redirects = self.addresses(Where::Production, Field::Redirects);
        if redirects.is_empty() {
            self.needed(Field::Redirects(Where::Production));
        }
        (redirects, self.addresses(Where::Production, Field::LogoutRedirects))
    }

    fn addresses(&mut self, at: Where, field: fn(Where) -> Field) -> Vec<String> {
        let field = field(at);
        let judge = |address: &str| match at {
            Where::Production => production_redirect(address).map(drop),
            Where::Sandbox => sandbox_redirect(address).map(drop),
        };
        let lines = self.form.get(field).lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let lines: Vec<_> = lines.filter(|(_, line)| !line.is_empty()).collect();
        if lines.len() > MOST_ADDRESSES {
            self.fault(field, Why::TooMany { most: MOST_ADDRESSES });
            return Vec::new();
        }
        let mut good = Vec::new();
        for (line, address) in lines {
            match judge(address) {
                Ok(()) => good.push(address.to_owned()),
                Err(fault) => self.fault(field, Why::Address { line, fault }),
            }
        }
        good
    }
}

/// Whether a text is a day (RFC 3339 `full-date`).
fn day(text: &str) -> bool {
    time::Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).is_ok()
}

/// A telephone number as it is dialled: digits, after a plus for one with its country (ITU-T E.164).
fn telephone(text: &str) -> Option<String> {
    let number: String =
        text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{A0}' | '\u{202F}')).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let right = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    right.then_some(number)
}

/// Whether a number is of the French mobile ranges, 06 and 07, the overseas ones among them.
fn is_mobile(number: &str) -> bool {
    const OVERSEAS: [&str; 6] = ["+590", "+594", "+596", "+262", "+508", "+687"];
    let nine = |rest: &str| rest.len() == 9 && rest.starts_with(['6', '7']);
    number.strip_prefix("+33").is_some_and(nine)
        || number.len() == 10 && number.strip_prefix('0').is_some_and(nine)
        || OVERSEAS
            .iter()
            .any(|prefix| number.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['6', '7', '9'])))
}

#[cfg(test)]
#[path = "complete_tests.rs"]
pub(super) mod tests;
