//! Cohere chat, version 2, decoded: the events of a stream or a whole answer.

use serde_json::Value;

use crate::model::BilledTokens;
use crate::model::{Class, Event, Failure, Finish, TimeoutKind, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::{Decoder, count};
use crate::wire::{Frame, sse};

/// More calls than this in one answer is an attack, not an answer.
const MAX_CALLS: usize = 1024;

/// The state of one reply.
pub(crate) struct CohereDecoder {
    codes: Codes,
    started: bool,
    /// The index that the wire gave to each call.
    calls: Vec<Option<u64>>,
    finish: Option<Finish>,
}

impl CohereDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes) -> Self {
        Self { codes, started: false, calls: Vec::new(), finish: None }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let at = |place: &str| event.pointer(place).unwrap_or(&Value::Null);
        let wire = event.get("index").and_then(Value::as_u64);
        match kind {
            "message-start" => self.start(event, out),
            "content-start" | "content-delta" => content(at("/delta/message/content"), out),
            "tool-plan-delta" => reasoning(at("/delta/message/tool_plan"), out),
            "tool-call-start" => return self.call(wire, at("/delta/message/tool_calls"), out),
            "tool-call-delta" => {
                if let Some(index) = self.calls.iter().rposition(|call| *call == wire) {
                    arguments(index, at("/delta/message/tool_calls/function/arguments"), out);
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
        let index = self.calls.len();
        if index == MAX_CALLS {
            return Err(Failure::new(Class::Malformed, format!("more than {MAX_CALLS} tool calls in one answer")));
        }
        self.calls.push(wire);
        let text = |place: &str| call.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = text("/id").map_or_else(|| format!("call_{index}"), str::to_owned);
        out.push(Event::ToolStart { index, id, name: text("/function/name").unwrap_or_default().to_owned() });
        arguments(index, call.pointer("/function/arguments").unwrap_or(&Value::Null), out);
        Ok(())
    }

    fn stop(&mut self, reason: &Value, error: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let failed = |class: Class| {
            let said = error.as_str().map(|error| format!(": {error}")).unwrap_or_default();
            Err(Failure::new(class, format!("the provider says that generation failed{said}")))
        };
        let finish = match reason.as_str() {
            None => return Ok(()),
            Some("ERROR") => return failed(Class::ServerError),
            Some("TIMEOUT") => return failed(Class::Timeout(TimeoutKind::Upstream)),
            Some("COMPLETE" | "STOP_SEQUENCE") if self.calls.is_empty() => Finish::Stop,
            Some("COMPLETE" | "STOP_SEQUENCE" | "TOOL_CALL") => Finish::ToolCalls,
            Some("MAX_TOKENS") => Finish::Length,
            Some(_) => Finish::Other,
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

/// A part of the content: text or thinking.
fn content(part: &Value, out: &mut Vec<Event>) {
    reasoning(part.get("thinking").unwrap_or(&Value::Null), out);
    if let Some(text) = part.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        out.push(Event::Text(text.to_owned()));
    }
}

fn reasoning(text: &Value, out: &mut Vec<Event>) {
    if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
        out.push(Event::Reasoning(text.to_owned()));
    }
}

fn arguments(index: usize, text: &Value, out: &mut Vec<Event>) {
    if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
        out.push(Event::ToolArguments { index, text: text.to_owned() });
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
        list("content").for_each(|part| content(part, out));
        for call in list("tool_calls") {
            self.call(None, call, out)?;
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
