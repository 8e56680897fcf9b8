//! Fenced code: its end, and its lines in the colours of its language.

use super::style::{Style, StyledText};
use crate::ui::highlight::{Lexer, Token};

/// The opening of a block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fence {
    /// A backtick or a tilde.
    pub mark: char,
    /// Their number.
    pub length: usize,
    /// The white space before them; the same amount is removed from each line.
    pub indent: usize,
    /// The language.
    pub info: String,
    /// The depth of quotes around it.
    pub quotes: usize,
}

/// Fenced code.
#[derive(Debug)]
pub(crate) struct Code {
    fence: Fence,
    lexer: Lexer,
    /// The beginning of the line, while it may close the fence.
    held: Option<String>,
}

/// The effect of a character.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CodeStep {
    /// The code continues.
    Inside,
    /// Its fence was closed.
    Closed,
    /// Its quote ended; this line is not code.
    Outside(String),
}

enum Begin {
    Undecided,
    /// Text of this line from here on.
    Text(usize),
    Closes,
    Outside,
}

impl Code {
    /// Begins a block.
    pub(crate) fn open(fence: Fence, ink: &mut StyledText) -> Self {
        let language = fence.info.split_whitespace().next().unwrap_or_default();
        let lexer = Lexer::new(language);
        ink.write(format!("┌ {}", fence.info).trim_end(), Style::FRAME);
        ink.newline();
        Self { fence, lexer, held: Some(String::new()) }
    }

    /// Takes the next character.
    pub(crate) fn push(&mut self, c: char, ink: &mut StyledText) -> CodeStep {
        let Some(mut held) = self.held.take() else {
            self.text(c, ink);
            return CodeStep::Inside;
        };
        held.push(c);
        match self.begin(&held) {
            Begin::Undecided => self.held = Some(held),
            Begin::Text(from) => held[from..].chars().for_each(|c| self.text(c, ink)),
            Begin::Closes => {
                self.close(ink);
                ink.newline();
                return CodeStep::Closed;
            }
            Begin::Outside => {
                self.close(ink);
                ink.newline();
                return CodeStep::Outside(held);
            }
        }
        CodeStep::Inside
    }

    /// Ends the block.
    pub(crate) fn end(&mut self, ink: &mut StyledText) {
        if let Some(held) = self.held.take().filter(|held| !held.is_empty()) {
            match self.begin(&format!("{held}\n")) {
                Begin::Closes => return self.close(ink),
                Begin::Text(from) => held[from.min(held.len())..].chars().for_each(|c| self.text(c, ink)),
                Begin::Undecided | Begin::Outside => held.chars().for_each(|c| self.text(c, ink)),
            }
        }
        self.lexer.end(&mut |c, token| ink.put(c, token.style()));
    }

    fn close(&mut self, ink: &mut StyledText) {
        self.lexer.end(&mut |c, token| ink.put(c, token.style()));
        ink.write("└", Style::FRAME);
    }

    fn text(&mut self, c: char, ink: &mut StyledText) {
        self.lexer.push(c, &mut |c, token| ink.put(c, token.style()));
        if c == '\n' {
            self.held = Some(String::new());
        }
    }

    /// Classifies a line that begins with `held`.
    fn begin(&self, held: &str) -> Begin {
        let mut at = 0;
        for _ in 0..self.fence.quotes {
            let rest = &held[at..];
            let spaces = rest.len() - rest.trim_start_matches(' ').len();
            match rest[spaces..].chars().next() {
                None if held.len() < super::MARKS => return Begin::Undecided,
                Some('>') => at += spaces + 1,
                None | Some(_) => return Begin::Outside,
            }
            match held[at..].chars().next() {
                None => return Begin::Undecided,
                Some(' ') => at += 1,
                Some(_) => {}
            }
        }
        let rest = &held[at..];
        let marks = rest.trim_start_matches([' ', '\t']);
        let space = rest.len() - marks.len();
        let count = marks.chars().take_while(|c| *c == self.fence.mark).count();
        match marks[count..].trim_start_matches([' ', '\t']).chars().next() {
            None if marks.is_empty() && space <= self.fence.indent + 3 => Begin::Undecided,
            None if count > 0 && held.len() < super::MARKS => Begin::Undecided,
            Some('\n') if count >= self.fence.length => Begin::Closes,
            _ => Begin::Text(at + space.min(self.fence.indent)),
        }
    }
}

impl Token {
    fn style(self) -> Style {
        use super::Colour;
        match self {
            Self::Plain => Style::default(),
            Self::Keyword => Style { bold: true, ..Style::of(Colour::Blue) },
            Self::Text => Style::of(Colour::Green),
            Self::Number => Style::of(Colour::Yellow),
            Self::Comment => Style::FRAME,
            Self::Added => Style::of(Colour::Green),
            Self::Removed => Style::of(Colour::Red),
        }
    }
}
