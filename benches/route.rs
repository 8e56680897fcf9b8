//! What a choice costs: ranking the members of a group from a board (aim: under 100 µs for 100), and
//! reading what is known of 100 deployments (aim: under 1 ms).

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use llmroute_core::model::{Class, Price, Timestamp};
use llmroute_core::route::board::{Board, Cell};
use llmroute_core::route::breaker::{Context, Seen};
use llmroute_core::route::course::{Course, Facts};
use llmroute_core::route::estimate::Experience;
use llmroute_core::route::strategy::{AdaptiveArgs, LatencyArgs, Scene, Strategy, rank};
use llmroute_core::route::{Capabilities, Deployment, DeploymentId, Group, GroupId, Map, Member, Policy, Timeouts};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn map(count: usize, strategy: Strategy) -> Map {
    let second = Duration::from_secs(1);
    let timeouts = Timeouts { connect: second, first_token: second, idle: second, attempt: second };
    let deployments = (0..count).map(|index| Deployment {
        name: format!("lab/{index}"),
        provider: "lab".to_owned(),
        model: index.to_string(),
        state_key: index.to_string(),
        credential: String::new(),
        host: index.to_string(),
        context_window: None,
        price: Some(Price::flat(1e-6, 1e-6)),
        prefill: false,
        capabilities: Capabilities::default(),
        no_key: None,
    });
    let members = (0..count).map(|index| Member {
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
        policy: Policy {
            num_retries: 2,
            attempts_per_deployment: 1,
            deadline: second,
            max_wait: second,
            allowed_fails: None,
            cooldown: second,
            cooldown_max: second,
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

/// A board on which everything that can be learnt was learnt.
fn board(map: &Map) -> Board {
    let mut board = Board::fresh(map);
    for (index, cell) in board.deployments.iter_mut().enumerate() {
        for prompt_tokens in [500, 5_000, 50_000] {
            let experience = Experience::Answered {
                prompt_tokens,
                ttft: Some(0.3 + index as f64 / 100.0),
                pace: Some(0.012),
                output: Some(345.0),
                counted: Some(prompt_tokens + 7),
                cached: 100,
            };
            cell.estimates.learn(&experience, 0.8, NOW);
        }
        cell.leases.take(1, NOW.after(Duration::from_secs(60)), NOW);
    }
    board
}

fn choose(c: &mut Criterion) {
    let strategies = [
        Strategy::SimpleShuffle,
        Strategy::LatencyBased(LatencyArgs::ONE_SHOT),
        Strategy::CostBased,
        Strategy::Adaptive(AdaptiveArgs::ONE_SHOT),
    ];
    for strategy in strategies {
        for count in [10, 100, 1000] {
            let map = map(count, strategy.clone());
            let (board, facts) = (board(&map), Facts { prompt_tokens: 2_000, ..Facts::default() });
            let scene = Scene { map: &map, group: GroupId(0), facts: &facts, board: &board, now: NOW };
            let all: Vec<usize> = (0..count).collect();
            let mut rng = fastrand::Rng::with_seed(1);
            c.bench_function(&format!("{} among {count}", strategy.as_str()), |b| {
                b.iter(|| black_box(rank(&scene, &all, &mut rng)));
            });
        }
    }
}

/// The whole way to the first call: filters, ranking, preference; every fifth breaker is open.
fn first_call(c: &mut Criterion) {
    for count in [10, 100, 1000] {
        let map = map(count, Strategy::LatencyBased(LatencyArgs::ONE_SHOT));
        let mut board = board(&map);
        let rules = map.groups[0].policy.rules(None);
        let context = Context { rules, another_closed: true, now: NOW, luck: 0.5 };
        for cell in board.deployments.iter_mut().step_by(5) {
            cell.breaker.observe(Seen::Failed { class: Class::ServerError, retry_after: None }, &context);
        }
        let mut rng = fastrand::Rng::with_seed(1);
        c.bench_function(&format!("first call among {count}"), |b| {
            b.iter(|| {
                let facts = Facts { prompt_tokens: 2_000, ..Facts::default() };
                let mut course = Course::new(&map, GroupId(0), facts, NOW.after(Duration::from_secs(60)));
                black_box(course.next(None, &board, NOW, &mut rng))
            });
        });
    }
}

fn read(c: &mut Criterion) {
    let map = map(100, Strategy::SimpleShuffle);
    let cells: Vec<String> =
        board(&map).deployments.iter().map(|cell| serde_json::to_string(cell).expect("plain data")).collect();
    let bytes = cells.iter().map(String::len).sum::<usize>() / 100;
    c.bench_function(&format!("read 100 cells of {bytes} bytes"), |b| {
        b.iter(|| {
            let read = cells.iter().map(|json| serde_json::from_str::<Cell>(json).expect("it was written so"));
            black_box(read.collect::<Vec<Cell>>())
        });
    });
}

criterion_group!(benches, choose, first_call, read);
criterion_main!(benches);
