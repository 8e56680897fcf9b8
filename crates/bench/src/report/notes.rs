//! The notes of a report: missing quantiles, failures, estimates, cost, and the self-check of the client.

use crate::record::{EndReason, Run};
use crate::stats::quantile::RankedQuantile;
use crate::summary::{ClientSummary, LagStats, Metric, Summary, TargetSummary};
use llmroute_core::model::failure::one_line;

use super::{layout, units};

/// The notes under the table, one sentence or list each.
#[must_use]
pub(crate) fn all(run: &Run, summary: &Summary) -> Vec<String> {
    let targets: Vec<&TargetSummary> = summary.ranking().into_iter().map(|at| &summary.targets[at]).collect();
    let of_each = |what: fn(&TargetSummary) -> Option<String>| -> Vec<String> {
        targets.iter().filter_map(|target| Some(format!("{} {}", layout::name(&target.name), what(target)?))).collect()
    };
    let list = |title: &str, items: Vec<String>| (!items.is_empty()).then(|| format!("{title}: {}", items.join(", ")));
    let mut notes: Vec<String> = missing(&targets);
    notes.extend(list("p95 of TTFT incl. failures, ms", of_each(with_failures)));
    notes.extend(list("failures", of_each(failures)));
    notes.extend(list("network share (TCP handshake, one round trip, of TTFT)", of_each(network)));
    notes.extend(list("cold connections, ms, not part of TTFT", of_each(handshake)));
    notes.extend(list("first token of the answer itself, p50 ms", of_each(first_answer)));
    notes.extend(list("hidden reasoning, tokens per call, not part of TPOT", of_each(hidden)));
    notes.extend(list("~ tokens estimated, because the server does not count them", of_each(estimated)));
    notes.extend(list("input tokens read from the provider's cache", of_each(cached)));
    notes.extend(list("outliers of TTFT, included in all figures", of_each(outliers)));
    notes.extend(list("calls within the objective", of_each(goodput)));
    notes.extend(correlated(summary));
    if is_load(run) {
        notes.extend(list("total output tokens/s", of_each(throughput)));
    }
    notes
}

/// The cost and the self-check of the client.
#[must_use]
pub(crate) fn last(run: &Run, summary: &Summary) -> Vec<String> {
    let unpriced = summary.targets.iter().filter(|target| target.cost.is_none()).count();
    let more = if unpriced > 0 {
        format!(" plus {} without a known price", units::count(unpriced, "deployment"))
    } else {
        String::new()
    };
    let mut lines = vec![format!("spent {}{more}.  {}", units::money(summary.spent), client(&summary.client))];
    lines.extend(summary.client.invalid.iter().map(|complaint| format!("INVALID: {complaint}")));
    lines.extend(summary.client.warnings.iter().map(|complaint| format!("warning: {complaint}")));
    lines.extend(skipped(summary.client.rate_limited));
    lines.extend(ended(run.ended).map(str::to_owned));
    lines
}

/// Describes the client.
#[must_use]
pub(crate) fn client(client: &ClientSummary) -> String {
    let lag = |name: &str, lag: Option<LagStats>| {
        lag.map(|lag| match lag.p99 {
            Some(p99) => format!("{name} p99 {} ms", units::whole(p99)),
            None => format!("{name} at most {} ms", units::whole(lag.max)),
        })
    };
    let parts = [
        lag("late", client.lateness),
        lag("read lag", client.read_lag),
        client.cpu_share.map(|share| format!("cpu {}", units::percent(share))),
    ];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    let verdict = if client.is_valid() { "valid" } else { "INVALID" };
    if known.is_empty() { format!("client: {verdict}") } else { format!("client: {}: {verdict}", known.join(", ")) }
}

/// Counts the starts that rate limits prevented.
fn skipped(starts: u64) -> Option<String> {
    let starts = usize::try_from(starts).ok().filter(|starts| *starts > 0)?;
    Some(format!("skipped: {} while a deployment was rate limiting", units::count(starts, "start")))
}

fn ended(ended: EndReason) -> Option<&'static str> {
    match ended {
        EndReason::Done => None,
        EndReason::Interrupted => Some("interrupted: the report covers the calls until then"),
        EndReason::MaxCost => Some("stopped: another call could have exceeded the cost cap"),
        EndReason::NoTargetLeft => Some("stopped: every deployment failed permanently"),
    }
}

/// Lists the quantiles that some target has too few calls for.
fn missing(targets: &[&TargetSummary]) -> Vec<String> {
    let have: Vec<usize> =
        targets.iter().map(|target| target.figures(Metric::TtftMs).map_or(0, |figures| figures.n)).collect();
    let (Some(least), Some(most)) = (have.iter().min(), have.iter().max()) else { return Vec::new() };
    let have = if least == most { least.to_string() } else { format!("{least}–{most}") };
    let lacking: Vec<String> = [("p90", 0.9), ("p99", 0.99)]
        .into_iter()
        .filter(|(_, q)| *least < crate::stats::quantile::min_sample_size(*q))
        .map(|(name, q)| {
            let needs = crate::stats::quantile::min_sample_size(q);
            format!("{name} needs {needs} good calls (have {have}, {} missing)", needs - least)
        })
        .collect();
    if lacking.is_empty() { Vec::new() } else { vec![lacking.join("; ")] }
}

fn with_failures(target: &TargetSummary) -> Option<String> {
    (target.good < target.calls).then(|| match target.ttft_p95_with_failures {
        RankedQuantile::Value(ms) => units::whole(ms),
        RankedQuantile::Infinite => "∞ (a failure)".to_owned(),
        RankedQuantile::Missing(more) => format!("– (needs {more} more calls)"),
    })
}

fn failures(target: &TargetSummary) -> Option<String> {
    let class = |(class, errors): (&String, &crate::summary::ErrorClass)| {
        format!("{} × {class} \"{}\"", errors.count, layout::cut(&one_line(&errors.example), 60))
    };
    let classes: Vec<String> = target.errors.iter().map(class).collect();
    (!classes.is_empty()).then(|| classes.join(" and "))
}

fn network(target: &TargetSummary) -> Option<String> {
    let (tcp, ttft) = (target.figures(Metric::TcpMs)?.median(), target.figures(Metric::TtftMs)?.median());
    Some(format!("{} of {} ms", units::whole(tcp), units::whole(ttft)))
}

fn handshake(target: &TargetSummary) -> Option<String> {
    let part = |name: &str, metric| Some(format!("{name} {}", units::whole(target.figures(metric)?.median())));
    let parts: Vec<String> = [part("dns", Metric::DnsMs), part("tcp", Metric::TcpMs), part("tls", Metric::TlsMs)]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(" + "))
}

/// Only for models that show their reasoning; otherwise it equals TTFT.
fn first_answer(target: &TargetSummary) -> Option<String> {
    let (answer, first) = (target.figures(Metric::FirstAnswerMs)?, target.figures(Metric::TtftMs)?);
    (answer.mean > first.mean + 0.5).then(|| units::whole(answer.median()))
}

fn hidden(target: &TargetSummary) -> Option<String> {
    let hidden = usize::try_from(target.tokens.hidden).ok().filter(|hidden| *hidden > 0)?;
    Some(units::whole(crate::stats::number(hidden) / crate::stats::number(target.good.max(1))))
}

fn estimated(target: &TargetSummary) -> Option<String> {
    target
        .is_estimated()
        .then(|| format!("({} of {})", units::count(target.tokens.estimated_calls, "call"), target.good))
}

fn cached(target: &TargetSummary) -> Option<String> {
    let total = &target.tokens.total;
    (total.cached > 0).then(|| format!("{} of {}", total.cached, total.input))
}

fn outliers(target: &TargetSummary) -> Option<String> {
    let figures = target.figures(Metric::TtftMs)?;
    (figures.outliers > 0).then(|| format!("{} (up to {} ms)", figures.outliers, units::whole(figures.max)))
}

fn goodput(target: &TargetSummary) -> Option<String> {
    let goodput = target.goodput?;
    let per_s = goodput.per_s.map(|per_s| format!(", {}/s", units::plain(per_s))).unwrap_or_default();
    Some(format!(
        "{} of {} ({} %{per_s})",
        goodput.met,
        target.calls,
        units::share(&goodput.share).replacen('%', " %:", 1)
    ))
}

fn throughput(target: &TargetSummary) -> Option<String> {
    target.output_tokens_per_s.map(units::whole)
}

fn correlated(summary: &Summary) -> Option<String> {
    let count = summary.pairs.iter().filter(|pair| pair.is_correlated()).count();
    (count > 0).then(|| {
        let all = summary.pairs.len();
        format!("consecutive rounds are correlated in {count} of {all} comparisons, so their intervals are wider; a longer run would show more")
    })
}

/// Reports whether calls overlap, so that total throughput is meaningful.
fn is_load(run: &Run) -> bool {
    match run.plan.load {
        crate::plan::Load::Rounds { in_flight, .. } => in_flight > 1,
        crate::plan::Load::Arrivals { .. } => true,
    }
}
