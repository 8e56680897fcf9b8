//! Base URLs: which ones may be used, and how they are written. Nothing is resolved or contacted.

use toml::Spanned;
use toml::de::DeValue;
use url::{Host, Url};

use super::diagnostic::Diagnostic;
use super::table::{FromToml, text};
use crate::profile::credentials;

/// The key `base_url`.
#[derive(Debug, Clone)]
pub(crate) enum BaseUrl {
    Url(Url),
    /// The name of the variable that contains the URL.
    Env(String),
}

impl FromToml<'_> for BaseUrl {
    const TYPE: &'static str = "URL, or `env:NAME`";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let text = text::<Self>(raw, diagnostics)?;
        let parsed = match text.strip_prefix("env:").map(str::trim) {
            Some(name) if credentials::is_variable(name) => Ok(Self::Env(name.to_owned())),
            Some(_) => {
                let error = Diagnostic::error("`env:` needs the name of a variable");
                Err(error.help("write `base_url = \"env:NAME\"`"))
            }
            None => check(text).map(Self::Url),
        };
        match &parsed {
            Ok(Self::Url(url)) => diagnostics.extend(warning(url).map(|warning| warning.at(raw.span()))),
            Ok(Self::Env(_)) => {}
            Err(problem) => diagnostics.push(problem.clone().at(raw.span())),
        }
        parsed.ok()
    }
}

/// The URL in `text`.
///
/// # Errors
/// A mistake without a place; it does not repeat the text, which may contain a password.
pub fn check(text: &str) -> Result<Url, Diagnostic> {
    if !text.contains("://") {
        let error = Diagnostic::error("the base URL has no scheme");
        let scheme = if text.starts_with("localhost") || text.starts_with("127.") { "http" } else { "https" };
        return Err(if text.contains('@') { error } else { error.help(format!("did you mean `{scheme}://{text}`?")) });
    }
    let url = Url::parse(text).map_err(|why| Diagnostic::error(format!("the base URL is not valid: {why}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(
            Diagnostic::error(format!("the base URL has the scheme `{}`", url.scheme())).help("use `https` or `http`")
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Diagnostic::error("the base URL contains credentials").help("put the key into `api_key`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Diagnostic::error("the base URL contains a query or a fragment")
            .help("end it with the path; the paths of the protocol are added to it"));
    }
    Ok(url)
}

/// The warning about a URL that is valid but not safe.
pub(crate) fn warning(url: &Url) -> Option<Diagnostic> {
    (url.scheme() == "http" && !is_loopback(url)).then(|| {
        Diagnostic::warning("plain http to another machine: keys and prompts can be read on the way")
            .help("use `https`, or a tunnel to this machine")
    })
}

/// Returns `true` if the server is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The URL in the form that all its spellings share: no slash at the end, no version segment.
pub(crate) fn normal(url: &Url) -> String {
    let text = url.as_str().trim_end_matches('/');
    match text.rsplit_once("/v") {
        Some((front, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => {
            front.to_owned()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_url(text: &str, want: Result<bool, &str>) {
        let got = check(text).map(|url| warning(&url).is_some()).map_err(|problem| problem.message);
        assert_eq!(got.as_ref().copied().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn https_and_http_to_this_machine_are_valid() {
        check_url("https://api.example.com/v1", Ok(false));
        check_url("http://127.0.0.1:8080", Ok(false));
        check_url("http://[::1]:8080", Ok(false));
        check_url("http://localhost/v1", Ok(false));
    }

    #[test]
    fn http_to_another_machine_is_warned_about() {
        check_url("http://10.0.0.1:8080", Ok(true));
    }

    #[test]
    fn mistakes_in_a_base_url() {
        check_url("api.example.com/v1", Err("the base URL has no scheme"));
        check_url("https://me:pw@api.example.com", Err("the base URL contains credentials"));
        check_url("ftp://api.example.com", Err("the base URL has the scheme `ftp`"));
        check_url("https://api.example.com/?a=b", Err("the base URL contains a query or a fragment"));
        check_url("https://", Err("the base URL is not valid: empty host"));
    }

    #[test]
    fn spellings_of_one_url_are_equal() {
        for text in ["https://A.example/x/v1", "https://a.example/x/", "https://a.example:443/x/v1/"] {
            assert_eq!(normal(&Url::parse(text).unwrap()), "https://a.example/x", "{text}");
        }
    }
}
