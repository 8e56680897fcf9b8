use std::time::Duration;

use super::*;
pub use llmroute_core::routing::strategy::{
    Adaptive, CostBased, External, LatencyBased, LeastBusy, RoundRobin, SimpleShuffle, Sticky, UsageBased,
};

fn group(settings: &str) -> String {
    format!("[groups.main]\n{settings}\ndeployments = [{{ model = \"lab/a\" }}]")
}

fn check(settings: &str, want: &dyn std::fmt::Debug) {
    let profile = lab(&group(settings));
    assert_eq!(format!("{:?}", profile.map.group(GroupId(0)).strategy), format!("{want:?}"));
    assert!(profile.notes.is_empty(), "{}", profile.render_notes(false));
    assert_eq!(profile.unbuilt(GroupId(0)), None);
}

fn warns(settings: &str, want: &str) {
    let profile = lab(&group(settings));
    let said: Vec<&str> = profile.notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(said, [want]);
}

#[test]
fn every_name_is_its_strategy() {
    check("", &SimpleShuffle::default());
    check("routing_strategy = \"round-robin\"", &RoundRobin);
    check("routing_strategy = \"least-busy\"", &LeastBusy);
    check("routing_strategy = \"cost-based-routing\"", &CostBased);
    check("routing_strategy = \"usage-based-routing\"", &UsageBased);
    check("routing_strategy = \"usage-based-routing-v2\"", &UsageBased);
    check("routing_strategy = \"latency-based-routing\"", &LatencyBased::ONE_SHOT);
    check("routing_strategy = \"adaptive\"", &Adaptive::ONE_SHOT);
    check("routing_strategy = \"exec:./choose it\"", &External { command: "./choose it".into() });
}

#[test]
fn arguments_are_those_of_the_strategy() {
    check(
        "routing_strategy = \"latency-based-routing\"
         routing_strategy_args = { ttl = \"1h\", lowest_latency_buffer = 0.1 }",
        &LatencyBased { ttl: Some(Duration::from_secs(3600)), buffer: 0.1, ..LatencyBased::ONE_SHOT },
    );
    check(
        "routing_strategy = \"adaptive\"\nrouting_strategy_args = { w_latency = 2, w_cost = 0.5, w_failure = 0 }",
        &Adaptive { latency: 2.0, cost: 0.5, failure: 0.0, ..Adaptive::ONE_SHOT },
    );
    warns(
        "routing_strategy_args = { ttl = 60 }",
        "these are arguments of `latency-based-routing`; the group uses `simple-shuffle`",
    );
}

#[test]
fn sticky_is_for_the_shuffle() {
    check("sticky = \"user\"", &SimpleShuffle { sticky: Some(Sticky::User) });
    warns(
        "routing_strategy = \"adaptive\"\nsticky = \"user\"",
        "`sticky` is for `simple-shuffle`; the group uses `adaptive`",
    );
}

#[test]
fn mistakes_are_named() {
    let mistakes = "routing_strategy = \"exec: \"\nsticky = \"usr\"
        routing_strategy_args = { ttls = 1, lowest_latency_buffer = \"x\", w_cost = -1 }";
    let error = parse(&format!("version = 1\n{}", group(mistakes).replace("lab/a", "openai/a"))).unwrap_err();
    let error = error.to_string();
    for part in [
        "`exec:` needs a command",
        "`usr` is not a value of `sticky`",
        "did you mean `user`?",
        "unknown strategy argument `ttls`",
        "did you mean `ttl`?",
        "expected number, found string",
        "must be a finite number from 0 up",
    ] {
        assert!(error.contains(part), "no {part} in\n{error}");
    }
}

#[test]
fn a_long_lived_process_explores_less() {
    let vars = vars();
    let text = format!("version = 1\n{}", group("routing_strategy = \"latency-based-routing\""));
    let text = text.replace("lab/a", "openai/a");
    let inputs = LoadOptions { env: &vars, long_lived: true };
    let profile = Profile::parse(Source::Demo, &text, &inputs).unwrap();
    let strategy = &profile.map.group(GroupId(0)).strategy;
    assert_eq!(format!("{strategy:?}"), format!("{:?}", LatencyBased::LONG_LIVED));
}
