//! Server-sent events: bytes in, frames out, the same for every split of the bytes.
//!
//! It knows lines and fields, not what a payload means.

use super::{Frame, FrameError};

/// The largest frame, in bytes: room for a 16 MB event, and a bound.
pub(crate) const MAX_FRAME: usize = 17 << 20;

/// The payload with which many servers end a stream.
pub(crate) const DONE: &str = "[DONE]";

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// An incremental parser of one stream.
///
/// Lines end in LF, CRLF or CR; the fields are `event` and `data`, everything else is ignored
/// (WHATWG HTML, section 9.2.6). Frames without data are not emitted. Each byte is looked at once
/// and copied at most twice, however small the pieces are.
#[derive(Debug)]
pub struct SseParser {
    /// The beginning of an incomplete line.
    line: Vec<u8>,
    /// The `data` lines of the frame so far, joined by LF.
    data: String,
    /// A `data` line was seen, even an empty one.
    has_data: bool,
    event: Option<String>,
    /// The last byte was a CR; an LF that follows belongs to it.
    after_cr: bool,
    /// A first line was read: what follows cannot be a byte order mark.
    started: bool,
    limit: usize,
}

impl Default for SseParser {
    fn default() -> Self {
        Self::with_limit(MAX_FRAME)
    }
}

impl SseParser {
    /// A parser that keeps at most `limit` bytes of a frame.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: String::new(),
            has_data: false,
            event: None,
            after_cr: false,
            started: false,
            limit,
        }
    }

    /// Feeds bytes and pushes every frame that they complete.
    ///
    /// # Errors
    /// Fails if a frame is too large or not UTF-8; the stream cannot be read further.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        loop {
            if self.after_cr && !bytes.is_empty() {
                self.after_cr = false;
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else { break };
            self.after_cr = bytes[end] == b'\r';
            self.check_room(end)?;
            if self.line.is_empty() {
                self.line_done(&bytes[..end], out)?;
            } else {
                self.line.extend_from_slice(&bytes[..end]);
                let line = std::mem::take(&mut self.line);
                self.line_done(&line, out)?;
            }
            bytes = &bytes[end + 1..];
        }
        self.check_room(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// The stream ended: pushes the pending frame, if there is a whole one.
    ///
    /// A payload that was cut in the middle is dropped, so that the reader sees an early end and
    /// not a broken frame.
    ///
    /// # Errors
    /// As [`SseParser::feed`].
    pub(crate) fn end(&mut self, out: &mut Vec<Frame>) -> Result<(), FrameError> {
        let line = std::mem::take(&mut self.line);
        // A character can be split, too; a line of invalid UTF-8 is incomplete.
        if std::str::from_utf8(&line).is_err() {
            return Ok(());
        }
        self.line_done(&line, out)?;
        if is_whole(&self.data) {
            self.dispatch(out);
        }
        Ok(())
    }

    /// Fails if `more` bytes of the current line would exceed the largest frame.
    fn check_room(&self, more: usize) -> Result<(), FrameError> {
        let size = self.line.len() + self.data.len() + more;
        if size > self.limit { Err(FrameError::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    fn line_done(&mut self, mut line: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        if !self.started {
            self.started = true;
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(out);
            return Ok(());
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(text(value)?);
            }
            b"event" => self.event = Some(text(value)?.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, out: &mut Vec<Frame>) {
        let (data, event) = (std::mem::take(&mut self.data), self.event.take());
        self.has_data = false;
        if !data.trim().is_empty() {
            out.push(Frame { event: event.filter(|name| !name.is_empty()), data });
        }
    }
}

/// Detects an event stream by its first line; `None` while undecided.
///
/// Servers answer a stream request with plain JSON, an HTML page or bare text (`error: …`), each under any
/// content type; every stream begins with a comment or one of four fields.
#[must_use]
pub(crate) fn is_stream(start: &[u8]) -> Option<bool> {
    const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];
    let start = without_bom(start)?.trim_ascii_start();
    if start.is_empty() {
        return None;
    }
    match start.iter().position(|byte| matches!(byte, b':' | b'\n' | b'\r')) {
        Some(end) => Some(end == 0 || FIELDS.contains(&&start[..end])),
        None if FIELDS.iter().any(|field| field.starts_with(start)) => None,
        None => Some(false),
    }
}

/// `start` behind its byte order mark; `None` while it is a part of one.
pub(super) fn without_bom(start: &[u8]) -> Option<&[u8]> {
    let part = start.len() < BOM.len() && BOM.starts_with(start);
    (start.is_empty() || !part).then(|| start.strip_prefix(BOM).unwrap_or(start))
}

fn text(bytes: &[u8]) -> Result<&str, FrameError> {
    std::str::from_utf8(bytes).map_err(|_| FrameError::NotUtf8)
}

pub(super) fn is_whole(data: &str) -> bool {
    data.trim() == DONE || serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(pieces: &[&[u8]]) -> Result<Vec<Frame>, FrameError> {
        let (mut parser, mut out) = (SseParser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece, &mut out)?;
        }
        parser.end(&mut out)?;
        Ok(out)
    }

    fn check(bytes: &[u8], want: &[(Option<&str>, &str)]) {
        let want: Vec<_> = want
            .iter()
            .map(|(event, data)| Frame { event: event.map(str::to_owned), data: (*data).to_owned() })
            .collect();
        assert_eq!(parse(&[bytes]).unwrap(), want, "whole");
        for at in 0..=bytes.len() {
            assert_eq!(parse(&[&bytes[..at], &bytes[at..]]).unwrap(), want, "split at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(parse(&single).unwrap(), want, "byte by byte");
    }

    #[test]
    fn line_ends_may_be_lf_crlf_or_cr() {
        check(b"data: 1\n\ndata: 2\n\n", &[(None, "1"), (None, "2")]);
        check(b"data: 1\r\n\r\ndata: 2\r\n\r\n", &[(None, "1"), (None, "2")]);
        check(b"data: 1\r\rdata: 2\r\r", &[(None, "1"), (None, "2")]);
        check(b"data: 1\n\r\ndata: 2\r\n\n", &[(None, "1"), (None, "2")]);
    }

    #[test]
    fn several_data_lines_are_one_payload() {
        check(b"data: {\ndata:  \"a\":1}\n\n", &[(None, "{\n \"a\":1}")]);
        check(b"data:\ndata: 1\n\n", &[(None, "\n1")]);
    }

    #[test]
    fn the_space_after_the_colon_is_optional() {
        check(b"data:1\n\nevent:x\ndata:2\n\n", &[(None, "1"), (Some("x"), "2")]);
    }

    #[test]
    fn comments_unknown_fields_and_empty_frames_are_ignored() {
        check(b": hi\n\n:\n\nid: 7\nretry: 9\nnonsense\n\ndata: \n\ndata\n\nevent: ping\n\n", &[]);
        check(b"event: ping\n\ndata: 1\n\n", &[(None, "1")]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_only_at_the_start() {
        check("\u{feff}data: 1\n\n".as_bytes(), &[(None, "1")]);
        check("data: 1\n\n\u{feff}data: 2\n\n".as_bytes(), &[(None, "1")]);
    }

    #[test]
    fn characters_cut_between_packets_survive() {
        check("data: naïve 日本 🎉\n\n".as_bytes(), &[(None, "naïve 日本 🎉")]);
    }

    #[test]
    fn a_whole_frame_at_the_end_needs_no_blank_line() {
        check(b"data: {\"a\":1}\n", &[(None, "{\"a\":1}")]);
        check(b"event: x\ndata: {}", &[(Some("x"), "{}")]);
        check(b"data: 1\n\ndata: [DONE]", &[(None, "1"), (None, "[DONE]")]);
    }

    #[test]
    fn a_frame_cut_in_the_middle_is_dropped() {
        check(b"data: 1\n\ndata: {\"a\":", &[(None, "1")]);
        check(b"data: 1\n\ndata: [DO", &[(None, "1")]);
        check(b"data: 1\n\ndata: \"\xE6\x97", &[(None, "1")]);
    }

    #[test]
    fn what_is_not_text_is_an_error_in_payloads_only() {
        assert_eq!(parse(&[b"data: \xFF\n\n"]), Err(FrameError::NotUtf8));
        check(b": \xFF\n\ndata: 1\n\n", &[(None, "1")]);
    }

    #[test]
    fn a_frame_has_a_largest_size() {
        let limit = FrameError::TooLarge { limit: 10 };
        for bytes in [&b"data: 12345"[..], b"data: 12345\n\n", b"data: 1234\ndata: 1\n\n", b":123456789 "] {
            let mut parser = SseParser::with_limit(10);
            assert_eq!(parser.feed(bytes, &mut Vec::new()), Err(limit.clone()), "{}", bytes.escape_ascii());
        }
        let mut parser = SseParser::with_limit(10);
        assert_eq!(parser.feed(&b"data: 1234\n\n".repeat(100), &mut Vec::new()), Ok(()));
    }

    #[test]
    fn a_large_frame_in_small_packets_is_kept_whole() {
        let payload = "x".repeat(2 << 20);
        let bytes = format!("data: {payload}\n\n");
        let packets: Vec<&[u8]> = bytes.as_bytes().chunks(7).collect();
        assert_eq!(parse(&packets).unwrap(), [Frame { event: None, data: payload }]);
    }

    #[test]
    fn a_stream_is_told_from_a_document() {
        assert_eq!(is_stream(b"data: 1"), Some(true));
        assert_eq!(is_stream(b"\xef\xbb\xbf: keep-alive\n"), Some(true));
        assert_eq!(is_stream(b"\n\n{\"error\":1}"), Some(false));
        assert_eq!(is_stream(b"<html>"), Some(false));
        assert_eq!(is_stream(b"hello"), Some(false));
        for undecided in [&b""[..], b" \n", b"\xef", b"\xef\xbb", b"\xef\xbb\xbf", b"d", b"data", b"i"] {
            assert_eq!(is_stream(undecided), None, "{undecided:?}");
        }
        for field in ["data:1", "data\n", "event: a", "id:", "retry: 1", ":", "data\r"] {
            assert_eq!(is_stream(field.as_bytes()), Some(true), "{field}");
        }
        for words in ["error: overloaded", "internal server error", "rate limit", "date: x", "Data: x", "\u{fffd}"] {
            assert_eq!(is_stream(words.as_bytes()), Some(false), "{words}");
        }
    }

    proptest! {
        #[test]
        fn every_split_of_any_bytes_gives_the_same(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "data: 1", "data:", "data: é", "event: x", ": c", "", "id: 1", "\r", "\r\n", "\n", "\u{feff}", "{",
                ]), 0..30),
            cuts in prop::collection::vec(0.0f64..1.0, 0..6),
        ) {
            let bytes = lines.join("\n").into_bytes();
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small position")]
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| (cut * bytes.len() as f64) as usize).collect();
            cuts.sort_unstable();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            prop_assert_eq!(parse(&pieces), parse(&[&bytes]));
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_stay_in_bounds(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..20) {
            let (mut parser, mut out) = (SseParser::with_limit(64), Vec::new());
            for piece in bytes.chunks(size) {
                if parser.feed(piece, &mut out).is_err() {
                    return Ok(());
                }
                prop_assert!(parser.line.len() + parser.data.len() <= 64 + 64);
            }
            let _ = parser.end(&mut out);
        }
    }
}
