//! Opens a connection step by step, with timings: DNS, TCP, a proxy tunnel, TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::clock::ClockOrigin;
use super::proxy::{self, Proxy};
use super::read_timestamps::{ReadTimestamps, TimestampedStream};
use crate::ports::ConnectionTimings;
use crate::transport::http::error::{self, Server};
pub use llmroute_core::model::{Class, ConnectionFault, Failure};

/// A byte stream over any transport.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// An open connection, before HTTP.
pub(crate) struct Opened {
    pub bytes: Box<dyn ByteStream>,
    pub tap: ReadTimestamps,
    pub opening: ConnectionTimings,
    /// `true` if the server chose HTTP/2.
    pub http2: bool,
}

/// Opens a connection to the server of `url`, through `proxy` if there is one.
pub(crate) async fn open(
    url: &Url,
    peer: &Server,
    proxy: Option<&Proxy>,
    tls: impl FnOnce() -> Result<Arc<ClientConfig>, Failure>,
    origin: ClockOrigin,
) -> Result<Opened, Failure> {
    let mut opening = ConnectionTimings::default();
    let (host, port) = match proxy {
        Some(proxy) => proxy.address(),
        None => address(url)?,
    };
    let addresses = resolve(host, port, peer, origin, &mut opening).await?;
    let began = origin.now();
    let stream = connect(&addresses, peer).await?;
    opening.tcp = Some(origin.now() - began);
    // Small writes must not wait for acknowledgements.
    stream.set_nodelay(true).map_err(|error| error::of_socket(&error, peer))?;
    let (mut stream, tap) = TimestampedStream::new(stream, origin);
    if url.scheme() != "https" {
        return Ok(Opened { bytes: Box::new(stream), tap, opening, http2: false });
    }
    if let Some(proxy) = proxy {
        proxy::tunnel(&mut stream, url, proxy, peer).await?;
    }
    let began = origin.now();
    let name = server_name(url, peer)?;
    let secure = TlsConnector::from(tls()?).connect(name, stream).await;
    let secure = secure.map_err(|error| error::of_socket(&error, peer))?;
    opening.tls = Some(origin.now() - began);
    let http2 = secure.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok(Opened { bytes: Box::new(secure), tap, opening, http2 })
}

fn address(url: &Url) -> Result<(Host<String>, u16), Failure> {
    let host = url.host().map(|host| host.to_owned());
    host.zip(url.port_or_known_default())
        .ok_or_else(|| Failure::new(Class::Unsupported, "the address has no host to connect to"))
}

async fn resolve(
    host: Host<String>,
    port: u16,
    peer: &Server,
    origin: ClockOrigin,
    opening: &mut ConnectionTimings,
) -> Result<Vec<SocketAddr>, Failure> {
    let name = match host {
        Host::Ipv4(ip) => return Ok(vec![(ip, port).into()]),
        Host::Ipv6(ip) => return Ok(vec![(ip, port).into()]),
        Host::Domain(name) => name,
    };
    let began = origin.now();
    let found = tokio::net::lookup_host((name.as_str(), port)).await.map_err(|_| error::unresolved(peer))?;
    opening.dns = Some(origin.now() - began);
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(error::unresolved(peer)) } else { Ok(addresses) }
}

/// The time limit of an address while others are left; RFC 8305 recommends 250 ms.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address that answers: each but the last has a short time limit, and a refusal ends its turn.
async fn connect(addresses: &[SocketAddr], peer: &Server) -> Result<TcpStream, Failure> {
    let mut why = error::connect_timeout(peer);
    for (index, address) in addresses.iter().enumerate() {
        let attempt = TcpStream::connect(address);
        let made = if index + 1 == addresses.len() {
            Ok(attempt.await)
        } else {
            tokio::time::timeout(HEAD_START, attempt).await
        };
        match made {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => why = error::of_socket(&error, peer),
            Err(_) => why = error::connect_timeout(peer),
        }
    }
    Err(why)
}

fn server_name(url: &Url, peer: &Server) -> Result<ServerName<'static>, Failure> {
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
        Some(Host::Ipv4(ip)) => Some(ServerName::IpAddress(std::net::IpAddr::V4(ip).into())),
        Some(Host::Ipv6(ip)) => Some(ServerName::IpAddress(std::net::IpAddr::V6(ip).into())),
        None => None,
    };
    name.ok_or_else(|| {
        let class = Class::Connection(ConnectionFault::Tls);
        Failure::new(class, format!("{peer} has no name that a certificate could hold"))
    })
}
