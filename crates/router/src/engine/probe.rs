//! One question that costs nothing, and what the processes know of a deployment. What follows from it is not
//! decided here, and nothing is learned.

use std::time::Duration;

use futures_util::StreamExt;
use http::header::{DATE, LOCATION};
use url::Url;

use crate::engine::router::Router;
use crate::engine::shared::keys::{deployment_key, parse, quota_key};
use crate::ports::HttpReply;
use llmroute_core::call::{redacted, refusal, secrets};
use llmroute_core::model::format;
use llmroute_core::model::{Class, Failure, KeySource, RateLimitReading, Secret, TimeoutKind, Timestamp};
use llmroute_core::protocols::probe::ModelNames;
use llmroute_core::protocols::{Endpoint, Probe};
use llmroute_core::routing::DeploymentId;
use llmroute_core::routing::limits::ProviderLimit;
use llmroute_core::routing::snapshot::DeploymentState;
use llmroute_core::wire::{ErrorReply, WireRequest, rate_limit};

/// The longest list of models that is read.
const MAX_LIST: usize = 8 << 20;
/// Keys of fewer characters are not shown in part.
const SHOWN_FROM: usize = 16;
/// As much of a key as is shown.
const SHOWN: usize = 4;

/// How long a probe may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeLimits {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the head of the reply is there.
    pub head: Duration,
    /// In all, the key included.
    pub total: Duration,
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeResult {
    /// Its key.
    pub key: ProbeKey,
    /// What was asked, and what came back.
    pub outcome: ProbeOutcome,
}

/// Whether there is a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeKey {
    /// None is needed.
    NotNeeded,
    /// There is one.
    Found {
        /// Its last four characters, when it is long enough for them to tell nothing.
        tail: Option<String>,
    },
    /// There is none, and why.
    Missing(String),
    /// It did not come in time: a command or a keyring is slow.
    TimedOut,
    /// Nobody looked for it: there was no time left.
    NotResolved,
}

/// What became of the question.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeOutcome {
    /// Nothing was asked: there is nothing that is free.
    NoFreeRequest,
    /// Nothing was asked: the deployment is simulated.
    Simulated,
    /// Nothing was asked: there was no time left.
    NoTime,
    /// Nothing was asked: there is no key, or it cannot be sent.
    NotSent(Failure),
    /// No reply came.
    Failed(Failure),
    /// A reply came.
    Replied(ProbeReply),
}

/// A reply to a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeReply {
    /// When its head was here.
    pub at: Timestamp,
    /// How long that took.
    pub took: Duration,
    /// The HTTP status.
    pub status: u16,
    /// What an error status means.
    pub refusal: Option<Failure>,
    /// The time by the server's clock.
    pub date: Option<Timestamp>,
    /// Where it redirects to, without query.
    pub location: Option<String>,
    /// What it says of limits.
    pub readings: Vec<RateLimitReading>,
    /// The models that it lists.
    pub list: ModelList,
    /// The same question without the key was refused: the key is what opened the door.
    pub key_proved: bool,
}

/// What a reply says of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelList {
    /// Nothing: no list was asked for, or it was refused.
    None,
    /// A list was asked for, and something else came: a page for people, say.
    Unreadable,
    /// These.
    Models(ModelNames),
}

/// What the processes know of a deployment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// Breaker, gate, estimates.
    pub cell: DeploymentState,
    /// What its provider allows.
    pub quota: ProviderLimit,
}

impl Router {
    /// Asks `id` what is free of cost; retries nothing and teaches nothing.
    pub async fn probe(&self, id: DeploymentId, limits: ProbeLimits) -> ProbeResult {
        let started = self.clock.instant();
        let endpoint = &self.endpoints[id.0];
        let key = match tokio::time::timeout(limits.total, self.keys.get(&self.sources[id.0])).await {
            Ok(Ok(key)) => key,
            Ok(Err(why)) => {
                let failure = Failure::new(Class::Authentication, &why.reason);
                return ProbeResult { key: ProbeKey::Missing(why.reason), outcome: ProbeOutcome::NotSent(failure) };
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

    /// Where `id` is; `None` for one that is simulated.
    #[must_use]
    pub fn address(&self, id: DeploymentId) -> Option<&Url> {
        Some(&self.endpoints[id.0].base_url).filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// Where the key of `id` is.
    #[must_use]
    pub fn key_source(&self, id: DeploymentId) -> &KeySource {
        &self.sources[id.0]
    }

    /// Whether a probe of one says as much of the other.
    #[must_use]
    pub fn probed_alike(&self, one: DeploymentId, other: DeploymentId) -> bool {
        let (a, b) = (&self.endpoints[one.0], &self.endpoints[other.0]);
        let target =
            |to: &Endpoint| (to.protocol, to.base_url.clone(), to.headers.clone(), to.query.clone(), to.quirks);
        self.sources[one.0] == self.sources[other.0] && target(a) == target(b)
    }

    /// What is known of `ids`, in their order; nothing is known when the store cannot be read, which it says itself.
    #[must_use]
    pub fn standing(&self, ids: &[DeploymentId]) -> Vec<Standing> {
        let map = &self.map;
        let keys = ids.iter().flat_map(|id| [deployment_key(map, *id), quota_key(map.limits.quota(map, *id))]);
        let keys: Vec<String> = keys.collect();
        let values = self.store.read(&keys).unwrap_or_else(|_| vec![None; keys.len()]);
        let pairs = values.chunks_exact(2);
        pairs.map(|pair| Standing { cell: parse(pair[0].as_deref()), quota: parse(pair[1].as_deref()) }).collect()
    }

    /// What a person should know about the state, once.
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
            reply.key_proved = key.is_some() && self.is_closed_to_others(to, limits).await;
        } else {
            let body = body.unwrap_or_default();
            let error = ErrorReply { status: head.status, headers: &head.headers, body: &body, now: at };
            reply.refusal = Some(refusal(to, key, &error));
        }
        Ok(reply)
    }

    /// Whether `to` refuses the same question without a key: what anybody may read proves no key.
    async fn is_closed_to_others(&self, to: &Endpoint, limits: ProbeLimits) -> bool {
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

/// The whole body; `None` when it breaks, or is too long to be a list.
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

/// The end of a key, for those who have several. Of keys that sign, of the one that is no secret.
fn found(key: &Secret) -> ProbeKey {
    let text = key.parts().next().unwrap_or_default();
    let length = text.chars().count();
    ProbeKey::Found { tail: (length >= SHOWN_FROM).then(|| text.chars().skip(length - SHOWN).collect()) }
}

fn date(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}

/// Where a redirect leads, without what may be secret in it.
fn shown(from: &Url, place: &str) -> Option<String> {
    let mut url = from.join(place).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    // Those that can have neither have none.
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
    fn dates_are_read() {
        assert_eq!(date("Thu, 01 Jan 1970 00:00:07 GMT"), Some(Timestamp(7000)));
        assert_eq!(date("yesterday"), None);
    }
}
