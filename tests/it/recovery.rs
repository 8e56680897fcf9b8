//! Invariants under random profiles and random failures on virtual time; and the join of a
//! resumed answer through the command.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use llmroute_core::model::{Event, Prompt};
use llmroute_core::routing::{DeploymentId, Map};
use llmroute_router::builder::Environment;
use llmroute_router::engine::{AttemptRecord, Delivery, Engine, MidstreamMode, Observer, Request, RouterEvent};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{EnvVars, LoadOptions, Profile, Source};
use llmroute_router::state::StateLocation;
use proptest::prelude::*;

use crate::engine::START;
use crate::support::{self, ANSWER, End, KEY, Run, Server};

/// A group: its deployments (indices into the pool), retries, hedging and fallbacks (indices of groups).
#[derive(Debug, Clone)]
struct Group {
    members: Vec<usize>,
    retries: u32,
    hedge: bool,
    fallbacks: Vec<usize>,
}

#[derive(Debug, Clone)]
struct World {
    /// The script of each deployment.
    pool: Vec<(&'static str, u64)>,
    groups: Vec<Group>,
    deadline: u64,
    midstream: MidstreamMode,
    whole: bool,
    seed: u64,
}

const FAULTS: &[&str] = &[
    "",
    "503",
    "500@50%",
    "429=1s",
    "429=40s",
    "stall",
    "cut@1",
    "cut@2@50%",
    "refuse",
    "empty",
    "401",
    "400",
    "slow=4s",
    "garbage",
];

fn world() -> impl Strategy<Value = World> {
    let fault = (prop::sample::select(FAULTS), 10u64..3000);
    (prop::collection::vec(fault, 1..6), 1usize..4).prop_flat_map(|(pool, groups)| {
        let members = prop::sample::subsequence((0..pool.len()).collect::<Vec<_>>(), 1..=pool.len());
        let fallbacks = prop::sample::subsequence((0..groups).collect::<Vec<_>>(), 0..=groups);
        let group = (members, 0u32..4, any::<bool>(), fallbacks.prop_shuffle())
            .prop_map(|(members, retries, hedge, fallbacks)| Group { members, retries, hedge, fallbacks });
        let midstream = prop::sample::select(vec![
            MidstreamMode::Exact,
            MidstreamMode::Restart,
            MidstreamMode::Resume,
            MidstreamMode::Fail,
        ]);
        let groups = prop::collection::vec(group, groups);
        (Just(pool), groups, 1u64..40, midstream, any::<bool>(), any::<u64>()).prop_map(
            |(pool, groups, deadline, midstream, whole, seed)| World { pool, groups, deadline, midstream, whole, seed },
        )
    })
}

impl World {
    fn profile(&self) -> Profile {
        let mut text = format!(
            "version = 1\ndefault_group = \"g0\"\n[providers.sim]\nprotocol = \"mock\"\n[router]\ndeadline = \"{}s\"\n",
            self.deadline
        );
        for (index, group) in self.groups.iter().enumerate() {
            let fallbacks = group.fallbacks.iter().filter(|other| **other != index);
            let fallbacks: Vec<String> = fallbacks.map(|other| format!("\"g{other}\"")).collect();
            let members = group.members.iter().map(|member| {
                let (faults, ttft) = self.pool[*member];
                format!(
                    "{{ model = \"sim/d{member}\", latency = \"5ms\", ttft = \"{ttft}ms\", itl = \"5ms\", \
                     text = \"one two three\", faults = \"{faults}\", seed = {member} }}"
                )
            });
            let members: Vec<String> = members.collect();
            let hedge = if group.hedge { "hedge = \"500ms\"\n" } else { "" };
            write!(
                text,
                "[groups.g{index}]\nnum_retries = {}\n{hedge}fallbacks = [{}]\ndeployments = [{}]\n",
                group.retries,
                fallbacks.join(", "),
                members.join(", ")
            )
            .expect("a string can be written to");
        }
        let vars = EnvVars::default();
        Profile::parse(Source::Demo, &text, &LoadOptions { env: &vars, long_lived: false })
            .unwrap_or_else(|error| panic!("{}\n{text}", error.render(false)))
    }
}

/// Records the calls in order, hedges included, and the skipped deployments.
struct Calls {
    calls: Vec<DeploymentId>,
    skipped: Vec<DeploymentId>,
}

impl Observer for Calls {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        match note {
            RouterEvent::Calling { deployment, .. } => self.calls.push(deployment),
            RouterEvent::Skipped { deployment, .. } => self.skipped.push(deployment),
            _ => {}
        }
    }

    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Makes two requests in this world and checks each.
fn play(world: &World) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime can be made").block_on(async {
        let profile = world.profile();
        let (vars, clock, group) = (EnvVars::default(), Clock::starting_at(START), profile.default_group);
        let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: world.seed };
        let router = Engine::from_profile(profile, &around);
        let delivery = if world.whole { Delivery::Whole } else { Delivery::Streamed(world.midstream) };
        let mut rng = fastrand::Rng::with_seed(world.seed);
        for _ in 0..2 {
            let asked = clock.now();
            let mut calls = Calls { calls: Vec::new(), skipped: Vec::new() };
            let request = Request::new(group, Prompt::user("hello"), delivery, asked);
            let ended = router.run(&request, &mut rng, &mut calls).await;
            let took = clock.now().since(asked);
            let limit = Duration::from_secs(world.deadline) + Duration::from_millis(50);
            prop_assert!(took <= limit, "{took:?} of {limit:?}");
            let attempts = ended.map_or_else(|error| error.attempts, |done| done.attempts);
            bounded(router.map(), &attempts)?;
            no_repeat_before_untried_deployments(router.map(), world, &calls)?;
        }
        Ok(())
    })
}

/// Checks that repeats stay within their bounds.
fn bounded(map: &Map, attempts: &[AttemptRecord]) -> Result<(), TestCaseError> {
    for (position, group) in map.groups.iter().enumerate() {
        let made = attempts.iter().filter(|attempt| attempt.group.0 == position).count();
        prop_assert!(made <= group.policy.num_retries as usize + 1, "{made} attempts in {}", group.name);
    }
    // First visits are always allowed; repeats only within six attempts.
    for (position, attempt) in attempts.iter().enumerate().skip(6) {
        let again = attempts[..position].iter().any(|earlier| earlier.deployment == attempt.deployment);
        prop_assert!(!again, "a repeat after {position} attempts");
    }
    Ok(())
}

/// Checks that a failed deployment is not called again while an untried eligible one of its group remains.
fn no_repeat_before_untried_deployments(map: &Map, world: &World, calls: &Calls) -> Result<(), TestCaseError> {
    // With one group, a deployment that was neither called nor skipped is eligible and untried.
    if world.groups.len() > 1 {
        return Ok(());
    }
    for (position, pair) in calls.calls.windows(2).enumerate() {
        let known = |id: &DeploymentId| calls.calls[..=position].contains(id) || calls.skipped.contains(id);
        let untried = map.groups[0].members.iter().map(|member| member.deployment).find(|id| !known(id));
        prop_assert!(pair[0] != pair[1] || untried.is_none(), "{pair:?} while {untried:?} is untried");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_request_ends_in_time_and_within_bounds(world in world()) {
        play(&world)?;
    }
}

/// A stream that breaks after three tokens, continued by `second`.
fn resumed(second: &str, args: &[&str]) -> (Server, support::Output) {
    let server = Server::start();
    let price = ", input_cost_per_token = 0.001, output_cost_per_token = 0.001";
    let profile = support::Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .deployment("lab/cut-n", price)
        .deployment(&format!("lab/{second}"), price);
    let args = ["ask", "Why is the sky blue?", "--midstream", "resume"].into_iter().chain(args.iter().copied());
    let output = Run::with(&profile.text()).env("LAB_KEY", KEY).args(args).output();
    (server, output)
}

#[test]
fn midstream_resume_continues_a_broken_answer_by_instruction() {
    let (server, output) = resumed("good", &[]);
    assert_eq!((output.end, output.text()), (End::Code(0), format!("{ANSWER}\n")), "{}", output.notes());
    assert!(output.notes().contains("the answer broke off after 10 characters"), "{}", output.notes());
    let messages = server.calls()[1].json()["messages"].clone();
    assert_eq!(messages[1], serde_json::json!({"role": "assistant", "content": "The sky is"}));
    assert_eq!(messages[2]["role"], "user");
    assert!(messages[2]["content"].as_str().is_some_and(|text| text.contains("exactly where it stopped")));
}

#[test]
fn midstream_resume_joins_two_models() {
    let (_server, output) = resumed("other", &[]);
    let both = format!("The sky is{}\n", support::OTHER);
    assert_eq!((output.end, output.text()), (End::Code(0), both), "{}", output.notes());
}

#[test]
fn json_reports_the_join_and_the_unknown_part_of_the_cost() {
    let (_server, output) = resumed("good", &["--stream-json"]);
    let done = output.text().lines().last().map(str::to_owned).unwrap_or_default();
    let done: serde_json::Value = serde_json::from_str(&done).expect("a line of JSON");
    assert_eq!((&done["event"], &done["deployment"]), (&"done".into(), &"lab/good".into()), "{done}");
    assert_eq!(done["resumed_at"], 10);
    // The truncated part has no token count.
    assert_eq!((&done["priced"], done["cost_usd"].is_number()), (&false.into(), true));
    assert_eq!(done["wasted_usd"], 0.0);
}
