//! Scenario B: one-shot calls, minutes apart, for two weeks.
//!
//! The logarithm of each provider's time to the first token drifts (±12 % in ten minutes, back to a
//! median of 0.57, 0.65, 0.74 s within hours); single calls spread by a sigma of 0.3. Every provider
//! is out for 20 to 120 minutes, every other day or so; then it refuses after 0.3 s.
//!
//! The drift and the medians were set by two rows that no estimate takes part in:
//! with full knowledge the mean is 0.43 s, and with a random choice 0.86 s or a little less, as in an
//! independent model of the same scenario.

use http::HeaderMap;

use super::figures::Figures;
use super::oracle::{Oracle, Truth};
use super::policy::{Action, Begin, COUNT, Outcome, PACE, PRICE, Policy, Seconds, normal};

const DAYS: f64 = 14.0;
const MEDIAN: [Seconds; COUNT] = [0.57, 0.65, 0.74];
/// Standard deviation of the drift in a minute, and how much of it stays.
const DRIFT: f64 = 0.12 / 3.162;
const KEEP: f64 = 0.9982;
const NOISE: f64 = 0.3;
/// The chance, each minute, that an outage begins.
const OUTAGE: f64 = 1.0 / 3000.0;
const REFUSAL: Seconds = 0.3;
const ANSWER: (Seconds, f64) = (2.0, 0.6);

/// The state of the providers, minute by minute.
struct Weather {
    /// The distance of each from its median, in logarithms.
    drift: Vec<[f64; COUNT]>,
    out: Vec<[bool; COUNT]>,
}

impl Weather {
    fn new(luck: &mut fastrand::Rng) -> Self {
        let minutes = (DAYS * 24.0 * 60.0) as usize + 120;
        let (mut drift, mut left) = ([0.0; COUNT], [0_u32; COUNT]);
        // It begins as it goes on.
        let spread = DRIFT / (1.0 - KEEP * KEEP).sqrt();
        drift.iter_mut().for_each(|drift: &mut f64| *drift = spread * normal(luck));
        let mut weather = Self { drift: Vec::with_capacity(minutes), out: Vec::with_capacity(minutes) };
        for _ in 0..minutes {
            for index in 0..COUNT {
                drift[index] = KEEP * drift[index] + DRIFT * normal(luck);
                left[index] = left[index].saturating_sub(1);
                if left[index] == 0 && luck.f64() < OUTAGE {
                    left[index] = luck.u32(20..=120);
                }
            }
            weather.drift.push(drift);
            weather.out.push(left.map(|left| left > 0));
        }
        weather
    }
}

/// Plays the scenario with a call every `gap` minutes.
pub fn play(policy: &mut dyn Policy, gap: f64, seed: u64) -> Figures {
    let mut luck = fastrand::Rng::with_seed(seed);
    let weather = Weather::new(&mut luck);
    let mut figures = Figures::default();
    for request in 0..(DAYS * 24.0 * 60.0 / gap) as usize {
        let mut own = fastrand::Rng::with_seed(luck.u64(..));
        ask(policy, request, request as f64 * gap * 60.0, &weather, &mut own, &mut figures);
    }
    figures
}

/// Plays it with a policy that knows the weather.
pub fn play_oracle(gap: f64, seed: u64) -> Figures {
    let weather = Weather::new(&mut fastrand::Rng::with_seed(seed));
    let truth = |index: usize, now: Seconds| {
        let minute = (now / 60.0) as usize;
        let first = MEDIAN[index] * weather.drift[minute][index].exp();
        Truth { first, service: 0.0, refused: f64::from(u8::from(weather.out[minute][index])) }
    };
    play(&mut Oracle::new(usize::MAX, &truth), gap, seed)
}

fn ask(
    policy: &mut dyn Policy,
    request: usize,
    arrived: Seconds,
    weather: &Weather,
    luck: &mut fastrand::Rng,
    figures: &mut Figures,
) {
    figures.requests += 1;
    policy.begin(request, arrived);
    let (mut now, mut attempts) = (arrived, 0);
    loop {
        let deployment = match policy.next(request, now) {
            Action::GiveUp => {
                figures.failed += 1;
                figures.seconds += now - arrived;
                break;
            }
            Action::Wait(wait) => {
                now += wait;
                continue;
            }
            Action::Call { deployment, wait, .. } => {
                now += wait;
                deployment
            }
        };
        match policy.begins(request, deployment, now) {
            Begin::Now => {}
            Begin::Later(wait) => {
                now += wait;
                continue;
            }
            Begin::Never => continue,
        }
        attempts += 1;
        figures.attempts += 1;
        let minute = (now / 60.0) as usize;
        if weather.out[minute][deployment] {
            now += REFUSAL;
            figures.failures += 1;
            figures.first_failed += usize::from(attempts == 1);
            policy.ended(request, deployment, Outcome::Refused { elapsed: REFUSAL }, now);
            continue;
        }
        let ttft = MEDIAN[deployment] * (weather.drift[minute][deployment] + NOISE * normal(luck)).exp();
        let answer = ANSWER.0 * (ANSWER.1 * normal(luck)).exp();
        let tokens = (answer / PACE) as u64;
        figures.first_token.push(now + ttft - arrived);
        policy.heard(request, deployment, &HeaderMap::new(), now + ttft);
        figures.seconds += now + ttft + answer - arrived;
        figures.usd += tokens as f64 * PRICE[deployment];
        let outcome = Outcome::Answered { ttft, duration: ttft + answer, tokens };
        policy.ended(request, deployment, outcome, now + ttft + answer);
        break;
    }
    policy.done(request);
}
