//! The network: `ports::Transport` over sockets, and over scripts; it owns no retry and no routing.

mod aws;
pub mod dial;
pub mod download;
#[cfg(feature = "vertex")]
mod google;
pub mod http;
pub mod keyring;
pub mod keys;
pub mod meter;
pub mod mock;
pub mod probe;
mod tls;

use std::time::Duration;

use crate::ports::{BoxFuture, HttpReply, Transport};
use llmroute_core::model::Failure;
use llmroute_core::wire::WireRequest;

pub use http::Http;
pub use meter::Instrument;
pub use mock::Mock;

/// Every way out that this process has, chosen by the scheme of the URL.
///
/// Making one costs nothing: connections, clients and TLS roots come with the first call that needs them.
#[derive(Debug, Default)]
pub struct Net {
    /// `http` and `https`.
    pub http: Http,
    /// `mock`.
    pub mock: Mock,
}

impl Net {
    /// A network whose simulated part draws its luck from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { http: Http::default(), mock: Mock::new(seed) }
    }

    /// The same network, over an HTTP client of the program.
    #[must_use]
    pub fn with_client(self, client: reqwest::Client) -> Self {
        Self { http: Http::with_client(client), ..self }
    }
}

impl Transport for Net {
    fn send(&self, request: WireRequest, connect_timeout: Duration) -> BoxFuture<'_, Result<HttpReply, Failure>> {
        match request.url.scheme() {
            "mock" => self.mock.send(request, connect_timeout),
            _ => self.http.send(request, connect_timeout),
        }
    }
}
