//! Responses, decoded: the events of a stream or a whole answer.
//!
//! Lenient in what it does not need: deltas that are missing are taken from the complete item.

use serde_json::Value;

use super::usual::{DeltaEvent, DeltaKind};
use crate::model::event::{ReasoningBlock, ReasoningSignature};
use crate::model::{Class, Event, Failure, Finish, Usage};
use crate::protocols::classify::{self, Codes};
use crate::protocols::{Decoder, count, finish};
use crate::wire::{Frame, sse};

/// More items than this in one answer is an attack, not an answer.
const MAX_ITEMS: usize = 1024;
/// Longer ids are not kept: an item is known by its place, too.
const MAX_ID: usize = 4096;

/// The state of one reply.
pub(crate) struct ResponsesDecoder {
    codes: Codes,
    /// The provider, for thoughts.
    by: String,
    started: bool,
    refused: bool,
    finish: Option<Finish>,
    /// The event that ends the stream was seen.
    done: bool,
    items: Vec<Item>,
    calls: usize,
}

/// A piece of the output that has begun: a message, reasoning or a call.
#[derive(Default)]
struct Item {
    /// Its place in the output, as the wire has it.
    place: Option<u64>,
    id: String,
    /// The position among the calls, when it is one.
    call: Option<usize>,
    /// The text or the arguments that came as deltas.
    said: String,
    /// The complete item came.
    complete: bool,
    /// It came as a thought that is to be sent back.
    sealed: bool,
}

impl ResponsesDecoder {
    /// A decoder for one reply of the provider `by`.
    pub(crate) fn new(codes: Codes, by: &str) -> Self {
        let by = by.to_owned();
        Self { codes, by, started: false, refused: false, finish: None, done: false, items: Vec::new(), calls: 0 }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let response = event.get("response").unwrap_or(&Value::Null);
        let delta = event.get("delta").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => self.start(response, out),
            "response.output_item.added" => {
                let at = match self.known(name_of(event)) {
                    Some(at) => at,
                    None => self.begin(name_of(event))?,
                };
                self.open(at, item_of(event), out);
            }
            "response.output_text.delta" => {
                self.touch(name_of(event), delta)?;
                text(delta, out);
            }
            "response.refusal.delta" => {
                self.touch(name_of(event), "")?;
                self.refused |= !delta.is_empty();
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.touch(name_of(event), delta)?;
                reasoning(delta, out);
            }
            // The parts of a summary are paragraphs.
            "response.reasoning_summary_part.added" => {
                let later = event.get("summary_index").and_then(Value::as_u64).is_some_and(|index| index > 0);
                reasoning(if later { "\n\n" } else { "" }, out);
            }
            "response.function_call_arguments.delta" => {
                let at = self.touch(name_of(event), delta)?;
                self.arguments(at, delta, out);
            }
            "response.output_item.done" => {
                let at = self.item(name_of(event))?;
                return self.complete(at, item_of(event), out);
            }
            "response.completed" | "response.done" if response.is_object() => return self.over(response, false, out),
            "response.incomplete" => return self.over(response, true, out),
            "response.failed" | "response.error" | "error" => {
                let holder = if response.is_object() { response } else { event };
                return Err(classify::inside(holder, self.codes));
            }
            _ if classify::is_error(event) => return Err(classify::inside(event, self.codes)),
            // Searches and other tools of the provider, and events that did not exist when this was written.
            _ => {}
        }
        Ok(())
    }

    /// Decodes the usual event.
    fn delta(&mut self, event: &DeltaEvent<'_>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let (delta, id) = (&*event.delta.0, &*event.item_id.0);
        let name = (event.output_index, if id.len() > MAX_ID { "" } else { id });
        match event.kind {
            DeltaKind::Text => {
                self.touch(name, delta)?;
                text(delta, out);
            }
            DeltaKind::Refusal => {
                self.touch(name, "")?;
                self.refused |= !delta.is_empty();
            }
            DeltaKind::Reasoning => {
                self.touch(name, delta)?;
                reasoning(delta, out);
            }
            DeltaKind::Arguments => {
                let at = self.touch(name, delta)?;
                self.arguments(at, delta, out);
            }
        }
        Ok(())
    }

    fn start(&mut self, response: &Value, out: &mut Vec<Event>) {
        let text = |name: &str| response.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (id, model) = (text("id"), text("model"));
        if !self.started && (id.is_some() || model.is_some()) {
            self.started = true;
            out.push(Event::Start { id: id.map(str::to_owned), model: model.map(str::to_owned) });
        }
    }

    /// The item that `event` is about, by its place or else by its id.
    fn known(&self, (place, id): ItemName<'_>) -> Option<usize> {
        self.items.iter().rposition(|item| match place {
            Some(_) => item.place == place,
            None => !id.is_empty() && item.id == id,
        })
    }

    /// The item that `event` is about; the last one when it does not say, a new one when it is not known.
    fn item(&mut self, name: ItemName<'_>) -> Result<usize, Failure> {
        let last = || self.items.len().checked_sub(1).filter(|_| name == (None, ""));
        match self.known(name).or_else(last) {
            Some(at) => Ok(at),
            None => self.begin(name),
        }
    }

    fn begin(&mut self, (place, id): ItemName<'_>) -> Result<usize, Failure> {
        if self.items.len() == MAX_ITEMS {
            return Err(Failure::new(Class::Malformed, format!("more than {MAX_ITEMS} items in one answer")));
        }
        self.items.push(Item { place, id: id.to_owned(), ..Item::default() });
        Ok(self.items.len() - 1)
    }

    /// The item that a delta belongs to, which has said something if the delta does.
    fn touch(&mut self, name: ItemName<'_>, delta: &str) -> Result<usize, Failure> {
        let at = self.item(name)?;
        self.items[at].said.push_str(delta);
        Ok(at)
    }

    /// A call begins; other items begin with their text.
    fn open(&mut self, at: usize, item: &Value, out: &mut Vec<Event>) {
        let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if text("type") != Some("function_call") || self.items[at].call.is_some() {
            return;
        }
        let index = self.calls;
        self.calls += 1;
        self.items[at].call = Some(index);
        let id = text("call_id").or_else(|| text("id")).map_or_else(|| format!("call_{index}"), str::to_owned);
        out.push(Event::ToolStart { index, id, name: text("name").unwrap_or_default().to_owned() });
    }

    fn arguments(&self, at: usize, text: &str, out: &mut Vec<Event>) {
        if let Some(index) = self.items[at].call.filter(|_| !text.is_empty()) {
            out.push(Event::ToolArguments { index, text: text.to_owned() });
        }
    }

    /// Reasoning as the provider wants it back; it is whole only in the complete item.
    fn seal(&mut self, at: usize, item: &Value, out: &mut Vec<Event>) {
        let is_reasoning = item.get("type").and_then(Value::as_str) == Some("reasoning");
        let sealed = item.get("encrypted_content").and_then(Value::as_str).filter(|sealed| !sealed.is_empty());
        if let Some(sealed) = sealed.filter(|_| is_reasoning && !self.items[at].sealed) {
            self.items[at].sealed = true;
            let signature = ReasoningSignature::Hidden(sealed.to_owned());
            out.push(Event::ReasoningBlock(ReasoningBlock { by: self.by.clone(), text: String::new(), signature }));
        }
    }

    /// Pushes what a complete item holds and its deltas did not.
    ///
    /// # Errors
    /// `malformed` when deltas were lost.
    fn complete(&mut self, at: usize, item: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        self.open(at, item, out);
        self.seal(at, item, out);
        if std::mem::replace(&mut self.items[at].complete, true) {
            return Ok(());
        }
        let said = std::mem::take(&mut self.items[at].said);
        let parts = |name: &str| item.get(name).and_then(Value::as_array).into_iter().flatten();
        let field = |part: &Value, name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
        match item.get("type").and_then(Value::as_str) {
            Some("message") => {
                self.refused |=
                    parts("content").any(|part| field(part, "refusal").is_some_and(|text| !text.is_empty()));
                let complete: String = parts("content").filter_map(|part| field(part, "text")).collect();
                text(missing(&said, &complete)?, out);
            }
            Some("reasoning") if said.is_empty() => {
                let texts: Vec<String> =
                    parts("summary").chain(parts("content")).filter_map(|part| field(part, "text")).collect();
                reasoning(&texts.join("\n\n"), out);
            }
            Some("function_call") => {
                let complete = field(item, "arguments").unwrap_or_default();
                self.arguments(at, missing(&said, &complete)?, out);
            }
            _ => {}
        }
        Ok(())
    }

    /// The whole response, as its last event or as the whole reply has it; `cut` when that event
    /// says that it is incomplete.
    fn over(&mut self, response: &Value, cut: bool, out: &mut Vec<Event>) -> Result<(), Failure> {
        self.start(response, out);
        let output = response.get("output").and_then(Value::as_array).into_iter().flatten().take(MAX_ITEMS);
        let is_streamed = !self.items.is_empty();
        for (place, item) in (0..).zip(output) {
            if is_streamed {
                // Deltas without the event that completes their item.
                if let Some(at) = self.items.iter().position(|item| item.place == Some(place)) {
                    self.complete(at, item, out)?;
                }
            } else {
                self.items.push(Item::default());
                self.complete(self.items.len() - 1, item, out)?;
            }
        }
        if let Some(usage) = response.get("usage").filter(|usage| usage.is_object()) {
            out.push(Event::Usage(read_usage(usage)));
        }
        let finish = match response.get("status").and_then(Value::as_str) {
            Some("failed") => return Err(classify::inside(response, self.codes)),
            Some(status @ ("cancelled" | "queued" | "in_progress")) => {
                return Err(Failure::new(
                    Class::ServerError,
                    format!("the provider says that the answer is `{status}`"),
                ));
            }
            _ if self.refused => Finish::ContentFilter,
            Some("incomplete") => why_incomplete(response, out)?,
            // The name of the event says it, too.
            _ if cut => why_incomplete(response, out)?,
            _ if self.calls > 0 => Finish::ToolCalls,
            _ => Finish::Stop,
        };
        self.done = true;
        self.finish = Some(finish);
        out.push(Event::Finish(finish));
        Ok(())
    }
}

/// The place of an item in the output, and its id; both may be missing.
type ItemName<'a> = (Option<u64>, &'a str);

/// Returns the rest of `complete` behind the deltas. Deltas that say more than the item are left as they are.
///
/// # Errors
/// `malformed` when a part between the deltas is missing.
fn missing<'a>(deltas: &str, complete: &'a str) -> Result<&'a str, Failure> {
    match complete.strip_prefix(deltas) {
        Some(rest) => Ok(rest),
        None if complete.len() <= deltas.len() => Ok(""),
        None => Err(Failure::new(Class::Malformed, "a part of the answer was lost: its deltas do not add up")),
    }
}

fn item_of(event: &Value) -> &Value {
    event.get("item").unwrap_or(&Value::Null)
}

/// The place and the id that `event` gives to its item.
fn name_of(event: &Value) -> ItemName<'_> {
    let ids = [event.get("item_id"), event.pointer("/item/id")];
    let id = ids.into_iter().flatten().find_map(Value::as_str).filter(|id| id.len() <= MAX_ID).unwrap_or_default();
    (event.get("output_index").and_then(Value::as_u64), id)
}

fn text(text: &str, out: &mut Vec<Event>) {
    if !text.is_empty() {
        out.push(Event::Text(text.to_owned()));
    }
}

fn reasoning(text: &str, out: &mut Vec<Event>) {
    if !text.is_empty() {
        out.push(Event::Reasoning(text.to_owned()));
    }
}

fn why_incomplete(response: &Value, out: &mut Vec<Event>) -> Result<Finish, Failure> {
    Ok(match response.pointer("/incomplete_details/reason").and_then(Value::as_str) {
        Some("max_output_tokens" | "max_tokens") => Finish::Length,
        Some("content_filter") => Finish::ContentFilter,
        Some(reason) => return finish::read(reason, out),
        None => Finish::Other,
    })
}

fn read_usage(usage: &Value) -> Usage {
    let count = |place: &str| usage.pointer(place).and_then(count).unwrap_or(0);
    Usage {
        input: count("/input_tokens").max(count("/prompt_tokens")),
        output: count("/output_tokens").max(count("/completion_tokens")),
        cached: count("/input_tokens_details/cached_tokens"),
        cache_write: count("/input_tokens_details/cache_write_tokens"),
        reasoning: count("/output_tokens_details/reasoning_tokens"),
        cost_nanos: crate::protocols::cost_nanos(usage),
        ..Usage::default()
    }
}

impl Decoder for ResponsesDecoder {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<Event>) -> Result<(), Failure> {
        // Gateways add the mark; the protocol has none.
        if self.done || frame.data.trim() == sse::DONE {
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
        if classify::is_error(&body) || !body.get("output").is_some_and(Value::is_array) {
            return Err(crate::protocols::not_an_answer(&body, self.codes));
        }
        self.over(&body, false, out)?;
        self.end(out)
    }

    fn end(&mut self, _out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.finish.is_some() {
            return Ok(());
        }
        let begun = self.started || !self.items.is_empty();
        let early = if begun { "the answer ended before its end" } else { "the reply is empty" };
        Err(Failure::new(Class::Truncated, early))
    }

    fn done(&self) -> bool {
        self.done
    }
}
