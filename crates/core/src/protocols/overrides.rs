//! Changes by the profile to encoded requests: the body, and parameters that can be dropped.
//! It is the same for every protocol, so that no encoder knows of it.

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::request::remove_field;
use super::{EncodedRequest, Endpoint};
use crate::model::{Class, Failure, Prompt, Sampling, Secret};

/// Changes to every request to one endpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Changes to the body, in this order.
    pub patches: Vec<Patch>,
    /// A parameter that the model does not take is an error, even if it is only a preference.
    pub strict: bool,
}

/// A change to the body of a request. Paths are names with dots between them; in a list, a number from 0.
#[derive(Clone, Default, PartialEq)]
pub struct Patch {
    /// Fields to take out; those that are not there are no mistake.
    pub remove: Vec<String>,
    /// Fields to set afterwards, by their path. An object is merged into one that is there.
    pub set: Map<String, Value>,
}

impl fmt::Debug for Patch {
    /// The values stay hidden: one of them may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch").field("remove", &self.remove).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The request for `prompt` as it is sent: encoded for the protocol, then changed as the profile says.
    ///
    /// # Errors
    /// As [`Adapter::encode`](super::Adapter::encode); `unsupported` when something was left out and nothing may be.
    pub fn encode(&self, key: Option<&Secret>, prompt: &Prompt) -> Result<EncodedRequest, Failure> {
        let limit = self.exceeded_output_limit(prompt);
        let lowered = limit.map(|limit| {
            let sampling = Sampling { max_tokens: Some(limit), ..prompt.sampling.clone() };
            Prompt { sampling, ..prompt.clone() }
        });
        let mut encoded = self.protocol.adapter().encode(self, key, lowered.as_ref().unwrap_or(prompt))?;
        encoded.lowered = limit;
        let Overrides { patches, strict } = &self.overrides;
        if *strict && !encoded.dropped.is_empty() {
            let message = format!("`{}` does not take {} (strict_params)", self.model, encoded.dropped.join(", "));
            return Err(Failure::new(Class::Unsupported, message));
        }
        if let Some(limit) = limit.filter(|_| *strict) {
            let message = format!("`{}` takes at most {limit} output tokens (strict_params)", self.model);
            return Err(Failure::new(Class::Unsupported, message));
        }
        if !patches.is_empty()
            && let Ok(mut body) = serde_json::from_slice(&encoded.request.body)
        {
            patches.iter().for_each(|patch| patch.apply(&mut body));
            encoded.request.body = Bytes::from(body.to_string());
        }
        Ok(encoded)
    }

    /// Returns the known output limit of the model, if `prompt` asks for more.
    fn exceeded_output_limit(&self, prompt: &Prompt) -> Option<u64> {
        let sent = prompt.sampling.max_tokens.or(self.params.sampling.max_tokens)?;
        self.known.as_ref()?.max_output.filter(|limit| *limit < sent)
    }
}

impl Patch {
    /// Changes `body`.
    pub(crate) fn apply(&self, body: &mut Value) {
        self.remove.iter().for_each(|path| remove(body, path));
        for (path, value) in &self.set {
            if let Some(place) = place(body, path) {
                merge(place, value);
            }
        }
    }
}

fn remove(body: &mut Value, path: &str) {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (parent.split('.').try_fold(body, step), name),
        None => (Some(body), path),
    };
    match parent {
        Some(Value::Object(map)) => {
            remove_field(map, name);
        }
        Some(Value::Array(list)) => {
            if let Some(index) = name.parse().ok().filter(|index: &usize| *index < list.len()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}

/// Returns the value at one name or number below `value`.
fn step<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(map) => map.get_mut(name),
        Value::Array(list) => list.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The place of `path`, with objects made on the way to it; `None` behind the end of a list.
fn place<'v>(body: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    path.split('.').try_fold(body, |value, name| match value {
        Value::Array(list) => list.get_mut(name.parse::<usize>().ok()?),
        other => {
            if !other.is_object() {
                *other = Value::Object(Map::new());
            }
            other.as_object_mut().map(|map| map.entry(name).or_insert(Value::Null))
        }
    })
}

fn merge(place: &mut Value, value: &Value) {
    match (place, value) {
        (Value::Object(place), Value::Object(value)) => {
            for (name, value) in value {
                merge(place.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (place, value) => place.clone_from(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(remove: &[&str], set: Value, want: Value) {
        let mut body = json!({"a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1}, {"x": 2}]});
        let remove = remove.iter().map(|&path| path.to_owned()).collect();
        Patch { remove, set: set.as_object().unwrap().clone() }.apply(&mut body);
        assert_eq!(body, want);
    }

    #[test]
    fn fields_are_taken_out_by_their_path() {
        check(&["a", "b.c", "l.0"], json!({}), json!({"b": {"d": 3}, "l": [{"x": 2}]}));
        check(&["b", "l.1.x"], json!({}), json!({"a": 1, "l": [{"x": 1}, {}]}));
    }

    #[test]
    fn what_is_not_there_cannot_be_taken_out() {
        check(
            &["z", "a.b", "l.7", "l.x", "b.c.d", ""],
            json!({}),
            json!({"a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1}, {"x": 2}]}),
        );
    }

    #[test]
    fn fields_are_set_by_their_path() {
        check(&["l"], json!({"a": 5, "b.c": 6, "n.m": true}), json!({"a": 5, "b": {"c": 6, "d": 3}, "n": {"m": true}}));
        check(&["b"], json!({"l.1.x": 9, "l.7": 0}), json!({"a": 1, "l": [{"x": 1}, {"x": 9}]}));
        check(&["l", "b"], json!({"a.b": 1}), json!({"a": {"b": 1}}));
    }

    #[test]
    fn objects_are_merged_and_everything_else_is_replaced() {
        check(&["a", "l"], json!({"b": {"c": {"e": 1}}}), json!({"b": {"c": {"e": 1}, "d": 3}}));
        check(&["a", "b"], json!({"l": [1]}), json!({"l": [1]}));
        // Taken out first: an object can be replaced whole.
        check(&["a", "l", "b"], json!({"b": {"c": 1}}), json!({"b": {"c": 1}}));
    }
}
