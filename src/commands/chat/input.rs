//! Joins typed lines into messages. It knows neither keys nor commands.

/// The marks around a message of several lines.
const QUOTES: &str = "\"\"\"";

/// The input so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TypedLines {
    /// A message, or a command.
    Whole(String),
    /// The message continues in the next line.
    More,
}

/// Reads `lines`: a message in `"""` continues until they are closed, and a backslash at the end of a line
/// joins the next one.
#[must_use]
pub(crate) fn read(lines: &str) -> TypedLines {
    if let Some(rest) = lines.trim_start().strip_prefix(QUOTES) {
        return match rest.trim_end().strip_suffix(QUOTES) {
            Some(inside) => {
                TypedLines::Whole(inside.strip_prefix('\n').unwrap_or(inside).trim_end_matches('\n').to_owned())
            }
            None => TypedLines::More,
        };
    }
    if continues(lines) {
        return TypedLines::More;
    }
    let lines: Vec<&str> = lines.split('\n').collect();
    let last = lines.len() - 1;
    let line = |(n, line): (usize, &&str)| {
        let line = if n < last && continues(line) { &line[..line.len() - 1] } else { line };
        line.to_owned()
    };
    TypedLines::Whole(lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"))
}

/// The input at its end: an open message is closed.
#[must_use]
pub(crate) fn end(lines: &str) -> String {
    match read(lines) {
        TypedLines::Whole(text) => text,
        TypedLines::More => match lines.trim_start().strip_prefix(QUOTES) {
            Some(inside) => inside.trim_matches('\n').to_owned(),
            None => lines.strip_suffix('\\').unwrap_or(lines).to_owned(),
        },
    }
}

/// A backslash that is not escaped.
fn continues(line: &str) -> bool {
    let marks = line.len() - line.trim_end_matches('\\').len();
    marks % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, want: &str) {
        assert_eq!(read(lines), TypedLines::Whole(want.to_owned()));
    }

    fn check_more(lines: &str, at_end: &str) {
        assert_eq!(read(lines), TypedLines::More);
        assert_eq!(end(lines), at_end);
    }

    #[test]
    fn one_line_is_a_message() {
        check("a", "a");
        check("", "");
        check("say \"\"\"", "say \"\"\"");
    }

    #[test]
    fn quotes_hold_lines_together() {
        check_more("\"\"\"", "");
        check_more("\"\"\"a\n/exit\n", "a\n/exit");
        check("\"\"\"\na\n\n b\\\n\"\"\"", "a\n\n b\\");
        check("\"\"\"a\"\"\" ", "a");
    }

    #[test]
    fn a_backslash_takes_in_the_next_line() {
        check_more("a\\", "a");
        check("a\\\nb", "a\nb");
        check_more("a\\\nb\\", "a\\\nb");
        check("C:\\\\", "C:\\\\");
    }

    #[test]
    fn lines_that_came_together_stay() {
        check("a\nb", "a\nb");
    }
}
