//! The mistake in a schema, which exists with and without the feature `schema`.

/// An invalid schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{place}`: {message}")]
pub struct SchemaError {
    /// The place of the mistake as a JSON pointer; `/` is the whole schema.
    pub place: String,
    /// The mistake.
    pub message: String,
}
