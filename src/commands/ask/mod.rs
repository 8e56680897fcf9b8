//! `llmroute ask`: one routed call, its answer on standard output.

pub(crate) mod args;
pub(super) mod attach;
mod conversation;
mod dry_run;
pub(super) mod input;
pub(super) mod output_file;
pub(super) mod printer;
pub(crate) mod question;
pub(super) mod report;
pub(super) mod resolve;
mod schema;
pub(super) mod template;

use std::io;

use self::args::AskArgs;
use self::conversation::ContinuedConversation;
use self::output_file::OutputFile;
use self::printer::{Printer, unordered};
use self::report::{ReportContext, event, headline};
use self::resolve::{Output, ResolvedAsk};
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::setup;
use crate::signals::{Completion, until_signal};
use crate::state_location;
use crate::ui::console::Console;
use llmroute_core::model::{Finish, Prompt};
pub(crate) use llmroute_router::engine::{
    Checks, Request, RouteError, RouteErrorKind, RoutedAnswer, Router, find_verifier,
};
use llmroute_router::ports::{Clock, LogStart};
use llmroute_router::profile::LoadOptions;

/// A question that is ready, and the router that will take it.
pub(super) struct PreparedRequest {
    pub(super) router: Router,
    pub(super) request: Request,
    pub(super) ask: ResolvedAsk,
    /// The id of the request.
    pub(super) id: String,
    /// The conversation that it is a turn of.
    pub(super) conversation: Option<String>,
}

/// Nobody is paid for an answer that cannot be judged.
fn check_verifier(command: &str) -> Result<(), CommandError> {
    find_verifier(command).map_err(|name| {
        let message = format!("`--verify`: the command `{name}` is not there");
        CommandError::new(ErrorKind::Usage, message).hint("it is run by `sh`, which looks for it in `PATH`")
    })
}

/// Reads everything that a question needs; calls nobody.
///
/// # Errors
/// When the profile, an argument or an input is wrong.
pub(super) fn prepare(
    args: &AskArgs,
    global: &Global,
    env: &Env,
    console: &mut Console,
) -> Result<PreparedRequest, CommandError> {
    let clock = Clock::starting_at(env.now);
    let mut profile = setup::profile(global, env, console)?;
    let continued = match args.question.is_continued() {
        true => Some(ContinuedConversation::open(
            args.question.cid.as_deref(),
            &state_location::of(global, env, profile.state.as_ref())?,
        )?),
        false => None,
    };
    let usual = continued.as_ref().map(|continued| continued.group.as_str());
    let inputs = LoadOptions { env: &env.vars, long_lived: false };
    let mut ask = resolve::resolve(args, &mut profile, &inputs, usual, env.stdout, env.entropy)?;
    setup::built(&profile, ask.group)?;
    setup::warn_of_retired(&profile, ask.group, env, console);
    let (named, group) = (args.question.model.is_some() || ask.template.is_some(), &profile.map.group(ask.group).name);
    if let Some(usual) = usual.filter(|usual| !named && *usual != group.as_str()) {
        console
            .event(&format!("the conversation was with `{usual}`, which the profile does not have; asking `{group}`"));
    }
    let schema = args.question.schema.as_deref().map(schema::read).transpose()?;
    let (schema, judge) = schema.map_or((None, None), |(schema, judge)| (Some(schema), Some(judge)));
    args.verify.as_deref().map_or(Ok(()), check_verifier)?;
    let checks = Checks { schema: judge, verify: args.verify.as_deref().map(Into::into) };
    let input::PromptInput { text, attachments } = input::read(
        &input::PromptSources {
            words: &args.question.prompt,
            files: &args.question.files,
            attachments: &args.question.attachments,
            template: ask.template.as_ref(),
            no_stdin: args.question.no_stdin,
            stdin_terminal: env.stdin_terminal,
            stdin_pipe: env.stdin_pipe,
            allow_empty: args.question.allow_empty,
        },
        clock,
        env.now.after(ask.deadline),
        console,
    )?;
    let id = setup::request_id(env.now, env.entropy);
    let group = profile.map.group(ask.group).name.clone();
    let system = args.question.system.clone().or_else(|| ask.template.as_ref()?.system());
    let system = system.or_else(|| continued.as_ref()?.system.clone());
    let conversation =
        continued.as_ref().map(|continued| continued.id.clone()).or_else(|| (!args.no_log).then(|| id.clone()));
    let log = (!args.no_log).then(|| LogStart {
        id: id.clone(),
        at: env.now,
        command: "ask".to_owned(),
        group,
        conversation_id: conversation.clone(),
        parent: continued.as_ref().and_then(|continued| continued.parent.clone()),
        system: system.clone(),
        prompt: attach::logged(&text, &args.question.attachments, &attachments),
        tags: args.question.tags.clone(),
    });
    ask.attributes.identity.prompt = Some(text.clone());
    ask.attributes.identity.conversation.clone_from(&conversation);
    let prompt = Prompt { schema, ..ask.prompt(system, text, attachments) };
    ask.attributes.prompt_tokens = prompt.estimated_tokens();
    if !profile.map.rules.all.is_empty() {
        ask.attributes.hour = setup::local_hour(env.now);
    }
    let mut request = Request {
        group: ask.group,
        prompt,
        attributes: ask.attributes.clone(),
        checks,
        deadline: None,
        delivery: ask.delivery,
        since: env.now,
        log,
    };
    let router = setup::router(profile, global, env, clock, ask.seed)?;
    if let Some(continued) = continued {
        continued.precede(&mut request, &router, console);
    }
    Ok(PreparedRequest { router, request, ask, id, conversation })
}

/// Runs the command.
///
/// # Errors
/// With the exit code that says why there is no complete answer.
pub(crate) fn run(args: &AskArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let PreparedRequest { router, request, ask, id, conversation } = prepare(args, global, env, console)?;
    let mut rng = fastrand::Rng::with_seed(ask.seed);
    let map = router.map();
    // A rule that cannot be evaluated ends the request itself.
    let rule = router.decide(&request).ok().and_then(|rule_overrides| rule_overrides.rule(ask.group));
    let subject = ReportContext { map, group: ask.group, rule, id: &id, conversation: conversation.as_deref() };
    if let Some(rule) = rule.map(|id| map.rules.rule(id)) {
        let target = &map.group(rule.target).name;
        console.detail(&format!("rule {} of `{}` decides: {target}", rule.number, rule.group));
    }
    if args.dry_run {
        let plan = match until_signal(router.plan(&request, &mut rng))? {
            Completion::Done(plan) => plan,
            Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
        };
        plan.unordered.iter().for_each(|(group, reason)| console.event(&unordered(map, *group, reason)));
        if let RouteErrorKind::Rule(_) = plan.why {
            let duration = std::time::Duration::ZERO;
            return Err(subject.error(&RouteError {
                why: plan.why,
                attempts: Vec::new(),
                skips: Vec::new(),
                duration,
                hedged: None,
            }));
        }
        let text = dry_run::describe(&router, &request, plan);
        return console.data(&text).map(|()| Exit::Success).or_else(|error| unwritable(&error));
    }
    if args.no_log && args.question.is_continued() {
        console.event("this turn is not logged, so the conversation will not know of it");
    }
    let target = match ask.file.as_deref().map(OutputFile::prepare).transpose() {
        Ok(target) => target,
        Err(error) => {
            let path = ask.file.unwrap_or_default();
            return Err(CommandError::caused(ErrorKind::Output, format!("cannot write `{}`", path.display()), error));
        }
    };
    let mut printer = Printer::new(console, subject, &ask, target);
    let ended = until_signal(router.run(&request, &mut rng, &mut printer))?;
    if let Completion::Signal(_) = &ended {
        router.flush_blocking(setup::WRITE_LIMIT);
    }
    match ended {
        Completion::Signal(signal) => {
            printer.console().end_line();
            Ok(Exit::Signal(signal))
        }
        Completion::Done(Ok(done)) => finish(&done, args.usage, &subject, printer),
        Completion::Done(Err(failed)) => fail(&failed, &ask, &subject, printer),
    }
}

/// What is said after a complete answer.
fn finish(
    done: &RoutedAnswer,
    usage: bool,
    subject: &ReportContext<'_>,
    mut printer: Printer<'_>,
) -> Result<Exit, CommandError> {
    if let Some(error) = printer.broken() {
        return unwritable(&error);
    }
    let console = printer.console();
    if done.answer.finish == Some(Finish::Length) {
        console.event("the answer was cut at the token limit (raise --max-tokens)");
    }
    if done.answer.text.is_empty() && !done.answer.tool_calls.is_empty() {
        console.event("the answer is a tool call without text (--json shows it)");
    }
    if usage {
        console.say(&subject.footer(done));
    }
    Ok(Exit::Success)
}

/// Says why there is no complete answer.
fn fail(
    failed: &RouteError,
    ask: &ResolvedAsk,
    subject: &ReportContext<'_>,
    mut printer: Printer<'_>,
) -> Result<Exit, CommandError> {
    if failed.why == RouteErrorKind::ReaderGone
        && let Some(error) = printer.broken()
    {
        return unwritable(&error);
    }
    let error = subject.error(failed);
    let object = match ask.output {
        Output::Json => subject.failed(failed, &error, headline(failed)),
        Output::StreamJson => event("error", subject.failed(failed, &error, headline(failed))),
        Output::Streamed | Output::Whole | Output::Extracted => return Err(error),
    };
    // The exit code of the failure matters more than that its report could not be written.
    let _ = printer.console().json(&object);
    Err(error)
}

/// The error for an output that cannot be written; a reader that went away is no error.
pub(super) fn unwritable(error: &io::Error) -> Result<Exit, CommandError> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        _ => Err(CommandError::new(ErrorKind::Output, format!("cannot write the answer: {error}"))),
    }
}
