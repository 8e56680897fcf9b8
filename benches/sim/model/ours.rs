//! Our policies: the real route, obeyed as the engine obeys it.

use std::collections::HashMap;
use std::time::Duration;

use llmroute::model::{Class, Failure, Price, TimeoutKind, Timestamp, Usage};
use llmroute::route::board::{Board, Lesson};
use llmroute::route::breaker::Context;
use llmroute::route::course::{Course, Facts, Step};
use llmroute::route::estimate::Experience;
use llmroute::route::strategy::{Scene, stranger};
use llmroute::route::{
    Capabilities, Deployment, DeploymentId, Group, GroupId, Map, Member, Policy as Patience, Strategy, Timeouts,
};

use super::policy::{Action, COUNT, LIMIT, Outcome, PRICE, Policy, Seconds};

const GROUP: GroupId = GroupId(0);
const PROMPT_TOKENS: u64 = 200;

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
            retry_policy: llmroute::route::per_class::PerClass::default(),
            allowed_fails_policy: llmroute::route::per_class::PerClass::default(),
            hedge: None,
            hedge_max_cost: None,
        },
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: Vec::new(),
    };
    Map { deployments: deployments.collect(), groups: vec![group], ..Map::default() }
}

/// Routes over `map`; what it learns is shared by all its requests.
pub struct Ours<'a> {
    map: &'a Map,
    board: Board,
    under_way: HashMap<usize, (Course<'a>, Option<Failure>)>,
    rng: fastrand::Rng,
}

impl<'a> Ours<'a> {
    pub fn new(map: &'a Map, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { map, board: Board::fresh(map), under_way: HashMap::new(), rng }
    }

    fn learn(&mut self, deployment: usize, lesson: Lesson, experience: Option<Experience>, now: Timestamp) {
        let policy = &self.map.group(GROUP).policy;
        let id = DeploymentId(deployment);
        let rules = policy.rules(None);
        let another_closed = self.board.another_closed(self.map, GROUP, id, now);
        let context = Context { rules, another_closed, now, luck: self.rng.f64() };
        let scene = Scene { map: self.map, group: GROUP, facts: &facts(), board: &self.board, now };
        let start = stranger(&scene);
        let cell = &mut self.board.deployments[deployment];
        cell.observe(&lesson, &context);
        if let Some(experience) = experience {
            cell.estimates.learn(&experience, start, now);
        }
        self.board.groups[GROUP.0].observe(lesson == Lesson::ANSWERED, now);
    }
}

impl Policy for Ours<'_> {
    fn begin(&mut self, request: usize, now: Seconds) {
        let map = self.map;
        let deadline = time(now).after(map.group(GROUP).policy.deadline);
        self.under_way.insert(request, (Course::new(map, GROUP, facts(), deadline), None));
    }

    fn next(&mut self, request: usize, now: Seconds) -> Action {
        let now = time(now);
        let (course, last) = self.under_way.get_mut(&request).expect("it was begun");
        loop {
            let Step::Call(call) = course.next(last.take().as_ref(), &self.board, now, &mut self.rng) else {
                return Action::GiveUp;
            };
            let breaker = &mut self.board.deployments[call.deployment.0].breaker;
            let lease = now.after(call.wait + call.first_token);
            if call.probe && !breaker.claim_probe(now, lease) {
                course.lost_probe(call.deployment, lease, now);
                continue;
            }
            self.board.groups[GROUP.0].turn += 1;
            let (wait, limit) = (call.wait.as_secs_f64(), call.first_token.as_secs_f64());
            return Action::Call { deployment: call.deployment.0, wait, limit };
        }
    }

    fn called(&mut self, request: usize, deployment: usize, now: Seconds) {
        let until = time(now + 600.0);
        self.board.deployments[deployment].leases.take(request as u64, until, time(now));
    }

    fn ended(&mut self, request: usize, deployment: usize, outcome: Outcome, now: Seconds) {
        let now = time(now);
        self.board.deployments[deployment].leases.release(request as u64, now);
        let (class, elapsed) = match outcome {
            Outcome::Answered { ttft, duration, tokens } => {
                let usage = Usage { input: PROMPT_TOKENS, output: tokens, ..Usage::default() };
                let (ttft, duration) = (Duration::from_secs_f64(ttft), Duration::from_secs_f64(duration));
                let experience = Experience::answered(PROMPT_TOKENS, Some(ttft), duration, Some(&usage), false);
                return self.learn(deployment, Lesson::ANSWERED, Some(experience), now);
            }
            Outcome::Refused { elapsed } => (Class::ServerError, elapsed),
            Outcome::Silent { elapsed } => (Class::Timeout(TimeoutKind::FirstToken), elapsed),
        };
        let failure = Failure::new(class, "");
        let experience = Experience::failed(PROMPT_TOKENS, &failure, Duration::from_secs_f64(elapsed));
        self.learn(deployment, Lesson::of(&failure).expect("a server's fault is a lesson"), experience, now);
        if let Some((_, last)) = self.under_way.get_mut(&request) {
            *last = Some(failure);
        }
    }

    fn done(&mut self, request: usize) {
        self.under_way.remove(&request);
    }
}

fn facts() -> Facts {
    Facts { prompt_tokens: PROMPT_TOKENS, ..Facts::default() }
}

fn time(seconds: Seconds) -> Timestamp {
    Timestamp(1_790_000_000_000).after(Duration::from_secs_f64(seconds))
}
