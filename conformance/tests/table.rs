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
