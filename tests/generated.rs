//! Manual pages, completions and the table of keys are what the program generates.
//!
//! `UPDATE=1 cargo test --test generated` rewrites them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
#[expect(clippy::disallowed_methods, reason = "the switch that rewrites the files is a variable")]
fn generated_files_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let update = std::env::var_os("UPDATE").is_some();
    let files = llmroute::artifacts::all();
    let mut stale = Vec::new();
    for (path, text) in &files {
        let file = root.join(path);
        if fs::read_to_string(&file).ok().as_deref() == Some(text) {
            continue;
        }
        if update {
            fs::create_dir_all(file.parent().expect("a generated file lies in a folder")).unwrap();
            fs::write(&file, text).unwrap();
        } else {
            stale.push(path.clone());
        }
    }
    let known: BTreeSet<PathBuf> = files.iter().map(|(path, _)| root.join(path)).collect();
    for folder in ["completions", "man"] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            match known.contains(&entry.path()) {
                true => {}
                false if update => fs::remove_file(entry.path()).unwrap(),
                false => stale.push(entry.path().display().to_string()),
            }
        }
    }
    assert!(stale.is_empty(), "stale: {}\nrun: UPDATE=1 cargo test --test generated", stale.join(", "));
}

/// `scripts/models-table --check` installs the packages that this needs; `.ci/run` runs it before.
#[test]
#[expect(clippy::disallowed_methods, reason = "a variable tells that this is a run that must not skip")]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn the_table_of_models_is_what_its_script_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/models-table/venv/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("LLMROUTE_REAL").is_none(), "run scripts/models-table --check before the tests");
        eprintln!("skipped: run scripts/models-table --check once");
        return;
    }
    let checked = Command::new(python).arg(root.join("scripts/models_table.py")).arg("--check").output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout) + String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}
