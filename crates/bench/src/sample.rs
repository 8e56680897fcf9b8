//! What is known of one measured call; not how it was measured, nor what many of them mean.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use llmroute_core::model::Usage;

/// One call to one target. Retries and fallbacks are off: a failure is a datum, too.
///
/// Times inside of a call count from [`sent`](Self::sent). In JSON every duration is a number of
/// microseconds, with fractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Position of the target in the plan.
    pub target: usize,
    /// The round that the call belongs to; calls of one round are compared with each other. In an open
    /// loop, the number of the arrival.
    pub round: u32,
    /// When the call was to start, from the start of the run.
    #[serde(rename = "due_us", with = "us")]
    pub due: Duration,
    /// When its first byte was handed to the kernel, from the start of the run. Later than `due` in a
    /// closed loop by nothing that counts, in an open loop by the wait for a free slot or our own lateness.
    #[serde(rename = "sent_us", with = "us")]
    pub sent: Duration,
    /// How its connection came about; never a part of the other times unless the connection is what is measured.
    pub connection: Connection,
    /// To the head of the reply.
    #[serde(rename = "head_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Duration>,
    /// To the first content or reasoning token (TTFT).
    #[serde(rename = "ttft_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Duration>,
    /// To the first token of the answer itself; later than `first_token` where a model shows its reasoning.
    #[serde(rename = "first_answer_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub first_answer: Option<Duration>,
    /// To the last token, or, for a failure, to the moment at which it was known (E2E).
    #[serde(rename = "e2e_us", with = "us")]
    pub end: Duration,
    /// The pieces in which tokens came after the first one, in order: chunks, not tokens.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// Bytes of text and reasoning in the first piece; with those in `gaps`, the whole answer.
    pub first_bytes: u32,
    /// Characters of text and shown reasoning: comparable between tokenizers, unlike tokens.
    pub chars: u64,
    /// Characters of shown reasoning, which are among [`chars`](Self::chars).
    #[serde(default)]
    pub reasoning_chars: u64,
    /// What the server says was consumed, or our estimate.
    pub usage: TokenUsage,
    /// What it cost by the price known for the target, USD; nothing when no price is known or nothing was billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// From the kernel's receive stamp to our own read, the longest of the call; only where both are known.
    #[serde(rename = "read_lag_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub read_lag: Option<Duration>,
    /// Whether the wall clock stepped during the call, so that its times mean nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock_stepped: bool,
    /// The provider's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why there is no whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CallFailure>,
}

/// How the connection of a call came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// It was open before the clock started, fresh or from an earlier call.
    Warm,
    /// It was opened for this call, and these are its times.
    Cold(Handshake),
    /// Nothing is known: a simulated deployment.
    Unknown,
}

/// What it takes to open a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// To resolve the name; nothing for an address.
    #[serde(rename = "dns_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Duration>,
    /// To open the TCP connection: one round trip, to the proxy where one stands between.
    #[serde(rename = "tcp_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Duration>,
    /// To agree on TLS; nothing for plain HTTP.
    #[serde(rename = "tls_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Duration>,
}

/// A piece of the answer after the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Since the piece before it.
    #[serde(rename = "us", with = "us")]
    pub after: Duration,
    /// Bytes of text and reasoning in it: several tokens may come in one piece.
    pub bytes: u32,
    /// Read together with the piece before it, so that its own time is not known; figures of gaps give it an
    /// equal part of the time since the read before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub coalesced: bool,
}

/// What a call consumed, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUsage {
    /// The server counted.
    Counted(Usage),
    /// The server said nothing: our estimate from characters.
    Estimated(Usage),
}

impl TokenUsage {
    /// The counts, whoever made them.
    #[must_use]
    pub fn usage(&self) -> &Usage {
        match self {
            Self::Counted(usage) | Self::Estimated(usage) => usage,
        }
    }
}

/// Why a call has no whole answer: a truncated stream, an error inside of it and an empty answer count as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallFailure {
    /// The class, with its kind where it has one: `rate_limit`, `timeout/first_token`, `connection/refused`.
    pub class: String,
    /// The HTTP status, when there was a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the server or the network said: one line, without secrets.
    pub message: String,
}

impl Sample {
    /// Whether a whole answer came, at times that mean something.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failure.is_none() && !self.clock_stepped
    }

    /// Whether the model showed its reasoning, or some of it; it may share a read with the answer, so times
    /// alone do not tell. Of samples that were kept before characters of reasoning were counted, the times do.
    #[must_use]
    pub fn shows_reasoning(&self) -> bool {
        let came_before = |first: Duration| self.first_answer.is_none_or(|answer| first < answer);
        self.reasoning_chars > 0 || self.first_token.is_some_and(came_before)
    }

    /// How late the call was sent.
    #[must_use]
    pub fn lateness(&self) -> Duration {
        self.sent.saturating_sub(self.due)
    }

    /// Time to first token from the intended start: what a client that arrived then would have waited.
    #[must_use]
    pub fn ttft(&self) -> Option<Duration> {
        self.first_token.map(|span| span + self.lateness())
    }

    /// Time to the last token from the intended start.
    #[must_use]
    pub fn e2e(&self) -> Duration {
        self.end + self.lateness()
    }
}

/// Durations as microseconds with fractions: short to read, and exact to the nanosecond.
mod us {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::cast_precision_loss, reason = "a run is shorter than 2^52 ns, which is 52 days")]
    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.as_nanos() as f64 / 1e3)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let micros = f64::deserialize(from)?;
        let nanos = (micros * 1e3).round() / 1e9;
        Duration::try_from_secs_f64(nanos).map_err(serde::de::Error::custom)
    }
}

mod maybe_us {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::us::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let Some(micros) = Option::<f64>::deserialize(from)? else { return Ok(None) };
        let nanos = (micros * 1e3).round() / 1e9;
        Duration::try_from_secs_f64(nanos).map(Some).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        Sample {
            target: 1,
            round: 7,
            due: Duration::from_millis(10),
            sent: Duration::from_nanos(10_500_001),
            connection: Connection::Cold(Handshake { dns: None, tcp: Some(Duration::from_micros(80)), tls: None }),
            head: Some(Duration::from_millis(1)),
            first_token: Some(Duration::from_millis(200)),
            first_answer: Some(Duration::from_millis(200)),
            end: Duration::from_millis(900),
            gaps: vec![Gap { after: Duration::from_nanos(20_000_123), bytes: 4, coalesced: true }],
            first_bytes: 3,
            chars: 7,
            reasoning_chars: 2,
            usage: TokenUsage::Estimated(Usage::default()),
            cost_usd: Some(0.5),
            read_lag: None,
            clock_stepped: false,
            request_id: None,
            failure: None,
        }
    }

    #[test]
    fn a_sample_survives_its_journey() {
        let text = serde_json::to_string(&sample()).unwrap();
        assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), sample(), "{text}");
        assert!(text.contains("\"sent_us\":10500.001"), "{text}");
    }

    #[test]
    fn latency_counts_from_the_intended_start() {
        assert_eq!(sample().ttft(), Some(Duration::from_nanos(200_500_001)));
        assert_eq!(sample().e2e(), Duration::from_nanos(900_500_001));
    }
}
