//! llmroute: an LLM call that does not fail. This page is the map of the code.
//!
//! A call goes to a *model group*; the router picks a *deployment* (a model at a provider, with a
//! key), and when it fails, is slow, is rate limited or is cooling down, another one answers.
//!
//! # The map
//!
//! | module | owns | and not |
//! |---|---|---|
//! | [`model`] | the vocabulary: prompt, event, answer, failure, usage, price, time, secret | any behaviour |
//! | [`wire`] | bytes: requests and their signature, the framings of streams, the forms of `Retry-After` | meaning |
//! | [`provider`] | a protocol a file, as pure functions: encode, decode, classify; rows of data | the network, policy |
//! | [`route`] | the pure core: course, breaker, retry budget, seam, strategies | providers, I/O, clock, luck |
//! | [`ports`] | the ways out of the process, as traits: network, shared state, keys, time | what is behind them |
//! | [`engine`] | the only code that awaits: the loop that obeys the course | decisions, the terminal |
//! | [`transport`] | HTTP, simulated deployments, keys | retries, redirects |
//! | [`state`] | what processes share: SQLite, Redis, memory, and what to do when it breaks | what the values mean |
//! | [`bench`](mod@bench) | comparing deployments: the plan, the samples, their statistics, reports | sockets, the terminal |
//! | [`health`] | which deployments could answer, and why the others could not | the command line |
//! | [`history`] | questions to the log | writing it |
//! | [`chat`] | a conversation: its turns, its commands, Markdown on a terminal | the terminal, the log |
//! | [`profile`] | the file field for field, names to positions, every mistake in one run | calling anybody |
//! | [`cli`] | one file or folder a command, and the console | the work |
//! | [`embed`] | the library's face | the command line |
//! | [`error`] | kinds of failure of a command, and their exit codes | rendering |
//!
//! # The arrows
//!
//! `main → cli → {profile, bench, health, chat, history, engine, transport, state, error}`; `profile → {provider, route}`;
//! `engine → {ports, provider, route}`; `transport, state → ports`; `ports → {wire, route}`;
//! `provider → wire`; all → `model`; `model` → nothing. `tests/layers.rs` holds the table and fails on
//! a new arrow.
//!
//! # A request, in ten steps
//!
//! 1. `main` takes one snapshot of the environment ([`cli::env::Env`]) and parses the arguments.
//! 2. [`profile::Profile`] is loaded, or every [`profile::Diagnostic`] is reported.
//! 3. `cli::ask::resolve` turns what was typed into what is meant; nothing is optional from there on.
//! 4. The engine reads the shared state into a [`route::board::Board`].
//! 5. A strategy orders the eligible members of the group; a [`route::course::Course`] begins.
//! 6. [`Course::next`](route::course::Course::next) says whom to call after which wait, or to stop and why.
//! 7. [`Adapter::encode`](provider::Adapter::encode) makes a request, [`ports::Transport`] sends it.
//! 8. Bytes become frames ([`wire::sse`]), frames become [`model::Event`]s
//!    ([`Decode`](provider::Decode)), all by one [`Reader`](provider::Reader), and the watcher shows them; or
//!    [`Adapter::classify`](provider::Adapter::classify) makes a [`model::Failure`].
//! 9. The lesson goes onto the board and, as the same function of the newest value, into the
//!    [`ports::Store`]; back to 6.
//! 10. There is an answer ([`engine::Done`]), or a [`engine::RouteError`] with every attempt, rendered
//!     with one line each and a hint.
//!
//! # Invariants
//!
//! - The pure modules (`model`, `wire`, `provider`, `route`, `profile` but for its loader) do no I/O
//!   and read no clock: `tests/layers.rs`, `clippy.toml`.
//! - There is one retry layer, the course; the HTTP client has none: `transport/http/tests.rs`.
//! - An answer ends with a finish or is a failure: `provider/tests`, and the fault matrix
//!   `tests/it/faults.rs`, which plays every fault on a terminal, in a pipe and with `-S`.
//! - Every class of failure has a reaction: the match in `route/course/reaction.rs` has no `_`.
//! - Only the console writes to the terminal: `tests/layers.rs`, clippy's `print_stdout`.
//! - A key is never displayed, logged, put in a URL or sent to another host: [`model::Secret`], the
//!   fault matrix looks for it in every output.
//! - No lock is held across an await: clippy's `await_holding_lock`.
//! - A frame parser gives the same frames for every split of the bytes: `wire/sse.rs`.
//! - The same seed and script give the same output: `tests/it/engine.rs` on a paused clock.
//!
//! # Where to begin
//!
//! [`route::course`] for what happens after a failure, [`engine`] for the loop that obeys it,
//! `provider/openai.rs` for a protocol, `cli/ask` for a command. Adding a compatible provider is a row
//! in `provider/catalog/rows.rs`, or nothing but an entry in a profile; a protocol, strategy, command or
//! store is one new file and one arm of one match.

pub mod bench;
pub mod chat;
pub mod cli;
pub mod embed;
pub mod engine;
pub mod error;
pub mod health;
pub mod history;
pub mod model;
pub mod ports;
pub mod profile;
pub mod provider;
pub mod route;
pub mod state;
pub mod transport;
pub mod wire;
