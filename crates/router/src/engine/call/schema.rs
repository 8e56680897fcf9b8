//! JSON Schemas for answers: compiled once, then applied to what a model wrote.

use std::fmt;

use boon::{CompileError, Compiler, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value;

pub use super::schema_error::SchemaError;

/// The base URI of the schema; it cannot be fetched.
const ADDRESS: &str = "schema:///";

/// Refuses to fetch referenced schemas.
struct NoLoader;

impl UrlLoader for NoLoader {
    fn load(&self, _: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err("the reference leads outside the schema".into())
    }
}

/// A compiled JSON Schema.
pub struct Schema {
    all: Schemas,
    root: SchemaIndex,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

impl Schema {
    /// Compiles `schema` by the draft that it names, or by the newest one. References must lead to places inside the
    /// schema; nothing is fetched.
    ///
    /// # Errors
    /// Fails when the schema is not valid, or refers to itself without end.
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

    /// Returns the JSON document in `text`, unchanged but for the Markdown fence that some models put around it.
    ///
    /// # Errors
    /// Fails with the reason when the text is not JSON or does not satisfy the schema.
    pub(crate) fn document<'t>(&self, text: &'t str) -> Result<&'t str, String> {
        let document = unfenced(text);
        let value: Value = serde_json::from_str(document).map_err(|why| format!("it is not valid JSON: {why}"))?;
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
        // The base URI means nothing to a reader.
        other => SchemaError { place: "/".to_owned(), message: format!("{other:#}").replace(ADDRESS, "") },
    }
}

/// Returns the place and the message of the innermost cause.
fn innermost(error: &ValidationError<'_, '_>) -> (String, String) {
    match error.causes.first() {
        Some(cause) => innermost(cause),
        None => (place(&error.instance_location.to_string()), error.kind.to_string()),
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() }
}

/// Returns `text` without surrounding white space and without a fence around all of it.
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
    fn a_valid_document_is_unchanged() {
        check(" {\"name\":  \"A\", \"age\": 3}\n", Ok("{\"name\":  \"A\", \"age\": 3}"));
    }

    #[test]
    fn a_fence_is_removed() {
        for text in
            ["```json\n{\"name\": \"A\"}\n```", "```\n{\"name\": \"A\"}\n```\n", "````json\n{\"name\": \"A\"}\n````"]
        {
            check(text, Ok("{\"name\": \"A\"}"));
        }
        check("Here: ```{}```", Err("it is not valid JSON: expected value at line 1 column 1"));
    }

    #[test]
    fn a_violation_names_its_place() {
        check("{}", Err("at `/`: missing properties 'name'"));
        check("{\"name\": \"A\", \"age\": -1}", Err("at `/age`: must be >=0, but got -1"));
        check("{\"name\": \"A\"", Err("it is not valid JSON: EOF while parsing an object at line 1 column 12"));
    }

    #[test]
    fn an_invalid_schema_names_its_place() {
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
