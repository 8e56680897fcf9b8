//! Self-healing requests: finds the parameter that a provider refused, and encodes the request without it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::catalog::SchemaDialect;
use crate::model::refused_parameters::{Change, EffortSet, Parameter, Refusal};
use crate::model::{Class, Effort, Failure, Prompt, Sampling, Timestamp};
use crate::protocols::{Endpoint, takes_json_mode, takes_strict_schema};

/// Returns the parameter that `failure` refuses at `now`, if the request holds it and keeps its meaning without it.
#[must_use]
pub fn refused(
    endpoint: &Endpoint,
    prompt: &Prompt,
    failure: &Failure,
    now: Timestamp,
) -> Option<(Parameter, Refusal)> {
    let refuses = matches!(failure.class, Class::BadRequest | Class::Unsupported);
    if !refuses || !matches!(failure.status, Some(400 | 422 | 500 | 501)) {
        return None;
    }
    let message = failure.message.to_ascii_lowercase();
    let named = |parameter: &Parameter| parameter.is_named_in(&message);
    let refusal = |parameter| match parameter {
        Parameter::MaxTokens => {
            let limit = max_tokens(endpoint, prompt).and_then(|sent| largest_below(&message, sent));
            Refusal { at: now, limit, efforts: EffortSet::default() }
        }
        Parameter::ReasoningEffort => {
            let sent = prompt.sampling.effort.or(endpoint.params.sampling.effort);
            Refusal { at: now, limit: None, efforts: accepted(&message, sent) }
        }
        _ => Refusal { at: now, limit: None, efforts: EffortSet::default() },
    };
    let is_about_tokens = Parameter::MaxTokens.is_named_in(&message);
    let candidates = Parameter::ALL.iter().copied().filter(|parameter| match parameter {
        // Without a smaller value the request cannot be repeated: some providers require the field.
        _ if is_about_tokens => *parameter == Parameter::MaxTokens,
        // Strict mode refuses keywords by other words.
        Parameter::StrictSchema => named(parameter) || Parameter::ResponseFormat.is_named_in(&message),
        parameter => named(parameter),
    });
    candidates
        .map(|parameter| (parameter, refusal(parameter)))
        .find(|(parameter, refusal)| change(&mut endpoint.clone(), &mut prompt.clone(), *parameter, *refusal).is_some())
}

/// Returns the request as `deployment` takes it, as far as its refusals are known, and the changes.
pub fn adapted<'a>(
    endpoint: &'a Endpoint,
    prompt: &'a Prompt,
    refusals: impl Iterator<Item = (Parameter, Refusal)>,
) -> (Cow<'a, Endpoint>, Cow<'a, Prompt>, Vec<Change>) {
    let (mut endpoint, mut prompt) = (Cow::Borrowed(endpoint), Cow::Borrowed(prompt));
    let mut changes = Vec::new();
    for (parameter, refusal) in refusals {
        let change = change(endpoint.to_mut(), prompt.to_mut(), parameter, refusal);
        changes.extend(change.filter(|change| !changes.contains(change)));
    }
    (endpoint, prompt, changes)
}

/// Changes `endpoint` and `prompt` so that the request does not hold `parameter`, or respects the values of the
/// refusal. Returns the change, if there is one.
fn change(endpoint: &mut Endpoint, prompt: &mut Prompt, parameter: Parameter, refusal: Refusal) -> Option<Change> {
    let native = prompt.schema.is_some().then_some(endpoint.quirks.schema);
    let levels = [&mut prompt.sampling, &mut endpoint.params.sampling];
    let extras = [&mut prompt.extra, &mut endpoint.params.extra];
    match parameter {
        Parameter::MaxTokens => {
            let limit = refusal.limit?;
            let lowered = levels.map(|level| lower(&mut level.max_tokens, limit)).contains(&true);
            let in_extra = extras.map(|extra| lower_extra(extra, limit)).contains(&true);
            return (lowered || in_extra).then_some(Change::Lowered(limit));
        }
        Parameter::ReasoningEffort if !refusal.efforts.is_empty() => {
            let [request, deployment] = levels;
            let place = if request.effort.is_some() { &mut request.effort } else { &mut deployment.effort };
            let sent = (*place)?;
            let effort = refusal.efforts.nearest(sent).filter(|effort| *effort != sent)?;
            *place = Some(effort);
            return Some(Change::Effort(effort));
        }
        Parameter::StrictSchema => {
            let strict = prompt.schema.as_ref().is_some_and(|schema| takes_strict_schema(endpoint, prompt, schema));
            endpoint.quirks.strict_schema = false;
            return strict.then_some(Change::NotStrict);
        }
        Parameter::ResponseFormat if native == Some(SchemaDialect::Native) => {
            let json_mode = takes_json_mode(endpoint.protocol);
            endpoint.quirks.schema = if json_mode { SchemaDialect::JsonMode } else { SchemaDialect::Instruction };
            return Some(Change::Instruction);
        }
        Parameter::JsonMode if native == Some(SchemaDialect::JsonMode) => {
            endpoint.quirks.schema = SchemaDialect::Instruction;
            return Some(Change::Instruction);
        }
        Parameter::StreamOptions if std::mem::take(&mut endpoint.quirks.stream_options) => {
            return Some(Change::LeftOut(parameter.as_str()));
        }
        _ => {}
    }
    let sent = levels.map(|level| leave_out(level, parameter)).contains(&true);
    let extra = extras.map(|extra| remove(extra, parameter)).contains(&true);
    (sent || extra).then_some(Change::LeftOut(parameter.as_str()))
}

fn leave_out(level: &mut Sampling, parameter: Parameter) -> bool {
    match parameter {
        Parameter::Temperature => level.temperature.take().is_some(),
        Parameter::TopP => level.top_p.take().is_some(),
        Parameter::Seed => level.seed.take().is_some(),
        Parameter::ReasoningEffort => level.effort.take().is_some(),
        Parameter::MaxTokens
        | Parameter::StrictSchema
        | Parameter::ResponseFormat
        | Parameter::JsonMode
        | Parameter::StreamOptions
        | Parameter::TopK
        | Parameter::MinP
        | Parameter::N
        | Parameter::FrequencyPenalty
        | Parameter::PresencePenalty
        | Parameter::RepetitionPenalty
        | Parameter::Logprobs
        | Parameter::Verbosity
        | Parameter::ParallelToolCalls
        | Parameter::User
        | Parameter::Store
        | Parameter::Metadata => false,
    }
}

/// Returns true for a free field of the request that is `parameter` under one of its names.
fn is_field(parameter: Parameter, name: &str) -> bool {
    parameter.names().contains(&name.to_ascii_lowercase().as_str())
}

/// Removes a free field. A format of the answer that the caller wrote is not a preference.
fn remove(extra: &mut Map<String, Value>, parameter: Parameter) -> bool {
    let keeps = matches!(parameter, Parameter::StrictSchema | Parameter::ResponseFormat | Parameter::JsonMode);
    let before = extra.len();
    extra.retain(|name, _| keeps || !is_field(parameter, name));
    extra.len() < before
}

fn max_tokens(endpoint: &Endpoint, prompt: &Prompt) -> Option<u64> {
    let field = |extra: &Map<String, Value>| {
        extra.iter().find(|(name, _)| is_field(Parameter::MaxTokens, name)).and_then(|(_, value)| value.as_u64())
    };
    let free = field(&prompt.extra).or_else(|| field(&endpoint.params.extra));
    free.or(prompt.sampling.max_tokens).or(endpoint.params.sampling.max_tokens)
}

fn lower(value: &mut Option<u64>, limit: u64) -> bool {
    let is_above = value.is_some_and(|sent| sent > limit);
    if is_above {
        *value = Some(limit);
    }
    is_above
}

fn lower_extra(extra: &mut Map<String, Value>, limit: u64) -> bool {
    let mut lowered = false;
    for (name, value) in extra.iter_mut() {
        if is_field(Parameter::MaxTokens, name) && value.as_u64().is_some_and(|sent| sent > limit) {
            *value = Value::from(limit);
            lowered = true;
        }
    }
    lowered
}

/// Returns the largest number in `text` that is smaller than `sent`. Digits in names, as of models, are not numbers.
fn largest_below(text: &str, sent: u64) -> Option<u64> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ',' | '-' | '_' | '.'));
    let numbers = words.filter(|word| !word.contains(|c: char| c.is_ascii_alphabetic()));
    let numbers = numbers.flat_map(|word| word.split(['-', '_', '.'])).filter_map(|number| {
        let number = number.trim_matches(',');
        // `1,8192` is a range, `8,192` is a number.
        let grouped = number.split(',').skip(1).all(|group| group.len() == 3);
        let parts: Vec<&str> = if grouped { vec![number] } else { number.split(',').collect() };
        parts.into_iter().filter_map(|part| part.replace(',', "").parse().ok()).filter(|n| (1..sent).contains(n)).max()
    });
    numbers.max()
}

/// Returns the levels of effort that `text` names, without the one that was sent.
fn accepted(text: &str, sent: Option<Effort>) -> EffortSet {
    let words = text.split(|c: char| !c.is_ascii_alphabetic());
    let levels = words.filter_map(|word| Effort::ALL.into_iter().find(|effort| effort.as_str() == word));
    levels.filter(|effort| Some(*effort) != sent).collect()
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
        prompt.schema =
            Some(json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false}));
        prompt
    }

    fn check(message: &str, want: Option<(Parameter, Option<u64>)>) {
        let failure = Failure { status: Some(400), ..Failure::new(Class::BadRequest, message) };
        let (to, prompt) = (endpoint(), prompt());
        let found = refused(&to, &prompt, &failure, Timestamp(0));
        assert_eq!(found.map(|(parameter, refusal)| (parameter, refusal.limit)), want, "{message}");
        if let Some(refusal) = found {
            let (to, prompt, changes) = adapted(&to, &prompt, [refusal, refusal].into_iter());
            assert_eq!(changes.len(), 1, "{message}");
            assert_ne!(refused(&to, &prompt, &failure, Timestamp(0)), found, "{message}: refused once");
        }
    }

    /// The parameters that a server which always says `message` refuses one after the other.
    fn chain(message: &str) -> Vec<Parameter> {
        let failure = Failure { status: Some(400), ..Failure::new(Class::BadRequest, message) };
        let (to, prompt, mut refusals) = (endpoint(), prompt(), Vec::new());
        loop {
            let (to, prompt, _) = adapted(&to, &prompt, refusals.iter().copied());
            match refused(&to, &prompt, &failure, Timestamp(0)) {
                Some(refusal) => refusals.push(refusal),
                None => return refusals.into_iter().map(|(parameter, _)| parameter).collect(),
            }
        }
    }

    #[test]
    fn a_schema_is_said_in_ever_simpler_ways() {
        use Parameter::{JsonMode, ResponseFormat, StrictSchema};
        assert_eq!(chain("This response_format type is unavailable now"), [StrictSchema, ResponseFormat, JsonMode]);
        assert_eq!(chain("'strict' is not permitted"), [StrictSchema]);
        assert_eq!(chain("response_format json_schema: not supported"), [StrictSchema, ResponseFormat, JsonMode]);
    }

    #[test]
    fn an_effort_is_replaced_by_one_that_the_reply_names() {
        let says = "Unsupported value: 'reasoning_effort' does not support 'high' with this model. Supported values are: 'low' and 'medium'.";
        let failure = Failure { status: Some(400), ..Failure::new(Class::Unsupported, says) };
        let (to, prompt) = (endpoint(), prompt());
        let refusal = refused(&to, &prompt, &failure, Timestamp(0)).unwrap();
        let (_, sent, changes) = adapted(&to, &prompt, [refusal].into_iter());
        assert_eq!((sent.sampling.effort, changes), (Some(Effort::Medium), vec![Change::Effort(Effort::Medium)]));
    }

    #[test]
    fn free_fields_are_left_out_too() {
        for (field, message) in [
            ("top_k", "top_k: Extra inputs are not permitted"),
            ("n", "Unrecognized request argument supplied: n"),
            ("parallel_tool_calls", "Unknown parameter: 'parallel_tool_calls'."),
            ("temperature", "temperature is not supported"),
        ] {
            let mut prompt = Prompt::user("Hi".to_owned());
            prompt.extra.insert(field.to_owned(), json!(1));
            let failure = Failure { status: Some(400), ..Failure::new(Class::BadRequest, message) };
            let to = endpoint();
            let refusal = refused(&to, &prompt, &failure, Timestamp(0)).expect(message);
            let (_, sent, changes) = adapted(&to, &prompt, [refusal].into_iter());
            assert_eq!((sent.extra.len(), changes.len()), (0, 1), "{message}");
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
        check("This response_format type is unavailable now", Some((Parameter::StrictSchema, None)));
        check("Unrecognized request argument: stream_options", Some((Parameter::StreamOptions, None)));
    }

    #[test]
    fn a_smaller_limit_is_taken_from_the_reply() {
        let says = "max_tokens is too large: 100000. This model supports at most 16384 completion tokens";
        check(says, Some((Parameter::MaxTokens, Some(16_384))));
        check("max_tokens must be at most 8,192", Some((Parameter::MaxTokens, Some(8192))));
        check("max_tokens (100000) exceeds 8192 of m-20241", Some((Parameter::MaxTokens, Some(8192))));
        check("the valid range of max_tokens is [1,8192]", Some((Parameter::MaxTokens, Some(8192))));
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
            assert_eq!(refused(&to, &prompt, &failure, Timestamp(0)), None);
        }
        let failure = Failure { status: Some(400), ..Failure::new(Class::BadRequest, "temperature") };
        assert_eq!(refused(&to, &Prompt::user("Hi".to_owned()), &failure, Timestamp(0)), None, "it was not sent");
    }
}
