//! The public API, as a program that uses the library sees it.

use std::fmt::Debug;
use std::future::IntoFuture;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use llmroute_router::{
    AttemptOutcome, ChatEvent, ChatFuture, ChatRequest, ChatResponse, ChatStream, Deployment, Error, ErrorKind, Group,
    Provider, Router, RouterBuilder,
};

fn lab(groups: impl IntoIterator<Item = (&'static str, Group)>) -> Router {
    let builder = Router::builder().provider("lab", Provider::simulated()).env([("HOME", "/nowhere")]);
    let builder = groups.into_iter().fold(builder, |builder, (name, group)| builder.group(name, group));
    builder.build().unwrap_or_else(|error| panic!("{error:?}"))
}

fn works(name: &str) -> Deployment {
    Deployment::new(format!("lab/{name}")).option("tokens", 4)
}

fn fails(name: &str, faults: &str) -> Deployment {
    works(name).option("faults", faults)
}

/// Holds at compile time.
#[test]
fn the_types_can_be_used_in_services() {
    fn handle<T: Clone + Debug + Send + Sync + 'static>() {}
    fn value<T: Clone + Debug + Send + Sync + 'static>() {}
    fn task<T: Debug + Send + 'static>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    handle::<Router>();
    value::<ChatResponse>();
    value::<ChatEvent>();
    value::<ChatRequest>();
    task::<ChatFuture>();
    task::<ChatStream>();
    task::<RouterBuilder>();
    error::<Error>();
}

#[tokio::test]
async fn a_request_can_be_spawned() {
    let router = lab([("main", Group::new().deployment(works("a")))]);
    let answer = tokio::spawn(router.chat("main", "hello").into_future()).await.unwrap().unwrap();
    assert_eq!(answer.deployment, "lab/a");
}

#[tokio::test]
async fn an_unknown_group_is_an_error_with_a_suggestion() {
    let router = lab([("main", Group::new().deployment(works("a")))]);
    let error = router.chat("mian", "hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownGroup);
    assert_eq!(error.to_string(), "unknown group `mian`; did you mean `main`?");
}

#[tokio::test]
async fn a_reload_that_reorders_groups_keeps_their_names() {
    let profile = |first: &str, second: &str| {
        let group = |name: &str| format!("[groups.{name}]\ndeployments = [{{ model = \"lab/{name}\", tokens = 1 }}]\n");
        format!(
            "version = 1\ndefault_group = \"public\"\n[providers.lab]\nprotocol = \"mock\"\n{}{}",
            group(first),
            group(second)
        )
    };
    let router = Router::from_toml(profile("public", "private")).unwrap();
    let clone = router.clone();
    assert_eq!(router.chat("private", "hello").await.unwrap().deployment, "lab/private");
    router.reload(&profile("private", "public")).unwrap();
    assert_eq!(clone.chat("private", "hello").await.unwrap().deployment, "lab/private");
}

#[tokio::test]
async fn a_reload_that_fails_changes_nothing() {
    let router = lab([("main", Group::new().deployment(works("a")))]);
    let error = router.reload("[groups.main]\nmodels = 3").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(router.chat("main", "hello").await.unwrap().deployment, "lab/a");
}

#[tokio::test]
async fn every_mistake_is_in_the_source_of_the_error() {
    let error = Router::builder()
        .group("main", Group::new().deployment("nowhere/a").option("num_retrys", 3))
        .build()
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("nowhere") && source.contains("num_retrys"), "{source}");
}

#[tokio::test]
async fn a_profile_that_runs_commands_must_be_allowed() {
    let profile = "version = 1\n[providers.lab]\nprotocol = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                   api_key = \"cmd:true\"\n[groups.main]\ndeployments = [{ model = \"lab/a\" }]";
    let error = Router::from_toml(profile).unwrap_err();
    assert!(error.to_string().contains("allow_commands"), "{error}");
    assert!(Router::builder().profile(profile).allow_commands(true).build().is_ok());
}

#[tokio::test]
async fn a_stream_ends_with_the_whole_answer() {
    let router = lab([("main", Group::new().deployment(fails("a", "503").order(1)).deployment(works("b").order(2)))]);
    let events: Vec<ChatEvent> = router.chat("main", "hello").stream().try_collect().await.unwrap();
    let text: String = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(events.iter().any(|event| matches!(
        event,
        ChatEvent::AttemptFailed { deployment, error: ErrorKind::Overloaded, .. } if deployment == "lab/a"
    )));
    let Some(ChatEvent::Done(answer)) = events.last() else { panic!("{events:?}") };
    assert_eq!(answer.text, text);
    assert_eq!(answer.attempts[0].outcome, AttemptOutcome::Discarded);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_makes_the_router_wait() {
    let long = Deployment::new("lab/long").option("tokens", 5000).option("itl", "1ms");
    let router = lab([("main", Group::new().deployment(long))]);
    let mut stream = router.chat("main", "hello").stream();
    let mut count = 0;
    while let Some(event) = stream.next().await {
        if let ChatEvent::Text(_) = event.unwrap() {
            count += 1;
        }
        if count % 500 == 0 {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
    assert_eq!(count, 5000);
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_ends_the_request() {
    let router = lab([("main", Group::new().deployment(fails("a", "stall")))]);
    let error = router.chat("main", "hello").timeout(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waited_before_it_was_started_has_its_whole_time() {
    let router = lab([("main", Group::new().deployment(works("a").option("ttft", "10ms").option("itl", "1ms")))]);
    let request = router.chat("main", "hello").timeout(Duration::from_millis(200));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(request.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_says_for_how_long() {
    let group = Group::new().deployment(works("a").rpm(1)).option("max_wait", "1s");
    let router = lab([("main", group)]);
    router.chat("main", "hello").await.unwrap();
    let error = router.chat("main", "hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    let wait = error.retry_after().expect("the limit has a window");
    assert!(wait > Duration::from_secs(30) && wait <= Duration::from_secs(60), "{wait:?}");
}

#[tokio::test]
async fn a_dropped_request_leaves_its_place() {
    let group =
        Group::new().deployment(works("a").option("ttft", "10s").max_parallel_requests(1)).option("max_wait", "0s");
    let router = lab([("main", group)]);
    let running = router.chat("main", "hello").into_future();
    assert!(tokio::time::timeout(Duration::from_millis(100), running).await.is_err());
    let error = tokio::time::timeout(Duration::from_millis(200), router.chat("main", "hello")).await;
    assert!(error.is_err(), "the place is free, so the second call waits for its answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_requests_run_at_once() {
    let router = lab([("main", Group::new().deployment(works("a").option("ttft", "50ms")).deployment(works("b")))]);
    let tasks: Vec<_> = (0..200).map(|_| tokio::spawn(router.chat("main", "hello").into_future())).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[test]
fn debug_shows_no_key() {
    let builder = Router::builder()
        .provider("lab", Provider::openai_compatible("http://h/v1").api_key("sk-secret-secret"))
        .group("main", Group::new().deployment("lab/a"));
    assert!(!format!("{builder:?}").contains("sk-secret"));
    let router = builder.build().unwrap();
    assert_eq!(format!("{router:?}"), "Router { groups: [\"main\"], .. }");
}
