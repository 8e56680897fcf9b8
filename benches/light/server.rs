//! The server that all subjects ask: std threads, one write a token, a note of when each was written.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Tokens in an answer.
pub const TOKENS: usize = 50;

/// A running server.
pub struct Server {
    /// Its address on loopback.
    pub port: u16,
    /// The times at which the tokens of the latest answer were written.
    pub written: Arc<Mutex<Vec<Instant>>>,
}

impl Server {
    /// A server that pauses for `pace` before every token; it runs until the process ends.
    pub fn start(pace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let written = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&written);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let notes = Arc::clone(&notes);
                // A client that leaves early is its own affair.
                std::thread::spawn(move || answer(socket, pace, &notes).ok());
            }
        });
        Self { port, written }
    }
}

/// The address to send a request to.
pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/v1/chat/completions")
}

/// The token in an output, raw or decoded.
pub fn token(index: usize) -> String {
    format!("t{index:02} ")
}

fn answer(mut socket: TcpStream, pace: Duration, notes: &Mutex<Vec<Instant>>) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    read_request(&socket)?;
    notes.lock().expect("no writer panics").clear();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes())?;
    socket.write_all(&event(r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"#))?;
    for index in 0..TOKENS {
        if !pace.is_zero() {
            std::thread::sleep(pace);
        }
        let choice = format!(r#"[{{"index":0,"delta":{{"content":"{}"}},"finish_reason":null}}]"#, token(index));
        let event = event(&choice);
        notes.lock().expect("no writer panics").push(Instant::now());
        socket.write_all(&event)?;
    }
    socket.write_all(&event(r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#))?;
    socket.write_all(&chunk(
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\
         \"usage\":{\"prompt_tokens\":1,\"completion_tokens\":50,\"total_tokens\":51}}\n\n",
    ))?;
    socket.write_all(&chunk("data: [DONE]\n\n"))?;
    socket.write_all(b"0\r\n\r\n")?;
    // Close only after the client did: a close of ours would race with its last read.
    socket.read(&mut [0]).map(|_| ())
}

fn read_request(socket: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).map(|_| ())
}

fn event(choices: &str) -> Vec<u8> {
    chunk(&format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":{choices}}}\n\n"
    ))
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}
