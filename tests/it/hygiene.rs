//! Keys must never appear, and nothing may hang: blocked readers, slow key commands, output files.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::faults::{Body, Fault, Reply};
use crate::support::{ANSWER, Home, KEY, Profile, Run, Server};

/// A server whose error repeats the key in its message and in its request id.
const ECHO: Fault = {
    const MESSAGE: &str = concat!("wrong key ", "sk-lab-0123456789abcdef", " and sk-lab-0123456789ab…");
    const REPLY: Reply = Reply::Plain {
        status: 500,
        headers: &[("x-request-id", "Bearer sk-lab-0123456789abcdef")],
        body: Body::Error { kind: "server_error", message: MESSAGE },
    };
    Fault { name: "echo-key", first: REPLY, later: REPLY }
};
const ECHOED: &str = "sk-lab-0123456789abcdef";

fn profile(server: &Server, model: &str) -> String {
    Profile::new()
        .provider("lab", "openai", &format!("{}/v1", server.url()))
        .deployment(&format!("lab/{model}"), "")
        .text()
}

#[test]
fn a_key_echoed_by_the_server_never_appears() {
    let server = Server::with(&[ECHO]);
    let home = Arc::new(Home::with(&profile(&server, "echo-key")));
    let run = |args: &[&str]| Run::at(&home).env("LAB_KEY", ECHOED).args(args.iter().copied()).output();
    let mut said = String::new();
    for args in [
        &["ask", "--num-retries", "0", "hi"][..],
        &["ask", "--num-retries", "0", "--json", "hi"],
        &["ask", "--num-retries", "0", "--stream-json", "hi"],
        &["ask", "--dry-run", "hi"],
        &["logs"],
        &["logs", "last"],
        &["logs", "--json"],
        &["profile", "show"],
    ] {
        let output = run(args);
        said += &output.text();
        said += &output.notes();
    }
    assert!(said.contains("[redacted]"), "{said}");
    assert!(!said.contains("sk-lab-0123"), "{said}");
    let state = run(&["--state", home.path().join("shared").to_str().unwrap(), "ask", "--num-retries", "0", "hi"]);
    assert_eq!(state.end, 69.into());
    let files: Vec<_> = fs::read_dir(home.path().join("shared")).unwrap().flatten().collect();
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(file.path()).unwrap();
        let found = bytes.windows(11).any(|window| window == b"sk-lab-0123");
        assert!(!found, "the key is in {}", file.path().display());
    }
}

/// Starts `ask` on a pipe that is never read, waits until it is full, and sends a signal.
#[test]
fn ctrl_c_ends_a_blocked_write() {
    let server = Server::start();
    let home = Home::with(&profile(&server, "endless"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_llmroute"))
        .env_clear()
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("LAB_KEY", KEY)
        .args(["--state", "memory", "--profile"])
        .arg(home.write("blocked.toml", profile(&server, "endless")))
        .args(["ask", "--no-stdin", "hi"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(server.wait_for_call("endless", Duration::from_secs(20)), "it was not called");
    // The server sends endlessly: once this much was sent, the rest fills the pipe.
    let mut some = vec![0; 1 << 16];
    child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGINT as i32));
}

#[test]
fn a_key_command_is_bounded_by_the_deadline_and_by_size() {
    let server = Server::start().may_be_idle();
    let slow = Profile::new().provider_with("lab", "openai", &server.url(), "cmd:sleep 60").deployment("lab/good", "");
    let output =
        Run::with(&slow.text()).args(["ask", "--deadline", "1s", "hi"]).limit(Duration::from_secs(20)).output();
    assert_eq!(output.end, 124.into(), "{}", output.notes());
    let endless = Profile::new().provider_with("lab", "openai", &server.url(), "cmd:yes").deployment("lab/good", "");
    let output = Run::with(&endless.text()).args(["ask", "hi"]).limit(Duration::from_secs(20)).output();
    assert_ne!(output.end, 0.into(), "{}", output.notes());
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn an_unwritable_output_fails_before_any_call() {
    let server = Server::start().may_be_idle();
    let run = Run::with(&profile(&server, "good")).args(["ask", "--output", "/nonexistent/folder/file", "hi"]);
    let output = run.output();
    assert_eq!((output.end, output.text().as_str()), (74.into(), ""), "{}", output.notes());
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn output_follows_symlinks_and_keeps_the_mode() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, "good")));
    let file = home.write("file.txt", "old");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = home.path().join("link.txt");
    symlink(&file, &link).unwrap();
    let output = Run::at(&home).env("LAB_KEY", KEY).args(["ask", "--output", link.to_str().unwrap(), "hi"]).output();
    output.is(0, "", "");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{ANSWER}\n"));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let text = "version = 1\ndefault_group = \"main\"\n[providers.sim]\nprotocol = \"mock\"\n[groups.main]\n\
                deployments = [{ model = \"sim/a\", faults = \"503@50%\", latency = \"1ms\", ttft = \"1ms\", itl = \"1ms\" }, \
                { model = \"sim/b\", faults = \"500@50%\", latency = \"1ms\", ttft = \"1ms\", itl = \"1ms\" }]\n";
    for seed in ["1", "2", "3", "4"] {
        let run = || {
            let output = Run::with(text).args(["--state", "memory", "ask", "--route-seed", seed, "hi"]).output();
            (output.end, output.text(), output.notes())
        };
        let once = run();
        assert_eq!(once, run(), "seed {seed}");
    }
}

#[test]
fn an_option_cannot_replace_the_request() {
    let server = Server::start().may_be_idle();
    for option in ["model=evil", "messages=x", "stream=false"] {
        let output = Run::with(&profile(&server, "good")).args(["ask", "-o", option, "hi"]).output();
        assert_eq!(output.end, 2.into(), "{option}: {}", output.notes());
    }
    let output = Run::with(&profile(&server, "good")).args(["ask", "--temperature", "nan", "hi"]).output();
    assert_eq!(output.end, 2.into(), "{}", output.notes());
    assert_eq!(server.calls().len(), 0);
}
