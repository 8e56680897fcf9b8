//! AWS keys that must be fetched: printed by a command, or issued for a login.
//!
//! Source: the AWS CLI's pages on `credential_process`, and the API of the IAM Identity Center portal.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::ports::{Clock, KeyError};
use crate::transport::HttpTransport;
pub use llmroute_core::model::format;
pub use llmroute_core::model::{AwsKeys, AwsSso, Secret, Timestamp};

/// The time limit of a command or the portal.
const LIMIT: Duration = Duration::from_secs(30);
/// Keys that expire sooner are fetched anew: a call may start late.
const MARGIN: Duration = Duration::from_secs(120);

/// Keys and their expiry.
#[derive(Clone)]
struct CachedKey {
    key: Secret,
    until: Option<Timestamp>,
}

/// Provides keys, and caches the valid ones.
pub(crate) struct AwsCredentials {
    clock: Clock,
    http: HttpTransport,
    /// Replaces the portal's usual address.
    portal: Option<String>,
    /// Locked while a fetch is running, so that keys are fetched only once.
    given: Mutex<HashMap<String, CachedKey>>,
}

impl AwsCredentials {
    /// For one process; `portal` is the address of the portal (`AWS_ENDPOINT_URL_SSO`).
    pub(crate) fn new(clock: Clock, portal: Option<String>) -> Self {
        Self { clock, http: HttpTransport::default(), portal, given: Mutex::default() }
    }

    /// Returns the keys from `source`.
    pub(crate) async fn get(&self, source: &AwsKeys) -> Result<Secret, KeyError> {
        let name = source.to_string();
        match source {
            AwsKeys::Known { key, .. } => Ok(key.clone()),
            AwsKeys::Process { command, .. } => self.kept(name, process(command)).await,
            AwsKeys::Sso(sso) => self.kept(name, self.portal(sso)).await,
        }
    }

    async fn kept(
        &self,
        name: String,
        ask: impl Future<Output = Result<CachedKey, KeyError>>,
    ) -> Result<Secret, KeyError> {
        let mut given = self.given.lock().await;
        let soon = self.clock.now().after(MARGIN);
        if let Some(found) = given.get(&name).filter(|found| found.until.is_none_or(|until| until > soon)) {
            return Ok(found.key.clone());
        }
        let fresh = ask.await?;
        let key = fresh.key.clone();
        given.insert(name, fresh);
        Ok(key)
    }

    async fn portal(&self, sso: &AwsSso) -> Result<CachedKey, KeyError> {
        let again =
            || KeyError::new("the login has ended").hint(format!("run `aws sso login --profile {}`", sso.profile));
        let token = std::fs::read(&sso.token).map_err(|error| again().because(error))?;
        let token: Value = serde_json::from_slice(&token).map_err(|error| again().because(error))?;
        let text = |name: &str| token.get(name).and_then(Value::as_str);
        if text("expiresAt").and_then(moment).is_none_or(|until| until <= self.clock.now()) {
            return Err(again());
        }
        let url = self
            .portal_url(sso)
            .ok_or_else(|| KeyError::new(format!("`{}` is not a region of a portal", sso.region)))?;
        let mut value = text("accessToken").and_then(|token| HeaderValue::try_from(token).ok()).ok_or_else(again)?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-amz-sso_bearer_token"), value)]);
        let asked = tokio::time::timeout(LIMIT, self.http.get(url, headers)).await;
        let said = match asked {
            Ok(Ok((200, body))) => serde_json::from_slice::<Value>(&body)
                .map_err(|error| KeyError::new("the portal's answer is not JSON").because(error))?,
            Ok(Ok((401, _))) => return Err(again()),
            Ok(Ok((status, _))) => {
                let (account, role) = (&sso.account, &sso.role);
                return Err(KeyError::new(format!(
                    "the portal gives no keys for role `{role}` in {account} (HTTP {status})"
                )));
            }
            Ok(Err(failure)) => {
                let message = format!("the portal cannot be reached: {}", failure.message);
                return Err(KeyError::new(message));
            }
            Err(elapsed) => {
                let message = format!("the portal gave no keys in {}", format::duration(LIMIT));
                return Err(KeyError::new(message).because(elapsed));
            }
        };
        let keys = said.get("roleCredentials");
        let text = |name: &str| keys?.get(name)?.as_str().filter(|text| usable(text));
        match (text("accessKeyId"), text("secretAccessKey"), text("sessionToken")) {
            (Some(id), Some(secret), session) => Ok(CachedKey {
                key: Secret::signing(id, secret, session),
                until: keys.and_then(|keys| keys.get("expiration")?.as_i64()).map(Timestamp),
            }),
            _ => Err(KeyError::new("the portal's answer has no keys")),
        }
    }

    fn portal_url(&self, sso: &AwsSso) -> Option<Url> {
        let usual = || format!("https://portal.sso.{}.amazonaws.com", sso.region);
        let base = self.portal.clone().unwrap_or_else(usual);
        let mut url = Url::parse(&format!("{}/federation/credentials", base.trim_end_matches('/'))).ok()?;
        url.query_pairs_mut().append_pair("role_name", &sso.role).append_pair("account_id", &sso.account);
        Some(url)
    }
}

/// The output of a `credential_process`: one JSON object.
async fn process(command: &str) -> Result<CachedKey, KeyError> {
    let printed = super::print(command, LIMIT).await?;
    let name = command.split_whitespace().next().unwrap_or_default();
    let said: Value = serde_json::from_str(&printed).map_err(|error| {
        KeyError::new(format!("the output of key command `{name} …` is not the JSON of a `credential_process`"))
            .because(error)
    })?;
    let text = |name: &str| said.get(name).and_then(Value::as_str).filter(|text| usable(text));
    match (text("AccessKeyId"), text("SecretAccessKey")) {
        (Some(id), Some(secret)) => Ok(CachedKey {
            key: Secret::signing(id, secret, text("SessionToken")),
            until: text("Expiration").and_then(moment),
        }),
        _ => Err(KeyError::new(format!("key command `{name} …` printed no keys"))),
    }
}

/// Returns `true` if `part` can be a part of a key.
fn usable(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Parses a time in AWS's format; old files end in `UTC`.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.replace("UTC", "Z");
    Some(Timestamp(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::path::Path;

    use super::*;

    /// 2026-11-22T00:00:00Z.
    const NOW: Timestamp = Timestamp(1_795_305_600_000);
    const LOGIN: &str = r#"{"accessToken":"the-token","expiresAt":"2026-11-22T08:00:00Z"}"#;

    fn aws(portal: Option<String>) -> AwsCredentials {
        AwsCredentials::new(Clock::starting_at(NOW), portal)
    }

    async fn check(command: &str, want: Result<&str, &str>) {
        let source = AwsKeys::Process { profile: "p".into(), command: command.into() };
        let got = aws(None).get(&source).await;
        let got = got.as_ref().map(Secret::expose).map_err(|error| error.message.as_str());
        assert_eq!(got, want, "{command}");
    }

    #[tokio::test]
    async fn a_command_prints_keys() {
        let keys =
            r#"echo '{"Version": 1,'; echo ' "AccessKeyId": "ID", "SecretAccessKey": "S", "SessionToken": "T"}'"#;
        check(keys, Ok("ID\nS\nT")).await;
        check(r#"echo '{"AccessKeyId": "ID", "SecretAccessKey": "S"}'"#, Ok("ID\nS")).await;
        check("echo S", Err("the output of key command `echo …` is not the JSON of a `credential_process`")).await;
        check("echo {}", Err("key command `echo …` printed no keys")).await;
        check(r#"echo '{"AccessKeyId": "I D", "SecretAccessKey": "S"}'"#, Err("key command `echo …` printed no keys"))
            .await;
        check("echo S; echo locked >&2; exit 3", Err("key command `echo …` failed (exit status: 3): locked")).await;
    }

    /// The number of command runs for two requests, if its keys expire at `until`.
    async fn runs(until: &str) -> usize {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("runs");
        let keys = format!(r#"{{"AccessKeyId": "ID", "SecretAccessKey": "S", "Expiration": "{until}"}}"#);
        let command = format!("echo x >> {}; echo '{keys}'", file.display());
        let source = AwsKeys::Process { profile: "p".into(), command };
        let aws = aws(None);
        let (first, second) = tokio::join!(aws.get(&source), aws.get(&source));
        assert!(first.is_ok() && second.is_ok());
        std::fs::read_to_string(file).unwrap().lines().count()
    }

    #[tokio::test]
    async fn keys_are_kept_until_they_end() {
        assert_eq!(runs("2026-11-22T01:00:00Z").await, 1);
        assert_eq!(runs("2026-11-22T00:01:00Z").await, 2);
    }

    /// Answers one request with `reply`, and returns the request.
    fn portal(reply: String) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (url, asked)
    }

    fn login(file: &Path) -> AwsKeys {
        let (account, role) = ("1".to_owned(), "a b".to_owned());
        let token = file.to_owned();
        AwsKeys::Sso(AwsSso { profile: "work".into(), region: "us-east-1".into(), account, role, token })
    }

    async fn logged_in(token: &str, reply: &str) -> (Result<String, String>, String) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token.json");
        std::fs::write(&file, token).unwrap();
        let (url, asked) = portal(format!("{reply}\r\nconnection: close\r\n\r\n"));
        let url = if reply.is_empty() { "http://127.0.0.1:9".to_owned() } else { url };
        let got = aws(Some(url)).get(&login(&file)).await;
        let asked = if reply.is_empty() { String::new() } else { asked.join().unwrap() };
        (got.map(|key| key.expose().to_owned()).map_err(|error| error.to_string()), asked)
    }

    #[tokio::test]
    async fn a_login_is_given_keys() {
        let body = r#"{"roleCredentials":{"accessKeyId":"ID","secretAccessKey":"S","sessionToken":"T","expiration":1795309200000}}"#;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token.json");
        std::fs::write(&file, LOGIN).unwrap();
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let (url, asked) = portal(reply);
        let aws = aws(Some(url));
        let key = aws.get(&login(&file)).await.unwrap();
        assert_eq!(key.expose(), "ID\nS\nT");
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("GET /federation/credentials?role_name=a+b&account_id=1 HTTP/1.1"), "{asked}");
        assert!(asked.contains("x-amz-sso_bearer_token: the-token"), "{asked}");
        // The server is gone: these are the cached ones.
        assert_eq!(aws.get(&login(&file)).await.unwrap(), key);
    }

    #[tokio::test]
    async fn a_login_that_has_ended_says_what_to_do() {
        let again = Err("the login has ended; run `aws sso login --profile work`".to_owned());
        let old = LOGIN.replace("08:00", "00:00");
        for token in [old.as_str(), "{}", "no JSON"] {
            assert_eq!(logged_in(token, "").await.0, again);
        }
        assert_eq!(logged_in(LOGIN, "HTTP/1.1 401 Unauthorized").await.0, again);
        let forbidden = logged_in(LOGIN, "HTTP/1.1 403 Forbidden").await.0;
        assert_eq!(forbidden, Err("the portal gives no keys for role `a b` in 1 (HTTP 403)".to_owned()));
    }

    #[test]
    fn times_are_read_in_both_forms() {
        for text in ["2026-11-22T00:00:00Z", "2026-11-22T00:00:00UTC"] {
            assert_eq!(moment(text), Some(NOW));
        }
    }
}
