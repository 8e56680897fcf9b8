//! The capabilities of an endpoint, from the model table and its quirks.

use super::Endpoint;
use crate::catalog::SchemaDialect;
use crate::catalog::models::{Model, Support};
use crate::model::Capabilities;

/// Returns the capabilities of `to` where the server, or an instruction, holds any model to a schema.
pub(crate) fn of(to: &Endpoint) -> Capabilities {
    let without_pdf = to.quirks.attachments.pdf.is_none();
    match described(to) {
        Some(model) => Capabilities {
            vision: Some(model.vision),
            pdf: Some(model.pdf && !without_pdf),
            tools: Some(model.tools),
            schema: None,
        },
        None => Capabilities { pdf: without_pdf.then_some(false), ..Capabilities::default() },
    }
}

/// As [`of`], where the schema is enforced by the model itself.
pub(crate) fn with_schema_by_model(to: &Endpoint) -> Capabilities {
    let native = to.quirks.schema == SchemaDialect::Native;
    let schema = described(to).filter(|_| native).map(|model| model.json_schema);
    Capabilities { schema, ..of(to) }
}

/// As [`with_schema_by_model`], in chat completions, which some models do not accept tools in.
pub(crate) fn in_chat_completions(to: &Endpoint) -> Capabilities {
    let refuses = described(to).is_some_and(|model| model.chat_tools == Support::Never);
    let capabilities = with_schema_by_model(to);
    Capabilities { tools: capabilities.tools.map(|tools| tools && !refuses), ..capabilities }
}

/// The row of the model table, unless it describes no capability at all: that is not evidence of absence.
fn described(to: &Endpoint) -> Option<&Model> {
    let describes = |model: &&Model| model.vision || model.pdf || model.audio || model.tools || model.json_schema;
    to.known.as_ref().filter(describes)
}
