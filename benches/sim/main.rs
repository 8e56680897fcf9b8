//! What routing comes to: our strategies and models of LiteLLM's on simulated providers.
//!
//! `cargo bench --bench sim` plays twenty seeds that nothing was tuned on, and prints means with
//! their 95 % intervals; `-- SEEDS` plays another number, `-- SEEDS FIRST` others.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod model;

use llmroute::route::Strategy;
use llmroute::route::strategy::{AdaptiveArgs, LatencyArgs};

use crate::model::figures::{Figures, mean};
use crate::model::litellm::{Choice, LiteLlm};
use crate::model::ours::{Ours, map};
use crate::model::policy::Policy;
use crate::model::{sparse, steady};

/// Tuning used seeds below this.
const FIRST_SEED: u64 = 1000;
const SEEDS: u64 = 20;

/// What is done with a policy.
type Game<'g> = dyn FnMut(&mut dyn Policy) + 'g;
/// Makes a policy with this seed and plays a game with it.
type Player = dyn Fn(u64, &mut Game<'_>);
/// A player by name.
type Contender = (String, Box<Player>);

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (seeds, first) = (numbers.next().unwrap_or(SEEDS), numbers.next().unwrap_or(FIRST_SEED));
    let seeds: Vec<u64> = (first..first + seeds).collect();
    for rate in [2.0, 6.0, 9.0] {
        println!("\nA: {rate} requests a second for 1,000 s, {} seeds", seeds.len());
        let titles = ["fail %", "p50 s", "p95 s", "p99 s", "attempts", "USD/1000", "weighted"];
        head(&titles);
        for (name, contender) in contenders(true) {
            row(&name, &seeds, |seed| {
                let figures = run(&contender, seed, &mut |policy| steady::play(policy, rate, seed));
                let quantile = |share| figures.quantile(share);
                let (fail, attempts) = (figures.fail_percent(), figures.attempts_per_request());
                let (usd, weighted) = (figures.usd_per_thousand(), figures.weighted());
                vec![fail, quantile(0.5), quantile(0.95), quantile(0.99), attempts, usd, weighted]
            });
        }
    }
    for gap in [1.0, 10.0, 60.0] {
        println!("\nB: one call every {gap} minutes for 14 days, {} seeds", seeds.len());
        head(&["mean s", "first fail %", "fail %", "p99 s", "attempts", "USD/1000", "weighted"]);
        for (name, contender) in contenders(false) {
            row(&name, &seeds, |seed| {
                let figures = run(&contender, seed, &mut |policy| sparse::play(policy, gap, seed));
                let (fail, attempts) = (figures.fail_percent(), figures.attempts_per_request());
                let (usd, weighted) = (figures.usd_per_thousand(), figures.weighted());
                let (first, p99) = (figures.first_fail_percent(), figures.quantile(0.99));
                vec![figures.mean_first_token(), first, fail, p99, attempts, usd, weighted]
            });
        }
    }
}

/// Ours, then LiteLLM's. A one-shot process of LiteLLM's remembers nothing: both are shown, as it is
/// (shuffle) and as if it kept its list.
fn contenders(long_lived: bool) -> Vec<Contender> {
    let (latency, adaptive) = if long_lived {
        (LatencyArgs::LONG_LIVED, AdaptiveArgs::LONG_LIVED)
    } else {
        (LatencyArgs::ONE_SHOT, AdaptiveArgs::ONE_SHOT)
    };
    let ours = [
        Strategy::SimpleShuffle,
        Strategy::RoundRobin,
        Strategy::LeastBusy,
        Strategy::CostBased,
        Strategy::LatencyBased(latency),
        Strategy::Adaptive(adaptive),
    ];
    let ours = ours.into_iter().map(|strategy| {
        let name = strategy.as_str().to_owned();
        let map = map(strategy, long_lived);
        let play = move |seed: u64, play: &mut Game<'_>| play(&mut Ours::new(&map, seed + 1));
        (name, Box::new(play) as _)
    });
    let theirs = [
        ("LiteLLM simple-shuffle", Choice::Shuffle),
        ("LiteLLM least-busy", Choice::LeastBusy),
        ("LiteLLM latency-based", Choice::Latency { ttl: 3600.0 }),
    ];
    let theirs = theirs.into_iter().map(|(name, choice)| {
        let play = move |seed: u64, play: &mut Game<'_>| play(&mut LiteLlm::new(choice, seed + 1));
        (name.to_owned(), Box::new(play) as _)
    });
    ours.chain(theirs).collect()
}

fn run(contender: &Player, seed: u64, play: &mut dyn FnMut(&mut dyn Policy) -> Figures) -> Figures {
    let mut figures = Figures::default();
    contender(seed, &mut |policy| figures = play(policy));
    figures
}

fn head(titles: &[&str]) {
    let titles: String = titles.iter().map(|title| format!("{title:>16}")).collect();
    println!("{:24}{titles}", "");
}

fn row(name: &str, seeds: &[u64], play: impl Fn(u64) -> Vec<f64>) {
    let runs: Vec<Vec<f64>> = seeds.iter().map(|seed| play(*seed)).collect();
    let columns = (0..runs[0].len()).map(|column| {
        let values: Vec<f64> = runs.iter().map(|run| run[column]).collect();
        let (mean, half) = mean(&values);
        format!("{:>16}", format!("{mean:.2} ±{half:.2}"))
    });
    println!("{name:24}{}", columns.collect::<String>());
}
