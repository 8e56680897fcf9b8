//! The cost of a choice: ranking the members of a group from a snapshot (aim: under 100 µs for 100), and
//! reading what is known of 100 deployments (aim: under 1 ms).

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use llmroute_core::model::{Class, Price, Timestamp};
use llmroute_core::routing::breaker::{BreakerContext, BreakerEvent};
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::failover::{Failover, RequestAttributes};
use llmroute_core::routing::snapshot::{DeploymentState, StateSnapshot};
use llmroute_core::routing::strategy::{
    Adaptive, CostBased, LatencyBased, RankingInput, SimpleShuffle, Strategy, rank,
};
pub use llmroute_core::routing::{
    Capabilities, Deployment, DeploymentId, Group, GroupId, Map, Member, Policy, Timeouts,
};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn map(count: usize, strategy: Arc<dyn Strategy>) -> Map {
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
        policy: Policy::default(),
        fallbacks: Vec::new(),
        context_window_fallbacks: Vec::new(),
        content_policy_fallbacks: None,
    };
    Map { deployments: deployments.collect(), groups: vec![group], ..Map::default() }
}

/// A snapshot on which everything that can be learnt was learnt.
fn snapshot(map: &Map) -> StateSnapshot {
    let mut snapshot = StateSnapshot::new(map);
    for (index, cell) in snapshot.deployments.iter_mut().enumerate() {
        for prompt_tokens in [500, 5_000, 50_000] {
            let sample = CallSample::Answered {
                prompt_tokens,
                ttft: Some(0.3 + index as f64 / 100.0),
                seconds_per_token: Some(0.012),
                output: Some(345.0),
                counted: Some(prompt_tokens + 7),
                cached: 100,
            };
            cell.estimates.learn(&sample, 0.8, NOW);
        }
        cell.leases.take(1, NOW.after(Duration::from_secs(60)), NOW);
    }
    snapshot
}

fn choose(c: &mut Criterion) {
    let strategies: [Arc<dyn Strategy>; 4] = [
        Arc::new(SimpleShuffle::default()),
        Arc::new(LatencyBased::ONE_SHOT),
        Arc::new(CostBased),
        Arc::new(Adaptive::ONE_SHOT),
    ];
    for strategy in strategies {
        for count in [10, 100, 1000] {
            let map = map(count, Arc::clone(&strategy));
            let (snapshot, attributes) =
                (snapshot(&map), RequestAttributes { prompt_tokens: 2_000, ..RequestAttributes::default() });
            let input =
                RankingInput { map: &map, group: GroupId(0), attributes: &attributes, snapshot: &snapshot, now: NOW };
            let all: Vec<usize> = (0..count).collect();
            let mut rng = fastrand::Rng::with_seed(1);
            c.bench_function(&format!("{} among {count}", strategy.name()), |b| {
                b.iter(|| black_box(rank(&input, &all, &mut rng)));
            });
        }
    }
}

/// The whole way to the first call: filters, ranking, preference; every fifth breaker is open.
fn first_call(c: &mut Criterion) {
    for count in [10, 100, 1000] {
        let map = map(count, Arc::new(LatencyBased::ONE_SHOT));
        let mut snapshot = snapshot(&map);
        let rules = map.groups[0].policy.breaker(None);
        let context = BreakerContext { rules, another_closed: true, now: NOW, jitter: 0.5 };
        for cell in snapshot.deployments.iter_mut().step_by(5) {
            cell.breaker.observe(BreakerEvent::Failed { class: Class::ServerError, retry_after: None }, &context);
        }
        let mut rng = fastrand::Rng::with_seed(1);
        c.bench_function(&format!("first call among {count}"), |b| {
            b.iter(|| {
                let attributes = RequestAttributes { prompt_tokens: 2_000, ..RequestAttributes::default() };
                let mut failover = Failover::new(&map, GroupId(0), attributes, NOW.after(Duration::from_secs(60)));
                black_box(failover.next(None, &snapshot, NOW, &mut rng))
            });
        });
    }
}

fn read(c: &mut Criterion) {
    let map = map(100, Arc::new(SimpleShuffle::default()));
    let cells: Vec<String> =
        snapshot(&map).deployments.iter().map(|cell| serde_json::to_string(cell).expect("plain data")).collect();
    let bytes = cells.iter().map(String::len).sum::<usize>() / 100;
    c.bench_function(&format!("read 100 cells of {bytes} bytes"), |b| {
        b.iter(|| {
            let read =
                cells.iter().map(|json| serde_json::from_str::<DeploymentState>(json).expect("it was written so"));
            black_box(read.collect::<Vec<DeploymentState>>())
        });
    });
}

criterion_group!(benches, choose, first_call, read);
criterion_main!(benches);
