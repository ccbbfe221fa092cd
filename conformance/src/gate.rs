//! A gate on the wire between the gateway and one of its servers: open until told which message to stop at.
//!
//! ```text
//!  gateway ──▶ gate ──▶ Redis or PostgreSQL
//!               ╳ shut: from the message that was named on, nothing passes, in either direction
//! ```
//!
//! Whoever kills the gateway while the gate is shut knows where it stood: the server has taken everything before that
//! message, and the message itself ([`Side::Behind`]) or not ([`Side::Before`]).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::site::listen;

/// The longest message that passes in one piece. Loopback hands over what one write sent, far above what the gateway
/// says at once.
const MESSAGE: usize = 256 * 1024;

/// On which side of the server the named message stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server never gets it.
    Before,
    /// The server gets it and has answered, and the answer is not told.
    Behind,
}

/// Which message the gate stops at.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// What kind of message.
    pub kind: fn(&[u8]) -> bool,
    /// How many of the kind pass before it.
    pub pass: usize,
    /// Where it stops.
    pub side: Side,
}

/// A gate that stands until dropped.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    watch: Arc<Watch>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Watch {
    state: Mutex<State>,
    /// Rings when the gate has shut and what may still pass has passed.
    shut: watch::Sender<bool>,
    wires: Mutex<JoinSet<()>>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Open,
    Waiting(Stop),
    Shut,
}

/// What becomes of a message of the gateway.
enum Passage {
    Passes,
    PassesAlone,
    StopsHere,
    Stops,
}

impl Gate {
    /// Stands before the server at `port` of loopback.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub async fn before(port: u16) -> Self {
        let listener = listen(0).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let watch = Arc::new(Watch {
            state: Mutex::new(State::Open),
            shut: watch::Sender::new(false),
            wires: Mutex::default(),
        });
        let task = tokio::spawn(stand(listener, port, Arc::clone(&watch)));
        Self { address, watch, task }
    }

    /// The port of loopback that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Shuts at a message to come.
    pub fn stop_at(&self, stop: Stop) {
        *unpoisoned(&self.watch.state) = State::Waiting(stop);
    }

    /// Stays open after all, when it has not shut yet.
    pub fn stay_open(&self) {
        let mut state = unpoisoned(&self.watch.state);
        if matches!(*state, State::Waiting(_)) {
            *state = State::Open;
        }
    }

    /// Waits until it is shut.
    ///
    /// # Panics
    /// Never: the gate holds the other end.
    pub async fn is_shut(&self) {
        self.watch.shut.subscribe().wait_for(|shut| *shut).await.expect("the gate rings its own bell");
    }

    /// Cuts every wire and lets new ones pass: what was held is lost.
    pub async fn open(&self) {
        let mut wires = std::mem::take(&mut *unpoisoned(&self.watch.wires));
        wires.shutdown().await;
        *unpoisoned(&self.watch.state) = State::Open;
        self.watch.shut.send_replace(false);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    fn question(&self, message: &[u8]) -> Passage {
        let mut state = unpoisoned(&self.state);
        match *state {
            State::Open => Passage::Passes,
            State::Shut => Passage::Stops,
            State::Waiting(stop) if !(stop.kind)(message) => Passage::Passes,
            State::Waiting(Stop { pass: 0, side, .. }) => {
                *state = State::Shut;
                match side {
                    Side::Before => Passage::StopsHere,
                    Side::Behind => Passage::PassesAlone,
                }
            }
            State::Waiting(stop) => {
                *state = State::Waiting(Stop { pass: stop.pass - 1, ..stop });
                Passage::Passes
            }
        }
    }

    fn ring(&self) {
        self.shut.send_replace(true);
    }

    fn is_open(&self) -> bool {
        !matches!(*unpoisoned(&self.state), State::Shut)
    }
}

async fn stand(listener: TcpListener, port: u16, watch: Arc<Watch>) {
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        let wire = connect(near, far, Arc::clone(&watch));
        unpoisoned(&watch.wires).spawn(wire);
    }
}

async fn connect(near: TcpStream, far: TcpStream, watch: Arc<Watch>) {
    let (_, _) = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let named = AtomicBool::new(false);
    // Either end that closes ends the wire.
    tokio::select! {
        () = questions(near_read, far_write, &watch, &named) => {}
        () = answers(far_read, near_write, &watch, &named) => {}
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, watch: &Watch, named: &AtomicBool) {
    let mut buffer = vec![0; MESSAGE];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let message = &buffer[..length];
        match watch.question(message) {
            Passage::Passes => {}
            Passage::PassesAlone => named.store(true, Ordering::SeqCst),
            Passage::StopsHere => {
                watch.ring();
                std::future::pending::<()>().await;
            }
            Passage::Stops => std::future::pending::<()>().await,
        }
        if to.write_all(message).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, watch: &Watch, named: &AtomicBool) {
    let mut buffer = vec![0; MESSAGE];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if !watch.is_open() {
            if named.load(Ordering::SeqCst) {
                watch.ring();
            }
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Whether a message holds these bytes.
pub fn holds(message: &[u8], mark: &[u8]) -> bool {
    message.windows(mark.len()).any(|window| window == mark)
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says back what it is told, and remembers it.
    async fn echo() -> (u16, watch::Receiver<Vec<u8>>) {
        let listener = listen(0).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, hear) = watch::channel(Vec::new());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut byte = [0];
                while let Ok(1) = stream.read(&mut byte).await {
                    heard.send_modify(|heard| heard.push(byte[0]));
                    stream.write_all(&byte).await.unwrap();
                }
            }
        });
        (port, hear)
    }

    async fn say(stream: &mut TcpStream, byte: u8) -> u8 {
        stream.write_all(&[byte]).await.unwrap();
        stream.read_u8().await.unwrap()
    }

    #[tokio::test]
    async fn the_message_that_was_named_stops_where_it_was_told_to() {
        for (side, told) in [(Side::Before, b"aba".to_vec()), (Side::Behind, b"abab".to_vec())] {
            let (port, hear) = echo().await;
            let gate = Gate::before(port).await;
            let mut wire = TcpStream::connect(("127.0.0.1", gate.port())).await.unwrap();
            gate.stop_at(Stop { kind: |message| holds(message, b"b"), pass: 1, side });
            for byte in *b"aba" {
                assert_eq!(say(&mut wire, byte).await, byte);
            }
            tokio::select! {
                biased;
                answer = say(&mut wire, b'b') => panic!("{side:?}: {answer} passed"),
                () = gate.is_shut() => {}
            }
            assert_eq!(*hear.borrow(), told, "{side:?}");
            gate.open().await;
            assert!(wire.read_u8().await.is_err(), "the wire is cut, and what was held is lost");
            let mut wire = TcpStream::connect(("127.0.0.1", gate.port())).await.unwrap();
            assert_eq!(say(&mut wire, b'c').await, b'c');
        }
    }
}
