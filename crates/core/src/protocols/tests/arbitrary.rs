//! No decoder panics or finds an answer in arbitrary bytes.

use proptest::prelude::*;

use super::{decode_all, endpoint};
use crate::model::{Event, Failure};
use crate::wire::Frame;

pub(super) fn feed(provider: &str, frames: &[(Option<String>, String)]) -> Result<Vec<Event>, Failure> {
    let to = endpoint(provider, "m");
    let mut decoder = to.protocol.adapter().decoder(&to);
    let mut out = Vec::new();
    for (event, data) in frames {
        decoder.frame(&Frame { event: event.clone(), data: data.clone() }, &mut out)?;
    }
    decoder.end(&mut out)?;
    Ok(out)
}

/// JSON made of the names that the protocols use, in wrong places and of wrong types.
fn json_like() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e300",
        "18446744073709551615",
        "\"\"",
        "\"x\"",
        "\"stop\"",
        "\"text\"",
        "\"tool_use\"",
        "\"thinking\"",
        "\"message_delta\"",
        "\"content_block_start\"",
        "\"content_block_delta\"",
        "\"error\"",
        "\"STOP\"",
        "\"function_call\"",
        "\"response.output_item.done\"",
        "\"response.function_call_arguments.delta\"",
        "\"response.completed\"",
        "\"message-end\"",
        "\"tool-call-delta\"",
    ]);
    let name = prop::sample::select(vec![
        "choices",
        "delta",
        "message",
        "content",
        "text",
        "type",
        "index",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "finish_reason",
        "usage",
        "error",
        "code",
        "content_block",
        "stop_reason",
        "thinking",
        "prompt_tokens",
        "input_tokens",
        "completion_tokens",
        "refusal",
        "x_groq",
        "partial_json",
        "candidates",
        "parts",
        "functionCall",
        "args",
        "thought",
        "thoughtSignature",
        "finishReason",
        "promptFeedback",
        "usageMetadata",
        "promptTokenCount",
        "input",
        "response",
        "output",
        "item",
        "output_index",
        "status",
        "done",
        "done_reason",
        "tokens",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(|fields| {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for provider in ["plain", "messages", "mistral", "groq", "responses", "cohere", "ollama", "gemini"] {
            let got = decode_all(&endpoint(provider, "m"), &[b"data: ", &bytes]);
            prop_assert!(got.is_err());
            let _ = decode_all(&endpoint(provider, "m"), &[&bytes]);
        }
    }

    #[test]
    fn odd_json_never_panics(frames in prop::collection::vec((prop::option::of(Just("error".to_owned())), json_like()), 0..6)) {
        for provider in ["plain", "messages", "moonshot", "xai", "responses", "cohere", "ollama", "gemini"] {
            if let Ok(events) = feed(provider, &frames) {
                prop_assert!(events.iter().any(|event| matches!(event, Event::Finish(_))), "an answer without a finish");
            }
            for (_, body) in &frames {
                let _ = decode_all(&endpoint(provider, "m"), &[body.as_bytes()]);
            }
        }
    }
}
