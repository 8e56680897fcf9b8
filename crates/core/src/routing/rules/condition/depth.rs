//! Limits the nesting of a condition before it is parsed: the parser is recursive, and the stack is limited.

/// The deepest nesting that safely fits the stack of a thread: 12 brackets or 60 operators in a row do not
/// fit into the 2 MiB that a thread has, in a debug build.
const MOST: usize = 40;
/// The cost of a bracket, in operators in a row.
const BRACKET: usize = 5;

/// Returns `true` if `text` is nested too deeply.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let mut open: Vec<usize> = Vec::new();
    let (mut row, mut outside) = (0, 0);
    let (mut rest, mut before) = (text, ' ');
    while let Some(c) = rest.chars().next() {
        let literal = matches!(c, '"' | '\'').then(|| behind_literal(rest, matches!(before, 'r' | 'R')));
        // An unterminated literal is not a literal: the rest counts.
        if let Some(after) = literal.flatten() {
            (rest, before) = (after, c);
            continue;
        }
        match c {
            '(' | '[' | '{' => {
                open.push(row);
                outside += row + BRACKET;
                row = 0;
            }
            ')' | ']' | '}' => {
                row = open.pop().unwrap_or(row);
                outside = outside.saturating_sub(row + BRACKET);
            }
            '&' | '|' | ',' => row = 0,
            '+' | '-' | '*' | '/' | '%' | '=' | '<' | '>' | '!' | '?' | '.' => row += 1,
            _ => {}
        }
        if outside + row > MOST {
            return true;
        }
        (rest, before) = (&rest[c.len_utf8()..], c);
    }
    false
}

/// The text after the literal at the start of `text`; `None` if it is unterminated.
fn behind_literal(text: &str, raw: bool) -> Option<&str> {
    let quote = text.get(..3).filter(|three| matches!(*three, "'''" | "\"\"\"")).unwrap_or(&text[..1]);
    let mut rest = &text[quote.len()..];
    loop {
        if let Some(after) = rest.strip_prefix(quote) {
            return Some(after);
        }
        let mut chars = rest.chars();
        match chars.next()? {
            '\\' if !raw => drop(chars.next()?),
            '\n' if quote.len() == 1 => return None,
            _ => {}
        }
        rest = chars.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, deep: bool) {
        assert_eq!(is_too_deep(text), deep, "{text}");
    }

    #[test]
    fn brackets_within_brackets_are_counted() {
        check(&format!("{}1{}", "(".repeat(8), ")".repeat(8)), false);
        check(&format!("{}1{}", "(".repeat(9), ")".repeat(9)), true);
        check(&"[".repeat(9), true);
        check(&"(1) && ".repeat(500), false);
    }

    #[test]
    fn operators_in_a_row_are_counted() {
        check(&"1+".repeat(40), false);
        check(&"1+".repeat(41), true);
        check(&"!".repeat(41), true);
        check(&"a.".repeat(41), true);
        check(&format!("{}(1+1)", "1+".repeat(34)), false);
        check(&format!("{}(1+1)", "1+".repeat(36)), true);
        check(&"user == 'a' || ".repeat(200), false);
    }

    #[test]
    fn literals_are_words() {
        check(&format!("prompt.matches('{}')", "(".repeat(50)), false);
        check(&format!(r#"'\'{}'"#, "(".repeat(50)), false);
        check(&format!(r#"'\\'{}"#, "(".repeat(50)), true);
        check(&format!(r"r'\'{}", "(".repeat(50)), true);
        check(&format!("\"\"\"\n\"{}\"\"\"", "(".repeat(50)), false);
        check(&format!("'{}", "(".repeat(50)), true);
        check(&format!("'\n'{}", "(".repeat(50)), true);
        check("'ü'", false);
    }
}
