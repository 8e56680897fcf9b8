//! Whether a base URL is one that a key may be sent to. Nothing is resolved or contacted.

use url::{Host, Url};

use crate::profile::diagnostic::Diagnostic;

/// The URL in `text`.
///
/// # Errors
/// A mistake without a place; it does not repeat the text, which may hold a password.
pub(crate) fn check(text: &str) -> Result<Url, Diagnostic> {
    if !text.contains("://") {
        let error = Diagnostic::error("the base URL has no scheme");
        let scheme = if text.starts_with("localhost") || text.starts_with("127.") { "http" } else { "https" };
        return Err(if text.contains('@') { error } else { error.help(format!("did you mean `{scheme}://{text}`?")) });
    }
    let url = Url::parse(text).map_err(|why| Diagnostic::error(format!("the base URL is wrong: {why}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Diagnostic::error(format!("the base URL has the scheme `{}`", url.scheme()))
            .help("only `https` and `http` are spoken"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Diagnostic::error("the base URL holds credentials").help("put the key into `api_key`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Diagnostic::error("the base URL holds a query or a fragment")
            .help("it ends in the path; paths of the protocol are added to it"));
    }
    Ok(url)
}

/// What is doubtful about a URL that is right.
pub(crate) fn warning(url: &Url) -> Option<Diagnostic> {
    (url.scheme() == "http" && !is_loopback(url)).then(|| {
        Diagnostic::warning("plain http to another machine: key and prompts can be read on the way")
            .help("use `https`, or a tunnel to this machine")
    })
}

/// Whether the server is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The URL in the form that is the same for all its spellings: no slash at the end, no version segment.
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
    fn https_anywhere_and_http_here_are_right() {
        check_url("https://api.example.com/v1", Ok(false));
        check_url("http://127.0.0.1:8080", Ok(false));
        check_url("http://[::1]:8080", Ok(false));
        check_url("http://localhost/v1", Ok(false));
    }

    #[test]
    fn http_to_another_machine_is_doubtful() {
        check_url("http://10.0.0.1:8080", Ok(true));
    }

    #[test]
    fn what_is_no_base_url() {
        check_url("api.example.com/v1", Err("the base URL has no scheme"));
        check_url("https://me:pw@api.example.com", Err("the base URL holds credentials"));
        check_url("ftp://api.example.com", Err("the base URL has the scheme `ftp`"));
        check_url("https://api.example.com/?a=b", Err("the base URL holds a query or a fragment"));
        check_url("https://", Err("the base URL is wrong: empty host"));
    }

    #[test]
    fn spellings_of_one_url_are_one() {
        for text in ["https://A.example/x/v1", "https://a.example/x/", "https://a.example:443/x/v1/"] {
            assert_eq!(normal(&Url::parse(text).unwrap()), "https://a.example/x", "{text}");
        }
    }
}
