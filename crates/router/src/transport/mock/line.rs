//! Simulated deployments under the meter: what a script says comes with the stamps that it says.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::plan::{self, End, Plan, Script};
use super::{Mock, refused, simulation};
use crate::ports::{BoxFuture, ConnectionInfo, ConnectionTimings, MeasuredConnection, ReplyHead, StampedChunk};
use crate::transport::meter::Origin;
use llmroute_core::model::Failure;
use llmroute_core::wire::WireRequest;

/// Makes connections to simulated deployments.
#[derive(Debug)]
pub struct MockMeter {
    mock: Arc<Mock>,
    origin: Origin,
}

impl MockMeter {
    /// Luck as in [`Mock::new`]; stamps count from `origin`.
    pub fn new(seed: u64, origin: Origin) -> Self {
        Self { mock: Arc::new(Mock::new(seed)), origin }
    }

    /// A connection, at once.
    pub fn connect(&self) -> BoxFuture<'_, Result<Box<dyn MeasuredConnection>, Failure>> {
        let line = MockLine { mock: Arc::clone(&self.mock), origin: self.origin, sent: None, call: Call::None };
        Box::pin(std::future::ready(Ok(Box::new(line) as Box<dyn MeasuredConnection>)))
    }
}

struct MockLine {
    mock: Arc<Mock>,
    origin: Origin,
    sent: Option<Duration>,
    call: Call,
}

enum Call {
    None,
    Failed(Failure),
    /// The head is due; then the body.
    Asked(Pin<Box<Sleep>>, Box<(ReplyHead, Script)>),
    /// The next step of the script, and the timer for it.
    Answered(Pin<Box<Sleep>>, Script, usize),
}

impl MockLine {
    fn sleep(&self, until: Duration) -> Pin<Box<Sleep>> {
        Box::pin(tokio::time::sleep_until(self.origin.instant(until)))
    }

    /// What the script says of `request`, with times of the meter.
    fn ask(&self, request: &WireRequest, now: Duration) -> Call {
        let simulation = match simulation(request) {
            Ok(simulation) => simulation,
            Err(failure) => return Call::Failed(failure),
        };
        match plan::decide(&simulation, &mut self.mock.luck(simulation.script.seed)) {
            Plan::Refuse => Call::Failed(refused(request)),
            Plan::Reply { head_at, status, headers, mut script } => {
                for step in &mut script.steps {
                    step.at += now;
                }
                let head = ReplyHead { at: now + head_at, status, headers };
                Call::Asked(self.sleep(head.at), Box::new((head, script)))
            }
        }
    }
}

impl MeasuredConnection for MockLine {
    fn opening(&self) -> Option<ConnectionTimings> {
        None
    }

    fn is_open(&mut self) -> bool {
        matches!(self.call, Call::None)
    }

    fn begin(&mut self, request: WireRequest) {
        let now = self.origin.now();
        self.sent = Some(now);
        self.call = self.ask(&request, now);
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, Failure>> {
        if let Call::Asked(timer, _) = &mut self.call {
            ready!(timer.as_mut().poll(cx));
        }
        match std::mem::replace(&mut self.call, Call::None) {
            Call::Asked(_, reply) => {
                let (head, script) = *reply;
                let first = script.steps.first().map_or(head.at, |step| step.at);
                self.call = Call::Answered(self.sleep(first), script, 0);
                Poll::Ready(Ok(head))
            }
            Call::Failed(failure) => {
                self.call = Call::Failed(failure.clone());
                Poll::Ready(Err(failure))
            }
            call @ (Call::None | Call::Answered(..)) => {
                self.call = call;
                Poll::Pending
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StampedChunk, Failure>>> {
        let Call::Answered(timer, script, next) = &mut self.call else { return Poll::Ready(None) };
        let Some(step) = script.steps.get(*next) else {
            return match script.end {
                End::Silence => Poll::Pending,
                End::Close => {
                    self.call = Call::None;
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
