//! A server as providers run them: TLS with a certificate of a CA of its own, HTTP/2 by ALPN, compressed bodies.
//!
//! It gives one answer and keeps the requests; what goes wrong is the other servers' business.

use std::convert::Infallible;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::dialect::{Dialect, Writer};
use super::faults::Step;

/// The name in its certificate; it does not resolve.
pub const NAME: &str = "api.lab.test";

/// The compression of its bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    None,
    Gzip,
    Brotli,
    Zstd,
}

impl Packing {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }

    fn pack(self, text: &str) -> Vec<u8> {
        let bytes = text.as_bytes();
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => {
                let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
                packer.write_all(bytes).expect("memory can be written to");
                packer.finish().expect("memory can be written to")
            }
            Self::Brotli => {
                let mut packed = Vec::new();
                let params = brotli::enc::BrotliEncoderParams::default();
                brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).expect("memory can be written to");
                packed
            }
            Self::Zstd => zstd::encode_all(bytes, 0).expect("memory can be written to"),
        }
    }
}

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The version of HTTP.
    pub version: Version,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
}

/// The server; it listens until the tests are over.
pub struct Peer {
    address: SocketAddr,
    /// The certificate of its CA, as text.
    pub ca: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Peer {
    /// Starts one that offers these protocols (`h2`, `http/1.1`) in its handshake.
    pub fn start(offers: &[&str], packing: Packing) -> Self {
        let (config, ca) = tls(offers);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it can be made");
        let bind = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(bind).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let server = serve(listener, TlsAcceptor::from(Arc::new(config)), packing, Arc::clone(&asked));
        thread::spawn(move || runtime.block_on(server));
        Self { address, ca, asked }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics while holding it").clone()
    }
}

/// A CA that lasts as long as the test, and a certificate of it for [`NAME`] and this machine.
fn tls(offers: &[&str]) -> (ServerConfig, String) {
    let made = "a certificate can be made";
    let ca_key = KeyPair::generate().expect(made);
    let mut ca = CertificateParams::new(Vec::new()).expect(made);
    // Two of the same name would be taken for each other.
    ca.distinguished_name.push(DnType::CommonName, format!("CA {:x?}", &ca_key.public_key_raw()[1..9]));
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, ca_key).expect(made);
    let mut params = CertificateParams::new(vec![NAME.to_owned(), "localhost".to_owned()]).expect(made);
    for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(address)));
    }
    let key = KeyPair::generate().expect(made);
    let certificate = params.signed_by(&key, &ca).expect(made);
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("it was made in this form");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them all")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("key and certificate belong together");
    config.alpn_protocols = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
    (config, ca.pem())
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, packing: Packing, asked: Arc<Mutex<Vec<Asked>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, asked) = (tls.clone(), Arc::clone(&asked));
        tokio::spawn(async move {
            // A client that does not trust the certificate disconnects.
            let Ok(stream) = tls.accept(stream).await else { return };
            let answer = service_fn(move |request| answer(request, packing, Arc::clone(&asked)));
            let server = auto::Builder::new(TokioExecutor::new());
            drop(server.serve_connection(TokioIo::new(stream), answer).await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    packing: Packing,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
    let dialect = Dialect::of(&path);
    let seen = Asked { version: head.version, path, headers: head.headers };
    asked.lock().expect("nobody panics while holding it").push(seen);
    drop(body.collect().await);
    let mut writer = Writer::new(dialect, "good", "");
    let opening = writer.opening();
    let steps = [Step::Tokens(usize::MAX), Step::Finish("stop"), Step::Done];
    let stream: String = opening.into_iter().chain(steps.into_iter().flat_map(|step| writer.events(step))).collect();
    let mut reply = Response::builder().header("content-type", "text/event-stream");
    if let Some(name) = packing.name() {
        reply = reply.header("content-encoding", name);
    }
    Ok(reply.body(Full::from(packing.pack(&stream))).expect("the head is in order"))
}
