//! Self-healing requests: finds the parameter that a provider refused, and encodes the request without it.

use crate::catalog::SchemaDialect;
use crate::model::refused_parameters::{Parameter, Refusal};
use crate::model::{Class, Failure, Prompt, Sampling};
use crate::protocols::Endpoint;

/// Returns the parameter that `failure` refuses, if the request holds it and keeps its meaning without it. The number
/// is the largest accepted value, where the reply names one.
#[must_use]
pub fn refused(endpoint: &Endpoint, prompt: &Prompt, failure: &Failure) -> Option<(Parameter, Option<u64>)> {
    let refuses = matches!(failure.class, Class::BadRequest | Class::Unsupported);
    if !refuses || !matches!(failure.status, Some(400 | 422)) {
        return None;
    }
    let message = failure.message.to_ascii_lowercase();
    let says = |names: &[&str]| names.iter().any(|name| message.contains(name));
    let defaults = &endpoint.params.sampling;
    let sent = |field: fn(&Sampling) -> bool| field(&prompt.sampling) || field(defaults);
    let max_tokens = prompt.sampling.max_tokens.or(defaults.max_tokens);
    if says(&["max_tokens", "max_completion_tokens", "max_output_tokens", "maxoutputtokens", "num_predict"]) {
        // Without a smaller value the request cannot be repeated: some providers require the field.
        let limit = max_tokens.and_then(|sent| largest_below(&message, sent))?;
        return Some((Parameter::MaxTokens, Some(limit)));
    }
    let parameter = if says(&["temperature"]) && sent(|sampling| sampling.temperature.is_some()) {
        Parameter::Temperature
    } else if says(&["top_p", "topp"]) && sent(|sampling| sampling.top_p.is_some()) {
        Parameter::TopP
    } else if says(&["seed"]) && sent(|sampling| sampling.seed.is_some()) {
        Parameter::Seed
    } else if says(&["effort", "thinking", "\"think\"", "reasoning"]) && sent(|sampling| sampling.effort.is_some()) {
        Parameter::ReasoningEffort
    } else if says(&["response_format", "json_schema", "output_format", "response_schema", "responseschema"])
        && prompt.schema.is_some()
        && endpoint.quirks.schema != SchemaDialect::Instruction
    {
        Parameter::ResponseFormat
    } else if says(&["stream_options"]) && endpoint.quirks.stream_options {
        Parameter::StreamOptions
    } else {
        return None;
    };
    Some((parameter, None))
}

/// Changes `endpoint` and `prompt` so that the request does not hold `parameter`, or respects the limit of the
/// refusal. Returns false if the request does not hold it.
pub fn leave_out(endpoint: &mut Endpoint, prompt: &mut Prompt, parameter: Parameter, refusal: Refusal) -> bool {
    let levels = [&mut prompt.sampling, &mut endpoint.params.sampling];
    match parameter {
        Parameter::Temperature => levels.map(|level| level.temperature.take().is_some()).contains(&true),
        Parameter::TopP => levels.map(|level| level.top_p.take().is_some()).contains(&true),
        Parameter::Seed => levels.map(|level| level.seed.take().is_some()).contains(&true),
        Parameter::ReasoningEffort => levels.map(|level| level.effort.take().is_some()).contains(&true),
        Parameter::MaxTokens => levels.map(|level| lower(&mut level.max_tokens, refusal.limit)).contains(&true),
        Parameter::ResponseFormat => {
            let native = prompt.schema.is_some() && endpoint.quirks.schema != SchemaDialect::Instruction;
            endpoint.quirks.schema = SchemaDialect::Instruction;
            native
        }
        Parameter::StreamOptions => std::mem::take(&mut endpoint.quirks.stream_options),
    }
}

fn lower(value: &mut Option<u64>, limit: Option<u64>) -> bool {
    match (*value, limit) {
        (Some(sent), Some(limit)) if sent > limit => {
            *value = Some(limit);
            true
        }
        _ => false,
    }
}

/// Returns the largest number in `text` that is smaller than `sent`.
fn largest_below(text: &str, sent: u64) -> Option<u64> {
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != ',').map(|number| number.replace(',', ""));
    numbers.filter_map(|number| number.parse().ok()).filter(|number| (1..sent).contains(number)).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::endpoint;
    use super::*;
    use crate::model::{Effort, Timestamp};

    fn prompt() -> Prompt {
        let mut prompt = Prompt::user("Hi".to_owned());
        prompt.sampling = Sampling {
            temperature: Some(0.2),
            top_p: Some(0.5),
            max_tokens: Some(100_000),
            seed: Some(7),
            effort: Some(Effort::High),
            ..Sampling::default()
        };
        prompt.schema = Some(json!({"type": "object"}));
        prompt
    }

    fn check(message: &str, want: Option<(Parameter, Option<u64>)>) {
        let failure = Failure { status: Some(400), ..Failure::new(Class::BadRequest, message) };
        let (mut to, mut prompt) = (endpoint(), prompt());
        assert_eq!(refused(&to, &prompt, &failure), want, "{message}");
        if let Some((parameter, limit)) = want {
            let refusal = Refusal { at: Timestamp(0), limit };
            assert!(leave_out(&mut to, &mut prompt, parameter, refusal), "{message}");
            assert!(!leave_out(&mut to, &mut prompt, parameter, refusal), "{message}");
            assert_ne!(refused(&to, &prompt, &failure), want, "{message}: refused once");
        }
    }

    #[test]
    fn a_refused_preference_is_found_and_left_out() {
        check(
            "Unsupported parameter: 'temperature' is not supported with this model.",
            Some((Parameter::Temperature, None)),
        );
        check("temperature and top_p cannot both be specified", Some((Parameter::Temperature, None)));
        check("`top_p` is deprecated for this model", Some((Parameter::TopP, None)));
        check("seed: extra fields not permitted", Some((Parameter::Seed, None)));
        check(
            "Unsupported value: 'reasoning_effort' does not support 'high'",
            Some((Parameter::ReasoningEffort, None)),
        );
        check("This response_format type is unavailable now", Some((Parameter::ResponseFormat, None)));
        check("Unrecognized request argument: stream_options", Some((Parameter::StreamOptions, None)));
    }

    #[test]
    fn a_smaller_limit_is_taken_from_the_reply() {
        let says = "max_tokens is too large: 100000. This model supports at most 16384 completion tokens";
        check(says, Some((Parameter::MaxTokens, Some(16_384))));
        check("max_tokens must be at most 8,192", Some((Parameter::MaxTokens, Some(8192))));
        check("max_tokens is not an integer", None);
    }

    #[test]
    fn other_failures_are_not_refusals() {
        check("messages: at least one message is required", None);
        let (to, prompt) = (endpoint(), prompt());
        for (class, status) in
            [(Class::BadRequest, Some(200)), (Class::ServerError, Some(500)), (Class::RateLimit, Some(400))]
        {
            let failure = Failure { status, ..Failure::new(class, "temperature") };
            assert_eq!(refused(&to, &prompt, &failure), None);
        }
        let failure = Failure { status: Some(400), ..Failure::new(Class::BadRequest, "temperature") };
        assert_eq!(refused(&to, &Prompt::user("Hi".to_owned()), &failure), None, "it was not sent");
    }
}
