//! From the arguments to a request that is ready to be sent. Makes no call.

use super::conversation::ContinuedConversation;
use super::question::QuestionArgs;
use super::{attach, input, schema};
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::request::template::FilledTemplate;
use crate::request::{self, ResolvedRequest};
use crate::setup;
use crate::state_location;
use crate::ui::console::Console;
use llmroute_core::model::Prompt;
use llmroute_router::engine::{Checks, Delivery, Engine, Request, find_verifier};
use llmroute_router::ports::{Clock, LogStart};
use llmroute_router::profile::{LoadOptions, Profile, provider_statuses};
use serde_json::{Value, json};

/// A request that is ready, and the router that takes it.
pub(crate) struct PreparedRequest {
    pub(crate) router: Engine,
    pub(crate) request: Request,
    /// The resolved options.
    pub(crate) resolved: ResolvedRequest,
    /// The id of the request.
    pub(crate) id: String,
    /// The conversation that it is a turn of.
    pub(crate) conversation: Option<String>,
    /// Providers whose key is not sent, and how to send it.
    pub(crate) withheld: Vec<(String, String)>,
}

/// The arguments of a request.
pub(crate) struct Preparation<'a> {
    /// The question and its routing.
    pub question: &'a QuestionArgs,
    /// A command that judges the answer.
    pub verify: Option<&'a str>,
    /// An answer that the token limit cut is rejected.
    pub fail_on_length: bool,
    /// The delivery of the answer.
    pub delivery: Delivery,
    /// The request is logged.
    pub logged: bool,
}

impl Preparation<'_> {
    /// Reads the profile and the inputs.
    ///
    /// # Errors
    /// Fails if the profile, an argument or an input is wrong.
    pub(crate) fn prepare(
        &self,
        global: &Global,
        env: &Env,
        console: &mut Console,
    ) -> Result<PreparedRequest, CommandError> {
        let question = self.question;
        let options = question.request()?;
        let clock = Clock::starting_at(env.now);
        let mut profile = setup::profile_of(global, env, console, false, &options)?;
        let continued = self.continued(&profile, global, env)?;
        let usual = continued.as_ref().map(|continued| continued.group.as_str());
        let inputs = LoadOptions { env: &env.vars, long_lived: false };
        let mut resolved = request::resolve(&options, &mut profile, &inputs, usual, env.entropy)?;
        setup::built(&profile, resolved.group)?;
        setup::warn_of_retired(&profile, resolved.group, env, console);
        if options.model.is_none() && resolved.template.is_none() {
            say_other_group(usual, &profile.map.group(resolved.group).name, console);
        }
        let (schema, checks) = self.checks()?;
        let text = input::read(&self.sources(&resolved, env), clock, env.now.after(resolved.deadline), console)?;
        let id = setup::request_id(env.now, env.entropy);
        let system = question.system.clone().or_else(|| resolved.template.as_ref()?.system());
        let system = system.or_else(|| continued.as_ref()?.system.clone());
        let conversation = continued.as_ref().map(|continued| continued.id.clone());
        let conversation = conversation.or_else(|| self.logged.then(|| id.clone()));
        let log = self.logged.then(|| LogStart {
            id: id.clone(),
            at: env.now,
            command: "ask".to_owned(),
            group: profile.map.group(resolved.group).name.clone(),
            conversation_id: conversation.clone(),
            parent: continued.as_ref().and_then(|continued| continued.parent.clone()),
            system: system.clone(),
            prompt: attach::logged(&text.text, &question.attachments, &text.attachments),
            tags: question.tags.clone(),
            user: None,
            details: json!({
                "template": resolved.template.as_ref().map(FilledTemplate::logged), "route_seed": resolved.seed
            }),
        });
        resolved.attributes.identity.conversation.clone_from(&conversation);
        if !profile.map.rules.all.is_empty() {
            resolved.attributes.hour = setup::local_hour(env.now);
        }
        let prompt = Prompt { schema, ..resolved.prompt(system, text.text.clone(), text.attachments) };
        let mut request = Request {
            group: resolved.group,
            prompt: Prompt::default(),
            attributes: resolved.attributes.clone(),
            checks,
            deadline: None,
            delivery: self.delivery,
            since: env.now,
            log,
        };
        set_prompt(&mut request, text.text, prompt);
        let withheld = withheld(&profile, env);
        let router = setup::router(profile, global, env, clock, resolved.seed)?;
        if let Some(continued) = continued {
            continued.precede(&mut request, &router, console);
        }
        Ok(PreparedRequest { router, request, resolved, id, conversation, withheld })
    }

    /// The conversation that the question continues.
    fn continued(
        &self,
        profile: &Profile,
        global: &Global,
        env: &Env,
    ) -> Result<Option<ContinuedConversation>, CommandError> {
        if !self.question.is_continued() {
            return Ok(None);
        }
        let location = state_location::log_of(global, env, profile)?;
        ContinuedConversation::open(self.question.cid.as_deref(), &location).map(Some)
    }

    /// The schema for the model, and the checks of the answer.
    fn checks(&self) -> Result<(Option<Value>, Checks), CommandError> {
        let schema = self.question.schema.as_deref().map(schema::read).transpose()?;
        let (schema, judge) = schema.map_or((None, None), |(schema, judge)| (Some(schema), Some(judge)));
        self.verify.map_or(Ok(()), check_verifier)?;
        Ok((schema, Checks { schema: judge, verify: self.verify.map(Into::into), fail_on_length: self.fail_on_length }))
    }

    /// The sources of the prompt.
    fn sources<'s>(&'s self, resolved: &'s ResolvedRequest, env: &Env) -> input::PromptSources<'s> {
        let question = self.question;
        input::PromptSources {
            words: &question.prompt,
            files: &question.files,
            attachments: &question.attachments,
            template: resolved.template.as_ref(),
            no_stdin: question.no_stdin,
            stdin_terminal: env.stdin_terminal,
            stdin_pipe: env.stdin_pipe,
            allow_empty: question.allow_empty,
        }
    }
}

/// The providers that the profile moved to another host, which therefore get no key.
fn withheld(profile: &Profile, env: &Env) -> Vec<(String, String)> {
    let statuses = provider_statuses(Some(profile), &env.vars);
    statuses.into_iter().filter_map(|status| Some((status.name, status.withheld?))).collect()
}

/// Sets the prompt of `request`, and the attributes that depend on it.
pub(super) fn set_prompt(request: &mut Request, text: String, prompt: Prompt) {
    request.attributes.identity.prompt = Some(text);
    request.attributes.prompt_tokens = prompt.estimated_tokens();
    request.prompt = prompt;
}

/// Says that the conversation continues with another group than before.
fn say_other_group(usual: Option<&str>, group: &str, console: &mut Console) {
    if let Some(usual) = usual.filter(|usual| *usual != group) {
        console
            .event(&format!("the conversation was with `{usual}`, which the profile does not have; asking `{group}`"));
    }
}

/// Fails before any paid call if the command does not exist.
fn check_verifier(command: &str) -> Result<(), CommandError> {
    find_verifier(command).map_err(|name| {
        let message = format!("`--verify`: the command `{name}` does not exist");
        CommandError::new(ErrorKind::Usage, message).hint("it is run by `sh`, which looks for it in `PATH`")
    })
}
