//! Ollama chat, decoded: the lines of a stream or a whole answer, which has the shape of a line.

use serde_json::Value;

use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::tool_calls::{Piece, ToolCalls};
use crate::protocols::{Decoder, count, finish, reasoning_of, text_of};
use crate::wire::Frame;

/// The state of one reply.
pub(crate) struct OllamaDecoder {
    codes: Codes,
    started: bool,
    calls: ToolCalls,
    finish: Option<Finish>,
}

impl OllamaDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes) -> Self {
        Self { codes, started: false, calls: ToolCalls::default(), finish: None }
    }

    fn line(&mut self, line: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        if classify::is_error(line) {
            return Err(classify::inside(line, self.codes));
        }
        let model = line.get("model").and_then(Value::as_str).filter(|model| !model.is_empty());
        if let (false, Some(model)) = (self.started, model) {
            self.started = true;
            out.push(Event::Start { id: None, model: Some(model.to_owned()) });
        }
        if let Some(message) = line.get("message") {
            self.message(message, out)?;
        }
        if line.get("done") == Some(&Value::Bool(true)) {
            return self.done(line, out);
        }
        Ok(())
    }

    fn message(&mut self, message: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        out.extend(reasoning_of(message));
        let text = message.get("content").map(text_of).filter(|text| !text.is_empty());
        out.extend(text.map(Event::Text));
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.call(call, out)?;
        }
        Ok(())
    }

    /// A call comes whole; older servers give it no id.
    fn call(&mut self, call: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |place: &str| call.pointer(place).and_then(Value::as_str).unwrap_or_default();
        let arguments = match call.pointer("/function/arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(object @ Value::Object(_)) => object.to_string(),
            _ => "{}".to_owned(),
        };
        let index = Some(self.calls.len() as u64);
        self.calls.begin(&Piece { index, id: text("/id"), name: text("/function/name"), arguments: &arguments }, out)
    }

    fn done(&mut self, line: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        let counted = |name: &str| line.get(name).and_then(count);
        // A prompt that the server still had in its cache is not counted.
        let (input, output) = (counted("prompt_eval_count"), counted("eval_count"));
        if input.is_some() || output.is_some() {
            let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
            out.push(Event::Usage(Usage { input, output, ..Usage::default() }));
        }
        let reason = line.get("done_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
        let finish = match finish::read(reason.unwrap_or("stop"), out)? {
            Finish::Stop if !self.calls.is_empty() => Finish::ToolCalls,
            finish => finish,
        };
        self.finish = Some(finish);
        out.push(Event::Finish(finish));
        Ok(())
    }
}

impl Decoder for OllamaDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        self.line(&crate::protocols::json_of(frame.data.as_bytes())?, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        if classify::is_error(&body) || !body.get("message").is_some_and(Value::is_object) {
            return Err(crate::protocols::not_an_answer(&body, self.codes));
        }
        self.line(&body, out)?;
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
