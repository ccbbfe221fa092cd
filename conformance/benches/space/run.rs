//! The exchanges, one after the other: each page in turn, and the floor beside it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;

use crate::stage::{Page, Stage};

/// Rounds before any is counted.
const WARM_UP: usize = 20;

/// Times in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) floor: Times,
    pub(crate) pages: Vec<Times>,
}

/// Microseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn ms(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

/// Asks for each page as often.
pub(crate) fn all(stage: &Stage, pages: &[Page], tries: usize) -> anyhow::Result<Found> {
    let mut stream = TcpStream::connect(("127.0.0.1", stage.port()))?;
    stream.set_nodelay(true)?;
    let mut floor = histogram()?;
    let mut times = pages.iter().map(|_| histogram()).collect::<anyhow::Result<Vec<_>>>()?;
    let mut answer = Vec::with_capacity(256 * 1024);
    for round in 0..WARM_UP + tries {
        for (page, times) in pages.iter().zip(&mut times) {
            for (request, times) in [(page.request.as_slice(), times), (stage.floor(), &mut floor)] {
                let since = Instant::now();
                let status = exchange(&mut stream, request, &mut answer).with_context(|| page.route.clone())?;
                let took = u64::try_from(since.elapsed().as_micros())?;
                ensure!(status == 200, "{}: {}", page.route, String::from_utf8_lossy(&answer));
                if round >= WARM_UP {
                    times.record(took)?;
                }
            }
        }
    }
    Ok(Found { floor: read(&floor), pages: times.iter().map(read).collect() })
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
