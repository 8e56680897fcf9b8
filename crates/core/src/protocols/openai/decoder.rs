//! Chat completions, decoded: chunks of a stream or a complete answer, in every dialect seen so far.
//!
//! The usual chunk is read into borrowed types; everything else takes the long way, over a JSON value, and is
//! read leniently: a missing, null or odd field is skipped, never an error.

use std::borrow::Cow;

use serde_json::Value;

use super::chunk::Chunk;
use crate::catalog::Quirks;
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::tool_calls::{Piece, ToolCalls};
use crate::protocols::{Decoder, classify, finish, reasoning_of, text_of};
use crate::wire::{Frame, sse};

/// The state of one reply.
pub(crate) struct ChatDecoder {
    quirks: Quirks,
    by: String,
    /// The reasoning so far, if its provider needs it back with tool calls.
    reasoning: String,
    started: bool,
    /// Text was produced.
    produced: bool,
    refused: bool,
    finish: Option<Finish>,
    /// The server said that the stream is over.
    done: bool,
    /// The last chunk was the usage, which comes behind the answer.
    counted: bool,
    calls: ToolCalls,
}

impl ChatDecoder {
    /// Returns a decoder for one reply of the provider `by`, which has these quirks.
    pub(crate) fn new(quirks: Quirks, by: &str) -> Self {
        Self {
            quirks,
            by: by.to_owned(),
            reasoning: String::new(),
            started: false,
            produced: false,
            refused: false,
            finish: None,
            done: false,
            counted: false,
            calls: ToolCalls::default(),
        }
    }

    /// Decodes the usual chunk.
    fn usual(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) -> Result<(), Failure> {
        self.start(chunk.id.filled(), chunk.model.filled(), out);
        let usage = chunk.usage.and_then(|usage| serde_json::from_str(usage.get()).ok());
        let Some(choice) = &chunk.choices.0 else {
            self.usage(usage.as_ref(), true, out);
            return Ok(());
        };
        let delta = &choice.delta;
        if let Some(text) = delta.reasoning_content.filled().or_else(|| delta.reasoning.filled()) {
            self.think(text.to_owned(), out);
        }
        self.text(&delta.content.0, out);
        self.refused |= delta.refusal.filled().is_some();
        for call in delta.tool_calls.iter().flatten() {
            let function = call.function.as_ref();
            let (name, arguments) = function.map_or(("", ""), |function| (&function.name.0, &function.arguments.0));
            self.calls.add(&Piece { index: call.index, id: &call.id.0, name, arguments }, out)?;
        }
        self.usage(usage.as_ref(), false, out);
        choice.finish_reason.filled().map_or(Ok(()), |reason| self.finish(reason, out))
    }

    /// Decodes any chunk.
    fn unusual(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        if classify::is_error(chunk) {
            return Err(classify::inside(chunk, self.quirks.codes));
        }
        let text = |name: &str| chunk.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        self.start(text("id"), text("model"), out);
        let choices = chunk.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        // Of several answers the first is read.
        let choice = choices.iter().find(|choice| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0);
        if let Some(choice) = choice {
            let error = choice.get("error").filter(|error| classify::is_present(error));
            if error.is_some() {
                return Err(classify::inside(choice, self.quirks.codes));
            }
            for delta in ["delta", "message"].iter().filter_map(|name| choice.get(*name)) {
                self.delta(delta, out)?;
            }
            if let Some(text) = choice.get("text").and_then(Value::as_str) {
                self.text(text, out);
            }
        }
        let odd = self.quirks.usage_at.and_then(|place| chunk.pointer(place));
        let usage = [chunk.get("usage"), odd].into_iter().flatten().find(|usage| usage.is_object());
        self.usage(usage, choices.is_empty(), out);
        match choice.and_then(|choice| choice.get("finish_reason")?.as_str()).filter(|reason| !reason.is_empty()) {
            Some(reason) => self.finish(reason, out),
            None => Ok(()),
        }
    }

    fn start(&mut self, id: Option<&str>, model: Option<&str>, out: &mut Vec<Event>) {
        if !self.started && (id.is_some() || model.is_some()) {
            self.started = true;
            out.push(Event::Start { id: id.map(str::to_owned), model: model.map(str::to_owned) });
        }
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        match reasoning_of(delta) {
            Some(Event::Reasoning(reasoning)) => self.think(reasoning, out),
            other => out.extend(other),
        }
        match delta.get("content") {
            Some(Value::String(content)) => self.text(content, out),
            Some(Value::Array(parts)) => parts.iter().for_each(|part| self.part(part, out)),
            Some(part @ Value::Object(_)) => self.part(part, out),
            _ => {}
        }
        self.refused |= delta.get("refusal").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let calls = match delta.get("tool_calls") {
            Some(Value::Array(calls)) => calls.as_slice(),
            Some(call @ Value::Object(_)) => std::slice::from_ref(call),
            _ => &[],
        };
        for call in calls {
            let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
            let index = call.get("index").and_then(Value::as_u64);
            self.call(index, id, call.get("function").unwrap_or(&Value::Null), out)?;
        }
        // The form before tools: one call, without an id.
        match delta.get("function_call") {
            Some(function @ Value::Object(_)) => self.call(Some(0), "", function, out),
            _ => Ok(()),
        }
    }

    fn think(&mut self, text: String, out: &mut Vec<Event>) {
        if self.quirks.returns_reasoning {
            self.reasoning.push_str(&text);
        }
        out.push(Event::Reasoning(text));
    }

    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        if !text.is_empty() {
            self.produced = true;
            self.counted = false;
            out.push(Event::Text(text.to_owned()));
        }
    }

    /// Decodes a part of a content list: text, reasoning or a refusal, under one of many names.
    fn part(&mut self, part: &Value, out: &mut Vec<Event>) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        let is_reasoning = ["reasoning", "thinking", "thought", "summary"].iter().any(|name| kind.contains(name));
        match part {
            _ if is_reasoning => {
                let reasoning = text_of(part);
                out.extend((!reasoning.is_empty()).then_some(Event::Reasoning(reasoning)));
            }
            _ if kind == "refusal" => self.refused |= !text_of(part).is_empty(),
            Value::String(text) => self.text(text, out),
            Value::Object(_) => match part.get("text") {
                Some(Value::String(text)) => self.text(text, out),
                // `{"text": {"value": …}}`
                Some(text) => self.text(&text_of(text), out),
                None => {}
            },
            _ => {}
        }
    }

    fn call(&mut self, index: Option<u64>, id: &str, function: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
            Some(object @ Value::Object(_)) => Cow::Owned(object.to_string()),
            _ => Cow::Borrowed(""),
        };
        self.calls.add(&Piece { index, id, name, arguments: &arguments }, out)
    }

    /// `is_apart` tells that the chunk holds no choice.
    fn usage(&mut self, usage: Option<&Value>, is_apart: bool, out: &mut Vec<Event>) {
        if let Some(usage) = usage {
            self.counted = is_apart;
            out.push(Event::Usage(read_usage(usage, self.quirks.reasoning_apart)));
        }
    }

    fn finish(&mut self, reason: &str, out: &mut Vec<Event>) -> Result<(), Failure> {
        // A finish that was given already stands; some servers repeat the reason on later chunks.
        if self.finish.is_some() {
            return Ok(());
        }
        let finish = match finish::read(reason, out)? {
            _ if self.refused => Finish::ContentFilter,
            Finish::Stop if !self.calls.is_empty() => Finish::ToolCalls,
            finish => finish,
        };
        self.finish = Some(finish);
        if !self.calls.is_empty() && !self.reasoning.is_empty() {
            let (by, text) = (self.by.clone(), std::mem::take(&mut self.reasoning));
            out.push(Event::ReasoningBlock(ReasoningBlock { by, text, signature: ReasoningSignature::None }));
        }
        out.push(Event::Finish(finish));
        Ok(())
    }
}

impl Decoder for ChatDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        if frame.event.as_deref() != Some("error")
            && let Ok(chunk) = serde_json::from_str::<Chunk<'_>>(&frame.data)
        {
            return if self.done { Ok(()) } else { self.usual(&chunk, out) };
        }
        if frame.data.trim() == sse::DONE {
            self.done = true;
        }
        if self.done {
            return Ok(());
        }
        if frame.event.as_deref() == Some("error") {
            return Err(crate::protocols::error_frame(frame, self.quirks.codes));
        }
        self.unusual(&crate::protocols::json_of(frame.data.as_bytes())?, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        if body.get("choices").is_none_or(Value::is_null) {
            return Err(crate::protocols::not_an_answer(&body, self.quirks.codes));
        }
        self.unusual(&body, out)?;
        // The document is complete, so the answer is, whether or not it gives a reason.
        self.done = true;
        if self.finish.is_none() && (self.produced || self.refused || !self.calls.is_empty()) {
            self.finish("stop", out)?;
        }
        self.end(out)
    }

    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        // The usage comes behind the answer: some servers never give a reason.
        if self.finish.is_none() && self.counted && (self.produced || !self.calls.is_empty()) {
            self.finish("stop", out)?;
        }
        if self.finish.is_some() {
            return Ok(());
        }
        // Gateways end the stream in good form when the server behind them fails: `[DONE]` is not a reason.
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

fn read_usage(usage: &Value, reasoning_apart: bool) -> Usage {
    let count = |places: &[&str]| {
        let counts = places.iter().filter_map(|place| crate::protocols::count(usage.pointer(place)?));
        counts.max().unwrap_or(0)
    };
    let reasoning = count(&[
        "/completion_tokens_details/reasoning_tokens",
        "/output_tokens_details/reasoning_tokens",
        "/reasoning_tokens",
    ]);
    let output = count(&["/completion_tokens", "/output_tokens"]);
    Usage {
        input: count(&["/prompt_tokens", "/input_tokens"]),
        output: if reasoning_apart { output.saturating_add(reasoning) } else { output },
        cached: count(&[
            "/prompt_tokens_details/cached_tokens",
            "/input_tokens_details/cached_tokens",
            "/prompt_cache_hit_tokens",
            "/cached_tokens",
        ]),
        cache_write: count(&["/prompt_tokens_details/cache_write_tokens"]),
        cache_write_1h: 0,
        reasoning,
        cost_nanos: crate::protocols::cost_nanos(usage),
        billed: None,
    }
}
