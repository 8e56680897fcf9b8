//! Proxies from the environment for measured calls: plain HTTP proxies, and tunnels through them.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use url::{Host, Url};

use crate::transport::http::error::{self, Server};
pub use llmroute_core::model::{Class, ConnectionFault, Failure};

/// The longest head of a proxy's reply, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// A proxy on the way.
pub(crate) struct Proxy {
    host: Host<String>,
    port: u16,
    /// Its credentials; sensitive.
    pub authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Host and port of the proxy itself.
    pub(crate) fn address(&self) -> (Host<String>, u16) {
        (self.host.clone(), self.port)
    }
}

/// The proxy for `url`, if any; loopback never has one.
///
/// # Errors
/// `unsupported` for a proxy that does not speak plain HTTP: bypassing it would measure another path.
pub(crate) fn on_the_way(matcher: &Matcher, url: &Url, peer: &Server) -> Result<Option<Proxy>, Failure> {
    if peer.is_loopback() {
        return Ok(None);
    }
    let Some(found) = url.as_str().parse::<Uri>().ok().and_then(|uri| matcher.intercept(&uri)) else {
        return Ok(None);
    };
    let scheme = found.uri().scheme_str().unwrap_or("http");
    if scheme != "http" {
        let message =
            format!("the proxy for {peer} is of `{scheme}`, and measuring goes through plain http proxies only");
        return Err(Failure::new(Class::Unsupported, message));
    }
    let address = Url::parse(&found.uri().to_string()).ok();
    let address = address.as_ref().and_then(|url| Some((url.host()?.to_owned(), url.port_or_known_default()?)));
    let Some((host, port)) = address else {
        return Err(Failure::new(Class::Unsupported, format!("the proxy for {peer} has no address")));
    };
    Ok(Some(Proxy { host, port, authorization: found.basic_auth().cloned() }))
}

/// Requests a tunnel to the server of `url` from the proxy behind `stream` (RFC 9110, 9.3.6).
pub(crate) async fn tunnel<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    url: &Url,
    proxy: &Proxy,
    peer: &Server,
) -> Result<(), Failure> {
    let host = url.host_str().unwrap_or_default();
    let target = format!("{host}:{}", url.port_or_known_default().unwrap_or(443));
    let mut ask = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = &proxy.authorization {
        ask.extend_from_slice(b"Proxy-Authorization: ");
        ask.extend_from_slice(authorization.as_bytes());
        ask.extend_from_slice(b"\r\n");
    }
    ask.extend_from_slice(b"\r\n");
    let broke = |error: std::io::Error| error::of_socket(&error, peer);
    stream.write_all(&ask).await.map_err(broke)?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the server.
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.map_err(broke)?);
        if head.len() > MAX_HEAD {
            return Err(refused(peer, "sent a head without end"));
        }
    }
    match status(&head) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(refused(peer, "wants other credentials (407)")),
        Some(status) => Err(refused(peer, &format!("refuses the tunnel ({status})"))),
        None => Err(refused(peer, "does not speak HTTP")),
    }
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok().filter(|_| head.starts_with(b"HTTP/1."))
}

fn refused(peer: &Server, what: &str) -> Failure {
    Failure::new(Class::Connection(ConnectionFault::Refused), format!("the proxy for {peer} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(proxy: &str, url: &str) -> Result<Option<(String, u16, bool)>, Class> {
        let (matcher, url) = (Matcher::builder().all(proxy).no("direct.example").build(), Url::parse(url).unwrap());
        let peer = Server::of(&url).unwrap();
        let found = on_the_way(&matcher, &url, &peer).map_err(|failure| failure.class)?;
        Ok(found.map(|proxy| (proxy.host.to_string(), proxy.port, proxy.authorization.is_some())))
    }

    #[test]
    fn a_plain_proxy_stands_between() {
        assert_eq!(way("http://u:p@gate:3128", "https://api.example/v1"), Ok(Some(("gate".into(), 3128, true))));
        assert_eq!(way("gate:80", "http://api.example/v1"), Ok(Some(("gate".into(), 80, false))));
    }

    #[test]
    fn loopback_and_exceptions_are_reached_directly() {
        assert_eq!(way("http://gate:3128", "http://127.0.0.1:8080/v1"), Ok(None));
        assert_eq!(way("http://gate:3128", "https://direct.example/v1"), Ok(None));
    }

    #[test]
    fn another_proxy_is_not_gone_around() {
        assert_eq!(way("socks5://gate:1080", "https://api.example/v1"), Err(Class::Unsupported));
        assert_eq!(way("https://gate:443", "https://api.example/v1"), Err(Class::Unsupported));
    }

    async fn check_tunnel(answer: &str, want: Result<(), &str>) {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 10);
        let url = Url::parse("https://api.example/v1").unwrap();
        let proxy = Proxy {
            host: Host::Domain("gate".into()),
            port: 80,
            authorization: Some(HeaderValue::from_static("Basic abc")),
        };
        let peer = Server::of(&url).unwrap();
        theirs.write_all(answer.as_bytes()).await.unwrap();
        let got = tunnel(&mut ours, &url, &proxy, &peer).await.map_err(|failure| failure.message);
        assert_eq!(got.as_ref().map_err(String::as_str).copied(), want);
        let mut asked = vec![0; 512];
        let count = theirs.read(&mut asked).await.unwrap();
        let asked = String::from_utf8_lossy(&asked[..count]).into_owned();
        assert!(asked.starts_with("CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n"), "{asked}");
        assert!(asked.contains("\r\nProxy-Authorization: Basic abc\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn a_tunnel_is_granted_or_refused() {
        check_tunnel("HTTP/1.1 200 OK\r\nvia: x\r\n\r\nrest", Ok(())).await;
        let wants = "the proxy for api.example:443 wants other credentials (407)";
        check_tunnel("HTTP/1.1 407 No\r\n\r\n", Err(wants)).await;
        check_tunnel("HTTP/1.1 503 No\r\n\r\n", Err("the proxy for api.example:443 refuses the tunnel (503)")).await;
        check_tunnel("SSH-2.0-something\r\n\r\n", Err("the proxy for api.example:443 does not speak HTTP")).await;
    }
}
