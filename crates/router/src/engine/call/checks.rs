//! Checks of a complete answer: a JSON Schema and a command. The reaction to a rejected answer is elsewhere.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::call::schema::Schema;
use crate::engine::call::verify::verify;
use llmroute_core::model::{Answer, Class, Failure, Finish, OutputFault};

/// The checks that an answer must pass; none by default.
///
/// A rejected answer is a failure of the class `invalid_output`. Text that was delivered by then is discarded:
/// use [`Delivery::Whole`](crate::engine::Delivery::Whole), or a stream that may restart.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// The answer must be a JSON document that is valid against this schema. A Markdown fence is removed.
    pub schema: Option<Arc<Schema>>,
    /// This shell command must exit with status 0. It gets the answer on standard input.
    pub verify: Option<Arc<str>>,
}

impl Checks {
    /// Returns true if every answer passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.schema.is_none() && self.verify.is_none()
    }

    /// Judges `answer` within `limit`. Its text becomes the document that was judged.
    /// A command gets none of the variables `keys`.
    pub(in crate::engine) async fn judge(
        &self,
        answer: &mut Answer,
        keys: &[&str],
        limit: Duration,
    ) -> Result<(), Failure> {
        // A turn that calls tools is not the answer yet.
        if answer.text.trim().is_empty() {
            return Ok(());
        }
        if let Some(schema) = &self.schema {
            let document = schema.document(&answer.text).map_err(|why| rejected(answer, &why))?;
            answer.text = document.to_owned();
        }
        match &self.verify {
            None => Ok(()),
            Some(command) => verify(command, &answer.text, keys, limit).await.map_err(|why| rejected(answer, &why)),
        }
    }
}

fn rejected(answer: &Answer, why: &str) -> Failure {
    let (fault, note) = match answer.finish {
        Some(Finish::Length) => (OutputFault::Cut, " (the token limit cut it; raise --max-tokens)"),
        _ => (OutputFault::Rejected, ""),
    };
    // The reason may quote long text of a model; the note stands before the part that is cut.
    Failure::new(Class::InvalidOutput(fault), format!("the answer is rejected{note}: {why}"))
}
