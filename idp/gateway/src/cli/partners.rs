//! `idp partners`: the people of the partners' space, as the operator sees them: the operator's first admin comes by this
//! way. Every change is journalled.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::id::PartnerId;
use domain::notice::PartnerMessage;
use domain::organisation::siret::Siret;
use domain::partners::organisation::{Belonging, Organisation};
use domain::partners::partner::{Partner, PartnerState};
use domain::partners::role::{OperatorRole, OperatorRoles, Seat, TeamName};
use domain::partners::team::By;
use domain::people::name::MailAddress;
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{Registry, Released, Releasing, Updated};

use super::Bench;
use crate::partners::office::Office;
use crate::partners::release::letters;
use crate::partners::routes;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the partners
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Invite somebody to act for the operator: prints the link, and mails it
    InviteOperator {
        /// Where they are written to
        #[arg(long)]
        mail: String,
        /// What they are: admin, instructor, reporter or prefecture:CODE; may be given several times
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an account, at once and for good
    Remove {
        /// The partner
        id: String,
    },
    /// Take an organisation that nothing proves from whoever brought it in: its SIRET is free again, or its right people's
    ReleaseOrganisation {
        /// Its SIRET
        siret: String,
        /// The account, by its mail address, that administers it from now on; what this command says of it is the proof
        #[arg(long, value_name = "MAIL")]
        to: Option<String>,
    },
    /// Print the table of routes: method, path, permission and the roles that hold it
    Routes {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    if let Command::Routes { json } = command {
        print_routes(bench, json);
        return Ok(());
    }
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::List { json } => list(bench, &registry, json).await,
        Command::InviteOperator { mail, roles, json } => invite(bench, &registry, (&mail, &roles), json).await,
        Command::Remove { id } => remove(bench, &registry, &id).await,
        Command::ReleaseOrganisation { siret, to } => release(bench, &registry, &siret, to.as_deref()).await,
        Command::Routes { .. } => Ok(()),
    };
    registry.close().await;
    outcome
}

async fn invite<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (mail, roles): (&str, &[String]),
    json: bool,
) -> anyhow::Result<()> {
    let place = bench.config.partners.as_ref().context("there is no `partners.origin` in the configuration")?;
    let mail = MailAddress::parse(mail).with_context(|| mail.to_owned())?;
    let roles = roles
        .iter()
        .map(|role| OperatorRole::parse(role).with_context(|| format!("{role}: no such role")))
        .collect::<anyhow::Result<OperatorRoles>>()?;
    let team = registry.partner_team(&TeamName::Operators).await?.context("the registry has no team of operators")?;
    let office = Office { registry, origin: &place.origin, random: bench.random, now: bench.clock.now() };
    let name = bench.config.brand.name.fr.clone();
    let link = office.invite(&team, By::CommandLine, (mail, Seat::Operator(roles)), &name).await?;
    if json {
        bench.say_json(&json!({ "link": link }));
    } else {
        bench.say(&format!("invited; the link opens once, within seven days:\n{link}"));
    }
    Ok(())
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, json: bool) -> anyhow::Result<()> {
    let partners = registry.partners().await?;
    if json {
        bench.say_json(&partners.iter().map(told).collect());
        return Ok(());
    }
    for partner in &partners {
        let seats: Vec<String> =
            partner.seats().map(|seat| format!("{} ({})", seat.team().text(), seat.names().join(", "))).collect();
        let (id, name, mail, state) = (&partner.id, &partner.name, &partner.mail, state_of(partner));
        bench.say(&format!("{id}  {name} <{mail}>  {state}  {}", seats.join("; ")));
    }
    Ok(())
}

fn told(partner: &Partner) -> Value {
    let seat = |seat: Seat| json!({ "team": seat.team().text(), "roles": seat.names() });
    json!({
        "id": partner.id, "name": partner.name, "mail": partner.mail, "state": state_of(partner),
        "seats": partner.seats().map(seat).collect::<Vec<_>>(), "passkeys": partner.passkeys.len(),
        "brought_in_by": partner.lineage.partners().collect::<Vec<_>>(),
    })
}

const fn state_of(partner: &Partner) -> &'static str {
    match partner.state {
        PartnerState::Active => "active",
        PartnerState::Removed => "removed",
    }
}

async fn remove<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let id = PartnerId::parse(id).with_context(|| id.to_owned())?;
    match registry.remove_partner(&id, bench.clock.now()).await? {
        Updated::Done => bench.say("removed"),
        Updated::Missing => bail!("there is no such partner"),
    }
    Ok(())
}

async fn release<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    siret: &str,
    to: Option<&str>,
) -> anyhow::Result<()> {
    let place = bench.config.partners.as_ref().context("there is no `partners.origin` in the configuration")?;
    let siret = Siret::parse(siret).with_context(|| siret.to_owned())?;
    let heir = match to {
        None => None,
        Some(mail) => {
            let mail = MailAddress::parse(mail).with_context(|| mail.to_owned())?;
            Some(registry.partner_of(&mail).await?.with_context(|| format!("there is no account of {mail}"))?)
        }
    };
    let office = Office { registry, origin: &place.origin, random: bench.random, now: bench.clock.now() };
    let now = office.now;
    let before = registry.organisation(&siret).await?.context("there is no such organisation")?;
    let told = letters(&office, &before).await?;
    let before = match registry.release_organisation(siret, Releasing::Operator, &told, now).await? {
        Released::Done(before) => *before,
        Released::Missing => bail!("there is no such organisation"),
        Released::Not(why) => bail!("{why}"),
    };
    let Some(heir) = heir else {
        bench.say("released");
        return Ok(());
    };
    let proved = Organisation { belonging: Belonging::Accepted { at: now }, since: now, ..before };
    match registry.insert_organisation(&proved, &heir.id, now).await? {
        Put::Fresh => {
            let (name, team) = (heir.name.as_str().to_owned(), proved.name.as_str().to_owned());
            let told = office.posting(&heir.mail, PartnerMessage::OrganisationAccepted { name, team, at: now });
            registry.send(&told, now).await?;
            bench.say("released, and given to its new administrator");
        }
        Put::Taken => bail!("released; somebody else brought it in at the same moment: look, and try again"),
    }
    Ok(())
}

fn print_routes<W: Write>(bench: &mut Bench<'_, W>, json: bool) {
    let rows = routes::printed();
    if json {
        bench.say_json(&Value::Array(rows));
        return;
    }
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let roles: Vec<&str> = row["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        bench.say(&format!(
            "{:<5} {:<50} {:<22} {}",
            word("method"),
            word("path"),
            word("permission"),
            roles.join(", ")
        ));
    }
}
