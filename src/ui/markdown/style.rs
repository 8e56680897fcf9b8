//! Text styles and their escape codes, and lines that are wrapped at words.

use unicode_width::UnicodeWidthChar;

/// Colours of the terminal's own palette, so that they fit its background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Colour {
    #[default]
    Default,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    Grey,
}

impl Colour {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::Red => Some("31"),
            Self::Green => Some("32"),
            Self::Yellow => Some("33"),
            Self::Blue => Some("34"),
            Self::Magenta => Some("35"),
            Self::Cyan => Some("36"),
            Self::Grey => Some("90"),
        }
    }
}

/// The style of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub strike: bool,
    pub colour: Colour,
}

impl Style {
    /// Decoration around an answer.
    pub(crate) const FRAME: Self = Self::of(Colour::Grey);

    /// Nothing but a colour.
    #[must_use]
    pub(crate) const fn of(colour: Colour) -> Self {
        Self { bold: false, dim: false, italic: false, underline: false, strike: false, colour }
    }

    fn codes(self) -> String {
        let flags = [(self.bold, "1"), (self.dim, "2"), (self.italic, "3"), (self.underline, "4"), (self.strike, "9")];
        let flags = flags.into_iter().filter(|(on, _)| *on).map(|(_, code)| code);
        let codes: Vec<&str> = std::iter::once("0").chain(flags).chain(self.colour.code()).collect();
        format!("\u{1b}[{}m", codes.join(";"))
    }
}

/// Text for a terminal: tracks the style of the last character and the position in the line, and wraps prose at words.
#[derive(Debug, Default)]
pub(crate) struct StyledText {
    text: String,
    style: Style,
    /// The current line has text.
    open: bool,
    /// Columns of the lines of prose; `None` does not wrap.
    wrap: Option<usize>,
    column: usize,
    /// The word that may have to go to the next line, and the column where it begins.
    word: Vec<(char, Style)>,
    word_start: usize,
    /// The last character was a space at the right margin, which is left out.
    dropped: bool,
    /// The beginning of continued lines: the indentation of a list item, the bars of a quote.
    prefix: Vec<(char, Style)>,
}

impl StyledText {
    /// Adds a character; control characters are made visible.
    pub(crate) fn put(&mut self, c: char, style: Style) {
        if c == '\n' {
            self.newline();
            return;
        }
        self.open = true;
        let c = llmroute_core::model::sanitize::harmless(c);
        match self.wrap {
            None => self.emit(c, style),
            Some(width) if c == ' ' => {
                // One space at the right margin would begin the next line.
                self.dropped = self.column >= width && !self.dropped;
                if !self.dropped {
                    self.emit(c, style);
                }
                self.end_word();
            }
            Some(width) => {
                // Scripts of wide characters break between any two of them.
                if columns(c) > 1 {
                    self.end_word();
                }
                if self.column + columns(c) > width {
                    self.move_word(columns(c), width);
                }
                self.emit(c, style);
                self.word.push((c, style));
            }
        }
    }

    /// Wraps lines at `width` columns from now on; `None` does not wrap.
    pub(crate) fn wrap(&mut self, width: Option<usize>) {
        self.end_word();
        self.wrap = width;
    }

    /// Adds `text`, and uses it as the beginning of continued lines: spaces in place of other characters, unless
    /// `repeated`.
    pub(crate) fn prefix(&mut self, text: &str, style: Style, repeated: bool) {
        self.write(text, style);
        self.end_word();
        let shown = |c: char| if repeated { c } else { ' ' };
        self.prefix.extend(text.chars().map(|c| (shown(c), style)));
    }

    /// Ends the word.
    fn end_word(&mut self) {
        self.word.clear();
        self.word_start = self.column;
    }

    /// Moves the word to the next line, for which `next` more columns are needed; a word that is longer than a line stays.
    fn move_word(&mut self, next: usize, width: usize) {
        let begin = word_columns(&self.prefix);
        if self.word_start <= begin || begin + word_columns(&self.word) + next > width {
            return;
        }
        let word = std::mem::take(&mut self.word);
        self.set_style(Style::default());
        if !word.is_empty() {
            // To the column where the word begins, and clear the rest of the line.
            self.text.push_str(&format!("\u{1b}[{}G\u{1b}[K", self.word_start + 1));
        }
        self.text.push('\n');
        self.column = 0;
        for (c, style) in self.prefix.clone() {
            self.emit(c, style);
        }
        self.word_start = self.column;
        for (c, style) in &word {
            self.emit(*c, *style);
        }
        self.word = word;
    }

    fn emit(&mut self, c: char, style: Style) {
        self.set_style(style);
        self.text.push(c);
        let needed = columns(c);
        self.column += needed;
        // The terminal itself breaks a word that is longer than a line.
        if let Some(width) = self.wrap
            && self.column > width
        {
            self.column = needed;
        }
    }

    /// Adds several characters.
    pub(crate) fn write(&mut self, text: &str, style: Style) {
        text.chars().for_each(|c| self.put(c, style));
    }

    /// Ends the line; no style reaches beyond it.
    pub(crate) fn newline(&mut self) {
        self.prefix.clear();
        self.column = 0;
        self.end_word();
        self.set_style(Style::default());
        self.text.push('\n');
        self.open = false;
    }

    /// Restores the terminal's default style.
    pub(crate) fn plain(&mut self) {
        self.end_word();
        self.set_style(Style::default());
    }

    /// Returns `true` if the line has text.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Returns the text added since the last call.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn set_style(&mut self, style: Style) {
        if style != self.style {
            self.text.push_str(&style.codes());
            self.style = style;
        }
    }
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn word_columns(word: &[(char, Style)]) -> usize {
    word.iter().map(|(c, _)| columns(*c)).sum()
}
