//! `headers`, `query`, `patch` and `strict_params`: changes that a profile makes to requests.

use crate::support::{ANSWER, KEY, Output, Profile, Run, Server};

/// Runs `ask what? ARGS` with these keys of the only deployment, and of its provider.
fn ask(server: &Server, model: &str, keys: &str, provider: &str, args: &[&str]) -> Output {
    let url = format!("{}/v1", server.url());
    let profile = format!(
        "[providers.openai]\nbase_url = \"{url}\"\napi_key = \"env:LAB_KEY\"\n{provider}\n\
         [groups.main]\ndeployments = [{{ model = \"openai/{model}\"{keys} }}]\n"
    );
    Run::with(&profile).env("LAB_KEY", KEY).args(["ask", "what?"]).args(args.iter().copied()).output()
}

#[test]
fn headers_and_query_are_sent() {
    let server = Server::start();
    let provider =
        "headers = { X-Team = \"a\", X-Kind = \"b\" }\nquery = { api-version = \"2024-10-21\", trace = \"x y\" }";
    let keys = ", headers = { x-kind = \"c\" }, query = { trace = \"&z\" }";
    ask(&server, "good", keys, provider, &[]).is(0, &format!("{ANSWER}\n"), "");
    let call = &server.calls()[0];
    assert_eq!(call.path, "/v1/chat/completions?api-version=2024-10-21&trace=%26z");
    assert_eq!((call.header("x-team"), call.header("x-kind")), (Some("a"), Some("c")));
}

#[test]
fn overrides_go_to_no_other_host() {
    let (first, second) = (Server::start(), Server::start());
    let profile = Profile::new()
        .provider("one", "openai", &first.url())
        .deployment(
            "one/500",
            ", headers = { X-Team = \"a\" }, query = { token = \"topsecret\" }, patch = { set = { user = \"me\" } }",
        )
        .provider("two", "openai", &second.url())
        .deployment("two/good", "");
    let output = Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "what?"]).output();
    assert_eq!(output.text(), format!("{ANSWER}\n"));
    let (asked, other) = (&first.calls()[0], &second.calls()[0]);
    assert_eq!((asked.path.as_str(), &asked.json()["user"]), ("/v1/chat/completions?token=topsecret", &"me".into()));
    assert_eq!((other.path.as_str(), other.header("x-team")), ("/v1/chat/completions", None));
    assert!(other.json().get("user").is_none());
}

#[test]
fn overrides_are_shown_with_the_profile() {
    let profile = "[providers.openai]\npatch = { remove = [\"stream_options\"] }\n\
        strict_params = true\n[groups.main]\ndeployments = [{ model = \"openai/x\", patch = { set = { user = \"me\" } } }]\n";
    let shown = Run::with(profile).args(["profile", "show"]).output().text();
    for line in [
        "patch = { remove = [\"stream_options\"] }  # provider",
        "strict_params = true  # provider",
        "patch = { set = { user = \"me\" } }  # deployment",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}

#[test]
fn a_patch_changes_the_body() {
    let server = Server::start();
    let provider =
        "patch = { remove = [\"stream_options\"], set = { \"metadata.team\" = \"a\", \"messages.0.name\" = \"p\" } }";
    let keys = ", patch = { remove = [\"metadata.team\"], set = { metadata = { kind = \"b\" }, max_tokens = 7 } }";
    ask(&server, "good", keys, provider, &[]).is(0, &format!("{ANSWER}\n"), "");
    let want = r#"{"model":"good","messages":[{"role":"user","content":"what?","name":"p"}],"stream":true,"metadata":{"kind":"b"},"max_tokens":7}"#;
    assert_eq!(String::from_utf8_lossy(&server.calls()[0].body), want);
}

#[test]
fn an_unsupported_preference_is_dropped_with_a_note_or_refused_when_strict() {
    let server = Server::start().may_be_idle();
    let args = ["--temperature", "0.5", "--dry-run"];
    let text = ask(&server, "o3", "", "", &args).text();
    assert!(text.contains("left out: temperature"), "{text}");
    for (keys, provider) in [
        (", strict_params = true", ""),
        ("", "strict_params = true"),
        (", strict_params = true", "strict_params = false"),
    ] {
        let stderr = "error: no deployment of `main` could answer\n  \
            openai/o3: unsupported: `o3` does not take temperature (strict_params)\n";
        ask(&server, "o3", keys, provider, &args[..2]).is(65, "", stderr);
    }
    let text = ask(&server, "o3", ", strict_params = false", "strict_params = true", &args).text();
    assert!(text.contains("left out: temperature"), "{text}");
    assert!(server.calls().is_empty());
}

#[test]
fn an_unsupported_requirement_is_always_an_error() {
    let server = Server::start().may_be_idle();
    let stderr = "error: no deployment of `main` could answer\n  openai/o3: unsupported: `o3` takes no stop texts\n";
    ask(&server, "o3", "", "", &["-o", "stop=END"]).is(65, "", stderr);
}

#[test]
fn mistakes_are_reported_with_their_place() {
    let server = Server::start().may_be_idle();
    let output = ask(&server, "good", ", patch = { sets = {}, remove = [\"a..b\"] }, query = { a = 1 }", "", &[]);
    let notes = output.notes();
    for word in [
        "unknown field `sets` of a patch",
        "did you mean `set`?",
        "`a..b` is not the path of a field",
        "expected text, found integer",
    ] {
        assert!(notes.contains(word), "no `{word}` in {notes}");
    }
    assert_eq!(output.end, 78.into());
}

#[test]
fn several_answers_are_refused() {
    let server = Server::start().may_be_idle();
    let stderr =
        "error: `-o n=2` requests several answers, and `ask` prints one\nhint: run the command several times\n";
    ask(&server, "good", "", "", &["-o", "n=2"]).is(2, "", stderr);
    let output = ask(&server, "good", ", params = { n = 2 }", "", &[]);
    assert!(output.notes().contains("`n` requests several answers, and a call has one"), "{}", output.notes());
}
