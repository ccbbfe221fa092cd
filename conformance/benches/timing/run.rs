//! The exchanges, one after the other, each timed from its first byte to the last of its answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use conformance::random;

use crate::stage::Comparison;
use crate::welch::{self, Found};

/// Exchanges before any is counted.
const WARM_UP: usize = 2_000;

/// Times `tries` requests of each kind, in an order drawn anew.
pub(crate) fn compare(comparison: &Comparison, port: u16, tries: usize) -> anyhow::Result<Found> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut times = [Vec::with_capacity(tries), Vec::with_capacity(tries)];
    let mut answer = Vec::with_capacity(64 * 1024);
    let mut warming = WARM_UP;
    while times.iter().any(|times| times.len() < tries) {
        let [kind, which] = random::bytes().map(usize::from);
        let kind = kind % 2;
        let requests = &comparison.kinds[kind];
        let request = &requests[which % requests.len()];
        let since = Instant::now();
        let status = exchange(&mut stream, request, &mut answer)?;
        let took = since.elapsed();
        ensure!(status == comparison.status, "{}: {}", comparison.name, String::from_utf8_lossy(&answer));
        if warming > 0 {
            warming -= 1;
        } else if times[kind].len() < tries {
            times[kind].push(took.as_secs_f64() * 1e9);
        }
    }
    Ok(welch::compare(&times[0], &times[1]))
}

/// One exchange over a kept connection; the status.
fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> anyhow::Result<u16> {
    stream.write_all(request)?;
    answer.clear();
    let mut whole = None;
    let mut buffer = [0; 8 * 1024];
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

/// One line of the table.
pub(crate) fn line(comparison: &Comparison, found: &Found) -> String {
    let Found { t, difference, median } = found;
    let verdict = if found.shows() { "SHOWS" } else { "ok" };
    format!(
        "{:<58} t {t:>8.2}   median {:>7.1} µs {:>+7.2} µs   {verdict}",
        comparison.name,
        median / 1e3,
        difference / 1e3
    )
}
