//! Very many organisations, each with a service in production, a request that waits for its review, and ninety days of
//! figures.

use std::error::Error;
use std::path::Path;

use domain::claims::scopes::Scope;
use domain::client::{Client, Registered};
use domain::habilitation::acting::{Acting, Author, Write};
use domain::habilitation::acts::{Done, Effect};
use domain::habilitation::any::AnyReview;
use domain::habilitation::field::{Detail, Field, Person, Where};
use domain::habilitation::figures::{Day, SHOWN};
use domain::habilitation::form::Form;
use domain::habilitation::review::{Happened, Review};
use domain::id::{HabilitationId, HabilitationRequestId, PartnerId};
use domain::organisation::siret::{Siren, Siret};
use domain::people::commune::CommuneCode;
use domain::secret::SecretDigest;
use domain::time::Timestamp;
use serde_json::json;
use sqlx::{AnyConnection, Connection as _};
use store::registry::{Event, Registry, Told};

use crate::{organisation, random};

/// The organisations that the partner stays the admin of: as many as one person has.
const OWN: u32 = 3;

/// Fills a registry. The sign-ins are spread evenly over services and days.
pub(crate) async fn fill(
    registry: &Registry,
    place: &str,
    partner: &PartnerId,
    (services, sign_ins): (u32, u32),
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    for number in 0..services {
        let siret = siret(number)?;
        let organisation = organisation(siret, &format!("Commune {number}"), now)?;
        let _ = registry.insert_organisation(&organisation, partner, now).await?;
        let _ = registry.insert_client(&client(number, siret, now)?, now).await?;
        request(registry, siret, now).await?;
    }
    let mut connection = connection(place).await?;
    sqlx::query(
        "DELETE FROM members WHERE partner = $1 AND team <> 'operators' AND team NOT IN \
         (SELECT team FROM members WHERE partner = $1 AND team <> 'operators' ORDER BY team LIMIT $2)",
    )
    .bind(partner.as_str())
    .bind(i64::from(OWN))
    .execute(&mut connection)
    .await?;
    count(&mut connection, f64::from(sign_ins) / f64::from(services), Day::of(now)).await
}

/// Ninety days of every service.
async fn count(connection: &mut AnyConnection, each: f64, today: Day) -> Result<(), Box<dyn Error>> {
    // A service of the average is used every other day.
    let a_day = (each / f64::from(SHOWN / 2)).ceil().max(1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    let a_day = a_day as i64;
    for (kind, name, count) in [
        ("started", "", a_day + 1),
        ("finished", "", a_day),
        ("level", "eidas1", a_day),
        ("provider", "impots", a_day),
        ("given_up", "choice", 1),
        ("failed", "identity", 1),
    ] {
        sqlx::query(
            "WITH RECURSIVE days (n) AS (SELECT 0 UNION ALL SELECT n + 2 FROM days WHERE n + 2 < $5) \
             INSERT INTO service_figures (client, day, kind, name, count) \
             SELECT clients.id, $4 - days.n, $1, $2, $3 FROM clients CROSS JOIN days",
        )
        .bind(kind)
        .bind(name)
        .bind(count)
        .bind(today.number())
        .bind(i64::from(SHOWN))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn connection(place: &str) -> Result<AnyConnection, Box<dyn Error>> {
    let url = if place.starts_with("postgres") {
        place.to_owned()
    } else {
        format!("sqlite://{}", std::path::absolute(Path::new(place))?.display())
    };
    Ok(AnyConnection::connect(&url).await?)
}

/// The SIRET of that number: made up, with both its keys right.
fn siret(number: u32) -> Result<Siret, Box<dyn Error>> {
    let body = 20_000_000 + number;
    let siren = (0..10).map(|key| format!("{body}{key}")).find(|siren| Siren::parse(siren).is_ok());
    let siren = siren.ok_or("one key is right")?;
    let siret = (0..10).find_map(|key| Siret::parse(&format!("{siren}0001{key}")).ok());
    Ok(siret.ok_or("one key is right")?)
}

fn client(number: u32, siret: Siret, now: Timestamp) -> Result<Registered, Box<dyn Error>> {
    let metadata = json!({
        "client_id": format!("service-{number:06}"), "client_name": format!("Service en ligne {number}"),
        "redirect_uris": [format!("https://service-{number}.exemple.fr/retour")],
        "client_uri": format!("https://service-{number}.exemple.fr/"),
        "scope": "openid profile birth email",
    });
    let client =
        Client::from_metadata(&metadata, || unreachable!("it is named")).map_err(|fault| format!("{fault:?}"))?;
    let secret = SecretDigest::of(&format!("secret-{number}"));
    let mut registered = Registered::operated(client, Some(secret), HabilitationId::from_random(random()?), now);
    if let Some(habilitation) = &mut registered.habilitation {
        habilitation.organisation = Some(siret);
    }
    Ok(registered)
}

async fn request(registry: &Registry, siret: Siret, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let by = Acting::<Write>::operator();
    let id = HabilitationRequestId::from_random(random()?);
    let draft = Review::open(id.clone(), siret, &by, now).map_err(|fault| format!("{fault:?}"))?;
    let event = |happened| Event { happened, by: Author::Operator, reason: None };
    let told = Told { acts: &[], notices: &[], at: now };
    let departement = CommuneCode::parse("69123").map_err(|fault| format!("{fault:?}"))?.departement();
    let _ = registry.make_request(&draft.clone().into(), Some(&departement), &event(Happened::Opened), &told).await?;
    let kept = registry.request(&id).await?.ok_or("it was made")?;
    let written = draft.write(&by, form()?, now).map_err(|(_, fault)| format!("{fault:?}"))?;
    let submitted: AnyReview = written.submit(&by, now).map_err(|(_, fault)| format!("{fault:?}"))?.into();
    let done = Done { review: submitted, happened: Happened::Submitted, effect: Effect::None };
    let _ = registry.change_request(&kept, &done, &event(Happened::Submitted), &told).await?;
    Ok(())
}

/// A form that can be submitted.
fn form() -> Result<Form, Box<dyn Error>> {
    let ask = |name: &str| Scope::parse(name).expect("a scope");
    let mut entries = vec![
        (Field::Title, "Cantine scolaire"),
        (Field::Description, "Les parents inscrivent leurs enfants à la cantine."),
        (Field::ServiceUri, "https://cantine.ville-de-lyon.fr/"),
        (Field::GoLive, "2027-09-01"),
        (Field::Volume, "300"),
        (Field::Asks(ask("identite_pivot")), "on"),
        (Field::Need(ask("identite_pivot")), "Reconnaître le parent."),
        (Field::Level, "eidas1"),
        (Field::LegalNature, "arrete"),
        (Field::LegalReference, "Arrêté du 8 novembre 2018"),
        (Field::Recipients, "Le service scolaire."),
        (Field::Retention, "12"),
        (Field::Redirects(Where::Production), "https://cantine.ville-de-lyon.fr/retour"),
        (Field::Alternative, "Le guichet de la mairie."),
        (Field::AlternativeAttested, "on"),
        (Field::DpoInformed, "on"),
        (Field::TermsAccepted, "on"),
    ];
    for person in Person::ALL {
        entries.extend([
            (Field::Contact(person, Detail::Name), "Camille Martin"),
            (Field::Contact(person, Detail::Job), "Direction"),
            (Field::Contact(person, Detail::Mail), "contact@ville-de-lyon.fr"),
            (Field::Contact(person, Detail::Phone), "06 39 98 00 00"),
        ]);
    }
    let mut form = Form::default();
    for (field, text) in entries {
        form.set(field, text).map_err(|fault| format!("{fault:?}"))?;
    }
    Ok(form)
}
