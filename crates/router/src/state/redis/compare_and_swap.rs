//! Atomic updates by compare and swap, with retries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::{Cmd, FromRedisValue, RedisResult, Value, cmd};

/// The number of tries. With [`pauses`] they take about two seconds.
const ATTEMPTS: u64 = 200;
/// The longest pause between two tries.
const PAUSE_MAX_MS: u64 = 20;

/// Sets every key to its new value if all of them still have their old ones, and returns 1; else it
/// returns their values. `-` stands for no value, `=…` for one. Each try is one call; `WATCH` would take three.
const SCRIPT: &str = "
local n = #KEYS
local have = redis.call('MGET', unpack(KEYS))
for i = 1, n do
  if (have[i] and '=' .. have[i] or '-') ~= ARGV[1 + i] then return have end
end
for i = 1, n do
  local want = ARGV[1 + n + i]
  if want ~= ARGV[1 + i] then
    if want == '-' then redis.call('DEL', KEYS[i])
    else redis.call('SET', KEYS[i], string.sub(want, 2), 'EX', ARGV[1]) end
  end
end
return 1";

/// The result of a try.
#[derive(Debug)]
pub(crate) enum SwapResult {
    /// The new values are set.
    Done,
    /// Another process was faster; these are the newest values.
    Changed(Vec<Option<String>>),
}

/// A command that changes `keys` from `before` to `after`; changed values are kept for `seconds`.
pub(crate) fn command(keys: &[String], before: &[Option<String>], after: &[Option<String>], seconds: u64) -> Cmd {
    let mut call = cmd("EVAL");
    call.arg(SCRIPT).arg(keys.len()).arg(keys).arg(seconds);
    for value in before.iter().chain(after) {
        call.arg(value.as_ref().map_or_else(|| "-".to_owned(), |value| format!("={value}")));
    }
    call
}

/// Reads the answer to a [`command`].
pub(crate) fn result(answer: Value) -> RedisResult<SwapResult> {
    match answer {
        Value::Int(_) => Ok(SwapResult::Done),
        newest => Ok(SwapResult::Changed(FromRedisValue::from_redis_value(newest)?)),
    }
}

/// Growing pauses between tries, with jitter so that processes do not collide again.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    /// Threads of one process must not pause in step, either.
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut rng = fastrand::Rng::with_seed(u64::from(std::process::id()) << 32 | call);
    (1..ATTEMPTS).map(move |turn| Duration::from_millis(rng.u64(0..=turn.min(PAUSE_MAX_MS))))
}
