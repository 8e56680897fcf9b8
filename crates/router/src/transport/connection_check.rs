//! Connections timed step by step: DNS, TCP, TLS. No request is sent.

mod certificate;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_ok;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::http::error::{Server, tls_message};
use super::tls::{self, LazyVerifier};
use crate::ports::{BoxFuture, Clock, ConnectionCheck, ConnectionChecker};
pub use llmroute_core::model::{Class, ConnectionFault, Failure, TimeoutKind};

/// The delay before the next address is tried in parallel (RFC 8305, section 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// Implements [`ConnectionChecker`] over sockets.
pub struct SocketChecker {
    clock: Clock,
    roots: Arc<LazyVerifier>,
    proxies: Matcher,
}

impl SocketChecker {
    /// Measures with `clock`. Uses the same proxies as [`HttpTransport`](super::HttpTransport).
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, roots: Arc::default(), proxies: Matcher::from_system() }
    }

    /// Returns `true` if calls to `url` use a proxy, whose connections do not measure the server.
    fn is_proxied(&self, url: &Url, peer: &Server) -> bool {
        let uri = url.as_str().parse::<http::Uri>();
        !peer.is_loopback() && uri.is_ok_and(|uri| self.proxies.intercept(&uri).is_some())
    }

    async fn steps(&self, url: &Url, peer: &Server, dialed: &mut ConnectionCheck) -> Result<(), Failure> {
        let start = self.clock.instant();
        let addresses = addresses(url, peer).await?;
        let resolved = self.clock.instant();
        dialed.dns = Some(resolved - start);
        let stream = connect(&addresses).await.map_err(|error| refused(&error, peer))?;
        let connected = self.clock.instant();
        dialed.tcp = Some(connected - resolved);
        if url.scheme() == "https" {
            self.handshake(stream, url, peer, dialed).await?;
            dialed.tls = Some(self.clock.instant() - connected);
        }
        Ok(())
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        url: &Url,
        peer: &Server,
        dialed: &mut ConnectionCheck,
    ) -> Result<(), Failure> {
        let failed = |message: String| Failure::new(Class::Connection(ConnectionFault::Tls), message);
        let config = tls::config(&self.roots).map_err(|error| failed(tls_message(&error, peer)))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| failed("the host cannot have a certificate".to_owned()))?;
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let stream = connected.map_err(|error| failed(handshake_message(&error, peer)))?;
        let (_, session) = stream.get_ref();
        dialed.alpn = session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        dialed.cert_expires = certificate.and_then(|certificate| certificate::expiry(certificate));
        Ok(())
    }
}

impl ConnectionChecker for SocketChecker {
    fn dial<'a>(&'a self, url: &'a Url, limit: Duration) -> BoxFuture<'a, ConnectionCheck> {
        Box::pin(async move {
            let mut dialed = ConnectionCheck::default();
            let peer = match Server::of(url) {
                Ok(peer) if !self.is_proxied(url, &peer) => peer,
                Ok(_) | Err(_) => return ConnectionCheck { unmeasured: true, ..dialed },
            };
            let late = || Err(Failure::new(Class::Timeout(TimeoutKind::Connect), "no connection in time"));
            let ended = tokio::time::timeout(limit, self.steps(url, &peer, &mut dialed)).await;
            dialed.failure = ended.unwrap_or_else(|_| late()).err();
            dialed
        })
    }
}

async fn addresses(url: &Url, peer: &Server) -> Result<Vec<SocketAddr>, Failure> {
    let unresolved = || {
        Failure::new(Class::Connection(ConnectionFault::Dns), format!("the name of {} does not resolve", peer.name()))
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or_default();
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(|_| unresolved())?.collect();
    if found.is_empty() { Err(unresolved()) } else { Ok(found) }
}

/// The first connection among all addresses, with staggered starts.
async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let attempts = addresses.iter().enumerate().map(|(place, address)| {
        Box::pin(async move {
            let before = u32::try_from(place).unwrap_or(u32::MAX);
            tokio::time::sleep(NEXT_ADDRESS.saturating_mul(before)).await;
            TcpStream::connect(address).await
        })
    });
    select_ok(attempts).await.map(|(stream, _)| stream)
}

fn refused(error: &io::Error, peer: &Server) -> Failure {
    let name = peer.name();
    let (fault, message) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (ConnectionFault::Refused, format!("connection refused by {name}")),
        kind => (ConnectionFault::Broken, format!("no connection to {name} ({kind})")),
    };
    Failure::new(Class::Connection(fault), message)
}

fn handshake_message(error: &io::Error, peer: &Server) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => tls_message(tls, peer),
        None => format!("{} closed the connection during the TLS handshake", peer.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmroute_core::model::Timestamp;

    const LIMIT: Duration = Duration::from_secs(20);

    async fn dial(url: &str) -> ConnectionCheck {
        let dialer = SocketChecker::new(Clock::starting_at(Timestamp(0)));
        dialer.dial(&Url::parse(url).unwrap(), LIMIT).await
    }

    #[tokio::test]
    async fn the_steps_to_a_plain_server_are_timed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dialed = dial(&format!("http://{}", listener.local_addr().unwrap())).await;
        assert!(dialed.dns.is_some() && dialed.tcp.is_some() && dialed.tls.is_none(), "{dialed:?}");
        assert_eq!((dialed.failure, dialed.unmeasured), (None, false));
    }

    #[tokio::test]
    async fn it_says_how_far_it_came() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let dialed = dial(&url).await;
        assert!(dialed.dns.is_some() && dialed.tcp.is_none(), "{dialed:?}");
        assert_eq!(dialed.failure.unwrap().class, Class::Connection(ConnectionFault::Refused));
        let dialed = dial("http://nonexistent.invalid").await;
        assert_eq!(dialed.failure.unwrap().class, Class::Connection(ConnectionFault::Dns));
    }

    #[tokio::test]
    async fn a_server_without_tls_is_told_apart() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        });
        let dialed = dial(&url).await;
        server.await.unwrap();
        assert!(dialed.tcp.is_some() && dialed.tls.is_none(), "{dialed:?}");
        assert!(dialed.failure.unwrap().message.contains("does not speak TLS"));
    }

    #[tokio::test]
    async fn what_is_not_on_the_network_is_not_measured() {
        assert!(dial("mock://lab/m").await.unmeasured);
    }
}
