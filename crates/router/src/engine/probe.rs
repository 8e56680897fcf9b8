//! Probes: one free request to a deployment, and the shared state of it. A probe retries nothing, and its result
//! does not change the state.

use std::time::Duration;

use futures_util::StreamExt;
use http::header::{DATE, LOCATION};
use url::Url;

use crate::engine::router::Engine;
use crate::engine::shared::keys::{deployment_key, parse, quota_key};
use crate::ports::HttpReply;
use llmroute_core::call::{redacted, refusal, secrets};
pub use llmroute_core::model::format;
pub use llmroute_core::model::{Class, Failure, KeySource, RateLimitReading, Secret, TimeoutKind, Timestamp};
pub use llmroute_core::protocols::probe::ModelNames;
pub use llmroute_core::protocols::{Endpoint, Probe};
use llmroute_core::routing::DeploymentId;
pub use llmroute_core::routing::limits::ProviderLimit;
pub use llmroute_core::routing::snapshot::DeploymentState;
pub use llmroute_core::wire::{ErrorReply, WireRequest, rate_limit};

/// The longest list of models that is read.
const MAX_LIST: usize = 8 << 20;
/// The shortest key whose end is shown.
const SHOWN_FROM: usize = 16;
/// The number of characters of a key that are shown.
const SHOWN: usize = 4;

/// The time limits of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeLimits {
    /// Until the connection is open.
    pub connect: Duration,
    /// Until the head of the reply.
    pub head: Duration,
    /// In all, including the time to get the key.
    pub total: Duration,
}

/// The result of a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeResult {
    /// The state of the key.
    pub key: ProbeKey,
    /// The outcome of the request.
    pub outcome: ProbeOutcome,
}

/// The state of a deployment's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeKey {
    /// No key is needed.
    NotNeeded,
    /// The key was found.
    Found {
        /// The last four characters, if the key is long enough that they reveal nothing.
        tail: Option<String>,
    },
    /// There is no key, for this reason.
    Missing(String),
    /// The key did not come in time: a command or a keyring is slow.
    TimedOut,
    /// The key was not looked up: there was no time left.
    NotResolved,
}

/// The outcome of a probe's request.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeOutcome {
    /// Not sent: the protocol has no free request.
    NoFreeRequest,
    /// Not sent: the deployment is simulated.
    Simulated,
    /// Not sent: there was no time left.
    NoTime,
    /// Not sent: the key is missing or cannot be sent.
    NotSent(Failure),
    /// No reply came.
    Failed(Failure),
    /// A reply came.
    Replied(ProbeReply),
}

/// A reply to a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeReply {
    /// The time of its head.
    pub at: Timestamp,
    /// The time from the request to the head.
    pub took: Duration,
    /// The HTTP status.
    pub status: u16,
    /// The failure that an error status means.
    pub refusal: Option<Failure>,
    /// The time on the server's clock.
    pub date: Option<Timestamp>,
    /// The target of a redirect, without query.
    pub location: Option<String>,
    /// The rate limits in its headers.
    pub readings: Vec<RateLimitReading>,
    /// The models in its body.
    pub list: ModelList,
    /// True if the server refused the same request without the key.
    pub key_proved: bool,
}

/// The list of models in a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelList {
    /// No list was requested, or the request was refused.
    None,
    /// The body is not a list of models; it may be an HTML page.
    Unreadable,
    /// The listed models.
    Models(ModelNames),
}

/// The shared state of a deployment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// Its breaker, gate and estimates.
    pub cell: DeploymentState,
    /// The rate limits of its provider.
    pub quota: ProviderLimit,
}

impl Engine {
    /// Sends a free request to `id`, once. The result does not change the shared state.
    pub(crate) async fn probe(&self, id: DeploymentId, limits: ProbeLimits) -> ProbeResult {
        let started = self.clock.instant();
        let endpoint = &self.endpoints[id.0];
        let key = match tokio::time::timeout(limits.total, self.keys.get(&self.sources[id.0])).await {
            Ok(Ok(key)) => key,
            Ok(Err(why)) => {
                let failure = Failure::new(Class::Authentication, why.to_string());
                return ProbeResult {
                    key: ProbeKey::Missing(why.to_string()),
                    outcome: ProbeOutcome::NotSent(failure),
                };
            }
            Err(_) => {
                let failure = Failure::new(Class::Timeout(TimeoutKind::Total), "no key in time");
                return ProbeResult { key: ProbeKey::TimedOut, outcome: ProbeOutcome::NotSent(failure) };
            }
        };
        let total = limits.total.saturating_sub(self.clock.instant() - started);
        let outcome = match endpoint.protocol.adapter().probe(endpoint, key.as_ref()) {
            Err(failure) => ProbeOutcome::NotSent(failure),
            Ok(Probe::Nothing) => ProbeOutcome::NoFreeRequest,
            Ok(Probe::Simulated) => ProbeOutcome::Simulated,
            Ok(Probe::Models(_) | Probe::Key(_)) if total.is_zero() => ProbeOutcome::NoTime,
            Ok(Probe::Models(request)) => self.put(endpoint, key.as_ref(), request, true, limits, total).await,
            Ok(Probe::Key(request)) => self.put(endpoint, key.as_ref(), request, false, limits, total).await,
        };
        ProbeResult { key: key.as_ref().map_or(ProbeKey::NotNeeded, found), outcome }
    }

    /// Returns the base URL of `id`, or `None` if it is simulated.
    #[must_use]
    pub(crate) fn address(&self, id: DeploymentId) -> Option<&Url> {
        Some(&self.endpoints[id.0].base_url).filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// Returns the source of the key of `id`.
    #[must_use]
    pub fn key_source(&self, id: DeploymentId) -> &KeySource {
        &self.sources[id.0]
    }

    /// Returns true if a probe of one deployment holds for the other, too.
    #[must_use]
    pub(crate) fn probed_alike(&self, one: DeploymentId, other: DeploymentId) -> bool {
        let (a, b) = (&self.endpoints[one.0], &self.endpoints[other.0]);
        let target =
            |to: &Endpoint| (to.protocol, to.base_url.clone(), to.headers.clone(), to.query.clone(), to.quirks);
        self.sources[one.0] == self.sources[other.0] && target(a) == target(b)
    }

    /// Returns the shared state of `ids`, in their order. A store that cannot be read gives empty states and a warning.
    #[must_use]
    pub(crate) fn standing(&self, ids: &[DeploymentId]) -> Vec<Standing> {
        let map = &self.map;
        let keys = ids.iter().flat_map(|id| [deployment_key(map, *id), quota_key(map.limits.quota(map, *id))]);
        let keys: Vec<String> = keys.collect();
        let values = self.store.read(&keys).unwrap_or_else(|_| vec![None; keys.len()]);
        let pairs = values.chunks_exact(2);
        pairs.map(|pair| Standing { cell: parse(pair[0].as_deref()), quota: parse(pair[1].as_deref()) }).collect()
    }

    /// Returns a warning about the state, once.
    #[must_use]
    pub fn take_warning(&self) -> Option<String> {
        self.store.take_warning()
    }

    async fn put(
        &self,
        to: &Endpoint,
        key: Option<&Secret>,
        request: WireRequest,
        lists: bool,
        limits: ProbeLimits,
        total: Duration,
    ) -> ProbeOutcome {
        let late = || {
            ProbeOutcome::Failed(Failure::new(
                Class::Timeout(TimeoutKind::Total),
                format!("no reply within {}", format::duration(total)),
            ))
        };
        let ask = async {
            match self.reply(to, key, request, lists, limits).await {
                Ok(reply) => ProbeOutcome::Replied(reply),
                Err(failure) => ProbeOutcome::Failed(redacted(failure, &secrets(to, key))),
            }
        };
        tokio::time::timeout(total, ask).await.unwrap_or_else(|_| late())
    }

    async fn reply(
        &self,
        to: &Endpoint,
        key: Option<&Secret>,
        request: WireRequest,
        lists: bool,
        limits: ProbeLimits,
    ) -> Result<ProbeReply, Failure> {
        let (started, url) = (self.clock.instant(), request.url.clone());
        let mut head = self.head(request, limits).await?;
        let (at, took) = (self.clock.now(), self.clock.instant() - started);
        let header = |name| head.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let mut reply = ProbeReply {
            at,
            took,
            status: head.status,
            refusal: None,
            date: header(DATE).and_then(date),
            location: header(LOCATION).and_then(|place| shown(&url, place)),
            readings: rate_limit::readings(&head.headers, at),
            list: ModelList::None,
            key_proved: false,
        };
        let body = read(&mut head).await;
        if (200..300).contains(&head.status) {
            if lists {
                reply.list =
                    body.and_then(|body| ModelNames::read(&body)).map_or(ModelList::Unreadable, ModelList::Models);
            }
            reply.key_proved = key.is_some() && self.requires_key(to, limits).await;
        } else {
            let body = body.unwrap_or_default();
            let error = ErrorReply { status: head.status, headers: &head.headers, body: &body, now: at };
            reply.refusal = Some(refusal(to, key, &error));
        }
        Ok(reply)
    }

    /// Returns true if `to` refuses the same request without a key. A list that is public proves nothing about the key.
    async fn requires_key(&self, to: &Endpoint, limits: ProbeLimits) -> bool {
        let Ok(Probe::Models(request) | Probe::Key(request)) = to.protocol.adapter().probe(to, None) else {
            return false;
        };
        self.head(request, limits).await.is_ok_and(|head| matches!(head.status, 400..=499))
    }

    async fn head(&self, request: WireRequest, limits: ProbeLimits) -> Result<HttpReply, Failure> {
        let late = || {
            Failure::new(
                Class::Timeout(TimeoutKind::FirstToken),
                format!("no reply within {}", format::duration(limits.head)),
            )
        };
        let sent = self.transport.send(request, limits.connect);
        tokio::time::timeout(limits.head, sent).await.unwrap_or_else(|_| Err(late()))
    }
}

/// Reads the body; `None` if it breaks off or is longer than any list.
async fn read(head: &mut HttpReply) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = head.body.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if body.len() > MAX_LIST {
            return None;
        }
    }
    Some(body)
}

/// Returns the end of a key, which tells several keys apart; for signing keys, of the id, which is not secret.
fn found(key: &Secret) -> ProbeKey {
    let text = key.parts().next().unwrap_or_default();
    let length = text.chars().count();
    ProbeKey::Found { tail: (length >= SHOWN_FROM).then(|| text.chars().skip(length - SHOWN).collect()) }
}

fn date(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}

/// Returns the target of a redirect without the parts that may be secret.
fn shown(from: &Url, place: &str) -> Option<String> {
    let mut url = from.join(place).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    // URLs that cannot have credentials have none.
    let _ = (url.set_username(""), url.set_password(None));
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &Secret, want: Option<&str>) {
        assert_eq!(found(key), ProbeKey::Found { tail: want.map(str::to_owned) });
    }

    #[test]
    fn no_more_than_four_characters_of_a_key_are_shown() {
        check(&Secret::new("sk-0123456789abcdef"), Some("cdef"));
        check(&Secret::new("short-key"), None);
        check(&Secret::signing("AKIDEXAMPLE00001234", "the-secret-part-of-it", None), Some("1234"));
    }

    #[test]
    fn a_redirect_is_shown_without_its_secrets() {
        let from = Url::parse("https://h/v1/models?key=1").unwrap();
        assert_eq!(shown(&from, "/v2/models?token=x#y").as_deref(), Some("https://h/v2/models"));
        assert_eq!(shown(&from, "https://me:pw@other/x").as_deref(), Some("https://other/x"));
    }

    #[test]
    fn dates_are_parsed() {
        assert_eq!(date("Thu, 01 Jan 1970 00:00:07 GMT"), Some(Timestamp(7000)));
        assert_eq!(date("yesterday"), None);
    }
}
