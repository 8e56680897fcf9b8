//! Strategies that are commands (`exec:`): candidates as JSON on standard input, an order back.
//!
//! Asked once, at the start of a request, for every group that it may come to. What goes wrong is
//! told once, and the group is shuffled.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::router::{Request, Router};
use crate::engine::shared::keys::reachable;
use crate::transport::process::{ProcessError, ShellCommand};
pub use llmroute_core::model::format;
pub use llmroute_core::routing::estimate::Estimate;
pub use llmroute_core::routing::failover::{Eligibility, RequestAttributes};
pub use llmroute_core::routing::snapshot::StateSnapshot;
pub use llmroute_core::routing::strategy::{Candidate, RankingInput, candidates};
use llmroute_core::routing::{Group, GroupId};

/// The time limit of a command.
const LIMIT: Duration = Duration::from_millis(200);
/// As much of its answer as is read.
const MAX_ANSWER: u64 = 256 << 10;

impl Router {
    /// Asks the commands of all groups that `request` may come to, and puts what they say on `snapshot`.
    /// Returns which of them gave no order, and why.
    pub(super) async fn order_by_command(
        &self,
        request: &Request,
        snapshot: &mut StateSnapshot,
    ) -> Vec<(GroupId, String)> {
        let asked = self.questions(request, snapshot);
        let keys = self.key_variables();
        let keys = &keys;
        let mut unordered = Vec::new();
        let answers = asked
            .into_iter()
            .map(|(group, command, question)| async move { (group, run(&command, &question, keys, LIMIT).await) });
        for (group, answer) in futures_util::future::join_all(answers).await {
            let members = self.map.group(group);
            match answer.and_then(|text| parse(&text, |name| self.position(members, name))) {
                Ok(order) => {
                    snapshot.orders.insert(group, order);
                }
                Err(reason) => unordered.push((group, reason)),
            }
        }
        unordered
    }

    /// The groups that have a command, with what it is asked.
    fn questions(&self, request: &Request, snapshot: &StateSnapshot) -> Vec<(GroupId, Arc<str>, String)> {
        let (map, now) = (&*self.map, self.clock.now());
        // A rule that cannot be evaluated ends the request itself.
        let attributes = &self.attributes(request).unwrap_or_else(|_| request.attributes.clone());
        let groups = reachable(map, request.group).into_iter();
        let eligibility = Eligibility::new(map, attributes, snapshot, now);
        let asked = groups.filter_map(|group| {
            let command = map.group(group).strategy.command()?;
            let input = RankingInput { map, group, attributes, snapshot, now };
            let candidates = candidates(&input, &eligibility.eligible(group));
            let question = question(&map.group(group).name, attributes, &candidates);
            (!candidates.is_empty()).then(|| (group, Arc::clone(command), question))
        });
        asked.collect()
    }

    fn position(&self, group: &Group, name: &str) -> Option<usize> {
        group.members.iter().position(|member| self.map.deployment(member.deployment).name == name)
    }
}

/// The input of a command: the request without its text, and the estimates of the candidates.
fn question(group: &str, attributes: &RequestAttributes, candidates: &[Candidate<'_>]) -> String {
    let estimate = |estimate: &Estimate| json!({"median": estimate.median(), "low": estimate.at(-1.0), "high": estimate.at(1.0), "measured": estimate.measured});
    let candidate = |candidate: &Candidate<'_>| {
        let Candidate { member, deployment, .. } = candidate;
        json!({
            "name": deployment.name, "provider": deployment.provider, "model": deployment.model,
            "order": member.order, "weight": member.weight, "rpm": member.rpm, "tpm": member.tpm, "tags": member.tags,
            "context_window": deployment.context_window,
            "input_cost_per_token": deployment.price.map(|price| price.input),
            "output_cost_per_token": deployment.price.map(|price| price.output),
            "ttft_s": estimate(&candidate.ttft), "s_per_output_token": estimate(&candidate.seconds_per_token),
            "prompt_tokens": candidate.prompt_tokens, "output_tokens": candidate.output, "cost_usd": candidate.usd,
            "success": candidate.success, "in_flight": candidate.in_flight, "headroom": candidate.headroom,
        })
    };
    json!({
        "group": group,
        "request": {
            "prompt_tokens": attributes.prompt_tokens, "max_tokens": attributes.max_tokens, "user": attributes.identity.user,
            "require_tags": attributes.require_tags, "forbid_tags": attributes.forbid_tags, "max_cost": attributes.max_cost,
        },
        "candidates": candidates.iter().map(candidate).collect::<Vec<Value>>(),
    })
    .to_string()
}

/// Returns what `command` prints when it gets `question` on its standard input. It gets no provider's key.
async fn run(command: &str, question: &str, keys: &[&str], limit: Duration) -> Result<String, String> {
    let run = ShellCommand::new(command).input(question.as_bytes()).stdout(MAX_ANSWER);
    let finished = run.without_keys(keys.iter().copied()).run(limit).await.map_err(|why| match why {
        ProcessError::TimedOut(limit) => format!("no answer in {}", format::duration(limit)),
        ProcessError::Start(_) | ProcessError::Wait(_) => why.to_string(),
    })?;
    if !finished.status.success() {
        return Err(format!("it failed ({})", finished.status));
    }
    String::from_utf8(finished.stdout).map_err(|_| "it printed no text".to_owned())
}

/// The positions that `text` names: a JSON array of names of members, each once.
fn parse(text: &str, position: impl Fn(&str) -> Option<usize>) -> Result<Vec<usize>, String> {
    let names: Vec<String> =
        serde_json::from_str(text).map_err(|_| "the command must print a JSON array of deployment names".to_owned())?;
    let mut order = Vec::with_capacity(names.len());
    for name in &names {
        let Some(position) = position(name) else {
            return Err(format!("its answer names `{}`, which is no candidate", name.escape_debug()));
        };
        if order.contains(&position) {
            return Err(format!("its answer names `{}` twice", name.escape_debug()));
        }
        order.push(position);
    }
    if order.is_empty() { Err("the command named no deployment".to_owned()) } else { Ok(order) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(command: &str, want: Result<&[usize], &str>) {
        let position = |name: &str| ["a", "b"].iter().position(|known| *known == name);
        // The limit is not what is tested here, and the machine may be busy.
        let got = run(command, "{\"candidates\":[]}", &[], Duration::from_secs(30)).await;
        let got = got.and_then(|text| parse(&text, position));
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{command}");
    }

    #[tokio::test]
    async fn an_order_is_an_array_of_names() {
        check("echo '[\"b\", \"a\"]'", Ok(&[1, 0])).await;
        check("echo '[\"b\"]'", Ok(&[1])).await;
    }

    #[tokio::test]
    async fn the_question_comes_on_standard_input() {
        check("grep -q candidates && echo '[\"a\"]'", Ok(&[0])).await;
    }

    #[tokio::test]
    async fn anything_else_is_a_reason() {
        check("echo a", Err("the command must print a JSON array of deployment names")).await;
        check("echo '[\"x\"]'", Err("its answer names `x`, which is no candidate")).await;
        check("echo '[\"a\", \"a\"]'", Err("its answer names `a` twice")).await;
        check("echo '[]'", Err("the command named no deployment")).await;
        check("exit 3", Err("it failed (exit status: 3)")).await;
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_left() {
        let got = run("sleep 60", "", &[], Duration::from_millis(20)).await;
        assert_eq!(got, Err("no answer in 20 ms".to_owned()));
    }
}
