//! The body of a successful reply, from bytes to events: tells a stream from a document, cuts it and decodes it.
//!
//! The result is the same for every split of the bytes. Time and the network are elsewhere, and so is the
//! judgement of an answer.

use super::event_filter::EventFilter;
use super::{Decoder, Endpoint};
use crate::model::format;
use crate::model::{Class, Event, Failure};
use crate::wire::{Frame, FrameError, FrameParser, Framing, json_repair};

/// The longest document, in bytes: as long as the longest event.
const MAX_DOCUMENT: usize = crate::wire::sse::MAX_FRAME;
/// The most white space before a reply; some servers send blank lines while a call is queued.
const MAX_BLANK: usize = 64 << 10;

/// Reads one body.
pub struct ReplyReader {
    framing: Framing,
    decoder: Box<dyn Decoder>,
    body: Body,
    filter: EventFilter,
    /// The finish was seen.
    finished: bool,
    /// The answer holds text or a tool call.
    produced: bool,
    /// Nothing that follows matters.
    over: bool,
    /// Kept for its memory only.
    frames: Vec<Frame>,
}

/// The kind of the body.
enum Body {
    /// Not known yet: the first bytes, and the length of the white space before them.
    Start { blank: usize, start: Vec<u8> },
    /// A stream of frames.
    Stream(FrameParser),
    /// A complete reply in place of a stream, as far as it has come.
    Document(Vec<u8>),
}

impl ReplyReader {
    /// Returns a reader of one reply of `to`.
    #[must_use]
    pub fn new(to: &Endpoint) -> Self {
        let adapter = to.protocol.adapter();
        Self {
            framing: adapter.framing(),
            decoder: adapter.decoder(to),
            body: Body::Start { blank: 0, start: Vec::new() },
            filter: EventFilter::default(),
            finished: false,
            produced: false,
            over: false,
            frames: Vec::new(),
        }
    }

    /// Takes the next bytes and pushes their events.
    ///
    /// # Errors
    /// An error that the reply reports, or `malformed`. Events from before the error are pushed.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        match &mut self.body {
            Body::Start { blank, start } => {
                let shown = if start.is_empty() { bytes.trim_ascii_start() } else { bytes };
                *blank += bytes.len() - shown.len();
                start.extend_from_slice(shown);
                let is_stream = self.framing.is_stream(start);
                // Only white space behind a byte order mark stays undecided for long.
                if *blank > MAX_BLANK || (is_stream.is_none() && start.len() > MAX_BLANK) {
                    return Err(Failure::new(Class::Malformed, "the reply is nothing but white space"));
                }
                let Some(is_stream) = is_stream else { return Ok(()) };
                let start = std::mem::take(start);
                self.body = if is_stream { Body::Stream(self.framing.parser()) } else { Body::Document(Vec::new()) };
                self.feed(&start, out)
            }
            Body::Stream(parser) => {
                let mut frames = std::mem::take(&mut self.frames);
                let cut = parser.feed(bytes, &mut frames);
                let result = self.frames(&frames, cut, out);
                frames.clear();
                self.frames = frames;
                result
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

    /// Handles the end of the body: pushes the rest of the answer.
    ///
    /// # Errors
    /// As [`ReplyReader::feed`], `malformed` when the body is empty, and `truncated` when the answer is not complete.
    pub fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        let result = self.rest(out);
        self.filter.end(out);
        result
    }

    /// Returns `true` when nothing that follows matters: after the protocol's own end mark, or after an error
    /// that came behind the finish.
    #[must_use]
    pub fn done(&self) -> bool {
        self.over || self.decoder.done()
    }

    fn rest(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        match &mut self.body {
            // An empty body is not an answer, whatever the status.
            Body::Start { start, .. } if is_blank(start) => return Err(super::empty()),
            // A body too short to be recognised is truncated.
            Body::Start { .. } => {}
            Body::Stream(parser) => {
                let mut frames = Vec::new();
                let cut = parser.end(&mut frames);
                self.frames(&frames, cut, out)?;
            }
            Body::Document(body) => {
                let body = std::mem::take(body);
                self.document(&body, out)?;
            }
        }
        if self.over {
            return Ok(());
        }
        let from = out.len();
        let result = self.decoder.end(out);
        self.filter.apply(out, from, false);
        result
    }

    /// Decodes `frames`. Bytes that could not be cut count only after the frames before them, and nothing counts
    /// after the end mark, even in the same piece.
    fn frames(&mut self, frames: &[Frame], cut: Result<(), FrameError>, out: &mut Vec<Event>) -> Result<(), Failure> {
        for frame in frames {
            if self.done() {
                break;
            }
            if !is_keep_alive(frame)
                && let Err(failure) = self.frame(frame, out)
            {
                return self.fail(failure, out);
            }
        }
        match cut {
            Err(error) if !self.done() => self.fail(Failure::new(Class::Malformed, error.to_string()), out),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        let from = out.len();
        let (mut result, mut repaired) = (self.decoder.frame(frame, out), false);
        if is_malformed(&result)
            && out.len() == from
            && let Some(data) = json_repair::repair(&frame.data)
        {
            repaired = true;
            result = self.decoder.frame(&Frame { event: frame.event.clone(), data }, out);
        }
        self.finished |= out[from..].iter().any(|event| matches!(event, Event::Finish(_)));
        self.filter.apply(out, from, repaired);
        let is_content = |event: &Event| matches!(event, Event::Text(_) | Event::ToolStart { .. });
        self.produced = self.produced || out[from..].iter().any(is_content);
        result
    }

    fn document(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let from = out.len();
        let (mut result, mut repaired) = (self.decoder.whole(body, out), false);
        if is_malformed(&result)
            && out.len() == from
            && let Some(body) = std::str::from_utf8(body).ok().and_then(json_repair::repair)
        {
            repaired = true;
            result = self.decoder.whole(body.as_bytes(), out);
        }
        self.filter.apply(out, from, repaired);
        result
    }

    /// An error behind the finish of an answer becomes a warning: the answer is complete.
    fn fail(&mut self, failure: Failure, out: &mut Vec<Event>) -> Result<(), Failure> {
        if !(self.finished && self.produced) {
            return Err(failure);
        }
        self.over = true;
        out.push(Event::Warning(format!("the stream broke after the answer was complete: {}", failure.message)));
        Ok(())
    }
}

fn is_malformed(result: &Result<(), Failure>) -> bool {
    matches!(result, Err(failure) if failure.class == Class::Malformed)
}

/// Returns `true` for a frame that only keeps the connection open, and holds a word where JSON is due.
fn is_keep_alive(frame: &Frame) -> bool {
    const WORDS: &[&str] = &["ping", "pong", "heartbeat", "keepalive", "keep-alive", "keep_alive", "null"];
    let data = frame.data.trim();
    if data.starts_with(['{', '[']) {
        return false;
    }
    let is_word = |text: &str| WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    data.starts_with(':') || is_word(data.trim_matches('"')) || frame.event.as_deref().is_some_and(is_word)
}

/// Returns `true` if a body of `start` alone is empty.
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
