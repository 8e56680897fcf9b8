//! Every recorded reply decodes to its entry in `expected.json`, for every split of its bytes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::Endpoint;
use super::{decode_all, endpoint};
use crate::model::{Answer, Class, Finish, ToolCall, Usage};
use crate::wire::Frame;
use crate::wire::sse;

/// The folders and the provider that speaks there when the file's name does not say.
const FOLDERS: [(&str, &str); 11] = [
    ("openai-chat", "openai"),
    ("openai-compatible", "plain"),
    ("openai-responses", "responses"),
    ("mistral", "mistral"),
    ("anthropic", "anthropic"),
    ("azure", "azure"),
    ("ollama", "ollama"),
    ("cohere", "cohere"),
    ("bedrock", "bedrock"),
    ("gemini", "gemini"),
    ("vertex", "vertex"),
];

/// Answers that are errors, and what they mean; errors with a status of their own are tested elsewhere.
const FAILURES: [(&str, Class); 11] = [
    ("converse-stream-bad-crc.bin", Class::Malformed),
    ("converse-stream-exception-model-error.bin", Class::ServerError),
    ("converse-stream-exception-throttling.bin", Class::RateLimit),
    // Of another operation: its frames are whole, and none of them is an answer here.
    ("invoke-stream-claude.bin", Class::Truncated),
    ("nonstream-blocked-model-armor.json", Class::ContentPolicy),
    ("openrouter-error-midstream-documented.sse", Class::RateLimit),
    ("openrouter-nonstream-200-error.json", Class::ServerError),
    ("openrouter-stream-processing-error.sse", Class::BadRequest),
    ("stream-error-insufficient-quota.sse", Class::Quota),
    ("stream-error-overloaded.sse", Class::Overloaded),
    ("stream-error.ndjson", Class::ServerError),
];

/// The bytes of a file.
pub(crate) fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).unwrap()
}

pub(super) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// Every file of an answer: its name, its bytes and its provider.
pub(super) fn answers() -> Vec<(String, Vec<u8>, Endpoint, Option<Answer>)> {
    let mut all = Vec::new();
    for (name, provider) in FOLDERS {
        let expected: Value = serde_json::from_slice(&fs::read(folder(name).join("expected.json")).unwrap()).unwrap();
        let mut used = 0;
        for entry in fs::read_dir(folder(name)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            if file == "expected.json" || file.contains("error-4") || file.contains("error-5") {
                continue;
            }
            let to = endpoint(speaker(name, &file).unwrap_or(provider), "m");
            let want = expected.get(&file).map(answer);
            used += usize::from(want.is_some());
            assert!(want.is_some() != FAILURES.iter().any(|(name, _)| *name == file), "{file} has no expectation");
            all.push((file, fs::read(&path).unwrap(), to, want));
        }
        assert_eq!(used, expected.as_object().unwrap().len(), "{name} expects files that are not there");
    }
    all
}

/// The provider of a file in a folder of several.
fn speaker<'a>(folder: &str, file: &'a str) -> Option<&'a str> {
    match folder {
        // These two speak, or spoke, chat completions there.
        "openai-compatible" => file.split('-').next().filter(|who| !["anthropic", "perplexity"].contains(who)),
        "azure" if file.contains("responses") => Some("azure-responses"),
        "ollama" if file.starts_with("openai-compat") => Some("plain"),
        _ => None,
    }
}

fn answer(value: &Value) -> Answer {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let calls = value["tool_calls"].as_array().unwrap();
    Answer {
        id: text(&value["id"]),
        model: text(&value["model"]),
        text: text(&value["text"]).unwrap(),
        reasoning: text(&value["reasoning"]).unwrap(),
        reasoning_blocks: value
            .get("thoughts")
            .map(|list| serde_json::from_value(list.clone()).unwrap())
            .unwrap_or_default(),
        tool_calls: calls.iter().map(|call| serde_json::from_value::<ToolCall>(call.clone()).unwrap()).collect(),
        usage: serde_json::from_value::<Option<Usage>>(value["usage"].clone()).unwrap(),
        finish: serde_json::from_value::<Option<Finish>>(value["finish"].clone()).unwrap(),
    }
}

fn check(dress: impl Fn(&str) -> String) {
    let mut streams = 0;
    for (file, bytes, to, want) in answers() {
        if file.ends_with(".sse") {
            let dressed = dress(std::str::from_utf8(&bytes).unwrap());
            let got = decode_all(&to, &[dressed.as_bytes()]).map_err(|failure| failure.class);
            let failure = || FAILURES.iter().find(|(name, _)| *name == file).unwrap().1;
            assert_eq!(got, want.ok_or_else(failure), "{file}");
            streams += 1;
        }
    }
    assert!(streams >= 20);
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[test]
fn answers_are_those_that_were_recorded() {
    check(str::to_owned);
    for (file, bytes, to, want) in answers() {
        let got = decode_all(&to, &[&bytes]).map_err(|failure| failure.class);
        let failure = || FAILURES.iter().find(|(name, _)| *name == file).unwrap().1;
        assert_eq!(got, want.ok_or_else(failure), "{file}");
    }
}

#[test]
fn answers_are_the_same_byte_by_byte() {
    for (file, bytes, to, want) in answers() {
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode_all(&to, &pieces).ok(), want, "{file}");
    }
}

#[test]
fn frames_are_the_same_for_every_split() {
    for (file, bytes, to, _) in answers().iter().filter(|(file, ..)| file.ends_with(".sse") || file.ends_with(".bin")) {
        // What came before an error counts, and the error itself.
        let frames = |pieces: [&[u8]; 2]| {
            let (mut parser, mut out) = (to.protocol.adapter().framing().parser(), Vec::<Frame>::new());
            let fed: Result<Vec<()>, _> = pieces.iter().map(|piece| parser.feed(piece, &mut out)).collect();
            let ended = parser.end(&mut out);
            (out, fed.map(|_| ()).and(ended))
        };
        let want = frames([bytes, b""]);
        // The large ones at a prime number of steps: they repeat the same few shapes of line.
        let step = if bytes.len() > 2000 { 13 } else { 1 };
        for at in (0..bytes.len()).step_by(step) {
            assert_eq!(frames([&bytes[..at], &bytes[at..]]), want, "{file} at {at}");
        }
    }
}

#[test]
fn line_ends_may_be_crlf_or_cr() {
    check(|text| lines(text).replace('\n', "\r\n"));
    check(|text| lines(text).replace('\n', "\r"));
}

#[test]
fn comments_and_keep_alives_change_nothing() {
    check(|text| format!(": hello\n\n{}", lines(text).replace("\n\n", "\n\n: ping\n\n:\n\n")));
}

#[test]
fn unknown_events_change_nothing() {
    let unknown = "\n\nevent: vendor.new\nid: 7\ndata: {\"type\":\"vendor.new\",\"n\":1}\n\n";
    check(|text| lines(text).replace("\n\n", unknown));
}

#[test]
fn a_missing_done_changes_nothing() {
    check(|text| lines(text).replace("data: [DONE]", ""));
}

#[test]
fn a_pending_event_at_the_end_counts() {
    check(|text| lines(text).trim_end().to_owned());
    check(|text| lines(text).replace("data: [DONE]", "").trim_end().to_owned());
}

#[test]
fn a_cut_stream_is_never_an_answer() {
    for (file, bytes, to, want) in answers() {
        if !file.ends_with(".sse") || want.is_none() {
            continue;
        }
        let text = lines(std::str::from_utf8(&bytes).unwrap());
        let blocks: Vec<&str> = text.split("\n\n").collect();
        let finish = blocks
            .iter()
            .position(|block| {
                !block.contains("finish_reason\":null")
                    && ["finish_reason\":\"", "\"message_delta\"", "event: response.completed", "\"finishReason\": \""]
                        .iter()
                        .any(|mark| block.contains(mark))
            })
            .unwrap();
        for keep in 0..finish {
            let cut = blocks[..=keep].join("\n\n");
            for end in [cut.len() - blocks[keep].len(), cut.len(), cut.len() - blocks[keep].len() / 2] {
                let Some(piece) = cut.get(..end) else { continue };
                let got = decode_all(&to, &[b"data:\n\n", piece.as_bytes()]).unwrap_err();
                assert_eq!(got.class, Class::Truncated, "{file}: {piece}");
            }
        }
    }
}

#[test]
fn a_cut_binary_stream_is_never_an_answer() {
    let mut streams = 0;
    for (file, bytes, to, want) in answers() {
        if !file.ends_with(".bin") || want.is_none() {
            continue;
        }
        let whole = |at: &usize| decode_all(&to, &[&bytes[..*at]]).is_ok();
        let enough = (1..=bytes.len()).find(whole).unwrap();
        let (mut parser, mut frames) = (to.protocol.adapter().framing().parser(), Vec::new());
        parser.feed(&bytes[..enough], &mut frames).unwrap();
        assert_eq!(frames.last().unwrap().event.as_deref(), Some("messageStop"), "{file}");
        for at in 1..enough {
            assert_eq!(decode_all(&to, &[&bytes[..at]]).unwrap_err().class, Class::Truncated, "{file} at {at}");
        }
        streams += 1;
    }
    assert_eq!(streams, 4);
}

#[test]
fn a_stream_that_says_done_without_a_reason_is_cut() {
    let to = endpoint("plain", "m");
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let done = format!("data: {}\n\n", sse::DONE);
    let cut = decode_all(&to, &[text.as_bytes(), done.as_bytes()]).unwrap_err();
    assert_eq!((cut.class, cut.message.as_str()), (Class::Truncated, "the stream was closed without a finish reason"));
    assert_eq!(decode_all(&to, &[done.as_bytes()]).unwrap_err().class, Class::Truncated);
    assert_eq!(decode_all(&to, &[text.as_bytes()]).unwrap_err().class, Class::Truncated);
}

#[test]
fn lines_of_json_may_be_dressed_and_cut() {
    let files: Vec<_> = answers().into_iter().filter(|(file, ..)| file.ends_with(".ndjson")).collect();
    assert_eq!(files.len(), 3);
    for (file, bytes, to, want) in files {
        let text = lines(std::str::from_utf8(&bytes).unwrap());
        let get = |text: &str| decode_all(&to, &[text.as_bytes()]).ok();
        assert_eq!(get(&text.replace('\n', "\r\n")), want, "{file}");
        assert_eq!(get(&text.replace('\n', "\n\n \n{\"vendor\":1}\n")), want, "{file}");
        assert_eq!(get(text.trim_end()), want, "{file}");
        for at in 0..=bytes.len() {
            assert_eq!(decode_all(&to, &[&bytes[..at], &bytes[at..]]).ok(), want, "{file} at {at}");
        }
        let finish = text.find("\"done\":true").unwrap_or(0);
        for at in (1..finish).filter(|at| text.is_char_boundary(*at)) {
            let got = decode_all(&to, &[&bytes[..at]]).unwrap_err();
            assert_eq!(got.class, Class::Truncated, "{file} at {at}");
        }
    }
}
