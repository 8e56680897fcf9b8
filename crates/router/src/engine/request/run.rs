//! The loop of one request: it obeys the failover until there is an answer or a reason to stop.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::call::attempt::{CallError, CallEvent, CallSpec, CallSuccess, Cause};
use crate::engine::call::delivery::AnswerWriter;
use crate::engine::call::hedge::RaceContext;
use crate::engine::event::{Observer, RouterEvent};
use crate::engine::request::record::{Attempt, Disposition, HedgeInfo, RouteError, RouteErrorKind, RoutedAnswer};
use crate::engine::router::{Request, Router};
use crate::engine::shared::reservation::{ALIVE, FinishedCall};
use crate::engine::shared::session::StateSession;
use llmroute_core::call::is_token;
use llmroute_core::model::{Answer, Failure, Finish, Timestamp};
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::failover::{Failover, PlannedCall, Skip, Step, Stop};
use llmroute_core::routing::{DeploymentId, Timeouts};

/// A cut answer of fewer tokens than this says nothing of how long answers are.
const TELLING: u64 = 32;

/// One request under way. Dropped before its end, it logs itself as cancelled.
pub(in crate::engine) struct Run<'a> {
    pub(in crate::engine) router: &'a Router,
    pub(in crate::engine) request: &'a Request,
    pub(in crate::engine) ledger: StateSession,
    pub(in crate::engine) out: AnswerWriter,
    pub(in crate::engine) attempts: Vec<Attempt>,
    skips: Vec<Skip>,
    /// Held while a call is one of the first to somebody.
    pub(in crate::engine) cold_start_permits: Vec<(DeploymentId, OwnedSemaphorePermit)>,
    /// The answer that is coming, for the log of a cancelled request.
    pub(in crate::engine) coming: Answer,
    pub(in crate::engine) first_token: Option<Duration>,
    pub(in crate::engine) hedged: Option<HedgeInfo>,
    /// The calls that are under way, since when; a cancelled request is logged with them.
    pub(in crate::engine) current: Vec<(PlannedCall, Timestamp)>,
    pub(in crate::engine) closed: bool,
}

impl<'a> Run<'a> {
    pub(in crate::engine) fn new(router: &'a Router, request: &'a Request) -> Self {
        let ledger = StateSession::open(
            Arc::clone(&router.map),
            Arc::clone(&router.store),
            Arc::clone(&router.quotas),
            request,
            router.clock.now(),
        );
        let mut run = Self {
            router,
            request,
            ledger,
            out: AnswerWriter::new(request.delivery),
            attempts: Vec::new(),
            skips: Vec::new(),
            cold_start_permits: Vec::new(),
            coming: Answer::default(),
            first_token: None,
            hedged: None,
            current: Vec::new(),
            closed: false,
        };
        if let Some(start) = request.log.clone() {
            run.ledger.begin(start);
        }
        run
    }

    /// Obeys the failover.
    pub(in crate::engine) async fn failover(
        &mut self,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Result<RoutedAnswer, RouteError> {
        let map = Arc::clone(&self.router.map);
        let deadline = self.router.deadline(self.request);
        let attributes =
            self.router.attributes(self.request).map_err(|error| self.error(RouteErrorKind::Rule(error)))?;
        let mut failover = Failover::new(&map, self.request.group, attributes, deadline);
        let mut last: Option<Failure> = None;
        loop {
            let step = failover.next(last.as_ref(), &self.ledger.snapshot, self.router.clock.now(), rng);
            self.tell_skips(&mut failover, observer);
            let mut call = match step {
                Step::Call(call) => call,
                Step::Stop(stop) => return Err(self.error(self.stopped(stop))),
            };
            // A fallback group that is come to: now it is known that a turn is needed there.
            if self.ledger.take_turn(call.group) {
                failover.rerank(&call, &self.ledger.snapshot, self.router.clock.now(), rng);
                last = None;
                continue;
            }
            if !call.wait.is_zero() {
                observer.on_event(RouterEvent::Calling { deployment: call.deployment, wait: call.wait });
                self.ledger.stand_in_line(&call, rng, self.router.clock.now());
                tokio::time::sleep(call.wait).await;
            }
            let left = deadline.since(self.router.clock.now());
            let may = match tokio::time::timeout(left, self.may_begin(&call, &mut failover, rng, observer)).await {
                Ok(Ok(true)) => self.may_probe(&call, &mut failover).await,
                Ok(Ok(false)) => false,
                Ok(Err(stop)) => return Err(self.error(self.stopped(stop))),
                Err(_) => {
                    self.not_made(&call);
                    return Err(self.error(self.stopped(Stop::Deadline)));
                }
            };
            if !may {
                self.tell_skips(&mut failover, observer);
                last = None;
                continue;
            }
            if call.wait.is_zero() {
                observer.on_event(RouterEvent::Calling { deployment: call.deployment, wait: call.wait });
            }
            self.count(&call, deadline, rng);
            let hedge = map.group(call.group).policy.hedge.filter(|_| self.out.written().is_empty());
            let result = match hedge {
                None => self.attempt(&call, deadline, observer).await,
                Some(delay) => {
                    let mut context = RaceContext { failover: &mut failover, deadline, rng, observer };
                    let ended = self.race(delay, call, &mut context).await;
                    call = ended.call;
                    ended.result
                }
            };
            let result = match result {
                Ok(won) => self.checked(won, deadline).await,
                lost => lost,
            };
            match result {
                Ok(won) => return self.won(&call, won, rng, observer),
                Err(CallError { cause: Cause::ReaderGone, first_token, .. }) => {
                    // A deployment that gave a token is alive, whether or not anybody reads on.
                    if first_token.is_some() {
                        self.teach(&call, None, None, rng);
                    }
                    return Err(self.error(RouteErrorKind::ReaderGone));
                }
                Err(CallError { cause: Cause::NotSent(failure), .. }) => {
                    self.ledger.let_go(call.deployment, self.router.clock.now());
                    observer.on_event(RouterEvent::Failed { deployment: call.deployment, failure: &failure });
                    last = Some(failure);
                }
                Err(CallError { cause: Cause::Failed(failure), .. }) => {
                    self.failed(&call, &failure, rng);
                    observer.on_event(RouterEvent::Failed { deployment: call.deployment, failure: &failure });
                    if !self.out.may_go_on() {
                        return Err(self.error(RouteErrorKind::Interrupted { second_answer: false }));
                    }
                    last = Some(failure);
                }
            }
        }
    }

    /// One attempt, measured and written down.
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
        let prompt = start.apply(&self.request.prompt);
        let timeouts = self.timeouts(call, deadline);
        self.coming = Answer::default();
        let alive = self.ledger.keep_alive(call, self.router.clock);
        let refused = self.ledger.snapshot.deployment(call.deployment).refused.clone();
        let deployment = call.deployment;
        let spec = CallSpec { deployment, prompt: &prompt, timeouts, deadline, refused, reservation: None };
        let mut events = self.router.call(spec, alive);
        let mut first_token = None;
        let result = loop {
            match events.next().await.expect("a stream ends with the end of its call") {
                CallEvent::Head(reply) => self.ledger.head(call.deployment, reply),
                CallEvent::Dropped(parameters) => {
                    observer.on_event(RouterEvent::Dropped { deployment: call.deployment, parameters: &parameters });
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
                CallEvent::Refused(parameter, refusal) => self.ledger.learn_refusal(deployment, parameter, refusal),
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

    /// Writes down an attempt that was begun at `started`.
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
        self.close_slot(call, result);
        let price = self.router.map.deployment(call.deployment).price;
        self.attempts.push(Attempt {
            deployment: call.deployment,
            group: call.group,
            failure,
            waited: call.wait,
            duration: self.router.clock.now().since(started),
            first_token,
            cost: price.zip(usage).map(|(price, usage)| price.cost(&usage)),
            disposition,
        });
        if self.first_token.is_none() && disposition != Disposition::HedgeLoser {
            self.first_token = first_token.map(|first| started.since(self.request.since) + first);
        }
    }

    /// The limits of `call`, none of them beyond the deadline.
    pub(in crate::engine) fn timeouts(&self, call: &PlannedCall, deadline: Timestamp) -> Timeouts {
        let members = &self.router.map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        let mut timeouts = member.expect("the failover calls members of its groups").timeouts;
        timeouts.first_token = call.first_token;
        timeouts.attempt = timeouts.attempt.min(deadline.since(self.router.clock.now()));
        timeouts
    }

    /// A whole answer came: it is the result unless other text is already out.
    fn won(
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
            // How long an answer would have been, one that was cut at once does not tell.
            let cut = won.answer.finish == Some(Finish::Length);
            let usage = usage.as_ref().filter(|usage| !cut || usage.output >= TELLING);
            CallSample::answered(prompt_tokens, attempt.first_token, attempt.duration, usage, shown)
        });
        self.teach(call, None, sample, rng);
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

    /// A half-open deployment is asked by one process at a time.
    async fn may_probe(&mut self, call: &PlannedCall, failover: &mut Failover<'_>) -> bool {
        if !call.probe {
            return true;
        }
        let now = self.router.clock.now();
        // From then on a call that still goes on extends it.
        let lease = now.after(call.first_token.max(ALIVE + ALIVE / 2));
        match self.ledger.claim_probe(call.deployment, now, lease).await {
            Ok(()) => true,
            Err(until) => {
                let nothing = Answer::default();
                let outcome = FinishedCall { answer: &nothing, failure: None, sent: false };
                self.ledger.close(call.deployment, outcome, now);
                self.ledger.flush();
                failover.probe_taken(call.deployment, until, now);
                false
            }
        }
    }

    fn tell_skips(&mut self, failover: &mut Failover<'_>, observer: &mut dyn Observer) {
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

    pub(in crate::engine) fn elapsed(&self) -> Duration {
        self.router.clock.now().since(self.request.since)
    }
}
