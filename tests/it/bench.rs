//! `bench`: whole runs of the program, on simulated time where the figures matter, else against the loopback server.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{End, Home, KEY, Output, Profile, Run, Server};

const LIMIT: Duration = Duration::from_secs(10);

/// Three simulated deployments: a slow one with a price, a fast one, and its twin that fails now and then.
const SIMULATED: &str = r#"version = 1
default_group = "main"
[providers.sim]
protocol = "mock"
[groups.main]
deployments = [
  { model = "sim/slow", ttft = "300ms", itl = "20ms", jitter = 0.3, input_cost_per_token = 1e-6, output_cost_per_token = 4e-6 },
  { model = "sim/fast", ttft = "180ms", itl = "12ms", jitter = 0.3 },
  { model = "sim/twin", ttft = "185ms", itl = "12ms", jitter = 0.3, faults = "503@5%, cut@9@3%" },
]
"#;

fn run(home: &Arc<Home>, args: &[&str]) -> Output {
    let args = ["bench"].iter().chain(args).copied();
    Run::at(home).env("LAB_KEY", KEY).args(args).output()
}

fn simulated() -> Arc<Home> {
    Arc::new(Home::with(SIMULATED))
}

/// Deployments of the loopback server, which are free because they are on this machine.
fn lab(server: &Server, models: &[&str]) -> Arc<Home> {
    let profile = Profile::new().provider("lab", "openai", &server.url());
    let profile = models.iter().fold(profile, |profile, model| profile.deployment(&format!("lab/{model}"), ""));
    Arc::new(Home::with(&profile.text()))
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.text()))
}

#[test]
fn a_simulated_run_is_reproducible_byte_for_byte() {
    let home = simulated();
    let (one, other) = (run(&home, &["--seed", "3"]), run(&home, &["--seed", "3"]));
    assert_eq!((one.end, one.text()), (End::Code(0), other.text()));
    insta::assert_snapshot!("simulated", one.text());
    insta::assert_snapshot!("simulated_notes", one.notes());
    assert_ne!(run(&home, &["--seed", "4"]).text(), one.text());
}

#[test]
fn json_holds_every_sample_and_the_summary() {
    let output = run(&simulated(), &["--seed", "3", "-n", "5", "--json"]);
    let object = object(&output);
    assert_eq!(object["run"]["samples"].as_array().map(Vec::len), Some(15), "{object}");
    assert_eq!(object["summary"]["targets"].as_array().map(Vec::len), Some(3), "{object}");
}

#[test]
fn csv_has_a_row_for_each_call() {
    let output = run(&simulated(), &["--seed", "3", "-n", "5", "--csv"]);
    assert_eq!((output.end, output.text().lines().count()), (End::Code(0), 16), "{}", output.text());
}

#[test]
fn the_html_report_is_written_atomically() {
    let home = simulated();
    let page = home.path().join("run.html");
    let output = run(&home, &["--seed", "3", "-n", "5", "--markdown", "--html", &page.display().to_string()]);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let page = std::fs::read_to_string(page).expect("the page is there");
    assert!(page.starts_with("<!") && page.trim_end().ends_with("</html>") && page.contains("sim/twin"));
    assert!(output.text().contains("| sim/fast |"), "{}", output.text());
}

#[test]
fn every_call_is_made_once_and_failures_are_samples() {
    let server = Server::start();
    let home = lab(&server, &["good", "503", "end-n"]);
    let output = run(&home, &["-n", "4", "--json"]);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    for model in ["good", "503", "end-n"] {
        assert_eq!(server.count(model), 4, "{model} is neither retried nor left out");
    }
    let object = object(&output);
    let targets = object["summary"]["targets"].as_array().expect("a list");
    let failed: Vec<&Value> = targets.iter().map(|target| &target["errors"]).collect();
    assert_eq!(failed[0], &json!({}), "{object}");
    assert_eq!(failed[1]["overloaded"]["count"], 4, "{object}");
    assert_eq!(failed[2]["truncated"]["count"], 4, "a cut stream is no success: {object}");
}

#[test]
fn ask_uses_what_bench_measured() {
    let server = Server::start();
    let attempts = |home: &Arc<Home>| {
        let output = Run::at(home).env("LAB_KEY", KEY).args(["ask", "why?", "--json"]).output();
        object(&output)["attempts"].as_array().map(Vec::len)
    };
    let learnt = lab(&server, &["401", "good"]);
    assert_eq!(run(&learnt, &["-n", "3", "--no-learn"]).end, End::Code(0));
    assert_eq!(attempts(&learnt), Some(2), "nothing was learnt");
    assert_eq!(Run::at(&learnt).args(["state", "reset", "--yes"]).output().end, End::Code(0));
    assert_eq!(run(&learnt, &["-n", "3"]).end, End::Code(0));
    assert_eq!(attempts(&learnt), Some(1), "the one whose key is refused is not asked");
}

#[test]
fn all_targets_failing_exits_with_69() {
    let server = Server::start();
    let output = run(&lab(&server, &["401"]), &["-n", "9"]);
    assert_eq!(output.end, End::Code(69), "{}", output.notes());
    assert!(output.notes().contains("lab/401 is not called any more: authentication"), "{}", output.notes());
    assert_eq!(server.count("401"), 3, "three refusals are enough");
    assert!(!output.text().contains(KEY) && !output.notes().contains(KEY));
}

#[test]
fn an_expensive_run_needs_consent() {
    let server = Server::start().may_be_idle();
    let price = ", input_cost_per_token = 0.001, output_cost_per_token = 0.001";
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", price);
    let home = Arc::new(Home::with(&profile.text()));
    let output = run(&home, &[]);
    assert_eq!((output.end, server.calls().len()), (End::Code(2), 0));
    assert!(
        output.notes().contains("this may cost up to $6.04, and there is no terminal to ask"),
        "{}",
        output.notes()
    );
    let plan = run(&home, &["--dry-run"]);
    assert_eq!((plan.end, server.calls().len()), (End::Code(0), 0));
    assert!(plan.text().starts_with("plan   40 rounds × 1 deployment"), "{}", plan.text());
}

#[test]
fn the_cost_cap_ends_the_run_before_it_is_exceeded() {
    let server = Server::start();
    let price = ", input_cost_per_token = 0.001, output_cost_per_token = 0.001";
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", price);
    let home = Arc::new(Home::with(&profile.text()));
    let output = run(&home, &["--max-cost", "0.5", "--json"]);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let object = object(&output);
    assert_eq!(object["run"]["ended"], "max_cost", "{object}");
    let spent: f64 = object["run"]["samples"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|sample| sample["cost_usd"].as_f64())
        .sum();
    assert!(spent > 0.0 && spent <= 0.5, "{spent}");
}

#[test]
fn a_deployment_is_found_by_its_name_in_the_profile() {
    let plan = run(&simulated(), &["-m", "sim/slow", "--dry-run"]);
    assert!(plan.text().contains("sim/slow ≤ $0.0214"), "with the price of the profile: {}", plan.text());
}

#[test]
fn the_cost_estimate_uses_the_longest_prompt() {
    let home = simulated();
    let prompts = home.write("prompts.txt", format!("{}{}\n", "short\n".repeat(80), "long ".repeat(8_000)));
    let plan = run(&home, &["-m", "sim/slow", "-n", "1", "--dry-run", "--prompts", &prompts.display().to_string()]);
    assert!(plan.text().contains("~10003 tokens in"), "{}", plan.text());
}

#[test]
fn loads_of_a_sweep_use_different_prompts() {
    let server = Server::start();
    let home = lab(&server, &["good"]);
    assert_eq!(run(&home, &["-n", "2", "--sweep", "1,2"]).end, End::Code(0));
    let mut bodies: Vec<String> =
        server.calls().iter().map(|call| String::from_utf8_lossy(&call.body).into_owned()).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 4, "no cache answers: {bodies:?}");
}

#[test]
fn a_run_is_compared_with_a_saved_one() {
    let home = simulated();
    assert_eq!(run(&home, &["--seed", "1", "-m", "sim/slow", "--save", "before"]).end, End::Code(0));
    let mode = |name: &str| {
        let path = home.path().join(".local/state/llmroute").join(name);
        std::fs::metadata(path).expect("it was made").permissions().mode() & 0o777
    };
    assert_eq!([mode(""), mode("bench"), mode("bench/before.json")], [0o700, 0o700, 0o600], "for its owner alone");
    let same = run(&home, &["--seed", "2", "-m", "sim/slow", "--compare", "before"]);
    assert_eq!(same.end, End::Code(0), "{}", same.notes());
    home.write(".config/llmroute/profile.toml", SIMULATED.replace("300ms", "450ms"));
    let worse = run(&home, &["--seed", "2", "-m", "main", "--compare", "before"]);
    assert_eq!(worse.end, End::Code(1), "{}", worse.notes());
    let none = run(&home, &["--compare", "befor"]);
    assert_eq!((none.end, none.text()), (End::Code(66), String::new()));
    assert_eq!(none.notes(), "error: there is no saved run `befor`\nhint: the saved runs are: before\n");
    let few = run(&home, &["--seed", "2", "-m", "sim/slow", "-n", "3", "--compare", "before"]);
    assert_eq!(few.end, End::Code(1), "{}", few.notes());
    assert!(few.text().contains("cannot pass: sim/slow: too few good calls for a comparison"), "{}", few.text());
    let other = run(&home, &["--seed", "2", "-m", "sim/fast", "--compare", "before"]);
    let missing = "cannot pass: sim/slow is in the earlier run but not in this one";
    assert!(other.text().contains(missing), "{}", other.text());
}

#[test]
fn a_saved_run_can_be_a_file_and_needs_no_home() {
    let home = simulated();
    let file = home.path().join("run.json").display().to_string();
    let profile = home.path().join(".config/llmroute/profile.toml").display().to_string();
    let bench = |more: &[&str]| {
        let args =
            ["--profile", &profile, "bench", "-m", "sim/slow", "-n", "40"].into_iter().chain(more.iter().copied());
        Run::at(&home).env("HOME", "").args(args).output()
    };
    let saved = bench(&["--seed", "1", "--save", &file]);
    assert_eq!(saved.end, End::Code(0), "{}", saved.notes());
    assert!(saved.notes().contains("saved to [home]/run.json"), "{}", saved.notes());
    let same = bench(&["--seed", "2", "--compare", &file]);
    assert_eq!(same.end, End::Code(0), "{}", same.notes());
    assert!(same.text().contains("TTFT p50 ms"), "the comparison is part of the report: {}", same.text());
    let named = bench(&["--save", "monday", "--state", "memory"]);
    assert_eq!(named.end, End::Code(1), "{}", named.notes());
    assert_eq!(
        named.notes(),
        "error: there is no directory for saved runs\nhint: give a path, such as `./monday.json`\n"
    );
}

#[test]
fn named_runs_are_saved_in_the_folder_of_the_state() {
    let home = simulated();
    let state = home.path().join("elsewhere");
    let saved = run(&home, &["--state", &state.display().to_string(), "-m", "sim/slow", "-n", "3", "--save", "monday"]);
    assert_eq!(saved.end, End::Code(0), "{}", saved.notes());
    assert!(state.join("bench/monday.json").exists());
}

#[test]
fn rules_bind_the_prompts_of_bench() {
    let server = Server::start();
    let rule = "[[groups.main.rules]]\nwhen = 'contains_pii(prompt)'\nuse = \"lab/byte-by-byte\"\n";
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/good", "").rest(rule);
    let home = Arc::new(Home::with(&profile.text()));
    let private = run(&home, &["-n", "2", "Answer ada@example.org"]);
    assert_eq!(private.end, End::Code(0), "{}", private.notes());
    assert_eq!((server.count("good"), server.count("byte-by-byte")), (0, 2), "the rule keeps the prompt away");
    assert_eq!(run(&home, &["-n", "2", "Why is the sky blue?"]).end, End::Code(0));
    assert_eq!((server.count("good"), server.count("byte-by-byte")), (2, 2));
    let named = run(&home, &["-n", "2", "-m", "lab/good", "Answer ada@example.org"]);
    assert_eq!((named.end, server.count("good")), (End::Code(0), 4), "a model that is named is asked");
    home.write("prompts.txt", "Answer ada@example.org\nWhy is the sky blue?\n");
    let file = home.path().join("prompts.txt").display().to_string();
    let mixed = run(&home, &["-n", "2", "--prompts", &file]);
    assert_eq!((mixed.end, server.count("good")), (End::Code(2), 4), "{}", mixed.notes());
    assert!(mixed.notes().contains("different targets"), "{}", mixed.notes());
}

#[test]
fn ctrl_c_prints_the_summary_so_far() {
    let server = Server::start();
    // On a host of its own, so that no call waits for another one.
    let other = Server::start();
    let profile = Profile::new()
        .provider("lab", "openai", &server.url())
        .provider("other", "openai", &other.url())
        .deployment("lab/gate", "")
        .deployment("other/good", "");
    let home = Arc::new(Home::with(&profile.text()));
    let running = Run::at(&home).env("LAB_KEY", KEY).env("OTHER_KEY", KEY).args(["bench", "--no-learn"]).start();
    assert!(server.wait_for_call("gate", LIMIT) && other.wait_for_call("good", LIMIT));
    running.signal(Signal::SIGINT);
    let output = running.output();
    assert_eq!(output.end, End::Signal(Signal::SIGINT), "{}", output.notes());
    assert!(output.text().contains("of 40 × 2 deployments"), "{}", output.text());
}

#[test]
fn a_sweep_is_a_table_of_loads() {
    let output = run(&simulated(), &["--seed", "3", "-n", "4", "--sweep", "1,4"]);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    insta::assert_snapshot!("sweep", output.text());
}

#[test]
fn a_search_finds_the_highest_load_that_meets_the_objective() {
    // It answers at once under any load, so every rate meets the objective.
    let slow = run(&simulated(), &["--seed", "3", "-m", "sim/slow", "--find-limit", "--slo", "ttft=100ms", "-n", "80"]);
    assert_eq!(slow.end, End::Code(0), "{}", slow.notes());
    assert!(slow.text().ends_with("sim/slow holds none of the tried rates\n"), "{}", slow.text());
    let few = run(&simulated(), &["--find-limit", "-n", "10"]);
    assert_eq!(few.end, End::Code(2), "{}", few.notes());
}

#[test]
fn a_rehearsal_scores_the_group() {
    let output = run(&simulated(), &["--seed", "3", "--inject", "503@20%,stall@5%,cut@4@10%,slow=2s"]);
    assert_eq!((output.end, output.notes()), (End::Code(0), String::new()));
    insta::assert_snapshot!("rehearsal", output.text());
    let wrong = run(&simulated(), &["--inject", "5o3"]);
    assert_eq!(wrong.end, End::Code(2), "{}", wrong.notes());
    let nobody = run(&simulated(), &["--inject", "sim/none:503"]);
    assert!(nobody.notes().contains("the group has no deployment `sim/none`"), "{}", nobody.notes());
}

#[test]
fn contradictory_arguments_are_refused() {
    for (args, want) in [
        (&["--slo", "tft=1s"][..], "is none of ttft, tpot, e2e"),
        (&["--rate", "0"], "`--rate 0` is not a rate"),
        (&["--arrival", "poisson"], "`--arrival poisson` needs a rate"),
        (&["--max-cost=-1"], "is not an amount"),
        (&["--sweep", "0"], "`--sweep 0` has no calls in flight"),
        (&["--save", "a b"], "`a b` is not a valid name of a run"),
        (&["--sweep", "1,2", "--csv"], "cannot be used with"),
    ] {
        let output = run(&simulated(), args);
        assert_eq!(output.end, End::Code(2), "{args:?}: {}", output.notes());
        assert!(output.notes().contains(want), "{args:?}: {}", output.notes());
    }
}

#[test]
fn a_connection_closed_between_calls_is_not_a_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    // Answers one call on each connection as if more could follow, and drops what comes next unread.
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        const BODY: &str =
            "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let mut seen = [0; 16 << 10];
            if socket.read(&mut seen).unwrap_or(0) == 0 {
                return;
            }
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", BODY.len());
            let _ = socket.write_all((head + BODY).as_bytes());
            let _ = socket.read(&mut seen);
        }
    });
    let profile = Profile::new().provider("lab", "openai", &url).deployment("lab/good", "");
    let home = Arc::new(Home::with(&profile.text()));
    let output = run(&home, &["-n", "5", "--json", "--no-learn"]);
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    assert_eq!(object(&output)["summary"]["targets"][0]["good"], 5, "{}", output.text());
    // No more calls: an empty connection ends the server.
    drop(std::net::TcpStream::connect(url.trim_start_matches("http://")));
    server.join().expect("it ends");
}
