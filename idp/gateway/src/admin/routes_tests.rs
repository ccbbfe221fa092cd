use std::collections::BTreeSet;

use domain::partners::permission::Over;
use domain::partners::token::TokenScope;

use super::super::openapi::{described, routes_described};
use super::*;
use crate::audit::Admin;
use crate::partners::matter;

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let mut routed: BTreeSet<(String, String)> = BTreeSet::new();
    for route in table() {
        assert!(routed.insert((route.method.to_string(), route.path.to_owned())), "{} stands twice", route.path);
    }
    routed.insert(("GET".to_owned(), DESCRIPTION.to_owned()));
    assert_eq!(routes_described().collect::<BTreeSet<_>>(), routed);
    let described = described();
    let operations = described["paths"].as_object().expect("paths").values().filter_map(serde_json::Value::as_object);
    let names: Vec<&str> = operations
        .flat_map(|methods| methods.values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), table().len() + 1, "each has a name of its own: {names:?}");
    assert_eq!(described["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    for code in Admin::ALL {
        assert!(described["info"]["description"].as_str().is_some_and(|text| text.contains(code.name())), "{code:?}");
    }
}

#[test]
fn a_route_has_a_scope_and_says_by_its_path_which_organisation_it_is_about() {
    let described = described();
    let mut used = BTreeSet::new();
    for route in table() {
        let scope = TokenScope::giving(route.permission).unwrap_or_else(|| panic!("no scope gives {}", route.path));
        used.insert(scope);
        let method = route.method.as_str().to_ascii_lowercase();
        assert_eq!(described["paths"][route.path][method]["security"][0]["token"][0], scope.name(), "{}", route.path);
        let named = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let leading = named.filter(|name| matter::leads(name)).count();
        assert_eq!(leading, usize::from(route.permission.over() == Over::Organisation), "{}", route.path);
    }
    assert_eq!(used.len(), TokenScope::ALL.len(), "a scope is good for something");
}
