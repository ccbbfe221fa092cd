//! Cases for what relying parties were granted, for switches and for secrets.

use domain::client::{Client, ClientState, Registered};
use domain::habilitation::acting::Author;
use domain::habilitation::credentials::{ClientSecret, SecretRefused};
use domain::habilitation::grant::{Environment, Habilitation, HabilitationState};
use domain::habilitation::service::MOST;
use domain::habilitation::switches::{Deed, Off, Reason, Switch};
use domain::id::{ClientId, HabilitationId};
use domain::language::Language;
use domain::level::Level;
use domain::notice::{Message, Notice};
use domain::organisation::siret::Siret;
use domain::secret::SecretDigest;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::{Offices, at_once, for_each_engine, now, random};
use crate::ephemeral::Put;
use crate::journal::Verdict;
use crate::registry::{HabilitationMoved, Registry, SecretChange, SecretUpdated, ServiceMade, Updated};

for_each_engine!(offices: sqlite, postgres; {
    a_habilitation_comes_back_with_its_client_as_it_stands,
    a_habilitation_that_is_over_is_never_brought_back,
    a_narrower_habilitation_takes_the_place_for_every_client,
    clients_of_before_get_one_each_once,
    what_changed_alone_is_read_again,
    a_switch_is_turned_once_and_counted,
    two_secrets_live_and_never_three,
    a_use_and_a_warning_are_noted_once,
    a_service_is_made_under_a_habilitation_in_force_alone,
    an_organisation_has_a_bounded_number_of_services_of_its_own,
});

pub(super) fn client(id: &str) -> Client {
    let metadata = json!({
        "client_id": id, "client_name": "Ville", "redirect_uris": ["https://ville.example/retour"],
        "scope": "openid profile email",
    });
    Client::from_metadata(&metadata, || unreachable!("it is named")).expect("valid")
}

fn named(id: &str) -> ClientId {
    ClientId::parse(id).expect("plain")
}

async fn registers(office: &Registry, id: &str) -> Habilitation {
    let made = HabilitationId::from_random(random());
    let registered = Registered::operated(client(id), Some(SecretDigest::of("first")), made, now());
    assert_eq!(office.insert_client(&registered, now()).await.expect("writes"), Put::Fresh);
    registered.habilitation.expect("an operator's")
}

async fn held(office: &Registry, id: &str) -> Habilitation {
    office.client(&named(id)).await.expect("reads").expect("is there").habilitation.expect("has one")
}

fn deed(why: &str) -> Deed {
    Deed { by: Author::Operator, why: Some(Reason::parse(why).expect("a reason")) }
}

async fn a_habilitation_comes_back_with_its_client_as_it_stands(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let made = registers(one, "ville").await;
    assert_eq!(held(two, "ville").await, made);
    let before = two.changes().await.expect("reads").clients;
    for (state, why) in
        [(HabilitationState::Suspended, "la clé a fui"), (HabilitationState::Active, "la clé est changée")]
    {
        let moved = one.move_habilitation(&made.id, state, &deed(why), now()).await.expect("writes");
        assert_eq!(moved, HabilitationMoved::Done);
        let kept = two.habilitation(&made.id).await.expect("reads").expect("is there");
        assert_eq!((kept.habilitation.state, kept.deed), (state, deed(why)));
        assert_eq!(kept.clients, [named("ville")]);
        assert_eq!(held(two, "ville").await, Habilitation { state, ..made.clone() }, "the snapshot stays");
    }
    assert_eq!(two.changes().await.expect("reads").clients - before, 2, "every node reads anew");
    assert_eq!(two.habilitations().await.expect("reads").len(), 1);
    let entries = one.entries(0, 100).await.expect("reads");
    let told: Vec<Value> = entries.iter().map(|e| serde_json::from_str(&e.details).expect("JSON")).collect();
    assert_eq!(
        told.iter().map(|t| &t["change"]).collect::<Vec<_>>(),
        ["registered", "granted", "suspended", "resumed"]
    );
    assert_eq!((&told[2]["why"], &told[2]["by"]), (&json!("la clé a fui"), &json!("operator")));
    assert!(matches!(one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 4 }));
}

async fn a_habilitation_that_is_over_is_never_brought_back(offices: Offices) {
    let made = registers(&offices.one, "ville").await;
    // Of many that resume and one that revokes at the same time, the revocation stands.
    let moves = at_once(20, offices.both(), |node, turn| {
        let id = made.id.clone();
        async move {
            let to = match turn {
                10 => HabilitationState::Revoked,
                turn if turn % 2 == 0 => HabilitationState::Suspended,
                _ => HabilitationState::Active,
            };
            let _ = node.move_habilitation(&id, to, &deed("essai"), now()).await.expect("writes");
        }
    });
    moves.await;
    assert_eq!(held(&offices.two, "ville").await.state, HabilitationState::Revoked);
    for to in [HabilitationState::Active, HabilitationState::Suspended, HabilitationState::Revoked] {
        let moved = offices.one.move_habilitation(&made.id, to, &deed("essai"), now()).await.expect("writes");
        assert_eq!(moved, HabilitationMoved::Not(HabilitationState::Revoked));
    }
    let next = Habilitation { id: HabilitationId::from_random(random()), ..made.clone() };
    let replaced = offices.one.replace_habilitation(&made.id, &next, &deed("essai"), now()).await.expect("writes");
    assert_eq!(replaced, HabilitationMoved::Not(HabilitationState::Revoked));
    let nobody = HabilitationId::from_random(random());
    let moved = offices.one.move_habilitation(&nobody, HabilitationState::Revoked, &deed("x"), now()).await;
    assert_eq!(moved.expect("reads"), HabilitationMoved::Missing);
}

async fn a_narrower_habilitation_takes_the_place_for_every_client(offices: Offices) {
    let one = &offices.one;
    let made = registers(one, "ville").await;
    registers(one, "autre").await;
    // Two clients, one habilitation.
    let given = one.grant_habilitation(&named("autre"), &made, &deed("le même service"), now()).await.expect("writes");
    assert_eq!(given, Updated::Done);
    let less = [domain::claims::scopes::Scope::OPENID].into();
    let next = made.narrowed(HabilitationId::from_random(random()), &less, Level::Low, now()).expect("less");
    let replaced = one.replace_habilitation(&made.id, &next, &deed("moins"), now()).await.expect("writes");
    assert_eq!(replaced, HabilitationMoved::Done);
    for id in ["ville", "autre"] {
        assert_eq!(held(&offices.two, id).await, next);
    }
    let states: Vec<_> = one
        .habilitations()
        .await
        .expect("reads")
        .into_iter()
        .map(|kept| (kept.habilitation.state, kept.clients.len()))
        .filter(|(state, clients)| *state == HabilitationState::Active || *clients > 0)
        .collect();
    assert_eq!(states, [(HabilitationState::Active, 2)], "nobody has another that counts");
    let nobody = one.grant_habilitation(&named("nobody"), &next, &deed("x"), now()).await.expect("reads");
    assert_eq!(nobody, Updated::Missing);
}

async fn clients_of_before_get_one_each_once(offices: Offices) {
    for (id, state) in [("ville", "active"), ("fermee", "disabled")] {
        // As a program of before wrote it, marked by the schema.
        sqlx::query(
            "INSERT INTO clients (id, metadata, secrets, state, created, updated, habilitation) \
             VALUES ($1, $2, '[]', $3, 7, 7, 'of-before')",
        )
        .bind(id)
        .bind(serde_json::to_string(&client(id)).expect("JSON"))
        .bind(state)
        .execute(&offices.one.writers)
        .await
        .expect("inserts");
    }
    let none = Registered { habilitation: None, ..Registered::operated(client("sans"), None, made_id(), now()) };
    assert_eq!(offices.one.insert_client(&none, now()).await.expect("writes"), Put::Fresh);
    let waiting = offices.two.client(&named("ville")).await.expect("reads").expect("is there");
    assert_eq!(waiting.habilitation, None, "until then it is served nothing");
    let give = |node: Registry, _| async move { node.habilitate_clients_of_before(now()).await.expect("writes") };
    at_once(4, offices.both(), give).await;
    for id in ["ville", "fermee"] {
        let made = held(&offices.two, id).await;
        assert_eq!((made.scopes, made.level, made.request), (client(id).scopes, Level::High, None));
        assert_eq!((made.from, made.state), (Timestamp::from_epoch(7), HabilitationState::Active));
    }
    assert_eq!(offices.two.habilitations().await.expect("reads").len(), 2);
    let sans = offices.two.client(&named("sans")).await.expect("reads").expect("is there");
    assert_eq!(sans.habilitation, None, "nobody gets one that was not of before");
}

async fn what_changed_alone_is_read_again(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let made = registers(one, "ville").await;
    registers(one, "autre").await;
    let mut seen = 0;
    let mut news = async || -> Vec<String> {
        let now = two.changes().await.expect("reads").clients;
        let changed = two.clients_since(seen).await.expect("reads");
        seen = now;
        let mut ids: Vec<_> = changed.iter().map(|found| found.client.id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(news().await, ["autre", "ville"]);
    assert_eq!(news().await, [""; 0]);
    let _ = one.move_habilitation(&made.id, HabilitationState::Suspended, &deed("x"), now()).await.expect("writes");
    assert_eq!(news().await, ["ville"]);
    let less = [domain::claims::scopes::Scope::OPENID].into();
    let next = made.narrowed(HabilitationId::from_random(random()), &less, Level::Low, now()).expect("less");
    let _ = one.replace_habilitation(&made.id, &next, &deed("x"), now()).await.expect("writes");
    let _ = two.set_client_state(&named("autre"), ClientState::Disabled, now()).await.expect("writes");
    assert_eq!(news().await, ["autre", "ville"]);
    let _ = one.update_client(&client("autre"), &SecretChange::Keep, now()).await.expect("writes");
    assert_eq!(news().await, ["autre"]);
    let secret = ClientSecret { digest: SecretDigest::of("second"), made: None, until: None };
    let _ = one.add_secret(&named("ville"), &secret, &deed("x"), now()).await.expect("writes");
    assert_eq!(news().await, ["ville"]);
    // Of many that change at once, none is missed: each is counted after the one before has ended.
    let renamed = at_once(20, offices.both(), |node, turn| async move {
        let id = if turn % 3 == 0 { "ville" } else { "autre" };
        let _ = node.update_client(&client(id), &SecretChange::Keep, now()).await.expect("writes");
    });
    renamed.await;
    assert_eq!(news().await, ["autre", "ville"]);
    assert_eq!(two.clients().await.expect("reads").len(), 2);
}

fn made_id() -> HabilitationId {
    HabilitationId::from_random(random())
}

async fn a_switch_is_turned_once_and_counted(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let before = two.changes().await.expect("reads").switches;
    let off = Off { by: Author::Operator, why: Reason::parse("essai").expect("a reason"), since: now() };
    for name in ["service:ville", "provider:impots", "level:eidas3"] {
        let switch = Switch::parse(name).expect("a switch");
        assert_eq!(one.switch_off(&switch, &off).await.expect("writes"), Put::Fresh);
        assert_eq!(two.switch_off(&switch, &off).await.expect("writes"), Put::Taken);
    }
    let all = two.switches().await.expect("reads");
    assert_eq!(all.service(&named("ville")), Some(&off));
    assert_eq!(all.all().count(), 3);
    let ville = Switch::parse("service:ville").expect("a switch");
    assert!(two.switch_on(&ville, &deed("fini"), now()).await.expect("writes"));
    assert!(!one.switch_on(&ville, &deed("fini"), now()).await.expect("writes"));
    assert_eq!(one.switches().await.expect("reads").service(&named("ville")), None);
    assert_eq!(two.changes().await.expect("reads").switches - before, 4);
    assert!(matches!(one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 4 }));
}

async fn two_secrets_live_and_never_three(offices: Offices) {
    let (one, two, id) = (&offices.one, &offices.two, named("ville"));
    registers(one, "ville").await;
    let secret = |text: &str, until| ClientSecret { digest: SecretDigest::of(text), made: Some(now()), until };
    let until = Some(Timestamp::from_epoch(now().epoch() + 1000));
    // Of many that add one at the same time, one does.
    let added = at_once(10, offices.both(), |node, turn| {
        let (id, secret) = (id.clone(), secret(&format!("second {turn}"), until));
        async move { node.add_secret(&id, &secret, &deed("rotation"), now()).await.expect("writes") }
    });
    let added = added.await;
    assert_eq!(added.iter().filter(|outcome| **outcome == SecretUpdated::Done).count(), 1);
    assert!(added.contains(&SecretUpdated::Refused(SecretRefused::TooMany)));
    let kept = two.client(&id).await.expect("reads").expect("is there").secrets;
    assert_eq!(kept.all().iter().map(|secret| secret.until).collect::<Vec<_>>(), [None, until]);
    assert!(kept.accept("first", now()).is_some(), "the old one counts still");
    let first = kept.all()[0].name();
    let retired = two.retire_secret(&id, &first, &deed("rotation"), now()).await.expect("writes");
    assert_eq!(retired, SecretUpdated::Done);
    let kept = one.client(&id).await.expect("reads").expect("is there").secrets;
    assert!(kept.accept("first", now()).is_none());
    let last = one.retire_secret(&id, &kept.all()[0].name(), &deed("rotation"), now()).await.expect("writes");
    assert_eq!(last, SecretUpdated::Refused(SecretRefused::Last));
    let nobody = one.add_secret(&named("nobody"), &secret("x", None), &deed("x"), now()).await.expect("reads");
    assert_eq!(nobody, SecretUpdated::Missing);
}

async fn a_use_and_a_warning_are_noted_once(offices: Offices) {
    let (one, two, id) = (&offices.one, &offices.two, named("ville"));
    registers(one, "ville").await;
    let name = one.client(&id).await.expect("reads").expect("is there").secrets.all()[0].name();
    let day = |number: i64| Timestamp::from_epoch(number * 86_400);
    for number in [3, 2, 3] {
        one.note_secret_use(&id, &name, day(number)).await.expect("writes");
    }
    let uses = two.secret_uses(&id).await.expect("reads");
    assert_eq!((uses.len(), &uses[0].secret, uses[0].last_day), (1, &name, Some(day(3))));
    let notice = Notice {
        to: "contact@exemple.fr".to_owned(),
        language: Language::French,
        message: Message::SecretEnds { service: client("ville").name, secret: name.to_string(), until: now() },
    };
    let warned = at_once(6, offices.both(), |node, _| {
        let (id, name, notice) = (id.clone(), name.clone(), notice.clone());
        async move { node.warn_of_secret(&id, (&name, 30), &[notice], now()).await.expect("writes") }
    });
    assert_eq!(warned.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    let warn = async |days| one.warn_of_secret(&id, (&name, days), &[], now()).await.expect("writes");
    assert_eq!(warn(7).await, Put::Fresh, "the next one is another");
    assert_eq!(warn(30).await, Put::Taken, "never back");
    assert_eq!(two.backlog::<Notice>().await.expect("reads").waiting, 1);
}

/// A service of an organisation, as it is registered under a habilitation.
fn service(id: &str, organisation: &str, habilitation: &Habilitation) -> Registered {
    let habilitation =
        Habilitation { organisation: Some(Siret::parse(organisation).expect("a SIRET")), ..habilitation.clone() };
    let made = Registered::operated(client(id), Some(SecretDigest::of("first")), habilitation.id.clone(), now());
    Registered { habilitation: Some(habilitation), ..made }
}

fn granted(environment: Environment) -> Habilitation {
    Habilitation {
        environment,
        ..Habilitation::of_operator(&client("x"), HabilitationId::from_random(random()), now())
    }
}

async fn a_service_is_made_under_a_habilitation_in_force_alone(offices: Offices) {
    let (one, siret) = (&offices.one, "21690123100011");
    let made = granted(Environment::Production);
    let makes = |id: &'static str, under: Habilitation| async move {
        one.make_service(&service(id, siret, &under), &deed("un service"), now()).await.expect("writes")
    };
    assert_eq!(makes("a", made.clone()).await, ServiceMade::NotInForce, "nobody granted it");
    // One that stands here, of this organisation.
    let kept = service("porteur", siret, &made);
    assert_eq!(one.insert_client(&kept, now()).await.expect("writes"), Put::Fresh);
    let kept = kept.habilitation.expect("its own");
    assert_eq!(makes("a", kept.clone()).await, ServiceMade::Done);
    assert_eq!(makes("a", kept.clone()).await, ServiceMade::Taken);
    let wider = Habilitation { level: Level::Low, ..kept.clone() };
    assert_eq!(makes("b", wider).await, ServiceMade::NotInForce, "not as it was granted");
    let theirs = Habilitation { id: HabilitationId::from_random(random()), ..kept.clone() };
    assert_eq!(makes("b", theirs).await, ServiceMade::NotInForce);
    let moved = one.move_habilitation(&kept.id, HabilitationState::Revoked, &deed("fin"), now()).await;
    assert_eq!(moved.expect("writes"), HabilitationMoved::Done);
    assert_eq!(makes("b", kept).await, ServiceMade::NotInForce);
    let entries = one.entries(0, 100).await.expect("reads");
    let told: Vec<Value> = entries.iter().map(|e| serde_json::from_str(&e.details).expect("JSON")).collect();
    let of_a: Vec<&Value> = told.iter().filter(|told| told["client"] == "a").map(|told| &told["change"]).collect();
    assert_eq!(of_a, ["registered", "granted"]);
}

async fn an_organisation_has_a_bounded_number_of_services_of_its_own(offices: Offices) {
    let (lyon, toulouse) = ("21690123100011", "21310555400017");
    let most = u32::try_from(MOST).expect("few");
    let makes = at_once(most + 4, offices.both(), |node, turn| async move {
        let made = service(&format!("essai-{turn:02}"), lyon, &granted(Environment::Sandbox));
        node.make_service(&made, &deed("un essai"), now()).await.expect("writes")
    });
    let made = makes.await;
    assert_eq!(made.iter().filter(|made| **made == ServiceMade::Done).count(), MOST);
    let other = service("autre", toulouse, &granted(Environment::Sandbox));
    assert_eq!(offices.one.make_service(&other, &deed("x"), now()).await.expect("writes"), ServiceMade::Done);
    let over = service("de-trop", lyon, &granted(Environment::Sandbox));
    assert_eq!(offices.one.make_service(&over, &deed("x"), now()).await.expect("writes"), ServiceMade::TooMany);
    let own = offices.two.services_of(Siret::parse(toulouse).expect("a SIRET")).await.expect("reads");
    assert_eq!(own.iter().map(|own| own.client.id.as_str()).collect::<Vec<_>>(), ["autre"]);
}
