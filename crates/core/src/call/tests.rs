use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::catalog::Quirks;
use crate::protocols::{Overrides, Params, Protocol};

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);
const KEY: &str = "sk-0123456789abcdef";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        protocol: Protocol::Openai,
        provider: "lab".to_owned(),
        base_url: "http://h/".parse().unwrap(),
        model: "m".to_owned(),
        region: None,
        quirks: Quirks::plain(Protocol::Openai),
        known: None,
        params: Params::default(),
        headers: Vec::new(),
        query: Vec::new(),
        overrides: Overrides::default(),
        script: None,
    }
}

fn timeouts() -> Timeouts {
    Timeouts { connect: 5 * S, first_token: 30 * S, idle: 10 * S, attempt: 100 * S }
}

fn text(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// One input of a call, with its time in milliseconds.
enum Input<'a> {
    Head(u64, u16),
    Bytes(u64, &'a str),
    End(u64),
    Broken(u64),
    Tick(u64),
}
use Input::{Broken, Bytes, End, Head, Tick};

/// Feeds `inputs` to a call that was sent at 0.
fn run(inputs: &[Input<'_>]) -> (Vec<Event>, CallEnd) {
    let (to, key) = (endpoint(), Secret::new(KEY));
    let mut call = HttpCall::new(&to, Some(&key), timeouts(), Duration::ZERO);
    let mut events = Vec::new();
    for input in inputs {
        feed(&mut call, input, &mut events);
    }
    (events, call.finish())
}

fn feed(call: &mut HttpCall<'_>, input: &Input<'_>, events: &mut Vec<Event>) {
    let at = Duration::from_millis;
    let broken = Failure::new(Class::Connection(crate::model::ConnectionFault::Broken), "the connection broke");
    match input {
        Head(ms, status) => call.head(at(*ms), *status, &HeaderMap::new(), Timestamp(0)),
        Bytes(ms, bytes) => call.feed(at(*ms), bytes.as_bytes(), events),
        End(ms) => call.end(at(*ms), events),
        Broken(ms) => call.fail(at(*ms), broken, events),
        Tick(ms) => call.tick(at(*ms), events),
    }
}

/// Checks the text, the class of the failure and the time at which the call ended.
fn check(inputs: &[Input<'_>], text: &str, class: Result<(), Class>, ended: u64) {
    let (_, call) = run(inputs);
    let result = call.result.map_err(|failure| failure.class);
    assert_eq!((call.answer.text.as_str(), result, call.ended), (text, class, Duration::from_millis(ended)));
}

/// Checks the deadline after `inputs`, in milliseconds.
fn check_deadline(inputs: &[Input<'_>], want: u64, kind: TimeoutKind) {
    let (to, mut events) = (endpoint(), Vec::new());
    let mut call = HttpCall::new(&to, None, timeouts(), Duration::ZERO);
    inputs.iter().for_each(|input| feed(&mut call, input, &mut events));
    assert_eq!(call.deadline(), (Duration::from_millis(want), kind));
}

#[test]
fn a_complete_answer_is_a_success() {
    let (a, b) = (text("The "), text("sky."));
    let inputs = [Head(100, 200), Bytes(250, &a), Bytes(300, &b), Bytes(301, STOP), Bytes(302, DONE)];
    check(&inputs, "The sky.", Ok(()), 302);
    let (events, call) = run(&inputs);
    assert_eq!((events.len(), call.first_token), (3, Some(250 * MS)));
}

#[test]
fn the_end_of_the_body_ends_the_answer() {
    check(&[Head(1, 200), Bytes(2, &text("a")), Bytes(3, STOP), End(9)], "a", Ok(()), 3);
    check(&[Head(1, 200), Bytes(2, &text("a")), End(9)], "a", Err(Class::Truncated), 2);
    check(&[Head(1, 200), End(9)], "", Err(Class::Malformed), 1);
    check(&[End(9)], "", Err(Class::Malformed), 9);
}

#[test]
fn input_after_the_end_is_ignored() {
    let done = [text("a"), STOP.to_owned(), DONE.to_owned()].concat();
    check(&[Head(1, 200), Bytes(2, &done), Bytes(3, &text("b")), Broken(4), End(5)], "a", Ok(()), 2);
}

#[test]
fn a_broken_connection_loses_no_complete_answer() {
    check(&[Head(1, 200), Bytes(2, &text("a")), Broken(3)], "a", Err(BROKEN), 3);
    check(&[Head(1, 200), Bytes(2, &text("a")), Bytes(3, STOP), Broken(4)], "a", Ok(()), 3);
    check(&[Broken(4)], "", Err(BROKEN), 4);
}
const BROKEN: Class = Class::Connection(crate::model::ConnectionFault::Broken);

#[test]
fn broken_frames_after_the_finish_do_not_lose_the_answer() {
    let error = "data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n";
    for after in [error, "data: {\n\n", "data: \"", "nonsense"] {
        check(&[Head(1, 200), Bytes(2, &text("a")), Bytes(3, STOP), Bytes(4, after), End(5)], "a", Ok(()), 4);
    }
    check(&[Head(1, 200), Bytes(2, &text("a")), Bytes(4, error), End(5)], "a", Err(Class::RateLimit), 4);
}

#[test]
fn deadlines_follow_the_phases_of_the_reply() {
    let a = text("a");
    check_deadline(&[], 30_000, TimeoutKind::FirstToken);
    check_deadline(&[Head(500, 200)], 30_000, TimeoutKind::FirstToken);
    check_deadline(&[Head(500, 200), Bytes(700, ": ping\n\n")], 30_000, TimeoutKind::FirstToken);
    check_deadline(&[Head(500, 200), Bytes(700, &a)], 10_700, TimeoutKind::Idle);
    check_deadline(&[Head(500, 200), Bytes(700, &a), Bytes(900, ": ping\n\n")], 10_900, TimeoutKind::Idle);
    check_deadline(&[Head(500, 200), Bytes(700, &a), Bytes(800, STOP)], 2_800, TimeoutKind::Idle);
    check_deadline(&[Head(500, 200), Bytes(99_000, &a)], 100_000, TimeoutKind::Total);
    check_deadline(&[Head(500, 503)], 5_500, TimeoutKind::Idle);
    check_deadline(&[Head(98_000, 503)], 100_000, TimeoutKind::Total);
}

#[test]
fn a_deadline_that_passes_is_a_timeout() {
    let a = text("a");
    check(&[Tick(29_999), Head(29_999, 200), Tick(30_000)], "", Err(Class::Timeout(TimeoutKind::FirstToken)), 30_000);
    check(&[Head(1, 200), Bytes(2, &a), Tick(10_002)], "a", Err(Class::Timeout(TimeoutKind::Idle)), 10_002);
    check(&[Head(1, 200), Bytes(99_000, &a), Tick(100_000)], "a", Err(Class::Timeout(TimeoutKind::Total)), 100_000);
}

#[test]
fn usage_is_not_awaited_for_long_after_the_finish() {
    check(&[Head(1, 200), Bytes(2, &text("a")), Bytes(3, STOP), Tick(2_003)], "a", Ok(()), 3);
}

#[test]
fn an_error_status_is_classified_with_its_body() {
    let body = "{\"error\":{\"message\":\"slow down\"}}";
    check(&[Head(1, 429), Bytes(2, body), End(3)], "", Err(Class::RateLimit), 1);
    check(&[Head(1, 429), Bytes(2, body), Broken(3)], "", Err(Class::RateLimit), 1);
    check(&[Head(1, 429), Bytes(2, body), Tick(5_001)], "", Err(Class::RateLimit), 1);
    let endless = "x".repeat(MAX_ERROR_BODY);
    check(&[Head(1, 401), Bytes(2, &endless)], "", Err(Class::Authentication), 1);
}

#[test]
fn secrets_do_not_come_back() {
    let message = |call: CallEnd| call.result.unwrap_err().message;
    let body = format!("{{\"error\":{{\"message\":\"bad key {KEY}\"}}}}");
    let (_, call) = run(&[Head(1, 401), Bytes(2, &body), End(3)]);
    assert_eq!(message(call), "bad key [redacted]");
    let (_, call) = run(&[Head(1, 200), Bytes(2, &format!("data: {body}\n\n"))]);
    assert_eq!(message(call), "bad key [redacted]");
    let named = format!("data: {{\"model\":\"m-{KEY}\",\"id\":\"{KEY}\",\"choices\":[]}}\n\n");
    let (events, call) = run(&[Head(1, 200), Bytes(2, &named)]);
    assert_eq!((call.answer.model.as_deref(), call.answer.id.as_deref()), (Some("m-[redacted]"), Some("[redacted]")));
    assert!(!format!("{events:?}").contains(KEY));
}

#[test]
fn a_request_that_cannot_be_encoded_shows_no_secrets() {
    let mut to = endpoint();
    to.headers.push(("x-key".parse().unwrap(), HeaderValue::from_static(KEY)));
    assert_eq!(secrets(&to, Some(&Secret::new("other-secret"))), ["other-secret", KEY]);
    let request = request(&to, None, &Prompt::user("Hi".to_owned()), Timestamp(0));
    assert!(request.is_ok());
}

#[test]
fn an_answer_without_text_is_a_failure() {
    let finish =
        |reason: &str| format!("data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\n");
    for (reason, class) in [
        ("stop", Class::Malformed),
        ("length", Class::InvalidOutput(OutputFault::Cut)),
        ("content_filter", Class::ContentPolicy),
    ] {
        check(&[Head(1, 200), Bytes(2, &finish(reason)), End(3)], "", Err(class), 2);
    }
}

#[test]
fn an_answer_has_a_largest_size() {
    let (to, mut events) = (endpoint(), Vec::new());
    let mut call = HttpCall::new(&to, None, timeouts(), Duration::ZERO);
    call.head(MS, 200, &HeaderMap::new(), Timestamp(0));
    let piece = text(&"x".repeat(1 << 20));
    for _ in 0..=(MAX_ANSWER >> 20) {
        call.feed(MS, piece.as_bytes(), &mut events);
        events.clear();
    }
    assert!(call.is_over());
    assert_eq!(call.finish().result.unwrap_err().message, "the answer is longer than 67.1 MB");
}

#[test]
fn a_call_that_is_given_up_is_truncated() {
    check(&[Head(1, 200), Bytes(2, &text("a"))], "a", Err(Class::Truncated), 2);
}

/// A body of frames that servers send, and of some that they should not.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let frame = prop_oneof![
        4 => "[a-zé ]{0,6}".prop_map(|word| text(&word)),
        1 => Just(STOP.to_owned()),
        1 => Just(DONE.to_owned()),
        1 => Just(": ping\n\n".to_owned()),
        1 => Just("data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[]}\n\n".to_owned()),
        1 => Just("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n".to_owned()),
        1 => Just("data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n".to_owned()),
        1 => Just("data: {\n\n".to_owned()),
    ];
    proptest::collection::vec(frame, 0..8).prop_map(|frames| frames.concat().into_bytes())
}

/// Feeds `body` in pieces of the `sizes`, over and over, all at the same time.
fn in_pieces(status: u16, body: &[u8], sizes: &[usize]) -> (Vec<Event>, CallEnd) {
    let (to, key, mut events) = (endpoint(), Secret::new(KEY), Vec::new());
    let mut call = HttpCall::new(&to, Some(&key), timeouts(), Duration::ZERO);
    call.head(MS, status, &HeaderMap::new(), Timestamp(0));
    let (mut rest, mut sizes) = (body, sizes.iter().cycle());
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| (*size).min(rest.len()));
        let (piece, left) = rest.split_at(size);
        call.feed(MS, piece, &mut events);
        rest = left;
    }
    call.end(MS, &mut events);
    (events, call.finish())
}

proptest! {
    #[test]
    fn every_split_gives_the_same_call(
        body in bodies(),
        sizes in proptest::collection::vec(1_usize..40, 1..6),
        status in prop_oneof![Just(200_u16), Just(429), Just(500)],
    ) {
        let whole = in_pieces(status, &body, &[]);
        prop_assert_eq!(&in_pieces(status, &body, &sizes), &whole);
        prop_assert_eq!(&in_pieces(status, &body, &[1]), &whole);
    }

    #[test]
    fn a_success_has_a_finish_and_content(body in bodies()) {
        let (events, call) = in_pieces(200, &body, &[7]);
        prop_assert_eq!(&events.iter().collect::<Answer>(), &call.answer);
        if call.result.is_ok() {
            prop_assert!(call.answer.finish.is_some() && !call.answer.is_empty() && call.first_token.is_some());
        }
    }

    #[test]
    fn the_deadline_never_lies_beyond_the_total(times in proptest::collection::vec(0_u64..200_000, 0..6)) {
        let (to, mut events) = (endpoint(), Vec::new());
        let mut call = HttpCall::new(&to, None, timeouts(), Duration::ZERO);
        call.head(MS, 200, &HeaderMap::new(), Timestamp(0));
        let mut times = times;
        times.sort_unstable();
        for at in times {
            call.tick(Duration::from_millis(at), &mut events);
            call.feed(Duration::from_millis(at), text("a").as_bytes(), &mut events);
            prop_assert!(call.deadline().0 <= timeouts().attempt);
        }
        call.tick(timeouts().attempt, &mut events);
        prop_assert!(call.is_over());
    }
}

#[test]
fn counts_without_output_are_unknown_beside_text() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":0}}\n\n";
    let (_, call) = run(&[Head(1, 200), Bytes(2, &text("a")), Bytes(3, STOP), Bytes(4, usage), End(5)]);
    assert_eq!((call.result, call.answer.usage), (Ok(()), None));
}
