//! Streaming Markdown for a terminal: text in, text with escape codes out; only a word at the right margin is
//! revised.
//!
//! The text of a paragraph is emitted at once. A word that does not fit into its line is moved to the next one. Only
//! undecided input is held back: the marks that begin a line, an emphasis mark until what follows it, what may be a link until its bracket closes, a word of code
//! until it ends (it may be a keyword), and a table until its last row, because its columns need all of them.
//! The model cannot control the terminal. The output does not depend on how the input was split.

mod code;
mod inline;
mod style;
mod table;
#[cfg(test)]
mod tests;

use self::code::{Code, Fence};
use self::inline::Inline;
use self::style::{Style, StyledText};
use self::table::{RowResult, Table};

pub(crate) use style::Colour;

/// The most white space before the first mark of a line, and the most marks.
const MARKS: usize = 64;
/// The deepest nesting of quotes; deeper marks are text.
const QUOTES: usize = 16;
/// The longest row of a table; a longer line is text.
const ROW: usize = 4096;

/// Renders one answer.
#[derive(Debug)]
pub(crate) struct Renderer {
    /// Columns of the terminal.
    width: usize,
    at: ParserState,
    inline: Inline,
    table: Table,
    ink: StyledText,
}

/// The position in the text.
#[derive(Debug)]
enum ParserState {
    /// At the beginning of a line, which is still undecided.
    Start { held: String, quotes: usize },
    /// After the mark of a quote, at this depth.
    Quoted(usize),
    /// A number, possibly of a list item.
    Number,
    /// Inside a line of text.
    Text,
    /// Inside a heading, which ends with its line.
    Heading,
    /// Inside fenced code.
    Code(Box<Code>),
}

/// The kind of a line, from its beginning.
#[derive(Debug, PartialEq, Eq)]
enum LineKind {
    /// Undecided: more input is needed.
    Undecided,
    Blank,
    Heading(usize),
    /// A list item with this indentation.
    Item(usize),
    Quote,
    Rule,
    Row,
    Fence(Fence),
    /// A digit.
    Number,
    Text,
}

impl Renderer {
    /// For a terminal of `width` columns.
    #[must_use]
    pub(crate) fn new(width: usize) -> Self {
        let mut ink = StyledText::default();
        ink.wrap(Some(width));
        Self {
            width,
            at: ParserState::Start { held: String::new(), quotes: 0 },
            inline: Inline::default(),
            table: Table::default(),
            ink,
        }
    }

    /// Takes more of the answer and returns the decided output.
    pub(crate) fn push(&mut self, delta: &str) -> String {
        for c in delta.chars() {
            // A line break of two characters is one.
            if c != '\r' {
                self.step(c);
            }
        }
        self.ink.take()
    }

    /// Returns the rest; the next input is a new text.
    pub(crate) fn finish(&mut self) -> String {
        match std::mem::replace(&mut self.at, ParserState::Start { held: String::new(), quotes: 0 }) {
            ParserState::Start { held, quotes } => self.last_line(held, quotes),
            ParserState::Code(mut code) => {
                code.end(&mut self.ink);
                self.ink.wrap(Some(self.width));
            }
            ParserState::Quoted(_) | ParserState::Number | ParserState::Text | ParserState::Heading => {}
        }
        self.end_table();
        self.inline.begin(Style::default(), &mut self.ink);
        self.ink.plain();
        self.at = ParserState::Start { held: String::new(), quotes: 0 };
        self.ink.take()
    }

    /// As [`finish`](Self::finish), and ends the line if one was begun.
    pub(crate) fn end_line(&mut self) -> String {
        let mut rest = self.finish();
        if self.ink.is_open() {
            self.ink.newline();
            rest += &self.ink.take();
        }
        rest
    }

    fn step(&mut self, c: char) {
        match std::mem::replace(&mut self.at, ParserState::Text) {
            ParserState::Start { mut held, quotes } => {
                held.push(c);
                self.start(held, quotes);
            }
            ParserState::Quoted(quotes) => {
                self.at = ParserState::Start { held: String::new(), quotes };
                // The mark includes one space.
                if c != ' ' {
                    self.step(c);
                }
            }
            ParserState::Number => match c {
                '0'..='9' => {
                    self.inline.push(c, &mut self.ink);
                    self.at = ParserState::Number;
                }
                '.' | ')' => {
                    // A new item ends the emphasis of the previous one.
                    self.inline.begin(Style::default(), &mut self.ink);
                    self.inline.push(c, &mut self.ink);
                }
                _ => self.text(c),
            },
            ParserState::Text => self.text(c),
            ParserState::Heading if c == '\n' => {
                self.inline.begin(Style::default(), &mut self.ink);
                self.text(c);
            }
            ParserState::Heading => {
                self.inline.push(c, &mut self.ink);
                self.at = ParserState::Heading;
            }
            ParserState::Code(mut code) => match code.push(c, &mut self.ink) {
                code::CodeStep::Inside => self.at = ParserState::Code(code),
                code::CodeStep::Closed => {
                    self.ink.wrap(Some(self.width));
                    self.begin_line();
                }
                code::CodeStep::Outside(line) => {
                    self.ink.wrap(Some(self.width));
                    self.begin_line();
                    line.chars().for_each(|c| self.step(c));
                }
            },
        }
    }

    fn text(&mut self, c: char) {
        self.inline.push(c, &mut self.ink);
        if c == '\n' {
            self.begin_line();
        }
    }

    fn begin_line(&mut self) {
        self.at = ParserState::Start { held: String::new(), quotes: 0 };
    }

    /// Continues at the beginning of a line, of which `held` was seen.
    fn start(&mut self, held: String, quotes: usize) {
        let line = decide(&held);
        if !matches!(line, LineKind::Undecided | LineKind::Row) {
            self.end_table();
        }
        match line {
            LineKind::Undecided => self.at = ParserState::Start { held, quotes },
            LineKind::Row if quotes > 0 => self.release(&held),
            LineKind::Row if !held.ends_with('\n') && held.len() < ROW => self.at = ParserState::Start { held, quotes },
            LineKind::Row if held.ends_with('\n') => {
                self.begin_line();
                self.row(held.trim_end_matches('\n').to_owned());
            }
            LineKind::Row => {
                self.end_table();
                self.release(&held);
            }
            LineKind::Blank => {
                self.inline.begin(Style::default(), &mut self.ink);
                self.ink.newline();
                self.begin_line();
            }
            LineKind::Heading(level) => {
                let style = Style { bold: true, underline: level == 1, ..Style::of(Colour::Magenta) };
                self.inline.begin(style, &mut self.ink);
                self.at = ParserState::Heading;
            }
            LineKind::Item(indent) => {
                self.inline.begin(Style::default(), &mut self.ink);
                self.ink.prefix(&" ".repeat(indent), Style::default(), false);
                self.ink.prefix("• ", Style::of(Colour::Magenta), false);
            }
            LineKind::Quote if quotes >= QUOTES => self.release(&held),
            LineKind::Quote => self.quote(&held, quotes),
            LineKind::Rule => {
                self.inline.begin(Style::default(), &mut self.ink);
                self.rule();
                self.ink.newline();
                self.begin_line();
            }
            LineKind::Fence(fence) => {
                self.inline.begin(Style::default(), &mut self.ink);
                self.ink.wrap(None);
                self.at = ParserState::Code(Box::new(Code::open(Fence { quotes, ..fence }, &mut self.ink)));
            }
            LineKind::Number => {
                self.release(&held);
                self.at = ParserState::Number;
            }
            LineKind::Text => self.release(&held),
        }
    }

    fn quote(&mut self, held: &str, quotes: usize) {
        if quotes == 0 {
            self.inline.begin(Style::default(), &mut self.ink);
        }
        let indent = held.len() - held.trim_start().len();
        self.ink.prefix(&held[..indent], Style::default(), true);
        self.ink.prefix("│ ", Style::FRAME, true);
        self.at = ParserState::Quoted(quotes + 1);
    }

    fn rule(&mut self) {
        let width = self.width.clamp(3, 40);
        self.ink.write(&"─".repeat(width), Style::FRAME);
    }

    /// Emits the beginning of a line of text.
    fn release(&mut self, held: &str) {
        self.at = ParserState::Text;
        held.chars().for_each(|c| self.text(c));
    }

    fn row(&mut self, line: String) {
        self.inline.begin(Style::default(), &mut self.ink);
        if let RowResult::NoTable(lines) = self.table.push(line) {
            self.as_text(lines);
        }
    }

    fn end_table(&mut self) {
        if !self.table.is_empty() {
            self.ink.wrap(None);
            let lines = self.table.end(self.width, &mut self.ink);
            self.ink.wrap(Some(self.width));
            self.as_text(lines);
        }
    }

    fn as_text(&mut self, lines: Vec<String>) {
        for line in lines {
            line.chars().for_each(|c| self.inline.push(c, &mut self.ink));
            self.inline.push('\n', &mut self.ink);
        }
    }

    /// Decides the held beginning of a last line without a newline.
    fn last_line(&mut self, held: String, quotes: usize) {
        if held.is_empty() {
            return;
        }
        match decide(&format!("{held}\n")) {
            LineKind::Rule => {
                self.end_table();
                self.rule();
            }
            LineKind::Row if held.len() < ROW => self.row(held),
            LineKind::Fence(fence) => {
                self.end_table();
                self.ink.wrap(None);
                Code::open(Fence { quotes, ..fence }, &mut self.ink).end(&mut self.ink);
                self.ink.wrap(Some(self.width));
            }
            _ => {
                self.end_table();
                held.chars().for_each(|c| self.inline.push(c, &mut self.ink));
            }
        }
    }
}

/// Classifies a line that begins with `held`.
fn decide(held: &str) -> LineKind {
    let marks = held.trim_start_matches([' ', '\t']);
    let indent = held.len() - marks.len();
    let Some(first) = marks.chars().next() else {
        return if held.len() < MARKS { LineKind::Undecided } else { LineKind::Text };
    };
    let count = marks.chars().take_while(|c| *c == first).count();
    let after = marks[count * first.len_utf8()..].chars().next();
    match (first, count, after) {
        ('\n', ..) => LineKind::Blank,
        ('0'..='9', ..) => LineKind::Number,
        ('>', ..) => LineKind::Quote,
        ('|', ..) => LineKind::Row,
        ('#', 1..=6, None) => LineKind::Undecided,
        ('#', 1..=6, Some(' ')) => LineKind::Heading(count),
        ('+' | '-' | '*', 1, Some(' ')) => LineKind::Item(indent),
        ('+', 1, None) => LineKind::Undecided,
        ('-' | '*' | '_', 0..MARKS, None) => LineKind::Undecided,
        ('-' | '*' | '_', 3.., Some('\n')) => LineKind::Rule,
        ('`' | '~', 1..3, None) => LineKind::Undecided,
        ('`' | '~', 3..MARKS, _) => fence(marks, first, count, indent),
        _ => LineKind::Text,
    }
}

/// The line that opens a fence, if it is complete.
fn fence(marks: &str, mark: char, length: usize, indent: usize) -> LineKind {
    let info = &marks[length..];
    if info.len() > ROW || (mark == '`' && info.contains('`')) {
        return LineKind::Text;
    }
    match info.strip_suffix('\n') {
        Some(info) => LineKind::Fence(Fence { mark, length, indent, info: info.trim().to_owned(), quotes: 0 }),
        None => LineKind::Undecided,
    }
}

/// `text` without escape codes of colours.
fn without_codes(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        shown.push_str(&rest[..at]);
        let code = &rest[at + 2..];
        rest = code.find('m').map_or("", |end| &code[end + 1..]);
    }
    shown + rest
}
