//! A mistake or a remark about a profile, and how it looks. What is a mistake is decided elsewhere.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The profile cannot be used.
    Error,
    /// It can, but is probably not meant like this.
    Warning,
    /// Good to know.
    Note,
}

/// One mistake or remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, as a lower-case fragment; holds no secret.
    pub message: String,
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What stands beside the caret.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    fn new(severity: Severity, message: impl AsRef<str>) -> Self {
        Self { severity, message: clean(message.as_ref()), span: None, label: None, help: None }
    }

    /// A mistake that makes the profile unusable.
    pub fn error(message: impl AsRef<str>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// Something that is probably not meant.
    pub fn warning(message: impl AsRef<str>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Something good to know.
    pub fn note(message: impl AsRef<str>) -> Self {
        Self::new(Severity::Note, message)
    }

    /// The same, at a place in the text.
    #[must_use]
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// The same, with a word beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.label = Some(clean(label.as_ref()));
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn help(mut self, help: impl AsRef<str>) -> Self {
        self.help = Some(clean(help.as_ref()));
        self
    }
}

/// Where the text of a profile came from, and the text with its secrets masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The path, or what stands for one.
    pub name: String,
    /// The text; every secret in it is stars, byte for byte.
    pub text: String,
}

/// A profile that cannot be used: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// What the spans point into.
    pub document: Document,
    /// Mistakes and remarks, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl LoadError {
    /// A failure that has no place in a text.
    #[must_use]
    pub fn plain(name: impl Into<String>, diagnostic: Diagnostic) -> Self {
        Self { document: Document { name: name.into(), text: String::new() }, diagnostics: vec![diagnostic] }
    }

    /// All diagnostics as text for people.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        match self.diagnostics.as_slice() {
            // Nothing to point at: one message and its hint, like every other error.
            [only] if self.document.name.is_empty() && self.document.text.is_empty() => {
                let hint = only.help.as_ref().map(|help| format!("\nhint: {help}")).unwrap_or_default();
                format!("error: {}{hint}", only.message)
            }
            all => render(&self.document, all, color),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for LoadError {}

/// `diagnostics` as text for people, each with file, line, column and caret.
#[must_use]
pub fn render(document: &Document, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let blocks: Vec<String> =
        diagnostics.iter().map(|diagnostic| renderer.render(&[group(document, diagnostic)])).collect();
    blocks.join("\n\n")
}

fn group<'a>(document: &'a Document, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    let group = match &diagnostic.span {
        Some(span) if !document.text.is_empty() => {
            group.element(Snippet::source(document.text.as_str()).path(document.name.as_str()).annotation(
                AnnotationKind::Primary.span(within(span, &document.text)).label(diagnostic.label.as_deref()),
            ))
        }
        _ if document.name.is_empty() => group,
        _ => group.element(Origin::path(document.name.as_str())),
    };
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// The span cut to the text and to the borders of characters; a wrong span must not end the program.
fn within(span: &Range<usize>, text: &str) -> Range<usize> {
    let border = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = border(span.start);
    start..border(span.end).max(start)
}

/// Control characters of a file must not reach the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { name: "p.toml".into(), text: text.into() }
    }

    #[test]
    fn a_place_has_line_column_and_caret() {
        let error = Diagnostic::error("bad").at(8..9).label("here").help("do better");
        let text = render(&document("a = 1\nb = 2\n"), &[error], false);
        insta::assert_snapshot!(text, @r"
        error: bad
         --> p.toml:2:3
          |
        2 | b = 2
          |   ^ here
          |
          = help: do better
        ");
    }

    #[test]
    fn a_span_outside_the_text_is_cut() {
        assert!(render(&document("é"), &[Diagnostic::error("bad").at(1..900)], false).contains("p.toml:1:1"));
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(Diagnostic::error("\u{1b}[2J").message, "\u{fffd}[2J");
    }
}
