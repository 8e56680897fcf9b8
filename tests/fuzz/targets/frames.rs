//! The parsers of frames: the same frames for every split, and no more bytes than came.

pub use llmroute_core::wire::{Frame, FrameError, FrameParser, Framing, ndjson, sse};

use super::splits;

/// A limit that fixtures reach.
const LIMIT: usize = 300;

/// Server-sent events.
pub fn events(data: &[u8]) {
    check(data, || Framing::Sse.parser(), usize::MAX);
    check(data, || FrameParser::Sse(sse::SseParser::with_limit(LIMIT)), LIMIT);
    let _ = Framing::Sse.is_stream(data);
}

/// Lines of JSON.
pub fn lines(data: &[u8]) {
    check(data, || Framing::Ndjson.parser(), usize::MAX);
    check(data, || FrameParser::Ndjson(ndjson::NdjsonParser::with_limit(LIMIT)), LIMIT);
    let _ = Framing::Ndjson.is_stream(data);
}

/// The binary stream of AWS: as it is, and with checksums put right, without which nothing gets far.
pub fn aws(data: &[u8]) {
    check(data, || Framing::AwsEventStream.parser(), usize::MAX);
    check(&with_checksums(data), || Framing::AwsEventStream.parser(), usize::MAX);
    let _ = Framing::AwsEventStream.is_stream(data);
}

fn check(data: &[u8], parser: impl Fn() -> FrameParser, limit: usize) {
    let mut results = splits(data).into_iter().map(|pieces| parse(parser(), &pieces));
    let first = results.next().expect("there is one way to cut at least");
    for other in results {
        assert_eq!(other, first, "another split, other frames");
    }
    let sizes = first.0.iter().map(|frame| frame.data.len() + frame.event.as_ref().map_or(0, String::len));
    let (total, largest) = sizes.fold((0, 0), |(total, largest), size| (total + size, size.max(largest)));
    assert!(total <= data.len(), "{total} bytes of frames from {}", data.len());
    // The name of an event has a line of its own.
    assert!(largest <= limit.saturating_mul(2), "a frame of {largest} bytes, more than {limit}");
}

fn parse(mut parser: FrameParser, pieces: &[&[u8]]) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut frames = Vec::new();
    let fed = pieces.iter().try_for_each(|piece| parser.feed(piece, &mut frames));
    let end = fed.and_then(|()| parser.end(&mut frames));
    (frames, end)
}

/// `data` as messages whose checksums are right, as far as its lengths make sense.
pub fn with_checksums(data: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), data);
    while rest.len() >= 16 {
        let claimed = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        let length = if (16..=rest.len()).contains(&claimed) { claimed } else { rest.len() };
        let (message, after) = rest.split_at(length);
        let start = out.len();
        out.extend_from_slice(&message[..8]);
        out.extend(crc32fast::hash(&message[..8]).to_be_bytes());
        out.extend_from_slice(&message[12..length - 4]);
        out.extend(crc32fast::hash(&out[start..]).to_be_bytes());
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}
