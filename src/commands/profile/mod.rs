//! `llmroute profile check|show|path`, and how every command gets its profile. Prints nothing itself.

use clap::{Args, Subcommand};

use crate::commands::Exit;
use crate::commands::Global;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::signals::{Completion, until_signal};
use crate::ui::console::Console;
use crate::ui::text::count;
pub(crate) use llmroute_router::profile::{
    self, LoadError, LoadOptions, Profile, ProfileLocation, Severity, discover, locate,
};
use llmroute_router::transport::local_servers;

/// Check, show or locate the profile
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// The action.
    #[command(subcommand)]
    pub action: ProfileAction,
}

/// An action on the profile.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ProfileAction {
    /// Report all errors, warnings and notes
    Check,
    /// Print the resolved profile, with the source of each value
    Show,
    /// Print the path of the profile
    Path,
}

/// Runs the command on the console.
///
/// # Errors
/// `output` when the report cannot be printed.
pub(crate) fn run(args: &ProfileArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let inputs = LoadOptions { env: &env.vars, long_lived: false };
    let arg = global.profile.as_deref();
    let color = console.colour();
    let ended = match args.action {
        ProfileAction::Check => until_signal(check(arg, &inputs, color))?,
        ProfileAction::Show => until_signal(show(arg, &inputs, color))?,
        ProfileAction::Path => Completion::Done(path(arg, &inputs, color)),
    };
    match ended {
        Completion::Signal(signal) => Ok(Exit::Signal(signal)),
        Completion::Done(report) => {
            console.report(&report.stderr);
            match console.answer(&report.stdout) {
                Ok(()) => Ok(report.exit),
                Err(error) => crate::commands::ask::unwritable(&error),
            }
        }
    }
}

/// The output of a subcommand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// For stdout.
    pub stdout: String,
    /// For stderr.
    pub stderr: String,
    /// The end of the command.
    pub exit: Exit,
}

impl Report {
    fn wrong(error: &LoadError, color: bool) -> Self {
        Self {
            stdout: String::new(),
            stderr: format!("{}\n", error.render(color)),
            exit: Exit::Failed(ErrorKind::Profile),
        }
    }
}

/// The profile that `arg` (`--profile`) and the environment name; without one, the profile made from
/// key variables, else from local servers.
///
/// # Errors
/// Everything that is wrong with it, or that no model is available.
pub(crate) async fn open(arg: Option<&str>, inputs: &LoadOptions<'_>) -> Result<Profile, LoadError> {
    match locate(arg, inputs.env)? {
        ProfileLocation::Discover => discovered(inputs).await,
        located => Profile::load(&located, inputs),
    }
}

async fn discovered(inputs: &LoadOptions<'_>) -> Result<Profile, LoadError> {
    if let Some(profile) = discover::from_keys(inputs)? {
        return Ok(profile);
    }
    let candidates = discover::candidates(inputs.env);
    let bases: Vec<_> = candidates.iter().map(|candidate| candidate.base_url.clone()).collect();
    let models = local_servers::models(&bases).await;
    let found: Vec<_> = candidates
        .into_iter()
        .zip(models)
        .filter_map(|(candidate, model)| Some(discover::RunningServer { candidate, model: model? }))
        .collect();
    discover::from_servers(&found, inputs)?.ok_or_else(discover::no_model_available)
}

/// `profile check`: every mistake and remark, and a summary.
pub(crate) async fn check(arg: Option<&str>, inputs: &LoadOptions<'_>, color: bool) -> Report {
    let mut profile = match open(arg, inputs).await {
        Ok(profile) => profile,
        Err(error) => {
            let mut report = Report::wrong(&error, color);
            // Without a profile there is no text that could have a mistake.
            if !error.document.text.is_empty() {
                let errors = error.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
                report.stderr.push_str(&format!("\n{}\n", count(errors, "mistake")));
            }
            return report;
        }
    };
    let lint = profile.lint(inputs);
    profile.notes.extend(lint);
    let remarks = profile.render_notes(color);
    let stderr = if remarks.is_empty() { remarks } else { format!("{remarks}\n") };
    Report { stdout: format!("{}\n", summary(&profile)), stderr, exit: Exit::Success }
}

fn summary(profile: &Profile) -> String {
    let noted = |severity| profile.notes.iter().filter(|note| note.severity == severity).count();
    let keyless = profile.map.deployments.iter().filter(|deployment| deployment.no_key.is_some()).count();
    let mut parts = vec![
        count(profile.names().len(), "group"),
        count(profile.map.deployments.len(), "deployment"),
        count(noted(Severity::Warning), "warning"),
        count(noted(Severity::Note), "note"),
    ];
    if keyless > 0 {
        parts.push(format!("{keyless} without key"));
    }
    format!("{}: ok ({})", profile.source.name(), parts.join(", "))
}

/// `profile show`: the profile as it is understood.
pub(crate) async fn show(arg: Option<&str>, inputs: &LoadOptions<'_>, color: bool) -> Report {
    let shown = match locate(arg, inputs.env) {
        Ok(ProfileLocation::Discover) => discovered(inputs).await.and_then(|profile| profile.show_text(inputs)),
        Ok(located) => profile::show(&located, inputs),
        Err(error) => Err(error),
    };
    match shown {
        Ok(stdout) => Report { stdout, ..Report::default() },
        Err(error) => Report::wrong(&error, color),
    }
}

/// `profile path`: where the profile is, or would be.
#[must_use]
pub(crate) fn path(arg: Option<&str>, inputs: &LoadOptions<'_>, color: bool) -> Report {
    let path = match locate(arg, inputs.env) {
        Ok(ProfileLocation::File(path)) => path.display().to_string(),
        Ok(ProfileLocation::Demo) => "demo (built in)".to_owned(),
        Ok(ProfileLocation::Discover) => match profile::profiles_dir(inputs.env) {
            Some(folder) => {
                let would = folder.join("profile.toml").display().to_string();
                let stderr = "llmroute: no profile there yet; one is made from key variables or local servers\n";
                return Report { stdout: format!("{would}\n"), stderr: stderr.to_owned(), exit: Exit::Success };
            }
            None => return Report::wrong(&discover::no_model_available(), color),
        },
        Err(error) => return Report::wrong(&error, color),
    };
    Report { stdout: format!("{path}\n"), ..Report::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmroute_router::profile::EnvVars;

    const TEXT: &str = "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"http://192.0.2.7\"\napi_key = \"env:LAB\"\n\
         [groups.main]\nescalate = \"b\"\ndeployments = [{ model = \"lab/a\" }]\n";

    /// Runs `command` on the profile `text`, if any, and gives what it says with the folder as `~`.
    async fn run(command: &str, text: Option<&str>, name: Option<&str>) -> Report {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        let vars = EnvVars::from_iter([("HOME", home), ("LLMROUTE_DISCOVER", "off")]);
        let inputs = LoadOptions { env: &vars, long_lived: false };
        if let Some(text) = text {
            let folder = profile::profiles_dir(&vars).unwrap();
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("profile.toml"), text).unwrap();
        }
        let report = match command {
            "check" => check(name, &inputs, false).await,
            "show" => show(name, &inputs, false).await,
            _ => path(name, &inputs, false),
        };
        let plain = |text: String| text.replace(home, "~");
        Report { stdout: plain(report.stdout), stderr: plain(report.stderr), exit: report.exit }
    }

    #[tokio::test]
    async fn check_counts_what_it_found() {
        let report = run("check", Some(TEXT), None).await;
        let want = "~/.config/llmroute/profile.toml: ok (1 group, 1 deployment, 1 warning, 1 note, 1 without key)\n";
        assert_eq!((report.stdout.as_str(), report.exit), (want, Exit::Success));
        for part in ["profile.toml:3:12", "plain http", "`escalate` is not built yet"] {
            assert!(report.stderr.contains(part), "{part} in {}", report.stderr);
        }
    }

    #[tokio::test]
    async fn check_exits_78_and_prints_nothing_when_the_profile_is_wrong() {
        let report = run("check", Some("[groups.main]\nx = 1\n"), None).await;
        assert_eq!((report.stdout.as_str(), report.exit), ("", Exit::Failed(ErrorKind::Profile)));
        assert!(report.stderr.ends_with("\n2 mistakes\n"), "{}", report.stderr);
    }

    #[tokio::test]
    async fn nothing_to_ask_is_exit_78() {
        for command in ["check", "show"] {
            let report = run(command, None, None).await;
            assert_eq!((report.stdout.as_str(), report.exit), ("", Exit::Failed(ErrorKind::Profile)), "{command}");
            assert!(report.stderr.contains("--profile demo"), "{command}");
        }
    }

    #[tokio::test]
    async fn show_prints_what_loads() {
        let report = run("show", None, Some("demo")).await;
        assert_eq!((report.stderr.as_str(), report.exit), ("", Exit::Success));
        let again = run("check", Some(&report.stdout), None).await;
        assert_eq!((again.stderr.as_str(), again.exit), ("", Exit::Success));
    }

    #[tokio::test]
    async fn path_says_where_it_is_or_would_be() {
        assert_eq!(run("path", Some(TEXT), None).await.stdout, "~/.config/llmroute/profile.toml\n");
        assert_eq!(run("path", None, Some("demo")).await.stdout, "demo (built in)\n");
        let none = run("path", None, None).await;
        assert_eq!(none.stdout, "~/.config/llmroute/profile.toml\n");
        assert!(none.stderr.contains("no profile there yet"));
        assert_eq!(run("path", None, Some("work")).await.exit, Exit::Failed(ErrorKind::Profile));
    }
}
