//! Executes the commands of a conversation.

use std::path::Path;

use super::files::expand;
use super::resume::{self, ResumedConversation};
use super::session::{Question, Session, TurnEnd};
use crate::commands::ask::output_file::OutputFile;
use crate::commands::ask::report::ReportContext;
use crate::commands::chat::command::{ChatCommand, help, switch};
use crate::commands::route;
use crate::conversation::turns::Conversation;
use crate::environment::Sink;
use crate::error::{CommandError, ErrorKind};
use crate::request::parameters::set;
use crate::ui::console::Console;
use crate::ui::text::count;
use llmroute_core::model::{Effort, Sampling};

/// The longest question that is offered for editing, in bytes.
const OFFERED: usize = 4096;
/// The note about files that were added for a message that is never sent.
const LEFT_OUT: &str = "the files for the next message are left out";

/// The result of a command.
pub(crate) enum CommandOutcome {
    /// It is done.
    Done,
    /// A question was asked.
    Asked(TurnEnd),
    /// The line editor starts with this text.
    Offer(String),
    /// A text is edited in an external editor.
    Edit(String),
    /// Switches the vi keys of the line editor.
    Vi(bool),
    /// Switches the rendering of answers.
    Markdown(bool),
    /// The conversation is over.
    Exit,
}

impl Session<'_> {
    /// Executes `command`.
    ///
    /// # Errors
    /// Gives the reason; the conversation continues.
    pub(crate) fn execute(
        &mut self,
        command: ChatCommand,
        console: &mut Console,
    ) -> Result<CommandOutcome, CommandError> {
        match command {
            ChatCommand::Model(None) => self.show_model(console),
            ChatCommand::Model(Some(name)) => self.set_model(&name, console),
            ChatCommand::System(None) => {
                let system = self.conversation.system.as_deref().unwrap_or("no system prompt");
                say(console, system)
            }
            ChatCommand::System(Some(text)) => Ok(self.set_system(text, console)),
            ChatCommand::File(path) => self.file(&path, console),
            ChatCommand::Attach(source) => self.attach(&source, console),
            ChatCommand::Retry(name) => self.retry(name.as_deref(), console),
            ChatCommand::Edit(text) => Ok(CommandOutcome::Edit(text)),
            ChatCommand::Undo => self.undo(console),
            ChatCommand::Copy => self.copy(console),
            ChatCommand::Save { path, replace } => self.save(&path, replace, console),
            ChatCommand::New => Ok(self.start_again(console)),
            ChatCommand::Resume(id) => self.resume_logged(id.as_deref(), console),
            ChatCommand::History => {
                let overview = self.conversation.overview(usize::from(console.width()));
                say(console, if overview.is_empty() { "nothing was said yet" } else { &overview })
            }
            ChatCommand::Cost => {
                let line = self.totals.line();
                say(console, &line)
            }
            ChatCommand::Why => self.why(console),
            ChatCommand::Settings => {
                let settings = self.settings();
                say(console, &settings)
            }
            ChatCommand::Set { key, value } => self.set(&key, &value, console),
            ChatCommand::Usage(on) => Ok(self.show_usage(on, console)),
            ChatCommand::Help => say(console, &help()),
            ChatCommand::Exit => Ok(CommandOutcome::Exit),
        }
    }

    fn set_system(&mut self, text: String, console: &mut Console) -> CommandOutcome {
        self.conversation.system = Some(text).filter(|text| !text.is_empty());
        console.event(match self.conversation.system {
            Some(_) => "the system prompt is set",
            None => "the system prompt is removed",
        });
        CommandOutcome::Done
    }

    fn file(&mut self, path: &str, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        if path == "none" {
            let cleared = self.pending.clear();
            console.event(if cleared { LEFT_OUT } else { "the next message has no files" });
            return Ok(CommandOutcome::Done);
        }
        self.pending.file(&expand(path, self.env.vars.home().as_deref()))?;
        console.event(&format!("`{path}` goes before the next message"));
        Ok(CommandOutcome::Done)
    }

    fn attach(&mut self, source: &str, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        self.pending.attach(source, self.env.vars.home().as_deref())?;
        console.event(&format!("`{source}` goes with the next message"));
        Ok(CommandOutcome::Done)
    }

    fn start_again(&mut self, console: &mut Console) -> CommandOutcome {
        self.conversation = Conversation::new(self.conversation.system.take());
        self.unanswered = None;
        self.discard_pending(console);
        console.event("a new conversation begins");
        CommandOutcome::Done
    }

    fn resume_logged(&mut self, id: Option<&str>, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        let resumed = resume::find(id, &self.location)?;
        self.discard_pending(console);
        // A group that left the profile cannot be used.
        let usual = self.target(&resumed.group, console);
        self.ask.group = usual.unwrap_or(self.ask.group);
        self.continue_with(resumed, console)
    }

    fn show_usage(&mut self, on: bool, console: &mut Console) -> CommandOutcome {
        self.usage = on;
        console.event(if on { "usage is shown after each answer" } else { "usage is not shown" });
        CommandOutcome::Done
    }

    fn show_model(&mut self, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        let map = self.router.map();
        let lines: Vec<String> = map
            .groups
            .iter()
            .map(|group| {
                let mark = if group.name == self.group_name() { '*' } else { ' ' };
                let members = group.members.iter().map(|member| map.deployment(member.deployment).name.as_str());
                format!("{mark} {}: {}", group.name, members.collect::<Vec<_>>().join(", "))
            })
            .collect();
        say(console, &lines.join("\n"))
    }

    fn set_model(&mut self, name: &str, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        self.ask.group = self.target(name, console)?;
        self.answered_by = None;
        console.event(&format!("asking `{}` from now on", self.group_name()));
        Ok(CommandOutcome::Done)
    }

    /// Repeats the last question; its answer is removed once a new one comes.
    fn retry(&mut self, name: Option<&str>, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        let group = match name {
            Some(name) => self.target(name, console)?,
            None => self.ask.group,
        };
        if let Some(question) = self.unanswered.clone() {
            return self.turn(question, group, console).map(CommandOutcome::Asked);
        }
        let Some(turn) = self.conversation.turns.pop() else {
            return Err(CommandError::new(ErrorKind::Usage, "there is no question to ask again"));
        };
        let before = self.conversation.turns.len();
        let (typed, logged, parts) = (turn.prompt.clone(), turn.logged.clone(), turn.question.clone());
        let question = Question { typed, logged, parts };
        let ended = self.turn(question, group, console);
        if self.conversation.turns.len() == before {
            self.conversation.turns.push(turn);
            self.unanswered = None;
            console.event("the answer before stands");
        }
        ended.map(CommandOutcome::Asked)
    }

    fn undo(&mut self, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        if let Some(question) = self.unanswered.take() {
            console.event("the question without an answer is taken back");
            return Ok(CommandOutcome::Offer(question.typed));
        }
        let Some(turn) = self.conversation.turns.pop() else {
            return Err(CommandError::new(ErrorKind::Usage, "there is nothing to take back"));
        };
        let left = self.conversation.turns.len();
        console.event(&format!("taken back; {left} {} left", if left == 1 { "turn is" } else { "turns are" }));
        Ok(CommandOutcome::Offer(turn.prompt))
    }

    fn copy(&mut self, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        if !self.env.stderr_terminal {
            return Err(CommandError::new(ErrorKind::Usage, "only a terminal has a clipboard"));
        }
        let Some(turn) = self.conversation.turns.last() else { return Err(nothing_said()) };
        console.clipboard(&turn.answer);
        console.event("the terminal was given the answer for its clipboard");
        Ok(CommandOutcome::Done)
    }

    fn save(&mut self, path: &str, replace: bool, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        if self.conversation.turns.is_empty() {
            return Err(nothing_said());
        }
        let place = expand(path, self.env.vars.home().as_deref());
        if !replace && place.exists() {
            return Err(CommandError::new(ErrorKind::Output, format!("`{path}` is there already"))
                .hint(format!("`/save -f {path}` replaces it")));
        }
        write(&place, &self.conversation.transcript())
            .map_err(|error| CommandError::caused(ErrorKind::Output, format!("cannot write `{path}`"), error))?;
        console.event(&format!("the conversation was written into `{path}`"));
        Ok(CommandOutcome::Done)
    }

    /// Drops the attachments of the next message, with a note.
    fn discard_pending(&mut self, console: &mut Console) {
        if self.pending.clear() {
            console.event(LEFT_OUT);
        }
    }

    /// Resumes a conversation of the log.
    pub(crate) fn continue_with(
        &mut self,
        resumed: ResumedConversation,
        console: &mut Console,
    ) -> Result<CommandOutcome, CommandError> {
        let attachments = resumed.attachments;
        self.resume(resumed);
        let id = self.conversation.id.clone().unwrap_or_default();
        let turns = self.conversation.turns.len();
        let group = self.group_name();
        console
            .event(&format!("continuing `{id}` ({}) with `{group}`; `/history` shows the turns", count(turns, "turn")));
        if attachments {
            console.event("the images and documents of earlier turns were not kept; only their kinds are sent");
        }
        if let Some(turn) = self.conversation.turns.last() {
            let (prompt, answer, whole) = (turn.prompt.clone(), turn.answer.clone(), turn.whole);
            if self.env.stdout == Sink::Terminal && self.env.stdin_terminal {
                console.event(&format!("> {}", llmroute_core::model::failure::one_line(&prompt)));
                console
                    .answer(&answer)
                    .and_then(|()| console.end_answer())
                    .map_err(|error| CommandError::caused(ErrorKind::Output, "cannot write the answer", error))?;
            }
            if !whole {
                console.event("the last answer broke off or was stopped");
            }
        }
        match &self.unanswered {
            None => Ok(CommandOutcome::Done),
            // The text of a file is too long for a line editor.
            Some(question) if self.env.stdin_terminal && question.typed.len() <= OFFERED => {
                console.event("the last question has no answer; it is offered again");
                Ok(CommandOutcome::Offer(question.typed.clone()))
            }
            Some(_) => {
                console.event("the last question has no answer; `/retry` asks it again");
                Ok(CommandOutcome::Done)
            }
        }
    }

    fn why(&mut self, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        let Some((why, request)) = &self.last else { return Err(nothing_said()) };
        let runtime = self.runtime.as_ref().expect("it ends with the session");
        let explained = runtime.block_on(self.router.explain(request, &mut self.rng));
        let group = request.group;
        let rule = explained.plan.rule_overrides.rule(group);
        let subject = ReportContext { map: self.router.map(), group, rule, id: "", conversation: None };
        let width = (self.env.stdout == Sink::Terminal).then(|| console.width());
        let now = route::page(&subject, &explained, self.ask.seed, width);
        say(console, &format!("{why}\nthe same question now:\n{now}"))
    }

    fn set(&mut self, key: &str, value: &str, console: &mut Console) -> Result<CommandOutcome, CommandError> {
        let on = || {
            let wrong = || CommandError::new(ErrorKind::Usage, format!("`/set {key} {value}`: it is `on` or `off`"));
            switch(value).ok_or_else(wrong)
        };
        match key {
            "vi" => {
                self.vi = on()?;
                return Ok(CommandOutcome::Vi(self.vi));
            }
            "markdown" => return on().map(CommandOutcome::Markdown),
            "usage" => self.usage = on()?,
            _ => {
                let key = if key == "effort" { "reasoning_effort" } else { key };
                match value {
                    "default" => reset_parameter(&mut self.ask.sampling, key),
                    _ => set(&mut self.ask.sampling, key, value).map_err(|_| invalid_setting(key, value))?,
                }
            }
        }
        console.event(&format!("`{key}` is now {value}"));
        Ok(CommandOutcome::Done)
    }

    fn settings(&self) -> String {
        let Sampling { temperature, top_p, max_tokens, stop, seed, effort } = &self.ask.sampling;
        let shown = |value: Option<String>| value.unwrap_or_else(|| "default".to_owned());
        let on = |on: bool| if on { "on" } else { "off" }.to_owned();
        let rows = [
            ("temperature", shown(temperature.map(|value| value.to_string()))),
            ("top_p", shown(top_p.map(|value| value.to_string()))),
            ("max_tokens", shown(max_tokens.map(|value| value.to_string()))),
            ("reasoning_effort", shown(effort.map(|effort: Effort| effort.as_str().to_owned()))),
            ("seed", shown(seed.map(|value| value.to_string()))),
            ("stop", shown((!stop.is_empty()).then(|| serde_json::json!(stop).to_string()))),
            ("usage", on(self.usage)),
            ("vi", on(self.vi)),
            ("markdown", on(self.markdown)),
        ];
        let extra = self.ask.extra.iter().map(|(key, value)| format!("{key:<17} {value}\n"));
        rows.into_iter().map(|(key, value)| format!("{key:<17} {value}\n")).chain(extra).collect()
    }
}

/// The error for a value that `/set` does not take, in the words of chat.
fn invalid_setting(key: &str, value: &str) -> CommandError {
    CommandError::new(ErrorKind::Usage, format!("`/set {key} {value}`: the value is not valid for `{key}`"))
        .hint("`/set` shows the settings; `default` leaves one to the model")
}

/// Leaves the parameter `key` to the model.
fn reset_parameter(sampling: &mut Sampling, key: &str) {
    match key {
        "temperature" => sampling.temperature = None,
        "top_p" => sampling.top_p = None,
        "max_tokens" => sampling.max_tokens = None,
        "reasoning_effort" => sampling.effort = None,
        "seed" => sampling.seed = None,
        "stop" => sampling.stop.clear(),
        _ => {}
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    OutputFile::prepare(path)?.write(text)
}

fn say(console: &mut Console, text: &str) -> Result<CommandOutcome, CommandError> {
    console.data(text).map(|()| CommandOutcome::Done).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => CommandError::new(ErrorKind::Output, "the reader of the answers is gone"),
        _ => CommandError::caused(ErrorKind::Output, "cannot write to standard output", error),
    })
}

fn nothing_said() -> CommandError {
    CommandError::new(ErrorKind::Usage, "nothing was answered yet")
}
