//! What Linux counts: a process's CPU time and memory, and what else kept the machine busy.

use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Ticks a second of the times in `/proc`: fixed at 100 for programs (proc(5), `USER_HZ`).
const TICKS: u32 = 100;

/// CPU time of a process so far, user and system, all threads. Counted in steps of 10 ms.
pub(crate) fn cpu(id: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name may hold anything, so fields are counted from its last parenthesis: utime is 14, stime 15.
    let (_, fields) = stat.rsplit_once(") ").context("a process has a name")?;
    let mut times = fields.split(' ').skip(11).take(2);
    let mut next = || times.next()?.parse().ok();
    let (user, system): (u32, u32) = next().zip(next()).context("a process has times")?;
    Ok(ticks(user.saturating_add(system)))
}

fn ticks(count: u32) -> Duration {
    Duration::from_secs(1) * count / TICKS
}

/// Resident memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// The most since it started.
    pub(crate) peak: u64,
}

/// Memory of a process (`VmRSS`, `VmHWM`).
pub(crate) fn memory(id: u32) -> anyhow::Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let (resident, peak) = line("VmRSS").zip(line("VmHWM")).context("a process has memory")?;
    Ok(Memory { resident, peak })
}

/// Threads of a process.
pub(crate) fn threads(id: u32) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{id}/task"))?.count())
}

/// The load average of the last minute.
pub(crate) fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// A moment, to tell later how busy others kept the machine since.
#[derive(Debug)]
pub(crate) struct Watch {
    since: Instant,
    busy: Duration,
    own: Duration,
    cores: u32,
}

impl Watch {
    /// From now on; `id` is the process under measure, ours beside this one.
    pub(crate) fn start(id: u32) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        Ok(Self { since: Instant::now(), busy: busy()?, own: own(id)?, cores })
    }

    /// The share of all cores, 0 to 1, that went to other programs since.
    pub(crate) fn others(&self, id: u32) -> anyhow::Result<f64> {
        let whole = self.since.elapsed().as_secs_f64() * f64::from(self.cores);
        let (busy, own) = (busy()?.saturating_sub(self.busy), own(id)?.saturating_sub(self.own));
        Ok((busy.saturating_sub(own).as_secs_f64() / whole).clamp(0.0, 1.0))
    }
}

fn own(id: u32) -> anyhow::Result<Duration> {
    Ok(cpu(id)? + cpu(std::process::id())?)
}

/// What all cores did but wait, since the machine started: user, nice, system, irq, softirq, steal.
fn busy() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let fields: Vec<u32> = stat.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
    let counted = fields.iter().enumerate().filter(|(place, _)| matches!(place, 0..=2 | 5..=7)).map(|(_, ticks)| ticks);
    Ok(ticks(counted.fold(0, |sum, ticks| sum.saturating_add(*ticks))))
}
