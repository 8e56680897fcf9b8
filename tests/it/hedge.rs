//! Hedging: on virtual time, to the millisecond, and once through the command with real sockets.

use std::time::Duration;

use llmroute_core::model::{Prompt, Timestamp};
use llmroute_core::routing::failover::Stop;
use llmroute_router::builder::Environment;
use llmroute_router::engine::{CostSummary, Disposition, Engine, Request, RouteError, RouteErrorKind, RoutedAnswer};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{EnvVars, Profile};
use llmroute_router::state::StateLocation;

use crate::engine::{GOOD, START, STREAMED, Story, check, faulty, profile};
use crate::support::{self, ANSWER, End, KEY, Run, Server};

/// A script whose first token comes after `ttft`.
fn slow(ttft: &str) -> String {
    GOOD.replace("ttft = \"100ms\"", &format!("ttft = \"{ttft}\""))
}

/// Makes requests one after the other; later ones use what earlier ones taught.
struct House {
    router: Engine,
    clock: Clock,
}

impl House {
    fn of(profile: Profile) -> Self {
        let vars = EnvVars::default();
        let clock = Clock::starting_at(START);
        let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
        Self { router: Engine::from_profile(profile, &around), clock }
    }

    /// The events, in milliseconds since the start, and the result.
    async fn ask(&self, group: &str, patience: usize) -> (Vec<String>, Result<RoutedAnswer, RouteError>) {
        let map = self.router.map().clone();
        let group = map.groups.iter().position(|other| other.name == group).expect("a known group");
        let now: Timestamp = self.clock.now();
        let request = Request::new(llmroute_core::routing::GroupId(group), Prompt::user("hello"), STREAMED, now);
        let mut story = Story { map, clock: self.clock, lines: Vec::new(), text: String::new(), patience };
        let ended = self.router.run(&request, &mut fastrand::Rng::with_seed(1), &mut story).await;
        story.flush();
        (story.lines, ended)
    }
}

/// The attempts of the only request to `profile`: `name share milliseconds`.
async fn attempts(profile: Profile, want: &[&str]) {
    let house = House::of(profile);
    let (_, ended) = house.ask("main", usize::MAX).await;
    let done = ended.expect("somebody answers");
    assert!(done.hedged.is_some());
    let said: Vec<String> = done
        .attempts
        .iter()
        .map(|attempt| {
            let name = &house.router.map().deployment(attempt.deployment).name;
            format!("{name} {:?} {}", attempt.disposition, attempt.duration.as_millis())
        })
        .collect();
    assert_eq!(said, want);
}

const TWO_SECONDS: &str = "hedge = \"2s\"";

#[tokio::test(start_paused = true)]
async fn a_fast_second_call_beats_a_slow_first() {
    let deployments = [("a", slow("10s")), ("b", GOOD.to_owned())];
    let profile = || profile(TWO_SECONDS, &[("a", &deployments[0].1), ("b", &deployments[1].1)], "");
    let story = "0 a\n2000 b\n2100 hedged after 2000, won by b\n  \"one two three\"";
    check(profile(), STREAMED, story, "one two three").await;
    attempts(profile(), &["a HedgeLoser 2100", "b Delivered 120"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_token_in_time_prevents_the_hedge() {
    let profile = profile(TWO_SECONDS, &[("a", &slow("1900ms")), ("b", GOOD)], "");
    check(profile, STREAMED, "0 a\n  \"one two three\"", "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn the_first_call_can_still_win() {
    let profile = || profile(TWO_SECONDS, &[("a", &slow("4s")), ("b", &slow("10s"))], "");
    let story = "0 a\n2000 b\n4000 hedged after 2000, won by a\n  \"one two three\"";
    check(profile(), STREAMED, story, "one two three").await;
    attempts(profile(), &["b HedgeLoser 2000", "a Delivered 4020"]).await;
}

#[tokio::test(start_paused = true)]
async fn without_measurements_the_hedge_waits_three_seconds() {
    let profile = profile("hedge = \"p95\"", &[("a", &slow("10s")), ("b", GOOD)], "");
    let story = "0 a\n3000 b\n3100 hedged after 3000, won by b\n  \"one two three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn the_hedge_delay_follows_the_measured_percentile() {
    let a = format!("{GOOD}, faults = \"slow=20s@30%\", seed = 3");
    let house = House::of(profile("hedge = \"p95\"", &[("a", &a), ("b", GOOD)], ""));
    let mut fast = 0;
    loop {
        match house.ask("main", usize::MAX).await.1.expect("somebody answers").hedged {
            None => fast += 1,
            Some(hedged) => {
                assert!(fast > 0, "the first call is a fast one with this seed");
                let after = hedged.after.as_millis();
                assert!((300..2000).contains(&after), "{after} ms after {fast} calls of 100 ms");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_call_continues_when_the_first_fails() {
    let settings = "hedge = \"2s\"\nfirst_token_timeout = \"3s\"";
    let second = format!("{}, first_token_timeout = \"20s\"", slow("5s"));
    let profile = profile(settings, &[("a", &faulty("stall")), ("b", &second)], "");
    let story = "0 a\n2000 b\n3000 failed timeout\n3000 going on with b\n  \"one two three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn the_first_call_continues_when_the_second_fails() {
    let profile = profile(TWO_SECONDS, &[("a", &slow("4s")), ("b", &faulty("503"))], "");
    let story = "0 a\n2000 b\n2050 failed overloaded\n2050 going on with a\n  \"one two three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn failover_continues_when_both_calls_fail() {
    let settings = "hedge = \"2s\"\nfirst_token_timeout = \"3s\"\nnum_retries = 2";
    let profile = profile(settings, &[("a", &faulty("stall")), ("b", &faulty("503")), ("c", GOOD)], "");
    let story = "0 a\n2000 b\n2050 failed overloaded\n2050 going on with a\n3000 failed timeout\n3000 c\n\
        \u{20} \"one two three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn a_third_deployment_takes_over_when_the_winner_breaks() {
    let third = format!("{GOOD}, name = \"c\"").replace(", name = \"c\"", "");
    let profile = profile(TWO_SECONDS, &[("a", &slow("10s")), ("b", &faulty("cut@2")), ("c", &third)], "");
    let story = "0 a\n2000 b\n2100 hedged after 2000, won by b\n  \"one two \"\n2110 failed truncated\n2110 c\n\
        2110 resume at 8\n  \"three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_both() {
    let settings = "hedge = \"1s\"\ndeadline = \"6s\"";
    let profile = profile(settings, &[("a", &faulty("stall")), ("b", &faulty("stall"))], "");
    let house = House::of(profile);
    let (_, ended) = house.ask("main", usize::MAX).await;
    assert!(ended.is_err());
    assert!(house.clock.now().since(START) <= Duration::from_millis(6050));
}

#[tokio::test(start_paused = true)]
async fn the_hedge_budget_is_one_call_plus_one_in_twenty() {
    let house = House::of(profile(TWO_SECONDS, &[("a", &slow("5s")), ("b", GOOD)], ""));
    let mut hedged = Vec::new();
    for _ in 0..24 {
        hedged.push(house.ask("main", usize::MAX).await.1.expect("somebody answers").hedged.is_some());
    }
    // Each answer earns a twentieth of the next extra call.
    let at: Vec<usize> = (0..24).filter(|index| hedged[*index]).collect();
    assert_eq!(at, [0, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_recently_rate_limited_deployment_is_not_a_hedge() {
    let limited = faulty("429=1s");
    let rest = format!("[groups.other]\ndeployments = [{{ model = \"sim/b\", name = \"b\", {limited} }}]");
    let settings = "num_retries = 0";
    let groups = format!("{rest}\n{settings}");
    let profile = profile(TWO_SECONDS, &[("a", &slow("5s")), ("b", &limited)], &groups);
    let house = House::of(profile);
    assert!(house.ask("other", usize::MAX).await.1.is_err());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(house.ask("main", usize::MAX).await.1.expect("a answers").hedged.is_none());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(house.ask("main", usize::MAX).await.1.expect("a answers").hedged.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_second_call_counts_against_the_limits_of_its_deployment() {
    let limited = format!("{GOOD}, rpm = 1");
    let rest = format!("[groups.other]\ndeployments = [{{ model = \"sim/b\", name = \"b\", {limited} }}]");
    let profile = profile(TWO_SECONDS, &[("a", &slow("5s")), ("b", &limited)], &format!("{rest}\nmax_wait = 0"));
    let house = House::of(profile);
    assert!(house.ask("main", usize::MAX).await.1.expect("b answers").hedged.is_some());
    tokio::time::advance(Duration::from_secs(50)).await;
    let stop = house.ask("other", usize::MAX).await.1.expect_err("b has no room").why;
    assert!(matches!(stop, RouteErrorKind::Stopped(Stop::RateLimited { .. })), "{stop:?}");
    tokio::time::advance(Duration::from_secs(10)).await;
    house.ask("other", usize::MAX).await.1.expect("b has room again");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_at_its_limit_is_not_a_hedge() {
    let limited = format!("{GOOD}, rpm = 1");
    let rest = format!("[groups.other]\ndeployments = [{{ model = \"sim/b\", name = \"b\", {limited} }}]");
    let house = House::of(profile(TWO_SECONDS, &[("a", &slow("5s")), ("b", &limited)], &rest));
    house.ask("other", usize::MAX).await.1.expect("b answers");
    assert!(house.ask("main", usize::MAX).await.1.expect("a answers").hedged.is_none());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(house.ask("main", usize::MAX).await.1.expect("b answers").hedged.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_hedge_releases_its_reservation() {
    let limited = format!("{}, max_parallel_requests = 1", slow("10s"));
    let rest = format!("[groups.other]\ndeployments = [{{ model = \"sim/b\", name = \"b\", {limited} }}]");
    let profile = profile(TWO_SECONDS, &[("a", &slow("5s")), ("b", &limited)], &format!("{rest}\nmax_wait = 0"));
    let house = House::of(profile);
    assert!(house.ask("main", usize::MAX).await.1.expect("a answers").hedged.is_some());
    house.ask("other", usize::MAX).await.1.expect("b is free");
}

#[tokio::test(start_paused = true)]
async fn the_hedge_respects_the_order_key() {
    // `b` and `c` have separate hosts, like all simulated deployments; `c` is the last resort.
    let profile = profile(TWO_SECONDS, &[("a", &slow("10s")), ("b", GOOD), ("c", GOOD)], "");
    let story = "0 a\n2000 b\n2100 hedged after 2000, won by b\n  \"one two three\"";
    check(profile, STREAMED, story, "one two three").await;
}

#[tokio::test(start_paused = true)]
async fn a_deployment_above_hedge_max_cost_is_not_a_hedge() {
    let priced = format!("{GOOD}, input_cost_per_token = 0.001, output_cost_per_token = 0.001");
    for (cap, hedges) in [("0.1", false), ("10.0", true)] {
        let settings = format!("{TWO_SECONDS}\nhedge_max_cost = {cap}");
        let house = House::of(profile(&settings, &[("a", &slow("5s")), ("b", &priced)], ""));
        assert_eq!(house.ask("main", usize::MAX).await.1.expect("one answers").hedged.is_some(), hedges, "{cap}");
    }
}

#[tokio::test(start_paused = true)]
async fn losing_a_race_is_not_a_failure() {
    let house = House::of(profile(TWO_SECONDS, &[("a", &slow("10s")), ("b", GOOD)], ""));
    for _ in 0..8 {
        let (lines, ended) = house.ask("main", usize::MAX).await;
        ended.expect("somebody answers");
        assert!(lines.iter().any(|line| line.ends_with(" a")) && lines.iter().all(|line| !line.contains("skipped")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_ends_both_calls() {
    let house = House::of(profile(TWO_SECONDS, &[("a", &slow("10s")), ("b", GOOD)], ""));
    let (lines, ended) = house.ask("main", 1).await;
    assert_eq!(lines, ["0 a", "2000 b", "2100 hedged after 2000, won by b", "  \"one \""]);
    assert_eq!(ended.expect_err("nobody reads").why, RouteErrorKind::ReaderGone);
}

#[tokio::test(start_paused = true)]
async fn the_cost_of_the_loser_is_not_invented() {
    let prices = ", input_cost_per_token = 0.5, output_cost_per_token = 1.0";
    let (a, b) = (format!("{}{prices}", slow("10s")), format!("{GOOD}{prices}"));
    let house = House::of(profile(TWO_SECONDS, &[("a", &a), ("b", &b)], ""));
    let done = house.ask("main", usize::MAX).await.1.expect("b answers");
    assert_eq!(done.attempts[0].disposition, Disposition::HedgeLoser);
    assert_eq!(
        CostSummary::of(&done.attempts),
        CostSummary { delivered: Some(3.5), complete: true, wasted: 0.0, unknown: 1 }
    );
}

#[test]
fn the_loser_is_cancelled_at_once_and_the_winner_is_named() {
    let server = Server::start();
    let profile = support::Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .deployment("lab/stall-0", "")
        .deployment("lab/gate", "");
    let run = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "hi", "--hedge=200ms", "-u"]).start();
    run.wait_for_stdout("The");
    // The winner still streams: only the loser was cancelled.
    assert!(server.wait_until_left("stall-0", Duration::from_secs(10)), "the loser's connection stays open");
    server.open_gate();
    let output = run.output();
    assert_eq!((output.end, output.text()), (End::Code(0), format!("{ANSWER}\n")), "{}", output.notes());
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(notes.contains("hedged after 200 ms, won by lab/gate"), "{notes}");
    assert!(notes.contains("one broken call of unknown cost"), "{notes}");
    assert_eq!(server.models(), ["stall-0", "gate"]);
}

#[test]
fn json_reports_the_hedge() {
    let server = Server::start();
    let profile = support::Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .router("hedge = \"100ms\"")
        .deployment("lab/stall-0", "")
        .deployment("lab/good", "");
    let output = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "hi", "--json"]).output();
    let json: serde_json::Value = serde_json::from_str(&output.text()).expect("it is JSON");
    assert_eq!((&json["hedged"], &json["deployment"]), (&true.into(), &"lab/good".into()), "{json}");
    let outcomes: Vec<&str> =
        json["attempts"].as_array().expect("a list").iter().filter_map(|attempt| attempt["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["lost", "ok"]);
}

#[test]
fn an_invalid_hedge_delay_is_a_usage_error() {
    let profile = support::Profile::new().provider("lab", "openai", "http://127.0.0.1:9/v1").deployment("lab/good", "");
    let output = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "hi", "--hedge=p0"]).output();
    assert_eq!(output.end, End::Code(2), "{}", output.notes());
    assert!(output.notes().contains("`p0` is not a valid percentile"), "{}", output.notes());
}
