//! `params` of a deployment: TOML to neutral parameters and further body fields.

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use llmroute_core::model::Effort;
use llmroute_core::protocols::{Params, requests_several_answers};

use super::diagnostic::Diagnostic;
use super::suggest;
use super::table::{FromToml, table, text, wrong_type};
use super::value::{Count, Names, integer, plain_number};

/// Fields of the body that only llmroute sets.
const RESERVED: &[&str] = &["model", "messages", "stream", "stream_options", "system", "prompt"];

impl FromToml<'_> for Params {
    const TYPE: &'static str = "table";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        Some(read(table::<Self>(raw, diagnostics)?, diagnostics))
    }
}

fn read(table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> Params {
    let mut params = Params::default();
    for (key, raw) in table {
        let name: &str = key.get_ref();
        if RESERVED.contains(&name) {
            let message = format!("`{name}` is not a parameter: llmroute sets it");
            diagnostics.push(Diagnostic::error(message).at(key.span()));
        } else if let DeValue::Integer(number) = raw.get_ref()
            && integer(number)
                .is_some_and(|count| u64::try_from(count).is_ok_and(|count| requests_several_answers(name, count)))
        {
            let message = format!("`{name}` requests several answers, and a call has one");
            diagnostics.push(Diagnostic::error(message).at(raw.span()));
        } else if !read_known(&mut params, name, raw, diagnostics)
            && let Some(value) = json(raw.get_ref())
        {
            params.extra.insert(name.to_owned(), value);
        }
    }
    params
}

/// Reads a parameter that all providers share; `false` if it is another one.
fn read_known(params: &mut Params, name: &str, raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let to = &mut params.sampling;
    match name {
        "temperature" => to.temperature = f64::from_toml(raw, diagnostics),
        "top_p" => to.top_p = f64::from_toml(raw, diagnostics),
        "max_tokens" => to.max_tokens = Count::<1>::from_toml(raw, diagnostics).map(|count| count.0),
        "seed" => match raw.get_ref() {
            DeValue::Integer(seed) => to.seed = integer(seed),
            _ => wrong_type::<Count<0>>(raw, diagnostics),
        },
        "stop" => to.stop = stop(raw, diagnostics),
        "reasoning_effort" => to.effort = effort(raw, diagnostics),
        _ => return false,
    }
    true
}

fn stop(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    match raw.get_ref() {
        DeValue::String(text) => vec![text.to_string()],
        _ => {
            let names = Names::from_toml(raw, diagnostics).unwrap_or_default();
            names.0.into_iter().map(Spanned::into_inner).collect()
        }
    }
}

fn effort(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Effort> {
    let name = text::<String>(raw, diagnostics)?;
    let found = Effort::ALL.into_iter().find(|effort| effort.as_str() == name);
    if found.is_none() {
        let help = suggest::help(name, Effort::ALL.into_iter().map(Effort::as_str));
        diagnostics.push(Diagnostic::error(format!("unknown effort `{name}`")).at(raw.span()).help(help));
    }
    found
}

/// The value in JSON; `None` for a number that JSON does not have.
pub fn json(raw: &DeValue<'_>) -> Option<Json> {
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
        let mut diagnostics = Vec::new();
        let params = read(table.get_ref(), &mut diagnostics);
        let got = match diagnostics.first() {
            Some(problem) => Err(problem.message.clone()),
            None => Ok(serde_json::to_string(&params.extra).unwrap()),
        };
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn shared_parameters_are_read() {
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
