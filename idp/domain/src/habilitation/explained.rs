//! What each scope is, in plain words: for whoever fills in a request, who has ten minutes and no lawyer.

use crate::claims::scopes::{Scope, Source};
use crate::client::Label;

/// What a scope brings, and when it is needed.
pub fn explained(scope: Scope) -> Label {
    let (fr, en) = match scope.name() {
        "openid" => (
            "Un identifiant propre à votre service : la même personne, le même identifiant à chaque visite. Toujours compris.",
            "An identifier particular to your service: the same person, the same identifier at each visit. Always included.",
        ),
        "identite_pivot" => (
            "Prénoms, nom de naissance, sexe, date et lieu de naissance, vérifiés à l’état civil. À demander pour retrouver à coup sûr la bonne personne dans vos dossiers.",
            "Given names, birth name, sex, date and place of birth, checked with the civil registry. Ask for it to find the right person in your files without doubt.",
        ),
        "profile" => (
            "Prénoms, nom de naissance, sexe, date de naissance et nom d’usage, sans le lieu de naissance.",
            "Given names, birth name, sex, date of birth and name in use, without the place of birth.",
        ),
        "birth" => (
            "La commune et le pays de naissance. Utile pour un acte d’état civil ou une inscription électorale.",
            "Commune and country of birth. Useful for civil status records or electoral registration.",
        ),
        "given_name" => {
            ("Les prénoms, tels que l’état civil les connaît.", "The given names, as the civil registry knows them.")
        }
        "family_name" => (
            "Le nom de naissance. Le nom que la personne porte tous les jours est le nom d’usage.",
            "The family name at birth. The name a person goes by is the name in use.",
        ),
        "gender" => (
            "Le sexe. Peu de services en ont besoin : une civilité peut se demander dans votre formulaire.",
            "The sex. Few services need it: a form of address can be asked in your own form.",
        ),
        "birthdate" => (
            "La date de naissance. Pour vérifier un âge ou distinguer deux homonymes.",
            "The date of birth. To check an age or to tell two people of one name apart.",
        ),
        "birthplace" => (
            "La commune de naissance, par son code INSEE ; vide pour qui est né à l’étranger.",
            "The commune of birth, by its INSEE code; empty for who was born abroad.",
        ),
        "birthcountry" => ("Le pays de naissance, par son code INSEE.", "The country of birth, by its INSEE code."),
        "preferred_username" => (
            "Le nom d’usage, quand il y en a un : pour vous adresser à la personne comme elle se nomme.",
            "The name in use, when there is one: to address people as they call themselves.",
        ),
        "email" => (
            "L’adresse électronique que la personne a donnée à son compte. Elle n’est pas vérifiée par l’état civil : ne l’utilisez pas pour reconnaître quelqu’un.",
            "The mail address that the person gave their account. The civil registry does not check it: never use it to recognise someone.",
        ),
        "amr" => (
            "Par quel moyen la personne s’est identifiée (mot de passe, téléphone, carte à puce).",
            "By which means the person signed in (password, telephone, chip card).",
        ),
        "idp_birthdate" => (
            "La date de naissance donnée par le compte utilisé, avant toute correction par l’état civil.",
            "The date of birth that the account gave, before any correction by the civil registry.",
        ),
        "idp_id" => ("Le compte qui a servi à s’identifier.", "The account that was used to sign in."),
        _ => return of_source(scope),
    };
    Label { fr: fr.to_owned(), en: en.to_owned() }
}

fn of_source(scope: Scope) -> Label {
    let (fr, en) = match scope.source() {
        Source::Identity => (
            "tel que l’état civil le connaît, à côté de ce que le compte en dit. À demander quand une décision dépend de l’état civil lui-même.",
            "as the civil registry has it, beside what the account says. Ask for it when a decision depends on the registry itself.",
        ),
        Source::Tax => (
            "auprès de l’administration fiscale, avec l’accord de la personne à chaque fois. Il faut une délibération ou un texte qui fonde un tarif ou une aide sur cette donnée.",
            "from the tax administration, with the person’s consent each time. It takes a deliberation or a text that bases a tariff or an aid on this data.",
        ),
        Source::HealthInsurance | Source::SolidarityHealth => (
            "auprès de l’assurance maladie, avec l’accord de la personne à chaque fois. Réservé aux services dont un texte prévoit l’accès à cette donnée.",
            "from the health insurance, with the person’s consent each time. For services that a text gives access to this data.",
        ),
        Source::StudentGrants => (
            "auprès du service des bourses étudiantes, avec l’accord de la personne. Pour un tarif ou une aide réservés aux boursiers.",
            "from the student grants service, with the person’s consent. For a tariff or an aid for grant holders.",
        ),
        Source::HigherEducation => (
            "auprès de l’enseignement supérieur, avec l’accord de la personne. Pour un tarif ou une aide réservés aux étudiants.",
            "from higher education, with the person’s consent. For a tariff or an aid for students.",
        ),
        Source::Interior | Source::VehicleRegistration => (
            "auprès du ministère de l’intérieur, avec l’accord de la personne. Pour un droit attaché à un véhicule, comme le stationnement.",
            "from the ministry of the interior, with the person’s consent. For a right that goes with a vehicle, such as parking.",
        ),
        Source::NationalService | Source::CivicService => (
            "auprès du service national ou civique, avec l’accord de la personne.",
            "from the national or civic service, with the person’s consent.",
        ),
        Source::Employment => (
            "auprès du service public de l’emploi, avec l’accord de la personne. Pour une aide ou un tarif réservés.",
            "from the public employment service, with the person’s consent. For an aid or a tariff.",
        ),
        Source::FamilyBenefits => (
            "auprès des allocations familiales, avec l’accord de la personne. Pour un tarif qui dépend de la situation de la famille.",
            "from family benefits, with the person’s consent. For a tariff that depends on the family’s situation.",
        ),
    };
    let label = scope.label();
    Label { fr: format!("{}, {fr}", label.fr), en: format!("{}, {en}", label.en) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_scope_is_explained_in_both_languages_and_by_more_than_its_label() {
        let mut seen = BTreeSet::new();
        for scope in Scope::all() {
            let said = explained(scope);
            assert!(said.fr.len() > scope.label().fr.len() && said.en.len() > scope.label().en.len(), "{scope:?}");
            assert!(said.fr.ends_with('.') && said.en.ends_with('.'), "{scope:?}");
            assert!(seen.insert(said.fr), "{scope:?} says what another says");
        }
    }
}
