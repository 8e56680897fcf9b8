//! JSON Schemas for answers: compiled once, applied to what a model wrote. How a model is told is not here.

use std::fmt;

use boon::{CompileError, Compiler, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value;

/// The address of the schema, for those who need one; nothing is there.
const ADDRESS: &str = "schema:///";

/// Fetches nothing.
struct NoLoader;

impl UrlLoader for NoLoader {
    fn load(&self, _: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err("it is outside of the schema".into())
    }
}

/// A schema that is itself valid.
pub struct Schema {
    all: Schemas,
    root: SchemaIndex,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

/// A schema that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{place}`: {message}")]
pub struct SchemaError {
    /// Where in it, as a JSON pointer; `/` is all of it.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl Schema {
    /// Compiles `schema`; of the draft that it names, or the newest. Nothing is fetched: references
    /// must lead to places inside it.
    ///
    /// # Errors
    /// When it is no valid schema or one without end, with the place.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let (mut compiler, mut all) = (Compiler::new(), Schemas::new());
        compiler.use_loader(Box::new(NoLoader));
        compiler.add_resource(ADDRESS, schema.clone()).map_err(wrong)?;
        let root = compiler.compile(ADDRESS, &mut all).map_err(wrong)?;
        if let Some(at) = super::recursive_refs::find(schema) {
            let message = "it refers to itself without end".to_owned();
            return Err(SchemaError { place: place(&at), message });
        }
        Ok(Self { all, root })
    }

    /// The JSON document that `text` is, as it is written there, without the Markdown fence that some
    /// models put around it.
    ///
    /// # Errors
    /// Says why it is none, or does not satisfy the schema.
    pub fn document<'t>(&self, text: &'t str) -> Result<&'t str, String> {
        let document = unfenced(text);
        let value: Value = serde_json::from_str(document).map_err(|why| format!("it is no JSON: {why}"))?;
        match self.all.validate(&value, self.root) {
            Ok(()) => Ok(document),
            Err(error) => {
                let (place, message) = innermost(&error);
                Err(format!("at `{place}`: {message}"))
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn wrong(error: CompileError) -> SchemaError {
    match &error {
        CompileError::ValidationError { src, .. } => {
            let (place, message) = innermost(src);
            SchemaError { place, message }
        }
        // Its own address says nothing to anybody.
        other => SchemaError { place: "/".to_owned(), message: format!("{other:#}").replace(ADDRESS, "") },
    }
}

/// The place and the message of the mistake that the others follow from.
fn innermost(error: &ValidationError<'_, '_>) -> (String, String) {
    match error.causes.first() {
        Some(cause) => innermost(cause),
        None => (place(&error.instance_location.to_string()), error.kind.to_string()),
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() }
}

/// `text` without white space around it, and without a fence around all of it.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inside = || {
        let rest = text.trim_start_matches('`');
        let fence = &text[..text.len() - rest.len()];
        let (info, body) = rest.split_once('\n')?;
        (fence.len() >= 3 && !info.contains('`')).then(|| body.strip_suffix(fence))?
    };
    inside().unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person() -> Schema {
        let schema = json!({
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
            "required": ["name"],
        });
        Schema::compile(&schema).unwrap()
    }

    fn check(text: &str, want: Result<&str, &str>) {
        assert_eq!(person().document(text).as_deref().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn a_valid_document_stays_as_it_is_written() {
        check(" {\"name\":  \"A\", \"age\": 3}\n", Ok("{\"name\":  \"A\", \"age\": 3}"));
    }

    #[test]
    fn a_fence_around_it_is_taken_off() {
        for text in
            ["```json\n{\"name\": \"A\"}\n```", "```\n{\"name\": \"A\"}\n```\n", "````json\n{\"name\": \"A\"}\n````"]
        {
            check(text, Ok("{\"name\": \"A\"}"));
        }
        check("Here: ```{}```", Err("it is no JSON: expected value at line 1 column 1"));
    }

    #[test]
    fn what_does_not_satisfy_it_is_said_with_its_place() {
        check("{}", Err("at `/`: missing properties 'name'"));
        check("{\"name\": \"A\", \"age\": -1}", Err("at `/age`: must be >=0, but got -1"));
        check("{\"name\": \"A\"", Err("it is no JSON: EOF while parsing an object at line 1 column 12"));
    }

    #[test]
    fn a_schema_that_is_none_is_said_with_its_place() {
        let error = Schema::compile(&json!({"properties": {"a": {"type": "strin"}}})).unwrap_err();
        assert_eq!(error.place, "/properties/a/type");
        assert_eq!(
            Schema::compile(&json!({"$ref": "#"})).unwrap_err().to_string(),
            "at `/`: it refers to itself without end"
        );
        // Nothing is fetched.
        assert!(Schema::compile(&json!({"$ref": "http://h.invalid/schema.json"})).is_err());
        assert!(Schema::compile(&json!({"$ref": "file:///etc/hostname"})).is_err());
    }
}
