//! The values of `[log]` and `on_state_loss`.

use regex::Regex;
use toml::Spanned;
use toml::de::DeValue;

use super::diagnostic::Diagnostic;
use super::table::{FromToml, text, wrong_type};
use crate::state::{LogConfig, LogPlace, OnStateLoss, Retention};

use super::LogKeys;

/// A number of bytes.
#[derive(Debug, Clone, Copy)]
pub struct ByteSize(pub u64);

/// Regular expressions.
#[derive(Debug, Clone)]
pub struct Patterns(pub Vec<Regex>);

/// Reads one of `names`.
fn one_of<'v, V: FromToml<'v>, T: Copy>(
    raw: &Spanned<DeValue<'_>>,
    names: &[(&str, T)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    let word = text::<V>(raw, diagnostics)?;
    let found = names.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    if found.is_none() {
        diagnostics.push(Diagnostic::error(format!("`{word}` is not {}", V::TYPE)).at(raw.span()));
    }
    found
}

impl FromToml<'_> for LogPlace {
    const TYPE: &'static str = "`\"local\"`, `\"shared\"` or `\"off\"`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let names = [("local", Self::Local), ("shared", Self::Shared), ("off", Self::Off)];
        one_of::<Self, Self>(raw, &names, diagnostics)
    }
}

impl FromToml<'_> for OnStateLoss {
    const TYPE: &'static str = "`\"auto\"`, `\"deny\"` or `\"allow\"`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let names = [("auto", Self::Auto), ("deny", Self::Deny), ("allow", Self::Allow)];
        one_of::<Self, Self>(raw, &names, diagnostics)
    }
}

impl FromToml<'_> for ByteSize {
    const TYPE: &'static str = "size";
    const HELP: Option<&'static str> = Some("write a number and `KB`, `MB` or `GB`, like `\"500 MB\"`");

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let written = text::<Self>(raw, diagnostics)?;
        let size = parse_size(written);
        if size.is_none() {
            let error = Diagnostic::error(format!("`{written}` is not a size")).at(raw.span());
            diagnostics.push(error.help("write a number and `KB`, `MB` or `GB`, like `\"500 MB\"`"));
        }
        size.map(Self)
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].trim() {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok().filter(|count| *count > 0)?.checked_mul(unit)
}

impl FromToml<'_> for Patterns {
    const TYPE: &'static str = "list of regular expressions";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let Some(items) = raw.get_ref().as_array() else {
            wrong_type::<Self>(raw, diagnostics);
            return None;
        };
        let mut patterns = Vec::new();
        for item in items.iter() {
            let written = text::<Self>(item, diagnostics)?;
            match Regex::new(written) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => {
                    let cause = error.to_string();
                    let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    let message = format!("not a regular expression: {cause}");
                    diagnostics.push(Diagnostic::error(message).at(item.span()));
                }
            }
        }
        Some(Self(patterns))
    }
}

impl LogKeys<'_> {
    /// The settings of the log.
    pub(crate) fn config(&self) -> LogConfig {
        LogConfig {
            place: self.place.value().copied().unwrap_or_default(),
            retention: Retention {
                keep_days: self.keep_days.value().map(|days| u64::from(days.as_u32())),
                max_bytes: self.max_size.value().map(|size| size.0),
            },
            redact: self.redact.value().map(|patterns| patterns.0.clone()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        let sizes = ["500 MB", "1GiB", "3 KB", "7 B"].map(parse_size);
        assert_eq!(sizes, [Some(500_000_000), Some(1 << 30), Some(3_000), Some(7)]);
        assert_eq!(["", "MB", "5", "0 MB", "-1 MB", "5 TB", "99999999999999999999 GB"].map(parse_size), [None; 7]);
    }
}
