//! Stands in for `schema` in a build without the feature `schema`: no schema can be compiled.

use serde_json::Value;

/// A schema; there is none in this build.
#[derive(Debug)]
pub enum Schema {}

/// The reason for which a schema is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{place}`: {message}")]
pub struct SchemaError {
    /// The place in the schema, as a JSON pointer.
    pub place: String,
    /// The reason.
    pub message: String,
}

impl Schema {
    /// Refuses every schema.
    ///
    /// # Errors
    /// Always.
    pub fn compile(_: &Value) -> Result<Self, SchemaError> {
        let message = "this build cannot check JSON Schemas (feature `schema`)".to_owned();
        Err(SchemaError { place: "/".to_owned(), message })
    }

    /// Returns the document in a text.
    ///
    /// # Errors
    /// Never called: no schema exists.
    pub(crate) fn document<'t>(&self, _: &'t str) -> Result<&'t str, String> {
        match *self {}
    }
}
