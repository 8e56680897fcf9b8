//! `llmroute stats`: figures of the logged calls, by deployment, day or group.

mod render;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use self::render::Row;
use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::state_location;
use crate::ui;
use crate::ui::console::Console;
use crate::ui::sanitize;
use crate::ui::text;
use llmroute_core::model::Timestamp;
pub(crate) use llmroute_router::history::{History, HistoryError, LogEntry, stats};
pub(crate) use llmroute_router::profile::duration;

/// Show statistics of the logged calls: success, failovers, speed, tokens and cost
///
/// A call is one attempt: a request that failed over counts once for each deployment that was called. TTFT is
/// the time to the first token of requests with one attempt: the median, and the 95th percentile of at least
/// 72 requests. Tokens per second is the median of (tokens − 1)/(duration − TTFT). WASTED is the cost of calls
/// whose answer was not used. Costs include only calls with a known price.
#[derive(Debug, Clone, Args)]
pub(crate) struct StatsArgs {
    /// Include only the last N days
    #[arg(long, value_name = "N", conflicts_with = "since", value_parser = clap::value_parser!(u32).range(1..))]
    pub days: Option<u32>,

    /// Include only requests since a date (`2026-11-22`) or a time ago (`12h`, `7d`)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,

    /// Group the figures by these fields
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',', default_values = ["deployment", "day"])]
    pub by: Vec<By>,

    /// Print JSON, one object per line
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,

    /// Print CSV with a heading
    #[arg(long)]
    pub csv: bool,
}

/// The grouping of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Deployment that was called
    Deployment,
    /// Local date of the request
    Day,
    /// Group of the request
    Group,
}

/// Runs the command on the console.
///
/// # Errors
/// `usage` if a time is not valid, `other` if the log cannot be read, `output` if the
/// figures cannot be printed.
pub(crate) fn run(args: &StatsArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let zone = TimeZone::system();
    let since = since(args, env.now, &zone)?;
    let location = state_location::log_location(global, env)?;
    let entries = match History::open(&location).and_then(|history| history.since(since)) {
        Ok(entries) => entries,
        Err(empty @ HistoryError::Empty(_)) => {
            console.event(&empty.to_string());
            return Ok(Exit::Success);
        }
        Err(error) => return Err(error.into()),
    };
    let rows = rows(&entries, &args.by, &zone);
    if rows.is_empty() {
        console.event("no call was logged in this time");
        return Ok(Exit::Success);
    }
    let text = if args.json {
        rows.iter().map(|row| format!("{}\n", sanitize::json(&row.json(&args.by).to_string()))).collect()
    } else if args.csv {
        render::csv(&rows, &args.by)
    } else {
        render::table(&rows, &args.by, ui::table::width(env, console))
    };
    console.data(&text).map(|()| Exit::Success).or_else(|error| crate::commands::ask::unwritable(&error))
}

/// One row for each combination of groupings, in the order of their names.
fn rows(entries: &[LogEntry], by: &[By], zone: &TimeZone) -> Vec<Row> {
    let key = |entry: &LogEntry, deployment: &str| -> Vec<String> {
        let part = |by: &By| match by {
            By::Deployment => deployment.to_owned(),
            By::Day => text::date(entry.start.at, zone),
            By::Group => entry.start.group.clone(),
        };
        by.iter().map(part).collect()
    };
    stats(entries, key).into_iter().map(|(names, stats)| Row { names, stats }).collect()
}

/// The time of the earliest call that counts.
fn since(args: &StatsArgs, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, CommandError> {
    const DAY: i64 = 24 * 3600 * 1000;
    if let Some(days) = args.days {
        return Ok(Timestamp(now.0.saturating_sub(i64::from(days).saturating_mul(DAY))));
    }
    let Some(typed) = args.since.as_deref() else { return Ok(Timestamp(0)) };
    if let Ok(date) = typed.parse::<jiff::civil::Date>()
        && let Ok(start) = date.to_zoned(zone.clone())
    {
        return Ok(Timestamp(start.timestamp().as_millisecond()));
    }
    match duration::parse(typed) {
        Ok(span) => Ok(Timestamp(now.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))),
        Err(_) => {
            Err(CommandError::new(ErrorKind::Usage, format!("`--since {typed}` is neither a date nor a time ago"))
                .hint("a date is like `2026-11-22`, a time ago like `12h` or `7d`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(days: Option<u32>, since: Option<&str>) -> StatsArgs {
        let since = since.map(str::to_owned);
        StatsArgs { days, since, by: vec![By::Deployment], json: false, csv: false }
    }

    #[test]
    fn a_beginning_is_a_date_or_a_time_ago() {
        let now = Timestamp(10 * 24 * 3600 * 1000);
        let check = |days, typed, want: i64| {
            assert_eq!(since(&args(days, typed), now, &TimeZone::UTC).unwrap(), Timestamp(want));
        };
        check(None, None, 0);
        check(Some(1), None, 9 * 24 * 3600 * 1000);
        check(None, Some("1970-01-03"), 2 * 24 * 3600 * 1000);
        check(None, Some("12h"), 19 * 12 * 3600 * 1000);
        let error = since(&args(None, Some("tomorrow")), now, &TimeZone::UTC).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage);
    }
}
