//! The only code that awaits: it obeys the failover, calls deployments and tells its observer.
//!
//! It owns no policy (that is `routing`), no wire format (`provider`) and no terminal (`cli`).

mod call;
mod event;
mod exec;
mod explain;
mod measurement;
mod plan;
mod probe;
mod request;
mod router;
mod shared;

pub use shared::keys::{deployment_key, group_key, quota_key};

pub use crate::transport::process::find as find_verifier;
pub use call::checks::Checks;
pub use call::delivery::{Delivery, MidstreamMode};
pub use call::schema::{Schema, SchemaError};
pub use event::{ContinuedBy, Observer, RouterEvent};
pub use explain::{ExplainedCandidate, ExplainedGroup, Explanation, NamedValues, WorstCase};
pub use measurement::Measurement;
pub use plan::{Plan, PlannedCall};
pub use probe::{ModelList, ProbeKey, ProbeLimits, ProbeOutcome, ProbeReply, ProbeResult, Standing};
pub use request::record::{
    AttemptRecord, CostSummary, Disposition, HedgeInfo, RouteError, RouteErrorKind, RoutedAnswer,
};
pub use router::{Engine, Request};
