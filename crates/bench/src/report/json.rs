//! The run and its summary as JSON; docs/bench.md describes the schema.

use serde::Serialize;

use crate::record::Run;
use crate::summary::Summary;

#[derive(Serialize)]
struct Document<'a> {
    run: &'a Run,
    summary: &'a Summary,
}

/// Renders one object on one line, with a final newline.
#[must_use]
pub fn json(run: &Run, summary: &Summary) -> String {
    serde_json::to_string(&Document { run, summary }).expect("keys are text and numbers are numbers") + "\n"
}
