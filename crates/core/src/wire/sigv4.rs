//! Signature Version 4 of AWS over a request that is ready to be sent; where its keys are is not known here.
//!
//! Source: AWS, "Signature Version 4 signing process", with the path encoded a second time, as every service
//! but S3 wants it. A library was looked for: `aws-sigv4` brings twenty crates for what stands here, and
//! `reqsign-aws-v4` encodes paths as S3 does, which the model ids of Bedrock do not survive.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue, header};
use ring::hmac;
use sha2::{Digest, Sha256};

use super::WireRequest;
use crate::model::{Secret, Timestamp};

/// The scope of a signature, and the signing keys. `Debug` hides the key.
#[derive(Debug, Clone)]
pub struct SigningScope {
    /// The service's name for signing, which need not be that of its host.
    pub service: &'static str,
    /// The region.
    pub region: String,
    /// The keys; see [`Secret::signing`].
    pub key: Secret,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Headers that are left out of a signature: proxies and clients change them.
const UNSIGNED: [&str; 6] =
    ["authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// Signs `request` at `now` if it needs a signature; an old signature is replaced.
pub fn sign(request: &mut WireRequest, now: Timestamp) {
    let Some(scope) = request.sign.take() else { return };
    let Some(keys) = scope.key.signing_parts() else { return };
    let (day, time) = day_and_time(now);
    request.headers.insert(DATE, value(&time));
    if let Some(token) = keys.session {
        request.headers.insert(TOKEN, sensitive(token));
    }
    let (signed, canonical) = canonical(request);
    let place = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let text = format!("{ALGORITHM}\n{time}\n{place}\n{}", hex(&Sha256::digest(canonical)));
    let key = [day.as_str(), &scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", keys.secret).into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let credential = format!("{}/{place}", keys.id);
    let said = format!("{ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={signature}");
    request.headers.insert(header::AUTHORIZATION, sensitive(&said));
}

/// The names of the signed headers, and the request in the form that is signed.
fn canonical(request: &WireRequest) -> (String, String) {
    let url = &request.url;
    let mut headers = vec![("host".to_owned(), host(url))];
    for name in request.headers.keys().filter(|name| !UNSIGNED.contains(&name.as_str()) && **name != header::HOST) {
        let all: Vec<String> = request.headers.get_all(name).iter().map(one_space).collect();
        headers.push((name.as_str().to_owned(), all.join(",")));
    }
    headers.sort();
    let mut query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (encoded(&name, false), encoded(&value, false))).collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let (names, body) = (names.join(";"), hex(&Sha256::digest(&request.body)));
    let text =
        format!("{}\n{}\n{}\n{lines}\n{names}\n{body}", request.method, encoded(url.path(), true), query.join("&"));
    (names, text)
}

/// The host as the client sends it: the port only if it is not the default.
fn host(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn one_space(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Everything but unreserved characters as `%XX`; `/` is one of them in a path.
fn encoded(text: &str, is_path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if is_path => out.push('/'),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            // Writing into a string cannot fail.
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `20150830` and `20150830T123600Z`.
fn day_and_time(now: Timestamp) -> (String, String) {
    let now = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    (now.strftime("%Y%m%d").to_string(), now.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// A key that is not valid in a header becomes empty, and the server refuses it.
fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn sensitive(text: &str) -> HeaderValue {
    let mut value = value(text);
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    /// 2015-08-30T12:36:00Z, the time of the published examples.
    const NOW: Timestamp = Timestamp(1_440_938_160_000);
    const ID: &str = "AKIDEXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn request(
        url: &str,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
        token: Option<&str>,
    ) -> WireRequest {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let key = Secret::signing(ID, SECRET, token);
        WireRequest {
            method: http::Method::POST,
            url: url.parse().unwrap(),
            headers: headers.collect::<HeaderMap>(),
            body: Bytes::from_static(body.as_bytes()),
            sign: Some(SigningScope { service: "service", region: "us-east-1".into(), key }),
        }
    }

    fn check(mut request: WireRequest, signed: &str, signature: &str) {
        sign(&mut request, NOW);
        let want = format!(
            "AWS4-HMAC-SHA256 Credential={ID}/20150830/us-east-1/service/aws4_request, SignedHeaders={signed}, Signature={signature}"
        );
        assert_eq!(request.headers[header::AUTHORIZATION].to_str().unwrap(), want);
        assert!(request.headers[header::AUTHORIZATION].is_sensitive());
        assert!(request.sign.is_none());
    }

    // The first three are of the test suite that AWS publishes (aws-sig-v4-test-suite).
    #[test]
    fn the_published_examples() {
        let vanilla = request("https://example.amazonaws.com/", &[], "", None);
        check(vanilla, "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let query = request("https://example.amazonaws.com/?Param1=value1", &[], "", None);
        check(query, "host;x-amz-date", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = request("https://example.amazonaws.com/", &form, "Param1=value1", None);
        check(body, "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
    }

    #[test]
    fn a_path_is_encoded_a_second_time() {
        let (_, text) = canonical(&request("https://h/model/a%3A0%2Fb/converse?b=2&a=x%20y", &[], "", None));
        assert!(text.starts_with("POST\n/model/a%253A0%252Fb/converse\na=x%20y&b=2\nhost:h\n"), "{text}");
    }

    #[test]
    fn headers_are_signed_but_for_those_that_change() {
        let headers = [("x-b", "  two   words "), ("user-agent", "me"), ("accept", "x"), ("authorization", "no")];
        let mut signed = request("http://127.0.0.1:81/", &headers, "", Some("the token"));
        sign(&mut signed, NOW);
        assert!(signed.headers[TOKEN].is_sensitive());
        let (names, text) = canonical(&signed);
        assert_eq!(names, "accept;host;x-amz-date;x-amz-security-token;x-b");
        let lines = "accept:x\nhost:127.0.0.1:81\nx-amz-date:20150830T123600Z\nx-amz-security-token:the token\nx-b:two words\n\n";
        assert!(text.contains(lines), "{text}");
    }

    #[test]
    fn what_asks_for_no_signature_gets_none() {
        let mut plain = WireRequest { sign: None, ..request("http://h/", &[], "", None) };
        sign(&mut plain, NOW);
        assert!(plain.headers.is_empty());
    }

    #[test]
    fn the_key_is_not_shown() {
        let request = request("http://h/", &[], "", None);
        assert!(!format!("{:?}", request.sign).contains("AKID"));
    }
}
