//! Downloads one public file over HTTP: no key, no redirect, no retry, and a size limit.

pub use llmroute_core::model::format;
use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect, retry};
use url::{Host, Url};

use super::tls::{self, LazyVerifier};

/// The time limit of a download.
const LIMIT: Duration = Duration::from_secs(60);
/// The time limit of its connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The reasons for a failed download.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The address is not one to download from.
    #[error("`{0}` is neither `https` nor on this machine")]
    Address(String),
    /// The server refused.
    #[error("the server answered {0}")]
    Status(u16),
    /// The file exceeds the size limit.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// The network failed.
    #[error("{0}")]
    Network(String),
}

/// Returns the decompressed file at `url`, of at most `largest` bytes.
///
/// # Errors
/// See [`DownloadError`].
pub async fn get(url: &Url, largest: usize) -> Result<Vec<u8>, DownloadError> {
    let here = is_loopback(url);
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        return Err(DownloadError::Address(format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default())));
    }
    let mut reply = client(here)?.get(url.clone()).send().await.map_err(network)?;
    if !reply.status().is_success() {
        return Err(DownloadError::Status(reply.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(network)? {
        if body.len() + chunk.len() > largest {
            return Err(DownloadError::TooLarge(largest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn client(here: bool) -> Result<Client, DownloadError> {
    let tls = tls::config(&Arc::new(LazyVerifier::default())).map_err(|why| DownloadError::Network(why.to_string()))?;
    let client = Client::builder()
        .user_agent(concat!("llmroute/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .timeout(LIMIT)
        .redirect(redirect::Policy::none())
        .retry(retry::never());
    let client = if here { client.no_proxy() } else { client };
    client.build().map_err(network)
}

/// The innermost cause: the outer ones only report that sending failed.
fn network(error: reqwest::Error) -> DownloadError {
    if error.is_timeout() {
        return DownloadError::Network(format!("no whole answer in {}", format::duration(LIMIT)));
    }
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    DownloadError::Network(reason)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Downloads at most 10 bytes from a server that sends `reply`.
    async fn check(reply: &'static str, want: Result<&str, DownloadError>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/x", listener.local_addr().unwrap())).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            // The client may have left.
            let _ = stream.write_all(reply.as_bytes());
        });
        let got = get(&url, 10).await;
        server.join().unwrap();
        assert_eq!(got.map(|body| String::from_utf8(body).unwrap()), want.map(str::to_owned), "{reply}");
    }

    #[tokio::test]
    async fn a_small_file_comes_whole() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", Ok("hello")).await;
    }

    #[tokio::test]
    async fn a_large_one_is_not_read_to_its_end() {
        let large = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello, hello, hello";
        check(large, Err(DownloadError::TooLarge(10))).await;
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let away = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        check(away, Err(DownloadError::Status(302))).await;
    }

    #[tokio::test]
    async fn an_address_elsewhere_is_https() {
        for text in ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd"] {
            let got = get(&Url::parse(text).unwrap(), 10).await;
            assert!(matches!(got, Err(DownloadError::Address(_))), "{text}: {got:?}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_said() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/x", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        let Err(DownloadError::Network(why)) = get(&url, 10).await else { panic!("it is closed") };
        assert!(why.contains("refused"), "{why}");
    }
}
