//! Rules and `llmroute route`, on simulated deployments: nothing is called.

use serde_json::Value;

use crate::support::run::{Home, Output, Run};

/// Two groups; a rule keeps private prompts at `safe`.
const PROFILE: &str = r#"
version = 1
default_group = "main"
[router]
num_retries = 1
timeout = "10s"
[providers.sim]
protocol = "mock"
[groups.main]
fallbacks = ["spare"]
deployments = [
  { model = "sim/first", order = 1, tags = ["eu"], faults = "503" },
  { model = "sim/second", order = 2, context_window = 20 },
  { model = "sim/third", order = 3 },
]
[[groups.main.rules]]
when = 'contains_pii(prompt) || "private" in tags'
use = "sim/safe"
[[groups.main.rules]]
when = 'user == "boss" && env.LLMROUTE_SITE == "eu"'
use = "spare"
fallbacks = ["sim/last"]
[groups.spare]
fallbacks = []
deployments = [{ model = "sim/spare", faults = "503" }]
"#;

fn run(args: &[&str]) -> Output {
    Run::with(PROFILE).args(args.iter().copied()).output()
}

fn route(args: &[&str]) -> Value {
    let output = run(&[&["route", "--json", "--route-seed", "7"], args].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.notes()))
}

/// Compares the deployments in call order, then the chain of groups.
fn check(args: &[&str], calls: &[&str], chain: &[&str]) {
    let said = route(args);
    let candidates = said["candidates"].as_array().expect("a list");
    let mut asked: Vec<(u64, &str)> =
        candidates.iter().filter_map(|one| Some((one["place"].as_u64()?, one["deployment"].as_str()?))).collect();
    asked.sort_unstable();
    let asked: Vec<&str> = asked.into_iter().map(|(_, name)| name).collect();
    assert_eq!(asked, calls, "{said}");
    let visited: Vec<&str> = said["chain"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(visited, chain, "{said}");
}

fn skipped<'a>(said: &'a Value, deployment: &str) -> &'a str {
    let candidates = said["candidates"].as_array().expect("a list");
    let one = candidates.iter().find(|one| one["deployment"] == deployment).expect("a candidate");
    one["skipped"].as_str().unwrap_or_default()
}

#[test]
fn the_calls_are_listed_in_failover_order() {
    check(&["hello"], &["sim/first", "sim/second", "sim/spare"], &["main", "spare"]);
    check(&["hello", "--no-fallback"], &["sim/first", "sim/second"], &["main"]);
    check(&["hello", "--fallback", "sim/x"], &["sim/first", "sim/second", "sim/x"], &["main", "sim/x"]);
}

#[test]
fn a_rule_redirects_without_fallbacks() {
    check(&["call +49 30 901820"], &["sim/safe"], &["sim/safe"]);
    check(&["hello", "--tag", "private", "--fallback", "sim/x"], &["sim/safe"], &["sim/safe"]);
    let said = route(&["hello", "--tag", "private"]);
    assert_eq!((said["rule"]["group"].as_str(), said["rule"]["number"].as_u64()), (Some("main"), Some(1)));
    assert_eq!(skipped(&said, "sim/first"), "rule 1 of `main` decides otherwise");
}

#[test]
fn a_rule_has_the_fallbacks_that_it_names() {
    let output =
        Run::with(PROFILE).args(["route", "--json", "--user", "boss", "hello"]).env("LLMROUTE_SITE", "eu").output();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["chain"], serde_json::json!(["spare", "sim/last"]));
}

#[test]
fn a_rule_also_binds_fallback_groups() {
    let profile = PROFILE.replace("contains_pii(prompt) ||", "false &&").replace(
        "[groups.spare]",
        "[[groups.spare.rules]]\nwhen = 'contains_pii(prompt)'\nuse = \"sim/safe\"\n[groups.spare]",
    );
    let output = Run::with(&profile).args(["route", "--json", "--user", "x", "call +49 30 901820"]).output();
    let said: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.notes()));
    assert_eq!(said["chain"], serde_json::json!(["main", "sim/safe"]));
}

#[test]
fn a_rule_that_cannot_be_evaluated_stops_the_request() {
    for command in ["ask", "route"] {
        let output = run(&[command, "--user", "boss", "hello"]);
        assert_eq!(output.end, 78.into(), "{}", output.notes());
        let want = "error: rule 2 of `main` cannot be evaluated: it reads a key that is not there\n  when = user";
        assert!(output.notes().starts_with(want), "{}", output.notes());
    }
    assert_eq!(run(&["ask", "--user", "boss", "hello", "--dry-run"]).end, 78.into());
}

#[test]
fn ask_names_the_rule_that_decided() {
    let output = run(&["ask", "--json", "--tag", "private", "hello"]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["route"]["rule"]["use"], "sim/safe");
    assert_eq!((said["deployment"].as_str(), said["group"].as_str()), (Some("sim/safe"), Some("main")));
    let plain = run(&["ask", "-v", "--tag", "private", "hello"]);
    assert!(plain.notes().contains("rule 1 of `main` decides: sim/safe"), "{}", plain.notes());
}

#[test]
fn every_filter_shows_its_reason() {
    let said = route(&["--require-tag", "eu", "hello"]);
    assert_eq!((skipped(&said, "sim/first"), skipped(&said, "sim/second")), ("", "tags"));
    let long = "word ".repeat(40);
    let said = route(&[&long]);
    assert_eq!(skipped(&said, "sim/second"), "context_window: about 50 tokens (±79%), 20 fit, 30 too many");
}

#[test]
fn limits_and_hedges_are_shown() {
    let profile = PROFILE
        .replace("[groups.main]\nfallbacks", "[groups.main]\nhedge = \"2s\"\nrpd = 1000\nfallbacks")
        .replace("{ model = \"sim/third\"", "{ model = \"sim/third\", rpm = 60, budget = \"5 USD/day\"");
    let output = Run::with(&profile).args(["route", "--json", "hello"]).output();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["hedge"], serde_json::json!({"after_ms": 2000, "deployment": "sim/second"}));
    let limits: Vec<&Value> = said["candidates"].as_array().expect("a list").iter().map(|one| &one["limits"]).collect();
    assert_eq!(*limits[0], serde_json::json!({"rpd": 1000, "left": 1.0}));
    assert_eq!(*limits[3], serde_json::json!({"rpd": 1000, "rpm": 60, "budget": 5.0, "left": 1.0}));
    let text = Run::with(&profile).args(["route", "hello"]).output().text();
    assert!(text.contains("hedge: sim/second is also called if sim/first sends nothing for 2 s"), "{text}");
}

const BY_COMMAND: &str = r#"
[providers.sim]
protocol = "mock"
[groups.main]
routing_strategy = "exec:COMMAND"
deployments = [{ model = "sim/a" }, { model = "sim/b" }]
"#;

#[test]
fn an_exec_strategy_is_run_and_its_failure_is_shown() {
    let order = BY_COMMAND.replace("COMMAND", r#"echo '[\"sim/b\", \"sim/a\"]'"#);
    let output = Run::with(&order).args(["route", "--json", "hello"]).output();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&said["candidates"][0]["deployment"], &said["candidates"][1]["deployment"]),
        (&"sim/b".into(), &"sim/a".into())
    );
    let dry = Run::with(&order).args(["ask", "--dry-run", "hello"]).output().text();
    assert!(dry.contains("\n1. sim/b\n"), "{dry}");
    let broken = Run::with(&BY_COMMAND.replace("COMMAND", "false")).args(["route", "hello"]).output();
    let want = "llmroute: the strategy of group main gave no order (the command failed (exit status: 1)); shuffled\n";
    assert_eq!((broken.end, broken.notes().as_str()), (0.into(), want));
}

#[test]
fn the_shown_draw_decides_the_order() {
    let profile = BY_COMMAND.replace("exec:COMMAND", "latency-based-routing");
    for seed in 0..20 {
        let output = Run::with(&profile).args(["route", "--json", "hello", "--route-seed", &seed.to_string()]).output();
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let drawn = |index: usize| {
            let why = said["candidates"][index]["numbers"]["why"].as_str().expect("a reason");
            let drawn = why.split("drawn ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a draw");
            drawn.parse::<f64>().expect("a number")
        };
        let first = usize::from(said["candidates"][0]["place"] != 1);
        assert!(drawn(first) <= drawn(1 - first), "{said}");
    }
}

#[test]
fn the_exit_code_equals_that_of_ask() {
    assert_eq!(run(&["route", "hello"]).end, 0.into());
    let nobody = run(&["route", "--require-tag", "moon", "hello"]);
    assert_eq!(nobody.end, 69.into());
    assert!(nobody.notes().starts_with("error: no deployment of `main` is available"), "{}", nobody.notes());
    let home = std::sync::Arc::new(Home::with(
        "[groups.main]\ndeployments = [{ model = \"openai/gpt-4o\" }, { model = \"anthropic/claude-sonnet-4-5\" }]",
    ));
    assert_eq!(Run::at(&home).args(["route", "hello"]).output().end, 78.into());
}

#[test]
fn the_text_output_is_readable() {
    let output = run(&["route", "--route-seed", "7", "hello"]);
    let want = "\
group main: simple-shuffle, seed 7

#  DEPLOYMENT  GROUP  NUMBERS             LIMITS  STATUS
1  sim/first   main   order 1, share 1.0  –       is called
2  sim/second  main   order 2, share 1.0  –       is called
3  sim/spare   spare  order 0, share 1.0  –       is called
–  sim/third   main   order 3, share 1.0  –       not reached: no attempt is left for it

chain: main → spare
worst case: 4 attempts, 1m
";
    assert_eq!(output.text(), want);
}

#[test]
fn nothing_is_called_or_logged() {
    let home = std::sync::Arc::new(Home::with(PROFILE));
    assert_eq!(Run::at(&home).args(["route", "hello"]).output().end, 0.into());
    let logs = Run::at(&home).args(["logs", "--json"]).output();
    assert_eq!(logs.text(), "");
}
