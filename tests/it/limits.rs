//! Limits hold: for many processes at once, and over minutes of one process on a paused clock.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use llmroute_core::model::{Event, Prompt, Timestamp};
use llmroute_core::routing::failover::Stop;
use llmroute_router::builder::Environment;
use llmroute_router::engine::{Delivery, Engine, Observer, Request, RouteError, RouteErrorKind, RouterEvent};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{EnvVars, LoadOptions, Profile, Source};
use llmroute_router::state::{StateLocation, database};
use nix::sys::signal::Signal;

use crate::support::faults::{Body, Fault, Reply};
use crate::support::{ANSWER, End, Home, KEY, Run, Server};

/// A profile whose group `main` has the keys `group` and these deployments at the server.
fn profile(server: &Server, group: &str, deployments: &str) -> String {
    let url = server.url();
    format!(
        "version = 1\ndefault_group = \"main\"\n\
         [providers.lab]\nprotocol = \"openai\"\nbase_url = \"{url}\"\napi_key = \"env:LAB_KEY\"\n\
         [providers.claude]\nprotocol = \"anthropic\"\nbase_url = \"{url}\"\napi_key = \"env:LAB_KEY\"\n\
         [groups.main]\nnum_retries = 3\n{group}\ndeployments = [{deployments}]\n"
    )
}

fn ask(home: &Arc<Home>) -> Run {
    Run::at(home).args(["ask", "--no-stdin", "why is the sky blue?"]).env("LAB_KEY", KEY)
}

fn home(profile: &str) -> Arc<Home> {
    Arc::new(Home::with(profile))
}

/// Starts `processes` at once; returns the numbers of answers and of exit code 75.
fn storm(home: &Arc<Home>, processes: usize) -> (usize, usize) {
    let runs: Vec<_> = (0..processes).map(|_| ask(home).limit(Duration::from_secs(120)).start()).collect();
    let (mut answered, mut later) = (0, 0);
    for run in runs {
        let output = run.output();
        match output.end {
            End::Code(0) => {
                assert_eq!(output.text().trim_end(), ANSWER);
                answered += 1;
            }
            End::Code(75) => later += 1,
            other => panic!("{other:?}: {}", output.notes()),
        }
    }
    (answered, later)
}

#[test]
fn a_hundred_processes_at_once_start_exactly_rpm_calls() {
    let server = Server::start();
    let home = home(&profile(&server, "max_wait = \"1s\"", "{ model = \"lab/good\", rpm = 20 }"));
    assert_eq!(storm(&home, 100), (20, 80));
    assert_eq!(server.count("good"), 20);
}

#[test]
fn limits_of_a_group_and_of_a_provider_cover_their_deployments() {
    let server = Server::start();
    let both = "{ model = \"lab/good\" }, { model = \"claude/good\", order = 2 }";
    let group = home(&profile(&server, "max_wait = 0\nrpm = 5", both));
    assert_eq!(storm(&group, 10), (5, 5));
    let text = profile(&server, "max_wait = 0", both).replace("[providers.lab]\n", "[providers.lab]\nrpm = 3\n");
    let text = text.replace("[providers.claude]\n", "[providers.claude]\nrpd = 4\n");
    assert_eq!(storm(&home(&text), 10), (7, 3));
    assert_eq!(server.calls().len(), 12);
}

#[test]
fn the_limit_of_one_group_does_not_affect_another() {
    let server = Server::start();
    let text = profile(&server, "max_wait = 0\nfallbacks = [\"cheap\"]", "{ model = \"lab/good\" }");
    let cheap =
        "[groups.cheap]\nrpm = 1\nbudget = \"5 USD/day\"\nmax_wait = 0\ndeployments = [{ model = \"lab/good\" }]\n";
    let home = home(&format!("{text}{cheap}"));
    let output = ask(&home).args(["-m", "cheap"]).output();
    assert_eq!(output.end, End::Code(69), "no price under a budget: {}", output.notes());
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let output =
        Run::at(&home).args(["route", "--json", "-m", "cheap", "--no-stdin", "hello"]).env("LAB_KEY", KEY).output();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(said["candidates"][0]["skipped"].as_str().is_some_and(|why| why.contains("price unknown")), "{said}");
}

#[test]
fn the_deadline_ends_the_wait_for_a_state_that_is_locked() {
    let server = Server::start();
    let home = home(&profile(&server, "deadline = \"1s\"", "{ model = \"lab/good\", rpm = 20 }"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let path = database(&home.path().join(".local/state/llmroute"));
    let other = rusqlite::Connection::open(path).expect("the state is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody holds it");
    assert_eq!(ask(&home).output().end, End::Code(124));
    assert_eq!(server.count("good"), 1);
}

#[test]
fn a_limited_request_is_told_when_to_retry() {
    let server = Server::start();
    let home = home(&profile(&server, "max_wait = \"1s\"", "{ model = \"lab/good\", rpm = 1 }"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let output = ask(&home).output();
    assert_eq!(output.end, End::Code(75));
    assert!(output.notes().contains("llmroute: lab/good skipped (rpm, next slot in "), "{}", output.notes());
    assert!(output.notes().contains("rate limited; next slot in "), "{}", output.notes());
}

#[test]
fn max_parallel_requests_holds_across_processes() {
    let server = Server::start();
    let home = home(&profile(&server, "", "{ model = \"lab/gate\", max_parallel_requests = 1 }"));
    let first = ask(&home).start();
    assert!(server.wait_for_call("gate", Duration::from_secs(30)));
    let second = ask(&home).start();
    second.wait_for_stderr("for lab/gate");
    assert_eq!(server.count("gate"), 1);
    server.open_gate();
    first.output().is(0, &format!("{ANSWER}\n"), "");
    assert_eq!(second.output().end, End::Code(0));
    assert_eq!(server.count("gate"), 2);
}

#[test]
fn a_stopped_call_releases_its_lease_at_once() {
    let server = Server::start();
    let home = home(&profile(
        &server,
        "max_wait = 0",
        "{ model = \"lab/gate\", max_parallel_requests = 1, tags = [\"gate\"] }",
    ));
    let first = ask(&home).start();
    assert!(server.wait_for_call("gate", Duration::from_secs(30)));
    assert_eq!(ask(&home).output().end, End::Code(75));
    first.signal(Signal::SIGINT);
    assert_eq!(first.output().end, End::Signal(Signal::SIGINT));
    server.open_gate();
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
}

/// Makes the calls that a limit counted look as much older.
fn age_calls(home: &Home, by: Duration) {
    let path = database(&home.path().join(".local/state/llmroute"));
    let state = rusqlite::Connection::open(path).expect("the state is there");
    let (key, value): (String, String) = state
        .query_row("SELECT key, value FROM cells WHERE key LIKE 'limits/%'", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("calls were counted");
    let mut meter: serde_json::Value = serde_json::from_str(&value).expect("JSON");
    let by = i64::try_from(by.as_millis()).expect("a short time");
    // The later entries are relative to the first one.
    let first = &mut meter["counted"][0]["window"][0][0];
    *first = (first.as_i64().expect("a time") - by).into();
    state.execute("UPDATE cells SET value = ?2 WHERE key = ?1", (&key, meter.to_string())).expect("it can be written");
}

/// Three calls use up a limit; three waiters get `signal`, and three more come. These are served as soon as there
/// is room.
fn check_waiters_that_end(signal: Signal) {
    let server = Server::start();
    let home = home(&profile(&server, "max_wait = \"30s\"", "{ model = \"lab/good\", rpm = 3 }"));
    (0..3).for_each(|_| ask(&home).output().is(0, &format!("{ANSWER}\n"), ""));
    age_calls(&home, Duration::from_secs(52));
    let wait = |_| {
        let run = ask(&home).start();
        run.wait_for_stderr("for lab/good");
        run
    };
    let first: Vec<_> = (0..3).map(wait).collect();
    first.iter().for_each(|run| run.signal(signal));
    let second: Vec<_> = (0..3).map(wait).collect();
    for run in second {
        let output = run.output();
        assert_eq!(output.end, End::Code(0), "{signal}: {}", output.notes());
    }
    assert_eq!(server.count("good"), 6);
    if signal == Signal::SIGSTOP {
        first.iter().for_each(|run| run.signal(Signal::SIGKILL));
    }
}

#[test]
fn waiters_that_are_interrupted_leave_the_queue() {
    check_waiters_that_end(Signal::SIGINT);
    check_waiters_that_end(Signal::SIGTERM);
}

#[test]
fn waiters_that_are_killed_or_stopped_lose_their_place() {
    check_waiters_that_end(Signal::SIGKILL);
    check_waiters_that_end(Signal::SIGSTOP);
}

#[test]
fn a_waiter_behind_more_requests_than_there_is_room_for_is_refused_early() {
    let server = Server::start();
    let home = home(&profile(&server, "max_wait = \"58s\"", "{ model = \"lab/good\", rpm = 1 }"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    age_calls(&home, Duration::from_secs(40));
    let first = ask(&home).start();
    first.wait_for_stderr("for lab/good");
    let output = ask(&home).limit(Duration::from_secs(10)).output();
    assert_eq!(output.end, End::Code(75), "{}", output.notes());
    first.signal(Signal::SIGTERM);
}

#[test]
fn deployments_with_one_key_for_one_model_share_a_gate() {
    let server = Server::start();
    let twins = "{ model = \"lab/429-seconds\", name = \"a\" }, \
                 { model = \"lab/429-seconds\", name = \"b\", order = 2 }, \
                 { model = \"claude/429-seconds\", name = \"c\", order = 3 }";
    let home = home(&profile(&server, "max_wait = \"1s\"", twins));
    assert_eq!(ask(&home).output().end, End::Code(75));
    assert_eq!(server.calls().len(), 1, "who is told to wait does not ask under another name");
    assert_eq!(ask(&home).output().end, End::Code(75));
    assert_eq!(server.calls().len(), 1, "nor does the next process");
}

#[test]
fn rate_limit_headers_are_obeyed_by_the_next_process() {
    const EMPTY: &[(&str, &str)] = &[
        ("content-type", "application/json"),
        ("x-ratelimit-limit-requests", "2"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "300s"),
    ];
    let reply = Reply::Plain { status: 200, headers: EMPTY, body: Body::Whole };
    let server = Server::with(&[Fault { name: "spent", first: reply, later: reply }]);
    let home = home(&profile(&server, "", "{ model = \"lab/spent\" }, { model = \"lab/good\", order = 2 }"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let output = ask(&home).output();
    assert_eq!(output.end, End::Code(0));
    let skipped = "lab/spent skipped (the provider's limit of requests, next slot in ";
    assert!(output.notes().contains(skipped), "{}", output.notes());
    assert_eq!(server.models(), ["spent", "good"]);
}

#[test]
fn limits_are_not_guessed_while_the_state_is_locked() {
    let server = Server::start();
    let home = home(&profile(&server, "", "{ model = \"lab/good\", rpm = 20 }"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let path = database(&home.path().join(".local/state/llmroute"));
    let other = rusqlite::Connection::open(path).expect("the state is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody holds it");
    let output = ask(&home).output();
    assert_eq!(output.end, End::Code(75));
    assert!(output.notes().contains("no limit can be checked"), "{}", output.notes());
    assert_eq!(server.count("good"), 1);
}

#[test]
fn without_a_state_limits_hold_per_process_with_a_warning() {
    let server = Server::start();
    let home = home(&profile(&server, "", "{ model = \"lab/good\", rpm = 20 }"));
    let output = ask(&home).args(["--state", "/dev/null"]).output();
    assert_eq!(output.end, End::Code(0));
    assert!(output.notes().contains("limits and cooldowns hold for this process only"), "{}", output.notes());
}

#[test]
fn the_log_leaves_out_what_the_profile_says() {
    let server = Server::start();
    let with = |log: &str| home(&format!("log = {log}\n{}", profile(&server, "", "{ model = \"lab/good\" }")));
    let logged = |home: &Arc<Home>| {
        ask(home).output().is(0, &format!("{ANSWER}\n"), "");
        Run::at(home).args(["logs", "last", "--json"]).output()
    };
    let output = logged(&with("{ redact = [\"[Ss]ky\"] }"));
    assert!(output.text().contains("why is the [redacted] blue?"), "{}", output.text());
    assert!(!output.text().to_lowercase().contains("sky"), "{}", output.text());
    let output = logged(&with("{ where = \"off\" }"));
    assert_eq!((output.end, output.text()), (End::Code(66), String::new()), "{}", output.notes());
}

#[test]
fn the_end_of_a_request_is_not_delayed_beyond_its_deadline_by_a_locked_state() {
    let server = Server::start();
    let home = home(&profile(&server, "deadline = \"1s\"", "{ model = \"lab/good\" }"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let path = database(&home.path().join(".local/state/llmroute"));
    let other = rusqlite::Connection::open(path).expect("the state is there");
    other.execute_batch("BEGIN EXCLUSIVE").expect("nothing holds it");
    assert_eq!(ask(&home).output().end, End::Code(0), "an answer is complete without the state");
}

#[test]
fn a_lost_state_denies_calls_with_a_limit_where_the_profile_says_so() {
    let server = Server::start();
    let with = |deployment: &str| profile(&server, "", deployment);
    let limited = format!("on_state_loss = \"deny\"\n{}", with("{ model = \"lab/good\", rpm = 20 }"));
    let output = ask(&home(&limited)).args(["--state", "/dev/null"]).output();
    assert_eq!(output.end, End::Code(75), "{}", output.notes());
    assert!(output.notes().contains("no limit can be checked"), "{}", output.notes());
    assert_eq!(server.count("good"), 0);
    let free = format!("on_state_loss = \"deny\"\n{}", with("{ model = \"lab/good\" }"));
    assert_eq!(ask(&home(&free)).args(["--state", "/dev/null"]).output().end, End::Code(0));
}

#[test]
fn a_locked_state_allows_calls_with_a_limit_where_the_profile_says_so() {
    let server = Server::start();
    let text = profile(&server, "", "{ model = \"lab/good\", rpm = 20 }");
    let home = home(&format!("on_state_loss = \"allow\"\n{text}"));
    ask(&home).output().is(0, &format!("{ANSWER}\n"), "");
    let path = database(&home.path().join(".local/state/llmroute"));
    let other = rusqlite::Connection::open(path).expect("the state is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("nothing holds it");
    assert_eq!(ask(&home).output().end, End::Code(0));
    assert_eq!(server.count("good"), 2);
}

#[test]
fn a_deployment_without_a_price_is_not_called_under_a_budget() {
    let server = Server::start();
    let priced = "input_cost_per_token = 0.0, output_cost_per_token = 0.0";
    let both = format!("{{ model = \"lab/other\" }}, {{ model = \"lab/good\", order = 2, {priced} }}");
    let home = home(&profile(&server, "budget = \"1 USD/day\"", &both));
    let note = "llmroute: lab/other skipped (price unknown, and there is a cost cap or a budget)\n";
    ask(&home).output().is(0, &format!("{ANSWER}\n"), note);
}

/// One process that lives for minutes on a paused clock.
struct Life {
    router: Engine,
    group: llmroute_core::routing::GroupId,
    clock: Clock,
    rng: fastrand::Rng,
}

const START: Timestamp = Timestamp(1_790_000_000_000);
/// Answers three words at 100 ms.
const SCRIPT: &str = "latency = \"50ms\", ttft = \"100ms\", itl = \"0s\", text = \"one two three\"";

struct Silent;

impl Observer for Silent {
    fn on_event(&mut self, _: RouterEvent<'_>) {}
    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Life {
    fn new(group: &str, deployment: &str) -> Self {
        Self::with(SCRIPT, group, deployment)
    }

    fn with(script: &str, group: &str, deployment: &str) -> Self {
        let text = format!(
            "version = 1\n[providers.sim]\nprotocol = \"mock\"\n[groups.main]\n{group}\n\
             deployments = [{{ model = \"sim/a\", {script}, {deployment} }}]"
        );
        let vars = EnvVars::default();
        let profile = Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: true })
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        let (group, clock) = (profile.default_group, Clock::starting_at(START));
        let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
        Self { router: Engine::from_profile(profile, &around), group, clock, rng: fastrand::Rng::with_seed(1) }
    }

    async fn ask(&mut self) -> Result<(), RouteError> {
        let request = Request::new(self.group, Prompt::user("hello"), Delivery::Whole, self.clock.now());
        self.router.run(&request, &mut self.rng, &mut Silent).await.map(drop)
    }

    /// Makes a request; returns the second in which it ended, or the time until there is room.
    async fn tell(&mut self) -> String {
        match self.ask().await {
            Ok(()) => format!("{}", self.clock.now().since(START).as_secs()),
            Err(RouteError { why: RouteErrorKind::Stopped(Stop::RateLimited { next }), .. }) => {
                format!("+{}", next.as_secs_f64().round())
            }
            Err(error) => format!("{:?}", error.why),
        }
    }
}

/// Makes requests at these seconds, one after the other.
async fn check(group: &str, deployment: &str, seconds: &[u64], want: &str) {
    let mut life = Life::new(group, deployment);
    let mut told = Vec::new();
    for second in seconds {
        let at = START.after(Duration::from_secs(*second));
        tokio::time::advance(at.since(life.clock.now())).await;
        told.push(life.tell().await);
    }
    assert_eq!(told.join(" "), want);
}

#[tokio::test(start_paused = true)]
async fn rpm_is_a_sliding_window() {
    check("max_wait = 0", "rpm = 2", &[0, 30, 31, 59, 60, 61, 90], "0 30 +29 +1 60 +29 90").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_up_to_max_wait() {
    check("max_wait = \"20s\"", "rpm = 1", &[0, 30, 45], "0 +30 60").await;
}

#[tokio::test(start_paused = true)]
async fn a_waiter_beyond_max_wait_fails_once_those_ahead_are_known_to_wait() {
    let mut life = Life::new("max_wait = \"40s\"", "rpm = 2");
    assert_eq!(life.tell().await, "0");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(life.tell().await, "30");
    let life = &life;
    let ask = |after| async move {
        tokio::time::sleep(Duration::from_secs(after)).await;
        let request = Request::new(life.group, Prompt::user("hello"), Delivery::Whole, life.clock.now());
        let ended = life.router.run(&request, &mut fastrand::Rng::with_seed(after), &mut Silent).await;
        let next = match ended.map_err(|error| error.why) {
            Ok(_) => None,
            Err(RouteErrorKind::Stopped(Stop::RateLimited { next })) => Some(next.as_secs_f64().round() as u64),
            Err(other) => panic!("{other:?}"),
        };
        (life.clock.now().since(START).as_secs(), next)
    };
    let ended = tokio::join!(ask(1), ask(2));
    assert_eq!(ended, ((60, None), (35, Some(55))), "the slot that opens at 60 s belongs to the first");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_gives_up_its_place() {
    let mut life = Life::new("max_wait = \"1m\"", "rpm = 1");
    assert_eq!(life.tell().await, "0");
    let life = &life;
    let ask = |after| async move {
        tokio::time::sleep(Duration::from_secs(after)).await;
        let request = Request::new(life.group, Prompt::user("hello"), Delivery::Whole, life.clock.now());
        life.router.run(&request, &mut fastrand::Rng::with_seed(after), &mut Silent).await.is_ok()
    };
    let given_up = tokio::time::timeout(Duration::from_secs(31), ask(20));
    let (given_up, second) = tokio::join!(given_up, ask(30));
    assert!(given_up.is_err() && second);
    assert_eq!(life.clock.now().since(START).as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn rpd_is_a_sliding_window() {
    check("max_wait = 0", "rpd = 2", &[0, 3600, 7200, 86_400, 86_401], "0 3600 +79200 86400 +3599").await;
}

#[tokio::test(start_paused = true)]
async fn used_tokens_replace_the_reserved_estimate() {
    // The first estimate is a thousand tokens an answer; each takes fewer than ten.
    check("max_wait = 0", "tpm = 1100", &[0, 1, 2, 3], "0 1 2 3").await;
    check("max_wait = 0", "tpm = 12", &[0, 1, 2, 60], "0 1 +58 60").await;
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_spent_and_renewed() {
    let price = "input_cost_per_token = 0.0, output_cost_per_token = 0.1";
    check("max_wait = 0", &format!("{price}, budget = \"0.7 USD/hour\""), &[0, 1, 2, 3600], "0 1 +3598 3600").await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_releases_its_lease_and_stays_counted() {
    let mut life = Life::new("max_wait = 0", "max_parallel_requests = 1, rpm = 2");
    let cut = tokio::time::timeout(Duration::from_millis(60), life.ask()).await;
    assert!(cut.is_err(), "it was under way");
    assert_eq!(life.tell().await, "0");
    assert_eq!(life.tell().await, "+60", "two calls were sent");
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_counts_towards_rpm_and_the_next_deployment_is_called() {
    check(
        "num_retries = 0\nmax_wait = 0\ncooldown_time = 1",
        "rpm = 2, faults = \"400\"",
        &[0, 1, 2],
        "Stopped(Refused) Stopped(Refused) +58",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_renews_its_lease() {
    let life = Life::with(
        "latency = \"50ms\", ttft = \"100ms\", itl = \"40s\", text = \"one two three\"",
        "max_wait = 0",
        "max_parallel_requests = 1",
    );
    let life = &life;
    let ask = |after| async move {
        tokio::time::sleep(Duration::from_secs(after)).await;
        let request = Request::new(life.group, Prompt::user("hello"), Delivery::Whole, life.clock.now());
        let ended = life.router.run(&request, &mut fastrand::Rng::with_seed(after), &mut Silent).await;
        ended.map(drop).map_err(|error| error.why)
    };
    let (first, second) = tokio::join!(ask(0), ask(70));
    assert!(first.is_ok());
    assert!(matches!(second, Err(RouteErrorKind::Stopped(Stop::RateLimited { .. }))), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn four_calls_go_first_to_an_unknown_deployment() {
    let life = Life::new("", "weight = 1");
    let clock = life.clock;
    let calls = (0..10).map(|_| async {
        let mut begun = Begun { clock, at: Vec::new() };
        let request = Request::new(life.group, Prompt::user("hello"), Delivery::Whole, clock.now());
        let mut rng = fastrand::Rng::with_seed(1);
        life.router.run(&request, &mut rng, &mut begun).await.expect("it answers");
        begun.at[0]
    });
    let mut begun = futures_util::future::join_all(calls).await;
    begun.sort_unstable();
    assert_eq!(begun, [0, 0, 0, 0, 50, 50, 50, 50, 50, 50], "the head of the first reply comes at 50 ms");
}

/// Records the start times of calls, in milliseconds.
struct Begun {
    clock: Clock,
    at: Vec<u128>,
}

impl Observer for Begun {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        if matches!(note, RouterEvent::Calling { .. }) {
            self.at.push(self.clock.now().since(START).as_millis());
        }
    }
    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
