//! Performs requests: calls the deployments that the failover chooses, and reports to an observer.
//!
//! Policy is in `llmroute_core::routing`, wire formats in `llmroute_core::protocols`.

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
