//! `ask --output`: the file appears when the answer is complete, and nothing else is left behind.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{ANSWER, Home, KEY, Profile, Run, Server};

fn home(server: &Server, model: &str) -> Arc<Home> {
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url()));
    Arc::new(Home::with(&profile.deployment(&format!("lab/{model}"), "").text()))
}

fn ask(home: &Arc<Home>, file: &Path) -> Run {
    Run::at(home).env("LAB_KEY", KEY).args(["ask", "--output", file.to_str().expect("UTF-8"), "hi"])
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("it exists").permissions().mode() & 0o7777
}

#[test]
fn a_new_file_has_the_mode_that_the_umask_leaves() {
    let server = Server::start();
    let home = home(&server, "good");
    let script = "umask 027; exec \"$LLMROUTE\" ask --output new.txt hi";
    Run::at(&home).env("LAB_KEY", KEY).program("/bin/sh").args(["-c", script]).output().is(0, "", "");
    assert_eq!(mode(&home.path().join("new.txt")), 0o640);
}

#[test]
fn an_existing_file_keeps_its_mode_even_if_the_umask_forbids_it() {
    let server = Server::start();
    let home = home(&server, "good");
    let file = home.write("old.txt", "old");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    ask(&home, &file).output().is(0, "", "");
    assert_eq!((mode(&file), fs::read_to_string(&file).unwrap()), (0o666, format!("{ANSWER}\n")));
}

#[test]
fn a_read_only_file_is_refused_before_any_call() {
    let server = Server::start().may_be_idle();
    let home = home(&server, "good");
    let file = home.write("kept.txt", "old");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let want = "error: cannot write `kept.txt`: permission denied\n\
                hint: the file is read-only; `chmod u+w` allows changes\n";
    ask(&home, Path::new("kept.txt")).output().is(74, "", want);
    assert_eq!((server.calls().len(), fs::read_to_string(&file).unwrap().as_str()), (0, "old"));
}

#[test]
fn a_link_to_a_file_that_does_not_exist_is_followed() {
    let server = Server::start();
    let home = home(&server, "good");
    fs::create_dir(home.path().join("folder")).unwrap();
    let link = home.path().join("link.txt");
    symlink("folder/target.txt", &link).unwrap();
    ask(&home, &link).output().is(0, "", "");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(home.path().join("folder/target.txt")).unwrap(), format!("{ANSWER}\n"));
}

#[test]
fn a_signal_leaves_no_file_behind() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGKILL] {
        let server = Server::start();
        let home = home(&server, "slow-first-token");
        fs::create_dir(home.path().join("folder")).unwrap();
        let running = ask(&home, &home.path().join("folder/answer.txt")).start();
        assert!(server.wait_for_call("slow-first-token", Duration::from_secs(20)));
        running.signal(signal);
        running.output();
        assert_eq!(fs::read_dir(home.path().join("folder")).unwrap().count(), 0, "{signal}");
    }
}
