//! Text styles and their escape codes.

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

/// Text for a terminal: tracks the style of the last character and the position in the line.
#[derive(Debug, Default)]
pub(crate) struct StyledText {
    text: String,
    style: Style,
    /// The current line has text.
    open: bool,
}

impl StyledText {
    /// Adds a character; control characters are made visible.
    pub(crate) fn put(&mut self, c: char, style: Style) {
        if c == '\n' {
            self.newline();
            return;
        }
        self.set_style(style);
        self.text.push(llmroute_core::model::sanitize::harmless(c));
        self.open = true;
    }

    /// Adds several characters.
    pub(crate) fn write(&mut self, text: &str, style: Style) {
        text.chars().for_each(|c| self.put(c, style));
    }

    /// Ends the line; no style reaches beyond it.
    pub(crate) fn newline(&mut self) {
        self.set_style(Style::default());
        self.text.push('\n');
        self.open = false;
    }

    /// Restores the terminal's default style.
    pub(crate) fn plain(&mut self) {
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
