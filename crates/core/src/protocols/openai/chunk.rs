//! The usual chunk of a stream, typed and borrowed.
//!
//! It holds what nearly every chunk holds. A chunk with other types, with several choices, or with any sign of
//! an error or a dialect does not fit, and is decoded the long way.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::protocols::json_text::{Nothing, Text};

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct Chunk<'a> {
    #[serde(default)]
    pub id: Text<'a>,
    #[serde(default)]
    pub model: Text<'a>,
    pub choices: Choices<'a>,
    #[serde(default, borrow)]
    pub usage: Option<&'a RawValue>,
    #[serde(default, rename = "error")]
    _error: Nothing,
    #[serde(default, rename = "error_code")]
    _error_code: Nothing,
    #[serde(default, rename = "base_resp")]
    _base_resp: Nothing,
    #[serde(default, rename = "x_groq")]
    _x_groq: Nothing,
    #[serde(default, rename = "type")]
    _kind: Nothing,
}

/// The only choice, if there is one.
pub(crate) struct Choices<'a>(pub Option<Choice<'a>>);

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct Choice<'a> {
    #[serde(default)]
    pub delta: Delta<'a>,
    #[serde(default)]
    pub finish_reason: Text<'a>,
    #[serde(default, rename = "index")]
    _index: Nothing,
    #[serde(default, rename = "message")]
    _message: Nothing,
    #[serde(default, rename = "text")]
    _text: Nothing,
    #[serde(default, rename = "error")]
    _error: Nothing,
    #[serde(default, rename = "usage")]
    _usage: Nothing,
}

#[derive(Deserialize, Default)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct Delta<'a> {
    #[serde(default)]
    pub content: Text<'a>,
    #[serde(default)]
    pub reasoning_content: Text<'a>,
    #[serde(default)]
    pub reasoning: Text<'a>,
    #[serde(default)]
    pub refusal: Text<'a>,
    #[serde(default)]
    pub tool_calls: Option<Vec<CallPiece<'a>>>,
    #[serde(default, rename = "function_call")]
    _function_call: Nothing,
    #[serde(default, rename = "reasoning_text")]
    _reasoning_text: Nothing,
    #[serde(default, rename = "reasoning_details")]
    _reasoning_details: Nothing,
    #[serde(default, rename = "thinking")]
    _thinking: Nothing,
    #[serde(default, rename = "thinking_blocks")]
    _thinking_blocks: Nothing,
}

/// A piece of a tool call.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct CallPiece<'a> {
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(default)]
    pub id: Text<'a>,
    #[serde(default)]
    pub function: Option<Function<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct Function<'a> {
    #[serde(default)]
    pub name: Text<'a>,
    #[serde(default)]
    pub arguments: Text<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoicesVisitor;
        impl<'de> Visitor<'de> for ChoicesVisitor {
            type Value = Choices<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("at most one choice")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let first = list.next_element()?;
                match list.next_element::<Choice<'de>>()? {
                    None => Ok(Choices(first)),
                    Some(_) => Err(A::Error::custom("several choices")),
                }
            }
        }
        deserializer.deserialize_seq(ChoicesVisitor)
    }
}
