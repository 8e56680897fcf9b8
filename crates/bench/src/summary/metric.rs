//! The metrics: their keys, labels and definitions.

use serde::{Deserialize, Serialize};

/// A metric. Names differ between tools (one tool's ITL is another's TPOT), so each has a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Name resolution.
    DnsMs,
    /// The TCP handshake.
    TcpMs,
    /// The TLS handshake.
    TlsMs,
    /// Time to the head of the reply.
    HeadMs,
    /// Time to the first token.
    TtftMs,
    /// Time to the first token of the answer itself.
    FirstAnswerMs,
    /// Time between two chunks.
    GapMs,
    /// Time between two tokens; chunks are split by their bytes.
    TokenGapMs,
    /// Time per output token after the first chunk.
    TpotMs,
    /// Time to the last token.
    E2eMs,
    /// Output tokens per second while streaming.
    TokensPerS,
    /// Characters per second while streaming.
    CharsPerS,
    /// Time from sending to the first token: open loops only, where TTFT counts from the intended start.
    ServiceTtftMs,
    /// Time from sending to the last token: open loops only.
    ServiceE2eMs,
}

impl Metric {
    /// All metrics, in chronological order within a call.
    pub(crate) const ALL: [Self; 14] = [
        Self::DnsMs,
        Self::TcpMs,
        Self::TlsMs,
        Self::HeadMs,
        Self::TtftMs,
        Self::FirstAnswerMs,
        Self::GapMs,
        Self::TokenGapMs,
        Self::TpotMs,
        Self::E2eMs,
        Self::TokensPerS,
        Self::CharsPerS,
        Self::ServiceTtftMs,
        Self::ServiceE2eMs,
    ];

    /// The key in JSON and CSV, with the unit.
    #[cfg(test)]
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::DnsMs => "dns_ms",
            Self::TcpMs => "tcp_ms",
            Self::TlsMs => "tls_ms",
            Self::HeadMs => "head_ms",
            Self::TtftMs => "ttft_ms",
            Self::FirstAnswerMs => "first_answer_ms",
            Self::GapMs => "gap_ms",
            Self::TokenGapMs => "token_gap_ms",
            Self::TpotMs => "tpot_ms",
            Self::E2eMs => "e2e_ms",
            Self::TokensPerS => "tokens_per_s",
            Self::CharsPerS => "chars_per_s",
            Self::ServiceTtftMs => "service_ttft_ms",
            Self::ServiceE2eMs => "service_e2e_ms",
        }
    }

    /// The label in tables, with the unit.
    #[must_use]
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::DnsMs => "DNS ms",
            Self::TcpMs => "TCP ms",
            Self::TlsMs => "TLS ms",
            Self::HeadMs => "head ms",
            Self::TtftMs => "TTFT ms",
            Self::FirstAnswerMs => "first answer ms",
            Self::GapMs => "ITL (gap) ms",
            Self::TokenGapMs => "gap per token ms",
            Self::TpotMs => "TPOT ms",
            Self::E2eMs => "E2E ms",
            Self::TokensPerS => "tok/s",
            Self::CharsPerS => "chars/s",
            Self::ServiceTtftMs => "service TTFT ms",
            Self::ServiceE2eMs => "service E2E ms",
        }
    }

    /// The definition in one line; `{start}` stands for the start of latency measurements.
    #[must_use]
    pub(crate) fn definition(self) -> &'static str {
        match self {
            Self::DnsMs => "name resolution, for calls that opened their connection",
            Self::TcpMs => "TCP handshake of that connection: one round trip",
            Self::TlsMs => "TLS handshake of that connection",
            Self::HeadMs => "{start} to the head of the reply",
            Self::TtftMs => "{start} to the first token, shown reasoning included",
            Self::FirstAnswerMs => "{start} to the first token of the answer itself",
            Self::GapMs => "time between two chunks, which may hold several tokens; other tools call it ITL or TBT",
            Self::TokenGapMs => "the same, with a chunk of k tokens (by its bytes) counted as k gaps",
            Self::TpotMs => {
                "(E2E - TTFT) / (output tokens - hidden reasoning - tokens of the first chunk, by its bytes); other tools call it ITL"
            }
            Self::E2eMs => "{start} to the last token",
            Self::TokensPerS => "1 / TPOT of a call: the speed for one reader",
            Self::CharsPerS => "the same in characters, which are comparable between tokenizers",
            Self::ServiceTtftMs => "first byte sent to the first token; TTFT counts from the intended start",
            Self::ServiceE2eMs => "first byte sent to the last token; E2E counts from the intended start",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_matches_the_json() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_string(&metric).unwrap(), format!("\"{}\"", metric.key()));
        }
    }
}
