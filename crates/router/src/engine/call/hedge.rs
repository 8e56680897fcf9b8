//! Two deployments asked for one answer: the one whose text begins first is listened to.
//!
//! The decisions are in `routing::hedge` and in the failover; here is what obeys them. Both calls are
//! polled by this one task, so that dropping a call closes its connection at once.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::engine::call::attempt::{CallError, CallEvent, CallSuccess, Cause};
use crate::engine::event::{Observer, RouterEvent};
use crate::engine::request::record::{Disposition, HedgeInfo};
use crate::engine::request::run::Run;
use crate::engine::router::Router;
use crate::engine::shared::reservation::PendingReservation;
use llmroute_core::model::{Answer, Event, Failure, Prompt, RateLimitReading, Timestamp};
use llmroute_core::routing::failover::{Failover, PlannedCall};
use llmroute_core::routing::hedge::Delay;
use llmroute_core::routing::{DeploymentId, Timeouts};

/// The call that a race came down to.
pub(in crate::engine) struct Raced {
    pub(in crate::engine) call: PlannedCall,
    pub(in crate::engine) result: Result<CallSuccess, CallError>,
}

/// One of the two calls.
struct Lane {
    call: PlannedCall,
    /// When it was asked; the second one is asked only when there is budget for it.
    asked: Option<Timestamp>,
    /// What came so far.
    coming: Answer,
    first_token: Option<Duration>,
    /// What came while it was open who is listened to.
    held: Vec<Event>,
}

/// Where a race stands.
enum Phase {
    /// Only the first was asked. It is silent, and is waited for until then.
    Waiting(tokio::time::Instant),
    /// The second is asked, too, and nothing was given out.
    Open,
    /// This one is listened to.
    Settled(usize),
}

struct Race {
    lanes: Vec<Lane>,
    phase: Phase,
    after: Duration,
}

/// What a lane says.
enum Say {
    /// The head of the reply: when it came, and what it said of limits.
    Head((Timestamp, Vec<RateLimitReading>)),
    /// There is budget for it: it is being asked.
    Asked,
    Dropped(Vec<&'static str>),
    Event(Event),
}

/// How a lane ends.
enum End {
    /// There was no budget for it; nobody was asked.
    Declined,
    Done(Box<Result<CallSuccess, CallError>>),
}

type Running<'a> = Pin<Box<dyn Future<Output = End> + Send + 'a>>;

enum Happened {
    Said(usize, Say),
    Ended(usize, End),
    Waited,
}

impl<'a> Run<'a> {
    /// Makes `call` and, when it stays silent and the group may, a second one beside it.
    pub(in crate::engine) async fn race(
        &mut self,
        delay: Delay,
        call: PlannedCall,
        failover: &mut Failover<'_>,
        deadline: Timestamp,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> Raced {
        // Nothing is out, so nothing is continued.
        self.out.prepare(false, observer);
        self.coming = Answer::default();
        let (router, prompt) = (self.router, &self.request.prompt);
        let cell = self.ledger.snapshot.deployment(call.deployment);
        let after = delay.before(cell, self.request.attributes.prompt_tokens, router.clock.now());
        let (say, mut heard) = unbounded_channel();
        self.current.push((call.clone(), router.clock.now()));
        let limits = (self.timeouts(&call, deadline), deadline);
        let alive = self.ledger.keep_alive(&call, router.clock);
        let first = leg(router, prompt, call.deployment, limits, Mouth(0, say.clone()), None, alive);
        let mut runs: [Option<Running<'_>>; 2] = [Some(Box::pin(first)), None];
        let mut race = Race {
            lanes: vec![Lane::new(call, Some(router.clock.now()))],
            phase: Phase::Waiting(router.clock.instant() + after),
            after,
        };
        loop {
            match race.next(&mut heard, &mut runs).await {
                Happened::Waited => {
                    race.phase = Phase::Settled(0);
                    let now = router.clock.now();
                    if let Some(rival) = failover.hedge_candidate(&self.ledger.snapshot, now)
                        && let (lane, timeouts) = self.rival(&race.lanes[0].call, rival, deadline)
                        && let Some(claim) = self.may_race(&lane.call, rng)
                    {
                        race.lanes.push(lane);
                        race.phase = Phase::Open;
                        let alive = self.ledger.keep_alive(&race.lanes[1].call, router.clock);
                        let mouth = Mouth(1, say.clone());
                        let second = leg(router, prompt, rival, (timeouts, deadline), mouth, Some(claim), alive);
                        runs[1] = Some(Box::pin(second));
                    }
                }
                Happened::Said(lane, said) => {
                    if matches!(said, Say::Asked) {
                        self.count(&race.lanes[lane].call, deadline, rng);
                    }
                    if self.hear(&mut race, lane, said, failover, observer).is_break() {
                        return self.unread(race, lane);
                    }
                }
                Happened::Ended(lane, end) => {
                    // What it said last comes before its end.
                    while let Ok((lane, said)) = heard.try_recv() {
                        if self.hear(&mut race, lane, said, failover, observer).is_break() {
                            return self.unread(race, lane);
                        }
                    }
                    match self.ended(&mut race, lane, end, failover, rng, observer) {
                        ControlFlow::Continue(()) => {}
                        ControlFlow::Break(result) => {
                            let call = race.lanes.swap_remove(lane).call;
                            return Raced { call, result };
                        }
                    }
                }
            }
            if let Phase::Settled(winner) = race.phase {
                // The connection of the other one is closed by this.
                if runs[1 - winner].take().is_some()
                    && let Some(loser) = race.lanes.get(1 - winner).filter(|loser| loser.asked.is_none())
                {
                    self.not_made(&loser.call);
                }
            }
        }
    }

    /// The lane of a second call beside `first`.
    fn rival(&self, first: &PlannedCall, rival: DeploymentId, deadline: Timestamp) -> (Lane, Timeouts) {
        let left = deadline.since(self.router.clock.now());
        let members = &self.router.map.group(first.group).members;
        let member = members.iter().find(|member| member.deployment == rival);
        let first_token = member.map_or(left, |member| member.timeouts.first_token).min(left);
        let call =
            PlannedCall { group: first.group, deployment: rival, wait: Duration::ZERO, first_token, probe: false };
        let timeouts = self.timeouts(&call, deadline);
        (Lane::new(call, None), timeouts)
    }

    /// Takes what a lane said. `Break` when nobody reads the answer any more.
    fn hear(
        &mut self,
        race: &mut Race,
        lane: usize,
        said: Say,
        failover: &mut Failover<'_>,
        observer: &mut dyn Observer,
    ) -> ControlFlow<()> {
        if matches!(race.phase, Phase::Settled(winner) if winner != lane) {
            return ControlFlow::Continue(());
        }
        let now = self.router.clock.now();
        let deployment = race.lanes[lane].call.deployment;
        let event = match said {
            Say::Head(reply) => {
                self.ledger.head(deployment, reply);
                return ControlFlow::Continue(());
            }
            Say::Asked => {
                race.lanes[lane].asked = Some(now);
                self.current.push((race.lanes[lane].call.clone(), now));
                failover.start_hedge(deployment, &self.ledger.snapshot, now);
                self.hedged = Some(HedgeInfo { after: race.after, rival: deployment });
                observer.on_event(RouterEvent::Calling { deployment, wait: Duration::ZERO });
                return ControlFlow::Continue(());
            }
            Say::Dropped(parameters) => {
                observer.on_event(RouterEvent::Dropped { deployment, parameters: &parameters });
                return ControlFlow::Continue(());
            }
            Say::Event(event) => event,
        };
        race.lanes[lane].take(&event, now);
        match race.phase {
            Phase::Waiting(_) => {
                if race.lanes[lane].first_token.is_some() {
                    race.phase = Phase::Settled(lane);
                }
                self.give(&event, observer)
            }
            Phase::Settled(_) => self.give(&event, observer),
            Phase::Open => {
                let begins = is_content(&event);
                race.lanes[lane].held.push(event);
                if begins { self.settle(race, lane, failover, observer) } else { ControlFlow::Continue(()) }
            }
        }
    }

    /// From here on `winner` is listened to; the other call is broken off.
    fn settle(
        &mut self,
        race: &mut Race,
        winner: usize,
        failover: &mut Failover<'_>,
        observer: &mut dyn Observer,
    ) -> ControlFlow<()> {
        race.phase = Phase::Settled(winner);
        if let Some(loser) = race.lanes.get_mut(1 - winner)
            && let Some(asked) = loser.asked
        {
            let answer = std::mem::take(&mut loser.coming);
            let lost = CallError { cause: Cause::ReaderGone, answer, first_token: loser.first_token };
            let loser = loser.call.clone();
            // Slower than another is no failure: nothing is taught.
            self.record(&loser, asked, &Err(lost), Disposition::HedgeLoser);
            let wasted = self.attempts.last().and_then(|attempt| attempt.cost);
            let winner = race.lanes[winner].call.deployment;
            let now = self.router.clock.now();
            self.ledger.let_go(loser.deployment, now);
            failover.hedge_won(winner, loser.deployment, now);
            observer.on_event(RouterEvent::Hedged { after: race.after, winner, wasted });
        }
        self.flush(&mut race.lanes[winner], observer)
    }

    /// Gives out what was held back of a lane.
    fn flush(&mut self, lane: &mut Lane, observer: &mut dyn Observer) -> ControlFlow<()> {
        std::mem::take(&mut lane.held).iter().try_for_each(|event| self.give(event, observer))
    }

    fn give(&mut self, event: &Event, observer: &mut dyn Observer) -> ControlFlow<()> {
        self.coming.push(event);
        self.out.event(event, observer)
    }

    /// A lane ended. `Break` with its result if that is the result of the race.
    fn ended(
        &mut self,
        race: &mut Race,
        lane: usize,
        end: End,
        failover: &mut Failover<'_>,
        rng: &mut fastrand::Rng,
        observer: &mut dyn Observer,
    ) -> ControlFlow<Result<CallSuccess, CallError>> {
        let result = match end {
            End::Done(result) => *result,
            End::Declined => {
                race.phase = Phase::Settled(0);
                self.not_made(&race.lanes[lane].call);
                // A reader that left is noticed with the next event.
                let _ = self.flush(&mut race.lanes[0], observer);
                return ControlFlow::Continue(());
            }
        };
        let asked = race.lanes[lane].asked.unwrap_or_else(|| self.router.clock.now());
        let other = race.lanes.get(1 - lane).filter(|other| other.asked.is_some()).map(|other| other.call.deployment);
        let (Phase::Open, Some(left)) = (&race.phase, other) else {
            race.phase = Phase::Settled(lane);
            self.drop_claims(race);
            let given = result.is_ok() || !self.out.written().is_empty();
            let call = race.lanes[lane].call.clone();
            self.record(&call, asked, &result, if given { Disposition::Delivered } else { Disposition::Discarded });
            return ControlFlow::Break(result);
        };
        let call = race.lanes[lane].call.clone();
        self.record(&call, asked, &result, Disposition::Discarded);
        if let Some(failure) = failure_of(&result) {
            if matches!(&result, Err(CallError { cause: Cause::Failed(_), .. })) {
                self.failed(&call, failure, rng);
            } else {
                self.ledger.let_go(call.deployment, self.router.clock.now());
            }
            observer.on_event(RouterEvent::Failed { deployment: call.deployment, failure });
            failover.hedge_call_failed(call.deployment, failure, left, self.router.clock.now());
        }
        observer.on_event(RouterEvent::GoingOn { deployment: left });
        race.phase = Phase::Settled(1 - lane);
        // A reader that left is noticed with the next event.
        let _ = self.flush(&mut race.lanes[1 - lane], observer);
        ControlFlow::Continue(())
    }

    /// Gives back what was asked for calls that are not made after all.
    fn drop_claims(&mut self, race: &Race) {
        for lane in race.lanes.iter().filter(|lane| lane.asked.is_none()) {
            self.not_made(&lane.call);
        }
    }

    /// Nobody reads the answer of `lane` any more.
    fn unread(&mut self, mut race: Race, lane: usize) -> Raced {
        self.drop_claims(&race);
        let Lane { call, asked, coming, first_token, .. } = race.lanes.swap_remove(lane);
        let result = Err(CallError { cause: Cause::ReaderGone, answer: coming, first_token });
        self.record(&call, asked.unwrap_or_else(|| self.router.clock.now()), &result, Disposition::Delivered);
        Raced { call, result }
    }
}

fn failure_of(result: &Result<CallSuccess, CallError>) -> Option<&Failure> {
    match result {
        Err(CallError { cause: Cause::Failed(failure) | Cause::NotSent(failure), .. }) => Some(failure),
        Err(CallError { cause: Cause::ReaderGone, .. }) | Ok(_) => None,
    }
}

impl Lane {
    fn new(call: PlannedCall, asked: Option<Timestamp>) -> Self {
        Self { call, asked, coming: Answer::default(), first_token: None, held: Vec::new() }
    }

    fn take(&mut self, event: &Event, now: Timestamp) {
        let token = is_content(event) || matches!(event, Event::Reasoning(text) if !text.is_empty());
        if self.first_token.is_none() && token {
            self.first_token = self.asked.map(|asked| now.since(asked));
        }
        self.coming.push(event);
    }
}

impl Race {
    /// What happens next; what was said before what ended before what is due.
    async fn next(&self, heard: &mut UnboundedReceiver<(usize, Say)>, runs: &mut [Option<Running<'_>>; 2]) -> Happened {
        let until = match self.phase {
            Phase::Waiting(until) => Some(until),
            Phase::Open | Phase::Settled(_) => None,
        };
        let mut timer = pin!(until.map(tokio::time::sleep_until).map_or_else(
            || futures_util::future::Either::Left(std::future::pending()),
            futures_util::future::Either::Right,
        ));
        poll_fn(|cx| {
            if let Poll::Ready(Some((lane, said))) = heard.poll_recv(cx) {
                return Poll::Ready(Happened::Said(lane, said));
            }
            for (lane, run) in runs.iter_mut().enumerate() {
                if let Some(future) = run
                    && let Poll::Ready(end) = future.as_mut().poll(cx)
                {
                    *run = None;
                    return Poll::Ready(Happened::Ended(lane, end));
                }
            }
            timer.as_mut().poll(cx).map(|()| Happened::Waited)
        })
        .await
    }
}

/// Where a lane says what it says.
struct Mouth(usize, UnboundedSender<(usize, Say)>);

impl Mouth {
    fn say(&self, what: Say) {
        // The ear is dropped only together with the lane.
        let _ = self.1.send((self.0, what));
    }
}

/// One call, once `claim` has found room and leave for it.
async fn leg(
    router: &Router,
    prompt: &Prompt,
    deployment: DeploymentId,
    (timeouts, deadline): (Timeouts, Timestamp),
    mouth: Mouth,
    claim: Option<PendingReservation>,
    alive: impl Future<Output = Infallible>,
) -> End {
    if let Some(claim) = claim {
        if !claim.await.unwrap_or(false) {
            return End::Declined;
        }
        mouth.say(Say::Asked);
    }
    let mut sink = |told: CallEvent<'_>| {
        mouth.say(match told {
            CallEvent::Head(reply) => Say::Head(reply),
            CallEvent::Dropped(parameters) => Say::Dropped(parameters.to_vec()),
            CallEvent::Event(event) => Say::Event(event.clone()),
        });
        ControlFlow::Continue(())
    };
    let asking = router.ask(deployment, prompt, timeouts, deadline, &mut sink);
    tokio::select! {
        biased;
        result = asking => End::Done(Box::new(result)),
        never = alive => match never {},
    }
}

/// Whether an answer begins with this event: text or a tool call, not reasoning.
fn is_content(event: &Event) -> bool {
    match event {
        Event::Text(text) => !text.is_empty(),
        Event::ToolStart { .. } | Event::ToolArguments { .. } => true,
        Event::Reasoning(_)
        | Event::ReasoningBlock(_)
        | Event::ToolSignature { .. }
        | Event::Start { .. }
        | Event::Usage(_)
        | Event::Finish(_) => false,
    }
}
