//! Runs every example. They need no key and no network.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs that Cargo built from `examples/`, beside this test.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let profile = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    profile.join("examples").join(name)
}

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files =
        std::fs::read_dir(folder).expect("there are examples").map(|entry| entry.expect("it can be read").path());
    let mut names: Vec<String> =
        files.map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_example_runs() {
    let names = names();
    assert!(names.len() >= 10, "{names:?}");
    if names.iter().any(|name| !built(name).exists()) {
        // `cargo test --test examples` builds no examples.
        let status = Command::new(env!("CARGO"))
            .args(["build", "--examples", "--quiet"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.expect("cargo can be run").success());
    }
    for name in names {
        let output = Command::new(built(&name)).env_remove("OFFICE_KEY").output().expect("the example can be run");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {}\n{stderr}", output.status);
    }
}
