//! The events of a request, as spans of `tracing` (`llm.chat`, `llm.attempt`) and as events of the stream.
#![allow(clippy::print_stdout, reason = "an example")]

use futures_util::TryStreamExt;
use llmroute_router::{ChatEvent, Deployment, Group, Provider, Router};
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    tracing_subscriber::fmt().with_span_events(FmtSpan::CLOSE).without_time().with_ansi(false).init();
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group(
            "main",
            Group::new()
                .deployment(Deployment::new("lab/cut").order(1).option("faults", "cut@3"))
                .deployment(Deployment::new("lab/whole").order(2).option("tokens", 6)),
        )
        .build()?;

    let mut stream = router.chat("main", "hello").stream();
    let (mut failed, mut restarted, mut text) = (0, 0, String::new());
    while let Some(event) = stream.try_next().await? {
        match event {
            ChatEvent::Text(piece) => text.push_str(&piece),
            ChatEvent::Restarted => {
                restarted += 1;
                text.clear();
            }
            ChatEvent::AttemptFailed { deployment, error, .. } => {
                failed += 1;
                println!("{deployment} failed: {error}");
            }
            ChatEvent::Done(answer) => {
                println!("done: {text}");
                assert_eq!(answer.text, text);
            }
            other => println!("{other:?}"),
        }
    }
    assert_eq!((failed, restarted), (1, 1));
    Ok(())
}
