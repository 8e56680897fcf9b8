//! Proxies on loopback: HTTP CONNECT and SOCKS 5. They connect to one server, whatever the requested target.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The words that it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// `CONNECT`.
    Http,
    /// `CONNECT`, answered with 407.
    Refuses,
    /// SOCKS 5, with names or addresses.
    Socks,
}

/// A proxy; it listens until the tests are over.
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one that leads to `server`.
    pub fn start(tongue: Tongue, server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // A client that leaves early only breaks the pipe.
                thread::spawn(move || drop(lead(tongue, client, server, &seen)));
            }
        });
        Self { address, asked }
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests: the target and, after a space, the client's credentials.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics while holding it").clone()
    }
}

fn lead(tongue: Tongue, client: TcpStream, server: SocketAddr, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    // A reader of one byte at a time: what follows the words is not ours.
    let mut reader = BufReader::with_capacity(1, client.try_clone()?);
    let target = match tongue {
        Tongue::Http | Tongue::Refuses => connect(&mut reader)?,
        Tongue::Socks => socks(&mut reader, &client)?,
    };
    seen.lock().expect("nobody panics while holding it").push(target);
    let welcome: &[u8] = match tongue {
        Tongue::Http => b"HTTP/1.1 200 Connection established\r\n\r\n",
        Tongue::Refuses => b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        Tongue::Socks => b"\x05\0\0\x01\0\0\0\0\0\0",
    };
    (&client).write_all(welcome)?;
    if tongue == Tongue::Refuses {
        return Ok(());
    }
    let server = TcpStream::connect(server)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || drop(io::copy(&mut from, &mut to).and_then(|_| to.shutdown(std::net::Shutdown::Write))));
    io::copy(&mut &server, &mut &client)?;
    client.shutdown(std::net::Shutdown::Write)
}

/// `CONNECT HOST:PORT HTTP/1.1`, headers, and an empty line.
fn connect(reader: &mut impl BufRead) -> io::Result<String> {
    let mut lines = reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let target = first.strip_prefix("CONNECT ").and_then(|rest| rest.strip_suffix(" HTTP/1.1")).unwrap_or(&first);
    let headers: Vec<String> = lines.collect();
    let pass = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization").then_some(value)
    });
    Ok(pass.map_or_else(|| target.to_owned(), |pass| format!("{target} {pass}")))
}

/// A greeting, answered with "no password", and a request (RFC 1928).
fn socks(reader: &mut impl Read, mut client: &TcpStream) -> io::Result<String> {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        reader.read_exact(&mut bytes).map(|()| bytes)
    };
    let methods = take(2)?[1];
    take(methods.into())?;
    client.write_all(b"\x05\0")?;
    let kind = take(4)?[3];
    let host = match kind {
        1 => take(4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        3 => {
            let length = take(1)?[0];
            String::from_utf8_lossy(&take(length.into())?).into_owned()
        }
        other => format!("address of kind {other}"),
    };
    let port = take(2)?;
    Ok(format!("{host}:{}", u16::from_be_bytes([port[0], port[1]])))
}
