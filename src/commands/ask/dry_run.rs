//! `--dry-run`: the requests that would be sent, in order. Sends nothing.

use std::fmt::Write;
use std::time::Duration;

use super::attach::elide;
use super::prepare::PreparedRequest;
use super::printer::{skip, unordered};
use super::report::ReportContext;
use super::unwritable;
use crate::commands::Exit;
use crate::error::CommandError;
use crate::signals::{Completion, until_signal};
use crate::ui::console::Console;
use llmroute_router::engine::{Engine, Plan, Request, RouteError, RouteErrorKind};

/// Prints the plan of the request.
///
/// # Errors
/// `profile` for a rule that cannot be evaluated.
pub(super) fn run(
    prepared: &PreparedRequest,
    subject: &ReportContext<'_>,
    console: &mut Console,
) -> Result<Exit, CommandError> {
    let PreparedRequest { router, request, resolved, .. } = prepared;
    let mut rng = fastrand::Rng::with_seed(resolved.seed);
    let plan = match until_signal(router.plan(request, &mut rng))? {
        Completion::Done(plan) => plan,
        Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
    };
    plan.unordered.iter().for_each(|(group, reason)| console.event(&unordered(router.map(), *group, reason)));
    if let RouteErrorKind::Rule(_) = plan.why {
        let (attempts, skips, duration) = (Vec::new(), Vec::new(), Duration::ZERO);
        return Err(subject.error(&RouteError { why: plan.why, attempts, skips, duration, hedged: None }));
    }
    let text = describe(router, request, plan);
    console.data(&text).map(|()| Exit::Success).or_else(|error| unwritable(&error))
}

/// Describes the calls that `request` would lead to if every one of them failed.
fn describe(router: &Engine, request: &Request, plan: Plan) -> String {
    let Plan { calls, skips, .. } = plan;
    let mut text = String::new();
    let group = &router.map().group(request.group).name;
    // Writing into a string cannot fail.
    let _ = writeln!(text, "group {group}: {} to call, in this order", calls.len());
    for (position, call) in calls.iter().enumerate() {
        let _ = writeln!(text, "\n{}. {}", position + 1, router.map().deployment(call.deployment).name);
        match &call.request {
            Err(failure) => {
                let _ = writeln!(text, "   cannot be called: {}", failure.message);
            }
            Ok(encoded) => {
                let _ = writeln!(text, "   POST {}", encoded.request.url);
                for (name, value) in &encoded.request.headers {
                    let value = if value.is_sensitive() { "[redacted]" } else { value.to_str().unwrap_or("[binary]") };
                    let _ = writeln!(text, "   {name}: {value}");
                }
                let body = elide(&String::from_utf8_lossy(&encoded.request.body), &request.prompt);
                let _ = writeln!(text, "   {body}");
                if !encoded.dropped.is_empty() {
                    let _ = writeln!(text, "   left out: {}", encoded.dropped.join(", "));
                }
                if let Some(limit) = encoded.lowered {
                    let _ = writeln!(text, "   max_tokens lowered to the model's limit: {limit}");
                }
            }
        }
    }
    // A deployment of two groups is skipped in both, for one reason.
    let mut lines = Vec::new();
    for skipped in &skips {
        let name = &router.map().deployment(skipped.deployment).name;
        let reason = skip(&skipped.reason);
        let line = match skipped.reason.is_called() {
            true => format!("\nnote: {name}: {reason}"),
            false => format!("\nskipped: {name} ({reason})"),
        };
        if !lines.contains(&line) {
            let _ = writeln!(text, "{line}");
            lines.push(line);
        }
    }
    text
}
