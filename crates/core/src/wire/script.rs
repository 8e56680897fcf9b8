//! The script of a simulated deployment, sent as the body of a `mock://` request.
//!
//! Only the shape and its parser; the transport plays it, on a clock that this file does not know.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The body of a simulated request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// The model that is simulated.
    pub model: String,
    /// The last user message.
    pub prompt: String,
    /// The caller's token limit; an answer that meets it finishes with `length`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// The kind of fault.
    #[serde(default)]
    pub script: Script,
}

/// The behaviour of a simulated deployment. The same script, seed and call number give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// From the start to the head of the reply.
    #[serde(rename = "latency_us", with = "micros")]
    pub latency: Duration,
    /// From the start to the first token; never before the head.
    #[serde(rename = "ttft_us", with = "micros")]
    pub ttft: Duration,
    /// Between two tokens.
    #[serde(rename = "itl_us", with = "micros")]
    pub itl: Duration,
    /// Length of the answer in tokens (words); the text is repeated or cut to it. At most [`MAX_TOKENS`].
    pub tokens: Option<u32>,
    /// The answer; by default a paragraph that states that it is simulated.
    pub text: Option<String>,
    /// Spread of every duration: the sigma of a log-normal factor whose median is 1 (0: none, 0.3: mild).
    pub jitter: f64,
    /// The seed of jitter and faults.
    pub seed: u64,
    /// A fault and its probability.
    pub faults: Vec<Fault>,
}

/// The longest simulated answer, in tokens.
pub const MAX_TOKENS: u32 = 100_000;

impl Default for Script {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(150),
            ttft: Duration::from_millis(300),
            itl: Duration::from_millis(20),
            tokens: None,
            text: None,
            jitter: 0.0,
            seed: 0,
            faults: Vec::new(),
        }
    }
}

/// Something that goes wrong, with its probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The fault.
    pub what: FaultKind,
    /// Its probability, from 0 to 1.
    pub chance: f64,
}

/// The ways in which a simulated deployment fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An error reply.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
        /// The `retry-after` header of the reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<Duration>,
    },
    /// The head of the reply, and then silence.
    Stall,
    /// The body ends after this many tokens, without a finish.
    CutAfter(u32),
    /// The connection is refused.
    Refuse,
    /// A well-formed answer without text.
    Empty,
    /// A stream whose events violate the protocol.
    Garbage,
    /// The first token (and the head) comes later by this much.
    Slow(Duration),
}

/// The default `Retry-After` of a 429.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The longest duration that a fault may name.
const LONGEST: Duration = Duration::from_secs(3600);

/// Parses a list of faults: `503@20%, stall@5%, cut@40, slow=2s, 429=10s, refuse`.
///
/// `NAME@P%` is a probability (100 % without it), `cut@N` a number of tokens, `slow=D` a delay,
/// `STATUS=D` the `retry-after` of the reply.
///
/// # Errors
/// Names the entry that is not valid, and the valid forms.
pub fn parse_faults(text: &str) -> Result<Vec<Fault>, String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(parse_fault).collect()
}

fn parse_fault(entry: &str) -> Result<Fault, String> {
    let wrong = |why: String| format!("fault `{entry}`: {why}");
    let mut parts = entry.split('@').map(str::trim);
    let head = parts.next().unwrap_or_default();
    let (mut tokens, mut chance) = (None, None);
    for part in parts {
        match part.strip_suffix('%') {
            Some(percent) if chance.is_none() => chance = Some(parse_chance(percent.trim()).map_err(wrong)?),
            None if tokens.is_none() => tokens = Some(parse_tokens(part).map_err(wrong)?),
            _ => return Err(wrong(format!("`@{part}` is given twice"))),
        }
    }
    let (name, value) = match head.split_once('=') {
        Some((name, value)) => (name.trim(), Some(parse_duration(value.trim()).map_err(wrong)?)),
        None => (head, None),
    };
    let what = parse_kind(name, value, tokens).map_err(wrong)?;
    Ok(Fault { what, chance: chance.unwrap_or(1.0) })
}

fn parse_kind(name: &str, value: Option<Duration>, tokens: Option<u32>) -> Result<FaultKind, String> {
    if let Ok(status) = name.parse::<u16>() {
        if !(400..=599).contains(&status) {
            return Err(format!("status {status} is not an error (400 to 599)"));
        }
        let retry_after = value.or((status == 429).then_some(RETRY_AFTER));
        return no_tokens(tokens).map(|()| FaultKind::Status { status, retry_after });
    }
    match name {
        "slow" => {
            let delay = value.ok_or("needs a delay, as in `slow=2s`")?;
            no_tokens(tokens).map(|()| FaultKind::Slow(delay))
        }
        "stall" | "refuse" | "empty" | "garbage" | "cut" if value.is_some() => Err(format!("`{name}` takes no `=`")),
        "cut" => Ok(FaultKind::CutAfter(tokens.unwrap_or(1))),
        "stall" => no_tokens(tokens).map(|()| FaultKind::Stall),
        "refuse" => no_tokens(tokens).map(|()| FaultKind::Refuse),
        "empty" => no_tokens(tokens).map(|()| FaultKind::Empty),
        "garbage" => no_tokens(tokens).map(|()| FaultKind::Garbage),
        _ => Err(format!("`{name}` is none of STATUS, stall, cut, refuse, empty, garbage, slow")),
    }
}

fn no_tokens(tokens: Option<u32>) -> Result<(), String> {
    tokens.map_or(Ok(()), |count| Err(format!("`@{count}` needs a `%`; only `cut` takes a number of tokens")))
}

fn parse_chance(percent: &str) -> Result<f64, String> {
    match percent.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 100.0 => Ok(value / 100.0),
        _ => Err(format!("`{percent}%` is not a probability above 0 % and up to 100 %")),
    }
}

fn parse_tokens(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(count) if count <= MAX_TOKENS => Ok(count),
        _ => Err(format!("`@{text}` is neither a probability (`@20%`) nor a number of tokens up to {MAX_TOKENS}")),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[digits.len()..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" | "" => 1.0,
        "m" => 60.0,
        _ => f64::NAN,
    };
    let span = digits.parse::<f64>().ok().and_then(|value| Duration::try_from_secs_f64(value * scale).ok());
    match span {
        Some(span) if span <= LONGEST => Ok(span),
        _ => Err(format!("`{text}` is not a duration such as `500ms` or `2s`, one hour at most")),
    }
}

/// Durations as whole microseconds: short to read and exact.
mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[(FaultKind, f64)]) {
        let want: Vec<_> = want.iter().map(|&(what, chance)| Fault { what, chance }).collect();
        assert_eq!(parse_faults(text), Ok(want), "{text}");
    }

    fn check_wrong(text: &str, want: &str) {
        let got = parse_faults(text).expect_err(text);
        assert!(got.contains(want), "`{got}` does not say `{want}`");
    }

    fn status(status: u16, retry_after: Option<u64>) -> FaultKind {
        FaultKind::Status { status, retry_after: retry_after.map(Duration::from_millis) }
    }

    #[test]
    fn a_list_of_faults() {
        check("", &[]);
        check(
            "503@20%, stall@5% ,cut@40",
            &[(status(503, None), 0.2), (FaultKind::Stall, 0.05), (FaultKind::CutAfter(40), 1.0)],
        );
        check("refuse,empty,garbage,", &[(FaultKind::Refuse, 1.0), (FaultKind::Empty, 1.0), (FaultKind::Garbage, 1.0)]);
    }

    #[test]
    fn a_delay() {
        check("slow=2s", &[(FaultKind::Slow(Duration::from_secs(2)), 1.0)]);
        check("slow = 1.5ms @ 50%", &[(FaultKind::Slow(Duration::from_micros(1500)), 0.5)]);
    }

    #[test]
    fn a_429_says_how_long_to_wait() {
        check("429", &[(status(429, Some(1000)), 1.0)]);
        check("429=250ms@0.5%", &[(status(429, Some(250)), 0.005)]);
        check("503=1m", &[(status(503, Some(60_000)), 1.0)]);
    }

    #[test]
    fn a_cut_takes_tokens_and_a_probability_in_either_order() {
        check("cut", &[(FaultKind::CutAfter(1), 1.0)]);
        check("cut@0", &[(FaultKind::CutAfter(0), 1.0)]);
        check("cut@3@10%, cut@10%@3", &[(FaultKind::CutAfter(3), 0.1), (FaultKind::CutAfter(3), 0.1)]);
    }

    #[test]
    fn mistakes_are_named() {
        check_wrong("stal", "`stal` is none of STATUS, stall");
        check_wrong("200", "status 200 is not an error");
        check_wrong("stall@5", "`@5` needs a `%`");
        check_wrong("503@0%", "`0%` is not a probability");
        check_wrong("503@101%", "`101%` is not a probability");
        check_wrong("503@NaN%", "`NaN%` is not a probability");
        check_wrong("503@1%@2%", "`@2%` is given twice");
        check_wrong("cut@x", "neither a probability");
        check_wrong("cut@100001", "up to 100000");
        check_wrong("cut=3", "`cut` takes no `=`");
        check_wrong("stall=1s", "`stall` takes no `=`");
        check_wrong("slow", "needs a delay");
        check_wrong("slow=-1s", "is not a duration");
        check_wrong("slow=2h", "is not a duration");
        check_wrong("slow=3601", "one hour at most");
    }

    #[test]
    fn a_simulation_survives_its_journey() {
        let script = Script {
            itl: Duration::from_micros(500),
            tokens: Some(9),
            jitter: 0.25,
            faults: parse_faults("429=2s@20%,stall,cut@4,refuse,empty,garbage,slow=1s").unwrap(),
            ..Script::default()
        };
        let sent = Simulation { model: "m".into(), prompt: "\u{0}é\"".into(), max_tokens: Some(3), script };
        let body = serde_json::to_vec(&sent).unwrap();
        assert_eq!(serde_json::from_slice::<Simulation>(&body).unwrap(), sent);
    }
}
