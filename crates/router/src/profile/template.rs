//! Named prompts with placeholders: `{{stdin}}` and `{{name}}`.

use llmroute_core::protocols::Params;

use crate::profile::document::ProfileTables;
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::NamedTable;
use crate::profile::{LoadOptions, Profile};

/// The placeholder of standard input.
pub const STDIN: &str = "stdin";

/// One template of a profile.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The prompt, or an empty text.
    pub prompt: String,
    /// The system prompt.
    pub system: Option<String>,
    /// The group or `PROVIDER/MODEL`.
    pub model: Option<String>,
    /// Parameters; the command line overrides them.
    pub params: Params,
}

impl Template {
    /// Returns the placeholders of `prompt` and `system`, each once, including `stdin`.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        let mut places = Vec::new();
        for piece in pieces(&self.prompt).chain(pieces(self.system.as_deref().unwrap_or_default())) {
            if let Piece::Placeholder(name) = piece
                && !places.contains(&name)
            {
                places.push(name);
            }
        }
        places
    }
}

/// Returns `text` with every placeholder replaced by its `value`. Values are not filled in again.
#[must_use]
pub fn fill<'v>(text: &str, value: impl Fn(&str) -> &'v str) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Placeholder(name) => value(name).to_owned(),
        })
        .collect()
}

enum Piece<'t> {
    Text(&'t str),
    Placeholder(&'t str),
}

/// Text and placeholders in turn. Braces around anything but a name are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut held = None;
    std::iter::from_fn(move || {
        if let Some(place) = held.take() {
            return Some(Piece::Placeholder(place));
        }
        if rest.is_empty() {
            return None;
        }
        for (at, _) in rest.match_indices("{{") {
            let inside = &rest[at + 2..];
            let Some(end) = inside.find("}}") else { break };
            let name = inside[..end].trim();
            if is_name(name) {
                let before = &rest[..at];
                rest = &inside[end + 2..];
                if before.is_empty() {
                    return Some(Piece::Placeholder(name));
                }
                held = Some(name);
                return Some(Piece::Text(before));
            }
        }
        Some(Piece::Text(std::mem::take(&mut rest)))
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

impl Profile {
    /// Reads the templates, and looks up the models that they name.
    pub(crate) fn add_templates(
        &mut self,
        tables: &ProfileTables<'_>,
        options: &LoadOptions<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for NamedTable { name, keys } in &tables.templates {
            if let Some(model) = keys.model.setting()
                && let Err(problem) = self.knows(&model.value, options.env)
            {
                diagnostics.push(problem.diagnostic(model.at.clone()));
            }
            let template = Template {
                name: name.get_ref().clone(),
                prompt: keys.prompt.value().cloned().unwrap_or_default(),
                system: keys.system.value().cloned(),
                model: keys.model.value().cloned(),
                params: keys.params.value().cloned().unwrap_or_default(),
            };
            let of_stdin = |piece| matches!(piece, Piece::Placeholder(STDIN));
            if template.system.as_deref().is_some_and(|system| pieces(system).any(of_stdin)) {
                let message = "`{{stdin}}` can only stand in `prompt`";
                diagnostics.push(Diagnostic::error(message).at(name.span()));
            }
            self.templates.push(template);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, want: &str) {
        assert_eq!(fill(text, |name| if name == "a" { "[A {{b}}]" } else { "[B]" }), want);
    }

    #[test]
    fn placeholders_are_filled_once() {
        check("{{a}} and {{ b }}{{a}}.", "[A {{b}}] and [B][A {{b}}].");
        check("", "");
    }

    #[test]
    fn other_braces_are_text() {
        for text in ["{a} {{}} {{ }} {{1}} {{a b}} {{a", "{{", "}}", "{{a.b}}", "é{{–}}"] {
            check(text, text);
        }
        check("{{{{a}}}}", "{{[A {{b}}]}}");
    }

    proptest! {
        #[test]
        fn a_text_without_placeholders_is_unchanged(text in "[{} a-c.é\n]{0,30}") {
            let same = fill(&text, |_| "");
            prop_assert!(same.len() <= text.len());
            prop_assert_eq!(pieces(&text).any(|piece| matches!(piece, Piece::Placeholder(_))), same != text);
        }
    }
}
