//! What of the answers is given out when one breaks and another takes over.

use std::ops::ControlFlow;

use crate::engine::event::{ContinuedBy, Observer, RouterEvent};
use llmroute_core::model::{Event, Message, Prompt, Role};
use llmroute_core::routing::continuation::{Continuation, ContinuationStep};

/// How the answer reaches its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Only when it is whole: nobody sees a partial answer.
    Whole,
    /// As it comes; says what happens when it breaks after visible text.
    Streamed(Midstream),
}

/// What happens to text that is already out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Midstream {
    /// It is void; the new answer is given out from its beginning.
    Restart,
    /// It stands; only an exact continuation is given out.
    Exact,
    /// It stands; the next deployment is asked to go on from where it ends, by prefill or, where
    /// there is none, in words. One text of two models.
    Resume,
    /// It is all there will be.
    Fail,
}

/// How the next deployment is asked, given what is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum PromptStart {
    /// Like the first one.
    Fresh,
    /// With this as the beginning of its answer.
    Prefill(String),
    /// With this as an answer that broke off, which it is told to continue.
    Instruction(String),
}

/// How an answer that broke off is asked to be continued where there is no prefill.
const CONTINUE: &str = "Your answer was cut off. Continue it exactly where it stopped, beginning with \
    the very next character. Repeat nothing of it, and add no introduction and no comment.";

impl PromptStart {
    /// The prompt that the next deployment gets.
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

/// The text that is out, and how the current answer is joined to it.
pub(in crate::engine) struct AnswerWriter {
    delivery: Delivery,
    written: String,
    continuation: Option<Continuation>,
    /// The current answer is another text than what is out: it is read on, unseen.
    diverged: bool,
    /// Something of the current answer was given out, if only reasoning.
    given: bool,
    /// What is out is void as soon as the current answer gives something out.
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
            given: false,
            restart_due: false,
            restarts: 0,
            resumed_at: None,
        }
    }

    /// Prepares for the next attempt, on an endpoint that takes a prefill or does not.
    pub(in crate::engine) fn prepare(&mut self, prefill: bool, observer: &mut dyn Observer) -> PromptStart {
        self.diverged = false;
        self.continuation = None;
        if self.delivery == Delivery::Streamed(Midstream::Restart) {
            self.restart_due = self.given;
            return PromptStart::Fresh;
        }
        let midstream = match self.delivery {
            Delivery::Streamed(midstream) if !self.written.is_empty() => midstream,
            Delivery::Streamed(_) | Delivery::Whole => return PromptStart::Fresh,
        };
        let at = self.written.chars().count();
        self.resumed_at = Some(at);
        let given = || llmroute_core::routing::continuation::prefill(&self.written).to_owned();
        let (continuation, start, by) = if prefill {
            (Continuation::prefilled(&self.written), PromptStart::Prefill(given()), ContinuedBy::Prefill)
        } else if midstream == Midstream::Resume {
            (Continuation::instructed(&self.written), PromptStart::Instruction(given()), ContinuedBy::Instruction)
        } else {
            (Continuation::restarted(&self.written), PromptStart::Fresh, ContinuedBy::Match)
        };
        observer.on_event(RouterEvent::Resuming { at, by });
        self.continuation = Some(continuation);
        start
    }

    /// Gives out one event of the current answer.
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
            Event::Start { .. } | Event::Usage(_) | Event::Finish(_) => return observer.on_output(event),
        };
        match &mut self.continuation {
            None => self.print(text.clone(), observer),
            Some(_) if self.diverged => ControlFlow::Continue(()),
            Some(continuation) => {
                let fit = continuation.feed(text);
                self.fit(fit, observer)
            }
        }
    }

    /// The current answer is whole. False when it is another text than what is out.
    pub(in crate::engine) fn end(&mut self, observer: &mut dyn Observer) -> bool {
        if let Some(continuation) = &mut self.continuation
            && !self.diverged
        {
            let fit = continuation.end();
            // A reader that left just now has everything but the tail it did not want.
            let _ = self.fit(fit, observer);
        }
        !self.diverged
    }

    /// Whether another attempt may follow a failed one.
    pub(in crate::engine) fn may_go_on(&self) -> bool {
        self.written.is_empty() || self.delivery != Delivery::Streamed(Midstream::Fail)
    }

    /// Text that was given out and stands.
    pub(in crate::engine) fn written(&self) -> &str {
        &self.written
    }

    pub(in crate::engine) fn restarted(&self) -> bool {
        self.restarts > 0
    }

    /// How often what was out became void.
    pub(in crate::engine) fn restarts(&self) -> usize {
        self.restarts
    }

    pub(in crate::engine) fn resumed_at(&self) -> Option<usize> {
        self.resumed_at
    }

    fn fit(&mut self, fit: ContinuationStep, observer: &mut dyn Observer) -> ControlFlow<()> {
        match fit {
            ContinuationStep::Pending => ControlFlow::Continue(()),
            ContinuationStep::Print(text) => self.print(text, observer),
            ContinuationStep::Diverged => {
                self.diverged = true;
                ControlFlow::Continue(())
            }
        }
    }

    /// Gives out what is not text of the answer; a continuation of text has none of it.
    fn write_other(&mut self, event: &Event, observer: &mut dyn Observer) -> ControlFlow<()> {
        if self.continuation.is_some() {
            return ControlFlow::Continue(());
        }
        self.begin(observer);
        observer.on_output(event)
    }

    /// The current answer gives something out: now what another one gave out is void.
    fn begin(&mut self, observer: &mut dyn Observer) {
        if std::mem::take(&mut self.restart_due) {
            self.restarts += 1;
            observer.on_event(RouterEvent::Restarted { text: !self.written.is_empty() });
            self.written.clear();
        }
        self.given = true;
    }

    fn print(&mut self, text: String, observer: &mut dyn Observer) -> ControlFlow<()> {
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        self.begin(observer);
        match self.delivery {
            // Nobody sees it until it is whole.
            Delivery::Whole => {}
            Delivery::Streamed(_) => self.written.push_str(&text),
        }
        observer.on_output(&Event::Text(text))
    }
}
