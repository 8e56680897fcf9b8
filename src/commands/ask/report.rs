//! The reports on a finished request: the JSON object, the usage footer, the error.

use std::time::Duration;

use serde_json::{Value, json};

use super::printer::{describe, skip, tokens};
use crate::error::{CommandError, ErrorKind};
use crate::ui::text::{count, duration, money};
use llmroute_core::model::{Class, OutputFault};
use llmroute_core::routing::failover::Stop;
use llmroute_core::routing::rules::RuleId;
use llmroute_core::routing::{GroupId, Map};
use llmroute_router::engine::{AttemptRecord, CostSummary, RouteError, RouteErrorKind, RoutedAnswer};

/// The longest wait for a budget that is a reason to try again later.
const SHORT_WAIT: Duration = Duration::from_secs(3600);

/// The inputs of a report besides the result.
#[derive(Clone, Copy)]
pub(crate) struct ReportContext<'a> {
    /// The groups and deployments.
    pub map: &'a Map,
    /// The requested group.
    pub group: GroupId,
    /// The rule that decided for it, if one did.
    pub rule: Option<RuleId>,
    /// The id of the request.
    pub id: &'a str,
    /// The conversation that it is a turn of.
    pub conversation: Option<&'a str>,
}

impl ReportContext<'_> {
    /// The object of `--json` for an answer.
    #[must_use]
    pub(crate) fn done(&self, done: &RoutedAnswer) -> Value {
        let deployment = self.map.deployment(done.deployment);
        let usage = done.answer.usage.unwrap_or_default();
        let spend = CostSummary::of(&done.attempts);
        let mut object = self.common(&done.attempts, done.duration);
        let fields = json!({
            "deployment": deployment.name,
            "provider": deployment.provider,
            "model": done.answer.model.as_deref().unwrap_or(&deployment.model),
            "text": done.answer.text,
            "reasoning": Some(&done.answer.reasoning).filter(|text| !text.is_empty()),
            "tool_calls": Some(&done.answer.tool_calls).filter(|calls| !calls.is_empty()),
            "finish_reason": done.answer.finish.map(llmroute_core::model::Finish::as_str),
            "usage": done.answer.usage.map(|_| json!({
                "input_tokens": usage.input, "output_tokens": usage.output,
                "cached_tokens": usage.cached, "reasoning_tokens": usage.reasoning,
            })),
            "cost_usd": spend.delivered,
            "priced": spend.complete,
            "ttft_ms": done.first_token.map(millis),
            "hedged": done.hedged.is_some(),
            "restarted": done.restarted,
            "resumed_at": done.resumed_at,
        });
        merge(&mut object, fields);
        object
    }

    /// The object of `--json` for a failure.
    #[must_use]
    pub(crate) fn failed(&self, failed: &RouteError, error: &CommandError) -> Value {
        let spend = CostSummary::of(&failed.attempts);
        let mut object = self.common(&failed.attempts, failed.duration);
        let fields = json!({
            "cost_usd": spend.delivered, "priced": spend.complete, "hedged": failed.hedged.is_some(),
            "error": error_json(error, failed.class()),
        });
        merge(&mut object, fields);
        merge(&mut object["error"], json!({"retry_after_ms": failed.retry_after().map(millis)}));
        object
    }

    fn common(&self, attempts: &[AttemptRecord], duration: Duration) -> Value {
        let group = self.map.group(self.group);
        // The strategy is that of the group through which the last deployment was called.
        let chose = attempts.last().map_or(group, |attempt| self.map.group(attempt.group));
        json!({
            "id": self.id,
            "group": group.name,
            "deployment": null, "provider": null, "model": null, "text": null, "reasoning": null,
            "tool_calls": null, "finish_reason": null, "usage": null, "cost_usd": null, "priced": false,
            "ttft_ms": null,
            "duration_ms": millis(duration),
            "attempts": attempts.iter().map(|attempt| attempt.json(self.map)).collect::<Vec<Value>>(),
            "route": {"strategy": chose.strategy.name(), "rule": rule_json(self.map, self.rule), "tier": null, "experiment": null},
            "hedged": false,
            "restarted": false,
            "resumed_at": null,
            "wasted_usd": CostSummary::of(attempts).wasted(),
            "conversation_id": self.conversation,
        })
    }

    /// The footer of `--usage`.
    #[must_use]
    pub(crate) fn footer(&self, done: &RoutedAnswer) -> String {
        let name = &self.map.deployment(done.deployment).name;
        let attempts = count(done.attempts.len(), "attempt");
        let usage = done.answer.usage.as_ref().map_or("tokens unknown".to_owned(), tokens);
        let cost = cost(&CostSummary::of(&done.attempts));
        let first = done.first_token.map(|first| format!(", first token {}", duration(first))).unwrap_or_default();
        let speed = speed(done).map(|speed| format!(", {speed:.1} tokens/s")).unwrap_or_default();
        format!("{name}: {attempts}, {usage}, {cost}{first}{speed}, {} in all", duration(done.duration))
    }

    /// The error that a failed request ends with.
    #[must_use]
    pub(crate) fn error(&self, failed: &RouteError) -> CommandError {
        let group = &self.map.group(self.group).name;
        let kind = kind(failed);
        let message = match (failed.why, kind) {
            (RouteErrorKind::Interrupted { second_answer: true }, _) => {
                "the answer broke off, and another deployment's answer does not continue it".to_owned()
            }
            (RouteErrorKind::Interrupted { .. }, _) => "the answer broke off and could not be completed".to_owned(),
            (RouteErrorKind::Rule(error), _) => {
                let rule = self.map.rules.rule(error.rule);
                let (number, group, fault) = (rule.number, &rule.group, error.fault.as_str());
                format!("rule {number} of `{group}` cannot be evaluated: {fault}")
            }
            (RouteErrorKind::ReaderGone, _) => "the reader of the answer is gone".to_owned(),
            (RouteErrorKind::Stopped(Stop::Deadline), _) => format!("the deadline passed before `{group}` answered"),
            (RouteErrorKind::Stopped(Stop::RateLimited { next }), _) => {
                format!("every deployment of `{group}` is rate limited; next slot in {}", duration(next))
            }
            (RouteErrorKind::Stopped(Stop::BudgetSpent { next }), _) => {
                format!("the budget of every deployment of `{group}` is spent; it has room in {}", duration(next))
            }
            (RouteErrorKind::Stopped(Stop::NoKey), _) => format!("no deployment of `{group}` has a key"),
            (RouteErrorKind::Stopped(Stop::Refused), _) => "the request was refused".to_owned(),
            (RouteErrorKind::Stopped(Stop::Exhausted), ErrorKind::Authentication) => {
                format!("every key of `{group}` was refused")
            }
            (RouteErrorKind::Stopped(Stop::Exhausted), _) if failed.attempts.is_empty() => {
                format!("no deployment of `{group}` is available")
            }
            (RouteErrorKind::Stopped(Stop::Exhausted), _) => format!("no deployment of `{group}` could answer"),
        };
        let mut error = CommandError::new(kind, message);
        error.details = match failed.why {
            RouteErrorKind::Rule(error) => vec![format!("when = {}", self.map.rules.rule(error.rule).when.text())],
            RouteErrorKind::Stopped(_) | RouteErrorKind::Interrupted { .. } | RouteErrorKind::ReaderGone => {
                self.details(failed)
            }
        };
        error.hints.extend(hint(failed, kind, self.map));
        error
    }

    /// One line for each attempt, or, if no call was made, for each skipped deployment.
    fn details(&self, failed: &RouteError) -> Vec<String> {
        let attempts = failed.attempts.iter().filter_map(|attempt| {
            let failure = attempt.failure.as_ref()?;
            Some(format!("{}: {}", self.map.deployment(attempt.deployment).name, describe(failure)))
        });
        let skips = failed.skips.iter().filter(|_| failed.attempts.is_empty());
        let skips =
            skips.map(|skipped| format!("{}: {}", self.map.deployment(skipped.deployment).name, skip(&skipped.reason)));
        attempts.chain(skips).collect()
    }
}

/// The cost of a request, and the wasted part of it.
fn cost(spend: &CostSummary) -> String {
    let mut text = match spend.delivered {
        Some(usd) if spend.complete => money(usd),
        Some(usd) => format!("{} and a part of unknown cost", money(usd)),
        None => "price unknown".to_owned(),
    };
    if spend.wasted > 0.0 {
        text += &format!(", wasted {}", money(spend.wasted));
    }
    match spend.unknown {
        0 => {}
        1 => text += ", one broken call of unknown cost",
        n => text += &format!(", {n} broken calls of unknown cost"),
    }
    text
}

/// The kind of a failed request, by the precedence 74, 124, 65, 78, 75, 77, 69.
fn kind(failed: &RouteError) -> ErrorKind {
    let mut classes = failed.failures().map(|failure| failure.class).peekable();
    match failed.why {
        RouteErrorKind::Interrupted { .. } | RouteErrorKind::ReaderGone => ErrorKind::Output,
        RouteErrorKind::Rule(_) => ErrorKind::Profile,
        RouteErrorKind::Stopped(Stop::Deadline) => ErrorKind::Deadline,
        RouteErrorKind::Stopped(_) if failed.is_refused() => ErrorKind::Refused,
        RouteErrorKind::Stopped(Stop::Refused) => ErrorKind::Refused,
        RouteErrorKind::Stopped(Stop::NoKey) => ErrorKind::Profile,
        RouteErrorKind::Stopped(Stop::RateLimited { .. }) => ErrorKind::TryLater,
        // A script that repeats what ends with 75 would spin until the budget has room.
        RouteErrorKind::Stopped(Stop::BudgetSpent { next }) if next <= SHORT_WAIT => ErrorKind::TryLater,
        RouteErrorKind::Stopped(Stop::BudgetSpent { .. }) => ErrorKind::Unavailable,
        RouteErrorKind::Stopped(Stop::Exhausted) if classes.peek().is_some() && classes.all(is_key) => {
            ErrorKind::Authentication
        }
        RouteErrorKind::Stopped(Stop::Exhausted) => ErrorKind::Unavailable,
    }
}

fn is_key(class: Class) -> bool {
    matches!(class, Class::Authentication | Class::Permission)
}

fn hint(failed: &RouteError, kind: ErrorKind, map: &Map) -> Option<String> {
    let text = match kind {
        ErrorKind::Output if failed.why == (RouteErrorKind::Interrupted { second_answer: true }) => {
            "`llmroute logs last --text` prints the second answer; `-S` prints only whole answers"
        }
        ErrorKind::Output => "`-S` prints only whole answers, so that another deployment can take over unseen",
        ErrorKind::Deadline => "raise `--deadline`, or `deadline` in the profile",
        ErrorKind::TryLater => "try again later, or add a deployment or a fallback group with another key",
        ErrorKind::Authentication => "check the keys of these deployments",
        ErrorKind::Profile if matches!(failed.why, RouteErrorKind::Rule(_)) => {
            "no deployment was called, because the rule may protect a private prompt; `has(env.NAME)` tests if a variable is set"
        }
        ErrorKind::Profile => "set one of these variables, or try `llmroute --profile demo ask …` without a key",
        ErrorKind::Refused => refusal_hint(failed, map)?,
        ErrorKind::Unavailable => unavailable_hint(failed)?,
        ErrorKind::Other | ErrorKind::Usage | ErrorKind::Input | ErrorKind::Internal => return None,
    };
    Some(text.to_owned())
}

fn refusal_hint(failed: &RouteError, map: &Map) -> Option<&'static str> {
    let skipped = failed.skips.iter().map(|skipped| skipped.group);
    let mut groups = failed.attempts.iter().map(|attempt| attempt.group).chain(skipped);
    let too_large = if groups.any(|group| !map.group(group).context_window_fallbacks.is_empty()) {
        "shorten the prompt, or add a larger model to the groups in `context_window_fallbacks`"
    } else {
        "shorten the prompt, or name a group of larger models in `context_window_fallbacks`"
    };
    match failed.class() {
        Some(Class::ContextWindow) => Some(too_large),
        Some(Class::ContentPolicy) => {
            Some("name a group in `content_policy_fallbacks` or `fallbacks` to call another model")
        }
        Some(_) | None => None,
    }
}

fn unavailable_hint(failed: &RouteError) -> Option<&'static str> {
    if let RouteErrorKind::Stopped(Stop::BudgetSpent { .. }) = failed.why {
        return Some("raise `budget`, or add a deployment or a fallback group with its own budget");
    }
    match failed.class()? {
        Class::Budget => Some("give the deployments a price, or raise the cap or the budget"),
        Class::RateLimit if failed.attempts.is_empty() => Some("shorten the prompt, or raise the limit"),
        Class::InvalidOutput(OutputFault::Cut) => Some("raise `--max-tokens`, or add a deployment with a higher limit"),
        Class::InvalidOutput(OutputFault::Rejected) => Some("ask a stronger model, or add one as a fallback"),
        Class::NotFound => Some("check the model's name and the base URL"),
        Class::Quota => Some("add credit at the provider, wait as long as it asks, or add a fallback with another key"),
        Class::Connection(_) => Some("check the base URL, the network, and whether a local server is running"),
        _ => Some("add a fallback group, or try again later"),
    }
}

/// Generated tokens a second after the first one.
#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn speed(done: &RoutedAnswer) -> Option<f64> {
    let last = done.attempts.last()?;
    let streaming = last.duration.checked_sub(last.first_token?)?.as_secs_f64();
    let output = done.answer.usage?.output;
    (streaming > 0.0 && output > 1).then(|| (output - 1) as f64 / streaming)
}

/// An event of `--stream-json` with the fields of `object`.
#[must_use]
pub(crate) fn event(name: &str, object: Value) -> Value {
    let mut event = json!({"event": name});
    merge(&mut event, object);
    event
}

/// A rule as `--json` shows it.
#[must_use]
pub(crate) fn rule_json(map: &Map, rule: Option<RuleId>) -> Value {
    let Some(rule) = rule.map(|id| map.rules.rule(id)) else { return Value::Null };
    json!({"group": rule.group, "number": rule.number, "when": rule.when.text(), "use": map.group(rule.target).name})
}

fn error_json(error: &CommandError, class: Option<Class>) -> Value {
    json!({
        "class": class.map(Class::as_str), "message": error.message(),
        "hint": Some(error.hints.join("\n")).filter(|hint| !hint.is_empty()),
        "exit_code": error.kind.exit_code(),
    })
}

fn merge(object: &mut Value, fields: Value) {
    if let (Value::Object(object), Value::Object(fields)) = (object, fields) {
        object.extend(fields);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
