//! Our policies: the real route, obeyed as the engine obeys it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use llmroute_core::model::{Class, Failure, Price, TimeoutKind, Timestamp, Usage};
use llmroute_core::routing::breaker::BreakerContext;
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::failover::{Failover, PlannedCall, RequestAttributes, Step};
use llmroute_core::routing::limits::{Cap, LimitUnit, Limits, Ticket};
use llmroute_core::routing::snapshot::{HealthSignal, StateSnapshot};
use llmroute_core::routing::strategy::{RankingInput, SimpleShuffle, prior_ttft};
use llmroute_core::routing::{
    Capabilities, Deployment, DeploymentId, Group, GroupId, Map, Member, Policy as Patience, Strategy, Timeouts,
};
use llmroute_core::wire::{rate_limit, retry_after};

use super::limited;
use super::policy::{Action, Begin, COUNT, LIMIT, Outcome, PRICE, Policy, START, Seconds};
use super::rooms::{Home, Rooms, Slot};

const GROUP: GroupId = GroupId(0);
const PROMPT_TOKENS: u64 = 200;
/// The interval at which a waiting call checks for its turn.
const LOOK: Seconds = 0.05;

/// The map of the simulated world, for a process that makes one call or many.
pub fn map(strategy: Arc<dyn Strategy>, long_lived: bool) -> Map {
    let seconds = Duration::from_secs;
    let timeouts = Timeouts {
        connect: seconds(5),
        first_token: Duration::from_secs_f64(LIMIT),
        idle: seconds(60),
        attempt: seconds(600),
    };
    let deployments = (0..COUNT).map(|index| Deployment {
        name: format!("p{index}/m"),
        provider: format!("p{index}"),
        model: "m".to_owned(),
        state_key: index.to_string(),
        credential: String::new(),
        host: index.to_string(),
        context_window: None,
        price: Some(Price::flat(0.0, PRICE[index])),
        prefill: false,
        capabilities: Capabilities::default(),
        no_key: None,
    });
    let members = (0..COUNT).map(|index| Member {
        deployment: DeploymentId(index),
        weight: None,
        rpm: None,
        tpm: None,
        order: 0,
        tags: Vec::new(),
        timeouts,
    });
    let group = Group {
        name: "main".to_owned(),
        members: members.collect(),
        strategy,
        policy: Patience {
            cooldown: seconds(if long_lived { 5 } else { 120 }),
            cooldown_max: seconds(if long_lived { 10 } else { 1800 }),
            ..Patience::default()
        },
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: None,
    };
    Map { deployments: deployments.collect(), groups: vec![group], ..Map::default() }
}

/// A group of the first deployment alone, whose fallback is a group of the second one, for a process that
/// makes one call.
pub fn lone_map(fallback: bool) -> Map {
    let mut map = map(Arc::new(SimpleShuffle::default()), false);
    let spare =
        Group { name: "spare".to_owned(), members: vec![map.groups[0].members[1].clone()], ..map.groups[0].clone() };
    map.groups[0].members.truncate(1);
    if fallback {
        map.groups.push(spare);
        map.groups[0].fallbacks = vec![GroupId(1)];
    }
    map
}

/// The same with the limits of [`limited`] as the profile's own (`rpm = 60`), if `own`, for jobs that
/// may wait for so long.
pub fn limited_map(strategy: Arc<dyn Strategy>, own: bool, max_wait: Seconds) -> Map {
    let mut map = map(strategy, true);
    map.groups[0].policy.max_wait = Duration::from_secs_f64(max_wait);
    for (index, limit) in limited::LIMIT.into_iter().enumerate().filter(|_| own) {
        let rpm = Cap { name: "rpm", counts: LimitUnit::Requests, span: Duration::from_secs(60), limit };
        map.limits.limit_deployment(&index.to_string(), &Limits { caps: vec![rpm], max_parallel: None });
        map.groups[0].members[index].rpm = Some(limit);
    }
    map
}

/// Routes over `map`; what it learns is shared by all its requests.
pub struct Ours<'a> {
    map: &'a Map,
    snapshot: StateSnapshot,
    rooms: Rooms,
    under_way: HashMap<usize, Request<'a>>,
    rng: fastrand::Rng,
}

struct Request<'a> {
    failover: Failover<'a>,
    ticket: Ticket,
    /// As it was when the request began, and what it learnt itself since.
    snapshot: StateSnapshot,
    call: Option<PlannedCall>,
    slot: Option<Slot>,
    last: Option<Failure>,
}

impl<'a> Ours<'a> {
    pub fn new(map: &'a Map, seed: u64) -> Self {
        Self::at(Home::Shared, map, seed)
    }

    pub fn at(home: Home, map: &'a Map, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { map, snapshot: StateSnapshot::new(map), rooms: Rooms::new(home), under_way: HashMap::new(), rng }
    }

    /// Records the outcome of an attempt, for the request and for all later ones.
    fn learn(
        &mut self,
        request: usize,
        index: usize,
        lesson: HealthSignal,
        sample: Option<CallSample>,
        now: Timestamp,
    ) {
        let (map, id) = (self.map, DeploymentId(index));
        let policy = &map.group(GROUP).policy;
        let own = &mut self.under_way.get_mut(&request).expect("it was begun").snapshot;
        let context = BreakerContext {
            rules: policy.breaker(None),
            another_closed: own.another_closed(map, GroupId(index.min(map.groups.len() - 1)), id, now),
            now,
            jitter: self.rng.f64(),
        };
        let start = prior_ttft(&RankingInput { map, group: GROUP, attributes: &attributes(), snapshot: own, now });
        for snapshot in [own, &mut self.snapshot] {
            let cell = &mut snapshot.deployments[index];
            cell.leases.release(request as u64, now);
            cell.observe(&lesson, &context);
            if let Some(sample) = &sample {
                cell.estimates.learn(sample, start, now);
            }
            snapshot.groups[GROUP.0].observe(lesson == HealthSignal::ANSWERED, now);
        }
    }
}

impl Policy for Ours<'_> {
    fn begin(&mut self, request: usize, now: Seconds) {
        let (map, now) = (self.map, time(now));
        let deadline = now.after(map.group(GROUP).policy.deadline);
        let failover = Failover::new(map, GROUP, attributes(), deadline);
        let mut snapshot = self.snapshot.clone();
        let ticket = Ticket { since: now, id: request as u64 };
        self.rooms.mark(map, GROUP, ticket, &attributes(), &mut snapshot, now);
        self.snapshot.groups[GROUP.0].turn += 1;
        self.under_way.insert(request, Request { failover, ticket, snapshot, call: None, slot: None, last: None });
    }

    fn next(&mut self, request: usize, now: Seconds) -> Action {
        let Request { failover, ticket, snapshot, call, last, .. } =
            self.under_way.get_mut(&request).expect("it was begun");
        let Step::Call(step) = failover.next(last.take().as_ref(), snapshot, time(now), &mut self.rng) else {
            return Action::GiveUp;
        };
        if !step.wait.is_zero() {
            self.rooms.join(step.deployment.0, *ticket, time(now).after(step.wait), time(now));
        }
        let (wait, limit) = (step.wait.as_secs_f64(), step.first_token.as_secs_f64());
        Action::Call { deployment: call.insert(step).deployment.0, wait, limit }
    }

    fn begins(&mut self, request: usize, deployment: usize, now: Seconds) -> Begin {
        if self.rooms.is_pilot_too_many(deployment) {
            return Begin::Later(LOOK);
        }
        let now = time(now);
        let Request { failover, ticket, snapshot, call, slot, .. } =
            self.under_way.get_mut(&request).expect("it was begun");
        let call = call.as_ref().expect("a call was decided");
        let place = (deployment, *ticket);
        let Some(held) = self.rooms.reserve(self.map, GROUP, place, &attributes(), snapshot, now) else {
            failover.limit_reached(call, snapshot, now);
            return Begin::Never;
        };
        let cell = &mut self.snapshot.deployments[deployment];
        let lease = now.after(call.first_token);
        if call.probe && !cell.breaker.claim_probe(now, lease) {
            self.rooms.cancel(deployment, held);
            snapshot.deployments[deployment].breaker = cell.breaker.clone();
            failover.probe_taken(call.deployment, lease, now);
            return Begin::Never;
        }
        for snapshot in [snapshot, &mut self.snapshot] {
            snapshot.deployments[deployment].leases.take(request as u64, now.after(Duration::from_secs(600)), now);
        }
        *slot = Some(held);
        Begin::Now
    }

    fn heard(&mut self, request: usize, deployment: usize, headers: &HeaderMap, now: Seconds) {
        let Request { slot, last, .. } = self.under_way.get_mut(&request).expect("it was begun");
        let slot = slot.as_mut().expect("a call is out");
        self.rooms.heard(deployment, slot, rate_limit::readings(headers, time(now)), time(now));
        // What a 429 asks for, as its classification finds it.
        *last = retry_after::from_headers(headers, time(now))
            .map(|wait| Failure { retry_after: Some(wait), ..Failure::new(Class::RateLimit, "") });
    }

    fn ended(&mut self, request: usize, deployment: usize, outcome: Outcome, now: Seconds) {
        let now = time(now);
        let Request { slot, last, .. } = self.under_way.get_mut(&request).expect("it was begun");
        let slot = slot.take().expect("a call is out");
        let (failure, elapsed) = match outcome {
            Outcome::Answered { ttft, duration, tokens } => {
                let usage = Usage { input: PROMPT_TOKENS, output: tokens, ..Usage::default() };
                let (ttft, duration) = (Duration::from_secs_f64(ttft), Duration::from_secs_f64(duration));
                let sample = CallSample::answered(PROMPT_TOKENS, Some(ttft), duration, Some(&usage), false);
                self.rooms.close(deployment, slot, None, (PROMPT_TOKENS, Some(tokens)), now);
                return self.learn(request, deployment, HealthSignal::ANSWERED, Some(sample), now);
            }
            Outcome::Refused { elapsed } => (Failure::new(Class::ServerError, ""), elapsed),
            Outcome::Silent { elapsed } => (Failure::new(Class::Timeout(TimeoutKind::FirstToken), ""), elapsed),
            Outcome::Limited { .. } => (last.take().expect("its headers said so"), 0.0),
        };
        let lesson = HealthSignal::of(&failure).expect("a server's fault is a lesson");
        let gate = if let HealthSignal::Gate { wait } = lesson { Some(wait) } else { None };
        self.rooms.close(deployment, slot, gate, (PROMPT_TOKENS, None), now);
        let sample = CallSample::failed(PROMPT_TOKENS, &failure, Duration::from_secs_f64(elapsed));
        *last = Some(failure);
        self.learn(request, deployment, lesson, sample, now);
    }

    fn done(&mut self, request: usize) {
        self.under_way.remove(&request);
    }
}

fn attributes() -> RequestAttributes {
    RequestAttributes { prompt_tokens: PROMPT_TOKENS, ..RequestAttributes::default() }
}

fn time(seconds: Seconds) -> Timestamp {
    START.after(Duration::from_secs_f64(seconds))
}
