//! The framings of streams, and a parser for each, independent of protocols.

use super::{Frame, FrameError, event_stream, ndjson, sse};

/// The framing of a protocol's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// JSON values, one a line.
    Ndjson,
    /// The binary event stream of AWS.
    AwsEventStream,
}

impl Framing {
    /// Returns `true` if a body that begins with `start` is a stream of this framing, `false` for a reply in one
    /// piece; `None` while undecided.
    #[must_use]
    pub fn is_stream(self, start: &[u8]) -> Option<bool> {
        match self {
            Self::Sse => sse::is_stream(start),
            Self::Ndjson => ndjson::is_stream(start),
            Self::AwsEventStream => event_stream::is_stream(start),
        }
    }

    /// A fresh parser of one stream.
    #[must_use]
    pub fn parser(self) -> FrameParser {
        match self {
            Self::Sse => FrameParser::Sse(sse::SseParser::default()),
            Self::Ndjson => FrameParser::Ndjson(ndjson::NdjsonParser::default()),
            Self::AwsEventStream => FrameParser::AwsEventStream(event_stream::EventStreamParser::default()),
        }
    }
}

/// An incremental parser of one stream.
#[derive(Debug)]
pub enum FrameParser {
    /// Of server-sent events.
    Sse(sse::SseParser),
    /// Of lines.
    Ndjson(ndjson::NdjsonParser),
    /// Of the binary event stream of AWS.
    AwsEventStream(event_stream::EventStreamParser),
}

impl FrameParser {
    /// Feeds bytes and pushes every frame that they complete.
    ///
    /// # Errors
    /// Fails if the bytes are not of this framing, or a frame is too large; the stream cannot be read further.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        match self {
            Self::Sse(parser) => parser.feed(bytes, out),
            Self::Ndjson(parser) => parser.feed(bytes, out),
            Self::AwsEventStream(parser) => parser.feed(bytes, out),
        }
    }

    /// The stream ended: pushes the pending frame, if there is a whole one.
    ///
    /// # Errors
    /// As [`FrameParser::feed`].
    pub fn end(&mut self, out: &mut Vec<Frame>) -> Result<(), FrameError> {
        match self {
            Self::Sse(parser) => parser.end(out),
            Self::Ndjson(parser) => parser.end(out),
            // A message has a length: an incomplete one is dropped.
            Self::AwsEventStream(_) => Ok(()),
        }
    }
}
