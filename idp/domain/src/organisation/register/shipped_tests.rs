//! The register as it is shipped, held against what is known of France, and the notice beside it against the file.

use std::collections::BTreeSet;

use super::*;
use crate::cnie::indicators::departements::DEPARTEMENTS;

fn siren(text: &str) -> Siren {
    Siren::parse(text).expect(text)
}

fn code(text: &str) -> CommuneCode {
    CommuneCode::parse(text).expect(text)
}

#[test]
fn the_register_is_that_of_france() {
    let register = Register::shipped();
    let communes: Vec<_> = register.communes().collect();
    // 34 969 on 1 January 2026; they have been fewer each year since 2015, and were 36 000 before.
    assert!((34_000..36_000).contains(&communes.len()), "{}", communes.len());
    let codes: BTreeSet<_> = communes.iter().map(|commune| commune.code.as_str()).collect();
    let sirens: BTreeSet<_> = communes.iter().filter_map(|commune| commune.siren).collect();
    let without: Vec<_> = communes.iter().filter(|commune| commune.siren.is_none()).collect();
    assert_eq!((codes.len(), sirens.len() + without.len()), (communes.len(), communes.len()));
    // Every SIREN was read, key and all; only collectivities overseas may lack one.
    assert!(without.len() < 100 && without.iter().all(|commune| commune.departement.as_str() >= "975"));
    let departements: BTreeSet<_> = communes.iter().map(|commune| commune.departement.as_str()).collect();
    for (known, name) in DEPARTEMENTS {
        assert!(departements.contains(known), "no commune in {name}");
    }
    for commune in &communes {
        assert!(commune.departement_name() != commune.departement.as_str());
        assert!(!commune.region.is_empty() && !commune.name.is_empty());
    }
    let inhabitants: u64 = communes.iter().filter_map(|commune| commune.inhabitants).map(u64::from).sum();
    assert!((65_000_000..75_000_000).contains(&inhabitants), "{inhabitants}");
    // Name and département tell a commune from every other: a form may offer them, and find the one again.
    let labels: BTreeSet<_> = communes.iter().map(CommuneRecord::label).collect();
    assert_eq!(labels.len(), communes.len());
}

/// habilitation.md §10.1.
#[test]
fn known_sirens_are_of_known_communes() {
    for (number, commune) in [
        ("216901231", "69123"),
        ("213105554", "31555"),
        ("213300635", "33063"),
        ("212000046", "2A004"),
        ("217500016", "75056"),
        // A new commune, and overseas: no digits predict them.
        ("200083863", "01033"),
        ("219740115", "97411"),
    ] {
        let Resolved::Commune(record) = Register::shipped().resolve(siren(number)) else { panic!("{number}") };
        assert_eq!((record.code.as_str(), record.siren), (commune, Some(siren(number))));
    }
    // The State, INSEE, a test body, La Poste: numbers that are valid, and no commune's.
    for number in ["130025265", "120027016", "980430334", "356000000"] {
        let unknown = Resolved::Unknown { looks_like: None };
        assert_eq!(Register::shipped().resolve(siren(number)), unknown, "{number}");
    }
}

/// Why digits decide nothing: in the Aisne the number that would be of Bourg-et-Comin is of La Bouteille.
#[test]
fn digits_would_name_the_neighbour() {
    let register = Register::shipped();
    let Resolved::Commune(real) = register.resolve(siren("210201067")) else { panic!("a commune") };
    let guessed = register.hint(siren("210201067")).expect("a guess");
    assert_eq!((real.code.as_str(), guessed.code.as_str()), ("02109", "02106"));
    // One commune in ten has the number that another one's code predicts.
    let wrong = register.communes().filter(|commune| {
        let guess = commune.siren.and_then(|siren| register.hint(siren));
        guess.is_some_and(|guess| guess.code != commune.code)
    });
    assert!((3_000..4_500).contains(&wrong.count()));
}

#[test]
fn paris_lyon_and_marseille_are_one_commune_each() {
    let register = Register::shipped();
    for (commune, arrondissements) in [("75056", 75101..=75120), ("69123", 69381..=69389), ("13055", 13201..=13216)] {
        for arrondissement in arrondissements {
            let place = register.place(&arrondissement.to_string());
            let Some(Place::Arrondissement { commune: of, .. }) = place else { panic!("{arrondissement}") };
            assert_eq!(of.code.as_str(), commune);
            assert_eq!(register.commune(&code(&arrondissement.to_string())), None);
        }
        assert!(register.commune(&code(commune)).is_some_and(|commune| commune.siren.is_some()));
    }
}

#[test]
fn a_code_of_the_past_leads_to_the_commune_there_now() {
    let now = |code: &str| match Register::shipped().place(code) {
        Some(Place::Former { name, commune }) => (name.map(str::to_owned), commune.code.to_string()),
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(now("20004"), (None, "2A004".to_owned()));
    assert_eq!(now("69232"), (None, "69123".to_owned()));
    assert_eq!(now("01018"), (None, "01033".to_owned()));
    // Where the package says two things, the one that holds today.
    assert_eq!(now("55273"), (Some("Lamarche-en-Woëvre".to_owned()), "55386".to_owned()));
    assert_eq!(now("60455"), (Some("La Neuville-Garnier".to_owned()), "60694".to_owned()));
}

#[test]
fn groupings_have_communes_of_the_register() {
    let register = Register::shipped();
    let groupings: Vec<_> = register.groupings().collect();
    assert!((1_200..1_400).contains(&groupings.len()), "{}", groupings.len());
    let count = |kind| groupings.iter().filter(|grouping| grouping.kind == kind).count();
    // 21 métropoles of common law and Lyon's; 11 territories of the Grand Paris.
    assert_eq!(count(GroupingKind::Metropole), 21);
    assert_eq!((count(GroupingKind::MetropoleDeLyon), count(GroupingKind::EtablissementPublicTerritorial)), (1, 11));
    let of_taxes = groupings.iter().filter(|g| g.kind != GroupingKind::EtablissementPublicTerritorial);
    let members: BTreeSet<_> = of_taxes.flat_map(|grouping| grouping.communes.clone()).collect();
    // All but four islands belong to one, and the collectivities overseas to none.
    assert!(members.len() > 34_800, "{}", members.len());
    let Resolved::AttachedBody(lyon) = register.resolve(siren("200046977")) else { panic!("the métropole of Lyon") };
    assert!(lyon.communes.contains(&code("69123")) && lyon.kind == GroupingKind::MetropoleDeLyon);
}

#[test]
fn every_commune_is_found_by_its_label() {
    let register = Register::shipped();
    for commune in register.communes() {
        let label = commune.label();
        let found = register.search(&label, 1);
        assert_eq!(found.first().map(|found| &found.code), Some(&commune.code), "{label}");
    }
    let first = |text: &str| register.search(text, 1).first().map(CommuneRecord::label);
    assert_eq!(first("abergement").as_deref(), Some("L'Abergement-Sainte-Colombe (71)"));
    assert_eq!(first("saint den").as_deref(), Some("Saint-Denis (974)"));
    assert_eq!(first("st etienne").as_deref(), Some("Saint-Étienne (42)"));
    assert_eq!(first("havre").as_deref(), Some("Le Havre (76)"));
    assert_eq!(first("lille").as_deref(), Some("Lille (59)"));
}

/// The version and the hash on the notice, beside the licence, are those of the file.
#[test]
fn the_notice_is_of_this_edition() {
    let notice = include_str!("../../../data/README.md");
    let Edition { package, version, day, sha256 } = Register::shipped().edition();
    for fact in [package, version, day, sha256, "Licence Ouverte"] {
        assert!(notice.contains(fact), "{fact}");
    }
}
