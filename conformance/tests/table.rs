//! The table of conformance/README.md, held true: every test that it names stands in the file that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use conformance::workspace;

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
