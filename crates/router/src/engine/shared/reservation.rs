//! Room for a call, reserved before it and settled after it, for all processes together.
//!
//! What fits is decided in `routing::limits`; here it becomes one transaction of the store.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::engine::shared::session::{StateSession, deployment_key, edit, group_key, parse};
use crate::ports::{Clock, Store, StoreError};
use llmroute_core::model::{Answer, Class, Failure, Price, RateLimitReading, TimeoutKind, Timestamp};
use llmroute_core::routing::failover::{PlannedCall, RequestAttributes};
use llmroute_core::routing::limits::{
    Consumption, Demand, InFlightCall, LEASE, LimitExceeded, LimitObservation, LimitScope, Limits, Meter,
    ProviderLimit, ScopedLimit, Ticket, nanos,
};
use llmroute_core::routing::snapshot::{DeploymentState, GroupState, HealthSignal};
use llmroute_core::routing::{DeploymentId, GroupId, Map};

/// How often a call that goes on says so.
pub(in crate::engine) const ALIVE: Duration = Duration::from_secs(LEASE.as_secs() / 3);
/// Characters of a token, about, where nobody counted.
const CHARS: usize = 4;

/// Why a call may not begin.
pub(in crate::engine) enum AdmissionError {
    /// There is no room; the snapshot knows.
    Full,
    /// The shared state is locked by others for too long to be sure.
    Busy(String),
}

/// A call that may begin or has begun, and what it holds.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Reservation {
    deployment: DeploymentId,
    id: u64,
    ticket: Ticket,
    need: Demand,
    price: Option<Price>,
    started: Timestamp,
    /// The identity of what the provider limits.
    quota: String,
    /// The counters of our own limits that it passed, by their keys in the store.
    scopes: Vec<(String, Limits)>,
    /// When the head of a reply came, and what it said of the provider's limits.
    head: Option<(Timestamp, Vec<RateLimitReading>)>,
    /// It is over. Room is taken behind the caller's back; a call can be given up before that.
    over: Arc<AtomicBool>,
}

/// Room asked for, and perhaps the group's leave for an extra call: `true` when all was given.
pub(in crate::engine) type PendingReservation = JoinHandle<bool>;

/// What a store that was asked for room answers.
enum HoldResult {
    /// It is held, since then.
    Held(Timestamp),
    /// Who has no room; the provider's own limits are `None`.
    Full(Vec<(Option<LimitScope>, LimitExceeded)>),
    /// The group may not make an extra call, or nobody wants it any more.
    NoLeave,
}

/// What is to be written down about a call that is over.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Settlement {
    slot: Reservation,
    heard: LimitObservation,
    /// `None`: it was never sent.
    spent: Option<Consumption>,
    now: Timestamp,
}

impl Settlement {
    pub(in crate::engine) fn keys(&self) -> Vec<String> {
        let scopes = self.slot.scopes.iter().map(|(key, _)| key.clone());
        [quota_key(&self.slot.quota)].into_iter().chain(scopes).collect()
    }

    /// Edits the values of [`Settlement::keys`].
    pub(in crate::engine) fn apply(&self, values: &mut [Option<String>]) {
        let Some((quota, meters)) = values.split_first_mut() else { return };
        edit(quota, |quota: &mut ProviderLimit| quota.observe(&self.heard, self.now));
        for meter in meters {
            edit(meter, |meter: &mut Meter| match self.spent {
                Some(spent) => meter.settle(self.slot.id, spent),
                None => meter.cancel(self.slot.id),
            });
        }
    }
}

/// How a call went, as far as limits are concerned.
pub(in crate::engine) struct FinishedCall<'a> {
    pub(in crate::engine) answer: &'a Answer,
    pub(in crate::engine) failure: Option<&'a Failure>,
    /// Whether anything was sent.
    pub(in crate::engine) sent: bool,
}

impl StateSession {
    /// Reserves room for `call`, which begins now, in all limits that it passes.
    ///
    /// The store is asked only where something is limited: by the profile, or by a provider whose
    /// headers say that little is left.
    pub(in crate::engine) async fn reserve(
        &mut self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
        clock: Clock,
    ) -> Result<(), AdmissionError> {
        let now = clock.now();
        let (slot, scopes) = self.slot(call, attributes, rng, now);
        let limited = !scopes.is_empty();
        let (identity, need) = (slot.quota.clone(), slot.need);
        if let Err(shut) = self.quotas.check(&identity, need, self.ticket, now) {
            self.shut_quota(&identity, shut);
            return Err(AdmissionError::Full);
        }
        // Known before it is held: whoever drops this request gives it back.
        self.slots.push(slot.clone());
        let answered = match slot.id {
            0 => Ok(HoldResult::Held(now)),
            _ => hold(Arc::clone(&self.store), slot, scopes, None, clock).await,
        };
        match answered {
            Ok(HoldResult::Held(since)) => {
                self.quotas.take(&identity, &need, since);
                let slot = self.slots.iter_mut().find(|slot| slot.deployment == call.deployment);
                slot.into_iter().for_each(|slot| slot.started = since);
                return Ok(());
            }
            Ok(HoldResult::Full(refusals)) => {
                for (place, shut) in refusals {
                    match place {
                        Some(place) => self.shut(&place, shut),
                        None => self.shut_quota(&identity, shut),
                    }
                }
            }
            Ok(HoldResult::NoLeave) => {}
            // What the provider says is advice; only what the profile limits must be certain.
            Err(_) if !limited => {
                self.quotas.take(&identity, &need, now);
                return Ok(());
            }
            Err(error) => {
                self.forget(call.deployment);
                return Err(AdmissionError::Busy(error.reason));
            }
        }
        self.forget(call.deployment);
        Err(AdmissionError::Full)
    }

    /// Reserves room for `call` and takes one of its group's extra calls, all of it in one step and
    /// behind the caller's back; `None` when it is known by now that there is no room. The call must
    /// be [closed](Self::close), made or not.
    pub(in crate::engine) fn claim(
        &mut self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
        clock: Clock,
    ) -> Option<PendingReservation> {
        let now = clock.now();
        let (slot, scopes) = self.slot(call, attributes, rng, now);
        self.quotas.check(&slot.quota, slot.need, self.ticket, now).ok()?;
        self.quotas.take(&slot.quota, &slot.need, now);
        self.slots.push(slot.clone());
        let group = group_key(&self.map, call.group);
        let held = hold(Arc::clone(&self.store), slot, scopes, Some(group), clock);
        Some(tokio::spawn(async move { matches!(held.await, Ok(HoldResult::Held(_))) }))
    }

    /// What `call` needs, and the limits that it passes. Its id is 0 when nobody has to be asked.
    fn slot(
        &self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
        now: Timestamp,
    ) -> (Reservation, Vec<ScopedLimit>) {
        let map = &self.map;
        let quota = self.quota(call.deployment);
        let price = map.deployment(call.deployment).price;
        let need = Demand::of(attributes, price, quota.expected_output());
        let scopes = map.limits.scopes(map, call.group, call.deployment);
        let counted = !scopes.is_empty() || quota.is_scarce(&need, now);
        let slot = Reservation {
            deployment: call.deployment,
            id: if counted { rng.u64(1..) } else { 0 },
            ticket: self.ticket,
            need,
            price,
            started: now,
            quota: map.limits.quota(map, call.deployment).to_owned(),
            scopes: scopes.iter().map(|scope| (scope_key(map, &scope.place), scope.limits.clone())).collect(),
            head: None,
            over: Arc::default(),
        };
        (slot, scopes)
    }

    /// The head of a reply came from `deployment`; what it says of limits is known at once.
    pub(in crate::engine) fn head(&mut self, deployment: DeploymentId, reply: (Timestamp, Vec<RateLimitReading>)) {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.deployment == deployment) else { return };
        let at = reply.0;
        let heard = LimitObservation { started: slot.started, reply: Some(reply), ..LimitObservation::default() };
        self.quotas.observe(&slot.quota, &heard, at);
        slot.head = heard.reply;
    }

    /// The call to `deployment` is over: what it used is written with the next lesson.
    pub(in crate::engine) fn close(&mut self, deployment: DeploymentId, outcome: FinishedCall<'_>, now: Timestamp) {
        let Some(mut slot) = self.forget(deployment) else { return };
        slot.over.store(true, Ordering::SeqCst);
        let gate = outcome.failure.and_then(HealthSignal::of).and_then(|lesson| match lesson {
            HealthSignal::Gate { wait } => Some(wait),
            HealthSignal::Breaker(_) => None,
        });
        let won = outcome.failure.is_none() && outcome.answer.finish.is_some();
        let output = outcome.answer.usage.filter(|_| won).map(|usage| usage.output);
        let spent = outcome.sent.then(|| spent(&slot, &outcome));
        let heard = LimitObservation { started: slot.started, reply: slot.head.take(), gate, output };
        // The process knows the reply since it came.
        self.quotas.observe(&slot.quota, &LimitObservation { reply: None, ..heard.clone() }, now);
        self.known.entry(slot.quota.clone()).or_default().observe(&heard, now);
        let gate = self.known.get(&slot.quota).and_then(|quota| quota.gated(now));
        for id in self.alike(&slot.quota) {
            let cell = &mut self.snapshot.deployments[id.0];
            cell.gate = cell.gate.max(gate);
        }
        self.settled.push(Settlement { slot, heard, spent, now });
    }

    /// Writes down what no lesson takes along, behind the caller's back.
    pub(in crate::engine) fn flush(&mut self) {
        for settled in std::mem::take(&mut self.settled) {
            let store = Arc::clone(&self.store);
            self.pending.push(tokio::task::spawn_blocking(move || write(&*store, &settled)));
        }
    }

    /// Gives back what calls in flight hold, without waiting for anything that may be cancelled.
    pub(in crate::engine) fn abandon(&mut self, coming: &Answer, now: Timestamp) {
        for deployment in self.slots.iter().map(|slot| slot.deployment).collect::<Vec<_>>() {
            self.close(deployment, FinishedCall { answer: coming, failure: None, sent: true }, now);
        }
        for settled in std::mem::take(&mut self.settled).iter().filter(|settled| !settled.slot.scopes.is_empty()) {
            write(&*self.store, settled);
        }
    }

    /// Says from time to time that `call` is alive: where it is counted, and that it probes. Never ends.
    pub(in crate::engine) fn keep_alive(
        &self,
        call: &PlannedCall,
        clock: Clock,
    ) -> impl Future<Output = Infallible> + use<> {
        let slot = self.slots.iter().find(|slot| slot.deployment == call.deployment);
        let slot = slot.filter(|slot| !slot.scopes.is_empty()).cloned();
        let probe = call.probe.then(|| deployment_key(&self.map, call.deployment));
        let store = Arc::clone(&self.store);
        async move {
            if slot.is_none() && probe.is_none() {
                return std::future::pending().await;
            }
            loop {
                tokio::time::sleep(ALIVE).await;
                if let Some(slot) = &slot {
                    renew(Arc::clone(&store), slot, clock.now()).await;
                }
                if let Some(key) = &probe {
                    extend_probe(Arc::clone(&store), key.clone(), clock.now()).await;
                }
            }
        }
    }

    /// The identity of what the provider limits for `deployment`, and whether it ever replied.
    pub(in crate::engine) fn identity(&self, deployment: DeploymentId) -> (String, bool) {
        (self.map.limits.quota(&self.map, deployment).to_owned(), self.quota(deployment).heard)
    }

    pub(in crate::engine) fn quota(&self, deployment: DeploymentId) -> ProviderLimit {
        self.known.get(self.map.limits.quota(&self.map, deployment)).cloned().unwrap_or_default()
    }

    fn forget(&mut self, deployment: DeploymentId) -> Option<Reservation> {
        let position = self.slots.iter().position(|slot| slot.deployment == deployment)?;
        Some(self.slots.swap_remove(position))
    }
}

/// The keys of all limits that calls through `groups` may pass.
pub(in crate::engine) fn scope_keys(map: &Map, groups: &[GroupId]) -> Vec<String> {
    let members =
        groups.iter().flat_map(|id| map.group(*id).members.iter().map(move |member| (*id, member.deployment)));
    let mut keys: Vec<String> = members
        .flat_map(|(group, id)| map.limits.scopes(map, group, id))
        .map(|scope| scope_key(map, &scope.place))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The key of what a provider limits.
pub fn quota_key(identity: &str) -> String {
    format!("quota/{identity}")
}

pub(in crate::engine) fn scope_key(map: &Map, place: &LimitScope) -> String {
    match place {
        LimitScope::Deployment(id) => format!("limits/deployment/{}", map.deployment(*id).state_key),
        LimitScope::Group(id) => format!("limits/{}", group_key(map, *id)),
        LimitScope::Provider(identity) => format!("limits/provider/{identity}"),
    }
}

/// Checks all limits and holds the call in all of them, or in none; an extra call needs the leave of
/// the group of that key, too.
async fn hold(
    store: Arc<dyn Store>,
    slot: Reservation,
    scopes: Vec<ScopedLimit>,
    extra: Option<String>,
    clock: Clock,
) -> Result<HoldResult, StoreError> {
    let task = tokio::task::spawn_blocking(move || {
        let keys: Vec<String> = [quota_key(&slot.quota)]
            .into_iter()
            .chain(slot.scopes.iter().map(|(key, _)| key.clone()))
            .chain(extra.clone())
            .collect();
        let mut answered = HoldResult::NoLeave;
        let mut change = |values: &mut [Option<String>]| {
            let (own, group) = values.split_at_mut(1 + scopes.len());
            // Transactions come one after the other: either giving it back sees this, or this sees that.
            if slot.over.load(Ordering::SeqCst) {
                return;
            }
            let mut cell: Option<GroupState> = group.first().map(|value| parse(value.as_deref()));
            if cell.as_mut().is_some_and(|cell| !cell.hedges.spend()) {
                return;
            }
            // The wait for the lock is over: the call begins now.
            let slot = Reservation { started: clock.now(), ..slot.clone() };
            answered = hold_in(own, &slot, &scopes);
            if let (HoldResult::Held(_), Some(cell)) = (&answered, cell) {
                edit(&mut group[0], |value| *value = cell);
            }
        };
        store.update_shared(&keys, &mut change).map(|()| answered)
    });
    // A panic in it is a bug that has already been reported; nothing is held then.
    task.await.unwrap_or(Ok(HoldResult::NoLeave))
}

/// Edits the values of what the provider limits and of our own counters, in the order of `scopes`.
fn hold_in(values: &mut [Option<String>], slot: &Reservation, scopes: &[ScopedLimit]) -> HoldResult {
    let mut quota: ProviderLimit = parse(values[0].as_deref());
    let mut meters: Vec<Meter> = values[1..].iter().map(|value| parse(value.as_deref())).collect();
    quota.leave(slot.ticket);
    let turn = quota.turn(slot.need, slot.ticket, slot.started);
    let provider = quota.check(&turn, slot.started).err().map(|shut| (None, shut));
    let own = scopes.iter().zip(&mut meters).filter_map(|(scope, meter)| {
        let shut = meter.check(&scope.limits, &turn, slot.started, &scope.of).err()?;
        Some((Some(scope.place.clone()), shut))
    });
    let refusals: Vec<_> = provider.into_iter().chain(own).collect();
    if !refusals.is_empty() {
        return HoldResult::Full(refusals);
    }
    quota.take(&slot.need, slot.started);
    edit(&mut values[0], |value| *value = quota);
    for ((mut meter, scope), value) in meters.into_iter().zip(scopes).zip(&mut values[1..]) {
        meter.hold(&scope.limits, InFlightCall::new(slot.id, &slot.need, slot.started));
        edit(value, |value| *value = meter);
    }
    HoldResult::Held(slot.started)
}

async fn renew(store: Arc<dyn Store>, slot: &Reservation, now: Timestamp) {
    let (id, keys) = (slot.id, slot.scopes.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    let task = tokio::task::spawn_blocking(move || {
        let mut change = |values: &mut [Option<String>]| {
            values.iter_mut().for_each(|value| edit(value, |meter: &mut Meter| meter.renew(id, now)));
        };
        // Missed once, it is said again before the lease is over.
        let _: Result<(), StoreError> = store.update(&keys, &mut change);
    });
    let _ = task.await;
}

async fn extend_probe(store: Arc<dyn Store>, key: String, now: Timestamp) {
    let task = tokio::task::spawn_blocking(move || {
        let mut change = |values: &mut [Option<String>]| {
            edit(&mut values[0], |cell: &mut DeploymentState| cell.breaker.extend_probe(now, now.after(2 * ALIVE)));
        };
        // Missed, another process may probe, too.
        let _: Result<(), StoreError> = store.update(&[key], &mut change);
    });
    let _ = task.await;
}

fn write(store: &dyn Store, settled: &Settlement) {
    // Not written, it counts as what was expected until it leaves the window.
    let _: Result<(), StoreError> = store.update(&settled.keys(), &mut |values| settled.apply(values));
}

/// What a call used that was sent: as counted by the provider, or else as far as it came.
fn spent(slot: &Reservation, outcome: &FinishedCall<'_>) -> Consumption {
    let (prompt, price) = (slot.need.prompt, slot.price);
    if let Some(usage) = outcome.answer.usage {
        let cost = price.map_or(0, |price| nanos(price.cost(&usage)));
        return Consumption { tokens: usage.input.saturating_add(usage.output), nanos: cost };
    }
    let written = outcome.answer.text.len() + outcome.answer.reasoning.len();
    let read = match outcome.failure.map(|failure| failure.class) {
        // Refused before a model saw it.
        Some(Class::Timeout(TimeoutKind::Connect)) => false,
        Some(Class::Timeout(_)) | None => true,
        Some(_) => written > 0,
    };
    if !read {
        return Consumption::default();
    }
    let output = (written / CHARS) as u64;
    let usage = llmroute_core::model::Usage { input: prompt, output, ..llmroute_core::model::Usage::default() };
    Consumption { tokens: prompt + output, nanos: price.map_or(0, |price| nanos(price.cost(&usage))) }
}
