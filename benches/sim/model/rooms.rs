//! The limits of our model: the real counters, in the order in which the engine uses them (`engine/shared`).
//! The failover decides which deployment is called.

use llmroute_core::model::{RateLimitReading, Timestamp};
use llmroute_core::routing::failover::RequestAttributes;
use llmroute_core::routing::limits::{
    Consumption, Demand, InFlightCall, LimitExceeded, LimitObservation, Meter, PLACE_LEASE, ProviderLimit, ScopedLimit,
    Ticket, Turn, headroom,
};
use llmroute_core::routing::snapshot::StateSnapshot;
use llmroute_core::routing::{DeploymentId, GroupId, Map};

use super::policy::COUNT;

/// Calls in flight to one whose limits are unknown (`engine/quotas.rs`).
const PILOTS: usize = 4;

/// The processes that make the calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Home {
    /// One process: it knows every reply at once.
    Shared,
    /// A process for each call: it knows of the others what the store holds, written when a call is over.
    Apart,
}

/// The state of limits that all requests share. Every deployment has a key of its own here.
#[derive(Debug, Clone)]
pub struct Rooms {
    home: Home,
    quotas: [ProviderLimit; COUNT],
    meters: [Meter; COUNT],
    flying: [usize; COUNT],
    /// The requests that wait, and until when; they renew their places all the time.
    waiting: [Vec<(Ticket, Timestamp)>; COUNT],
}

/// A call in flight.
#[derive(Debug, Clone)]
pub struct Slot {
    id: u64,
    started: Timestamp,
    head: Option<(Timestamp, Vec<RateLimitReading>)>,
}

impl Rooms {
    pub fn new(home: Home) -> Self {
        Self {
            home,
            quotas: Default::default(),
            meters: Default::default(),
            flying: [0; COUNT],
            waiting: Default::default(),
        }
    }

    /// Marks the deployments that the limits exclude on the snapshot of a request.
    pub fn mark(
        &self,
        map: &Map,
        group: GroupId,
        ticket: Ticket,
        attributes: &RequestAttributes,
        snapshot: &mut StateSnapshot,
        now: Timestamp,
    ) {
        for index in 0..COUNT {
            let quota = &self.with_places(index, now);
            let turn = quota.turn(self.need(map, index, attributes), ticket, now);
            let gate = quota.gated(now);
            let provider = turn.check(|demand| quota.check(demand, now)).err().filter(|_| gate.is_none());
            let scopes = scopes(map, group, index);
            let limits = scopes.iter().map(|scope| (&scope.limits, &self.meters[index]));
            let cell = &mut snapshot.deployments[index];
            cell.headroom.share = headroom(limits, quota, now);
            cell.gate = cell.gate.max(gate);
            cell.headroom.exceeded = self.own(&scopes, index, &turn, now).chain(provider).reduce(LimitExceeded::later);
        }
    }

    /// Returns `true` if a call has to wait because its key has had no reply yet.
    pub fn is_pilot_too_many(&self, deployment: usize) -> bool {
        self.home == Home::Shared && !self.quotas[deployment].heard && self.flying[deployment] >= PILOTS
    }

    /// A request waits for its turn until `at`.
    pub fn join(&mut self, deployment: usize, ticket: Ticket, at: Timestamp, now: Timestamp) {
        let waiting = &mut self.waiting[deployment];
        waiting.retain(|(other, until)| *other != ticket && now < until.after(PLACE_LEASE));
        waiting.push((ticket, at));
    }

    /// The limit with the places of the requests that wait.
    fn with_places(&self, deployment: usize, now: Timestamp) -> ProviderLimit {
        let mut limit = self.quotas[deployment].clone();
        let waiting = self.waiting[deployment].iter().filter(|(_, until)| now <= until.after(PLACE_LEASE));
        waiting.for_each(|(ticket, _)| limit.join(*ticket, now));
        limit
    }

    /// Takes room for a call, or marks on the snapshot why there is none.
    pub fn reserve(
        &mut self,
        map: &Map,
        group: GroupId,
        (deployment, ticket): (usize, Ticket),
        attributes: &RequestAttributes,
        snapshot: &mut StateSnapshot,
        now: Timestamp,
    ) -> Option<Slot> {
        let need = self.need(map, deployment, attributes);
        let scopes = scopes(map, group, deployment);
        self.waiting[deployment].retain(|(other, _)| *other != ticket);
        let quota = self.with_places(deployment, now);
        let turn = quota.turn(need, ticket, now);
        let provider = turn.check(|demand| quota.check(demand, now)).err();
        let shut = self.own(&scopes, deployment, &turn, now).chain(provider).reduce(LimitExceeded::later);
        if let Some(shut) = shut {
            let headroom = &mut snapshot.deployments[deployment].headroom;
            headroom.exceeded = Some(headroom.exceeded.take().map_or(shut.clone(), |old| old.later(shut)));
            return None;
        }
        let counted = !scopes.is_empty() || quota.is_scarce(&need, now);
        if counted || self.home == Home::Shared {
            self.quotas[deployment].take(&need, now);
        }
        for scope in &scopes {
            self.meters[deployment].hold(&scope.limits, InFlightCall::new(ticket.id, &need, now));
        }
        self.flying[deployment] += 1;
        Some(Slot { id: ticket.id, started: now, head: None })
    }

    /// The head of a reply came.
    pub fn heard(&mut self, deployment: usize, slot: &mut Slot, readings: Vec<RateLimitReading>, now: Timestamp) {
        slot.head = Some((now, readings));
        if self.home == Home::Shared {
            let heard =
                LimitObservation { started: slot.started, reply: slot.head.clone(), ..LimitObservation::default() };
            self.quotas[deployment].observe(&heard, now);
        }
    }

    /// A call is over, with the tokens that it used (`None`: it was refused), or with the wait that was asked for.
    pub fn close(
        &mut self,
        deployment: usize,
        slot: Slot,
        gate: Option<std::time::Duration>,
        (prompt, output): (u64, Option<u64>),
        now: Timestamp,
    ) {
        self.flying[deployment] -= 1;
        let reply = slot.head.filter(|_| self.home == Home::Apart);
        self.quotas[deployment].observe(&LimitObservation { started: slot.started, reply, gate, output }, now);
        let spent = output.map_or(Consumption::default(), |output| Consumption { tokens: prompt + output, nanos: 0 });
        self.meters[deployment].settle(slot.id, spent);
    }

    /// A call was not made after all.
    pub fn cancel(&mut self, deployment: usize, slot: Slot) {
        self.flying[deployment] -= 1;
        self.quotas[deployment]
            .observe(&LimitObservation { started: slot.started, ..LimitObservation::default() }, slot.started);
        self.meters[deployment].cancel(slot.id);
    }

    fn need(&self, map: &Map, deployment: usize, attributes: &RequestAttributes) -> Demand {
        let price = map.deployment(DeploymentId(deployment)).price;
        Demand::of(attributes, price, self.quotas[deployment].expected_output())
    }

    fn own(
        &self,
        scopes: &[ScopedLimit],
        index: usize,
        turn: &Turn,
        now: Timestamp,
    ) -> impl Iterator<Item = LimitExceeded> {
        let shut = |scope: &ScopedLimit| {
            let mut meter = self.meters[index].clone();
            turn.check(|demand| meter.check(&scope.limits, demand, now, &scope.of)).err()
        };
        scopes.iter().filter_map(shut).collect::<Vec<_>>().into_iter()
    }
}

fn scopes(map: &Map, group: GroupId, deployment: usize) -> Vec<ScopedLimit> {
    map.limits.scopes(map, group, DeploymentId(deployment))
}
