//! One call to one deployment: moves the bytes of an [`HttpCall`]. No retries and no policy.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};

use crate::engine::router::Engine;
use crate::engine::shared::reservation::PendingReservation;
use crate::ports::HttpReply;
pub use llmroute_core::call::{self, CallEnd, HttpCall, adaptation};
pub use llmroute_core::model::refused_parameters::{Change, Parameter, Refusal, RefusedParameters};
pub use llmroute_core::model::{
    Answer, Class, Event, Failure, Prompt, RateLimitReading, Secret, TimeoutKind, Timestamp,
};
use llmroute_core::routing::{DeploymentId, Timeouts};
pub use llmroute_core::wire::{WireRequest, rate_limit};

/// The most repeats of a call without refused preferences.
const MAX_REPEATS: usize = 4;

/// The body of a reply as it comes.
type Body = Pin<Box<dyn Stream<Item = Result<bytes::Bytes, Failure>> + Send>>;

/// The events of one call; the last one is `Declined` or `Ended`. Dropping it closes the connection.
pub(in crate::engine) type CallStream<'a> = Pin<Box<dyn Stream<Item = CallEvent> + Send + 'a>>;

/// An event of a call.
#[expect(clippy::large_enum_variant, reason = "one value at a time, moved once")]
pub(in crate::engine) enum CallEvent {
    /// The reservation that the call waited for was made.
    Reserved,
    /// The reservation was refused; nothing was sent.
    Declined,
    /// The request was changed for the sake of the model.
    Adapted(Vec<Change>),
    /// The head of the reply came: its time, and what it says of the provider's limits.
    Head((Timestamp, Vec<RateLimitReading>)),
    /// The deployment refused this parameter; the request is sent once more without it.
    Refused(Parameter, Refusal),
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
    /// Parameters that the deployment refused earlier.
    pub(in crate::engine) refused: RefusedParameters,
    /// Awaited before anything is sent.
    pub(in crate::engine) reservation: Option<PendingReservation>,
}

impl Engine {
    /// Makes a call. `alive` runs as long as the call does.
    pub(in crate::engine) fn call<'a>(
        &'a self,
        spec: CallSpec<'a>,
        alive: impl Future<Output = Infallible> + Send + 'a,
    ) -> CallStream<'a> {
        let running = RunningCall {
            router: self,
            spec,
            stage: Stage::Reserving,
            events: VecDeque::new(),
            fed: Vec::new(),
            repeats: 0,
            adapted: Vec::new(),
        };
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
    router: &'a Engine,
    spec: CallSpec<'a>,
    stage: Stage<'a>,
    /// Events that were decoded and not yet taken.
    events: VecDeque<Event>,
    fed: Vec<Event>,
    /// The number of times that the request was sent once more without a refused preference.
    repeats: usize,
    /// The changes that were reported.
    adapted: Vec<Change>,
}

#[expect(clippy::large_enum_variant, reason = "one value a call, changed in place")]
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
        let refusals = self.spec.refused.believed(clock.now());
        let (to, prompt, mut changes) = adaptation::adapted(endpoint, self.spec.prompt, refusals);
        let encoded = match call::request(&to, key.as_ref(), &prompt, clock.now()) {
            Ok(encoded) => encoded,
            Err(failure) => return Some(not_sent(failure)),
        };
        changes.extend(encoded.changes());
        let call = HttpCall::new(endpoint, key.as_ref(), timeouts, Duration::ZERO);
        self.stage = Stage::Sending(Timer { call, started: clock.instant() }, encoded.request);
        (!changes.is_empty() && self.adapted != changes).then(|| {
            self.adapted.clone_from(&changes);
            CallEvent::Adapted(changes)
        })
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
        Some(result_of(timer.call.finish()))
    }

    /// Prepares the request once more if the reply refused a parameter that expresses a preference.
    fn heal(&mut self, end: &CallEnd) -> Option<CallEvent> {
        let failure = end.result.as_ref().err().filter(|_| end.answer == Answer::default())?;
        if self.repeats == MAX_REPEATS {
            return None;
        }
        self.repeats += 1;
        let endpoint = &self.router.endpoints[self.spec.deployment.0];
        let now = self.router.clock.now();
        // A parameter that was left out already is not what the reply refuses.
        let (to, prompt, _) = adaptation::adapted(endpoint, self.spec.prompt, self.spec.refused.believed(now));
        let (parameter, refusal) = adaptation::refused(&to, &prompt, failure, now)?;
        self.spec.refused.insert(parameter, refusal);
        self.stage = Stage::Preparing;
        Some(CallEvent::Refused(parameter, refusal))
    }

    async fn read(&mut self, mut timer: Timer<'a>, mut body: Body) -> Option<CallEvent> {
        if timer.call.is_over() {
            let end = timer.call.finish();
            return Some(self.heal(&end).unwrap_or_else(|| result_of(end)));
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

async fn key(router: &Engine, deployment: DeploymentId, deadline: Timestamp) -> Result<Option<Secret>, Failure> {
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

fn result_of(end: CallEnd) -> CallEvent {
    let CallEnd { result, answer, first_token, .. } = end;
    CallEvent::Ended(match result {
        Ok(()) => Ok(CallSuccess { answer, first_token }),
        Err(failure) => Err(CallError { cause: Cause::Failed(failure), answer, first_token }),
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::builder::Environment;
    use crate::engine::{Delivery, Observer, Request, RouterEvent};
    use crate::ports::{BoxFuture, Clock, Transport};
    use crate::profile::{EnvVars, LoadOptions, Profile, Source};
    use crate::state::StateLocation;
    use llmroute_core::routing::GroupId;

    const PROFILE: &str = "version = 1\ndefault_group = \"main\"\n\
        [providers.lab]\nprotocol = \"openai\"\nbase_url = \"http://h/v1\"\n\
        [groups.main]\ndeployments = [{ model = \"lab/m\" }]\n";
    const ANSWER: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"yes\"},\"finish_reason\":\"stop\"}]}\n\n";

    /// A server that refuses `temperature`; counts its calls.
    #[derive(Default)]
    struct Refusing(Mutex<usize>);

    impl Transport for Refusing {
        fn send(&self, request: WireRequest, _: Duration) -> BoxFuture<'_, Result<HttpReply, Failure>> {
            *self.0.lock().unwrap() += 1;
            let refused = String::from_utf8_lossy(&request.body).contains("\"temperature\"");
            let (status, body) = if refused {
                (400, "{\"error\":{\"message\":\"Unsupported parameter: 'temperature'\"}}")
            } else {
                (200, ANSWER)
            };
            let body = Box::pin(stream::iter([Ok(bytes::Bytes::from_static(body.as_bytes()))]));
            Box::pin(async move { Ok(HttpReply { status, headers: http::HeaderMap::new(), body }) })
        }
    }

    #[derive(Default)]
    struct Notes(Vec<String>);

    impl Observer for Notes {
        fn on_event(&mut self, event: RouterEvent<'_>) {
            match event {
                RouterEvent::Adapted { changes, .. } => self.0.push(Change::describe(changes)),
                RouterEvent::Failed { failure, .. } => self.0.push(failure.message.clone()),
                _ => {}
            }
        }

        fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    #[tokio::test]
    async fn a_refused_preference_is_left_out_at_once_and_remembered() {
        let vars = EnvVars::default();
        let options = LoadOptions { env: &vars, long_lived: false };
        let profile = Profile::parse(Source::Demo, PROFILE, &options).unwrap();
        let clock = Clock::starting_at(Timestamp(1_700_000_000_000));
        let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
        let mut router = Engine::from_profile(profile, &around);
        let server = Arc::new(Refusing::default());
        router.transport = Arc::clone(&server) as Arc<dyn Transport>;
        let mut prompt = Prompt::user("Hi".to_owned());
        prompt.sampling.temperature = Some(0.2);
        let request = Request::new(GroupId(0), prompt, Delivery::Whole, clock.now());
        for calls in [2, 3] {
            let mut notes = Notes::default();
            let answer = router.run(&request, &mut fastrand::Rng::with_seed(1), &mut notes).await.unwrap();
            assert_eq!((answer.answer.text.as_str(), answer.attempts.len()), ("yes", 1));
            assert_eq!(notes.0, ["does not take temperature; left out"]);
            assert_eq!(*server.0.lock().unwrap(), calls, "the second request is right at once");
        }
    }
}
