//! What would be asked of whom, without asking.

use std::sync::Arc;

use super::ledger::Ledger;
use super::router::{Request, Router};
use crate::model::{Class, Failure, Secret};
use crate::provider::Encoded;
use crate::route::DeploymentId;
use crate::route::course::{Course, Skip, Step};

/// The calls that a request would lead to.
#[derive(Debug)]
pub struct Plan {
    /// First visits, in order, if each of them failed.
    pub calls: Vec<Planned>,
    /// Who would be passed over, and why.
    pub skips: Vec<Skip>,
}

/// One call that would be made.
#[derive(Debug)]
pub struct Planned {
    /// To whom.
    pub deployment: DeploymentId,
    /// With what; the key is a stand-in.
    pub request: Result<Encoded, Failure>,
}

impl Router {
    /// Plans `request` by the shared state of this moment, which it does not change.
    #[must_use]
    pub fn plan(&self, request: &Request, rng: &mut fastrand::Rng) -> Plan {
        let ledger = Ledger::open(
            Arc::clone(&self.map),
            Arc::clone(&self.store),
            Arc::clone(&self.quotas),
            request,
            self.clock.now(),
        );
        let deadline = request.since.after(self.map.group(request.group).policy.deadline);
        let mut course = Course::new(&self.map, request.group, request.facts.clone(), deadline);
        let now = self.clock.now();
        // A failure after which everybody else is asked, and nobody twice.
        let failed = Failure::new(Class::NotFound, "");
        let mut plan = Plan { calls: Vec::new(), skips: Vec::new() };
        let mut last = None;
        while let Step::Call(call) = course.next(last, &ledger.board, now, rng) {
            let endpoint = &self.endpoints[call.deployment.0];
            let key = (self.sources[call.deployment.0] != crate::model::KeySource::None).then(|| Secret::new("KEY"));
            let encoded = endpoint.protocol.adapter().encode(endpoint, key.as_ref(), &request.prompt);
            plan.calls.push(Planned { deployment: call.deployment, request: encoded });
            last = Some(&failed);
        }
        plan.skips = course.take_skips();
        plan
    }
}
