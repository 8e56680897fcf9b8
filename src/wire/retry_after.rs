//! How long a server asks us to wait, in the forms that servers use.

use std::time::Duration;

use http::HeaderMap;

use crate::model::Timestamp;

/// The wait that the headers ask for: `retry-after-ms`, then `retry-after` in seconds or as a date.
#[must_use]
pub fn from_headers(_headers: &HeaderMap, _now: Timestamp) -> Option<Duration> {
    None
}
