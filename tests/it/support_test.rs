//! Tests of the test helpers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::support::faults::{FAULTS, MORE, Reply};
use super::support::{ANSWER, End, Home, Input, Nowhere, Run, Server, Sink};

fn sh(script: &str) -> Run {
    Run::at(&Home::new().into()).program("/bin/sh").args(["-c", script])
}

/// Requests `model` and reads the reply to its end.
fn ask(server: &Server, path: &str, model: &str) -> (String, std::io::Result<usize>) {
    let mut stream = send(server, path, &format!(r#"{{"model":"{model}"}}"#));
    let mut reply = Vec::new();
    let end = stream.read_to_end(&mut reply);
    (String::from_utf8_lossy(&reply).into_owned(), end)
}

fn send(server: &Server, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).expect("it listens");
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nX-Test: 1\r\nContent-Length: {length}\r\n\r\n{body}")
        .expect("it reads");
    stream
}

#[test]
fn runs_are_compared_in_full() {
    sh("printf out; echo err >&2; exit 3").output().is(3, "out", "err\n");
}

#[test]
fn only_stdout_can_be_a_terminal() {
    let script = "for fd in 0 1 2; do if [ -t $fd ]; then echo tty; else echo no; fi; done";
    sh(script).sink(Sink::Terminal).output().is(0, "no\ntty\nno\n", "");
    sh(script).output().is(0, "no\nno\nno\n", "");
}

#[test]
fn a_terminal_has_eighty_columns() {
    sh("stty size <&1").sink(Sink::Terminal).output().is(0, "24 80\n", "");
}

#[test]
fn stdin_can_be_a_pipe() {
    sh("cat").input(Input::Bytes(b"fed".to_vec())).output().is(0, "fed", "");
}

#[test]
fn stdin_can_be_closed() {
    sh("if [ -e /dev/fd/0 ]; then echo open; else echo closed; fi").input(Input::Closed).output().is(0, "closed\n", "");
}

#[test]
fn an_idle_pipe_never_ends_and_a_hang_is_a_failure() {
    let output = sh("echo before; cat").input(Input::Idle).limit(Duration::from_millis(300)).output();
    output.is(End::Hung, "before\n", "");
}

#[test]
fn a_file_and_a_full_disk_can_be_written_to() {
    sh("printf x").sink(Sink::File).output().is(0, "x", "");
    assert_eq!(sh("printf x").sink(Sink::Full).output().end, End::Code(1));
}

#[test]
fn a_reader_can_leave() {
    sh("while echo y; do :; done").sink(Sink::Head(4)).output().is(Signal::SIGPIPE, "y\ny\n", "");
}

#[test]
fn a_signal_is_not_an_exit_code() {
    let running = sh("echo ready; read x").input(Input::Idle).start();
    running.wait_for_stdout("ready");
    running.signal(Signal::SIGINT);
    running.output().is(Signal::SIGINT, "ready\n", "");
}

#[test]
fn the_environment_is_closed() {
    let names = sh("env | cut -d= -f1 | sort").output().text();
    assert!(!names.to_lowercase().contains("proxy"), "{names}");
    assert!(!names.contains("CARGO"), "{names}");
    assert!(names.contains("XDG_STATE_HOME"), "{names}");
}

#[test]
fn names_of_faults_are_unique() {
    let mut names: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_fault_that_ends_can_be_played_in_both_protocols() {
    let server = Server::start();
    server.open_gate();
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for fault in FAULTS.iter().filter(|fault| ends(&fault.first)) {
            let (reply, end) = ask(&server, path, fault.name);
            assert!(end.is_err() || !reply.is_empty() || fault.name == "hang-up", "{}: {reply}", fault.name);
            assert_eq!(end.is_err(), fault.name.starts_with("reset"), "{}: {end:?}", fault.name);
        }
    }
}

fn ends(reply: &Reply) -> bool {
    let text = format!("{reply:?}");
    !text.contains("Stall") && !text.contains("Forever")
}

#[test]
fn a_good_answer_holds_every_token_and_its_end() {
    let server = Server::start();
    let (reply, _) = ask(&server, "/v1/chat/completions", "good");
    for token in ANSWER.split(' ') {
        assert!(reply.contains(token), "{token}: {reply}");
    }
    assert!(reply.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"), "{reply}");
    let call = &server.calls()[0];
    assert_eq!(
        (call.model.as_str(), call.header("x-test"), call.path.as_str()),
        ("good", Some("1"), "/v1/chat/completions")
    );
}

#[test]
fn messages_continue_after_a_prefill() {
    let server = Server::start();
    let body = r#"{"model":"good","messages":[{"role":"assistant","content":"The sky is blue because air"}]}"#;
    let mut reply = String::new();
    send(&server, "/v1/messages", body).read_to_string(&mut reply).expect("it answers");
    assert!(reply.contains(r#"{"type":"text_delta","text":" scatters"}"#), "{reply}");
    assert!(!reply.contains("sky"), "{reply}");
    assert!(reply.contains("message_stop"), "{reply}");
}

#[test]
fn a_later_call_may_get_another_reply() {
    let server = Server::start();
    assert!(ask(&server, "/v1/chat/completions", "503-then-good").0.starts_with("HTTP/1.1 503 "));
    assert!(ask(&server, "/v1/chat/completions", "503-then-good").0.starts_with("HTTP/1.1 200 "));
    assert_eq!(server.count("503-then-good"), 2);
}

#[test]
fn a_redirect_points_at_the_trap() {
    let server = Server::start();
    let (reply, _) = ask(&server, "/v1/chat/completions", "redirect-307");
    assert!(reply.contains("location: http://127.0.0.1:"), "{reply}");
    assert!(!reply.contains("{trap}"), "{reply}");
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let server = Server::start();
    for model in ["endless", "stall-1", "black-hole"] {
        let mut stream = send(&server, "/v1/chat/completions", &format!(r#"{{"model":"{model}"}}"#));
        assert!(server.wait_for_call(model, Duration::from_secs(5)), "{model}");
        if model != "black-hole" {
            stream.read_exact(&mut [0]).expect("it begins to answer");
        }
        assert!(!server.wait_until_left(model, Duration::ZERO), "{model}");
        drop(stream);
        assert!(server.wait_until_left(model, Duration::from_secs(5)), "{model}");
    }
}

#[test]
fn a_stalled_client_does_not_keep_the_server() {
    let server = Server::start();
    let mut stream = send(&server, "/v1/chat/completions", r#"{"model":"black-hole"}"#);
    assert!(server.wait_for_call("black-hole", Duration::from_secs(5)));
    drop(server);
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn an_endless_answer_repeats_one_token() {
    let server = Server::start();
    let mut stream = send(&server, "/v1/chat/completions", r#"{"model":"endless"}"#);
    let mut bytes = vec![0; 1 << 16];
    stream.read_exact(&mut bytes).expect("it has that much to say");
    assert!(String::from_utf8_lossy(&bytes).contains(MORE));
}

#[test]
#[should_panic(expected = "never called")]
fn a_server_that_is_never_called_panics() {
    drop(Server::start());
}

#[test]
#[should_panic(expected = "a redirect was followed")]
fn following_a_redirect_panics() {
    let server = Server::start();
    let (reply, _) = ask(&server, "/v1/chat/completions", "redirect-302");
    let trap = reply.split("location: http://").nth(1).and_then(|rest| rest.split('/').next()).expect("it redirects");
    // The trap closes once it has counted.
    drop(TcpStream::connect(trap).expect("the trap listens").read(&mut [0]));
}

#[test]
fn nothing_listens_on_a_dead_port() {
    let nowhere = Nowhere::refused();
    let error = TcpStream::connect(nowhere.url().trim_start_matches("http://")).expect_err("no server listens");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}
