//! One row per call, for spreadsheets and data frames (RFC 4180).

use crate::record::Run;
use crate::sample::{Connection, Sample, TokenUsage};
use crate::summary::{Metric, Summary, hidden_reasoning_tokens, latency_origin, millis, value};

/// A column: its name and its cell.
type CsvColumn = (&'static str, fn(&Run, &Sample) -> String);

const COLUMNS: [CsvColumn; 32] = [
    ("deployment", |run, sample| target(run, sample).name.clone()),
    ("model", |run, sample| target(run, sample).model.clone()),
    ("round", |_, sample| sample.round.to_string()),
    ("due_ms", |_, sample| time(millis(sample.due))),
    ("sent_ms", |_, sample| time(millis(sample.sent))),
    ("lateness_ms", |_, sample| time(millis(sample.lateness()))),
    ("connection", |_, sample| connection(sample).to_owned()),
    ("dns_ms", |run, sample| metric(run, sample, Metric::DnsMs)),
    ("tcp_ms", |run, sample| metric(run, sample, Metric::TcpMs)),
    ("tls_ms", |run, sample| metric(run, sample, Metric::TlsMs)),
    ("head_ms", |run, sample| metric(run, sample, Metric::HeadMs)),
    ("ttft_ms", |run, sample| metric(run, sample, Metric::TtftMs)),
    ("first_answer_ms", |run, sample| metric(run, sample, Metric::FirstAnswerMs)),
    ("e2e_ms", |run, sample| metric(run, sample, Metric::E2eMs)),
    ("tpot_ms", |run, sample| metric(run, sample, Metric::TpotMs)),
    ("tokens_per_s", |run, sample| metric(run, sample, Metric::TokensPerS)),
    ("chars_per_s", |run, sample| metric(run, sample, Metric::CharsPerS)),
    ("chunks", |_, sample| (sample.gaps.len() + usize::from(sample.first_token.is_some())).to_string()),
    ("coalesced", |_, sample| sample.gaps.iter().filter(|gap| gap.coalesced).count().to_string()),
    ("chars", |_, sample| sample.chars.to_string()),
    ("input_tokens", |_, sample| sample.usage.usage().input.to_string()),
    ("output_tokens", |_, sample| sample.usage.usage().output.to_string()),
    ("cached_tokens", |_, sample| sample.usage.usage().cached.to_string()),
    ("reasoning_tokens", |_, sample| sample.usage.usage().reasoning.to_string()),
    ("hidden_tokens", |_, sample| hidden_reasoning_tokens(sample).to_string()),
    ("tokens_by", |_, sample| counted_by(sample).to_owned()),
    ("cost_usd", |_, sample| sample.cost_usd.map(|usd| usd.to_string()).unwrap_or_default()),
    ("clock_stepped", |_, sample| sample.clock_stepped.to_string()),
    ("request_id", |_, sample| sample.request_id.clone().unwrap_or_default()),
    ("failure", |_, sample| sample.failure.as_ref().map(|fault| fault.class.clone()).unwrap_or_default()),
    ("status", |_, sample| status(sample)),
    ("message", |_, sample| sample.failure.as_ref().map(|fault| fault.message.clone()).unwrap_or_default()),
];

/// Renders every call in the order of their ends, after a line of column names.
#[must_use]
pub fn csv(run: &Run, _: &Summary) -> String {
    let mut text = line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    for sample in &run.samples {
        text += &line(COLUMNS.iter().map(|(_, cell)| quoted(&cell(run, sample))));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// Quotes a cell if necessary; an apostrophe keeps spreadsheets from reading it as a formula.
fn quoted(cell: &str) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    let guard = if !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let cell = format!("{guard}{cell}");
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

fn target<'a>(run: &'a Run, sample: &Sample) -> &'a crate::plan::Target {
    &run.plan.targets[sample.target]
}

/// A failed call has no latencies; the time to its failure is in the JSON.
fn metric(run: &Run, sample: &Sample, metric: Metric) -> String {
    let value = value(sample, metric, latency_origin(&run.plan)).filter(|_| sample.is_good());
    value.map(time).unwrap_or_default()
}

fn time(value: f64) -> String {
    format!("{value:.3}")
}

fn connection(sample: &Sample) -> &'static str {
    match sample.connection {
        Connection::Warm => "warm",
        Connection::Cold(_) => "cold",
        Connection::Unknown => "unknown",
    }
}

fn counted_by(sample: &Sample) -> &'static str {
    match sample.usage {
        TokenUsage::Counted(_) => "server",
        TokenUsage::Estimated(_) => "estimate",
    }
}

fn status(sample: &Sample) -> String {
    let status = sample.failure.as_ref().and_then(|fault| fault.status);
    status.map(|status| status.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_stay_within_their_cell() {
        for (cell, want) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1"),
            ("-5.2", "-5.2"),
        ] {
            assert_eq!(quoted(cell), want);
        }
    }
}
