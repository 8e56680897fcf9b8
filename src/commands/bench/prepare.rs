//! Everything that a run needs, prepared before anything is sent: targets, keys, prompts, the plan.

use std::time::Duration;

use super::args::BenchArgs;
use super::measure::{BenchSetup, Measured, TargetAccess, ended_at};
use super::resolve::{self, BenchDeployment};
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::request::parameters;
use crate::setup;
use crate::signals::{Completion, Time, until_signal};
use crate::ui::console::Console;
use llmroute_bench::plan::{Plan, Target};
use llmroute_bench::prompts::Prompts;
pub(crate) use llmroute_bench::sample::TokenUsage;
use llmroute_core::model::{KeySource, Price, Secret};
use llmroute_core::protocols::{Params, Protocol};
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::{GroupId, Timeouts};
use llmroute_router::credentials::KeyResolver;
use llmroute_router::engine::Measurement;
use llmroute_router::ports::{Clock, KeyProvider};
use llmroute_router::profile::Profile;

/// A run that is ready to start.
pub(crate) struct PreparedRun {
    pub plan: Plan,
    access: Vec<TargetAccess>,
    prompts: Prompts,
    /// The tokens of the shortest prompt.
    fewest: u64,
    params: Params,
    named: Vec<BenchDeployment>,
}

impl PreparedRun {
    /// Prepares everything.
    ///
    /// # Errors
    /// Fails if the profile, an argument or an input is wrong, or no deployment has a key.
    pub(crate) fn of(
        args: &BenchArgs,
        global: &Global,
        env: &Env,
        console: &mut Console,
    ) -> Result<Self, CommandError> {
        let mut profile = setup::profile(global, env, console)?;
        let seed = args.seed.unwrap_or(env.entropy);
        let prompts = resolve::prompts(args, seed)?;
        let named = resolve::targets(args, &mut profile, &prompts, env)?;
        for named in &named {
            setup::built(&profile, named.group)?;
        }
        let params = parameters::apply(&args.options, Params::default())?;
        let (access, named) = access(&profile, named, env, console)?;
        let load = if args.find_limit { resolve::search(args)? } else { resolve::load(args)? };
        let (fewest, most) = prompts.tokens();
        let plan = Plan {
            targets: named.iter().map(|named| target(&profile, named)).collect(),
            load,
            max_tokens: args.output_tokens,
            prompt_tokens: most,
            slo: resolve::slo(args.slo.as_deref())?,
            seed,
        };
        Ok(Self { plan, access, prompts, fewest, params, named })
    }

    /// The inputs of a run of the plan, or of one like it; each of several runs has a `number`.
    pub(crate) fn bench<'a>(&'a self, number: u64, env: &'a Env) -> BenchSetup<'a> {
        let time = if self.is_simulated() { Time::Simulated } else { Time::Real };
        let prompts = self.prompts.with_salt(number);
        BenchSetup { access: &self.access, prompts, fewest: self.fewest, params: &self.params, time, env }
    }

    /// The same for a single target, and its plan.
    pub(crate) fn alone<'a>(&'a self, target: usize, number: u64, env: &'a Env) -> (BenchSetup<'a>, Plan) {
        let access = self.access.get(target..=target).unwrap_or_default();
        let targets = self.plan.targets.get(target..=target).unwrap_or_default().to_vec();
        (BenchSetup { access, ..self.bench(number, env) }, Plan { targets, ..self.plan.clone() })
    }

    /// Returns `true` if every target is simulated, so that waits take no time.
    pub(crate) fn is_simulated(&self) -> bool {
        self.access.iter().all(|target_access| target_access.endpoint.protocol == Protocol::Mock)
    }

    /// Passes the measurements to routing; the targets of the run are those of the plan from `first` on.
    ///
    /// # Errors
    /// Fails if the state cannot be located.
    pub(crate) fn learn(
        &self,
        measured: &Measured,
        first: usize,
        global: &Global,
        env: &Env,
        console: &mut Console,
    ) -> Result<(), CommandError> {
        // A simulation teaches nothing about real deployments.
        if self.is_simulated() {
            return Ok(());
        }
        let mut quiet = Console::new(env, crate::ui::console::Verbosity::Quiet, false);
        let mut profile = setup::profile(global, env, &mut quiet)?;
        // Looked up again in the fresh profile, in the order in which they were typed.
        let mut groups: Vec<GroupId> = Vec::new();
        for named in &self.named {
            // Adds the group of a model that was named by itself, with the id that it had before.
            resolve::find(named.typed.as_deref(), &mut profile, env)?;
            if !groups.contains(&named.group) {
                groups.push(named.group);
            }
        }
        let learnt = until_signal(async {
            let clock = Clock::starting_at(env.now.after(measured.run.client.wall));
            let router = setup::router(profile, global, env, clock, self.plan.seed)?;
            let mut rng = fastrand::Rng::with_seed(self.plan.seed);
            for group in groups {
                let observed = self.observed(group, measured, first);
                router
                    .observe(group, observed, &mut rng)
                    .await
                    .map_err(|error| CommandError::new(ErrorKind::Other, error.reason))?;
            }
            Ok::<(), CommandError>(())
        })?;
        if let Completion::Done(Err(error)) = learnt {
            // The figures are valid even if routing does not learn them.
            console.event(&format!("cannot record the measurements for routing: {}", error.message()));
        }
        Ok(())
    }

    fn observed(&self, group: GroupId, measured: &Measured, first: usize) -> Vec<Measurement> {
        let run = &measured.run;
        let samples = run.samples.iter().enumerate().filter(|(_, sample)| !sample.clock_stepped);
        let of_group = samples.filter(|(_, sample)| self.named[first + sample.target].group == group);
        of_group
            .filter_map(|(index, sample)| {
                let prompt_tokens = self.plan.prompt_tokens;
                let result = match &sample.failure {
                    None => {
                        let usage = match &sample.usage {
                            TokenUsage::Counted(usage) => Some(usage),
                            TokenUsage::Estimated(_) => None,
                        };
                        let shown = sample.shows_reasoning();
                        Ok(CallSample::answered(prompt_tokens, sample.first_token, sample.end, usage, shown))
                    }
                    Some(_) => {
                        let failure = measured.failures.iter().find(|(at, _)| *at == index)?;
                        Err((failure.1.clone(), sample.end))
                    }
                };
                let deployment = self.named[first + sample.target].deployment;
                Some(Measurement { deployment, at: ended_at(run, sample), prompt_tokens, result })
            })
            .collect()
    }
}

/// A deployment as a target of the plan.
fn target(profile: &Profile, named: &BenchDeployment) -> Target {
    let deployment = profile.map.deployment(named.deployment);
    let endpoint = &profile.endpoints[named.deployment.0];
    // Simulated deployments and those on this machine are free.
    let is_free = endpoint.protocol == Protocol::Mock || is_local(&deployment.host);
    let price = deployment.price.or(is_free.then(|| Price::flat(0.0, 0.0)));
    Target { name: deployment.name.clone(), model: deployment.model.clone(), price, host: deployment.host.clone() }
}

/// Returns `true` if `host:port` is on this machine.
fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The call targets of `named`; deployments without a key are left out with a note.
fn access(
    profile: &Profile,
    named: Vec<BenchDeployment>,
    env: &Env,
    console: &mut Console,
) -> Result<(Vec<TargetAccess>, Vec<BenchDeployment>), CommandError> {
    let sources: Vec<&KeySource> = named.iter().map(|named| &profile.keys[named.deployment.0]).collect();
    let found = until_signal(async {
        let vault = KeyResolver::new(env.vars.as_map().clone(), Clock::starting_at(env.now));
        let mut keys = Vec::new();
        for source in sources {
            keys.push(vault.get(source).await.map_err(|error| error.to_string()));
        }
        keys
    })?;
    let Completion::Done(keys) = found else {
        return Err(CommandError::new(ErrorKind::Other, "stopped by a signal"));
    };
    let (mut access, mut kept) = (Vec::new(), Vec::new());
    for (named, key) in named.into_iter().zip(keys) {
        let deployment = profile.map.deployment(named.deployment);
        let missing = deployment.no_key.clone().map_or(key, Err);
        match missing {
            Ok(key) => {
                access.push(target_access(profile, &named, key));
                kept.push(named);
            }
            Err(reason) => console.event(&format!("{} is left out: {reason}", deployment.name)),
        }
    }
    if access.is_empty() {
        return Err(CommandError::new(ErrorKind::Profile, "no deployment has a key, so nothing can be measured")
            .hint("`llmroute providers` shows which variables are missing"));
    }
    Ok((access, kept))
}

fn target_access(profile: &Profile, named: &BenchDeployment, key: Option<Secret>) -> TargetAccess {
    let members = &profile.map.group(named.group).members;
    let member = members.iter().find(|member| member.deployment == named.deployment);
    let none = Duration::from_secs(60);
    let none = Timeouts { connect: none, first_token: none, idle: none, attempt: none };
    TargetAccess {
        endpoint: profile.endpoints[named.deployment.0].clone(),
        key,
        timeouts: member.map_or(none, |member| member.timeouts),
    }
}
