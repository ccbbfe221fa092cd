//! The figures: what was measured, as a table for people and as one line for scripts.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::Plan;
use crate::gauge::Memory;

/// The aim for an idle gateway, in MiB.
const IDLE_AIM: f64 = 35.0;
/// The aim from the start to the first answer, in milliseconds.
const READY_AIM: f64 = 200.0;
/// The aim for the gateway's logins a CPU-second, as a share of the floor's.
const SHARE_AIM: f64 = 0.5;

/// One start of the gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// From the start of the process to the first answer of discovery.
    pub(crate) wall: Duration,
}

/// One round through one target.
#[derive(Debug)]
pub(crate) struct Round {
    /// How many logins.
    pub(crate) logins: u32,
    /// How long they took.
    pub(crate) wall: Duration,
    /// CPU time of the target, the notices included.
    pub(crate) cpu: Duration,
    /// How long after the last login the last notice came.
    pub(crate) notices: Duration,
    /// The time of each login, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// The share of all cores that went to other programs.
    pub(crate) others: f64,
}

impl Round {
    fn per_second(&self) -> f64 {
        f64::from(self.logins) / self.wall.as_secs_f64()
    }

    fn per_cpu_second(&self) -> f64 {
        f64::from(self.logins) / self.cpu.as_secs_f64()
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Figures {
    plan: Plan,
    profile: String,
    engines: String,
    /// The start on an empty data folder, which makes the signing keys.
    pub(crate) first_start: Option<Start>,
    /// The starts after it.
    pub(crate) starts: Vec<Start>,
    /// The gateway before its first request but discovery.
    pub(crate) idle: Option<Memory>,
    /// The gateway after the last round.
    pub(crate) loaded: Option<Memory>,
    /// The floor before its first request.
    pub(crate) floor_idle: Option<Memory>,
    /// The floor after the last round.
    pub(crate) floor_loaded: Option<Memory>,
    /// Threads of the idle gateway.
    pub(crate) threads: usize,
    /// Rounds through the gateway.
    pub(crate) gateway: Vec<Round>,
    /// Rounds through the floor.
    pub(crate) floor: Vec<Round>,
    /// The machine's load average of the last minute, ours included.
    pub(crate) load_average: Option<f64>,
}

/// The best and the median of some numbers.
#[derive(Debug, Clone, Copy)]
struct Summary {
    best: f64,
    median: f64,
}

impl Summary {
    /// Of numbers of which the larger is the better.
    fn of_rates(numbers: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        let last = sorted.len().saturating_sub(1);
        Self { best: at(last), median: f64::midpoint(at(last / 2), at(sorted.len() / 2)) }
    }

    /// Of numbers of which the smaller is the better.
    fn of_times(numbers: impl Iterator<Item = f64>) -> Self {
        let Self { best, median } = Self::of_rates(numbers.map(|number| -number));
        Self { best: -best, median: -median }
    }

    fn json(self) -> Value {
        json!({ "best": rounded(self.best), "median": rounded(self.median) })
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// What a target did, over all its rounds.
struct Rates {
    wall: Summary,
    cpu: Summary,
    p50: f64,
    p99: f64,
    max: f64,
    notices: f64,
    others: f64,
    each: Vec<f64>,
}

impl Rates {
    fn of(rounds: &[Round]) -> Self {
        let mut all = Histogram::<u64>::new(3).expect("three digits are fewer than five");
        for round in rounds {
            all.add(&round.latency).expect("it grows by itself");
        }
        let milliseconds = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1000.0;
        Self {
            wall: Summary::of_rates(rounds.iter().map(Round::per_second)),
            cpu: Summary::of_rates(rounds.iter().map(Round::per_cpu_second)),
            p50: milliseconds(all.value_at_quantile(0.5)),
            p99: milliseconds(all.value_at_quantile(0.99)),
            max: milliseconds(all.max()),
            each: rounds.iter().map(|round| rounded(round.per_cpu_second())).collect(),
            notices: Summary::of_times(rounds.iter().map(|round| round.notices.as_secs_f64())).median,
            others: Summary::of_rates(rounds.iter().map(|round| round.others)).median,
        }
    }

    fn json(&self) -> Value {
        json!({
            "logins_per_second": self.wall.json(), "logins_per_cpu_second": self.cpu.json(),
            "logins_per_cpu_second_of_each_round": self.each,
            "p50_ms": rounded(self.p50), "p99_ms": rounded(self.p99), "max_ms": rounded(self.max),
            "notices_after_s": rounded(self.notices), "others_share_of_cores": rounded(self.others),
        })
    }
}

impl Figures {
    /// Nothing measured yet.
    pub(crate) fn new(plan: Plan, profile: &str, engines: String) -> Self {
        Self {
            plan,
            profile: profile.to_owned(),
            engines,
            first_start: None,
            starts: Vec::new(),
            idle: None,
            loaded: None,
            floor_idle: None,
            floor_loaded: None,
            threads: 0,
            gateway: Vec::new(),
            floor: Vec::new(),
            load_average: None,
        }
    }

    fn ready(&self) -> Summary {
        Summary::of_times(self.starts.iter().map(|start| start.wall.as_secs_f64() * 1000.0))
    }

    /// The gateway's logins a CPU-second as a share of the floor's.
    fn share(&self) -> Summary {
        let (gateway, floor) = (Rates::of(&self.gateway).cpu, Rates::of(&self.floor).cpu);
        Summary { best: gateway.best / floor.best, median: gateway.median / floor.median }
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        self.written().expect("a String takes all that is written to it")
    }

    fn written(&self) -> Result<String, std::fmt::Error> {
        let (gateway, floor) = (Rates::of(&self.gateway), Rates::of(&self.floor));
        let Plan { signature, citizens, logins, rounds, .. } = self.plan;
        let signed = signature.algorithm().name();
        let mut out = String::new();
        writeln!(
            out,
            "\nFull logins: {rounds} rounds of {logins}, {citizens} at once; {signed}; {}; {}",
            self.engines, self.profile
        )?;
        writeln!(out, "{:34}{:>21}{:>21}", "", "gateway", "floor")?;
        writeln!(out, "{:34}{:>21}{:>21}", "", "best    median", "best    median")?;
        for (name, pick) in [
            ("logins a CPU-second", (|rates: &Rates| rates.cpu) as fn(&Rates) -> Summary),
            ("logins a second", |rates| rates.wall),
        ] {
            let cell = |rates: &Rates| format!("{:.0} {:>9.0}", pick(rates).best, pick(rates).median);
            writeln!(out, "{name:34}{:>21}{:>21}", cell(&gateway), cell(&floor))?;
        }
        let of = |rates: &Rates| format!("{:.1} / {:.1} / {:.1}", rates.p50, rates.p99, rates.max);
        writeln!(out, "{:34}{:>21}{:>21}", "p50 / p99 / max of a login, ms", of(&gateway), of(&floor))?;
        writeln!(out, "{:34}{:>21.1}", "last notice after last login, s", gateway.notices)?;
        let memory = |memory: Option<Memory>, pick: fn(Memory) -> u64| format!("{:.1}", mib(memory.map(pick)));
        for (name, own, other, pick) in [
            ("resident idle, MiB", self.idle, self.floor_idle, (|m| m.resident) as fn(Memory) -> u64),
            ("peak, MiB", self.loaded, self.floor_loaded, |m| m.peak),
        ] {
            writeln!(out, "{name:34}{:>21}{:>21}", memory(own, pick), memory(other, pick))?;
        }
        let (share, ready) = (self.share(), self.ready());
        writeln!(out, "{:34}{:>12.0} {:>8.0}", "start to discovery, ms", ready.best, ready.median)?;
        let first = self.first_start.map_or(f64::NAN, |start| start.wall.as_secs_f64() * 1000.0);
        writeln!(out, "{:34}{first:>21.0}", "  the very first (keys, schema)")?;
        writeln!(out, "{:34}{:>21}", "threads idle", self.threads)?;
        let others = format!("{:.0} %", gateway.others * 100.0);
        let others_of_floor = format!("{:.0} %", floor.others * 100.0);
        writeln!(out, "{:34}{others:>21}{others_of_floor:>21}", "cores taken by other programs")?;
        writeln!(out, "{:34}{:>21.2}", "load average at the end", self.load_average.unwrap_or(f64::NAN))?;
        writeln!(out)?;
        let word = |met: bool| if met { "met" } else { "MISSED" };
        let idle = mib(self.idle.map(|memory| memory.resident));
        writeln!(out, "aim: idle below {IDLE_AIM} MiB: {idle:.1}, {}", word(idle < IDLE_AIM))?;
        writeln!(out, "aim: ready in {READY_AIM} ms: {:.0}, {}", ready.median, word(ready.median <= READY_AIM))?;
        let met = word(share.median >= SHARE_AIM);
        writeln!(
            out,
            "aim: half of the floor's logins a CPU-second: {:.2} (best {:.2}), {met}",
            share.median, share.best
        )?;
        Ok(out)
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        let memory = |memory: Option<Memory>, pick: fn(Memory) -> u64| rounded(mib(memory.map(pick)));
        let Plan { signature, citizens, logins, rounds, starts } = self.plan;
        json!({
            "plan": { "citizens": citizens, "logins": logins, "rounds": rounds, "starts": starts },
            "profile": self.profile,
            "engines": self.engines,
            "signature": signature.algorithm().name(),
            "gateway": Rates::of(&self.gateway).json(),
            "floor": Rates::of(&self.floor).json(),
            "share_of_floor_per_cpu_second": self.share().json(),
            "ready_ms": self.ready().json(),
            "first_start_ms": self.first_start.map(|start| rounded(start.wall.as_secs_f64() * 1000.0)),
            "idle_mib": memory(self.idle, |memory| memory.resident),
            "after_mib": memory(self.loaded, |memory| memory.resident),
            "peak_mib": memory(self.loaded, |memory| memory.peak),
            "floor_idle_mib": memory(self.floor_idle, |memory| memory.resident),
            "floor_peak_mib": memory(self.floor_loaded, |memory| memory.peak),
            "threads": self.threads,
            "load_average": self.load_average,
        })
    }
}

/// MiB of KiB.
fn mib(kib: Option<u64>) -> f64 {
    kib.and_then(|kib| u32::try_from(kib).ok()).map_or(f64::NAN, |kib| f64::from(kib) / 1024.0)
}
