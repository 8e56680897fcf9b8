//! Dry run: the calls that a request would make.

use std::time::Duration;

use crate::engine::request::record::{HedgeInfo, RouteErrorKind};
use crate::engine::router::{Engine, Request};
use crate::engine::shared::session::StateSession;
pub use llmroute_core::model::{Class, Failure};
use llmroute_core::protocols::EncodedRequest;
pub use llmroute_core::routing::failover::{Failover, Skip, Step};
pub use llmroute_core::routing::rules::RuleOverrides;
pub use llmroute_core::routing::snapshot::StateSnapshot;
pub use llmroute_core::routing::strategy::Ranked;
use llmroute_core::routing::{DeploymentId, GroupId};
pub use llmroute_core::wire::sigv4;

/// The calls that a request would lead to.
#[derive(Debug)]
pub struct Plan {
    /// First visits, in order, if each of them failed.
    pub calls: Vec<PlannedCall>,
    /// The deployments that would be passed over.
    pub skips: Vec<Skip>,
    /// The groups that would be entered, in order.
    pub visited: Vec<GroupId>,
    /// The targets and tags that rules choose.
    pub rule_overrides: RuleOverrides,
    /// The reason why no further deployment would be called.
    pub why: RouteErrorKind,
    /// The groups whose command gave no order, with the reason; they are shuffled.
    pub unordered: Vec<(GroupId, String)>,
    /// The state that the plan is based on.
    pub(super) snapshot: StateSnapshot,
    /// The order of the members of each visited group.
    pub(super) ranked: Vec<(GroupId, Vec<Ranked>)>,
}

/// One call that would be made.
#[derive(Debug)]
pub struct PlannedCall {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The group through which it is called.
    pub group: GroupId,
    /// The wait before it.
    pub wait: Duration,
    /// The request, with a placeholder for the key.
    pub request: Result<EncodedRequest, Failure>,
    /// The hedge that would be sent if it stays silent.
    pub hedge: Option<HedgeInfo>,
}

impl Engine {
    /// Plans `request` by the current shared state, which it does not change. The commands of the groups (`exec:`)
    /// are run.
    pub async fn plan(&self, request: &Request, rng: &mut fastrand::Rng) -> Plan {
        let mut session = StateSession::open(self, request).await;
        let unordered = self.order_by_command(request, &mut session.snapshot).await;
        let deadline = self.deadline(request);
        let mut plan = Plan {
            calls: Vec::new(),
            skips: Vec::new(),
            visited: Vec::new(),
            rule_overrides: RuleOverrides::default(),
            why: RouteErrorKind::ReaderGone,
            snapshot: session.snapshot.clone(),
            unordered,
            ranked: Vec::new(),
        };
        let attributes = match self.attributes(request) {
            Ok(attributes) => attributes,
            Err(error) => return Plan { why: RouteErrorKind::Rule(error), ..plan },
        };
        plan.rule_overrides = attributes.rule_overrides.clone();
        let mut failover = Failover::new(&self.map, request.group, attributes, deadline);
        let now = self.clock.now();
        // After this failure every other deployment is called, and none twice.
        let failed = Failure::new(Class::NotFound, "");
        let mut last = None;
        loop {
            let call = match failover.next(last, &plan.snapshot, now, rng) {
                Step::Call(call) => call,
                Step::Stop(stop) => {
                    plan.why = RouteErrorKind::Stopped(stop);
                    break;
                }
            };
            let endpoint = &self.endpoints[call.deployment.0];
            let key = self.sources[call.deployment.0].stand_in();
            let mut encoded = endpoint.encode(key.as_ref(), &request.prompt);
            if let Ok(encoded) = &mut encoded {
                sigv4::sign(&mut encoded.request, now);
            }
            let (deployment, group, wait) = (call.deployment, call.group, call.wait);
            let hedge = self.map.group(group).policy.hedge.and_then(|delay| {
                let rival = failover.hedge_candidate(&plan.snapshot, now)?;
                let after = delay.before(plan.snapshot.deployment(deployment), request.attributes.prompt_tokens, now);
                Some(HedgeInfo { after, rival })
            });
            plan.calls.push(PlannedCall { deployment, group, wait, request: encoded, hedge });
            last = Some(&failed);
        }
        plan.skips = failover.take_skips();
        plan.visited = failover.visited().collect();
        plan.ranked = failover.rankings().map(|(group, ranked)| (group, ranked.to_vec())).collect();
        plan
    }
}
