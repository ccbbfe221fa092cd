//! `idp communes`, `idp agents`, `idp readers`: the bootstrap of a commune.

use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};

use super::tests::Place;

const DESK: &str =
    "issuer = \"http://127.0.0.1:8401\"\n[desk]\norigin = \"http://localhost:8404\"\nlisten = \"127.0.0.1:8404\"\n";

fn at_a_desk() -> Place {
    let place = Place::new();
    place.write("config/idp.toml", DESK);
    place
}

#[tokio::test]
async fn a_commune_is_brought_up_by_its_operator() {
    let place = at_a_desk();
    let add = ["communes", "add", "75056", "--name", "Val-Fleuri", "--certifies-from", "2026-01-15"];
    assert_eq!(place.run(&add).await.0, 0);
    assert_eq!(place.run(&add).await.0, 1, "enrolled already");
    let listed = place.json(&["communes", "list", "--json"]).await;
    assert_eq!(listed[0]["departement"], "75");
    assert_eq!((&listed[0]["state"], &listed[0]["from"]), (&"certifying".into(), &"2026-01-15".into()));
    for state in ["postponed", "enrolled", "certifying"] {
        assert_eq!(place.run(&["communes", "set", "75056", "--state", state]).await.0, 0);
    }
    assert_eq!(place.run(&["communes", "set", "75056", "--state", "enrolled", "--from", "2026-01-01"]).await.0, 1);

    let invite = |name: &'static str, more: &[&'static str]| {
        let mail = ["--mail", if name == "Nadia" { "nadia@exemple.fr" } else { "samir@exemple.fr" }];
        [&["agents", "invite", "--commune", "75056", "--name", name], &mail[..], more, &["--json"]].concat()
    };
    let admin = place.json(&invite("Nadia", &["--admin"])).await;
    let link = admin["link"].as_str().expect("a link");
    assert!(link.starts_with("http://localhost:8404/guichet/invitation/"), "{link}");
    let (code, told) = place.run(&invite("Nadia", &["--admin"])).await;
    assert!(code == 1 && told.contains("this address"), "{told}");
    let dates = ["--trained", "2026-01-10", "--from", "2026-02-01", "--until", "2026-02-28"];
    let agent = place.json(&invite("Samir", &dates)).await;
    let agents = place.json(&["agents", "list", "--commune", "75056", "--json"]).await;
    let listed = |name: &str| {
        let agents = agents.as_array().expect("a list");
        agents.iter().find(|agent| agent["name"] == name).expect("is listed").clone()
    };
    let (nadia, samir) = (listed("Nadia"), listed("Samir"));
    assert_eq!((&nadia["roles"], &nadia["state"]), (&"admin".into(), &"invited".into()));
    assert!(nadia["until"].is_string(), "an admin is authorised for a year: {nadia}");
    assert_eq!((&samir["from"], &samir["until"]), (&"2026-02-01".into(), &"2026-02-28".into()));

    let id = agent["id"].as_str().expect("an id");
    assert_eq!(
        place.json(&["agents", "set", id, "--from", "2026-03-01", "--until", "2026-03-31"]).await["until"],
        "2026-03-31"
    );
    assert_eq!(place.run(&["agents", "set", id]).await.0, 1);
    assert_eq!(place.run(&["agents", "set", id, "--from", "2026-03-01"]).await.0, 2, "both days");
    let (code, renewed) = place.run(&["agents", "renew", id]).await;
    assert!(code == 0 && renewed.contains("/guichet/invitation/"), "{renewed}");
    assert_eq!(place.run(&["agents", "remove", id]).await.0, 0);
    assert_eq!(place.run(&["agents", "remove", id]).await.0, 1, "gone");
    assert_eq!(place.run(&["agents", "remove", "nobody"]).await.0, 1);
}

#[tokio::test]
async fn a_reader_is_registered_by_its_public_key_once() {
    let place = at_a_desk();
    place.run(&["communes", "add", "75056", "--name", "Val-Fleuri"]).await;
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let file = place.write("reader.json", &key.public().document().to_string());
    let add = ["readers", "add", "--commune", "75056", "--name", "Guichet 1", "--key", &file, "--json"];
    let reader = place.json(&add).await;
    assert_eq!(reader["jkt"].as_str().map(str::len), Some(43));
    assert_eq!(place.run(&add).await.0, 1, "registered already");
    let id = reader["id"].as_str().expect("an id");
    for expected in [0, 1] {
        assert_eq!(place.run(&["readers", "remove", "--commune", "75056", id]).await.0, expected);
    }
    let listed = place.json(&["readers", "list", "--commune", "75056", "--json"]).await;
    assert_eq!(listed[0]["state"], "withdrawn");
    assert_eq!(place.run(&["readers", "accept", "--commune", "75056", id]).await.0, 1, "withdrawn");
    assert_eq!(place.json(&["readers", "list", "--json"]).await, serde_json::json!([]), "none waits");
    let bad = place.write("private.json", r#"{"kty":"EC","crv":"P-256","d":"AAAA"}"#);
    let (code, told) = place.run(&["readers", "add", "--commune", "75056", "--name", "x", "--key", &bad]).await;
    assert!(code == 1 && told.contains("private key"), "{told}");
}

#[tokio::test]
async fn nobody_is_invited_to_a_desk_that_is_not_there() {
    let place = Place::new();
    place.run(&["communes", "add", "75056", "--name", "Val-Fleuri"]).await;
    let invite = ["agents", "invite", "--commune", "75056", "--name", "Nadia", "--mail", "nadia@exemple.fr"];
    let (code, told) = place.run(&invite).await;
    assert!(code == 1 && told.contains("desk.origin"), "{told}");
    let (code, told) = place.run(&["agents", "list", "--commune", "13055"]).await;
    assert!(code == 1 && told.contains("is not enrolled"), "{told}");
}

#[tokio::test]
async fn the_operators_first_admin_is_invited_at_the_command_line() {
    let place = Place::new();
    place.write("config/idp.toml", "issuer = \"http://127.0.0.1:8401\"\n");
    let invite = ["partners", "invite-operator", "--mail", "olga@exemple.fr", "--role", "admin", "--json"];
    let (code, told) = place.run(&invite).await;
    assert!(code == 1 && told.contains("partners.origin"), "{told}");
    let space = "issuer = \"http://127.0.0.1:8401\"\n[partners]\norigin = \"http://localhost:8405\"\n";
    place.write("config/idp.toml", space);
    let link = place.json(&invite).await["link"].as_str().expect("a link").to_owned();
    assert!(link.starts_with("http://localhost:8405/espace/invitation/"), "{link}");
    let (code, told) = place.run(&invite).await;
    assert!(code == 1 && told.contains("this address"), "{told}");
    for (mail, role) in [("x", "admin"), ("x@exemple.fr", "boss"), ("x@exemple.fr", "prefecture:00")] {
        let bad = ["partners", "invite-operator", "--mail", mail, "--role", role];
        assert_eq!(place.run(&bad).await.0, 1, "{mail} {role}");
    }
    assert_eq!(place.json(&["partners", "list", "--json"]).await, serde_json::json!([]));
    assert_eq!(place.run(&["partners", "remove", "0".repeat(32).as_str()]).await.0, 1);
    let routes = place.json(&["partners", "routes", "--json"]).await;
    let routes = routes.as_array().expect("a list");
    let row = |method: &str, path: &str| {
        routes.iter().find(|row| row["method"] == method && row["path"] == path).expect(path).clone()
    };
    let people = row("POST", "/espace/organisations/{siret}/personnes");
    assert_eq!((&people["risk"], &people["roles"]), (&"dangerous".into(), &serde_json::json!(["organisation.admin"])));
    assert_eq!(row("GET", "/espace/entree")["roles"], serde_json::json!(["anyone"]));
    let (code, table) = place.run(&["partners", "routes"]).await;
    assert!(code == 0 && table.lines().count() == routes.len(), "{table}");
}
