//! Reads the prompt from arguments, files and standard input, and reports a wait.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::attach;
use crate::error::{CommandError, ErrorKind};
use crate::request::template::FilledTemplate;
use crate::ui::console::Console;
use crate::ui::text;
use llmroute_core::model::{Part, Timestamp};
use llmroute_router::ports::Clock;

/// An idle pipe is mentioned after this long.
const NOTICE_AFTER: Duration = Duration::from_secs(2);
/// The largest input that is read: no model takes more, and the prompt is held in memory.
const MAX_INPUT: usize = 256 << 20;
/// The place of piped text inside a prompt.
const PLACEHOLDER: &str = "{{stdin}}";

/// The typed sources of the prompt.
pub(crate) struct PromptSources<'a> {
    /// The words of the command line.
    pub words: &'a [String],
    /// Files to put before the prompt.
    pub files: &'a [PathBuf],
    /// Images and documents to show: files, addresses, or `-`.
    pub attachments: &'a [String],
    /// The template.
    pub template: Option<&'a FilledTemplate>,
    /// Leave standard input alone.
    pub no_stdin: bool,
    /// Standard input is a terminal.
    pub stdin_terminal: bool,
    /// Standard input is the output of another process.
    pub stdin_pipe: bool,
    /// Accepts empty piped input and empty files.
    pub allow_empty: bool,
}

/// The content of the prompt.
pub(crate) struct PromptInput {
    /// The text.
    pub text: String,
    /// The images and documents.
    pub attachments: Vec<Part>,
}

/// Reads all sources and joins them.
///
/// # Errors
/// `usage` without a prompt, `input` if a source cannot be read, `deadline` if standard input is idle for
/// longer.
pub(crate) fn read(
    sources: &PromptSources<'_>,
    clock: Clock,
    deadline: Timestamp,
    console: &mut Console,
) -> Result<PromptInput, CommandError> {
    let asks_for_stdin = sources.words == ["-"];
    let attaches_stdin = attaches_stdin(sources, asks_for_stdin)?;
    let typed = if asks_for_stdin { String::new() } else { sources.words.join(" ") };
    let file_is_stdin = file_is_stdin(sources, asks_for_stdin, attaches_stdin)?;
    let silent = !asks_for_stdin && (attaches_stdin || file_is_stdin || sources.stdin_terminal || sources.no_stdin);
    if silent && sources.template.is_some_and(FilledTemplate::wants_stdin) {
        return Err(CommandError::new(ErrorKind::Usage, "the template needs `stdin`").hint("pipe text into `ask`"));
    }
    if typed.trim().is_empty()
        && silent
        && sources.attachments.is_empty()
        && !file_is_stdin
        && !sources.template.is_some_and(FilledTemplate::asks)
    {
        return Err(no_prompt(!sources.words.is_empty()));
    }
    let mut wait = ReadDeadline { clock, deadline, console };
    let files =
        sources.files.iter().map(|path| file(path, &mut wait)).collect::<Result<Vec<String>, CommandError>>()?;
    if let Some((path, _)) = sources.files.iter().zip(&files).find(|(_, text)| text.trim().is_empty())
        && !sources.allow_empty
    {
        let name = if is_stdin(path) { "standard input".to_owned() } else { format!("`{}`", path.display()) };
        return Err(empty(&name, ""));
    }
    let mut attachments = Vec::new();
    for source in sources.attachments {
        attachments.push(attachment(source, &mut wait)?);
    }
    let mut piped = String::new();
    if asks_for_stdin || !silent {
        match stdin(!typed.is_empty(), &mut wait)? {
            Piped::Text(text) => {
                let is_input = sources.stdin_pipe && !(typed.trim().is_empty() && sources.template.is_none());
                if is_input && text.trim().is_empty() && attachments.is_empty() && !sources.allow_empty {
                    return Err(empty("standard input", "; `--no-stdin` ignores standard input"));
                }
                piped = text;
            }
            Piped::Attachment(part) => attachments.push(part),
        }
    }
    let text = join(&files, &piped, sources.template, &typed);
    if text.trim().is_empty() && attachments.is_empty() {
        return Err(no_prompt(!sources.words.is_empty()));
    }
    Ok(PromptInput { text, attachments })
}

/// Returns `true` if standard input is an attachment; then it is not the prompt.
fn attaches_stdin(sources: &PromptSources<'_>, asks_for_stdin: bool) -> Result<bool, CommandError> {
    let times = sources.attachments.iter().filter(|source| *source == "-").count();
    let why = match (times, asks_for_stdin, sources.no_stdin) {
        (0, ..) => return Ok(false),
        (1, false, false) => return Ok(true),
        (_, _, true) => "`-a -` reads standard input, and `--no-stdin` forbids it",
        (_, true, _) => "standard input cannot be the prompt and an attachment",
        _ => "standard input can be attached once",
    };
    Err(CommandError::new(ErrorKind::Usage, why))
}

/// Returns `true` if standard input is read as a file (`-f -`); then it is not the prompt.
fn file_is_stdin(sources: &PromptSources<'_>, prompt: bool, attached: bool) -> Result<bool, CommandError> {
    let times = sources.files.iter().filter(|path| is_stdin(path)).count();
    let why = match times {
        0 => return Ok(false),
        _ if sources.no_stdin => "`-f -` reads standard input, and `--no-stdin` forbids it",
        1 if !prompt && !attached => return Ok(true),
        _ => "standard input can be read once",
    };
    Err(CommandError::new(ErrorKind::Usage, why))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The error for an empty input, about which a model would invent an answer.
fn empty(name: &str, or: &str) -> CommandError {
    CommandError::new(ErrorKind::Input, format!("{name} is empty"))
        .hint(format!("`--allow-empty` sends the prompt without it{or}"))
}

fn no_prompt(empty: bool) -> CommandError {
    let message = if empty { "the prompt is empty" } else { "no prompt given" };
    CommandError::new(ErrorKind::Usage, message)
        .hint("llmroute ask \"Why is the sky blue?\", or pipe text into it; `llmroute ask --help` shows all options")
}

/// Files first, then piped text, then the template, then the instruction, with blank lines between;
/// `{{stdin}}` places the piped text instead.
fn join(files: &[String], piped: &str, template: Option<&FilledTemplate>, typed: &str) -> String {
    let placed = typed.contains(PLACEHOLDER) || template.is_some_and(FilledTemplate::wants_stdin);
    let typed = typed.replace(PLACEHOLDER, piped);
    let body = template.map(|template| template.prompt(piped)).unwrap_or_default();
    let piped = if placed { "" } else { piped };
    let parts = files.iter().map(String::as_str).chain([piped, &body, &typed]);
    let parts: Vec<&str> = parts.filter(|part| !part.trim().is_empty()).collect();
    match parts.split_last() {
        None => String::new(),
        Some((last, rest)) => {
            let rest: String = rest.iter().map(|part| format!("{}\n\n", part.trim_end_matches('\n'))).collect();
            rest + last
        }
    }
}

fn file(path: &Path, wait: &mut ReadDeadline<'_>) -> Result<String, CommandError> {
    let unreadable =
        |why: String| CommandError::new(ErrorKind::Input, format!("cannot read `{}`: {why}", path.display()));
    // Opening a named pipe waits for its other end, so that too happens behind the deadline.
    let name = path.to_owned();
    let open = move || std::fs::File::open(name);
    let bytes = match is_stdin(path) {
        true => drain(|| Ok(io::stdin()), "standard input", "Ctrl-D ends it", wait)?,
        false => drain(open, &format!("`{}`", path.display()), "Ctrl-C stops that", wait)?,
    };
    decode(bytes).map_err(|(offset, bytes)| {
        let hint = match attach::part(path, &bytes) {
            Some(_) => "`-a` attaches images and PDF files",
            None => "`-f` takes text files",
        };
        if is_stdin(path) {
            CommandError::new(ErrorKind::Input, format!("standard input is {}", not_text(offset))).hint(hint)
        } else {
            unreadable(not_text(offset)).hint(hint)
        }
    })
}

fn not_text(offset: usize) -> String {
    format!("not UTF-8 at byte {offset}")
}

/// The bytes as text, or the offset of the first one that is not, and the bytes.
fn decode(bytes: Vec<u8>) -> Result<String, (usize, Vec<u8>)> {
    let text = String::from_utf8(bytes).map_err(|error| (error.utf8_error().valid_up_to(), error.into_bytes()))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The limit of the wait, and the console that reports it.
struct ReadDeadline<'a> {
    clock: Clock,
    deadline: Timestamp,
    console: &'a mut Console,
}

/// The content of standard input.
enum Piped {
    Text(String),
    /// An image or a document.
    Attachment(Part),
}

/// The attachment from `source`; a URL is not fetched.
fn attachment(source: &str, wait: &mut ReadDeadline<'_>) -> Result<Part, CommandError> {
    if let Some(part) = attach::link(source) {
        return Ok(part);
    }
    let path = Path::new(source);
    let bytes = if source == "-" {
        drain(|| Ok(io::stdin()), "standard input", "Ctrl-D ends it", wait)?
    } else {
        let name = path.to_owned();
        drain(move || std::fs::File::open(name), &format!("`{source}`"), "Ctrl-C stops that", wait)?
    };
    attach::part(path, &bytes).ok_or_else(|| attach::unknown(source))
}

/// All of standard input.
fn stdin(typed: bool, wait: &mut ReadDeadline<'_>) -> Result<Piped, CommandError> {
    let how = if typed { "--no-stdin or </dev/null stops that" } else { "Ctrl-D ends it" };
    let bytes = drain(|| Ok(io::stdin()), "standard input", how, wait)?;
    match decode(bytes) {
        Ok(text) => Ok(Piped::Text(text)),
        Err((offset, bytes)) => attach::part(Path::new("-"), &bytes).map(Piped::Attachment).ok_or_else(|| {
            CommandError::new(ErrorKind::Input, format!("standard input is {}", not_text(offset)))
                .hint("pipe UTF-8 text, an image or a PDF file into `ask`")
        }),
    }
}

/// Reads everything from the result of `open`. A wait is reported once; the deadline ends it.
fn drain<R: Read>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
    name: &str,
    how: &str,
    wait: &mut ReadDeadline<'_>,
) -> Result<Vec<u8>, CommandError> {
    let incoming = spawn_reader(open);
    let mut bytes = Vec::new();
    let mut told = false;
    loop {
        let left = wait.deadline.since(wait.clock.now());
        if left.is_zero() {
            return Err(CommandError::new(
                ErrorKind::Deadline,
                format!("the deadline passed while waiting for {name}"),
            )
            .hint("give `--no-stdin` to leave standard input alone"));
        }
        let patience = if told { left } else { NOTICE_AFTER.min(left) };
        match incoming.recv_timeout(patience) {
            Ok(Ok(chunk)) if chunk.is_empty() => return Ok(bytes),
            Ok(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(Err(error)) => {
                return Err(CommandError::caused(ErrorKind::Input, format!("cannot read {name}"), error));
            }
            Err(RecvTimeoutError::Timeout) if !told && NOTICE_AFTER <= left => {
                told = true;
                wait.console.event(&format!("waiting for {name} ({how})"));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(bytes),
        }
        if bytes.len() > MAX_INPUT {
            return Err(CommandError::new(
                ErrorKind::Input,
                format!("{name} is larger than {}", text::bytes(MAX_INPUT as u64)),
            ));
        }
    }
}

/// Reads on a thread of its own, a few chunks ahead at most; an empty chunk is the end.
fn spawn_reader<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(4);
    std::thread::spawn(move || {
        let mut source = match open() {
            Ok(source) => source,
            Err(error) => {
                // If this fails, the receiver has given up.
                let _ = sender.send(Err(error));
                return;
            }
        };
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = source.read(&mut buffer).map(|n| buffer[..n].to_vec());
            let last = !matches!(&read, Ok(chunk) if !chunk.is_empty());
            if sender.send(read).is_err() || last {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], piped: &str, typed: &str, want: &str) {
        let files: Vec<String> = files.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(join(&files, piped, None, typed), want);
    }

    #[test]
    fn piped_text_comes_before_the_instruction() {
        check(&[], "a\nb\n", "sum up", "a\nb\n\nsum up");
        check(&[], "a\n", "", "a\n");
        check(&[], "", "sum up", "sum up");
    }

    #[test]
    fn files_come_first() {
        check(&["one\n", "two"], "three", "four", "one\n\ntwo\n\nthree\n\nfour");
    }

    #[test]
    fn a_placeholder_places_it() {
        check(&[], "text", "say {{stdin}} twice: {{stdin}}", "say text twice: text");
        check(&["f"], "", "say {{stdin}}.", "f\n\nsay .");
    }

    #[test]
    fn bytes_that_are_not_text_are_named_by_their_offset() {
        assert_eq!(decode(b"ab\xffc".to_vec()), Err((2, b"ab\xffc".to_vec())));
        assert_eq!(decode("\u{feff}a\0b".into()), Ok("a\0b".to_owned()));
    }
}
