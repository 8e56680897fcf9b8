//! `-o KEY=VALUE`: parameters that all providers share, and every other field of the request body.

use serde_json::Value;

use crate::error::{CommandError, ErrorKind};
use llmroute_core::model::{Effort, Sampling};
use llmroute_core::protocols::{Params, requests_several_answers};

/// `options` above `base`.
///
/// # Errors
/// For an option that has no value, would replace the request itself, or has a value that cannot be.
pub(crate) fn apply(options: &[String], base: Params) -> Result<Params, CommandError> {
    let Params { mut sampling, mut extra } = base;
    for option in options {
        let Some((key, value)) = option.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(CommandError::new(ErrorKind::Usage, format!("`-o {option}` is not KEY=VALUE")));
        };
        if matches!(key, "model" | "messages" | "stream" | "system") {
            return Err(CommandError::new(ErrorKind::Usage, format!("`-o {key}=…` would replace the request itself"))
                .hint("the model is `-m`, the system prompt `-s`, and the prompt is the argument"));
        }
        if let Some(count) = answers(key, value) {
            let message = format!("`-o {key}={count}` requests several answers, and `ask` prints one");
            return Err(CommandError::new(ErrorKind::Usage, message).hint("run the command several times"));
        }
        let value: Value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        if !neutral(&mut sampling, key, &value)? {
            extra.insert(key.to_owned(), value);
        }
    }
    Ok(Params { sampling, extra })
}

/// Returns the number of answers that a parameter requests, if it is more than one.
fn answers(key: &str, value: &str) -> Option<u64> {
    value.parse().ok().filter(|count| requests_several_answers(key, *count))
}

/// Whether `key` is a parameter that all providers share.
#[must_use]
pub(crate) fn is_neutral(key: &str) -> bool {
    // A value that cannot be is an error only where the name is known.
    !matches!(neutral(&mut Sampling::default(), key, &Value::Null), Ok(false))
}

/// Sets the neutral parameter `key`, if it is one.
fn neutral(sampling: &mut Sampling, key: &str, value: &Value) -> Result<bool, CommandError> {
    let wrong = || CommandError::new(ErrorKind::Usage, format!("`-o {key}={value}`: not a value for `{key}`"));
    match key {
        "temperature" => sampling.temperature = Some(value.as_f64().ok_or_else(wrong)?),
        "top_p" => sampling.top_p = Some(value.as_f64().ok_or_else(wrong)?),
        "max_tokens" => sampling.max_tokens = Some(value.as_u64().ok_or_else(wrong)?),
        "seed" => sampling.seed = Some(value.as_i64().ok_or_else(wrong)?),
        "stop" => {
            sampling.stop = match value {
                Value::Array(items) => items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect::<Option<_>>()
                    .ok_or_else(wrong)?,
                Value::String(text) => vec![text.clone()],
                _ => return Err(wrong()),
            };
        }
        "reasoning_effort" => {
            let name = value.as_str().ok_or_else(wrong)?;
            sampling.effort = Some(Effort::ALL.into_iter().find(|effort| effort.as_str() == name).ok_or_else(wrong)?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}
