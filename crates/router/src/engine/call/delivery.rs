//! Decides which text reaches the caller when an answer fails mid-stream and another one takes over.

use std::ops::ControlFlow;

use crate::engine::event::{ContinuedBy, Observer, RouterEvent};
pub use llmroute_core::model::{Event, Message, Prompt, Role};
pub use llmroute_core::routing::continuation::{Continuation, ContinuationStep};

/// The way in which the answer reaches its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Only when it is complete; a partial answer is never delivered.
    Whole,
    /// As it arrives. [`MidstreamMode`] applies when it fails after visible text.
    Streamed(MidstreamMode),
}

/// The fate of text that was already delivered when an answer fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MidstreamMode {
    /// It is discarded; the new answer is delivered from its beginning.
    Restart,
    /// It is kept; only an exact continuation is delivered.
    Exact,
    /// It is kept; the next deployment continues it, by prefill or, where prefill is not supported, by an
    /// instruction. The result is one text by two models.
    Resume,
    /// It is kept, and the request fails.
    Fail,
}

/// The form of the next request, given the text that was already delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum PromptStart {
    /// The original prompt.
    Fresh,
    /// The prompt with this text as the beginning of the answer.
    Prefill(String),
    /// The prompt with this text as an interrupted answer, and an instruction to continue it.
    Instruction(String),
}

/// The instruction to continue an interrupted answer where prefill is not supported.
const CONTINUE: &str = "Your answer was cut off. Continue it exactly where it stopped, beginning with \
    the very next character. Repeat nothing of it, and add no introduction and no comment.";

impl PromptStart {
    /// Returns the prompt for the next deployment.
    pub(in crate::engine) fn apply(self, prompt: &Prompt) -> Prompt {
        let mut prompt = prompt.clone();
        match self {
            Self::Fresh => {}
            Self::Prefill(text) => prompt.prefill = Some(text),
            Self::Instruction(text) => {
                prompt.messages.push(Message::text(Role::Assistant, text));
                prompt.messages.push(Message::text(Role::User, CONTINUE));
            }
        }
        prompt
    }
}

/// Delivers the answers of a request: keeps the text that was delivered and joins the current answer to it.
pub(in crate::engine) struct AnswerWriter {
    delivery: Delivery,
    written: String,
    continuation: Option<Continuation>,
    /// The current answer does not continue the delivered text; it is read to its end but not delivered.
    diverged: bool,
    /// A part of the current answer was delivered, even if only reasoning.
    delivered: bool,
    /// The delivered text is discarded as soon as the current answer delivers something.
    restart_due: bool,
    restarts: usize,
    resumed_at: Option<usize>,
}

impl AnswerWriter {
    pub(in crate::engine) fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            written: String::new(),
            continuation: None,
            diverged: false,
            delivered: false,
            restart_due: false,
            restarts: 0,
            resumed_at: None,
        }
    }

    /// Prepares for the next attempt. `prefill` is true if its endpoint supports prefill.
    pub(in crate::engine) fn prepare(&mut self, prefill: bool, observer: &mut dyn Observer) -> PromptStart {
        self.diverged = false;
        self.continuation = None;
        if self.delivery == Delivery::Streamed(MidstreamMode::Restart) {
            self.restart_due = self.delivered;
            return PromptStart::Fresh;
        }
        let midstream = match self.delivery {
            Delivery::Streamed(midstream) if !self.written.is_empty() => midstream,
            Delivery::Streamed(_) | Delivery::Whole => return PromptStart::Fresh,
        };
        let at = self.written.chars().count();
        self.resumed_at = Some(at);
        let text = || llmroute_core::routing::continuation::prefill(&self.written).to_owned();
        let (continuation, start, by) = if prefill {
            (Continuation::prefilled(&self.written), PromptStart::Prefill(text()), ContinuedBy::Prefill)
        } else if midstream == MidstreamMode::Resume {
            (Continuation::instructed(&self.written), PromptStart::Instruction(text()), ContinuedBy::Instruction)
        } else {
            (Continuation::restarted(&self.written), PromptStart::Fresh, ContinuedBy::Match)
        };
        observer.on_event(RouterEvent::Resuming { at, by });
        self.continuation = Some(continuation);
        start
    }

    /// Delivers an event of the current answer. `Break` means that the reader is gone.
    pub(in crate::engine) fn event(&mut self, event: &Event, observer: &mut dyn Observer) -> ControlFlow<()> {
        let text = match event {
            Event::Text(text) => text,
            Event::Reasoning(_)
            | Event::ReasoningBlock(_)
            | Event::ToolStart { .. }
            | Event::ToolArguments { .. }
            | Event::ToolSignature { .. } => {
                return self.write_other(event, observer);
            }
            Event::Warning(warning) => {
                observer.on_event(RouterEvent::State(warning));
                return ControlFlow::Continue(());
            }
            Event::Start { .. } | Event::Usage(_) | Event::Finish(_) => return observer.on_output(event),
        };
        match &mut self.continuation {
            None => self.print(text.clone(), observer),
            Some(_) if self.diverged => ControlFlow::Continue(()),
            Some(continuation) => {
                let step = continuation.feed(text);
                self.apply(step, observer)
            }
        }
    }

    /// Ends the current answer. Returns false if it does not continue the delivered text.
    pub(in crate::engine) fn end(&mut self, observer: &mut dyn Observer) -> bool {
        if let Some(continuation) = &mut self.continuation
            && !self.diverged
        {
            let step = continuation.end();
            // A reader that left just now has everything but a tail that it did not want.
            let _ = self.apply(step, observer);
        }
        !self.diverged
    }

    /// Returns true if another attempt may follow a failed one.
    pub(in crate::engine) fn may_go_on(&self) -> bool {
        self.written.is_empty() || self.delivery != Delivery::Streamed(MidstreamMode::Fail)
    }

    /// Returns the text that was delivered and not discarded.
    pub(in crate::engine) fn written(&self) -> &str {
        &self.written
    }

    pub(in crate::engine) fn restarted(&self) -> bool {
        self.restarts > 0
    }

    /// Returns how many times the delivered text was discarded.
    pub(in crate::engine) fn restarts(&self) -> usize {
        self.restarts
    }

    pub(in crate::engine) fn resumed_at(&self) -> Option<usize> {
        self.resumed_at
    }

    fn apply(&mut self, step: ContinuationStep, observer: &mut dyn Observer) -> ControlFlow<()> {
        match step {
            ContinuationStep::Pending => ControlFlow::Continue(()),
            ContinuationStep::Print(text) => self.print(text, observer),
            ContinuationStep::Diverged => {
                self.diverged = true;
                ControlFlow::Continue(())
            }
        }
    }

    /// Delivers an event that is not text; a continuation has none.
    fn write_other(&mut self, event: &Event, observer: &mut dyn Observer) -> ControlFlow<()> {
        if self.continuation.is_some() {
            return ControlFlow::Continue(());
        }
        self.begin(observer);
        observer.on_output(event)
    }

    /// Discards what an earlier answer delivered, if a restart is due.
    fn begin(&mut self, observer: &mut dyn Observer) {
        if std::mem::take(&mut self.restart_due) {
            self.restarts += 1;
            observer.on_event(RouterEvent::Restarted { text: !self.written.is_empty() });
            self.written.clear();
        }
        self.delivered = true;
    }

    fn print(&mut self, text: String, observer: &mut dyn Observer) -> ControlFlow<()> {
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        self.begin(observer);
        match self.delivery {
            // Delivered when it is complete.
            Delivery::Whole => {}
            Delivery::Streamed(_) => self.written.push_str(&text),
        }
        observer.on_output(&Event::Text(text))
    }
}
