//! Scenario A: steady traffic. Three deployments with ten slots each, first in, first out.
//!
//! Time to the first token is log-normal (median 0.4, 0.55, 0.7 s, sigma 0.45, one in fifty eight
//! times as long), the answer log-normal (median 1.6 s, sigma 0.5); a slot is held for both. The first
//! slows six times, in all it does, from 200 to 400 s, the second gives 35 % 5xx from 450 to 600 s, the
//! third nothing but 5xx from 700 to 800 s. A 5xx comes after 0.1 s and holds no slot. The world's luck
//! depends on the seed alone, not on the policy.
//!
//! The open parameters of the scenario (the length of answers, the correlation of latency and speed)
//! were set by LiteLLM's rows alone, so that its shuffle and its least-busy fare as in an independent
//! model of the same scenario (p95 at 2 and 6 a second: 2.95 and 7.5 s, 1.70 and 1.67 s).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use http::HeaderMap;

use super::figures::Figures;
use super::oracle::{Oracle, Truth};
use super::policy::{Action, Begin, COUNT, Outcome, PACE, PRICE, Policy, Seconds, normal};

const END: Seconds = 1000.0;
const SLOTS: usize = 10;
const MEDIAN: [Seconds; COUNT] = [0.40, 0.55, 0.70];
const SIGMA: f64 = 0.45;
const STRAGGLER: (f64, f64) = (0.02, 8.0);
const ANSWER: (Seconds, f64) = (1.6, 0.5);
const REFUSAL: Seconds = 0.1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A request comes.
    Arrive(usize),
    /// A policy is asked what to do for a request.
    Ask(usize),
    /// A call goes out.
    Call(usize),
    /// A call is refused.
    Refuse(usize),
    /// A call's patience ends.
    Limit(usize),
    /// The first token of a call.
    First(usize),
    /// The end of an answer.
    End(usize),
}

/// One call.
#[derive(Debug, Clone)]
struct Attempt {
    request: usize,
    deployment: usize,
    limit: Seconds,
    called: Seconds,
    stage: Stage,
    first: Seconds,
    tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Waiting,
    Serving,
    Streaming,
    Over,
}

#[derive(Debug, Clone)]
struct Request {
    arrived: Seconds,
    attempts: usize,
    luck: fastrand::Rng,
}

struct World<'p> {
    policy: &'p mut dyn Policy,
    now: Seconds,
    /// Microseconds, so that they have an order; a number to break ties.
    events: BinaryHeap<Reverse<(u64, usize, Event)>>,
    count: usize,
    requests: Vec<Request>,
    attempts: Vec<Attempt>,
    queues: [VecDeque<usize>; COUNT],
    busy: [usize; COUNT],
    figures: Figures,
}

/// Plays the scenario with `rate` requests a second.
pub fn play(policy: &mut dyn Policy, rate: f64, seed: u64) -> Figures {
    let mut luck = fastrand::Rng::with_seed(seed);
    let mut world = World {
        policy,
        now: 0.0,
        events: BinaryHeap::new(),
        count: 0,
        requests: Vec::new(),
        attempts: Vec::new(),
        queues: Default::default(),
        busy: [0; COUNT],
        figures: Figures::default(),
    };
    let mut at = 0.0;
    loop {
        at += -(1.0 - luck.f64()).ln() / rate;
        if at > END {
            break;
        }
        world.requests.push(Request { arrived: at, attempts: 0, luck: fastrand::Rng::with_seed(luck.u64(..)) });
        world.at(at, Event::Arrive(world.requests.len() - 1));
    }
    while let Some(Reverse((at, _, event))) = world.events.pop() {
        world.now = at as f64 / 1e6;
        world.happen(event);
    }
    world.figures.duration = world.now;
    world.figures
}

/// Plays it with a policy that knows the world.
pub fn play_oracle(rate: f64, seed: u64) -> Figures {
    let truth = |index: usize, now: Seconds| {
        let straggles = 1.0 + STRAGGLER.0 * (STRAGGLER.1 - 1.0);
        let first = MEDIAN[index] * (SIGMA * SIGMA / 2.0).exp() * straggles * slow(index, now);
        let service = first + ANSWER.0 * (ANSWER.1 * ANSWER.1 / 2.0).exp() * slow(index, now);
        Truth { first, service, refused: refused(index, now) }
    };
    play(&mut Oracle::new(SLOTS, &truth), rate, seed)
}

impl World<'_> {
    fn at(&mut self, at: Seconds, event: Event) {
        self.count += 1;
        self.events.push(Reverse(((at * 1e6) as u64, self.count, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(request) => {
                self.figures.requests += 1;
                self.policy.begin(request, self.now);
                self.ask(request);
            }
            Event::Ask(request) => self.ask(request),
            Event::Call(attempt) => self.call(attempt),
            Event::Refuse(attempt) => {
                let Attempt { request, deployment, called, .. } = self.attempts[attempt];
                let elapsed = self.now - called;
                self.policy.heard(request, deployment, &HeaderMap::new(), self.now);
                self.fail(attempt, Outcome::Refused { elapsed });
            }
            Event::Limit(attempt) => self.limit(attempt),
            Event::First(attempt) => self.first(attempt),
            Event::End(attempt) => self.end(attempt),
        }
    }

    fn ask(&mut self, request: usize) {
        match self.policy.next(request, self.now) {
            Action::Call { deployment, wait, limit } => {
                let (now, stage) = (self.now, Stage::Waiting);
                let attempt = Attempt { request, deployment, limit, called: now, stage, first: 0.0, tokens: 0 };
                self.attempts.push(attempt);
                self.at(now + wait, Event::Call(self.attempts.len() - 1));
            }
            Action::Wait(wait) => self.at(self.now + wait, Event::Ask(request)),
            Action::GiveUp => {
                self.figures.failed += 1;
                self.figures.seconds += self.now - self.requests[request].arrived;
                self.policy.done(request);
            }
        }
    }

    fn call(&mut self, id: usize) {
        let now = self.now;
        self.attempts[id].called = now;
        let Attempt { request, deployment, limit, .. } = self.attempts[id];
        match self.policy.begins(request, deployment, now) {
            Begin::Now => {}
            Begin::Later(wait) => return self.at(now + wait, Event::Call(id)),
            Begin::Never => return self.ask(request),
        }
        self.figures.attempts += 1;
        self.requests[request].attempts += 1;
        if self.requests[request].luck.f64() < refused(deployment, now) {
            self.at(now + REFUSAL, Event::Refuse(id));
            return;
        }
        self.at(now + limit, Event::Limit(id));
        self.queues[deployment].push_back(id);
        self.serve(deployment);
    }

    /// Gives free slots to the calls that wait longest.
    fn serve(&mut self, deployment: usize) {
        while self.busy[deployment] < SLOTS {
            let Some(id) = self.queues[deployment].pop_front() else { return };
            self.busy[deployment] += 1;
            self.attempts[id].stage = Stage::Serving;
            let luck = &mut self.requests[self.attempts[id].request].luck;
            let straggles = if luck.f64() < STRAGGLER.0 { STRAGGLER.1 } else { 1.0 };
            let first = MEDIAN[deployment] * (SIGMA * normal(luck)).exp() * straggles * slow(deployment, self.now);
            self.at(self.now + first, Event::First(id));
        }
    }

    fn limit(&mut self, id: usize) {
        let Attempt { deployment, stage, called, .. } = self.attempts[id];
        match stage {
            Stage::Waiting => self.queues[deployment].retain(|waiting| *waiting != id),
            Stage::Serving => self.busy[deployment] -= 1,
            Stage::Streaming | Stage::Over => return,
        }
        self.fail(id, Outcome::Silent { elapsed: self.now - called });
        self.serve(deployment);
    }

    fn first(&mut self, id: usize) {
        if self.attempts[id].stage != Stage::Serving {
            return;
        }
        let request = &mut self.requests[self.attempts[id].request];
        let slow = slow(self.attempts[id].deployment, self.now);
        let answer = ANSWER.0 * (ANSWER.1 * normal(&mut request.luck)).exp() * slow;
        self.figures.first_token.push(self.now - request.arrived);
        let attempt = &mut self.attempts[id];
        self.policy.heard(attempt.request, attempt.deployment, &HeaderMap::new(), self.now);
        attempt.stage = Stage::Streaming;
        attempt.first = self.now;
        attempt.tokens = (answer / slow / PACE) as u64;
        self.at(self.now + answer, Event::End(id));
    }

    fn end(&mut self, id: usize) {
        let Attempt { request, deployment, called, first, tokens, .. } = self.attempts[id];
        self.attempts[id].stage = Stage::Over;
        self.busy[deployment] -= 1;
        self.figures.seconds += self.now - self.requests[request].arrived;
        self.figures.usd += tokens as f64 * PRICE[deployment];
        let outcome = Outcome::Answered { ttft: first - called, duration: self.now - called, tokens };
        self.policy.ended(request, deployment, outcome, self.now);
        self.policy.done(request);
        self.serve(deployment);
    }

    fn fail(&mut self, id: usize, outcome: Outcome) {
        let Attempt { request, deployment, .. } = self.attempts[id];
        self.attempts[id].stage = Stage::Over;
        self.figures.failures += 1;
        self.figures.first_failed += usize::from(self.requests[request].attempts == 1);
        self.policy.ended(request, deployment, outcome, self.now);
        self.ask(request);
    }
}

fn slow(deployment: usize, now: Seconds) -> f64 {
    if deployment == 0 && (200.0..400.0).contains(&now) { 6.0 } else { 1.0 }
}

fn refused(deployment: usize, now: Seconds) -> f64 {
    match deployment {
        1 if (450.0..600.0).contains(&now) => 0.35,
        2 if (700.0..800.0).contains(&now) => 1.0,
        _ => 0.0,
    }
}
