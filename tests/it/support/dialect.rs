//! The two protocols of the test server: steps of a stream in, bytes out. No sockets here.

use serde_json::{Value, json};

use super::faults::{ANSWER, Body, Step};

/// The protocol of a request, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Chat completions.
    Openai,
    /// Messages.
    Anthropic,
}

impl Dialect {
    /// The protocol that is spoken at `path`.
    pub fn of(path: &str) -> Self {
        if path.contains("/messages") { Self::Anthropic } else { Self::Openai }
    }

    /// The body of a whole reply.
    pub fn body(self, body: Body, model: &str) -> String {
        match (body, self) {
            (Body::Text(text), _) => text.to_owned(),
            (Body::Error { kind, message }, _) => self.error(kind, message).to_string(),
            (Body::Whole, Self::Openai) => json!({
                "id": "chatcmpl-test", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{
                    "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": ANSWER },
                }],
                "usage": openai_usage(),
            })
            .to_string(),
            (Body::Whole, Self::Anthropic) => json!({
                "id": "msg_test", "type": "message", "role": "assistant", "model": model,
                "content": [{ "type": "text", "text": ANSWER }],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 7, "output_tokens": 12 },
            })
            .to_string(),
        }
    }

    fn error(self, kind: &str, message: &str) -> Value {
        match self {
            Self::Openai => {
                json!({ "error": { "message": message, "type": kind, "param": null, "code": null } })
            }
            Self::Anthropic => {
                json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_test" })
            }
        }
    }
}

/// Writes the events of one stream.
pub struct Writer {
    dialect: Dialect,
    model: String,
    /// The rest of [`ANSWER`], for [`Step::Tokens`].
    rest: &'static str,
    /// Anthropic only: the kind of the open block, and its index.
    block: Option<&'static str>,
    index: usize,
}

impl Writer {
    /// A stream that begins behind `prefix`, if the answer begins with it (assistant prefill).
    pub fn new(dialect: Dialect, model: &str, prefix: &str) -> Self {
        let rest = ANSWER.strip_prefix(prefix).unwrap_or(ANSWER);
        Self { dialect, model: model.to_owned(), rest, block: None, index: 0 }
    }

    /// The events before the first token.
    pub fn opening(&self) -> Vec<String> {
        match self.dialect {
            Dialect::Openai => vec![self.delta(json!({ "role": "assistant", "content": "" }))],
            Dialect::Anthropic => vec![event(json!({
                "type": "message_start",
                "message": {
                    "id": "msg_test", "type": "message", "role": "assistant", "model": self.model, "content": [],
                    "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 7, "output_tokens": 1 },
                },
            }))],
        }
    }

    /// The events of one step; none for a step that writes nothing.
    pub fn events(&mut self, step: Step) -> Vec<String> {
        match step {
            Step::Tokens(count) => {
                let tokens: Vec<_> = tokens(self.rest).take(count).collect();
                self.rest = &self.rest[tokens.iter().map(|token| token.len()).sum()..];
                tokens.into_iter().flat_map(|token| self.token(token)).collect()
            }
            Step::Text(text) => tokens(text).flat_map(|token| self.token(token)).collect(),
            Step::Huge(size) => self.token(&"x".repeat(size)),
            Step::Forever => self.token(super::faults::MORE),
            Step::Reasoning(text) => match self.dialect {
                Dialect::Openai => vec![self.delta(json!({ "reasoning_content": text }))],
                Dialect::Anthropic => self.block("thinking", json!({ "type": "thinking_delta", "thinking": text })),
            },
            Step::ToolCall => self.tool_call(),
            Step::Refusal(text) => match self.dialect {
                Dialect::Openai => vec![self.delta(json!({ "refusal": text }))],
                Dialect::Anthropic => self.token(text),
            },
            Step::Ping => match self.dialect {
                Dialect::Openai => vec![": ping\n\n".to_owned()],
                Dialect::Anthropic => vec![event(json!({ "type": "ping" }))],
            },
            Step::Error { kind, message } => match self.dialect {
                Dialect::Openai => vec![data(&self.dialect.error(kind, message))],
                Dialect::Anthropic => vec![event(self.dialect.error(kind, message))],
            },
            Step::Broken => vec!["data: {\"choices\": [{\"del\n\n".to_owned()],
            Step::Finish(reason) => self.finish(reason),
            Step::Done => match self.dialect {
                Dialect::Openai => vec!["data: [DONE]\n\n".to_owned()],
                Dialect::Anthropic => vec![event(json!({ "type": "message_stop" }))],
            },
            Step::Gate | Step::End(_) => Vec::new(),
        }
    }

    fn token(&mut self, text: &str) -> Vec<String> {
        match self.dialect {
            Dialect::Openai => vec![self.delta(json!({ "content": text }))],
            Dialect::Anthropic => self.block("text", json!({ "type": "text_delta", "text": text })),
        }
    }

    fn tool_call(&mut self) -> Vec<String> {
        match self.dialect {
            Dialect::Openai => vec![self.delta(json!({ "tool_calls": [{
                "index": 0, "id": "call_test", "type": "function",
                "function": { "name": "weather", "arguments": "{\"city\":\"Bern\"}" },
            }] }))],
            Dialect::Anthropic => {
                self.block("tool_use", json!({ "type": "input_json_delta", "partial_json": "{\"city\":\"Bern\"}" }))
            }
        }
    }

    /// Anthropic: a delta in a block of `kind`, which is opened (and the one before closed) when needed.
    fn block(&mut self, kind: &'static str, delta: Value) -> Vec<String> {
        let mut events = Vec::new();
        if self.block != Some(kind) {
            events.extend(self.close_block());
            let block = match kind {
                "thinking" => json!({ "type": kind, "thinking": "", "signature": "" }),
                "tool_use" => json!({ "type": kind, "id": "toolu_test", "name": "weather", "input": {} }),
                _ => json!({ "type": kind, "text": "" }),
            };
            events.push(event(json!({ "type": "content_block_start", "index": self.index, "content_block": block })));
            self.block = Some(kind);
        }
        events.push(event(json!({ "type": "content_block_delta", "index": self.index, "delta": delta })));
        events
    }

    fn close_block(&mut self) -> Option<String> {
        self.block.take().map(|_| {
            self.index += 1;
            event(json!({ "type": "content_block_stop", "index": self.index - 1 }))
        })
    }

    fn finish(&mut self, reason: &str) -> Vec<String> {
        match self.dialect {
            Dialect::Openai => vec![
                self.chunk(json!([{ "index": 0, "delta": {}, "finish_reason": reason }]), Value::Null),
                self.chunk(json!([]), openai_usage()),
            ],
            Dialect::Anthropic => {
                let reason = match reason {
                    "length" => "max_tokens",
                    "content_filter" => "refusal",
                    "tool_calls" => "tool_use",
                    _ => "end_turn",
                };
                let mut events: Vec<_> = self.close_block().into_iter().collect();
                events.push(event(json!({
                    "type": "message_delta", "delta": { "stop_reason": reason, "stop_sequence": null },
                    "usage": { "output_tokens": 12 },
                })));
                events
            }
        }
    }

    fn delta(&self, delta: Value) -> String {
        self.chunk(json!([{ "index": 0, "delta": delta, "finish_reason": null }]), Value::Null)
    }

    fn chunk(&self, choices: Value, usage: Value) -> String {
        data(&json!({
            "id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 1, "model": self.model,
            "choices": choices, "usage": usage,
        }))
    }
}

/// The tokens of a text: its words, each with the space before it.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices(' ').map(|(at, _)| at).filter(|&at| at > 0);
    let ends = starts.clone().chain([text.len()]);
    [0].into_iter().chain(starts).zip(ends).map(|(from, to)| &text[from..to]).filter(|token| !token.is_empty())
}

fn openai_usage() -> Value {
    json!({ "prompt_tokens": 7, "completion_tokens": 12, "total_tokens": 19 })
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn event(value: Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().expect("an event has a type"))
}
