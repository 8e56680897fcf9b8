//! `ports::MeasuringNetwork` over sockets: own connections, kernel timestamps where available, and exact waits.
//!
//! Timestamps are taken where the bytes are read, below TLS and before parsing.

mod clock;
mod http_connection;
mod kernel_timestamps;
mod open;
mod pacer;
mod proxy;
mod read_timestamps;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::ClientConfig;
use url::Url;

pub(super) use self::clock::ClockOrigin;
use self::http_connection::HttpConnection;
use self::pacer::Pacer;
use super::http::error::{self, Server};
use super::mock::MeasuringMock;
use super::tls::{self, LazyVerifier};
use crate::ports::{BoxFuture, MeasuredConnection, MeasuringNetwork};
pub use llmroute_core::model::{Class, ConnectionFault, Failure};

/// The measuring network of a run: sockets for `http` and `https`, simulated deployments for `mock`, one clock for all.
///
/// Creation does no I/O; its clock starts at zero.
pub struct MeasuringTransport {
    origin: ClockOrigin,
    mock: MeasuringMock,
    proxies: OnceLock<Matcher>,
    roots: Arc<LazyVerifier>,
    tls: OnceLock<Arc<ClientConfig>>,
    /// `None` where time is simulated.
    pacer: Option<Pacer>,
}

impl fmt::Debug for MeasuringTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instrument").finish_non_exhaustive()
    }
}

impl MeasuringTransport {
    /// Uses real time; `seed` determines the randomness of simulated deployments.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { pacer: Some(Pacer::default()), ..Self::simulated(seed) }
    }

    /// Uses tokio's time, which a test or a simulation can pause.
    #[must_use]
    pub fn simulated(seed: u64) -> Self {
        let origin = ClockOrigin::new();
        let (proxies, roots, tls) = (OnceLock::new(), Arc::default(), OnceLock::new());
        Self { origin, mock: MeasuringMock::new(seed, origin), proxies, roots, tls, pacer: None }
    }

    /// Uses the proxies of `matcher` instead of those of the environment.
    #[cfg(test)]
    fn through(self, matcher: Matcher) -> Self {
        let _ = self.proxies.set(matcher);
        self
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let made = tls::config(&self.roots).map_err(|error| {
            let class = Class::Connection(ConnectionFault::Tls);
            Failure::new(class, format!("no secure connection can be made: {error}"))
        })?;
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(made))))
    }

    async fn line(&self, url: &Url) -> Result<HttpConnection, Failure> {
        let peer = Server::of(url)?;
        let matcher = self.proxies.get_or_init(Matcher::from_system);
        let proxy = proxy::on_the_way(matcher, url, &peer)?;
        let opened = open::open(url, &peer, proxy.as_ref(), || self.tls(), self.origin).await?;
        HttpConnection::new(opened, peer, proxy, self.origin).await
    }
}

impl MeasuringNetwork for MeasuringTransport {
    fn now(&self) -> Duration {
        self.origin.now()
    }

    fn cpu(&self) -> Option<Duration> {
        // Simulated time does not change this.
        self.pacer.as_ref().and_then(|_| cpu())
    }

    fn wait(&self, at: Duration) -> BoxFuture<'_, ()> {
        match &self.pacer {
            Some(pacer) => Box::pin(pacer.wait(self.origin, at)),
            None => Box::pin(tokio::time::sleep_until(self.origin.instant(at))),
        }
    }

    fn connect<'a>(
        &'a self,
        url: &'a Url,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn MeasuredConnection>, Failure>> {
        if url.scheme() == "mock" {
            return self.mock.connect();
        }
        Box::pin(async move {
            let peer = Server::of(url)?;
            match tokio::time::timeout(limit, self.line(url)).await {
                Ok(line) => Ok(Box::new(line?) as Box<dyn MeasuredConnection>),
                Err(_) => Err(error::connect_timeout(&peer)),
            }
        })
    }
}

#[cfg(target_os = "linux")]
fn cpu() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let used = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let micros = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    u64::try_from(micros).ok().map(Duration::from_micros)
}

#[cfg(not(target_os = "linux"))]
fn cpu() -> Option<Duration> {
    None
}
