//! The snapshot of one request and its store: read once, taught after every attempt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::engine::router::Request;
use crate::engine::shared::lease::Lease;
use crate::engine::shared::provider_limits::ProviderLimits;
use crate::engine::shared::reservation::{Reservation, Settlement};
use crate::ports::{LogStart, Store, StoreError};
use llmroute_core::model::Timestamp;
use llmroute_core::model::refused_parameters::{Parameter, Refusal};
use llmroute_core::routing::breaker::{BreakerContext, BreakerState};
use llmroute_core::routing::estimate::CallSample;
use llmroute_core::routing::limits::{ProviderLimit, Ticket};
use llmroute_core::routing::snapshot::{DeploymentState, GroupState, HealthSignal, StateSnapshot};
use llmroute_core::routing::{DeploymentId, GroupId, Map};

/// What is known, and where lessons are written down.
pub(in crate::engine) struct StateSession {
    pub(in crate::engine) map: Arc<Map>,
    pub(in crate::engine) store: Arc<dyn Store>,
    pub(in crate::engine) snapshot: StateSnapshot,
    /// What the providers limit, by its identity.
    pub(in crate::engine) known: BTreeMap<String, ProviderLimit>,
    /// The same as this process heard it.
    pub(in crate::engine) quotas: Arc<ProviderLimits>,
    /// The place of the request in a line; its id is 0 until it stands in one.
    pub(in crate::engine) ticket: Ticket,
    /// The groups in which the request has its turn.
    pub(in crate::engine) turns: Vec<GroupId>,
    /// Calls in flight.
    pub(in crate::engine) slots: Vec<Reservation>,
    /// Calls that are over and not written down yet.
    pub(in crate::engine) settled: Vec<Settlement>,
    /// Lessons on their way into the store.
    pub(in crate::engine) pending: Vec<JoinHandle<()>>,
    /// The calls that are counted as under way.
    pub(in crate::engine) held: Vec<Lease>,
    /// The beginning of the log's entry, until it is known to be written.
    begin: Option<(LogStart, Arc<AtomicBool>)>,
}

/// What an attempt taught.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct CallOutcome {
    /// Whether it is alive.
    pub(in crate::engine) lesson: HealthSignal,
    /// How fast and long-winded it is.
    pub(in crate::engine) sample: Option<CallSample>,
    /// The seconds to the first token to expect of a stranger in its group.
    pub(in crate::engine) start: f64,
}

impl StateSession {
    /// Reads what the processes know of every deployment that `request` can lead to.
    pub(in crate::engine) fn open(
        map: Arc<Map>,
        store: Arc<dyn Store>,
        quotas: Arc<ProviderLimits>,
        request: &Request,
        now: Timestamp,
    ) -> Self {
        let mut snapshot = StateSnapshot::new(&map);
        let groups = reachable(&map, request.group);
        let scopes = crate::engine::shared::reservation::scope_keys(&map, &groups.iter().copied().collect::<Vec<_>>());
        let mut deployments: BTreeSet<DeploymentId> =
            groups.iter().flat_map(|id| &map.group(*id).members).map(|member| member.deployment).collect();
        // Others at the same hosts say whether the host is down.
        let hosts: BTreeSet<&str> = deployments.iter().map(|id| map.deployment(*id).host.as_str()).collect();
        let there = |id: &DeploymentId| hosts.contains(map.deployment(*id).host.as_str());
        deployments.extend((0..map.deployments.len()).map(DeploymentId).filter(there).collect::<Vec<_>>());
        let keys: Vec<String> = deployments
            .iter()
            .map(|id| deployment_key(&map, *id))
            .chain(groups.iter().map(|id| group_key(&map, *id)))
            .chain(
                deployments.iter().map(|id| crate::engine::shared::reservation::quota_key(map.limits.quota(&map, *id))),
            )
            .chain(scopes.iter().cloned())
            .collect();
        // A store that cannot be read says so once, by its warning; the snapshot is then a fresh one.
        let values = store.read(&keys).unwrap_or_else(|_| vec![None; keys.len()]);
        let mut values = values.iter().map(Option::as_deref);
        for id in &deployments {
            snapshot.deployments[id.0] = parse(values.next().flatten());
        }
        for id in &groups {
            snapshot.groups[id.0] = parse(values.next().flatten());
        }
        let known = deployments.iter().map(|id| map.limits.quota(&map, *id).to_owned());
        let known = known.map(|identity| (identity, parse(values.next().flatten()))).collect();
        let meters = scopes.into_iter().map(|key| (key, parse(values.next().flatten()))).collect();
        let (slots, settled, pending) = (Vec::new(), Vec::new(), Vec::new());
        let ticket = Ticket { since: request.since, id: 0 };
        let held = Vec::new();
        let turns = Vec::new();
        let mut ledger =
            Self { map, store, snapshot, known, quotas, ticket, turns, slots, settled, pending, held, begin: None };
        ledger.mark_eligibility(&groups.into_iter().collect::<Vec<_>>(), &request.attributes, now, &meters);
        ledger
    }

    /// Learns from an attempt, whose call is over: on the snapshot at once, in the store behind the
    /// caller's back.
    pub(in crate::engine) fn learn(
        &mut self,
        group: GroupId,
        deployment: DeploymentId,
        lessons: CallOutcome,
        context: BreakerContext,
    ) {
        let success = lessons.lesson == HealthSignal::ANSWERED;
        let now = context.now;
        let over = self.take_held(deployment).map(|held| held.end());
        let teach = move |cell: &mut DeploymentState| {
            cell.observe(&lessons.lesson, &context);
            if let Some(sample) = &lessons.sample {
                cell.estimates.learn(sample, lessons.start, now);
            }
            over.inspect(|id| cell.leases.release(*id, now));
        };
        for id in (0..self.map.deployments.len()).map(DeploymentId).filter(|id| self.map.same(*id, deployment)) {
            teach(&mut self.snapshot.deployments[id.0]);
        }
        self.snapshot.groups[group.0].observe(success, now);
        let settled = self.settled.pop();
        let mut keys = vec![deployment_key(&self.map, deployment), group_key(&self.map, group)];
        keys.extend(settled.iter().flat_map(Settlement::keys));
        let store = Arc::clone(&self.store);
        self.pending.push(tokio::task::spawn_blocking(move || {
            let mut change = |values: &mut [Option<String>]| {
                edit(&mut values[0], teach);
                edit(&mut values[1], |cell: &mut GroupState| cell.observe(success, now));
                if let Some(settled) = &settled {
                    settled.apply(&mut values[2..]);
                }
            };
            // Learning is never in the way; a store that cannot learn says so by its warning.
            let _: Result<(), StoreError> = store.update(&keys, &mut change);
        }));
    }

    /// Remembers that `deployment` refused a parameter: in the snapshot at once, in the store in the background.
    pub(in crate::engine) fn learn_refusal(
        &mut self,
        deployment: DeploymentId,
        parameter: Parameter,
        refusal: Refusal,
    ) {
        for id in (0..self.map.deployments.len()).map(DeploymentId).filter(|id| self.map.same(*id, deployment)) {
            self.snapshot.deployments[id.0].refused.insert(parameter, refusal);
        }
        let keys = [deployment_key(&self.map, deployment)];
        let store = Arc::clone(&self.store);
        self.pending.push(tokio::task::spawn_blocking(move || {
            let mut change = |values: &mut [Option<String>]| {
                edit(&mut values[0], |state: &mut DeploymentState| state.refused.insert(parameter, refusal));
            };
            // A refusal that cannot be stored is met once more; the store warns about itself.
            let _: Result<(), StoreError> = store.update(&keys, &mut change);
        }));
    }

    /// Takes the lease of a half-open deployment's probe until `lease`. `Err` holds the time until
    /// which another process has it.
    pub(in crate::engine) async fn claim_probe(
        &mut self,
        id: DeploymentId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Result<(), Timestamp> {
        let keys = [deployment_key(&self.map, id)];
        let store = Arc::clone(&self.store);
        let claimed = tokio::task::spawn_blocking(move || {
            let mut claimed = (true, DeploymentState::default());
            let mut change = |values: &mut [Option<String>]| {
                edit(&mut values[0], |cell: &mut DeploymentState| {
                    let won = cell.breaker.claim_probe(now, lease);
                    claimed = (won, cell.clone());
                });
            };
            store.update(&keys, &mut change).map(|()| claimed)
        });
        match claimed.await {
            Ok(Ok((won, cell))) => {
                let headroom = std::mem::take(&mut self.snapshot.deployments[id.0].headroom);
                self.snapshot.deployments[id.0] = DeploymentState { headroom, ..cell };
                match self.snapshot.deployment(id).breaker.state(now) {
                    BreakerState::Open { until } if !won => Err(until),
                    BreakerState::Open { .. } | BreakerState::Closed | BreakerState::HalfOpen => Ok(()),
                }
            }
            // Without a store nobody else can be probing.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Writes the question into the log while the network is waited for.
    pub(in crate::engine) fn begin(&mut self, start: LogStart) {
        let written = Arc::new(AtomicBool::new(false));
        self.begin = Some((start.clone(), Arc::clone(&written)));
        let store = Arc::clone(&self.store);
        self.pending.push(tokio::task::spawn_blocking(move || {
            // A store that cannot be written says so by its warning.
            let _: Result<(), StoreError> = store.begin(&start);
            written.store(true, Ordering::Release);
        }));
    }

    /// Makes sure that the question is in the log, without waiting for anything that may be cancelled.
    pub(in crate::engine) fn begun(&mut self) {
        if let Some((start, written)) = self.begin.take()
            && !written.load(Ordering::Acquire)
        {
            let _: Result<(), StoreError> = self.store.begin(&start);
        }
    }

    /// Waits until every lesson is written down.
    pub(in crate::engine) async fn settle(&mut self) {
        self.flush();
        for lesson in self.pending.drain(..) {
            // A lesson that panicked is a bug that has already been reported; the answer stands.
            let _ = lesson.await;
        }
    }
}

/// `group` and every group that its fallback lists lead to.
pub(in crate::engine) fn reachable(map: &Map, group: GroupId) -> BTreeSet<GroupId> {
    let mut found = BTreeSet::new();
    let mut open = vec![group];
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let group = map.group(id);
            let ruled = map.rules.all.iter().filter(|rule| rule.group == group.name);
            open.extend(ruled.map(|rule| rule.target));
            open.extend(&group.fallbacks);
            open.extend(&group.context_window_fallbacks);
            open.extend(&group.content_policy_fallbacks);
        }
    }
    found
}

/// The key of a deployment's cell in the store.
pub fn deployment_key(map: &Map, id: DeploymentId) -> String {
    format!("deployment/{}", map.deployment(id).state_key)
}

/// The key of a group's cell. A group is its members: the same name in another profile is another group.
pub fn group_key(map: &Map, id: GroupId) -> String {
    let group = map.group(id);
    let mut hash = Sha256::new();
    for member in &group.members {
        hash.update(map.deployment(member.deployment).state_key.as_bytes());
        hash.update([0]);
    }
    let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("group/{}/{digest}", group.name)
}

/// A value that cannot be read is as good as none: it is from another version, and only advice.
pub(in crate::engine) fn parse<T: DeserializeOwned + Default>(value: Option<&str>) -> T {
    value.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

pub(in crate::engine) fn edit<T: DeserializeOwned + Serialize + Default>(
    value: &mut Option<String>,
    change: impl FnOnce(&mut T),
) {
    let mut cell: T = parse(value.as_deref());
    change(&mut cell);
    // Plain data with string keys always serialises.
    if let Ok(json) = serde_json::to_string(&cell) {
        *value = Some(json);
    }
}
