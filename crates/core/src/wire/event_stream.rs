//! The binary event stream of AWS, cut into frames; what a frame means is for the protocol.
//!
//! Source: the Smithy specification, "Amazon Event Stream". A message is, all numbers big-endian: its
//! length (4 bytes), the length of its headers (4), the CRC-32 of these eight bytes (4), the headers, the
//! payload, the CRC-32 of all before it (4).

use super::{Frame, FrameError};

/// The longest message, in bytes; the services send less than a tenth of it.
const MAX_MESSAGE: usize = 16 << 20;
/// Lengths and their checksum.
const PRELUDE: usize = 12;
/// The checksum at the end.
const TRAILER: usize = 4;

/// Returns `true` if a reply that begins with `start` is such a stream; `None` if it is empty.
///
/// The first byte is the highest of a length below 16 MiB; neither JSON nor HTML starts like this.
#[must_use]
pub(crate) fn is_stream(start: &[u8]) -> Option<bool> {
    start.first().map(|byte| *byte <= 1)
}

/// Cuts bytes into frames, however they arrive.
///
/// The `event` of a frame is the type of an event, `exception/TYPE` or `error/CODE`; its `data` is the
/// payload, and for an `error` the message.
#[derive(Debug, Default)]
pub struct EventStreamParser {
    buffer: Vec<u8>,
}

impl EventStreamParser {
    /// Takes the next bytes and pushes the frames that they complete.
    ///
    /// # Errors
    /// Fails if a checksum is wrong, or a message is too long or violates the format.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        self.buffer.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(length) = whole(&self.buffer[done..])? {
            out.push(frame(&self.buffer[done..done + length])?);
            done += length;
        }
        self.buffer.drain(..done);
        Ok(())
    }
}

/// The length of the message at the start of `bytes`; `None` if it is incomplete.
fn whole(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    if bytes.len() < PRELUDE {
        return Ok(None);
    }
    // The length is used only after its checksum is verified: it decides how much is buffered.
    if crc32fast::hash(&bytes[..8]) != number(&bytes[8..]) {
        return Err(FrameError::Checksum);
    }
    let length = usize::try_from(number(bytes)).unwrap_or(usize::MAX);
    if length > MAX_MESSAGE {
        return Err(FrameError::TooLarge { limit: MAX_MESSAGE });
    }
    if length < PRELUDE + TRAILER {
        return Err(FrameError::Shape);
    }
    Ok((bytes.len() >= length).then_some(length))
}

/// Parses one complete message.
fn frame(message: &[u8]) -> Result<Frame, FrameError> {
    let (body, trailer) = message.split_at(message.len() - TRAILER);
    if crc32fast::hash(body) != number(trailer) {
        return Err(FrameError::Checksum);
    }
    let headers = usize::try_from(number(&body[4..])).unwrap_or(usize::MAX);
    let (headers, payload) = body[PRELUDE..].split_at_checked(headers).ok_or(FrameError::Shape)?;
    let headers = MessageHeaders::read(headers)?;
    let payload = || String::from_utf8(payload.to_vec()).map_err(|_| FrameError::NotUtf8);
    let (event, data) = match headers.kind {
        Some("exception") => (headers.exception.map(|name| format!("exception/{name}")), payload()?),
        Some("error") => {
            let message = headers.message.map_or_else(payload, |message| Ok(message.to_owned()))?;
            (Some(format!("error/{}", headers.code.unwrap_or_default())), message)
        }
        _ => (headers.event.map(str::to_owned), payload()?),
    };
    Ok(Frame { event, data })
}

/// The headers that identify a message; the others are skipped.
#[derive(Default)]
struct MessageHeaders<'a> {
    kind: Option<&'a str>,
    event: Option<&'a str>,
    exception: Option<&'a str>,
    code: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> MessageHeaders<'a> {
    fn read(mut bytes: &'a [u8]) -> Result<Self, FrameError> {
        let mut found = Self::default();
        while !bytes.is_empty() {
            let name = take_counted::<1>(&mut bytes)?;
            let text = value(&mut bytes)?;
            let slot = match name {
                b":message-type" => &mut found.kind,
                b":event-type" => &mut found.event,
                b":exception-type" => &mut found.exception,
                b":error-code" => &mut found.code,
                b":error-message" => &mut found.message,
                _ => continue,
            };
            *slot = match text {
                Some(text) => Some(std::str::from_utf8(text).map_err(|_| FrameError::NotUtf8)?),
                None => return Err(FrameError::Shape),
            };
        }
        Ok(found)
    }
}

/// Takes one value off `bytes`; `None` if it is not text.
fn value<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, FrameError> {
    let width = match take(bytes, 1)?[0] {
        // True and false.
        0 | 1 => 0,
        // Whole numbers of one, two, four and eight bytes; a time; a UUID.
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        9 => 16,
        // Bytes.
        6 => return take_counted::<2>(bytes).map(|_| None),
        7 => return take_counted::<2>(bytes).map(Some),
        _ => return Err(FrameError::Shape),
    };
    take(bytes, width).map(|_| None)
}

/// Takes a value with a length prefix of `N` bytes.
fn take_counted<'a, const N: usize>(bytes: &mut &'a [u8]) -> Result<&'a [u8], FrameError> {
    let count = take(bytes, N)?.iter().fold(0, |count, byte| count << 8 | usize::from(*byte));
    take(bytes, count)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], FrameError> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or(FrameError::Shape)?;
    *bytes = rest;
    Ok(taken)
}

/// The first four bytes as a number; the caller made sure that they are there.
fn number(bytes: &[u8]) -> u32 {
    bytes[..4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
pub(crate) mod encode {
    //! The other direction, for tests.

    /// One message with text headers.
    pub(crate) fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut head = Vec::new();
        for (name, value) in headers {
            head.push(u8::try_from(name.len()).unwrap());
            head.extend(name.bytes());
            head.push(7);
            head.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            head.extend(value.bytes());
        }
        raw(&head, payload)
    }

    /// One message with these bytes for its headers.
    pub(crate) fn raw(headers: &[u8], payload: &[u8]) -> Vec<u8> {
        let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
        let mut message = total.to_be_bytes().to_vec();
        message.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
        message.extend(crc32fast::hash(&message).to_be_bytes());
        message.extend(headers);
        message.extend(payload);
        message.extend(crc32fast::hash(&message).to_be_bytes());
        message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(pieces: &[&[u8]]) -> Result<Vec<Frame>, FrameError> {
        let (mut parser, mut out) = (EventStreamParser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece, &mut out)?;
        }
        Ok(out)
    }

    fn check(headers: &[(&str, &str)], payload: &str, event: Option<&str>, data: &str) {
        let want = Frame { event: event.map(str::to_owned), data: data.to_owned() };
        assert_eq!(parse(&[&encode::message(headers, payload.as_bytes())]), Ok(vec![want]));
    }

    fn broken(message: &[u8], error: FrameError) {
        assert_eq!(parse(&[message]), Err(error));
    }

    #[test]
    fn an_event() {
        check(&[(":message-type", "event"), (":event-type", "a"), ("x", "y")], "{}", Some("a"), "{}");
        check(&[(":event-type", "a")], "", Some("a"), "");
        check(&[], "x", None, "x");
    }

    #[test]
    fn an_exception_and_an_error_are_told_from_events() {
        let exception = [(":message-type", "exception"), (":exception-type", "throttlingException")];
        check(&exception, "{}", Some("exception/throttlingException"), "{}");
        let error = [(":message-type", "error"), (":error-code", "Internal"), (":error-message", "it broke")];
        check(&error, "", Some("error/Internal"), "it broke");
        check(&[(":message-type", "error")], "words", Some("error/"), "words");
    }

    #[test]
    fn every_type_of_header_is_stepped_over() {
        let mut headers = Vec::new();
        for (kind, value) in [
            (0u8, &b""[..]),
            (1, b""),
            (2, b"1"),
            (3, b"12"),
            (4, b"1234"),
            (5, b"12345678"),
            (6, b"\0\x03abc"),
            (7, b"\0\x02hi"),
            (8, b"12345678"),
            (9, b"0123456789abcdef"),
        ] {
            headers.extend(b"\x01h");
            headers.push(kind);
            headers.extend(value);
        }
        headers.extend(b"\x0b:event-type\x07\0\x01e");
        assert_eq!(parse(&[&encode::raw(&headers, b"p")]).unwrap()[0].event.as_deref(), Some("e"));
    }

    #[test]
    fn a_wrong_checksum_is_an_error_wherever_it_is() {
        let good = encode::message(&[(":event-type", "a")], b"{\"x\":1}");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            broken(&bad, FrameError::Checksum);
        }
    }

    #[test]
    fn what_is_not_built_as_the_format_says() {
        broken(&encode::raw(b"\x05ab", b""), FrameError::Shape);
        broken(&encode::raw(b"\x01a\x0a", b""), FrameError::Shape);
        broken(&encode::raw(b"\x01a\x07\0\x09x", b""), FrameError::Shape);
        broken(&encode::raw(b"\x0b:event-type\x04abcd", b""), FrameError::Shape);
        broken(&encode::raw(b"\x0b:event-type\x07\0\x01\xff", b""), FrameError::NotUtf8);
        broken(&encode::message(&[], b"\xff"), FrameError::NotUtf8);
        // Lengths that lie, under a checksum that is right.
        let lie = |total: u32, headers: u32| {
            let mut message = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            message.extend(crc32fast::hash(&message).to_be_bytes());
            message.extend(crc32fast::hash(&message).to_be_bytes());
            message
        };
        broken(&lie(15, 0), FrameError::Shape);
        broken(&lie(16, 1), FrameError::Shape);
        broken(&lie(u32::MAX, 0), FrameError::TooLarge { limit: MAX_MESSAGE });
    }

    #[test]
    fn a_stream_is_told_from_json() {
        let want =
            [(&b""[..], None), (b"{\"a\":1}", Some(false)), (b"<html>", Some(false)), (b"\0\0\0\x10", Some(true))];
        for (start, is) in want {
            assert_eq!(is_stream(start), is);
        }
    }

    proptest! {
        #[test]
        fn frames_are_the_same_for_every_split(
            payloads in prop::collection::vec("\\PC{0,20}", 1..4), cuts in prop::collection::vec(0usize..400, 0..5),
        ) {
            let message = |payload: &String| encode::message(&[(":event-type", "a")], payload.as_bytes());
            let stream = payloads.iter().map(message).collect::<Vec<_>>().concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let data: Vec<String> = parse(&pieces).unwrap().into_iter().map(|frame| frame.data).collect();
            prop_assert_eq!(data, payloads);
        }

        #[test]
        fn arbitrary_bytes_never_panic(headers in prop::collection::vec(any::<u8>(), 0..60), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&[&bytes]);
            let _ = parse(&[&encode::raw(&headers, &bytes)]);
        }
    }
}
