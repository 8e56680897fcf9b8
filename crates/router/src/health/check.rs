//! Probes all deployments concurrently, within limits. It decides nothing.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use super::{
    DeploymentHealth, Evidence, HealthReport, HealthSubject, LiveCall, Target, diagnosis, live_call, problem, warnings,
};
use crate::engine::{Engine, ModelList, ProbeKey, ProbeLimits, ProbeOutcome, ProbeReply, ProbeResult, Standing};
use crate::ports::{Clock, ConnectionCheck, ConnectionChecker};
pub use llmroute_core::model::{Class, Failure, TimeoutKind, Timestamp};
pub use llmroute_core::protocols::probe::Listed;
pub use llmroute_core::routing::breaker::BreakerState;
pub use llmroute_core::routing::limits::LimitObservation;
pub use llmroute_core::routing::snapshot::StateSnapshot;
use llmroute_core::routing::{DeploymentId, GroupId};

/// The number of servers to probe at the same time.
const MAX_CONCURRENT: usize = 64;

/// The time limits of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthTimeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the head of the reply to a free probe.
    pub head: Duration,
    /// For everything.
    pub total: Duration,
}

impl HealthTimeouts {
    /// 2 s for a connection, 5 s for a head, 10 s in all.
    pub const DEFAULT: Self =
        Self { connect: Duration::from_secs(2), head: Duration::from_secs(5), total: Duration::from_secs(10) };
}

impl HealthTimeouts {
    /// The time left; `None` if it is too short for silence to mean anything.
    fn left(self, over: Duration) -> Option<Duration> {
        let left = self.total.saturating_sub(over);
        Some(left).filter(|left| *left >= self.connect.min(self.total / 2))
    }
}

/// The findings of one probe for deployments that share a server and a key.
struct ProbeGroup {
    members: Vec<Target>,
    dialed: ConnectionCheck,
    probed: ProbeResult,
    live: Vec<Option<LiveCall>>,
}

impl ProbeGroup {
    /// Not probed: no time was left.
    fn unasked(members: Vec<Target>) -> Self {
        let dialed = ConnectionCheck { unmeasured: true, ..ConnectionCheck::default() };
        let probed = ProbeResult { key: ProbeKey::NotResolved, outcome: ProbeOutcome::NoTime };
        Self { live: vec![None; members.len()], members, dialed, probed }
    }
}

/// Checks every one of `targets`, and judges `subjects`.
pub async fn check(
    router: &Engine,
    dial: &dyn ConnectionChecker,
    clock: Clock,
    targets: &[Target],
    subjects: &[HealthSubject],
    limits: HealthTimeouts,
    rng: &mut fastrand::Rng,
) -> HealthReport {
    let start = clock.instant();
    let everybody: Vec<DeploymentId> = (0..router.map().deployments.len()).map(DeploymentId).collect();
    let probe_groups = probe_groups(router, targets).into_iter().map(|members| (members, rng.fork()));
    let asked = probe_groups.map(|(members, mut rng)| async move {
        let Some(left) = limits.left(clock.instant() - start) else { return ProbeGroup::unasked(members) };
        let probing = ProbeLimits { connect: limits.connect, head: limits.head, total: left };
        let first = members[0].id;
        let (dialed, probed) =
            tokio::join!(dialed(router, dial, first, limits.connect.min(left)), router.probe(first, probing));
        let live = if is_askable(&probed.key) {
            // The elapsed time is not part of the time left.
            let calls = members.iter().map(|target| (target.live, rng.fork())).map(|(group, mut rng)| async move {
                let left = limits.left(clock.instant() - start);
                called(router, group, clock.now(), left, &mut rng).await
            });
            stream::iter(calls).buffered(MAX_CONCURRENT).collect().await
        } else {
            vec![None; members.len()]
        };
        ProbeGroup { members, dialed, probed, live }
    });
    let probe_groups: Vec<ProbeGroup> = stream::iter(asked).buffer_unordered(MAX_CONCURRENT).collect().await;
    let rows = rows(router, targets, &probe_groups, &router.standing(&everybody), clock.now());
    let states = |subject: &HealthSubject| -> Vec<_> {
        subject
            .members
            .iter()
            .filter_map(|id| rows.iter().find(|row| row.id == *id))
            .map(|row| &row.diagnosis)
            .collect()
    };
    let subjects = subjects.iter().map(|subject| (subject.name.clone(), problem(&states(subject)))).collect();
    HealthReport { rows, subjects, took: clock.instant() - start }
}

/// Groups the deployments that one free probe covers.
fn probe_groups(router: &Engine, targets: &[Target]) -> Vec<Vec<Target>> {
    let mut probe_groups: Vec<Vec<Target>> = Vec::new();
    for target in targets {
        match probe_groups.iter_mut().find(|probe_group| router.probed_alike(probe_group[0].id, target.id)) {
            Some(probe_group) => probe_group.push(*target),
            None => probe_groups.push(vec![*target]),
        }
    }
    probe_groups
}

async fn dialed(router: &Engine, dial: &dyn ConnectionChecker, id: DeploymentId, limit: Duration) -> ConnectionCheck {
    match router.address(id) {
        Some(url) => dial.dial(url, limit).await,
        None => ConnectionCheck { unmeasured: true, ..ConnectionCheck::default() },
    }
}

fn is_askable(key: &ProbeKey) -> bool {
    match key {
        ProbeKey::NotNeeded | ProbeKey::Found { .. } => true,
        ProbeKey::Missing(_) | ProbeKey::TimedOut | ProbeKey::NotResolved => false,
    }
}

async fn called(
    router: &Engine,
    group: Option<GroupId>,
    now: Timestamp,
    left: Option<Duration>,
    rng: &mut fastrand::Rng,
) -> Option<LiveCall> {
    let group = group?;
    Some(match left {
        Some(left) => live_call::call(router, group, now, left, rng).await,
        None => LiveCall::NotMade("not called: no time left".to_owned()),
    })
}

/// The evidence about each, with the state after the probes.
fn rows(
    router: &Engine,
    targets: &[Target],
    probe_groups: &[ProbeGroup],
    after: &[Standing],
    now: Timestamp,
) -> Vec<DeploymentHealth> {
    let map = router.map();
    let mut snapshot = StateSnapshot::new(map);
    for (cell, standing) in snapshot.deployments.iter_mut().zip(after) {
        cell.clone_from(&standing.cell);
    }
    let found = |target: &Target| {
        probe_groups.iter().find_map(|probe_group| {
            let place = probe_group.members.iter().position(|member| member.id == target.id)?;
            Some((probe_group, probe_group.live[place].clone()))
        })
    };
    let row = |target: &Target| {
        let id = target.id;
        let deployment = map.deployment(id);
        let (probe_group, live) = found(target)?;
        let standing = told(after[id.0].clone(), &probe_group.probed.outcome);
        let breaker = snapshot.state(map, id, now);
        let evidence = Evidence {
            dialed: probe_group.dialed.clone(),
            probed: probe_group.probed.clone(),
            listed: listed(&probe_group.probed.outcome, &deployment.model),
            breaker,
            reason: reason(&standing, breaker),
            gated: standing.cell.gated(now).max(standing.quota.gated(now)),
            usual: target.usual,
            standing,
            live,
        };
        let (diagnosis, warnings) = (diagnosis::diagnose(&evidence), warnings::all(router.address(id), &evidence, now));
        Some(DeploymentHealth { id, name: deployment.name.clone(), at: now, evidence, diagnosis, warnings })
    };
    targets.iter().filter_map(row).collect()
}

/// The reason why the breaker is not closed: its own, or the host's breaker.
fn reason(standing: &Standing, breaker: BreakerState) -> Option<String> {
    match breaker {
        BreakerState::Closed => None,
        BreakerState::HalfOpen | BreakerState::Open { .. } => {
            Some(standing.cell.breaker.reason().unwrap_or("others at its host").to_owned())
        }
    }
}

/// `standing` with the limits from the probe's reply, unless a later reply reported them.
fn told(mut standing: Standing, outcome: &ProbeOutcome) -> Standing {
    if let ProbeOutcome::Replied(reply) = outcome {
        let started = Timestamp(reply.at.0 - i64::try_from(reply.took.as_millis()).unwrap_or(i64::MAX));
        let heard = LimitObservation {
            started,
            reply: Some((reply.at, reply.readings.clone())),
            ..LimitObservation::default()
        };
        standing.quota.observe(&heard, reply.at);
    }
    standing
}

fn listed(outcome: &ProbeOutcome, model: &str) -> Listed {
    match outcome {
        ProbeOutcome::Replied(ProbeReply { list: ModelList::Models(names), .. }) => names.lists(model),
        ProbeOutcome::Replied(ProbeReply { list: ModelList::None | ModelList::Unreadable, .. }) => Listed::Unknown,
        ProbeOutcome::NoFreeRequest
        | ProbeOutcome::Simulated
        | ProbeOutcome::NoTime
        | ProbeOutcome::NotSent(_)
        | ProbeOutcome::Failed(_) => Listed::Unknown,
    }
}

impl LiveCall {
    /// The failure for a call that did not answer within our time limit.
    pub(super) fn timed_out() -> Failure {
        Failure::new(Class::Timeout(TimeoutKind::Total), "no answer in the time of this check")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_too_short_to_mean_anything_is_none() {
        let check = |total: u64, over: u64, want: Option<u64>| {
            let limits = HealthTimeouts { total: Duration::from_secs(total), ..HealthTimeouts::DEFAULT };
            assert_eq!(limits.left(Duration::from_secs(over)), want.map(Duration::from_secs), "{total} {over}");
        };
        check(10, 0, Some(10));
        check(10, 8, Some(2));
        check(10, 9, None);
        check(10, 11, None);
        check(2, 1, Some(1));
    }
}
