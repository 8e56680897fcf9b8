//! Tokens from Google's application default credentials, fetched when needed and cached until they expire.
//!
//! `reqsign-google` turns each kind of credential into a token; this module provides its network, files and
//! environment, and the cache.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqsign_core::{Context, Error, FileRead, HttpSend, ProvideCredential, SigningCredential, StaticEnv};
use reqsign_google::{
    Credential, FileCredentialProvider, ServiceAccountTokenCredentialProvider, VmMetadataCredentialProvider,
};

use crate::ports::KeyError;
use crate::profile::{LARGEST_KEY_FILE, read_text};
use crate::transport::HttpTransport;
use llmroute_core::model::Secret;
use llmroute_core::model::failure::one_line;
use llmroute_core::model::format;

/// The scope of the token.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The metadata server, which resolves only on the machine's own cloud network.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The time limit of all exchanges for one token.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest reply with a token, in bytes.
const LARGEST_REPLY: usize = 1 << 20;

/// The last credential; one task fetches while the others wait.
type CachedCredential = Arc<tokio::sync::Mutex<Option<Credential>>>;

/// Tokens by credential file; `None` is the machine itself.
pub(crate) struct GoogleTokens {
    context: Context,
    held: Mutex<HashMap<Option<PathBuf>, CachedCredential>>,
}

impl GoogleTokens {
    /// Uses a snapshot of the environment. Nothing is read or fetched yet.
    pub(crate) fn new(vars: &BTreeMap<String, String>) -> Self {
        Self::over(GoogleHttp(HttpTransport::default()), vars)
    }

    fn over(wire: impl HttpSend, vars: &BTreeMap<String, String>) -> Self {
        let envs: HashMap<String, String> = vars.clone().into_iter().collect();
        let env = StaticEnv { home_dir: envs.get("HOME").map(PathBuf::from), envs };
        let context = Context::new().with_file_read(GoogleFiles).with_http_send(wire).with_env(env);
        Self { context, held: Mutex::default() }
    }

    /// Returns a token that is valid for at least two more minutes.
    ///
    /// # Errors
    /// Fails if there are no credentials, or Google refuses a token.
    pub(crate) async fn token(&self, file: Option<&Path>) -> Result<Secret, KeyError> {
        let held = {
            let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(file.map(Path::to_owned)).or_default().clone()
        };
        let mut held = held.lock().await;
        if held.as_ref().is_none_or(|credential| !credential.is_valid()) {
            let asked = tokio::time::timeout(TOKEN_TIMEOUT, ask(&self.context, file)).await;
            let late = || error(format!("no token within {}", format::duration(TOKEN_TIMEOUT)));
            *held = Some(asked.map_err(|elapsed| late().because(elapsed))??);
        }
        let token = held.as_ref().and_then(|credential| credential.token.as_ref());
        token.map(|token| Secret::new(&token.access_token)).ok_or_else(|| error("they give no token"))
    }
}

async fn ask(context: &Context, file: Option<&Path>) -> Result<Credential, KeyError> {
    let failed = |cause: Error| error(one_line(&cause.to_string())).because(cause);
    let Some(file) = file else {
        let none = || error("there are none").hint("run `gcloud auth application-default login`");
        let machine = VmMetadataCredentialProvider::new().with_scope(SCOPE).provide_credential(context).await;
        return machine.map_err(|cause| none().because(cause))?.ok_or_else(none);
    };
    let path = file.to_str().ok_or_else(|| error("the name of their file is not UTF-8"))?;
    let source = FileCredentialProvider::new(path).with_scope(SCOPE);
    let credential = source.provide_credential(context).await.map_err(failed)?;
    let credential = match credential.as_ref().and_then(|credential| credential.service_account.clone()) {
        // A service account's file contains the signing key.
        Some(account) => {
            let source = ServiceAccountTokenCredentialProvider::new(account).with_scope(SCOPE);
            source.provide_credential(context).await.map_err(failed)?
        }
        None => credential,
    };
    credential.ok_or_else(|| error("they give no token"))
}

fn error(reason: impl AsRef<str>) -> KeyError {
    KeyError::new(format!("Google's application default credentials: {}", reason.as_ref()))
}

/// Our HTTP client, for the requests of a credential.
#[derive(Debug)]
struct GoogleHttp(HttpTransport);

impl HttpSend for GoogleHttp {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let reply = self.0.exchange(request, CONNECT_TIMEOUT, LARGEST_REPLY).await;
        reply.map_err(|failure| Error::unexpected(failure.message))
    }
}

/// Plain file access: the files are small and read once an hour.
#[derive(Debug)]
struct GoogleFiles;

impl FileRead for GoogleFiles {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let text = read_text(Path::new(path), LARGEST_KEY_FILE);
        text.map(String::into_bytes)
            .map_err(|error| Error::config_invalid(format!("{path} {error}")).with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network with one reply for every request, which records the requests.
    #[derive(Debug, Clone, Default)]
    struct Canned {
        asked: Arc<Mutex<Vec<(String, String)>>>,
        status: u16,
        body: &'static str,
    }

    impl HttpSend for Canned {
        async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            self.asked.lock().unwrap().push((request.uri().to_string(), body));
            Ok(http::Response::builder().status(self.status).body(self.body.into()).unwrap())
        }
    }

    const USER: &str = r#"{"type":"authorized_user","client_id":"id","client_secret":"cs","refresh_token":"rt"}"#;

    /// Fetches two tokens with the credentials in `text`; returns the second one and all requests.
    async fn check(text: &str, network: &Canned, want: Result<&str, &str>) -> Vec<(String, String)> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("adc.json");
        std::fs::write(&file, text).unwrap();
        let tokens = GoogleTokens::over(network.clone(), &BTreeMap::new());
        let (first, second) = tokio::join!(tokens.token(Some(&file)), tokens.token(Some(&file)));
        assert_eq!(first.is_ok(), second.is_ok());
        let got = second.as_ref().map(Secret::expose).map_err(|error| error.message.as_str());
        match (got, want) {
            (Err(got), Err(want)) => assert!(got.contains(want), "{got}"),
            _ => assert_eq!(got, want),
        }
        for secret in ["\"rt\"", "\"cs\""] {
            assert!(!format!("{second:?}").contains(secret), "{second:?}");
        }
        network.asked.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn a_users_token_is_had_once() {
        let network =
            Canned { status: 200, body: r#"{"access_token":"ya29.a","expires_in":3599}"#, ..Canned::default() };
        let asked = check(USER, &network, Ok("ya29.a")).await;
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].0, "https://oauth2.googleapis.com/token");
        assert!(asked[0].1.contains("refresh_token"), "{}", asked[0].1);
    }

    #[tokio::test]
    async fn a_token_that_is_about_to_expire_is_had_again() {
        let network = Canned { status: 200, body: r#"{"access_token":"ya29.b","expires_in":60}"#, ..Canned::default() };
        assert_eq!(check(USER, &network, Ok("ya29.b")).await.len(), 2);
    }

    #[tokio::test]
    async fn a_refusal_says_why_and_is_not_kept() {
        let network = Canned { status: 400, body: r#"{"error":"invalid_grant"}"#, ..Canned::default() };
        assert_eq!(check(USER, &network, Err("invalid_grant")).await.len(), 2);
    }

    #[tokio::test]
    async fn what_is_no_credential_is_said() {
        for text in ["", "{}", r#"{"type":"unheard_of"}"#] {
            let asked = check(text, &Canned::default(), Err("Google's application default credentials: ")).await;
            assert_eq!(asked, []);
        }
        let missing =
            GoogleTokens::over(Canned::default(), &BTreeMap::new()).token(Some(Path::new("/nowhere.json"))).await;
        assert!(missing.unwrap_err().message.contains("/nowhere.json does not exist"));
    }

    #[tokio::test]
    async fn a_machine_of_the_cloud_is_asked_where_no_file_is() {
        let network =
            Canned { status: 200, body: r#"{"access_token":"ya29.c","expires_in":3599}"#, ..Canned::default() };
        let tokens = GoogleTokens::over(network.clone(), &BTreeMap::new());
        assert_eq!(tokens.token(None).await.unwrap().expose(), "ya29.c");
        assert!(network.asked.lock().unwrap()[0].0.starts_with("http://metadata.google.internal/"));
        let none = GoogleTokens::over(Canned { status: 404, ..Canned::default() }, &BTreeMap::new()).token(None).await;
        assert!(none.unwrap_err().to_string().contains("gcloud auth application-default login"));
    }

    #[tokio::test]
    async fn our_own_client_asks() {
        use std::io::{Read as _, Write as _};
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = server.local_addr().unwrap().to_string();
        let answers = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut request = [0; 2048];
            let read = stream.read(&mut request).unwrap();
            let body = r#"{"access_token":"ya29.d","expires_in":3599}"#;
            write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                .unwrap();
            String::from_utf8_lossy(&request[..read]).to_ascii_lowercase()
        });
        let tokens = GoogleTokens::new(&[("GCE_METADATA_HOST".to_owned(), host)].into());
        assert_eq!(tokens.token(None).await.unwrap().expose(), "ya29.d");
        let request = answers.join().unwrap();
        assert!(request.starts_with("get /computemetadata/v1/") && request.contains("metadata-flavor: google"));
    }
}
