//! `-o KEY=VALUE`: parameters that all providers share, and every other field of the request body.

use serde_json::Value;

use crate::error::{CommandError, ErrorKind};
use llmroute_core::model::{Effort, Sampling};
use llmroute_core::protocols::{Params, requests_several_answers};

/// Adds `options` to `base`; an option replaces a parameter of the same name.
///
/// # Errors
/// `usage` for an option that has no value, would replace the request itself, or has an invalid value.
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

/// Returns `true` for a parameter that all providers share.
#[must_use]
pub(crate) fn is_neutral(key: &str) -> bool {
    // An invalid value is an error only if the name is known.
    !matches!(neutral(&mut Sampling::default(), key, &Value::Null), Ok(false))
}

/// Sets the parameter `key`; returns `false` if the providers do not share it.
fn neutral(sampling: &mut Sampling, key: &str, value: &Value) -> Result<bool, CommandError> {
    let wrong =
        || CommandError::new(ErrorKind::Usage, format!("`-o {key}={value}`: the value is not valid for `{key}`"));
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

/// Puts the parameters of `own` above those of `base`.
///
/// # Errors
/// `usage` for a value that no model takes.
pub(super) fn above(own: &Sampling, base: Params) -> Result<Params, CommandError> {
    let Params { mut sampling, extra } = base;
    sampling.temperature = own.temperature.or(sampling.temperature);
    sampling.max_tokens = own.max_tokens.or(sampling.max_tokens);
    sampling.effort = own.effort.or(sampling.effort);
    sampling.seed = own.seed.or(sampling.seed);
    check(&sampling)?;
    Ok(Params { sampling, extra })
}

/// Sets the parameter `key` to the typed value; nothing changes if the value is not valid.
///
/// # Errors
/// `usage` for an invalid value.
pub(crate) fn set(sampling: &mut Sampling, key: &str, typed: &str) -> Result<(), CommandError> {
    let base = Params { sampling: sampling.clone(), ..Params::default() };
    let Params { sampling: changed, .. } = apply(&[format!("{key}={typed}")], base)?;
    check(&changed)?;
    *sampling = changed;
    Ok(())
}

/// Refuses values that no model takes.
fn check(sampling: &Sampling) -> Result<(), CommandError> {
    if [sampling.temperature, sampling.top_p].into_iter().flatten().any(|value| !value.is_finite()) {
        return Err(CommandError::new(ErrorKind::Usage, "a sampling parameter is not a finite number"));
    }
    if sampling.max_tokens == Some(0) {
        return Err(CommandError::new(ErrorKind::Usage, "`--max-tokens 0` leaves no room for an answer")
            .hint("`--max-tokens` is at least 1"));
    }
    Ok(())
}
