//! Markdown for a terminal as it comes: text in, text with escape codes out, and nothing is ever taken back.
//!
//! The text of a paragraph is given out at once. Held back is what is undecided: the marks that begin a
//! line, an emphasis mark until what follows it, what may be a link until its bracket closes, a word of code
//! until it ends (it may be a keyword), and a table until its last row, because its columns need all of them.
//! What the model sends cannot steer the terminal. The output does not depend on how the input was cut up.

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

pub use style::Colour;

/// White space before the first mark of a line, at most; and marks, at most.
const MARKS: usize = 64;
/// Quotes in quotes, at most: what is deeper is text.
const QUOTES: usize = 16;
/// The longest row of a table; a longer line is text.
const ROW: usize = 4096;

/// Renders one answer.
#[derive(Debug)]
pub struct Renderer {
    /// Columns of the terminal.
    width: usize,
    at: ParserState,
    inline: Inline,
    table: Table,
    ink: StyledText,
}

/// Where in the text it is.
#[derive(Debug)]
enum ParserState {
    /// At the beginning of a line; what of it was seen is not decided.
    Start { held: String, quotes: usize },
    /// Behind the mark of a quote, of so many.
    Quoted(usize),
    /// A number that may be that of an item.
    Number,
    /// Inside of a line of text.
    Text,
    /// Inside of a heading, which ends with its line.
    Heading,
    /// Inside of fenced code.
    Code(Box<Code>),
}

/// What the beginning of a line says about it.
#[derive(Debug, PartialEq, Eq)]
enum LineKind {
    /// More of it must be seen.
    Undecided,
    Blank,
    Heading(usize),
    /// An item, indented so far.
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
    pub fn new(width: usize) -> Self {
        Self {
            width,
            at: ParserState::Start { held: String::new(), quotes: 0 },
            inline: Inline::default(),
            table: Table::default(),
            ink: StyledText::default(),
        }
    }

    /// Takes more of the answer and gives out what is decided.
    pub fn push(&mut self, delta: &str) -> String {
        for c in delta.chars() {
            // A line break of two characters is one.
            if c != '\r' {
                self.step(c);
            }
        }
        self.ink.take()
    }

    /// Gives out the rest; what comes next is another text.
    pub fn finish(&mut self) -> String {
        match std::mem::replace(&mut self.at, ParserState::Start { held: String::new(), quotes: 0 }) {
            ParserState::Start { held, quotes } => self.last_line(held, quotes),
            ParserState::Code(mut code) => code.end(&mut self.ink),
            ParserState::Quoted(_) | ParserState::Number | ParserState::Text | ParserState::Heading => {}
        }
        self.end_table();
        self.inline.begin(Style::default(), &mut self.ink);
        self.ink.plain();
        self.at = ParserState::Start { held: String::new(), quotes: 0 };
        self.ink.take()
    }

    /// As [`finish`](Self::finish), and ends the line if one was begun.
    pub fn end_line(&mut self) -> String {
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
                // One space belongs to the mark.
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
                    // An item: emphasis of the one before ends.
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
                code::CodeStep::Closed => self.begin_line(),
                code::CodeStep::Outside(line) => {
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

    /// Goes on at the beginning of a line, of which `held` was seen.
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
                self.ink.write(&" ".repeat(indent), Style::default());
                self.ink.write("• ", Style::of(Colour::Magenta));
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
        self.ink.write(&held[..indent], Style::default());
        self.ink.write("│ ", Style::FRAME);
        self.at = ParserState::Quoted(quotes + 1);
    }

    fn rule(&mut self) {
        let width = self.width.clamp(3, 40);
        self.ink.write(&"─".repeat(width), Style::FRAME);
    }

    /// Gives out the beginning of a line of text.
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
            let lines = self.table.end(self.width, &mut self.ink);
            self.as_text(lines);
        }
    }

    fn as_text(&mut self, lines: Vec<String>) {
        for line in lines {
            line.chars().for_each(|c| self.inline.push(c, &mut self.ink));
            self.inline.push('\n', &mut self.ink);
        }
    }

    /// The last line has no end, and what was held of it is decided as if it had.
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
                Code::open(Fence { quotes, ..fence }, &mut self.ink).end(&mut self.ink);
            }
            _ => {
                self.end_table();
                held.chars().for_each(|c| self.inline.push(c, &mut self.ink));
            }
        }
    }
}

/// What a line is that begins with `held`.
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

/// The line that opens a fence, when all of it is there.
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
