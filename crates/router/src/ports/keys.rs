//! The source of keys.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::BoxFuture;
pub use llmroute_core::model::{KeySource, Secret};

/// The source of keys, which resolves them when a call needs them.
pub trait KeyProvider: Send + Sync {
    /// Returns the key that `source` names; `Ok(None)` if the endpoint needs none.
    fn get<'a>(&'a self, source: &'a KeySource) -> BoxFuture<'a, Result<Option<Secret>, KeyError>>;
}

/// The cause of an error that several tasks receive.
type SharedCause = Arc<dyn Error + Send + Sync>;

/// The reason why a source gives no key. It contains no key.
#[derive(Debug, Clone)]
pub struct KeyError {
    /// The fact, as a lower-case fragment.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
    /// The error that led to this one.
    cause: Option<SharedCause>,
}

impl KeyError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, cause: None }
    }

    /// The same, with a remedy.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with its cause.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
