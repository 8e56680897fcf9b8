//! Generated runs with known properties, for tests of statistics and reports.

use std::time::Duration;

use fastrand::Rng;

use super::plan::{Load, Plan, Slo, Stop, Target};
use super::record::{ClientStats, EndReason, Run, SCHEMA};
use super::sample::{CallFailure, Connection, Gap, Handshake, Sample, TokenUsage};
use llmroute_core::model::{Price, Timestamp, Usage};

/// The behaviour of a simulated target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimulatedTarget {
    name: &'static str,
    ttft_ms: f64,
    spread: f64,
    gap_ms: f64,
    failing: f64,
    counted: bool,
}

impl SimulatedTarget {
    /// A target with this median time to first token.
    pub(crate) fn new(name: &'static str, ttft_ms: f64) -> Self {
        Self { name, ttft_ms, spread: 0.3, gap_ms: 14.0, failing: 0.0, counted: true }
    }

    /// Sets σ of the logarithm of its times.
    pub(crate) fn spread(self, spread: f64) -> Self {
        Self { spread, ..self }
    }

    /// Sets the time between two tokens.
    pub(crate) fn gap(self, gap_ms: f64) -> Self {
        Self { gap_ms, ..self }
    }

    /// Sets the share of calls that are refused.
    pub(crate) fn failing(self, failing: f64) -> Self {
        Self { failing, ..self }
    }

    /// Makes the server omit token counts.
    pub(crate) fn uncounted(self) -> Self {
        Self { counted: false, ..self }
    }

    fn factor(&self, rng: &mut Rng) -> f64 {
        let gauss = (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos();
        (self.spread * gauss).exp()
    }

    fn call(&self, target: usize, round: u32, rng: &mut Rng) -> Sample {
        let first = self.ttft_ms * self.factor(rng);
        let pieces = 120 + rng.u64(..9);
        let gap = self.gap_ms * (1.0 + 0.1 * (self.factor(rng) - 1.0));
        let gaps: Vec<Gap> = (1..pieces).map(|_| gap_of(gap * self.factor(rng))).collect();
        let usage = Usage { input: 210, output: pieces, ..Usage::default() };
        let (first, tcp) = (span(first), span(self.ttft_ms * 0.1 + rng.f64()));
        let mut sample = Sample {
            head: Some(first.mul_f64(0.9)),
            first_token: Some(first),
            first_answer: Some(first),
            end: first + gaps.iter().map(|gap| gap.after).sum::<Duration>(),
            gaps,
            chars: 4 * pieces,
            usage: if self.counted { TokenUsage::Counted(usage) } else { TokenUsage::Estimated(usage) },
            cost_usd: Some(price().cost(&usage)),
            read_lag: Some(span(0.05 + 0.05 * rng.f64())),
            ..good(target, round)
        };
        if round == 0 {
            sample.connection =
                Connection::Cold(Handshake { dns: Some(span(8.0)), tcp: Some(tcp), tls: Some(span(51.0)) });
        }
        if rng.f64() < self.failing { refused(sample) } else { sample }
    }
}

/// A good call: the first token after 200 ms, and nothing after it.
pub(crate) fn good(target: usize, round: u32) -> Sample {
    let first = Some(Duration::from_millis(200));
    Sample {
        target,
        round,
        due: Duration::ZERO,
        sent: Duration::ZERO,
        connection: Connection::Warm,
        head: first,
        first_token: first,
        first_answer: first,
        end: Duration::from_millis(200),
        gaps: Vec::new(),
        first_bytes: 4,
        chars: 4,
        reasoning_chars: 0,
        usage: TokenUsage::Counted(Usage { input: 10, output: 1, ..Usage::default() }),
        cost_usd: None,
        read_lag: None,
        clock_stepped: false,
        request_id: None,
        failure: None,
    }
}

fn refused(sample: Sample) -> Sample {
    Sample {
        first_token: None,
        first_answer: None,
        end: Duration::from_millis(40),
        gaps: Vec::new(),
        first_bytes: 0,
        chars: 0,
        usage: TokenUsage::Counted(Usage::default()),
        cost_usd: None,
        failure: Some(CallFailure {
            class: "rate_limit".to_owned(),
            status: Some(429),
            message: "slow down, \"please\" <b>".to_owned(),
        }),
        ..sample
    }
}

fn span(ms: f64) -> Duration {
    Duration::from_nanos((ms * 1e3).round() as u64 * 1000)
}

fn gap_of(ms: f64) -> Gap {
    Gap { after: span(ms), bytes: 4, coalesced: false }
}

fn price() -> Price {
    Price::flat(0.15e-6, 0.6e-6)
}

/// A closed loop over these targets.
pub(crate) fn run(seed: u64, shapes: &[SimulatedTarget], rounds: u32) -> Run {
    let mut rng = Rng::with_seed(seed);
    let mut samples = Vec::new();
    let mut clock = Duration::ZERO;
    for round in 0..rounds {
        let mut longest = Duration::ZERO;
        for (target, shape) in shapes.iter().enumerate() {
            let call = shape.call(target, round, &mut rng);
            longest = longest.max(call.end);
            samples.push(Sample { due: clock, sent: clock + span(0.1 * rng.f64()), ..call });
        }
        clock += longest;
    }
    let target = |shape: &SimulatedTarget| Target {
        name: shape.name.to_owned(),
        model: "model".to_owned(),
        price: Some(price()),
        host: shape.name.to_owned(),
    };
    let plan = Plan {
        targets: shapes.iter().map(target).collect(),
        load: Load::Rounds { stop: Stop::Rounds(rounds), in_flight: 1 },
        max_tokens: 128,
        prompt_tokens: 210,
        slo: Slo::default(),
        seed,
    };
    let client = ClientStats { wall: clock, cpu: Some(clock.mul_f64(0.01)), ..ClientStats::default() };
    let started = Timestamp(1_763_800_000_000);
    Run { schema: SCHEMA, version: "0.0.0".to_owned(), started, plan, samples, client, ended: EndReason::Done }
}

/// The example run: one target is fast and sometimes fails, the other two are close to each other.
pub(crate) fn mixed(seed: u64) -> Run {
    let shapes = [
        SimulatedTarget::new("openai/gpt-x-mini", 301.0).gap(16.0),
        SimulatedTarget::new("azure/gpt-x-mini-eu", 262.0).gap(14.0).uncounted(),
        SimulatedTarget::new("groq/llama-x-70b", 103.0).gap(3.1).failing(0.05).spread(0.45),
    ];
    run(seed, &shapes, 40)
}
