//! The metrics: their names, units and definitions. What a call says of them is `call_metrics`'s concern.

use serde::{Deserialize, Serialize};

/// What is measured. Names clash between tools: one's ITL is another's TPOT, hence a definition beside each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// To resolve the name of the host.
    DnsMs,
    /// To open the TCP connection.
    TcpMs,
    /// To agree on TLS.
    TlsMs,
    /// To the head of the reply.
    HeadMs,
    /// To the first token.
    TtftMs,
    /// To the first token of the answer itself.
    FirstAnswerMs,
    /// Between two chunks.
    GapMs,
    /// Between two tokens, chunks divided by their bytes.
    TokenGapMs,
    /// Per output token after the first piece.
    TpotMs,
    /// To the last token.
    E2eMs,
    /// Output tokens a second while they stream.
    TokensPerS,
    /// Characters a second while they stream.
    CharsPerS,
    /// To the first token, from the moment of sending: open loops only, where TTFT counts from the intended start.
    ServiceTtftMs,
    /// To the last token, from the moment of sending: open loops only.
    ServiceE2eMs,
}

impl Metric {
    /// All of them, in the order in which a call meets them.
    pub const ALL: [Self; 14] = [
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

    /// The key in JSON and CSV, unit included.
    #[must_use]
    pub fn key(self) -> &'static str {
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

    /// The name in tables, unit included.
    #[must_use]
    pub fn label(self) -> &'static str {
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

    /// What it is, in a line; `{start}` is what latency counts from.
    #[must_use]
    pub fn definition(self) -> &'static str {
        match self {
            Self::DnsMs => "to resolve the host name, when the connection was opened for the call",
            Self::TcpMs => "to open that connection: one round trip",
            Self::TlsMs => "to agree on TLS on it",
            Self::HeadMs => "{start} to the head of the reply",
            Self::TtftMs => "{start} to the first token, shown reasoning included",
            Self::FirstAnswerMs => "{start} to the first token of the answer itself",
            Self::GapMs => "between two chunks, which may hold several tokens; others call it ITL or TBT",
            Self::TokenGapMs => "the same, a chunk of k tokens (by its bytes) counted as k gaps",
            Self::TpotMs => {
                "(E2E - TTFT) / (output tokens - hidden reasoning - tokens of the first chunk, by its bytes); others call it ITL"
            }
            Self::E2eMs => "{start} to the last token",
            Self::TokensPerS => "1 / TPOT of a call: what one reader sees",
            Self::CharsPerS => "the same in characters: comparable between tokenizers",
            Self::ServiceTtftMs => "first byte sent to the first token; TTFT counts from the intended start",
            Self::ServiceE2eMs => "first byte sent to the last token; E2E counts from the intended start",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_one_in_json() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_string(&metric).unwrap(), format!("\"{}\"", metric.key()));
        }
    }
}
