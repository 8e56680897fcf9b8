//! Shared by the encoders: addresses, headers, and the parameters that a model accepts.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value};
use url::Url;

use super::{EncodedRequest, Endpoint, attachments};
use crate::catalog;
use crate::catalog::models::Model;
use crate::catalog::{Auth, SchemaDialect};
use crate::model::prompt::ImageData;
use crate::model::{Class, Effort, Failure, Part, Prompt, Sampling, Secret};
use crate::wire::WireRequest;
use crate::wire::sigv4::SigningScope;

/// Puts a request together: address, headers, body.
pub(crate) fn build(
    to: &Endpoint,
    key: Option<&Secret>,
    prompt: &Prompt,
    path: &[&str],
    mut body: Map<String, Value>,
    dropped: Vec<&'static str>,
) -> Result<EncodedRequest, Failure> {
    merge_extra(&mut body, &to.params.extra);
    merge_extra(&mut body, &prompt.extra);
    build_complete(to, key, path, body, dropped)
}

/// As [`build`], for a body that holds the caller's own fields already.
pub(crate) fn build_complete(
    to: &Endpoint,
    key: Option<&Secret>,
    path: &[&str],
    body: Map<String, Value>,
    dropped: Vec<&'static str>,
) -> Result<EncodedRequest, Failure> {
    let mut url = address(&to.base_url, to.quirks.version, path)?;
    if !to.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&to.query);
    }
    let sign = scope(to, key)?;
    // Keys that sign are not sent.
    let headers = headers(to, key.filter(|_| sign.is_none()))?;
    let body = Bytes::from(Value::Object(body).to_string());
    Ok(EncodedRequest {
        request: WireRequest { method: Method::POST, url, headers, body, sign },
        dropped,
        lowered: None,
    })
}

/// The signature that a request needs with `key`; `None` when the key goes into a header.
fn scope(to: &Endpoint, key: Option<&Secret>) -> Result<Option<SigningScope>, Failure> {
    let Some(key) = key.filter(|key| key.signing_parts().is_some()) else { return Ok(None) };
    let no = |message: &str| Err(Failure::new(Class::Authentication, message));
    match (to.quirks.auth, &to.region) {
        (Auth::Aws { service }, Some(region)) => {
            Ok(Some(SigningScope { service, region: region.clone(), key: key.clone() }))
        }
        (Auth::Aws { .. }, None) => no("no region to sign for"),
        (Auth::Bearer | Auth::XApiKey | Auth::XGoogApiKey | Auth::GoogleToken | Auth::ApiKeyOrToken, _) => {
            no("the key signs requests, and this provider takes no such key")
        }
    }
}

/// `base` and `path`; `version` (one or more segments) stands between them unless `base` has a version
/// already. A base that ends in `path` is the whole address, and what it has of the rest is not repeated.
pub(crate) fn address(base: &Url, version: Option<&str>, path: &[&str]) -> Result<Url, Failure> {
    let unfit = || Failure::new(Class::BadRequest, format!("`{}` cannot be a base URL", base.scheme()));
    let has: Vec<&str> = base.path_segments().ok_or_else(unfit)?.filter(|segment| !segment.is_empty()).collect();
    if has.ends_with(path) {
        return Ok(base.clone());
    }
    let version = version.filter(|_| !has_version(base));
    let rest: Vec<&str> = version.iter().flat_map(|version| version.split('/')).chain(path.iter().copied()).collect();
    let there = (0..rest.len()).rev().find(|count| has.ends_with(&rest[..*count])).unwrap_or(0);
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| unfit())?.pop_if_empty().extend(&rest[there..]);
    Ok(url)
}

/// Returns `true` if the path of `base` holds a version.
pub(crate) fn has_version(base: &Url) -> bool {
    base.path_segments().is_some_and(|mut segments| segments.any(is_version))
}

/// `v1`, `v4`, `v1beta`, `v2alpha1`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

pub(super) fn headers(to: &Endpoint, key: Option<&Secret>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    for (name, value) in to.quirks.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some(key) = key {
        let (name, prefix) = match to.quirks.auth {
            Auth::Bearer | Auth::GoogleToken => (header::AUTHORIZATION, "Bearer "),
            Auth::XApiKey => (HeaderName::from_static("x-api-key"), ""),
            Auth::XGoogApiKey => (HeaderName::from_static("x-goog-api-key"), ""),
            Auth::ApiKeyOrToken if is_token(key) => (header::AUTHORIZATION, "Bearer "),
            Auth::ApiKeyOrToken => (HeaderName::from_static("api-key"), ""),
            Auth::Aws { .. } => (header::AUTHORIZATION, "Bearer "),
        };
        headers.insert(name, credential(prefix, key)?);
    }
    for (name, value) in &to.headers {
        headers.insert(name.clone(), value.clone());
    }
    Ok(headers)
}

/// Returns `true` for a JSON Web Token rather than a key: parts of base64 with dots between them, the first
/// of which begins with `{"` (RFC 7519, section 3).
fn is_token(key: &Secret) -> bool {
    key.expose().starts_with("eyJ") && key.expose().contains('.')
}

/// The message never holds the key, not even in part.
fn credential(prefix: &str, key: &Secret) -> Result<HeaderValue, Failure> {
    let key = key.expose();
    let complaint = match key {
        "" => "the key is empty",
        key if key.contains(['\n', '\r']) => "the key holds a line break",
        key if !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            "the key holds characters that no key has (a space, a control character, or one outside of ASCII)"
        }
        key => {
            let mut value = HeaderValue::try_from(format!("{prefix}{key}"))
                .map_err(|_| Failure::new(Class::Authentication, "the key cannot stand in a header"))?;
            value.set_sensitive(true);
            return Ok(value);
        }
    };
    Err(Failure::new(Class::Authentication, complaint))
}

/// Removes a field. The others keep their order, with and without the feature `preserve_order` of serde_json.
pub fn remove_field(map: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let value = map.get_mut(name).map(Value::take)?;
    map.retain(|key, _| key != name);
    Some(value)
}

/// The caller's fields over those of `body`. `null` takes a field away; whether to stream is not for the caller to say.
pub(crate) fn merge_extra(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra {
        match value {
            _ if name == "stream" => {}
            Value::Null => {
                remove_field(body, name);
            }
            value => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The request's parameters over the deployment's, without the preferences that the model does not
/// take; their names come beside.
///
/// # Errors
/// `unsupported` when what it does not take would change the meaning.
pub(crate) fn parameters(
    to: &Endpoint,
    prompt: &Prompt,
    model: Option<&Model>,
) -> Result<(Sampling, Vec<&'static str>), Failure> {
    let mut sampling = merged(&prompt.sampling, &to.params.sampling);
    let mut dropped = Vec::new();
    let mut unless = |taken: bool, present: bool, name: &'static str| {
        if present && !taken {
            dropped.push(name);
        }
        taken
    };
    let effort_taken = |effort| takes_effort(to, model, effort);
    sampling.effort = sampling.effort.filter(|effort| unless(effort_taken(*effort), true, "reasoning_effort"));
    let free = model.is_none_or(|model| model.takes_sampling(sampling.effort));
    sampling.temperature = sampling.temperature.filter(|_| unless(free, true, "temperature"));
    let one_of = to.quirks.one_of_sampling.iter().any(|part| to.model.contains(part));
    let both = one_of && sampling.temperature.is_some();
    sampling.top_p = sampling.top_p.filter(|_| unless(free && !both, true, "top_p"));
    sampling.seed = sampling.seed.filter(|_| unless(to.quirks.seed.is_some(), true, "seed"));
    can_express(to, prompt, model, &sampling)?;
    Ok((sampling, dropped))
}

/// Returns `true` if the row, and the model in it, take this level.
fn takes_effort(to: &Endpoint, model: Option<&Model>, effort: Effort) -> bool {
    to.quirks.efforts.contains(&effort) && model.is_none_or(|model| model.takes_effort(effort))
}

fn merged(request: &Sampling, deployment: &Sampling) -> Sampling {
    let stop = if request.stop.is_empty() { &deployment.stop } else { &request.stop };
    Sampling {
        temperature: request.temperature.or(deployment.temperature),
        top_p: request.top_p.or(deployment.top_p),
        max_tokens: request.max_tokens.or(deployment.max_tokens),
        stop: stop.clone(),
        seed: request.seed.or(deployment.seed),
        effort: request.effort.or(deployment.effort),
    }
}

fn can_express(to: &Endpoint, prompt: &Prompt, model: Option<&Model>, sampling: &Sampling) -> Result<(), Failure> {
    let no = |what: &str| Err(Failure::new(Class::Unsupported, format!("`{}` {what}", to.model)));
    let quirks = &to.quirks;
    if sampling.stop.len() > quirks.max_stop {
        return match quirks.max_stop {
            0 => no("takes no stop texts"),
            most => no(&format!("takes at most {most} stop texts")),
        };
    }
    let reasons = model.is_some_and(|model| model.reasons(sampling.effort));
    if !sampling.stop.is_empty() && reasons && !quirks.stop_while_reasoning {
        return no("takes no stop texts");
    }
    if prompt.prefill.is_some() && !catalog::takes_prefill(to) {
        return no("does not continue an answer that was begun for it");
    }
    if let Err(what) = attachments::check(to, prompt) {
        return no(&what);
    }
    let Some(model) = model else { return Ok(()) };
    let sees = prompt.messages.iter().flat_map(|message| &message.parts).any(|part| matches!(part, Part::Image { .. }));
    if sees && !model.vision {
        return no("does not take images");
    }
    let reads = prompt.messages.iter().flat_map(|message| &message.parts).any(|part| matches!(part, Part::File { .. }));
    if reads && !model.pdf {
        return no("does not take PDF files");
    }
    if !prompt.tools.is_empty() && !model.tools {
        return no("does not call tools");
    }
    Ok(())
}

/// Returns the form of `schema`, which is that of `prompt`, for this provider.
pub(crate) fn dialect(to: &Endpoint, prompt: &Prompt, schema: &Value) -> SchemaDialect {
    let support = to.quirks.schema_support;
    if !support.with_tools && !prompt.tools.is_empty() {
        return SchemaDialect::Instruction;
    }
    let by_model = !support.some_models || to.known.as_ref().is_some_and(|model| model.json_schema);
    if !by_model && to.quirks.schema == SchemaDialect::Native {
        return SchemaDialect::JsonMode;
    }
    let is_object = schema.get("type").is_some_and(|kind| kind == "object") && schema.get("anyOf").is_none();
    match to.quirks.schema {
        SchemaDialect::Native if to.quirks.object_schema && !is_object => SchemaDialect::Instruction,
        dialect => dialect,
    }
}

/// The system text of `prompt`, with the schema in it when `to` has no field for one.
pub(crate) fn system(to: &Endpoint, prompt: &Prompt) -> Option<String> {
    match prompt.schema.as_ref().filter(|schema| dialect(to, prompt, schema) != SchemaDialect::Native) {
        Some(schema) => Some(with_instruction(prompt.system.as_deref(), schema)),
        None => prompt.system.clone(),
    }
}

/// Returns `true` if the regular expression looks neither around nor back, which grammars of providers cannot do.
pub(crate) fn is_simple_pattern(pattern: &str) -> bool {
    let looks_around = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|group| pattern.contains(group));
    let looks_back = pattern.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && matches!(pair[1], b'1'..=b'9'));
    !looks_around && !looks_back
}

/// An image as a URL: its own, or one that holds its bytes.
pub(crate) fn image_url(media_type: &str, data: &ImageData) -> String {
    match data {
        ImageData::Base64(data) => format!("data:{media_type};base64,{data}"),
        ImageData::Url(url) => url.clone(),
    }
}

/// The system text with the schema in it, for providers that have no field for one.
pub(crate) fn with_instruction(system: Option<&str>, schema: &Value) -> String {
    let instruction =
        format!("Answer with one JSON value, and nothing else, that satisfies this JSON Schema:\n{schema}");
    match system {
        Some(system) => format!("{system}\n\n{instruction}"),
        None => instruction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, version: Option<&str>, want: &str) {
        let url = address(&Url::parse(base).unwrap(), version, &["chat", "completions"]).unwrap();
        assert_eq!(url.as_str(), want);
    }

    #[test]
    fn the_version_is_added_only_when_absent() {
        let v1 = Some("v1");
        check("http://h", v1, "http://h/v1/chat/completions");
        check("http://h/", v1, "http://h/v1/chat/completions");
        check("http://h/v1", v1, "http://h/v1/chat/completions");
        check("http://h/v1/", v1, "http://h/v1/chat/completions");
        check("http://h/openai/v1", v1, "http://h/openai/v1/chat/completions");
        check("http://h/api/paas/v4", v1, "http://h/api/paas/v4/chat/completions");
        check("http://h/v1beta/openai", v1, "http://h/v1beta/openai/chat/completions");
        check("http://h/proxy", v1, "http://h/proxy/v1/chat/completions");
        check("http://h/openai", None, "http://h/openai/chat/completions");
        check("http://h/vision", v1, "http://h/vision/v1/chat/completions");
    }

    #[test]
    fn what_the_base_has_of_the_way_is_not_repeated() {
        let two = Some("openai/v1");
        check("http://h", two, "http://h/openai/v1/chat/completions");
        check("http://h/openai", two, "http://h/openai/v1/chat/completions");
        check("http://h/openai/v1/", two, "http://h/openai/v1/chat/completions");
        check("http://h/v1/chat", two, "http://h/v1/chat/completions");
    }

    #[test]
    fn a_whole_address_and_a_query_are_kept() {
        check("http://h/x/chat/completions", Some("v1"), "http://h/x/chat/completions");
        check("http://h/?a=b", Some("v1"), "http://h/v1/chat/completions?a=b");
    }

    #[test]
    fn what_cannot_be_a_base_is_refused() {
        assert!(address(&Url::parse("mailto:x").unwrap(), None, &["a"]).is_err());
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_not_shown() {
        for key in ["", "sk-1\n", "sk\r\nx: y", "sk 1", "sk-\u{e9}", "sk-\0"] {
            let failure = credential("Bearer ", &Secret::new(key)).unwrap_err();
            assert_eq!(failure.class, Class::Authentication);
            assert!(!failure.message.contains("sk"), "{}", failure.message);
        }
        let value = credential("Bearer ", &Secret::new("sk-1")).unwrap();
        assert!(value.is_sensitive());
        assert_eq!(value, "Bearer sk-1");
    }
}
