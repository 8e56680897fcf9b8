//! A server of one reply, given as bytes; it hands out the requests that it was sent, as bytes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// A server that answers `replies.len()` requests, each with the next reply, and then is gone.
pub struct Raw {
    url: String,
    asked: JoinHandle<Vec<Request>>,
}

/// A request as it was sent.
#[derive(Debug)]
pub struct Request {
    /// The first line.
    pub line: String,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// The value of a header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }
}

impl Raw {
    /// Starts to listen.
    pub fn start(replies: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serve = move || {
            let answer = |reply: Vec<u8>| {
                let (mut stream, _) = listener.accept().expect("somebody asks");
                let request = read(&mut stream);
                stream.write_all(&reply).expect("the reply is read");
                request
            };
            replies.into_iter().map(answer).collect()
        };
        Self { url, asked: std::thread::spawn(serve) }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests, after all replies were given.
    pub fn requests(self) -> Vec<Request> {
        self.asked.join().expect("every reply was asked for")
    }
}

/// A whole reply.
pub fn reply(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn read(stream: &mut TcpStream) -> Request {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut chunk).expect("the request comes");
        assert!(count > 0, "the request is cut");
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(request) = parse(&bytes) {
            return request;
        }
    }
}

/// The request in `bytes`, when all of it is there.
fn parse(bytes: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: Vec<_> = lines.filter_map(header).collect();
    let request = Request { line, headers, body: body.to_owned() };
    (request.body.len() >= request.header("content-length").parse().unwrap_or(0)).then_some(request)
}
