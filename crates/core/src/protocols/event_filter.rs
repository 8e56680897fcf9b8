//! Corrections of the events of any protocol: characters cut between frames, reasoning inside of the text, and
//! usage that later frames take back.

use crate::model::{Event, Usage};
use crate::wire::json_repair::surrogate;

/// Tags between which models write their reasoning, at the beginning of the text.
const TAGS: &[(&str, &str)] = &[("<think>", "</think>"), ("[THINK]", "[/THINK]")];

/// The state of the corrections for one reply.
#[derive(Default)]
pub(crate) struct EventFilter {
    half: Option<Half>,
    thinking: Thinking,
    usage: Option<Usage>,
}

/// The first half of a surrogate pair, and the channel that it was written to.
struct Half {
    channel: Channel,
    unit: u16,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Text,
    Reasoning,
    Arguments(usize),
}

/// The position of the text relative to the tags of reasoning.
enum Thinking {
    /// No text yet, apart from this: white space, or what may become a tag.
    Start(String),
    /// Inside, until this tag; the text is what may become it.
    Inside(&'static str, String),
    /// Behind the closing tag, where white space is left out.
    Behind,
    Over,
}

impl Default for Thinking {
    fn default() -> Self {
        Self::Start(String::new())
    }
}

impl EventFilter {
    /// Corrects the events from index `from` on. `repaired` tells that they may hold marks of surrogates.
    pub(crate) fn apply(&mut self, events: &mut Vec<Event>, from: usize, repaired: bool) {
        let plain = matches!(self.thinking, Thinking::Over) && self.half.is_none() && !repaired;
        let is_plain =
            |event: &Event| matches!(event, Event::Text(_) | Event::Reasoning(_) | Event::ToolArguments { .. });
        if plain && events[from..].iter().all(is_plain) {
            return;
        }
        for event in events.split_off(from) {
            self.event(event, repaired, events);
        }
    }

    /// Pushes what was kept back, when the body has ended.
    pub(crate) fn end(&mut self, out: &mut Vec<Event>) {
        self.flush_half(out);
        self.flush_tag(out);
    }

    fn event(&mut self, event: Event, repaired: bool, out: &mut Vec<Event>) {
        match event {
            Event::Text(text) => self.piece(Channel::Text, text, repaired, out),
            Event::Reasoning(text) => self.piece(Channel::Reasoning, text, repaired, out),
            Event::ToolArguments { index, text } => self.piece(Channel::Arguments(index), text, repaired, out),
            Event::Usage(usage) => out.extend(self.usage(usage).map(Event::Usage)),
            Event::Finish(_) | Event::ToolStart { .. } => {
                self.end(out);
                out.push(event);
            }
            Event::Start { .. } | Event::ReasoningBlock(_) | Event::ToolSignature { .. } | Event::Warning(_) => {
                out.push(event);
            }
        }
    }

    fn piece(&mut self, channel: Channel, text: String, repaired: bool, out: &mut Vec<Event>) {
        if self.half.as_ref().is_some_and(|half| half.channel != channel) {
            self.flush_half(out);
        }
        let text = if repaired || self.half.is_some() { self.join(channel, &text, repaired) } else { text };
        match channel {
            _ if text.is_empty() => {}
            Channel::Text => self.text(text, out),
            Channel::Reasoning => out.push(Event::Reasoning(text)),
            Channel::Arguments(index) => out.push(Event::ToolArguments { index, text }),
        }
    }

    /// Puts the halves of characters together; a half without the other becomes U+FFFD.
    fn join(&mut self, channel: Channel, text: &str, repaired: bool) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            let unit = surrogate(c).filter(|_| repaired);
            let first = self.half.take();
            match (first.map(|half| half.unit), unit) {
                (Some(high), Some(low @ 0xDC00..)) => {
                    out.extend(char::decode_utf16([high, low]).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
                }
                (first, unit) => {
                    out.extend(first.map(|_| char::REPLACEMENT_CHARACTER));
                    match unit {
                        Some(unit @ ..=0xDBFF) => self.half = Some(Half { channel, unit }),
                        Some(_) => out.push(char::REPLACEMENT_CHARACTER),
                        None => out.push(c),
                    }
                }
            }
        }
        out
    }

    fn flush_half(&mut self, out: &mut Vec<Event>) {
        let Some(half) = self.half.take() else { return };
        let text = char::REPLACEMENT_CHARACTER.to_string();
        match half.channel {
            Channel::Text => self.text(text, out),
            Channel::Reasoning => out.push(Event::Reasoning(text)),
            Channel::Arguments(index) => out.push(Event::ToolArguments { index, text }),
        }
    }

    /// Tells reasoning at the beginning of the text from the text.
    fn text(&mut self, text: String, out: &mut Vec<Event>) {
        match &mut self.thinking {
            Thinking::Over => push_text(text, out),
            Thinking::Behind => {
                let rest = text.trim_start();
                if !rest.is_empty() {
                    let rest = rest.to_owned();
                    self.thinking = Thinking::Over;
                    push_text(rest, out);
                }
            }
            Thinking::Start(kept) => {
                kept.push_str(&text);
                let begun = kept.trim_start();
                if let Some((open, close)) = TAGS.iter().find(|(open, _)| begun.starts_with(open)) {
                    let rest = begun[open.len()..].to_owned();
                    self.thinking = Thinking::Inside(close, String::new());
                    self.text(rest, out);
                } else if !TAGS.iter().any(|(open, _)| open.starts_with(begun)) {
                    let kept = std::mem::take(kept);
                    self.thinking = Thinking::Over;
                    push_text(kept, out);
                }
            }
            Thinking::Inside(close, kept) => {
                let close = *close;
                kept.push_str(&text);
                if let Some(at) = kept.find(close) {
                    let (reasoning, rest) = (kept[..at].to_owned(), kept[at + close.len()..].to_owned());
                    self.thinking = Thinking::Behind;
                    push_reasoning(reasoning, out);
                    self.text(rest, out);
                } else {
                    // The end may be the beginning of the tag.
                    let part = (1..close.len()).rev().find(|length| kept.ends_with(&close[..*length])).unwrap_or(0);
                    let reasoning = kept.drain(..kept.len() - part).collect();
                    push_reasoning(reasoning, out);
                }
            }
        }
    }

    fn flush_tag(&mut self, out: &mut Vec<Event>) {
        match &mut self.thinking {
            Thinking::Start(kept) if kept.is_empty() => {}
            Thinking::Start(kept) => {
                let kept = std::mem::take(kept);
                self.thinking = Thinking::Over;
                push_text(kept, out);
            }
            Thinking::Inside(_, kept) => push_reasoning(std::mem::take(kept), out),
            Thinking::Behind | Thinking::Over => {}
        }
    }

    /// Merges the counts: a zero does not take back what was counted, and counts that are all zero are unknown.
    fn usage(&mut self, new: Usage) -> Option<Usage> {
        let known = self.usage.unwrap_or_default();
        let merge = |new: u64, known: u64| if new == 0 { known } else { new };
        let usage = Usage {
            input: merge(new.input, known.input),
            output: merge(new.output, known.output),
            cached: merge(new.cached, known.cached),
            cache_write: merge(new.cache_write, known.cache_write),
            cache_write_1h: merge(new.cache_write_1h, known.cache_write_1h),
            billed: new.billed.or(known.billed),
            cost_nanos: new.cost_nanos.or(known.cost_nanos),
            reasoning: merge(new.reasoning, known.reasoning),
        };
        self.usage = Some(usage).filter(|usage| *usage != Usage::default());
        self.usage
    }
}

fn push_text(text: String, out: &mut Vec<Event>) {
    if !text.is_empty() {
        out.push(Event::Text(text));
    }
}

fn push_reasoning(text: String, out: &mut Vec<Event>) {
    if !text.is_empty() {
        out.push(Event::Reasoning(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, Finish};

    fn filter(pieces: &[&str]) -> Answer {
        let (mut filter, mut out) = (EventFilter::default(), Vec::new());
        for piece in pieces {
            let from = out.len();
            out.push(Event::Text((*piece).to_owned()));
            filter.apply(&mut out, from, false);
        }
        let from = out.len();
        out.push(Event::Finish(Finish::Stop));
        filter.apply(&mut out, from, false);
        out.iter().collect()
    }

    #[track_caller]
    fn check(text: &str, reasoning: &str, rest: &str) {
        let characters: Vec<String> = text.chars().map(String::from).collect();
        let pieces: Vec<&str> = characters.iter().map(String::as_str).collect();
        for answer in [filter(&[text]), filter(&pieces)] {
            assert_eq!((answer.reasoning.as_str(), answer.text.as_str()), (reasoning, rest), "{text}");
        }
    }

    #[test]
    fn tags_at_the_beginning_hold_reasoning() {
        check("<think>\nwhy\n</think>\n\nanswer", "\nwhy\n", "answer");
        check("\n [THINK]why[/THINK]answer", "why", "answer");
        check("<think></think>answer <think>x</think>", "", "answer <think>x</think>");
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in ["", "answer", "<b>", "<thin", "  indented", "a <think>b</think>"] {
            check(text, "", text);
        }
    }

    #[test]
    fn reasoning_without_an_end_is_not_text() {
        check("<think>why", "why", "");
        check("<think>why </thi", "why </thi", "");
    }

    #[test]
    fn a_zero_does_not_take_back_a_count() {
        let mut filter = EventFilter::default();
        let usage = |input, output| Usage { input, output, ..Usage::default() };
        assert_eq!(filter.usage(usage(0, 0)), None);
        assert_eq!(filter.usage(usage(1200, 4)), Some(usage(1200, 4)));
        assert_eq!(filter.usage(usage(0, 340)), Some(usage(1200, 340)));
        assert_eq!(filter.usage(usage(0, 0)), Some(usage(1200, 340)));
    }
}
