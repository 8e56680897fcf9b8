//! A handler of axum that streams the answer, and one that waits for it.
#![allow(clippy::print_stdout, reason = "an example")]

use std::time::Duration;

use axum::Router as App;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use futures_util::TryStreamExt;
use llmroute_router::{ChatEvent, Deployment, ErrorKind, Group, Provider, Router};

async fn ask(State(router): State<Router>, body: String) -> Result<String, (StatusCode, String)> {
    match router.chat("main", body).timeout(Duration::from_secs(20)).user("ann").await {
        Ok(answer) => Ok(answer.text),
        Err(error) if error.kind() == ErrorKind::RateLimit => {
            Err((StatusCode::TOO_MANY_REQUESTS, format!("try again in {:?}", error.retry_after())))
        }
        Err(error) => Err((StatusCode::BAD_GATEWAY, error.to_string())),
    }
}

async fn stream(State(router): State<Router>, body: String) -> impl IntoResponse {
    Body::from_stream(router.chat("main", body).stream().try_filter_map(|event| async move {
        Ok(match event {
            ChatEvent::Text(text) => Some(text),
            ChatEvent::Restarted => Some("\n[restarted]\n".to_owned()),
            _ => None,
        })
    }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group("main", Group::new().deployment(Deployment::new("lab/short").option("text", "Because of the air.")))
        .build()?;
    let app = App::new().route("/ask", post(ask)).route("/stream", post(stream)).with_state(router);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    for path in ["ask", "stream"] {
        let reply = post_text(address, path, "Why is the sky blue?").await?;
        println!("/{path}: {reply}");
        assert!(reply.contains("Because of the air."));
    }
    Ok(())
}

/// Sends one request; a real program would use an HTTP client.
async fn post_text(to: std::net::SocketAddr, path: &str, body: &str) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(to).await?;
    let length = body.len();
    let head = format!("POST /{path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
    socket.write_all(head.as_bytes()).await?;
    let mut reply = String::new();
    socket.read_to_string(&mut reply).await?;
    Ok(reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
