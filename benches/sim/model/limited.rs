//! Scenario C: 32 workers have 2,000 jobs, and the providers limit their keys to 60, 120 and 30
//! requests a minute. Another tenant of the second key takes 40 a minute of it.
//!
//! A limit is a bucket that fills steadily, as OpenAI's and Anthropic's documents describe theirs. A call
//! that finds it empty gets a 429 with the whole seconds until there is room for one, after 0.1 s, and is
//! not counted. What is left stands in the headers of every reply: the third writes them as Anthropic does.
//! Times to the first token are log-normal (median 0.4, 0.55, 0.7 s, sigma 0.45), answers too (median
//! 1.8 s, sigma 0.6). A worker takes the next job 10 ms after the last one ended, however it ended.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::figures::Figures;
use super::policy::{Action, Begin, COUNT, Outcome, PACE, PRICE, Policy, START, Seconds, normal};

/// Requests in a minute that each key allows.
pub const LIMIT: [u64; COUNT] = [60, 120, 30];
pub const WORKERS: usize = 32;
pub const JOBS: usize = 2000;
/// Whose key another tenant has too, and how many requests a second that one makes.
const SHARED: (usize, f64) = (1, 40.0 / 60.0);
const MEDIAN: [Seconds; COUNT] = [0.40, 0.55, 0.70];
const SIGMA: f64 = 0.45;
const ANSWER: (Seconds, f64) = (1.8, 0.6);
const REFUSAL: Seconds = 0.1;
const PAUSE: Seconds = 0.01;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A worker is free.
    Free,
    /// A policy is asked what to do for a job.
    Ask(usize),
    /// The call of a job goes out.
    Call(usize),
    /// The call of a job is refused for its key's limit.
    Limit(usize),
    /// Its first token.
    First(usize),
    /// The end of its answer.
    End(usize),
    /// The other tenant calls.
    Tenant,
}

/// A bucket of requests.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: f64,
    at: Seconds,
}

/// A job with the call that is out for it.
#[derive(Debug, Clone)]
struct Job {
    arrived: Seconds,
    luck: fastrand::Rng,
    attempts: usize,
    deployment: usize,
    called: Seconds,
    first: Seconds,
    /// The headers of its reply, written when it was let in.
    headers: HeaderMap,
}

struct World<'p> {
    policy: &'p mut dyn Policy,
    now: Seconds,
    events: BinaryHeap<Reverse<(u64, usize, Event)>>,
    count: usize,
    left: usize,
    open: usize,
    jobs: Vec<Job>,
    buckets: [Bucket; COUNT],
    luck: fastrand::Rng,
    tenant: fastrand::Rng,
    figures: Figures,
}

/// Plays the scenario with so many jobs.
pub fn play(policy: &mut dyn Policy, jobs: usize, seed: u64) -> Figures {
    let mut luck = fastrand::Rng::with_seed(seed);
    let mut world = World {
        policy,
        now: 0.0,
        events: BinaryHeap::new(),
        count: 0,
        left: jobs,
        open: jobs,
        jobs: Vec::with_capacity(jobs),
        buckets: LIMIT.map(|limit| Bucket { level: limit as f64, at: 0.0 }),
        tenant: luck.fork(),
        luck,
        figures: Figures::default(),
    };
    (0..WORKERS).for_each(|_| world.at(0.0, Event::Free));
    world.at(0.0, Event::Tenant);
    while world.open > 0
        && let Some(Reverse((at, _, event))) = world.events.pop()
    {
        world.now = at as f64 / 1e6;
        world.happen(event);
    }
    world.figures.duration = world.now;
    world.figures
}

impl World<'_> {
    fn at(&mut self, at: Seconds, event: Event) {
        self.count += 1;
        self.events.push(Reverse(((at * 1e6) as u64, self.count, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Free => self.begin(),
            Event::Ask(job) => self.ask(job),
            Event::Call(job) => self.call(job),
            Event::Limit(job) => self.limited(job),
            Event::First(job) => self.first(job),
            Event::End(job) => self.end(job),
            Event::Tenant => {
                self.buckets[SHARED.0].take(LIMIT[SHARED.0], self.now);
                let gap = -(1.0 - self.tenant.f64()).ln() / SHARED.1;
                self.at(self.now + gap, Event::Tenant);
            }
        }
    }

    /// A worker takes a job, if one is left.
    fn begin(&mut self) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        self.figures.requests += 1;
        let (arrived, luck) = (self.now, self.luck.fork());
        let (deployment, attempts, headers) = (0, 0, HeaderMap::new());
        self.jobs.push(Job { arrived, luck, attempts, deployment, called: 0.0, first: 0.0, headers });
        self.policy.begin(self.jobs.len() - 1, self.now);
        self.ask(self.jobs.len() - 1);
    }

    fn ask(&mut self, job: usize) {
        match self.policy.next(job, self.now) {
            Action::Call { deployment, wait, .. } => {
                self.jobs[job].deployment = deployment;
                self.at(self.now + wait, Event::Call(job));
            }
            Action::Wait(wait) => self.at(self.now + wait, Event::Ask(job)),
            Action::GiveUp => {
                self.figures.failed += 1;
                self.over(job);
            }
        }
    }

    fn call(&mut self, id: usize) {
        let now = self.now;
        let deployment = self.jobs[id].deployment;
        match self.policy.begins(id, deployment, now) {
            Begin::Now => {}
            Begin::Later(wait) => return self.at(now + wait, Event::Call(id)),
            Begin::Never => return self.ask(id),
        }
        self.figures.attempts += 1;
        let let_in = self.buckets[deployment].take(LIMIT[deployment], now);
        let job = &mut self.jobs[id];
        (job.attempts, job.called) = (job.attempts + 1, now);
        job.headers = headers(deployment, &self.buckets[deployment], now);
        if !let_in {
            return self.at(now + REFUSAL, Event::Limit(id));
        }
        let first = MEDIAN[deployment] * (SIGMA * normal(&mut job.luck)).exp();
        self.at(now + first, Event::First(id));
    }

    fn limited(&mut self, id: usize) {
        let Job { deployment, attempts, .. } = self.jobs[id];
        self.figures.failures += 1;
        self.figures.first_failed += usize::from(attempts == 1);
        let retry_after = self.buckets[deployment].wait(LIMIT[deployment], self.now);
        self.jobs[id].headers.insert("retry-after", HeaderValue::from(retry_after));
        self.policy.heard(id, deployment, &self.jobs[id].headers, self.now);
        self.policy.ended(id, deployment, Outcome::Limited { retry_after }, self.now);
        self.ask(id);
    }

    fn first(&mut self, id: usize) {
        let job = &mut self.jobs[id];
        job.first = self.now;
        self.figures.first_token.push(self.now - job.arrived);
        let answer = ANSWER.0 * (ANSWER.1 * normal(&mut job.luck)).exp();
        self.policy.heard(id, job.deployment, &job.headers, self.now);
        self.at(self.now + answer, Event::End(id));
    }

    fn end(&mut self, id: usize) {
        let Job { deployment, called, first, .. } = self.jobs[id];
        let tokens = ((self.now - first) / PACE) as u64;
        self.figures.usd += tokens as f64 * PRICE[deployment];
        let outcome = Outcome::Answered { ttft: first - called, duration: self.now - called, tokens };
        self.policy.ended(id, deployment, outcome, self.now);
        self.over(id);
    }

    fn over(&mut self, id: usize) {
        self.figures.seconds += self.now - self.jobs[id].arrived;
        self.policy.done(id);
        self.open -= 1;
        self.at(self.now + PAUSE, Event::Free);
    }
}

impl Bucket {
    /// Takes one, if there is one.
    fn take(&mut self, limit: u64, now: Seconds) -> bool {
        let limit = limit as f64;
        self.level = (self.level + (now - self.at) * limit / 60.0).min(limit);
        self.at = now;
        let some = self.level >= 1.0;
        self.level -= f64::from(u8::from(some));
        some
    }

    /// Whole seconds until there is one.
    fn wait(&self, limit: u64, now: Seconds) -> u64 {
        let level = self.level + (now - self.at) * limit as f64 / 60.0;
        ((1.0 - level).max(0.0) * 60.0 / limit as f64).ceil().max(1.0) as u64
    }
}

/// The headers of a provider about what is left, in the form of OpenAI or of Anthropic.
fn headers(deployment: usize, bucket: &Bucket, now: Seconds) -> HeaderMap {
    let limit = LIMIT[deployment];
    let full = (limit as f64 - bucket.level) * 60.0 / limit as f64;
    let (limit, remaining) = (limit.to_string(), bucket.level.floor().to_string());
    let pairs = if deployment == 2 {
        let reset = START.after(Duration::from_secs_f64(now + full)).0 / 1000;
        let reset = jiff::Timestamp::from_second(reset).expect("a moment of this century").to_string();
        [
            ("anthropic-ratelimit-requests-limit", limit),
            ("anthropic-ratelimit-requests-remaining", remaining),
            ("anthropic-ratelimit-requests-reset", reset),
        ]
    } else {
        let reset = format!("{}ms", (full * 1000.0).round());
        [
            ("x-ratelimit-limit-requests", limit),
            ("x-ratelimit-remaining-requests", remaining),
            ("x-ratelimit-reset-requests", reset),
        ]
    };
    let pair = |(name, value): (&'static str, String)| {
        (HeaderName::from_static(name), HeaderValue::try_from(value).expect("digits and letters"))
    };
    pairs.into_iter().map(pair).collect()
}
