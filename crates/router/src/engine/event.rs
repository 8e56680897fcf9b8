//! The events of a request: every wait, failure, skip and piece of text, and the observer that receives them.

use std::ops::ControlFlow;
use std::task::Poll;
use std::time::Duration;

use crate::engine::request::record::RoutedAnswer;
pub use llmroute_core::model::refused_parameters::Change;
pub use llmroute_core::model::{Event, Failure};
pub use llmroute_core::routing::failover::SkipReason;
use llmroute_core::routing::{DeploymentId, GroupId};

/// Something a person may want to know while it happens.
#[derive(Debug)]
pub enum RouterEvent<'a> {
    /// A deployment was passed over.
    Skipped {
        /// The deployment.
        deployment: DeploymentId,
        /// The reason.
        reason: &'a SkipReason,
    },
    /// A deployment is asked, perhaps after a wait.
    Calling {
        /// The deployment.
        deployment: DeploymentId,
        /// The time that the request waits first.
        wait: Duration,
    },
    /// The request was changed: the model does not take all of it.
    Adapted {
        /// The deployment.
        deployment: DeploymentId,
        /// The changes.
        changes: &'a [Change],
    },
    /// An attempt failed.
    Failed {
        /// The deployment.
        deployment: DeploymentId,
        /// The failure.
        failure: &'a Failure,
    },
    /// The text delivered so far is void: the answer begins again.
    Restarted {
        /// Text was among it, not only reasoning or a tool call.
        text: bool,
    },
    /// The next deployment continues the text that was given out.
    Resuming {
        /// Characters given out so far.
        at: usize,
        /// The way in which it continues.
        by: ContinuedBy,
    },
    /// Of two deployments that were asked for the same answer, one was faster; the other call was
    /// broken off.
    Hedged {
        /// The time that the first call had been silent when the second began.
        after: Duration,
        /// The deployment whose answer is delivered.
        winner: DeploymentId,
        /// The cost of the other call, if it is known.
        wasted: Option<f64>,
    },
    /// Of two deployments that were asked for the same answer, one failed; this one goes on.
    GoingOn {
        /// The deployment.
        deployment: DeploymentId,
    },
    /// The command that orders a group gave no order; says why.
    Unordered {
        /// The group, which is shuffled instead.
        group: GroupId,
        /// The reason.
        reason: &'a str,
    },
    /// The shared state cannot be used; says why.
    State(&'a str),
}

/// The way in which a deployment continues a text that was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContinuedBy {
    /// The text is given to it as the beginning of its answer.
    Prefill,
    /// It is told to.
    Instruction,
    /// It is not: if its own answer begins with the text, the rest of it fits.
    Match,
}

/// Receives notes and the answer as it comes.
pub trait Observer: Send {
    /// Something happened.
    fn on_event(&mut self, note: RouterEvent<'_>);

    /// Takes a piece of the answer. `Break` cancels the call.
    fn on_output(&mut self, event: &Event) -> ControlFlow<()>;

    /// The answer is complete. Called before anything is written down: a reader does not wait for
    /// the state.
    fn on_complete(&mut self, _done: &RoutedAnswer) {}

    /// Returns false while no further output is wanted yet; the network is then not read. The task that makes room
    /// must poll the request again.
    fn has_room(&mut self) -> bool {
        true
    }
}

/// Waits until `observer` has room for output.
pub(super) async fn room(observer: &mut dyn Observer) {
    // The task that makes room polls the request again.
    std::future::poll_fn(|_| if observer.has_room() { Poll::Ready(()) } else { Poll::Pending }).await;
}
