//! An answer as a stream of events.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::FusedStream;

use super::chat::ChatRequest;
use super::error::Error;
use super::event::ChatEvent;
use super::response::ChatResponse;
use crate::engine::{self, Observer, RouterEvent};
use llmroute_core::model::Event;
use llmroute_core::model::refused_parameters::Change;
use llmroute_core::routing::DeploymentId;
use llmroute_core::routing::failover::SkipReason;

/// Events that may wait to be taken before the router stops to read.
const CAPACITY: usize = 64;

/// The events of one answer, from [`ChatRequest::stream`].
///
/// The last item is [`ChatEvent::Done`] or an error. Dropping the stream cancels the request.
pub struct ChatStream {
    run: Option<RequestFuture>,
    queue: EventQueue,
    last: Option<Result<Box<ChatResponse>, Error>>,
}

type RequestFuture = Pin<Box<dyn Future<Output = Result<ChatResponse, Error>> + Send>>;

/// The events that were not taken yet. The stream and the request that fills it are one task, so the lock is never
/// contended.
#[derive(Clone, Default)]
struct EventQueue(Arc<Mutex<VecDeque<ChatEvent>>>);

impl EventQueue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<ChatEvent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChatRequest {
    /// Starts the request when the stream is first polled. Dropping the stream cancels it.
    ///
    /// The router reads no further from the network while events wait to be taken.
    #[must_use]
    pub fn stream(self) -> ChatStream {
        ChatStream::new(self)
    }
}

impl ChatStream {
    fn new(request: ChatRequest) -> Self {
        let queue = EventQueue::default();
        let (events, delivery) = (queue.clone(), request.delivery());
        let observer = move |engine: &Arc<engine::Engine>| Recorder { queue: events, engine: Arc::clone(engine) };
        Self { run: Some(Box::pin(request.run(delivery, observer))), queue, last: None }
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.queue.lock().pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(last) = self.last.take() {
                return Poll::Ready(Some(last.map(ChatEvent::Done)));
            }
            let Some(run) = &mut self.run else { return Poll::Ready(None) };
            match run.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    self.run = None;
                    self.last = Some(result.map(Box::new));
                }
                Poll::Pending if self.queue.lock().is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
        }
    }
}

impl FusedStream for ChatStream {
    fn is_terminated(&self) -> bool {
        self.run.is_none() && self.last.is_none() && self.queue.lock().is_empty()
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStream").finish_non_exhaustive()
    }
}

/// Puts what happens into the queue of a stream.
struct Recorder {
    queue: EventQueue,
    engine: Arc<engine::Engine>,
}

impl Recorder {
    fn name(&self, deployment: DeploymentId) -> String {
        self.engine.map().deployment(deployment).name.clone()
    }
}

impl Observer for Recorder {
    fn on_event(&mut self, event: RouterEvent<'_>) {
        let event = match event {
            RouterEvent::Skipped { deployment, reason } => {
                ChatEvent::Skipped { deployment: self.name(deployment), reason: describe(reason) }
            }
            RouterEvent::Calling { deployment, wait } => ChatEvent::Calling { deployment: self.name(deployment), wait },
            RouterEvent::Adapted { deployment, changes } => {
                ChatEvent::Warning(format!("`{}` {}", self.name(deployment), Change::describe(changes)))
            }
            RouterEvent::Failed { deployment, failure } => ChatEvent::AttemptFailed {
                deployment: self.name(deployment),
                error: failure.class.into(),
                message: failure.message.clone(),
            },
            RouterEvent::Restarted { .. } => ChatEvent::Restarted,
            RouterEvent::Resuming { at, .. } => ChatEvent::Resumed { at },
            RouterEvent::Hedged { winner, .. } => ChatEvent::HedgeWon { deployment: self.name(winner) },
            RouterEvent::GoingOn { deployment } => ChatEvent::HedgeWon { deployment: self.name(deployment) },
            RouterEvent::Unordered { group, reason } => ChatEvent::Warning(format!(
                "the command that orders `{}` failed, its deployments are shuffled: {reason}",
                self.engine.map().group(group).name
            )),
            RouterEvent::State(warning) => ChatEvent::Warning(warning.to_owned()),
        };
        self.queue.lock().push_back(event);
    }

    fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
        let event = match event {
            Event::Text(text) => ChatEvent::Text(text.clone()),
            Event::Reasoning(text) => ChatEvent::Reasoning(text.clone()),
            Event::ToolStart { index, id, name } => {
                ChatEvent::ToolCall { index: *index, id: id.clone(), name: name.clone() }
            }
            Event::ToolArguments { index, text } => ChatEvent::ToolArguments { index: *index, text: text.clone() },
            Event::Start { .. }
            | Event::ReasoningBlock(_)
            | Event::ToolSignature { .. }
            | Event::Usage(_)
            | Event::Warning(_)
            | Event::Finish(_) => return ControlFlow::Continue(()),
        };
        self.queue.lock().push_back(event);
        ControlFlow::Continue(())
    }

    fn has_room(&mut self) -> bool {
        self.queue.lock().len() < CAPACITY
    }
}

/// The reason for which a deployment is passed over, in words.
fn describe(reason: &SkipReason) -> String {
    match reason {
        SkipReason::NoKey(missing) => format!("no key: {missing}"),
        SkipReason::Ruled { group, number } => format!("rule {number} of `{group}` chose another target"),
        SkipReason::Tags => "tags do not match".to_owned(),
        SkipReason::Incapable(capability) => format!("does not take {}", capability.as_str()),
        SkipReason::WindowTried { prompt, margin, window } => {
            let margin = margin * 100.0;
            format!(
                "the prompt has about {prompt} tokens (±{margin:.0}%) and {window} fit; tried anyway because no other \
                 deployment is available"
            )
        }
        SkipReason::ContextWindow { prompt, window, .. } => {
            format!("the prompt has about {prompt} tokens; {window} fit")
        }
        SkipReason::Unpriced => "the price is unknown, and the request has a cost limit".to_owned(),
        SkipReason::OverCost { usd } => format!("the expected cost of ${usd:.4} is over the limit"),
        SkipReason::CoolingDown { left, class } => format!("cooling down for {left:.1?} ({class})"),
        SkipReason::TriedAnyway { left, class } => {
            format!("cooling down for {left:.1?} ({class}); tried anyway because no other deployment is available")
        }
        SkipReason::Gated { left } => format!("rate limited for {left:.1?}"),
        SkipReason::LimitTried { limit, left } => format!(
            "{limit} is used up for {left:.1?}, according to its headers; tried anyway because no other deployment is \
             available"
        ),
        SkipReason::Limited { limit, left } => format!("{limit} is reached for {left:.1?}"),
        SkipReason::TooLarge { limit } => format!("the request is larger than {limit} allows"),
    }
}
