//! Anthropic messages, decoded: the events of a stream or a whole answer.

use serde_json::Value;

use super::usual::{DeltaEvent, DeltaKind};
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::{Decoder, count};
use crate::wire::{Frame, sse};

/// More calls than this in one answer is an attack, not an answer.
const MAX_CALLS: usize = 1024;

/// The state of one reply.
pub(crate) struct MessagesDecoder {
    codes: Codes,
    /// Who answers: the one who may read what is sealed.
    by: String,
    started: bool,
    stopped: bool,
    produced: bool,
    finish: Option<Finish>,
    calls: usize,
    /// The block that is open, when it is a tool call.
    open: Option<OpenToolUse>,
    /// The passage of reasoning that is open: its text and its signature.
    block: Option<(String, String)>,
    counts: MessagesUsage,
}

/// A tool call whose arguments may still come.
struct OpenToolUse {
    /// The block's index on the wire.
    block: Option<u64>,
    index: usize,
    /// The arguments that its start had; used when no more come.
    input: Value,
    said: bool,
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
            calls: 0,
            open: None,
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
            "content_block_delta" => self.block_delta(block, event.get("delta").unwrap_or(&Value::Null), out),
            "content_block_stop" => self.close(out),
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
        self.close(out);
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
                let index = self.calls;
                if index == MAX_CALLS {
                    let message = format!("more than {MAX_CALLS} tool calls in one answer");
                    return Err(Failure::new(Class::Malformed, message));
                }
                self.calls += 1;
                self.produced = true;
                out.push(Event::ToolStart { index, id: text("id").to_owned(), name: text("name").to_owned() });
                let input = content.get("input").cloned().unwrap_or(Value::Null);
                self.open = Some(OpenToolUse { block, index, input, said: false });
            }
            // Tools that run at the provider.
            _ => {}
        }
        Ok(())
    }

    /// Decodes the usual event.
    fn delta(&mut self, event: &DeltaEvent<'_>, out: &mut Vec<Event>) {
        let delta = &event.delta;
        match delta.kind {
            DeltaKind::Text => self.text(&delta.text.0, out),
            DeltaKind::Thinking => self.think(&delta.thinking.0, "", out),
            DeltaKind::Input => self.input(event.index, &delta.partial_json.0, out),
        }
    }

    fn input(&mut self, block: Option<u64>, piece: &str, out: &mut Vec<Event>) {
        if let Some(call) = self.open.as_mut().filter(|call| call.block == block && !piece.is_empty()) {
            call.said = true;
            out.push(Event::ToolArguments { index: call.index, text: piece.to_owned() });
        }
    }

    fn block_delta(&mut self, block: Option<u64>, delta: &Value, out: &mut Vec<Event>) {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text_delta" => self.text(text("text"), out),
            "thinking_delta" => self.think(text("thinking"), "", out),
            "signature_delta" => self.think("", text("signature"), out),
            "input_json_delta" => {
                self.input(block, text("partial_json"), out);
            }
            // Citations.
            _ => {}
        }
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

    /// A call without arguments says nothing but an empty piece: it means `{}`.
    fn close(&mut self, out: &mut Vec<Event>) {
        if let Some((text, mark)) = self.block.take().filter(|(_, mark)| !mark.is_empty()) {
            out.push(Event::ReasoningBlock(ReasoningBlock {
                by: self.by.clone(),
                text,
                signature: ReasoningSignature::Signature(mark),
            }));
        }
        if let Some(call) = self.open.take().filter(|call| !call.said) {
            let text = if call.input.is_object() { call.input.to_string() } else { "{}".to_owned() };
            out.push(Event::ToolArguments { index: call.index, text });
        }
    }

    fn usage(&mut self, holder: &Value, out: &mut Vec<Event>) {
        if let Some(usage) = holder.get("usage").filter(|usage| usage.is_object()) {
            self.counts.read(usage);
            out.push(Event::Usage(self.counts.usage()));
        }
    }

    fn stop(&mut self, reason: Option<&Value>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let finish = match reason.and_then(Value::as_str) {
            None => return Ok(()),
            Some("end_turn" | "stop_sequence" | "pause_turn") => Finish::Stop,
            Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
            Some("tool_use") => Finish::ToolCalls,
            Some("refusal") => Finish::ContentFilter,
            Some("error") => {
                return Err(Failure::new(Class::ServerError, "the provider says that generation failed (`error`)"));
            }
            Some(reason) => {
                out.push(Event::Warning(format!("the provider gives an unknown finish reason, `{reason}`")));
                Finish::Other
            }
        };
        self.finish(finish, out);
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
            (&mut self.input, "/input_tokens"),
            (&mut self.cache_write, "/cache_creation_input_tokens"),
            (&mut self.cache_write_1h, "/cache_creation/ephemeral_1h_input_tokens"),
            (&mut self.cache_read, "/cache_read_input_tokens"),
            (&mut self.output, "/output_tokens"),
            (&mut self.thinking, THINKING),
        ];
        for (slot, place) in places {
            *slot = usage.pointer(place).and_then(count).or(*slot);
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
            self.delta(&event, out);
            return Ok(());
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
        for block in content {
            self.block_start(None, block, out)?;
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
