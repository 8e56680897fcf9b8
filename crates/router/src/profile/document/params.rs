//! `params` of a deployment: TOML to neutral parameters and further body fields.

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile::diagnostic::Diagnostic;
use crate::profile::keys::ValueKind;
use crate::profile::suggest;
use crate::profile::value::{self, integer, plain_number, wrong};
use llmroute_core::model::Effort;
use llmroute_core::protocols::Params;

/// Body fields that are ours to set.
const OWN: &[&str] = &["model", "messages", "stream", "stream_options", "system", "prompt"];

/// Reads the table; what is wrong goes to `sink`.
pub(crate) fn read(table: &DeTable<'_>, sink: &mut Vec<Diagnostic>) -> Option<Params> {
    let mut params = Params::default();
    for (key, raw) in table {
        let name: &str = key.get_ref();
        if OWN.contains(&name) {
            sink.push(Diagnostic::error(format!("`{name}` is not a parameter: llmroute sets it")).at(key.span()));
        } else if !neutral(&mut params, name, raw, sink)
            && let Some(value) = json(raw.get_ref())
        {
            params.extra.insert(name.to_owned(), value);
        }
    }
    Some(params)
}

/// Takes a parameter that all providers share; `false` when it is none.
fn neutral(params: &mut Params, name: &str, raw: &Spanned<DeValue<'_>>, sink: &mut Vec<Diagnostic>) -> bool {
    let to = &mut params.sampling;
    match name {
        "temperature" => to.temperature = number(raw, sink),
        "top_p" => to.top_p = number(raw, sink),
        "max_tokens" => match value::read(ValueKind::Count(1), raw, sink) {
            Some(value::Value::Count(count)) => to.max_tokens = Some(count),
            _ => to.max_tokens = None,
        },
        "seed" => match raw.get_ref() {
            DeValue::Integer(seed) => to.seed = integer(seed),
            other => to.seed = wrong(ValueKind::Count(0), other, raw.span(), sink),
        },
        "stop" => to.stop = stop(raw, sink),
        "reasoning_effort" => to.effort = effort(raw, sink),
        _ => return false,
    }
    true
}

fn number(raw: &Spanned<DeValue<'_>>, sink: &mut Vec<Diagnostic>) -> Option<f64> {
    match value::read(ValueKind::Number, raw, sink) {
        Some(value::Value::Number(number)) => Some(number),
        _ => None,
    }
}

fn stop(raw: &Spanned<DeValue<'_>>, sink: &mut Vec<Diagnostic>) -> Vec<String> {
    match raw.get_ref() {
        DeValue::String(text) => vec![text.to_string()],
        _ => match value::read(ValueKind::Names, raw, sink) {
            Some(value::Value::Names(names)) => names.into_iter().map(|name| name.text).collect(),
            _ => Vec::new(),
        },
    }
}

fn effort(raw: &Spanned<DeValue<'_>>, sink: &mut Vec<Diagnostic>) -> Option<Effort> {
    let Some(text) = raw.get_ref().as_str() else {
        return wrong(ValueKind::Text, raw.get_ref(), raw.span(), sink);
    };
    let found = Effort::ALL.into_iter().find(|effort| effort.as_str() == text);
    if found.is_none() {
        let help = suggest::help(text, Effort::ALL.into_iter().map(Effort::as_str));
        sink.push(Diagnostic::error(format!("unknown effort `{text}`")).at(raw.span()).help(help));
    }
    found
}

/// The value in JSON; `None` for a number that JSON does not have.
pub(crate) fn json(raw: &DeValue<'_>) -> Option<Json> {
    Some(match raw {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(value) => Json::from(integer(value)?),
        DeValue::Float(_) => Json::from(plain_number(raw).filter(|number| number.is_finite())?),
        DeValue::Boolean(value) => Json::from(*value),
        DeValue::Datetime(value) => Json::from(value.to_string()),
        DeValue::Array(items) => items.iter().filter_map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .filter_map(|(key, value)| Some((key.get_ref().to_string(), json(value.get_ref())?)))
            .collect::<Map<_, _>>()
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Result<&str, &str>) {
        let table = DeTable::parse(text).unwrap();
        let mut sink = Vec::new();
        let params = read(table.get_ref(), &mut sink).unwrap();
        let got = match sink.first() {
            Some(problem) => Err(problem.message.clone()),
            None => Ok(serde_json::to_string(&params.extra).unwrap()),
        };
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn neutral_parameters_are_no_extras() {
        check(
            "temperature = 1\ntop_p = 0.5\nmax_tokens = 5\nstop = \"x\"\nseed = -1\nreasoning_effort = \"low\"",
            Ok("{}"),
        );
    }

    #[test]
    fn others_are_passed_on() {
        check("a = { b = [1, 2.5, true] }", Ok(r#"{"a":{"b":[1,2.5,true]}}"#));
    }

    #[test]
    fn wrong_ones_are_reported() {
        check("temperature = \"hot\"", Err("expected number, found string"));
        check("reasoning_effort = \"hgih\"", Err("unknown effort `hgih`"));
        check("stream = false", Err("`stream` is not a parameter: llmroute sets it"));
    }
}
