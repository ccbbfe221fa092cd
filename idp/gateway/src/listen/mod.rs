//! The way in: connections are accepted, protected, bounded and, at the end, let finish.
//!
//! ```text
//!  TCP ──▶ at most so many ──▶ TLS 1.2/1.3 ──▶ HTTP/1.1 or HTTP/2 ──▶ who is asking ──▶ the whole ──▶ router
//!            (seats)            or plain,        header and idle        (address,         request
//!                               HTTP/1.1 alone   time-outs               certificate)    (request)
//! ```
//!
//! There are two doors: one for everybody, and, where it is configured, one whose TLS asks for a certificate.
//!
//! Our own loop, because `axum::serve` has no time-out for request headers, no TLS and no limit.

pub(crate) mod address;
pub(crate) mod certificate;
mod request;
mod seats;
mod tls;

#[cfg(test)]
mod certificate_tests;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use domain::oidc::parameters::MAX_ENCODED;
use http::HeaderMap;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

pub(crate) use tls::{BadCertificate, check as check_certificate};

pub(crate) use certificate::check_authorities;

use address::{Subscriber, Transport, who};
use certificate::{Authorities, PeerCertificate};
use seats::{Place, Room, Seats};
use tls::{Certificates, PeerIs};

use crate::clock::Clock;
use crate::config::{Forwarded, Listen, LoopbackClients, Mtls, TlsFiles, TrustedProxies};

/// The gateway's sockets, bound and not yet served.
pub(crate) struct Server {
    public: Socket,
    mutual: Option<Socket>,
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
}

/// Whose word is taken on who is asking.
struct Word {
    proxies: TrustedProxies,
    forwarded: Option<Forwarded>,
    authorities: Authorities,
}

/// One of the two doors: how connections are accepted there, and what is served.
#[derive(Clone)]
struct Doorway {
    acceptor: Option<TlsAcceptor>,
    router: Router,
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
    pub(crate) async fn bind(listen: &Listen, mtls: &Mtls, clock: Clock) -> Result<Self, BindError> {
        let authorities = Authorities::load(mtls.authorities.as_deref(), clock)?;
        let public = Socket::bind(listen.address, listen.tls.clone(), "listen.address").await?;
        let mutual = match &mtls.door {
            Some(door) => Some(Socket::bind(door.address, Some(door.tls.clone()), "mtls.address").await?),
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
        Ok(Self { public, mutual, word: Arc::new(word), loopback: listen.loopback, limits })
    }

    /// Where it listens, as a URL: the port is the real one even when 0 was asked for.
    pub(crate) fn url(&self) -> io::Result<String> {
        let scheme = if self.public.certificates.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.public.listener.local_addr()?))
    }

    /// Serves until `stop`, then lets the requests under way end, for ten seconds at most.
    pub(crate) async fn serve(self, routers: Routers, stop: CancellationToken) {
        let Self { public, mutual, word, loopback, limits } = self;
        let (tasks, graceful, cut) = (TaskTracker::new(), GracefulShutdown::new(), CancellationToken::new());
        let open = |socket: Socket, peer, router| {
            let acceptor = socket.certificates.map(|certificates| {
                let acceptor = certificates.acceptor(peer);
                tasks.spawn(stop.clone().run_until_cancelled_owned(certificates.keep_fresh(limits.certificate_poll)));
                acceptor
            });
            (socket.listener, Doorway { acceptor, router })
        };
        let mutual = mutual.map(|socket| open(socket, PeerIs::Asked, routers.mutual));
        let doors = (open(public, PeerIs::NotAsked, routers.public), mutual);
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

/// Waits for the next connection, at whichever door.
async fn knock(
    (public, mutual): &((TcpListener, Doorway), Option<(TcpListener, Doorway)>),
) -> io::Result<(TcpStream, SocketAddr, Doorway)> {
    let accept = async |(listener, doorway): &(TcpListener, Doorway)| {
        listener.accept().await.map(|(stream, peer)| (stream, peer, doorway.clone()))
    };
    let Some(mutual) = mutual else { return accept(public).await };
    tokio::select! {
        accepted = accept(public) => accepted,
        accepted = accept(mutual) => accepted,
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

/// One connection.
struct Connection {
    peer: SocketAddr,
    router: Router,
    word: Arc<Word>,
    watcher: Watcher,
    place: Place,
    limits: Limits,
}

impl Connection {
    async fn run(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = acceptor else {
            let builder = auto::Builder::new(TokioExecutor::new()).http1_only();
            return self.speak(builder, stream, Transport::Plain, PeerCertificate::default()).await;
        };
        // Scanners and port probes fail here all day long: not worth a line above debug.
        match timeout(self.limits.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                // The version is known from the handshake, so a peer that then says nothing meets a time-out.
                let session = stream.get_ref().1;
                let http2 = session.alpn_protocol() == Some(b"h2");
                let certificate = self.word.authorities.shaken(session.peer_certificates());
                let builder = auto::Builder::new(TokioExecutor::new());
                let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
                self.speak(builder, stream, Transport::Tls, certificate).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn speak<S>(
        self,
        mut builder: auto::Builder<TokioExecutor>,
        stream: S,
        transport: Transport,
        certificate: PeerCertificate,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.limits;
        // The buffer is looked at after each read, which takes as much again at most: a header has 128 KiB at most.
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header)
            .max_headers(64)
            .max_buf_size(65_536);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(limits.header)
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(32_768);
        let asked = Asked { peer: self.peer, transport, certificate, router: self.router, word: self.word, limits };
        let (asked, place) = (Arc::new(asked), self.place);
        let answer = service_fn(move |request| {
            let (asked, place) = (Arc::clone(&asked), place.clone());
            async move { Ok::<_, Infallible>(asked.answer(request, &place).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// What the requests of one connection have in common.
struct Asked {
    peer: SocketAddr,
    transport: Transport,
    /// Of the handshake.
    certificate: PeerCertificate,
    router: Router,
    word: Arc<Word>,
    limits: Limits,
}

impl Asked {
    async fn answer(&self, request: hyper::Request<Incoming>, place: &Place) -> Response {
        let address = match who(self.peer.ip(), self.transport, &self.word.proxies, request.headers()) {
            Ok(address) => address,
            Err(refused) => return refused.into_response(),
        };
        let certificate = self.certificate(request.headers());
        let version = request.version();
        // Before the router, so that a handler never waits for its peer, and who waits for it is known.
        let mut request = match request::whole(request, self.limits.body, MAX_ENCODED).await {
            Ok(request) => request,
            Err(unfit) => return request::refuse(unfit, version),
        };
        let _serving = place.serve();
        request.extensions_mut().insert(address);
        request.extensions_mut().insert(certificate);
        let Ok(response) = self.router.clone().oneshot(request).await;
        response
    }

    /// What the handshake proved, or else what a proxy says; never both.
    fn certificate(&self, headers: &HeaderMap) -> PeerCertificate {
        let Word { proxies, forwarded, authorities } = &*self.word;
        match (&self.certificate.0, forwarded) {
            (Some(_), _) | (None, None) => self.certificate.clone(),
            (None, Some(forwarded)) => authorities.forwarded(forwarded, proxies, self.peer.ip(), headers),
        }
    }
}
