//! The run: rounds of each operation of each kind of client, through gateway and floor in turn, so that what else the
//! machine does falls on both.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use conformance::citizen::Citizen;
use serde_json::Value;

use crate::figures::{Figures, Pair, Round};
use crate::floor::Floor;
use crate::gauge::{self, Watch};
use crate::load::{Line, Prepared, Taken};
use crate::parties::Client;
use crate::stage::Stage;
use crate::{Operation, Plan, program};

/// Everything, in order.
pub(crate) async fn all(plan: Plan, profile: &str) -> anyhow::Result<Figures> {
    tell("building the gateway");
    let stage = Stage::set(&program::built(profile).await?).await?;
    let [Client::Secret(_), Client::Fapi(fapi)] = &stage.clients else { unreachable!("set in this order") };
    let floor = Floor::start(&fapi.service.key).await?;
    let bench = Bench {
        gateway: (Line::to(stage.gateway.issuer())?, stage.gateway.process.id()),
        floor: (Line::to(&floor.base)?, floor.process.id()),
        stage: &stage,
        at_once: plan.at_once,
    };
    let mut citizens = Vec::new();
    for client in &stage.clients {
        let mut citizen = client.known_citizen().await?;
        // A few requests that count for nothing; the first ID token is verified as a service would.
        let warm = bench.round(client, &mut citizen, 50).await?;
        let id_token = warm.tokens.first().and_then(|tokens| tokens["id_token"].as_str()).context("an ID token")?;
        let claims = client.party().verify_jwt(id_token).await?;
        ensure!(claims["sub"].is_string(), "an ID token without a subject");
        citizens.push(citizen);
    }
    let mut figures = Figures::new(plan, profile);
    for number in 1..=plan.rounds {
        for (client, citizen) in stage.clients.iter().zip(&mut citizens) {
            tell(&format!("round {number} of {}, {}", plan.rounds, client.name()));
            figures.add(client.name(), bench.round(client, citizen, plan.requests).await?.pairs);
        }
    }
    figures.load_average = gauge::load_average();
    Ok(figures)
}

pub(crate) fn tell(what: &str) {
    eprintln!("tokens: {what}");
}

struct Bench<'a> {
    gateway: (Line, u32),
    floor: (Line, u32),
    stage: &'a Stage,
    at_once: u32,
}

/// What a round gave.
struct Measured {
    pairs: Vec<Pair>,
    tokens: Vec<Value>,
}

impl Bench<'_> {
    /// Every operation of one kind of client, `count` times.
    async fn round(&self, client: &Client, citizen: &mut Citizen, count: u32) -> anyhow::Result<Measured> {
        let codes = client.codes(citizen, count).await?;
        self.stage.quiet().await?;
        let redemptions = codes.iter().map(|code| client.redemption(code)).collect();
        let (token, tokens) = self.measure(redemptions).await?;
        let texts: Vec<&str> = tokens.iter().filter_map(|tokens| tokens["access_token"].as_str()).collect();
        let mut pairs = vec![token];
        for operation in [Operation::Userinfo, Operation::Introspection, Operation::Push] {
            pairs.push(self.measure(prepared(operation, client, &texts)).await?.0);
        }
        Ok(Measured { pairs, tokens })
    }

    async fn measure(&self, requests: Vec<Prepared>) -> anyhow::Result<(Pair, Vec<Value>)> {
        let operation = requests.first().context("requests")?.operation;
        let (gateway, answers) = self.fire(&self.gateway, requests.clone()).await?;
        let (floor, _) = self.fire(&self.floor, requests).await?;
        Ok((Pair { operation, gateway, floor }, answers))
    }

    async fn fire(&self, (line, id): &(Line, u32), requests: Vec<Prepared>) -> anyhow::Result<(Round, Vec<Value>)> {
        let count = u32::try_from(requests.len())?;
        let (watch, before) = (Watch::start(*id)?, cpu_of_threads(*id)?);
        let Taken { wall, latency, answers } = line.fire(requests, self.at_once).await?;
        let cpu = cpu_of_threads(*id)?.saturating_sub(before);
        Ok((Round { count, wall, cpu, latency, others: watch.others(*id)? }, answers))
    }
}

/// CPU time of a process to the nanosecond (`schedstat`), of the threads that live: one that ended took its time along.
fn cpu_of_threads(id: u32) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
        // One may end while the others are read.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let first = text.split(' ').next().context("a thread has a time")?;
        sum += Duration::from_nanos(first.parse()?);
    }
    Ok(sum)
}

/// What `operation` sends for each of these tokens.
pub(crate) fn prepared(operation: Operation, client: &Client, tokens: &[&str]) -> Vec<Prepared> {
    let one = |token: &&str| match operation {
        Operation::Userinfo => client.userinfo(token),
        Operation::Introspection => client.introspection(token),
        Operation::Push | Operation::Token => client.pushed(),
    };
    tokens.iter().map(one).collect()
}
