//! Finish reasons, under the names that servers of any protocol were seen to give.

use crate::model::{Class, Event, Failure, Finish, TimeoutKind};

/// Classifies a reason, and pushes a warning about one that is not known.
///
/// # Errors
/// Fails when the reason means that generation failed.
pub(super) fn read(reason: &str, out: &mut Vec<Event>) -> Result<Finish, Failure> {
    let failed = |class| Failure::new(class, format!("the provider reports that generation failed (`{reason}`)"));
    let finish = of(reason).map_err(failed)?;
    if finish == Finish::Other {
        out.push(Event::Warning(format!("the provider gives an unknown finish reason, `{reason}`")));
    }
    Ok(finish)
}

fn of(reason: &str) -> Result<Finish, Class> {
    Ok(match reason.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" | "pause_turn" | "complete" | "completed" => {
            Finish::Stop
        }
        "length" | "max_tokens" | "max_output_tokens" | "model_length" | "model_context_window_exceeded" => {
            Finish::Length
        }
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => Finish::ToolCalls,
        "content_filter"
        | "content_filtered"
        | "sensitive"
        | "safety"
        | "refusal"
        | "prohibited_content"
        | "guardrail_intervened"
        | "recitation"
        | "blocklist"
        | "spii"
        | "model_armor"
        | "image_safety"
        | "image_prohibited_content"
        | "image_recitation"
        | "error_toxic" => Finish::ContentFilter,
        "timeout" | "timed_out" | "time_limit" => return Err(Class::Timeout(TimeoutKind::Upstream)),
        "error"
        | "network_error"
        | "server_error"
        | "internal_error"
        | "engine_error"
        | "failed"
        | "failure"
        | "abort"
        | "aborted"
        | "cancel"
        | "cancelled"
        | "canceled"
        | "user_cancel"
        | "interrupted"
        | "preempted"
        | "unload"
        | "insufficient_system_resource"
        | "malformed_function_call"
        | "malformed_response"
        | "malformed_model_output"
        | "malformed_tool_use"
        | "unexpected_tool_call"
        | "too_many_tool_calls"
        | "missing_thought_signature"
        | "error_limit"
        | "language"
        | "no_image" => return Err(Class::ServerError),
        _ => Finish::Other,
    })
}
