//! Errors of the server and of the connection, with their remedies.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::ports::{StoreError, StoreErrorKind};
use llmroute_core::model::RedisUrl;
pub use llmroute_core::model::failure::one_line;

const NOT_READY: &str = "the server is not ready; try again in a moment";
const ELSEWHERE: &str = "choose another place with `--state`";

/// The error of an operation at `url`. It never shows a password.
pub(crate) fn of_redis(url: &RedisUrl, error: &RedisError) -> StoreError {
    // Of the commands that were sent together, the first that failed tells why.
    let first = error.clone().into_server_errors().and_then(|errors| Some(RedisError::from(errors.first()?.1.clone())));
    let error = first.as_ref().unwrap_or(error);
    let mut what = if error.is_timeout() {
        "the server did not answer in time".to_owned()
    } else {
        let text = one_line(&error.to_string());
        // The number of an error of the system says nothing more.
        text.split_once(" (os error ").map_or(text.as_str(), |(what, _)| what).to_owned()
    };
    if let Some(password) = url.password() {
        what = what.replace(password.expose(), "…");
    }
    let (kind, hint) = meaning(error);
    fault(kind, url, &what, hint)
}

/// Other clients changed the same values at every try.
pub(crate) fn contended(url: &RedisUrl) -> StoreError {
    fault(StoreErrorKind::Busy, url, "too many processes change the same values", "try again in a moment")
}

/// This build has no TLS for Redis.
pub(crate) fn no_tls(url: &RedisUrl) -> StoreError {
    let hint = "build it with `--features redis-tls`";
    fault(StoreErrorKind::Unusable, url, "this llmroute was built without TLS for Redis", hint)
}

fn fault(kind: StoreErrorKind, url: &RedisUrl, what: &str, hint: &str) -> StoreError {
    StoreError { kind, reason: format!("cannot use `{url}`: {what}\nhint: {hint}") }
}

/// The meaning of an error that has no kind of its own: by its code, which older servers give in the text of an error
/// of a script. A server that answers at all may have the values, so that they are never guessed.
fn of_message(error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Busy, Unreachable, Unusable};
    let (code, text) = (error.code().unwrap_or_default(), error.to_string());
    let is = |name: &str| code == name || text.contains(&format!("-{name} ")) || text.contains(&format!(": {name} "));
    if is("NOAUTH") || is("WRONGPASS") {
        (Unusable, "check the user and the password in the URL")
    } else if is("OOM") {
        (Unreachable, "give the server more memory, or choose another place with `--state`")
    } else if ["BUSY", "LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"].into_iter().any(is) {
        (Busy, NOT_READY)
    } else if is("READONLY") || is("NOREPLICAS") || is("MISCONF") {
        (Unreachable, "name a server that can be written, or choose another place with `--state`")
    } else {
        (Unreachable, "check the server, or choose another place with `--state`")
    }
}

fn meaning(error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Busy, Unreachable, Unusable};
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => {
            (Unreachable, "check the server, or choose another place with `--state`")
        }
        ErrorKind::Io => (Unreachable, "start the server, check the address, or choose another place with `--state`"),
        ErrorKind::AuthenticationFailed => (Unusable, "check the user and the password in the URL"),
        ErrorKind::Server(kind) => match kind {
            ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ClusterDown => (Busy, NOT_READY),
            ServerErrorKind::ReadOnly => (Unreachable, "name the primary server, not a replica"),
            ServerErrorKind::NoPerm => (
                Unusable,
                "allow its user MGET, TIME, EVAL, SCAN, DEL, HMGET, ZREVRANGE, ZREM, SET, HSET, ZADD, EXPIRE",
            ),
            ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::CrossSlot => {
                (Unusable, "name the node of the cluster that holds the keys, or a server that is no cluster")
            }
            _ => of_message(error),
        },
        // The data in a client that is set up wrongly does not reach a server.
        ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported => (Unusable, ELSEWHERE),
        _ => of_message(error),
    }
}
