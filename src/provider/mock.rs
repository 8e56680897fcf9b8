//! The protocol `mock`: simulated deployments, for trying things out and for rehearsing a profile.

use super::{Adapter, Decode, Encoded, Endpoint};
use crate::model::{Class, Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Framing};

/// What a simulated deployment does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {}

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
