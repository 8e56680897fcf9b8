//! `health`: its findings and exit codes, and that `ask` uses what it learns.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::faults::{Body, Fault, Packets, Reply, Step};
use crate::support::{ANSWER, End, Home, KEY, Nowhere, Output, Profile, Run, Server, Sink};

const GOOD: Reply = Reply::Stream {
    packets: Packets::Events,
    gzip: false,
    steps: &[Step::Tokens(usize::MAX), Step::Finish("stop"), Step::Done],
};
const LOCKED: Reply = Reply::Plain {
    status: 401,
    headers: &[("content-type", "application/json")],
    body: Body::Error { kind: "authentication_error", message: "the key is wrong" },
};

const GONE: Reply = Reply::Plain {
    status: 404,
    headers: &[("content-type", "application/json")],
    body: Body::Error { kind: "not_found_error", message: "there is no such model" },
};

/// Keys: one that is refused once and then accepted, and one that gives access to no model.
const MODELS: &[Fault] =
    &[Fault { name: "locked", first: LOCKED, later: GOOD }, Fault { name: "vanished", first: LOCKED, later: GONE }];

/// A profile of these models at a server that lists its models only with a key.
fn profile(server: &Server, models: &[&str]) -> Profile {
    let profile = Profile::new().provider("lab", "openai", &format!("{}/closed/v1", server.url()));
    models.iter().fold(profile, |profile, model| profile.deployment(&format!("lab/{model}"), ""))
}

fn run(home: &Arc<Home>, args: &[&str]) -> Output {
    Run::at(home).env("LAB_KEY", KEY).args(args.iter().copied()).output()
}

fn home(profile: &Profile) -> Arc<Home> {
    Arc::new(Home::with(&profile.text()))
}

/// `health ARGS` of a profile: the exit code, and each deployment's status and reason.
#[track_caller]
fn check(profile: &Profile, args: &[&str], code: i32, want: &[(&str, &str)]) -> Value {
    let args = ["health", "--json"].into_iter().chain(args.iter().copied()).collect::<Vec<_>>();
    let output = run(&home(profile), &args);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", output.notes()));
    let rows = found["deployments"].as_array().expect("a list");
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let states: Vec<_> = rows.iter().map(|row| (text(row, "state"), text(row, "class"))).collect();
    let states: Vec<_> = states.iter().map(|(state, class)| (state.as_str(), class.as_str())).collect();
    assert_eq!((output.end, states.as_slice(), &found["exit_code"]), (End::Code(code), want, &json!(code)), "{found}");
    assert!(!output.text().contains(KEY) && !output.notes().contains(KEY));
    found
}

/// The output with varying times and column widths masked.
fn masked(output: &Output) -> String {
    let lines = output
        .text()
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let time = |at: usize| {
                words[at].parse::<f64>().is_ok() && matches!(words.get(at + 1), Some(&("ms" | "s" | "ms:" | "s:")))
            };
            (0..words.len())
                .map(|at| if time(at) { "N" } else { words[at] })
                .collect::<Vec<_>>()
                .join(" ")
                .replace("N s:", "N ms:")
        })
        .collect::<Vec<_>>();
    lines.join("\n")
}

#[test]
fn the_table_shows_every_finding() {
    let server = Server::start();
    let output = run(&home(&profile(&server, &["good", "other"])), &["health"]);
    assert_eq!((output.end, output.notes()), (End::Code(0), String::new()));
    let want = "DEPLOYMENT STATE KEY DNS TCP TLS AUTH MODEL TTFT COST LEFT BREAKER LAST CALL NOTE\n\
        lab/good ok env:LAB_KEY …1706 N ms N ms – yes listed – – – closed –\n\
        lab/other ok env:LAB_KEY …1706 N ms N ms – yes not listed – – – closed –\n\
        warning: lab/other: the model is not on the server's list\n\
        2 checked in N ms: 2 ok";
    assert_eq!(masked(&output), want);
    // One server lists models for both, with the key and without.
    let calls = server.calls();
    assert_eq!(calls.iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["GET", "GET"]);
    assert_eq!(calls.iter().filter(|call| call.header("authorization").is_some()).count(), 1);
}

#[test]
fn the_table_fits_a_narrow_terminal() {
    let server = Server::start();
    let run = Run::at(&home(&profile(&server, &["good"]))).env("LAB_KEY", KEY).args(["health"]);
    let output = run.sink(Sink::Terminal).output();
    assert!(output.text().lines().all(|line| line.chars().count() <= 80), "{}", output.text());
    assert!(output.text().contains("lab/good"), "{}", output.text());
}

#[test]
fn a_public_model_list_does_not_validate_a_key() {
    let server = Server::start();
    let open = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", "");
    let found = check(&open, &[], 0, &[("unknown", "")]);
    assert_eq!(found["deployments"][0]["authorised"], Value::Null);
    let found = check(&open, &["--live"], 0, &[("ok", "")]);
    assert_eq!(found["deployments"][0]["authorised"], true);
}

#[test]
fn a_web_page_instead_of_a_model_list_is_reported() {
    let server = Server::start();
    let page =
        Profile::new().provider("lab", "openai", &format!("{}/page/v1", server.url())).deployment("lab/good", "");
    let found = check(&page, &[], 0, &[("unknown", "")]);
    let why = "what it replied is no list of models: check its base URL; `--live` asks";
    assert_eq!(found["deployments"][0]["why"], why);
}

#[test]
fn no_valid_key_exits_with_77() {
    let server = Server::start().may_be_idle();
    let keyless = Profile::new()
        .provider_with("lab", "openai", &format!("{}/closed/v1", server.url()), "env:NO_SUCH_KEY")
        .deployment("lab/good", "");
    check(&keyless, &[], 77, &[("no_key", "authentication")]);
    assert_eq!(server.calls().len(), 0);
    let wrong = Profile::new()
        .provider_with("lab", "openai", &format!("{}/closed/v1", server.url()), "cmd:echo bad-revoked")
        .deployment("lab/good", "");
    let output = run(&home(&wrong), &["health"]);
    assert_eq!(output.end, End::Code(77), "{}", output.text());
    let stderr = "error: no valid key for `main`\nhint: `llmroute providers` shows where keys are looked for\n";
    assert_eq!(output.notes(), stderr);
}

#[test]
fn a_group_without_a_reachable_deployment_exits_with_69() {
    let (server, nowhere) = (Server::start(), Nowhere::refused());
    let gone = Profile::new().provider("gone", "openai", nowhere.url()).deployment("gone/m", "");
    check(&gone, &[], 69, &[("down", "connection")]);
    let with_spare = gone.provider("lab", "openai", &format!("{}/closed/v1", server.url())).deployment("lab/good", "");
    check(&with_spare, &[], 0, &[("down", "connection"), ("ok", "")]);
    check(&with_spare, &["gone/m"], 69, &[("down", "connection")]);
}

#[test]
fn an_unknown_name_and_a_bad_interval_are_usage_errors() {
    let server = Server::start().may_be_idle();
    let home = home(&profile(&server, &["good"]));
    assert_eq!(run(&home, &["health", "nobody"]).end, End::Code(78));
    assert_eq!(run(&home, &["health", "--watch=often"]).end, End::Code(2));
}

#[test]
fn a_redirect_is_reported_and_not_followed() {
    let server = Server::start();
    let moved =
        Profile::new().provider("lab", "openai", &format!("{}/moved/v1", server.url())).deployment("lab/good", "");
    let found = check(&moved, &[], 0, &[("unknown", "not_found")]);
    let warning = found["deployments"][0]["warnings"][0].as_str().unwrap_or_default().to_owned();
    assert!(warning.starts_with("the base URL redirects to http://127.0.0.1:"), "{found}");
}

#[test]
fn limits_in_the_model_list_are_shown() {
    let server = Server::start();
    let url = format!("{}/limited/v1", server.url());
    let limited = Profile::new().provider("lab", "openai", &url).deployment("lab/good", "");
    let found = check(&limited, &[], 0, &[("unknown", "")]);
    assert_eq!(
        found["deployments"][0]["limits"],
        json!([{"resource": "requests", "left": 42, "limit": 60}]),
        "{found}"
    );
    let output = run(&home(&limited), &["health"]);
    assert!(output.text().contains("42 req"), "{}", output.text());
}

#[test]
fn a_deployment_that_was_not_probed_in_time_is_not_down() {
    let server = Server::start().may_be_idle();
    // Connections are accepted and never served.
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}", silent.local_addr().expect("a bound listener has an address"));
    let slow = |profile: Profile, name: String| {
        profile.provider(&name, "openai", &format!("{url}/{name}")).deployment(&format!("{name}/m"), "")
    };
    let slow = (0..64).map(|number| format!("slow{number}")).fold(Profile::new(), slow);
    let all = slow.provider("lab", "openai", &format!("{}/closed/v1", server.url())).deployment("lab/good", "");
    let mut want = vec![("down", "timeout"); 64];
    want.push(("unknown", ""));
    let found = check(&all, &["--timeout", "2s"], 0, &want);
    assert_eq!(found["deployments"][64]["why"], "not asked: no time left");
    assert_eq!(found["deployments"][0]["why"], "no reply within 2 s");
}

#[test]
fn a_successful_live_call_ends_a_cooldown_for_ask() {
    let server = Server::with(MODELS);
    let home = home(&profile(&server, &["locked", "good"]));
    run(&home, &["ask", "why?"]).is(
        0,
        &format!("{ANSWER}\n"),
        "llmroute: lab/locked failed (authentication, 401: the key is wrong); trying lab/good\n",
    );
    let output = run(&home, &["health"]);
    assert!(output.text().contains("cooling"), "{}", output.text());
    // Its breaker is open: it is skipped.
    let asked = server.count("locked");
    run(&home, &["ask", "why?"]);
    assert_eq!(server.count("locked"), asked);
    let output = run(&home, &["health", "--live", "lab/locked"]);
    assert_eq!(output.end, End::Code(0), "{}", output.text());
    assert_eq!(server.calls().last().expect("a call").json()["max_tokens"], 1);
    run(&home, &["ask", "why?"]).is(0, &format!("{ANSWER}\n"), "");
    assert_eq!(server.models().last().map(String::as_str), Some("locked"));
}

#[test]
fn a_failed_live_call_opens_the_breaker_for_ask() {
    let server = Server::start();
    let home = home(&profile(&server, &["503", "good"]));
    let output = run(&home, &["health", "--live"]);
    assert_eq!(output.end, End::Code(0), "{}", output.text());
    assert!(output.text().contains("down") && output.text().contains("open for"), "{}", output.text());
    let asked = server.count("503");
    let output = run(&home, &["ask", "why?"]);
    assert_eq!((output.end, server.count("503")), (End::Code(0), asked), "{}", output.notes());
}

#[test]
fn an_answer_of_one_token_is_healthy() {
    let server = Server::start();
    let price = ", input_cost_per_token = 0.001, output_cost_per_token = 0.001";
    let profile = ["length", "length-empty", "reasoning-only"]
        .iter()
        .fold(profile(&server, &[]), |profile, model| profile.deployment(&format!("lab/{model}"), price));
    let found = check(&profile, &["--live"], 0, &[("ok", ""), ("ok", ""), ("ok", "")]);
    // The server reports 7 prompt tokens and 12 output tokens.
    let cost = found["deployments"][0]["live"]["cost_usd"].as_f64().unwrap_or_default();
    assert!((cost - 0.019).abs() < 1e-9, "{found}");
}

#[test]
fn figures_from_the_log_are_shown() {
    let server = Server::start();
    let home = home(&profile(&server, &["good"]));
    run(&home, &["ask", "why?"]);
    let output = run(&home, &["health", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["deployments"][0]["last_call"]["outcome"], "ok", "{found}");
    // One call is not enough for a median.
    assert_eq!(found["deployments"][0]["usual_ttft_ms"], Value::Null, "{found}");
}

#[test]
fn the_usual_first_token_is_the_median_of_five_calls_of_the_log() {
    let server = Server::start();
    let home = home(&profile(&server, &["good"]));
    let ttft = |_| {
        let output = run(&home, &["ask", "--json", "why?"]);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        answer["ttft_ms"].as_u64().expect("a time")
    };
    let mut times: Vec<u64> = (0..5).map(ttft).collect();
    times.sort_unstable();
    let output = run(&home, &["health", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        found["deployments"][0]["usual_ttft_ms"].as_f64(),
        f64::from(u32::try_from(times[2]).expect("short")).into()
    );
}

#[test]
fn watch_in_a_pipe_prints_changes_until_it_is_stopped() {
    let server = Server::with(MODELS);
    let args = ["health", "--live", "--watch=20ms"];
    let running = Run::at(&home(&profile(&server, &["locked"]))).env("LAB_KEY", KEY).args(args).start();
    running.wait_for_stdout("lab/locked down → ok\n");
    running.signal(Signal::SIGINT);
    let output = running.within(Duration::from_secs(10)).output();
    assert_eq!(output.end, End::Signal(Signal::SIGINT), "{}", output.notes());
    let text = output.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].ends_with("lab/locked down: authentication: the key is wrong"), "{text}");
}

#[test]
fn watch_in_a_pipe_prints_a_new_reason_for_the_same_status() {
    let server = Server::with(MODELS);
    let args = ["health", "--live", "--watch=20ms"];
    let running = Run::at(&home(&profile(&server, &["vanished"]))).env("LAB_KEY", KEY).args(args).start();
    running.wait_for_stdout("lab/vanished down (authentication) → down: not_found: ");
    running.signal(Signal::SIGINT);
    let output = running.within(Duration::from_secs(10)).output();
    assert_eq!((output.end, output.text().lines().count()), (End::Signal(Signal::SIGINT), 2), "{}", output.text());
}
