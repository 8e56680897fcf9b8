//! Errors of the server and of the connection, with their remedies.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::ports::{StoreError, StoreErrorKind};
use llmroute_core::model::RedisUrl;
pub use llmroute_core::model::failure::one_line;

const ELSEWHERE: &str = "choose another place with `--state`";

/// The error of an operation at `url`. It never shows a password.
pub(crate) fn of_redis(url: &RedisUrl, error: &RedisError) -> StoreError {
    let mut what = one_line(&error.to_string());
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

fn meaning(error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Busy, Unreachable, Unusable};
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => (Unreachable, "check the server, or choose another place"),
        ErrorKind::Io => (Unreachable, "start the server, check the address, or choose another place with `--state`"),
        ErrorKind::AuthenticationFailed => (Unusable, "check the user and the password in the URL"),
        ErrorKind::Server(kind) => match kind {
            ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ClusterDown => (Busy, "the server is not ready; try again in a moment"),
            ServerErrorKind::ReadOnly => (Unreachable, "name the primary server, not a replica"),
            ServerErrorKind::NoPerm => {
                (Unusable, "allow its user MGET, EVAL, SCAN, DEL, HMGET, ZREVRANGE, ZREM, SET, HSET, ZADD, EXPIRE")
            }
            ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::CrossSlot => {
                (Unusable, "name the node of the cluster that holds the keys, or a server that is no cluster")
            }
            _ => (Unusable, ELSEWHERE),
        },
        _ => match error.code() {
            Some("NOAUTH" | "WRONGPASS") => (Unusable, "check the user and the password in the URL"),
            Some("OOM") => (Unreachable, "give the server more memory, or choose another place with `--state`"),
            _ => (Unusable, ELSEWHERE),
        },
    }
}
