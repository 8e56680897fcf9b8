//! Everything that a person sees: the console, tables, text formats, Markdown and highlighted code.

pub mod console;
mod highlight;
pub mod markdown;
pub mod table;
pub mod text;

pub use llmroute_core::model::sanitize;
