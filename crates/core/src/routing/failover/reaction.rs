//! The one table from failure class to reaction.

use crate::model::{Class, OutputFault};

/// How policy answers a class of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Ask the next; this one may be asked again later.
    Next,
    /// Ask this one once more, at once; then the next, and never this one again in this request.
    OnceMore,
    /// Ask the next; a repeat of this one must wait out its gate.
    NextGated,
    /// Ask the next, and never this one again in this request.
    NextNeverThis,
    /// Ask one deployment of another provider, then stop.
    OtherProvider,
    /// Ask deployments with a larger window only.
    LargerWindow,
    /// Ask the groups that are named for it, and no others.
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
        // One that timed out in silence is not asked again; keys, money and names do not mend in seconds,
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
