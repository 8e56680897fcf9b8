//! A running conversation: its model, its turns, and its requests. It reads no keys.

use std::path::PathBuf;

use tokio::runtime::Runtime;

use super::files::PendingFiles;
use super::observer::TurnObserver;
use super::resume::ResumedConversation;
use super::totals::SessionTotals;
use super::why;
use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::ask::printer::Printer;
use crate::commands::ask::report::ReportContext;
use crate::commands::ask::resolve::Output;
use crate::commands::ask::unwritable;
use crate::conversation::fit::{Fitted, budget, fit};
use crate::conversation::turns::{Conversation, Turn};
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::request::{self, ResolvedRequest};
use crate::setup;
use crate::signals::{SignalStream, is_interrupt};
use crate::ui::console::Console;
use llmroute_core::model::{Answer, Class, Finish, Part, Prompt, ToolCall};
use llmroute_core::routing::GroupId;
use llmroute_core::routing::failover::SkipReason;
pub(crate) use llmroute_router::engine::{
    AttemptRecord, Checks, Delivery, Engine, Request, RouteError, RouteErrorKind, RoutedAnswer,
};
use llmroute_router::ports::{Clock, LogStart};
use llmroute_router::profile::LoadOptions;
pub(crate) use llmroute_router::state::StateLocation;

/// The number of times that a conversation is shortened after a refusal as too long.
const CUTS: usize = 3;

/// The state between turns.
pub(crate) struct Session<'a> {
    pub(super) global: &'a Global,
    pub(super) env: &'a Env,
    pub(super) clock: Clock,
    pub(super) location: StateLocation,
    /// `None` only while it is ending.
    pub(super) runtime: Option<Runtime>,
    pub(super) signals: SignalStream,
    pub(super) router: Engine,
    /// The requested models that are in no group of the profile.
    pub(super) named: Vec<String>,
    /// The resolved options; `/set` and `/model` change them.
    pub(super) ask: ResolvedRequest,
    /// The delivery of answers.
    pub(super) delivery: Delivery,
    pub(super) rng: fastrand::Rng,
    pub(super) conversation: Conversation,
    pub(super) pending: PendingFiles,
    /// A question without an answer, to be repeated.
    pub(super) unanswered: Option<Question>,
    /// The deployment of the last answer.
    pub(super) answered_by: Option<String>,
    /// The routing of the last turn, and its question.
    pub(super) last: Option<(String, Request)>,
    pub(super) totals: SessionTotals,
    /// The footer after each answer is shown.
    pub(super) usage: bool,
    /// The line editor uses vi keys.
    pub(super) vi: bool,
    /// Answers are rendered.
    pub(super) markdown: bool,
}

/// The question of a turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// The typed text.
    pub typed: String,
    /// The text for the log.
    pub logged: String,
    /// The message with its attachments.
    pub parts: Vec<Part>,
}

/// The result of a turn.
pub(crate) enum TurnEnd {
    /// A complete answer.
    Answered,
    /// The person stopped it.
    Stopped,
    /// No complete answer.
    Failed(CommandError),
    /// The reader left, or a signal ends the process.
    Over(Exit),
}

impl<'a> Session<'a> {
    /// The group called `name`, which can be a model outside the profile.
    ///
    /// # Errors
    /// Fails if there is none; nothing changes then.
    pub(crate) fn target(&mut self, name: &str, console: &mut Console) -> Result<GroupId, CommandError> {
        if let Some(index) = self.router.map().groups.iter().position(|group| group.name == name) {
            return Ok(GroupId(index));
        }
        // Running calls share the map: it is replaced, not changed.
        let inputs = LoadOptions { env: &self.env.vars, long_lived: true };
        let mut profile = setup::profile_for(self.global, self.env, console, true)?;
        let current = self.group_name().to_owned();
        let mut named = self.named.clone();
        named.extend([current.clone(), name.to_owned()]);
        let mut found = None;
        for name in &named {
            let target = profile.target(name, &inputs);
            found = Some(target.map_err(request::unknown_name)?);
        }
        let found = found.expect("the name itself is among them");
        setup::built(&profile, found)?;
        self.router = self.router.over(profile);
        self.named = named;
        self.ask.group = self.target(&current, console)?;
        Ok(found)
    }

    /// The current group.
    pub(crate) fn group_name(&self) -> &str {
        &self.router.map().group(self.ask.group).name
    }

    /// The question of `typed`, with its attachments.
    pub(crate) fn question(&mut self, typed: String) -> Question {
        self.pending.take(typed)
    }

    /// Sends `question` to `group` and shows the answer, which goes into the conversation and the log.
    pub(crate) fn turn(
        &mut self,
        question: Question,
        group: GroupId,
        console: &mut Console,
    ) -> Result<TurnEnd, CommandError> {
        let mut largest = None;
        let mut cuts = 0;
        loop {
            match self.attempt(&question, group, largest, console)? {
                RequestAttempt::Ended(ended) => return Ok(ended),
                RequestAttempt::TooLong { tokens, .. } if cuts < CUTS => largest = Some(tokens - tokens / 4),
                RequestAttempt::TooLong { error, .. } => {
                    self.unanswered = Some(question);
                    return Ok(TurnEnd::Failed(error));
                }
            }
            cuts += 1;
        }
    }

    /// Makes one request. `largest` bounds the tokens of the conversation after a refusal as too long.
    fn attempt(
        &mut self,
        question: &Question,
        group: GroupId,
        largest: Option<u64>,
        console: &mut Console,
    ) -> Result<RequestAttempt, CommandError> {
        let (request, left_out) = self.request(question, group, largest);
        let why = match largest {
            None => "the conversation does not fit any deployment",
            Some(_) => "the conversation was refused as too long",
        };
        match left_out {
            0 => {}
            1 => console.event(&format!("{why}; its oldest turn is left out")),
            n => console.event(&format!("{why}; its {n} oldest turns are left out")),
        }
        console.measure();
        let shown = self.show(&request, console);
        if let Some(error) = shown.broken {
            return unwritable(&error).map(|end| RequestAttempt::Ended(TurnEnd::Over(end)));
        }
        let alone = request.prompt.messages.len() < 2;
        let log = request.log.clone().expect("every turn is logged");
        self.last = Some((shown.why, request));
        let ended = match shown.ended {
            RequestEnd::Answer { done, footer } => {
                self.answered(question, &done, log, console);
                if self.usage {
                    console.say(&footer);
                }
                TurnEnd::Answered
            }
            RequestEnd::Failure { failed, error } => {
                self.totals.add(&failed.attempts, None);
                if shown.text.is_empty() && !alone && is_too_long(&failed) {
                    let tokens = self.last.as_ref().map_or(0, |(_, request)| conversation_tokens(&request.prompt));
                    return Ok(RequestAttempt::TooLong { tokens, error });
                }
                self.broken_off(question, shown.text, log);
                TurnEnd::Failed(error)
            }
            RequestEnd::Signal(signal) => {
                console.end_line();
                self.totals.add(&shown.attempts, None);
                let kept = self.broken_off(question, shown.text, log);
                if is_interrupt(signal) {
                    console.event(if kept {
                        "stopped; the answer so far is kept"
                    } else {
                        "stopped; nothing came yet"
                    });
                    TurnEnd::Stopped
                } else {
                    TurnEnd::Over(Exit::Signal(signal))
                }
            }
        };
        Ok(RequestAttempt::Ended(ended))
    }

    /// Sends `request` and shows the answer, until it ends or a signal stops it.
    fn show(&mut self, request: &Request, console: &mut Console) -> ShownRequest {
        let Self { router, runtime, signals, rng, clock, .. } = self;
        router.write_down(request);
        // Writes are grouped, and this one must not wait for its group: the turn is logged before it is sent.
        router.flush_blocking(setup::WRITE_LIMIT);
        let (map, group) = (router.map(), request.group);
        let rule = router.decide(request).ok().and_then(|rule_overrides| rule_overrides.rule(group));
        let log = request.log.as_ref().expect("every turn is logged");
        let subject = ReportContext { map, group, rule, id: &log.id, conversation: log.conversation_id.as_deref() };
        let mut observer =
            TurnObserver::new(Printer::new(console, subject, Output::Streamed, None), router, request, *clock);
        let runtime = runtime.as_ref().expect("it ends with the session");
        let ended = runtime.block_on(async {
            tokio::select! {
                biased;
                signal = signals.next() => Err(signal),
                ended = router.run(request, rng, &mut observer) => Ok(ended),
            }
        });
        if ended.is_err() {
            router.flush_blocking(setup::WRITE_LIMIT);
        }
        let seen = observer.attempts();
        let TurnObserver { mut printer, text, skips, .. } = observer;
        let broken = printer.broken();
        let (attempts, ended) = match ended {
            Ok(Ok(done)) => (done.attempts.clone(), RequestEnd::Answer { footer: subject.footer(&done), done }),
            Ok(Err(failed)) => {
                (failed.attempts.clone(), RequestEnd::Failure { error: in_chat(subject.error(&failed)), failed })
            }
            Err(signal) => (seen, RequestEnd::Signal(signal)),
        };
        ShownRequest { ended, text, why: why::lines(&subject, &skips, &attempts), attempts, broken }
    }

    /// The request of `question`, and the number of oldest turns that do not fit.
    fn request(&mut self, question: &Question, group: GroupId, largest: Option<u64>) -> (Request, usize) {
        let now = self.clock.now();
        let id = setup::request_id(now, self.rng.u64(..));
        let conversation = self.conversation.id.clone().unwrap_or_else(|| id.clone());
        let mut attributes = self.ask.attributes.clone();
        attributes.max_tokens = self.ask.sampling.max_tokens;
        attributes.identity.prompt = Some(question.typed.clone());
        attributes.identity.conversation = Some(conversation.clone());
        if !self.router.map().rules.all.is_empty() {
            attributes.hour = setup::local_hour(now);
        }
        let prompt = Prompt {
            system: self.conversation.system.clone(),
            messages: self.conversation.messages(question.parts.clone()),
            sampling: self.ask.sampling.clone(),
            extra: self.ask.extra.clone(),
            ..Prompt::default()
        };
        let log = LogStart {
            id,
            at: now,
            command: "chat".to_owned(),
            group: self.router.map().group(group).name.clone(),
            conversation_id: Some(conversation),
            parent: self.conversation.parent().map(str::to_owned),
            system: prompt.system.clone(),
            prompt: question.logged.clone(),
            tags: attributes.tags.clone(),
            user: None,
            details: serde_json::Value::Null,
        };
        let (checks, delivery) = (Checks::default(), self.delivery);
        let mut request =
            Request { group, prompt, attributes, checks, deadline: None, delivery, since: now, log: Some(log) };
        // A rule that cannot be evaluated ends the request itself.
        let asked = self.router.decide(&request).unwrap_or_default().target(group);
        let room =
            budget(self.router.map(), asked, &request.attributes, &request.prompt).into_iter().chain(largest).min();
        let Fitted { kept, left_out } = fit(std::mem::take(&mut request.prompt.messages), room.unwrap_or(u64::MAX));
        request.prompt.messages = kept;
        request.attributes.prompt_tokens = request.prompt.estimated_tokens();
        (request, left_out)
    }

    fn answered(&mut self, question: &Question, done: &RoutedAnswer, log: LogStart, console: &mut Console) {
        if done.answer.finish == Some(Finish::Length) {
            console.event("the answer was cut at the token limit (`/set max_tokens N` raises it)");
        }
        if done.answer.text.is_empty() && !done.answer.tool_calls.is_empty() {
            console.event("the answer is a tool call without text; chat runs no tools");
        }
        self.totals.add(&done.attempts, done.answer.usage.as_ref());
        self.answered_by = Some(self.router.map().deployment(done.deployment).name.clone());
        self.keep(question, kept_answer(&done.answer), true, log);
    }

    /// Keeps a partial answer; returns `false` if there is none.
    fn broken_off(&mut self, question: &Question, text: String, log: LogStart) -> bool {
        if text.trim().is_empty() {
            self.unanswered = Some(question.clone());
            return false;
        }
        self.keep(question, text, false, log);
        true
    }

    fn keep(&mut self, question: &Question, answer: String, whole: bool, log: LogStart) {
        let LogStart { id, conversation_id, .. } = log;
        self.unanswered = None;
        self.conversation.id = conversation_id;
        let Question { typed: prompt, logged, parts: question } = question.clone();
        self.conversation.turns.push(Turn { id: Some(id), question, prompt, logged, answer, whole });
    }

    /// Continues the conversation from the log.
    pub(crate) fn resume(&mut self, resumed: ResumedConversation) {
        self.conversation = resumed.conversation;
        self.unanswered = resumed.unanswered;
        self.answered_by = resumed.answered_by;
        self.last = None;
    }

    /// The history file of typed lines, if there is one.
    pub(crate) fn history_file(&self) -> Option<PathBuf> {
        match &self.location {
            StateLocation::Dir(dir) => Some(dir.join("chat_history")),
            StateLocation::Memory | StateLocation::NoHome => None,
            StateLocation::Redis(_) => self.env.state_dir().map(|dir| dir.join("chat_history")),
        }
    }
}

/// The result of one request.
struct ShownRequest {
    ended: RequestEnd,
    /// The printed part of the answer.
    text: String,
    /// Its routing.
    why: String,
    /// The calls.
    attempts: Vec<AttemptRecord>,
    /// Standard output cannot be written.
    broken: Option<std::io::Error>,
}

enum RequestEnd {
    Answer { done: RoutedAnswer, footer: String },
    Failure { failed: RouteError, error: CommandError },
    Signal(i32),
}

/// The end of one request.
enum RequestAttempt {
    Ended(TurnEnd),
    /// Too long for every model; nothing was shown.
    TooLong {
        tokens: u64,
        error: CommandError,
    },
}

/// The hints of `error` without the options that only `ask` has.
fn in_chat(error: CommandError) -> CommandError {
    match error.kind {
        ErrorKind::Deadline => error.with_hint_instead("raise `deadline` in the profile"),
        ErrorKind::Output => error.with_hint_instead("`/retry` asks the question again"),
        _ => error,
    }
}

/// The answer for the next request. A provider refuses an empty answer, and tool calls without their results.
fn kept_answer(answer: &Answer) -> String {
    if !answer.text.trim().is_empty() {
        return answer.text.clone();
    }
    let call = |call: &ToolCall| format!("[tool call: {}({})]", call.name, call.arguments);
    answer.tool_calls.iter().map(call).collect::<Vec<_>>().join("\n")
}

/// `true` if fewer turns could help.
fn is_too_long(failed: &RouteError) -> bool {
    let too_long = |reason: &SkipReason| matches!(reason, SkipReason::ContextWindow { .. });
    match failed.why {
        RouteErrorKind::Stopped(_) if failed.attempts.is_empty() => {
            failed.skips.iter().any(|skip| too_long(&skip.reason))
        }
        RouteErrorKind::Stopped(_) => failed.class() == Some(Class::ContextWindow),
        RouteErrorKind::Interrupted { .. } | RouteErrorKind::Rule(_) | RouteErrorKind::ReaderGone => false,
    }
}

/// Estimated tokens of the conversation, without the system prompt.
fn conversation_tokens(prompt: &Prompt) -> u64 {
    Prompt { messages: prompt.messages.clone(), ..Prompt::default() }.estimated_tokens()
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A thread that waits for a key must not delay the exit.
            runtime.shutdown_background();
        }
    }
}
