//! `--dry-run`: who would be asked, in which order, and with what. Sends nothing.

use std::fmt::Write;

use super::attach::elide;
use super::printer::skip;
use llmroute_router::engine::{Engine, Plan, Request};

/// Describes the calls that `request` would lead to if every one of them failed.
#[must_use]
pub(crate) fn describe(router: &Engine, request: &Request, plan: Plan) -> String {
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
    for skipped in &skips {
        let name = &router.map().deployment(skipped.deployment).name;
        let _ = writeln!(text, "\nskipped: {name} ({})", skip(&skipped.reason));
    }
    text
}
