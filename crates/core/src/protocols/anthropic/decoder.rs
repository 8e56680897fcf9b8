//! Anthropic messages, decoded: the events of a stream or a whole answer.

use serde_json::Value;

use super::usual::{DeltaEvent, DeltaKind};
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::tool_calls::{Piece, ToolCalls};
use crate::protocols::{Decoder, count, finish};
use crate::wire::{Frame, sse};

/// The state of one reply.
pub(crate) struct MessagesDecoder {
    codes: Codes,
    /// The provider; only it can read encrypted reasoning.
    by: String,
    started: bool,
    stopped: bool,
    produced: bool,
    finish: Option<Finish>,
    calls: ToolCalls,
    /// The arguments that the starts of open tool calls held; used when no more come.
    inputs: Vec<(Option<u64>, Value)>,
    /// The passage of reasoning that is open: its text and its signature.
    block: Option<(String, String)>,
    counts: MessagesUsage,
}

/// The place of the tokens of thinking.
const THINKING: &str = "/output_tokens_details/thinking_tokens";

/// The counts as the wire has them; later ones that are not null replace earlier ones.
#[derive(Default)]
struct MessagesUsage {
    input: Option<u64>,
    cache_write: Option<u64>,
    cache_write_1h: Option<u64>,
    cache_read: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl MessagesDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes, by: &str) -> Self {
        Self {
            codes,
            by: by.to_owned(),
            started: false,
            stopped: false,
            produced: false,
            finish: None,
            calls: ToolCalls::default(),
            inputs: Vec::new(),
            block: None,
            counts: MessagesUsage::default(),
        }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let block = event.get("index").and_then(Value::as_u64);
        match kind {
            // Gateways were seen to send it twice.
            "message_start" if !self.started => {
                if let Some(message) = event.get("message") {
                    self.start(message, out);
                    self.usage(message, out);
                }
            }
            "content_block_start" => {
                return self.block_start(block, event.get("content_block").unwrap_or(&Value::Null), out);
            }
            "content_block_delta" => return self.block_delta(block, event.get("delta").unwrap_or(&Value::Null), out),
            "content_block_stop" => {
                self.close_reasoning(out);
                self.close_call(block, out);
            }
            "message_delta" => {
                self.usage(event, out);
                return self.stop(event.pointer("/delta/stop_reason"), out);
            }
            "message_stop" => {
                self.stopped = true;
                if self.finish.is_none() && self.produced {
                    self.finish(Finish::Stop, out);
                }
            }
            "error" => return Err(classify::inside(event, self.codes)),
            _ if classify::is_error(event) => return Err(classify::inside(event, self.codes)),
            // Pings, and events that did not exist when this was written.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, message: &Value, out: &mut Vec<Event>) {
        self.started = true;
        let text = |name: &str| message.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        out.push(Event::Start { id: text("id").map(str::to_owned), model: text("model").map(str::to_owned) });
    }

    fn block_start(&mut self, block: Option<u64>, content: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        self.close_reasoning(out);
        let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => self.text(text("text"), out),
            "thinking" => {
                self.block = Some((String::new(), String::new()));
                self.think(text("thinking"), text("signature"), out);
            }
            "redacted_thinking" if !text("data").is_empty() => {
                let signature = ReasoningSignature::Hidden(text("data").to_owned());
                out.push(Event::ReasoningBlock(ReasoningBlock { by: self.by.clone(), text: String::new(), signature }));
            }
            "tool_use" => {
                self.produced = true;
                self.inputs.push((block, content.get("input").cloned().unwrap_or(Value::Null)));
                let piece = Piece { index: block, id: text("id"), name: text("name"), arguments: "" };
                return self.calls.begin(&piece, out);
            }
            // Tools that run at the provider.
            _ => {}
        }
        Ok(())
    }

    /// Decodes the usual event.
    fn delta(&mut self, event: &DeltaEvent<'_>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let delta = &event.delta;
        match delta.kind {
            DeltaKind::Text => self.text(&delta.text.0, out),
            DeltaKind::Thinking => self.think(&delta.thinking.0, "", out),
            DeltaKind::Input => return self.input(event.index, &delta.partial_json.0, out),
        }
        Ok(())
    }

    /// Adds arguments to an open call; those of tools that run at the provider are left out.
    fn input(&mut self, block: Option<u64>, arguments: &str, out: &mut Vec<Event>) -> Result<(), Failure> {
        if arguments.is_empty() || !self.inputs.iter().any(|(open, _)| *open == block) {
            return Ok(());
        }
        self.calls.add(&Piece { index: block, id: "", name: "", arguments }, out)
    }

    fn block_delta(&mut self, block: Option<u64>, delta: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text_delta" => self.text(text("text"), out),
            "thinking_delta" => self.think(text("thinking"), "", out),
            "signature_delta" => self.think("", text("signature"), out),
            "input_json_delta" => return self.input(block, text("partial_json"), out),
            // Citations.
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        if !text.is_empty() {
            self.produced = true;
            out.push(Event::Text(text.to_owned()));
        }
    }

    /// Signed reasoning goes back to its provider in a round of tools, with its text or without.
    fn think(&mut self, text: &str, signature: &str, out: &mut Vec<Event>) {
        if !text.is_empty() {
            out.push(Event::Reasoning(text.to_owned()));
        }
        if let Some((all, mark)) = &mut self.block {
            all.push_str(text);
            mark.push_str(signature);
        }
    }

    fn close_reasoning(&mut self, out: &mut Vec<Event>) {
        if let Some((text, mark)) = self.block.take().filter(|(_, mark)| !mark.is_empty()) {
            out.push(Event::ReasoningBlock(ReasoningBlock {
                by: self.by.clone(),
                text,
                signature: ReasoningSignature::Signature(mark),
            }));
        }
    }

    /// Ends the call of `block`. One without arguments has those of its start, or `{}`.
    fn close_call(&mut self, block: Option<u64>, out: &mut Vec<Event>) {
        let Some(at) = self.inputs.iter().position(|(open, _)| *open == block) else { return };
        let (_, input) = self.inputs.swap_remove(at);
        let arguments = if input.is_object() { input.to_string() } else { "{}".to_owned() };
        self.calls.complete(block, &arguments, out);
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        self.close_reasoning(out);
        while let Some((block, _)) = self.inputs.first() {
            self.close_call(*block, out);
        }
    }

    fn usage(&mut self, holder: &Value, out: &mut Vec<Event>) {
        if let Some(usage) = holder.get("usage").filter(|usage| usage.is_object()) {
            self.counts.read(usage);
            out.push(Event::Usage(self.counts.usage()));
        }
    }

    fn stop(&mut self, reason: Option<&Value>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let Some(reason) = reason.and_then(Value::as_str).filter(|reason| !reason.is_empty()) else { return Ok(()) };
        if self.finish.is_none() {
            let finish = finish::read(reason, out)?;
            self.finish(finish, out);
        }
        Ok(())
    }

    fn finish(&mut self, finish: Finish, out: &mut Vec<Event>) {
        self.close(out);
        if self.finish.is_none() {
            self.finish = Some(finish);
            out.push(Event::Finish(finish));
        }
    }
}

impl MessagesUsage {
    /// A request that was compacted on the way was several calls of the model: `iterations` counts them all, the other
    /// fields only the last.
    fn read(&mut self, usage: &Value) {
        let iterations = usage.get("iterations").and_then(Value::as_array).filter(|list| !list.is_empty());
        if let Some(iterations) = iterations {
            let mut sum = Self::default();
            for iteration in iterations {
                let mut one = Self::default();
                one.read_one(iteration);
                sum.add(&one);
            }
            *self = Self { thinking: self.thinking, ..sum };
            self.thinking = usage.pointer(THINKING).and_then(count).or(self.thinking);
            return;
        }
        self.read_one(usage);
    }

    fn add(&mut self, other: &Self) {
        let fields = [
            (&mut self.input, other.input),
            (&mut self.cache_write, other.cache_write),
            (&mut self.cache_write_1h, other.cache_write_1h),
            (&mut self.cache_read, other.cache_read),
            (&mut self.output, other.output),
        ];
        for (sum, more) in fields {
            *sum = sum.zip(more).map(|(sum, more)| sum.saturating_add(more)).or(*sum).or(more);
        }
    }

    fn read_one(&mut self, usage: &Value) {
        let places = [
            (&mut self.input, ["/input_tokens", "/prompt_tokens"]),
            (&mut self.cache_write, ["/cache_creation_input_tokens"; 2]),
            (&mut self.cache_write_1h, ["/cache_creation/ephemeral_1h_input_tokens"; 2]),
            (&mut self.cache_read, ["/cache_read_input_tokens"; 2]),
            (&mut self.output, ["/output_tokens", "/completion_tokens"]),
            (&mut self.thinking, [THINKING; 2]),
        ];
        for (slot, names) in places {
            *slot = names.iter().find_map(|name| usage.pointer(name).and_then(count)).or(*slot);
        }
    }

    /// On the wire the input leaves cached tokens out.
    fn usage(&self) -> Usage {
        let (cached, cache_write) = (self.cache_read.unwrap_or(0), self.cache_write.unwrap_or(0));
        Usage {
            input: self.input.unwrap_or(0).saturating_add(cached).saturating_add(cache_write),
            output: self.output.unwrap_or(0),
            cached,
            cache_write,
            cache_write_1h: self.cache_write_1h.unwrap_or(0),
            reasoning: self.thinking.unwrap_or(0),
            ..Usage::default()
        }
    }
}

impl Decoder for MessagesDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        // Gateways add it; the protocol has none.
        if frame.data.trim() == sse::DONE {
            return Ok(());
        }
        if frame.event.as_deref() == Some("error") {
            return Err(crate::protocols::error_frame(frame, self.codes));
        }
        if let Ok(event) = serde_json::from_str::<DeltaEvent<'_>>(&frame.data) {
            return self.delta(&event, out);
        }
        let event = crate::protocols::json_of(frame.data.as_bytes())?;
        let kind = event.get("type").and_then(Value::as_str).or(frame.event.as_deref()).unwrap_or_default();
        self.event(kind, &event, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        let (Some(content), false) = (body.get("content").and_then(Value::as_array), classify::is_error(&body)) else {
            return Err(crate::protocols::not_an_answer(&body, self.codes));
        };
        self.start(&body, out);
        for (index, block) in (0..).zip(content) {
            self.block_start(Some(index), block, out)?;
        }
        self.close(out);
        self.usage(&body, out);
        self.stop(body.get("stop_reason"), out)?;
        if self.finish.is_none() && self.produced {
            self.finish(Finish::Stop, out);
        }
        self.end(out)
    }

    fn end(&mut self, _out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        let early = if self.started { "the answer ended before its end" } else { "the reply is empty" };
        Err(Failure::new(Class::Truncated, early))
    }

    fn done(&self) -> bool {
        self.stopped
    }
}
