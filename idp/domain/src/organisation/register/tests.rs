use super::*;
use crate::organisation::legal::{LegalCategory, Standing};

const SMALL: &str = "#\tpackage\t1.0\t2026-01-01\tabc
D\t2A\tCorse
D\t69\tAuvergne
D\t93\tÎle-de-France
D\t974\tLa Réunion
C\t2A004\t212000046\t76320\tAjaccio
C\t69123\t216901231\t519127\tLyon
C\t69387\t\t\tLœuilly-l'Évêque
C\t93066\t219300662\t150000\tSaint-Denis
C\t97411\t219740115\t155634\tSaint-Denis
F\t20004\t2A004\t
F\t69999\t69123\tVieux-Lyon
A\t69381\t69123\tLyon 1er Arrondissement
E\t200046977\tMET69\tMétropole de Lyon\t69123 69387
";

fn small() -> Register<'static> {
    Register::read(SMALL).expect("a register")
}

fn siren(text: &str) -> Siren {
    Siren::parse(text).expect(text)
}

#[test]
fn a_siren_is_whose_the_register_says() {
    let register = small();
    let Resolved::Commune(lyon) = register.resolve(siren("216901231")) else { panic!("a commune") };
    assert_eq!((lyon.code.as_str(), lyon.name, lyon.region), ("69123", "Lyon", "Auvergne"));
    assert_eq!((lyon.departement_name(), lyon.label().as_str()), ("Rhône", "Lyon (69)"));
    assert_eq!((lyon.siren, lyon.inhabitants), (Some(siren("216901231")), Some(519_127)));
    let Resolved::AttachedBody(body) = register.resolve(siren("200046977")) else { panic!("a grouping") };
    assert_eq!((body.name, body.kind), ("Métropole de Lyon", GroupingKind::MetropoleDeLyon));
    assert_eq!(body.communes.iter().map(CommuneCode::as_str).collect::<Vec<_>>(), ["69123", "69387"]);
    assert_eq!(register.resolve(siren("130025265")), Resolved::Unknown { looks_like: None });
}

#[test]
fn digits_that_look_like_a_commune_are_a_hint_and_no_more() {
    let register = small();
    // 69387 has no SIREN in this register; the one that its digits would make resolves to nothing.
    let (made, corsican) = (siren("216903872"), siren("212000095"));
    let Resolved::Unknown { looks_like: Some(hint) } = register.resolve(made) else { panic!("a hint") };
    assert_eq!((hint.code.as_str(), hint.siren), ("69387", None));
    assert_eq!(register.resolve(corsican), Resolved::Unknown { looks_like: None });
    let resolved = register.resolve(made);
    let category = |number| LegalCategory::parse(number).ok();
    // Not even with the category of a commune.
    assert_eq!((resolved.standing(None), resolved.standing(category("7210"))), (None, None));
    assert_eq!(resolved.standing(category("7361")), Some(Standing::Attached));
    assert_eq!(resolved.standing(category("7220")), Some(Standing::NotAdmitted));
    assert_eq!(resolved.standing(category("5710")), Some(Standing::EditorOnly));
    assert_eq!(register.resolve(siren("216901231")).standing(category("5710")), Some(Standing::Direct));
    assert_eq!(register.resolve(siren("200046977")).standing(category("7210")), Some(Standing::Attached));
}

#[test]
fn a_code_tells_what_it_is_or_was() {
    let register = small();
    let told = |code: &str| match register.place(code)? {
        Place::Commune(commune) => Some(format!("{} is", commune.code)),
        Place::Arrondissement { name, commune } => Some(format!("{name} of {}", commune.code)),
        Place::Former { name, commune } => Some(format!("{} now {}", name.unwrap_or("?"), commune.code)),
    };
    assert_eq!(told("69123").as_deref(), Some("69123 is"));
    assert_eq!(told("69381").as_deref(), Some("Lyon 1er Arrondissement of 69123"));
    assert_eq!(told("69999").as_deref(), Some("Vieux-Lyon now 69123"));
    assert_eq!(told("20004").as_deref(), Some("? now 2A004"));
    for unknown in ["", "69124", "69", "69123 ", "99100", "é9123"] {
        assert_eq!(register.place(unknown), None, "{unknown:?}");
    }
}

#[test]
fn a_name_is_found_as_people_write_it() {
    let register = small();
    let found = |text: &str, most| -> Vec<String> {
        register.search(text, most).iter().map(|commune| commune.code.to_string()).collect()
    };
    // The largest first.
    assert_eq!(found("saint-d", 9), ["97411", "93066"]);
    assert_eq!(found("SAINT DÉNIS", 1), ["97411"]);
    assert_eq!(found("st denis", 9), ["97411", "93066"]);
    assert_eq!(found("Saint-Denis (93)", 9), ["93066"]);
    assert_eq!(found("st denis 974", 9), ["97411"]);
    assert_eq!(found("ajaccio 2a", 9), ["2A004"]);
    assert_eq!(found("loeuilly l’eveque", 9), ["69387"]);
    assert_eq!(found("Le\u{301}vêque", 9), [""; 0]);
    assert_eq!(found("l", 9), ["69123", "69387"]);
    assert_eq!(found("69123", 9), ["69123"]);
    assert_eq!(found("69381", 9), ["69123"]);
    for nothing in ["", " ", "-", "(974)", "974", "denis", "saint-denis 75"] {
        assert_eq!(found(nothing, 9), [""; 0], "{nothing:?}");
    }
    assert_eq!(found("saint", 0), [""; 0]);
}

#[test]
fn a_register_that_is_not_whole_is_refused() {
    let fault = |from: &str, to: &str| {
        assert!(SMALL.contains(from), "{from:?}");
        Register::read(&SMALL.replacen(from, to, 1)).map(drop).map_err(|bad| (bad.line, bad.fault))
    };
    assert_eq!(Register::read("").map(drop).map_err(|bad| bad.fault), Err(BadLine::Edition));
    assert_eq!(fault("#\tpackage", "package"), Err((1, BadLine::Edition)));
    assert_eq!(fault("\tabc", ""), Err((1, BadLine::Edition)));
    assert_eq!(fault("D\t69", "#\t1\t2\t3\t4\nD\t69"), Err((3, BadLine::Edition)));
    assert_eq!(fault("D\t69", "X\t69"), Err((3, BadLine::Shape)));
    assert_eq!(fault("D\t69\tAuvergne", "D\t69"), Err((3, BadLine::Shape)));
    assert_eq!(fault("D\t93", "D\t69"), Err((4, BadLine::Order)));
    assert_eq!(fault("C\t69123", "C\t6912"), Err((7, BadLine::Code)));
    assert_eq!(fault("C\t97411", "C\t99100"), Err((10, BadLine::Code)));
    assert_eq!(fault("C\t97411", "C\t97511"), Err((10, BadLine::Nowhere)));
    assert_eq!(fault("216901231", "216901232"), Err((7, BadLine::Siren)));
    assert_eq!(fault("519127", "many"), Err((7, BadLine::Inhabitants)));
    assert_eq!(fault("C\t69387", "C\t69123"), Err((8, BadLine::Order)));
    assert_eq!(fault("69999\t69123", "69999\t69124"), Err((12, BadLine::Nowhere)));
    assert_eq!(fault("F\t69999", "F\t69123"), Err((12, BadLine::Order)));
    assert_eq!(fault("F\t69999", "F\t6999"), Err((12, BadLine::Code)));
    assert_eq!(fault("A\t69381", "A\t69387"), Err((13, BadLine::Order)));
    assert_eq!(fault("MET69", "MET"), Err((14, BadLine::Kind)));
    assert_eq!(fault("69123 69387\n", "69123 69388\n"), Err((14, BadLine::Nowhere)));
    // One SIREN is one body's.
    assert_eq!(fault("219300662", "216901231"), Err((14, BadLine::Order)));
    assert_eq!(fault("E\t200046977", "E\t216901231"), Err((14, BadLine::Order)));
}
