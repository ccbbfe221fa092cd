//! What the log of a gateway says of each request: one line, and of a refused one its code.
//!
//! ```text
//!  answer ── x-request-id ──▶ the one line of that number ──▶ answered, or refused with a code
//!  gateway ends ──▶ every request had one line, every error a name, and no secret or citizen stood in any
//! ```
//!
//! Lines are read by a thread, not by the runtime of a test, so that a test may ask at once for the line of an answer
//! that it holds: the gateway wrote it before it answered.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::card::Holder;
use crate::people::PEOPLE;

/// How long the line of an answer may take to be read on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The shortest text that counts as a secret, in bytes: the number of a request is shorter.
const SECRET: usize = 20;

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its stable code.
    pub code: String,
    /// The status of the answer.
    pub status: u64,
    /// The client that it is about, when it is registered.
    pub client: Option<String>,
    /// The provider that it is about.
    pub provider: Option<String>,
    /// `WARN` or `INFO`.
    pub level: String,
    /// The route, when the request reached the router.
    pub route: Option<String>,
}

/// The line of a request.
#[derive(Debug, Clone)]
enum Line {
    Answered { status: u64 },
    Refused(Event),
}

/// The lines of every gateway of this process, by the number of their request.
#[derive(Debug, Default)]
struct Heard {
    lines: Mutex<HashMap<String, Vec<Line>>>,
    bell: Condvar,
}

static HEARD: LazyLock<Heard> = LazyLock::new(Heard::default);

/// What the tests of this process gave to a gateway or received from one, and no log may hold.
static SECRETS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The numbers of the citizens' cards.
static NUMBERS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| PEOPLE.iter().filter_map(|person| Some(Holder::named(person.username)?.number)).collect());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers a secret, so that no log of a gateway may hold it. Of a JWT, the claims and the signature are.
pub fn secret(text: &str) {
    let parts: Vec<&str> = text.split('.').collect();
    let own = if parts.len() == 3 { &parts[1..] } else { &parts[..] };
    let mut secrets = locked(&SECRETS);
    secrets.extend(own.iter().filter(|part| part.len() >= SECRET).map(|part| (*part).to_owned()));
}

/// The event of the request that this answered; `None` when it was not refused, or the answer is none of a gateway.
///
/// # Panics
/// When the request has no line, or more than one.
pub fn of(answer: &HeaderMap) -> Option<Event> {
    let id = answer.get("x-request-id")?.to_str().expect("the number of a request is ASCII");
    let waited = HEARD.bell.wait_timeout_while(locked(&HEARD.lines), PATIENCE, |lines| !lines.contains_key(id));
    let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
    match lines.get(id).map(Vec::as_slice) {
        Some([Line::Answered { .. }]) => None,
        Some([Line::Refused(event)]) => Some(event.clone()),
        told => panic!("one line for each request: {id} has {told:?}"),
    }
}

/// The code under which this answer refuses.
///
/// # Panics
/// When it is not accounted for by one event with its own status, or the event has no name.
pub fn code(status: u16, answer: &HeaderMap) -> String {
    let event = of(answer).unwrap_or_else(|| panic!("{status} is accounted for by an event: {answer:?}"));
    assert_eq!(event.status, u64::from(status), "{event:?}");
    assert_ne!(event.code, "unnamed", "{event:?}");
    event.code
}

/// The code under which this answer refuses.
///
/// # Panics
/// As [`code`] does.
pub fn refusal(answer: &reqwest::Response) -> String {
    code(answer.status().as_u16(), answer.headers())
}

/// What one gateway logged, from its start to its end.
#[derive(Debug, Default)]
pub struct Ledger {
    kept: Mutex<Kept>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    requests: HashMap<String, Vec<Line>>,
    /// Refusals of what never was a request to the router.
    unrouted: Vec<Event>,
    /// Every run of characters that could be a secret.
    runs: HashSet<String>,
    complaints: Vec<String>,
    ended: bool,
}

impl Kept {
    fn count(&self, code: &str) -> usize {
        self.unrouted.iter().filter(|event| event.code == code).count()
    }
}

/// What hears the lines of a process: until the last one.
#[derive(Debug)]
pub struct Ear(Arc<Ledger>);

impl Ear {
    /// The ear that writes into a ledger.
    pub fn of(ledger: &Arc<Ledger>) -> Self {
        Self(Arc::clone(ledger))
    }

    pub(crate) fn hear(&self, line: &str) {
        self.0.hear(line);
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        locked(&self.0.kept).ended = true;
        self.0.bell.notify_all();
    }
}

impl Ledger {
    /// Takes in a line.
    fn hear(&self, line: &str) {
        let mut kept = locked(&self.kept);
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let runs = line.split(|c: char| !u8::try_from(c).is_ok_and(word)).filter(|run| run.len() >= SECRET);
        kept.runs.extend(runs.map(str::to_owned));
        for person in &PEOPLE {
            // A name of four letters stands in many words.
            if person.family_name.len() > 4 && line.contains(person.family_name) || line.contains(person.email) {
                kept.complaints.push(format!("a citizen is in the log: {line}"));
            }
        }
        if NUMBERS.iter().any(|number| line.contains(number)) {
            kept.complaints.push(format!("the number of a card is in the log: {line}"));
        }
        let Some((id, told)) = read(line) else { return };
        let Some(id) = id else {
            if let Line::Refused(event) = told {
                kept.unrouted.push(event);
                self.bell.notify_all();
            }
            return;
        };
        kept.requests.entry(id.clone()).or_default().push(told.clone());
        drop(kept);
        locked(&HEARD.lines).entry(id).or_default().push(told);
        HEARD.bell.notify_all();
    }

    /// How many events of this code there are for what was refused before it was a request to the router.
    pub fn count(&self, code: &str) -> usize {
        locked(&self.kept).count(code)
    }

    /// The same, once there are more than `before`.
    ///
    /// # Panics
    /// When no more come.
    pub fn after(&self, code: &str, before: usize) -> usize {
        let waited = self.bell.wait_timeout_while(locked(&self.kept), PATIENCE, |kept| kept.count(code) <= before);
        let (kept, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "no event {code} more: {:?}", kept.unrouted);
        kept.count(code)
    }

    /// What is wrong with the log of a gateway that was ended, to its last line.
    pub(crate) fn at_the_end(&self) -> Vec<String> {
        let waited = self.bell.wait_timeout_while(locked(&self.kept), PATIENCE, |kept| !kept.ended);
        let (kept, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(kept);
        if timeout.timed_out() {
            return vec![format!("it does not end within {PATIENCE:?}")];
        }
        self.complaints()
    }

    /// What is wrong with the log as a whole: each request has one line, each error a name, and nothing holds a secret or
    /// a citizen.
    fn complaints(&self) -> Vec<String> {
        let kept = locked(&self.kept);
        let mut complaints = kept.complaints.clone();
        for (id, lines) in &kept.requests {
            match lines.as_slice() {
                [Line::Answered { status }] if *status < 400 => {}
                [Line::Refused(event)] if event.code != "unnamed" => {}
                other => complaints.push(format!("request {id} is not accounted for as it should be: {other:?}")),
            }
        }
        let secrets = locked(&SECRETS);
        complaints.extend(kept.runs.intersection(&secrets).map(|secret| format!("a secret is in the log: {secret}")));
        complaints
    }
}

/// The line of a request in the JSON form, with the number of the request when it had one already.
fn read(line: &str) -> Option<(Option<String>, Line)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let (fields, text) = (&line["fields"], |value: &Value| value.as_str().map(str::to_owned));
    let request = line["spans"].as_array().into_iter().flatten().find(|span| span["name"] == "request");
    let id = request.and_then(|span| text(&span["id"]));
    let status = fields["status"].as_u64();
    match fields["message"].as_str()? {
        "answered" => Some((id, Line::Answered { status: status? })),
        "refused" if line["target"] == "audit" => {
            let event = Event {
                code: text(&fields["code"])?,
                status: status?,
                client: text(&fields["client"]),
                provider: text(&fields["provider"]),
                level: text(&line["level"])?,
                route: request.and_then(|span| text(&span["route"])),
            };
            Some((id, Line::Refused(event)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, message: &str, rest: &str) -> String {
        let target = if message == "refused" { "audit" } else { "idp::telemetry" };
        format!(
            r#"{{"level":"INFO","fields":{{"message":"{message}"{rest}}},"target":"{target}","spans":[{{"id":"{id}","route":"/token","name":"request"}}]}}"#
        )
    }

    fn complaints(lines: &[String]) -> usize {
        let ledger = Ledger::default();
        for line in lines {
            ledger.hear(line);
        }
        ledger.complaints().len()
    }

    #[test]
    fn each_request_has_one_line_and_each_error_a_name() {
        let good = line("a1", "answered", r#","status":200"#);
        let refused = line("a2", "refused", r#","status":400,"code":"grant.code_unknown""#);
        assert_eq!(complaints(&[good.clone(), refused.clone(), "not JSON".into()]), 0);
        assert_eq!(complaints(&[refused.clone(), refused]), 1, "two events");
        assert_eq!(complaints(&[line("a3", "answered", r#","status":400"#)]), 1, "an error without an event");
        assert_eq!(complaints(&[line("a4", "refused", r#","status":400,"code":"unnamed""#)]), 1);
    }

    #[test]
    fn no_line_may_hold_a_secret_or_a_citizen() {
        let token = crate::random::token();
        secret(&format!("eyJ.{token}.{token}"));
        assert_eq!(complaints(&[format!("token={token}&x")]), 1);
        assert_eq!(complaints(&[format!("x{token}")]), 0, "another text");
        assert_eq!(complaints(&[format!("for {}", PEOPLE[0].email)]), 1);
    }
}
