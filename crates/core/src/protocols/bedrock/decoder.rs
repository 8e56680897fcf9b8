//! Converse of Amazon Bedrock, decoded: the events of a stream or a whole answer.

use serde_json::Value;

use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::tool_calls::{Piece, ToolCalls};
use crate::protocols::{Decoder, bedrock, count, finish};
use crate::wire::Frame;

/// The state of one reply.
pub(crate) struct ConverseDecoder {
    codes: Codes,
    /// The provider; only it can read encrypted reasoning.
    by: String,
    started: bool,
    finish: Option<Finish>,
    /// The counts came, and nothing comes after them.
    counted: bool,
    calls: ToolCalls,
    /// The passage of reasoning that is open: its text and its signature.
    block: (String, String),
}

impl ConverseDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes, by: &str) -> Self {
        let (by, block) = (by.to_owned(), (String::new(), String::new()));
        Self { codes, by, started: false, finish: None, counted: false, calls: ToolCalls::default(), block }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let block = event.get("contentBlockIndex").and_then(Value::as_u64);
        match kind {
            "messageStart" => self.started = true,
            // Not sent for text and reasoning.
            "contentBlockStart" => {
                self.close_reasoning(out);
                if let Some(call) = event.pointer("/start/toolUse") {
                    self.call(block, call, "", out)?;
                }
            }
            "contentBlockDelta" => return self.delta(block, event.get("delta").unwrap_or(&Value::Null), out),
            "contentBlockStop" => {
                self.close_reasoning(out);
                if block.is_some() {
                    self.calls.complete(block, "{}", out);
                }
            }
            "messageStop" => {
                let reason = event.get("stopReason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
                return self.stop(reason.unwrap_or("end_turn"), out);
            }
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

    fn call(&mut self, block: Option<u64>, call: &Value, arguments: &str, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default();
        self.calls.begin(&Piece { index: block, id: text("toolUseId"), name: text("name"), arguments }, out)
    }

    fn delta(&mut self, block: Option<u64>, delta: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |place: &str| {
            let text = delta.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        out.extend(text("/text").map(Event::Text));
        if let Some(reasoning) = delta.get("reasoningContent") {
            self.think(reasoning, out);
        }
        match text("/toolUse/input").filter(|_| !self.calls.is_empty()) {
            Some(arguments) => self.calls.add(&Piece { index: block, id: "", name: "", arguments: &arguments }, out),
            None => Ok(()),
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

    fn close_reasoning(&mut self, out: &mut Vec<Event>) {
        let (text, mark) = std::mem::take(&mut self.block);
        if !mark.is_empty() {
            out.push(Event::ReasoningBlock(ReasoningBlock {
                by: self.by.clone(),
                text,
                signature: ReasoningSignature::Signature(mark),
            }));
        }
    }

    /// One block of a whole answer.
    fn block(&mut self, index: u64, block: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |place: &str| {
            let text = block.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        out.extend(text("/text").map(Event::Text));
        if let Some(reasoning) = block.get("reasoningContent") {
            self.think(reasoning.get("reasoningText").unwrap_or(reasoning), out);
            self.close_reasoning(out);
        }
        if let Some(call) = block.get("toolUse") {
            let input = call.get("input").filter(|input| input.is_object());
            self.call(Some(index), call, &input.map_or_else(|| "{}".to_owned(), Value::to_string), out)?;
        }
        Ok(())
    }

    fn stop(&mut self, reason: &str, out: &mut Vec<Event>) -> Result<(), Failure> {
        self.close_reasoning(out);
        // A call without arguments says nothing: it means `{}`.
        self.calls.complete(None, "{}", out);
        if self.finish.is_none() {
            let finish = match finish::read(reason, out)? {
                Finish::Stop if !self.calls.is_empty() => Finish::ToolCalls,
                finish => finish,
            };
            self.finish = Some(finish);
            out.push(Event::Finish(finish));
        }
        Ok(())
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

    /// Classifies an exception inside a stream; a name without details blames the request.
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
        for (index, block) in (0..).zip(content) {
            self.block(index, block, out)?;
        }
        self.usage(&body, out);
        self.stop(body.get("stopReason").and_then(Value::as_str).unwrap_or("end_turn"), out)?;
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
