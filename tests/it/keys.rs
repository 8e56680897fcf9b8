//! `llmroute keys`, model names without a provider, and several keys for one deployment.

use std::sync::Arc;

use crate::support::{ANSWER, End, Home, Input, KEY, Profile, Run, Screen, Server};

#[cfg(not(feature = "keyring"))]
#[test]
fn a_build_without_the_keyring_feature_says_so_and_saves_nothing() {
    let home = Arc::new(Home::new());
    let set = Run::at(&home).args(["keys", "set", "work"]).input(Input::Bytes(b"sk-test-1\n".to_vec())).output();
    assert_eq!(set.end, End::Code(1));
    let notes = set.notes();
    assert!(notes.contains("this build has no keyring (feature `keyring`)\nhint: "), "{notes}");
    assert!(!notes.contains("sk-test"), "{notes}");
    let list = Run::at(&home).args(["keys", "list"]).output();
    assert_eq!((list.end, list.text().as_str()), (End::Code(0), ""));
    assert_eq!(Run::at(&home).args(["keys", "rm", "work"]).output().end, End::Code(1));
}

#[cfg(not(feature = "keyring"))]
#[test]
fn a_profile_with_a_key_in_the_keyring_says_what_is_missing() {
    let profile = Profile::new().provider_with("lab", "openai", "http://127.0.0.1:9/v1", "keyring:work");
    let output = Run::with(&profile.deployment("lab/good", "").text()).args(["ask", "why?"]).output();
    assert_eq!(output.end, End::Code(78), "{}", output.notes());
    assert!(output.notes().contains("this build has no keyring"), "{}", output.notes());
}

#[cfg(feature = "keyring")]
#[test]
fn without_a_keyring_service_the_error_says_what_to_do() {
    let home = Arc::new(Home::new());
    let nobody = "unix:path=/nonexistent/bus";
    let set = Run::at(&home)
        .env("DBUS_SESSION_BUS_ADDRESS", nobody)
        .args(["keys", "set", "work"])
        .input(Input::Bytes(b"sk-test-1\n".to_vec()))
        .output();
    assert_eq!(set.end, End::Code(1));
    let notes = set.notes();
    assert!(notes.contains("no keyring service answers") && notes.contains("`file:PATH`"), "{notes}");
    assert!(!notes.contains("sk-test"), "{notes}");
    let profile = Profile::new().provider_with("lab", "openai", "http://127.0.0.1:9/v1", "keyring:work");
    let ask = Run::with(&profile.deployment("lab/good", "").text()).env("DBUS_SESSION_BUS_ADDRESS", nobody);
    let output = ask.args(["ask", "why?"]).output();
    assert!(output.notes().contains("no keyring service answers"), "{}", output.notes());
}

#[test]
fn a_key_is_never_taken_as_an_argument() {
    let output = Run::at(&Arc::new(Home::new())).args(["keys", "set", "work", "sk-test-1"]).output();
    assert_eq!(output.end, End::Code(2));
    let nothing = Run::at(&Arc::new(Home::new())).args(["keys", "set", "work"]).output();
    assert_eq!(nothing.end, End::Code(2));
    assert!(nothing.notes().contains("there is no key"), "{}", nothing.notes());
}

/// Runs `ask -m NAME` with the server in place of OpenAI.
#[test]
fn a_bare_model_name_reaches_its_provider() {
    let server = Server::start();
    let profile =
        Profile::new().provider("openai", "openai", &format!("{}/v1", server.url())).deployment("openai/good", "");
    let home = Arc::new(Home::with(&profile.text()));
    let ask = |name: &str| Run::at(&home).env("LAB_KEY", KEY).args(["ask", "-m", name, "why?"]).output();
    let output = ask("gpt-4o");
    assert_eq!(server.models(), ["gpt-4o"], "{}", output.notes());
    let unknown = ask("gtp-4o");
    assert_eq!(unknown.end, End::Code(78), "{}", unknown.notes());
    assert!(unknown.notes().contains("hint: did you mean `openai/gpt-4o`?"), "{}", unknown.notes());
}

/// A home where `lab/good` has one key that the server refuses and one that it accepts.
fn two_keys(server: &Server, more: &str) -> Arc<Home> {
    let more = format!(", api_key = [\"env:BAD_KEY\", \"env:LAB_KEY\"]{more}");
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url()));
    Arc::new(Home::with(&profile.deployment("lab/good", &more).retries(1).text()))
}

/// The number of requests sent with each key.
fn sent(server: &Server) -> (usize, usize) {
    let with = |key: &str| {
        let bearer = format!("Bearer {key}");
        server.calls().iter().filter(|call| call.header("authorization") == Some(bearer.as_str())).count()
    };
    (with(BAD), with(KEY))
}

const BAD: &str = "sk-test-revoked";

fn ask(home: &Arc<Home>, seed: usize) {
    let seed = seed.to_string();
    let run = Run::at(home).env("LAB_KEY", KEY).env("BAD_KEY", BAD);
    let output = run.args(["ask", "--route-seed", &seed, "why?"]).output();
    assert_eq!((output.end, output.text()), (End::Code(0), format!("{ANSWER}\n")), "{}", output.notes());
    assert!(!output.notes().contains("sk-test"), "{}", output.notes());
}

#[test]
fn a_refused_key_does_not_affect_the_other() {
    let server = Server::start();
    let home = two_keys(&server, "");
    (1..=6).for_each(|seed| ask(&home, seed));
    // One refusal is enough: the deployment cools down for at least a minute.
    let (bad, good) = sent(&server);
    assert_eq!((bad.min(1), good), (bad, 6), "{bad} calls with the bad key");
}

#[test]
fn each_key_has_its_own_breaker_and_state() {
    let server = Server::start();
    let home = two_keys(&server, ", weight = 1");
    let mut seed = 0;
    while sent(&server).0 == 0 {
        seed += 1;
        assert!(seed < 40, "luck never chose the first key");
        ask(&home, seed);
    }
    let show = Run::at(&home).env("LAB_KEY", KEY).env("BAD_KEY", BAD).args(["state", "show"]).output();
    let text = show.text();
    assert!(text.contains("deployment lab/good\n  breaker  open until "), "{text}");
    assert!(text.contains(", after authentication\n"), "{text}");
    assert!(text.contains("deployment lab/good #2\n  breaker  closed\n"), "{text}");
    assert!(!text.contains("sk-test"), "{text}");
}

#[test]
fn each_key_has_its_own_limit() {
    let server = Server::start();
    let more = ", api_key = [\"env:LAB_KEY\", \"env:SPARE_KEY\"], rpm = 1";
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url()));
    let profile = profile.deployment("lab/good", more).router("max_wait = \"1ms\"").text();
    let home = Arc::new(Home::with(&profile));
    let ask =
        || Run::at(&home).env("LAB_KEY", KEY).env("SPARE_KEY", "sk-test-spare").args(["ask", "why?"]).output().end;
    assert_eq!([ask(), ask(), ask()], [End::Code(0), End::Code(0), End::Code(75)]);
    let keys: std::collections::BTreeSet<String> =
        server.calls().iter().filter_map(|call| call.header("authorization").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 2, "each was used once: {keys:?}");
}

#[test]
fn an_empty_variable_counts_as_unset_and_the_next_name_is_used() {
    let server = Server::start();
    let profile = format!(
        "[providers.anthropic]\nbase_url = {:?}\napi_key = \"env:ANTHROPIC_API_KEY|CLAUDE_API_KEY\"\n\
         [groups.main]\ndeployments = [{{ model = \"anthropic/good\" }}]\n",
        server.url()
    );
    let run = Run::with(&profile).env("ANTHROPIC_API_KEY", "").env("CLAUDE_API_KEY", KEY);
    let output = run.args(["ask", "why?"]).output();
    assert_eq!((output.end, output.text()), (End::Code(0), format!("{ANSWER}\n")), "{}", output.notes());
    assert_eq!(server.calls()[0].header("x-api-key"), Some(KEY));
}

#[test]
fn the_variables_of_a_provider_are_tried_in_order() {
    let server = Server::start();
    let profile = "[groups.main]\ndeployments = [{ model = \"anthropic/good\" }]\n";
    let run = Run::with(profile).env("ANTHROPIC_BASE_URL", &server.url());
    let output = run.env("ANTHROPIC_API_KEY", "").env("CLAUDE_API_KEY", KEY).args(["ask", "why?"]).output();
    assert_eq!(output.end, End::Code(0), "{}", output.notes());
    let without = Run::with(profile).env("ANTHROPIC_API_KEY", "").args(["ask", "why?"]).output();
    assert_eq!(without.end, End::Code(78));
    assert!(without.notes().contains("none of ANTHROPIC_API_KEY, CLAUDE_API_KEY is set"), "{}", without.notes());
}

/// A home whose key command reads the key from the terminal.
fn asking_home(url: &str) -> Home {
    let command =
        "cmd:stty -echo </dev/tty; printf 'Passphrase: ' >/dev/tty; read key </dev/tty; stty echo </dev/tty; echo $key";
    let profile = Profile::new().provider_with("lab", "openai", &format!("{url}/v1"), command);
    Home::with(&profile.deployment("lab/good", "").text())
}

#[test]
fn a_key_command_can_ask_at_the_terminal() {
    let server = Server::start();
    let home = asking_home(&server.url());
    let mut screen = Screen::start(&home, &["ask", "-q", "why?"], &[]);
    screen.shows("Passphrase:");
    screen.line(KEY);
    screen.shows(ANSWER);
    assert_eq!(screen.end(), Some(0));
}

#[test]
fn ctrl_c_at_the_question_of_a_key_command_ends_the_program() {
    let home = asking_home("http://127.0.0.1:9");
    let mut screen = Screen::start(&home, &["ask", "-q", "why?"], &[]);
    screen.shows("Passphrase:");
    screen.send("\u{3}");
    // It ended by the signal.
    assert_eq!(screen.end(), None);
}
