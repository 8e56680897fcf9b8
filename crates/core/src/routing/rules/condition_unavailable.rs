//! Stands in for `condition` in a build without the feature `rules`: no condition compiles.

use super::input::{ConditionError, EvaluationError, RuleInput};

pub use self::UnavailableCondition as Condition;

/// A condition; there is none in this build.
#[derive(Debug, Clone)]
pub enum UnavailableCondition {}

impl UnavailableCondition {
    /// Refuses every condition.
    ///
    /// # Errors
    /// Always.
    pub fn compile(text: &str) -> Result<Self, Vec<ConditionError>> {
        let message = "rules need the feature `rules`".to_owned();
        Err(vec![ConditionError { message, at: 0..text.len(), unknown: None }])
    }

    /// Returns the text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        match *self {}
    }

    /// Evaluates it for `input`.
    ///
    /// # Errors
    /// Never called: no condition exists.
    pub(crate) fn holds(&self, _: &RuleInput<'_>) -> Result<bool, EvaluationError> {
        match *self {}
    }
}
