//! Odd replies, one a file: what each means, in one piece and byte by byte.
//!
//! A file of `tests/fixtures/cases` holds header lines, a line `---`, and the body. Its name begins with the
//! protocol: `an-` for Messages, `ge-` for Gemini, and chat completions otherwise.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

use super::{classify, endpoint, fixtures};
use crate::model::{Answer, Class, Event, Failure, Finish, TimeoutKind};
use crate::protocols::{Endpoint, ReplyReader};

/// A reply in a file.
struct Case {
    to: Endpoint,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn case(name: &str) -> Case {
    let bytes = fixtures::read(fixtures::folder("cases").join(name));
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = match text.strip_prefix("---\n") {
        Some(body) => ("", body),
        None => text.split_once("\n---\n").unwrap(),
    };
    let mut case = Case {
        to: endpoint(
            if name.starts_with("an-") {
                "messages"
            } else if name.starts_with("ge-") {
                "gemini"
            } else {
                "plain"
            },
            "m",
        ),
        status: 200,
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    };
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "status" => case.status = value.parse().unwrap(),
            _ => drop(case.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())),
        }
    }
    case
}

/// The answer, its warnings and the end of it.
fn read(case: &Case, size: usize) -> (Answer, Vec<String>, Result<(), Failure>) {
    let (mut reader, mut events) = (ReplyReader::new(&case.to), Vec::new());
    let mut feed = || {
        for piece in case.body.chunks(size) {
            if !reader.done() {
                reader.feed(piece, &mut events)?;
            }
        }
        reader.end(&mut events)
    };
    let end = feed();
    let warnings = events.iter().filter_map(|event| match event {
        Event::Warning(text) => Some(text.clone()),
        _ => None,
    });
    (events.iter().collect(), warnings.collect(), end)
}

#[track_caller]
fn answer(name: &str) -> (Answer, Vec<String>) {
    let case = case(name);
    let (answer, warnings, end) = read(&case, case.body.len());
    assert_eq!(end, Ok(()), "{name}");
    assert_eq!(read(&case, 1), (answer.clone(), warnings.clone(), end), "{name} byte by byte");
    (answer, warnings)
}

#[track_caller]
fn text(name: &str, want: &str) {
    let (answer, warnings) = answer(name);
    assert_eq!((answer.text.as_str(), warnings.len()), (want, 0), "{name}: {warnings:?}");
}

#[track_caller]
fn failure(name: &str) -> Failure {
    let case = case(name);
    if case.status != 200 {
        return classify(&case.to, case.status, &case.headers, &case.body);
    }
    let failure = read(&case, case.body.len()).2.expect_err(name);
    assert_eq!(read(&case, 1).2, Err(failure.clone()), "{name} byte by byte");
    failure
}

#[track_caller]
fn fails(name: &str, class: Class, words: &str) {
    let failure = failure(name);
    assert_eq!(failure.class, class, "{name}: {}", failure.message);
    assert!(failure.message.contains(words), "{name}: {}", failure.message);
}

#[test]
fn halves_of_a_character_are_joined_or_replaced() {
    text("surrogate-split", "well done 😀 bye");
    text("surrogate-lone", "cut \u{fffd} here");
    let (answer, _) = answer("surrogate-whole");
    assert!(!answer.text.is_empty() && !answer.text.contains('\u{10fffd}'), "{}", answer.text);
}

#[test]
fn numbers_that_are_not_read_may_be_odd() {
    text("json-nan", "fine");
}

#[test]
fn keep_alives_may_be_sent_as_data() {
    text("comment-as-data", "one two three four");
    text("ping-as-data", "one two three four");
}

#[test]
fn empty_error_fields_beside_an_answer_are_not_errors() {
    text("err-error-code-zero", "one two three four");
    text("err-false-fields", "one two three four");
}

#[test]
fn content_may_be_parts_of_other_types() {
    text("parts-output-text", "one two three four");
    text("parts-strings", "one two three four");
}

#[test]
fn an_error_behind_the_finish_is_a_warning() {
    let (answer, warnings) = answer("finish-then-error");
    assert_eq!((answer.text.as_str(), answer.finish), ("one two three four", Some(Finish::Stop)));
    assert!(warnings.len() == 1 && warnings[0].contains("usage service down"), "{warnings:?}");
}

#[test]
fn an_answer_with_usage_behind_it_is_complete_without_a_reason() {
    text("nofinish-done", "one two three four.");
}

#[test]
fn reasons_that_mean_an_abort_are_failures() {
    fails("oa-other-cancelled", Class::ServerError, "cancelled");
    fails("oa-other-timeout", Class::Timeout(TimeoutKind::Upstream), "timeout");
    fails("ge-other", Class::ServerError, "OTHER");
}

#[test]
fn an_unknown_reason_is_named() {
    let (answer, warnings) = answer("oa-other-unknown");
    assert_eq!(answer.finish, Some(Finish::Other));
    assert!(warnings.len() == 1 && warnings[0].contains("`unknown`"), "{warnings:?}");
}

#[test]
fn reasoning_has_many_names() {
    for name in ["think-content-parts", "think-reasoning-details", "think-reasoning-text"] {
        let (answer, _) = answer(name);
        assert!(answer.reasoning.starts_with("step 0 step 1"), "{name}: {}", answer.reasoning);
        assert_eq!(answer.text, "one two three four", "{name}");
    }
}

#[test]
fn reasoning_between_tags_is_not_text() {
    text("think-tags", "one two three four");
    text("think-tags-json", "{\"a\": 1}");
    let (fenced, _) = answer("think-tags-fence");
    assert!(!fenced.text.contains("think>") && fenced.text.contains("```"), "{}", fenced.text);
    let (unclosed, _) = answer("think-tags-unclosed");
    assert_eq!((unclosed.text.as_str(), unclosed.finish), ("", Some(Finish::Length)));
    assert!(unclosed.reasoning.contains("the user greets"));
}

#[test]
fn pieces_of_calls_are_put_together() {
    let calls = |name: &str| -> Vec<(String, String)> {
        answer(name).0.tool_calls.into_iter().map(|call| (call.name, call.arguments)).collect()
    };
    let call = |arguments: &str| ("get_time".to_owned(), arguments.to_owned());
    assert_eq!(calls("toolids-change"), [call("{\"zone\":\"UTC\"}")]);
    assert_eq!(calls("toolids-glued"), [call("{\"zone\":\"UTC\"}"), call("{\"zone\":\"CET\"}")]);
    // An id and a name are a new call.
    assert_eq!(calls("toolids-change-name").len(), 3);
    let (glued, _) = answer("toolids-glued");
    assert_ne!(glued.tool_calls[0].id, glued.tool_calls[1].id);
}

#[test]
fn usage_is_the_last_figure_that_says_something() {
    for (name, want) in [
        ("usage-then-zero", Some((1200, 340))),
        ("usage-responses-names", Some((1200, 340))),
        ("an-usage-delta-zero", Some((1200, 340))),
        ("usage-zero", None),
        ("usage-none", None),
    ] {
        assert_eq!(answer(name).0.usage.map(|usage| (usage.input, usage.output)), want, "{name}");
    }
}

#[test]
fn a_refusal_for_speed_is_a_rate_limit_whatever_its_status() {
    fails("err-403-google", Class::RateLimit, "Rate Limit Exceeded");
    for name in ["err-403-rate-code", "err-403-rate-plain"] {
        fails(name, Class::RateLimit, "ate limit");
        assert_eq!(failure(name).retry_after, Some(Duration::from_secs(2)), "{name}");
    }
}

#[test]
fn a_limit_of_the_model_is_unsupported() {
    for name in ["err-maxtokens", "err-maxtokens-anthropic", "err-maxtokens-openai"] {
        fails(name, Class::Unsupported, "max_tokens");
    }
}

#[test]
fn the_error_behind_a_gateway_is_read() {
    fails("err-metadata-object", Class::NotFound, "the model `acme/old` was retired");
    fails("err-metadata-sse", Class::BadRequest, "messages must contain the word json");
    fails("err-msg-field", Class::BadRequest, "parameter stop is not allowed");
}

#[test]
fn a_wrong_address_is_named() {
    fails("html-200", Class::Malformed, "`base_url`");
    fails("redirect-301", Class::NotFound, "https://127.0.0.1:1/v1/chat/completions");
}
