//! The fields of a request: what each is called, in which block it stands, what may be written in it.

use serde::{Deserialize, Serialize};

use crate::claims::scopes::{Scope, Source};
use crate::client::Label;

/// One field of the form. Its name on the wire, in exports and in stored forms is [`Field::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Field {
    /// What the service is called, as citizens read it.
    Title,
    /// Who uses it, and for what.
    Description,
    /// Where it is.
    ServiceUri,
    /// When it is to open.
    GoLive,
    /// How many sign-ins a month are expected.
    Volume,
    /// Who makes the software, when it is not the organisation.
    Editor,
    /// The eIDAS level.
    Level,
    /// Why a level above low.
    LevelReason,
    /// A scope is asked for.
    Asks(Scope),
    /// What the service needs a scope for.
    Need(Scope),
    /// The kind of legal text that the processing of identity data rests on.
    LegalNature,
    /// Its reference.
    LegalReference,
    /// Where it can be read.
    LegalUri,
    /// The text that one scope rests on, when it is not that one.
    Basis(Scope),
    /// Who receives the data.
    Recipients,
    /// For how many months they are kept.
    Retention,
    /// Why longer than 36 months.
    RetentionReason,
    /// One detail of one of three people.
    Contact(Person, Detail),
    /// Where citizens go back to.
    Redirects(Where),
    /// Where citizens go back to after a logout.
    LogoutRedirects(Where),
    /// The other way to use the same service.
    Alternative,
    /// It is attested that the other way exists.
    AlternativeAttested,
    /// The data protection officer was informed.
    DpoInformed,
    /// The terms of use are accepted.
    TermsAccepted,
}

/// Whose particulars are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// The controller (GDPR art. 4 (7)).
    Controller,
    /// The data protection officer (GDPR art. 37).
    Dpo,
    /// Who answers when the sign-in fails at night.
    Technical,
}

/// What is asked of each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detail {
    /// First and last name.
    Name,
    /// What they do.
    Job,
    /// Mail address.
    Mail,
    /// Telephone number.
    Phone,
}

/// For which environment an address is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Where {
    /// The service itself.
    Production,
    /// Where it is tried out.
    Sandbox,
}

/// The blocks of the form, in their order. Each is saved by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The service.
    Service,
    /// The scopes, and what each is needed for.
    Scopes,
    /// The level.
    Level,
    /// The legal basis.
    Legal,
    /// What becomes of the data.
    Data,
    /// The three people.
    Contacts,
    /// The addresses.
    Addresses,
    /// The other way in, and what is attested.
    Alternative,
}

/// What may be written in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line of as many characters at most.
    Line(usize),
    /// A text of as many characters at most.
    Text(usize),
    /// An address a line, as many characters at most.
    Lines(usize),
    /// A tick: `on`, or nothing.
    Tick,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number.
    Number,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// A mail address.
    Mail,
    /// A telephone number.
    Phone,
    /// An address of the web.
    Uri,
}

/// The kinds of legal text, as the form offers them.
pub const NATURES: &[&str] = &["loi", "decret", "arrete", "deliberation", "convention", "autre"];
const LEVELS: &[&str] = &["eidas1", "eidas2", "eidas3"];

impl Person {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Controller, Self::Dpo, Self::Technical];

    const fn name(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::Dpo => "dpo",
            Self::Technical => "technical",
        }
    }
}

impl Detail {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Name, Self::Job, Self::Mail, Self::Phone];

    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Job => "job",
            Self::Mail => "mail",
            Self::Phone => "phone",
        }
    }
}

impl Where {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Production, Self::Sandbox];

    const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }
}

impl Block {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Service,
        Self::Scopes,
        Self::Level,
        Self::Legal,
        Self::Data,
        Self::Contacts,
        Self::Addresses,
        Self::Alternative,
    ];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Scopes => "donnees",
            Self::Level => "niveau",
            Self::Legal => "cadre",
            Self::Data => "conservation",
            Self::Contacts => "contacts",
            Self::Addresses => "adresses",
            Self::Alternative => "engagements",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|block| block.name() == name)
    }

    /// Its fields, in order.
    pub fn fields(self) -> impl Iterator<Item = Field> {
        Field::all().filter(move |field| field.block() == self)
    }
}

/// The scopes that a request may ask for: all but `openid`, which comes with every request.
pub fn askable() -> impl Iterator<Item = Scope> {
    Scope::all().filter(|scope| *scope != Scope::OPENID)
}

impl Field {
    /// Every field, in the order of the form.
    pub fn all() -> impl Iterator<Item = Self> {
        let scopes = askable().flat_map(|scope| [Self::Asks(scope), Self::Need(scope)]);
        let bases = askable().map(Self::Basis);
        let people = Person::ALL
            .into_iter()
            .flat_map(|person| Detail::ALL.into_iter().map(move |detail| Self::Contact(person, detail)));
        let places = Where::ALL.into_iter().flat_map(|at| [Self::Redirects(at), Self::LogoutRedirects(at)]);
        [Self::Title, Self::Description, Self::ServiceUri, Self::GoLive, Self::Volume, Self::Editor]
            .into_iter()
            .chain(scopes)
            .chain([Self::Level, Self::LevelReason, Self::LegalNature, Self::LegalReference, Self::LegalUri])
            .chain(bases)
            .chain([Self::Recipients, Self::Retention, Self::RetentionReason])
            .chain(people)
            .chain(places)
            .chain([Self::Alternative, Self::AlternativeAttested, Self::DpoInformed, Self::TermsAccepted])
    }

    /// Its name on the wire.
    pub fn name(self) -> String {
        match self {
            Self::Title => "title".to_owned(),
            Self::Description => "description".to_owned(),
            Self::ServiceUri => "service_uri".to_owned(),
            Self::GoLive => "go_live".to_owned(),
            Self::Volume => "volume".to_owned(),
            Self::Editor => "editor".to_owned(),
            Self::Level => "level".to_owned(),
            Self::LevelReason => "level_reason".to_owned(),
            Self::Asks(scope) => format!("asks.{}", scope.name()),
            Self::Need(scope) => format!("need.{}", scope.name()),
            Self::LegalNature => "legal_nature".to_owned(),
            Self::LegalReference => "legal_reference".to_owned(),
            Self::LegalUri => "legal_uri".to_owned(),
            Self::Basis(scope) => format!("basis.{}", scope.name()),
            Self::Recipients => "recipients".to_owned(),
            Self::Retention => "retention".to_owned(),
            Self::RetentionReason => "retention_reason".to_owned(),
            Self::Contact(person, detail) => format!("{}.{}", person.name(), detail.name()),
            Self::Redirects(at) => format!("redirects.{}", at.name()),
            Self::LogoutRedirects(at) => format!("logout_redirects.{}", at.name()),
            Self::Alternative => "alternative".to_owned(),
            Self::AlternativeAttested => "alternative_attested".to_owned(),
            Self::DpoInformed => "dpo_informed".to_owned(),
            Self::TermsAccepted => "terms_accepted".to_owned(),
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        let scope = |name: &str| Scope::parse(name).filter(|scope| *scope != Scope::OPENID);
        if let Some((group, rest)) = name.split_once('.') {
            let of_scope = match group {
                "asks" => scope(rest).map(Self::Asks),
                "need" => scope(rest).map(Self::Need),
                "basis" => scope(rest).map(Self::Basis),
                "redirects" => Where::ALL.into_iter().find(|at| at.name() == rest).map(Self::Redirects),
                "logout_redirects" => Where::ALL.into_iter().find(|at| at.name() == rest).map(Self::LogoutRedirects),
                _ => None,
            };
            let person = Person::ALL.into_iter().find(|person| person.name() == group);
            let detail = Detail::ALL.into_iter().find(|detail| detail.name() == rest);
            return of_scope.or_else(|| person.zip(detail).map(|(person, detail)| Self::Contact(person, detail)));
        }
        Self::all().filter(|field| field.stands_alone()).find(|field| field.name() == name)
    }

    const fn stands_alone(self) -> bool {
        match self {
            Self::Asks(_)
            | Self::Need(_)
            | Self::Basis(_)
            | Self::Contact(..)
            | Self::Redirects(_)
            | Self::LogoutRedirects(_) => false,
            Self::Title
            | Self::Description
            | Self::ServiceUri
            | Self::GoLive
            | Self::Volume
            | Self::Editor
            | Self::Level
            | Self::LevelReason
            | Self::LegalNature
            | Self::LegalReference
            | Self::LegalUri
            | Self::Recipients
            | Self::Retention
            | Self::RetentionReason
            | Self::Alternative
            | Self::AlternativeAttested
            | Self::DpoInformed
            | Self::TermsAccepted => true,
        }
    }

    /// Where it stands.
    pub const fn block(self) -> Block {
        match self {
            Self::Title | Self::Description | Self::ServiceUri | Self::GoLive | Self::Volume | Self::Editor => {
                Block::Service
            }
            Self::Asks(_) | Self::Need(_) => Block::Scopes,
            Self::Level | Self::LevelReason => Block::Level,
            Self::LegalNature | Self::LegalReference | Self::LegalUri | Self::Basis(_) => Block::Legal,
            Self::Recipients | Self::Retention | Self::RetentionReason => Block::Data,
            Self::Contact(..) => Block::Contacts,
            Self::Redirects(_) | Self::LogoutRedirects(_) => Block::Addresses,
            Self::Alternative | Self::AlternativeAttested | Self::DpoInformed | Self::TermsAccepted => {
                Block::Alternative
            }
        }
    }

    /// What may be written in it.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Description | Self::Alternative => Kind::Text(4000),
            Self::ServiceUri | Self::LegalUri => Kind::Uri,
            Self::GoLive => Kind::Day,
            Self::Volume | Self::Retention => Kind::Number,
            Self::Editor | Self::LegalReference => Kind::Line(300),
            Self::Level => Kind::Choice(LEVELS),
            Self::LegalNature => Kind::Choice(NATURES),
            Self::LevelReason | Self::RetentionReason | Self::Recipients => Kind::Text(2000),
            Self::Need(_) | Self::Basis(_) => Kind::Line(500),
            Self::Asks(_) | Self::AlternativeAttested | Self::DpoInformed | Self::TermsAccepted => Kind::Tick,
            Self::Title | Self::Contact(_, Detail::Name | Detail::Job) => Kind::Line(100),
            Self::Contact(_, Detail::Mail) => Kind::Mail,
            Self::Contact(_, Detail::Phone) => Kind::Phone,
            Self::Redirects(_) | Self::LogoutRedirects(_) => Kind::Lines(10_000),
        }
    }

    /// What the form and the sentences about it call it.
    pub fn label(self) -> Label {
        let of = |scope: Scope, fr: &str, en: &str| {
            let label = scope.label();
            Label { fr: format!("{} : {fr}", label.fr), en: format!("{}: {en}", label.en) }
        };
        let (fr, en) = match self {
            Self::Title => ("Nom du service", "Name of the service"),
            Self::Description => ("Usagers et usages", "Who uses it, and for what"),
            Self::ServiceUri => ("Adresse du service", "Address of the service"),
            Self::GoLive => ("Date d’ouverture prévue", "Planned opening"),
            Self::Volume => ("Connexions attendues par mois", "Sign-ins expected a month"),
            Self::Editor => ("Éditeur du logiciel", "Maker of the software"),
            Self::Level => ("Niveau de garantie", "Level of assurance"),
            Self::LevelReason => ("Raison du niveau", "Reason for the level"),
            Self::Asks(scope) => return of(scope, "demandé", "asked for"),
            Self::Need(scope) => return of(scope, "utilité", "what for"),
            Self::LegalNature => ("Nature du texte", "Kind of legal text"),
            Self::LegalReference => ("Références du texte", "Reference of the text"),
            Self::LegalUri => ("Adresse du texte", "Where the text can be read"),
            Self::Basis(scope) => return of(scope, "texte propre", "text of its own"),
            Self::Recipients => ("Destinataires des données", "Recipients of the data"),
            Self::Retention => ("Conservation, en mois", "Retention, in months"),
            Self::RetentionReason => ("Raison de la durée", "Reason for the duration"),
            Self::Contact(person, detail) => return contact(person, detail),
            Self::Redirects(Where::Production) => ("Adresses de retour, production", "Redirect URIs, production"),
            Self::Redirects(Where::Sandbox) => ("Adresses de retour, essais", "Redirect URIs, sandbox"),
            Self::LogoutRedirects(Where::Production) => {
                ("Adresses après déconnexion, production", "Post-logout URIs, production")
            }
            Self::LogoutRedirects(Where::Sandbox) => {
                ("Adresses après déconnexion, essais", "Post-logout URIs, sandbox")
            }
            Self::Alternative => ("Autre accès au même service", "Another way to the same service"),
            Self::AlternativeAttested => ("Cet autre accès existe", "This other way exists"),
            Self::DpoInformed => {
                ("Le délégué à la protection des données est informé", "The data protection officer is informed")
            }
            Self::TermsAccepted => ("Les conditions d’utilisation sont acceptées", "The terms of use are accepted"),
        };
        Label { fr: fr.to_owned(), en: en.to_owned() }
    }
}

fn contact(person: Person, detail: Detail) -> Label {
    let (who_fr, who_en) = match person {
        Person::Controller => ("Responsable de traitement", "Controller"),
        Person::Dpo => ("Délégué à la protection des données", "Data protection officer"),
        Person::Technical => ("Contact technique", "Technical contact"),
    };
    let (fr, en) = match detail {
        Detail::Name => ("prénom et nom", "first and last name"),
        Detail::Job => ("fonction", "position"),
        Detail::Mail => ("adresse électronique", "mail address"),
        Detail::Phone => ("téléphone", "telephone"),
    };
    Label { fr: format!("{who_fr} : {fr}"), en: format!("{who_en}: {en}") }
}

/// Whether a scope is of those that two people must agree to: what the tax office and the health insurance hold.
pub const fn is_sensitive(source: Source) -> bool {
    match source {
        Source::Tax | Source::HealthInsurance | Source::SolidarityHealth => true,
        Source::Identity
        | Source::StudentGrants
        | Source::HigherEducation
        | Source::Interior
        | Source::NationalService
        | Source::Employment
        | Source::VehicleRegistration
        | Source::FamilyBenefits
        | Source::CivicService => false,
    }
}

impl TryFrom<String> for Field {
    type Error = UnknownField;

    fn try_from(name: String) -> Result<Self, UnknownField> {
        Self::parse(&name).ok_or(UnknownField)
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.name()
    }
}

/// A name of no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no field of the form has this name")]
pub struct UnknownField;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_is_read_by_the_name_it_has() {
        let mut names = BTreeSet::new();
        for field in Field::all() {
            assert_eq!(Field::parse(&field.name()), Some(field));
            assert!(names.insert(field.name()), "{field:?}");
        }
        assert!(names.len() > 300);
        for unknown in
            ["", "asks", "asks.", "asks.openid", "need.openid", "controller", "controller.", "title.x", "x.mail"]
        {
            assert_eq!(Field::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn every_field_stands_in_one_block() {
        assert_eq!(Block::ALL.into_iter().flat_map(Block::fields).count(), Field::all().count());
        for block in Block::ALL {
            assert_eq!(Block::parse(block.name()), Some(block));
            assert!(block.fields().next().is_some());
        }
    }
}
