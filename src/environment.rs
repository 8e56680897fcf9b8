//! One snapshot of the environment of the process: variables, streams, wall time. Taken once, in `main`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::PathBuf;

use llmroute_core::model::Timestamp;
use llmroute_router::profile::EnvVars;

/// The environment of the process.
#[derive(Debug, Clone)]
pub struct Env {
    /// The environment variables.
    pub vars: EnvVars,
    /// Wall time at the start.
    pub now: Timestamp,
    /// The kind of standard output.
    pub stdout: Sink,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    /// Standard input is a terminal.
    pub stdin_terminal: bool,
    /// Standard input is the output of another process.
    pub stdin_pipe: bool,
    /// A number that no other process has, for the seed of random choices.
    pub entropy: u64,
}

/// The kind of standard output; it decides how a broken answer continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// A person reads it as it arrives.
    Terminal,
    /// Another program reads it as it arrives.
    Pipe,
    /// It is read when it is complete.
    File,
}

impl Env {
    /// Returns the day of the start in UTC, as `YYYY-MM-DD`.
    pub(crate) fn today(&self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
    }

    /// Takes the snapshot.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of the environment and of wall time")]
    pub fn snapshot() -> Self {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        // A variable that is not UTF-8 cannot be one of ours.
        let vars =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut vars: BTreeMap<String, String> = vars.collect();
        // Without `HOME`, as in many containers and cron jobs, the password database knows the home.
        if vars.get("HOME").is_none_or(String::is_empty)
            && let Some(home) = dirs::home_dir().and_then(|home| home.into_os_string().into_string().ok())
        {
            vars.insert("HOME".to_owned(), home);
        }
        Self {
            vars: vars.into_iter().collect(),
            now: Timestamp(millis),
            stdout: Sink::of_stdout(),
            stderr_terminal: std::io::stderr().is_terminal(),
            stdin_terminal: std::io::stdin().is_terminal(),
            stdin_pipe: is_pipe(&std::io::stdin()),
            entropy: u64::from(since_epoch.subsec_nanos()) << 32
                ^ u64::from(std::process::id())
                ^ since_epoch.as_secs(),
        }
    }

    /// The directory of the shared state: `$XDG_STATE_HOME/llmroute` or `~/.local/state/llmroute`.
    #[must_use]
    pub(crate) fn state_dir(&self) -> Option<PathBuf> {
        self.vars.state_dir()
    }
}

fn is_pipe(stream: &impl AsFd) -> bool {
    rustix::fs::fstat(stream).is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_fifo())
}

impl Sink {
    fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        if stdout.is_terminal() {
            return Self::Terminal;
        }
        let file = stdout.as_fd().try_clone_to_owned().map(std::fs::File::from);
        match file.and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => Self::File,
            Ok(_) | Err(_) => Self::Pipe,
        }
    }
}
