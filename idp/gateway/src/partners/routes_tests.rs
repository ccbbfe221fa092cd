use std::collections::BTreeSet;

use domain::partners::permission::Over;

use super::super::matter;
use super::*;

#[test]
fn a_route_stands_in_the_table_once_and_in_the_space() {
    let mut seen = BTreeSet::new();
    for route in table() {
        assert!(route.path == "/espace" || route.path.starts_with("/espace/"), "{}", route.path);
        assert!(seen.insert((route.method.to_string(), route.path)), "{} {}", route.method, route.path);
    }
}

#[test]
fn what_is_about_an_organisation_says_which_by_its_path() {
    for route in table().iter().filter(|route| route.permission.over() == Over::Organisation) {
        let named = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let leading = named.filter(|name| matter::leads(name)).count();
        assert_eq!(leading, 1, "{}", route.path);
    }
}

#[test]
fn what_anybody_may_do_is_listed_here_by_hand() {
    let open: BTreeSet<String> = table()
        .iter()
        .filter(|route| route.permission == Permission::Anyone)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let expected = [
        "GET /espace/entree",
        "GET /espace/inscription",
        "GET /espace/inscription/{secret}",
        "GET /espace/invitation/{secret}",
        "GET /espace/recuperation",
        "GET /espace/recuperation/{secret}",
        "POST /espace/entree",
        "POST /espace/inscription",
        "POST /espace/inscription/{secret}",
        "POST /espace/invitation/{secret}",
        "POST /espace/recuperation",
        "POST /espace/recuperation/{secret}",
    ];
    assert_eq!(open, expected.map(str::to_owned).into());
}
