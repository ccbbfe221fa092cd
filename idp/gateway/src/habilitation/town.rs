//! A gateway with a partners' space, a commune and its admin, for tests.

use domain::habilitation::acting::{Acting, Write};
use domain::id::{PartnerId, PasskeyId};
use domain::notice::{Message, Notice, PartnerMessage};
use domain::organisation::siret::Siret;
use domain::partners::organisation::{Belonging, Organisation, OrganisationKind};
use domain::partners::partner::Partner;
use domain::partners::permission::{About, EditRequests};
use domain::people::name::{MailAddress, Name};
use domain::time::{Lifetime, Timestamp};
use store::ephemeral::Put;
use store::registry::{Joined, Joining, KeptPasskey, Posting};
use tempfile::TempDir;

use crate::app::{App, Shared};
use crate::clock::Clock;

/// The address of its admin.
pub(crate) const NADIA: &str = "nadia@lyon.fr";

/// A gateway, its clock, a commune and its admin.
pub(crate) struct Town {
    pub(crate) app: Shared,
    pub(crate) clock: Clock,
    pub(crate) organisation: Organisation,
    pub(crate) nadia: Partner,
    _folder: TempDir,
}

impl Town {
    pub(crate) async fn standing() -> Self {
        let clock = Clock::manual(Timestamp::from_epoch(1_800_000_000));
        let text = "issuer = \"http://localhost:18401\"\n[partners]\norigin = \"http://localhost:18405\"\n\
                    listen = \"127.0.0.1:0\"\n";
        let (app, folder) = crate::serve::standing_at(text, &clock).await;
        let organisation = Organisation {
            siret: Siret::parse("21690123100011").expect("a SIRET"),
            name: Name::parse("Ville de Lyon").expect("a name"),
            kind: OrganisationKind::Commune,
            commune: None,
            belonging: Belonging::Accepted { at: clock.now() },
            since: clock.now(),
        };
        let id = PartnerId::from_random([1; 16]);
        let passkey = KeptPasskey {
            id: PasskeyId::of(&[1; 16]),
            owner: id.clone(),
            name: Name::parse("Poste").expect("a name"),
            credential: "{}".to_owned(),
            added: clock.now(),
            last_used: None,
        };
        let (name, mail) = (Name::parse("Nadia").expect("a name"), MailAddress::parse(NADIA).expect("an address"));
        let message = Message::Partner(PartnerMessage::SignUpKnown { link: String::new() });
        let notice = Notice { to: NADIA.to_owned(), language: domain::language::Language::French, message };
        let told = Posting { id: "welcome".to_owned(), notice };
        let joining = Joining { id: &id, name: &name, mail: &mail, passkey: &passkey, invitation: None };
        assert_eq!(app.registry.join(&joining, &told, clock.now()).await.expect("writes"), Joined::Done);
        let made = app.registry.insert_organisation(&organisation, &id, clock.now()).await;
        assert_eq!(made.expect("writes"), Put::Fresh);
        let nadia = app.registry.partner(&id).await.expect("reads").expect("joined");
        let town = Self { app, clock, organisation, nadia, _folder: folder };
        assert_eq!(town.mails().await.len(), 1, "her welcome");
        town
    }

    /// Her capacity to write requests.
    pub(crate) fn writes(&self) -> Acting<Write> {
        let about = About::Organisation(&self.organisation);
        Acting::from(&self.nadia.may(EditRequests, about).expect("an admin"))
    }

    pub(crate) fn days(&self, days: u32) {
        self.clock.advance(Lifetime::seconds(days * 86_400));
    }

    /// Takes all mails that wait.
    pub(crate) async fn mails(&self) -> Vec<Notice> {
        taken(&self.app).await
    }
}

async fn taken(app: &App) -> Vec<Notice> {
    let far = Lifetime::seconds(2000 * 86_400);
    let leased = app.registry.lease::<Notice>(1000, far, app.clock.now()).await.expect("reads");
    leased.into_iter().map(|outgoing| outgoing.parcel).collect()
}
