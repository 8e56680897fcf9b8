//! `stats`: figures computed from the calls that `ask` logged.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{End, Home, KEY, Output, Profile, Run, Server};

fn run(home: &Arc<Home>, args: &[&str]) -> Output {
    Run::at(home).env("LAB_KEY", KEY).args(args.iter().copied()).output()
}

/// A home in which one request failed over and another one was answered at once.
fn asked(server: &Server) -> Arc<Home> {
    let price = ", input_cost_per_token = 0.001, output_cost_per_token = 0.001";
    let profile = Profile::new()
        .provider("lab", "openai", &server.url())
        .deployment("lab/503", price)
        .deployment("lab/good", price);
    let home = Arc::new(Home::with(&profile.text()));
    for _ in 0..2 {
        assert_eq!(run(&home, &["ask", "why?"]).end, End::Code(0));
    }
    home
}

/// `stats --json ARGS`, one object a line.
fn figures(home: &Arc<Home>, args: &[&str]) -> Vec<Value> {
    let output = run(home, &[&["stats", "--json"], args].concat());
    assert_eq!((output.end, output.notes()), (End::Code(0), String::new()));
    output.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn calls_are_counted_by_deployment() {
    let server = Server::start();
    let rows = figures(&asked(&server), &["--by", "deployment"]);
    let row = |name: &str| rows.iter().find(|row| row["deployment"] == name).unwrap_or(&Value::Null);
    let (bad, good) = (row("lab/503"), row("lab/good"));
    assert_eq!((&bad["calls"], &bad["failed"], &bad["failovers"]), (&json!(1), &json!(1), &json!(1)), "{bad}");
    assert_eq!((&bad["success"], &bad["cost_usd"]), (&json!(0.0), &Value::Null), "{bad}");
    // The breaker of the first is open by the second request.
    assert_eq!((&good["calls"], &good["ok"], &good["output_tokens"]), (&json!(2), &json!(2), &json!(24)), "{good}");
    assert_eq!((&good["ttft_samples"], &good["ttft_p95_ms"]), (&json!(1), &Value::Null), "{good}");
    assert!((good["cost_usd"].as_f64().unwrap_or_default() - 0.038).abs() < 1e-9, "{good}");
}

#[test]
fn calls_are_counted_by_day_and_by_group() {
    let server = Server::start();
    let home = asked(&server);
    let rows = figures(&home, &["--by", "group"]);
    assert_eq!((rows.len(), &rows[0]["group"], &rows[0]["calls"]), (1, &json!("main"), &json!(3)));
    let rows = figures(&home, &["--by", "day,deployment", "--days", "2"]);
    assert_eq!(rows.len(), 2, "{rows:?}");
    let output = run(&home, &["stats"]);
    assert_eq!((output.end, output.text().lines().count()), (End::Code(0), 4), "{}", output.text());
    let output = run(&home, &["stats", "--csv", "--by", "group"]);
    assert!(
        output.text().starts_with("group,calls,ok,") && output.text().contains("\nmain,3,2,1,1,"),
        "{}",
        output.text()
    );
}

#[test]
fn an_empty_log_prints_a_note() {
    let server = Server::start().may_be_idle();
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", "");
    let output = run(&Arc::new(Home::with(&profile.text())), &["stats"]);
    assert_eq!((output.end, output.text()), (End::Code(0), String::new()));
    assert!(output.notes().contains("nothing is logged"), "{}", output.notes());
    let output = run(&asked(&Server::start()), &["stats", "--since", "2999-01-01"]);
    output.is(0, "", "llmroute: no call was logged in this time\n");
}
