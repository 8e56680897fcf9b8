//! JSON values, one a line: bytes in, frames out, the same for every split of the bytes.
//!
//! It knows lines, not what a value means.

use super::{Frame, FrameError, sse};

/// An incremental parser of one stream.
///
/// Lines end in LF or CRLF; blank ones are skipped. A line is complete with its end, the last one
/// also when it is whole JSON. Each byte is looked at once and copied at most twice.
#[derive(Debug)]
pub struct NdjsonParser {
    /// The beginning of an incomplete line.
    line: Vec<u8>,
    limit: usize,
}

impl Default for NdjsonParser {
    fn default() -> Self {
        Self::with_limit(sse::MAX_FRAME)
    }
}

impl NdjsonParser {
    /// A parser that keeps at most `limit` bytes of a line.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { line: Vec::new(), limit }
    }

    /// Feeds bytes and pushes every line that they complete.
    ///
    /// # Errors
    /// Fails if a line is too large or not UTF-8; the stream cannot be read further.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end])?;
            let line = std::mem::take(&mut self.line);
            let text = std::str::from_utf8(&line).map_err(|_| FrameError::NotUtf8)?;
            out.extend(frame(text));
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes)
    }

    /// The stream ended: pushes the pending line if it is whole.
    ///
    /// # Errors
    /// None now; as the parser of events has it.
    pub(crate) fn end(&mut self, out: &mut Vec<Frame>) -> Result<(), FrameError> {
        let line = std::mem::take(&mut self.line);
        // An incomplete last line is dropped, so that the reader sees an early end.
        if let Some(text) = std::str::from_utf8(&line).ok().filter(|text| sse::is_whole(text)) {
            out.extend(frame(text));
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        if self.line.len() + bytes.len() > self.limit {
            return Err(FrameError::TooLarge { limit: self.limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

fn frame(line: &str) -> Option<Frame> {
    let data = line.trim_start_matches('\u{feff}').trim();
    (!data.is_empty()).then(|| Frame { event: None, data: data.to_owned() })
}

/// Detects lines of JSON objects by the beginning of a body; `None` while undecided. A document of
/// one object on one line is one, too; one that is spread over lines for people is not.
#[must_use]
pub(crate) fn is_stream(start: &[u8]) -> Option<bool> {
    let start = sse::without_bom(start)?.trim_ascii_start();
    let inside = match start.split_first() {
        None => return None,
        Some((b'{', inside)) => inside,
        Some(_) => return Some(false),
    };
    inside.iter().find(|byte| !matches!(byte, b' ' | b'\t')).map(|byte| !matches!(byte, b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(pieces: &[&[u8]]) -> Result<Vec<String>, FrameError> {
        let (mut parser, mut out) = (NdjsonParser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece, &mut out)?;
        }
        parser.end(&mut out)?;
        Ok(out.into_iter().map(|frame| frame.data).collect())
    }

    fn check(bytes: &[u8], want: &[&str]) {
        assert_eq!(parse(&[bytes]).unwrap(), want, "whole");
        for at in 0..=bytes.len() {
            assert_eq!(parse(&[&bytes[..at], &bytes[at..]]).unwrap(), want, "split at {at}");
        }
    }

    #[test]
    fn lines_end_in_lf_or_crlf_and_blank_ones_are_skipped() {
        check(b"{\"a\":1}\n{}\n", &["{\"a\":1}", "{}"]);
        check(b"\r\n{\"a\":1}\r\n \n{}\r\n", &["{\"a\":1}", "{}"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        check("\u{feff}{}\n".as_bytes(), &["{}"]);
    }

    #[test]
    fn characters_cut_between_packets_survive() {
        check("{\"a\":\"日本 🎉\"}\n".as_bytes(), &["{\"a\":\"日本 🎉\"}"]);
    }

    #[test]
    fn the_last_line_needs_no_end_when_it_is_whole() {
        check(b"{}\n{\"a\":1}", &["{}", "{\"a\":1}"]);
        check(b"{}\n{\"a\":", &["{}"]);
        check(b"{}\n\"\xE6\x97", &["{}"]);
    }

    #[test]
    fn what_is_not_text_is_an_error() {
        assert_eq!(parse(&[b"\xFF\n"]), Err(FrameError::NotUtf8));
    }

    #[test]
    fn a_line_has_a_largest_size() {
        let mut parser = NdjsonParser::with_limit(4);
        assert_eq!(parser.feed(b"1234\n12", &mut Vec::new()), Ok(()));
        assert_eq!(parser.feed(b"345", &mut Vec::new()), Err(FrameError::TooLarge { limit: 4 }));
    }

    #[test]
    fn a_stream_is_told_from_other_bodies() {
        assert_eq!(is_stream(b" \n{\"a\""), Some(true));
        assert_eq!(is_stream(b"<html>"), Some(false));
        assert_eq!(is_stream(b"[{"), Some(false));
        assert_eq!(is_stream(b"{\n  \"a\""), Some(false));
        for undecided in [&b"\r\n"[..], b"{", b"{ ", b"\xef\xbb"] {
            assert_eq!(is_stream(undecided), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_stay_in_bounds(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..20) {
            let (mut parser, mut out) = (NdjsonParser::with_limit(64), Vec::new());
            for piece in bytes.chunks(size) {
                if parser.feed(piece, &mut out).is_err() {
                    return Ok(());
                }
                prop_assert!(parser.line.len() <= 64);
            }
            let _ = parser.end(&mut out);
        }
    }
}
