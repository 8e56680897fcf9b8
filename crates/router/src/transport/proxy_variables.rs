//! The proxy variables of the environment: one that cannot be understood would mean a direct connection.

use llmroute_core::protocols::Endpoint;
use url::Url;

use super::http::error::Server;
use crate::profile::EnvVars;

/// The variables that name a proxy.
const NAMES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The schemes of proxies.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A variable that does not hold the address of a proxy. Its value may hold a password and is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` is not the address of a proxy: {reason}")]
pub struct ProxyVariableError {
    variable: &'static str,
    reason: String,
}

impl ProxyVariableError {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("write it like `http://HOST:PORT`, or unset `{}`", self.variable)
    }
}

/// Checks the proxy variables, if a request to one of `endpoints` can use a proxy.
///
/// # Errors
/// The first variable that does not hold the address of a proxy.
pub fn check_proxies(vars: &EnvVars, endpoints: &[Endpoint]) -> Result<(), ProxyVariableError> {
    let uses_proxy = |endpoint: &Endpoint| Server::of(&endpoint.base_url).is_ok_and(|server| !server.is_loopback());
    if !endpoints.iter().any(uses_proxy) {
        return Ok(());
    }
    for variable in NAMES {
        let value = vars.get(variable).map(str::trim).filter(|value| !value.is_empty());
        if let Some(reason) = value.and_then(problem) {
            return Err(ProxyVariableError { variable, reason });
        }
    }
    Ok(())
}

/// The problem of an address, if it has one.
fn problem(value: &str) -> Option<String> {
    let url = if value.contains("://") { Url::parse(value) } else { Url::parse(&format!("http://{value}")) };
    match url {
        Err(error) => Some(error.to_string()),
        Ok(url) if !SCHEMES.contains(&url.scheme()) => Some(format!("unknown scheme `{}`", url.scheme())),
        Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("it names no host".to_owned()),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies_are_understood() {
        for value in ["proxy:3128", "http://proxy", "https://me:secret@proxy:8443/", "socks5h://[::1]:1080", "10.0.0.1"]
        {
            assert_eq!(problem(value), None, "{value}");
        }
    }

    #[test]
    fn other_values_are_not_and_are_not_shown() {
        for (value, want) in [
            ("not a proxy", "invalid international domain name"),
            ("http://[::1", "invalid IPv6 address"),
            ("http://proxy:99999", "invalid port number"),
            ("ftp://me:secret@proxy", "unknown scheme `ftp`"),
            ("http://", "empty host"),
            ("socks5://", "it names no host"),
        ] {
            assert_eq!(problem(value).as_deref(), Some(want), "{value}");
        }
    }
}
