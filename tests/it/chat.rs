//! `llmroute chat`: at a terminal, where keys are sent and the screen is read, and in scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use crate::support::faults::ONE_TOKEN;
use crate::support::{ANSWER, Home, Input, KEY, OTHER, Profile, Run, Screen, Server};

/// Simulated deployments: `main` answers in Markdown, `other` in plain text.
const MOCK: &str = r##"
default_group = "main"
[providers.lab]
protocol = "mock"
[groups.main]
deployments = [{ model = "lab/a", text = "# Title\n\nIt is **bold** and `code`.\n\n- one\n- two" }]
[groups.other]
deployments = [{ model = "lab/b", text = "Another answer." }]
"##;

fn at_terminal(home: &Home) -> Screen {
    let screen = Screen::start(home, &["chat"], &[("LAB_KEY", KEY)]);
    screen.prompts("main>");
    screen
}

/// A profile in which `main` has these models of the server.
fn profile(server: &Server, models: &[&str]) -> String {
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url()));
    models.iter().fold(profile, |profile, model| profile.deployment(&format!("lab/{model}"), "")).text()
}

#[test]
fn an_answer_is_rendered_and_the_footer_names_the_deployment() {
    let home = Home::with(MOCK);
    let mut screen = at_terminal(&home);
    screen.line("hello");
    screen.prompts("main (lab/a)>");
    let shown = screen.contents();
    assert!(shown.contains("Title\n\nIt is bold and code.\n\n• one\n• two\nllmroute: lab/a: 1 attempt"), "{shown}");
    screen.wrote("\u{1b}[0;1mbold\u{1b}[0m");
    screen.line("/usage off");
    screen.line("/set markdown off");
    screen.line("again");
    screen.shows("It is **bold** and `code`.");
    screen.send("\u{4}");
    assert_eq!(screen.end(), Some(0));
}

#[test]
fn no_color_and_plain_show_the_raw_answer() {
    for (args, env) in [(&["chat", "--plain"][..], &[][..]), (&["chat"], &[("NO_COLOR", "1")])] {
        let home = Home::with(MOCK);
        let mut screen = Screen::start(&home, args, env);
        screen.prompts("main>");
        screen.line("hello");
        screen.prompts("main (lab/a)>");
        assert!(screen.contents().contains("It is **bold** and `code`."), "{}", screen.contents());
    }
}

#[test]
fn an_unknown_command_gets_a_message_and_sends_nothing() {
    let server = Server::start().may_be_idle();
    let home = Home::with(&profile(&server, &["good"]));
    let mut screen = at_terminal(&home);
    screen.line("/modle x");
    screen.shows("error: unknown command `/modle`; nothing was sent");
    screen.shows("did you mean `/model`?");
    // The typed line can be recalled and corrected.
    screen.send("\u{1b}[A");
    screen.prompts("main> /modle x");
    assert_eq!(server.models().len(), 0);
}

#[test]
fn tab_completes_commands_and_groups() {
    let home = Home::with(MOCK);
    let mut screen = at_terminal(&home);
    screen.send("/mod\t");
    screen.prompts("main> /model");
    screen.send("ot\t");
    screen.prompts("main> /model other");
    screen.send("\r");
    screen.prompts("other>");
}

/// The keys are one message.
fn check_message(keys: &str, want: &str) {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["good"]));
    let mut screen = at_terminal(&home);
    screen.send(keys);
    screen.prompts("main (lab/good)>");
    let said: Vec<_> = server.calls().iter().filter_map(|call| call.last_message()).map(|(_, text)| text).collect();
    assert_eq!(said, [want]);
}

#[test]
fn a_line_that_only_looks_like_a_command_is_sent() {
    check_message("/etc/hosts is empty, why?\r", "/etc/hosts is empty, why?");
    check_message("// a comment\r", "// a comment");
}

#[test]
fn ctrl_z_stops_at_the_prompt_and_fg_continues_the_line() {
    let home = Home::with(MOCK);
    let mut screen = Screen::shell(&home, &[("LAB_KEY", KEY)]);
    screen.line("\"$LLMROUTE\" chat");
    screen.prompts("main>");
    screen.send("hel");
    screen.prompts("main> hel");
    screen.send("\u{1a}");
    screen.shows("Stopped");
    screen.line("fg");
    screen.prompts("main> hel");
    screen.send("lo\r");
    screen.shows("It is bold and code.");
    screen.prompts("main (lab/a)>");
}

#[test]
fn several_lines_are_one_message() {
    check_message("one\ntwo\r", "one\ntwo");
    check_message("three \\\rfour\r", "three \nfour");
    check_message("\u{1b}[200~five\rsix\u{1b}[201~\r", "five\nsix");
    check_message("\"\"\"a\r/exit\r\"\"\"\r", "a\n/exit");
    check_message("//etc\r", "/etc");
}

#[test]
fn ctrl_r_searches_the_history() {
    let home = Home::with(MOCK);
    let mut screen = at_terminal(&home);
    screen.line("the first question");
    screen.prompts("main (lab/a)>");
    screen.line("/exit");
    assert_eq!(screen.end(), Some(0));
    let history = home.path().join(".local/state/llmroute/chat_history");
    let mode = fs::metadata(&history).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut screen = at_terminal(&home);
    screen.send("\u{12}first");
    screen.shows("the first question");
    screen.send("\r");
    screen.prompts("main (lab/a)>");
}

#[test]
fn ctrl_c_keeps_the_partial_answer() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["gate"]));
    let mut screen = at_terminal(&home);
    screen.line("why?");
    screen.shows("The");
    screen.send("\u{3}");
    screen.shows("llmroute: stopped; the answer so far is kept");
    screen.line("/history");
    screen.shows("  1  > why?\n     The (stopped)");
    screen.prompts("main>");
    screen.send("\u{3}");
    screen.shows("Ctrl-C again, or Ctrl-D, leaves");
    screen.send("\u{3}");
    assert_eq!(screen.end(), Some(0));
}

#[test]
fn a_midstream_failover_is_shown() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["cut-n", "other"]));
    let mut screen = at_terminal(&home);
    screen.line("why?");
    screen.prompts("main (lab/other)>");
    let shown = screen.contents();
    let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("`{text}` is not in {shown}"));
    assert!(at("The sky is\n") < at("lab/cut-n failed"), "{shown}");
    assert!(at("lab/cut-n failed") < at("── the answer above broke off"), "{shown}");
    assert!(at("── the answer above broke off") < at(OTHER), "{shown}");
    screen.line("/why");
    screen.shows("2. lab/other: answered");
}

#[test]
fn retry_uses_another_group_and_undo_removes_a_turn() {
    let home = Home::with(MOCK);
    let mut screen = at_terminal(&home);
    screen.line("question");
    screen.prompts("main (lab/a)>");
    screen.line("/retry other");
    screen.shows("Another answer.");
    screen.prompts("main (lab/b)>");
    screen.line("/history");
    screen.shows("  1  > question\n     Another answer.");
    screen.line("/undo");
    screen.shows("taken back; 0 turns are left");
    // The question is offered for editing.
    screen.prompts("main (lab/b)> question");
}

#[test]
fn an_editor_writes_the_message() {
    let home = Home::with(MOCK);
    let mut screen = Screen::start(&home, &["chat"], &[("EDITOR", "sed -i s/draft/final/")]);
    screen.prompts("main>");
    screen.send("a draft\u{f}");
    screen.prompts("main> a final");
    screen.send("\r");
    screen.prompts("main (lab/a)>");
}

#[test]
fn after_kill_9_only_the_typed_line_is_lost() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["gate"]));
    server.open_gate();
    let mut screen = at_terminal(&home);
    screen.line("first");
    screen.prompts("main (lab/gate)>");
    screen.send("not sent");
    screen.prompts("main (lab/gate)> not sent");
    screen.kill();
    let mut screen = Screen::start(&home, &["chat", "--resume"], &[("LAB_KEY", KEY)]);
    screen.shows(ANSWER);
    screen.prompts("main (lab/gate)>");
    screen.line("second");
    screen.send("\u{4}");
    assert_eq!(screen.end(), Some(0));
    let said = server.calls()[1].json()["messages"].clone();
    let want = serde_json::json!([
        {"role": "user", "content": "first"}, {"role": "assistant", "content": ANSWER}, {"role": "user", "content": "second"},
    ]);
    assert_eq!(said, want);
}

#[test]
fn a_partial_answer_survives_kill_9() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["gate"]));
    let mut screen = at_terminal(&home);
    screen.line("first");
    // It is logged right after it is shown.
    screen.shows(ONE_TOKEN);
    let home = Arc::new(home);
    let kept = || Run::at(&home).args(["logs", "last", "--json"]).output().text();
    // Each check is a process of its own.
    let written = (0..1000).any(|_| kept().contains("\"outcome\":\"partial\""));
    assert!(written, "{}", kept());
    screen.kill();
    let screen = Screen::start(&home, &["chat", "--resume"], &[("LAB_KEY", KEY)]);
    screen.shows(ONE_TOKEN);
    screen.prompts("main (lab/gate)>");
}

#[test]
fn a_question_without_an_answer_is_offered_again() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["stall-0"]));
    let mut screen = at_terminal(&home);
    screen.line("lost");
    assert!(server.wait_for_call("stall-0", std::time::Duration::from_secs(30)));
    screen.kill();
    let screen = Screen::start(&home, &["chat", "--resume"], &[("LAB_KEY", KEY)]);
    screen.shows("the last question has no answer; it is offered again");
    screen.prompts("main> lost");
}

fn script(home: &Arc<Home>, args: &[&str], lines: &str) -> crate::support::Output {
    Run::at(home).args([&["chat"], args].concat()).env("LAB_KEY", KEY).input(Input::Bytes(lines.into())).output()
}

#[test]
fn a_script_has_one_turn_per_line() {
    let home = Arc::new(Home::with(MOCK));
    let lines = "/model other\nhello\n\n\"\"\"\na\nb\n\"\"\"\n/history\n";
    let answers =
        "Another answer.\nAnother answer.\n  1  > hello\n     Another answer.\n  2  > a b\n     Another answer.\n";
    script(&home, &[], lines).is(0, answers, "llmroute: asking `other` from now on\n");
    script(&home, &["--resume", "-q"], "/history").is(0, &answers[32..], "");
}

#[test]
fn a_failed_turn_ends_a_script() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, &["400"])));
    let output = script(&home, &[], "one\ntwo\n");
    assert_eq!(output.end, crate::support::End::Code(65), "{}", output.notes());
    assert_eq!((output.text().as_str(), server.count("400")), ("", 1));
    script(&home, &[], "/nonsense\none\n").is(
        2,
        "",
        "error: unknown command `/nonsense`; nothing was sent\n\
         hint: `/help` lists the commands; a message that begins with `/` begins with `//`\n",
    );
}

#[test]
fn the_oldest_turns_are_dropped_when_no_window_is_large_enough() {
    let server = Server::start();
    let home = Arc::new(Home::with(
        &Profile::new()
            .provider("lab", "openai", &format!("{}/v1", server.url()))
            .deployment("lab/good", ", context_window = 400")
            .text(),
    ));
    let long = "word ".repeat(160);
    let output = script(&home, &["-o", "max_tokens=20"], &format!("{long}\n{long}\n/history\n"));
    assert!(output.notes().contains("does not fit any deployment; its oldest turn is left out"), "{}", output.notes());
    assert_eq!(server.calls()[1].json()["messages"].as_array().map(Vec::len), Some(1));
    assert!(output.text().contains("  2  > word"), "{}", output.text());
}

#[test]
fn a_conversation_is_saved_and_continued_by_ask() {
    let home = Arc::new(Home::with(MOCK));
    script(&home, &["-m", "other"], "hello\n/save talk.md\n").is(
        0,
        "Another answer.\n",
        "llmroute: the conversation was written into `talk.md`\n",
    );
    let saved = fs::read_to_string(home.path().join("talk.md")).expect("it was written");
    assert_eq!(saved, "## User\n\nhello\n\n## Assistant\n\nAnother answer.\n");
    Run::at(&home).args(["ask", "-c", "more"]).output().is(0, "Another answer.\n", "");
    script(&home, &["--resume", "-q"], "/history").is(
        0,
        "  1  > hello\n     Another answer.\n  2  > more\n     Another answer.\n",
        "",
    );
}

/// The messages of the last call of `server`, in order.
fn told(server: &Server) -> serde_json::Value {
    server.calls().pop().expect("there was a call").json()["messages"].clone()
}

#[test]
fn attached_files_stay_in_a_conversation() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, &["good"])));
    home.write("notes.txt", "the notes\n");
    home.write("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    script(&home, &[], "/file notes.txt\n/attach a.png\nsum up\n");
    let output = script(&home, &["--resume"], "shorter\n");
    assert!(output.notes().contains("the images and documents of earlier turns were not kept"), "{}", output.notes());
    let want = serde_json::json!([
        {"role": "user", "content": "the notes\n\nsum up\n[attached: image/png]"},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "shorter"},
    ]);
    assert_eq!(told(&server), want);
    let found = Run::at(&home).args(["logs", "--search", "notes sum"]).output();
    assert_eq!(found.text().lines().count(), 2, "{}", found.text());
}

#[test]
fn a_closed_window_keeps_the_partial_answer() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["gate"]));
    let mut screen = at_terminal(&home);
    screen.line("why?");
    screen.shows("The");
    assert_eq!(screen.hang_up(), Some(nix::sys::signal::Signal::SIGHUP as i32));
    let home = Arc::new(home);
    let output = script(&home, &["--resume"], "/history\n");
    assert_eq!(output.text(), "  1  > why?\n     The (stopped)\n", "{}", output.notes());
}

#[test]
fn undo_removes_a_failed_question_first() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["good"]));
    let mut screen = at_terminal(&home);
    screen.line("first");
    screen.prompts("main (lab/good)>");
    screen.line("/model lab/400");
    screen.prompts("lab/400>");
    screen.line("second");
    screen.shows("`/retry` sends the message again");
    screen.line("/undo");
    screen.prompts("lab/400> second");
    screen.send("\u{3}");
    screen.prompts("lab/400>");
    screen.line("/history");
    screen.shows("  1  > first");
}

#[test]
fn a_failed_retry_keeps_the_previous_answer() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, &["good"])));
    script(&home, &[], "first\n/retry lab/400\n");
    let want = format!("  1  > first\n     {ANSWER}\n");
    script(&home, &["--resume", "-q"], "/history\n").is(0, &want, "");
    Run::at(&home).env("LAB_KEY", KEY).args(["ask", "-c", "-q", "-m", "main", "more"]).output();
    assert_eq!(told(&server)[1]["content"], ANSWER);
}

#[test]
fn a_system_prompt_on_the_command_line_beats_the_one_of_the_session() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, &["good"])));
    let system = |args: &[&str], lines: &str| {
        script(&home, args, lines);
        told(&server)[0].clone()
    };
    let want = |text: &str| serde_json::json!({"role": "system", "content": text});
    assert_eq!(system(&["-s", "old"], "one\n"), want("old"));
    assert_eq!(system(&["--resume"], "two\n"), want("old"));
    assert_eq!(system(&["--resume", "-s", "new"], "three\n"), want("new"));
    assert_eq!(system(&[], "bare\n")["role"], "user");
    assert_eq!(system(&["-s", "other"], "/resume\nmore\n")["role"], "user");
}

#[test]
fn a_state_in_memory_saves_nothing() {
    let home = Home::with(MOCK);
    let mut screen = Screen::start(&home, &["--state", "memory", "chat"], &[]);
    screen.prompts("main>");
    screen.line("secret");
    screen.prompts("main (lab/a)>");
    screen.send("\u{4}");
    assert_eq!(screen.end(), Some(0));
    assert!(!home.path().join(".local/state/llmroute").exists());
}

#[test]
fn a_stopped_answer_is_counted_and_reported() {
    let server = Server::start();
    let home = Home::with(&profile(&server, &["500", "gate"]));
    let mut screen = at_terminal(&home);
    screen.line("why?");
    screen.shows("The");
    screen.send("\u{3}");
    screen.shows("llmroute: stopped; the answer so far is kept");
    screen.line("/cost");
    screen.shows("0 answers in 2 attempts");
    screen.line("/why");
    screen.shows("2. lab/gate: was stopped");
}

#[test]
fn a_script_is_told_how_to_repeat_an_unanswered_question() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, &["400"])));
    script(&home, &[], "one\n");
    let output = script(&home, &["--resume"], "");
    assert!(output.notes().contains("the last question has no answer; `/retry` asks it again"), "{}", output.notes());
    script(&home, &["--resume", "-m", "lab/good"], "/retry\n").is(
        0,
        &format!("{ANSWER}\n"),
        &notes(&output, "lab/good"),
    );
}

/// The notes of `output` about the resumed conversation in `group`.
fn notes(output: &crate::support::Output, group: &str) -> String {
    output.notes().replace("with `main`", &format!("with `{group}`"))
}

#[test]
fn a_resumed_conversation_keeps_its_group() {
    let home = Arc::new(Home::with(MOCK));
    script(&home, &["-m", "other"], "hello\n");
    for (args, lines) in [(&["--resume"][..], "more\n"), (&[], "/resume\nmore\n")] {
        let output = script(&home, args, lines);
        assert_eq!(output.text(), "Another answer.\n");
        assert!(output.notes().contains("with `other`"), "{}", output.notes());
    }
}

#[test]
fn pending_files_are_dropped_with_a_notice() {
    let server = Server::start();
    let home = Arc::new(Home::with(&profile(&server, &["good"])));
    home.write("notes.txt", "the notes\n");
    for line in ["/new", "/file none"] {
        let output = script(&home, &[], &format!("/file notes.txt\n{line}\nhello\n"));
        assert!(output.notes().contains("the files for the next message are left out"), "{}", output.notes());
        assert_eq!(told(&server), serde_json::json!([{"role": "user", "content": "hello"}]));
    }
}

#[test]
fn an_unknown_conversation_is_exit_code_66_in_every_command() {
    let home = Arc::new(Home::with(MOCK));
    script(&home, &[], "hello\n");
    for args in [&["chat", "--resume", "nope"][..], &["ask", "--cid", "nope", "x"], &["logs", "--conversation", "nope"]]
    {
        let output = Run::at(&home).args(args.iter().copied()).output();
        assert_eq!(output.end, crate::support::End::Code(66), "{args:?}: {}", output.notes());
    }
}

#[test]
fn settings_are_listed_and_errors_name_chat_commands() {
    let home = Arc::new(Home::with(MOCK));
    home.write("a.txt", "text");
    let output = script(&home, &[], "/set\n/attach a.txt\n");
    for setting in ["usage             off\n", "vi                off\n", "markdown          off\n"] {
        assert!(output.text().contains(setting), "{}", output.text());
    }
    assert!(output.notes().contains("hint: `/file` puts the text"), "{}", output.notes());
    let output = script(&home, &["-a", "a.txt"], "");
    assert!(output.notes().contains("hint: `-f` puts the text"), "{}", output.notes());
}

#[test]
fn a_template_with_a_prompt_is_refused_in_a_script() {
    let home = Arc::new(Home::with(&format!("{MOCK}[templates.sum]\nprompt = \"Sum up.\"\n")));
    script(&home, &["-t", "sum"], "hello\n").is(
        2,
        "",
        "error: the prompt of a template is offered at a terminal, and standard input is none\n\
         hint: `ask -t` asks it at once\n",
    );
}
