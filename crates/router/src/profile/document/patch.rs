//! `patch`: changes of a profile to requests that are already encoded.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use llmroute_core::protocols::Patch;

use super::diagnostic::Diagnostic;
use super::table::{FromToml, table};
use super::value::Names;
use super::{params, suggest};

impl FromToml<'_> for Patch {
    const TYPE: &'static str = "table with `set` and `remove`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        Some(read(table::<Self>(raw, diagnostics)?, diagnostics))
    }
}

fn read(from: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> Patch {
    let mut patch = Patch::default();
    for (key, raw) in from {
        match key.get_ref().as_ref() {
            "remove" => {
                let paths = Names::from_toml(raw, diagnostics).unwrap_or_default().0;
                paths.iter().for_each(|path| check_path(path.get_ref(), path.span(), diagnostics));
                patch.remove = paths.into_iter().map(Spanned::into_inner).collect();
            }
            "set" => {
                for (path, value) in table::<llmroute_core::protocols::Params>(raw, diagnostics).into_iter().flatten() {
                    check_path(path.get_ref(), path.span(), diagnostics);
                    if let Some(value) = params::json(value.get_ref()) {
                        patch.set.insert(path.get_ref().to_string(), value);
                    }
                }
            }
            other => {
                let error = Diagnostic::error(format!("unknown field `{other}` of a patch")).at(key.span());
                diagnostics.push(error.help(suggest::help(other, ["set", "remove"])));
            }
        }
    }
    patch
}

fn check_path(path: &str, at: Range<usize>, diagnostics: &mut Vec<Diagnostic>) {
    if path.split('.').any(str::is_empty) {
        let help = "write names with dots between them, like `stream_options.include_usage`";
        let message = format!("`{path}` is not the path of a field");
        diagnostics.push(Diagnostic::error(message).at(at).help(help));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, want: Result<Patch, &str>) {
        let table = DeTable::parse(text).unwrap();
        let mut diagnostics = Vec::new();
        let patch = read(table.get_ref(), &mut diagnostics);
        let got = diagnostics.first().map_or(Ok(patch), |problem| Err(problem.message.as_str()));
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
        check("set = { \"a..b\" = 1 }", Err("`a..b` is not the path of a field"));
        check("remove = [\"\"]", Err("`` is not the path of a field"));
    }
}
