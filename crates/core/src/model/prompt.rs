//! Prompts, independent of any provider.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ToolCall;
use super::event::ReasoningBlock;

/// One request to a model, before it is translated for a provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt {
    /// The system prompt.
    pub system: Option<String>,
    /// The conversation; the last message is the one to answer.
    pub messages: Vec<Message>,
    /// The sampling parameters.
    pub sampling: Sampling,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// A JSON Schema that the answer must satisfy.
    pub schema: Option<Value>,
    /// The beginning of the answer, already written, which the model must continue.
    /// Only for endpoints whose quirks allow a prefill.
    pub prefill: Option<String>,
    /// Body fields passed through as they are (`-o key=value` that is not a neutral parameter).
    pub extra: Map<String, Value>,
}

impl Prompt {
    /// A prompt of one user message.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self { messages: vec![Message::text(Role::User, text)], ..Self::default() }
    }

    /// The text of the conversation, of every turn and both sides; the system prompt is apart.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        let texts: Vec<&str> = parts
            .filter_map(|part| match part {
                Part::Text(text) | Part::ToolResult { text, .. } => Some(text.as_str()),
                Part::ToolCall { arguments, .. } => Some(arguments.as_str()),
                Part::ReasoningBlock(_) | Part::Image { .. } | Part::File { .. } => None,
            })
            .collect();
        texts.join("\n")
    }

    /// Characters of text in the whole prompt, for estimates of its size in tokens.
    #[must_use]
    pub(crate) fn chars(&self) -> usize {
        let system = self.system.as_deref().map_or(0, |text| text.chars().count());
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        system
            + parts
                .map(|part| match part {
                    Part::Text(text) | Part::ToolResult { text, .. } => text.chars().count(),
                    Part::ToolCall { arguments, .. } => arguments.chars().count(),
                    Part::ReasoningBlock(block) => block.size(),
                    Part::Image { .. } | Part::File { .. } => 0,
                })
                .sum::<usize>()
    }
}

/// Tokens that an image is taken for: one of about a megapixel is 750 to 1,600, by the provider
/// (OpenAI, "Images and vision"; Anthropic, "Vision"; Gemini, 258 a tile).
pub const IMAGE_TOKENS: u64 = 1000;

/// Tokens that a document is taken for: a page is 250 to 3,000, by what is on it, and most are short
/// (Anthropic, "PDF support"; Gemini, 258 a page).
pub const DOCUMENT_TOKENS: u64 = 3000;

impl Prompt {
    /// Estimated tokens: four characters a token, which holds for English and is on the low side for
    /// most other languages; 1,000 for an image and 3,000 for a document, whatever their size.
    #[must_use]
    pub fn estimated_tokens(&self) -> u64 {
        let text = u64::try_from(self.chars().div_ceil(4)).unwrap_or(u64::MAX);
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        parts.fold(text, |sum, part| {
            sum.saturating_add(match part {
                Part::Image { .. } => IMAGE_TOKENS,
                Part::File { .. } => DOCUMENT_TOKENS,
                Part::Text(_) | Part::ReasoningBlock(_) | Part::ToolCall { .. } | Part::ToolResult { .. } => 0,
            })
        })
    }
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person (or the result of a tool).
    User,
    /// The model.
    Assistant,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The author of a message.
    pub role: Role,
    /// The parts, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A turn of plain text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(String),
    /// An image.
    Image {
        /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
        media_type: String,
        /// The bytes in base64, or an `https` URL.
        data: ImageData,
    },
    /// A document.
    File {
        /// Its name for the model; empty without one.
        name: String,
        /// `application/pdf`.
        media_type: String,
        /// The bytes in base64, or an `https` URL.
        data: ImageData,
    },
    /// Reasoning of the model in an earlier turn, for the provider that it is from.
    ReasoningBlock(ReasoningBlock),
    /// A tool call that the model made in an earlier turn.
    ToolCall {
        /// The call's id, as the provider gave it.
        id: String,
        /// The tool's name.
        name: String,
        /// The arguments, as JSON text.
        arguments: String,
        /// The opaque mark that the provider gave the call, for the same provider only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// The result of a tool.
    ToolResult {
        /// The id of the call this answers.
        id: String,
        /// The result.
        text: String,
    },
}

impl From<ToolCall> for Part {
    /// The call as a part of the turn in which the model made it.
    fn from(call: ToolCall) -> Self {
        let ToolCall { id, name, arguments, signature } = call;
        Self::ToolCall { id, name, arguments, signature }
    }
}

/// The location of an image or a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageData {
    /// The bytes, in base64 without a prefix.
    Base64(String),
    /// An address that the provider fetches.
    Url(String),
}

/// Sampling parameters; `None` leaves the provider's default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// Randomness.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The most tokens to generate, reasoning included.
    pub max_tokens: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The model's own random seed.
    pub seed: Option<i64>,
    /// The reasoning effort.
    pub effort: Option<Effort>,
}

/// Reasoning effort, by the names that providers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    /// All levels, lowest first.
    pub const ALL: [Self; 7] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max];

    /// The name on the wire and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// A function that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// The function's name.
    pub name: String,
    /// Its description for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}
