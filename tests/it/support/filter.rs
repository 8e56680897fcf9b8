//! Takes out of an output what differs from run to run: ports, durations, ids, the home. Pure.

/// `127.0.0.1:PORT`, `N ms`, `N s`, `ID`, `[home]` in the place of what they stand for.
pub fn filter(text: &str, home: &str) -> String {
    let text = text.replace(home, "[home]");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let inside_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == '-');
        let found = if inside_word { None } else { port(rest).or_else(|| duration(rest)).or_else(|| id(rest)) };
        match found {
            Some((stand_in, length)) => {
                out += stand_in;
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

type Found = Option<(&'static str, usize)>;

fn port(text: &str) -> Found {
    let prefix = "127.0.0.1:";
    let digits = digits(text.strip_prefix(prefix)?);
    (digits > 0).then_some(("127.0.0.1:PORT", prefix.len() + digits))
}

fn duration(text: &str) -> Found {
    let whole = digits(text);
    let fraction = text[whole..].strip_prefix('.').map_or(0, |rest| 1 + digits(rest));
    let number = whole + fraction;
    let space = usize::from(text[number..].starts_with(' '));
    let unit = &text[number + space..];
    let letters = unit.bytes().take_while(u8::is_ascii_alphabetic).count();
    match (whole, &unit[..letters]) {
        (1.., "ms") => Some(("N ms", number + space + 2)),
        (1.., "s") => Some(("N s", number + space + 1)),
        _ => None,
    }
}

/// A ULID: 26 characters of Crockford's base 32.
fn id(text: &str) -> Found {
    let length = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let ulid = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() && !b"ILOU".contains(byte);
    (length == 26 && text.as_bytes()[..26].iter().all(ulid)).then_some(("ID", 26))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Shortens long runs of `repeated` and of one character, to keep snapshots readable.
pub fn abridge(text: &str, repeated: &str) -> String {
    let body = text.trim_end();
    match body.chars().next() {
        Some(first) if body.len() > 10_000 && body.chars().all(|c| c == first) => {
            format!("<`{first}` {} times>{}", body.chars().count(), &text[body.len()..])
        }
        _ => without_run(text, repeated),
    }
}

/// The first run of `repeated` as a mark: how long it is depends on the speed of the machine.
fn without_run(text: &str, repeated: &str) -> String {
    let Some(start) = text.find(&repeated.repeat(20)) else { return text.to_owned() };
    let run = &text[start..];
    let rest = run.as_bytes().chunks(repeated.len()).take_while(|chunk| *chunk == repeated.as_bytes()).count();
    format!("{}<`{repeated}` again and again>{}", &text[..start], &run[rest * repeated.len()..])
}

#[test]
fn what_differs_is_taken_out_and_nothing_else() {
    let check = |text, expected| assert_eq!(filter(text, "/tmp/x1"), expected);
    check("http://127.0.0.1:4711/v1", "http://127.0.0.1:PORT/v1");
    // Whole seconds too: what is left of 5 s may be written as `5 s` or as `4.9 s`.
    check("in 12 ms, 0.31 s, 7s", "in N ms, N s, N s");
    check("after 1.5ms.", "after N ms.");
    check("claude-3.5sonnet 3.5sonnet", "claude-3.5sonnet 3.5sonnet");
    check("logs 01ARZ3NDEKTSV4RRFFQ69G5FAV", "logs ID");
    check("/tmp/x1/.config", "[home]/.config");
    check("é 127.0.0.1:x 12 500", "é 127.0.0.1:x 12 500");
}

#[test]
fn what_is_long_is_abridged() {
    let check = |text: &str, expected| assert_eq!(abridge(text, " more"), expected);
    check("The sky.\n", "The sky.\n");
    check(&format!("{}\nThe sky.\n", " more".repeat(99)), "<` more` again and again>\nThe sky.\n");
    check(&format!("{}\n", "x".repeat(20_000)), "<`x` 20000 times>\n");
    check("", "");
}
