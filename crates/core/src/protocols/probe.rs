//! Free probes of providers, and their model lists.

use http::{HeaderValue, Method, header};
use serde_json::Value;
use url::Url;

use super::{Endpoint, request};
use crate::model::{Failure, Secret};
use crate::wire::WireRequest;

/// A request to an endpoint that costs nothing.
#[derive(Debug, Clone)]
pub enum Probe {
    /// Its list of models.
    Models(WireRequest),
    /// Something that only tells whether the key is taken: names in the reply are none of models.
    Key(WireRequest),
    /// Nothing: it is simulated.
    Simulated,
    /// Nothing that is free.
    Nothing,
}

/// The result of looking for a model in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// It is.
    Yes,
    /// It is not; some servers take names that they do not list.
    No,
    /// There is no list, or only a part of one.
    Unknown,
}

/// The names on a list of models.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelNames {
    names: Vec<String>,
    /// There is more on further pages.
    more: bool,
}

/// The list of models of `to` with these parameters; `call` is the path of its calls, with which a base may end.
pub(super) fn models(
    to: &Endpoint,
    key: Option<&Secret>,
    call: &[&str],
    query: &[(&str, &str)],
) -> Result<Probe, Failure> {
    let mut to = to.clone();
    to.base_url = without(&to.base_url, call);
    let mut request = at(&to, key, &["models"])?;
    if !query.is_empty() {
        request.url.query_pairs_mut().extend_pairs(query);
    }
    Ok(Probe::Models(request))
}

/// A `GET` of `path` at `to`.
pub(super) fn at(to: &Endpoint, key: Option<&Secret>, path: &[&str]) -> Result<WireRequest, Failure> {
    let mut url = request::address(&to.base_url, to.quirks.version, path)?;
    if !to.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&to.query);
    }
    let mut headers = request::headers(to, key)?;
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Ok(WireRequest { method: Method::GET, url, headers, body: bytes::Bytes::new(), sign: None })
}

/// `base` without its version segment and what follows it.
pub(super) fn without_version(base: &Url) -> Url {
    let mut base = base.clone();
    while request::has_version(&base) {
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop();
        }
    }
    base
}

/// `base` without `call` at its end.
fn without(base: &Url, call: &[&str]) -> Url {
    let mut base = base.clone();
    let has: Vec<&str> = base.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect();
    if call.is_empty() || !has.ends_with(call) {
        return base;
    }
    let keep: Vec<String> = has[..has.len() - call.len()].iter().map(|segment| (*segment).to_owned()).collect();
    if let Ok(mut path) = base.path_segments_mut() {
        path.clear().extend(keep);
    }
    base
}

impl ModelNames {
    /// The names in `body`, in whichever form: `data[].id` (OpenAI, Anthropic) or `models[]` with `name` or
    /// `model` (Gemini, Cohere, Ollama). `None` when it is no list of models.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let list = ["data", "models"].iter().find_map(|name| body.get(name)?.as_array()).or_else(|| body.as_array())?;
        let named = |model: &Value| {
            let fields = ["id", "name", "model"];
            fields.iter().find_map(|field| model.get(field)?.as_str()).map(str::to_owned)
        };
        let more = body.get("has_more") == Some(&Value::Bool(true))
            || ["nextPageToken", "next_page_token"]
                .iter()
                .any(|name| body[name].as_str().is_some_and(|token| !token.is_empty()));
        Some(Self { names: list.iter().filter_map(named).collect(), more })
    }

    /// Returns true if `model` is one of them, by its name, by an alias of a dated one, or by its name without `models/`.
    #[must_use]
    pub fn lists(&self, model: &str) -> Listed {
        let wanted = model.strip_prefix("models/").unwrap_or(model);
        let fits = |name: &String| {
            let name = name.strip_prefix("models/").unwrap_or(name);
            name == wanted || name.strip_prefix(wanted).is_some_and(is_suffix_of_alias)
        };
        match self.names.iter().any(fits) {
            true => Listed::Yes,
            false if self.more || self.names.is_empty() => Listed::Unknown,
            false => Listed::No,
        }
    }
}

/// The rest of a whole name behind its alias: `-20250929`, `-latest`, `:latest`.
fn is_suffix_of_alias(rest: &str) -> bool {
    let date = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(rest, "-latest" | ":latest") || rest.strip_prefix(['-', '@']).is_some_and(date)
}

#[cfg(test)]
mod tests {
    use super::super::{Overrides, Params, Protocol};
    use super::*;
    use crate::catalog::Quirks;

    fn endpoint(protocol: Protocol, base: &str, query: &[(&str, &str)]) -> Endpoint {
        Endpoint {
            protocol,
            provider: "lab".to_owned(),
            base_url: Url::parse(base).unwrap(),
            model: "m".to_owned(),
            region: None,
            known: None,
            quirks: Quirks::plain(protocol),
            params: Params::default(),
            headers: Vec::new(),
            query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            overrides: Overrides::default(),
            script: None,
        }
    }

    /// The address that is asked, and the header with the key.
    #[track_caller]
    fn check_with(protocol: Protocol, base: &str, query: &[(&str, &str)], want: &str, header: &str) {
        let to = endpoint(protocol, base, query);
        let probe = protocol.adapter().probe(&to, Some(&Secret::new("sk-1"))).unwrap();
        let (Probe::Models(request) | Probe::Key(request)) = probe else { panic!("{probe:?}") };
        assert_eq!((request.method, request.url.as_str()), (Method::GET, want));
        assert!(request.headers[header].to_str().unwrap().ends_with("sk-1"));
        assert!(request.body.is_empty());
    }

    #[track_caller]
    fn check(protocol: Protocol, base: &str, want: &str, header: &str) {
        check_with(protocol, base, &[], want, header);
    }

    #[test]
    fn compatible_servers_are_asked_for_their_models() {
        check(Protocol::Openai, "https://h", "https://h/v1/models", "authorization");
        check(Protocol::Openai, "https://h/api/v1/", "https://h/api/v1/models", "authorization");
        check(Protocol::Openai, "https://h/v1/chat/completions", "https://h/v1/models", "authorization");
        check(Protocol::Responses, "https://h/v1/responses", "https://h/v1/models", "authorization");
    }

    #[test]
    fn others_are_asked_in_their_own_way() {
        check(Protocol::Anthropic, "https://h", "https://h/v1/models?limit=1000", "x-api-key");
        check(Protocol::Gemini, "https://h", "https://h/v1beta/models?pageSize=1000", "x-goog-api-key");
        check(Protocol::Ollama, "http://h/v1", "http://h/api/tags", "authorization");
        check(Protocol::Cohere, "https://h/v2", "https://h/v1/models?page_size=1000", "authorization");
    }

    #[test]
    fn both_generations_of_azure_are_asked() {
        check(Protocol::Azure, "https://h", "https://h/openai/v1/models", "api-key");
        let date = ("api-version", "2024-10-21");
        check_with(Protocol::Azure, "https://h", &[date], "https://h/openai/models?api-version=2024-10-21", "api-key");
    }

    #[test]
    fn who_has_nothing_free_is_not_asked() {
        for protocol in [Protocol::Vertex, Protocol::Bedrock] {
            let to = endpoint(protocol, "https://h", &[]);
            assert!(matches!(protocol.adapter().probe(&to, None), Ok(Probe::Nothing)), "{protocol:?}");
        }
    }

    #[track_caller]
    fn check_list(body: &str, model: &str, want: Option<Listed>) {
        assert_eq!(ModelNames::read(body.as_bytes()).map(|names| names.lists(model)), want, "{body}");
    }

    #[test]
    fn a_model_is_found_on_every_kind_of_list() {
        check_list(r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#, "b", Some(Listed::Yes));
        check_list(r#"{"models":[{"name":"models/gemini-x"}]}"#, "gemini-x", Some(Listed::Yes));
        check_list(r#"{"models":[{"name":"llama3:latest"}]}"#, "llama3", Some(Listed::Yes));
        check_list(r#"[{"id":"a"}]"#, "a", Some(Listed::Yes));
    }

    #[test]
    fn an_alias_is_found_by_its_dated_name_only() {
        let body = r#"{"data":[{"id":"claude-x-4-20250929"}]}"#;
        check_list(body, "claude-x-4", Some(Listed::Yes));
        check_list(body, "claude-x", Some(Listed::No));
    }

    #[test]
    fn a_part_of_a_list_proves_no_absence() {
        check_list(r#"{"data":[{"id":"a"}],"has_more":true}"#, "b", Some(Listed::Unknown));
        check_list(r#"{"models":[{"name":"a"}],"nextPageToken":"x"}"#, "b", Some(Listed::Unknown));
        check_list(r#"{"data":[]}"#, "b", Some(Listed::Unknown));
        check_list(r#"{"data":[{"id":"a"}]}"#, "b", Some(Listed::No));
    }

    #[test]
    fn what_is_no_list_says_nothing() {
        for body in ["", "<html>", "{}", "null", r#"{"data":"x"}"#] {
            check_list(body, "a", None);
        }
    }
}
