//! A template with its variables from `-o`: every place has a value, every value a place.

use std::collections::BTreeMap;

use super::RequestOptions;
use crate::error::{CommandError, ErrorKind};
pub(crate) use llmroute_router::profile::template::{STDIN, fill};
use llmroute_router::profile::{Profile, Template};

/// A template whose variables are known; standard input is not read yet.
#[derive(Debug, Clone)]
pub(crate) struct FilledTemplate {
    template: Template,
    values: BTreeMap<String, String>,
}

impl FilledTemplate {
    /// The named template, and the options that are not its variables.
    ///
    /// # Errors
    /// `profile` for an unknown template, `usage` for a variable that is missing or not used.
    pub(crate) fn of(
        request: &RequestOptions,
        profile: &Profile,
        is_parameter: fn(&str) -> bool,
    ) -> Result<(Option<Self>, Vec<String>), CommandError> {
        let Some(name) = &request.template else { return Ok((None, request.options.clone())) };
        let template =
            profile.template(name).map_err(|no| CommandError::new(ErrorKind::Profile, no.message).hint(no.hint))?;
        let places: Vec<&str> = template.places().into_iter().filter(|place| *place != STDIN).collect();
        let mut values = BTreeMap::new();
        let mut rest = Vec::new();
        for option in &request.options {
            match option.split_once('=') {
                Some((key, value)) if places.contains(&key) => {
                    values.insert(key.to_owned(), value.to_owned());
                }
                Some((key, _)) if !is_parameter(key) => {
                    return Err(CommandError::new(
                        ErrorKind::Usage,
                        format!("template `{name}` has no `{{{{{key}}}}}`"),
                    )
                    .hint("further fields of the request stand in the template's `params`"));
                }
                _ => rest.push(option.clone()),
            }
        }
        if let Some(missing) = places.iter().find(|place| !values.contains_key(**place)) {
            return Err(CommandError::new(ErrorKind::Usage, format!("template `{name}` needs `{missing}`"))
                .hint(format!("-o {missing}=VALUE")));
        }
        Ok((Some(Self { template: template.clone(), values }), rest))
    }

    /// The template as written.
    #[must_use]
    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Returns `true` if it has a place for standard input.
    #[must_use]
    pub(crate) fn wants_stdin(&self) -> bool {
        self.template.places().contains(&STDIN)
    }

    /// Returns `true` if its own prompt is not empty.
    #[must_use]
    pub(crate) fn asks(&self) -> bool {
        !self.template.prompt.trim().is_empty()
    }

    /// The prompt, with `piped` in its place.
    #[must_use]
    pub(crate) fn prompt(&self, piped: &str) -> String {
        fill(&self.template.prompt, |name| if name == STDIN { piped } else { self.value(name) })
    }

    /// The system prompt.
    #[must_use]
    pub(crate) fn system(&self) -> Option<String> {
        self.template.system.as_ref().map(|system| fill(system, |name| self.value(name)))
    }

    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }
}
