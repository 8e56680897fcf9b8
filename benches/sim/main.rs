//! Simulations of routing: our strategies and models of LiteLLM's on simulated providers.
//!
//! `cargo bench --bench sim` plays twenty seeds that nothing was tuned on, and prints means with
//! their 95 % intervals; `-- SEEDS` plays another number, `-- SEEDS FIRST` others, `-- c` only C.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod model;

use llmroute_core::routing::Strategy;
use llmroute_core::routing::strategy::{
    Adaptive, CostBased, LatencyBased, LeastBusy, RoundRobin, SimpleShuffle, UsageBased,
};
use std::sync::Arc;

use crate::model::figures::{Figures, mean};
use crate::model::litellm::{Choice, LiteLlm, Setup};
use crate::model::ours::{Ours, limited_map, lone_map, map};
use crate::model::recovery::{Arrival, Limit, LoneLiteLlm, Recovery};
use crate::model::rooms::Home;
use crate::model::{limited, recovery, sparse, steady};

/// Tuning used seeds below this.
const FIRST_SEED: u64 = 1000;
const SEEDS: u64 = 20;
/// `adaptive` may be this much above the best of ours by what it minimises.
const ADAPTIVE: f64 = 1.10;

/// Plays a world by a seed.
type Play = Box<dyn Fn(u64) -> Figures>;
/// The printed figures of a run.
type Figure = (&'static str, fn(&Figures) -> f64);

const STEADY: [Figure; 7] = [
    ("fail %", Figures::fail_percent),
    ("p50 s", |figures| figures.quantile(0.5)),
    ("p95 s", |figures| figures.quantile(0.95)),
    ("p99 s", |figures| figures.quantile(0.99)),
    ("attempts", Figures::attempts_per_request),
    ("USD/1000", Figures::usd_per_thousand),
    (WEIGHTED, Figures::weighted),
];
const SPARSE: [Figure; 7] = [
    ("mean s", Figures::mean_first_token),
    ("first fail %", Figures::first_fail_percent),
    ("fail %", Figures::fail_percent),
    ("p99 s", |figures| figures.quantile(0.99)),
    ("attempts", Figures::attempts_per_request),
    ("USD/1000", Figures::usd_per_thousand),
    (WEIGHTED, Figures::weighted),
];
const LIMITED: [Figure; 7] = [
    ("fail %", Figures::fail_percent),
    ("p50 s", |figures| figures.quantile(0.5)),
    ("p95 s", |figures| figures.quantile(0.95)),
    ("p99 s", |figures| figures.quantile(0.99)),
    ("attempts", Figures::attempts_per_request),
    ("USD/1000", Figures::usd_per_thousand),
    ("run s", |figures| figures.duration),
];
const WEIGHTED: &str = "weighted";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let (seeds, first) = (numbers.next().unwrap_or(SEEDS), numbers.next().unwrap_or(FIRST_SEED));
    let seeds: Vec<u64> = (first..first + seeds).collect();
    let named: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|name| ["a", "b", "c", "d"].contains(name)).collect();
    let is_wanted = |name: &str| named.is_empty() || named.contains(&name);
    for rate in [2.0, 6.0, 9.0].into_iter().filter(|_| is_wanted("a")) {
        println!("\nA: {rate} requests a second for 1,000 s, {} seeds", seeds.len());
        let theirs = |choice| move |seed| steady::play(&mut LiteLlm::new(choice, seed + 1), rate, seed);
        let ours = |strategy| {
            let map = map(strategy, true);
            move |seed| steady::play(&mut Ours::new(&map, seed + 1), rate, seed)
        };
        let oracle: Play = Box::new(move |seed| steady::play_oracle(rate, seed));
        table(&STEADY, &seeds, contenders(true, ours, theirs, oracle));
    }
    for gap in [1.0, 10.0, 60.0].into_iter().filter(|_| is_wanted("b")) {
        println!("\nB: one call every {gap} minutes for 14 days, {} seeds", seeds.len());
        let theirs = |choice| move |seed| sparse::play(&mut LiteLlm::new(choice, seed + 1), gap, seed);
        let ours = |strategy| {
            let map = map(strategy, false);
            move |seed| sparse::play(&mut Ours::new(&map, seed + 1), gap, seed)
        };
        let oracle: Play = Box::new(move |seed| sparse::play_oracle(gap, seed));
        table(&SPARSE, &seeds, contenders(false, ours, theirs, oracle));
    }
    if is_wanted("c") {
        let (workers, jobs) = (limited::WORKERS, limited::JOBS);
        println!("\nC: {workers} workers, {jobs} jobs, 60/120/30 requests a minute, {} seeds", seeds.len());
        table(&LIMITED, &seeds, limited_contenders());
    }
    if is_wanted("d") {
        recoveries(&seeds);
    }
}

/// Prints how ours and LiteLLM's recover, in means over the seeds.
fn recoveries(seeds: &[u64]) {
    println!("\nD: one deployment that recovers, a process for each request, {} seeds", seeds.len());
    println!("{:44}{:>40}{:>40}", "", "ours: answered, wasted, calls, s", "LiteLLM: answered, wasted, calls, s");
    let map = lone_map(false);
    for (name, limit, headers, arrival, count) in recovery::SCENARIOS {
        let ours = seeds
            .iter()
            .map(|seed| recovery::play(&mut Ours::at(Home::Apart, &map, seed + 1), *limit, *headers, *arrival, *count));
        let theirs = seeds
            .iter()
            .map(|seed| recovery::play(&mut LoneLiteLlm::new(false, seed + 1), *limit, *headers, *arrival, *count));
        println!("{name:44}{:>40}{:>40}", row(&ours.collect::<Vec<_>>()), row(&theirs.collect::<Vec<_>>()));
    }
    let map = lone_map(true);
    let (limit, arrival) = (Limit::Outage(0.1), Arrival::Every(5.0));
    let fallback = |runs: &[Recovery]| runs.iter().map(|run| run.by_fallback as f64).sum::<f64>() / runs.len() as f64;
    let ours =
        seeds.iter().map(|seed| recovery::play(&mut Ours::at(Home::Apart, &map, seed + 1), limit, false, arrival, 31));
    let theirs =
        seeds.iter().map(|seed| recovery::play(&mut LoneLiteLlm::new(true, seed + 1), limit, false, arrival, 31));
    let (ours, theirs) = (fallback(&ours.collect::<Vec<_>>()), fallback(&theirs.collect::<Vec<_>>()));
    println!("one 500, a call every 5 s: by the fallback {ours:.1} of 31, LiteLLM {theirs:.1}");
}

fn row(runs: &[Recovery]) -> String {
    let mean = |figure: fn(&Recovery) -> f64| runs.iter().map(figure).sum::<f64>() / runs.len() as f64;
    format!(
        "{:.1} {:6.1} {:6.1} {:7.2}",
        mean(|run| run.answered as f64),
        mean(|run| run.wasted as f64),
        mean(|run| run.calls as f64),
        mean(|run| run.seconds)
    )
}

/// Ours, then LiteLLM's, then the best there is. A one-shot process of LiteLLM's remembers nothing: both
/// are shown, as it is (shuffle) and as if it kept its list.
fn contenders<Ours, Theirs>(
    long_lived: bool,
    ours: impl Fn(Arc<dyn Strategy>) -> Ours,
    theirs: impl Fn(Choice) -> Theirs,
    oracle: Play,
) -> Vec<(String, Play)>
where
    Ours: Fn(u64) -> Figures + 'static,
    Theirs: Fn(u64) -> Figures + 'static,
{
    let own = strategies(long_lived).map(|strategy| (strategy.name().to_owned(), Box::new(ours(strategy)) as _));
    let others = [
        ("LiteLLM simple-shuffle", Choice::Shuffle),
        ("LiteLLM least-busy", Choice::LeastBusy),
        ("LiteLLM latency-based", Choice::Latency { ttl: 3600.0 }),
    ];
    let others = others.map(|(name, choice)| (name.to_owned(), Box::new(theirs(choice)) as _));
    own.into_iter().chain(others).chain([("(who knows the world)".to_owned(), oracle)]).collect()
}

fn strategies(long_lived: bool) -> [Arc<dyn Strategy>; 6] {
    let (latency, adaptive) = if long_lived {
        (LatencyBased::LONG_LIVED, Adaptive::LONG_LIVED)
    } else {
        (LatencyBased::ONE_SHOT, Adaptive::ONE_SHOT)
    };
    [
        Arc::new(SimpleShuffle::default()),
        Arc::new(RoundRobin),
        Arc::new(LeastBusy),
        Arc::new(CostBased),
        Arc::new(latency),
        Arc::new(adaptive),
    ]
}

/// Ours with its limits set, and as it gets by on what the providers say; LiteLLM's as it is, with more
/// retries, and as it would be if it waited.
fn limited_contenders() -> Vec<(String, Play)> {
    let play = |home, strategy: Arc<dyn Strategy>, own, max_wait| -> Play {
        let map = limited_map(strategy, own, max_wait);
        Box::new(move |seed| limited::play(&mut Ours::at(home, &map, seed + 1), limited::JOBS, seed))
    };
    let mut all: Vec<(String, Play)> = Vec::new();
    for strategy in strategies(true).into_iter().chain([Arc::new(UsageBased) as _]) {
        all.push((strategy.name().to_owned(), play(Home::Shared, strategy, true, 120.0)));
    }
    for (name, home, own, max_wait) in [
        (" no limit set", Home::Shared, false, 120.0),
        (" no limit, max_wait 20 s", Home::Shared, false, 20.0),
        (" limits, max_wait 20 s", Home::Shared, true, 20.0),
        (" a process each", Home::Apart, true, 120.0),
        (" each, no limit set", Home::Apart, false, 120.0),
    ] {
        all.push((name.to_owned(), play(home, Arc::new(UsageBased), own, max_wait)));
    }
    let theirs = [
        ("simple-shuffle", Choice::Shuffle),
        ("latency-based", Choice::Latency { ttl: 3600.0 }),
        ("usage-v2", Choice::Usage),
    ];
    for (name, choice) in theirs {
        for (how, retries, waits) in [("", 2, false), (" if it waited", 2, true), (" …, 8 retries", 8, true)] {
            let setup = Setup { choice, retries, rpm: Some(limited::LIMIT), waits };
            let play = move |seed| limited::play(&mut LiteLlm::new(setup, seed + 1), limited::JOBS, seed);
            let name = if how.is_empty() { format!("LiteLLM {name}") } else { how.to_owned() };
            all.push((name, Box::new(play)));
        }
    }
    all
}

/// Plays every policy and prints a row for each.
fn table(figures: &[Figure], seeds: &[u64], contenders: Vec<(String, Play)>) {
    let titles: String = figures.iter().map(|(title, _)| format!("{title:>16}")).collect();
    println!("{:28}{titles}", "");
    let (mut best, mut adaptive) = (f64::INFINITY, None);
    for (name, play) in contenders {
        let runs: Vec<Figures> = seeds.iter().map(|seed| play(*seed)).collect();
        let mut cells = String::new();
        for (title, figure) in figures {
            let (mean, half) = mean(&runs.iter().map(figure).collect::<Vec<f64>>());
            let digits = if *title == "run s" { 0 } else { 2 };
            cells += &format!("{:>16}", format!("{mean:.digits$} ±{half:.digits$}"));
            match name.as_str() {
                _ if *title != WEIGHTED => {}
                "adaptive" => adaptive = Some(mean),
                own if own.starts_with("LiteLLM") || own.starts_with('(') => {}
                _ => best = best.min(mean),
            }
        }
        println!("{name:28}{cells}");
    }
    if let Some(adaptive) = adaptive {
        let above = 100.0 * (adaptive / best - 1.0);
        let word = if adaptive <= ADAPTIVE * best { "within" } else { "NOT WITHIN" };
        println!("adaptive is {above:+.1} % from the best of ours by weighted cost: {word} 10 %");
    }
}
