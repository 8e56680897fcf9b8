//! HTTP over sockets: sends a request once and streams the reply.
//!
//! It has no retries, redirects or clock, and does not interpret statuses.

pub(super) mod error;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::Stream;
use reqwest::{Client, Method, Request, redirect, retry};

use self::error::Server;
use super::tls::{self, LazyVerifier};
use crate::ports::{BoxFuture, HttpReply, Transport};
pub use llmroute_core::model::{Class, ConnectionFault, Failure};
use llmroute_core::wire::WireRequest;

/// The `User-Agent` of every request.
pub(super) const USER_AGENT: &str = concat!("llmroute/", env!("CARGO_PKG_VERSION"));

/// The limits of connections to credential services and of their replies.
const KEYS_CONNECT: Duration = Duration::from_secs(5);
const MAX_KEYS: usize = 64 << 10;

/// The HTTP transport. Creation is cheap: the first call makes a client, the first certificate loads the TLS roots.
///
/// Proxies are those of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`); a server on
/// loopback is called directly, as in Go: a proxy would look for it on its own machine.
#[derive(Default)]
pub struct HttpTransport {
    clients: Mutex<HashMap<ClientOptions, Client>>,
    roots: Arc<LazyVerifier>,
    /// The client of the program, used for every request.
    fixed: Option<Client>,
}

/// The settings of a client that a request cannot carry; a profile has two or three combinations.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ClientOptions {
    connect_timeout: Duration,
    proxies: bool,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// A network over a client of the program.
    #[must_use]
    pub(crate) fn with_client(client: Client) -> Self {
        Self { fixed: Some(client), ..Self::default() }
    }

    fn client(&self, wants: ClientOptions) -> Result<Client, Failure> {
        if let Some(client) = &self.fixed {
            return Ok(client.clone());
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&wants) {
            return Ok(client.clone());
        }
        let client = build(wants, &self.roots)?;
        clients.insert(wants, client.clone());
        Ok(client)
    }
}

impl HttpTransport {
    /// Fetches `url` once, for credential services; returns the status and a bounded body.
    pub(crate) async fn get(&self, url: url::Url, headers: http::HeaderMap) -> Result<(u16, Vec<u8>), Failure> {
        let peer = Server::of(&url)?;
        let client = self.client(ClientOptions { connect_timeout: KEYS_CONNECT, proxies: !peer.is_loopback() })?;
        let mut get = Request::new(Method::GET, url);
        *get.headers_mut() = headers;
        let mut response = client.execute(get).await.map_err(|error| error::of_head(&error, &peer))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error::of_body(&error, &peer))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_KEYS {
                return Err(Failure::new(Class::Malformed, "the reply is too long to hold keys"));
            }
        }
        Ok((response.status().as_u16(), body))
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: WireRequest, connect_timeout: Duration) -> BoxFuture<'_, Result<HttpReply, Failure>> {
        Box::pin(async move {
            let peer = Server::of(&request.url)?;
            let client = self.client(ClientOptions { connect_timeout, proxies: !peer.is_loopback() })?;
            let mut call = Request::new(request.method, request.url);
            *call.headers_mut() = request.headers;
            *call.body_mut() = (!request.body.is_empty()).then(|| request.body.into());
            let response = client.execute(call).await.map_err(|error| error::of_head(&error, &peer))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(HttpReply { status, headers, body: Box::pin(body(response, peer)) })
        })
    }
}

#[cfg(feature = "vertex")]
impl HttpTransport {
    /// Sends `request` of any method and returns the whole reply, of at most `limit` bytes.
    ///
    /// Plain `http` never uses a proxy: its targets are this machine and its cloud's own network.
    ///
    /// # Errors
    /// As [`Transport::send`], and `malformed` for a reply that is too large.
    pub(crate) async fn exchange(
        &self,
        request: ::http::Request<bytes::Bytes>,
        connect_timeout: Duration,
        limit: usize,
    ) -> Result<::http::Response<bytes::Bytes>, Failure> {
        let unfit = |_| Failure::new(Class::Connection(ConnectionFault::Dns), "not an address to send to");
        let request = Request::try_from(request).map_err(unfit)?;
        let peer = Server::of(request.url())?;
        let proxies = !peer.is_loopback() && request.url().scheme() == "https";
        let client = self.client(ClientOptions { connect_timeout, proxies })?;
        let mut response = client.execute(request).await.map_err(|error| error::of_head(&error, &peer))?;
        let mut reply = ::http::Response::builder().status(response.status());
        if let Some(headers) = reply.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error::of_body(&error, &peer))? {
            body.extend_from_slice(&chunk);
            if body.len() > limit {
                return Err(Failure::new(Class::Malformed, "the reply is too large"));
            }
        }
        reply.body(body.into()).map_err(|_| Failure::new(Class::Malformed, "the reply has an odd head"))
    }
}

/// Streams chunks as they are read, without buffering; the first failure is the last item.
fn body(response: reqwest::Response, peer: Server) -> impl Stream<Item = Result<bytes::Bytes, Failure>> + Send {
    response.bytes_stream().map(move |chunk| chunk.map_err(|error| error::of_body(&error, &peer)))
}

/// Takes 10 to 20 µs (measured); reading the system's roots (5 ms) waits for the first certificate.
fn build(wants: ClientOptions, roots: &Arc<LazyVerifier>) -> Result<Client, Failure> {
    let wrong = |error: &dyn fmt::Display| {
        Failure::new(Class::Connection(ConnectionFault::Tls), format!("no client could be made: {error}"))
    };
    let tls = tls::config(roots).map_err(|error| wrong(&error))?;
    let client = Client::builder()
        .user_agent(USER_AGENT)
        .tls_backend_preconfigured(tls)
        .connect_timeout(wants.connect_timeout)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .tcp_nodelay(true);
    let client = if wants.proxies { client } else { client.no_proxy() };
    client.build().map_err(|error| wrong(&error.without_url()))
}

#[cfg(test)]
mod tests;
