//! `llmroute ask`: one routed call, its answer on standard output.

pub(crate) mod args;
pub(super) mod attach;
mod conversation;
mod dry_run;
pub(super) mod input;
pub(super) mod output_file;
pub(super) mod prepare;
pub(super) mod printer;
pub(crate) mod question;
pub(super) mod report;
pub(super) mod resolve;
mod schema;

use std::io;

use self::args::AskArgs;
use self::prepare::{Preparation, PreparedRequest};
use self::printer::Printer;
use self::report::{ReportContext, event};
use self::resolve::Output;
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind, io_text};
use crate::setup;
use crate::signals::{Completion, until_signal};
use crate::ui::console::Console;
use llmroute_core::model::Finish;
pub(crate) use llmroute_router::engine::{RouteError, RouteErrorKind, RoutedAnswer};

/// Runs the command.
///
/// # Errors
/// Gives the reason why there is no complete answer.
pub(crate) fn run(args: &AskArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let output = resolve::output(args, env.stdout);
    let preparation = Preparation {
        question: &args.question,
        verify: args.verify.as_deref(),
        fail_on_length: args.fail_on_truncated,
        delivery: resolve::delivery(args, output, env.stdout),
        logged: !args.no_log,
    };
    let prepared = preparation.prepare(global, env, console)?;
    let PreparedRequest { router, request, resolved, id, conversation, withheld } = &prepared;
    let map = router.map();
    // A rule that cannot be evaluated ends the request itself.
    let rule = router.decide(request).ok().and_then(|rule_overrides| rule_overrides.rule(resolved.group));
    let subject = ReportContext { map, group: resolved.group, rule, id, conversation: conversation.as_deref() };
    if let Some(rule) = rule.map(|id| map.rules.rule(id)) {
        let target = &map.group(rule.target).name;
        console.detail(&format!("rule {} of `{}` decides: {target}", rule.number, rule.group));
    }
    if args.dry_run {
        return dry_run::run(&prepared, &subject, console);
    }
    if args.no_log && args.question.is_continued() {
        console.event("this turn is not logged, so the conversation will not contain it");
    }
    // `-` is standard output.
    let file = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let target = file.map(output_file::prepare).transpose()?;
    let mut rng = fastrand::Rng::with_seed(resolved.seed);
    let mut printer = Printer::new(console, subject, output, target);
    let ended = until_signal(router.run(request, &mut rng, &mut printer))?;
    if let Completion::Signal(_) = &ended {
        router.flush_blocking(setup::WRITE_LIMIT);
    }
    match ended {
        Completion::Signal(signal) => {
            printer.console().end_line();
            Ok(Exit::Signal(signal))
        }
        Completion::Done(Ok(done)) => finish(&done, args.usage, &subject, printer),
        Completion::Done(Err(failed)) => fail(&failed, output, &subject, withheld, printer),
    }
}

/// Ends the output of a complete answer.
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

/// Ends the output of a request that failed.
fn fail(
    failed: &RouteError,
    output: Output,
    subject: &ReportContext<'_>,
    withheld: &[(String, String)],
    mut printer: Printer<'_>,
) -> Result<Exit, CommandError> {
    if failed.why == RouteErrorKind::ReaderGone
        && let Some(error) = printer.broken()
    {
        return unwritable(&error);
    }
    let error = with_withheld_keys(subject.error(failed), failed, subject, withheld);
    let object = match output {
        Output::Json => subject.failed(failed, &error),
        Output::StreamJson => event("error", subject.failed(failed, &error)),
        Output::Streamed | Output::Whole | Output::Extracted => return Err(error),
    };
    // The exit code of the failure matters more than a report that cannot be written.
    let _ = printer.console().json(&object);
    Err(error)
}

/// Replaces the hint of a refused key where none was sent.
fn with_withheld_keys(
    error: CommandError,
    failed: &RouteError,
    subject: &ReportContext<'_>,
    withheld: &[(String, String)],
) -> CommandError {
    if error.kind != ErrorKind::Authentication {
        return error;
    }
    let called =
        |name: &str| failed.attempts.iter().any(|attempt| subject.map.deployment(attempt.deployment).provider == name);
    let hints: Vec<&str> = withheld.iter().filter(|(name, _)| called(name)).map(|(_, how)| how.as_str()).collect();
    if hints.is_empty() { error } else { error.with_hint_instead(hints.join("\nhint: ")) }
}

/// The result of a write that failed. A reader that left is not an error.
///
/// # Errors
/// `output` for every other failure.
pub(super) fn unwritable(error: &io::Error) -> Result<Exit, CommandError> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        _ => Err(CommandError::new(ErrorKind::Output, format!("cannot write the answer: {}", io_text(error)))),
    }
}
