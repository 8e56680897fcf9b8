//! The metrics of a single call, each in its unit.

use std::time::Duration;

use crate::sample::{Connection, Sample};
use crate::stats::number;

use super::metric::Metric;

/// The start of latency measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LatencyOrigin {
    /// The first byte sent: closed loops, which have no earlier intended start.
    FirstByteSent,
    /// The intended start: open loops, where a late start counts as latency (coordinated omission).
    IntendedStart,
}

/// All values of a metric in a call: at most one, except for gaps.
#[must_use]
pub(crate) fn values(sample: &Sample, metric: Metric, from: LatencyOrigin) -> Vec<f64> {
    match metric {
        Metric::GapMs => reads(sample).into_iter().flat_map(|read| read.gaps()).collect(),
        Metric::TokenGapMs => token_gaps(sample),
        metric => value(sample, metric, from).into_iter().collect(),
    }
}

/// The value of a metric in a call; `None` for gaps.
#[must_use]
pub(crate) fn value(sample: &Sample, metric: Metric, from: LatencyOrigin) -> Option<f64> {
    let intended = from == LatencyOrigin::IntendedStart;
    let late = if intended { sample.lateness() } else { Duration::ZERO };
    match metric {
        Metric::DnsMs => handshake(sample)?.dns.map(millis),
        Metric::TcpMs => handshake(sample)?.tcp.map(millis),
        Metric::TlsMs => handshake(sample)?.tls.map(millis),
        Metric::HeadMs => sample.head.map(|head| millis(head + late)),
        Metric::TtftMs => sample.first_token.map(|first| millis(first + late)),
        Metric::FirstAnswerMs => sample.first_answer.map(|first| millis(first + late)),
        Metric::TpotMs => tpot(sample),
        Metric::E2eMs => Some(millis(sample.end + late)),
        Metric::TokensPerS => tpot(sample).filter(|tpot| *tpot > 0.0).map(|tpot| 1e3 / tpot),
        Metric::CharsPerS => chars_per_s(sample),
        Metric::ServiceTtftMs => sample.first_token.filter(|_| intended).map(millis),
        Metric::ServiceE2eMs => intended.then(|| millis(sample.end)),
        Metric::GapMs | Metric::TokenGapMs => None,
    }
}

/// Milliseconds with a fraction.
#[must_use]
pub(crate) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// Reasoning tokens that were billed but not sent; zero if the model shows its reasoning.
#[must_use]
pub(crate) fn hidden_reasoning_tokens(sample: &Sample) -> u64 {
    let usage = sample.usage.usage();
    if sample.shows_reasoning() { 0 } else { usage.reasoning.min(usage.output) }
}

/// Output tokens that were sent.
#[must_use]
pub(crate) fn streamed_tokens(sample: &Sample) -> u64 {
    sample.usage.usage().output - hidden_reasoning_tokens(sample)
}

/// Streamed tokens in a chunk, in proportion to its bytes, at least one.
fn tokens_in(sample: &Sample, bytes: u32) -> f64 {
    let all: f64 = f64::from(sample.first_bytes) + sample.gaps.iter().map(|gap| f64::from(gap.bytes)).sum::<f64>();
    if all <= 0.0 {
        return 1.0;
    }
    (tokens(sample) * f64::from(bytes) / all).round().max(1.0)
}

fn tokens(sample: &Sample) -> f64 {
    usize::try_from(streamed_tokens(sample)).map_or(0.0, number)
}

/// (E2E − TTFT) / (streamed tokens − those in the first chunk).
fn tpot(sample: &Sample) -> Option<f64> {
    let after = tokens(sample) - tokens_in(sample, sample.first_bytes);
    let span = millis(sample.end.saturating_sub(sample.first_token?));
    (after >= 1.0 && span > 0.0).then(|| span / after)
}

fn chars_per_s(sample: &Sample) -> Option<f64> {
    let after: f64 = sample.gaps.iter().map(|gap| f64::from(gap.bytes)).sum();
    let all = after + f64::from(sample.first_bytes);
    let span = sample.end.saturating_sub(sample.first_token?).as_secs_f64();
    let chars = usize::try_from(sample.chars).map_or(0.0, number);
    (after > 0.0 && span > 0.0).then(|| chars * after / all / span)
}

/// A read after the first one, and the chunks that it gave.
struct Read {
    /// The time since the read before it.
    after: Duration,
    chunks: usize,
    bytes: u32,
}

impl Read {
    /// Returns one gap for each chunk. Only their sum was seen, so each gets an equal part of it: a mean over
    /// the gaps is the span divided by the count, however the chunks were read.
    fn gaps(self) -> impl Iterator<Item = f64> {
        std::iter::repeat_n(millis(self.after) / number(self.chunks), self.chunks)
    }
}

/// Returns the reads after the first one. The other chunks of the first read tell nothing of gaps.
fn reads(sample: &Sample) -> Vec<Read> {
    let mut reads: Vec<Read> = Vec::new();
    for gap in &sample.gaps {
        if !gap.coalesced {
            reads.push(Read { after: gap.after, chunks: 1, bytes: gap.bytes });
        } else if let Some(read) = reads.last_mut() {
            read.chunks += 1;
            read.bytes = read.bytes.saturating_add(gap.bytes);
        }
    }
    reads
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive count")]
fn token_gaps(sample: &Sample) -> Vec<f64> {
    let split = |read: Read| {
        let tokens = tokens_in(sample, read.bytes);
        std::iter::repeat_n(millis(read.after) / tokens, tokens as usize)
    };
    reads(sample).into_iter().flat_map(split).collect()
}

fn handshake(sample: &Sample) -> Option<crate::sample::Handshake> {
    match sample.connection {
        Connection::Cold(handshake) => Some(handshake),
        Connection::Warm | Connection::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Gap, TokenUsage};
    use crate::synthetic;
    use llmroute_core::model::Usage;

    /// The first token after 200 ms, then `pieces` chunks of `bytes` bytes, 20 ms apart.
    fn call(output: u64, reasoning: u64, pieces: u64, bytes: u32) -> Sample {
        let usage = Usage { output, reasoning, ..Usage::default() };
        let gap = Gap { after: Duration::from_millis(20), bytes, coalesced: false };
        let gaps = vec![gap; usize::try_from(pieces).unwrap()];
        let end = Duration::from_millis(200 + 20 * pieces);
        Sample { usage: TokenUsage::Counted(usage), gaps, end, first_bytes: 4, ..synthetic::good(0, 0) }
    }

    fn check(sample: &Sample, metric: Metric, want: f64) {
        let got = value(sample, metric, LatencyOrigin::FirstByteSent);
        assert!(got.is_some_and(|got| (got - want).abs() < 1e-9), "{metric:?}: {got:?} is not {want}");
    }

    #[test]
    fn tpot_excludes_the_first_token() {
        check(&call(51, 0, 50, 4), Metric::TpotMs, 20.0);
        check(&call(51, 0, 50, 4), Metric::TokensPerS, 50.0);
    }

    #[test]
    fn tpot_excludes_hidden_reasoning() {
        check(&call(151, 100, 50, 4), Metric::TpotMs, 20.0);
        assert_eq!(
            (hidden_reasoning_tokens(&call(151, 100, 50, 4)), streamed_tokens(&call(151, 100, 50, 4))),
            (100, 51)
        );
    }

    #[test]
    fn tpot_includes_shown_reasoning() {
        let first_answer = Some(Duration::from_millis(900));
        let sample = Sample { first_answer, ..call(151, 100, 150, 4) };
        assert_eq!(hidden_reasoning_tokens(&sample), 0);
        check(&sample, Metric::TpotMs, 20.0);
    }

    #[test]
    fn reasoning_that_shares_a_read_with_the_answer_is_shown() {
        let sample = Sample { reasoning_chars: 400, ..call(151, 100, 150, 4) };
        assert_eq!((sample.first_token == sample.first_answer, hidden_reasoning_tokens(&sample)), (true, 0));
        check(&sample, Metric::TpotMs, 20.0);
    }

    #[test]
    fn a_first_chunk_of_several_tokens_counts_as_several() {
        // 10 chunks of 5 tokens each, including the first: 45 tokens in 9 gaps of 20 ms.
        let sample = Sample { first_bytes: 20, ..call(50, 0, 9, 20) };
        check(&sample, Metric::TpotMs, 180.0 / 45.0);
        assert_eq!(values(&sample, Metric::GapMs, LatencyOrigin::FirstByteSent), vec![20.0; 9]);
        assert_eq!(values(&sample, Metric::TokenGapMs, LatencyOrigin::FirstByteSent), vec![4.0; 45]);
    }

    #[test]
    fn an_answer_of_one_token_has_no_tpot() {
        assert_eq!(value(&call(1, 0, 0, 4), Metric::TpotMs, LatencyOrigin::FirstByteSent), None);
    }

    fn check_gaps(gaps: &[(u64, bool)], want: &[f64]) {
        let gap =
            |(ms, coalesced): &(u64, bool)| Gap { after: Duration::from_millis(*ms), bytes: 4, coalesced: *coalesced };
        let sample = Sample { gaps: gaps.iter().map(gap).collect(), ..call(51, 0, 0, 4) };
        assert_eq!(values(&sample, Metric::GapMs, LatencyOrigin::FirstByteSent), want);
        let tokens = Sample { usage: usage_of(1 + gaps.len() as u64), ..sample };
        assert_eq!(values(&tokens, Metric::TokenGapMs, LatencyOrigin::FirstByteSent), want);
    }

    fn usage_of(output: u64) -> TokenUsage {
        TokenUsage::Counted(Usage { output, ..Usage::default() })
    }

    #[test]
    fn chunks_of_one_read_share_its_gap() {
        check_gaps(&[(20, false), (40, false), (0, true), (20, false)], &[20.0; 4]);
        check_gaps(&[(60, false), (0, true), (0, true)], &[20.0; 3]);
    }

    #[test]
    fn chunks_of_the_first_read_have_no_gap() {
        check_gaps(&[(0, true), (20, false), (20, false)], &[20.0; 2]);
        check_gaps(&[(0, true)], &[]);
    }

    #[test]
    fn coalesced_reads_do_not_bias_the_mean_gap() {
        // Tokens every 20 ms; each third one is read together with the one before it.
        let gaps: Vec<(u64, bool)> = (0..90).map(|index| [(20, false), (40, false), (0, true)][index % 3]).collect();
        let gap =
            |(ms, coalesced): &(u64, bool)| Gap { after: Duration::from_millis(*ms), bytes: 4, coalesced: *coalesced };
        let sample = Sample { gaps: gaps.iter().map(gap).collect(), ..call(91, 0, 0, 4) };
        let all = values(&sample, Metric::GapMs, LatencyOrigin::FirstByteSent);
        assert_eq!((all.len(), all.iter().sum::<f64>() / all.len() as f64), (90, 20.0));
    }

    #[test]
    fn in_an_open_loop_a_late_start_counts_as_latency() {
        let sample = Sample { sent: Duration::from_millis(30), due: Duration::ZERO, ..call(51, 0, 50, 4) };
        assert_eq!(value(&sample, Metric::TtftMs, LatencyOrigin::IntendedStart), Some(230.0));
        assert_eq!(value(&sample, Metric::ServiceTtftMs, LatencyOrigin::IntendedStart), Some(200.0));
        assert_eq!(value(&sample, Metric::ServiceTtftMs, LatencyOrigin::FirstByteSent), None);
    }
}
