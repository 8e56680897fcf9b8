//! The only code that awaits: it obeys the course, calls deployments and tells its watcher.
//!
//! It owns no policy (that is `route`), no wire format (`provider`) and no terminal (`cli`).

mod attempt;
mod check;
mod delivery;
mod exec;
mod explain;
mod family;
mod hedge;
mod in_flight;
mod learn;
mod ledger;
mod line;
mod log;
mod note;
mod observe;
mod plan;
mod probe;
mod quotas;
mod record;
mod recursive_refs;
mod reserve;
mod rooms;
mod router;
mod run;
mod schema;
mod slots;
mod verify;

pub use attempt::{ERROR_BODY_TIME, MAX_ERROR_BODY, TRAILER_TIME, is_token, judge, secrets, size};
pub use ledger::{deployment_key, group_key};
pub use reserve::quota_key;

pub use check::Checks;
pub use delivery::{Delivery, Midstream};
pub use explain::{Candidate, Explained, Figures, Leg, Worst};
pub use note::{By, Note, Watcher};
pub use observe::Observed;
pub use plan::{Plan, Planned};
pub use probe::{ModelList, ProbeKey, ProbeLimits, ProbeOutcome, ProbeReply, ProbeResult, Standing};
pub use record::{Attempt, Done, Hedged, RouteError, Share, Spend, Why};
pub use router::{Request, Router};
pub use schema::{Schema, SchemaError};
pub use verify::find as find_verifier;
