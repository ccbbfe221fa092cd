//! Brings organisations and services into a registry, for stories and benches that need them there and not how they came:
//! what is sealed is sealed by the code that the gateway runs.
//!
//! ```text
//! crowd (FILE | postgres://…) MASTER_KEY_FILE PARTNER < lines      a line: SIRET<TAB>name[<TAB>client_id]
//! crowd (FILE | postgres://…) MASTER_KEY_FILE PARTNER SERVICES SIGN_INS
//! ```
//!
//! Each organisation has the partner for its admin. A client that is named is granted to it what it has now. With two numbers,
//! so many organisations come, each with a service and a request that waits, and ninety days of so many sign-ins ([`fill`]).

mod fill;

use std::error::Error;
use std::io::BufRead as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::habilitation::acting::Author;
use domain::habilitation::grant::Habilitation;
use domain::habilitation::switches::Deed;
use domain::id::{ClientId, HabilitationId, PartnerId};
use domain::organisation::siret::Siret;
use domain::partners::organisation::{Belonging, Organisation, OrganisationKind};
use domain::people::name::Name;
use domain::secret::from_base64url;
use domain::time::Timestamp;
use store::registry::{Location, Registry};
use store::seal::Vault;

#[expect(clippy::disallowed_methods, reason = "what is made up here ends now")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, key, partner, numbers @ ..] = arguments.as_slice() else {
        return Err("REGISTRY MASTER_KEY_FILE PARTNER [SERVICES SIGN_INS]".into());
    };
    let key = from_base64url(std::fs::read_to_string(key)?.trim()).ok_or("the master key is not base64url")?;
    let vault = Vault::new(key.as_slice().try_into()?);
    let location = if place.starts_with("postgres") {
        Location::Postgres(place.clone().into())
    } else {
        Location::Sqlite(Path::new(place).to_owned())
    };
    let registry = Registry::open(&location, Arc::new(vault)).await?;
    let partner = PartnerId::parse(partner).map_err(|_| "no id of a partner")?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = Timestamp::from_epoch(i64::try_from(seconds)?);
    if let [services, sign_ins] = numbers {
        fill::fill(&registry, place, &partner, (services.parse()?, sign_ins.parse()?), now).await?;
        registry.close().await;
        return Ok(());
    }
    for line in std::io::stdin().lock().lines() {
        bring(&registry, &line?, &partner, now).await?;
    }
    registry.close().await;
    Ok(())
}

async fn bring(registry: &Registry, line: &str, partner: &PartnerId, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let mut cells = line.split('\t');
    let siret = Siret::parse(cells.next().unwrap_or_default()).map_err(|fault| format!("{line}: {fault:?}"))?;
    let name = cells.next().ok_or("a name is missing")?;
    let organisation = organisation(siret, name, now)?;
    let _ = registry.insert_organisation(&organisation, partner, now).await?;
    let Some(client) = cells.next() else { return Ok(()) };
    let client = ClientId::parse(client).map_err(|fault| format!("{line}: {fault:?}"))?;
    let held = registry.client(&client).await?.and_then(|registered| registered.habilitation);
    let held = held.ok_or("there is no such client with a habilitation")?;
    let own = Habilitation { id: HabilitationId::from_random(random()?), organisation: Some(siret), ..held };
    let _ = registry.grant_habilitation(&client, &own, &Deed { by: Author::Operator, why: None }, now).await?;
    Ok(())
}

fn organisation(siret: Siret, name: &str, now: Timestamp) -> Result<Organisation, Box<dyn Error>> {
    Ok(Organisation {
        siret,
        name: Name::parse(name).map_err(|fault| format!("{name}: {fault:?}"))?,
        kind: OrganisationKind::Commune,
        commune: None,
        belonging: Belonging::Unverified,
        since: now,
    })
}

fn random<const N: usize>() -> Result<[u8; N], Box<dyn Error>> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}
