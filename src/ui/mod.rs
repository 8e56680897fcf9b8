//! Everything that a person sees: the console, tables, text formats, Markdown and highlighted code.

pub(crate) mod console;
mod highlight;
mod line_writer;
pub(crate) mod markdown;
pub(crate) mod table;
pub(crate) mod text;
mod wait_line;

pub use llmroute_core::model::sanitize;
