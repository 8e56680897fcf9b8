//! The one table from failure class to reaction.

use crate::model::{Class, OutputFault};

/// The reaction to a class of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Call the next deployment; this one can be retried later.
    Next,
    /// Retry this one once, immediately; then move on for the rest of the request.
    OnceMore,
    /// Call the next; a retry of this one must wait for its gate.
    NextGated,
    /// Call the next, and never this one again in this request.
    NextNeverThis,
    /// Call one deployment of another provider, then stop.
    OtherProvider,
    /// Call only deployments with a larger window.
    LargerWindow,
    /// Call only the groups that follow a refusal.
    PolicyGroups,
}

/// The one table of reactions; a new class does not compile without a row.
pub(super) fn reaction(class: Class) -> Reaction {
    match class {
        Class::Overloaded | Class::ServerError | Class::Connection(_) | Class::Malformed | Class::Truncated => {
            Reaction::Next
        }
        Class::RateLimit => Reaction::NextGated,
        // The model may draw better; what fails twice is likely to fail again.
        Class::InvalidOutput(OutputFault::Rejected) => Reaction::OnceMore,
        // A silent timeout is not retried; keys, budgets and names do not recover in seconds,
        // and the same question gets the same unusable answer.
        Class::Timeout(_)
        | Class::Authentication
        | Class::Permission
        | Class::NotFound
        | Class::Quota
        | Class::Unsupported
        | Class::InvalidOutput(OutputFault::Cut)
        | Class::Budget => Reaction::NextNeverThis,
        Class::BadRequest => Reaction::OtherProvider,
        Class::ContextWindow => Reaction::LargerWindow,
        Class::ContentPolicy => Reaction::PolicyGroups,
    }
}
