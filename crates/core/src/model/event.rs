//! The events of a model's answer, and the answer that they add up to.

use serde::{Deserialize, Serialize};

use super::{Message, Part, Role, Usage};

/// One piece of an answer as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The provider named the answer and the model that gives it.
    Start {
        /// The provider's id of the answer.
        id: Option<String>,
        /// The model as the provider calls it.
        model: Option<String>,
    },
    /// Visible text.
    Text(String),
    /// Reasoning that the provider shows.
    Reasoning(String),
    /// A complete block of reasoning that its provider needs back.
    ReasoningBlock(ReasoningBlock),
    /// The start of a tool call.
    ToolStart {
        /// Position among the calls of this answer.
        index: usize,
        /// The provider's id of the call.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a tool call's arguments, as JSON text.
    ToolArguments {
        /// Position among the calls of this answer.
        index: usize,
        /// A piece of the JSON text.
        text: String,
    },
    /// An opaque signature of a tool call that the provider needs back with it.
    ToolSignature {
        /// Position among the calls of this answer.
        index: usize,
        /// The mark, as the provider gave it.
        text: String,
    },
    /// Counts so far; later ones replace earlier ones.
    Usage(Usage),
    /// Something odd about the reply that does not spoil the answer, for people.
    Warning(String),
    /// The model stopped.
    Finish(Finish),
}

/// A complete block of reasoning that its provider needs back in a tool round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasoningBlock {
    /// The provider that it is from; no other can read its seal.
    pub by: String,
    /// The visible part; can be empty.
    pub text: String,
    /// The signature or the encrypted content.
    #[serde(rename = "seal")]
    pub signature: ReasoningSignature,
}

impl ReasoningBlock {
    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let signature = match &self.signature {
            ReasoningSignature::Signature(signature) | ReasoningSignature::Hidden(signature) => signature.len(),
            ReasoningSignature::None => 0,
        };
        self.by.len() + self.text.len() + signature
    }
}

/// The opaque part of a reasoning block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningSignature {
    /// A mark that proves the text.
    Signature(String),
    /// The thought itself, not to be read.
    Hidden(String),
    /// None: the text alone goes back.
    None,
}

/// The reason for the end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// It met the token limit.
    Length,
    /// It called tools.
    ToolCalls,
    /// The provider blocked or the model refused.
    ContentFilter,
    /// The provider reports that generation failed.
    Error,
    /// A reason that we have no name for.
    Other,
}

impl Finish {
    /// The name in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
            Self::Other => "other",
        }
    }
}

/// A tool call, complete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, as JSON text.
    pub arguments: String,
    /// An opaque signature that the provider needs back with the call; most calls have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// The fold of the events of one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model as the provider calls it.
    pub model: Option<String>,
    /// All visible text.
    pub text: String,
    /// All shown reasoning.
    pub reasoning: String,
    /// Reasoning that must be sent back with the calls, in order.
    pub reasoning_blocks: Vec<ReasoningBlock>,
    /// Tool calls in the order of their index.
    pub tool_calls: Vec<ToolCall>,
    /// The last counts seen, if any.
    pub usage: Option<Usage>,
    /// The first finish seen; without one the answer is not whole.
    pub finish: Option<Finish>,
}

impl Answer {
    /// Adds one event.
    pub fn push(&mut self, event: &Event) {
        match event {
            Event::Start { id, model } => {
                self.id = self.id.take().or_else(|| id.clone());
                self.model = model.clone().or_else(|| self.model.take());
            }
            Event::Text(text) => self.text.push_str(text),
            Event::Reasoning(text) => self.reasoning.push_str(text),
            // A block without a signature is not sent back.
            Event::ReasoningBlock(block) => self.reasoning_blocks.extend(Some(block.clone()).filter(|b| b.size() > 0)),
            Event::ToolStart { index, id, name } => {
                let call = self.call(*index);
                call.id.clone_from(id);
                call.name.clone_from(name);
            }
            Event::ToolArguments { index, text } => self.call(*index).arguments.push_str(text),
            Event::ToolSignature { index, text } => self.call(*index).signature = Some(text.clone()),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Warning(_) => {}
            Event::Finish(finish) => self.finish = self.finish.or(Some(*finish)),
        }
    }

    /// The turn of the conversation that it is, as it must be sent back: thoughts, text, calls.
    #[must_use]
    pub fn turn(&self) -> Message {
        let text = Some(Part::Text(self.text.clone())).filter(|_| !self.text.is_empty());
        let reasoning_blocks = self.reasoning_blocks.iter().cloned().map(Part::ReasoningBlock);
        let parts = reasoning_blocks.chain(text).chain(self.tool_calls.iter().cloned().map(Part::from));
        Message { role: Role::Assistant, parts: parts.collect() }
    }

    /// Returns `true` if it has no usable content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.tool_calls.is_empty()
    }

    fn call(&mut self, index: usize) -> &mut ToolCall {
        // An index is a small position; a hostile one must not allocate without bound.
        let index = index.min(self.tool_calls.len());
        if index == self.tool_calls.len() {
            self.tool_calls.push(ToolCall::default());
        }
        &mut self.tool_calls[index]
    }
}

impl<'a> FromIterator<&'a Event> for Answer {
    fn from_iter<I: IntoIterator<Item = &'a Event>>(events: I) -> Self {
        let mut answer = Self::default();
        events.into_iter().for_each(|event| answer.push(event));
        answer
    }
}
