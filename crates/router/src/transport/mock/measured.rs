//! Measured connections to simulated deployments, with the timestamps of the script.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::simulate::{self, BodyEnd, SimulatedBody, SimulatedCall};
use super::{MockTransport, refused, simulation};
use crate::ports::{BoxFuture, ConnectionInfo, ConnectionTimings, MeasuredConnection, ReplyHead, StampedChunk};
use crate::transport::measuring::ClockOrigin;
use llmroute_core::model::Failure;
use llmroute_core::wire::WireRequest;

/// Opens connections to simulated deployments.
#[derive(Debug)]
pub(crate) struct MeasuringMock {
    mock: Arc<MockTransport>,
    origin: ClockOrigin,
}

impl MeasuringMock {
    /// Seeded as in [`MockTransport::new`]; timestamps count from `origin`.
    pub(crate) fn new(seed: u64, origin: ClockOrigin) -> Self {
        Self { mock: Arc::new(MockTransport::new(seed)), origin }
    }

    /// Opens a connection, without delay.
    pub(crate) fn connect(&self) -> BoxFuture<'_, Result<Box<dyn MeasuredConnection>, Failure>> {
        let line = MockConnection {
            mock: Arc::clone(&self.mock),
            origin: self.origin,
            sent: None,
            call: SimulatedPhase::None,
        };
        Box::pin(std::future::ready(Ok(Box::new(line) as Box<dyn MeasuredConnection>)))
    }
}

struct MockConnection {
    mock: Arc<MockTransport>,
    origin: ClockOrigin,
    sent: Option<Duration>,
    call: SimulatedPhase,
}

enum SimulatedPhase {
    None,
    Failed(Failure),
    /// The head is due; then the body.
    Asked(Pin<Box<Sleep>>, Box<(ReplyHead, SimulatedBody)>),
    /// The next step of the script, and the timer for it.
    Answered(Pin<Box<Sleep>>, SimulatedBody, usize),
}

impl MockConnection {
    fn sleep(&self, until: Duration) -> Pin<Box<Sleep>> {
        Box::pin(tokio::time::sleep_until(self.origin.instant(until)))
    }

    /// The scripted reply to `request`, in the time of the measuring clock.
    fn ask(&self, request: &WireRequest, now: Duration) -> SimulatedPhase {
        let simulation = match simulation(request) {
            Ok(simulation) => simulation,
            Err(failure) => return SimulatedPhase::Failed(failure),
        };
        match simulate::decide(&simulation, &mut self.mock.rng(simulation.script.seed)) {
            SimulatedCall::Refuse => SimulatedPhase::Failed(refused(request)),
            SimulatedCall::Reply { head_at, status, headers, mut script } => {
                for step in &mut script.steps {
                    step.at += now;
                }
                let head = ReplyHead { at: now + head_at, status, headers };
                SimulatedPhase::Asked(self.sleep(head.at), Box::new((head, script)))
            }
        }
    }
}

impl MeasuredConnection for MockConnection {
    fn opening(&self) -> Option<ConnectionTimings> {
        None
    }

    fn is_open(&mut self) -> bool {
        matches!(self.call, SimulatedPhase::None)
    }

    fn begin(&mut self, request: WireRequest) {
        let now = self.origin.now();
        self.sent = Some(now);
        self.call = self.ask(&request, now);
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, Failure>> {
        if let SimulatedPhase::Asked(timer, _) = &mut self.call {
            ready!(timer.as_mut().poll(cx));
        }
        match std::mem::replace(&mut self.call, SimulatedPhase::None) {
            SimulatedPhase::Asked(_, reply) => {
                let (head, script) = *reply;
                let first = script.steps.first().map_or(head.at, |step| step.at);
                self.call = SimulatedPhase::Answered(self.sleep(first), script, 0);
                Poll::Ready(Ok(head))
            }
            SimulatedPhase::Failed(failure) => {
                self.call = SimulatedPhase::Failed(failure.clone());
                Poll::Ready(Err(failure))
            }
            call @ (SimulatedPhase::None | SimulatedPhase::Answered(..)) => {
                self.call = call;
                Poll::Pending
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StampedChunk, Failure>>> {
        let SimulatedPhase::Answered(timer, script, next) = &mut self.call else { return Poll::Ready(None) };
        let Some(step) = script.steps.get(*next) else {
            return match script.end {
                BodyEnd::Silence => Poll::Pending,
                BodyEnd::Close => {
                    self.call = SimulatedPhase::None;
                    Poll::Ready(None)
                }
            };
        };
        ready!(timer.as_mut().poll(cx));
        *next += 1;
        let piece = StampedChunk { at: step.at, lag: None, bytes: step.bytes.clone() };
        if let Some(step) = script.steps.get(*next) {
            timer.as_mut().reset(self.origin.instant(step.at));
        }
        Poll::Ready(Some(Ok(piece)))
    }

    fn sent(&self) -> Option<Duration> {
        self.sent
    }

    fn facts(&self) -> ConnectionInfo {
        ConnectionInfo::default()
    }
}
