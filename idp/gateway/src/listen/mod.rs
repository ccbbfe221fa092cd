//! The way in: connections are accepted, protected, bounded and, at the end, let finish.
//!
//! ```text
//!  TCP ──▶ at most so many ──▶ TLS 1.2/1.3 ──▶ HTTP/1.1 or HTTP/2 ──▶ who is asking ──▶ the whole ──▶ router
//!            (seats)            or plain,        header and idle        (address,         request
//!                               HTTP/1.1 alone   time-outs               certificate)    (request)
//! ```
//!
//! There are up to five doors: one for everybody, and, where they are configured, one whose TLS asks for a certificate,
//! one for the desks of communes, one for the partners' space, and one for programs that call the admin API.
//!
//! Our own loop, because `axum::serve` has no time-out for request headers, no TLS and no limit.

pub(crate) mod address;
pub(crate) mod certificate;
mod connection;
pub(crate) mod request;
mod seats;
mod tls;
mod turns;

#[cfg(test)]
mod certificate_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use tls::{BadCertificate, check as check_certificate};

pub(crate) use certificate::check_authorities;

use address::Subscriber;
use certificate::Authorities;
use connection::Connection;
use seats::{Room, Seats};
use tls::{Certificates, PeerIs};
use turns::Turns;

use crate::clock::Clock;
use crate::config::{Forwarded, Listen, LoopbackClients, Mtls, PlaceDoor, TlsFiles, TrustedProxies};

/// The gateway's sockets, bound and not yet served.
pub(crate) struct Server {
    public: Socket,
    mutual: Option<Socket>,
    desk: Option<Socket>,
    partners: Option<Socket>,
    admin: Option<Socket>,
    word: Arc<Word>,
    loopback: LoopbackClients,
    limits: Limits,
}

/// A socket, and the certificate that is shown at it.
struct Socket {
    listener: TcpListener,
    certificates: Option<Certificates>,
}

/// What is served at each door.
#[derive(Debug, Clone)]
pub(crate) struct Routers {
    /// At the door for everybody.
    pub(crate) public: Router,
    /// At the door that asks for a certificate: what relying parties' servers call.
    pub(crate) mutual: Router,
    /// At the door of the desks of communes, where it is one of its own.
    pub(crate) desk: Router,
    /// At the door of the partners' space, where it is one of its own.
    pub(crate) partners: Router,
    /// At the door of the admin API.
    pub(crate) admin: Router,
}

/// Whose word is taken on who is asking.
struct Word {
    proxies: TrustedProxies,
    forwarded: Option<Forwarded>,
    authorities: Authorities,
}

/// One of the doors: how connections are accepted there, and what is served.
#[derive(Clone)]
struct Doorway {
    acceptor: Option<TlsAcceptor>,
    router: Router,
    turns: Arc<Turns>,
}

/// How much time and how many streams a connection gets.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Connections at once.
    connections: usize,
    /// Connections at once from one address.
    each: usize,
    /// How long a connection is safe while it waits for its peer and others wait for its seat.
    patience: Duration,
    /// For a TLS handshake.
    handshake: Duration,
    /// For the header of a request, from when the connection is ready for it.
    header: Duration,
    /// For the body of a request, from its first byte to its last.
    body: Duration,
    /// Streams at once on an HTTP/2 connection.
    streams: u32,
    /// Between two looks at the certificate files.
    certificate_poll: Duration,
    /// For requests under way to end once the gateway stops.
    drain: Duration,
}

/// Why the gateway cannot listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// Another program listens there.
    #[error("address {address} is already in use; stop the other program, or choose another `{key}`")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// The configuration key it comes from.
        key: &'static str,
    },
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
}

impl Socket {
    async fn bind(address: SocketAddr, tls: Option<TlsFiles>, key: &'static str) -> Result<Self, BindError> {
        let certificates = tls.map(Certificates::load).transpose()?;
        let listener = TcpListener::bind(address).await.map_err(|source| {
            if source.kind() == io::ErrorKind::AddrInUse {
                BindError::Taken { address, key }
            } else {
                BindError::Address { address, source }
            }
        })?;
        Ok(Self { listener, certificates })
    }
}

impl Server {
    /// Binds the configured addresses and loads the certificate and the authorities.
    pub(crate) async fn bind(
        listen: &Listen,
        mtls: &Mtls,
        [desk, partners, admin]: [Option<&PlaceDoor>; 3],
        clock: Clock,
    ) -> Result<Self, BindError> {
        let authorities = Authorities::load(mtls.authorities.as_deref(), clock)?;
        let public = Socket::bind(listen.address, listen.tls.clone(), "listen.address").await?;
        let mutual = match &mtls.door {
            Some(door) => Some(Socket::bind(door.address, Some(door.tls.clone()), "mtls.address").await?),
            None => None,
        };
        let desk = match desk {
            Some(door) => Some(Socket::bind(door.address, door.tls.clone(), "desk.listen").await?),
            None => None,
        };
        let partners = match partners {
            Some(door) => Some(Socket::bind(door.address, door.tls.clone(), "partners.listen").await?),
            None => None,
        };
        let admin = match admin {
            Some(door) => Some(Socket::bind(door.address, door.tls.clone(), "admin.listen").await?),
            None => None,
        };
        let limits = Limits {
            connections: listen.max_connections,
            each: listen.max_connections_per_address,
            patience: Duration::from_secs(1),
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(15),
            body: Duration::from_secs(10),
            streams: 128,
            certificate_poll: Duration::from_secs(5),
            drain: Duration::from_secs(10),
        };
        let word = Word { proxies: listen.trusted_proxies.clone(), forwarded: mtls.forwarded.clone(), authorities };
        Ok(Self { public, mutual, desk, partners, admin, word: Arc::new(word), loopback: listen.loopback, limits })
    }

    /// Where it listens, as a URL: the port is the real one even when 0 was asked for.
    pub(crate) fn url(&self) -> io::Result<String> {
        let scheme = if self.public.certificates.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.public.listener.local_addr()?))
    }

    /// Serves until `stop`, then lets the requests under way end, for ten seconds at most.
    pub(crate) async fn serve(self, routers: Routers, stop: CancellationToken) {
        let Self { public, mutual, desk, partners, admin, word, loopback, limits } = self;
        let (tasks, graceful, cut) = (TaskTracker::new(), GracefulShutdown::new(), CancellationToken::new());
        let open = |socket: Socket, peer, router| {
            let acceptor = socket.certificates.map(|certificates| {
                let acceptor = certificates.acceptor(peer);
                tasks.spawn(stop.clone().run_until_cancelled_owned(certificates.keep_fresh(limits.certificate_poll)));
                acceptor
            });
            (socket.listener, Doorway { acceptor, router, turns: Turns::new() })
        };
        let mutual = mutual.map(|socket| open(socket, PeerIs::Asked, routers.mutual));
        let desk = desk.map(|socket| open(socket, PeerIs::NotAsked, routers.desk));
        let partners = partners.map(|socket| open(socket, PeerIs::NotAsked, routers.partners));
        let admin = admin.map(|socket| open(socket, PeerIs::NotAsked, routers.admin));
        let doors = Doors { public: open(public, PeerIs::NotAsked, routers.public), mutual, desk, partners, admin };
        let seats = Seats::new(Room { connections: limits.connections, each: limits.each, patience: limits.patience });
        loop {
            let leave = cut.child_token();
            let next = async {
                let (stream, peer, doorway) = knock(&doors).await?;
                let ip = peer.ip().to_canonical();
                let exempt = word.proxies.holds(ip) || loopback.exempts(ip);
                Ok((stream, peer, doorway, seats.take((!exempt).then(|| Subscriber::of(ip)), &leave).await))
            };
            let Some(accepted) = stop.run_until_cancelled(next).await else { break };
            let (stream, peer, doorway, seat) = match accepted {
                Ok((stream, peer, doorway, Some(seat))) => (stream, peer, doorway, seat),
                Ok((_, _, _, None)) => {
                    tracing::debug!("one address has too many connections; this one is closed");
                    continue;
                }
                Err(error) => {
                    rest_after(&error).await;
                    continue;
                }
            };
            let connection = Connection {
                peer,
                router: doorway.router,
                word: Arc::clone(&word),
                watcher: graceful.watcher(),
                place: seat.place(),
                turns: doorway.turns,
                limits,
            };
            tasks.spawn(async move {
                let _seat = seat;
                leave.run_until_cancelled(connection.run(stream, doorway.acceptor)).await;
            });
        }
        drop(doors);
        if timeout(limits.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still under way after the time to finish; they are cut off");
        }
        cut.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

/// The doors that are open.
struct Doors {
    public: (TcpListener, Doorway),
    mutual: Option<(TcpListener, Doorway)>,
    desk: Option<(TcpListener, Doorway)>,
    partners: Option<(TcpListener, Doorway)>,
    admin: Option<(TcpListener, Doorway)>,
}

/// Waits for the next connection, at whichever door.
async fn knock(doors: &Doors) -> io::Result<(TcpStream, SocketAddr, Doorway)> {
    let accept = async |door: Option<&(TcpListener, Doorway)>| match door {
        Some((listener, doorway)) => listener.accept().await.map(|(stream, peer)| (stream, peer, doorway.clone())),
        None => std::future::pending().await,
    };
    tokio::select! {
        accepted = accept(Some(&doors.public)) => accepted,
        accepted = accept(doors.mutual.as_ref()) => accepted,
        accepted = accept(doors.desk.as_ref()) => accepted,
        accepted = accept(doors.partners.as_ref()) => accepted,
        accepted = accept(doors.admin.as_ref()) => accepted,
    }
}

/// A failed accept never ends the gateway. When the system is out of something (files, memory), it gets a moment.
async fn rest_after(error: &io::Error) {
    let left = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionRefused];
    if !left.contains(&error.kind()) {
        tracing::error!(%error, "a connection cannot be accepted");
        sleep(Duration::from_millis(100)).await;
    }
}
