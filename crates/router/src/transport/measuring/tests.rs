//! Measured connections over real loopback sockets: timestamps, and the classification of failures.

use std::future::poll_fn;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::ports::{ReplyHead, StampedChunk};
use llmroute_core::wire::WireRequest;

const PATIENCE: Duration = Duration::from_secs(20);
const MS: Duration = Duration::from_millis(1);
const BROKEN: Class = Class::Connection(ConnectionFault::Broken);
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/v1/chat?a=b", listener.local_addr().unwrap())).unwrap();
    (listener, url)
}

fn request(url: &Url) -> WireRequest {
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer sk-secret"))]);
    WireRequest {
        method: http::Method::POST,
        url: url.clone(),
        headers,
        body: Bytes::from_static(b"{\"hello\":1}"),
        sign: None,
    }
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(b"{\"hello\":1}") {
        assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0, "the request ended early");
    }
    String::from_utf8(seen).unwrap()
}

async fn head(line: &mut dyn MeasuredConnection) -> Result<ReplyHead, Failure> {
    poll_fn(|cx| line.poll_head(cx)).await
}

async fn piece(line: &mut dyn MeasuredConnection) -> Option<Result<StampedChunk, Failure>> {
    poll_fn(|cx| line.poll_piece(cx)).await
}

/// All pieces of the reply, and its end.
async fn rest(line: &mut dyn MeasuredConnection) -> (Vec<StampedChunk>, Option<Failure>) {
    let mut pieces = Vec::new();
    loop {
        match piece(line).await {
            Some(Ok(piece)) => pieces.push(piece),
            Some(Err(failure)) => return (pieces, Some(failure)),
            None => return (pieces, None),
        }
    }
}

fn text(pieces: &[StampedChunk]) -> Vec<&str> {
    pieces.iter().map(|piece| std::str::from_utf8(&piece.bytes).unwrap()).collect()
}

/// A call to a server that answers with `writes`, each written after the previous piece was read.
async fn check(writes: &'static [&'static str], want: &[&str], end: Option<Class>) -> Vec<StampedChunk> {
    let (listener, url) = listen().await;
    let (was_read, mut go_on) = tokio::sync::mpsc::channel::<()>(1);
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        for write in writes {
            socket.write_all(write.as_bytes()).await.unwrap();
            let _ = go_on.recv().await;
        }
    });
    let meter = MeasuringTransport::new(1);
    let mut line = meter.connect(&url, PATIENCE).await.unwrap();
    let before = meter.now();
    line.begin(request(&url));
    let head = head(line.as_mut()).await.unwrap();
    let sent = line.sent().unwrap();
    assert!(before <= sent && sent <= head.at && head.status == 200);
    let (mut pieces, mut failed) = (Vec::new(), None);
    while let Some(next) = piece(line.as_mut()).await {
        match next {
            Ok(next) => pieces.push(next),
            Err(failure) => failed = Some(failure),
        }
        let _ = was_read.try_send(());
    }
    let now = meter.now();
    assert_eq!((text(&pieces), failed.map(|failure| failure.class)), (want.to_vec(), end));
    assert!(
        pieces.is_sorted_by_key(|piece| piece.at) && pieces.iter().all(|piece| sent <= piece.at && piece.at <= now)
    );
    assert!(!line.facts().clock_stepped);
    assert!(end.is_none() || !line.is_open(), "what broke is not open");
    drop(was_read);
    server.await.unwrap();
    pieces
}

const FIRST: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";

#[tokio::test]
async fn each_read_has_its_stamp() {
    // The kernel starts to stamp some time after the first request for it.
    for _ in 0..1000 {
        let writes = &[FIRST, "3\r\ntwo\r\n", "5\r\nthree\r\n", "0\r\n\r\n"];
        let pieces = check(writes, &["one", "two", "three"], None).await;
        assert!(pieces[0].at < pieces[1].at && pieces[1].at < pieces[2].at);
        if !cfg!(target_os = "linux") || pieces.iter().all(|piece| piece.lag.is_some()) {
            return;
        }
    }
    panic!("the kernel gives no stamps");
}

#[tokio::test]
async fn what_one_read_gave_has_one_stamp() {
    let pieces = check(&[FIRST, "3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"], &["one", "two", "three"], None).await;
    assert!(pieces[0].at < pieces[1].at && pieces[1].at == pieces[2].at);
}

#[tokio::test]
async fn a_cut_is_told_with_what_came_before() {
    check(&[FIRST, "ff\r\nmore"], &["one", "more"], Some(BROKEN)).await;
    check(&[FIRST, "zz\r\n"], &["one"], Some(Class::Malformed)).await;
}

#[tokio::test]
async fn a_connection_serves_call_after_call_until_the_server_closes_it() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.push(read_request(&mut socket).await);
            socket.write_all(format!("{CHUNKED}4\r\nopen\r\n0\r\n\r\n").as_bytes()).await.unwrap();
        }
        seen
    });
    let meter = MeasuringTransport::new(1);
    let mut line = meter.connect(&url, PATIENCE).await.unwrap();
    assert!(
        line.opening().is_some_and(|opening| opening.tcp.is_some() && opening.dns.is_none() && opening.tls.is_none())
    );
    for _ in 0..2 {
        assert!(line.is_open());
        line.begin(request(&url));
        head(line.as_mut()).await.unwrap();
        assert_eq!(text(&rest(line.as_mut()).await.0), ["open"]);
    }
    let seen = server.await.unwrap();
    let seen = seen[0].to_ascii_lowercase();
    assert!(seen.starts_with("post /v1/chat?a=b http/1.1\r\n"), "{seen}");
    let host = format!("host: {}:{}", url.host_str().unwrap(), url.port().unwrap());
    for line in ["accept-encoding: identity", "authorization: bearer sk-secret", host.as_str()] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{seen}");
    }
    while line.is_open() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_there_is_refused() {
    let (listener, url) = listen().await;
    drop(listener);
    let failure = MeasuringTransport::new(1).connect(&url, PATIENCE).await.err().expect("a failure");
    assert_eq!(failure.class, Class::Connection(ConnectionFault::Refused), "{failure:?}");
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_address() {
    let (proxy, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = proxy.accept().await.unwrap();
        let seen = read_request(&mut socket).await;
        socket.write_all(format!("{CHUNKED}0\r\n\r\n").as_bytes()).await.unwrap();
        seen
    });
    let gate = format!("http://u:p@{}", &address[url::Position::BeforeHost..url::Position::AfterPort]);
    let meter = MeasuringTransport::new(1).through(Matcher::builder().all(gate).build());
    let url = Url::parse("http://api.invalid/v1").unwrap();
    let mut line = meter.connect(&url, PATIENCE).await.unwrap();
    line.begin(request(&url));
    assert_eq!(head(line.as_mut()).await.unwrap().status, 200);
    let seen = server.await.unwrap();
    assert!(seen.starts_with("POST http://api.invalid/v1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.to_ascii_lowercase().contains("proxy-authorization: basic dtpw\r\n"), "{seen}");
}

#[tokio::test]
async fn waits_and_the_clock_agree() {
    let meter = MeasuringTransport::new(1);
    let at = meter.now() + 3 * MS;
    meter.wait(at).await;
    assert!(meter.now() >= at);
    assert_eq!(meter.cpu().is_some(), cfg!(target_os = "linux"));
}

mod over_tls {
    //! HTTP/2 and HTTP/1 over TLS, with an untrusted certificate that the test accepts.

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::ring;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    use super::*;

    #[derive(Debug)]
    struct Trusting;

    impl ServerCertVerifier for Trusting {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            ring::default_provider().signature_verification_algorithms.supported_schemes()
        }
    }

    fn trusting() -> MeasuringTransport {
        let meter = MeasuringTransport::new(1);
        let mut config = tls::config(&meter.roots).unwrap();
        config.dangerous().set_certificate_verifier(Arc::new(Trusting));
        meter.tls.set(Arc::new(config)).unwrap();
        meter
    }

    fn acceptor(alpn: &str) -> tokio_rustls::TlsAcceptor {
        let certificate = CertificateDer::from_slice(include_bytes!("../http/testdata/localhost.der"));
        let key = PrivatePkcs8KeyDer::from(&include_bytes!("../http/testdata/localhost.key.der")[..]);
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into_owned()], PrivateKeyDer::Pkcs8(key).clone_key())
            .unwrap();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        Arc::new(config).into()
    }

    /// Three calls on one connection, each answered with two pieces, the second after the first was read.
    async fn check(alpn: &'static str, serve: impl AsyncFn(tokio_rustls::server::TlsStream<TcpStream>, &mut Steps)) {
        let (listener, mut url) = listen().await;
        url.set_scheme("https").unwrap();
        let (was_read, go_on) = tokio::sync::mpsc::channel::<()>(1);
        let mut steps = Steps(go_on);
        let server = async {
            let (socket, _) = listener.accept().await.unwrap();
            serve(acceptor(alpn).accept(socket).await.unwrap(), &mut steps).await;
        };
        let client = async {
            let meter = trusting();
            let mut line = meter.connect(&url, PATIENCE).await.unwrap();
            assert!(line.opening().is_some_and(|opening| opening.tls.is_some()));
            for _ in 0..3 {
                assert!(line.is_open());
                line.begin(request(&url));
                assert_eq!(head(line.as_mut()).await.unwrap().status, 200);
                let first = piece(line.as_mut()).await.unwrap().unwrap();
                was_read.send(()).await.unwrap();
                let (others, failure) = rest(line.as_mut()).await;
                assert_eq!(
                    (text(std::slice::from_ref(&first)), text(&others), failure),
                    (vec!["one"], vec!["two"], None)
                );
                assert!(line.sent().unwrap() < first.at && first.at < others[0].at);
            }
        };
        tokio::join!(server, client);
    }

    struct Steps(tokio::sync::mpsc::Receiver<()>);

    #[tokio::test]
    async fn http_1() {
        check("http/1.1", async |mut stream, steps| {
            for _ in 0..3 {
                let mut seen = Vec::new();
                while !seen.ends_with(b"{\"hello\":1}") {
                    assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
                }
                stream.write_all(format!("{CHUNKED}3\r\none\r\n").as_bytes()).await.unwrap();
                steps.0.recv().await.unwrap();
                stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test]
    async fn http_2() {
        check("h2", async |stream, steps| {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            for _ in 0..3 {
                let (request, mut respond) = connection.accept().await.unwrap().unwrap();
                assert_eq!(request.headers()["accept-encoding"], "identity");
                assert_eq!(request.uri().path(), "/v1/chat");
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data(Bytes::from_static(b"one"), false).unwrap();
                // The accepting task also writes.
                tokio::select! {
                    step = steps.0.recv() => step.unwrap(),
                    _ = connection.accept() => panic!("one call at a time"),
                }
                body.send_data(Bytes::from_static(b"two"), true).unwrap();
            }
            while connection.accept().await.is_some() {}
        })
        .await;
    }
}
