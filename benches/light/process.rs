//! One run of a subject as a whole: wall, CPU and peak memory.
//!
//! Each run has a parent of its own, this binary as `--measure`: `RUSAGE_CHILDREN` of a process that had one
//! child is that child's, and a small parent keeps its own memory out of the child's peak (a fork inherits it).

use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

use crate::{Subject, server};

/// The cost of one run.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// From the start to the end of the process, in milliseconds.
    pub wall_ms: f64,
    /// User and system time, in milliseconds.
    pub cpu_ms: f64,
    /// Peak resident memory, in MiB.
    pub peak_mib: f64,
    /// Every token was printed.
    pub whole: bool,
}

/// Gives `command` a home of its own, so that no configuration or proxy of the machine takes part.
pub fn isolate(command: &mut Command, home: &Path) {
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env(name, home);
    }
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "LLMROUTE_PROFILE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
}

/// Runs `subject` once under a parent of its own.
pub fn sample(subject: &Subject, arguments: &[String], home: &Path) -> Result<Sample, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut parent = Command::new(own);
    parent.arg("--measure").arg(&subject.program).args(arguments);
    isolate(&mut parent, home);
    let output = parent.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match (output.status.success(), numbers.as_slice()) {
        (true, &[wall_ms, cpu_ms, peak_mib, whole]) => Ok(Sample { wall_ms, cpu_ms, peak_mib, whole: whole > 0.0 }),
        _ => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// `--measure PROGRAM ARGUMENTS…`: runs it and prints wall, CPU, memory and whether the answer was whole.
pub fn measure(arguments: &[String]) -> ExitCode {
    match run(arguments) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let (program, arguments) = arguments.split_first().ok_or("no program")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    let mut printed = Vec::new();
    let mut out = child.stdout.take().ok_or("no pipe")?;
    out.read_to_end(&mut printed).map_err(|error| error.to_string())?;
    let status = child.wait().map_err(|error| error.to_string())?;
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    if !status.success() {
        return Err(format!("{program}: {status}"));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    let cpu = [usage.user_time(), usage.system_time()];
    let cpu_ms: f64 = cpu.iter().map(|time| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3).sum();
    let printed = String::from_utf8_lossy(&printed);
    let whole = (0..server::TOKENS).all(|index| printed.contains(&server::token(index)));
    Ok(format!("{wall_ms} {cpu_ms} {} {}", peak_mib(usage.max_rss()), u8::from(whole)))
}

/// Linux and the BSDs count in KiB, macOS in bytes.
fn peak_mib(max_rss: i64) -> f64 {
    max_rss as f64 / if cfg!(target_os = "macos") { 1048576.0 } else { 1024.0 }
}
