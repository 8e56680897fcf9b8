//! `ask --template`: named prompts with placeholders, checked in the request that would be sent.

use crate::support::run::{Input, Run};

const PROFILE: &str = r#"
default_group = "main"
[providers.lab]
protocol = "openai"
base_url = "http://127.0.0.1:9/v1"
[groups.main]
deployments = [{ model = "lab/a" }]
[templates.sum]
prompt = "Sum up in {{n}} {{ unit }}: {{stdin}}"
system = "You write {{unit}}."
model = "lab/b"
params = { temperature = 0.5, top_k = 3 }
[templates.plain]
prompt = "Be kind."
"#;

/// The body that `ask --dry-run ARGS` would send, with `piped` on standard input.
fn body(args: &[&str], piped: Option<&str>) -> serde_json::Value {
    let input = piped.map_or(Input::Null, |text| Input::Bytes(text.into()));
    let output = Run::with(PROFILE).args([&["ask", "--dry-run"], args].concat()).input(input).output();
    let text = output.text();
    let line = text.lines().map(str::trim).find(|line| line.starts_with('{'));
    let line = line.unwrap_or_else(|| panic!("no body in {text}{}", output.notes()));
    serde_json::from_str(line).expect("JSON")
}

/// The last message of the body.
fn check(args: &[&str], piped: Option<&str>, want: &str) {
    let body = body(args, piped);
    let last = body["messages"].as_array().and_then(|messages| messages.last()).expect("a message");
    assert_eq!(last["content"], want);
}

/// `ask ARGS` ends with `code` and `error`.
fn check_error(args: &[&str], code: i32, error: &str) {
    let output = Run::with(PROFILE).args([&["ask"], args].concat()).output();
    output.is(code, "", error);
}

#[test]
fn placeholders_are_filled_from_options_and_stdin() {
    let args = ["-t", "sum", "-o", "n=3", "-o", "unit=words"];
    check(&args, Some("a long text"), "Sum up in 3 words: a long text");
    let body = body(&args, Some("a long text"));
    assert_eq!(body["messages"][0]["content"], "You write words.");
    assert_eq!((&body["model"], &body["temperature"], &body["top_k"]), (&"b".into(), &0.5.into(), &3.into()));
}

#[test]
fn inserted_text_is_not_expanded_again() {
    check(
        &["-t", "sum", "-o", "n={{unit}}", "-o", "unit={{stdin}}"],
        Some("{{n}}"),
        "Sum up in {{unit}} {{stdin}}: {{n}}",
    );
}

#[test]
fn typed_text_follows_the_template_and_piped_text_precedes_it() {
    check(&["-t", "plain", "Why?"], Some("text\n"), "text\n\nBe kind.\n\nWhy?");
    check(&["-t", "plain", "--no-stdin"], None, "Be kind.");
}

#[test]
fn the_command_line_overrides_the_template() {
    let args = ["-t", "sum", "-o", "n=1", "-o", "unit=x", "-o", "temperature=1", "-m", "main", "-s", "Be."];
    let body = body(&args, Some("text"));
    assert_eq!((&body["model"], &body["temperature"]), (&"a".into(), &1.0.into()));
    assert_eq!(body["messages"][0]["content"], "Be.");
}

#[test]
fn a_missing_variable_is_named() {
    check_error(&["-t", "sum", "-o", "n=3"], 2, "error: template `sum` needs `unit`\nhint: -o unit=VALUE\n");
    let want = "error: the template needs `stdin`\nhint: pipe text into `ask`\n";
    check_error(&["-t", "sum", "-o", "n=3", "-o", "unit=x", "--no-stdin"], 2, want);
}

#[test]
fn an_unused_variable_is_named() {
    let want = "error: template `plain` has no `{{n}}`\n\
        hint: further fields of the request stand in the template's `params`\n";
    check_error(&["-t", "plain", "-o", "n=3"], 2, want);
}

#[test]
fn an_unknown_template_gets_a_suggestion() {
    check_error(&["-t", "plane"], 78, "error: unknown template `plane`\nhint: did you mean `plain`?\n");
}

#[test]
fn the_profile_shows_its_templates() {
    let output = Run::with(PROFILE).args(["profile", "show"]).output();
    assert!(output.text().contains("[templates.plain]\nprompt = \"Be kind.\"  # profile\n"), "{}", output.text());
}
