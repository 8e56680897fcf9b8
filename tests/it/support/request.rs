//! One request as the test server read it. Understands no more HTTP than a client of an API sends.

use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;

use serde_json::Value;

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Call {
    /// `POST`, mostly.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The field `model` of the body; empty when there is none.
    pub model: String,
}

impl Call {
    /// Reads one request; `None` when the client closed without asking anything.
    pub fn read(stream: &TcpStream) -> io::Result<Option<Self>> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let headers = read_headers(&mut reader)?;
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
        let mut body = vec![0; length.parse().map_err(io::Error::other)?];
        reader.read_exact(&mut body)?;
        let model = serde_json::from_slice::<Value>(&body).map_or(Value::Null, |mut body| body["model"].take());
        Ok(Some(Self { method, path, headers, body, model: model.as_str().unwrap_or_default().to_owned() }))
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body of a call is JSON")
    }

    /// The text of the last message, whichever protocol it came in.
    pub fn last_message(&self) -> Option<(String, String)> {
        let body = self.json();
        let message = body["messages"].as_array()?.last()?;
        let content = &message["content"];
        let text = content.as_str().or_else(|| content[0]["text"].as_str())?;
        Some((message["role"].as_str()?.to_owned(), text.to_owned()))
    }
}

fn read_headers(reader: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => return Ok(headers),
        }
    }
}
