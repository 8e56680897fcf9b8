//! `patch` and `strict_params`: what a profile changes about requests that are encoded already.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::Settings;
use crate::profile::keys::ValueKind;
use crate::profile::params;
use crate::profile::suggest;
use crate::profile::value::{self, Value, wrong};
use llmroute_core::protocols::{Overrides, Patch};

/// The changes of `settings` after those in `base`.
pub(crate) fn over(base: &Overrides, settings: &Settings<'_>) -> Overrides {
    let mut all = base.clone();
    if let Some(Value::Patch(patch)) = settings.get("patch").map(|entry| &entry.value) {
        all.patches.push(patch.clone());
    }
    all.strict = settings.flag("strict_params").unwrap_or(all.strict);
    all
}

/// Reads a patch; what is wrong goes to `sink`.
pub(crate) fn read_patch(table: &DeTable<'_>, sink: &mut Vec<Diagnostic>) -> Patch {
    let mut patch = Patch::default();
    for (key, raw) in table {
        match key.get_ref().as_ref() {
            "remove" => patch.remove = paths(raw, sink),
            "set" => match raw.get_ref() {
                DeValue::Table(fields) => {
                    for (path, value) in fields {
                        check(path.get_ref(), path.span(), sink);
                        if let Some(value) = params::json(value.get_ref()) {
                            patch.set.insert(path.get_ref().to_string(), value);
                        }
                    }
                }
                other => wrong(ValueKind::Params, other, raw.span(), sink).unwrap_or_default(),
            },
            other => {
                let help = suggest::help(other, ["set", "remove"]);
                sink.push(Diagnostic::error(format!("unknown field `{other}` of a patch")).at(key.span()).help(help));
            }
        }
    }
    patch
}

fn paths(raw: &Spanned<DeValue<'_>>, sink: &mut Vec<Diagnostic>) -> Vec<String> {
    let Some(Value::Names(names)) = value::read(ValueKind::Names, raw, sink) else { return Vec::new() };
    names.iter().for_each(|name| check(&name.text, name.at.clone(), sink));
    names.into_iter().map(|name| name.text).collect()
}

fn check(path: &str, at: std::ops::Range<usize>, sink: &mut Vec<Diagnostic>) {
    if path.split('.').any(str::is_empty) {
        let help = "names with dots between them, like `stream_options.include_usage`";
        sink.push(Diagnostic::error(format!("`{path}` is no path of a field")).at(at).help(help));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, want: Result<Patch, &str>) {
        let table = DeTable::parse(text).unwrap();
        let mut sink = Vec::new();
        let patch = read_patch(table.get_ref(), &mut sink);
        let got = sink.first().map_or(Ok(patch), |problem| Err(problem.message.as_str()));
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn fields_are_set_and_taken_out() {
        let set = json!({"a.b": 1, "c": {"d": ["x"]}}).as_object().unwrap().clone();
        let remove = vec!["stream_options".to_owned(), "l.0".to_owned()];
        check(
            "remove = [\"stream_options\", \"l.0\"]\nset = { \"a.b\" = 1, c.d = [\"x\"] }",
            Ok(Patch { remove, set }),
        );
    }

    #[test]
    fn mistakes_are_reported() {
        check("removes = []", Err("unknown field `removes` of a patch"));
        check("remove = \"a\"", Err("expected list of texts, found string"));
        check("set = 5", Err("expected table, found integer"));
        check("set = { \"a..b\" = 1 }", Err("`a..b` is no path of a field"));
        check("remove = [\"\"]", Err("`` is no path of a field"));
    }
}
