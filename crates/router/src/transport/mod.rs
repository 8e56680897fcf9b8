//! `ports::Transport` over sockets and over scripts, without retries or routing.

mod command_result;
pub mod connection_check;
pub mod download;
pub(crate) mod http;
pub mod local_servers;
pub(crate) mod measuring;
pub(crate) mod mock;
#[cfg(feature = "exec")]
pub(crate) mod process;
#[cfg(not(feature = "exec"))]
#[path = "process_unavailable.rs"]
pub(crate) mod process;
mod proxy_variables;
mod tls;

use std::time::Duration;

use crate::ports::{BoxFuture, HttpReply, Transport};
use llmroute_core::model::Failure;
use llmroute_core::wire::WireRequest;

pub use http::HttpTransport;
pub use measuring::MeasuringTransport;
pub(crate) use mock::MockTransport;
pub use proxy_variables::{ProxyVariableError, check_proxies};

/// All transports of the process, chosen by the scheme of the URL.
///
/// Creation does no I/O: connections, clients and TLS roots are made by the first call that needs them.
#[derive(Debug, Default)]
pub(crate) struct SchemeTransport {
    /// `http` and `https`.
    pub http: HttpTransport,
    /// `mock`.
    pub mock: MockTransport,
}

impl SchemeTransport {
    /// A network; `seed` determines the randomness of simulated deployments.
    #[must_use]
    pub(crate) fn new(seed: u64) -> Self {
        Self { http: HttpTransport::default(), mock: MockTransport::new(seed) }
    }

    /// The same network, over an HTTP client of the program.
    #[must_use]
    pub(crate) fn with_client(self, client: reqwest::Client) -> Self {
        Self { http: HttpTransport::with_client(client), ..self }
    }
}

impl Transport for SchemeTransport {
    fn send(&self, request: WireRequest, connect_timeout: Duration) -> BoxFuture<'_, Result<HttpReply, Failure>> {
        match request.url.scheme() {
            "mock" => self.mock.send(request, connect_timeout),
            _ => self.http.send(request, connect_timeout),
        }
    }
}
