//! Requests and replies over real loopback sockets, and the classification of failures.

use std::io::Write;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::*;
pub use llmroute_core::model::TimeoutKind;

const PATIENCE: Duration = Duration::from_secs(20);
const BROKEN: Class = Class::Connection(ConnectionFault::Broken);
const OK: &str = "HTTP/1.1 200 OK\r\n";

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/v1/chat", listener.local_addr().unwrap())).unwrap();
    (listener, url)
}

fn request(url: Url) -> WireRequest {
    let mut key = HeaderValue::from_static("Bearer sk-very-secret");
    key.set_sensitive(true);
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, key)]);
    WireRequest { method: Method::POST, url, headers, body: Bytes::from_static(b"{\"hello\":1}"), sign: None }
}

/// Reads one request with its body, so that closing afterwards is a clean close.
async fn read_request(socket: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(b"{\"hello\":1}") {
        assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0, "the request ended early");
    }
    String::from_utf8(seen).unwrap()
}

/// Answers one request with `reply` and closes; returns the request.
async fn serve(reply: impl Into<Vec<u8>>) -> (Url, JoinHandle<String>) {
    let (reply, (listener, url)) = (reply.into(), listen().await);
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let seen = read_request(&mut socket).await;
        socket.write_all(&reply).await.unwrap();
        seen
    });
    (url, served)
}

/// The body as far as it came, and its end.
async fn read(reply: HttpReply) -> (String, Option<Failure>) {
    let (mut body, mut bytes) = (reply.body, Vec::new());
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(failure) => return (String::from_utf8(bytes).unwrap(), Some(failure)),
        }
    }
    (String::from_utf8(bytes).unwrap(), None)
}

/// Calling `url` fails with `class` and a message that contains `message`.
async fn check_no_reply(url: Url, class: Class, message: &str) {
    let failure = HttpTransport::default().send(request(url), PATIENCE).await.err().expect("a failure");
    assert_eq!((failure.class, failure.status), (class, None), "{failure:?}");
    assert!(failure.message.contains(message), "`{}` does not say `{message}`", failure.message);
    assert!(!format!("{failure:?}").contains("sk-very-secret"));
}

/// `reply` yields `text`, then ends normally or fails with this class and message.
async fn check_body(reply: impl Into<Vec<u8>>, text: &str, end: Option<(Class, &str)>) {
    let (url, _served) = serve(reply).await;
    let reply = HttpTransport::default().send(request(url), PATIENCE).await.unwrap();
    let (got, failure) = read(reply).await;
    assert_eq!(got, text);
    assert_eq!(failure.as_ref().map(|failure| failure.class), end.map(|(class, _)| class), "{failure:?}");
    if let (Some(failure), Some((_, message))) = (failure, end) {
        assert!(failure.message.contains(message), "`{}` does not say `{message}`", failure.message);
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn gzip_reply(body: &[u8]) -> Vec<u8> {
    let head = format!("{OK}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn the_request_is_one_post_with_our_name_and_the_key() {
    let (url, served) = serve(format!("{OK}content-length: 2\r\nx-request-id: r1\r\n\r\nhi")).await;
    let reply = HttpTransport::default().send(request(url), PATIENCE).await.unwrap();
    assert_eq!((reply.status, &reply.headers["x-request-id"]), (200, &HeaderValue::from_static("r1")));
    assert_eq!(read(reply).await, ("hi".to_owned(), None));
    let seen = served.await.unwrap().to_ascii_lowercase();
    assert!(seen.starts_with("post /v1/chat http/1.1\r\n"), "{seen}");
    for line in [concat!("user-agent: llmroute/", env!("CARGO_PKG_VERSION")), "authorization: bearer sk-very-secret"] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{seen}");
    }
    assert!(seen.contains("accept-encoding: ") && seen.contains("gzip"), "{seen}");
}

#[tokio::test]
async fn a_redirect_is_a_reply_and_nobody_is_asked_there() {
    let (elsewhere, target) = listen().await;
    let (url, _served) = serve(format!("HTTP/1.1 307 Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n")).await;
    let reply = HttpTransport::default().send(request(url), PATIENCE).await.unwrap();
    assert_eq!((reply.status, reply.headers["location"].to_str().unwrap()), (307, target.as_str()));
    assert!(elsewhere.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_refused_connection() {
    let (listener, url) = listen().await;
    drop(listener);
    let message = format!("connection refused by 127.0.0.1:{}; is the server running?", url.port().unwrap());
    check_no_reply(url, Class::Connection(ConnectionFault::Refused), &message).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let url = Url::parse("http://nonexistent.invalid/v1").unwrap();
    let http = HttpTransport::default();
    // A proxy of the environment would resolve it instead of us.
    let client = http.client(ClientOptions { connect_timeout: PATIENCE, proxies: false }).unwrap();
    http.clients.lock().unwrap().insert(ClientOptions { connect_timeout: PATIENCE, proxies: true }, client);
    let failure = http.send(request(url), PATIENCE).await.err().expect("a failure");
    assert_eq!(failure.class, Class::Connection(ConnectionFault::Dns), "{failure:?}");
    assert_eq!(failure.message, "the name of nonexistent.invalid:80 does not resolve");
}

/// A listener whose queue is full ignores further connections: the nearest thing to a black hole on loopback.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_black_hole_is_a_connect_timeout() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(connected) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        queued.push(connected.unwrap());
        assert!(queued.len() < 100, "the queue never fills");
    }
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let failure =
        HttpTransport::default().send(request(url), Duration::from_millis(100)).await.err().expect("a failure");
    assert_eq!(failure.class, Class::Timeout(TimeoutKind::Connect), "{failure:?}");
    assert_eq!(failure.message, format!("no connection to {address} in time"));
}

#[tokio::test]
async fn another_scheme_is_not_sent() {
    check_no_reply(Url::parse("ftp://host/").unwrap(), Class::Unsupported, "`ftp` is not a scheme").await;
}

#[tokio::test]
async fn a_connection_that_closes_without_a_reply() {
    let (url, _served) = serve("").await;
    check_no_reply(url, BROKEN, "closed the connection before it answered").await;
    let (url, _served) = serve("HTTP/1.1 200 OK\r\ncontent-").await;
    check_no_reply(url, BROKEN, "closed the connection before it answered").await;
}

#[tokio::test]
async fn a_reply_that_is_not_http() {
    let (url, _served) = serve("SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    check_no_reply(url, Class::Malformed, "sent something that is not HTTP").await;
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_ends_well() {
    check_body(format!("{OK}\r\nall of it"), "all of it", None).await;
}

#[tokio::test]
async fn a_cut_in_a_body_of_known_length() {
    let end = Some((BROKEN, "closed the connection in the middle of the reply"));
    check_body(format!("{OK}content-length: 10\r\n\r\nhalf"), "half", end).await;
}

#[tokio::test]
async fn a_cut_in_a_chunked_body() {
    let end = Some((BROKEN, "closed the connection in the middle of the reply"));
    let head = format!("{OK}transfer-encoding: chunked\r\n\r\n");
    check_body(format!("{head}4\r\nhalf\r\n"), "half", end).await;
    check_body(format!("{head}4\r\nhalf\r\nff\r\nmo"), "halfmo", end).await;
    check_body(format!("{head}4\r\nhalf\r\n0\r\n\r\n"), "half", None).await;
}

#[tokio::test]
async fn a_chunk_without_a_size() {
    let reply = format!("{OK}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n");
    check_body(reply, "half", Some((Class::Malformed, "sent a broken body"))).await;
}

#[tokio::test]
async fn a_reset_in_the_middle() {
    let (listener, url) = listen().await;
    let (got_half, half) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(format!("{OK}\r\nhalf").as_bytes()).await.unwrap();
        half.await.unwrap();
        socket.set_zero_linger().unwrap();
    });
    let mut reply = HttpTransport::default().send(request(url), PATIENCE).await.unwrap();
    assert_eq!(reply.body.next().await, Some(Ok(Bytes::from_static(b"half"))));
    got_half.send(()).unwrap();
    let failure = read(reply).await.1.expect("a failure");
    assert_eq!(failure.class, BROKEN);
    assert!(failure.message.contains("reset the connection in the middle of the reply"), "{failure:?}");
}

#[tokio::test]
async fn a_compressed_body_is_unpacked() {
    check_body(gzip_reply(&gzip("some text")), "some text", None).await;
}

#[tokio::test]
async fn a_compressed_body_that_is_not_one() {
    check_body(gzip_reply(b"plain text"), "", Some((Class::Malformed, "cannot be decompressed"))).await;
}

#[tokio::test]
async fn a_compressed_body_that_is_too_short() {
    let packed = gzip("some text");
    let end = Some((BROKEN, "closed the connection in the middle of the reply"));
    check_body(gzip_reply(&packed[..packed.len() - 4]), "some text", end).await;
}

/// Each piece is written only after the previous one was read: buffering anywhere would hang this test.
async fn check_undelayed(head: &str, pieces: Vec<(Vec<u8>, &str)>) {
    let (listener, url) = listen().await;
    let (was_read, mut go_on) = tokio::sync::mpsc::channel::<()>(1);
    let (head, wire): (_, Vec<_>) = (head.to_owned(), pieces.iter().map(|(wire, _)| wire.clone()).collect());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(head.as_bytes()).await.unwrap();
        for piece in wire {
            socket.write_all(&piece).await.unwrap();
            go_on.recv().await;
        }
    });
    let mut reply = HttpTransport::default().send(request(url), PATIENCE).await.unwrap();
    for (_, text) in pieces {
        let chunk = tokio::time::timeout(PATIENCE, reply.body.next()).await.expect("no delay");
        assert_eq!(chunk, Some(Ok(Bytes::copy_from_slice(text.as_bytes()))));
        was_read.send(()).await.unwrap();
    }
    assert_eq!(reply.body.next().await, None);
}

#[tokio::test]
async fn one_byte_at_a_time_comes_one_byte_at_a_time() {
    let text = "data: [DONE]\n\n";
    let pieces = (0..text.len()).map(|at| (text.as_bytes()[at..=at].to_vec(), &text[at..=at])).collect();
    check_undelayed(&format!("{OK}\r\n"), pieces).await;
}

#[tokio::test]
async fn what_a_compressing_server_flushes_is_not_held_back() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut pieces = Vec::new();
    for text in ["one", "two", "three"] {
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        pieces.push((std::mem::take(encoder.get_mut()), text));
    }
    // The trailer comes with the last piece: the body ends with the connection.
    pieces[2].0.extend(encoder.finish().unwrap());
    check_undelayed(&format!("{OK}content-encoding: gzip\r\n\r\n"), pieces).await;
}

#[tokio::test]
async fn a_dropped_reply_closes_the_connection() {
    let (listener, url) = listen().await;
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(format!("{OK}\r\nendless").as_bytes()).await.unwrap();
        socket.read(&mut [0; 16]).await.unwrap_or(0)
    });
    let http = HttpTransport::default();
    drop(http.send(request(url), PATIENCE).await.unwrap());
    assert_eq!(tokio::time::timeout(PATIENCE, served).await.expect("closed").unwrap(), 0);
}

#[tokio::test]
async fn a_kept_connection_that_breaks_is_not_asked_again() {
    let (listener, url) = listen().await;
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(format!("{OK}content-length: 2\r\n\r\nhi").as_bytes()).await.unwrap();
        read_request(&mut socket).await;
        drop(socket);
        listener
    });
    let http = HttpTransport::default();
    let first = http.send(request(url.clone()), PATIENCE).await.unwrap();
    assert_eq!(read(first).await, ("hi".to_owned(), None));
    let failure = http.send(request(url), PATIENCE).await.err().expect("a failure");
    assert_eq!(failure.class, BROKEN, "{failure:?}");
    assert!(served.await.unwrap().accept().now_or_never().is_none());
}

#[tokio::test]
async fn plain_http_reads_no_roots() {
    let (url, _served) = serve(format!("{OK}content-length: 2\r\n\r\nhi")).await;
    let http = HttpTransport::default();
    http.send(request(url), PATIENCE).await.unwrap();
    assert!(!http.roots.were_read());
}

#[tokio::test]
async fn debug_shows_nothing() {
    let request = request(Url::parse("http://h/").unwrap());
    assert_eq!(
        format!("{request:?} {:?}", HttpTransport::default()),
        r#"WireRequest { url: "http://h/", .. } HttpTransport { .. }"#
    );
}

mod over_tls {
    //! A blocking rustls server in a thread: the handshake only. Its key and self-signed certificate were made
    //! for these tests (`openssl req -x509 -newkey ec … -subj /CN=localhost`) and open nothing.

    use std::net::TcpListener;

    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::server::Acceptor;

    use super::*;

    fn https(listener: &TcpListener) -> Url {
        Url::parse(&format!("https://localhost:{}/", listener.local_addr().unwrap().port())).unwrap()
    }

    #[tokio::test]
    async fn a_server_without_tls() {
        let (listener, mut url) = listen().await;
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.read_u8().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            // Stay until the client leaves, so that it reads what was said.
            let _ = socket.read_to_end(&mut Vec::new()).await;
        });
        url.set_scheme("https").unwrap();
        check_no_reply(url, Class::Connection(ConnectionFault::Tls), "does not speak TLS").await;
    }

    #[tokio::test]
    async fn a_handshake_that_ends_early_offered_http2_and_the_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = https(&listener);
        let hello = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut acceptor = Acceptor::default();
            loop {
                acceptor.read_tls(&mut socket).unwrap();
                if let Some(accepted) = acceptor.accept().unwrap() {
                    let hello = accepted.client_hello();
                    let alpn: Vec<_> = hello.alpn().unwrap().map(<[u8]>::to_vec).collect();
                    return (hello.server_name().map(str::to_owned), alpn);
                }
            }
        });
        check_no_reply(url, Class::Connection(ConnectionFault::Tls), "during the TLS handshake").await;
        let want = (Some("localhost".to_owned()), vec![b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert_eq!(hello.join().unwrap(), want);
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (url, http) = (https(&listener), HttpTransport::default());
        let server = std::thread::spawn(move || {
            let certificate = CertificateDer::from_slice(include_bytes!("testdata/localhost.der")).into_owned();
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(&include_bytes!("testdata/localhost.key.der")[..]));
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key.clone_key())
                .unwrap();
            let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
            let (mut socket, _) = listener.accept().unwrap();
            connection.complete_io(&mut socket).is_err()
        });
        let failure = http.send(request(url), PATIENCE).await.err().expect("a failure");
        assert_eq!(failure.class, Class::Connection(ConnectionFault::Tls), "{failure:?}");
        assert!(http.roots.were_read());
        assert!(server.join().unwrap(), "the client must refuse");
    }
}
