//! One input made of another by seeded luck: what a bad network, a bad server and an enemy would do to it.

use fastrand::Rng;

use super::corpus::Corpus;

/// Inputs are no longer than this: long ones are slow and find nothing more.
const LONGEST: usize = 16 << 10;

/// Bytes that some reader treats in a way of its own.
const BYTES: &[u8] = b"\0\n\r\t \"\\{}[],:=-+.0eE#<\x1b\x7f\x80\xc3\xed\xf5\xff";

/// Values of other types and of other sizes than are due.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[{}]",
    "[null]",
    "\"\"",
    "\"x\"",
    "-1",
    "0",
    "1.5",
    "1e15",
    "1e300",
    "1e999",
    "-1e300",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\u{202e}\"",
    "\"NaN\"",
    "[[[[]]]]",
    "\"9999999999s\"",
    "\"-1s\"",
    "\"429\"",
    "529",
];

/// Pieces that mean something between values.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\r\n\r\n",
    "data: ",
    "data:\n",
    "event: error\n",
    "event: ",
    ": ping\n\n",
    "[DONE]",
    "data: [DONE]\n\n",
    "id: 1\n",
    "retry: 5\n",
    "\u{feff}",
    "<html>",
    "{\"error\":\"x\"}",
    "{\"error\":{\"code\":429}}",
    "data: {\"error\":{\"message\":\"x\"}}\n\n",
    "retry-after: 1e999\n",
    "retry-after-ms: 99999999999999999999\n",
    "x-ratelimit-reset-tokens: 9999-12-31T23:59:59Z\n",
    "x-ratelimit-remaining-tokens: -1\n",
    "]]>",
    "'''",
    "\"\"\"",
    "[[",
    "]]",
];

/// A seed, changed in one to four ways.
pub fn mutate(corpus: &Corpus, rng: &mut Rng) -> Vec<u8> {
    let mut data = pick(&corpus.seeds, rng).clone();
    for _ in 0..rng.usize(1..=4) {
        change(&mut data, corpus, rng);
    }
    data.truncate(LONGEST);
    data
}

fn change(data: &mut Vec<u8>, corpus: &Corpus, rng: &mut Rng) {
    let (from, to) = range(data, rng);
    match rng.u8(..16) {
        0 => data.iter_mut().skip(from).take(1).for_each(|byte| *byte ^= 1 << rng.u8(..8)),
        1 => data.iter_mut().skip(from).take(1).for_each(|byte| *byte = *pick(BYTES, rng)),
        2 => data.insert(from, *pick(BYTES, rng)),
        3 => drop(data.drain(from..to)),
        4 => data.truncate(from),
        5 => insert(data, from, &data[from..to].repeat(rng.usize(1..=8))),
        6 => {
            let other = pick(&corpus.seeds, rng);
            let at = rng.usize(..=other.len());
            data.truncate(from);
            data.extend_from_slice(&other[at..]);
        }
        7 => insert(data, from, pick(PIECES, rng).as_bytes()),
        8 => value(data, from, pick(VALUES, rng).as_bytes()),
        9 => value(data, from, pick::<Vec<u8>>(&corpus.words, rng)),
        10 => insert(data, from, pick::<Vec<u8>>(&corpus.words, rng)),
        11 => value(data, from, &nested(rng)),
        12 => *data = with_crlf(data),
        13 => lines(data, rng),
        14 => everywhere(data, from, pick(VALUES, rng).as_bytes()),
        // A length or a count in binary.
        _ => data.iter_mut().skip(from).take(4).for_each(|byte| *byte = *pick(&[0, 0, 0, 1, 16, 127, 255], rng)),
    }
}

/// Replaces the value that follows the next `:`, `=` or `[`.
fn value(data: &mut Vec<u8>, from: usize, by: &[u8]) {
    let Some(colon) = data[from..].iter().position(|byte| matches!(byte, b':' | b'=' | b'[')) else { return };
    let start = from + colon + 1;
    let end = data[start..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'\n'));
    let end = end.map_or(data.len(), |length| start + length);
    data.splice(start..end, by.iter().copied());
}

/// Replaces all the values that have the name of the next one.
fn everywhere(data: &mut Vec<u8>, from: usize, by: &[u8]) {
    let Some(colon) = data[from..].windows(2).position(|pair| pair == b"\":").map(|at| from + at) else { return };
    let start = data[..colon].iter().rposition(|byte| *byte == b'"').unwrap_or(colon);
    let name = data[start..colon + 2].to_vec();
    let mut at = 0;
    while let Some(found) = data[at..].windows(name.len()).position(|part| part == name) {
        at += found + name.len();
        value(data, at - 1, by);
    }
}

/// Brackets within brackets, closed or not.
fn nested(rng: &mut Rng) -> Vec<u8> {
    let depth = *pick(&[50, 127, 128, 2000], rng);
    let (open, close) = *pick(&[("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("!", ""), ("{a=", "}"), ("a.", "")], rng);
    let end = if rng.bool() { close.repeat(depth) } else { String::new() };
    format!("{}1{end}", open.repeat(depth)).into_bytes()
}

fn with_crlf(data: &[u8]) -> Vec<u8> {
    data.iter()
        .flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) })
        .copied()
        .collect()
}

/// Drops, repeats or swaps lines.
fn lines(data: &mut Vec<u8>, rng: &mut Rng) {
    let mut lines: Vec<&[u8]> = data.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() {
        return;
    }
    let (a, b) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
    match rng.u8(..3) {
        0 => drop(lines.remove(a)),
        1 => lines.insert(a, lines[b]),
        _ => lines.swap(a, b),
    }
    *data = lines.concat();
}

fn insert(data: &mut Vec<u8>, at: usize, piece: &[u8]) {
    data.splice(at..at, piece.iter().copied());
}

/// A part of the data, seldom a long one.
fn range(data: &[u8], rng: &mut Rng) -> (usize, usize) {
    let from = rng.usize(..=data.len());
    let most = *pick(&[4, 32, 256, 4096], rng);
    (from, (from + rng.usize(..=most)).min(data.len()))
}

fn pick<'a, T>(from: &'a [T], rng: &mut Rng) -> &'a T {
    &from[rng.usize(..from.len())]
}
