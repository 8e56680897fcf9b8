//! Hedging: two deployments are called for one answer, and the one whose text begins first gives it.
//!
//! The decisions are in `routing::hedge` and in the failover; this code obeys them. One task polls both calls, so that
//! dropping a call closes its connection at once.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::OptionFuture;

use crate::engine::call::attempt::{CallError, CallEvent, CallSpec, CallStream, CallSuccess, Cause};
use crate::engine::event::{Observer, RouterEvent, room};
use crate::engine::request::record::{Disposition, HedgeInfo};
use crate::engine::request::run::Run;
use llmroute_core::call::{is_content, is_token};
pub use llmroute_core::model::{Answer, Event, Failure, Timestamp};
pub use llmroute_core::routing::failover::{Failover, PlannedCall};
pub use llmroute_core::routing::hedge::Delay;
use llmroute_core::routing::{DeploymentId, Timeouts};

/// The call that gave the result of a race.
pub(in crate::engine) struct RaceResult {
    pub(in crate::engine) call: PlannedCall,
    pub(in crate::engine) result: Result<CallSuccess, CallError>,
}

/// One of the two calls.
struct Racer<'a> {
    call: PlannedCall,
    /// `None` when the call is over or was broken off.
    stream: Option<CallStream<'a>>,
    /// The start of the call; `None` until its reservation is made.
    begun: Option<Timestamp>,
    answer: Answer,
    first_token: Option<Duration>,
    /// Events that came before the race was decided.
    buffered: Vec<Event>,
}

enum Phase {
    /// Only the first call was made. The second one starts at this time, if the first stays silent.
    Waiting(tokio::time::Instant),
    /// Both calls were made, and nothing was delivered.
    Open,
    /// This call gives the answer.
    Decided(usize),
}

struct Race<'a> {
    racers: Vec<Racer<'a>>,
    phase: Phase,
    /// The delay before the second call.
    after: Duration,
}

/// The observer of a race, and the source of its random decisions.
pub(in crate::engine) struct RaceContext<'c, 'm> {
    pub(in crate::engine) failover: &'c mut Failover<'m>,
    pub(in crate::engine) deadline: Timestamp,
    pub(in crate::engine) rng: &'c mut fastrand::Rng,
    pub(in crate::engine) observer: &'c mut dyn Observer,
}

impl<'a> Run<'a> {
    /// Makes `call`, and a second call beside it when the first stays silent and the group's budget allows it.
    pub(in crate::engine) async fn race(
        &mut self,
        delay: Delay,
        call: PlannedCall,
        context: &mut RaceContext<'_, '_>,
    ) -> RaceResult {
        // Nothing was delivered yet, so nothing is continued.
        self.out.prepare(false, context.observer);
        self.coming = Answer::default();
        let (router, now) = (self.router, self.router.clock.now());
        let cell = self.session.snapshot.deployment(call.deployment);
        let after = delay.before(cell, self.request.attributes.prompt_tokens, now);
        self.current.push((call.clone(), now));
        let timeouts = self.timeouts(&call, context.deadline);
        let spec = self.spec(call.deployment, timeouts, context.deadline);
        let stream = router.call(spec, self.session.keep_alive(&call));
        let mut race = Race {
            racers: vec![Racer::new(call, stream, Some(now))],
            phase: Phase::Waiting(router.clock.instant() + after),
            after,
        };
        loop {
            room(context.observer).await;
            match race.next().await {
                None => self.hedge(&mut race, context),
                Some((racer, CallEvent::Ended(result))) => {
                    if let ControlFlow::Break(result) = self.ended(&mut race, racer, result, context) {
                        return RaceResult { call: race.racers.swap_remove(racer).call, result };
                    }
                }
                Some((racer, event)) => {
                    if self.observe(&mut race, racer, event, context).is_break() {
                        return self.reader_gone(race, racer);
                    }
                }
            }
            if let Phase::Decided(winner) = race.phase
                && let Some(loser) = race.racers.get_mut(1 - winner)
                && loser.stream.take().is_some()
                && loser.begun.is_none()
            {
                self.not_made(&loser.call);
            }
        }
    }

    fn spec(&self, deployment: DeploymentId, timeouts: Timeouts, deadline: Timestamp) -> CallSpec<'a> {
        let refused = self.session.snapshot.deployment(deployment).refused.clone();
        CallSpec { deployment, prompt: &self.request.prompt, timeouts, deadline, refused, reservation: None }
    }

    /// Starts the second call, if there is a deployment and a budget for it.
    fn hedge(&mut self, race: &mut Race<'a>, context: &mut RaceContext<'_, '_>) {
        race.phase = Phase::Decided(0);
        let (router, now) = (self.router, self.router.clock.now());
        let Some(rival) = context.failover.hedge_candidate(&self.session.snapshot, now) else { return };
        let (call, timeouts) = self.rival(&race.racers[0].call, rival, context.deadline);
        let Some(reservation) = self.may_race(&call, context.rng) else { return };
        let spec = CallSpec { reservation: Some(reservation), ..self.spec(rival, timeouts, context.deadline) };
        let stream = router.call(spec, self.session.keep_alive(&call));
        race.racers.push(Racer::new(call, stream, None));
        race.phase = Phase::Open;
    }

    /// The second call beside `first`.
    fn rival(&self, first: &PlannedCall, rival: DeploymentId, deadline: Timestamp) -> (PlannedCall, Timeouts) {
        let left = deadline.since(self.router.clock.now());
        let members = &self.router.map.group(first.group).members;
        let member = members.iter().find(|member| member.deployment == rival);
        let first_token = member.map_or(left, |member| member.timeouts.first_token).min(left);
        let call = PlannedCall {
            group: first.group,
            deployment: rival,
            wait: Duration::ZERO,
            first_token,
            probe: false,
            tries_limit: false,
        };
        let timeouts = self.timeouts(&call, deadline);
        (call, timeouts)
    }

    /// Takes an event of a racer. `Break` when the reader of the answer is gone.
    fn observe(
        &mut self,
        race: &mut Race<'_>,
        racer: usize,
        event: CallEvent,
        context: &mut RaceContext<'_, '_>,
    ) -> ControlFlow<()> {
        let deployment = race.racers[racer].call.deployment;
        match event {
            CallEvent::Head(reply) => self.session.head(deployment, reply),
            CallEvent::Reserved => self.begin(race, racer, context),
            CallEvent::Declined => return self.declined(race, racer, context),
            CallEvent::Adapted(changes) => {
                context.observer.on_event(RouterEvent::Adapted { deployment, changes: &changes });
            }
            CallEvent::Event(event) => return self.piece(race, racer, event, context),
            CallEvent::Refused(parameter, refusal) => self.session.learn_refusal(deployment, parameter, refusal),
            CallEvent::Ended(_) => {}
        }
        ControlFlow::Continue(())
    }

    /// The second call is made now.
    fn begin(&mut self, race: &mut Race<'_>, racer: usize, context: &mut RaceContext<'_, '_>) {
        let now = self.router.clock.now();
        let call = race.racers[racer].call.clone();
        let deployment = call.deployment;
        self.count(&call, context.rng);
        race.racers[racer].begun = Some(now);
        self.current.push((call, now));
        context.failover.start_hedge(deployment, &self.session.snapshot, now);
        self.hedged = Some(HedgeInfo { after: race.after, rival: deployment });
        context.observer.on_event(RouterEvent::Calling { deployment, wait: Duration::ZERO });
    }

    /// There is no budget for the second call.
    fn declined(&mut self, race: &mut Race<'_>, racer: usize, context: &mut RaceContext<'_, '_>) -> ControlFlow<()> {
        race.racers[racer].stream = None;
        race.phase = Phase::Decided(1 - racer);
        self.not_made(&race.racers[racer].call);
        self.flush(&mut race.racers[1 - racer], context.observer)
    }

    fn piece(
        &mut self,
        race: &mut Race<'_>,
        index: usize,
        event: Event,
        context: &mut RaceContext<'_, '_>,
    ) -> ControlFlow<()> {
        let racer = &mut race.racers[index];
        racer.take(&event, self.router.clock.now());
        match race.phase {
            Phase::Waiting(_) => {
                if racer.first_token.is_some() {
                    race.phase = Phase::Decided(index);
                }
                self.deliver(&event, context.observer)
            }
            Phase::Decided(_) => self.deliver(&event, context.observer),
            Phase::Open => {
                let begins = is_content(&event);
                racer.buffered.push(event);
                if begins { self.decide(race, index, context) } else { ControlFlow::Continue(()) }
            }
        }
    }

    /// Delivers the answer of `winner` from now on; the other call is broken off.
    fn decide(&mut self, race: &mut Race<'_>, winner: usize, context: &mut RaceContext<'_, '_>) -> ControlFlow<()> {
        race.phase = Phase::Decided(winner);
        if let Some(loser) = race.racers.get_mut(1 - winner)
            && let Some(begun) = loser.begun
        {
            let (call, error) = (loser.call.clone(), loser.reader_gone());
            // Slower than another is not a failure: nothing is learned from it.
            self.record(&call, begun, &Err(error), Disposition::HedgeLoser);
            let wasted = self.attempts.last().and_then(|attempt| attempt.cost);
            let winner = race.racers[winner].call.deployment;
            let now = self.router.clock.now();
            self.session.release(call.deployment);
            context.failover.hedge_won(winner, call.deployment, now);
            context.observer.on_event(RouterEvent::Hedged { after: race.after, winner, wasted });
        }
        self.flush(&mut race.racers[winner], context.observer)
    }

    /// Delivers what was buffered of a racer.
    fn flush(&mut self, racer: &mut Racer<'_>, observer: &mut dyn Observer) -> ControlFlow<()> {
        std::mem::take(&mut racer.buffered).iter().try_for_each(|event| self.deliver(event, observer))
    }

    fn deliver(&mut self, event: &Event, observer: &mut dyn Observer) -> ControlFlow<()> {
        self.coming.push(event);
        self.out.event(event, observer)
    }

    /// A racer ended. `Break` with its result if that is the result of the race.
    fn ended(
        &mut self,
        race: &mut Race<'_>,
        racer: usize,
        result: Result<CallSuccess, CallError>,
        context: &mut RaceContext<'_, '_>,
    ) -> ControlFlow<Result<CallSuccess, CallError>> {
        let now = self.router.clock.now();
        let ended = &mut race.racers[racer];
        ended.stream = None;
        let (call, begun) = (ended.call.clone(), ended.begun.unwrap_or(now));
        let other = race.racers.get(1 - racer).filter(|other| other.begun.is_some()).map(|other| other.call.deployment);
        let (Phase::Open, Some(left)) = (&race.phase, other) else {
            race.phase = Phase::Decided(racer);
            self.drop_reservations(race);
            let delivered = result.is_ok() || !self.out.written().is_empty();
            self.record(&call, begun, &result, if delivered { Disposition::Delivered } else { Disposition::Discarded });
            return ControlFlow::Break(result);
        };
        self.record(&call, begun, &result, Disposition::Discarded);
        if let Some(failure) = failure_of(&result) {
            if matches!(&result, Err(CallError { cause: Cause::Failed(_), .. })) {
                self.failed(&call, failure, context.rng);
            } else {
                self.session.release(call.deployment);
            }
            context.observer.on_event(RouterEvent::Failed { deployment: call.deployment, failure });
            context.failover.hedge_call_failed(call.deployment, failure, left, now);
        }
        context.observer.on_event(RouterEvent::GoingOn { deployment: left });
        race.phase = Phase::Decided(1 - racer);
        // A reader that is gone is noticed with the next event.
        let _ = self.flush(&mut race.racers[1 - racer], context.observer);
        ControlFlow::Continue(())
    }

    /// Gives back the reservations of calls that are not made.
    fn drop_reservations(&mut self, race: &Race<'_>) {
        for racer in race.racers.iter().filter(|racer| racer.begun.is_none()) {
            self.not_made(&racer.call);
        }
    }

    fn reader_gone(&mut self, mut race: Race<'_>, racer: usize) -> RaceResult {
        self.drop_reservations(&race);
        let mut racer = race.racers.swap_remove(racer);
        let result = Err(racer.reader_gone());
        let begun = racer.begun.unwrap_or_else(|| self.router.clock.now());
        self.record(&racer.call, begun, &result, Disposition::Delivered);
        RaceResult { call: racer.call, result }
    }
}

fn failure_of(result: &Result<CallSuccess, CallError>) -> Option<&Failure> {
    match result {
        Err(CallError { cause: Cause::Failed(failure) | Cause::NotSent(failure), .. }) => Some(failure),
        Err(CallError { cause: Cause::ReaderGone, .. }) | Ok(_) => None,
    }
}

impl<'a> Racer<'a> {
    fn new(call: PlannedCall, stream: CallStream<'a>, begun: Option<Timestamp>) -> Self {
        let (answer, first_token, buffered) = (Answer::default(), None, Vec::new());
        Self { call, stream: Some(stream), begun, answer, first_token, buffered }
    }

    fn take(&mut self, event: &Event, now: Timestamp) {
        if self.first_token.is_none() && is_token(event) {
            self.first_token = self.begun.map(|begun| now.since(begun));
        }
        self.answer.push(event);
    }

    /// The end of a call whose answer is not read any more.
    fn reader_gone(&mut self) -> CallError {
        let answer = std::mem::take(&mut self.answer);
        CallError { cause: Cause::ReaderGone, answer, first_token: self.first_token }
    }
}

impl Race<'_> {
    /// Returns the next event of a racer, or `None` when the second call is due.
    async fn next(&mut self) -> Option<(usize, CallEvent)> {
        let due = match self.phase {
            Phase::Waiting(due) => Some(tokio::time::sleep_until(due)),
            Phase::Open | Phase::Decided(_) => None,
        };
        let mut due = pin!(OptionFuture::from(due));
        let racers = &mut self.racers;
        poll_fn(|cx| {
            for (index, racer) in racers.iter_mut().enumerate() {
                if let Some(stream) = &mut racer.stream
                    && let Poll::Ready(event) = stream.poll_next_unpin(cx)
                {
                    return Poll::Ready(Some((index, event.expect("a stream ends with the end of its call"))));
                }
            }
            match due.as_mut().poll(cx) {
                Poll::Ready(Some(())) => Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}
