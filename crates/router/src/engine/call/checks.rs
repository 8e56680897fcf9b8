//! Checks of a complete answer: a JSON Schema and a command. The reaction to a rejected answer is elsewhere.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::call::schema::Schema;
use crate::engine::call::verify::verify;
pub use llmroute_core::model::format::duration;
pub use llmroute_core::model::{Answer, Class, Failure, Finish, Message, OutputFault, Part, Prompt, Role};
use llmroute_core::routing::OnLength;

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
    /// The token limit must not have cut the answer, whatever the group of the deployment says.
    pub fail_on_length: bool,
}

impl Checks {
    /// Judges `answer` within `limit`. Its text becomes the document that was judged.
    /// A command gets none of the variables `keys`. `on_length` is the group's.
    pub(in crate::engine) async fn judge(
        &self,
        answer: &mut Answer,
        on_length: OnLength,
        keys: &[&str],
        limit: Duration,
    ) -> Result<(), Failure> {
        if answer.finish == Some(Finish::Length) && (self.fail_on_length || on_length == OnLength::Fail) {
            return Err(Failure::new(Class::InvalidOutput(OutputFault::Cut), "the token limit cut the answer"));
        }
        // A turn that calls tools is not the answer yet.
        if answer.text.trim().is_empty() {
            return Ok(());
        }
        if let Some(schema) = &self.schema {
            let document = document(schema, &answer.text, limit).await.map_err(|why| rejected(answer, &why))?;
            answer.text = document;
        }
        match &self.verify {
            None => Ok(()),
            Some(command) => verify(command, &answer.text, keys, limit).await.map_err(|why| rejected(answer, &why)),
        }
    }
}

/// Returns the document in `text`, checked on another thread: the evaluation of a schema may take exponential time,
/// and the deadline holds for it, too.
async fn document(schema: &Arc<Schema>, text: &str, limit: Duration) -> Result<String, String> {
    let (schema, text) = (Arc::clone(schema), text.to_owned());
    let check = tokio::task::spawn_blocking(move || schema.document(&text).map(str::to_owned));
    match tokio::time::timeout(limit, check).await {
        Ok(Ok(document)) => document,
        Ok(Err(error)) => Err(format!("the schema check failed: {error}")),
        Err(_) => Err(format!("the schema check did not end within {}", duration(limit))),
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

/// The longest part of a rejected answer that is sent back, in characters.
const MAX_QUOTED: usize = 20_000;

/// Returns `prompt` with the rejected `answer` and the reason, so that the model can correct it.
pub(in crate::engine) fn correction(prompt: &Prompt, answer: &Answer, failure: &Failure) -> Prompt {
    let quoted = answer.text.chars().take(MAX_QUOTED).collect();
    let turn = |role, text| Message { role, parts: vec![Part::Text(text)] };
    let request = format!(
        "Your answer cannot be used: {}. Answer the request again, complete and corrected, and with nothing else.",
        failure.message
    );
    let mut prompt = prompt.clone();
    prompt.messages.extend([turn(Role::Assistant, quoted), turn(Role::User, request)]);
    prompt
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A schema whose evaluation doubles with every level.
    fn doubling(levels: usize) -> Arc<Schema> {
        let mut definitions = serde_json::Map::new();
        definitions.insert("d0".to_owned(), json!({"type": "object"}));
        for level in 1..=levels {
            let lower = json!({"$ref": format!("#/$defs/d{}", level - 1)});
            definitions.insert(format!("d{level}"), json!({"allOf": [lower, lower]}));
        }
        let root = json!({"$ref": format!("#/$defs/d{levels}"), "$defs": Value::Object(definitions)});
        Arc::new(Schema::compile(&root).unwrap())
    }

    #[tokio::test]
    async fn the_evaluation_of_a_schema_ends_with_the_limit() {
        assert_eq!(document(&doubling(3), " {}\n", Duration::from_secs(30)).await.as_deref(), Ok("{}"));
        let slow = document(&doubling(20), "{}", Duration::from_millis(20)).await;
        assert_eq!(slow, Err("the schema check did not end within 20 ms".to_owned()));
    }
}
