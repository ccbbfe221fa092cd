//! What somebody tries in the partners' space who has a second mailbox, an old session, an old role or a stranger's SIRET; and
//! what two nodes make of it.

use conformance::citizen::{Citizen, Page};
use conformance::clock::Hands;
use conformance::engines::{Postgres, Redis};
use conformance::gateway::{Ephemeral, Lasting};
use conformance::or_skip;
use conformance::partner::{self, Partner};
use conformance::process::Signals;
use conformance::scene::Setting;
use conformance::site::free_port;
use conformance::tools::Missing;

use super::partners::{LYON, Space, bring_in, people};
use super::reviews::{Town, approve, state, tick};
use crate::journey::expect;

const INVITE: &str = "form[data-step=invite] button";

/// What a page refuses, and how.
fn refused(page: &Page) -> (u16, String) {
    (page.status.as_u16(), page.refusal())
}

#[tokio::test]
async fn a_second_account_of_ones_own_is_no_second_person() {
    let mut town = Town::open().await;
    let mut olga = town.space.operator("Olga", &["admin", "instructor"]).await;
    let page = expect(olga.open("/espace/operateurs").await.unwrap(), "space-people");
    let fields = [("mail", &*partner::mail("Olga Bis")), ("instructor", "yes")];
    expect(olga.press(&page, INVITE, &fields).await.unwrap(), "space-people");
    let mut twin = Partner::at(&town.space.origin, "Olga Bis");
    let link = town.space.link_to("Olga Bis", 0).await;
    expect(twin.begin(&link).await.unwrap(), "space-home");
    twin.make_code().await.unwrap();

    let high = [("niveau", "level", "eidas3"), ("niveau", "level_reason", "Procuration de vote.")];
    let (id, _) = town.submitted(&high).await;
    tick(&mut olga, &id).await;
    let once = expect(approve(&mut olga, &id).await, "request");
    assert_eq!(state(&once), "submitted");
    let own = approve(&mut twin, &id).await;
    assert_eq!(refused(&own), (403, "partner.not_another".into()), "{}", own.body);
    assert!(own.text("[data-told]").unwrap().contains("invité") && town.habilitations().await.is_empty());
    assert_eq!(refused(&approve(&mut olga, &id).await), (403, "partner.not_another".into()), "nor the same twice");
    // Whom the command line invited is another person.
    let granted = expect(approve(&mut town.ines, &id).await, "request");
    assert_eq!(state(&granted), "granted");
}

#[tokio::test]
async fn a_confirmed_passkey_changes_the_secret_of_the_session() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    // Somebody read the cookie.
    let mut thief = nadia.clone();
    expect(thief.open("/espace/compte").await.unwrap(), "space-account");
    let page = expect(nadia.open("/espace/confirmation?retour=/espace/compte").await.unwrap(), "space-confirm");
    let stale = people(&mut nadia, LYON).await;
    expect(nadia.confirm(&page).await.unwrap(), "space-account");
    expect(thief.open("/espace/compte").await.unwrap(), "space-sign-in");
    let account = expect(nadia.open("/espace/compte").await.unwrap(), "space-account");
    assert_eq!(account.count("[data-session]"), 1, "it is the session that it was");
    // A page of before has the form secret of before.
    let fields = [("mail", "samir@mairie.exemple.fr"), ("role", "reader")];
    let old = nadia.press(&stale, INVITE, &fields).await.unwrap();
    assert_eq!(refused(&old), (403, "partner.stale_form".into()));
}

#[tokio::test]
async fn a_passkey_of_six_minutes_ago_does_nothing_dangerous() {
    let hands = or_skip!(Hands::make());
    let space = Space::set(Setting { environment: hands.environment(), ..Setting::default() }).await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let page = people(&mut nadia, LYON).await;
    hands.set(6 * 60);
    let fields = [("mail", "samir@mairie.exemple.fr"), ("role", "reader")];
    let asked = expect(nadia.press(&page, INVITE, &fields).await.unwrap(), "space-confirm");
    expect(nadia.confirm(&asked).await.unwrap(), "space-home");
    let back = people(&mut nadia, LYON).await;
    assert!(!back.has("[data-invited]"), "nothing was done before");
    let sent = expect(nadia.press(&back, INVITE, &fields).await.unwrap(), "space-people");
    assert!(sent.has("[data-invited]"));
    // To look asks for nothing.
    hands.set(12 * 60);
    expect(nadia.open("/espace/compte").await.unwrap(), "space-account");
    expect(nadia.open("/espace/compte/cle").await.unwrap(), "space-confirm");
}

#[tokio::test]
async fn an_invitation_ends_with_whoever_sent_it() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let mut samir = space.member(&mut nadia, LYON, "Samir", "admin").await;
    let page = people(&mut samir, LYON).await;
    let fields = [("mail", "lea@mairie.exemple.fr"), ("role", "admin")];
    assert!(expect(samir.press(&page, INVITE, &fields).await.unwrap(), "space-people").has("[data-invited]"));
    let link = space.link_to("Lea", 0).await;
    let mut lea = Partner::at(&space.origin, "Lea");
    let begun = expect(lea.agent.browser.open(&link).await.unwrap(), "space-register");
    let id = space.id(&samir).await;
    let page = people(&mut nadia, LYON).await;
    let change = format!("[data-partner='{id}'] form[data-step=change] button");
    let changed = expect(nadia.press(&page, &change, &[("role", "reader")]).await.unwrap(), "space-people");
    assert!(!changed.has("[data-invited]"), "{}", changed.body);
    // Neither the link, nor the page that it had opened.
    assert_eq!(refused(&Citizen::new().open(&link).await.unwrap()), (404, "partner.link_gone".into()));
    assert_eq!(refused(&lea.register(&begun).await.unwrap()), (404, "partner.link_gone".into()));
}

#[tokio::test]
async fn an_organisation_that_nothing_proves_vouches_for_nobody() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let mut samir = space.member(&mut nadia, LYON, "Samir", "admin").await;
    let mut olga = space.operator("Olga", &["admin"]).await;
    let code = samir.make_code().await.unwrap();
    let page = expect(samir.open("/espace/recuperation").await.unwrap(), "space-lost");
    let typed = [("mail", &*samir.mail.clone()), ("code", &*code)];
    expect(samir.press(&page, "form[data-step=recover] button", &typed).await.unwrap(), "space-sent");
    space.mail_that_says(&olga.mail, 0, &samir.mail).await;
    assert!(!people(&mut nadia, LYON).await.has("[data-recovery]"));
    let waiting = expect(olga.open("/espace/operateurs").await.unwrap(), "space-people");
    let recovery = waiting.attribute("[data-recovery]", "data-recovery").unwrap();
    let body = format!("csrf={}&recovery={recovery}&decision=oui", nadia.csrf().await.unwrap());
    let url = format!("{}/espace/organisations/{LYON}/personnes/recuperations", space.origin);
    let answer = nadia.agent.browser.post_from(&space.origin, &url, &body).await.unwrap();
    assert_eq!(refused(&answer), (403, "partner.not_second".into()));
    let decided = olga.press(&waiting, "form[data-step=decide] button[value=oui]", &[]).await.unwrap();
    assert!(expect(decided, "space-people").has("[data-notice]"));
}

#[tokio::test]
async fn a_squatted_siret_is_given_to_its_right_people() {
    let space = Space::open().await;
    let mut squatter = space.founder("Chloe", LYON).await;
    let mut nadia = space.safe("Nadia").await;
    let page = nadia.open("/espace/organisations/nouvelle").await.unwrap();
    let look = "form[data-step=new-organisation] button";
    let found = nadia.press(&page, look, &[("siret", LYON)]).await.unwrap();
    let known = nadia.press(&found, "form[data-step=confirm-organisation] button", &[]).await.unwrap();
    assert_eq!(refused(&known), (422, "partner.organisation_known".into()));
    assert!(known.body.contains("exploitant"), "{}", known.body);
    let told = space.idp(&["partners", "release-organisation", LYON, "--to", &nadia.mail]).await;
    assert!(told.contains("given to its new administrator"), "{told}");
    let path = format!("/espace/organisations/{LYON}");
    assert_eq!(refused(&squatter.open(&path).await.unwrap()), (404, "partner.unseen".into()));
    let own = expect(nadia.open(&path).await.unwrap(), "space-organisation");
    assert_eq!(own.attribute("main", "data-verified").unwrap(), "true");
    space.mail_that_says(&squatter.mail, 0, "Vous n’avez plus de rôle").await;
    let again = space.scene.gateway.installation().run(&["partners", "release-organisation", LYON]).await.unwrap();
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("verified"), "{again:?}");
    let verified = space.scene.gateway.installation().run(&["journal", "verify"]).await.unwrap();
    assert!(verified.status.success(), "{verified:?}");
    bring_in(&mut squatter, super::partners::TOULOUSE).await;
}

#[tokio::test]
async fn a_thread_takes_so_many_messages_an_hour_of_one_side() {
    let mut town = Town::open().await;
    let id = town.begin().await;
    let path = format!("/espace/demandes/{id}/echanges");
    let say = "form[data-step=say] button";
    let thread = expect(town.nadia.open(&path).await.unwrap(), "request-exchange");
    for number in 0..20 {
        let text = format!("Message {number}");
        expect(town.nadia.press(&thread, say, &[("message", &text)]).await.unwrap(), "request-exchange");
    }
    let more = town.nadia.press(&thread, say, &[("message", "Encore")]).await.unwrap();
    assert_eq!(refused(&more), (429, "partner.too_often".into()));
    let thread = expect(town.ines.open(&path).await.unwrap(), "request-exchange");
    expect(town.ines.press(&thread, say, &[("message", "Réponse")]).await.unwrap(), "request-exchange");
}

/// The space on two nodes, and the origin of the second.
async fn two_nodes() -> Result<(Space, conformance::gateway::Gateway, String, (Redis, Postgres)), Missing> {
    let engines = (Redis::start().await?, Postgres::start().await?);
    let setting = Setting {
        ephemeral: Ephemeral::Redis(engines.0.url()),
        lasting: Lasting::Postgres(engines.1.url()),
        ..Setting::default()
    };
    let space = Space::set(setting).await;
    let port = free_port();
    let second = space.scene.gateway.installation().beside(port).unwrap().serve(Signals::Shared).await.unwrap();
    Ok((space, second, format!("http://localhost:{port}"), engines))
}

async fn at(who: &mut Partner, origin: &str, path: &str) -> Page {
    who.agent.browser.open(&format!("{origin}{path}")).await.unwrap()
}

#[tokio::test]
async fn what_one_node_takes_away_the_other_refuses_with_the_next_request() {
    let (space, _second, there, _engines) = or_skip!(two_nodes().await);
    let mut nadia = space.founder("Nadia", LYON).await;
    let mut samir = space.member(&mut nadia, LYON, "Samir", "admin").await;
    let mut lea = space.safe("Lea").await;
    let path = format!("/espace/organisations/{LYON}/personnes");
    // One session, of either node.
    let seen = expect(at(&mut samir, &there, &path).await, "space-people");
    assert!(seen.has("form[data-step=invite]"));

    let id = space.id(&samir).await;
    let page = people(&mut nadia, LYON).await;
    let change = format!("[data-partner='{id}'] form[data-step=change] button");
    expect(nadia.press(&page, &change, &[("role", "reader")]).await.unwrap(), "space-people");
    let fields = [("mail", "zoe@mairie.exemple.fr"), ("role", "reader")];
    let late = samir.press(&seen, INVITE, &fields).await.unwrap();
    assert_eq!(refused(&late), (403, "partner.role_missing".into()), "a role that was taken here is none there");
    let page = people(&mut nadia, LYON).await;
    let remove = format!("[data-partner='{id}'] form[data-step=remove] button");
    expect(nadia.press(&page, &remove, &[]).await.unwrap(), "space-people");
    assert_eq!(refused(&at(&mut samir, &there, &path).await), (404, "partner.unseen".into()));

    // A link opens once, on whichever node.
    let after = space.scene.mailbox.messages_to(&lea.mail, 0, std::time::Duration::ZERO).await.last().unwrap().id;
    let page = people(&mut nadia, LYON).await;
    let fields = [("mail", lea.mail.as_str()), ("role", "editor")];
    expect(nadia.press(&page, INVITE, &fields).await.unwrap(), "space-people");
    let link = space.link_to("Lea", after).await;
    let way = link.strip_prefix(&space.origin).unwrap();
    let (here, elsewhere) = (at(&mut lea, &space.origin, way).await, at(&mut lea, &there, way).await);
    let take = "form[data-step=take] button";
    let taken = expect(lea.press(&expect(elsewhere, "space-join"), take, &[]).await.unwrap(), "space-home");
    assert!(taken.has(&format!("[data-organisation='{LYON}']")));
    let again = lea.press(&expect(here, "space-join"), take, &[]).await.unwrap();
    assert_eq!(refused(&again), (404, "partner.link_gone".into()));

    // What one may send in a day is counted by both together: two were sent already.
    for (sent, origin) in (2..).zip([&space.origin, &there].into_iter().cycle()) {
        let page = expect(at(&mut nadia, origin, &path).await, "space-people");
        let mail = format!("p{sent}@mairie.exemple.fr");
        let answer = nadia.press(&page, INVITE, &[("mail", &*mail), ("role", "reader")]).await.unwrap();
        if sent == 20 {
            assert_eq!(refused(&answer), (429, "partner.too_often".into()));
            break;
        }
        expect(answer, "space-people");
    }
    // The end of an account is the end of its session everywhere.
    expect(at(&mut nadia, &there, "/espace/compte").await, "space-account");
    space.idp(&["partners", "remove", &space.id(&nadia).await]).await;
    expect(at(&mut nadia, &there, "/espace/compte").await, "space-sign-in");
}
