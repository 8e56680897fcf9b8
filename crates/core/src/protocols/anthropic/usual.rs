//! The usual event of a stream, typed and borrowed: a delta of a block. Every other event is decoded the long way.

use serde::Deserialize;

use crate::protocols::json_text::{Nothing, Text};

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct DeltaEvent<'a> {
    #[serde(rename = "type")]
    _kind: EventKind,
    #[serde(default)]
    pub index: Option<u64>,
    pub delta: Delta<'a>,
    #[serde(default, rename = "error")]
    _error: Nothing,
}

#[derive(Deserialize)]
enum EventKind {
    #[serde(rename = "content_block_delta")]
    Delta,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Delta<'a> {
    #[serde(rename = "type")]
    pub kind: DeltaKind,
    #[serde(default)]
    pub text: Text<'a>,
    #[serde(default)]
    pub thinking: Text<'a>,
    #[serde(default)]
    pub partial_json: Text<'a>,
}

#[derive(Deserialize, Clone, Copy)]
pub enum DeltaKind {
    #[serde(rename = "text_delta")]
    Text,
    #[serde(rename = "thinking_delta")]
    Thinking,
    #[serde(rename = "input_json_delta")]
    Input,
}
