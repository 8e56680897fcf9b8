//! Diagnostics of a profile: mistakes, warnings and notes with their places, rendered with a caret.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

pub use llmroute_core::model::sanitize;

/// The severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The profile cannot be used.
    Error,
    /// It can be used, but probably not as intended.
    Warning,
    /// Information.
    Note,
}

/// One mistake, warning or note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its severity.
    pub severity: Severity,
    /// The fact, as a lower-case fragment without secrets.
    pub message: String,
    /// The place in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// A word beside the caret.
    pub label: Option<String>,
    /// Advice.
    pub help: Option<String>,
    /// A part of the text that may be secret.
    pub(crate) private: Option<Range<usize>>,
}

impl Diagnostic {
    fn new(severity: Severity, message: impl AsRef<str>) -> Self {
        Self { severity, message: clean(message.as_ref()), span: None, label: None, help: None, private: None }
    }

    /// A mistake that makes the profile unusable.
    pub(crate) fn error(message: impl AsRef<str>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// Something that is probably not intended.
    pub(crate) fn warning(message: impl AsRef<str>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Information.
    pub(crate) fn note(message: impl AsRef<str>) -> Self {
        Self::new(Severity::Note, message)
    }

    /// The same, at a place in the text.
    #[must_use]
    pub(crate) fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// The same, with a part of the text that is not shown.
    #[must_use]
    pub(crate) fn hiding(mut self, span: Range<usize>) -> Self {
        self.private = Some(span);
        self
    }

    /// The same, with a word beside the caret.
    #[must_use]
    pub(crate) fn label(mut self, label: impl AsRef<str>) -> Self {
        self.label = Some(clean(label.as_ref()));
        self
    }

    /// The same, with advice.
    #[must_use]
    pub(crate) fn help(mut self, help: impl AsRef<str>) -> Self {
        self.help = Some(clean(help.as_ref()));
        self
    }
}

/// The text of a profile with its secrets masked, and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The path, or a name in its place.
    pub name: String,
    /// The text, with a star for each byte of a secret.
    pub text: String,
}

/// A profile that cannot be used, with every mistake in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The text that the spans point into.
    pub document: Document,
    /// Mistakes, warnings and notes, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl LoadError {
    /// A mistake that has no place in a text.
    #[must_use]
    pub(crate) fn plain(name: impl Into<String>, diagnostic: Diagnostic) -> Self {
        Self { document: Document { name: name.into(), text: String::new() }, diagnostics: vec![diagnostic] }
    }

    /// Renders all diagnostics as text for people.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        match self.diagnostics.as_slice() {
            // Without a place it looks like every other error: a message and its hint.
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

/// Renders `diagnostics` as text for people, each with file, line, column and caret.
#[must_use]
pub(crate) fn render(document: &Document, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut lines = Lines::of(&document.text);
    let blocks = diagnostics.iter().map(|diagnostic| {
        let excerpt = diagnostic.span.as_ref().filter(|_| !document.text.is_empty()).map(|span| lines.excerpt(span));
        renderer.render(&[group(document, diagnostic, excerpt)])
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

fn group<'a>(document: &'a Document, diagnostic: &'a Diagnostic, excerpt: Option<Excerpt<'a>>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    let group = match excerpt {
        Some(excerpt) => {
            let annotation = AnnotationKind::Primary.span(excerpt.span).label(diagnostic.label.as_deref());
            let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).annotation(annotation);
            match excerpt.column {
                None => group.element(snippet.path(document.name.as_str())),
                Some(column) => group
                    .element(Origin::path(document.name.as_str()).line(excerpt.line).char_column(column))
                    .element(snippet),
            }
        }
        None if document.name.is_empty() => group,
        None => group.element(Origin::path(document.name.as_str())),
    };
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// The longest line that is shown as a whole.
const LONGEST_LINE: usize = 400;
/// The bytes that are shown before and after a place in a longer line.
const CONTEXT: usize = 60;

/// The lines of a text, so that the cost of a diagnostic does not grow with the text.
struct Lines<'t> {
    text: &'t str,
    /// The offset of each line.
    starts: Vec<usize>,
    /// The last place whose column was counted, with that column.
    counted: (usize, usize),
}

/// The part of a text that is shown.
struct Excerpt<'t> {
    text: &'t str,
    span: Range<usize>,
    /// The number of the first line.
    line: usize,
    /// The column of the place, if the excerpt does not begin with its line.
    column: Option<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts, counted: (0, 1) }
    }

    fn excerpt(&mut self, span: &Range<usize>) -> Excerpt<'t> {
        let span = within(span, self.text);
        let line_of = |at: usize| self.starts.partition_point(|start| *start <= at).max(1);
        let (first, last) = (line_of(span.start), line_of(span.end.saturating_sub(1).max(span.start)));
        let start = self.starts[first - 1];
        let end = self.starts.get(last).copied().unwrap_or(self.text.len());
        if end - start <= LONGEST_LINE || first != last {
            let span = span.start - start..span.end - start;
            return Excerpt { text: &self.text[start..end], span, line: first, column: None };
        }
        let shown = span.start..span.end.min(span.start + CONTEXT);
        let from = border(self.text, shown.start.saturating_sub(CONTEXT)).max(start);
        let to = border(self.text, (shown.end + CONTEXT).min(end));
        let shown = shown.start - from..border(self.text, shown.end).max(shown.start) - from;
        let column = self.column(start, span.start);
        Excerpt { text: &self.text[from..to], span: shown, line: first, column: Some(column) }
    }

    /// The column of `at` in the line that begins at `start`; counts on from the last place in the line.
    fn column(&mut self, start: usize, at: usize) -> usize {
        let (from, column) = match self.counted {
            (from, column) if (start..=at).contains(&from) => (from, column),
            _ => (start, 1),
        };
        let column = column + self.text[from..at].chars().count();
        self.counted = (at, column);
        column
    }
}

/// The span cut to the text and to the borders of characters; a wrong span must not end the program.
fn within(span: &Range<usize>, text: &str) -> Range<usize> {
    let start = border(text, span.start);
    start..border(text, span.end).max(start)
}

/// The last border of a character that is not behind `at`.
fn border(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Replaces control characters, which must not reach the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' || sanitize::harmless(c) != c { '\u{fffd}' } else { c }).collect()
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
        assert_eq!(Diagnostic::error("\u{1b}[2J\na\u{61c}b").message, "\u{fffd}[2J\u{fffd}a\u{fffd}b");
    }

    #[test]
    fn only_a_part_of_a_long_line_is_shown() {
        let text = format!("a = 1\nb = [{}é, x, {}]\n", "1, ".repeat(200), "2, ".repeat(200));
        let at = text.find('x').unwrap();
        let shown = render(&document(&text), &[Diagnostic::error("bad").at(at..at + 1)], false);
        assert!(shown.contains("--> p.toml:2:609"), "{shown}");
        assert!(shown.contains("1, é, x, 2, ") && shown.len() < 600, "{shown}");
    }

    #[test]
    fn many_mistakes_in_one_long_line_take_linear_time() {
        let text = "x".repeat(400_000);
        let diagnostics: Vec<Diagnostic> =
            (0..20_000).map(|index| Diagnostic::error("bad").at(index * 20..index * 20 + 1)).collect();
        let shown = render(&document(&text), &diagnostics, false);
        assert!(shown.contains("p.toml:1:399981") && shown.len() < 10_000_000, "{}", shown.len());
    }
}
