//! One parser for every framing, so that whoever reads a stream need not know which it is.

use super::{Frame, FrameError, Framing, event_stream, sse};

impl Framing {
    /// Whether a reply that begins with `start` is a stream of this framing, and not an answer in one
    /// piece; `None` when too little came to tell.
    #[must_use]
    pub fn is_stream(self, start: &[u8]) -> Option<bool> {
        match self {
            Self::Sse => sse::is_stream(start),
            Self::AwsEventStream => event_stream::is_stream(start),
        }
    }

    /// A parser for one reply.
    #[must_use]
    pub fn parser(self) -> Parser {
        match self {
            Self::Sse => Parser::Sse(sse::Parser::default()),
            Self::AwsEventStream => Parser::AwsEventStream(event_stream::Parser::default()),
        }
    }
}

/// Cuts the bytes of one reply into frames.
#[derive(Debug)]
pub enum Parser {
    /// Server-sent events.
    Sse(sse::Parser),
    /// The binary event stream of AWS.
    AwsEventStream(event_stream::Parser),
}

impl Parser {
    /// Takes the next bytes and pushes the frames that they complete.
    ///
    /// # Errors
    /// When the bytes cannot be of this framing.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        match self {
            Self::Sse(parser) => parser.feed(bytes, out),
            Self::AwsEventStream(parser) => parser.feed(bytes, out),
        }
    }

    /// The body ended: pushes the frame that is still open, if the framing lets one be whole so.
    ///
    /// # Errors
    /// As [`Parser::feed`].
    pub fn end(&mut self, out: &mut Vec<Frame>) -> Result<(), FrameError> {
        match self {
            Self::Sse(parser) => parser.end(out),
            // A message says how long it is: one that is cut is none.
            Self::AwsEventStream(_) => Ok(()),
        }
    }
}
