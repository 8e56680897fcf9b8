//! Resolves keys when they are needed: from the environment, a file, a command or the profile.
//!
//! A command runs at most once per process. Keys are never printed.

mod aws;
#[cfg(feature = "vertex")]
mod google;
pub mod keyring;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use self::aws::AwsCredentials;
use self::keyring::{Keyring, SystemKeyring};
use crate::ports::{BoxFuture, Clock, KeyError, KeyProvider};
use crate::profile::{LARGEST_KEY_FILE, read_text, trim_key};
use crate::transport::process::{ProcessError, ShellCommand};
pub use llmroute_core::model::failure::one_line;
pub use llmroute_core::model::format;
pub use llmroute_core::model::{KeySource, Secret};

/// The time limit of a command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// The time limit of a keyring: a person may have to unlock it.
const KEYRING_TIMEOUT: Duration = Duration::from_secs(60);

/// The largest part of a command's output, or of a key file, that is read.
const LONGEST_OUTPUT: u64 = 64 << 10;

/// The output of a command; shared by all users of it.
type SharedKey = Arc<OnceCell<Result<Secret, KeyError>>>;

/// Resolves keys; implements [`KeyProvider`].
pub struct KeyResolver {
    vars: BTreeMap<String, String>,
    commands: Mutex<HashMap<String, SharedKey>>,
    keyring: Arc<dyn Keyring>,
    from_keyring: Mutex<HashMap<String, SharedKey>>,
    aws: AwsCredentials,
    #[cfg(feature = "vertex")]
    google: google::GoogleTokens,
}

impl KeyResolver {
    /// Uses a snapshot of the environment; `clock` determines when keys expire.
    #[must_use]
    pub fn new(vars: BTreeMap<String, String>, clock: Clock) -> Self {
        let aws = AwsCredentials::new(clock, vars.get("AWS_ENDPOINT_URL_SSO").filter(|url| !url.is_empty()).cloned());
        Self {
            aws,
            #[cfg(feature = "vertex")]
            google: google::GoogleTokens::new(&vars),
            commands: Mutex::default(),
            keyring: Arc::new(SystemKeyring::default()),
            from_keyring: Mutex::default(),
            vars,
        }
    }

    /// The same with another keyring.
    #[cfg(test)]
    pub(crate) fn with_keyring(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring, ..self }
    }

    fn env(&self, names: &[String]) -> Result<Secret, KeyError> {
        let set = |name: &String| self.vars.get(name).map(|value| trim_key(value)).filter(|value| !value.is_empty());
        names.iter().find_map(set).map(Secret::new).ok_or_else(|| match names {
            [name] => KeyError::new(format!("{name} is not set")),
            names => KeyError::new(format!("none of {} is set", names.join(", "))),
        })
    }

    #[cfg(feature = "vertex")]
    async fn google(&self, file: Option<&Path>) -> Result<Secret, KeyError> {
        self.google.token(file).await
    }

    /// Without the `vertex` feature, `gcloud` provides the token, which is not renewed.
    #[cfg(not(feature = "vertex"))]
    async fn google(&self, file: Option<&Path>) -> Result<Secret, KeyError> {
        self.command(&gcloud(file)).await
    }

    async fn command(&self, command: &str) -> Result<Secret, KeyError> {
        let cell = {
            let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
            commands.entry(command.to_owned()).or_default().clone()
        };
        cell.get_or_init(|| run(command, COMMAND_TIMEOUT)).await.clone()
    }

    async fn keyring(&self, name: &str) -> Result<Secret, KeyError> {
        let cell = {
            let mut found = self.from_keyring.lock().unwrap_or_else(PoisonError::into_inner);
            found.entry(name.to_owned()).or_default().clone()
        };
        cell.get_or_init(|| from_keyring(Arc::clone(&self.keyring), name, KEYRING_TIMEOUT)).await.clone()
    }
}

impl KeyProvider for KeyResolver {
    fn get<'a>(&'a self, source: &'a KeySource) -> BoxFuture<'a, Result<Option<Secret>, KeyError>> {
        Box::pin(async move {
            match source {
                KeySource::None => Ok(None),
                KeySource::Env(names) => self.env(names).map(Some),
                KeySource::Command(command) => self.command(command).await.map(Some),
                KeySource::File(path) => file(path).map(Some),
                KeySource::Keyring(name) => self.keyring(name).await.map(Some),
                KeySource::Literal(secret) => Ok(Some(secret.clone())),
                KeySource::Aws(keys) => self.aws.get(keys).await.map(Some),
                KeySource::Google(file) => self.google(file.as_deref()).await.map(Some),
            }
        })
    }
}

/// The key called `name`, read on a blocking thread.
async fn from_keyring(keyring: Arc<dyn Keyring>, name: &str, limit: Duration) -> Result<Secret, KeyError> {
    let wanted = name.to_owned();
    let asked = tokio::task::spawn_blocking(move || keyring.get(&wanted));
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok(Ok(Some(key)))) => Ok(key),
        Ok(Ok(Ok(None))) => {
            let none = KeyError::new(format!("the keyring has no key `{name}`"));
            Err(none.hint(format!("run `llmroute keys set {name}`")))
        }
        Ok(Ok(Err(error))) => Err(KeyError::new(error.to_string()).hint(error.hint()).because(error)),
        Ok(Err(error)) => Err(KeyError::new(format!("the keyring gave no key `{name}`")).because(error)),
        Err(elapsed) => {
            let late = format!("the keyring gave no key `{name}` in {}", format::duration(limit));
            Err(KeyError::new(late).hint("unlock it").because(elapsed))
        }
    }
}

/// The first line of a file.
fn file(path: &Path) -> Result<Secret, KeyError> {
    let shown = path.display();
    let text = read_text(path, LARGEST_KEY_FILE)
        .map_err(|error| KeyError::new(format!("key file {shown} {error}")).because(error))?;
    first_line(&text).ok_or_else(|| KeyError::new(format!("key file {shown} is empty")))
}

fn first_line(text: &str) -> Option<Secret> {
    text.lines().next().map(trim_key).filter(|line| !line.is_empty()).map(Secret::new)
}

/// The command that prints a token for the credentials in `file`, or for the default ones.
#[cfg(not(feature = "vertex"))]
fn gcloud(file: Option<&Path>) -> String {
    let print = "gcloud auth application-default print-access-token";
    let quoted = |path: &Path| path.display().to_string().replace('\'', r"'\''");
    file.map_or_else(|| print.to_owned(), |path| format!("GOOGLE_APPLICATION_CREDENTIALS='{}' {print}", quoted(path)))
}

/// The first line of the output of `command`.
async fn run(command: &str, limit: Duration) -> Result<Secret, KeyError> {
    let text = print(command, limit).await?;
    let name = command.split_whitespace().next().unwrap_or_default();
    first_line(&text).ok_or_else(|| KeyError::new(format!("key command `{name} …` printed nothing")))
}

/// Returns what `command` prints. It keeps its environment: it may need a key to get another.
async fn print(command: &str, limit: Duration) -> Result<String, KeyError> {
    let name = command.split_whitespace().next().unwrap_or_default();
    let run = ShellCommand::new(command).stdout(LONGEST_OUTPUT).may_ask_user().run(limit);
    let finished = run.await.map_err(|error| {
        let message = match &error {
            ProcessError::TimedOut(limit) => {
                format!("key command `{name} …` gave no key in {}", format::duration(*limit))
            }
            ProcessError::Start(_) | ProcessError::Wait(_) => format!("key command `{name} …`: {error}"),
        };
        KeyError::new(message).because(error)
    })?;
    if !finished.status.success() {
        let complaint = finished.complaint().map(|line| format!(": {}", one_line(&line))).unwrap_or_default();
        return Err(KeyError::new(format!("key command `{name} …` failed ({}){complaint}", finished.status)));
    }
    String::from_utf8(finished.stdout).map_err(|error| {
        KeyError::new(format!("the output of key command `{name} …` is not UTF-8")).because(error.utf8_error())
    })
}

#[cfg(test)]
mod tests {
    use super::keyring::MemoryKeyring;
    use super::*;
    use llmroute_core::model::Timestamp;

    fn clock() -> Clock {
        Clock::starting_at(Timestamp(0))
    }

    async fn check(source: KeySource, want: Result<Option<&str>, &str>) {
        let vault = KeyResolver::new(
            [("SET".to_owned(), "sk-1".to_owned()), ("EMPTY".to_owned(), String::new())].into(),
            clock(),
        );
        let got = vault.get(&source).await;
        let got = got.as_ref().map(|key| key.as_ref().map(Secret::expose)).map_err(|error| error.message.as_str());
        assert_eq!(got, want);
    }

    fn env(names: &[&str]) -> KeySource {
        KeySource::Env(names.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn no_key_is_needed() {
        check(KeySource::None, Ok(None)).await;
    }

    #[tokio::test]
    async fn the_first_variable_that_is_set() {
        check(env(&["EMPTY", "SET"]), Ok(Some("sk-1"))).await;
        check(env(&["EMPTY"]), Err("EMPTY is not set")).await;
        check(env(&["EMPTY", "X"]), Err("none of EMPTY, X is set")).await;
    }

    #[tokio::test]
    async fn a_literal() {
        check(KeySource::Literal(Secret::new("sk-2")), Ok(Some("sk-2"))).await;
    }

    #[tokio::test]
    async fn the_first_line_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        check(KeySource::File(path.clone()), Err(&format!("key file {} does not exist", path.display()))).await;
        std::fs::write(&path, " sk-3 \nsecond\n").unwrap();
        check(KeySource::File(path), Ok(Some("sk-3"))).await;
    }

    #[tokio::test]
    async fn the_first_line_of_a_command() {
        check(KeySource::Command("printf 'sk-4\\nmore'".into()), Ok(Some("sk-4"))).await;
    }

    #[tokio::test]
    async fn a_command_that_fails_says_how_and_not_what_it_printed() {
        let command = "echo sk-5; echo locked >&2; echo more >&2; exit 3";
        check(KeySource::Command(command.into()), Err("key command `echo …` failed (exit status: 3): locked")).await;
        check(KeySource::Command("true".into()), Err("key command `true …` printed nothing")).await;
    }

    #[tokio::test]
    async fn a_command_runs_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runs");
        let source = KeySource::Command(format!("echo x >> {0}; wc -l < {0}", path.display()));
        let vault = KeyResolver::new(BTreeMap::new(), clock());
        let (first, second) = tokio::join!(vault.get(&source), vault.get(&source));
        assert_eq!(first.unwrap(), second.unwrap());
        assert_eq!(vault.get(&source).await.unwrap().unwrap().expose(), "1");
    }

    #[cfg(not(feature = "vertex"))]
    #[test]
    fn google_is_asked_through_its_own_command() {
        assert_eq!(gcloud(None), "gcloud auth application-default print-access-token");
        let with = gcloud(Some(Path::new("/a'b.json")));
        assert!(with.starts_with(r"GOOGLE_APPLICATION_CREDENTIALS='/a'\''b.json' gcloud "), "{with}");
    }

    #[tokio::test]
    async fn a_key_of_the_keyring_is_asked_for_once() {
        let keyring = Arc::new(MemoryKeyring::default());
        keyring.set("work", &Secret::new("sk-6")).unwrap();
        let vault = KeyResolver::new(BTreeMap::new(), clock()).with_keyring(Arc::clone(&keyring) as Arc<dyn Keyring>);
        let work = KeySource::Keyring("work".into());
        assert_eq!(vault.get(&work).await.unwrap(), Some(Secret::new("sk-6")));
        keyring.remove("work").unwrap();
        assert_eq!(vault.get(&work).await.unwrap(), Some(Secret::new("sk-6")));
        let why = vault.get(&KeySource::Keyring("home".into())).await.unwrap_err();
        assert_eq!(why.to_string(), "the keyring has no key `home`; run `llmroute keys set home`");
    }

    #[cfg(not(feature = "keyring"))]
    #[tokio::test]
    async fn a_build_without_a_keyring_says_so() {
        check(KeySource::Keyring("work".into()), Err("this build has no keyring (feature `keyring`)")).await;
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended() {
        let why = run("exec tail -f /dev/null", Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(why.message, "key command `exec …` gave no key in 1 ms");
    }
}
