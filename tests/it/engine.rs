//! The engine on virtual time: simulated deployments, real failover, exact times.
//!
//! Each case is a profile of simulated deployments and the complete list of events, in milliseconds.

use std::ops::ControlFlow;
use std::time::Duration;

use llmroute_core::model::{Class, Event, Failure, Prompt, Timestamp};
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::failover::Stop;
use llmroute_core::routing::{DeploymentId, Map};
use llmroute_router::builder::Environment;
use llmroute_router::engine::{
    Delivery, Engine, Measurement, MidstreamMode, Observer, Request, RouteError, RouteErrorKind, RouterEvent,
};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{EnvVars, LoadOptions, Profile, Source};
use llmroute_router::state::StateLocation;

pub(crate) const START: Timestamp = Timestamp(1_790_000_000_000);

/// Records events with their times; stops reading after `patience` pieces of text.
pub(crate) struct Story {
    pub(crate) map: Map,
    pub(crate) clock: Clock,
    pub(crate) lines: Vec<String>,
    pub(crate) text: String,
    pub(crate) patience: usize,
}

impl Story {
    fn say(&mut self, what: &str) {
        self.flush();
        self.lines.push(format!("{} {what}", self.clock.now().since(START).as_millis()));
    }

    pub(crate) fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.lines.push(format!("  {text:?}"));
        }
    }
}

impl Observer for Story {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        let line = match note {
            RouterEvent::Skipped { deployment, .. } => format!("{} skipped", self.map.deployment(deployment).name),
            RouterEvent::Calling { deployment, wait } if wait.is_zero() => self.map.deployment(deployment).name.clone(),
            RouterEvent::Calling { deployment, wait } => {
                format!("wait {} for {}", wait.as_millis(), self.map.deployment(deployment).name)
            }
            RouterEvent::Adapted { .. } => "adapted".to_owned(),
            RouterEvent::Failed { failure, .. } => format!("failed {}", failure.class),
            RouterEvent::Restarted { .. } => "restart".to_owned(),
            RouterEvent::Resuming { at, .. } => format!("resume at {at}"),
            RouterEvent::Hedged { after, winner, .. } => {
                format!("hedged after {}, won by {}", after.as_millis(), self.map.deployment(winner).name)
            }
            RouterEvent::GoingOn { deployment } => format!("going on with {}", self.map.deployment(deployment).name),
            RouterEvent::Unordered { reason, .. } => format!("unordered: {reason}"),
            RouterEvent::State(warning) => warning.to_owned(),
        };
        self.say(&line);
    }

    fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
        if let Event::Text(text) = event {
            self.text.push_str(text);
            self.patience -= 1;
            if self.patience == 0 {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

/// A profile of one group `main` (with `settings`), whose deployments are given as `name: script`.
pub(crate) fn profile(settings: &str, deployments: &[(&str, &str)], rest: &str) -> Profile {
    let deployments: Vec<String> = deployments
        .iter()
        .enumerate()
        .map(|(order, (name, script))| {
            format!("{{ model = \"sim/{name}\", name = \"{name}\", order = {order}, {script} }}")
        })
        .collect();
    let text = format!(
        "version = 1\ndefault_group = \"main\"\n[providers.sim]\nprotocol = \"mock\"\n\
         [groups.main]\n{settings}\ndeployments = [{}]\n{rest}",
        deployments.join(", ")
    );
    let vars = EnvVars::default();
    Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: false })
        .unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// A script that answers `one two three` at 100, 110 and 120 ms.
pub(crate) const GOOD: &str = "latency = \"50ms\", ttft = \"100ms\", itl = \"10ms\", text = \"one two three\"";

pub(crate) fn faulty(faults: &str) -> String {
    format!("{GOOD}, faults = \"{faults}\"")
}

async fn tell(profile: Profile, delivery: Delivery, patience: usize) -> (Vec<String>, Result<String, RouteError>) {
    let vars = EnvVars::default();
    let clock = Clock::starting_at(START);
    let group = profile.default_group;
    let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
    let router = Engine::from_profile(profile, &around);
    let mut story = Story { map: router.map().clone(), clock, lines: Vec::new(), text: String::new(), patience };
    let request = Request::new(group, Prompt::user("hello"), delivery, START);
    let ended = router.run(&request, &mut fastrand::Rng::with_seed(1), &mut story).await;
    story.flush();
    (story.lines, ended.map(|done| done.answer.text))
}

pub(crate) async fn check(profile: Profile, delivery: Delivery, story: &str, end: &str) {
    let (lines, ended) = tell(profile, delivery, usize::MAX).await;
    let want: Vec<&str> = story
        .lines()
        .map(|line| line.strip_prefix("        ").unwrap_or(line))
        .filter(|l| !l.trim().is_empty())
        .collect();
    assert_eq!(lines, want, "{lines:#?}");
    let ended = match ended {
        Ok(text) => text,
        Err(RouteError { why: RouteErrorKind::Stopped(Stop::RateLimited { next }), .. }) => {
            format!("limited {}", next.as_millis())
        }
        Err(RouteError { why: RouteErrorKind::Stopped(stop), .. }) => format!("{stop:?}"),
        Err(RouteError { why, .. }) => format!("{why:?}"),
    };
    assert_eq!(ended, end);
}

pub(crate) const STREAMED: Delivery = Delivery::Streamed(MidstreamMode::Exact);

#[tokio::test(start_paused = true)]
async fn an_answer_streams() {
    check(profile("", &[("a", GOOD)], ""), STREAMED, "0 a\n  \"one two three\"", "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_the_first_token_is_invisible() {
    let profile = profile("", &[("a", &faulty("503")), ("b", GOOD)], "");
    check(profile, STREAMED, "0 a\n50 failed overloaded\n50 b\n  \"one two three\"", "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_ended_by_the_first_token_timeout() {
    let profile = profile("first_token_timeout = \"3s\"", &[("a", &faulty("stall")), ("b", GOOD)], "");
    check(profile, STREAMED, "0 a\n3000 failed timeout\n3000 b\n  \"one two three\"", "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_divided_among_untried_deployments() {
    let slow = faulty("stall");
    let profile = profile("deadline = \"9s\"", &[("a", &slow), ("b", &slow), ("c", &slow)], "");
    let story = "0 a\n3000 failed timeout\n3000 b\n6000 failed timeout\n6000 c\n9000 failed timeout";
    check(profile, STREAMED, story, "Deadline").await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_only_when_no_deployment_is_left() {
    let profile = profile("num_retries = 2", &[("a", &faulty("429=5s@100%"))], "");
    let story = "0 a\n50 failed rate_limit\n50 wait 5000 for a\n5100 failed rate_limit\n5100 wait 5000 for a\n10150 failed rate_limit";
    check(profile, STREAMED, story, "limited 5000").await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_max_wait_is_not_started() {
    let profile = profile("max_wait = \"1s\"", &[("a", &faulty("429=5s"))], "");
    check(profile, STREAMED, "0 a\n50 failed rate_limit", "limited 5000").await;
}

#[tokio::test(start_paused = true)]
async fn a_truncated_answer_in_a_pipe_is_continued_exactly() {
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", GOOD)], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n110 resume at 8\n  \"three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn a_different_text_is_not_appended_to_what_was_printed() {
    let other = "latency = \"50ms\", ttft = \"100ms\", itl = \"10ms\", text = \"one deux trois\"";
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", other)], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n110 resume at 8";
    check(profile, STREAMED, story, "Interrupted { second_answer: true }").await;
}

#[tokio::test(start_paused = true)]
async fn a_terminal_shows_a_restart() {
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", GOOD)], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n210 restart\n  \"one two three\"";
    check(profile, Delivery::Streamed(MidstreamMode::Restart), story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn printed_text_is_discarded_only_when_another_answer_begins() {
    let profile = profile("num_retries = 1", &[("a", &faulty("cut@2")), ("b", &faulty("503"))], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n160 failed overloaded";
    let delivery = Delivery::Streamed(MidstreamMode::Restart);
    check(profile, delivery, story, "Interrupted { second_answer: false }").await;
}

#[tokio::test(start_paused = true)]
async fn a_partial_answer_under_midstream_fail_ends_the_request() {
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", GOOD)], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated";
    check(profile, Delivery::Streamed(MidstreamMode::Fail), story, "Interrupted { second_answer: false }").await;
}

const RESUMED: Delivery = Delivery::Streamed(MidstreamMode::Resume);

/// A deployment that answers `text` on its second call.
fn second(text: &str) -> String {
    format!("latency = \"50ms\", ttft = \"100ms\", itl = \"10ms\", text = \"{text}\"")
}

#[tokio::test(start_paused = true)]
async fn a_model_without_prefill_gets_an_instruction_to_continue() {
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", &second("and then three"))], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n110 resume at 8\n  \"and then three\"";
    check(profile, RESUMED, story, "one two and then three").await;
}

#[tokio::test(start_paused = true)]
async fn an_echo_and_white_space_at_the_join_are_removed() {
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", &second("one two  three"))], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n110 resume at 8\n  \" three\"";
    check(profile, RESUMED, story, "one two  three").await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_continuation_is_continued() {
    let b = format!("{}, faults = \"cut@1\"", second("three four"));
    let profile = profile("", &[("a", &faulty("cut@2")), ("b", &b), ("c", &second("four"))], "");
    let story = "0 a\n  \"one two \"\n110 failed truncated\n110 b\n110 resume at 8\n  \"three \"\n\
        210 failed truncated\n210 c\n210 resume at 14\n  \"four\"";
    check(profile, RESUMED, story, "one two three four").await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_fails_after_the_idle_timeout() {
    let slow = "latency = \"50ms\", ttft = \"100ms\", itl = \"10s\", text = \"one two three\"";
    let profile = profile("idle_timeout = \"4s\"", &[("a", slow), ("b", GOOD)], "");
    let story = "0 a\n  \"one \"\n4100 failed timeout\n4100 b\n4200 restart\n  \"one two three\"";
    check(profile, Delivery::Streamed(MidstreamMode::Restart), story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn an_endless_stream_is_bounded_by_the_attempt_timeout() {
    let slow = "latency = \"50ms\", ttft = \"100ms\", itl = \"3s\", text = \"one two three\"";
    let profile = profile("timeout = \"4s\"", &[("a", slow), ("b", GOOD)], "");
    let story = "0 a\n  \"one two \"\n4000 failed timeout\n4000 b\n4100 restart\n  \"one two three\"";
    check(profile, Delivery::Streamed(MidstreamMode::Restart), story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn fallback_groups_are_tried_in_the_order_written() {
    let rest = format!(
        "[groups.b]\nfallbacks = [\"c\"]\ndeployments = [{{ model = \"sim/b\", name = \"b\", faults = \"401\", latency = \"10ms\" }}]\n\
         [groups.c]\ndeployments = [{{ model = \"sim/c\", name = \"c\", {GOOD} }}]"
    );
    let profile = profile("fallbacks = [\"b\"]", &[("a", &faulty("401"))], &rest);
    let story = "0 a\n50 failed authentication\n50 b\n60 failed authentication\n60 c\n  \"one two three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_ends_the_call() {
    let (lines, ended) = tell(profile("", &[("a", GOOD), ("b", GOOD)], ""), STREAMED, 1).await;
    assert_eq!(lines, ["0 a", "  \"one \""]);
    assert_eq!(ended.map_err(|error| error.why), Err(RouteErrorKind::ReaderGone));
}

#[tokio::test(start_paused = true)]
async fn the_next_request_uses_what_the_first_one_learnt() {
    let profile = profile("", &[("a", &faulty("refuse")), ("b", GOOD)], "");
    let vars = EnvVars::default();
    let clock = Clock::starting_at(START);
    let group = profile.default_group;
    let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
    let router = Engine::from_profile(profile, &around);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut attempts = Vec::new();
    for _ in 0..5 {
        let mut story =
            Story { map: router.map().clone(), clock, lines: Vec::new(), text: String::new(), patience: usize::MAX };
        let request = Request::new(group, Prompt::user("hello"), Delivery::Whole, clock.now());
        let done = router.run(&request, &mut rng, &mut story).await.expect("b answers");
        attempts.push(done.attempts.len());
    }
    assert_eq!(attempts, [2, 1, 1, 1, 1]);
    tokio::time::advance(Duration::from_secs(200)).await;
    let mut story =
        Story { map: router.map().clone(), clock, lines: Vec::new(), text: String::new(), patience: usize::MAX };
    let request = Request::new(group, Prompt::user("hello"), Delivery::Whole, clock.now());
    let done = router.run(&request, &mut rng, &mut story).await.expect("b answers");
    assert_eq!(done.attempts.len(), 2, "the half-open deployment is probed");
}

#[tokio::test(start_paused = true)]
async fn the_next_request_uses_measurements_of_others() {
    let mut profile = profile("routing_strategy = \"latency-based-routing\"", &[("a", GOOD), ("b", GOOD)], "");
    profile.map.groups.iter_mut().flat_map(|group| &mut group.members).for_each(|member| member.order = 0);
    let vars = EnvVars::default();
    let clock = Clock::starting_at(START);
    let group = profile.default_group;
    let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
    let router = Engine::from_profile(profile, &around);
    let mut rng = fastrand::Rng::with_seed(1);
    let measured = |deployment, ttft| Measurement {
        deployment: DeploymentId(deployment),
        at: clock.now(),
        prompt_tokens: 10,
        result: Ok(CallSample::answered(10, Some(Duration::from_millis(ttft)), Duration::from_secs(2), None, false)),
    };
    // Many, so that the estimate is certain; the slower one is first in the profile.
    let observed = (0..40).flat_map(|_| [measured(0, 900), measured(1, 90)]).collect();
    router.observe(group, observed, &mut rng).await.expect("memory takes it");
    for _ in 0..5 {
        let request = Request::new(group, Prompt::user("hello"), Delivery::Whole, clock.now());
        let plan = router.plan(&request, &mut rng).await;
        assert_eq!(plan.calls.first().map(|call| call.deployment), Some(DeploymentId(1)));
    }
    let refused = (Failure::new(Class::Authentication, "no"), Duration::from_millis(5));
    let failed = Measurement { result: Err(refused), ..measured(1, 0) };
    router.observe(group, vec![failed], &mut rng).await.expect("memory takes it");
    let request = Request::new(group, Prompt::user("hello"), Delivery::Whole, clock.now());
    let plan = router.plan(&request, &mut rng).await;
    assert_eq!(plan.calls.first().map(|call| call.deployment), Some(DeploymentId(0)), "{:?}", plan.skips);
}
