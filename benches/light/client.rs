//! The subject `transport`: this crate's network layer, and nothing around it but a loop that prints.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use llmroute_core::model::Failure;
use llmroute_core::wire::WireRequest;
use llmroute_router::ports::Transport;
use llmroute_router::transport::HttpTransport;

/// `--client URL`: posts the request and prints the body as it comes.
pub fn run(url: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    match runtime.block_on(print(url)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.message);
            ExitCode::FAILURE
        }
    }
}

async fn print(url: &str) -> Result<(), Failure> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let url = url.parse().expect("the benchmark gives a URL");
    let request = WireRequest { method: http::Method::POST, url, headers, body: crate::BODY.into(), sign: None };
    let mut reply = HttpTransport::default().send(request, Duration::from_secs(5)).await?;
    let mut out = std::io::stdout().lock();
    while let Some(chunk) = reply.body.next().await {
        out.write_all(&chunk?).and_then(|()| out.flush()).expect("stdout can be written");
    }
    Ok(())
}
