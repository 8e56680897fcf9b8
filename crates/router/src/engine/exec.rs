//! Strategies that are commands (`exec:`): the request and the candidates as JSON on standard input, an order back.
//!
//! A command runs once, at the start of a request, for every group that the request may reach. Where it
//! gives no order, the reason is reported once and the group is shuffled.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::router::{Engine, Request};
use crate::engine::shared::keys::reachable;
use crate::transport::process::{ProcessError, ShellCommand};
pub use llmroute_core::model::format;
use llmroute_core::model::{Part, Prompt};
pub use llmroute_core::routing::estimate::Estimate;
pub use llmroute_core::routing::failover::{Eligibility, RequestAttributes};
pub use llmroute_core::routing::snapshot::StateSnapshot;
pub use llmroute_core::routing::strategy::{Candidate, RankingInput, candidates};
use llmroute_core::routing::{Group, GroupId};

/// The time limit of a command.
const LIMIT: Duration = Duration::from_millis(200);
/// As much of its answer as is read.
const MAX_ANSWER: u64 = 256 << 10;

impl Engine {
    /// Runs the commands of all groups that `request` may reach, and puts their orders on `snapshot`.
    /// Returns the groups without an order, with the reasons.
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
                Err(error) => unordered.push((group, error.to_string())),
            }
        }
        unordered
    }

    /// The groups that have a command, with its input.
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
            let question = question(&map.group(group).name, request, attributes, &candidates);
            (!candidates.is_empty()).then(|| (group, Arc::clone(command), question))
        });
        asked.collect()
    }

    fn position(&self, group: &Group, name: &str) -> Option<usize> {
        group.members.iter().position(|member| self.map.deployment(member.deployment).name == name)
    }
}

/// The input of a command: the request, and the estimates of the candidates.
fn question(group: &str, request: &Request, attributes: &RequestAttributes, candidates: &[Candidate<'_>]) -> String {
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
            "prompt": last_text(&request.prompt), "system": request.prompt.system, "tags": attributes.tags, "user": attributes.user,
            "prompt_tokens": attributes.prompt_tokens, "max_tokens": attributes.max_tokens,
            "require_tags": attributes.require_tags, "forbid_tags": attributes.forbid_tags, "max_cost": attributes.max_cost,
        },
        "candidates": candidates.iter().map(candidate).collect::<Vec<Value>>(),
    })
    .to_string()
}

/// The text of the last message.
fn last_text(prompt: &Prompt) -> String {
    let parts = prompt.messages.last().map_or(&[][..], |message| message.parts.as_slice());
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The reason why a command gives no order.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error("no answer in {}", format::duration(*.0))]
    TimedOut(Duration),
    #[error("the command cannot be run: {0}")]
    Run(#[source] ProcessError),
    #[error("the command failed ({0})")]
    Failed(ExitStatus),
    #[error("the output of the command is not UTF-8")]
    NotText(#[source] std::string::FromUtf8Error),
    #[error("the command must print a JSON array of deployment names")]
    NotNames(#[source] serde_json::Error),
    #[error("the command named `{}`, which is not a candidate", .0.escape_debug())]
    UnknownName(String),
    #[error("the command named `{}` twice", .0.escape_debug())]
    NamedTwice(String),
    #[error("the command named no deployment")]
    Empty,
}

/// Returns what `command` prints when it gets `question` on its standard input. It gets no provider's key.
async fn run(command: &str, question: &str, keys: &[&str], limit: Duration) -> Result<String, OrderError> {
    let run = ShellCommand::new(command).input(question.as_bytes()).stdout(MAX_ANSWER);
    let finished = run.without_keys(keys.iter().copied()).run(limit).await.map_err(|error| match error {
        ProcessError::TimedOut(limit) => OrderError::TimedOut(limit),
        ProcessError::Start(_) | ProcessError::Wait(_) => OrderError::Run(error),
    })?;
    if !finished.status.success() {
        return Err(OrderError::Failed(finished.status));
    }
    String::from_utf8(finished.stdout).map_err(OrderError::NotText)
}

/// The positions that `text` names: a JSON array of names of members, each once.
fn parse(text: &str, position: impl Fn(&str) -> Option<usize>) -> Result<Vec<usize>, OrderError> {
    let names: Vec<String> = serde_json::from_str(text).map_err(OrderError::NotNames)?;
    let mut order = Vec::with_capacity(names.len());
    for name in names {
        let Some(position) = position(&name) else { return Err(OrderError::UnknownName(name)) };
        if order.contains(&position) {
            return Err(OrderError::NamedTwice(name));
        }
        order.push(position);
    }
    if order.is_empty() { Err(OrderError::Empty) } else { Ok(order) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(command: &str, want: Result<&[usize], &str>) {
        let position = |name: &str| ["a", "b"].iter().position(|known| *known == name);
        // The limit is not what is tested here, and the machine may be busy.
        let got = run(command, "{\"candidates\":[]}", &[], Duration::from_secs(30)).await;
        let got = got.and_then(|text| parse(&text, position));
        assert_eq!(got.as_deref().map_err(ToString::to_string), want.map_err(str::to_owned), "{command}");
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
        check("echo '[\"x\"]'", Err("the command named `x`, which is not a candidate")).await;
        check("echo '[\"a\", \"a\"]'", Err("the command named `a` twice")).await;
        check("echo '[]'", Err("the command named no deployment")).await;
        check("exit 3", Err("the command failed (exit status: 3)")).await;
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_left() {
        let got = run("sleep 60", "", &[], Duration::from_millis(20)).await;
        assert_eq!(got.unwrap_err().to_string(), "no answer in 20 ms");
    }
}
