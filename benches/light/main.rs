//! As light as curl: `llmroute ask` beside `curl -sN` on the same request, in one interleaved run on loopback.
//!
//! `cargo bench --bench light` prints the table. `LIGHT_BIN` names another binary to measure, `LIGHT_ROUNDS` the
//! number of rounds, and `LIGHT_STRICT=1` makes a missed goal an exit code. The column `transport` is this crate's
//! network layer alone, in a program of ten lines: the floor for `llmroute`.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its own switches")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

mod client;
mod delay;
mod process;
mod server;
mod table;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::delay::Out;
use crate::process::Sample;
use crate::server::Server;
use crate::table::{Goal, Row};

/// The prompt of every run.
const BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}"#;

/// A program under test.
struct Subject {
    name: &'static str,
    program: String,
    /// Its arguments for a server on this port.
    ask: Box<dyn Fn(u16) -> Vec<String>>,
}

impl Subject {
    fn command(&self, arguments: &[String], home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        process::isolate(&mut command, home);
        command
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--measure") => process::measure(&arguments[1..]),
        Some("--client") => client::run(&arguments[1]),
        _ if arguments.iter().any(|argument| argument == "--bench") => compare(),
        _ => {
            println!("light: run it with `cargo bench --bench light`");
            ExitCode::SUCCESS
        }
    }
}

fn compare() -> ExitCode {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    let rounds = std::env::var("LIGHT_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(41);
    let (burst, paced) = (Server::start(Duration::ZERO), Server::start(Duration::from_millis(4)));
    let subjects: Vec<Subject> =
        subjects(home.path()).into_iter().filter(|subject| answers(subject, &burst, home.path())).collect();
    if subjects.first().is_none_or(|subject| subject.name != "curl") {
        eprintln!("light: nothing to compare with; is curl installed?");
        return ExitCode::FAILURE;
    }
    let mut rows = whole_process(&subjects, &burst, home.path(), rounds);
    rows.extend(version(&subjects, home.path(), rounds));
    rows.extend(delays(&subjects, &paced, home.path(), rounds.div_ceil(6)));
    println!("{rounds} rounds, {} chunks; medians\n", server::TOKENS);
    let names: Vec<_> = subjects.iter().map(|subject| subject.name).collect();
    let kept = table::print(&names, &rows);
    if kept || std::env::var_os("LIGHT_STRICT").is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn subjects(home: &Path) -> Vec<Subject> {
    let own = std::env::current_exe().expect("a running program has a path").to_string_lossy().into_owned();
    let llmroute = std::env::var("LIGHT_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_llmroute").to_owned());
    let home = home.to_owned();
    let curl = |port| {
        let header = "content-type: application/json";
        ["-sN", "-H", header, "-d", BODY, &server::url(port)].map(str::to_owned).to_vec()
    };
    let ask = move |port| {
        let profile = profile(&home, port);
        ["--profile", &profile, "ask", "--no-stdin", "hi"].map(str::to_owned).to_vec()
    };
    vec![
        Subject { name: "curl", program: "curl".to_owned(), ask: Box::new(curl) },
        Subject { name: "transport", program: own, ask: Box::new(|port| vec!["--client".into(), server::url(port)]) },
        Subject { name: "llmroute", program: llmroute, ask: Box::new(ask) },
    ]
}

/// Writes the profile for `port`; state and log stay on, as by default.
fn profile(home: &Path, port: u16) -> String {
    let path = home.join(format!("{port}.toml"));
    let text = format!(
        "version = 1\ndefault_group = \"main\"\n\n[providers.lab]\nprotocol = \"openai\"\n\
         base_url = \"http://127.0.0.1:{port}/v1\"\n\n[groups.main]\ndeployments = [{{ model = \"lab/m\" }}]\n"
    );
    if !path.exists() {
        std::fs::write(&path, text).expect("the temporary directory can be written");
    }
    path.to_string_lossy().into_owned()
}

/// Returns `true` if `subject` gives a complete answer: a program that fails is fast and proves nothing.
fn answers(subject: &Subject, server: &Server, home: &Path) -> bool {
    match process::sample(subject, &(subject.ask)(server.port), home) {
        Ok(sample) if sample.whole => true,
        Ok(_) => {
            eprintln!("light: {} is left out: it did not print all {} tokens", subject.name, server::TOKENS);
            false
        }
        Err(why) => {
            eprintln!("light: {} is left out: {why}", subject.name);
            false
        }
    }
}

/// One list of samples a subject, taken in turns so that all see the same weather.
fn in_turns(subjects: &[Subject], rounds: usize, mut run: impl FnMut(&Subject) -> Option<Sample>) -> Vec<Vec<Sample>> {
    let mut samples = vec![Vec::new(); subjects.len()];
    for _ in 0..rounds {
        for (subject, samples) in subjects.iter().zip(&mut samples) {
            samples.extend(run(subject));
        }
    }
    samples
}

fn whole_process(subjects: &[Subject], server: &Server, home: &Path, rounds: usize) -> Vec<Row> {
    let samples = in_turns(subjects, rounds, |subject| {
        process::sample(subject, &(subject.ask)(server.port), home).ok().filter(|sample| sample.whole)
    });
    vec![
        Row::medians("wall, ms", Goal::Ratio(1.0), &samples, |sample| sample.wall_ms),
        Row::medians("cpu, ms", Goal::Ratio(1.0), &samples, |sample| sample.cpu_ms),
        Row::medians("peak memory, MiB", Goal::More(4.0), &samples, |sample| sample.peak_mib),
    ]
}

fn version(subjects: &[Subject], home: &Path, rounds: usize) -> Vec<Row> {
    let samples = in_turns(subjects, rounds, |subject| match subject.name {
        "transport" => None,
        _ => process::sample(subject, &["--version".to_owned()], home).ok(),
    });
    vec![Row::medians("--version, ms", Goal::Ratio(0.5), &samples, |sample| sample.wall_ms)]
}

fn delays(subjects: &[Subject], server: &Server, home: &Path, rounds: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (out, name) in [(Out::Pipe, "pipe"), (Out::Terminal, "terminal")] {
        let mut delays = vec![Vec::new(); subjects.len()];
        for _ in 0..rounds {
            for (subject, delays) in subjects.iter().zip(&mut delays) {
                let command = subject.command(&(subject.ask)(server.port), home);
                delays.extend(delay::of_tokens(command, out, server));
            }
        }
        rows.push(Row::quantile(&format!("token to {name}, ms"), Goal::Most(0.3), &delays, 0.5));
        rows.push(Row::quantile(&format!("token to {name}, p90, ms"), Goal::None, &delays, 0.9));
    }
    rows
}
