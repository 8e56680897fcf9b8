//! What is known of each provider: rows of data, chosen by name and read by the adapters.

use super::Protocol;

/// How an endpoint differs from the plain protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// The field for the token limit is `max_completion_tokens`.
    pub max_completion_tokens: bool,
}

impl Quirks {
    /// No differences: safe for an unknown compatible server.
    pub const PLAIN: Self = Self { max_completion_tokens: false };
}

/// One provider.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The name in `provider/model`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Where its API is.
    pub base_url: &'static str,
    /// Variables that may hold its key, the usual one first; empty when it takes none.
    pub env: &'static [&'static str],
    /// The variable that overrides `base_url`, if there is a usual one.
    pub base_env: Option<&'static str>,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// How it differs.
    pub quirks: Quirks,
    /// A current general model of it, for a start without a profile.
    pub default_model: Option<&'static str>,
}

/// The row of `id`, if the provider is known.
#[must_use]
pub fn row(id: &str) -> Option<&'static Row> {
    rows().iter().find(|row| row.id == id)
}

/// All rows.
#[must_use]
pub fn rows() -> &'static [Row] {
    &[]
}
