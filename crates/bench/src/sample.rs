//! The sample of one measured call: its times, chunks, tokens, cost and failure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use llmroute_core::model::Usage;

/// One call to one target. Retries and fallbacks are off, so a failure is a sample too.
///
/// Times within a call count from [`sent`](Self::sent). In JSON, every duration is a number of microseconds with
/// a fraction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Position of the target in the plan.
    pub target: usize,
    /// The round of the call. Calls of one round are compared with each other. In an open loop, the number of the
    /// arrival.
    pub round: u32,
    /// The intended start, counted from the start of the run.
    #[serde(rename = "due_us", with = "us")]
    pub due: Duration,
    /// The time at which the kernel received the first byte, counted from the start of the run. In a closed loop it
    /// practically equals `due`; in an open loop it is later by the wait for a slot and by the lateness of the client.
    #[serde(rename = "sent_us", with = "us")]
    pub sent: Duration,
    /// The origin of the connection. Connection times are not part of the other times, except where opening the
    /// connection is what failed.
    pub connection: Connection,
    /// Time to the head of the reply.
    #[serde(rename = "head_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Duration>,
    /// Time to the first token, reasoning included (TTFT).
    #[serde(rename = "ttft_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Duration>,
    /// Time to the first token of the answer itself; later than `first_token` if the model shows its reasoning.
    #[serde(rename = "first_answer_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub first_answer: Option<Duration>,
    /// Time to the last token (E2E) or, for a failure, to its detection.
    #[serde(rename = "e2e_us", with = "us")]
    pub end: Duration,
    /// The chunks after the first one, in order. A chunk may hold several tokens.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// Bytes of text and reasoning in the first chunk. Together with those in `gaps` they are the whole answer.
    pub first_bytes: u32,
    /// Characters of text and shown reasoning; unlike tokens, they are comparable between tokenizers.
    pub chars: u64,
    /// Characters of shown reasoning, included in [`chars`](Self::chars).
    #[serde(default)]
    pub reasoning_chars: u64,
    /// Token usage: counted by the server, or estimated.
    pub usage: TokenUsage,
    /// Cost by the known price, USD; `None` if the price is unknown or nothing was billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The longest delay between the kernel's receive timestamp and the read; only where both are known.
    #[serde(rename = "read_lag_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub read_lag: Option<Duration>,
    /// The wall clock stepped during the call, so its times are meaningless.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock_stepped: bool,
    /// The provider's request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The failure, if the answer is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CallFailure>,
}

/// The origin of a call's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Open before the call started: opened in advance or reused.
    Warm,
    /// Opened for this call, with these times.
    Cold(Handshake),
    /// Unknown, for example at a simulated deployment.
    Unknown,
}

/// The times of opening a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// Name resolution; `None` for an IP address.
    #[serde(rename = "dns_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Duration>,
    /// The TCP handshake: one round trip, to the proxy if there is one.
    #[serde(rename = "tcp_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Duration>,
    /// The TLS handshake; `None` for plain HTTP.
    #[serde(rename = "tls_us", with = "maybe_us", default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Duration>,
}

/// A chunk of the answer after the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Time since the previous chunk.
    #[serde(rename = "us", with = "us")]
    pub after: Duration,
    /// Bytes of text and reasoning; a chunk may hold several tokens.
    pub bytes: u32,
    /// Read together with the previous chunk, so its arrival time is unknown. Figures of gaps give it an equal part
    /// of the time since the previous read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub coalesced: bool,
}

/// The token usage of a call, with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUsage {
    /// Counted by the server.
    Counted(Usage),
    /// Estimated from characters, because the server sent no usage.
    Estimated(Usage),
}

impl TokenUsage {
    /// Returns the counts, whatever their source.
    #[must_use]
    pub fn usage(&self) -> &Usage {
        match self {
            Self::Counted(usage) | Self::Estimated(usage) => usage,
        }
    }
}

/// A failed call. A truncated stream, an error within it, and an empty answer are failures too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallFailure {
    /// The class, with its kind if it has one: `rate_limit`, `timeout/first_token`, `connection/refused`.
    pub class: String,
    /// The HTTP status, if there was a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// One line from the server or the network, with secrets removed.
    pub message: String,
}

impl Sample {
    /// Reports whether the answer is complete and its times are valid.
    #[must_use]
    pub(crate) fn is_good(&self) -> bool {
        self.failure.is_none() && !self.clock_stepped
    }

    /// Reports whether the model showed any reasoning. Reasoning may share a read with the answer, so times alone do not
    /// tell. Saved runs that lack the count of reasoning characters are judged by their times.
    #[must_use]
    pub fn shows_reasoning(&self) -> bool {
        let came_before = |first: Duration| self.first_answer.is_none_or(|answer| first < answer);
        self.reasoning_chars > 0 || self.first_token.is_some_and(came_before)
    }

    /// The delay between the intended and the actual start.
    #[must_use]
    pub(crate) fn lateness(&self) -> Duration {
        self.sent.saturating_sub(self.due)
    }

    /// Time to the first token from the intended start.
    #[must_use]
    pub fn ttft(&self) -> Option<Duration> {
        self.first_token.map(|span| span + self.lateness())
    }

    /// Time to the last token from the intended start.
    #[cfg(test)]
    pub(crate) fn e2e(&self) -> Duration {
        self.end + self.lateness()
    }
}

/// Durations as microseconds with a fraction, exact to the nanosecond.
mod us {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::cast_precision_loss, reason = "a run is shorter than 2^52 ns, which is 52 days")]
    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.as_nanos() as f64 / 1e3)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let micros = f64::deserialize(from)?;
        let nanos = (micros * 1e3).round() / 1e9;
        Duration::try_from_secs_f64(nanos).map_err(serde::de::Error::custom)
    }
}

mod maybe_us {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::us::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
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
    fn a_sample_survives_serialization() {
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
