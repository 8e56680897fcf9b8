//! One call to one deployment: moves the bytes of an [`HttpCall`]. No retries and no policy.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};

use crate::engine::router::Router;
use crate::engine::shared::reservation::PendingReservation;
use crate::ports::HttpReply;
use llmroute_core::call::{self, CallEnd, HttpCall};
use llmroute_core::model::{Answer, Class, Event, Failure, Prompt, RateLimitReading, Secret, TimeoutKind, Timestamp};
use llmroute_core::routing::{DeploymentId, Timeouts};
use llmroute_core::wire::{WireRequest, rate_limit};

/// The body of a reply as it comes.
type Body = Pin<Box<dyn Stream<Item = Result<bytes::Bytes, Failure>> + Send>>;

/// The events of one call; the last one is `Declined` or `Ended`. Dropping it closes the connection.
pub(in crate::engine) type CallStream<'a> = Pin<Box<dyn Stream<Item = CallEvent> + Send + 'a>>;

/// An event of a call.
pub(in crate::engine) enum CallEvent {
    /// The reservation that the call waited for was made.
    Reserved,
    /// The reservation was refused; nothing was sent.
    Declined,
    /// These parameters were left out of the request.
    Dropped(Vec<&'static str>),
    /// The head of the reply came: its time, and what it says of the provider's limits.
    Head((Timestamp, Vec<RateLimitReading>)),
    /// A piece of the answer.
    Event(Event),
    /// The call ended.
    Ended(Result<CallSuccess, CallError>),
}

/// The end of a call without an answer.
pub(in crate::engine) struct CallError {
    pub(in crate::engine) cause: Cause,
    /// The answer, as far as it came.
    pub(in crate::engine) answer: Answer,
    pub(in crate::engine) first_token: Option<Duration>,
}

pub(in crate::engine) enum Cause {
    /// The deployment failed, or the request does not suit it.
    Failed(Failure),
    /// The request was not sent: there is no key, or the protocol cannot express it.
    NotSent(Failure),
    /// The reader of the answer is gone.
    ReaderGone,
}

/// A complete answer.
pub(in crate::engine) struct CallSuccess {
    pub(in crate::engine) answer: Answer,
    pub(in crate::engine) first_token: Option<Duration>,
}

/// A call to make.
pub(in crate::engine) struct CallSpec<'a> {
    pub(in crate::engine) deployment: DeploymentId,
    pub(in crate::engine) prompt: &'a Prompt,
    pub(in crate::engine) timeouts: Timeouts,
    /// The deadline of the request.
    pub(in crate::engine) deadline: Timestamp,
    /// Awaited before anything is sent.
    pub(in crate::engine) reservation: Option<PendingReservation>,
}

impl Router {
    /// Makes a call. `alive` runs as long as the call does.
    pub(in crate::engine) fn call<'a>(
        &'a self,
        spec: CallSpec<'a>,
        alive: impl Future<Output = Infallible> + Send + 'a,
    ) -> CallStream<'a> {
        let running =
            RunningCall { router: self, spec, stage: Stage::Reserving, events: VecDeque::new(), fed: Vec::new() };
        let start = (running, Box::pin(alive));
        Box::pin(stream::unfold(start, |(mut running, mut alive)| async move {
            let event = tokio::select! {
                biased;
                event = running.next() => event?,
                never = &mut alive => match never {},
            };
            Some((event, (running, alive)))
        }))
    }
}

struct RunningCall<'a> {
    router: &'a Router,
    spec: CallSpec<'a>,
    stage: Stage<'a>,
    /// Events that were decoded and not yet taken.
    events: VecDeque<Event>,
    fed: Vec<Event>,
}

enum Stage<'a> {
    Reserving,
    Preparing,
    Sending(Timer<'a>, WireRequest),
    Reading(Timer<'a>, Body),
    Over,
}

/// A call, and the clock that its times are measured on.
struct Timer<'a> {
    call: HttpCall<'a>,
    started: tokio::time::Instant,
}

impl Timer<'_> {
    /// Waits for `future` until the deadline of the call.
    async fn within<T>(&self, future: impl Future<Output = T>) -> Result<T, tokio::time::error::Elapsed> {
        tokio::time::timeout_at(self.started + self.call.deadline().0, future).await
    }
}

impl<'a> RunningCall<'a> {
    async fn next(&mut self) -> Option<CallEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(CallEvent::Event(event));
            }
            let event = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Reserving => self.reserve().await,
                Stage::Preparing => self.prepare().await,
                Stage::Sending(timer, request) => self.send(timer, request).await,
                Stage::Reading(timer, body) => self.read(timer, body).await,
                Stage::Over => return None,
            };
            if event.is_some() {
                return event;
            }
        }
    }

    async fn reserve(&mut self) -> Option<CallEvent> {
        let Some(reservation) = self.spec.reservation.take() else {
            self.stage = Stage::Preparing;
            return None;
        };
        // A panic while reserving is a bug that was already reported; nothing is held then.
        if !reservation.await.unwrap_or(false) {
            return Some(CallEvent::Declined);
        }
        self.stage = Stage::Preparing;
        Some(CallEvent::Reserved)
    }

    /// Gets the key and encodes the request.
    async fn prepare(&mut self) -> Option<CallEvent> {
        let clock = self.router.clock;
        let key = match key(self.router, self.spec.deployment, self.spec.deadline).await {
            Ok(key) => key,
            Err(failure) => return Some(not_sent(failure)),
        };
        // Getting the key took its time, too.
        let mut timeouts = self.spec.timeouts;
        timeouts.attempt = timeouts.attempt.min(self.spec.deadline.since(clock.now()));
        let endpoint = &self.router.endpoints[self.spec.deployment.0];
        let encoded = match call::request(endpoint, key.as_ref(), self.spec.prompt, clock.now()) {
            Ok(encoded) => encoded,
            Err(failure) => return Some(not_sent(failure)),
        };
        let call = HttpCall::new(endpoint, key.as_ref(), timeouts, Duration::ZERO);
        self.stage = Stage::Sending(Timer { call, started: clock.instant() }, encoded.request);
        (!encoded.dropped.is_empty()).then(|| CallEvent::Dropped(encoded.dropped))
    }

    async fn send(&mut self, mut timer: Timer<'a>, request: WireRequest) -> Option<CallEvent> {
        let clock = self.router.clock;
        let sent = timer.within(self.router.transport.send(request, self.spec.timeouts.connect)).await;
        let at = clock.instant() - timer.started;
        match sent {
            Ok(Ok(HttpReply { status, headers, body })) => {
                let now = clock.now();
                timer.call.head(at, status, &headers, now);
                self.stage = Stage::Reading(timer, body);
                return Some(CallEvent::Head((now, rate_limit::readings(&headers, now))));
            }
            Ok(Err(failure)) => timer.call.fail(at, failure, &mut self.fed),
            Err(_) => timer.call.tick(at, &mut self.fed),
        }
        Some(ended(timer.call))
    }

    async fn read(&mut self, mut timer: Timer<'a>, mut body: Body) -> Option<CallEvent> {
        if timer.call.is_over() {
            return Some(ended(timer.call));
        }
        let piece = timer.within(body.next()).await;
        let at = self.router.clock.instant() - timer.started;
        match piece {
            Ok(Some(Ok(bytes))) => timer.call.feed(at, &bytes, &mut self.fed),
            Ok(Some(Err(failure))) => timer.call.fail(at, failure, &mut self.fed),
            Ok(None) => timer.call.end(at, &mut self.fed),
            Err(_) => timer.call.tick(at, &mut self.fed),
        }
        self.events.extend(self.fed.drain(..));
        self.stage = Stage::Reading(timer, body);
        None
    }
}

async fn key(router: &Router, deployment: DeploymentId, deadline: Timestamp) -> Result<Option<Secret>, Failure> {
    let left = deadline.since(router.clock.now());
    match tokio::time::timeout(left, router.keys.get(&router.sources[deployment.0])).await {
        Ok(Ok(key)) => Ok(key),
        Ok(Err(error)) => Err(Failure::new(Class::Authentication, error.to_string())),
        Err(_) => Err(Failure::new(Class::Timeout(TimeoutKind::Total), "no key before the deadline")),
    }
}

fn not_sent(failure: Failure) -> CallEvent {
    CallEvent::Ended(Err(CallError { cause: Cause::NotSent(failure), answer: Answer::default(), first_token: None }))
}

fn ended(call: HttpCall<'_>) -> CallEvent {
    let CallEnd { result, answer, first_token, .. } = call.finish();
    CallEvent::Ended(match result {
        Ok(()) => Ok(CallSuccess { answer, first_token }),
        Err(failure) => Err(CallError { cause: Cause::Failed(failure), answer, first_token }),
    })
}
