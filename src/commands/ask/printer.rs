//! Shows one request while it runs: text on standard output, everything else on standard error.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Value, json};

use super::output_file::{OutputFile, fenced_block, put};
use super::report::{ReportContext, event};
use super::resolve::Output;
use crate::ui::console::Console;
use crate::ui::sanitize;
use crate::ui::text::{duration, money};
use llmroute_core::model::refused_parameters::Change;
use llmroute_core::model::{Event, Failure, Usage};
use llmroute_core::routing::failover::SkipReason;
use llmroute_core::routing::{DeploymentId, GroupId, Map};
use llmroute_router::engine::{ContinuedBy, Observer, RoutedAnswer, RouterEvent};

/// Prints an answer and its events.
pub(crate) struct Printer<'a> {
    console: &'a mut Console,
    subject: ReportContext<'a>,
    output: Output,
    /// The file of the complete answer, if it is not printed.
    target: Option<OutputFile>,
    /// A failure that is not printed yet: the next step belongs on the same line.
    failed: Option<(DeploymentId, String)>,
    /// Standard output cannot be written.
    broken: Option<io::Error>,
}

impl<'a> Printer<'a> {
    /// A printer for an answer.
    pub(crate) fn new(
        console: &'a mut Console,
        subject: ReportContext<'a>,
        output: Output,
        target: Option<OutputFile>,
    ) -> Self {
        Self { console, subject, output, target, failed: None, broken: None }
    }

    /// Returns the error of a failed write to standard output.
    pub(crate) fn broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Returns the console, for output after the answer.
    pub(crate) fn console(&mut self) -> &mut Console {
        self.console
    }

    fn name(&self, id: DeploymentId) -> &str {
        &self.subject.map.deployment(id).name
    }

    /// Prints the failure that is held back, with the next step.
    fn tell_failure(&mut self, then: &str) {
        if let Some((id, failure)) = self.failed.take() {
            let line = format!("{} failed ({failure}){then}", self.name(id));
            self.console.event(&line);
        }
    }

    fn write(&mut self, text: &str) {
        if self.broken.is_none() {
            self.broken = self.console.answer(text).err();
        }
    }

    fn json(&mut self, event: &Value) {
        if self.broken.is_none() {
            self.broken = self.console.json(event).err();
        }
    }

    fn calling(&mut self, deployment: DeploymentId, wait: Duration) {
        let name = self.name(deployment).to_owned();
        let again = matches!(&self.failed, Some((id, _)) if *id == deployment);
        let then = match (wait.is_zero(), again) {
            (true, true) => "; trying it again".to_owned(),
            (true, false) => format!("; trying {name}"),
            (false, true) => format!("; trying it again in {}", duration(wait)),
            (false, false) => format!("; trying {name} in {}", duration(wait)),
        };
        if self.failed.is_some() {
            self.tell_failure(&then);
        } else if wait.is_zero() {
            self.console.detail(&format!("asking {name}"));
        } else {
            self.console.event(&format!("waiting {} for {name}", duration(wait)));
        }
        self.console.begin_wait(&name);
        if self.output == Output::StreamJson {
            let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            self.json(&json!({"event": "attempt", "deployment": name, "waited_ms": wait}));
        }
    }

    fn event_json(&mut self, event: &Event) {
        let line = match event {
            Event::Text(text) => json!({"event": "delta", "text": text}),
            Event::Reasoning(text) => json!({"event": "reasoning", "text": text}),
            Event::ReasoningBlock(block) => json!({"event": "thought", "thought": block}),
            Event::ToolStart { index, id, name } => {
                json!({"event": "tool_call", "index": index, "id": id, "name": name})
            }
            Event::ToolArguments { index, text } => json!({"event": "tool_arguments", "index": index, "text": text}),
            Event::ToolSignature { index, text } => json!({"event": "tool_signature", "index": index, "text": text}),
            Event::Start { .. } | Event::Usage(_) | Event::Warning(_) | Event::Finish(_) => return,
        };
        self.json(&line);
    }
}

impl Drop for Printer<'_> {
    fn drop(&mut self) {
        self.console.end_wait();
    }
}

impl Observer for Printer<'_> {
    fn on_event(&mut self, note: RouterEvent<'_>) {
        match note {
            RouterEvent::Skipped { deployment, reason } => {
                self.tell_failure("");
                let (name, words) = (self.name(deployment), skip(reason));
                let line = match reason.is_called() {
                    true => format!("{name}: {words}"),
                    false => format!("{name} skipped ({words})"),
                };
                self.console.event(&line);
            }
            RouterEvent::Calling { deployment, wait } => self.calling(deployment, wait),
            RouterEvent::Adapted { deployment, changes } => {
                self.console.event(&format!("{} {}", self.name(deployment), Change::describe(changes)));
            }
            RouterEvent::Failed { deployment, failure } => {
                self.tell_failure("");
                self.failed = Some((deployment, describe(failure)));
                if self.output == Output::StreamJson {
                    let line = json!({"event": "failover", "deployment": self.name(deployment),
                        "class": failure.class.as_str(), "status": failure.status, "message": failure.message});
                    self.json(&line);
                }
            }
            RouterEvent::Restarted { .. } if self.output == Output::StreamJson => {
                self.json(&json!({"event": "restart"}))
            }
            RouterEvent::Restarted { text: false } => {}
            RouterEvent::Restarted { text: true } => {
                self.tell_failure("");
                // What comes next begins at the margin, in a pipe too.
                self.broken = self.broken.take().or(self.console.end_answer().err());
                self.console.rule("the answer above broke off; it begins again below");
            }
            RouterEvent::Resuming { at, by } => {
                self.tell_failure("");
                let how = match by {
                    ContinuedBy::Instruction => "told to continue",
                    ContinuedBy::Prefill => "given as the beginning of the next answer",
                    // Nothing is seen of it, unless it fits.
                    ContinuedBy::Match => return,
                };
                self.console.event(&format!("the answer broke off after {at} characters; {how}"));
            }
            RouterEvent::Hedged { after, winner, wasted } => {
                self.tell_failure("");
                let unknown = if wasted.is_some() { "" } else { " (what the other call cost is not known)" };
                let line = format!("hedged after {}, won by {}{unknown}", duration(after), self.name(winner));
                self.console.event(&line);
            }
            RouterEvent::GoingOn { deployment } => {
                let then = format!("; continuing with {}", self.name(deployment));
                self.tell_failure(&then);
            }
            RouterEvent::Unordered { group, reason } => {
                self.console.event(&unordered(self.subject.map, group, reason));
            }
            RouterEvent::State(warning) => self.console.event(warning),
        }
    }

    fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
        match (self.output, event) {
            (Output::StreamJson, event) => self.event_json(event),
            (Output::Streamed, Event::Text(text)) => {
                self.write(text);
            }
            (Output::Streamed | Output::Whole | Output::Extracted | Output::Json, _) => {}
        }
        if self.broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn on_complete(&mut self, done: &RoutedAnswer) {
        let written = match self.output {
            Output::Streamed => self.console.end_answer(),
            Output::StreamJson => self.console.json(&event("done", self.subject.done(done))),
            Output::Json => {
                put(&sanitize::json(&self.subject.done(done).to_string()), self.target.take(), self.console)
            }
            Output::Whole => put(&done.answer.text, self.target.take(), self.console),
            Output::Extracted => {
                let block = fenced_block(&done.answer.text);
                if block.is_none() {
                    self.console.event("the answer holds no fenced block; all of it is printed");
                }
                put(block.as_deref().unwrap_or(&done.answer.text), self.target.take(), self.console)
            }
        };
        self.broken = self.broken.take().or(written.err());
    }
}

/// A failure in the words of an event line: class, wait, status and message.
#[must_use]
pub(crate) fn describe(failure: &Failure) -> String {
    let wait = failure.retry_after.map(|wait| format!(", retry after {}", duration(wait))).unwrap_or_default();
    let status = failure.status.map(|status| format!(", {status}")).unwrap_or_default();
    let message = if failure.message.is_empty() { String::new() } else { format!(": {}", failure.message) };
    format!("{}{wait}{status}{message}", failure.class)
}

/// The command of `group` gave no order.
#[must_use]
pub(crate) fn unordered(map: &Map, group: GroupId, reason: &str) -> String {
    format!("the strategy of group {} gave no order ({reason}); shuffled", map.group(group).name)
}

/// The reason why a deployment was skipped.
#[must_use]
pub(crate) fn skip(reason: &SkipReason) -> String {
    match reason {
        SkipReason::NoKey(missing) => format!("no_key: {missing}"),
        SkipReason::Ruled { group, number } => format!("rule {number} of `{group}` decides otherwise"),
        SkipReason::Tags => "tags".to_owned(),
        SkipReason::Incapable(what) => format!("unsupported: it does not take {}", what.as_str()),
        SkipReason::ContextWindow { prompt, margin, window } => {
            let over = prompt.saturating_sub(*window);
            format!("context_window: about {prompt} tokens (±{:.0}%), {window} fit, {over} too many", margin * 100.0)
        }
        SkipReason::WindowTried { prompt, margin, window } => {
            let margin = margin * 100.0;
            format!(
                "the prompt has about {prompt} tokens (±{margin:.0}%) and {window} fit; tried anyway because no other \
                 deployment is available"
            )
        }
        SkipReason::Unpriced => "price unknown, and there is a cost cap or a budget".to_owned(),
        SkipReason::OverCost { usd } => format!("budget: about {}", money(*usd)),
        SkipReason::CoolingDown { left, class } => format!("cooling down for {} after {class}", duration(*left)),
        SkipReason::TriedAnyway { left, class } => {
            let left = duration(*left);
            format!("cooling down for {left} ({class}); tried anyway because no other deployment is available")
        }
        SkipReason::LimitTried { limit, left } => {
            let left = duration(*left);
            format!(
                "{limit} is used up for {left}, according to its headers; tried anyway because no other deployment is \
                 available"
            )
        }
        SkipReason::Limited { limit, left, .. } => format!("{limit}, next slot in {}", duration(*left)),
        SkipReason::TooLarge { limit, .. } => format!("{limit}: the request is larger than it allows"),
        SkipReason::Gated { left } => format!("rate_limit, {} left", duration(*left)),
    }
}

/// Tokens in and out, with their cached and hidden parts.
#[must_use]
pub(crate) fn tokens(usage: &Usage) -> String {
    let cached = if usage.cached > 0 { format!(" ({} cached)", usage.cached) } else { String::new() };
    let reasoning = if usage.reasoning > 0 { format!(" ({} reasoning)", usage.reasoning) } else { String::new() };
    format!("{} tokens in{cached}, {} out{reasoning}", usage.input, usage.output)
}
