//! `ask --schema` and `--verify`: only an answer that passes is printed; a failing one is requested once more, then
//! from the next deployment.

use crate::support::faults::{Fault, Packets, Reply, Step};
use crate::support::{KEY, Output, Profile, Run, Server};

const SCHEMA: &str = r#"{"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}"#;
const VALID: &str = r#"{"age": 36}"#;

const fn says(steps: &'static [Step]) -> Reply {
    Reply::Stream { packets: Packets::Events, gzip: false, steps }
}

const GOOD: Reply = says(&[Step::Text(VALID), Step::Finish("stop"), Step::Done]);
const BAD: Reply = says(&[Step::Text(r#"{"age": "many"}"#), Step::Finish("stop"), Step::Done]);
const FENCED: Reply = says(&[Step::Text("```json\n{\"age\": 36}\n```"), Step::Finish("stop"), Step::Done]);
const CUT: Reply = says(&[Step::Text(r#"{"age": "#), Step::Finish("length"), Step::Done]);

const MODELS: &[Fault] = &[
    Fault { name: "valid", first: GOOD, later: GOOD },
    Fault { name: "invalid", first: BAD, later: BAD },
    Fault { name: "second-time", first: BAD, later: GOOD },
    Fault { name: "fenced", first: FENCED, later: FENCED },
    Fault { name: "too-long", first: CUT, later: CUT },
];

/// `ask what? ARGS` of a group of these models.
fn ask(server: &Server, models: &[&str], args: &[&str]) -> Output {
    let profile = Profile::new().provider("lab", "openai", &server.url()).retries(3);
    let profile = models.iter().fold(profile, |profile, model| profile.deployment(&format!("lab/{model}"), ""));
    Run::with(&profile.text()).env("LAB_KEY", KEY).args(["ask", "what?"]).args(args.iter().copied()).output()
}

/// Compares the whole output and the models that were called.
#[track_caller]
fn check(models: &[&str], args: &[&str], code: i32, stdout: &str, stderr: &str, asked: &[&str]) {
    let server = Server::with(MODELS).may_be_idle();
    ask(&server, models, args).is(code, stdout, stderr);
    assert_eq!(server.models(), asked);
}

const WRONG: &str = "invalid_output: the answer is rejected: at `/age`: want integer, but got string";

#[test]
fn a_document_that_satisfies_the_schema_is_printed() {
    let server = Server::with(MODELS);
    ask(&server, &["valid"], &["--schema", SCHEMA]).is(0, &format!("{VALID}\n"), "");
    let format = server.calls()[0].json()["response_format"].clone();
    assert_eq!(
        (&format["type"], &format["json_schema"]["schema"]["required"][0]),
        (&"json_schema".into(), &"age".into())
    );
    check(&["fenced"], &["--schema", SCHEMA], 0, &format!("{VALID}\n"), "", &["fenced"]);
}

#[test]
fn an_invalid_document_is_requested_once_more() {
    let stderr = format!("llmroute: lab/second-time failed ({WRONG}); trying it again\n");
    let asked = ["second-time", "second-time"];
    check(&["second-time", "valid"], &["--schema", SCHEMA], 0, &format!("{VALID}\n"), &stderr, &asked);
}

#[test]
fn the_repeat_tells_the_model_what_was_wrong() {
    for (args, why) in [
        (["--schema", SCHEMA], "want integer, but got string"),
        (["--verify", "grep -q 36 || { echo too young >&2; exit 1; }"], "too young"),
    ] {
        let server = Server::with(MODELS);
        assert_eq!(ask(&server, &["second-time"], &args).text(), format!("{VALID}\n"));
        let calls = server.calls();
        let (first, second) = (calls[0].json(), calls[1].json());
        let messages = |body: &serde_json::Value| body["messages"].as_array().cloned().unwrap_or_default();
        let (first, second) = (messages(&first), messages(&second));
        assert_eq!(second.len(), first.len() + 2);
        assert_eq!(second[first.len()]["content"], r#"{"age": "many"}"#);
        let last = second[first.len() + 1].to_string();
        assert!(last.contains(why), "{last}");
    }
}

#[test]
fn after_two_invalid_documents_the_next_deployment_is_called() {
    let stderr = format!(
        "llmroute: lab/invalid failed ({WRONG}); trying it again\n\
         llmroute: lab/invalid failed ({WRONG}); trying lab/valid\n"
    );
    let asked = ["invalid", "invalid", "valid"];
    check(&["invalid", "valid"], &["--schema", SCHEMA], 0, &format!("{VALID}\n"), &stderr, &asked);
}

#[test]
fn nothing_is_printed_when_no_answer_satisfies_the_schema() {
    let stderr = format!(
        "llmroute: lab/invalid failed ({WRONG}); trying it again\n\
         error: no deployment of `main` could answer\n  lab/invalid: {WRONG}\n  lab/invalid: {WRONG}\n\
         hint: ask a stronger model, or add one as a fallback\n"
    );
    check(&["invalid"], &["--schema", SCHEMA], 69, "", &stderr, &["invalid", "invalid"]);
}

#[test]
fn a_truncated_answer_is_not_requested_again() {
    let why = "invalid_output: the answer is rejected (the token limit cut it; raise --max-tokens): \
        it is not valid JSON: EOF while parsing a value at line 1 column 7";
    let stderr = format!("llmroute: lab/too-long failed ({why}); trying lab/valid\n");
    check(&["too-long", "valid"], &["--schema", SCHEMA], 0, &format!("{VALID}\n"), &stderr, &["too-long", "valid"]);
}

#[test]
fn an_invalid_schema_is_a_usage_error() {
    let wrong = |typed: &str, code, stderr: &str| check(&["valid"], &["--schema", typed], code, "", stderr, &[]);
    let stderr = "error: `--schema` is not a valid JSON Schema: at `/properties/a/type`: \
        value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\n";
    wrong(r#"{"properties": {"a": {"type": "strin"}}}"#, 2, stderr);
    wrong("{\"type\": }", 2, "error: `--schema` is not valid JSON: expected value at line 1 column 10\n");
    wrong("person.json", 66, "error: the schema `person.json` does not exist\n");
    wrong("/dev/zero", 66, "error: the schema `/dev/zero` is not a regular file\n");
    wrong(
        ".config/llmroute/profile.toml",
        2,
        "error: `.config/llmroute/profile.toml` is not valid JSON: expected value at line 1 column 1\n",
    );
}

#[test]
fn the_verify_command_gets_the_whole_answer() {
    check(&["valid"], &["--verify", "grep -qx '{\"age\": 36}'"], 0, &format!("{VALID}\n"), "", &["valid"]);
    let why = "invalid_output: the answer is rejected: `--verify`: too young";
    let stderr = format!(
        "llmroute: lab/invalid failed ({why}); trying it again\n\
         llmroute: lab/invalid failed ({why}); trying lab/valid\n"
    );
    let args = ["--verify", "grep -q 36 || { echo 'too \u{1b}[1myoung'; exit 1; } >&2"];
    let stderr = stderr.replace("too young", "too [1myoung");
    check(&["invalid", "valid"], &args, 0, &format!("{VALID}\n"), &stderr, &["invalid", "invalid", "valid"]);
}

#[test]
fn schema_and_verify_combine_and_the_command_gets_the_document() {
    let args = ["--schema", SCHEMA, "--verify", "test \"$(cat)\" = '{\"age\": 36}'"];
    check(&["fenced"], &args, 0, &format!("{VALID}\n"), "", &["fenced"]);
}

#[test]
fn stream_json_restarts_after_an_invalid_answer() {
    let server = Server::with(MODELS);
    let output = ask(&server, &["second-time"], &["--schema", SCHEMA, "--stream-json", "--midstream", "fail"]);
    let text = output.text();
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(names, ["attempt", "delta", "delta", "failover", "attempt", "restart", "delta", "delta", "done"]);
    let done = events.last().expect("an event");
    assert_eq!((&done["text"], &done["restarted"]), (&VALID.into(), &true.into()));
    assert_eq!(
        (&done["attempts"][0]["class"], &done["attempts"][1]["outcome"]),
        (&"invalid_output".into(), &"ok".into())
    );
}

#[test]
fn a_missing_verify_command_fails_before_any_call() {
    let stderr = "error: `--verify`: the command `no-such-judge` does not exist\n\
        hint: it is run by `sh`, which looks for it in `PATH`\n";
    check(&["valid"], &["--verify", "no-such-judge --strict"], 2, "", stderr, &[]);
}

#[test]
fn an_endless_schema_fails_before_any_call() {
    let stderr = "error: `--schema` is not a valid JSON Schema: at `/`: it refers to itself without end\n";
    check(&["valid"], &["--schema", "{\"$ref\": \"#\"}"], 2, "", stderr, &[]);
}

const CUT_BY_LIMIT: &str = "invalid_output: the token limit cut the answer";

#[test]
fn a_cut_answer_is_a_failure_if_the_caller_says_so() {
    let stderr = format!("llmroute: lab/too-long failed ({CUT_BY_LIMIT}); trying lab/valid\n");
    let asked = ["too-long", "valid"];
    check(&["too-long", "valid"], &["--fail-on-truncated"], 0, &format!("{VALID}\n"), &stderr, &asked);
}

#[test]
fn a_group_can_make_cut_answers_failures() {
    let server = Server::with(MODELS);
    let profile = Profile::new().provider("lab", "openai", &server.url()).deployment("lab/too-long", "");
    let run = |on_length| {
        let profile =
            profile.text().replacen("[groups.main]", &format!("[groups.main]\non_length = \"{on_length}\""), 1);
        Run::with(&profile).env("LAB_KEY", KEY).args(["ask", "-S", "what?"]).output()
    };
    let cut = "{\"age\": \n";
    run("accept").is(0, cut, "llmroute: the answer was cut at the token limit (raise --max-tokens)\n");
    let failed = run("fail");
    assert_eq!((failed.end, failed.text().as_str()), (69.into(), ""), "{}", failed.notes());
    assert!(failed.notes().contains(CUT_BY_LIMIT), "{}", failed.notes());
}
