//! Cohere chat, version 2, decoded: the events of a stream or a whole answer.

use serde_json::Value;

use crate::model::BilledTokens;
use crate::model::{Class, Event, Failure, Finish, TimeoutKind, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::tool_calls::{Piece, ToolCalls};
use crate::protocols::{Decoder, count, finish, reasoning_of};
use crate::wire::{Frame, sse};

/// The state of one reply.
pub(crate) struct CohereDecoder {
    codes: Codes,
    started: bool,
    /// It holds text.
    produced: bool,
    calls: ToolCalls,
    finish: Option<Finish>,
}

impl CohereDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes) -> Self {
        Self { codes, started: false, produced: false, calls: ToolCalls::default(), finish: None }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let at = |place: &str| event.pointer(place).unwrap_or(&Value::Null);
        let wire = event.get("index").and_then(Value::as_u64);
        match kind {
            "message-start" => self.start(event, out),
            "content-start" | "content-delta" => self.content(at("/delta/message/content"), out),
            "tool-plan-delta" => reasoning(at("/delta/message/tool_plan"), out),
            "tool-call-start" => return self.call(wire, at("/delta/message/tool_calls"), out),
            "tool-call-delta" => {
                let arguments = at("/delta/message/tool_calls/function/arguments").as_str().unwrap_or_default();
                if !self.calls.is_empty() {
                    return self.calls.add(&Piece { index: wire, id: "", name: "", arguments }, out);
                }
            }
            "message-end" => {
                usage(at("/delta/usage"), out);
                return self.stop(at("/delta/finish_reason"), at("/delta/error"), out);
            }
            _ if classify::is_error(event) || is_complaint(event) => {
                return Err(classify::inside(event, self.codes));
            }
            // Ends of pieces, citations, and events that did not exist when this was written.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, holder: &Value, out: &mut Vec<Event>) {
        if !self.started {
            self.started = true;
            let id = holder.get("id").and_then(Value::as_str).map(str::to_owned);
            out.push(Event::Start { id, model: None });
        }
    }

    fn call(&mut self, wire: Option<u64>, call: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |place: &str| call.pointer(place).and_then(Value::as_str).unwrap_or_default();
        let (name, arguments) = (text("/function/name"), text("/function/arguments"));
        self.calls.begin(&Piece { index: wire, id: text("/id"), name, arguments }, out)
    }

    /// Decodes a part of the content: text or thinking.
    fn content(&mut self, part: &Value, out: &mut Vec<Event>) {
        out.extend(reasoning_of(part));
        if let Some(text) = part.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            self.produced = true;
            out.push(Event::Text(text.to_owned()));
        }
    }

    fn stop(&mut self, reason: &Value, error: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let failed = |class: Class| {
            let said = error.as_str().map(|error| format!(": {error}")).unwrap_or_default();
            Err(Failure::new(class, format!("the provider says that generation failed{said}")))
        };
        let finish = match reason.as_str().filter(|reason| !reason.is_empty()) {
            // The end of the message says it, too.
            None if self.produced => Finish::Stop,
            None if !self.calls.is_empty() => Finish::ToolCalls,
            None => return Ok(()),
            Some("ERROR") => return failed(Class::ServerError),
            Some("TIMEOUT") => return failed(Class::Timeout(TimeoutKind::Upstream)),
            Some("COMPLETE" | "STOP_SEQUENCE") if self.calls.is_empty() => Finish::Stop,
            Some("COMPLETE" | "STOP_SEQUENCE" | "TOOL_CALL") => Finish::ToolCalls,
            Some("MAX_TOKENS") => Finish::Length,
            Some(reason) => finish::read(reason, out)?,
        };
        if self.finish.is_none() {
            self.finish = Some(finish);
            out.push(Event::Finish(finish));
        }
        Ok(())
    }
}

/// An error has a message of words where an answer has an object.
fn is_complaint(body: &Value) -> bool {
    body.get("message").is_some_and(Value::is_string)
}

fn reasoning(text: &Value, out: &mut Vec<Event>) {
    if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
        out.push(Event::Reasoning(text.to_owned()));
    }
}

/// The tokens that went through the model, and those that are billed: the service adds to a prompt.
fn usage(usage: &Value, out: &mut Vec<Event>) {
    let counted = |places: &[&str]| places.iter().find_map(|place| count(usage.pointer(place)?));
    let billed = |name: &str| counted(&[name]);
    if usage.is_object() {
        out.push(Event::Usage(Usage {
            input: counted(&["/tokens/input_tokens", "/billed_units/input_tokens"]).unwrap_or(0),
            output: counted(&["/tokens/output_tokens", "/billed_units/output_tokens"]).unwrap_or(0),
            cached: counted(&["/cached_tokens"]).unwrap_or(0),
            billed: billed("/billed_units/input_tokens")
                .zip(billed("/billed_units/output_tokens"))
                .map(|(input, output)| BilledTokens { input, output }),
            ..Usage::default()
        }));
    }
}

impl Decoder for CohereDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() || frame.data.trim() == sse::DONE {
            return Ok(());
        }
        if frame.event.as_deref() == Some("error") {
            return Err(crate::protocols::error_frame(frame, self.codes));
        }
        let event = crate::protocols::json_of(frame.data.as_bytes())?;
        let kind = event.get("type").and_then(Value::as_str).or(frame.event.as_deref()).unwrap_or_default();
        self.event(kind, &event, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        let message = body.get("message").filter(|message| message.is_object());
        let (Some(message), false) = (message, classify::is_error(&body)) else {
            return Err(match is_complaint(&body) {
                true => classify::inside(&body, self.codes),
                false => crate::protocols::not_an_answer(&body, self.codes),
            });
        };
        self.start(&body, out);
        let list = |name: &str| message.get(name).and_then(Value::as_array).into_iter().flatten();
        reasoning(message.get("tool_plan").unwrap_or(&Value::Null), out);
        list("content").for_each(|part| self.content(part, out));
        for (index, call) in (0..).zip(list("tool_calls")) {
            self.call(Some(index), call, out)?;
        }
        usage(body.get("usage").unwrap_or(&Value::Null), out);
        self.stop(body.get("finish_reason").unwrap_or(&Value::Null), &Value::Null, out)?;
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
        self.finish.is_some()
    }
}
