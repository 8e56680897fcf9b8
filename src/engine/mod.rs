//! The only code that awaits: it obeys the course, calls deployments and tells its watcher.
//!
//! It owns no policy (that is `route`), no wire format (`provider`) and no terminal (`cli`).

mod attempt;
mod delivery;
mod ledger;
mod log;
mod note;
mod plan;
mod quotas;
mod record;
mod reserve;
mod rooms;
mod router;
mod slots;

pub use delivery::{Delivery, Midstream};
pub use note::{Note, Watcher};
pub use plan::{Plan, Planned};
pub use record::{Attempt, Done, RouteError, Why};
pub use router::{Request, Router};
