//! Converse of Amazon Bedrock, decoded: the events of a stream or a whole answer.

use serde_json::Value;

use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::{Decoder, bedrock, count};
use crate::wire::Frame;

/// More calls than this in one answer is an attack, not an answer.
const MAX_CALLS: usize = 1024;

/// The state of one reply.
pub(crate) struct ConverseDecoder {
    codes: Codes,
    /// Who answers: the one who may read what is sealed.
    by: String,
    started: bool,
    finish: Option<Finish>,
    /// The counts came, and nothing comes after them.
    counted: bool,
    calls: usize,
    /// The tool call that is open, and whether it had arguments.
    open: Option<OpenToolUse>,
    /// The passage of reasoning that is open: its text and its signature.
    block: (String, String),
}

/// A tool call whose arguments may still come.
struct OpenToolUse {
    /// The block's index on the wire.
    block: Option<u64>,
    index: usize,
    said: bool,
}

impl ConverseDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes, by: &str) -> Self {
        let (by, block) = (by.to_owned(), (String::new(), String::new()));
        Self { codes, by, started: false, finish: None, counted: false, calls: 0, open: None, block }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let block = event.get("contentBlockIndex").and_then(Value::as_u64);
        match kind {
            "messageStart" => self.started = true,
            // Not sent for text and reasoning.
            "contentBlockStart" => {
                self.close(out);
                if let Some(call) = event.pointer("/start/toolUse") {
                    self.call(block, call, out)?;
                }
            }
            "contentBlockDelta" => self.delta(block, event.get("delta").unwrap_or(&Value::Null), out),
            "contentBlockStop" => self.close(out),
            "messageStop" => self.stop(event.get("stopReason"), out),
            "metadata" => {
                self.usage(event, out);
                self.counted = true;
            }
            _ if classify::is_error(event) => return Err(classify::inside(event, self.codes)),
            // Events that did not exist when this was written.
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, block: Option<u64>, call: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let index = self.calls;
        if index == MAX_CALLS {
            return Err(Failure::new(Class::Malformed, format!("more than {MAX_CALLS} tool calls in one answer")));
        }
        self.calls += 1;
        out.push(Event::ToolStart { index, id: text("toolUseId"), name: text("name") });
        self.open = Some(OpenToolUse { block, index, said: false });
        Ok(())
    }

    fn delta(&mut self, block: Option<u64>, delta: &Value, out: &mut Vec<Event>) {
        let text = |place: &str| {
            let text = delta.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        out.extend(text("/text").map(Event::Text));
        if let Some(reasoning) = delta.get("reasoningContent") {
            self.think(reasoning, out);
        }
        if let (Some(text), Some(call)) =
            (text("/toolUse/input"), self.open.as_mut().filter(|call| call.block == block))
        {
            call.said = true;
            out.push(Event::ToolArguments { index: call.index, text });
        }
    }

    /// Signed reasoning goes back to its provider in a round of tools, with its text or without.
    fn think(&mut self, reasoning: &Value, out: &mut Vec<Event>) {
        let text = |name: &str| reasoning.get(name).and_then(Value::as_str).unwrap_or_default();
        if !text("text").is_empty() {
            out.push(Event::Reasoning(text("text").to_owned()));
        }
        self.block.0.push_str(text("text"));
        self.block.1.push_str(text("signature"));
        if !text("redactedContent").is_empty() {
            let signature = ReasoningSignature::Hidden(text("redactedContent").to_owned());
            out.push(Event::ReasoningBlock(ReasoningBlock { by: self.by.clone(), text: String::new(), signature }));
        }
    }

    /// A call without arguments says nothing: it means `{}`.
    fn close(&mut self, out: &mut Vec<Event>) {
        let (text, mark) = std::mem::take(&mut self.block);
        if !mark.is_empty() {
            out.push(Event::ReasoningBlock(ReasoningBlock {
                by: self.by.clone(),
                text,
                signature: ReasoningSignature::Signature(mark),
            }));
        }
        if let Some(call) = self.open.take().filter(|call| !call.said) {
            out.push(Event::ToolArguments { index: call.index, text: "{}".to_owned() });
        }
    }

    /// One block of a whole answer.
    fn block(&mut self, block: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |place: &str| {
            let text = block.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        out.extend(text("/text").map(Event::Text));
        if let Some(reasoning) = block.get("reasoningContent") {
            self.think(reasoning.get("reasoningText").unwrap_or(reasoning), out);
            self.close(out);
        }
        if let Some(call) = block.get("toolUse") {
            self.call(None, call, out)?;
            if let (Some(input), Some(open)) = (call.get("input").filter(|input| input.is_object()), &mut self.open) {
                open.said = true;
                out.push(Event::ToolArguments { index: open.index, text: input.to_string() });
            }
            self.close(out);
        }
        Ok(())
    }

    fn stop(&mut self, reason: Option<&Value>, out: &mut Vec<Event>) {
        let finish = match reason.and_then(Value::as_str) {
            Some("end_turn" | "stop_sequence") => Finish::Stop,
            Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
            Some("tool_use") => Finish::ToolCalls,
            Some("guardrail_intervened" | "content_filtered") => Finish::ContentFilter,
            Some("malformed_model_output" | "malformed_tool_use") => Finish::Error,
            Some(_) => Finish::Other,
            None => return,
        };
        self.close(out);
        if self.finish.is_none() {
            self.finish = Some(finish);
            out.push(Event::Finish(finish));
        }
    }

    /// On the wire the input leaves cached tokens out, and the output holds the reasoning uncounted.
    fn usage(&self, holder: &Value, out: &mut Vec<Event>) {
        let Some(usage) = holder.get("usage").filter(|usage| usage.is_object()) else { return };
        let tokens = |name: &str| usage.get(name).and_then(count).unwrap_or(0);
        let (cached, cache_write) = (tokens("cacheReadInputTokens"), tokens("cacheWriteInputTokens"));
        let input = tokens("inputTokens").saturating_add(cached).saturating_add(cache_write);
        let details = usage.get("cacheDetails").and_then(Value::as_array).into_iter().flatten();
        let kept = details.filter(|detail| detail.get("ttl").is_some_and(|ttl| ttl == "1h"));
        let cache_write_1h = kept.filter_map(|detail| count(detail.get("inputTokens")?)).fold(0, u64::saturating_add);
        let output = tokens("outputTokens");
        out.push(Event::Usage(Usage { input, output, cached, cache_write, cache_write_1h, ..Usage::default() }));
    }

    /// What an exception inside a stream means; a name that says nothing more is a mistake of the request.
    fn exception(&self, name: &str, data: &str) -> Failure {
        let body = crate::protocols::json_of(data.as_bytes()).ok().filter(Value::is_object);
        let body = body.unwrap_or_else(|| serde_json::json!({"message": data}));
        let failure = bedrock::day_or_minute(classify::inside(&bedrock::named(body, name), self.codes));
        if failure.class == Class::ServerError && name.eq_ignore_ascii_case("validationException") {
            return Failure { class: Class::BadRequest, ..failure };
        }
        failure
    }
}

impl Decoder for ConverseDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        let kind = frame.event.as_deref().unwrap_or_default();
        if let Some(name) = kind.strip_prefix("exception/").or_else(|| kind.strip_prefix("error/")) {
            return Err(self.exception(name, &frame.data));
        }
        let event = crate::protocols::json_of(frame.data.as_bytes())?;
        self.event(kind, &event, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        let Some(content) = body.pointer("/output/message/content").and_then(Value::as_array) else {
            let name =
                [body.get("__type"), body.pointer("/Output/__type")].into_iter().flatten().find_map(Value::as_str);
            return Err(match name.or_else(|| body.get("message").map(|_| "")) {
                Some(name) => self.exception(name, &body.to_string()),
                None => crate::protocols::not_an_answer(&body, self.codes),
            });
        };
        self.started = true;
        for block in content {
            self.block(block, out)?;
        }
        self.usage(&body, out);
        self.stop(body.get("stopReason"), out);
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
        self.finish.is_some() && self.counted
    }
}
