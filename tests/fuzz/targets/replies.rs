//! Bodies of replies with status 200, from bytes to events, in every protocol.

use llmroute_core::catalog::{self, Quirks};
use llmroute_core::model::{Answer, Event, Failure, Price, Usage};
use llmroute_core::protocols::{Endpoint, Overrides, Params, Protocol, ReplyReader};
pub use llmroute_core::wire::Framing;
use url::Url;

use super::frames::with_checksums;
use super::{check_failure, luck, splits};

/// Reads `data` as the reply of a provider that speaks `protocol`.
pub fn reply(protocol: Protocol, data: &[u8]) {
    check(&endpoint(protocol, data), data);
    if protocol.adapter().framing() == Framing::AwsEventStream {
        check(&endpoint(protocol, data), &with_checksums(data));
    }
}

/// An endpoint that speaks `protocol`, plain or as one of the known providers does.
pub fn endpoint(protocol: Protocol, data: &[u8]) -> Endpoint {
    let rows = catalog::providers().iter().filter(|row| row.protocol == protocol).map(|row| row.quirks);
    let quirks: Vec<Quirks> = [Quirks::plain(protocol)].into_iter().chain(rows).collect();
    Endpoint {
        protocol,
        provider: "lab".to_owned(),
        base_url: Url::parse("http://h/").expect("an address"),
        model: "m".to_owned(),
        region: None,
        quirks: quirks[luck(data).usize(..quirks.len())],
        known: None,
        params: Params::default(),
        headers: Vec::new(),
        query: Vec::new(),
        overrides: Overrides::default(),
        script: None,
    }
}

fn check(to: &Endpoint, data: &[u8]) {
    let mut results = splits(data).into_iter().map(|pieces| read(to, &pieces));
    let (events, end) = results.next().expect("there is one way to cut at least");
    for other in results {
        assert_eq!(other, (events.clone(), end.clone()), "another split, another answer");
    }
    check_size(&events, data.len());
    check_counts(&events);
    let finishes = events.iter().filter(|event| matches!(event, Event::Finish(_))).count();
    match end {
        Ok(()) => assert_eq!(finishes, 1, "an answer ends once"),
        Err(failure) => check_failure(&failure),
    }
}

fn read(to: &Endpoint, pieces: &[&[u8]]) -> (Vec<Event>, Result<(), Failure>) {
    let (mut reader, mut events) = (ReplyReader::new(to), Vec::new());
    for piece in pieces {
        if reader.done() {
            break;
        }
        if let Err(failure) = reader.feed(piece, &mut events) {
            return (events, Err(failure));
        }
    }
    let end = reader.end(&mut events);
    (events, end)
}

/// The output is proportional to the input: `1e15` as a number of 18 characters is the worst.
fn check_size(events: &[Event], input: usize) {
    let size = |event: &Event| match event {
        Event::Text(text)
        | Event::Reasoning(text)
        | Event::ToolArguments { text, .. }
        | Event::ToolSignature { text, .. } => text.len(),
        Event::ReasoningBlock(block) => block.size(),
        Event::ToolStart { id, name, .. } => id.len() + name.len(),
        Event::Start { id, model } => [id, model].into_iter().flatten().map(String::len).sum(),
        Event::Warning(text) => text.len(),
        Event::Usage(_) | Event::Finish(_) => 0,
    };
    let total: usize = events.iter().map(size).sum();
    assert!(total <= 8 * input + 4096, "{total} bytes of events from {input}");
    assert!(events.len() <= input + 16, "{} events from {input} bytes", events.len());
    let answer: Answer = events.iter().collect();
    assert!(answer.tool_calls.len() <= 1024, "{} tool calls", answer.tool_calls.len());
}

/// Counts of any size can be added and priced.
fn check_counts(events: &[Event]) {
    let mut total = Usage::default();
    for event in events {
        if let Event::Usage(usage) = event {
            total += *usage;
            assert!(Price::flat(1e-6, 1e-5).cost(&total).is_finite(), "no cost of {total:?}");
        }
    }
}
