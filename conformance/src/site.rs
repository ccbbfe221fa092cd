//! A small web site of the sandbox: one listener, one task, ended when dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A port that somebody else already listens on.
#[derive(Debug, thiserror::Error)]
#[error("port {port} is already taken")]
pub struct PortTaken {
    /// The port.
    pub port: u16,
}

/// A site that answers until it is dropped.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Site {
    /// Serves `router` on `listener`.
    ///
    /// # Panics
    /// When the listener has no local address, which a bound one has.
    pub fn serve(listener: TcpListener, router: Router) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("sandbox site {address} stopped: {error}");
            }
        });
        Self { address, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens on `127.0.0.1:port`; port 0 is any free one.
pub async fn listen(port: u16) -> Result<TcpListener, PortTaken> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|_| PortTaken { port })
}

/// A port that nothing listens on just now, for a process that must be told its port before it starts.
///
/// # Panics
/// When no port is free.
pub fn free_port() -> u16 {
    free_ports(1)
}

/// The first of `count` ports in a row that nothing listens on just now.
///
/// Taken from below the range that the system uses for outgoing connections, and never twice by this process, so
/// that nothing else takes them between the choice and the start.
///
/// # Panics
/// When there are none.
pub fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 12_000;
    const RANGE: u32 = 18_000;
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..RANGE {
        let step = NEXT.fetch_add(u32::from(count), Ordering::Relaxed);
        let first = u16::try_from(FIRST + start.wrapping_add(step) % RANGE).expect("below 30 000");
        let free = |port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if (first..first.saturating_add(count)).all(free) {
            return first;
        }
    }
    panic!("no free port on loopback");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = listen(0).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let second = listen(port).await.unwrap_err();
        assert_eq!(second.to_string(), format!("port {port} is already taken"));
    }

    #[test]
    fn free_ports_differ() {
        assert_ne!(free_port(), free_port());
    }
}
