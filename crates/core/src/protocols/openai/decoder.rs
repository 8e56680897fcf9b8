//! Chat completions, decoded: chunks of a stream or a whole answer, in every dialect met so far.
//!
//! Lenient in what it does not need: a missing, null or odd field is skipped, never an error.

use serde_json::Value;

use crate::catalog::Quirks;
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::{Decoder, classify};
use crate::wire::{Frame, sse};

/// More calls than this in one answer is an attack, not an answer.
const MAX_CALLS: usize = 1024;

/// The state of one reply.
pub struct ChatDecoder {
    quirks: Quirks,
    started: bool,
    /// Something was produced that a person could use.
    produced: bool,
    refused: bool,
    finish: Option<Finish>,
    /// The server said that the stream is over.
    done: bool,
    calls: Vec<ChatToolCall>,
}

/// A tool call that has begun.
struct ChatToolCall {
    /// The index on the wire, which may start anywhere or be missing.
    wire: Option<u64>,
    id: String,
    named: bool,
}

impl ChatDecoder {
    /// A decoder for one reply of an endpoint with these quirks.
    pub fn new(quirks: Quirks) -> Self {
        Self { quirks, started: false, produced: false, refused: false, finish: None, done: false, calls: Vec::new() }
    }

    fn chunk(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        if classify::is_error(chunk) {
            return Err(classify::inside(chunk, self.quirks.codes));
        }
        self.start(chunk, out);
        let choice = chunk.pointer("/choices/0");
        if let Some(choice) = choice {
            if choice.get("error").is_some_and(|error| !error.is_null()) {
                return Err(classify::inside(choice, self.quirks.codes));
            }
            for name in ["delta", "message"] {
                if let Some(delta) = choice.get(name) {
                    self.delta(delta, out)?;
                }
            }
        }
        self.usage(chunk, out);
        match choice.and_then(|choice| choice.get("finish_reason")?.as_str()).filter(|reason| !reason.is_empty()) {
            Some(reason) => self.finish(reason, out),
            None => Ok(()),
        }
    }

    fn start(&mut self, chunk: &Value, out: &mut Vec<Event>) {
        let text = |name: &str| chunk.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (id, model) = (text("id"), text("model"));
        if !self.started && (id.is_some() || model.is_some()) {
            self.started = true;
            out.push(Event::Start { id: id.map(str::to_owned), model: model.map(str::to_owned) });
        }
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        // Some servers send the same reasoning under both names.
        if let Some(reasoning) = text("reasoning_content").or_else(|| text("reasoning")) {
            out.push(Event::Reasoning(reasoning.to_owned()));
        }
        match delta.get("content") {
            Some(Value::String(content)) => self.text(content, out),
            Some(Value::Array(parts)) => parts.iter().for_each(|part| self.part(part, out)),
            _ => {}
        }
        self.refused |= text("refusal").is_some();
        let calls = delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        for call in calls {
            self.call(call, out)?;
        }
        // The form before tools: one call, without an id.
        match delta.get("function_call") {
            Some(function @ Value::Object(_)) => self.piece(Some(0), "", function, out),
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        if !text.is_empty() {
            self.produced = true;
            out.push(Event::Text(text.to_owned()));
        }
    }

    /// A part of a content array: text, or thinking as a text or a list of texts.
    fn part(&mut self, part: &Value, out: &mut Vec<Event>) {
        match (part.get("type").and_then(Value::as_str), part.get("text"), part.get("thinking")) {
            (Some("text"), Some(Value::String(text)), _) => self.text(text, out),
            (Some("thinking"), _, Some(Value::String(text))) => out.push(Event::Reasoning(text.clone())),
            (Some("thinking"), _, Some(Value::Array(list))) => {
                let texts = list.iter().filter_map(|piece| piece.get("text")?.as_str());
                out.extend(texts.map(|text| Event::Reasoning(text.to_owned())));
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        let index = call.get("index").and_then(Value::as_u64);
        self.piece(index, id, call.get("function").unwrap_or(&Value::Null), out)
    }

    fn piece(&mut self, wire: Option<u64>, id: &str, function: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let (index, opens) = match self.position(wire, id, name) {
            Some(index) => (index, false),
            None => (self.open(wire, id)?, true),
        };
        let call = &mut self.calls[index];
        // The name may come later than the call.
        if opens || (!call.named && !name.is_empty()) {
            call.named = !name.is_empty();
            out.push(Event::ToolStart { index, id: call.id.clone(), name: name.to_owned() });
        }
        let text = match function.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(object @ Value::Object(_)) => object.to_string(),
            _ => String::new(),
        };
        if !text.is_empty() {
            out.push(Event::ToolArguments { index, text });
        }
        Ok(())
    }

    /// The call that a piece continues: by index unless the id says otherwise, by id, or the last.
    fn position(&self, wire: Option<u64>, id: &str, name: &str) -> Option<usize> {
        match (wire, id) {
            (Some(_), _) => self.calls.iter().rposition(|call| call.wire == wire && (id.is_empty() || call.id == id)),
            (None, "") if name.is_empty() => self.calls.len().checked_sub(1),
            (None, "") => None,
            (None, id) => self.calls.iter().rposition(|call| call.id == id),
        }
    }

    fn open(&mut self, wire: Option<u64>, id: &str) -> Result<usize, Failure> {
        let index = self.calls.len();
        if index == MAX_CALLS {
            return Err(Failure::new(Class::Malformed, format!("more than {MAX_CALLS} tool calls in one answer")));
        }
        let id = if id.is_empty() { format!("call_{index}") } else { id.to_owned() };
        self.calls.push(ChatToolCall { wire, id, named: false });
        Ok(index)
    }

    fn usage(&self, chunk: &Value, out: &mut Vec<Event>) {
        let odd = self.quirks.usage_at.and_then(|place| chunk.pointer(place));
        if let Some(usage) = [chunk.get("usage"), odd].into_iter().flatten().find(|usage| usage.is_object()) {
            out.push(Event::Usage(read_usage(usage, self.quirks.reasoning_apart)));
        }
    }

    fn finish(&mut self, reason: &str, out: &mut Vec<Event>) -> Result<(), Failure> {
        let finish = match finish_of(reason) {
            Finish::Error => {
                let message = format!("the provider says that generation failed (`{reason}`)");
                return Err(Failure::new(Class::ServerError, message));
            }
            _ if self.refused => Finish::ContentFilter,
            Finish::Stop if !self.calls.is_empty() => Finish::ToolCalls,
            finish => finish,
        };
        // Some servers repeat the reason on later chunks.
        if self.finish.is_none() {
            self.finish = Some(finish);
            out.push(Event::Finish(finish));
        }
        Ok(())
    }
}

impl Decoder for ChatDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        if frame.data.trim() == sse::DONE {
            self.done = true;
        }
        if self.done {
            return Ok(());
        }
        if frame.event.as_deref() == Some("error") {
            return Err(crate::protocols::error_frame(frame, self.quirks.codes));
        }
        self.chunk(&crate::protocols::json_of(frame.data.as_bytes())?, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        if body.get("choices").is_none_or(Value::is_null) {
            return Err(crate::protocols::not_an_answer(&body, self.quirks.codes));
        }
        self.chunk(&body, out)?;
        // The document is complete, so the answer is, whether or not it gives a reason.
        self.done = true;
        if self.finish.is_none() && (self.produced || self.refused || !self.calls.is_empty()) {
            self.finish("stop", out)?;
        }
        self.end(out)
    }

    fn end(&mut self, _: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        // Gateways end the stream in good form when what is behind them dies: `[DONE]` is no reason.
        let early = match (self.started || self.produced, self.done) {
            (true, true) => "the stream was closed without a finish reason",
            (true, false) => "the answer ended before its end",
            (false, _) => "the reply is empty",
        };
        Err(Failure::new(Class::Truncated, early))
    }

    fn done(&self) -> bool {
        self.done
    }
}

/// The reasons of OpenAI, and those that compatible servers were seen to give instead.
fn finish_of(reason: &str) -> Finish {
    match reason.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" | "complete" => Finish::Stop,
        "length" | "max_tokens" | "max_output_tokens" | "model_length" | "model_context_window_exceeded" => {
            Finish::Length
        }
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => Finish::ToolCalls,
        "content_filter" | "content_filtered" | "sensitive" | "safety" | "refusal" | "prohibited_content" => {
            Finish::ContentFilter
        }
        "error" | "network_error" | "abort" | "insufficient_system_resource" | "malformed_function_call" => {
            Finish::Error
        }
        _ => Finish::Other,
    }
}

fn read_usage(usage: &Value, reasoning_apart: bool) -> Usage {
    let count =
        |places: &[&str]| places.iter().find_map(|place| crate::protocols::count(usage.pointer(place)?)).unwrap_or(0);
    let reasoning = count(&["/completion_tokens_details/reasoning_tokens", "/reasoning_tokens"]);
    let output = count(&["/completion_tokens"]);
    Usage {
        input: count(&["/prompt_tokens"]),
        output: if reasoning_apart { output.saturating_add(reasoning) } else { output },
        cached: count(&["/prompt_tokens_details/cached_tokens", "/prompt_cache_hit_tokens", "/cached_tokens"]),
        cache_write: count(&["/prompt_tokens_details/cache_write_tokens"]),
        reasoning,
    }
}
