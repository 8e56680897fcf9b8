//! In-process routing of LLM calls: model groups, failover, limits and shared state.
//!
//! ```
//! use llmroute_router::{ErrorKind, Group, Provider, Router};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! // Simulated providers: no key, no network. The first deployment always fails.
//! let router = Router::builder()
//!     .provider("lab", Provider::simulated())
//!     .group(
//!         "main",
//!         Group::new()
//!             .deployment(llmroute_router::Deployment::new("lab/broken").order(1).option("faults", "503"))
//!             .deployment(llmroute_router::Deployment::new("lab/works").order(2)),
//!     )
//!     .build()?;
//!
//! let answer = router.chat("main", "Why is the sky blue?").await?;
//! assert_eq!(answer.deployment, "lab/works");
//! assert_eq!(answer.attempts[0].error, Some(ErrorKind::Overloaded));
//! # Ok::<(), llmroute_router::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Router::from_toml`] reads the same settings from a profile. [`ChatRequest::stream`] delivers the answer as it
//! comes. Requests and attempts are `tracing` spans, `llm.chat` and `llm.attempt`.
//!
//! # Features
//!
//! With `default-features = false`, a program builds about 140 crates (tokio, reqwest, rustls), keeps the state in memory
//! or in the [`State`] that it names, and runs no commands. A setting that needs a missing feature is an error when the
//! router is built; its source is a [`MissingFeature`].
//!
//! | feature | default | crates | adds |
//! |---|---|---|---|
//! | `exec` | yes | 2 | commands: `cmd:` keys, `exec:` strategies, credential processes |
//! | `redis` | yes | 5 | [`State::Redis`] |
//! | `rules` | yes | 20 | rules of groups (CEL) |
//! | `schema` | yes | 12 | [`ChatRequest::schema`] |
//! | `sqlite` | yes | 7 | [`State::Directory`] |
//! | `redis-tls` | no | 5 | `rediss://` URLs |
//! | `keyring` | no | 60 | `keyring:NAME` keys |
//! | `vertex` | no | 51 | Google's default credentials without `gcloud` |
//! | `test-util` | no | 0 | a fixed seed and clock, for tests |
//!
//! Hidden modules serve the command line and the benchmarks and have no stable interface. The map of the code is in
//! `docs/architecture.md`.

mod api;

pub use api::*;
pub use llmroute_core::model::{Effort, Message, Part, Role, Tool, ToolCall, Usage};

#[doc(hidden)]
pub mod builder;
#[doc(hidden)]
pub mod credentials;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod health;
#[doc(hidden)]
pub mod history;
#[doc(hidden)]
pub mod ports;
#[doc(hidden)]
pub mod profile;
#[doc(hidden)]
pub mod state;
#[doc(hidden)]
pub mod transport;
