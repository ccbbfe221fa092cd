//! What a stranger who knows a mail address can, and cannot, do to its owner.

use std::net::IpAddr;

use domain::id::{PartnerId, PasskeyId};
use domain::notice::{Notice, PartnerMessage};
use domain::organisation::siret::Siret;
use domain::partners::organisation::{Belonging, Organisation, OrganisationKind};
use domain::partners::recovery::RecoveryCode;
use domain::people::name::{MailAddress, Name};
use store::ephemeral::Put;
use store::registry::{Joined, Joining, KeptPasskey, Updated};

use super::invitation::office;
use super::{recovery, release, sign_up};
use crate::app::App;
use crate::clock::Clock;
use crate::listen::address::ClientAddress;
use crate::serve::standing_at;

const SPACE: &str = "issuer = \"http://127.0.0.1:18401\"\n[listen]\naddress = \"127.0.0.1:0\"\n\
                     [partners]\norigin = \"http://localhost:18403\"\n";

fn from(number: u8) -> ClientAddress {
    ClientAddress(IpAddr::from([192, 0, 2, number]))
}

fn mail(name: &str) -> MailAddress {
    MailAddress::parse(&format!("{name}@exemple.fr")).expect("an address")
}

async fn waiting(app: &App) -> i64 {
    app.registry.backlog::<Notice>().await.expect("reads").waiting
}

/// Somebody with an account.
async fn joined(app: &App, name: &str) -> PartnerId {
    let (id, called, now) =
        (PartnerId::from_random(app.random.bytes()), Name::parse(name).expect("a name"), app.clock.now());
    let passkey = KeptPasskey {
        id: PasskeyId::of(name.as_bytes()),
        owner: id.clone(),
        name: called.clone(),
        credential: String::new(),
        added: now,
        last_used: None,
    };
    let (address, link) = (mail(name), "http://localhost/espace".to_owned());
    let told = office(app).posting(&address, PartnerMessage::SignUpKnown { link });
    let joining = Joining { id: &id, name: &called, mail: &address, passkey: &passkey, invitation: None };
    assert_eq!(app.registry.join(&joining, &told, now).await.expect("writes"), Joined::Done);
    id
}

#[tokio::test]
async fn a_stranger_who_asks_for_links_takes_none_from_the_owner_of_the_mailbox() {
    let (app, _folder) = standing_at(SPACE, &Clock::system()).await;
    let nadia = mail("nadia");
    for _ in 0..6 {
        sign_up::send(&app, &nadia, from(1)).await.expect("answers");
    }
    assert_eq!(waiting(&app).await, 3, "one source, one address");
    sign_up::send(&app, &nadia, from(2)).await.expect("answers");
    assert_eq!(waiting(&app).await, 4, "its owner, from elsewhere");
    for stranger in 3..30 {
        sign_up::send(&app, &nadia, from(stranger)).await.expect("answers");
    }
    assert_eq!(waiting(&app).await, 12, "a mailbox is not filled, and all that lie in it open");
    for number in 0..30 {
        sign_up::send(&app, &mail(&format!("autre{number}")), from(40)).await.expect("answers");
    }
    assert_eq!(waiting(&app).await, 12 + 20, "one source, whomever it asks about");
}

#[tokio::test]
async fn a_stranger_who_types_wrong_codes_keeps_nobody_from_recovering() {
    let (app, _folder) = standing_at(SPACE, &Clock::system()).await;
    let id = joined(&app, "nadia").await;
    let (right, wrong) = (RecoveryCode::from_random([1; 40]), RecoveryCode::from_random([2; 40]));
    let hash = app.partners().codes.hash(&right, [7; 16]).await.expect("a turn");
    let (nadia, now) = (mail("nadia"), app.clock.now());
    let told = office(&app).posting(&nadia, PartnerMessage::RecoveryCodeMade { name: "Nadia".to_owned(), at: now });
    assert_eq!(app.registry.keep_recovery_code(&id, &hash, &told, now).await.expect("writes"), Updated::Done);
    let judged = async |code: &RecoveryCode, source| {
        recovery::judge(&app, (&nadia, code), source).await.expect("answers").expect("a turn").map(|partner| partner.id)
    };
    for _ in 0..5 {
        assert_eq!(judged(&wrong, from(1)).await, None);
    }
    assert_eq!(judged(&right, from(1)).await, None, "whoever tried too often finds nothing any more");
    assert_eq!(judged(&right, from(2)).await, Some(id), "and its owner does");
}

#[tokio::test]
async fn a_siret_that_a_first_mailbox_holds_is_free_after_thirty_days_of_nothing() {
    let clock = Clock::manual(Clock::system().now());
    let (app, _folder) = standing_at(SPACE, &clock).await;
    let squatter = joined(&app, "chloe").await;
    let siret = Siret::parse("21690123100011").expect("a SIRET");
    let organisation = |belonging| Organisation {
        siret,
        name: Name::parse("Lyon").expect("a name"),
        kind: OrganisationKind::Commune,
        commune: None,
        belonging,
        since: clock.now(),
    };
    let unproved = organisation(Belonging::Unverified);
    assert_eq!(app.registry.insert_organisation(&unproved, &squatter, clock.now()).await.expect("writes"), Put::Fresh);
    assert_eq!(release::release_idle(&app).await.expect("looks"), 0);
    clock.advance(Organisation::UNPROVED);
    let mails = waiting(&app).await;
    assert_eq!(release::release_idle(&app).await.expect("looks"), 1);
    assert_eq!(waiting(&app).await, mails + 1, "whoever had it is told");
    assert!(app.registry.organisation(&siret).await.expect("reads").is_none());
    let proved = organisation(Belonging::Accepted { at: clock.now() });
    assert_eq!(app.registry.insert_organisation(&proved, &squatter, clock.now()).await.expect("writes"), Put::Fresh);
    clock.advance(Organisation::UNPROVED);
    assert_eq!(release::release_idle(&app).await.expect("looks"), 0, "what is proved stays");
}
