//! `idp organisations`: who has a SIRET, and which communes the shipped register knows. Needs no configuration.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::organisation::register::{CommuneRecord, Grouping, Place, Register, Resolved};
use domain::organisation::siret::{NumberFault, Siren, Siret};
use domain::partners::organisation::{Belonging, Organisation, OwnDomain};
use domain::partners::role::TeamName;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::registry::{Registry, Updated};

use super::{Bench, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell who has a SIRET or SIREN, or what an INSEE code is or was
    Show {
        /// A SIRET, a SIREN, or the INSEE code of a commune
        #[arg(value_name = "SIRET|SIREN|CODE")]
        number: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List communes whose name begins so, the largest first; `Saint-Denis (974)` looks in one département
    Search {
        /// How the name begins
        name: String,
        /// How many at the most
        #[arg(long, default_value_t = 20)]
        most: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the domains of mail that are an organisation's own; needs the configuration
    Domain {
        /// Its SIRET
        siret: String,
        #[command(subcommand)]
        command: DomainCommand,
    },
    /// Tell which edition of the register this program carries
    Version {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run<W: Write>(command: Command, out: &mut W) -> Result<(), Failure> {
    let register = Register::shipped();
    let told = match command {
        Command::Show { number, json } => show(register, &number, json)?,
        Command::Search { name, most, json } => {
            let found = register.search(&name, most);
            if json {
                format!("{:#}\n", found.iter().map(described).collect::<Value>())
            } else {
                found.iter().map(|commune| line(commune) + "\n").collect()
            }
        }
        Command::Version { json } => version(register, json),
        // The program takes it to `domain`, with the configuration.
        Command::Domain { .. } => return Err(anyhow::anyhow!("the configuration is needed").into()),
    };
    Ok(out.write_all(told.as_bytes()).context("standard output")?)
}

fn show(register: &Register<'_>, number: &str, json: bool) -> anyhow::Result<String> {
    // A code has five characters, and no number has.
    if number.trim().len() == 5 {
        return place(register, number.trim(), json);
    }
    let siren = match Siret::parse(number) {
        Ok(siret) => siret.siren(),
        Err(NumberFault::Length { seen: 9, .. }) => Siren::parse(number)?,
        Err(fault) => return Err(fault.into()),
    };
    match register.resolve(siren) {
        Resolved::Commune(commune) if json => Ok(format!("{:#}\n", described(&commune))),
        Resolved::Commune(commune) => Ok(line(&commune) + "\n"),
        Resolved::AttachedBody(body) if json => Ok(format!("{:#}\n", grouping(&body))),
        Resolved::AttachedBody(body) => {
            let (name, kind, count) = (body.name, body.kind.name(), body.communes.len());
            Ok(format!("{name}, {kind}: acts for {count} communes, SIREN {siren}\n"))
        }
        Resolved::Unknown { looks_like } => bail!("{}", unknown(register, siren, looks_like.as_ref())),
    }
}

fn unknown(register: &Register<'_>, siren: Siren, looks_like: Option<&CommuneRecord<'_>>) -> String {
    let told = format!("SIREN {siren} is not in our list of {}", register.edition().day);
    let Some(commune) = looks_like else {
        return format!("{told}: neither a commune's nor a grouping's with taxes of its own");
    };
    let own = commune.siren.map_or("has none there".to_owned(), |siren| format!("is SIREN {siren}"));
    format!("{told}: it looks like one of {} {}, which {own}; check the number", commune.code, commune.label())
}

fn place(register: &Register<'_>, code: &str, json: bool) -> anyhow::Result<String> {
    let day = register.edition().day;
    let (told, commune) = match register.place(code).with_context(|| format!("no such code in our list of {day}"))? {
        Place::Commune(commune) => (None, commune),
        Place::Arrondissement { name, commune } => (Some(("arrondissement", Some(name))), commune),
        Place::Former { name, commune } => (Some(("former", name)), commune),
    };
    if json {
        let mut shown = described(&commune);
        if let Some((what, name)) = told {
            shown["asked"] = json!({ "code": code, "is": what, "name": name });
        }
        return Ok(format!("{shown:#}\n"));
    }
    let before = match told {
        None => String::new(),
        Some((what, name)) => format!("{code} {}({what}) -> ", name.map(|name| format!("{name} ")).unwrap_or_default()),
    };
    Ok(format!("{before}{}\n", line(&commune)))
}

fn line(commune: &CommuneRecord<'_>) -> String {
    let siren = commune.siren.map_or("no SIREN in the list".to_owned(), |siren| format!("SIREN {siren}"));
    let CommuneRecord { code, name, departement, region, .. } = commune;
    format!("{code} {name}, {} ({departement}), {region}, {siren}", commune.departement_name())
}

fn described(commune: &CommuneRecord<'_>) -> Value {
    json!({
        "kind": "commune",
        "code": commune.code,
        "name": commune.name,
        "departement": { "code": commune.departement, "name": commune.departement_name() },
        "region": commune.region,
        "siren": commune.siren,
        "inhabitants": commune.inhabitants,
    })
}

fn grouping(body: &Grouping<'_>) -> Value {
    json!({
        "kind": "attached_body",
        "name": body.name,
        "form": body.kind.name(),
        "category": body.kind.category().map(|category| category.to_string()),
        "siren": body.siren,
        "communes": body.communes,
    })
}

fn version(register: &Register<'_>, json: bool) -> String {
    let (edition, communes, groupings) =
        (register.edition(), register.communes().count(), register.groupings().count());
    if json {
        let shown = json!({
            "package": edition.package,
            "version": edition.version,
            "made_on": edition.day,
            "sha256": edition.sha256,
            "communes": communes,
            "groupings": groupings,
        });
        return format!("{shown:#}\n");
    }
    let (package, version, day) = (edition.package, edition.version, edition.day);
    format!("{package} {version} of {day}: {communes} communes, {groupings} groupings\n")
}

/// `idp organisations domain`: the domains of mail that are an organisation's own. Needs the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum DomainCommand {
    /// List a domain; an organisation all of whose admins have an address there is verified
    Add {
        /// The domain
        domain: String,
    },
    /// Take a domain off the list; what it proved stays proved
    Remove {
        /// The domain
        domain: String,
    },
    /// Tell the domains
    List,
}

pub(super) async fn domain<W: Write>(
    siret: &str,
    command: DomainCommand,
    bench: &mut Bench<'_, W>,
) -> anyhow::Result<()> {
    let siret = Siret::parse(siret)?;
    let registry = bench.registry().await?;
    let told = change(&registry, siret, command, bench.clock.now()).await;
    registry.close().await;
    for line in told? {
        bench.say(&line);
    }
    Ok(())
}

async fn change(
    registry: &Registry,
    siret: Siret,
    command: DomainCommand,
    now: Timestamp,
) -> anyhow::Result<Vec<String>> {
    match command {
        DomainCommand::Add { domain } => {
            let domain = OwnDomain::parse(&domain)?;
            registry.put_organisation_domain(&siret, &domain, now).await?;
            let mut told = vec![format!("{} is of {siret}", domain.as_str())];
            if verify(registry, siret, now).await? == Updated::Done {
                told.push(format!("{siret} is verified"));
            }
            Ok(told)
        }
        DomainCommand::Remove { domain } => {
            let domain = OwnDomain::parse(&domain)?;
            registry.drop_organisation_domain(&siret, &domain).await?;
            Ok(vec![format!("{} is of {siret} no more", domain.as_str())])
        }
        DomainCommand::List => {
            let domains = registry.organisation_domains(&siret).await?;
            Ok(domains.iter().map(|domain| domain.as_str().to_owned()).collect())
        }
    }
}

/// Verifies an organisation that is here already, when all who administer it have an address at one of its domains.
async fn verify(registry: &Registry, siret: Siret, now: Timestamp) -> anyhow::Result<Updated> {
    let Some(organisation) = registry.organisation(&siret).await? else { return Ok(Updated::Missing) };
    let team = registry.partner_team(&TeamName::Organisation(siret)).await?;
    let admins = team.iter().flat_map(|(team, _)| &team.members).filter(|member| member.seat.administers());
    let domains = registry.organisation_domains(&siret).await?;
    let belonging = Belonging::by_mail(admins.map(|member| &member.mail), &domains, now);
    let accepted = Organisation { belonging, ..organisation };
    match accepted.verified() {
        Ok(_) => Ok(registry.accept_organisation(&accepted, None, &[], now).await?),
        Err(_) => Ok(Updated::Missing),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn ran(line: &[&str]) -> Result<String, String> {
        let line = Line::try_parse_from([&["organisations"], line].concat()).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        run(line.command, &mut out).map_err(|failure| failure.to_string())?;
        Ok(String::from_utf8(out).expect("text"))
    }

    fn parsed(line: &[&str]) -> Value {
        serde_json::from_str(&ran(line).expect("an answer")).expect("JSON")
    }

    #[test]
    fn a_siret_tells_its_commune() {
        let lyon = "69123 Lyon, Rhône (69), Auvergne-Rhône-Alpes, SIREN 216 901 231\n";
        for number in ["21690123100011", "216 901 231 00011", "216901231", "69123"] {
            assert_eq!(ran(&["show", number]).as_deref(), Ok(lyon), "{number}");
        }
        let told = parsed(&["show", "21690123100011", "--json"]);
        assert_eq!(
            (&told["kind"], &told["code"], &told["siren"]),
            (&json!("commune"), &json!("69123"), &json!("216901231"))
        );
        assert_eq!(told["departement"], json!({ "code": "69", "name": "Rhône" }));
    }

    #[test]
    fn a_grouping_tells_for_whom_it_acts() {
        let told = ran(&["show", "200046977"]).expect("an answer");
        assert!(told.contains("métropole de Lyon: acts for 5"), "{told}");
        let told = parsed(&["show", "200000172", "--json"]);
        assert_eq!((&told["kind"], &told["category"]), (&json!("attached_body"), &json!("7346")));
        assert!(told["communes"].as_array().expect("a list").contains(&json!("74042")));
    }

    #[test]
    fn a_number_that_is_not_there_is_answered_with_what_is_wrong() {
        for (number, told) in [
            ("", "the number is empty"),
            ("21690123100012", "one of its digits is mistyped"),
            ("2169012310001", "has 13 digits, and should have 14"),
            ("MONACOCONFO001", "of Monaco"),
            ("13002526500013", "not in our list of 2026-03-09: neither a commune's"),
            // The SIREN that Arlod had before it became a part of Valserhône.
            ("210100186", "it looks like one of 01033 Valserhône (01), which is SIREN 200 083 863; check the number"),
            ("99999", "no such code"),
        ] {
            let failure = ran(&["show", number]).expect_err("a failure");
            assert!(failure.contains(told), "{number}: {failure}");
        }
    }

    #[test]
    fn a_code_of_the_past_leads_on() {
        assert!(
            ran(&["show", "75101"])
                .expect("an answer")
                .starts_with("75101 Paris 1er Arrondissement (arrondissement) -> 75056")
        );
        assert!(ran(&["show", "20004"]).expect("an answer").starts_with("20004 (former) -> 2A004 Ajaccio"));
        assert_eq!(parsed(&["show", "20004", "--json"])["asked"]["is"], "former");
    }

    #[test]
    fn communes_are_found_by_name() {
        let told = ran(&["search", "st denis", "--most", "2"]).expect("an answer");
        let codes: Vec<_> = told.lines().map(|line| &line[..5]).collect();
        assert_eq!(codes, ["97411", "93066"]);
        assert_eq!(parsed(&["search", "Saint-Denis (93)", "--json"])[0]["code"], "93066");
        assert_eq!(ran(&["search", "no such commune"]).as_deref(), Ok(""));
    }

    #[test]
    fn the_edition_is_told() {
        assert_eq!(parsed(&["version", "--json"])["version"], "6.0.0");
        let told = ran(&["version"]).expect("an answer");
        assert!(told.contains("6.0.0 of 2026-03-09: 34969 communes, 1266 groupings"), "{told}");
    }
}
