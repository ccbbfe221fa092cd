//! THE TABLE: every scope, the claims it releases, who holds the data, and how a citizen reads it.
//!
//! To add a scope, add a row. Discovery, the information page and the release follow.
//!
//! A scope of another administration (tax, health insurance…) releases no claim here: it lets the relying party ask
//! that administration, which then verifies the token and the citizen's consent.

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::claim::Claim::{
    Birthcountry, Birthdate, Birthplace, Email, FamilyName, Gender, GivenName, GivenNameArray, IdpBirthdate, IdpId,
    PreferredUsername, RnippBirthcountry, RnippBirthdate, RnippBirthplace, RnippFamilyName, RnippGender,
    RnippGivenName, RnippGivenNameArray,
};
use crate::client::Label;

/// A scope that exists. Scopes are ordered as in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Scope(u16);

/// Who holds the data behind a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Your identity.
    Identity,
    /// Tax administration.
    Tax,
    /// Health insurance.
    HealthInsurance,
    /// Student grants.
    StudentGrants,
    /// Higher education.
    HigherEducation,
    /// Ministry of the interior.
    Interior,
    /// Complementary health cover.
    SolidarityHealth,
    /// National service.
    NationalService,
    /// Employment.
    Employment,
    /// Vehicle registration.
    VehicleRegistration,
    /// Family benefits.
    FamilyBenefits,
    /// Civic service.
    CivicService,
}

impl Source {
    /// What the citizen reads.
    pub fn label(self) -> Label {
        let (fr, en) = match self {
            Self::Identity => ("Votre identité", "Your identity"),
            Self::Tax => ("Administration fiscale", "Tax administration"),
            Self::HealthInsurance => ("Assurance maladie", "Health insurance"),
            Self::StudentGrants => ("Bourses étudiantes", "Student grants"),
            Self::HigherEducation => ("Enseignement supérieur", "Higher education"),
            Self::Interior => ("Ministère de l’intérieur", "Ministry of the interior"),
            Self::SolidarityHealth => ("Complémentaire santé", "Complementary health cover"),
            Self::NationalService => ("Service national", "National service"),
            Self::Employment => ("Emploi", "Employment"),
            Self::VehicleRegistration => ("Immatriculation des véhicules", "Vehicle registration"),
            Self::FamilyBenefits => ("Prestations familiales", "Family benefits"),
            Self::CivicService => ("Service civique", "Civic service"),
        };
        Label { fr: fr.to_owned(), en: en.to_owned() }
    }
}

struct Row {
    name: &'static str,
    source: Source,
    claims: &'static [Claim],
    fr: &'static str,
    en: &'static str,
}

const fn row(name: &'static str, source: Source, claims: &'static [Claim], fr: &'static str, en: &'static str) -> Row {
    Row { name, source, claims, fr, en }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("openid", Source::Identity, &[], "Identifiant technique propre au service", "Technical identifier, particular to the service"),
    row("profile", Source::Identity, &[GivenName, GivenNameArray, FamilyName, Birthdate, Gender, PreferredUsername], "Identité", "Identity"),
    row("birth", Source::Identity, &[Birthplace, Birthcountry], "Lieu de naissance", "Place of birth"),
    row("identite_pivot", Source::Identity, &[GivenName, GivenNameArray, FamilyName, Birthdate, Gender, Birthplace, Birthcountry], "Identité pivot", "Pivot identity"),
    row("given_name", Source::Identity, &[GivenName, GivenNameArray], "Prénoms", "Given names"),
    row("family_name", Source::Identity, &[FamilyName], "Nom de naissance", "Family name at birth"),
    row("gender", Source::Identity, &[Gender], "Sexe", "Gender"),
    row("birthdate", Source::Identity, &[Birthdate], "Date de naissance", "Date of birth"),
    row("birthplace", Source::Identity, &[Birthplace], "Commune de naissance", "Commune of birth"),
    row("birthcountry", Source::Identity, &[Birthcountry], "Pays de naissance", "Country of birth"),
    row("preferred_username", Source::Identity, &[PreferredUsername], "Nom d’usage", "Name in use"),
    row("email", Source::Identity, &[Email], "Adresse électronique", "E-mail address"),
    row("amr", Source::Identity, &[], "Moyen d’authentification utilisé", "Means of authentication used"),
    row("idp_birthdate", Source::Identity, &[IdpBirthdate], "Date de naissance donnée par le compte", "Date of birth given by the account"),
    row("idp_id", Source::Identity, &[IdpId], "Compte utilisé", "Account used"),
    row("rnipp_identite_pivot", Source::Identity, &[Gender, FamilyName, GivenName, Birthdate, Birthplace, Birthcountry, RnippGender, RnippFamilyName, RnippGivenName, RnippGivenNameArray, RnippBirthdate, RnippBirthplace, RnippBirthcountry], "Identité pivot et état civil", "Pivot identity and civil registry"),
    row("rnipp_gender", Source::Identity, &[Gender, RnippGender], "Sexe à l’état civil", "Gender in the civil registry"),
    row("rnipp_family_name", Source::Identity, &[FamilyName, RnippFamilyName], "Nom à l’état civil", "Family name in the civil registry"),
    row("rnipp_given_name", Source::Identity, &[GivenName, RnippGivenName, RnippGivenNameArray], "Prénoms à l’état civil", "Given names in the civil registry"),
    row("rnipp_birthdate", Source::Identity, &[Birthdate, RnippBirthdate], "Date de naissance à l’état civil", "Date of birth in the civil registry"),
    row("rnipp_birthplace", Source::Identity, &[Birthplace, RnippBirthplace], "Lieu de naissance à l’état civil", "Place of birth in the civil registry"),
    row("rnipp_birthcountry", Source::Identity, &[Birthcountry, RnippBirthcountry], "Pays de naissance à l’état civil", "Country of birth in the civil registry"),
    row("rnipp_profile", Source::Identity, &[GivenName, FamilyName, Birthdate, Gender, RnippGivenName, RnippFamilyName, RnippBirthdate, RnippGender, RnippGivenNameArray, PreferredUsername], "Identité et état civil", "Identity and civil registry"),
    row("rnipp_birth", Source::Identity, &[Birthplace, Birthcountry, RnippBirthplace, RnippBirthcountry], "Naissance à l’état civil", "Birth in the civil registry"),
    row("dgfip_rfr", Source::Tax, &[], "Revenu fiscal de référence", "Reference tax income"),
    row("dgfip_annee_n_moins_1", Source::Tax, &[], "Données de la dernière année de revenus", "Data of the last income year"),
    row("dgfip_annee_n_moins_2", Source::Tax, &[], "Données de l’avant-dernière année de revenus", "Data of the income year before last"),
    row("dgfip_annee_n_moins_3", Source::Tax, &[], "Données de la troisième année de revenus en arrière", "Data of the third income year back"),
    row("dgfip_annee_n_moins_2_si_indispo_n_moins_1", Source::Tax, &[], "Données de l’avant-dernière année si la dernière manque", "Data of the year before last when the last is missing"),
    row("dgfip_nbpart", Source::Tax, &[], "Nombre de parts fiscales", "Number of tax shares"),
    row("dgfip_sitfam", Source::Tax, &[], "Situation de famille", "Family situation"),
    row("dgfip_aft", Source::Tax, &[], "Adresse fiscale de taxation", "Tax address"),
    row("dgfip_nbpac", Source::Tax, &[], "Nombre de personnes à charge", "Number of dependants"),
    row("dgfip_inddeficit", Source::Tax, &[], "Indicateur de déficit", "Deficit indicator"),
    row("dgfip_pariso", Source::Tax, &[], "Situation de parent isolé", "Single-parent situation"),
    row("dgfip_decl", Source::Tax, &[], "Nature de la déclaration", "Kind of tax return"),
    row("dgfip_pac", Source::Tax, &[], "Détail des personnes à charge", "Details of dependants"),
    row("dgfip_pac_nbPac", Source::Tax, &[], "Nombre détaillé de personnes à charge", "Detailed number of dependants"),
    row("dgfip_locaux_th", Source::Tax, &[], "Locaux soumis à la taxe d’habitation", "Premises subject to housing tax"),
    row("dgfip_locaux_th_ident", Source::Tax, &[], "Identification des locaux", "Identification of the premises"),
    row("dgfip_locaux_th_Nat", Source::Tax, &[], "Nature des locaux", "Nature of the premises"),
    row("dgfip_locaux_th_Tax", Source::Tax, &[], "Régime de taxation des locaux", "Tax regime of the premises"),
    row("dgfip_locaux_th_Aff", Source::Tax, &[], "Affectation des locaux", "Use of the premises"),
    row("dgfip_nmUsaDec1", Source::Tax, &[], "Nom d’usage du déclarant 1", "Name in use of declarant 1"),
    row("dgfip_nmUsaDec2", Source::Tax, &[], "Nom d’usage du déclarant 2", "Name in use of declarant 2"),
    row("dgfip_nmNaiDec1", Source::Tax, &[], "Nom de naissance du déclarant 1", "Birth name of declarant 1"),
    row("dgfip_nmNaiDec2", Source::Tax, &[], "Nom de naissance du déclarant 2", "Birth name of declarant 2"),
    row("dgfip_prnmDec1", Source::Tax, &[], "Prénoms du déclarant 1", "Given names of declarant 1"),
    row("dgfip_prnmDec2", Source::Tax, &[], "Prénoms du déclarant 2", "Given names of declarant 2"),
    row("dgfip_dateNaisDec1", Source::Tax, &[], "Date de naissance du déclarant 1", "Date of birth of declarant 1"),
    row("dgfip_dateNaisDec2", Source::Tax, &[], "Date de naissance du déclarant 2", "Date of birth of declarant 2"),
    row("dgfip_mntRevbareme", Source::Tax, &[], "Montant des revenus au barème", "Income under the tax scale"),
    row("dgfip_indiIFI", Source::Tax, &[], "Indicateur d’impôt sur la fortune immobilière", "Real-estate wealth tax indicator"),
    row("dgfip_RevDecl_Cat1_Tspr", Source::Tax, &[], "Revenus déclarés : traitements, salaires, pensions", "Declared income: wages and pensions"),
    row("dgfip_RevDecl_Cat1_RentOn", Source::Tax, &[], "Revenus déclarés : rentes à titre onéreux", "Declared income: purchased annuities"),
    row("dgfip_RevDecl_Cat2_Rcm", Source::Tax, &[], "Revenus déclarés : capitaux mobiliers", "Declared income: investment income"),
    row("dgfip_RevDecl_Cat3_PMV", Source::Tax, &[], "Revenus déclarés : plus et moins-values", "Declared income: capital gains and losses"),
    row("dgfip_RevDecl_Cat4_Ref", Source::Tax, &[], "Revenus déclarés : revenus fonciers", "Declared income: property income"),
    row("dgfip_RevDecl_Cat5_NonSal", Source::Tax, &[], "Revenus déclarés : revenus non salariés", "Declared income: self-employed income"),
    row("dgfip_RevNets_Cat1_Tspr", Source::Tax, &[], "Revenus nets : traitements, salaires, pensions", "Net income: wages and pensions"),
    row("dgfip_RevNets_Cat1_RentOn", Source::Tax, &[], "Revenus nets : rentes à titre onéreux", "Net income: purchased annuities"),
    row("dgfip_RevNets_Cat2_Rcm", Source::Tax, &[], "Revenus nets : capitaux mobiliers", "Net income: investment income"),
    row("dgfip_RevNets_Cat3_PMV", Source::Tax, &[], "Revenus nets : plus et moins-values", "Net income: capital gains and losses"),
    row("dgfip_RevNets_Cat4_Ref", Source::Tax, &[], "Revenus nets : revenus fonciers", "Net income: property income"),
    row("dgfip_RevNets_Cat5_NonSal", Source::Tax, &[], "Revenus nets : revenus non salariés", "Net income: self-employed income"),
    row("dgfip_PaDeduc_EnfMaj", Source::Tax, &[], "Pensions versées aux enfants majeurs", "Maintenance paid to adult children"),
    row("dgfip_PaDeduc_Autres", Source::Tax, &[], "Autres pensions alimentaires versées", "Other maintenance paid"),
    row("dgfip_EpargRetrDeduc", Source::Tax, &[], "Épargne retraite déduite", "Deducted retirement savings"),
    row("droits_assurance_maladie", Source::HealthInsurance, &[], "Droits à l’assurance maladie", "Health insurance rights"),
    row("cnam_beneficiaires", Source::HealthInsurance, &[], "Bénéficiaires", "Beneficiaries"),
    row("cnam_contrats", Source::HealthInsurance, &[], "Contrats", "Contracts"),
    row("cnam_caisse", Source::HealthInsurance, &[], "Caisse de rattachement", "Health insurance fund"),
    row("cnam_exonerations", Source::HealthInsurance, &[], "Exonérations", "Exemptions"),
    row("cnam_medecin_traitant", Source::HealthInsurance, &[], "Médecin traitant", "Attending doctor"),
    row("cnam_presence_medecin_traitant", Source::HealthInsurance, &[], "Présence d’un médecin traitant", "Whether there is an attending doctor"),
    row("cnam_paiements_ij", Source::HealthInsurance, &[], "Paiements d’indemnités journalières", "Daily allowance payments"),
    row("cnous_statut_boursier", Source::StudentGrants, &[], "Statut de boursier", "Grant-holder status"),
    row("cnous_echelon_bourse", Source::StudentGrants, &[], "Échelon de bourse", "Grant level"),
    row("cnous_email", Source::StudentGrants, &[], "Adresse électronique d’étudiant", "Student e-mail"),
    row("cnous_periode_versement", Source::StudentGrants, &[], "Période de versement", "Payment period"),
    row("cnous_statut_bourse", Source::StudentGrants, &[], "Statut de la bourse", "Grant status"),
    row("cnous_ville_etudes", Source::StudentGrants, &[], "Ville d’études", "City of studies"),
    row("cnous_identite", Source::StudentGrants, &[], "Identité d’étudiant", "Student identity"),
    row("mesri_identite", Source::HigherEducation, &[], "Identité d’étudiant", "Student identity"),
    row("mesri_admissions", Source::HigherEducation, &[], "Admissions", "Admissions"),
    row("mesri_admission_inscrit", Source::HigherEducation, &[], "Inscription", "Enrolment"),
    row("mesri_admission_regime_formation", Source::HigherEducation, &[], "Régime de formation", "Kind of training"),
    row("mesri_admission_commune_etudes", Source::HigherEducation, &[], "Commune d’études", "Commune of studies"),
    row("mesri_admission_etablissement_etude", Source::HigherEducation, &[], "Établissement d’études", "Place of studies"),
    row("mi_siv_carte_grise", Source::Interior, &[], "Carte grise", "Vehicle registration document"),
    row("complementaire_sante_solidaire", Source::SolidarityHealth, &[], "Complémentaire santé solidaire", "Solidarity health cover"),
    row("dsnj_statut_service_national", Source::NationalService, &[], "Situation au regard du service national", "National service status"),
    row("api_fc-liste-paiementsv1", Source::Employment, &[], "Paiements d’indemnités", "Benefit payments"),
    row("api_fc-statutaugmentev1", Source::Employment, &[], "Statut de demandeur d’emploi", "Job-seeker status"),
    row("ants_extrait_immatriculation_vehicule_identite_particulier", Source::VehicleRegistration, &[], "Identité du titulaire", "Identity of the holder"),
    row("ants_extrait_immatriculation_vehicule_adresse_particulier", Source::VehicleRegistration, &[], "Adresse du titulaire", "Address of the holder"),
    row("ants_extrait_immatriculation_vehicule_statut_rattachement", Source::VehicleRegistration, &[], "Rattachement au véhicule", "Link to the vehicle"),
    row("ants_extrait_immatriculation_vehicule_donnees_immatriculation_vehicule", Source::VehicleRegistration, &[], "Données d’immatriculation", "Registration data"),
    row("ants_extrait_immatriculation_vehicule_caracteristiques_techniques_vehicule", Source::VehicleRegistration, &[], "Caractéristiques techniques", "Technical data"),
    row("allocation_adulte_handicape", Source::FamilyBenefits, &[], "Allocation adulte handicapé", "Disabled adult benefit"),
    row("allocation_soutien_familial", Source::FamilyBenefits, &[], "Allocation de soutien familial", "Family support benefit"),
    row("prime_activite", Source::FamilyBenefits, &[], "Prime d’activité", "Activity bonus"),
    row("prime_activite_majoration", Source::FamilyBenefits, &[], "Majoration de la prime d’activité", "Increase of the activity bonus"),
    row("revenu_solidarite_active", Source::FamilyBenefits, &[], "Revenu de solidarité active", "Active solidarity income"),
    row("revenu_solidarite_active_majoration", Source::FamilyBenefits, &[], "Majoration du revenu de solidarité active", "Increase of the active solidarity income"),
    row("cnaf_quotient_familial", Source::FamilyBenefits, &[], "Quotient familial", "Family quotient"),
    row("cnaf_allocataires", Source::FamilyBenefits, &[], "Allocataires", "Benefit holders"),
    row("cnaf_enfants", Source::FamilyBenefits, &[], "Enfants", "Children"),
    row("cnaf_adresse", Source::FamilyBenefits, &[], "Adresse d’allocataire", "Address of the benefit holder"),
    row("gip_mds_service_civique_statut_actuel", Source::CivicService, &[], "Service civique en cours", "Present civic service"),
    row("gip_mds_service_civique_statut_passe", Source::CivicService, &[], "Services civiques passés", "Past civic service"),
    row("gip_mds_service_civique_organisme_accueil", Source::CivicService, &[], "Organisme d’accueil", "Host organisation"),
    row("gip_mds_service_civique_dates", Source::CivicService, &[], "Dates du service civique", "Dates of the civic service"),
];

impl Scope {
    /// `openid`, which every request has.
    pub const OPENID: Self = Self(0);

    /// Every scope, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0_u16..).zip(TABLE).map(|(at, _)| Self(at))
    }

    /// Reads a scope's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|scope| scope.name() == name)
    }

    /// The name of the scope.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The claims the scope releases.
    pub fn claims(self) -> &'static [Claim] {
        self.row().claims
    }

    /// Who holds the data.
    pub fn source(self) -> Source {
        self.row().source
    }

    /// What the citizen reads.
    pub fn label(self) -> Label {
        Label { fr: self.row().fr.to_owned(), en: self.row().en.to_owned() }
    }

    fn row(self) -> &'static Row {
        TABLE.get(usize::from(self.0)).expect("a scope is made from the table alone")
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name).ok_or("not a scope")
    }
}

impl From<Scope> for &'static str {
    fn from(scope: Scope) -> Self {
        scope.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_first_row_is_openid_and_names_are_unique() {
        assert_eq!(Scope::OPENID.name(), "openid");
        let names: BTreeSet<_> = Scope::all().map(Scope::name).collect();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn every_name_is_a_legal_scope_token() {
        for scope in Scope::all() {
            assert!(scope.name().bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'), "{scope:?}");
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
    }

    #[test]
    fn data_of_another_administration_is_never_released_here() {
        for scope in Scope::all().filter(|scope| scope.source() != Source::Identity) {
            assert!(scope.claims().is_empty(), "{scope:?}");
        }
    }

    #[test]
    fn every_claim_is_reached_by_a_scope() {
        for claim in Claim::ALL {
            assert!(Scope::all().any(|scope| scope.claims().contains(&claim)), "{claim:?}");
        }
    }

    #[test]
    fn every_registry_claim_comes_with_its_plain_twin() {
        for scope in Scope::all().filter(|scope| scope.claims().contains(&RnippFamilyName)) {
            assert!(scope.claims().contains(&FamilyName), "{scope:?}");
        }
    }
}
