//! The usual event of a stream, typed and borrowed: a delta. Every other event is decoded the long way.

use serde::Deserialize;

use crate::protocols::json_text::{Nothing, Text};

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct DeltaEvent<'a> {
    #[serde(rename = "type")]
    pub kind: DeltaKind,
    pub delta: Text<'a>,
    pub output_index: Option<u64>,
    #[serde(default)]
    pub item_id: Text<'a>,
    #[serde(default, rename = "error")]
    _error: Nothing,
    #[serde(default, rename = "item")]
    _item: Nothing,
}

#[derive(Deserialize, Clone, Copy)]
pub enum DeltaKind {
    #[serde(rename = "response.output_text.delta")]
    Text,
    #[serde(rename = "response.refusal.delta")]
    Refusal,
    #[serde(rename = "response.reasoning_summary_text.delta", alias = "response.reasoning_text.delta")]
    Reasoning,
    #[serde(rename = "response.function_call_arguments.delta")]
    Arguments,
}
