//! The only code that awaits: it obeys the course, calls deployments and tells its watcher.
//!
//! It owns no policy (that is `route`), no wire format (`provider`) and no terminal (`cli`).

mod attempt;
mod delivery;
mod ledger;
mod note;
mod plan;
mod router;
#[cfg(test)]
mod tests;

pub use delivery::{Delivery, Midstream};
pub use note::{Note, Watcher};
pub use plan::{Plan, Planned};
pub use router::{Attempt, Done, Request, RouteError, Router, Why};
