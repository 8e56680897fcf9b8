//! What would be asked of whom, without asking.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::request::record::{HedgeInfo, RouteErrorKind};
use crate::engine::router::{Request, Router};
use crate::engine::shared::session::StateSession;
use llmroute_core::model::{Class, Failure};
use llmroute_core::protocols::EncodedRequest;
use llmroute_core::route::board::Board;
use llmroute_core::route::course::{Course, Skip, Step};
use llmroute_core::route::rules::Detours;
use llmroute_core::route::strategy::Ranked;
use llmroute_core::route::{DeploymentId, GroupId};
use llmroute_core::wire::sigv4;

/// The calls that a request would lead to.
#[derive(Debug)]
pub struct Plan {
    /// First visits, in order, if each of them failed.
    pub calls: Vec<PlannedCall>,
    /// Who would be passed over, and why.
    pub skips: Vec<Skip>,
    /// The groups that would be entered, in order.
    pub visited: Vec<GroupId>,
    /// Where rules lead.
    pub detours: Detours,
    /// Why nobody else would be asked.
    pub why: RouteErrorKind,
    /// The groups whose command gave no order, and why: they are shuffled.
    pub unordered: Vec<(GroupId, String)>,
    /// What it was decided by.
    pub(super) board: Board,
    /// How the strategies of the visited groups ordered their members.
    pub(super) ranked: Vec<(GroupId, Vec<Ranked>)>,
}

/// One call that would be made.
#[derive(Debug)]
pub struct PlannedCall {
    /// To whom.
    pub deployment: DeploymentId,
    /// Through which group.
    pub group: GroupId,
    /// After which wait.
    pub wait: Duration,
    /// With what; the key is a stand-in.
    pub request: Result<EncodedRequest, Failure>,
    /// The call that would be made beside it if it stays silent.
    pub hedge: Option<HedgeInfo>,
}

impl Router {
    /// Plans `request` by the shared state of this moment, which it does not change. The commands of
    /// the groups (`exec:`) are asked.
    pub async fn plan(&self, request: &Request, rng: &mut fastrand::Rng) -> Plan {
        let mut ledger = StateSession::open(
            Arc::clone(&self.map),
            Arc::clone(&self.store),
            Arc::clone(&self.quotas),
            request,
            self.clock.now(),
        );
        let unordered = self.order_by_command(request, &mut ledger.board).await;
        let deadline = self.deadline(request);
        let mut plan = Plan {
            calls: Vec::new(),
            skips: Vec::new(),
            visited: Vec::new(),
            detours: Detours::default(),
            why: RouteErrorKind::ReaderGone,
            board: ledger.board.clone(),
            unordered,
            ranked: Vec::new(),
        };
        let facts = match self.facts(request) {
            Ok(facts) => facts,
            Err(error) => return Plan { why: RouteErrorKind::Rule(error), ..plan },
        };
        plan.detours = facts.detours.clone();
        let mut course = Course::new(&self.map, request.group, facts, deadline);
        let now = self.clock.now();
        // A failure after which everybody else is asked, and nobody twice.
        let failed = Failure::new(Class::NotFound, "");
        let mut last = None;
        loop {
            let call = match course.next(last, &plan.board, now, rng) {
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
                let rival = course.rival(&plan.board, now)?;
                let after = delay.before(plan.board.cell(deployment), request.facts.prompt_tokens, now);
                Some(HedgeInfo { after, rival })
            });
            plan.calls.push(PlannedCall { deployment, group, wait, request: encoded, hedge });
            last = Some(&failed);
        }
        plan.skips = course.take_skips();
        plan.visited = course.visited().collect();
        plan.ranked = course.rankings().map(|(group, ranked)| (group, ranked.to_vec())).collect();
        plan
    }
}
