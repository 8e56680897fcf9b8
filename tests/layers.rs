//! The arrows between the folders of `src/`, and what each of them may not mention; not what the code does.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

/// Who may use whom. All may use `model`, which uses nobody. A new arrow is a decision: make it here.
const ARROWS: &[(&str, &[&str])] = &[
    // The commands, and the exit code of their errors.
    ("main", &["cli", "error"]),
    // The commands. `embed` is the library's face, beside `cli`.
    (
        "cli",
        &[
            "embed",
            "profile",
            "bench",
            "batch",
            "chat",
            "health",
            "history",
            "engine",
            "transport",
            "state",
            "error",
            "ports",
            "provider",
            "route",
            "wire",
        ],
    ),
    (
        "embed",
        &[
            "profile",
            "bench",
            "batch",
            "chat",
            "health",
            "history",
            "engine",
            "transport",
            "state",
            "error",
            "ports",
            "provider",
            "route",
            "wire",
        ],
    ),
    ("error", &["engine", "profile", "ports", "route"]),
    ("bench", &["engine", "ports", "provider", "route", "wire"]),
    ("batch", &["engine", "ports", "provider", "route", "wire"]),
    ("chat", &["engine", "ports", "provider", "route", "wire"]),
    ("health", &["engine", "ports", "provider", "route", "wire"]),
    // It asks the log, which is a part of the state.
    ("history", &["ports", "state"]),
    ("engine", &["ports", "provider", "route", "wire"]),
    ("profile", &["provider", "route"]),
    ("transport", &["ports", "wire"]),
    // The one file that plays a script of the simulated protocol.
    ("transport/mock", &["ports", "wire", "provider/mock"]),
    ("state", &["ports", "route"]),
    ("ports", &["wire", "route"]),
    ("provider", &["wire"]),
    ("route", &[]),
    ("wire", &[]),
    ("model", &[]),
];

/// Folders that compute and do nothing else, and what would betray them.
const PURE: &[&str] = &["model", "wire", "route", "provider", "profile"];
const WORLD: &[&str] = &[
    "tokio",
    "reqwest",
    "rusqlite",
    "std::net",
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
];
/// The files that may mention one of these all the same, with the reason.
const EXCEPT: &[(&str, &[&str], &str)] = &[
    ("profile/mod.rs", &["std::fs"], "reads the file"),
    ("profile/locate.rs", &["std::fs"], "finds the file"),
    ("profile/facts.rs", &["std::fs"], "reads the table of models that was fetched"),
    ("profile/aws.rs", &["std::fs"], "reads the files of AWS"),
    ("profile/credential.rs", &["std::fs"], "reads what `file:` names"),
    ("profile/google.rs", &["std::fs"], "reads what `adc:` names"),
    ("provider/tests/errors.rs", &["std::fs"], "reads fixtures"),
    ("provider/tests/fixtures.rs", &["std::fs"], "reads fixtures"),
    ("cli/env.rs", &["io::stdout", "io::stderr"], "looks at what they are, and writes nothing"),
];

/// What writes to the terminal, and the only place where it may stand.
const PRINTERS: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!", "io::stdout", "io::stderr"];
const CONSOLE: &str = "cli/console";

/// A mistake, with its place.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.file, self.line, self.what)
    }
}

#[test]
fn the_source_keeps_its_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut breaches = Vec::new();
    let mut files = 0;
    walk(&root, &mut |path| {
        let name = path.strip_prefix(&root).expect("it is below src").display().to_string();
        breaches.extend(check(&name, &fs::read_to_string(path).expect("source is UTF-8")));
        files += 1;
    });
    assert!(files > 10, "found {files} files only");
    let list: Vec<_> = breaches.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

fn walk(folder: &Path, see: &mut impl FnMut(&Path)) {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("it can be read").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, see);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            see(&path);
        }
    }
}

/// All the mistakes of one file, by its path below `src`.
fn check(file: &str, source: &str) -> Vec<Breach> {
    // The crate's root holds the map, not code; tests in a file of their own may use anything.
    if file == "lib.rs" || file.ends_with("tests.rs") {
        return Vec::new();
    }
    let layer = layer_of(file);
    let mut breaches = Vec::new();
    for (line, code) in code_lines(source) {
        let mut breach = |what: String| breaches.push(Breach { file: file.to_owned(), line, what });
        for target in targets(file, &code) {
            if !allowed(file, layer, &target) {
                breach(format!("`{layer}` may not use `{target}`"));
            }
        }
        let excused: BTreeSet<_> =
            EXCEPT.iter().filter(|(name, ..)| *name == file).flat_map(|(_, words, _)| *words).collect();
        let found = |word: &&&str| !excused.contains(*word) && mentions(&code, word);
        if PURE.contains(&layer) {
            for word in WORLD.iter().filter(found) {
                breach(format!("`{layer}` is pure and may not mention `{word}`"));
            }
        }
        for word in PRINTERS.iter().filter(|_| !file.starts_with(CONSOLE)).filter(found) {
            breach(format!("only `{CONSOLE}` may write to the terminal, not `{word}`"));
        }
    }
    breaches
}

fn layer_of(file: &str) -> &str {
    file.split('/').next().expect("a path has a first part").trim_end_matches(".rs")
}

fn allowed(file: &str, layer: &str, target: &str) -> bool {
    let home = target.split('/').next().expect("a target has a first part");
    if home == layer || home == "model" {
        return true;
    }
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let row =
        ARROWS.iter().find(|(from, _)| *from == stem || stem.starts_with(&format!("{from}/")) && from.contains('/'));
    let row = row.or_else(|| ARROWS.iter().find(|(from, _)| *from == layer));
    row.is_some_and(|(_, to)| to.iter().any(|to| *to == home || *to == target || target.starts_with(&format!("{to}/"))))
}

/// The lines that are compiled into the program: without comments, and without what stands below the tests' `mod`.
fn code_lines(source: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = source.lines().collect();
    let tests = |at: &usize| {
        lines[*at].trim() == "#[cfg(test)]" && lines.get(at + 1).is_some_and(|next| next.trim() == "mod tests {")
    };
    let end = (0..lines.len()).find(tests).unwrap_or(lines.len());
    let numbered = lines[..end].iter().enumerate();
    join_uses(numbered.map(|(at, line)| (at + 1, without_comment(line))).collect())
}

/// `https://…` in a literal is no comment; a quote before the slashes decides.
fn without_comment(line: &str) -> String {
    let slashes = line.match_indices("//").find(|(at, _)| line[..*at].matches('"').count().is_multiple_of(2));
    line[..slashes.map_or(line.len(), |(at, _)| at)].to_owned()
}

/// A `use` over several lines as one, at the number of its first.
fn join_uses(lines: Vec<(usize, String)>) -> Vec<(usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in lines {
        match joined.last_mut().filter(|_| open) {
            Some((_, before)) => *before += line.trim(),
            None => joined.push((number, line.clone())),
        }
        let statement = joined.last().map_or("", |(_, text)| text.trim_start());
        open = is_use(statement) && !statement.contains(';');
    }
    joined
}

fn is_use(statement: &str) -> bool {
    statement.starts_with("use ") || statement.starts_with("pub") && statement.contains(" use ")
}

/// The modules of the crate that a line uses: `engine`, or `provider/mock` where the path goes on.
fn targets(file: &str, code: &str) -> Vec<String> {
    let depth = file.trim_end_matches(".rs").trim_end_matches("/mod").matches('/').count();
    // From the library's side, from the binary's, and by `super` up to the root.
    let root = "super::".repeat(depth + 1);
    let mut found = Vec::new();
    for prefix in ["crate::", "llmroute::", root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                found.extend(tree(&code[at + prefix.len()..]));
            }
        }
    }
    found
}

/// The first one or two modules of each leaf of a `use` tree: `{a::{b, C}, D}` is `a/b`, `a`.
fn tree(path: &str) -> Vec<String> {
    let modules = |leaf: String| {
        let names: Vec<_> = leaf.split('/').take(2).take_while(|name| is_module(name)).collect();
        (!names.is_empty()).then(|| names.join("/"))
    };
    leaves(path).into_iter().filter_map(modules).collect()
}

fn leaves(path: &str) -> Vec<String> {
    if let Some(inner) = path.strip_prefix('{') {
        return branches(inner).into_iter().flat_map(|branch| leaves(branch.trim())).collect();
    }
    let name = word(path);
    match path[name.len()..].strip_prefix("::") {
        Some(rest) => leaves(rest).into_iter().map(|leaf| format!("{name}/{leaf}")).collect(),
        None => vec![name.to_owned()],
    }
}

/// What stands between the commas of a group, up to its closing brace.
fn branches(inner: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&inner[from..at]);
                return found;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Modules are written in lower case, types are not.
fn is_module(name: &str) -> bool {
    name != "self" && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether `word` stands in `code`, and not as a part of a longer one, nor inside a literal.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let quoted = code[..at].matches('"').count() % 2 == 1;
        let (before, after) = (code[..at].chars().next_back(), code[at + word.len()..].chars().next());
        !quoted && !part(before) && (word.ends_with('!') || !part(after))
    })
}

mod the_checker {
    use super::{Breach, check};

    #[track_caller]
    fn finds(file: &str, source: &str, expected: &[(usize, &str)]) {
        let breach =
            |(line, what): &(usize, &str)| Breach { file: file.to_owned(), line: *line, what: (*what).to_owned() };
        assert_eq!(check(file, source), expected.iter().map(breach).collect::<Vec<_>>());
    }

    #[test]
    fn sees_a_new_arrow() {
        finds("route/mod.rs", "\nuse crate::engine::Router;", &[(2, "`route` may not use `engine`")]);
    }

    #[test]
    fn sees_an_arrow_by_super() {
        finds("route/mod.rs", "use super::engine;", &[(1, "`route` may not use `engine`")]);
        finds("route/course.rs", "use super::super::state::Store;", &[(1, "`route` may not use `state`")]);
        finds("route/strategy/mod.rs", "use super::super::state::Store;", &[(1, "`route` may not use `state`")]);
        finds("route/course.rs", "use super::engine::Seat;", &[]);
    }

    #[test]
    fn sees_an_arrow_in_a_group_and_over_lines() {
        let source = "use crate::{\n    model::Usage,\n    provider::{mock, Protocol},\n};";
        let expected = [(1, "`route` may not use `provider/mock`"), (1, "`route` may not use `provider`")];
        finds("route/mod.rs", source, &expected);
    }

    #[test]
    fn sees_an_arrow_in_the_middle_of_code() {
        finds("wire/sse.rs", "fn f() { crate::ports::now() }", &[(1, "`wire` may not use `ports/now`")]);
    }

    #[test]
    fn sees_an_arrow_from_the_binary() {
        finds("main.rs", "use llmroute::engine::Router;", &[(1, "`main` may not use `engine`")]);
        finds("main.rs", "fn main() { llmroute::cli::main() }", &[]);
    }

    #[test]
    fn lets_allowed_arrows_pass() {
        finds("engine/attempt.rs", "use crate::ports::Transport;\nuse crate::model::Event;\nuse super::Notes;", &[]);
        finds("transport/mock.rs", "use crate::provider::mock::Script;", &[]);
        finds(
            "transport/http.rs",
            "use crate::provider::mock::Script;",
            &[(1, "`transport` may not use `provider/mock`")],
        );
        finds("transport/mock.rs", "use crate::provider::Protocol;", &[(1, "`transport` may not use `provider`")]);
    }

    #[test]
    fn refuses_an_unknown_folder() {
        finds("cleverness/mod.rs", "use crate::wire::Frame;", &[(1, "`cleverness` may not use `wire`")]);
    }

    #[test]
    fn looks_at_no_comment_and_no_test() {
        finds("model/mod.rs", "// crate::engine\n/// tokio [`crate::wire`]\nconst A: &str = \"https://tokio\";", &[]);
        finds("model/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::wire::Frame;\n}", &[]);
    }

    #[test]
    fn sees_the_world_in_a_pure_folder() {
        let expected = [(1, "`model` is pure and may not mention `Instant`")];
        finds("model/time.rs", "use std::time::{Duration, Instant};", &expected);
        finds("wire/sse.rs", "async fn f(s: tokio::net::S) {}", &[(1, "`wire` is pure and may not mention `tokio`")]);
        finds("profile/locate.rs", "use std::fs;", &[]);
        finds("profile/resolve.rs", "use std::fs;", &[(1, "`profile` is pure and may not mention `std::fs`")]);
        finds("model/mod.rs", "struct Instantly;", &[]);
        finds("transport/http.rs", "use reqwest::Client;", &[]);
    }

    #[test]
    fn sees_a_printer_outside_the_console() {
        let expected = [(1, "only `cli/console` may write to the terminal, not `eprintln!`")];
        finds("engine/mod.rs", "fn f() { eprintln!(\"x\") }", &expected);
        finds("cli/console.rs", "fn f() { eprintln!(\"x\") }", &[]);
    }
}
