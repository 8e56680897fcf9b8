//! Detects local model servers: one short GET, and only a valid list of models counts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

/// The time limit for the model list of a server on this machine.
const LIMIT: Duration = Duration::from_millis(300);
/// The largest list that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The first model of each server in `bases` (`http://host:port/`), in their order; `None` where no
/// model server answers. All are probed concurrently.
pub async fn models(bases: &[Url]) -> Vec<Option<String>> {
    let Some(client) = client() else { return vec![None; bases.len()] };
    let probes =
        bases.iter().map(|base| async { tokio::time::timeout(LIMIT, model_at(&client, base)).await.ok().flatten() });
    futures_util::future::join_all(probes).await
}

/// A client without certificates, proxies and redirects: the servers are on this machine.
fn client() -> Option<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).timeout(LIMIT).build().ok()
}

async fn model_at(client: &reqwest::Client, base: &Url) -> Option<String> {
    for path in ["v1/models", "api/tags"] {
        let Some(body) = get(client, base, path).await else { continue };
        if let Some(model) = first_model(&body) {
            return Some(model);
        }
    }
    None
}

async fn get(client: &reqwest::Client, base: &Url, path: &str) -> Option<Vec<u8>> {
    let url = Url::parse(&format!("{}/{path}", base.as_str().trim_end_matches('/'))).ok()?;
    let mut reply = client.get(url).send().await.ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return None;
        }
    }
    reply.status().is_success().then_some(body)
}

/// The first model in a reply of `/v1/models` (`data[].id`) or `/api/tags` (`models[].name`).
#[must_use]
pub(crate) fn first_model(body: &[u8]) -> Option<String> {
    let reply: Value = serde_json::from_slice(body).ok()?;
    let named = |list: &str, name: &str| {
        let models = reply.get(list)?.as_array()?;
        models.iter().find_map(|model| model.get(name)?.as_str()).filter(|name| !name.is_empty()).map(str::to_owned)
    };
    named("data", "id").or_else(|| named("models", "name"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    fn check(body: &str, want: Option<&str>) {
        assert_eq!(first_model(body.as_bytes()).as_deref(), want, "{body}");
    }

    #[test]
    fn lists_of_models_are_read() {
        check(r#"{"object":"list","data":[{"id":"qwen3"},{"id":"other"}]}"#, Some("qwen3"));
        check(r#"{"models":[{"name":"llama3:8b"}]}"#, Some("llama3:8b"));
    }

    #[test]
    fn anything_else_is_no_model_server() {
        for body in ["", "<html>", "{}", r#"{"data":[]}"#, r#"{"data":"x"}"#, r#"{"data":[{"id":""}]}"#, "[1]"] {
            check(body, None);
        }
    }

    fn serve(listener: &TcpListener, reply: &str) {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", reply.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
    }

    #[tokio::test]
    async fn a_server_that_answers_is_found_and_a_closed_port_is_not() {
        let here = TcpListener::bind("127.0.0.1:0").unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = |listener: &TcpListener| Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let bases = [url(&gone), url(&here)];
        drop(gone);
        let server = std::thread::spawn(move || serve(&here, r#"{"data":[{"id":"m"}]}"#));
        assert_eq!(models(&bases).await, [None, Some("m".to_owned())]);
        server.join().unwrap();
    }
}
