//! The rules of a profile bind `bench` as they bind `ask`: a prompt is sent only to the target that they select.

use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::setup;
use llmroute_bench::prompts::Prompts;
use llmroute_core::routing::rules::{self, RuleInput};
use llmroute_core::routing::{GroupId, Map};

/// Returns the group that the rules of `group` select for every prompt of the run.
///
/// # Errors
/// A rule cannot be evaluated, or the prompts have different targets.
pub(crate) fn target(map: &Map, group: GroupId, prompts: &Prompts, env: &Env) -> Result<GroupId, CommandError> {
    if map.rules.all.is_empty() {
        return Ok(group);
    }
    let mut target = None;
    for round in 0..prompts.distinct() {
        let prompt = prompts.prompt(round, prompts.output);
        let input = RuleInput {
            prompt: &prompt.text(),
            system: "",
            tokens: prompt.estimated_tokens(),
            tags: &[],
            user: "",
            env: &map.rules.env,
            has_image: false,
            hour: setup::local_hour(env.now),
        };
        let selected = rules::decide(map, group, &input)
            .map_err(|error| {
                let rule = map.rules.rule(error.rule);
                let what = format!(
                    "rule {} of group `{}` cannot be evaluated: {}",
                    rule.number,
                    rule.group,
                    error.fault.as_str()
                );
                CommandError::new(ErrorKind::Profile, what).hint("nothing was sent")
            })?
            .target(group);
        if target.is_some_and(|earlier| earlier != selected) {
            let what = format!("the rules of group `{}` send the prompts to different targets", map.group(group).name);
            return Err(CommandError::new(ErrorKind::Usage, what).hint(
                "measure the prompts of each target in a run of its own, or name a model with `-m PROVIDER/MODEL`",
            ));
        }
        target = Some(selected);
    }
    Ok(target.unwrap_or(group))
}
