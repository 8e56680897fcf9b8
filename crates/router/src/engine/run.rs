//! The loop of one request: it obeys the course until there is an answer or a reason to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::attempt::{CallError, CallEvent, CallSuccess, Cause};
use super::delivery::AnswerWriter;
use super::ledger::Ledger;
use super::note::{Note, Watcher};
use super::record::{Attempt, Done, Hedged, RouteError, Share, Why};
use super::reserve::{ALIVE, Outcome};
use super::router::{Request, Router};
use llmroute_core::model::{Answer, Failure, Finish, Timestamp};
use llmroute_core::route::course::{Call, Course, Skip, Step, Stop};
use llmroute_core::route::estimate::Experience;
use llmroute_core::route::{DeploymentId, Timeouts};

/// A cut answer of fewer tokens than this says nothing of how long answers are.
const TELLING: u64 = 32;

/// One request under way. Dropped before its end, it logs itself as cancelled.
pub(super) struct Run<'a> {
    pub(super) router: &'a Router,
    pub(super) request: &'a Request,
    pub(super) ledger: Ledger,
    pub(super) out: AnswerWriter,
    pub(super) attempts: Vec<Attempt>,
    skips: Vec<Skip>,
    /// Held while a call is one of the first to somebody.
    pub(super) pilots: Vec<(DeploymentId, OwnedSemaphorePermit)>,
    /// The answer that is coming, for the log of a cancelled request.
    pub(super) coming: Answer,
    pub(super) first_token: Option<Duration>,
    pub(super) hedged: Option<Hedged>,
    /// The calls that are under way, since when; a cancelled request is logged with them.
    pub(super) current: Vec<(Call, Timestamp)>,
    pub(super) closed: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(router: &'a Router, request: &'a Request) -> Self {
        let ledger = Ledger::open(
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
            pilots: Vec::new(),
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

    /// Obeys the course.
    pub(super) async fn course(
        &mut self,
        rng: &mut fastrand::Rng,
        watcher: &mut dyn Watcher,
    ) -> Result<Done, RouteError> {
        let map = Arc::clone(&self.router.map);
        let deadline = self.request.since.after(map.group(self.request.group).policy.deadline);
        let facts = self.router.facts(self.request).map_err(|error| self.error(Why::Rule(error)))?;
        let mut course = Course::new(&map, self.request.group, facts, deadline);
        let mut last: Option<Failure> = None;
        loop {
            let step = course.next(last.as_ref(), &self.ledger.board, self.router.clock.now(), rng);
            self.tell_skips(&mut course, watcher);
            let mut call = match step {
                Step::Call(call) => call,
                Step::Stop(stop) => return Err(self.error(self.stopped(stop))),
            };
            // A fallback group that is come to: now it is known that a turn is needed there.
            if self.ledger.take_turn(call.group) {
                course.rank_again(&call, &self.ledger.board, self.router.clock.now(), rng);
                last = None;
                continue;
            }
            if !call.wait.is_zero() {
                watcher.note(Note::Calling { deployment: call.deployment, wait: call.wait });
                self.ledger.stand_in_line(&call, rng, self.router.clock.now());
                tokio::time::sleep(call.wait).await;
            }
            let left = deadline.since(self.router.clock.now());
            let may = match tokio::time::timeout(left, self.may_begin(&call, &mut course, rng, watcher)).await {
                Ok(Ok(true)) => self.may_probe(&call, &mut course).await,
                Ok(Ok(false)) => false,
                Ok(Err(stop)) => return Err(self.error(self.stopped(stop))),
                Err(_) => {
                    self.not_made(&call);
                    return Err(self.error(self.stopped(Stop::Deadline)));
                }
            };
            if !may {
                self.tell_skips(&mut course, watcher);
                last = None;
                continue;
            }
            if call.wait.is_zero() {
                watcher.note(Note::Calling { deployment: call.deployment, wait: call.wait });
            }
            self.count(&call, deadline, rng);
            let hedge = map.group(call.group).policy.hedge.filter(|_| self.out.written().is_empty());
            let result = match hedge {
                None => self.attempt(&call, deadline, watcher).await,
                Some(delay) => {
                    let ended = self.race(delay, call, &mut course, deadline, rng, watcher).await;
                    call = ended.call;
                    ended.result
                }
            };
            let result = match result {
                Ok(won) => self.checked(won, deadline).await,
                lost => lost,
            };
            match result {
                Ok(won) => return self.won(&call, won, rng, watcher),
                Err(CallError { cause: Cause::ReaderGone, first_token, .. }) => {
                    // A deployment that gave a token is alive, whether or not anybody reads on.
                    if first_token.is_some() {
                        self.teach(&call, None, None, rng);
                    }
                    return Err(self.error(Why::Unread));
                }
                Err(CallError { cause: Cause::NotSent(failure), .. }) => {
                    self.ledger.let_go(call.deployment, self.router.clock.now());
                    watcher.note(Note::Failed { deployment: call.deployment, failure: &failure });
                    last = Some(failure);
                }
                Err(CallError { cause: Cause::Failed(failure), .. }) => {
                    self.failed(&call, &failure, rng);
                    watcher.note(Note::Failed { deployment: call.deployment, failure: &failure });
                    if !self.out.may_go_on() {
                        return Err(self.error(Why::Interrupted { second_answer: false }));
                    }
                    last = Some(failure);
                }
            }
        }
    }

    /// One attempt, measured and written down.
    async fn attempt(
        &mut self,
        call: &Call,
        deadline: Timestamp,
        watcher: &mut dyn Watcher,
    ) -> Result<CallSuccess, CallError> {
        let started = self.router.clock.now();
        self.current.push((call.clone(), started));
        let start = self.out.prepare(self.router.map.deployment(call.deployment).prefill, watcher);
        let (before, restarts) = (self.out.written().len(), self.out.restarts());
        let prompt = start.apply(&self.request.prompt);
        let timeouts = self.timeouts(call, deadline);
        self.coming = Answer::default();
        let alive = self.ledger.keep_alive(call, self.router.clock);
        let (out, coming, ledger) = (&mut self.out, &mut self.coming, &mut self.ledger);
        let mut sink = |told: CallEvent<'_>| match told {
            CallEvent::Head(reply) => {
                ledger.head(call.deployment, reply);
                std::ops::ControlFlow::Continue(())
            }
            CallEvent::Dropped(parameters) => {
                watcher.note(Note::Dropped { deployment: call.deployment, parameters });
                std::ops::ControlFlow::Continue(())
            }
            CallEvent::Event(event) => {
                coming.push(event);
                out.event(event, watcher)
            }
        };
        let asking = self.router.ask(call.deployment, &prompt, timeouts, deadline, &mut sink);
        let result = tokio::select! {
            biased;
            result = asking => result,
            never = alive => match never {},
        };
        let restarted = self.out.restarts() > restarts;
        if restarted {
            self.attempts.iter_mut().for_each(|attempt| attempt.share = attempt.share.void());
        }
        let given = result.is_ok() || restarted || self.out.written().len() > before;
        self.record(call, started, &result, if given { Share::Given } else { Share::Void });
        result
    }

    /// Writes down an attempt that was begun at `started`.
    pub(super) fn record(
        &mut self,
        call: &Call,
        started: Timestamp,
        result: &Result<CallSuccess, CallError>,
        share: Share,
    ) {
        self.current.retain(|(current, _)| current.deployment != call.deployment);
        let unread = matches!(result, Err(CallError { cause: Cause::ReaderGone, .. }));
        let share = if unread && share != Share::Lost { Share::Cancelled } else { share };
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
            share,
        });
        if self.first_token.is_none() && share != Share::Lost {
            self.first_token = first_token.map(|first| started.since(self.request.since) + first);
        }
    }

    /// The limits of `call`, none of them beyond the deadline.
    pub(super) fn timeouts(&self, call: &Call, deadline: Timestamp) -> Timeouts {
        let members = &self.router.map.group(call.group).members;
        let member = members.iter().find(|member| member.deployment == call.deployment);
        let mut timeouts = member.expect("the course calls members of its groups").timeouts;
        timeouts.first_token = call.first_token;
        timeouts.attempt = timeouts.attempt.min(deadline.since(self.router.clock.now()));
        timeouts
    }

    /// A whole answer came: it is the result unless other text is already out.
    fn won(
        &mut self,
        call: &Call,
        won: CallSuccess,
        rng: &mut fastrand::Rng,
        watcher: &mut dyn Watcher,
    ) -> Result<Done, RouteError> {
        let experience = self.attempts.last().map(|attempt| {
            let Answer { usage, reasoning, .. } = &won.answer;
            let prompt_tokens = self.request.facts.prompt_tokens;
            let shown = !reasoning.is_empty();
            // How long an answer would have been, one that was cut at once does not tell.
            let cut = won.answer.finish == Some(Finish::Length);
            let usage = usage.as_ref().filter(|usage| !cut || usage.output >= TELLING);
            Experience::answered(prompt_tokens, attempt.first_token, attempt.duration, usage, shown)
        });
        self.teach(call, None, experience, rng);
        if !self.out.end(watcher) {
            if let Some(unseen) = self.attempts.last_mut() {
                unseen.share = Share::Void;
            }
            return Err(self.error(Why::Interrupted { second_answer: true }));
        }
        let mut answer = won.answer;
        if self.out.resumed_at().is_some() {
            self.out.written().clone_into(&mut answer.text);
        }
        Ok(Done {
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
    async fn may_probe(&mut self, call: &Call, course: &mut Course<'_>) -> bool {
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
                let outcome = Outcome { answer: &nothing, failure: None, sent: false };
                self.ledger.close(call.deployment, outcome, now);
                self.ledger.flush();
                course.lost_probe(call.deployment, until, now);
                false
            }
        }
    }

    fn tell_skips(&mut self, course: &mut Course<'_>, watcher: &mut dyn Watcher) {
        for skip in course.take_skips() {
            watcher.note(Note::Skipped { deployment: skip.deployment, reason: &skip.reason });
            self.skips.push(skip);
        }
    }

    fn stopped(&self, stop: Stop) -> Why {
        if self.out.written().is_empty() { Why::Stopped(stop) } else { Why::Interrupted { second_answer: false } }
    }

    fn error(&self, why: Why) -> RouteError {
        let (attempts, skips) = (self.attempts.clone(), self.skips.clone());
        RouteError { why, attempts, skips, duration: self.elapsed(), hedged: self.hedged }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.router.clock.now().since(self.request.since)
    }
}
