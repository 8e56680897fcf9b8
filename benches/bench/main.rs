//! The accuracy of `llmroute bench`, compared with a plain reqwest client on the same server in one run.
//!
//! The server writes down when each token left; both clients run on one thread of their own. Run with
//! `cargo bench --bench bench [-- STREAMS…]`; the figures are compared with each other, for a busy machine
//! disturbs both alike.

#![allow(clippy::print_stdout, reason = "a program that prints a table")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run stops")]
#![allow(clippy::disallowed_methods, reason = "the clients that are compared read the clock themselves")]
#![allow(missing_docs, reason = "a program")]

mod plain;

use std::time::Duration;

use llmroute_bench::self_test::{Accuracy, TokenSchedule, open_loop, self_test};
use llmroute_core::model::Timestamp;
use llmroute_router::ports::Clock;
use llmroute_router::transport::MeasuringTransport;

fn main() {
    let named: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let streams = if named.is_empty() { vec![1, 32, 256, 1000] } else { named };
    // What reqwest wants of a process, though nothing here is spoken over TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let schedule = TokenSchedule { jitter: 0.2, ..TokenSchedule::default() };
    println!(
        "client        streams calls failed  TTFT mean    p99  ITL mean  gap mean coalesced  CPU s  (ms, but CPU)"
    );
    for streams in streams {
        let calls = (streams * 2).max(10);
        print("llmroute", ours(schedule, streams, calls));
        print("reqwest", plain::measure(schedule, streams, calls));
    }
    let open = runtime().block_on(open_loop(&MeasuringTransport::new(1), clock(), schedule, 400.0, 2000)).unwrap();
    print("llmroute 400/s", open);
    println!("lateness of starts at 400 a second, p99: {:.3} ms", millis(open.late_p99));
}

fn ours(schedule: TokenSchedule, streams: u32, calls: u32) -> Accuracy {
    let meter = MeasuringTransport::new(1);
    runtime().block_on(self_test(&meter, clock(), schedule, &[(streams, calls)])).unwrap().remove(0)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn clock() -> Clock {
    Clock::starting_at(Timestamp(0))
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

fn print(client: &str, accuracy: Accuracy) {
    let Accuracy { streams, calls, failed, coalesced, .. } = accuracy;
    println!(
        "{client:14}{streams:6}{calls:6}{failed:7}{:11.3}{:8.3}{:9.4}{:10.4}{:9.1} %{:7.2}",
        millis(accuracy.ttft_mean),
        millis(accuracy.ttft_p99),
        millis(accuracy.itl_mean),
        millis(accuracy.gap_mean),
        coalesced * 100.0,
        accuracy.cpu.unwrap_or_default().as_secs_f64(),
    );
}
