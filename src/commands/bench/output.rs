//! The reports of a run, printed or written to files.

use std::io::Write;
use std::path::Path;

use super::args::BenchArgs;
use super::measure::Measured;
use crate::commands::ask::unwritable;
use crate::environment::{Env, Sink};
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;
use llmroute_bench::compare::BaselineComparison;
use llmroute_bench::report::{self, ReportStyle};
use llmroute_bench::summary::Summary;

/// The page width without a terminal, and the largest one, in columns.
const WIDTH: usize = 100;
/// The smallest useful page width, in columns.
const NARROW: usize = 40;

/// Prints the run in the requested format, and writes the HTML page.
///
/// # Errors
/// Fails if something cannot be written.
pub(crate) fn show(
    args: &BenchArgs,
    measured: &Measured,
    summary: &Summary,
    env: &Env,
    console: &mut Console,
) -> Result<(), CommandError> {
    let run = &measured.run;
    let text = if args.json {
        report::json(run, summary)
    } else if args.csv {
        report::csv(run, summary)
    } else if args.markdown {
        report::markdown(run, summary)
    } else {
        report::text(run, summary, &look(args, env, console))
    };
    // A reader that leaves is not an error, and the page is still written.
    console.data(text.trim_end_matches('\n')).or_else(|error| unwritable(&error).map(|_| ()))?;
    let Some(path) = &args.html else { return Ok(()) };
    let wrong = |error: std::io::Error| {
        CommandError::caused(ErrorKind::Output, format!("cannot write `{}`", path.display()), error)
    };
    let folder = folder(path);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(report::html(run, summary).as_bytes()).map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

/// Checks that the folder of the page exists.
///
/// # Errors
/// Fails if it does not.
pub(crate) fn can_be_written(path: &Path) -> Result<(), CommandError> {
    if folder(path).is_dir() {
        return Ok(());
    }
    Err(CommandError::new(ErrorKind::Output, format!("cannot write `{}`: its folder does not exist", path.display())))
}

/// Prints a comparison: on standard output, after a report for people, otherwise on standard error.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn show_comparison(
    args: &BenchArgs,
    comparison: &BaselineComparison,
    console: &mut Console,
) -> Result<(), CommandError> {
    let blockers = comparison.blockers.iter().map(|blocker| format!("cannot pass: {blocker}"));
    let lines: Vec<String> = comparison.lines.iter().cloned().chain(blockers).collect();
    if args.json || args.csv {
        lines.iter().for_each(|line| console.say(line));
        return Ok(());
    }
    let text = lines.join("\n");
    let text = if args.markdown { format!("\n```\n{text}\n```") } else { format!("\n{text}") };
    console.data(&text).or_else(|error| unwritable(&error).map(|_| ()))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref())
}

/// The look of a report for people.
#[must_use]
pub(crate) fn look(args: &BenchArgs, env: &Env, console: &Console) -> ReportStyle {
    let columns = env.vars.get("COLUMNS").and_then(|text| text.parse().ok());
    let terminal = (env.stdout == Sink::Terminal).then(|| usize::from(console.width()));
    let width = columns.or(terminal).unwrap_or(WIDTH).clamp(NARROW, WIDTH);
    ReportStyle { width, ascii: args.ascii || is_ascii(env), ..ReportStyle::default() }
}

/// Returns `true` if the locale or the terminal supports only ASCII.
fn is_ascii(env: &Env) -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.vars.get(name));
    matches!(said, Some("C" | "POSIX")) || env.vars.get("TERM") == Some("dumb")
}
