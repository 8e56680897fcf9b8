//! Errors by class, and what to do about each.
#![allow(clippy::print_stdout, reason = "an example")]

use std::time::Duration;

use llmroute_router::{Deployment, ErrorKind, Group, Provider, Router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmroute_router::Error> {
    let group = |faults: &str| {
        Group::new().deployment(Deployment::new(format!("lab/{faults}")).option("faults", faults)).num_retries(0)
    };
    let router = Router::builder()
        .provider("lab", Provider::simulated())
        .group("limited", group("429").option("max_wait", "1ms"))
        .group("refused", group("401"))
        .group("overloaded", group("503"))
        .group("silent", group("stall").deadline(Duration::from_millis(100)))
        .build()?;

    let mut kinds = Vec::new();
    for name in ["limited", "refused", "overloaded", "silent", "unknown"] {
        let Err(error) = router.chat(name, "hello").await else { continue };
        let advice = match error.kind() {
            ErrorKind::RateLimit => format!("answer 429, Retry-After: {:?}", error.retry_after()),
            ErrorKind::Authentication => "page the one who owns the key".to_owned(),
            ErrorKind::UnknownGroup => "answer 404".to_owned(),
            _ if error.is_retryable() => "answer 503; the client may retry".to_owned(),
            _ => "answer 500".to_owned(),
        };
        println!("{name}: {error} → {advice} ({} attempts)", error.attempts().len());
        kinds.push(error.kind());
    }
    assert_eq!(
        kinds,
        [
            ErrorKind::RateLimit,
            ErrorKind::Authentication,
            ErrorKind::Overloaded,
            ErrorKind::Timeout,
            ErrorKind::UnknownGroup
        ]
    );
    Ok(())
}
