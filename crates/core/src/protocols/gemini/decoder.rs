//! Gemini's answers, decoded: a stream and a whole answer have one shape.

use serde_json::Value;

use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::tool_calls::{Piece, ToolCalls};
use crate::protocols::{Decoder, count, finish};
use crate::wire::{Frame, sse};

/// The beginning of an id that the API did not give: most calls have none.
pub(crate) const MADE_UP: &str = "call_";

/// The state of one reply.
pub(crate) struct GeminiDecoder {
    codes: Codes,
    started: bool,
    calls: ToolCalls,
    finish: Option<Finish>,
    counts: GeminiUsage,
}

/// The counts as the wire has them; later ones that are not null replace earlier ones.
#[derive(Default)]
struct GeminiUsage {
    prompt: Option<u64>,
    tools: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    reasoning_blocks: Option<u64>,
}

impl GeminiDecoder {
    /// A decoder for one reply.
    pub(crate) fn new(codes: Codes) -> Self {
        Self { codes, started: false, calls: ToolCalls::default(), finish: None, counts: GeminiUsage::default() }
    }

    fn chunk(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        // Errors come wrapped in an array at times, and so do chunks without `alt=sse`.
        if let Value::Array(chunks) = chunk {
            return chunks.iter().filter(|chunk| !chunk.is_array()).try_for_each(|chunk| self.chunk(chunk, out));
        }
        if classify::is_error(chunk) {
            return Err(classify::inside(chunk, self.codes));
        }
        self.start(chunk, out);
        self.usage(chunk, out);
        if let Some(reason) = chunk.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
            return Err(blocked(reason, chunk.pointer("/promptFeedback/blockReasonMessage")));
        }
        // Of several answers the first is read.
        let candidates = chunk.get("candidates").and_then(Value::as_array).into_iter().flatten();
        let is_first = |candidate: &&Value| candidate.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        let Some(candidate) = { candidates }.find(is_first) else { return Ok(()) };
        for part in candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten() {
            self.part(part, out)?;
        }
        match candidate.get("finishReason").and_then(Value::as_str) {
            Some(reason) => self.stop(reason, candidate.get("finishMessage"), out),
            None => Ok(()),
        }
    }

    fn start(&mut self, chunk: &Value, out: &mut Vec<Event>) {
        let text = |name: &str| chunk.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (id, model) = (text("responseId"), text("modelVersion"));
        if !self.started && (id.is_some() || model.is_some()) {
            self.started = true;
            out.push(Event::Start { id: id.map(str::to_owned), model: model.map(str::to_owned) });
        }
    }

    fn part(&mut self, part: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let text = part.get("text").and_then(Value::as_str).filter(|text| !text.is_empty());
        match text.map(str::to_owned) {
            Some(text) if part.get("thought").and_then(Value::as_bool) == Some(true) => {
                out.push(Event::Reasoning(text))
            }
            Some(text) => out.push(Event::Text(text)),
            None => {}
        }
        match part.get("functionCall").filter(|call| call.is_object()) {
            Some(call) => self.call(call, part.get("thoughtSignature").and_then(Value::as_str), out),
            // Code that ran at the provider, inline files, empty parts with a signature.
            None => Ok(()),
        }
    }

    /// A call comes whole.
    fn call(&mut self, call: &Value, signature: Option<&str>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let index = self.calls.len();
        let text = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default();
        let args = call.get("args").filter(|args| args.is_object());
        let arguments = args.map_or_else(|| "{}".to_owned(), Value::to_string);
        let wire = Some(index as u64);
        self.calls.begin(&Piece { index: wire, id: text("id"), name: text("name"), arguments: &arguments }, out)?;
        out.extend(signature.map(|text| Event::ToolSignature { index, text: text.to_owned() }));
        Ok(())
    }

    fn usage(&mut self, chunk: &Value, out: &mut Vec<Event>) {
        if let Some(usage) = chunk.get("usageMetadata").filter(|usage| usage.is_object()) {
            self.counts.read(usage);
            out.push(Event::Usage(self.counts.usage()));
        }
    }

    fn stop(&mut self, reason: &str, message: Option<&Value>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let finish = match reason {
            "" | "FINISH_REASON_UNSPECIFIED" => return Ok(()),
            _ if self.finish.is_some() => return Ok(()),
            // The API's word for a generation that ended without a reason of its own.
            "OTHER" | "IMAGE_OTHER" => {
                let said = said(message);
                return Err(Failure::new(Class::ServerError, format!("generation ended early (`{reason}`){said}")));
            }
            _ => match finish::read(reason, out) {
                Ok(Finish::Stop) if !self.calls.is_empty() => Finish::ToolCalls,
                Ok(finish) => finish,
                Err(failure) => return Err(Failure::new(failure.class, failure.message + &said(message))),
            },
        };
        self.finish = Some(finish);
        out.push(Event::Finish(finish));
        Ok(())
    }
}

/// A prompt that was not answered at all, under status 200.
fn blocked(reason: &str, message: Option<&Value>) -> Failure {
    Failure::new(Class::ContentPolicy, format!("the prompt was blocked (`{reason}`){}", said(message)))
}

fn said(message: Option<&Value>) -> String {
    message.and_then(Value::as_str).map(|message| format!(": {message}")).unwrap_or_default()
}

impl GeminiUsage {
    fn read(&mut self, usage: &Value) {
        let places = [
            (&mut self.prompt, "promptTokenCount"),
            (&mut self.tools, "toolUsePromptTokenCount"),
            (&mut self.cached, "cachedContentTokenCount"),
            (&mut self.candidates, "candidatesTokenCount"),
            (&mut self.reasoning_blocks, "thoughtsTokenCount"),
        ];
        for (slot, name) in places {
            *slot = usage.get(name).and_then(count).or(*slot);
        }
    }

    /// On the wire the prompt holds what was cached, and the candidates leave the thoughts out.
    fn usage(&self) -> Usage {
        let thoughts = self.reasoning_blocks.unwrap_or(0);
        Usage {
            input: self.prompt.unwrap_or(0).saturating_add(self.tools.unwrap_or(0)),
            output: self.candidates.unwrap_or(0).saturating_add(thoughts),
            cached: self.cached.unwrap_or(0),
            reasoning: thoughts,
            ..Usage::default()
        }
    }
}

impl Decoder for GeminiDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        // Gateways add it; the protocol has none.
        if frame.data.trim() == sse::DONE {
            return Ok(());
        }
        if frame.event.as_deref() == Some("error") {
            return Err(crate::protocols::error_frame(frame, self.codes));
        }
        self.chunk(&crate::protocols::json_of(frame.data.as_bytes())?, out)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Failure> {
        let body = crate::protocols::whole_json(body)?;
        let answers = |chunk: &Value| {
            ["candidates", "promptFeedback", "usageMetadata"].iter().any(|name| chunk.get(*name).is_some())
        };
        let first = body.get(0).unwrap_or(&body);
        if !answers(first) {
            return Err(crate::protocols::not_an_answer(first, self.codes));
        }
        self.chunk(&body, out)?;
        self.end(out)
    }

    fn end(&mut self, _out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        let early = if self.started { "the answer ended before its end" } else { "the reply is empty" };
        Err(Failure::new(Class::Truncated, early))
    }
}
