//! The adapters against recorded bytes and hostile ones.

mod arbitrary;
mod billing;
mod cases;
mod encoding;
mod endings;
mod errors;
pub(in crate::protocols) mod fixtures;
mod hostile;
mod matrix;
mod odd;

use http::HeaderMap;
use url::Url;

use super::{Endpoint, Overrides, Params, Protocol, ReplyReader, anthropic, bedrock, responses};
use crate::catalog::{Quirks, aliases, models, provider as provider_row};
use crate::model::{Answer, Class, Failure, Timestamp};
use crate::wire::ErrorReply;

/// 2025-03-06T23:59:50Z.
const NOW: Timestamp = Timestamp(1_741_305_590_000);

/// An endpoint of a catalog row, or of an unknown server for a protocol.
pub(crate) fn endpoint(provider: &str, model: &str) -> Endpoint {
    let (protocol, base, quirks) = match (provider_row(provider), provider) {
        (Some(row), _) => (row.protocol, row.base_url, row.quirks),
        (None, "converse") => (Protocol::Bedrock, "http://h", bedrock::QUIRKS),
        (None, "messages") => (Protocol::Anthropic, "http://h", anthropic::QUIRKS),
        (None, "responses") => (Protocol::Responses, "http://h", responses::QUIRKS),
        (None, _) => (Protocol::Openai, "http://h", Quirks::PLAIN),
    };
    let base = base.replace("{AZURE_RESOURCE_NAME}", "me");
    Endpoint {
        protocol,
        provider: provider.to_owned(),
        region: Some("us-east-1".to_owned()),
        base_url: Url::parse(&base.replace("{region}", "us-east-1")).unwrap(),
        model: model.to_owned(),
        quirks,
        known: aliases::in_table(provider, model).find_map(|(table, name)| models::find(table, &name)),
        params: Params::default(),
        headers: Vec::new(),
        query: Vec::new(),
        overrides: Overrides::default(),
        script: None,
    }
}

/// Everything between the bytes of a reply with status 200 and its answer.
pub(crate) fn decode_all(to: &Endpoint, pieces: &[&[u8]]) -> Result<Answer, Failure> {
    let (mut reader, mut events) = (ReplyReader::new(to), Vec::new());
    for piece in pieces {
        reader.feed(piece, &mut events)?;
    }
    reader.end(&mut events)?;
    Ok(events.iter().collect())
}

pub(in crate::protocols) fn classify(to: &Endpoint, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    to.protocol.adapter().classify(to, &ErrorReply { status, headers, body, now: NOW })
}

/// The failure that `body` is, from a server with status 200.
fn check(provider: &str, body: &str, class: Class) {
    assert_eq!(
        decode_all(&endpoint(provider, "m"), &[body.as_bytes()]).unwrap_err().class,
        class,
        "{provider}: {body}"
    );
}

/// The answer that `body` is.
fn answer(provider: &str, body: &str) -> Answer {
    decode_all(&endpoint(provider, "m"), &[body.as_bytes()]).unwrap()
}

/// A stream of events with these payloads.
fn stream(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}
