//! Tools through the library: offered, called and answered, with the bytes of both requests.

use std::ops::ControlFlow;

use llmroute_core::model::{Answer, Event, Finish, Message, Part, Prompt, Role, Timestamp, Tool, ToolCall};
use llmroute_core::routing::GroupId;
use llmroute_router::builder::Environment;
use llmroute_router::engine::{Delivery, Engine, Observer, Request, RouterEvent};
use llmroute_router::ports::Clock;
use llmroute_router::profile::{EnvVars, LoadOptions, Profile, Source};
use llmroute_router::state::StateLocation;
use serde_json::json;

use crate::support::{ANSWER, Server};

/// Ignores events.
struct Reader;

impl Observer for Reader {
    fn on_event(&mut self, _: RouterEvent<'_>) {}
    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The answer of `model` at `server` to `prompt`.
fn ask(server: &Server, protocol: &str, model: &str, prompt: Prompt) -> Answer {
    let text = format!(
        "[providers.lab]\nprotocol = \"{protocol}\"\nbase_url = \"{}\"\n[groups.main]\n\
         deployments = [{{ model = \"lab/{model}\" }}]",
        server.url()
    );
    let vars = EnvVars::default();
    let inputs = LoadOptions { env: &vars, long_lived: true };
    let profile = Profile::parse(Source::Demo, &text, &inputs).unwrap_or_else(|error| panic!("{error}"));
    let clock = Clock::starting_at(Timestamp(1_790_000_000_000));
    let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 1 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let router = Engine::from_profile(profile, &around);
        let request = Request::new(GroupId(0), prompt, Delivery::Whole, clock.now());
        let done = router.run(&request, &mut fastrand::Rng::with_seed(1), &mut Reader).await;
        done.unwrap_or_else(|error| panic!("{error:?}")).answer
    })
}

/// A tool is offered to `protocol`, called with the id `id`, and answered; both bodies as they were sent.
#[track_caller]
fn check(protocol: &str, id: &str, offered: &str, answered: &str) {
    let server = Server::start();
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = Tool { name: "weather".into(), description: "Weather of a city".into(), parameters };
    let mut prompt = Prompt { tools: vec![tool], ..Prompt::user("Weather in Bern?") };
    let answer = ask(&server, protocol, "tool-call", prompt.clone());
    let call = ToolCall {
        id: id.to_owned(),
        name: "weather".into(),
        arguments: "{\"city\":\"Bern\"}".into(),
        signature: None,
    };
    assert_eq!((answer.finish, &answer.tool_calls), (Some(Finish::ToolCalls), &vec![call]));
    let calls = answer.tool_calls.into_iter();
    let parts = calls.map(Part::from).collect();
    prompt.messages.push(Message { role: Role::Assistant, parts });
    let result = Part::ToolResult { id: id.to_owned(), text: "12 °C".into() };
    prompt.messages.push(Message { role: Role::User, parts: vec![result] });
    assert_eq!(ask(&server, protocol, "good", prompt).text, ANSWER);
    let bodies: Vec<String> =
        server.calls().iter().map(|call| String::from_utf8_lossy(&call.body).into_owned()).collect();
    assert_eq!(bodies, [offered, answered]);
}

#[test]
fn chat_completions() {
    let tools = r#""tools":[{"type":"function","function":{"name":"weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]"#;
    let stream = r#""stream":true,"stream_options":{"include_usage":true}"#;
    let question = r#"{"role":"user","content":"Weather in Bern?"}"#;
    let call = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_test","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bern\"}"}}]}"#;
    let result = r#"{"role":"tool","tool_call_id":"call_test","content":"12 °C"}"#;
    check(
        "openai",
        "call_test",
        &format!(r#"{{"model":"tool-call","messages":[{question}],{stream},{tools}}}"#),
        &format!(r#"{{"model":"good","messages":[{question},{call},{result}],{stream},{tools}}}"#),
    );
}

#[test]
fn messages() {
    let tools = r#""tools":[{"name":"weather","description":"Weather of a city","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]"#;
    let question = r#"{"role":"user","content":"Weather in Bern?"}"#;
    let call = r#"{"role":"assistant","content":[{"type":"tool_use","id":"toolu_test","name":"weather","input":{"city":"Bern"}}]}"#;
    let result = r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_test","content":"12 °C"}]}"#;
    check(
        "anthropic",
        "toolu_test",
        &format!(r#"{{"model":"tool-call","max_tokens":4096,"messages":[{question}],"stream":true,{tools}}}"#),
        &format!(
            r#"{{"model":"good","max_tokens":4096,"messages":[{question},{call},{result}],"stream":true,{tools}}}"#
        ),
    );
}
