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
    assert_eq!((&bad["classes"], &bad["unpriced_calls"]), (&json!({"overloaded": 1}), &json!(0)), "{bad}");
    assert_eq!((&good["finish_reasons"], &good["requests"]), (&json!({"stop": 2}), &json!(2)), "{good}");
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
        output.text().starts_with("group,requests,not_called,calls,ok,")
            && output.text().contains("\nmain,2,0,3,2,1,1,"),
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

#[test]
fn the_total_is_what_the_providers_bill() {
    let server = Server::start();
    let price = ", input_cost_per_token = 0.001, output_cost_per_token = 0.001";
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", price);
    let home = Arc::new(Home::with(&profile.text()));
    let output = run(&home, &["ask", "--json", "--verify", "false", "why?"]);
    assert_eq!(output.end, End::Code(69), "{}", output.notes());
    let answer: Value = serde_json::from_str(&output.text()).expect("an object");
    let rows = figures(&home, &["--by", "group"]);
    let (cost, wasted) = (rows[0]["cost_usd"].as_f64(), rows[0]["wasted_usd"].as_f64());
    assert_eq!((cost, wasted), (answer["wasted_usd"].as_f64(), answer["wasted_usd"].as_f64()), "{answer}\n{rows:?}");
    assert!(cost.is_some_and(|usd| usd > 0.0) && rows[0]["output_tokens"] != json!(0), "{rows:?}");
    assert_eq!((&answer["priced"], &rows[0]["unpriced_calls"]), (&json!(true), &json!(0)));
}

#[test]
fn a_call_of_unknown_cost_is_counted_and_reported() {
    let server = Server::start();
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", "");
    let home = Arc::new(Home::with(&profile.text()));
    assert_eq!(run(&home, &["ask", "why?"]).end, End::Code(0));
    let output = run(&home, &["stats", "--json", "--by", "deployment"]);
    assert!(output.text().contains("\"unpriced_calls\":1"), "{}", output.text());
    let want = "llmroute: the cost of 1 billed call is unknown, so the costs are lower bounds\n";
    assert_eq!((output.end, output.notes()), (End::Code(0), want.to_owned()));
}

#[test]
fn a_request_that_no_deployment_took_counts_as_a_failure() {
    let server = Server::start().may_be_idle();
    let price = ", input_cost_per_token = 1.0, output_cost_per_token = 1.0, budget = \"0.001 USD/day\"";
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", price);
    let home = Arc::new(Home::with(&profile.text()));
    let output = run(&home, &["ask", "--json", "--tag", "nightly", "--user", "u1", "why?"]);
    let error: Value = serde_json::from_str(&output.text()).expect("an object");
    assert_eq!((output.end, &error["error"]["class"]), (End::Code(69), &json!("budget")), "{error}");
    let rows = figures(&home, &["--by", "deployment,tag,user"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!(
        (&row["deployment"], &row["tag"], &row["user"]),
        (&Value::Null, &json!("nightly"), &json!("u1")),
        "{row}"
    );
    assert_eq!((&row["calls"], &row["not_called"], &row["success"]), (&json!(0), &json!(1), &json!(0.0)), "{row}");
    assert_eq!(row["classes"], json!({"budget": 1}), "{row}");
    let found = run(&home, &["logs", "--class", "budget", "--json"]);
    let entry: Value = serde_json::from_str(&found.text()).expect("an object");
    assert_eq!(entry["route"]["skipped"][0]["deployment"], json!("lab/good"), "{entry}");
    assert_eq!(entry["route"]["skipped"][0]["class"], json!("budget"), "{entry}");
}

#[test]
fn days_and_times_follow_a_named_time_zone() {
    let server = Server::start();
    let home = asked(&server);
    let days = |zone: &str| -> Vec<Value> {
        let run = Run::at(&home).env("TZ", zone).args(["stats", "--json", "--by", "day"]);
        run.output().text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    };
    // The two zones are 26 hours apart, so their dates always differ.
    assert_ne!(days("Pacific/Kiritimati")[0]["day"], days("Etc/GMT+12")[0]["day"]);
}
