//! Asks everybody at the same time, within bounds. It decides nothing.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use super::{Live, Patient, Report, Row, Seen, Subject, lack, live, verdict, warnings};
use crate::engine::{ModelList, ProbeKey, ProbeLimits, ProbeOutcome, ProbeReply, ProbeResult, Router, Standing};
use crate::ports::{Clock, ConnectionCheck, ConnectionChecker};
use llmroute_core::model::{Class, Failure, TimeoutKind, Timestamp};
use llmroute_core::protocols::probe::Listed;
use llmroute_core::route::board::Board;
use llmroute_core::route::breaker::State;
use llmroute_core::route::limits::Heard;
use llmroute_core::route::{DeploymentId, GroupId};

/// Servers that are asked at the same time.
const AT_ONCE: usize = 64;

/// How long a look may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the head of a reply to a free question.
    pub head: Duration,
    /// In all.
    pub total: Duration,
}

impl Limits {
    /// 2 s for a connection, 5 s for a head, 10 s in all.
    pub const USUAL: Self =
        Self { connect: Duration::from_secs(2), head: Duration::from_secs(5), total: Duration::from_secs(10) };
}

impl Limits {
    /// The time that is left when so much is over; `None` when it is too short for silence to mean anything.
    fn left(self, over: Duration) -> Option<Duration> {
        let left = self.total.saturating_sub(over);
        Some(left).filter(|left| *left >= self.connect.min(self.total / 2))
    }
}

/// What one question found of those that share server and key.
struct Site {
    members: Vec<Patient>,
    dialed: ConnectionCheck,
    probed: ProbeResult,
    live: Vec<Option<Live>>,
}

impl Site {
    /// Nobody was asked: there was no time left for it.
    fn unasked(members: Vec<Patient>) -> Self {
        let dialed = ConnectionCheck { unmeasured: true, ..ConnectionCheck::default() };
        let probed = ProbeResult { key: ProbeKey::NotResolved, outcome: ProbeOutcome::NoTime };
        Self { live: vec![None; members.len()], members, dialed, probed }
    }
}

/// Looks at every one of `patients`, and judges `subjects` by it.
pub async fn check(
    router: &Router,
    dial: &dyn ConnectionChecker,
    clock: Clock,
    patients: &[Patient],
    subjects: &[Subject],
    limits: Limits,
    rng: &mut fastrand::Rng,
) -> Report {
    let start = clock.instant();
    let everybody: Vec<DeploymentId> = (0..router.map().deployments.len()).map(DeploymentId).collect();
    let sites = sites(router, patients).into_iter().map(|members| (members, rng.fork()));
    let asked = sites.map(|(members, mut rng)| async move {
        let Some(left) = limits.left(clock.instant() - start) else { return Site::unasked(members) };
        let probing = ProbeLimits { connect: limits.connect, head: limits.head, total: left };
        let first = members[0].id;
        let (dialed, probed) =
            tokio::join!(dialed(router, dial, first, limits.connect.min(left)), router.probe(first, probing));
        let live = if is_askable(&probed.key) {
            // What is over meanwhile is no part of the time that is left.
            let calls = members.iter().map(|patient| (patient.live, rng.fork())).map(|(group, mut rng)| async move {
                let left = limits.left(clock.instant() - start);
                called(router, group, clock.now(), left, &mut rng).await
            });
            stream::iter(calls).buffered(AT_ONCE).collect().await
        } else {
            vec![None; members.len()]
        };
        Site { members, dialed, probed, live }
    });
    let sites: Vec<Site> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let rows = rows(router, patients, &sites, &router.standing(&everybody), clock.now());
    let states = |subject: &Subject| -> Vec<_> {
        subject.members.iter().filter_map(|id| rows.iter().find(|row| row.id == *id)).map(|row| &row.verdict).collect()
    };
    let subjects = subjects.iter().map(|subject| (subject.name.clone(), lack(&states(subject)))).collect();
    Report { rows, subjects, took: clock.instant() - start }
}

/// Those that one free question serves, together.
fn sites(router: &Router, patients: &[Patient]) -> Vec<Vec<Patient>> {
    let mut sites: Vec<Vec<Patient>> = Vec::new();
    for patient in patients {
        match sites.iter_mut().find(|site| router.probed_alike(site[0].id, patient.id)) {
            Some(site) => site.push(*patient),
            None => sites.push(vec![*patient]),
        }
    }
    sites
}

async fn dialed(router: &Router, dial: &dyn ConnectionChecker, id: DeploymentId, limit: Duration) -> ConnectionCheck {
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
    router: &Router,
    group: Option<GroupId>,
    now: Timestamp,
    left: Option<Duration>,
    rng: &mut fastrand::Rng,
) -> Option<Live> {
    let group = group?;
    Some(match left {
        Some(left) => live::call(router, group, now, left, rng).await,
        None => Live::NotMade("not called: no time left".to_owned()),
    })
}

/// What was seen of each, judged by the state after it.
fn rows(router: &Router, patients: &[Patient], sites: &[Site], after: &[Standing], now: Timestamp) -> Vec<Row> {
    let map = router.map();
    let mut board = Board::fresh(map);
    for (cell, standing) in board.deployments.iter_mut().zip(after) {
        cell.clone_from(&standing.cell);
    }
    let found = |patient: &Patient| {
        sites.iter().find_map(|site| {
            let place = site.members.iter().position(|member| member.id == patient.id)?;
            Some((site, site.live[place].clone()))
        })
    };
    let row = |patient: &Patient| {
        let id = patient.id;
        let deployment = map.deployment(id);
        let (site, live) = found(patient)?;
        let standing = told(after[id.0].clone(), &site.probed.outcome);
        let breaker = board.state(map, id, now);
        let seen = Seen {
            dialed: site.dialed.clone(),
            probed: site.probed.clone(),
            listed: listed(&site.probed.outcome, &deployment.model),
            breaker,
            reason: reason(&standing, breaker),
            gated: standing.cell.gated(now).max(standing.quota.gated(now)),
            usual: patient.usual,
            standing,
            live,
        };
        let (verdict, warnings) = (verdict::verdict(&seen), warnings::all(router.address(id), &seen, now));
        Some(Row { id, name: deployment.name.clone(), at: now, seen, verdict, warnings })
    };
    patients.iter().filter_map(row).collect()
}

/// Why the breaker is not closed: its own reason, or that the host is down.
fn reason(standing: &Standing, breaker: State) -> Option<String> {
    match breaker {
        State::Closed => None,
        State::HalfOpen | State::Open { .. } => {
            Some(standing.cell.breaker.reason().unwrap_or("others at its host").to_owned())
        }
    }
}

/// `standing` with what the reply to the free question says of limits, unless a later reply said it.
fn told(mut standing: Standing, outcome: &ProbeOutcome) -> Standing {
    if let ProbeOutcome::Replied(reply) = outcome {
        let started = Timestamp(reply.at.0 - i64::try_from(reply.took.as_millis()).unwrap_or(i64::MAX));
        let heard = Heard { started, reply: Some((reply.at, reply.readings.clone())), ..Heard::default() };
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

impl Live {
    /// The failure that a call without an answer in our own time is shown as.
    pub(super) fn late() -> Failure {
        Failure::new(Class::Timeout(TimeoutKind::Total), "no answer in the time of this check")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_too_short_to_mean_anything_is_none() {
        let check = |total: u64, over: u64, want: Option<u64>| {
            let limits = Limits { total: Duration::from_secs(total), ..Limits::USUAL };
            assert_eq!(limits.left(Duration::from_secs(over)), want.map(Duration::from_secs), "{total} {over}");
        };
        check(10, 0, Some(10));
        check(10, 8, Some(2));
        check(10, 9, None);
        check(10, 11, None);
        check(2, 1, Some(1));
    }
}
