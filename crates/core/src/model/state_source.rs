//! The configured location of the shared state. Nothing is opened here.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::Secret;

/// The location of the shared state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateSource {
    /// In the process: nothing is shared.
    Memory,
    /// In this directory.
    Dir(PathBuf),
    /// The location in this environment variable.
    Env(String),
    /// On a server, for many machines.
    Redis(RedisUrl),
}

/// The address of a Redis server; what is secret in it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    url: Secret,
    password: Option<Secret>,
    shown: String,
    prefix: String,
}

/// The default prefix of all keys.
const PREFIX: &str = "llmroute";

impl StateSource {
    /// Reads `memory`, `env:NAME`, `redis://…` or a directory.
    ///
    /// # Errors
    /// The problem. The text itself is not repeated: it can contain a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("the place of the state is empty".to_owned()),
            "memory" => Ok(Self::Memory),
            _ if text.starts_with("env:") => match &text["env:".len()..] {
                "" => Err("the name of the variable is empty".to_owned()),
                name => Ok(Self::Env(name.to_owned())),
            },
            _ if text.contains("://") => RedisUrl::parse(text).map(Self::Redis),
            _ => Ok(Self::Dir(PathBuf::from(text))),
        }
    }
}

impl RedisUrl {
    /// Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]`, the same with `rediss` (TLS),
    /// or `redis+unix:///PATH[?db=N&user=…&pass=…&prefix=NAME]`.
    ///
    /// # Errors
    /// The problem, without the text itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|why| format!("no URL: {why}"))?;
        let socket = match url.scheme() {
            "redis" | "rediss" => false,
            "redis+unix" | "unix" => true,
            scheme => return Err(format!("`{scheme}://` is no place for the state")),
        };
        if !socket && url.host_str().is_none_or(str::is_empty) {
            return Err("the URL names no host".to_owned());
        }
        if !socket && !url.path().trim_start_matches('/').bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("the path of the URL is the number of a database".to_owned());
        }
        let mut prefix = PREFIX.to_owned();
        let mut password = url.password().map(str::to_owned);
        let mut rest = Vec::new();
        for (name, value) in url.query_pairs().into_owned() {
            match name.as_str() {
                "prefix" => prefix = checked_prefix(value)?,
                "db" | "user" | "pass" | "protocol" => {
                    password = if name == "pass" { Some(value.clone()) } else { password };
                    rest.push((name, value));
                }
                // A name that is not known may be a part of a password.
                _ => return Err("the URL has a parameter that is not known (`prefix` is)".to_owned()),
            }
        }
        let shown = shown(&url, &rest, &prefix);
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
        let password = password.filter(|password| !password.is_empty()).map(Secret::new);
        Ok(Self { url: Secret::new(url.as_str()), password, shown, prefix })
    }

    /// The whole URL, for the connection and for nothing else.
    #[must_use]
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// The password in it, as it is written there.
    #[must_use]
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Returns `true` if it contains a secret: a password, or a user name that may be a misplaced one.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.password.is_some() || self.url.expose().contains('@')
    }

    /// The prefix of all keys there.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns `true` if the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.expose().starts_with("rediss:")
    }
}

fn checked_prefix(prefix: String) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !prefix.is_empty() && prefix.chars().all(plain) {
        true => Ok(prefix),
        false => Err("a `prefix` is made of letters, digits, `-`, `_` and `.`".to_owned()),
    }
}

/// The address without user and password.
fn shown(url: &Url, parameters: &[(String, String)], prefix: &str) -> String {
    let place = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    };
    let mut shown = format!("{}://{place}{}", url.scheme(), url.path());
    let open = parameters.iter().filter(|(name, _)| name == "db");
    let prefix = (prefix != PREFIX).then(|| format!("prefix={prefix}"));
    for (n, parameter) in open.map(|(name, value)| format!("{name}={value}")).chain(prefix).enumerate() {
        shown.push(if n == 0 { '?' } else { '&' });
        shown.push_str(&parameter);
    }
    shown
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `text`; what is shown of it, and whether it is a secret.
    fn check(text: &str, want: Result<(&str, bool), &str>) {
        let got = StateSource::parse(text).map(|source| match source {
            StateSource::Memory => ("memory".to_owned(), false),
            StateSource::Dir(dir) => (dir.display().to_string(), false),
            StateSource::Env(name) => (format!("variable {name}"), false),
            StateSource::Redis(url) => (url.to_string(), url.is_secret()),
        });
        let want = want.map(|(shown, secret)| (shown.to_owned(), secret)).map_err(str::to_owned);
        assert_eq!(got, want);
        assert!(!format!("{:?}", StateSource::parse(text)).contains("hunter2"));
    }

    #[test]
    fn what_is_no_url_is_a_directory() {
        check("/var/lib/x", Ok(("/var/lib/x", false)));
        check("./memory", Ok(("./memory", false)));
        check("memory", Ok(("memory", false)));
        check("env:STATE", Ok(("variable STATE", false)));
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        check("redis://host", Ok(("redis://host", false)));
        check("redis://host:7000/3", Ok(("redis://host:7000/3", false)));
        check("rediss://me:hunter2@[::1]:7000/3?prefix=team-a", Ok(("rediss://[::1]:7000/3?prefix=team-a", true)));
        check("redis://hunter2@host", Ok(("redis://host", true)));
        check("redis+unix:///run/r.sock?db=2&pass=hunter2", Ok(("redis+unix:///run/r.sock?db=2", true)));
    }

    #[test]
    fn a_mistake_does_not_repeat_the_text() {
        check("http://hunter2@host", Err("`http://` is no place for the state"));
        check("redis://", Err("the URL names no host"));
        check("redis://:hunter2@host/a", Err("the path of the URL is the number of a database"));
        check("redis://host?hunter2=1", Err("the URL has a parameter that is not known (`prefix` is)"));
        check("redis://host?prefix=a%20b", Err("a `prefix` is made of letters, digits, `-`, `_` and `.`"));
        check("env:", Err("the name of the variable is empty"));
        check("", Err("the place of the state is empty"));
    }

    #[test]
    fn the_client_gets_a_url_without_our_parameter() {
        let url =
            |text: &str| RedisUrl::parse(text).map(|url| (url.url().expose().to_owned(), url.prefix().to_owned()));
        let pair = |url: &str, prefix: &str| Ok((url.to_owned(), prefix.to_owned()));
        assert_eq!(url("redis://me:pw@host/1?prefix=x"), pair("redis://me:pw@host/1", "x"));
        assert_eq!(url("redis+unix:///s?db=1&prefix=x"), pair("redis+unix:///s?db=1", "x"));
        assert_eq!(url("redis://host"), pair("redis://host", "llmroute"));
    }
}
