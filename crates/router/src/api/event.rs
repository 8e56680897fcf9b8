//! The events of a streamed answer.

use std::time::Duration;

use super::error_kind::ErrorKind;
use super::response::ChatResponse;

/// An event of a [`ChatStream`](super::ChatStream).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ChatEvent {
    /// A deployment is passed over.
    Skipped {
        /// The deployment.
        deployment: String,
        /// The reason.
        reason: String,
    },
    /// A deployment is called.
    Calling {
        /// The deployment.
        deployment: String,
        /// The time that the router waits first.
        wait: Duration,
    },
    /// A call failed; another one may follow.
    AttemptFailed {
        /// The deployment.
        deployment: String,
        /// The kind of failure.
        error: ErrorKind,
        /// The message, in one line and without secrets.
        message: String,
    },
    /// A piece of the text.
    Text(String),
    /// A piece of the reasoning that the provider shows.
    Reasoning(String),
    /// A tool call begins; [`ChatResponse::tool_calls`] holds it when it is complete.
    ToolCall {
        /// Its position among the tool calls of the answer.
        index: usize,
        /// The id of the call.
        id: String,
        /// The name of the tool.
        name: String,
    },
    /// A piece of the arguments of a tool call, as JSON text.
    ToolArguments {
        /// The position of the call.
        index: usize,
        /// The piece.
        text: String,
    },
    /// The text so far is void: another deployment begins the answer again.
    Restarted,
    /// Another deployment continues the text.
    Resumed {
        /// The number of characters so far.
        at: usize,
    },
    /// A hedged call was decided.
    HedgeWon {
        /// The deployment whose answer is delivered.
        deployment: String,
    },
    /// A warning for the operator of the service, such as a state that cannot be reached.
    Warning(String),
    /// The answer is complete. The last event of a stream that succeeds.
    Done(Box<ChatResponse>),
}
