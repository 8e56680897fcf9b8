use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn check(mode: u32, key: &str, want: Result<usize, &str>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.toml");
    let text = format!("{LAB}api_key = \"{key}\"\n[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let vars = vars();
    let got = Profile::load(&ProfileLocation::File(path), &LoadOptions { env: &vars, long_lived: false });
    let got = got.map(|profile| profile.notes.len()).map_err(|error| {
        assert!(!error.to_string().contains("sk-literal"));
        error.diagnostics.iter().find(|d| d.severity == Severity::Error).unwrap().message.clone()
    });
    assert_eq!(got.as_ref().copied().map_err(String::as_str), want);
}

#[test]
fn a_literal_key_needs_a_private_file() {
    check(0o600, "sk-literal", Ok(1));
    check(0o400, "sk-literal", Ok(1));
    check(0o640, "sk-literal", Err("the file contains a secret, and others can read it (mode 0640)"));
}

#[test]
fn a_file_without_secrets_may_be_readable_by_others() {
    check(0o644, "env:A", Ok(0));
}

#[test]
fn a_file_that_others_can_change_is_refused_if_it_names_keys_or_commands() {
    check(0o664, "env:A", Err("the file says where keys are, and others can change it (mode 0664)"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.toml");
    let vars = vars();
    let load = |group: &str| {
        std::fs::write(&path, format!("{LAB}[groups.main]\n{group}deployments = [{{ model = \"lab/a\" }}]")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        Profile::load(&ProfileLocation::File(path.clone()), &LoadOptions { env: &vars, long_lived: false })
    };
    let notes = load("").unwrap().notes;
    assert_eq!(notes[0].message, "others can change the profile (mode 0666)");
    assert_eq!(notes[0].severity, Severity::Warning);
    let refused = load("routing_strategy = \"exec:./choose\"\n").unwrap_err().diagnostics[0].message.clone();
    assert_eq!(refused, "the file runs a command, and others can change it (mode 0666)");
}

#[test]
fn a_device_or_a_named_pipe_is_not_a_profile() {
    let vars = vars();
    let options = LoadOptions { env: &vars, long_lived: false };
    let error = Profile::load(&ProfileLocation::File("/dev/zero".into()), &options).unwrap_err();
    assert_eq!(error.diagnostics[0].message, "the profile is not a regular file");
}

#[test]
fn a_missing_file_and_one_that_is_not_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.toml");
    let vars = vars();
    let load = || {
        let located = ProfileLocation::File(path.clone());
        Profile::load(&located, &LoadOptions { env: &vars, long_lived: false }).unwrap_err().diagnostics[0]
            .message
            .clone()
    };
    assert_eq!(load(), "the profile does not exist");
    std::fs::write(&path, b"a = \"\xff\"").unwrap();
    assert_eq!(load(), "the profile is not UTF-8: wrong byte at offset 5");
}

#[test]
fn key_files_are_beside_the_profile() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lab.key"), "sk-a\n").unwrap();
    let path = dir.path().join("p.toml");
    std::fs::write(
        &path,
        format!("{LAB}api_key = \"file:lab.key\"\n[groups.main]\ndeployments = [{{ model = \"lab/a\" }}]"),
    )
    .unwrap();
    let vars = vars();
    let profile = Profile::load(&ProfileLocation::File(path), &LoadOptions { env: &vars, long_lived: false }).unwrap();
    assert_eq!(profile.keys, [KeySource::File(dir.path().join("lab.key"))]);
    assert_eq!(profile.map.deployments[0].no_key, None);
}
