//! What an answer must satisfy besides being whole: a schema, a command. Not what follows when it does not.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::call::schema::Schema;
use crate::engine::call::verify::verify;
use llmroute_core::model::{Answer, Class, Failure, Finish, OutputFault};

/// What an answer must satisfy; by default nothing.
///
/// An answer that does not is a failure of the class `invalid_output`. One that was given out by then
/// is void: use [`Delivery::Whole`](crate::engine::Delivery::Whole), or a stream that may begin again.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// It is a JSON document, valid by this schema; a fence around it is taken off.
    pub schema: Option<Arc<Schema>>,
    /// This shell command, which gets the whole answer on its standard input, ends with status 0.
    pub verify: Option<Arc<str>>,
}

impl Checks {
    /// Whether any answer will do.
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
    // What a model wrote into the reason may be long; the note stands before it is cut.
    Failure::new(Class::InvalidOutput(fault), format!("the answer is rejected{note}: {why}"))
}
