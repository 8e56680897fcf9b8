//! `llmroute ask`: one routed call, its answer on standard output.

pub mod args;
mod dry_run;
mod input;
mod printer;
mod report;
mod resolve;

use std::io;
use std::path::Path;

use serde_json::json;

use self::args::AskArgs;
use self::printer::Printer;
use self::report::{Subject, headline};
use self::resolve::{Ask, Output};
use super::console::Console;
use super::signals::{Ended, until_signal};
use super::{End, Global, setup};
use crate::cli::env::Env;
use crate::engine::{Done, Request, RouteError, Why};
use crate::error::{Error, Kind};
use crate::model::Finish;
use crate::ports::{Clock, LogStart};
use crate::profile::Inputs;

/// Runs the command.
///
/// # Errors
/// With the exit code that says why there is no complete answer.
pub fn run(args: &AskArgs, global: &Global, env: &Env, console: &mut Console) -> Result<End, Error> {
    let clock = Clock::starting_at(env.now);
    let mut profile = setup::profile(global, env, console)?;
    let mut ask =
        resolve::resolve(args, &mut profile, &Inputs { vars: &env.vars, long_lived: false }, env.stdout, env.entropy)?;
    setup::built(&profile, ask.group)?;
    let text = input::read(
        &input::Sources {
            words: &args.prompt,
            files: &args.files,
            no_stdin: args.no_stdin,
            stdin_terminal: env.stdin_terminal,
        },
        clock,
        env.now.after(ask.deadline),
        console,
    )?;
    let mut rng = fastrand::Rng::with_seed(ask.seed);
    let id = setup::request_id(env.now, env.entropy);
    let group = profile.map.group(ask.group).name.clone();
    let log = (!args.no_log).then(|| LogStart {
        id: id.clone(),
        at: env.now,
        command: "ask".to_owned(),
        group,
        conversation_id: None,
        system: args.system.clone(),
        prompt: text.clone(),
        tags: args.tags.clone(),
    });
    ask.facts.identity.prompt = Some(text.clone());
    let prompt = ask.prompt(args.system.clone(), text);
    ask.facts.prompt_tokens = prompt.estimated_tokens();
    let request =
        Request { group: ask.group, prompt, facts: ask.facts.clone(), delivery: ask.delivery, since: env.now, log };
    let router = setup::router(profile, global, env, clock)?;
    if args.dry_run {
        let text = dry_run::describe(&router, &request, &mut rng);
        return console.data(&text).map(|()| End::Success).or_else(|error| unwritable(&error));
    }
    let map = router.map();
    let mut printer = Printer::new(console, map, ask.output.clone());
    let ended = until_signal(router.run(&request, &mut rng, &mut printer))?;
    let subject = Subject { map, group: ask.group, id: &id };
    match ended {
        Ended::Signal(signal) => {
            printer.console().end_line();
            Ok(End::Signal(signal))
        }
        Ended::Value(Ok(done)) => finish(&done, &ask, args.usage, &subject, printer),
        Ended::Value(Err(failed)) => fail(&failed, &ask, &subject, printer),
    }
}

/// Prints what is still to be printed of a complete answer.
fn finish(done: &Done, ask: &Ask, usage: bool, subject: &Subject<'_>, mut printer: Printer<'_>) -> Result<End, Error> {
    if let Some(error) = printer.broken() {
        return unwritable(&error);
    }
    let written = match ask.output {
        Output::Streamed => {
            printer.end_text();
            Ok(())
        }
        Output::StreamJson => {
            let mut event = json!({"event": "done"});
            if let (Some(event), serde_json::Value::Object(fields)) = (event.as_object_mut(), subject.done(done)) {
                event.extend(fields);
            }
            printer.console().data(&event.to_string())
        }
        Output::Json => put(&subject.done(done).to_string(), ask, printer.console()),
        Output::Whole => put(&done.answer.text, ask, printer.console()),
        Output::Extracted => {
            let block = fenced_block(&done.answer.text);
            if block.is_none() {
                printer.console().event("the answer holds no fenced block; all of it is printed");
            }
            put(block.as_deref().unwrap_or(&done.answer.text), ask, printer.console())
        }
    };
    if let Err(error) = written.and_then(|()| printer.broken().map_or(Ok(()), Err)) {
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
    Ok(End::Success)
}

/// Says why there is no complete answer.
fn fail(failed: &RouteError, ask: &Ask, subject: &Subject<'_>, mut printer: Printer<'_>) -> Result<End, Error> {
    if failed.why == Why::Unread
        && let Some(error) = printer.broken()
    {
        return unwritable(&error);
    }
    let error = subject.error(failed);
    let object = match ask.output {
        Output::Json => subject.failed(failed, &error, headline(failed)),
        Output::StreamJson => {
            let mut event = json!({"event": "error"});
            let fields = subject.failed(failed, &error, headline(failed));
            if let (Some(event), serde_json::Value::Object(fields)) = (event.as_object_mut(), fields) {
                event.extend(fields);
            }
            event
        }
        Output::Streamed | Output::Whole | Output::Extracted => return Err(error),
    };
    // The exit code of the failure matters more than that its report could not be written.
    let _ = printer.console().data(&object.to_string());
    Err(error)
}

/// Prints a whole text, to standard output or to a file.
fn put(text: &str, ask: &Ask, console: &mut Console) -> io::Result<()> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}");
    match &ask.file {
        Some(path) => replace_file(path, &text),
        None => console.answer(&text),
    }
}

/// Writes `path` whole or not at all; what is no regular file (a device, a pipe) is written to.
fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".llmroute-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// The inside of the first fenced block of Markdown, if there is one.
fn fenced_block(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let (indent, fence) = lines.find_map(fence)?;
    let inside = lines.take_while(|line| !closes(line, fence));
    let block: Vec<&str> =
        inside.map(|line| line.strip_prefix(&" ".repeat(indent)).unwrap_or(line.trim_start_matches(' '))).collect();
    Some(block.join("\n") + "\n")
}

/// The indent and the marks of a line that opens a fence.
fn fence(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches(' ');
    let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = rest.chars().take_while(|c| *c == mark).count();
    (length >= 3).then(|| (line.len() - rest.len(), &rest[..length]))
}

fn closes(line: &str, fence: &str) -> bool {
    let line = line.trim();
    line.starts_with(fence) && line.chars().all(|c| fence.starts_with(c))
}

/// The error for an output that cannot be written; a reader that went away is no error.
pub(super) fn unwritable(error: &io::Error) -> Result<End, Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(End::Success),
        _ => Err(Error::new(Kind::Output, format!("cannot write the answer: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        assert_eq!(fenced_block(text).as_deref(), want);
    }

    #[test]
    fn the_first_fenced_block_is_found() {
        check("Here:\n```rust\nlet a = 1;\n```\nand\n```\nb\n```", Some("let a = 1;\n"));
        check("~~~\na\n```\n~~~", Some("a\n```\n"));
        check("1. x\n   ```\n   a\n     b\n   ```", Some("a\n  b\n"));
    }

    #[test]
    fn an_unclosed_block_reaches_to_the_end() {
        check("```\na\nb", Some("a\nb\n"));
    }

    #[test]
    fn a_longer_fence_holds_a_shorter_one() {
        check("````\n```\na\n```\n````", Some("```\na\n```\n"));
    }

    #[test]
    fn no_block_is_none() {
        check("a `b` c", None);
    }
}
