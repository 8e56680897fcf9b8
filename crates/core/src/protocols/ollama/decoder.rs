//! Ollama chat, decoded: the lines of a stream or a whole answer, which has the shape of a line.

use serde_json::Value;

use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::{Decoder, count};
use crate::wire::Frame;

/// More calls than this in one answer is an attack, not an answer.
const MAX_CALLS: usize = 1024;

/// The state of one reply.
pub(crate) struct OllamaDecoder {
    codes: Codes,
    started: bool,
    calls: usize,
    finish: Option<Finish>,
}

impl OllamaDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes) -> Self {
        Self { codes, started: false, calls: 0, finish: None }
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
            self.done(line, out);
        }
        Ok(())
    }

    fn message(&mut self, message: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = |name: &str| message.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        out.extend(text("thinking").map(|text| Event::Reasoning(text.to_owned())));
        out.extend(text("content").map(|text| Event::Text(text.to_owned())));
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.call(call, out)?;
        }
        Ok(())
    }

    /// A call comes whole; older servers give it no id.
    fn call(&mut self, call: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let index = self.calls;
        if index == MAX_CALLS {
            return Err(Failure::new(Class::Malformed, format!("more than {MAX_CALLS} tool calls in one answer")));
        }
        self.calls += 1;
        let text = |place: &str| call.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = text("/id").map_or_else(|| format!("call_{index}"), str::to_owned);
        out.push(Event::ToolStart { index, id, name: text("/function/name").unwrap_or_default().to_owned() });
        let arguments = match call.pointer("/function/arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(object @ Value::Object(_)) => object.to_string(),
            _ => "{}".to_owned(),
        };
        out.push(Event::ToolArguments { index, text: arguments });
        Ok(())
    }

    fn done(&mut self, line: &Value, out: &mut Vec<Event>) {
        if self.finish.is_some() {
            return;
        }
        let counted = |name: &str| line.get(name).and_then(count);
        // A prompt that the server still had in its cache is not counted.
        let (input, output) = (counted("prompt_eval_count"), counted("eval_count"));
        if input.is_some() || output.is_some() {
            let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
            out.push(Event::Usage(Usage { input, output, ..Usage::default() }));
        }
        let finish = match line.get("done_reason").and_then(Value::as_str) {
            Some("length") => Finish::Length,
            None | Some("stop" | "") if self.calls > 0 => Finish::ToolCalls,
            None | Some("stop" | "") => Finish::Stop,
            // `load` and `unload`: there was no prompt.
            Some(_) => Finish::Other,
        };
        self.finish = Some(finish);
        out.push(Event::Finish(finish));
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
