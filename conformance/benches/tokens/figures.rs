//! The figures: what was measured, as a table for people and as one line for scripts.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::{Operation, Plan};

/// The aim for the gateway's requests a CPU-second, as a share of the floor's.
const SHARE_AIM: f64 = 0.7;

/// One round of one operation through one target.
#[derive(Debug)]
pub(crate) struct Round {
    /// How many requests.
    pub(crate) count: u32,
    /// How long they took.
    pub(crate) wall: Duration,
    /// CPU time of the target.
    pub(crate) cpu: Duration,
    /// The time of each request, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// The share of all cores that went to other programs.
    pub(crate) others: f64,
}

/// One round of one operation through both.
#[derive(Debug)]
pub(crate) struct Pair {
    /// What was asked.
    pub(crate) operation: Operation,
    /// The gateway's.
    pub(crate) gateway: Round,
    /// The floor's.
    pub(crate) floor: Round,
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Figures {
    plan: Plan,
    profile: String,
    all: Vec<(&'static str, Pair)>,
    /// The machine's load average of the last minute, ours included.
    pub(crate) load_average: Option<f64>,
}

/// What a target did over all rounds.
struct Rates {
    per_cpu_second: f64,
    per_second: f64,
    p50: f64,
    p99: f64,
    others: f64,
}

impl Rates {
    fn of(rounds: &[&Round]) -> Self {
        let mut all = Histogram::<u64>::new(3).expect("three digits are fewer than five");
        for round in rounds {
            all.add(&round.latency).expect("it grows by itself");
        }
        let milliseconds = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1000.0;
        let rate = |time: fn(&Round) -> Duration| {
            median(rounds.iter().map(|round| f64::from(round.count) / time(round).as_secs_f64()))
        };
        Self {
            per_cpu_second: rate(|round| round.cpu),
            per_second: rate(|round| round.wall),
            p50: milliseconds(all.value_at_quantile(0.5)),
            p99: milliseconds(all.value_at_quantile(0.99)),
            others: median(rounds.iter().map(|round| round.others)),
        }
    }

    fn json(&self) -> Value {
        json!({
            "per_cpu_second": rounded(self.per_cpu_second), "per_second": rounded(self.per_second),
            "p50_ms": rounded(self.p50), "p99_ms": rounded(self.p99), "others_share_of_cores": rounded(self.others),
        })
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    f64::midpoint(at(sorted.len().saturating_sub(1) / 2), at(sorted.len() / 2))
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// One operation of one kind of client.
struct Row {
    client: &'static str,
    operation: Operation,
    gateway: Rates,
    floor: Rates,
}

impl Row {
    fn share(&self) -> f64 {
        self.gateway.per_cpu_second / self.floor.per_cpu_second
    }
}

impl Figures {
    /// Nothing measured yet.
    pub(crate) fn new(plan: Plan, profile: &str) -> Self {
        Self { plan, profile: profile.to_owned(), all: Vec::new(), load_average: None }
    }

    /// Adds a round of one kind of client.
    pub(crate) fn add(&mut self, client: &'static str, pairs: Vec<Pair>) {
        self.all.extend(pairs.into_iter().map(|pair| (client, pair)));
    }

    fn rows(&self) -> Vec<Row> {
        let mut clients: Vec<&'static str> = Vec::new();
        for (client, _) in &self.all {
            if !clients.contains(client) {
                clients.push(client);
            }
        }
        let each = clients.into_iter().flat_map(|client| Operation::ALL.map(|operation| (client, operation)));
        each.map(|(client, operation)| {
            let own = || self.all.iter().filter(|(of, pair)| *of == client && pair.operation == operation);
            let (gateway, floor): (Vec<_>, Vec<_>) = own().map(|(_, pair)| (&pair.gateway, &pair.floor)).unzip();
            Row { client, operation, gateway: Rates::of(&gateway), floor: Rates::of(&floor) }
        })
        .collect()
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a String takes all that is written to it");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Plan { requests, rounds, at_once } = self.plan;
        writeln!(
            out,
            "\n{rounds} rounds of {requests} of each, {at_once} at once; ES256; memory + SQLite; {}; medians",
            self.profile
        )?;
        writeln!(
            out,
            "{:24}{:>20}{:>9}{:>18}{:>18}{:>16}",
            "", "a CPU-second", "share", "p50 / p99, ms", "of the floor", "others' cores"
        )?;
        for row in self.rows() {
            let Row { client, operation, gateway, floor } = &row;
            let times = |rates: &Rates| format!("{:.2} / {:.2}", rates.p50, rates.p99);
            writeln!(
                out,
                "{:24}{:>20}{:>9.2}{:>18}{:>18}{:>16}  {}",
                format!("{}, {client}", operation.name()),
                format!("{:.0} / {:.0}", gateway.per_cpu_second, floor.per_cpu_second),
                row.share(),
                times(gateway),
                times(floor),
                format!("{:.0} / {:.0} %", gateway.others * 100.0, floor.others * 100.0),
                if row.share() >= SHARE_AIM { "met" } else { "MISSED" }
            )?;
        }
        writeln!(out, "load average at the end: {:.2}", self.load_average.unwrap_or(f64::NAN))?;
        writeln!(out, "aim: {SHARE_AIM} of the floor's requests a CPU-second")
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        let Plan { requests, rounds, at_once } = self.plan;
        let rows: Vec<Value> = self
            .rows()
            .iter()
            .map(|row| {
                json!({
                    "client": row.client, "operation": row.operation.name(), "share": rounded(row.share()),
                    "gateway": row.gateway.json(), "floor": row.floor.json(),
                })
            })
            .collect();
        json!({
            "plan": { "requests": requests, "rounds": rounds, "at_once": at_once },
            "profile": self.profile, "engines": "memory + SQLite", "rows": rows, "load_average": self.load_average,
        })
    }
}
