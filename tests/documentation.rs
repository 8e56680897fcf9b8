//! The documentation names files that exist.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders and files that a path of this repository can start with.
const ROOTS: &[&str] = &[
    "src/",
    "crates/",
    "tests/",
    "benches/",
    "docs/",
    "scripts/",
    "examples/",
    "completions/",
    "man/",
    "fuzz/",
    ".ci/",
    "clippy.toml",
    "deny.toml",
    "CONTRIBUTING.md",
    "README.md",
    "CHANGELOG.md",
];

fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let docs = fs::read_dir(root.join("docs")).expect("the folder of documentation exists").flatten();
    pages.extend(docs.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "md")));
    pages
}

/// The paths in `text`: in backticks or as targets of links. A path with a placeholder stands for its folder.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    quoted.chain(linked).filter(|path| ROOTS.iter().any(|root| path.starts_with(root)) && !path.contains(' ')).map(
        |path| match path.find("NAME") {
            Some(at) => path[..at].rfind('/').map_or("", |end| &path[..end]),
            None => path,
        },
    )
}

#[test]
fn every_path_in_the_documentation_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    let mut found = 0;
    for page in pages(root) {
        let text = fs::read_to_string(&page).expect("a page is UTF-8");
        for path in paths(&text) {
            found += 1;
            let beside = page.parent().expect("a page lies in a folder").join(path);
            if !root.join(path).exists() && !beside.exists() {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(found > 50, "found only {found} paths");
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
}

#[test]
fn the_readme_names_every_strategy_and_protocol() {
    let readme = include_str!("../README.md");
    let strategies = llmroute_core::routing::strategy::BUILT_IN.iter().map(|entry| entry.name);
    let protocols = llmroute_core::protocols::Protocol::ALL.into_iter().map(|protocol| protocol.as_str());
    let missing: Vec<&str> =
        strategies.chain(protocols).filter(|name| !readme.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "missing in README.md: {}", missing.join(", "));
}

#[test]
fn paths_are_found_in_code_and_in_links() {
    let text = "see `src/main.rs`, [this](docs/bench.md#json), `src/commands/NAME/mod.rs` and `cargo test`";
    assert_eq!(paths(text).collect::<Vec<_>>(), ["src/main.rs", "src/commands", "docs/bench.md"]);
}
