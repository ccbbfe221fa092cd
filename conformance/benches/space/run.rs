//! The exchanges, one after the other: each page in turn, and the floor beside it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;

use crate::stage::{self, Stage};

/// Rounds before any is counted.
const WARM_UP: usize = 20;

/// Times in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
}

/// What was found of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// From the request to the last octet of the answer.
    pub(crate) whole: Times,
    /// What the gateway's process computed meanwhile, whatever else the machine did; an engine of its own not counted.
    pub(crate) computed: Times,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) floor: Times,
    pub(crate) pages: Vec<Page>,
}

/// Microseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn ms(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

/// Asks for each page as often.
pub(crate) fn all(stage: &Stage, pages: &[stage::Page], tries: usize) -> anyhow::Result<Found> {
    let mut stream = TcpStream::connect(("127.0.0.1", stage.port()))?;
    stream.set_nodelay(true)?;
    let mut floor = histogram()?;
    let mut times = pages.iter().map(|_| Ok((histogram()?, histogram()?))).collect::<anyhow::Result<Vec<_>>>()?;
    let mut answer = Vec::with_capacity(256 * 1024);
    for round in 0..WARM_UP + tries {
        for (page, times) in pages.iter().zip(&mut times) {
            let before = computed(stage.server())?;
            let took = timed(&mut stream, &page.request, &mut answer).with_context(|| page.route.clone())?;
            let after = computed(stage.server())?;
            let bare = timed(&mut stream, stage.floor(), &mut answer)?;
            if round >= WARM_UP {
                times.0.record(took)?;
                times.1.record(after.saturating_sub(before))?;
                floor.record(bare)?;
            }
        }
    }
    let page = |(whole, computed): &(_, _)| Page { whole: read(whole), computed: read(computed) };
    Ok(Found { floor: read(&floor), pages: times.iter().map(page).collect() })
}

/// One exchange, which must be a page: microseconds.
fn timed(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> anyhow::Result<u64> {
    let since = Instant::now();
    let status = exchange(stream, request, answer)?;
    let took = u64::try_from(since.elapsed().as_micros())?;
    ensure!(status == 200, "{}", String::from_utf8_lossy(answer));
    Ok(took)
}

/// What the threads of a process computed so far, in microseconds.
fn computed(process: u32) -> anyhow::Result<u64> {
    let mut nanoseconds = 0_u64;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread that ended meanwhile has nothing to say.
        let Ok(told) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let spent: u64 = told.split(' ').next().context("time on a processor")?.parse()?;
        nanoseconds = nanoseconds.saturating_add(spent);
    }
    Ok(nanoseconds / 1_000)
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}

fn read(times: &Histogram<u64>) -> Times {
    Times { p50: times.value_at_quantile(0.5), p99: times.value_at_quantile(0.99) }
}

/// One exchange over a kept connection; the status.
pub(crate) fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> anyhow::Result<u16> {
    stream.write_all(request)?;
    answer.clear();
    let mut whole = None;
    let mut buffer = vec![0; 64 * 1024];
    while whole.is_none_or(|whole| answer.len() < whole) {
        let read = stream.read(&mut buffer)?;
        ensure!(read > 0, "the gateway closed the connection: {}", String::from_utf8_lossy(answer));
        answer.extend_from_slice(&buffer[..read]);
        if whole.is_none() {
            whole = length(answer)?;
        }
    }
    std::str::from_utf8(&answer[9..12])?.parse().context("a status")
}

/// How long the answer is with its head, once that has come.
fn length(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let body = head.lines().find_map(|line| line.strip_prefix("content-length:")).context("a length")?;
    Ok(Some(end + 4 + body.trim().parse::<usize>()?))
}
