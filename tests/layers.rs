//! The boundaries that Cargo cannot express: the core touches nothing outside the process, its modules point one
//! way, and only the console writes to the terminal. The arrows between crates are in their Cargo.toml files.

use std::fmt;
use std::fs;
use std::path::Path;

/// The modules of `llmroute-core`, and the ones each may use.
const CORE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("protocols", &["model", "wire", "catalog"]),
    ("catalog", &["model", "protocols"]),
    ("routing", &["model"]),
    ("call", &["model", "wire", "protocols", "catalog", "routing"]),
];

/// The parts of the standard library that the core must not mention: files, network, processes, threads, clocks.
const OUTSIDE: &[&str] =
    &["std::fs", "std::net", "std::process", "std::env", "std::thread", "SystemTime", "Instant", "io::stdin"];

/// Ways to write to the terminal; clippy's `print_stdout` does not see the last two.
const PRINTERS: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!", "io::stdout", "io::stderr"];
/// The files that may: the console, and the one that asks whether the streams are terminals.
const CONSOLE: &[&str] = &["src/ui/console.rs", "src/environment.rs"];

/// A violation and its place.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

#[test]
fn the_source_keeps_its_boundaries() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut violations = Vec::new();
    let mut files = 0;
    for folder in ["src", "crates"] {
        walk(&root.join(folder), &mut |path| {
            let name = path.strip_prefix(root).expect("it is below the root").display().to_string();
            violations.extend(check(&name, &fs::read_to_string(path).expect("source is UTF-8")));
            files += 1;
        });
    }
    assert!(files > 100, "found only {files} files");
    let list: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("it can be read").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path);
        }
    }
}

/// The violations of one file, by its path below the root.
fn check(file: &str, source: &str) -> Vec<Violation> {
    if file.ends_with("tests.rs")
        || file.contains("/tests/")
        || file.contains("/examples/")
        || file.contains("/benches/")
    {
        return Vec::new();
    }
    let core = file.strip_prefix("crates/core/src/").map(|path| path.split(['/', '.']).next().unwrap_or(path));
    let mut violations = Vec::new();
    for (at, line) in source.lines().enumerate() {
        if line.trim() == "#[cfg(test)]" {
            break;
        }
        let code = line.split("//").next().unwrap_or(line);
        let mut violation = |rule: String| violations.push(Violation { file: file.to_owned(), line: at + 1, rule });
        if let Some(module) = core {
            for word in OUTSIDE.iter().filter(|word| mentions(code, word)) {
                violation(format!("the core is pure and must not use `{word}`"));
            }
            let allowed = CORE.iter().find(|(name, _)| *name == module).map_or(&[][..], |(_, allowed)| *allowed);
            for (target, _) in CORE.iter().filter(|(target, _)| mentions(code, &format!("crate::{target}"))) {
                if *target != module && !allowed.contains(target) {
                    violation(format!("`{module}` must not use `{target}`"));
                }
            }
        }
        if !CONSOLE.contains(&file) {
            for word in PRINTERS.iter().filter(|word| mentions(code, word)) {
                violation(format!("only the console writes to the terminal, not `{word}`"));
            }
        }
    }
    violations
}

/// Returns `true` if `word` stands in `code` by itself, outside a literal.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let quoted = code[..at].matches('"').count() % 2 == 1;
        let (before, after) = (code[..at].chars().next_back(), code[at + word.len()..].chars().next());
        !quoted && !part(before) && (word.ends_with('!') || !part(after))
    })
}

#[track_caller]
fn finds(file: &str, source: &str, expected: &[&str]) {
    let found: Vec<_> = check(file, source).into_iter().map(|violation| violation.rule).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_new_arrow_in_the_core_is_found() {
    finds("crates/core/src/wire/sse.rs", "use crate::protocols::ReplyReader;", &["`wire` must not use `protocols`"]);
    finds("crates/core/src/protocols/mod.rs", "use crate::wire::Frame;", &[]);
}

#[test]
fn the_outside_world_in_the_core_is_found() {
    let rule = "the core is pure and must not use `Instant`";
    finds("crates/core/src/model/time.rs", "use std::time::{Duration, Instant};", &[rule]);
    finds("crates/core/src/model/time.rs", "struct Instantly; // Instant", &[]);
    finds("crates/router/src/transport/http.rs", "use std::time::Instant;", &[]);
    finds("crates/core/src/model/time.rs", "#[cfg(test)]\nmod tests {\n use std::fs;\n}", &[]);
}

#[test]
fn printing_outside_the_console_is_found() {
    let rule = "only the console writes to the terminal, not `eprintln!`";
    finds("crates/router/src/engine/mod.rs", "fn f() { eprintln!(\"x\") }", &[rule]);
    finds("src/ui/console.rs", "fn f() { eprintln!(\"x\") }", &[]);
}
