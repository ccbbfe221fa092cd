//! `idp agents`: the agents of communes, as the operator sees them: the first admin of each comes by this way. Every change
//! is journalled.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::cnie::case::PersonMark;
use domain::id::AgentId;
use domain::identity::pivot::Birthdate;
use domain::people::agent::{Agent, AgentState, Period, Role, Roles, Terms};
use domain::people::name::{MailAddress, Name};
use domain::people::team::{By, Change, Newcomer, Team};
use domain::time::{Lifetime, Timestamp};
use serde_json::{Value, json};
use store::registry::{Post, Registry, TeamVersion};

use super::{Bench, communes};
use crate::cnie::card_secret;
use crate::pages::paris;
use crate::people::input;
use crate::people::invite::{Invited, Office};
use crate::serve;

/// How long an admin is authorised whom the operator invites without dates: a year, to the day.
const YEAR: Lifetime = Lifetime::seconds(366 * 86_400);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Invite an agent: prints the link, and mails it
    Invite {
        /// The INSEE code of their commune
        #[arg(long, value_name = "CODE")]
        commune: String,
        /// Their name
        #[arg(long)]
        name: String,
        /// Where they are written to
        #[arg(long)]
        mail: String,
        /// They look after agents and readers
        #[arg(long)]
        admin: bool,
        /// They certify at the desk; the default without --admin
        #[arg(long)]
        agent: bool,
        #[command(flatten)]
        dates: Dates,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the agents of a commune
    List {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE")]
        commune: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the dates of an agent; those that are not given stay
    Set {
        /// The agent
        #[arg(allow_hyphen_values = true)]
        id: String,
        #[command(flatten)]
        dates: Dates,
    },
    /// Withdraw the passkeys of an agent and invite them anew: prints the link, and mails it
    Renew {
        /// The agent
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Put right what an agent declared of who they are, so that they never certify themselves
    Correct {
        /// The agent
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Their birth name
        #[arg(long, value_name = "NAME")]
        birth_name: String,
        /// Their date of birth, YYYY-MM-DD; of a date that is known in part, the parts
        #[arg(long, value_name = "DAY")]
        birthdate: String,
    },
    /// Remove an agent, at once and for good
    Remove {
        /// The agent
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

/// When an agent was trained, and when they may act.
#[derive(Debug, Args)]
pub(super) struct Dates {
    /// The day of their training, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    trained: Option<String>,
    /// The first day of their authorisation, YYYY-MM-DD; today, for an admin, without
    #[arg(long, value_name = "DAY", requires = "until")]
    from: Option<String>,
    /// The last day of their authorisation, YYYY-MM-DD; a year from now, for an admin, without
    #[arg(long, value_name = "DAY", requires = "from")]
    until: Option<String>,
}

impl Dates {
    fn read(&self) -> anyhow::Result<(Option<Timestamp>, Option<Period>)> {
        let trained = self.trained.as_deref().map(communes::first_day).transpose()?;
        let authorised = input::authorised(self.from.as_deref(), self.until.as_deref());
        let authorised =
            authorised.map_err(|_| anyhow::anyhow!("--from and --until are days, the first before the last"))?;
        Ok((trained, authorised))
    }
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::Invite { commune, name, mail, admin, agent, dates, json } => {
            let roles = [(admin, Role::CommuneAdmin), (agent || !admin, Role::Agent)];
            let roles = Roles::of(roles.into_iter().filter(|(asked, _)| *asked).map(|(_, role)| role));
            match roles {
                Ok(roles) => invite(bench, &registry, (&commune, &name, &mail), roles, &dates).await.map(|invited| {
                    told_link(bench, &invited, json);
                }),
                Err(error) => Err(error.into()),
            }
        }
        Command::List { commune, json } => list(bench, &registry, &commune, json).await,
        Command::Set { id, dates } => set(bench, &registry, &id, &dates).await,
        Command::Renew { id } => renew(bench, &registry, &id).await,
        Command::Correct { id, birth_name, birthdate } => {
            correct(bench, &registry, &id, (&birth_name, &birthdate)).await
        }
        Command::Remove { id } => remove(bench, &registry, &id).await,
    };
    registry.close().await;
    outcome
}

async fn invite<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    (commune, name, mail): (&str, &str, &str),
    roles: Roles,
    dates: &Dates,
) -> anyhow::Result<Invited> {
    let now = bench.clock.now();
    let (trained, mut authorised) = dates.read()?;
    if authorised.is_none() && roles.has(Role::CommuneAdmin) {
        authorised = Some(Period::new(now, now.plus(YEAR))?);
    }
    let newcomer = Newcomer {
        name: Name::parse(name)?,
        mail: MailAddress::parse(mail).with_context(|| mail.to_owned())?,
        terms: Terms { roles, trained, authorised },
    };
    let commune = communes::find(registry, commune).await?;
    let team = registry.team(&commune.code).await?.context("the commune went away")?;
    Ok(office(bench, registry)?.invite(&team, By::Operator, newcomer).await?)
}

fn told_link<W: Write>(bench: &mut Bench<'_, W>, invited: &Invited, json: bool) {
    let Invited { agent, link } = invited;
    if json {
        bench.say_json(&json!({"id": agent.id, "link": link}));
        return;
    }
    let dates = agent.terms.authorised.map_or_else(
        || "not authorised yet: `idp agents set`, or their admin's page".to_owned(),
        |period| format!("authorised {} to {}", paris::written(period.from()), last_day(period)),
    );
    bench.say(&format!(
        "invited {} ({}), {dates}\nagent  {}\nlink   {link}   (opens once, within 7 days)",
        agent.name, agent.mail, agent.id
    ));
}

async fn list<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    commune: &str,
    json: bool,
) -> anyhow::Result<()> {
    let commune = communes::find(registry, commune).await?;
    let (team, _) = registry.team(&commune.code).await?.context("the commune went away")?;
    if json {
        bench.say_json(&team.agents.iter().map(summary).collect());
        return Ok(());
    }
    for agent in &team.agents {
        let dates = agent
            .terms
            .authorised
            .map_or_else(String::new, |period| format!("{} to {}", paris::written(period.from()), last_day(period)));
        let line =
            format!("{} {:<8} {:<12} {:<24} {}", agent.id, state_name(agent.state), roles(agent), dates, agent.name);
        bench.say(&line);
    }
    Ok(())
}

async fn set<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str, dates: &Dates) -> anyhow::Result<()> {
    let (team, agent) = find(registry, id).await?;
    let (trained, authorised) = dates.read()?;
    if trained.is_none() && authorised.is_none() {
        bail!("nothing to change: give --trained, or --from and --until");
    }
    let terms = Terms {
        roles: agent.terms.roles,
        trained: trained.or(agent.terms.trained),
        authorised: authorised.or(agent.terms.authorised),
    };
    let changed = office(bench, registry)?.change(&team, By::Operator, &agent.id, Change::Terms(terms)).await?;
    bench.say_json(&summary(&changed));
    Ok(())
}

async fn renew<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let (team, agent) = find(registry, id).await?;
    let invited = office(bench, registry)?.renew(&team, By::Operator, &agent.id).await?;
    told_link(bench, &invited, false);
    Ok(())
}

async fn correct<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    id: &str,
    (surname, born): (&str, &str),
) -> anyhow::Result<()> {
    let (team, agent) = find(registry, id).await?;
    let born = Birthdate::parse(born).ok().with_context(|| format!("{born:?} is no date of birth"))?;
    let secret = card_secret(&*serve::vault(&bench.config, bench.random)?);
    let person = PersonMark::declared(surname, born, &secret).context("no name that a card could hold")?;
    let corrected = office(bench, registry)?.correct(&team, By::Operator, &agent.id, person).await?;
    bench.say(&format!("what {} declared is corrected", corrected.id));
    Ok(())
}

async fn remove<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let (team, agent) = find(registry, id).await?;
    let gone = office(bench, registry)?.change(&team, By::Operator, &agent.id, Change::Remove).await?;
    bench.say(&format!("{} is removed", gone.id));
    Ok(())
}

async fn find(registry: &Registry, id: &str) -> anyhow::Result<((Team, TeamVersion), Agent)> {
    let unknown = || format!("there is no agent {id:?}");
    let id = AgentId::parse(id).ok().with_context(unknown)?;
    let Post { agent, .. } = registry.post(&id).await?.with_context(unknown)?;
    let team = registry.team(&agent.commune).await?.with_context(unknown)?;
    Ok((team, agent))
}

fn office<'a, W: Write>(bench: &'a Bench<'_, W>, registry: &'a Registry) -> anyhow::Result<Office<'a>> {
    let desk = bench.config.desk.as_ref().context("there is no desk: give `desk.origin` in the configuration")?;
    Ok(Office { registry, origin: &desk.origin, random: bench.random, now: bench.clock.now() })
}

fn last_day(period: Period) -> String {
    paris::written(Timestamp::from_epoch(period.until().epoch() - 1))
}

fn roles(agent: &Agent) -> &'static str {
    match (agent.terms.roles.has(Role::Agent), agent.terms.roles.has(Role::CommuneAdmin)) {
        (true, true) => "agent,admin",
        (false, true) => "admin",
        (true | false, false) => "agent",
    }
}

const fn state_name(state: AgentState) -> &'static str {
    match state {
        AgentState::Invited => "invited",
        AgentState::Active => "active",
        AgentState::Removed => "removed",
    }
}

fn summary(agent: &Agent) -> Value {
    let Terms { trained, authorised, .. } = &agent.terms;
    json!({
        "id": agent.id, "commune": agent.commune, "name": agent.name, "mail": agent.mail, "roles": roles(agent),
        "state": state_name(agent.state), "trained": trained.map(paris::written),
        "from": authorised.map(|period| paris::written(period.from())), "until": authorised.map(last_day),
    })
}
