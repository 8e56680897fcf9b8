//! Converts network errors to [`Failure`]s: by type where there is one, never by text.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::IpAddr;

use rustls::{CertificateError, InvalidMessage};
use url::{Host, Url};

pub use llmroute_core::model::{Class, ConnectionFault, Failure, TimeoutKind};

/// The peer, for messages.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    name: String,
    loopback: bool,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Server {
    /// The host and port of `url`, without the rest.
    ///
    /// # Errors
    /// `unsupported` when `url` is not of `http` or `https`.
    pub(crate) fn of(url: &Url) -> Result<Self, Failure> {
        let (Some(host), true) = (url.host(), matches!(url.scheme(), "http" | "https")) else {
            let message = format!("`{}` is not a scheme that requests can be sent to", url.scheme());
            return Err(Failure::new(Class::Unsupported, message));
        };
        let loopback = match host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => IpAddr::V4(address).is_loopback(),
            Host::Ipv6(address) => IpAddr::V6(address).is_loopback(),
        };
        let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { name: format!("{host}{port}"), loopback })
    }

    /// `HOST:PORT`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `true` if it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// The findings in the chain of an error's sources.
#[derive(Default)]
struct ErrorChain<'a> {
    io: Option<ErrorKind>,
    tls: Option<&'a rustls::Error>,
    hyper: Option<&'a hyper::Error>,
    /// The text of the deepest source, for errors without a type.
    deepest: String,
}

fn look<'a>(first: Option<&'a (dyn Error + 'static)>) -> ErrorChain<'a> {
    let mut found = ErrorChain::default();
    let mut next = first;
    while let Some(error) = next {
        found.deepest = error.to_string();
        found.tls = found.tls.or_else(|| error.downcast_ref());
        found.hyper = found.hyper.or_else(|| error.downcast_ref());
        next = match error.downcast_ref::<io::Error>() {
            Some(io) => {
                // The deepest error is the most specific: outer ones are wrappers of kind `Other`.
                found.io = Some(io.kind());
                // `source` of an `io::Error` skips the error it wraps.
                io.get_ref().map(|inner| inner as _)
            }
            None => error.source(),
        };
    }
    found
}

/// The failure of a call without a reply.
pub(crate) fn of_head(error: &reqwest::Error, peer: &Server) -> Failure {
    let found = look(error.source());
    if error.is_connect() { connect(error, &found, peer) } else { broken(&found, peer, "before it answered") }
}

/// The failure of an incomplete body.
pub(crate) fn of_body(error: &reqwest::Error, peer: &Server) -> Failure {
    let found = look(error.source());
    let closed = found.io == Some(ErrorKind::UnexpectedEof);
    if found.hyper.is_none() && found.tls.is_none() && !closed {
        // An error of the decompressor, not of the connection.
        return malformed(peer, &format!("a body that cannot be decompressed ({})", found.deepest));
    }
    broken(&found, peer, "in the middle of the reply")
}

/// The failure to connect, as reported by the socket or TLS.
pub(crate) fn of_socket(error: &io::Error, peer: &Server) -> Failure {
    not_connected(&look(Some(error)), peer)
}

/// The failure of a call on a measured connection; `when` is the phase.
pub(crate) fn of_line(error: &hyper::Error, peer: &Server, when: &str) -> Failure {
    broken(&look(Some(error)), peer, when)
}

/// A name that does not resolve.
pub(crate) fn unresolved(peer: &Server) -> Failure {
    connection(ConnectionFault::Dns, format!("the name of {} does not resolve", peer.name))
}

/// A connection that took too long.
pub(crate) fn connect_timeout(peer: &Server) -> Failure {
    Failure::new(Class::Timeout(TimeoutKind::Connect), format!("no connection to {} in time", peer.name))
}

fn connect(error: &reqwest::Error, found: &ErrorChain<'_>, peer: &Server) -> Failure {
    if error.is_dns() {
        return unresolved(peer);
    }
    if found.tls.is_none() && error.is_timeout() {
        return connect_timeout(peer);
    }
    not_connected(found, peer)
}

fn not_connected(found: &ErrorChain<'_>, peer: &Server) -> Failure {
    let name = &peer.name;
    if let Some(tls) = found.tls {
        return connection(ConnectionFault::Tls, tls_message(tls, peer));
    }
    match found.io {
        Some(ErrorKind::ConnectionRefused) => {
            let hint = if peer.loopback { "; is the server running?" } else { "" };
            connection(ConnectionFault::Refused, format!("connection refused by {name}{hint}"))
        }
        Some(ErrorKind::UnexpectedEof) => {
            connection(ConnectionFault::Tls, format!("{name} closed the connection during the TLS handshake"))
        }
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable) => {
            connection(ConnectionFault::Broken, format!("there is no route to {name}"))
        }
        Some(_) | None => broken(found, peer, "while it was made"),
    }
}

/// A connection that was established and failed; `when` is the phase.
fn broken(found: &ErrorChain<'_>, peer: &Server, when: &str) -> Failure {
    let name = &peer.name;
    if let Some(tls) = found.tls {
        return connection(ConnectionFault::Tls, tls_message(tls, peer));
    }
    if found.hyper.is_some_and(hyper::Error::is_parse) {
        return malformed(peer, "something that is not HTTP");
    }
    let incomplete = found.hyper.is_some_and(hyper::Error::is_incomplete_message);
    match found.io {
        Some(ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
            malformed(peer, &format!("a broken body ({})", found.deepest))
        }
        Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe) => {
            connection(ConnectionFault::Broken, format!("{name} reset the connection {when}"))
        }
        Some(ErrorKind::TimedOut) => {
            connection(ConnectionFault::Broken, format!("the connection to {name} went dead {when}"))
        }
        Some(ErrorKind::UnexpectedEof) => {
            connection(ConnectionFault::Broken, format!("{name} closed the connection {when}"))
        }
        None if incomplete => connection(ConnectionFault::Broken, format!("{name} closed the connection {when}")),
        Some(_) | None => {
            let cause = &found.deepest;
            connection(ConnectionFault::Broken, format!("the connection to {name} broke {when} ({cause})"))
        }
    }
}

fn connection(fault: ConnectionFault, message: String) -> Failure {
    Failure::new(Class::Connection(fault), message)
}

fn malformed(peer: &Server, what: &str) -> Failure {
    Failure::new(Class::Malformed, format!("{} sent {what}", peer.name))
}

pub(crate) fn tls_message(error: &rustls::Error, peer: &Server) -> String {
    let name = &peer.name;
    match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("{name} does not speak TLS; is it http:// instead of https://?")
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("the certificate of {name} is of an unknown issuer; SSL_CERT_FILE can name it")
        }
        rustls::Error::InvalidCertificate(why) => format!("the certificate of {name} is not valid ({why})"),
        other => format!("no secure connection to {name} ({other})"),
    }
}
