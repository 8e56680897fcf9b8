//! From the output options to the form of the answer.

use super::args::AskArgs;
use super::question::MidstreamArg;
use crate::environment::Sink;
use llmroute_router::engine::{Delivery, MidstreamMode};

/// The content of standard output, or of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The text, as it arrives.
    Streamed,
    /// The text, when it is complete.
    Whole,
    /// The first fenced block of the text.
    Extracted,
    /// One JSON object.
    Json,
    /// One JSON event a line.
    StreamJson,
}

/// Chooses the output.
pub(super) fn output(args: &AskArgs, stdout: Sink) -> Output {
    if args.json {
        Output::Json
    } else if args.stream_json {
        Output::StreamJson
    } else if args.extract {
        Output::Extracted
    } else if args.no_stream || args.output.is_some() || is_checked(args) || stdout == Sink::File {
        Output::Whole
    } else {
        Output::Streamed
    }
}

/// Returns `true` if a complete answer may be rejected. It is not printed before it is accepted, and an event stream
/// can start again.
fn is_checked(args: &AskArgs) -> bool {
    args.question.schema.is_some() || args.verify.is_some() || args.fail_on_truncated
}

/// The delivery of an answer to `args`.
pub(super) fn delivery(args: &AskArgs, output: Output, stdout: Sink) -> Delivery {
    delivery_by(args.question.midstream.filter(|_| !is_checked(args)), output, stdout)
}

/// The delivery of a streamed or complete answer. A terminal can show a second answer below the first; a pipe can only
/// continue it; output that is not printed yet can start again unnoticed.
pub(crate) fn delivery_by(midstream: Option<MidstreamArg>, output: Output, stdout: Sink) -> Delivery {
    let default = match (output, stdout) {
        (Output::Whole | Output::Extracted | Output::Json, _) => return Delivery::Whole,
        (Output::StreamJson, _) | (Output::Streamed, Sink::Terminal) => MidstreamMode::Restart,
        (Output::Streamed, Sink::Pipe | Sink::File) => MidstreamMode::Exact,
    };
    Delivery::Streamed(match midstream {
        None => default,
        Some(MidstreamArg::Exact) => MidstreamMode::Exact,
        Some(MidstreamArg::Restart) => MidstreamMode::Restart,
        Some(MidstreamArg::Resume) => MidstreamMode::Resume,
        Some(MidstreamArg::Fail) => MidstreamMode::Fail,
    })
}
