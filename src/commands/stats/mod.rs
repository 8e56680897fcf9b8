//! `llmroute stats`: figures of the logged calls, by deployment, day, tag, ….

mod render;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use self::render::Row;
use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::logs::filter::{TIME_HINT, moment};
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::state_location;
use crate::ui;
use crate::ui::console::Console;
use crate::ui::sanitize;
use crate::ui::text;
use llmroute_core::model::Timestamp;
pub(crate) use llmroute_router::history::{CallStats, History, HistoryError, LoggedAttempt, LoggedRequest, StatsByKey};

/// Show statistics of the logged calls: success, failovers, speed, tokens and cost
///
/// A call is one attempt: a request that failed over counts once for each deployment that was called. A request
/// that failed before any call counts as a failure of its own (NOT CALLED). TTFT is the time to the first token of
/// requests with one attempt: the median, and the 95th percentile of at least 72 requests. Tokens per second is the
/// median of (tokens − 1)/(duration − TTFT). COST is the known cost of all calls, as providers bill them; WASTED is
/// the part for calls whose answer was not used. UNPRICED counts billed calls whose cost is unknown.
#[derive(Debug, Clone, Args)]
pub(crate) struct StatsArgs {
    /// Include only the last N days
    #[arg(long, value_name = "N", conflicts_with = "since", value_parser = clap::value_parser!(u32).range(1..))]
    pub days: Option<u32>,

    /// Include only requests since this time: `2h` ago, or a date like `2026-11-01` or `2026-11-01T09:30`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Include only requests before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Include only requests with this label
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,

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
    /// Model that was called
    Model,
    /// Local date of the request
    Day,
    /// Group of the request
    Group,
    /// Each label of the request; one with two labels counts under both
    Tag,
    /// End user of the request
    User,
}

/// The name of a row in each grouping; `None` where a request has none.
type Names = Vec<Option<String>>;

/// Runs the command on the console.
///
/// # Errors
/// `usage` if a time is not valid, `other` if the log cannot be read, `output` if the
/// figures cannot be printed.
pub(crate) fn run(args: &StatsArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let zone = TimeZone::system();
    let span = span(args, env.now, &zone)?;
    let location = state_location::log_location(global, env)?;
    let (rows, total) = match History::open(&location).and_then(|history| figures(&history, args, span, &zone)) {
        Ok(figures) => figures,
        Err(empty @ HistoryError::Empty(_)) => {
            console.event(&empty.to_string());
            return Ok(Exit::Success);
        }
        Err(error) => return Err(error.into()),
    };
    if rows.is_empty() {
        console.event("no call was logged in this time");
        return Ok(Exit::Success);
    }
    let text = if args.json {
        rows.iter().map(|row| format!("{}\n", sanitize::json(&row.json(&args.by).to_string()))).collect()
    } else if args.csv {
        render::csv(&rows, &args.by)
    } else {
        render::table(&rows, &total, &args.by, ui::table::width(env, console))
    };
    if total.unpriced > 0 {
        let count = text::count(usize::try_from(total.unpriced).unwrap_or(usize::MAX), "billed call");
        console.event(&format!("the cost of {count} is unknown, so the costs are lower bounds"));
    }
    console.data(&text).map(|()| Exit::Success).or_else(|error| crate::commands::ask::unwritable(&error))
}

/// One row for each combination of groupings, in the order of their names, and the total.
fn figures(
    history: &History,
    args: &StatsArgs,
    [since, until]: [Timestamp; 2],
    zone: &TimeZone,
) -> Result<(Vec<Row>, CallStats), HistoryError> {
    let mut rows = StatsByKey::default();
    let mut total = StatsByKey::default();
    history.visit(since, until, &mut |request| {
        if args.tag.as_ref().is_none_or(|tag| request.tags.contains(tag)) {
            let day = args.by.contains(&By::Day).then(|| text::date(request.at, zone));
            rows.count(&request, |request, attempt| names(&args.by, request, attempt, day.as_ref()));
            total.count(&request, |_, _| vec![()]);
        }
    })?;
    let rows = rows.0.into_iter().map(|(names, stats)| Row { names, stats }).collect();
    Ok((rows, total.0.into_values().next().unwrap_or_default()))
}

/// The rows that a call of `request` belongs to: one, or one for each tag.
fn names(by: &[By], request: &LoggedRequest, attempt: Option<&LoggedAttempt>, day: Option<&String>) -> Vec<Names> {
    let mut rows: Vec<Names> = vec![Vec::with_capacity(by.len())];
    for by in by {
        let name = match by {
            By::Deployment => attempt.and_then(|attempt| attempt.deployment.clone()),
            By::Model => attempt.and_then(model),
            By::Day => day.cloned(),
            By::Group => Some(request.group.clone()),
            By::User => request.user.clone(),
            By::Tag if request.tags.len() > 1 => {
                let with = |row: &Names, tag: &String| [row.as_slice(), &[Some(tag.clone())]].concat();
                let with_tags = |row: &Names| request.tags.iter().map(|tag| with(row, tag)).collect::<Vec<Names>>();
                rows = rows.iter().flat_map(with_tags).collect();
                continue;
            }
            By::Tag => request.tags.first().cloned(),
        };
        rows.iter_mut().for_each(|row| row.push(name.clone()));
    }
    rows
}

/// The model of a call. Early versions of the log have only the name of the deployment, `PROVIDER/MODEL`.
fn model(attempt: &LoggedAttempt) -> Option<String> {
    attempt.model.clone().or_else(|| {
        let deployment = attempt.deployment.as_ref()?;
        Some(deployment.split_once('/').map_or(deployment.as_str(), |(_, model)| model).to_owned())
    })
}

/// The time of the earliest request that counts, and of the first one that is too late.
fn span(args: &StatsArgs, now: Timestamp, zone: &TimeZone) -> Result<[Timestamp; 2], CommandError> {
    const DAY: i64 = 24 * 3600 * 1000;
    let time = |flag: &str, typed: &Option<String>| {
        let typed = typed.as_deref();
        let unclear = |typed: &str| {
            CommandError::new(ErrorKind::Usage, format!("`{flag} {typed}` is not a time")).hint(TIME_HINT)
        };
        typed.map(|typed| moment(typed, now, zone).ok_or_else(|| unclear(typed))).transpose()
    };
    let since = match args.days {
        Some(days) => Some(Timestamp(now.0.saturating_sub(i64::from(days).saturating_mul(DAY)))),
        None => time("--since", &args.since)?,
    };
    let until = time("--until", &args.until)?;
    Ok([since.unwrap_or(Timestamp(i64::MIN)), until.unwrap_or(Timestamp(i64::MAX))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(days: Option<u32>, since: Option<&str>) -> StatsArgs {
        let since = since.map(str::to_owned);
        StatsArgs { days, since, until: None, tag: None, by: vec![By::Deployment], json: false, csv: false }
    }

    #[test]
    fn a_beginning_is_a_date_or_a_time_ago() {
        let now = Timestamp(10 * 24 * 3600 * 1000);
        let check = |days, typed, want: i64| {
            assert_eq!(span(&args(days, typed), now, &TimeZone::UTC).unwrap()[0], Timestamp(want));
        };
        check(None, None, i64::MIN);
        check(Some(1), None, 9 * 24 * 3600 * 1000);
        check(None, Some("1970-01-03"), 2 * 24 * 3600 * 1000);
        check(None, Some("12h"), 19 * 12 * 3600 * 1000);
        let error = span(&args(None, Some("tomorrow")), now, &TimeZone::UTC).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage);
    }

    #[test]
    fn a_request_with_two_tags_is_in_two_rows() {
        let request = LoggedRequest {
            group: "g".to_owned(),
            tags: vec!["a".to_owned(), "b".to_owned()],
            ..LoggedRequest::default()
        };
        let some = |name: &str| Some(name.to_owned());
        let want = vec![vec![some("g"), some("a"), None], vec![some("g"), some("b"), None]];
        assert_eq!(names(&[By::Group, By::Tag, By::User], &request, None, None), want);
    }
}
