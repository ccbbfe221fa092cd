//! The table of conformance/README.md, held true: every test that it names stands in the file that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use conformance::{weakening, workspace};

/// Every Rust file under a folder with its text, but for what was built.
fn read_into(sources: &mut Vec<(PathBuf, String)>, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            read_into(sources, &path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            sources.push((path, text));
        }
    }
}

/// Whether a function of this name stands in a file whose path ends so.
fn holds(sources: &[(PathBuf, String)], file: &str, name: &str) -> bool {
    let (file, function) = (format!("{file}.rs"), format!("fn {name}("));
    sources.iter().any(|(path, text)| path.ends_with(&file) && text.contains(&function))
}

#[test]
fn every_test_that_the_table_names_is_where_it_says() {
    let root = workspace::root();
    let mut sources = Vec::new();
    for folder in ["conformance", "idp", "relying-party-sdk"] {
        read_into(&mut sources, &root.join(folder));
    }
    // This test can see what it looks for.
    assert!(holds(&sources, "tests/table", "every_test_that_the_table_names_is_where_it_says"));
    assert!(!holds(&sources, "tests/table", "no_such_test") && !holds(&sources, "no/such/file", "holds"));

    let table = fs::read_to_string(root.join("conformance/README.md")).unwrap();
    // What stands between backticks in each line.
    let quoted = table.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let named: BTreeSet<(&str, &str)> = quoted.filter_map(|code| code.rsplit_once("::")).collect();
    assert!(named.len() > 150, "only {} tests are named", named.len());
    let missing: Vec<_> = named.iter().filter(|(file, name)| !holds(&sources, file, name)).collect();
    assert!(missing.is_empty(), "named and not there: {missing:#?}");
}

/// Codes of cards and desks that no test through the wire can come by, each with the test elsewhere that does, and why.
const ELSEWHERE: [(&str, &str, &str); 9] = [
    // A card that ends within five years of its certification would need five years of a story.
    (
        "card.renewal_with_card",
        "cnie/identity/renewal_tests::a_certification_that_ends_with_its_card_is_not_renewed",
        "RenewalWithCard",
    ),
    // T is computed again before the signature is verified over it: another text is `card.holder_not_proven` already.
    (
        "card.other_transaction",
        "cnie/api/tests::a_signature_over_something_else_is_no_proof_of_this_transaction",
        "OtherTransaction",
    ),
    // Whoever reads an identity settles it first: what is over is over before it is asked for.
    (
        "card.certification_over",
        "cnie/identity/tests::a_certification_lasts_five_years_and_not_a_second_longer",
        "CertificationOver",
    ),
    (
        "card.activation_late",
        "cnie/identity/tests::an_approved_citizen_shows_the_same_card_and_code_within_a_day",
        "ActivationLate",
    ),
    // Thirty days do not pass in a test: the gateway's own clock is moved.
    (
        "card.request_late",
        "cnie/case/tests::a_qr_code_opens_one_case_for_an_agent_and_a_reader_of_one_commune",
        "RequestLate",
    ),
    (
        "desk.case_late",
        "cnie/case/tests::each_open_step_is_refused_by_its_agent_with_a_reason_and_lapses_after_an_hour",
        "CaseLate",
    ),
    // The page of an agent's own case shows where it is, and takes no second yes of theirs.
    ("desk.second_is_first", "cnie/case/tests::whoever_is_close_to_the_citizen_does_not_decide_alone", "SecondIsFirst"),
    // Each page asks for duty in the agent's own commune alone, and finds nobody of another.
    ("agent.other_commune", "people/agent_tests::what_keeps_an_agent_from_certifying_is_told_apart", "OtherCommune"),
    // Two decisions on one team in one moment: which requests meet so, no test through the wire can say.
    ("agent.changed_meanwhile", "contract/people::a_decision_on_a_team_that_changed_is_not_kept", "Put::Taken"),
];

/// The codes that the sections of `audit-codes.md` on desks and cards list.
fn codes_of_cards_and_desks(table: &str) -> Vec<&str> {
    let sections = ["## At the desk of a commune", "## Cases at the desk", "## Cards, codes"];
    let mut codes = Vec::new();
    let mut is_ours = false;
    for line in table.lines() {
        if line.starts_with("## ") {
            is_ours = sections.iter().any(|section| line.starts_with(section));
        }
        if is_ours && let Some((code, _)) = line.strip_prefix("| `").and_then(|row| row.split_once('`')) {
            codes.push(code);
        }
    }
    codes
}

#[test]
fn every_code_of_cards_and_desks_is_asserted_by_a_test() {
    let root = workspace::root();
    let table = fs::read_to_string(root.join("idp/audit-codes.md")).unwrap();
    let codes = codes_of_cards_and_desks(&table);
    assert!(codes.len() > 85 && codes.contains(&"card.simulator") && codes.contains(&"desk.no_face"), "{codes:?}");

    let mut sources = Vec::new();
    read_into(&mut sources, &root.join("conformance/tests"));
    sources.retain(|(path, _)| !path.ends_with("tests/table.rs"));
    let is_asserted = |code: &str| sources.iter().any(|(_, text)| text.contains(&format!("\"{code}\"")));
    assert!(!is_asserted("card.no_such_code"));
    let mut faults: Vec<String> = Vec::new();
    for code in &codes {
        let elsewhere = ELSEWHERE.iter().any(|(other, ..)| other == code);
        match (is_asserted(code), elsewhere) {
            (true, false) | (false, true) => {}
            (true, true) => faults.push(format!("{code}: asserted through the wire, and listed as if it were not")),
            (false, false) => faults.push(format!("{code}: no test asserts it")),
        }
    }
    read_into(&mut sources, &root.join("idp"));
    for (code, test, variant) in ELSEWHERE {
        let (file, name) = test.rsplit_once("::").unwrap();
        let stands = sources.iter().any(|(path, text)| {
            let begins = text.find(&format!("fn {name}("));
            let body = begins.and_then(|at| text.get(at..)).and_then(|rest| rest.split("\n}\n").next());
            path.ends_with(format!("{file}.rs")) && body.is_some_and(|body| body.contains(variant))
        });
        if !stands || !codes.contains(&code) {
            faults.push(format!("{code}: {test} does not assert {variant}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The rows of the attack list that a gateway is weakened for, A01 to G15, with their lines.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.get(..3)?;
        let is_row = row.starts_with(|group| ('A'..='G').contains(&group)) && row[1..].parse::<u8>().is_ok();
        is_row.then_some((row, line))
    })
}

#[test]
fn every_attack_has_a_weakened_gateway_that_its_test_sees_through() {
    let root = workspace::root();
    let table = fs::read_to_string(root.join("conformance/README.md")).unwrap();
    let weakenings = weakening::all().unwrap();
    let mut faults = Vec::new();
    for (row, line) in rows(&table) {
        let of_row = weakenings.iter().filter(|weakening| weakening.row == row);
        let tests: Vec<_> = of_row.map(|weakening| &weakening.test).collect();
        if tests.is_empty() && !line.contains("**no test**") && !line.contains("by type") {
            faults.push(format!("{row}: no weakening"));
        }
        let unnamed = tests.iter().filter(|test| !line.contains(test.as_str()));
        faults.extend(unnamed.map(|test| format!("{row}: its line does not name {test}")));
    }
    for weakening in &weakenings {
        for edit in &weakening.edit {
            let text = fs::read_to_string(root.join(&edit.file)).unwrap_or_default();
            faults.extend(edit.applied(&text).err().map(|error| format!("{}: {error}", weakening.row)));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(rows(&table).count(), 110, "rows of the list");
}
