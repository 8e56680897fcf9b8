//! Reservations: the room that a call takes in all limits, before it begins, and its settlement after it ended.
//!
//! `routing::limits` decides what fits; here it becomes one transaction of the shared state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::engine::shared::keys::{edit, edit_shared, parse, parse_shared, quota_key, scope_key};
use crate::ports::{Clock, StoreError};
use crate::state::StateHandle;
pub use llmroute_core::model::{Answer, Class, Failure, Price, RateLimitReading, TimeoutKind, Timestamp, Usage};
pub use llmroute_core::routing::failover::{PlannedCall, RequestAttributes};
pub use llmroute_core::routing::limits::{
    Consumption, Demand, InFlightCall, LEASE, LimitExceeded, LimitObservation, LimitScope, Meter, ProviderLimit,
    ScopedLimit, Ticket, nanos,
};
pub use llmroute_core::routing::snapshot::{GroupState, HealthSignal};
use llmroute_core::routing::{DeploymentId, Map};

/// The interval at which a call in flight renews its reservation.
pub(in crate::engine) const RENEWAL: Duration = Duration::from_secs(LEASE.as_secs() / 3);
/// Characters per token, for calls without counts.
const CHARS: usize = 4;

/// A call that may not begin.
pub(in crate::engine) enum AdmissionError {
    /// A limit is reached; the snapshot knows.
    Full,
    /// The shared state cannot be reached, so that the limits are not certain.
    Busy(String),
}

/// The room of one call, from before it begins until it ended.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Reservation {
    deployment: DeploymentId,
    /// 0 for a call that no limit counts.
    id: u64,
    ticket: Ticket,
    demand: Demand,
    price: Option<Price>,
    started: Timestamp,
    /// The identity of the provider's limit.
    provider: String,
    /// The limits in the profile that it passes, with their keys in the state.
    scopes: Vec<(String, ScopedLimit)>,
    /// The head of the reply: its time, and what it said of the provider's limits.
    head: Option<(Timestamp, Vec<RateLimitReading>)>,
    /// The call is over. A reservation that is made after that holds nothing.
    over: Arc<AtomicBool>,
}

/// A reservation being made for a hedged call: `true` when the limits and the hedge budget allow the call.
pub(in crate::engine) type PendingReservation = JoinHandle<bool>;

/// The answer of the shared state to a reservation.
pub(in crate::engine) enum HoldResult {
    /// The room is held, since then.
    Held(Timestamp),
    /// These limits are reached; `None` is the provider's own.
    Full(Vec<(Option<LimitScope>, LimitExceeded)>),
    /// The hedge budget is spent, or the request is over.
    Denied,
}

/// The end of a call, as far as limits are concerned.
pub(in crate::engine) struct FinishedCall<'a> {
    pub(in crate::engine) answer: &'a Answer,
    pub(in crate::engine) failure: Option<&'a Failure>,
    /// True if anything was sent.
    pub(in crate::engine) sent: bool,
}

impl Reservation {
    /// Prepares a reservation for `call`.
    pub(in crate::engine) fn new(
        map: &Map,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        provider: &ProviderLimit,
        ticket: Ticket,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Self {
        let price = map.deployment(call.deployment).price;
        let demand =
            Demand { tries_limit: call.tries_limit, ..Demand::of(attributes, price, provider.expected_output()) };
        let scopes = map.limits.scopes(map, call.group, call.deployment);
        let counted = !scopes.is_empty() || provider.is_scarce(&demand, now);
        Self {
            deployment: call.deployment,
            id: if counted { rng.u64(1..) } else { 0 },
            ticket,
            demand,
            price,
            started: now,
            provider: map.limits.quota(map, call.deployment).to_owned(),
            scopes: scopes.into_iter().map(|scope| (scope_key(map, &scope.place), scope)).collect(),
            head: None,
            over: Arc::default(),
        }
    }

    /// Returns the identity of the provider's limit, and the demand.
    pub(in crate::engine) fn demand(&self) -> (&str, Demand) {
        (&self.provider, self.demand)
    }

    /// Returns whether a limit of the profile counts the call.
    pub(in crate::engine) fn is_limited(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// Returns whether the shared state must be asked.
    pub(in crate::engine) fn is_counted(&self) -> bool {
        self.id != 0
    }

    pub(in crate::engine) fn begin(&mut self, at: Timestamp) {
        self.started = at;
    }

    /// Notes the head of a reply. Returns what it tells of the provider's limit.
    pub(in crate::engine) fn head(&mut self, reply: (Timestamp, Vec<RateLimitReading>)) -> LimitObservation {
        self.head = Some(reply.clone());
        LimitObservation { started: self.started, reply: Some(reply), ..LimitObservation::default() }
    }

    /// Checks all limits and holds the call in all of them or in none. With the key of a group it also takes a
    /// hedged call from the budget of that group.
    pub(in crate::engine) async fn hold(
        self,
        state: StateHandle,
        hedge: Option<String>,
        clock: Clock,
        limit: Duration,
    ) -> Result<HoldResult, StoreError> {
        let keys = self.keys().into_iter().chain(hedge).collect();
        let times = state.clone();
        let change = move |values: &mut [Option<String>]| {
            let (own, group) = values.split_at_mut(1 + self.scopes.len());
            // Transactions come one after the other: either the settlement sees this one, or this one sees the end.
            if self.over.load(Ordering::SeqCst) {
                return HoldResult::Denied;
            }
            let mut budget: Option<GroupState> = group.first().map(|value| parse(value.as_deref()));
            if budget.as_mut().is_some_and(|group| !group.hedges.spend()) {
                return HoldResult::Denied;
            }
            // The wait for the lock is over: the call begins now.
            let now = clock.now();
            let result = self.hold_in(own, now, times.clock_ahead(now));
            if let (HoldResult::Held(_), Some(spent)) = (&result, budget) {
                edit(&mut group[0], |value| *value = spent);
            }
            result
        };
        state.update_shared(keys, limit, change).await
    }

    /// Returns the time from which the limits with the `values` of [`Self::keys`] have room.
    pub(in crate::engine) fn room_at(&self, values: &[Option<String>], now: Timestamp, ahead: i64) -> Timestamp {
        let (provider, mut meters) = limits_of(values, ahead);
        let refusals = self.refusals(&provider, &mut meters, now);
        refusals.iter().filter_map(|(_, exceeded)| exceeded.until(now)).max().unwrap_or(now)
    }

    /// The limits that have no room for the call at `now`.
    fn refusals(
        &self,
        provider: &ProviderLimit,
        meters: &mut [Meter],
        now: Timestamp,
    ) -> Vec<(Option<LimitScope>, LimitExceeded)> {
        let turn = provider.turn(self.demand, self.ticket, now);
        let of_provider = turn.check(|demand| provider.check(demand, now)).err().map(|exceeded| (None, exceeded));
        let own = self.scopes.iter().zip(meters).filter_map(|((_, scope), meter)| {
            let exceeded = turn.check(|demand| meter.check(&scope.limits, demand, now, &scope.of)).err()?;
            Some((Some(scope.place.clone()), exceeded))
        });
        of_provider.into_iter().chain(own).collect()
    }

    /// Changes the values of [`Self::keys`].
    fn hold_in(&self, values: &mut [Option<String>], now: Timestamp, ahead: i64) -> HoldResult {
        let (mut provider, mut meters) = limits_of(values, ahead);
        provider.leave(self.ticket);
        let refusals = self.refusals(&provider, &mut meters, now);
        if !refusals.is_empty() {
            return HoldResult::Full(refusals);
        }
        provider.take(&self.demand, now);
        edit_shared(&mut values[0], ahead, |value| *value = provider);
        for ((mut meter, (_, scope)), value) in meters.into_iter().zip(&self.scopes).zip(&mut values[1..]) {
            meter.hold(&scope.limits, InFlightCall::new(self.id, &self.demand, now));
            edit_shared(value, ahead, |value| *value = meter);
        }
        HoldResult::Held(now)
    }

    /// Renews the reservation in the limits of the profile.
    pub(in crate::engine) fn renew(&self, state: &StateHandle, now: Timestamp) {
        let (id, ahead) = (self.id, state.clock_ahead(now));
        // One that is missed is made up for before the reservation expires.
        state.post(self.scope_keys().collect(), move |values| {
            values.iter_mut().for_each(|value| edit_shared(value, ahead, |meter: &mut Meter| meter.renew(id, now)));
        });
    }

    /// Counts a request that was refused and is sent once more: another request in every limit, without tokens.
    pub(in crate::engine) fn repeat(&self, state: &StateHandle, now: Timestamp) {
        let (demand, scopes) = (self.demand, self.scopes.clone());
        let id = self.id.rotate_left(32) ^ now.0.unsigned_abs();
        state.post(self.scope_keys().collect(), move |values| {
            for (value, (_, scope)) in values.iter_mut().zip(&scopes) {
                edit(value, |meter: &mut Meter| {
                    meter.hold(&scope.limits, InFlightCall::new(id, &demand, now));
                    meter.settle(id, Consumption::default());
                });
            }
        });
    }

    /// Gives up a reservation that may not have been made; one that is made later holds nothing.
    pub(in crate::engine) fn abandon(self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Ends the reservation.
    pub(in crate::engine) fn settle(mut self, outcome: &FinishedCall<'_>, now: Timestamp) -> Settlement {
        self.over.store(true, Ordering::SeqCst);
        let gate = outcome.failure.and_then(HealthSignal::of).and_then(|signal| match signal {
            HealthSignal::Gate { wait } => Some(wait),
            HealthSignal::Breaker(_) => None,
        });
        let won = outcome.failure.is_none() && outcome.answer.finish.is_some();
        let output = outcome.answer.usage.filter(|_| won).map(|usage| usage.output);
        let consumption = outcome.sent.then(|| self.consumption(outcome));
        let observation = LimitObservation { started: self.started, reply: self.head.take(), gate, output };
        Settlement { reservation: self, observation, consumption, now }
    }

    /// The keys of the provider's limit and of the limits in the profile.
    pub(in crate::engine) fn keys(&self) -> Vec<String> {
        std::iter::once(quota_key(&self.provider)).chain(self.scope_keys()).collect()
    }

    fn scope_keys(&self) -> impl Iterator<Item = String> {
        self.scopes.iter().map(|(key, _)| key.clone())
    }

    /// The consumption of a call that was sent: as the provider counted it, or else estimated from what came.
    fn consumption(&self, outcome: &FinishedCall<'_>) -> Consumption {
        let (prompt, price) = (self.demand.prompt, self.price);
        if let Some(usage) = outcome.answer.usage {
            let cost = usage.cost(price.as_ref()).map_or(0, nanos);
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
        let usage = Usage { input: prompt, output, ..Usage::default() };
        Consumption { tokens: prompt + output, nanos: price.map_or(0, |price| nanos(price.cost(&usage))) }
    }
}

/// The end of a reservation, to be written.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Settlement {
    reservation: Reservation,
    observation: LimitObservation,
    /// `None` for a call that was never sent.
    consumption: Option<Consumption>,
    now: Timestamp,
}

impl Settlement {
    /// Returns the identity of the provider's limit, and what the call tells of it.
    pub(in crate::engine) fn observation(&self) -> (&str, &LimitObservation) {
        (&self.reservation.provider, &self.observation)
    }

    /// Returns whether a limit of the profile counts the call.
    pub(in crate::engine) fn is_limited(&self) -> bool {
        self.reservation.is_limited()
    }

    pub(in crate::engine) fn keys(&self) -> Vec<String> {
        self.reservation.keys()
    }

    /// Changes the values of [`Self::keys`].
    pub(in crate::engine) fn apply(&self, values: &mut [Option<String>], ahead: i64) {
        let Some((provider, meters)) = values.split_first_mut() else { return };
        edit_shared(provider, ahead, |limit: &mut ProviderLimit| limit.observe(&self.observation, self.now));
        for meter in meters {
            edit_shared(meter, ahead, |meter: &mut Meter| match self.consumption {
                Some(consumption) => meter.settle(self.reservation.id, consumption),
                None => meter.cancel(self.reservation.id),
            });
        }
    }

    /// Writes it. If that fails, the call counts as expected until it leaves the window.
    pub(in crate::engine) fn post(self, state: &StateHandle) {
        let ahead = state.clock_ahead(self.now);
        state.post(self.keys(), move |values| self.apply(values, ahead));
    }
}

/// Reads the provider's limit and the counters of the limits in the profile.
fn limits_of(values: &[Option<String>], ahead: i64) -> (ProviderLimit, Vec<Meter>) {
    let meters = values[1..].iter().map(|value| parse_shared(value.as_deref(), ahead)).collect();
    (parse_shared(values[0].as_deref(), ahead), meters)
}

/// The reservations of one request.
#[derive(Default)]
pub(in crate::engine) struct Reservations {
    open: Vec<Reservation>,
    /// Settlements that the next outcome takes along into the state.
    settled: Vec<Settlement>,
}

impl Reservations {
    pub(in crate::engine) fn add(&mut self, reservation: Reservation) {
        self.open.push(reservation);
    }

    pub(in crate::engine) fn get(&self, deployment: DeploymentId) -> Option<&Reservation> {
        self.open.iter().find(|open| open.deployment == deployment)
    }

    pub(in crate::engine) fn get_mut(&mut self, deployment: DeploymentId) -> Option<&mut Reservation> {
        self.open.iter_mut().find(|open| open.deployment == deployment)
    }

    /// Removes the reservation of the call to `deployment`.
    pub(in crate::engine) fn remove(&mut self, deployment: DeploymentId) -> Option<Reservation> {
        let position = self.open.iter().position(|open| open.deployment == deployment)?;
        Some(self.open.swap_remove(position))
    }

    pub(in crate::engine) fn deployments(&self) -> Vec<DeploymentId> {
        self.open.iter().map(|open| open.deployment).collect()
    }

    pub(in crate::engine) fn add_settlement(&mut self, settlement: Settlement) {
        self.settled.push(settlement);
    }

    /// Returns the settlement of the last call that ended.
    pub(in crate::engine) fn take_settlement(&mut self) -> Option<Settlement> {
        self.settled.pop()
    }

    pub(in crate::engine) fn take_settlements(&mut self) -> Vec<Settlement> {
        std::mem::take(&mut self.settled)
    }
}
