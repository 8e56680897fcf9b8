//! Bytes, not meaning: requests and replies as they travel, and the framings of streams.
//!
//! This module knows no provider, HTTP client, clock or randomness.

pub(crate) mod event_stream;
mod framing;
pub mod json_repair;
pub mod ndjson;
pub mod rate_limit;
pub mod retry_after;
pub mod script;
pub mod sigv4;
pub mod sse;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

pub use framing::{FrameParser, Framing};

/// A request that is ready to be sent.
///
/// `Debug` shows no header values and no body: both may hold what is secret.
#[derive(Clone)]
pub struct WireRequest {
    /// `POST` for a prompt, `GET` for a free probe.
    pub method: Method,
    /// The URL, which never contains a key.
    pub url: Url,
    /// All headers, the credential among them (marked sensitive).
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The signature that it needs before it is sent.
    pub sign: Option<sigv4::SigningScope>,
}

impl std::fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireRequest").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// A reply with an error status, read as far as it is worth reading.
#[derive(Debug, Clone, Copy)]
pub struct ErrorReply<'a> {
    /// The HTTP status, or 0 for an error inside a 200.
    pub status: u16,
    /// The headers of the reply.
    pub headers: &'a HeaderMap,
    /// The beginning of the body; may be empty, HTML, or anything.
    pub body: &'a [u8],
    /// The arrival of the reply, for dates in it.
    pub now: crate::model::Timestamp,
}

/// One unit of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The name in its `event:` line, if any.
    pub event: Option<String>,
    /// The payload.
    pub data: String,
}

/// A frame that cannot be: the bytes are not of this framing, or too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame exceeds the size limit.
    #[error("a frame is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The bytes are not UTF-8 where text is due.
    #[error("a frame is not UTF-8")]
    NotUtf8,
    /// The bytes are not those that were sent.
    #[error("the checksum of a frame is wrong")]
    Checksum,
    /// The bytes violate the framing.
    #[error("a frame is not of its framing")]
    Shape,
}
