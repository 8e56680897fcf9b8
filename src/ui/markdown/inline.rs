//! Inline elements: emphasis, code, links. It decides a character at a time and never revises output.
//!
//! A mark is held back only while it is undecided: a run of `*` until what follows it, `[` until it is a link
//! or not. Emphasis begins to show with its opening mark, so that nothing waits for the closing one.

use super::style::{Colour, Style, StyledText};

/// The longest text of a link; a longer one is plain text.
const LINK_TEXT: usize = 256;
/// The longest address of a link.
const LINK_TARGET: usize = 2048;

/// The undecided input.
#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    /// A run of emphasis marks.
    Run { mark: char, count: usize },
    /// A run of backticks.
    Ticks(usize),
    /// A backslash.
    Escape,
    /// `!`, possibly of an image.
    Bang,
    /// The text of a possible link, without its brackets.
    Text { text: String, depth: usize },
    /// The text, after its closing bracket.
    Closed(String),
    /// The text and the address so far.
    Target { text: String, target: String, depth: usize },
}

/// The inside of a block of text.
#[derive(Debug, Default)]
pub(crate) struct Inline {
    held: Held,
    /// The number of backticks that opened the code.
    code: Option<usize>,
    /// The mark that each kind of emphasis was opened with.
    italic: Option<char>,
    bold: Option<char>,
    strike: bool,
    /// The last character that was given in.
    before: Option<char>,
    /// `None` inside the text of a link.
    no_links: bool,
    /// The style of the block.
    base: Style,
}

impl Inline {
    /// Begins a block with the style `base`, and closes what was open.
    pub(crate) fn begin(&mut self, base: Style, ink: &mut StyledText) {
        self.end(ink);
        *self = Self { base, ..Self::default() };
    }

    /// Takes the next character.
    pub(crate) fn push(&mut self, c: char, ink: &mut StyledText) {
        match std::mem::take(&mut self.held) {
            Held::Nothing => self.plain(c, ink),
            Held::Run { mark, count } if mark == c => self.held = Held::Run { mark, count: count + 1 },
            Held::Run { mark, count } => {
                self.emphasis(mark, count, Some(c), ink);
                self.plain(c, ink);
            }
            Held::Ticks(count) if c == '`' => self.held = Held::Ticks(count + 1),
            Held::Ticks(count) => {
                self.ticks(count, ink);
                self.plain(c, ink);
            }
            Held::Escape if c.is_ascii_punctuation() => self.show(c, ink),
            Held::Escape => {
                self.show('\\', ink);
                self.plain(c, ink);
            }
            Held::Bang if c == '[' => self.held = Held::Text { text: String::new(), depth: 0 },
            Held::Bang => {
                self.show('!', ink);
                self.plain(c, ink);
            }
            Held::Text { text, depth } => self.link_text(text, depth, c, ink),
            Held::Closed(text) if c == '(' => self.held = Held::Target { text, target: String::new(), depth: 0 },
            Held::Closed(text) => {
                self.no_link(&text, "]", ink);
                self.push(c, ink);
            }
            Held::Target { text, target, depth } => self.link_target(text, target, depth, c, ink),
        }
    }

    /// Emits the held input at the end.
    pub(crate) fn end(&mut self, ink: &mut StyledText) {
        match std::mem::take(&mut self.held) {
            Held::Nothing => {}
            Held::Run { mark, count } => self.emphasis(mark, count, None, ink),
            Held::Ticks(count) => self.ticks(count, ink),
            Held::Escape => self.show('\\', ink),
            Held::Bang => self.show('!', ink),
            Held::Text { text, .. } => self.no_link(&text, "", ink),
            Held::Closed(text) => self.no_link(&text, "]", ink),
            Held::Target { text, target, .. } => self.no_link(&text, &format!("]({target}"), ink),
        }
    }

    /// Takes a character while nothing is held back.
    fn plain(&mut self, c: char, ink: &mut StyledText) {
        match c {
            '`' => self.held = Held::Ticks(1),
            _ if self.code.is_some() => self.show(c, ink),
            '*' | '_' | '~' => self.held = Held::Run { mark: c, count: 1 },
            '\\' => self.held = Held::Escape,
            '!' if !self.no_links => self.held = Held::Bang,
            '[' if !self.no_links => self.held = Held::Text { text: String::new(), depth: 0 },
            _ => self.show(c, ink),
        }
    }

    fn show(&mut self, c: char, ink: &mut StyledText) {
        ink.put(c, self.style());
        self.before = Some(c);
    }

    fn style(&self) -> Style {
        let mut style = self.base;
        style.bold |= self.bold.is_some();
        style.italic |= self.italic.is_some();
        style.strike |= self.strike;
        if self.code.is_some() {
            style.colour = Colour::Cyan;
        }
        style
    }

    fn ticks(&mut self, count: usize, ink: &mut StyledText) {
        match self.code {
            None => self.code = Some(count),
            Some(open) if open == count => self.code = None,
            Some(_) => (0..count).for_each(|_| self.show('`', ink)),
        }
        self.before = Some('`');
    }

    /// A run of marks opens or closes emphasis, or stands for itself: it closes after a word, and opens
    /// before one without a word right before it (`5*3` and `2**10` are not emphasis).
    fn emphasis(&mut self, mark: char, count: usize, after: Option<char>, ink: &mut StyledText) {
        let follows = self.before.is_some_and(|c| !c.is_whitespace());
        let word = |c: char| if mark == '_' { c.is_alphanumeric() } else { c.is_ascii_alphanumeric() };
        let leads = after.is_some_and(|c| !c.is_whitespace()) && !self.before.is_some_and(word);
        let inside = mark == '_' && after.is_some_and(char::is_alphanumeric);
        let closes = follows && !inside;
        let left = match mark {
            '~' if count == 2 && self.strike && closes => {
                self.strike = false;
                0
            }
            '~' if count == 2 && !self.strike && leads => {
                self.strike = true;
                0
            }
            '~' => count,
            _ if count > 3 => count,
            _ => {
                let left = toggle(&mut self.bold, mark, count, 2, closes, leads);
                toggle(&mut self.italic, mark, left, 1, closes, leads)
            }
        };
        (0..left).for_each(|_| self.show(mark, ink));
        self.before = Some(mark);
    }

    fn link_text(&mut self, mut text: String, depth: usize, c: char, ink: &mut StyledText) {
        let depth = match c {
            ']' if depth == 0 => {
                self.held = Held::Closed(text);
                return;
            }
            ']' => depth - 1,
            '[' => depth + 1,
            _ => depth,
        };
        if c == '\n' || text.len() >= LINK_TEXT {
            self.no_link(&text, "", ink);
            self.push(c, ink);
            return;
        }
        text.push(c);
        self.held = Held::Text { text, depth };
    }

    fn link_target(&mut self, text: String, mut target: String, depth: usize, c: char, ink: &mut StyledText) {
        let depth = match c {
            ')' if depth == 0 => return self.link(&text, &target, ink),
            ')' => depth - 1,
            '(' => depth + 1,
            _ => depth,
        };
        if c == '\n' || target.len() >= LINK_TARGET {
            self.no_link(&text, &format!("]({target}"), ink);
            self.push(c, ink);
            return;
        }
        target.push(c);
        self.held = Held::Target { text, target, depth };
    }

    /// A link: its text, and its address unless that is the text.
    fn link(&mut self, text: &str, target: &str, ink: &mut StyledText) {
        let base = self.base;
        self.base.underline = true;
        self.inside(text, ink);
        self.base = base;
        if text != target {
            ink.write(" (", self.style());
            ink.write(target, Style { underline: true, ..Style::FRAME });
            ink.put(')', self.style());
        }
        self.before = Some(')');
    }

    fn no_link(&mut self, text: &str, rest: &str, ink: &mut StyledText) {
        self.show('[', ink);
        self.inside(text, ink);
        rest.chars().for_each(|c| self.show(c, ink));
    }

    fn inside(&mut self, text: &str, ink: &mut StyledText) {
        let outside = std::mem::replace(&mut self.no_links, true);
        text.chars().for_each(|c| self.push(c, ink));
        self.end(ink);
        self.no_links = outside;
    }
}

/// Opens or closes one kind of emphasis, which takes `size` of `count` marks. Returns the number left.
fn toggle(open: &mut Option<char>, mark: char, count: usize, size: usize, closes: bool, leads: bool) -> usize {
    if count < size {
        return count;
    }
    match *open {
        Some(with) if with == mark && closes => *open = None,
        None if leads => *open = Some(mark),
        Some(_) | None => return count,
    }
    count - size
}
