//! A round trip of a tool call, against a server that this example starts.
#![allow(clippy::print_stdout, reason = "an example")]

use axum::routing::post;
use axum::{Json, Router as App};
use llmroute_router::{Group, Provider, Router, Tool};
use serde_json::{Value, json};

/// Answers with a tool call first, and with text once the result is there.
async fn completions(Json(request): Json<Value>) -> String {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let result = messages.iter().find(|message| message["role"] == "tool").map(|message| message["content"].clone());
    let (delta, finish) = match result {
        Some(result) => {
            (json!({"content": format!("It is {} degrees in Oslo.", result.as_str().unwrap_or("?"))}), "stop")
        }
        None => {
            let call = json!({"name": "temperature", "arguments": "{\"city\": \"Oslo\"}"});
            (json!({"tool_calls": [{"index": 0, "id": "call-1", "type": "function", "function": call}]}), "tool_calls")
        }
    };
    let chunk =
        json!({"id": "1", "model": "small", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let app = App::new().route("/v1/chat/completions", post(completions));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let router = Router::builder()
        .provider("here", Provider::openai_compatible(url))
        .group("main", Group::new().deployment("here/small"))
        .build()?;
    let tool = Tool {
        name: "temperature".to_owned(),
        description: "Returns the temperature in a city.".to_owned(),
        parameters: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
    };
    let question = router.chat("main", "How warm is it in Oslo?").tool(tool);

    let first = question.clone().await?;
    let call = first.tool_calls.first().ok_or("the model should call the tool")?;
    println!("the model calls {}({})", call.name, call.arguments);
    let second = question.message(first.message()).tool_result(&call.id, "21").await?;

    println!("{}", second.text);
    assert_eq!(second.text, "It is 21 degrees in Oslo.");
    Ok(())
}
