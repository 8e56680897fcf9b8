//! Reads the body of a reply with status 200: detects streams and documents, splits frames, and decodes events.
//!
//! The same for every split of the bytes. It knows neither time nor the network, and does not judge an answer.

use super::{Decoder, Endpoint};
use crate::model::format;
use crate::model::{Class, Event, Failure};
use crate::wire::{Frame, FrameError, FrameParser, Framing};

/// The longest document, in bytes: as long as the longest event.
const MAX_DOCUMENT: usize = crate::wire::sse::MAX_FRAME;
/// The most white space before a reply; some servers send blank lines while a call is queued.
const MAX_BLANK: usize = 64 << 10;

/// Reads one body.
pub struct ReplyReader {
    framing: Framing,
    decoder: Box<dyn Decoder>,
    body: Body,
}

/// The detected kind of body.
enum Body {
    /// Undecided: the input after this much white space.
    Start { blank: usize, start: Vec<u8> },
    /// A stream of frames.
    Stream(FrameParser),
    /// A reply in one piece, although a stream was requested; as far as it came.
    Document(Vec<u8>),
}

impl ReplyReader {
    /// A reader of one reply of `to`.
    #[must_use]
    pub fn new(to: &Endpoint) -> Self {
        let adapter = to.protocol.adapter();
        Self {
            framing: adapter.framing(),
            decoder: adapter.decoder(to),
            body: Body::Start { blank: 0, start: Vec::new() },
        }
    }

    /// Takes the next bytes and pushes their events.
    ///
    /// # Errors
    /// Fails with an error in the reply, or `malformed`. Earlier events are still pushed.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        match &mut self.body {
            Body::Start { blank, start } => {
                let shown = if start.is_empty() { bytes.trim_ascii_start() } else { bytes };
                *blank += bytes.len() - shown.len();
                start.extend_from_slice(shown);
                let is_stream = self.framing.is_stream(start);
                // Only white space after a byte order mark is undecided by its first bytes.
                if *blank > MAX_BLANK || (is_stream.is_none() && start.len() > MAX_BLANK) {
                    return Err(Failure::new(Class::Malformed, "nothing but white space came"));
                }
                let Some(is_stream) = is_stream else { return Ok(()) };
                let start = std::mem::take(start);
                self.body = if is_stream { Body::Stream(self.framing.parser()) } else { Body::Document(Vec::new()) };
                self.feed(&start, out)
            }
            Body::Stream(parser) => {
                let mut frames = Vec::new();
                let cut = parser.feed(bytes, &mut frames);
                self.frames(&frames, cut, out)
            }
            Body::Document(body) => {
                if body.len() + bytes.len() > MAX_DOCUMENT {
                    let message = format!("the reply is longer than {}", format::bytes(MAX_DOCUMENT as u64));
                    return Err(Failure::new(Class::Malformed, message));
                }
                body.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The body ended: pushes the rest of the answer.
    ///
    /// # Errors
    /// As [`ReplyReader::feed`]; `malformed` for an empty body, and `truncated` for an incomplete answer.
    pub fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        match &mut self.body {
            // The body is empty, whatever the status.
            Body::Start { start, .. } if is_blank(start) => return Err(super::empty()),
            // An undecided body is truncated.
            Body::Start { .. } => {}
            Body::Stream(parser) => {
                let mut frames = Vec::new();
                let cut = parser.end(&mut frames);
                self.frames(&frames, cut, out)?;
            }
            Body::Document(body) => self.decoder.whole(&std::mem::take(body), out)?,
        }
        self.decoder.end(out)
    }

    /// Returns `true` if the protocol's end mark was seen: the rest is ignored.
    #[must_use]
    pub fn done(&self) -> bool {
        self.decoder.done()
    }

    /// Decodes `frames`. Bytes that violate the framing count only after the frames before them, and
    /// nothing counts after the end mark, even in the same piece.
    fn frames(&mut self, frames: &[Frame], cut: Result<(), FrameError>, out: &mut Vec<Event>) -> Result<(), Failure> {
        for frame in frames {
            if self.decoder.done() {
                break;
            }
            self.decoder.frame(frame, out)?;
        }
        if self.decoder.done() {
            return Ok(());
        }
        cut.map_err(|error| Failure::new(Class::Malformed, error.to_string()))
    }
}

/// Returns `true` if a body of only `start` is empty.
fn is_blank(start: &[u8]) -> bool {
    start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::tests::endpoint;
    use super::*;

    const HALF: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
    const WHOLE: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n";

    fn read(pieces: &[&[u8]]) -> (Vec<Event>, Result<(), Class>) {
        let (mut reader, mut out) = (ReplyReader::new(&endpoint("plain", "m")), Vec::new());
        let mut fed = || {
            pieces.iter().try_for_each(|piece| if reader.done() { Ok(()) } else { reader.feed(piece, &mut out) })?;
            reader.end(&mut out)
        };
        let end = fed().map_err(|failure| failure.class);
        (out, end)
    }

    /// In one piece, and byte by byte.
    fn check(body: &[u8], events: usize, end: Result<(), Class>) {
        let got = read(&[body]);
        assert_eq!((got.0.len(), got.1), (events, end));
        assert_eq!(read(&body.chunks(1).collect::<Vec<_>>()), got);
    }

    #[test]
    fn what_follows_the_end_mark_does_not_matter() {
        check(&[WHOLE.as_bytes(), b"data: [DONE]\n\ndata: \xff\n\n"].concat(), 2, Ok(()));
    }

    #[test]
    fn what_came_before_broken_bytes_counts() {
        check(&[HALF.as_bytes(), b"data: \xff\n\n"].concat(), 1, Err(Class::Malformed));
        check(b"data: {\"error\":{\"code\":429}}\n\ndata: \xff\n\n", 0, Err(Class::RateLimit));
    }

    #[test]
    fn a_byte_order_mark_may_be_cut() {
        check(&[b"\xef\xbb\xbf", WHOLE.as_bytes()].concat(), 2, Ok(()));
    }

    #[test]
    fn white_space_has_a_bound() {
        let blank = vec![b'\n'; MAX_BLANK];
        check(&[&blank, WHOLE.as_bytes()].concat(), 2, Ok(()));
        check(&[&blank, &b"\n"[..], WHOLE.as_bytes()].concat(), 0, Err(Class::Malformed));
        check(&blank, 0, Err(Class::Malformed));
    }

    #[test]
    fn a_document_has_a_bound() {
        let (mut reader, mut out) = (ReplyReader::new(&endpoint("plain", "m")), Vec::new());
        let piece = vec![b'x'; MAX_DOCUMENT / 4];
        assert!((0..4).all(|_| reader.feed(&piece, &mut out).is_ok()));
        assert_eq!(reader.feed(b"x", &mut out).map_err(|failure| failure.class), Err(Class::Malformed));
    }
}
