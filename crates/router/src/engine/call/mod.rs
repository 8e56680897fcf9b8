//! One call to a deployment: sending it, hedging it, checking and delivering its answer.

pub(super) mod attempt;
pub(super) mod checks;
pub(super) mod delivery;
pub(super) mod hedge;
pub(super) mod recursive_refs;
pub(super) mod schema;
pub(super) mod verify;
