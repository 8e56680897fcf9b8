//! Finds references in a JSON Schema that never end.

use serde_json::Value;

/// Keywords whose schemas apply to the same value as the schema that holds them (JSON Schema core, 10.2).
const SAME_VALUE: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];

/// Returns the JSON pointer of a reference in `root` that leads back to itself for the same value. Recursion into
/// parts of the value ends with the value.
pub(in crate::engine) fn find(root: &Value) -> Option<String> {
    let mut done = Vec::new();
    references(root, String::new()).into_iter().find(|place| is_recursive(root, place, &mut Vec::new(), &mut done))
}

/// Returns the JSON pointers of all references.
fn references(value: &Value, at: String) -> Vec<String> {
    let below = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    let mut found: Vec<String> = match value {
        Value::Object(map) => map.iter().flat_map(|(name, value)| references(value, below(name))).collect(),
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(index, value)| references(value, below(&index.to_string()))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    if value.get("$ref").is_some_and(Value::is_string) {
        found.push(at);
    }
    found
}

/// Returns true if the schema at `place` leads back to one of `above`.
fn is_recursive(root: &Value, place: &str, above: &mut Vec<String>, done: &mut Vec<String>) -> bool {
    if above.iter().any(|other| other == place) {
        return true;
    }
    let Some(schema) = root.pointer(place).filter(|_| !done.iter().any(|other| other == place)) else { return false };
    above.push(place.to_owned());
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    let parts = SAME_VALUE.iter().filter_map(|name| Some((name, schema.get(name)?))).flat_map(|(name, part)| {
        let count = part.as_array().map_or(0, Vec::len);
        let one = part.is_object().then(|| format!("{place}/{name}"));
        one.into_iter().chain((0..count).map(move |index| format!("{place}/{name}/{index}")))
    });
    let next: Vec<String> = target.map(str::to_owned).into_iter().chain(parts).collect();
    let found = next.iter().any(|next| is_recursive(root, next, above, done));
    above.pop();
    done.push(place.to_owned());
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Value, want: Option<&str>) {
        assert_eq!(find(&schema).as_deref(), want, "{schema}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_never_ends() {
        check(json!({"$ref": "#"}), Some(""));
        check(json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}), Some("/$defs/a"));
        check(json!({"allOf": [{"not": {"$ref": "#"}}]}), Some("/allOf/0/not"));
    }

    #[test]
    fn recursion_into_the_value_ends() {
        check(json!({"type": "object", "properties": {"child": {"$ref": "#"}}}), None);
        check(json!({"items": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}), None);
        check(json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}), None);
        check(json!({"properties": {"$ref": {"type": "string"}}}), None);
    }
}
