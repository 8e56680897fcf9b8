//! Our policies: the real route, obeyed as the engine obeys it.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use llmroute_core::model::{Class, Failure, Price, TimeoutKind, Timestamp, Usage};
use llmroute_core::route::board::{Board, Lesson};
use llmroute_core::route::breaker::Context;
use llmroute_core::route::course::{Call, Course, Facts, Step};
use llmroute_core::route::estimate::Experience;
use llmroute_core::route::limits::{Cap, Counts, Limits, Ticket};
use llmroute_core::route::strategy::{Scene, stranger};
use llmroute_core::route::{
    Capabilities, Deployment, DeploymentId, Group, GroupId, Map, Member, Policy as Patience, Strategy, Timeouts,
};
use llmroute_core::wire::{rate_limit, retry_after};

use super::limited;
use super::policy::{Action, Begin, COUNT, LIMIT, Outcome, PRICE, Policy, START, Seconds};
use super::rooms::{Home, Rooms, Slot};

const GROUP: GroupId = GroupId(0);
const PROMPT_TOKENS: u64 = 200;
/// How often a call that stands in a line looks whether it is its turn.
const LOOK: Seconds = 0.05;

/// The map of the simulated world, for a process that makes one call or many.
pub fn map(strategy: Strategy, long_lived: bool) -> Map {
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
            num_retries: 2,
            attempts_per_deployment: 1,
            deadline: seconds(900),
            max_wait: seconds(20),
            allowed_fails: None,
            cooldown: seconds(if long_lived { 5 } else { 120 }),
            cooldown_max: seconds(if long_lived { 10 } else { 1800 }),
            max_fallbacks: 5,
            retry_policy: llmroute_core::route::per_class::PerClass::default(),
            allowed_fails_policy: llmroute_core::route::per_class::PerClass::default(),
            hedge: None,
            hedge_max_cost: None,
        },
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: Vec::new(),
    };
    Map { deployments: deployments.collect(), groups: vec![group], ..Map::default() }
}

/// The same with the limits of [`limited`] as the profile's own (`rpm = 60`), if `own`, for jobs that
/// may wait for so long.
pub fn limited_map(strategy: Strategy, own: bool, max_wait: Seconds) -> Map {
    let mut map = map(strategy, true);
    map.groups[0].policy.max_wait = Duration::from_secs_f64(max_wait);
    for (index, limit) in limited::LIMIT.into_iter().enumerate().filter(|_| own) {
        let rpm = Cap { name: "rpm", counts: Counts::Requests, span: Duration::from_secs(60), limit };
        map.limits.limit_deployment(&index.to_string(), &Limits { caps: vec![rpm], max_parallel: None });
        map.groups[0].members[index].rpm = Some(limit);
    }
    map
}

/// Routes over `map`; what it learns is shared by all its requests.
pub struct Ours<'a> {
    map: &'a Map,
    board: Board,
    rooms: Rooms,
    under_way: HashMap<usize, Request<'a>>,
    rng: fastrand::Rng,
}

struct Request<'a> {
    course: Course<'a>,
    ticket: Ticket,
    /// As it was when the request began, and what it learnt itself since.
    board: Board,
    call: Option<Call>,
    slot: Option<Slot>,
    last: Option<Failure>,
}

impl<'a> Ours<'a> {
    pub fn new(map: &'a Map, seed: u64) -> Self {
        Self::at(Home::Shared, map, seed)
    }

    pub fn at(home: Home, map: &'a Map, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { map, board: Board::fresh(map), rooms: Rooms::new(home), under_way: HashMap::new(), rng }
    }

    /// What an attempt taught the request, and everybody.
    fn learn(&mut self, request: usize, index: usize, lesson: Lesson, experience: Option<Experience>, now: Timestamp) {
        let (map, id) = (self.map, DeploymentId(index));
        let policy = &map.group(GROUP).policy;
        let own = &mut self.under_way.get_mut(&request).expect("it was begun").board;
        let context = Context {
            rules: policy.rules(None),
            another_closed: own.another_closed(map, GROUP, id, now),
            now,
            luck: self.rng.f64(),
        };
        let start = stranger(&Scene { map, group: GROUP, facts: &facts(), board: own, now });
        for board in [own, &mut self.board] {
            let cell = &mut board.deployments[index];
            cell.leases.release(request as u64, now);
            cell.observe(&lesson, &context);
            if let Some(experience) = &experience {
                cell.estimates.learn(experience, start, now);
            }
            board.groups[GROUP.0].observe(lesson == Lesson::ANSWERED, now);
        }
    }
}

impl Policy for Ours<'_> {
    fn begin(&mut self, request: usize, now: Seconds) {
        let (map, now) = (self.map, time(now));
        let deadline = now.after(map.group(GROUP).policy.deadline);
        let course = Course::new(map, GROUP, facts(), deadline);
        let mut board = self.board.clone();
        let ticket = Ticket { since: now, id: request as u64 };
        self.rooms.mark(map, GROUP, ticket, &facts(), &mut board, now);
        self.board.groups[GROUP.0].turn += 1;
        self.under_way.insert(request, Request { course, ticket, board, call: None, slot: None, last: None });
    }

    fn next(&mut self, request: usize, now: Seconds) -> Action {
        let Request { course, ticket, board, call, last, .. } = self.under_way.get_mut(&request).expect("it was begun");
        let Step::Call(step) = course.next(last.take().as_ref(), board, time(now), &mut self.rng) else {
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
        let Request { course, ticket, board, call, slot, .. } = self.under_way.get_mut(&request).expect("it was begun");
        let call = call.as_ref().expect("a call was decided");
        let place = (deployment, *ticket);
        let Some(held) = self.rooms.reserve(self.map, GROUP, place, &facts(), board, now) else {
            course.lost_slot(call, board, now);
            return Begin::Never;
        };
        let cell = &mut self.board.deployments[deployment];
        let lease = now.after(call.first_token);
        if call.probe && !cell.breaker.claim_probe(now, lease) {
            self.rooms.cancel(deployment, held);
            board.deployments[deployment].breaker = cell.breaker.clone();
            course.lost_probe(call.deployment, lease, now);
            return Begin::Never;
        }
        for board in [board, &mut self.board] {
            board.deployments[deployment].leases.take(request as u64, now.after(Duration::from_secs(600)), now);
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
                let experience = Experience::answered(PROMPT_TOKENS, Some(ttft), duration, Some(&usage), false);
                self.rooms.close(deployment, slot, None, (PROMPT_TOKENS, Some(tokens)), now);
                return self.learn(request, deployment, Lesson::ANSWERED, Some(experience), now);
            }
            Outcome::Refused { elapsed } => (Failure::new(Class::ServerError, ""), elapsed),
            Outcome::Silent { elapsed } => (Failure::new(Class::Timeout(TimeoutKind::FirstToken), ""), elapsed),
            Outcome::Limited { .. } => (last.take().expect("its headers said so"), 0.0),
        };
        let lesson = Lesson::of(&failure).expect("a server's fault is a lesson");
        let gate = if let Lesson::Gate { wait } = lesson { Some(wait) } else { None };
        self.rooms.close(deployment, slot, gate, (PROMPT_TOKENS, None), now);
        let experience = Experience::failed(PROMPT_TOKENS, &failure, Duration::from_secs_f64(elapsed));
        *last = Some(failure);
        self.learn(request, deployment, lesson, experience, now);
    }

    fn done(&mut self, request: usize) {
        self.under_way.remove(&request);
    }
}

fn facts() -> Facts {
    Facts { prompt_tokens: PROMPT_TOKENS, ..Facts::default() }
}

fn time(seconds: Seconds) -> Timestamp {
    START.after(Duration::from_secs_f64(seconds))
}
