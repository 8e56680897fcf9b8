//! The command line: one file or folder a command (arguments, resolve, run), and the console.

pub(crate) mod ask;
pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod health;
pub(crate) mod keys;
pub mod logs;
pub(crate) mod models;
pub(crate) mod profile;
pub(crate) mod providers;
pub(crate) mod route;
pub(crate) mod state;
pub(crate) mod stats;

use std::ffi::OsString;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::environment::Env;
use crate::error::{CommandError, ErrorKind, plain_parse_error, question_without_ask};
use crate::ui::console::{Console, Verbosity};

/// An LLM call that does not fail.
///
/// Routes a prompt to a group of models, streams the answer to standard output, and fails over to
/// another deployment when one is down, slow, rate limited or broken.
#[derive(Debug, Parser)]
#[command(name = "llmroute", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The heading of the options that every command takes.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Profile to use: a name, a file, or `demo`
    #[arg(short, long, global = true, help_heading = GLOBAL, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Print only errors to standard error
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more to standard error
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub color: ColorChoice,
    /// Location of the shared state: a directory, `memory`, a Redis URL, or `env:NAME` for a variable with one of them
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR|memory|env:NAME|redis://…")]
    pub state: Option<String>,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// If standard error is a terminal, unless `NO_COLOR` or `TERM=dumb` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send a prompt to a model group and print the answer
    Ask(Box<ask::args::AskArgs>),
    /// Hold a conversation with a model group
    Chat(Box<chat::args::ChatArgs>),
    /// Show which deployments a prompt would be sent to, and why, without sending it
    Route(Box<route::RouteArgs>),
    /// Check which deployments can answer, and why the others cannot
    Health(health::HealthArgs),
    /// Compare deployments: time to first token, tokens per second, errors, cost
    Bench(Box<bench::args::BenchArgs>),
    /// Show logged requests and answers
    Logs(logs::LogsArgs),
    /// Show statistics of the logged calls: success, failovers, speed, tokens and cost
    Stats(stats::StatsArgs),
    /// Show which providers are set up and where their keys come from
    Providers(providers::ProvidersArgs),
    /// Show prices, limits and capabilities of models, and their sources
    Models(models::ModelsArgs),
    /// Check, show or locate the profile
    Profile(profile::ProfileArgs),
    /// Show or reset the state that processes share
    State(state::StateArgs),
    /// Manage API keys in the system keyring
    Keys(keys::KeysArgs),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of a command
    Man {
        /// Command; without one, the page of the program
        command: Vec<String>,
    },
}

/// The end of a command that printed its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Exit {
    /// With exit code 0.
    #[default]
    Success,
    /// By this signal.
    Signal(i32),
    /// As a failure of this kind; everything was printed.
    Failed(ErrorKind),
}

/// Parses `args` and runs the command; returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, env: &Env) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error, env),
    };
    let colour = cli.global.colour(env);
    let mut console = Console::new(env, cli.global.verbosity(), colour);
    match dispatch(&cli, env, &mut console) {
        Ok(Exit::Success) => 0,
        Ok(Exit::Failed(kind)) => kind.exit_code(),
        Ok(Exit::Signal(signal)) => {
            crate::signals::die_by(signal);
            128 + u8::try_from(signal).unwrap_or(0)
        }
        Err(error) => {
            console.error(&error);
            error.kind.exit_code()
        }
    }
}

fn dispatch(cli: &Cli, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    match &cli.command {
        Command::Ask(args) => ask::run(args, &cli.global, env, console),
        Command::Chat(args) => chat::run(args, &cli.global, env, console),
        Command::Route(args) => route::run(args, &cli.global, env, console),
        Command::Health(args) => health::run(args, &cli.global, env, console),
        Command::Bench(args) => bench::run(args, &cli.global, env, console),
        Command::Logs(args) => logs::run(args, &cli.global, env, console),
        Command::Stats(args) => stats::run(args, &cli.global, env, console),
        Command::Providers(args) => providers::run(args, &cli.global, env, console),
        Command::Models(args) => models::run(args, &cli.global, env, console),
        Command::Profile(args) => profile::run(args, &cli.global, env, console),
        Command::State(args) => state::run(args, &cli.global, env, console),
        Command::Keys(args) => keys::run(args, &cli.global, env, console),
        Command::Completions { shell } => print(console, &crate::artifacts::completions(*shell)),
        Command::Man { command } => print(console, &crate::artifacts::man(command)?),
    }
}

fn print(console: &mut Console, text: &str) -> Result<Exit, CommandError> {
    console.data(text).map(|()| Exit::Success).or_else(|error| ask::unwritable(&error))
}

/// Prints the help or the version, or reports a mistake on the command line.
fn unparsed(error: &clap::Error, env: &Env) -> u8 {
    let asked_for = !error.use_stderr();
    let mut console = Console::new(env, Verbosity::Normal, false);
    let styled = error.render();
    if asked_for {
        let colour = env.stdout == crate::environment::Sink::Terminal && env.vars.get("NO_COLOR").is_none();
        let text = if colour { styled.ansi().to_string() } else { styled.to_string() };
        return match console.styled(&text) {
            Ok(()) => 0,
            Err(error) => ask::unwritable(&error).map_or_else(|error| error.kind.exit_code(), |_| 0),
        };
    }
    let error = plain_parse_error(error)
        .or_else(|| question_without_ask(error))
        .unwrap_or_else(|| CommandError::rendered(ErrorKind::Usage, styled.to_string()));
    console.error(&error);
    error.kind.exit_code()
}

impl Global {
    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }

    /// `--color` decides, then `CLICOLOR_FORCE`, `NO_COLOR` and `TERM=dumb`, then whether standard error is a terminal.
    pub(crate) fn colour(&self, env: &Env) -> bool {
        let vars = &env.vars;
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if vars.get("NO_COLOR").is_some() || vars.get("TERM") == Some("dumb") => false,
            ColorChoice::Auto if vars.get("CLICOLOR_FORCE").is_some_and(|force| force != "0") => true,
            ColorChoice::Auto => env.stderr_terminal,
        }
    }
}

/// The definition of the command line, for what is generated from it.
#[must_use]
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}
