//! TLS, HTTP/2, compressed bodies and proxies: runs of the program against servers on loopback.

use std::sync::Arc;

use http::Version;

use crate::support::peer::{NAME, Packing, Peer};
use crate::support::proxy::{Proxy, Tongue};
use crate::support::{ANSWER, Home, KEY, Output, Run, Server};

/// Runs `ask what?` against `https://HOST:PORT` with the root certificate of `peer` and these variables.
fn ask(peer: &Peer, host: &str, vars: &[(&str, &str)]) -> Output {
    let port = peer.address().port();
    let profile = format!(
        "[router]\nnum_retries = 0\n[providers.lab]\nprotocol = \"openai\"\nbase_url = \"https://{host}:{port}\"\n\
         api_key = \"env:LAB_KEY\"\n[groups.main]\ndeployments = [{{ model = \"lab/good\", connect_timeout = \"5s\" }}]\n"
    );
    let home = Home::with(&profile);
    let ca = home.write("ca.pem", &peer.ca).display().to_string();
    let run = Run::at(&Arc::new(home)).env("LAB_KEY", KEY).env("SSL_CERT_FILE", &ca).args(["ask", "what?"]);
    vars.iter().fold(run, |run, (name, value)| run.env(name, value)).output()
}

#[track_caller]
fn answered(output: &Output) {
    output.is(0, &format!("{ANSWER}\n"), "");
}

/// The message of a run that failed with `why`; `PORT` stands for the port of `peer`.
fn failed(peer: &Peer, why: &str) -> String {
    let why = why.replace("PORT", &peer.address().port().to_string());
    format!(
        "error: no deployment of `main` could answer\n  lab/good: {why}\n\
         hint: check the base URL, the network, and whether a local server is running\n"
    )
}

/// With these ALPN offers and this compression, the answer arrives over `version`.
#[track_caller]
fn check(offers: &[&str], packing: Packing, version: Version) {
    let peer = Peer::start(offers, packing);
    answered(&ask(&peer, "localhost", &[]));
    let asked = peer.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].version, asked[0].path.as_str()), (version, "/v1/chat/completions"));
    assert_eq!(asked[0].headers["authorization"], format!("Bearer {KEY}").as_str());
    let takes = asked[0].headers["accept-encoding"].to_str().expect("it is text");
    for name in ["gzip", "br", "zstd"] {
        assert!(takes.split(',').any(|taken| taken.trim() == name), "{takes}");
    }
}

#[test]
fn a_proxy_variable_that_is_not_an_address_is_an_error() {
    let profile = "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"https://lab.invalid\"\napi_key = \"env:LAB_KEY\"\n\
                   [groups.main]\ndeployments = [{ model = \"lab/good\" }]\n";
    let home = Arc::new(Home::with(profile));
    for (name, value, reason) in [
        ("HTTPS_PROXY", "http://me:hunter2@proxy:99999", "invalid port number"),
        ("http_proxy", "not a proxy", "invalid international domain name"),
        ("ALL_PROXY", "ftp://proxy", "unknown scheme `ftp`"),
    ] {
        let output = Run::at(&home).env("LAB_KEY", KEY).env(name, value).args(["ask", "--no-stdin", "what?"]).output();
        let hint = format!("hint: write it like `http://HOST:PORT`, or unset `{name}`\n");
        output.is(78, "", &format!("error: `{name}` is not the address of a proxy: {reason}\n{hint}"));
    }
}

#[test]
fn http_2_is_used_where_it_is_offered() {
    check(&["h2", "http/1.1"], Packing::None, Version::HTTP_2);
}

#[test]
fn http_1_is_used_otherwise() {
    check(&["http/1.1"], Packing::None, Version::HTTP_11);
    check(&[], Packing::None, Version::HTTP_11);
}

#[test]
fn bodies_are_decompressed() {
    for packing in [Packing::Gzip, Packing::Brotli, Packing::Zstd] {
        check(&["h2"], packing, Version::HTTP_2);
        check(&["http/1.1"], packing, Version::HTTP_11);
    }
}

#[test]
fn a_certificate_of_an_unknown_issuer_is_not_trusted() {
    let (peer, other) = (Peer::start(&["h2"], Packing::None), Peer::start(&["h2"], Packing::None));
    let home = Home::new();
    let ca = home.write("other.pem", &other.ca).display().to_string();
    let why = "connection: the certificate of localhost:PORT is of an unknown issuer; SSL_CERT_FILE can name it";
    ask(&peer, "localhost", &[("SSL_CERT_FILE", &ca)]).is(69, "", &failed(&peer, why));
    assert!(peer.asked().is_empty());
}

#[test]
fn a_certificate_of_another_name_is_not_trusted() {
    let peer = Peer::start(&["h2"], Packing::None);
    let (_proxy, url) = connect_proxy(&peer);
    let output = ask(&peer, "other.lab.test", &[("HTTPS_PROXY", &url)]);
    let why = "connection: the certificate of other.lab.test:PORT is not valid (certificate not valid for name \
        \"other.lab.test\"; certificate is only valid for DnsName(\"api.lab.test\"), DnsName(\"localhost\"), \
        IpAddress(127.0.0.1) or IpAddress(0.0.0.0))";
    output.is(69, "", &failed(&peer, why));
    assert!(peer.asked().is_empty());
}

fn connect_proxy(peer: &Peer) -> (Proxy, String) {
    let proxy = Proxy::start(Tongue::Http, peer.address());
    let url = format!("http://{}", proxy.address());
    (proxy, url)
}

#[test]
fn a_proxy_from_the_environment_is_used() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let peer = Peer::start(&["h2"], Packing::None);
        let (proxy, url) = connect_proxy(&peer);
        answered(&ask(&peer, NAME, &[(variable, &url)]));
        assert_eq!(proxy.asked(), [format!("{NAME}:{}", peer.address().port())], "{variable}");
        assert_eq!((peer.asked().len(), peer.asked()[0].version), (1, Version::HTTP_2));
    }
}

#[test]
fn a_proxy_password_goes_only_to_the_proxy() {
    let peer = Peer::start(&["http/1.1"], Packing::None);
    let proxy = Proxy::start(Tongue::Http, peer.address());
    let url = format!("http://me:topsecret@{}", proxy.address());
    answered(&ask(&peer, NAME, &[("HTTPS_PROXY", &url)]));
    // `me:topsecret` in base64.
    assert_eq!(proxy.asked(), [format!("{NAME}:{} Basic bWU6dG9wc2VjcmV0", peer.address().port())]);
    assert!(!peer.asked()[0].headers.contains_key("proxy-authorization"));
}

#[test]
fn a_refusing_proxy_is_reported_without_its_password() {
    let peer = Peer::start(&["h2"], Packing::None);
    let proxy = Proxy::start(Tongue::Refuses, peer.address());
    let url = format!("http://me:topsecret@{}", proxy.address());
    let why = "connection: the connection to api.lab.test:PORT broke while it was made \
        (tunnel error: proxy authorization required)";
    ask(&peer, NAME, &[("HTTPS_PROXY", &url)]).is(69, "", &failed(&peer, why));
    assert!(peer.asked().is_empty());
}

#[test]
fn socks_connects_by_name_or_by_address() {
    for (scheme, host) in [("socks5h", NAME), ("socks5", "0.0.0.0")] {
        let peer = Peer::start(&["h2"], Packing::None);
        let proxy = Proxy::start(Tongue::Socks, peer.address());
        answered(&ask(&peer, host, &[("ALL_PROXY", &format!("{scheme}://{}", proxy.address()))]));
        assert_eq!(proxy.asked(), [format!("{host}:{}", peer.address().port())], "{scheme}");
        assert_eq!(peer.asked().len(), 1);
    }
}

#[test]
fn hosts_in_no_proxy_are_called_directly() {
    // A name of this machine that does not look like loopback.
    let host = "0.0.0.0";
    for (exceptions, asked) in [("example.com", 1), ("0.0.0.0", 0), ("example.com, 0.0.0.0/8", 0)] {
        let peer = Peer::start(&["h2"], Packing::None);
        let (proxy, url) = connect_proxy(&peer);
        answered(&ask(&peer, host, &[("HTTPS_PROXY", &url), ("NO_PROXY", exceptions)]));
        assert_eq!((proxy.asked().len(), peer.asked().len()), (asked, 1), "{exceptions}");
    }
}

#[test]
fn loopback_is_called_without_a_proxy() {
    let peer = Peer::start(&["h2"], Packing::None);
    let (proxy, url) = connect_proxy(&peer);
    for host in ["localhost", "127.0.0.1"] {
        answered(&ask(&peer, host, &[("HTTPS_PROXY", &url), ("ALL_PROXY", &url)]));
    }
    assert_eq!((proxy.asked().len(), peer.asked().len()), (0, 2));
}

#[test]
fn the_base_url_variable_of_a_provider_is_used() {
    for (provider, variable, path) in [
        ("openai", "OPENAI_BASE_URL", "/v1/chat/completions"),
        ("anthropic", "ANTHROPIC_BASE_URL", "/v1/messages"),
        ("groq", "GROQ_BASE_URL", "/openai/v1/chat/completions"),
        ("together", "TOGETHER_BASE_URL", "/v1/chat/completions"),
        ("cerebras", "CEREBRAS_BASE_URL", "/v1/chat/completions"),
        ("vllm", "HOSTED_VLLM_API_BASE", "/v1/chat/completions"),
        ("lmstudio", "LM_STUDIO_API_BASE", "/v1/chat/completions"),
        ("litellm", "LITELLM_PROXY_API_BASE", "/v1/chat/completions"),
        ("heroku", "INFERENCE_URL", "/v1/chat/completions"),
    ] {
        let server = Server::start();
        let profile = format!(
            "[providers.{provider}]\napi_key = \"env:LAB_KEY\"\n\
             [groups.main]\ndeployments = [{{ model = \"{provider}/good\" }}]\n"
        );
        let run = Run::with(&profile).env("LAB_KEY", KEY).env(variable, &server.url()).args(["ask", "what?"]);
        answered(&run.output());
        assert_eq!(server.calls()[0].path, path, "{variable}");
    }
}
