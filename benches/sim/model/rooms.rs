//! The limits of ours: asked and told with the real counters, in the order in which the engine does it
//! (`engine/rooms.rs`, `engine/reserve.rs`). Who is called is the failover's affair.

use llmroute_core::model::{RateLimitReading, Timestamp};
use llmroute_core::routing::failover::RequestAttributes;
use llmroute_core::routing::limits::{
    Consumption, Demand, InFlightCall, LimitExceeded, LimitObservation, Meter, ProviderLimit, QueuedDemand,
    ScopedLimit, Ticket, headroom,
};
use llmroute_core::routing::snapshot::StateSnapshot;
use llmroute_core::routing::{DeploymentId, GroupId, Map};

use super::policy::COUNT;

/// Calls in flight to one whose limits are unknown (`engine/quotas.rs`).
const PILOTS: usize = 4;

/// Who makes the calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Home {
    /// One process: what it hears it knows at once.
    Shared,
    /// A process for each call: they learn of each other what is in the store, written when a call is over.
    Apart,
}

/// What all requests know of limits. Every deployment has a key of its own here.
#[derive(Debug, Clone)]
pub struct Rooms {
    home: Home,
    quotas: [ProviderLimit; COUNT],
    meters: [Meter; COUNT],
    flying: [usize; COUNT],
    /// The waiting requests with their deployments, each until it decides again.
    waiting: Vec<(usize, Ticket, Timestamp)>,
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
        Self { home, quotas: Default::default(), meters: Default::default(), flying: [0; COUNT], waiting: Vec::new() }
    }

    /// Marks the deployments that the limits exclude on the snapshot of a request.
    pub fn mark(
        &mut self,
        map: &Map,
        group: GroupId,
        ticket: Ticket,
        attributes: &RequestAttributes,
        snapshot: &mut StateSnapshot,
        now: Timestamp,
    ) {
        self.renew_places(now);
        for index in 0..COUNT {
            let quota = &self.quotas[index];
            let turn = quota.turn(self.need(map, index, attributes), ticket, now);
            let gate = quota.gated(now);
            let provider = turn.check(|need| quota.check(need, now)).err().filter(|_| gate.is_none());
            let scopes = scopes(map, group, index);
            let limits = scopes.iter().map(|scope| (&scope.limits, &self.meters[index]));
            let cell = &mut snapshot.deployments[index];
            cell.headroom.share = headroom(limits, quota, now);
            cell.gate = cell.gate.max(gate);
            cell.headroom.exceeded = self.own(&scopes, index, &turn, now).chain(provider).reduce(LimitExceeded::later);
        }
    }

    /// Whether a call has to stand in a line, because nothing was heard of its key yet.
    pub fn is_pilot_too_many(&self, deployment: usize) -> bool {
        self.home == Home::Shared && !self.quotas[deployment].heard && self.flying[deployment] >= PILOTS
    }

    /// A request waits for its turn until `at`.
    pub fn join(&mut self, deployment: usize, ticket: Ticket, at: Timestamp, now: Timestamp) {
        self.quotas[deployment].join(ticket, now);
        self.waiting.push((deployment, ticket, at));
    }

    /// Takes room for a call, or says on the snapshot why there is none.
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
        self.waiting.retain(|(_, waiting, _)| waiting.id != ticket.id);
        self.renew_places(now);
        let quota = &mut self.quotas[deployment];
        quota.leave(ticket);
        let turn = quota.turn(need, ticket, now);
        let provider = turn.check(|need| quota.check(need, now)).err();
        let shut = self.own(&scopes, deployment, &turn, now).chain(provider).reduce(LimitExceeded::later);
        if let Some(shut) = shut {
            let headroom = &mut snapshot.deployments[deployment].headroom;
            headroom.exceeded = Some(headroom.exceeded.take().map_or(shut.clone(), |old| old.later(shut)));
            return None;
        }
        let counted = !scopes.is_empty() || self.quotas[deployment].is_scarce(&need, now);
        if counted || self.home == Home::Shared {
            self.quotas[deployment].take(&need, now);
        }
        for scope in &scopes {
            self.meters[deployment].hold(&scope.limits, InFlightCall::new(ticket.id, &need, now));
        }
        self.flying[deployment] += 1;
        Some(Slot { id: ticket.id, started: now, head: None })
    }

    /// Renews the places of the requests that wait.
    fn renew_places(&mut self, now: Timestamp) {
        self.waiting.retain(|(_, _, until)| *until >= now);
        for (deployment, ticket, _) in &self.waiting {
            self.quotas[*deployment].join(*ticket, now);
        }
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

    /// A call is over: it used so many tokens (`None`: it was refused), or was told to stay away.
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
        turn: &QueuedDemand,
        now: Timestamp,
    ) -> impl Iterator<Item = LimitExceeded> {
        let shut = |scope: &ScopedLimit| {
            let mut meter = self.meters[index].clone();
            turn.check(|need| meter.check(&scope.limits, need, now, &scope.of)).err()
        };
        scopes.iter().filter_map(shut).collect::<Vec<_>>().into_iter()
    }
}

fn scopes(map: &Map, group: GroupId, deployment: usize) -> Vec<ScopedLimit> {
    map.limits.scopes(map, group, DeploymentId(deployment))
}
