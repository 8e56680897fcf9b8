//! The state that the slots of a run share: cost limit, observer, breakers and the end of the run.

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::measure::{self, Call, CallTarget, RunClocks};
use super::super::plan::Load;
use super::super::record::{ClientStats, EndReason};
use super::super::sample::{Connection, Handshake, Sample};
use super::super::target_breaker::{BreakerReaction, TargetBreaker};
use super::{LoadGenerator, LoadResult, Pause, Progress, SpendingLimit};
use llmroute_core::model::{Class, ConnectionFault, Failure, Price};
use llmroute_core::wire::WireRequest;
pub use llmroute_router::ports::{MeasuredConnection, ReplyHead};

/// A connection that is ready for a call.
pub(super) struct ReadyConnection {
    pub(super) line: Box<dyn MeasuredConnection>,
    /// Tells whether it was opened for the call.
    pub(super) connection: Connection,
}

impl ReadyConnection {
    /// Returns the connection if the server has not closed it.
    pub(super) fn if_open(mut self) -> Option<Self> {
        self.line.is_open().then_some(self)
    }
}

/// A call that was started. `head` is an error when the request could not be encoded.
pub(super) struct StartedCall {
    call: Call,
    ready: ReadyConnection,
    head: Result<Option<Result<ReplyHead, Failure>>, Failure>,
    /// A copy of the request, if the connection was used before.
    again: Option<WireRequest>,
}

/// A call that waits for its start.
pub(super) struct PreparedCall {
    pub(super) target: usize,
    pub(super) round: u32,
    request: Result<WireRequest, Failure>,
    input: u64,
}

/// Returns true if a call failed on a reused connection before the head of the reply.
fn is_stale((sample, failure): &(Sample, Option<Failure>)) -> bool {
    let broke = failure.as_ref().is_some_and(|failure| failure.class == Class::Connection(ConnectionFault::Broken));
    broke && sample.head.is_none()
}

type Watcher<'a> = &'a mut (dyn FnMut(Progress<'_>) -> ControlFlow<()> + Send);

pub(super) struct RunState<'a> {
    pub(super) run: LoadGenerator<'a>,
    pub(super) clocks: RunClocks<'a>,
    state: Mutex<State<'a>>,
    halt: Notify,
}

struct State<'a> {
    cost_cap: &'a mut dyn SpendingLimit,
    on: Watcher<'a>,
    breakers: Vec<TargetBreaker>,
    next_round: u32,
    pauses: Vec<Pause>,
    dropped: u64,
    rate_limited: u64,
    ended: Option<EndReason>,
}

impl<'a> RunState<'a> {
    pub(super) fn new(
        run: LoadGenerator<'a>,
        clocks: RunClocks<'a>,
        cost_cap: &'a mut dyn SpendingLimit,
        on: Watcher<'a>,
    ) -> Self {
        let state = State {
            cost_cap,
            on,
            breakers: vec![TargetBreaker::default(); run.plan.targets.len()],
            next_round: 0,
            pauses: Vec::new(),
            dropped: 0,
            rate_limited: 0,
            ended: None,
        };
        Self { run, clocks, state: Mutex::new(state), halt: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seat(&self, target: usize) -> &CallTarget<'a> {
        &self.run.targets[target]
    }

    pub(super) fn targets(&self) -> usize {
        self.run.plan.targets.len()
    }

    fn price(&self, target: usize) -> Option<Price> {
        self.run.plan.targets[target].price
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().ended.is_some()
    }

    pub(super) async fn halted(&self) {
        self.halt.notified().await;
    }

    pub(super) fn interrupt(&self) {
        self.state().ended.get_or_insert(EndReason::Interrupted);
    }

    /// Returns the number of the next round of a closed loop.
    pub(super) fn next_round(&self) -> u32 {
        let mut state = self.state();
        let round = state.next_round;
        state.next_round += 1;
        round
    }

    pub(super) fn tell(&self, progress: Progress<'_>) {
        let mut state = self.state();
        if (state.on)(progress).is_break() {
            state.ended.get_or_insert(EndReason::Interrupted);
            self.halt.notify_one();
        }
    }

    /// Returns the end of the target's pause, or `None` if the target is not called any more.
    pub(super) fn pause_of(&self, target: usize) -> Option<Duration> {
        let guard = self.state().breakers[target];
        (!guard.is_stopped()).then(|| guard.paused_until())
    }

    /// Reserves the cost of a call to `target`. Returns false and ends the run if too little is left.
    pub(super) fn reserve(&self, target: usize) -> bool {
        let mut state = self.state();
        let paid = state.ended.is_none() && state.cost_cap.reserve(target);
        if !paid {
            state.ended.get_or_insert(EndReason::MaxCost);
        }
        paid
    }

    /// Counts a start that was dropped because too many calls are in flight.
    pub(super) fn drop_one(&self) {
        self.state().dropped += 1;
    }

    /// Counts a start that was skipped because the target limits its rate.
    pub(super) fn skip_one(&self) {
        self.state().rate_limited += 1;
    }

    /// Encodes the request of a call before its start.
    pub(super) fn prepare(&self, target: usize, round: u32) -> PreparedCall {
        let prompt = (self.run.prompt)(target, round);
        let request = measure::request(self.seat(target), &prompt, self.clocks.wall);
        PreparedCall { target, round, request, input: prompt.estimated_tokens() }
    }

    /// Opens a connection to `target`.
    pub(super) async fn connect(&self, target: usize) -> Result<ReadyConnection, Failure> {
        let seat = self.seat(target);
        // The host of a request may differ from that of the base URL, for example by region.
        let url = match self.prepare(target, 0).request {
            Ok(request) => request.url,
            Err(_) => seat.endpoint.base_url.clone(),
        };
        let line = self.clocks.meter.connect(&url, seat.timeouts.connect).await?;
        let connection = match line.opening() {
            Some(opening) => Connection::Cold(Handshake { dns: opening.dns, tcp: opening.tcp, tls: opening.tls }),
            None => Connection::Unknown,
        };
        Ok(ReadyConnection { line, connection })
    }

    /// Makes a call that was due at `due` and whose cost is reserved. Returns the connection.
    pub(super) async fn call(
        &self,
        prepared: PreparedCall,
        due: Duration,
        ready: Result<ReadyConnection, Failure>,
    ) -> Option<ReadyConnection> {
        match ready {
            Ok(ready) => self.finish(self.start(prepared, due, ready)).await,
            Err(failure) => {
                let call = self.described(&prepared, due);
                self.tell(Progress::Began { target: call.target, round: call.round });
                self.take(measure::unsent(failure, self.seat(call.target), call, self.clocks));
                None
            }
        }
    }

    fn described(&self, prepared: &PreparedCall, due: Duration) -> Call {
        let PreparedCall { target, round, input, .. } = *prepared;
        Call { target, round, due, input, price: self.price(target) }
    }

    /// Sends a call.
    pub(super) fn start(&self, prepared: PreparedCall, due: Duration, mut ready: ReadyConnection) -> StartedCall {
        let call = self.described(&prepared, due);
        // A server may close an idle connection at the moment of its next use.
        let again = prepared.request.as_ref().ok().filter(|_| ready.connection == Connection::Warm).cloned();
        let head = match prepared.request {
            Ok(request) => Ok(measure::begin(ready.line.as_mut(), request)),
            Err(failure) => Err(failure),
        };
        self.tell(Progress::Began { target: call.target, round: call.round });
        StartedCall { call, ready, head, again }
    }

    /// Waits for the end of a call. Returns the connection.
    pub(super) async fn finish(&self, started: StartedCall) -> Option<ReadyConnection> {
        let StartedCall { call, mut ready, head, again } = started;
        let (target, round, seat) = (call.target, call.round, self.seat(call.target));
        let head = match head {
            Ok(head) => head,
            Err(failure) => {
                self.take(measure::unsent(failure, seat, call, self.clocks));
                return Some(ready);
            }
        };
        let mut watch = |pieces, first_token| self.tell(Progress::Streaming { target, round, pieces, first_token });
        let line = ready.line.as_mut();
        let mut taken = measure::finish(line, head, seat, call, ready.connection, self.clocks, &mut watch).await;
        // A stale connection is not a failure of the service: every client opens a new one.
        if let Some(request) = again.filter(|_| is_stale(&taken))
            && let Ok(mut fresh) = self.connect(target).await
        {
            let call = Call { due: if self.is_open_loop() { call.due } else { self.clocks.meter.now() }, ..call };
            let head = measure::begin(fresh.line.as_mut(), request);
            let line = fresh.line.as_mut();
            taken = measure::finish(line, head, seat, call, fresh.connection, self.clocks, &mut watch).await;
            ready = fresh;
        }
        self.take(taken);
        if matches!(ready.connection, Connection::Cold(_)) {
            ready.connection = Connection::Warm;
        }
        Some(ready)
    }

    /// Returns true if latency counts from the intended start.
    fn is_open_loop(&self) -> bool {
        matches!(self.run.plan.load, Load::Arrivals { .. })
    }

    /// Reports a sample and updates the breaker of its target.
    fn take(&self, (sample, failure): (Sample, Option<Failure>)) {
        let now = self.clocks.meter.now();
        let target = sample.target;
        let reaction = {
            let mut state = self.state();
            state.cost_cap.settle(&sample);
            state.breakers[target].observe(failure.as_ref(), now)
        };
        self.tell(Progress::Done { sample: &sample, failure: failure.as_ref() });
        match (reaction, failure) {
            (BreakerReaction::Pause(span), _) => {
                let at = now.saturating_sub(self.clocks.start);
                let pause = Pause { target, at, span };
                self.state().pauses.push(pause);
                self.tell(Progress::Paused(&pause));
            }
            (BreakerReaction::Stop, Some(failure)) => {
                self.tell(Progress::Stopped { target, failure: &failure });
                let mut state = self.state();
                if state.breakers.iter().all(TargetBreaker::is_stopped) {
                    state.ended.get_or_insert(EndReason::NoTargetLeft);
                }
            }
            (BreakerReaction::Stop | BreakerReaction::None, _) => {}
        }
    }

    pub(super) fn into_result(self, wall: Duration, cpu: Option<Duration>) -> LoadResult {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let client = ClientStats { wall, cpu, dropped: state.dropped, rate_limited: state.rate_limited };
        let ended = state.ended.unwrap_or(EndReason::Done);
        LoadResult { start: self.clocks.start, pauses: state.pauses, client, ended }
    }
}
