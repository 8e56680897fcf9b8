//! The protocol `openai`.

use super::{Adapter, Decode, Encoded, Endpoint};
use crate::model::{Class, Event, Failure, Prompt, Secret};
use crate::wire::{ErrorReply, Frame, Framing};

/// The adapter.
pub struct Openai;

impl Adapter for Openai {
    fn encode(&self, _to: &Endpoint, _key: Option<&Secret>, _prompt: &Prompt) -> Result<Encoded, Failure> {
        Err(Failure::new(Class::Unsupported, ""))
    }
    fn framing(&self) -> Framing {
        Framing::Sse
    }
    fn decoder(&self, _to: &Endpoint) -> Box<dyn Decode> {
        Box::new(Decoder)
    }
    fn classify(&self, _to: &Endpoint, _reply: &ErrorReply<'_>) -> Failure {
        Failure::new(Class::ServerError, "")
    }
}

struct Decoder;

impl Decode for Decoder {
    fn frame(&mut self, _frame: &Frame, _out: &mut Vec<Event>) -> Result<(), Failure> {
        Ok(())
    }
    fn whole(&mut self, _body: &[u8], _out: &mut Vec<Event>) -> Result<(), Failure> {
        Ok(())
    }
    fn end(&mut self, _out: &mut Vec<Event>) -> Result<(), Failure> {
        Ok(())
    }
}
