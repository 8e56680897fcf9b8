//! The loop of one request: it follows the failover until there is an answer or a reason to stop.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use crate::engine::call::attempt::{CallError, CallEvent, CallSpec, CallSuccess, Cause};
use crate::engine::call::checks;
use crate::engine::call::delivery::AnswerWriter;
use crate::engine::call::hedge::RaceContext;
use crate::engine::event::{Observer, RouterEvent, room};
use crate::engine::request::admission::ColdStartPermits;
use crate::engine::request::record::{AttemptRecord, Disposition, HedgeInfo, RouteError, RouteErrorKind, RoutedAnswer};
use crate::engine::router::{Engine, Request};
use crate::engine::shared::reservation::{AdmissionError, FinishedCall, PendingReservation, RENEWAL};
use crate::engine::shared::session::StateSession;
use llmroute_core::call::is_token;
pub use llmroute_core::model::{Answer, Class, Failure, Finish, OutputFault, Prompt, Timestamp};
use llmroute_core::routing::Timeouts;
pub use llmroute_core::routing::estimate::CallSample;
pub use llmroute_core::routing::failover::{Failover, PlannedCall, Skip, Step, Stop};

/// The shortest answer, in tokens, that tells how long answers are although the token limit cut it.
const TELLING: u64 = 32;
/// The longest time that a check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(60);
/// The time after which a state that is busy may be asked again.
const BUSY: Duration = Duration::from_secs(1);

/// One request in progress. Dropped before its end, it logs itself as cancelled.
pub(in crate::engine) struct Run<'a> {
    pub(in crate::engine) router: &'a Engine,
    pub(in crate::engine) request: &'a Request,
    pub(in crate::engine) deadline: Timestamp,
    pub(in crate::engine) session: StateSession,
    pub(in crate::engine) out: AnswerWriter,
    pub(in crate::engine) attempts: Vec<AttemptRecord>,
    skips: Vec<Skip>,
    permits: ColdStartPermits,
    /// The answer so far, for the log of a cancelled request.
    pub(in crate::engine) coming: Answer,
    pub(in crate::engine) first_token: Option<Duration>,
    pub(in crate::engine) hedged: Option<HedgeInfo>,
    /// The calls in flight, with their start; a cancelled request is logged with them.
    pub(in crate::engine) current: Vec<(PlannedCall, Timestamp)>,
    pub(in crate::engine) closed: bool,
    /// The prompt with the last rejected answer and the reason; the next call repairs it.
    correction: Option<Prompt>,
}

impl<'a> Run<'a> {
    pub(in crate::engine) async fn new(router: &'a Engine, request: &'a Request) -> Self {
        if let Some(start) = &request.log {
            router.state.begin(start.clone());
        }
        Self {
            router,
            request,
            deadline: router.deadline(request),
            session: StateSession::open(router, request).await,
            out: AnswerWriter::new(request.delivery),
            attempts: Vec::new(),
            skips: Vec::new(),
            permits: ColdStartPermits::default(),
            coming: Answer::default(),
            first_token: None,
            hedged: None,
            current: Vec::new(),
            closed: false,
            correction: None,
        }
    }

    /// Follows the failover to its end.
    pub(in crate::engine) async fn follow(
        &mut self,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<RoutedAnswer, RouteError> {
        let map = Arc::clone(&self.router.map);
        let attributes = self.router.attributes(self.request).map_err(|rule| self.error(RouteErrorKind::Rule(rule)))?;
        let mut failover = Failover::new(&map, self.request.group, attributes, self.deadline);
        let mut last: Option<Failure> = None;
        loop {
            let step = failover.next(last.take().as_ref(), &self.session.snapshot, self.now(), rng);
            self.report_skips(&mut failover, observer);
            let call = match step {
                Step::Call(call) => call,
                Step::Stop(stop) => return Err(self.error(self.stopped(stop))),
            };
            match self.admit(&call, &mut failover, rng, observer).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(kind) => return Err(self.error(kind)),
            }
            let (call, result) = self.call(call, &mut failover, rng, observer).await;
            let result = match result {
                Ok(success) => self.checked(&call, success).await,
                error => error,
            };
            let error = match result {
                Ok(success) => return self.succeed(&call, success, rng, observer),
                Err(error) => error,
            };
            last = Some(self.fail(&call, error, rng, observer).map_err(|kind| self.error(kind))?);
        }
    }

    /// Waits for the turn of `call` and reserves room for it. Returns false if the failover must decide again.
    async fn admit(
        &mut self,
        call: &PlannedCall,
        failover: &mut Failover<'_>,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<bool, RouteErrorKind> {
        // A fallback group takes its turn only when it is reached.
        if self.session.take_turn(call.group).await {
            failover.rerank(call, &self.session.snapshot, self.now(), rng);
            return Ok(false);
        }
        let calling = RouterEvent::Calling { deployment: call.deployment, wait: call.wait };
        if !call.wait.is_zero() {
            observer.on_event(calling);
            self.session.wait(call, &self.request.attributes, rng).await;
        }
        let left = self.deadline.since(self.now());
        let admitted = match tokio::time::timeout(left, self.reserve(call, failover, rng, observer)).await {
            Ok(Ok(true)) => self.claim_probe(call, failover).await,
            Ok(Ok(false)) => false,
            Ok(Err(stop)) => return Err(self.stopped(stop)),
            Err(_) => {
                self.not_made(call);
                return Err(self.stopped(Stop::Deadline));
            }
        };
        if !admitted {
            self.report_skips(failover, observer);
            return Ok(false);
        }
        if call.wait.is_zero() {
            observer.on_event(RouterEvent::Calling { deployment: call.deployment, wait: call.wait });
        }
        self.count(call, rng);
        Ok(true)
    }

    /// Reserves room for `call` in every limit. `Err` if the limits are not certain.
    async fn reserve(
        &mut self,
        call: &PlannedCall,
        failover: &mut Failover<'_>,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<bool, Stop> {
        let provider = self.session.provider_identity(call.deployment);
        self.permits.acquire(call.deployment, &self.router.limits, provider, call.first_token).await;
        match self.session.reserve(call, &self.request.attributes, rng).await {
            Ok(()) => Ok(true),
            Err(AdmissionError::Full) => {
                self.permits.release(call.deployment);
                failover.limit_reached(call, &self.session.snapshot, self.now());
                Ok(false)
            }
            Err(AdmissionError::Busy(reason)) => {
                observer.on_event(RouterEvent::State(&format!("no limit can be checked: {reason}")));
                Err(Stop::RateLimited { next: BUSY })
            }
        }
    }

    /// Claims the probe of a half-open deployment: one process at a time calls it.
    async fn claim_probe(&mut self, call: &PlannedCall, failover: &mut Failover<'_>) -> bool {
        if !call.probe {
            return true;
        }
        let now = self.now();
        // A call that takes longer extends it.
        let until = now.after(call.first_token.max(RENEWAL + RENEWAL / 2));
        let Err(until) = self.session.claim_probe(call.deployment, now, until).await else { return true };
        self.session.cancel(call.deployment);
        failover.probe_taken(call.deployment, until, now);
        false
    }

    /// Makes `call`, hedged where the group says so. Returns the call that gave the result.
    async fn call(
        &mut self,
        call: PlannedCall,
        failover: &mut Failover<'_>,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> (PlannedCall, Result<CallSuccess, CallError>) {
        let hedge = self.router.map.group(call.group).policy.hedge.filter(|_| self.out.written().is_empty());
        let Some(delay) = hedge else {
            let result = self.attempt(&call, self.deadline, observer).await;
            return (call, result);
        };
        let mut context = RaceContext { failover, deadline: self.deadline, rng, observer };
        let ended = self.race(delay, call, &mut context).await;
        (ended.call, ended.result)
    }

    /// Checks an answer. One that does not pass makes its attempt a failure.
    async fn checked(&mut self, call: &PlannedCall, mut success: CallSuccess) -> Result<CallSuccess, CallError> {
        let limit = CHECK_LIMIT.min(self.deadline.since(self.now()));
        let keys = self.router.key_variables();
        let on_length = self.router.map.group(call.group).policy.on_length;
        let checks = &self.request.checks;
        let Err(failure) = checks.judge(&mut success.answer, on_length, &keys, limit).await else {
            return Ok(success);
        };
        if failure.class == Class::InvalidOutput(OutputFault::Rejected) {
            self.correction = Some(checks::correction(&self.request.prompt, &success.answer, &failure));
        }
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.failure = Some(failure.clone());
            attempt.disposition = Disposition::Discarded;
        }
        let CallSuccess { answer, first_token } = success;
        Err(CallError { cause: Cause::Failed(failure), answer, first_token })
    }

    /// Records a failed call. Returns the failure, for the failover, or the reason to stop.
    fn fail(
        &mut self,
        call: &PlannedCall,
        error: CallError,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<Failure, RouteErrorKind> {
        let (failure, sent) = match error.cause {
            Cause::ReaderGone => {
                // A deployment that sent a token is alive, whether or not its answer is read on.
                if error.first_token.is_some() {
                    self.session.learn(call, None, None, &self.request.attributes, rng);
                }
                return Err(RouteErrorKind::ReaderGone);
            }
            Cause::NotSent(failure) => {
                self.session.release(call.deployment);
                (failure, false)
            }
            Cause::Failed(failure) => {
                self.failed(call, &failure, rng);
                (failure, true)
            }
        };
        observer.on_event(RouterEvent::Failed { deployment: call.deployment, failure: &failure });
        if sent && !self.out.may_go_on() {
            return Err(RouteErrorKind::Interrupted { second_answer: false });
        }
        Ok(failure)
    }

    /// Records what the failure of the last attempt says of its deployment.
    pub(in crate::engine) fn failed(&mut self, call: &PlannedCall, failure: &Failure, rng: &mut fastrand::Rng) {
        let attributes = &self.request.attributes;
        let sample = self
            .attempts
            .last()
            .and_then(|attempt| CallSample::failed(attributes.prompt_tokens, failure, attempt.duration));
        self.session.learn(call, Some(failure), sample, attributes, rng);
    }

    /// Counts `call` as in flight until it ends, or cannot last any longer.
    pub(in crate::engine) fn count(&mut self, call: &PlannedCall, rng: &mut fastrand::Rng) {
        let members = &self.router.map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        let limit = member.map_or(self.deadline, |member| self.now().after(member.timeouts.attempt));
        self.session.count(call, rng.u64(..), limit.min(self.deadline));
    }

    /// Reserves room and a part of the hedge budget for a second call; `None` if it is known that there is none.
    pub(in crate::engine) fn may_race(
        &mut self,
        call: &PlannedCall,
        rng: &mut fastrand::Rng,
    ) -> Option<PendingReservation> {
        let provider = self.session.provider_identity(call.deployment);
        // A call that would have to wait for the first calls of others does not help.
        if !self.permits.try_acquire(call.deployment, &self.router.limits, provider) {
            return None;
        }
        let reservation = self.session.reserve_hedge(call, &self.request.attributes, rng);
        if reservation.is_none() {
            self.permits.release(call.deployment);
        }
        reservation
    }

    /// Gives back what a call reserved that is not made.
    pub(in crate::engine) fn not_made(&mut self, call: &PlannedCall) {
        self.permits.release(call.deployment);
        self.session.cancel(call.deployment);
    }

    /// Settles what a call reserved that ended.
    fn settle(&mut self, call: &PlannedCall, result: &Result<CallSuccess, CallError>) {
        let (answer, failure, sent) = match result {
            Ok(success) => (&success.answer, None, true),
            Err(CallError { cause: Cause::Failed(failure), answer, .. }) => (answer, Some(failure), true),
            Err(CallError { cause: Cause::NotSent(_), answer, .. }) => (answer, None, false),
            Err(CallError { cause: Cause::ReaderGone, answer, .. }) => (answer, None, true),
        };
        self.permits.release(call.deployment);
        self.session.settle(call.deployment, &FinishedCall { answer, failure, sent });
        // Success and failure are written with their outcome.
        if !matches!(result, Ok(_) | Err(CallError { cause: Cause::Failed(_), .. })) {
            self.session.post_settlements();
        }
    }

    /// Makes one call and records it.
    async fn attempt(
        &mut self,
        call: &PlannedCall,
        deadline: Timestamp,
        observer: &mut dyn Observer,
    ) -> Result<CallSuccess, CallError> {
        let started = self.router.clock.now();
        self.current.push((call.clone(), started));
        let start = self.out.prepare(self.router.map.deployment(call.deployment).prefill, observer);
        let (before, restarts) = (self.out.written().len(), self.out.restarts());
        let correction = self.correction.take();
        let prompt = start.apply(correction.as_ref().unwrap_or(&self.request.prompt));
        let timeouts = self.timeouts(call, deadline);
        self.coming = Answer::default();
        let alive = self.session.keep_alive(call);
        let deployment = call.deployment;
        let refused = self.session.snapshot.deployment(deployment).refused.clone();
        let spec = CallSpec { deployment, prompt: &prompt, timeouts, deadline, refused, reservation: None };
        let mut events = self.router.call(spec, alive);
        let mut first_token = None;
        let result = loop {
            room(observer).await;
            match events.next().await.expect("a stream ends with the end of its call") {
                CallEvent::Head(reply) => self.session.head(call.deployment, reply),
                CallEvent::Adapted(changes) => {
                    observer.on_event(RouterEvent::Adapted { deployment: call.deployment, changes: &changes });
                }
                CallEvent::Event(event) => {
                    if first_token.is_none() && is_token(&event) {
                        first_token = Some(self.router.clock.now().since(started));
                    }
                    self.coming.push(&event);
                    if self.out.event(&event, observer).is_break() {
                        let answer = self.coming.clone();
                        break Err(CallError { cause: Cause::ReaderGone, answer, first_token });
                    }
                }
                CallEvent::Refused(parameter, refusal) => self.session.learn_refusal(deployment, parameter, refusal),
                CallEvent::Ended(result) => break result,
                CallEvent::Reserved | CallEvent::Declined => {}
            }
        };
        drop(events);
        let restarted = self.out.restarts() > restarts;
        if restarted {
            self.attempts.iter_mut().for_each(|attempt| attempt.disposition = attempt.disposition.discarded());
        }
        let given = result.is_ok() || restarted || self.out.written().len() > before;
        self.record(call, started, &result, if given { Disposition::Delivered } else { Disposition::Discarded });
        result
    }

    /// Records an attempt that began at `started`.
    pub(in crate::engine) fn record(
        &mut self,
        call: &PlannedCall,
        started: Timestamp,
        result: &Result<CallSuccess, CallError>,
        disposition: Disposition,
    ) {
        self.current.retain(|(current, _)| current.deployment != call.deployment);
        let unread = matches!(result, Err(CallError { cause: Cause::ReaderGone, .. }));
        let disposition =
            if unread && disposition != Disposition::HedgeLoser { Disposition::Cancelled } else { disposition };
        let (failure, first_token, usage) = match result {
            Ok(won) => (None, won.first_token, won.answer.usage),
            Err(lost) => {
                let failure = match &lost.cause {
                    Cause::Failed(failure) | Cause::NotSent(failure) => Some(failure.clone()),
                    Cause::ReaderGone => None,
                };
                (failure, lost.first_token, lost.answer.usage)
            }
        };
        self.settle(call, result);
        let price = self.router.map.deployment(call.deployment).price;
        self.attempts.push(AttemptRecord {
            deployment: call.deployment,
            group: call.group,
            failure,
            waited: call.wait,
            duration: self.router.clock.now().since(started),
            first_token,
            cost: usage.and_then(|usage| usage.cost(price.as_ref())),
            disposition,
        });
        if self.first_token.is_none() && disposition != Disposition::HedgeLoser {
            self.first_token = first_token.map(|first| started.since(self.request.since) + first);
        }
    }

    /// Returns the time limits of `call`, none of them beyond the deadline.
    pub(in crate::engine) fn timeouts(&self, call: &PlannedCall, deadline: Timestamp) -> Timeouts {
        let members = &self.router.map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        let mut timeouts = member.expect("the failover calls members of its groups").timeouts;
        timeouts.first_token = call.first_token;
        timeouts.attempt = timeouts.attempt.min(deadline.since(self.router.clock.now()));
        timeouts
    }

    /// Finishes the request with a complete answer, unless it does not continue the text already delivered.
    fn succeed(
        &mut self,
        call: &PlannedCall,
        won: CallSuccess,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<RoutedAnswer, RouteError> {
        let sample = self.attempts.last().map(|attempt| {
            let Answer { usage, reasoning, .. } = &won.answer;
            let prompt_tokens = self.request.attributes.prompt_tokens;
            let shown = !reasoning.is_empty();
            // An answer that was cut early does not tell how long it would have been.
            let cut = won.answer.finish == Some(Finish::Length);
            let usage = usage.as_ref().filter(|usage| !cut || usage.output >= TELLING);
            CallSample::answered(prompt_tokens, attempt.first_token, attempt.duration, usage, shown)
        });
        self.session.learn(call, None, sample, &self.request.attributes, rng);
        if !self.out.end(observer) {
            if let Some(unseen) = self.attempts.last_mut() {
                unseen.disposition = Disposition::Discarded;
            }
            return Err(self.error(RouteErrorKind::Interrupted { second_answer: true }));
        }
        let mut answer = won.answer;
        if self.out.resumed_at().is_some() {
            self.out.written().clone_into(&mut answer.text);
        }
        Ok(RoutedAnswer {
            answer,
            deployment: call.deployment,
            attempts: self.attempts.clone(),
            first_token: self.first_token,
            duration: self.elapsed(),
            restarted: self.out.restarted(),
            resumed_at: self.out.resumed_at(),
            hedged: self.hedged,
        })
    }

    fn report_skips(&mut self, failover: &mut Failover<'_>, observer: &mut dyn Observer) {
        for skip in failover.take_skips() {
            observer.on_event(RouterEvent::Skipped { deployment: skip.deployment, reason: &skip.reason });
            self.skips.push(skip);
        }
    }

    fn stopped(&self, stop: Stop) -> RouteErrorKind {
        if self.out.written().is_empty() {
            RouteErrorKind::Stopped(stop)
        } else {
            RouteErrorKind::Interrupted { second_answer: false }
        }
    }

    fn error(&self, why: RouteErrorKind) -> RouteError {
        let (attempts, skips) = (self.attempts.clone(), self.skips.clone());
        RouteError { why, attempts, skips, duration: self.elapsed(), hedged: self.hedged }
    }

    fn now(&self) -> Timestamp {
        self.router.clock.now()
    }

    pub(in crate::engine) fn elapsed(&self) -> Duration {
        self.now().since(self.request.since)
    }
}
