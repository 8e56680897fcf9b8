//! Strategies: what requests teach, what processes share, and `exec:` commands.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use llmroute_core::model::{Event, Prompt, Timestamp};
use llmroute_core::routing::GroupId;
use llmroute_core::routing::estimate::{Prior, PromptLength};
use llmroute_core::routing::snapshot::DeploymentState;
use llmroute_router::builder::Environment;
use llmroute_router::engine::{Delivery, Engine, Observer, Request, RouterEvent};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{EnvVars, LoadOptions, Profile, Source};
use llmroute_router::state::{self, StateLocation};

use crate::support::{End, Home, Input, Run};

const START: Timestamp = Timestamp(1_790_000_000_000);

/// Simulated deployments `a` (slow) and `b` (fast) in a group that orders them by `strategy`.
fn text(settings: &str) -> String {
    format!(
        "version = 1\n[providers.sim]\nprotocol = \"mock\"\n[groups.main]\n{settings}\ndeployments = [\
         {{ model = \"sim/a\", name = \"a\", latency = \"10ms\", ttft = \"900ms\", itl = \"10ms\", tokens = 20 }}, \
         {{ model = \"sim/b\", name = \"b\", latency = \"10ms\", ttft = \"100ms\", itl = \"10ms\", tokens = 20 }}]"
    )
}

fn router(settings: &str, state: &StateLocation) -> Engine {
    let vars = EnvVars::default();
    let inputs = LoadOptions { env: &vars, long_lived: true };
    let profile = Profile::parse(Source::Demo, &text(settings), &inputs).unwrap_or_else(|error| panic!("{error}"));
    Engine::from_profile(profile, &Environment { vars: &vars, state, clock: Clock::starting_at(START), seed: 1 })
}

/// Records a failure to get an order.
#[derive(Default)]
struct Quiet(usize);

impl Observer for Quiet {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        self.0 += usize::from(matches!(note, RouterEvent::Unordered { .. }));
    }
    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn question(router: &Engine) -> Request {
    let group = GroupId(0);
    assert_eq!(router.map().group(group).name, "main");
    Request::new(group, Prompt::user("hello"), Delivery::Whole, START)
}

/// The deployment that answers; `true` if getting the order failed.
async fn ask(router: &Engine, seed: u64) -> (String, bool) {
    let mut watcher = Quiet::default();
    let request = question(router);
    let done = router.run(&request, &mut fastrand::Rng::with_seed(seed), &mut watcher).await.expect("both answer");
    (router.map().deployment(done.deployment).name.clone(), watcher.0 > 0)
}

fn cell(router: &Engine, state: &StateLocation, name: &str) -> DeploymentState {
    let deployment = router.map().deployments.iter().find(|deployment| deployment.name == name).expect("it is there");
    let store = state::open(state);
    let values = store.read(&[format!("deployment/{}", deployment.state_key)]).expect("it can be read");
    values[0].as_deref().map_or_else(DeploymentState::default, |json| serde_json::from_str(json).expect("it is a cell"))
}

fn dir(dir: &Path) -> StateLocation {
    StateLocation::Dir(dir.to_owned())
}

#[tokio::test(start_paused = true)]
async fn round_robin_is_shared_by_processes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let state = dir(folder.path());
    let processes: Vec<Engine> = (0..3).map(|_| router("routing_strategy = \"round-robin\"", &state)).collect();
    let mut asked = String::new();
    for router in processes.iter().cycle().take(6) {
        asked += &ask(router, 1).await.0;
    }
    assert_eq!(asked, "ababab");
}

#[tokio::test(start_paused = true)]
async fn round_robin_works_in_a_fallback_group() {
    let rest = "routing_strategy = \"round-robin\"\nfallbacks = []";
    let main = "[groups.down]\nfallbacks = [\"main\"]\n\
                deployments = [{ model = \"sim/c\", name = \"c\", faults = \"401\", latency = \"1ms\" }]\n";
    let text = text(rest).replace("[groups.main]", &format!("{main}[groups.main]"));
    let vars = EnvVars::default();
    let profile = Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: true })
        .unwrap_or_else(|error| panic!("{error}"));
    let clock = Clock::starting_at(START);
    let router =
        Engine::from_profile(profile, &Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 });
    let mut asked = String::new();
    for seed in 0..4 {
        let request = Request::new(GroupId(0), Prompt::user("hello"), Delivery::Whole, clock.now());
        let mut rng = fastrand::Rng::with_seed(seed);
        let done = router.run(&request, &mut rng, &mut Quiet::default()).await.expect("the fallback answers");
        asked += &router.map().deployment(done.deployment).name;
    }
    assert_eq!(asked, "abab");
}

#[tokio::test(start_paused = true)]
async fn the_faster_deployment_is_learnt_and_shared() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let state = dir(folder.path());
    let mut asked = String::new();
    for seed in 0..20 {
        // Each request is a process of its own.
        asked += &ask(&router("routing_strategy = \"latency-based-routing\"", &state), seed).await.0;
    }
    assert!(asked.ends_with("bbbbbbbbbb"), "{asked}");
    let router = router("routing_strategy = \"latency-based-routing\"", &state);
    let estimates = cell(&router, &state, "b").estimates;
    let read = |what: &llmroute_core::routing::estimate::ByLength, prior: &Prior| {
        what.read(PromptLength::Short, prior, START, None).expect("it was measured").median()
    };
    let (ttft, seconds_per_token, output) = (
        read(&estimates.ttft, &Prior::TTFT),
        read(&estimates.seconds_per_token, &Prior::SECONDS_PER_TOKEN),
        estimates.output.expected(PromptLength::Short),
    );
    assert!((0.09..0.15).contains(&ttft), "{ttft}");
    assert!((0.009..0.015).contains(&seconds_per_token), "{seconds_per_token}");
    assert!((18.0..40.0).contains(&output), "{output}");
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_as_in_flight_only_while_it_lasts() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let state = dir(folder.path());
    let router = router("routing_strategy = \"least-busy\"", &state);
    let (first, _) = ask(&router, 1).await;
    assert!(cell(&router, &state, &first).leases.is_empty());
    // A dropped call releases its lease, too.
    let request = question(&router);
    let (mut rng, mut watcher) = (fastrand::Rng::with_seed(1), Quiet::default());
    let call = router.run(&request, &mut rng, &mut watcher);
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    // A dropped request does not wait for its writes.
    assert!(router.flush_blocking(Duration::from_secs(5)));
    for name in ["a", "b"] {
        assert!(cell(&router, &state, name).leases.is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn simultaneous_requests_spread_over_idle_deployments() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let state = dir(folder.path());
    let router = router("routing_strategy = \"least-busy\"", &state);
    let request = question(&router);
    let (mut rng, mut watcher) = (fastrand::Rng::with_seed(1), Quiet::default());
    let call = router.run(&request, &mut rng, &mut watcher);
    tokio::pin!(call);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut call).await.is_err());
    let busy = if cell(&router, &state, "a").leases.is_empty() { "b" } else { "a" };
    for seed in 0..5 {
        assert_ne!(ask(&router, seed).await.0, busy);
    }
}

#[tokio::test]
async fn an_exec_command_decides_the_order() {
    let router = router("routing_strategy = \"exec:echo '[\\\"a\\\"]'\"", &StateLocation::Memory);
    // On a busy machine a command may exceed its 200 ms; then it is reported and tried again.
    for seed in 0..50 {
        let (who, complaint) = ask(&router, seed).await;
        if !complaint {
            assert_eq!(who, "a");
            return;
        }
    }
    panic!("the command never answered in time");
}

/// Runs `ask hi` with these arguments; returns the exit code, stdout and stderr.
fn run(settings: &str, args: &[&str]) -> (End, String, String) {
    let output = Run::with(&text(settings)).args(["ask", "hi"]).args(args.to_vec()).input(Input::Null).output();
    (output.end, output.text(), output.notes())
}

#[test]
fn an_exec_command_gets_the_prompt_the_tags_and_the_user() {
    let home = std::sync::Arc::new(Home::with(&text("")));
    let strategy = r#"exec:cat > "$HOME/question"; echo '["a"]'"#;
    let args = ["ask", "hi", "--system", "be brief", "--user", "ann", "--tag", "team", "--strategy", strategy];
    // On a busy machine the command may exceed its 200 ms.
    for _ in 0..50 {
        assert_eq!(Run::at(&home).args(args).output().end, 0.into());
        let question = std::fs::read_to_string(home.path().join("question")).unwrap_or_default();
        let Ok(question) = serde_json::from_str::<serde_json::Value>(&question) else { continue };
        let request = &question["request"];
        let got = ["prompt", "system", "tags", "user"].map(|name| request[name].clone());
        assert_eq!(got, ["hi".into(), "be brief".into(), serde_json::json!(["team"]), "ann".into()]);
        return;
    }
    panic!("the command never had the time to read its input");
}

#[test]
fn a_failed_exec_command_is_one_warning() {
    let (end, _, notes) = run("", &["--strategy", "exec:exit 3"]);
    assert_eq!(end, 0.into(), "{notes}");
    assert_eq!(notes.lines().filter(|line| line.contains("gave no order")).count(), 1, "{notes}");
}

#[test]
fn an_unknown_strategy_is_a_usage_error() {
    let (end, _, notes) = run("", &["--strategy", "least-bussy"]);
    assert_eq!(end, 2.into(), "{notes}");
    assert!(notes.contains("did you mean `least-busy`?"), "{notes}");
}

#[test]
fn a_user_stays_on_one_experiment_arm() {
    let first = |user| {
        let (_, plan, _) = run("sticky = \"user\"", &["--user", user, "--dry-run"]);
        plan.lines().find_map(|line| line.strip_prefix("1. ").map(str::to_owned)).expect("somebody is asked")
    };
    assert_eq!([first("ann"), first("ann"), first("eve"), first("eve")], ["a", "a", "b", "b"]);
}

/// Round-robin in a fallback group: simultaneous processes get different turns.
#[test]
fn simultaneous_processes_get_different_turns_in_a_fallback_group() {
    let home = std::sync::Arc::new(Home::with(
        "[providers.sim]\nprotocol = \"mock\"\n\
         [groups.main]\nnum_retries = 0\nfallbacks = [\"many\"]\ndeployments = [{ model = \"sim/dead\", faults = \"401\" }]\n\
         [groups.many]\nrouting_strategy = \"round-robin\"\ndeployments = [{ model = \"sim/a\" }, { model = \"sim/b\" }, \
         { model = \"sim/c\" }, { model = \"sim/d\" }]\n",
    ));
    let runs: Vec<_> =
        (0..8).map(|_| Run::at(&home).args(["ask", "--json", "-m", "main", "--no-stdin", "hi"]).start()).collect();
    let mut asked: Vec<String> = runs
        .into_iter()
        .map(|run| {
            let output = run.output();
            let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            said["deployment"].as_str().unwrap_or_else(|| panic!("{}", output.notes())).to_owned()
        })
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, ["sim/a", "sim/a", "sim/b", "sim/b", "sim/c", "sim/c", "sim/d", "sim/d"]);
}
