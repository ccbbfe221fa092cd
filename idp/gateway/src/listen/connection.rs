//! One connection: its handshake, its requests, and who asks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::address::{Subscriber, Transport, who};
use super::certificate::PeerCertificate;
use super::seats::Place;
use super::turns::Turns;
use super::{Limits, Word, request};
use crate::audit::{self, Other};

/// One connection.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
    pub(super) word: Arc<Word>,
    pub(super) watcher: Watcher,
    pub(super) place: Place,
    pub(super) turns: Arc<Turns>,
    pub(super) limits: Limits,
}

impl Connection {
    pub(super) async fn run(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
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
        let asked = Asked {
            peer: self.peer,
            transport,
            certificate,
            router: self.router,
            word: self.word,
            turns: self.turns,
            limits,
        };
        let (asked, place) = (Arc::new(asked), self.place);
        let answer = service_fn(move |request| {
            let (asked, place) = (Arc::clone(&asked), place.clone());
            async move { Ok::<_, Infallible>(asked.answer(request, &place).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
            let unread = error.downcast_ref::<hyper::Error>().filter(|error| error.is_parse());
            if let Some(error) = unread {
                // Answered before it was a request: what hyper says to it is one of these two.
                let too_large = error.is_parse_too_large();
                let status =
                    if too_large { StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE } else { StatusCode::BAD_REQUEST };
                audit::unrouted(if too_large { Other::WireLong } else { Other::WireBroken }, status);
            }
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
    turns: Arc<Turns>,
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
        let mut request =
            match request::whole(request, self.limits.body, (&self.turns, Subscriber::of(address.0))).await {
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
