//! The protocol `mock`: simulated deployments, for trying things out and for rehearsing a profile.

use std::time::Duration;

use super::{Adapter, Decode, Encoded, Endpoint};
use crate::model::{Class, Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Framing};

/// What a simulated deployment does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// Time to the head of the reply.
    pub latency: Duration,
    /// Time from there to the first token.
    pub ttft: Duration,
    /// Time between two tokens.
    pub itl: Duration,
    /// Length of the answer.
    pub tokens: Option<u32>,
    /// The answer.
    pub text: Option<String>,
    /// Spread of the times, as a share of them.
    pub jitter: f64,
    /// Its luck.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault(pub String);

/// Reads a list of faults.
///
/// # Errors
/// What is wrong with it.
pub fn parse_faults(text: &str) -> Result<Vec<Fault>, String> {
    let known = |name: &str| ["stall", "cut", "slow"].iter().any(|fault| name.starts_with(fault));
    let parts = text.split(',').map(str::trim);
    parts
        .map(|part| match part.starts_with(|c: char| c.is_ascii_digit()) || known(part) {
            true => Ok(Fault(part.to_owned())),
            false => Err(format!("unknown fault `{part}`")),
        })
        .collect()
}

/// The adapter.
pub struct Mock;

impl Adapter for Mock {
    fn encode(&self, _to: &Endpoint, _key: Option<&Secret>, _prompt: &Prompt) -> Result<Encoded, Failure> {
        Err(Failure::new(Class::Unsupported, "mock"))
    }
    fn framing(&self) -> Framing {
        Framing::Sse
    }
    fn decoder(&self, to: &Endpoint) -> Box<dyn Decode> {
        super::openai::Openai.decoder(to)
    }
    fn classify(&self, to: &Endpoint, reply: &ErrorReply<'_>) -> Failure {
        super::openai::Openai.classify(to, reply)
    }
}
