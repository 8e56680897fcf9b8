//! Stands in for `schema` in a build without the feature `schema`: no schema can be compiled.

use serde_json::Value;

pub use self::UnavailableSchema as Schema;
pub use super::schema_error::SchemaError;

/// A schema; there is none in this build.
#[derive(Debug)]
pub enum UnavailableSchema {}

impl UnavailableSchema {
    /// Refuses every schema.
    ///
    /// # Errors
    /// Always.
    pub fn compile(_: &Value) -> Result<Self, SchemaError> {
        let message = "JSON Schemas need the feature `schema`".to_owned();
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
