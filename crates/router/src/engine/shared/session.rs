//! The shared state as one request sees and changes it: read once, written after every call.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::router::{Engine, Request};
use crate::engine::shared::eligibility::{Eligibility, LimitStates};
use crate::engine::shared::keys::{
    deployment_key, edit, group_key, parse, parse_shared, quota_key, reachable, scope_keys,
};
use crate::engine::shared::lease::Leases;
use crate::engine::shared::provider_limits::ProviderLimits;
use crate::engine::shared::reservation::{
    AdmissionError, FinishedCall, HoldResult, PendingReservation, RENEWAL, Reservation, Reservations, Settlement,
};
use crate::engine::shared::wait_queue::{PLACE_LEASE, PLACE_RENEWAL, WaitQueue};
use crate::ports::Clock;
use crate::state::StateHandle;
pub use llmroute_core::model::refused_parameters::{Parameter, Refusal};
use llmroute_core::model::{Answer, Failure, RateLimitReading, Timestamp};
pub use llmroute_core::routing::breaker::{BreakerContext, BreakerState};
pub use llmroute_core::routing::context_window::NamedWindow;
pub use llmroute_core::routing::estimate::CallSample;
pub use llmroute_core::routing::failover::{PlannedCall, RequestAttributes};
pub use llmroute_core::routing::limits::{LimitObservation, Meter, ProviderLimit};
pub use llmroute_core::routing::snapshot::{DeploymentState, GroupState, HealthSignal, StateSnapshot};
pub use llmroute_core::routing::strategy::{RankingInput, prior_ttft};
use llmroute_core::routing::{DeploymentId, GroupId, Map};

/// More than the error of a time limit, so that the deadline of a request ends a wait and not the limit within it.
const PAST_DEADLINE: Duration = Duration::from_millis(50);

/// The state of one request.
pub(in crate::engine) struct StateSession {
    map: Arc<Map>,
    state: StateHandle,
    clock: Clock,
    /// The deadline of the request: no operation that it waits for takes longer.
    deadline: Timestamp,
    pub(in crate::engine) snapshot: StateSnapshot,
    /// The limits of the providers by identity, as the shared state knew them.
    providers: BTreeMap<String, ProviderLimit>,
    /// The same as this process knows them.
    limits: Arc<ProviderLimits>,
    queue: WaitQueue,
    reservations: Reservations,
    leases: Leases,
    /// The groups in which the request has taken its turn.
    turns: Vec<GroupId>,
}

/// The lessons of a call that ended.
#[derive(Debug, Clone, Copy)]
struct CallOutcome {
    signal: HealthSignal,
    /// Its speed and length, if they were measured.
    sample: Option<CallSample>,
    /// The time to the first token, in seconds, to expect of a deployment of its group that was never measured.
    prior_ttft: f64,
}

impl StateSession {
    /// Reads the state of every deployment that `request` can lead to.
    pub(in crate::engine) async fn open(router: &Engine, request: &Request) -> Self {
        let (map, state, clock) = (Arc::clone(&router.map), router.state.clone(), router.clock);
        let mut snapshot = StateSnapshot::new(&map);
        let groups = reachable(&map, request.group);
        let deployments = with_neighbours(&map, &groups);
        let scopes = scope_keys(&map, &groups);
        let keys: Vec<String> = deployments
            .iter()
            .map(|id| deployment_key(&map, *id))
            .chain(groups.iter().map(|id| group_key(&map, *id)))
            .chain(deployments.iter().map(|id| quota_key(map.limits.quota(&map, *id))))
            .chain(scopes.iter().cloned())
            .collect();
        let (count, deadline) = (keys.len(), router.deadline(request));
        // A store that cannot be read says so once, by its warning; the request then knows nothing.
        let values = state.read(keys, deadline.since(clock.now())).await.unwrap_or_else(|_| vec![None; count]);
        let mut values = values.iter().map(Option::as_deref);
        let ahead = state.clock_ahead(clock.now());
        for id in &deployments {
            snapshot.deployments[id.0] = parse(values.next().flatten());
        }
        for id in &groups {
            snapshot.groups[id.0] = parse(values.next().flatten());
        }
        let identities = deployments.iter().map(|id| map.limits.quota(&map, *id).to_owned());
        let providers = identities.map(|identity| (identity, parse_shared(values.next().flatten(), ahead))).collect();
        let meters: BTreeMap<String, Meter> =
            scopes.into_iter().map(|key| (key, parse_shared(values.next().flatten(), ahead))).collect();
        let queue = WaitQueue::new(request.since, Arc::clone(&router.limits), state.clone());
        let limits = LimitStates { providers: &providers, meters: &meters };
        let mut eligibility = Eligibility { map: &map, snapshot: &mut snapshot };
        eligibility.mark(&groups, &request.attributes, queue.ticket(), clock.now(), &limits);
        let (leases, limits) = (Leases::new(state.clone()), Arc::clone(&router.limits));
        let (reservations, turns) = (Reservations::default(), Vec::new());
        Self { map, state, clock, deadline, snapshot, providers, limits, queue, reservations, leases, turns }
    }

    /// The time that an operation of the state may take.
    fn time_left(&self) -> Duration {
        self.deadline.since(self.clock.now())
    }

    fn eligibility(&mut self) -> Eligibility<'_> {
        Eligibility { map: &self.map, snapshot: &mut self.snapshot }
    }

    /// Returns the identity of the provider's limit for `deployment`, and whether the provider ever replied.
    pub(in crate::engine) fn provider_identity(&self, deployment: DeploymentId) -> (String, bool) {
        let identity = self.map.limits.quota(&self.map, deployment);
        (identity.to_owned(), self.providers.get(identity).is_some_and(|limit| limit.heard))
    }

    /// Takes the turn of the request in a round-robin group, so that no two requests have the same. Returns false
    /// if it has one, or needs none.
    pub(in crate::engine) async fn take_turn(&mut self, group: GroupId) -> bool {
        if !self.map.group(group).strategy.takes_turns() || self.turns.contains(&group) {
            return false;
        }
        self.turns.push(group);
        let take = |values: &mut [Option<String>]| {
            let mut turn = 0;
            edit(&mut values[0], |group: &mut GroupState| {
                turn = group.turn;
                group.turn = group.turn.wrapping_add(1);
            });
            turn
        };
        // Without the state, the turn that was read stands.
        if let Ok(turn) = self.state.update(vec![group_key(&self.map, group)], self.time_left(), take).await {
            self.snapshot.groups[group.0].turn = turn;
        }
        true
    }

    /// Waits as long as `call` says. Where that is for a limit, the request holds a place in its queue. The wait ends
    /// earlier if there is room earlier, because requests before it left, or if it turns out to be much longer.
    pub(in crate::engine) async fn wait(
        &mut self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) {
        let mut now = self.clock.now();
        let mut until = now.after(call.wait);
        if self.snapshot.gated(call.group, call.deployment, now).is_none() {
            return tokio::time::sleep(call.wait).await;
        }
        let identity = self.map.limits.quota(&self.map, call.deployment).to_owned();
        loop {
            self.queue.join(&identity, now, rng);
            tokio::time::sleep(until.since(now).min(PLACE_RENEWAL)).await;
            now = self.clock.now();
            if now >= until {
                return;
            }
            match self.room_at(call, attributes, rng).await {
                Some(room) if room > until.after(PLACE_LEASE) => return,
                Some(room) => until = until.min(room),
                None => {}
            }
        }
    }

    /// The time from which the limits have room for `call`, if the shared state can be read.
    async fn room_at(
        &self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) -> Option<Timestamp> {
        let reservation = self.reservation(call, attributes, self.clock.now(), rng);
        let values = self.state.read(reservation.keys(), self.time_left()).await.ok()?;
        let now = self.clock.now();
        Some(reservation.room_at(&values, now, self.state.clock_ahead(now)))
    }

    /// Reserves room for `call`, which begins now, in all limits that it passes.
    ///
    /// The shared state is asked only where something is limited: by the profile, or by a provider whose headers
    /// say that little is left.
    pub(in crate::engine) async fn reserve(
        &mut self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) -> Result<(), AdmissionError> {
        let now = self.clock.now();
        let reservation = self.reservation(call, attributes, now, rng);
        let (identity, demand) = reservation.demand();
        let identity = identity.to_owned();
        if let Err(exceeded) = self.limits.check(&identity, demand, self.queue.ticket(), now) {
            self.eligibility().exclude_provider(&identity, exceeded);
            return Err(AdmissionError::Full);
        }
        // Known before it is held: a request that is dropped gives it back.
        self.reservations.add(reservation.clone());
        let (limited, counted) = (reservation.is_limited(), reservation.is_counted());
        let result = if counted {
            // The caller ends the wait at the deadline.
            reservation.hold(self.state.clone(), None, self.clock, self.time_left() + PAST_DEADLINE).await
        } else {
            Ok(HoldResult::Held(now))
        };
        let refusals = match result {
            Ok(HoldResult::Held(since)) => {
                if counted {
                    self.queue.admitted();
                } else {
                    self.queue.leave();
                }
                self.limits.take(&identity, &demand, since);
                self.reservations.get_mut(call.deployment).into_iter().for_each(|held| held.begin(since));
                return Ok(());
            }
            // The provider's limits are advice; only those of the profile must be certain.
            Err(_) if !limited => {
                self.queue.leave();
                self.limits.take(&identity, &demand, now);
                return Ok(());
            }
            Err(error) => {
                self.reservations.remove(call.deployment).into_iter().for_each(Reservation::abandon);
                return Err(AdmissionError::Busy(error.reason));
            }
            Ok(HoldResult::Full(refusals)) => refusals,
            Ok(HoldResult::Denied) => Vec::new(),
        };
        for (scope, exceeded) in refusals {
            match scope {
                Some(scope) => self.eligibility().exclude(&scope, exceeded),
                None => self.eligibility().exclude_provider(&identity, exceeded),
            }
        }
        self.reservations.remove(call.deployment);
        Err(AdmissionError::Full)
    }

    /// Reserves room for a hedged `call` and takes it from its group's budget, in the background; `None` if this
    /// process knows that there is no room. The reservation must be [settled](Self::settle).
    pub(in crate::engine) fn reserve_hedge(
        &mut self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) -> Option<PendingReservation> {
        let now = self.clock.now();
        let reservation = self.reservation(call, attributes, now, rng);
        let (identity, demand) = reservation.demand();
        self.limits.check(identity, demand, self.queue.ticket(), now).ok()?;
        self.limits.take(identity, &demand, now);
        self.reservations.add(reservation.clone());
        let group = group_key(&self.map, call.group);
        let held = reservation.hold(self.state.clone(), Some(group), self.clock, self.time_left());
        Some(tokio::spawn(async move { matches!(held.await, Ok(HoldResult::Held(_))) }))
    }

    fn reservation(
        &self,
        call: &PlannedCall,
        attributes: &RequestAttributes,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Reservation {
        let unknown = ProviderLimit::default();
        let provider = self.providers.get(self.map.limits.quota(&self.map, call.deployment)).unwrap_or(&unknown);
        Reservation::new(&self.map, call, attributes, provider, self.queue.ticket(), now, rng)
    }

    /// Notes the head of a reply; what it says of limits holds at once.
    pub(in crate::engine) fn head(&mut self, deployment: DeploymentId, reply: (Timestamp, Vec<RateLimitReading>)) {
        let Some(reservation) = self.reservations.get_mut(deployment) else { return };
        let at = reply.0;
        let observation = reservation.head(reply);
        self.limits.observe(reservation.demand().0, &observation, at);
    }

    /// Settles the reservation of a call that ended. It is written with the next outcome, or by
    /// [`post_settlements`](Self::post_settlements).
    pub(in crate::engine) fn settle(&mut self, deployment: DeploymentId, call: &FinishedCall<'_>) {
        let now = self.clock.now();
        let Some(reservation) = self.reservations.remove(deployment) else { return };
        let settlement = reservation.settle(call, now);
        let (identity, observation) = settlement.observation();
        // The process knows the reply since it came.
        self.limits.observe(identity, &LimitObservation { reply: None, ..observation.clone() }, now);
        let provider = self.providers.entry(identity.to_owned()).or_default();
        provider.observe(observation, now);
        let gate = provider.gated(now);
        Eligibility { map: &self.map, snapshot: &mut self.snapshot }.gate(identity, gate);
        self.reservations.add_settlement(settlement);
    }

    /// Settles and writes the reservation of a call that was not made.
    pub(in crate::engine) fn cancel(&mut self, deployment: DeploymentId) {
        self.settle(deployment, &FinishedCall { answer: &Answer::default(), failure: None, sent: false });
        self.post_settlements();
    }

    /// Writes the settlements that no outcome takes along.
    pub(in crate::engine) fn post_settlements(&mut self) {
        self.reservations.take_settlements().into_iter().for_each(|settlement| settlement.post(&self.state));
    }

    /// Gives back what calls in flight hold, when the request is dropped.
    pub(in crate::engine) fn abandon(&mut self, coming: &Answer) {
        for deployment in self.reservations.deployments() {
            self.settle(deployment, &FinishedCall { answer: coming, failure: None, sent: true });
        }
        let settlements = self.reservations.take_settlements();
        settlements.into_iter().filter(Settlement::is_limited).for_each(|settlement| settlement.post(&self.state));
    }

    /// Counts a call from now until `until` at the latest, if the group's strategy looks at that.
    pub(in crate::engine) fn count(&mut self, call: &PlannedCall, id: u64, until: Timestamp) {
        if !self.map.group(call.group).strategy.counts_calls() {
            return;
        }
        let now = self.clock.now();
        self.snapshot.deployments[call.deployment.0].leases.take(id, until, now);
        self.leases.take(id, call.deployment, deployment_key(&self.map, call.deployment), now, until);
    }

    /// Ends the count of a call that says nothing of its deployment.
    pub(in crate::engine) fn release(&mut self, deployment: DeploymentId) {
        let now = self.clock.now();
        if let Some(id) = self.leases.release(deployment, now) {
            self.snapshot.deployments[deployment.0].leases.release(id, now);
        }
    }

    /// Learns from the end of a call; `failure` is `None` for an answer.
    pub(in crate::engine) fn learn(
        &mut self,
        call: &PlannedCall,
        failure: Option<&Failure>,
        sample: Option<CallSample>,
        attributes: &RequestAttributes,
        rng: &mut fastrand::Rng,
    ) {
        if let Some(window) = failure.and_then(|failure| NamedWindow::of(failure, self.clock.now())) {
            self.learn_window(call.deployment, window);
        }
        let Some(signal) = failure.map_or(Some(HealthSignal::ANSWERED), HealthSignal::of) else {
            return self.release(call.deployment);
        };
        let (map, snapshot, now) = (&self.map, &self.snapshot, self.clock.now());
        let group = map.group(call.group);
        let context = BreakerContext {
            rules: group.policy.breaker(failure.map(|failure| failure.class)),
            // A fallback group is usually the weaker model, so it is no reason to leave this one early.
            another_closed: snapshot.another_closed(map, call.group, call.deployment, now),
            now,
            jitter: rng.f64(),
        };
        let prior_ttft = prior_ttft(&RankingInput { map, group: call.group, attributes, snapshot, now });
        self.record_outcome(call.group, call.deployment, CallOutcome { signal, sample, prior_ttft }, context);
    }

    /// Remembers that `deployment` refused a parameter: in the snapshot at once, in the shared state in the background.
    pub(in crate::engine) fn learn_refusal(
        &mut self,
        deployment: DeploymentId,
        parameter: Parameter,
        refusal: Refusal,
    ) {
        for id in (0..self.map.deployments.len()).map(DeploymentId).filter(|id| self.map.same(*id, deployment)) {
            self.snapshot.deployments[id.0].refused.insert(parameter, refusal);
        }
        // The request is sent once more, and counts once more.
        if let Some(reservation) = self.reservations.get(deployment) {
            reservation.repeat(&self.state, refusal.at);
        }
        // A refusal that cannot be stored is met once more.
        self.state.post(vec![deployment_key(&self.map, deployment)], move |values| {
            edit(&mut values[0], |state: &mut DeploymentState| state.refused.insert(parameter, refusal));
        });
    }

    /// Remembers the context window that `deployment` named.
    fn learn_window(&mut self, deployment: DeploymentId, window: NamedWindow) {
        for id in (0..self.map.deployments.len()).map(DeploymentId).filter(|id| self.map.same(*id, deployment)) {
            self.snapshot.deployments[id.0].window = Some(window);
        }
        // A window that cannot be stored is named again.
        self.state.post(vec![deployment_key(&self.map, deployment)], move |values| {
            edit(&mut values[0], |state: &mut DeploymentState| state.window = Some(window));
        });
    }

    /// Records the outcome of a call: in the snapshot at once, in the shared state in the background.
    fn record_outcome(
        &mut self,
        group: GroupId,
        deployment: DeploymentId,
        outcome: CallOutcome,
        context: BreakerContext,
    ) {
        let (now, success) = (context.now, outcome.signal == HealthSignal::ANSWERED);
        let lease = self.leases.end(deployment);
        let learn = move |state: &mut DeploymentState| {
            state.observe(&outcome.signal, &context);
            if let Some(sample) = &outcome.sample {
                state.estimates.learn(sample, outcome.prior_ttft, now);
            }
            lease.inspect(|id| state.leases.release(*id, now));
        };
        for id in (0..self.map.deployments.len()).map(DeploymentId).filter(|id| self.map.same(*id, deployment)) {
            learn(&mut self.snapshot.deployments[id.0]);
        }
        self.snapshot.groups[group.0].observe(success, now);
        let settlement = self.reservations.take_settlement();
        let ahead = self.state.clock_ahead(now);
        let mut keys = vec![deployment_key(&self.map, deployment), group_key(&self.map, group)];
        keys.extend(settlement.iter().flat_map(Settlement::keys));
        self.state.post(keys, move |values| {
            edit(&mut values[0], learn);
            edit(&mut values[1], |group: &mut GroupState| group.observe(success, now));
            if let Some(settlement) = &settlement {
                settlement.apply(&mut values[2..], ahead);
            }
        });
    }

    /// Claims the probe of a half-open deployment until `until`. `Err` holds the time until which another process
    /// has it.
    pub(in crate::engine) async fn claim_probe(
        &mut self,
        id: DeploymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), Timestamp> {
        let claim = move |values: &mut [Option<String>]| {
            let mut claimed = (true, DeploymentState::default());
            edit(&mut values[0], |state: &mut DeploymentState| {
                let won = state.breaker.claim_probe(now, until);
                claimed = (won, state.clone());
            });
            claimed
        };
        let key = deployment_key(&self.map, id);
        // Without the state no other process can be probing.
        let Ok((won, state)) = self.state.update(vec![key], self.time_left(), claim).await else { return Ok(()) };
        let headroom = std::mem::take(&mut self.snapshot.deployments[id.0].headroom);
        self.snapshot.deployments[id.0] = DeploymentState { headroom, ..state };
        match self.snapshot.deployment(id).breaker.state(now) {
            BreakerState::Open { until } if !won => Err(until),
            BreakerState::Open { .. } | BreakerState::Closed | BreakerState::HalfOpen => Ok(()),
        }
    }

    /// Renews the reservation and the probe of `call` at intervals. Never ends.
    pub(in crate::engine) fn keep_alive(&self, call: &PlannedCall) -> impl Future<Output = Infallible> + use<> {
        let reservation = self.reservations.get(call.deployment).filter(|held| held.is_limited()).cloned();
        let probe = call.probe.then(|| deployment_key(&self.map, call.deployment));
        let (state, clock) = (self.state.clone(), self.clock);
        async move {
            if reservation.is_none() && probe.is_none() {
                return std::future::pending().await;
            }
            loop {
                tokio::time::sleep(RENEWAL).await;
                let now = clock.now();
                if let Some(reservation) = &reservation {
                    reservation.renew(&state, now);
                }
                if let Some(key) = &probe {
                    // If it is missed, another process may probe, too.
                    state.post(vec![key.clone()], move |values| {
                        edit(&mut values[0], |state: &mut DeploymentState| {
                            state.breaker.extend_probe(now, now.after(2 * RENEWAL));
                        });
                    });
                }
            }
        }
    }
}

/// The deployments of `groups`, and others at the same hosts, which tell whether a host is down.
fn with_neighbours(map: &Map, groups: &BTreeSet<GroupId>) -> BTreeSet<DeploymentId> {
    let members = groups.iter().flat_map(|id| &map.group(*id).members).map(|member| member.deployment);
    let own: BTreeSet<DeploymentId> = members.collect();
    let hosts: BTreeSet<&str> = own.iter().map(|id| map.deployment(*id).host.as_str()).collect();
    let at_host = |id: &DeploymentId| hosts.contains(map.deployment(*id).host.as_str());
    let neighbours = (0..map.deployments.len()).map(DeploymentId).filter(at_host);
    own.iter().copied().chain(neighbours).collect()
}
