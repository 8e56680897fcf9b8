//! The store on a Redis server, shared by many machines.
//!
//! It owns the connection and the commands; `fallback_store` handles an unavailable server.
//! A value is a string, a logged request a hash. All keys carry one hash tag, so that they share a slot
//! in a cluster, too: `{llmroute}:cell:deployment/…`, `{llmroute}:log:ID`, and the ids of the
//! log in the sorted set `{llmroute}:log`, the ids of a conversation in `{llmroute}:turns:ID`.

mod compare_and_swap;
mod error;
mod log;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::{Client, Connection, RedisResult, Value, cmd, pipe};

use crate::ports::{LogEnd, LogStart, StateUpdate, Store, StoreError, StoreWrite};
use crate::state::{LogQuery, LogRecord, LoggedRequest, monotonic_now};
use llmroute_core::model::{RedisUrl, Timestamp};

use self::compare_and_swap::SwapResult;

/// The time limit of a connection with its handshake. The DNS lookup before it is
/// bounded by the system's resolver.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// The time limit of one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);
/// The lifetime of unused values.
const CELL_SECONDS: u64 = 30 * 24 * 3600;
/// The lifetime of a logged request.
const LOG_SECONDS: u64 = 90 * 24 * 3600;
/// The number of keys in one `SCAN`.
const SCAN_COUNT: usize = 500;

/// The time for which an idle connection is trusted to carry an operation that must not be repeated.
const FRESH: Duration = Duration::from_secs(5);
/// The longest that one change may take, with all its tries.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// The store; see the module. It connects at its first operation, and again when a connection is lost.
pub struct RedisStore {
    url: RedisUrl,
    /// Connections that are open and not in use: a reader does not wait for a writer.
    idle: Mutex<Vec<Idle>>,
    /// The values as this process last read or wrote them. A change begins with them and not with a read:
    /// where they are old, the server answers with the new ones.
    known: Mutex<HashMap<String, Option<String>>>,
    /// The time of the server, and when it was read.
    time: Mutex<Option<(Timestamp, Instant)>>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl RedisStore {
    /// The store at `url`; does no I/O yet.
    #[must_use]
    pub fn new(url: &RedisUrl) -> Self {
        Self { url: url.clone(), idle: Mutex::default(), known: Mutex::default(), time: Mutex::default() }
    }

    /// The latest `count` requests of the log, oldest first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn last(&self, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.repeat(|connection| log::last(connection, &self.names(), count))
    }

    /// Calls `visit` for each request from `since` on and before `until`, without its texts.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub(crate) fn visit(
        &self,
        since: Timestamp,
        until: Timestamp,
        visit: &mut dyn FnMut(LoggedRequest),
    ) -> Result<(), StoreError> {
        // A query that is repeated must not count a request twice.
        self.repeat(|connection| log::within(connection, &self.names(), [since, until]))?.into_iter().for_each(visit);
        Ok(())
    }

    /// The request with the full id `id`.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub(crate) fn get(&self, id: &str) -> Result<Option<LogRecord>, StoreError> {
        self.repeat(|connection| log::get(connection, &self.names(), id))
    }

    /// Ids that begin or end with `part`, in any case, latest first; at most `limit`.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub(crate) fn matching(&self, part: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.repeat(|connection| log::matching(connection, &self.names(), part, limit))
    }

    /// The latest `count` requests that match `query`, oldest first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn find(&self, query: &LogQuery, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.repeat(|connection| log::find(connection, &self.names(), query, count))
    }

    /// All turns of the conversation with the full id `id`, in the order of their ids.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub(crate) fn turns(&self, id: &str) -> Result<Vec<LogRecord>, StoreError> {
        self.repeat(|connection| log::turns(connection, &self.names(), id))
    }

    /// The ids of the `count` conversations with the latest turns, latest first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub(crate) fn conversations(&self, count: usize) -> Result<Vec<String>, StoreError> {
        self.repeat(|connection| log::conversations(connection, &self.names(), count))
    }

    fn names(&self) -> KeyNames<'_> {
        KeyNames(self.url.prefix())
    }

    fn cells(&self, keys: &[String]) -> Vec<String> {
        keys.iter().map(|key| self.names().cell(key)).collect()
    }

    /// Runs an operation that may run twice, on a new connection where an idle one turns out to be lost.
    fn repeat<T>(&self, operation: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T, StoreError> {
        self.repeat_within(COMMAND_TIMEOUT, operation)
    }

    fn repeat_within<T>(
        &self,
        limit: Duration,
        operation: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        if let Some(Idle { connection, .. }) = self.take_idle() {
            match self.run(connection, limit, &operation) {
                Err(error) if error.is_connection_dropped() => self.idle().clear(),
                result => return result.map_err(|error| error::of_redis(&self.url, &error)),
            }
        }
        let connection = self.connect(limit)?;
        self.run(connection, limit, operation).map_err(|error| error::of_redis(&self.url, &error))
    }

    /// Runs an operation that must not run twice: after a lost answer it is not known whether it was made.
    fn run_once<T>(
        &self,
        limit: Duration,
        operation: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        let connection = match self.take_idle() {
            Some(idle) if monotonic_now().duration_since(idle.since) < FRESH => idle.connection,
            Some(_) | None => self.connect(limit)?,
        };
        self.run(connection, limit, operation).map_err(|error| error::of_redis(&self.url, &error))
    }

    /// Runs `operation`, each of whose answers takes `limit` at most, and keeps the connection.
    fn run<T>(
        &self,
        mut connection: Connection,
        limit: Duration,
        operation: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        // Zero would mean no limit at all.
        let limit = limit.clamp(Duration::from_millis(1), COMMAND_TIMEOUT);
        connection.set_read_timeout(Some(limit))?;
        connection.set_write_timeout(Some(limit))?;
        let result = operation(&mut connection);
        // After a failure there may still be an answer on its way.
        if !result.as_ref().is_err_and(|error| error.is_io_error() || error.is_unrecoverable_error()) {
            self.idle().push(Idle { connection, since: monotonic_now() });
        }
        result
    }

    fn connect(&self, limit: Duration) -> Result<Connection, StoreError> {
        if self.url.is_tls() && !cfg!(feature = "redis-tls") {
            return Err(error::no_tls(&self.url));
        }
        let limit = limit.clamp(Duration::from_millis(1), CONNECT_TIMEOUT);
        let connected =
            Client::open(self.url.url().expose()).and_then(|client| client.get_connection_with_timeout(limit));
        connected.map_err(|error| error::of_redis(&self.url, &error))
    }

    fn take_idle(&self) -> Option<Idle> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all changes of `writes` and all entries of the log in one round trip, or more where other
    /// processes change the same values meanwhile.
    fn write_together(&self, writes: &mut [StoreWrite], limit: Duration) -> Result<(), StoreError> {
        let end = monotonic_now() + limit;
        let left = || end.saturating_duration_since(monotonic_now());
        let mut keys: Vec<String> = updates(writes).flat_map(|update| update.keys.iter().cloned()).collect();
        keys.sort_unstable();
        keys.dedup();
        let cells = self.cells(&keys);
        let (mut before, mut current) = self.expected(&keys, limit)?;
        let mut entries = true;
        let mut pauses = compare_and_swap::pauses();
        loop {
            let after = changed(writes, &keys, &before);
            let swap = (before != after).then_some((&cells[..], &before[..], &after[..]));
            if swap.is_none() && !current {
                // What an old value decides is not decided yet.
                (before, current) = (self.read_within(&keys, left())?, true);
                continue;
            }
            if swap.is_none() && !entries {
                return Ok(());
            }
            let result = self.run_once(left(), |connection| {
                let mut calls = pipe();
                if let Some((cells, before, after)) = swap {
                    calls.add_command(compare_and_swap::command(cells, before, after, CELL_SECONDS));
                }
                if entries {
                    log::add(&mut calls, &self.names(), writes, LOG_SECONDS)?;
                }
                let mut answers: Vec<Value> = if calls.is_empty() { Vec::new() } else { calls.query(connection)? };
                match swap {
                    Some(_) if !answers.is_empty() => compare_and_swap::result(answers.swap_remove(0)),
                    Some(_) | None => Ok(SwapResult::Done),
                }
            });
            match result {
                Ok(SwapResult::Done) => {
                    self.remember(&keys, &after);
                    return Ok(());
                }
                Ok(SwapResult::Changed(newest)) => {
                    self.remember(&keys, &newest);
                    (before, current, entries) = (newest, true, false);
                }
                Err(error) => {
                    // Whether the change was made is not known, and so are the values.
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    return Err(error);
                }
            }
            let pause = pauses.next().filter(|pause| *pause < left());
            std::thread::sleep(pause.ok_or_else(|| error::contended(&self.url))?);
        }
    }

    /// The values of `keys` that the server is expected to have, and whether it has just said so.
    fn expected(&self, keys: &[String], limit: Duration) -> Result<(Vec<Option<String>>, bool), StoreError> {
        let known: Option<Vec<Option<String>>> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            keys.iter().map(|key| known.get(key).cloned()).collect()
        };
        match known {
            Some(known) => Ok((known, false)),
            None => Ok((self.read_within(keys, limit)?, true)),
        }
    }

    /// Notes the server's answer to `TIME`, in seconds and microseconds; the command was sent at `sent`.
    fn note_time(&self, (seconds, micros): (i64, i64), sent: Instant) {
        let time = Timestamp(seconds.saturating_mul(1000).saturating_add(micros / 1000));
        // The server read its clock between the two moments.
        let read = sent + monotonic_now().duration_since(sent) / 2;
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = Some((time, read));
    }

    fn remember(&self, keys: &[String], values: &[Option<String>]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(keys.iter().cloned().zip(values.iter().cloned()));
    }
}

fn updates(writes: &[StoreWrite]) -> impl Iterator<Item = &StateUpdate> {
    writes.iter().filter_map(|write| match write {
        StoreWrite::Update(update) => Some(update),
        StoreWrite::Begin(_) | StoreWrite::Finish { .. } => None,
    })
}

/// The values of `keys`, which are sorted, after all changes of `writes` in turn.
fn changed(writes: &mut [StoreWrite], keys: &[String], before: &[Option<String>]) -> Vec<Option<String>> {
    let mut values = before.to_vec();
    for write in writes {
        let StoreWrite::Update(StateUpdate { keys: own, change, written, .. }) = write else { continue };
        let places: Vec<usize> = own.iter().filter_map(|key| keys.binary_search(key).ok()).collect();
        *written = places.iter().map(|place| values[*place].clone()).collect();
        change(written);
        for (place, value) in places.iter().zip(&*written) {
            values[*place].clone_from(value);
        }
    }
    values
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisStore({})", self.url)
    }
}

/// The names of keys.
#[derive(Debug, Clone, Copy)]
struct KeyNames<'p>(&'p str);

impl KeyNames<'_> {
    fn cell(self, key: &str) -> String {
        format!("{{{}}}:cell:{key}", self.0)
    }

    fn log(self) -> String {
        format!("{{{}}}:log", self.0)
    }

    fn entry(self, id: &str) -> String {
        format!("{{{}}}:log:{id}", self.0)
    }

    fn turns(self, conversation: &str) -> String {
        format!("{{{}}}:turns:{conversation}", self.0)
    }
}

impl Store for RedisStore {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.read_within(keys, COMMAND_TIMEOUT)
    }

    fn read_within(&self, keys: &[String], limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let cells = self.cells(keys);
        let (values, _) = self.repeat_within(limit, |connection| {
            let sent = monotonic_now();
            let answer: (Vec<Option<String>>, (i64, i64)) =
                pipe().cmd("MGET").arg(&cells).cmd("TIME").query(connection)?;
            self.note_time(answer.1, sent);
            Ok(answer)
        })?;
        self.remember(keys, &values);
        Ok(values)
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        let cells = self.cells(keys);
        let end = monotonic_now() + WRITE_TIMEOUT;
        let left = || end.saturating_duration_since(monotonic_now());
        let (mut before, mut current) = self.expected(keys, left())?;
        let mut pauses = compare_and_swap::pauses();
        loop {
            let mut after = before.clone();
            change(&mut after);
            if before == after && !current {
                // What an old value decides is not decided yet.
                (before, current) = (self.read_within(keys, left())?, true);
                continue;
            }
            if before == after {
                return Ok(());
            }
            let command = compare_and_swap::command(&cells, &before, &after, CELL_SECONDS);
            let result =
                self.run_once(left(), |connection| command.query(connection).and_then(compare_and_swap::result));
            match result {
                Ok(SwapResult::Done) => {
                    self.remember(keys, &after);
                    return Ok(());
                }
                Ok(SwapResult::Changed(newest)) => {
                    self.remember(keys, &newest);
                    (before, current) = (newest, true);
                }
                Err(error) => {
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    return Err(error);
                }
            }
            let pause = pauses.next().filter(|pause| *pause < left());
            std::thread::sleep(pause.ok_or_else(|| error::contended(&self.url))?);
        }
    }

    fn shared_time(&self) -> Option<Timestamp> {
        let (time, read) = (*self.time.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(time.after(monotonic_now().duration_since(read)))
    }

    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        vec![self.write_together(writes, limit.min(WRITE_TIMEOUT)); writes.len()]
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        let command = log::begin(&self.names(), entry, LOG_SECONDS);
        self.repeat(|connection| command.as_ref().map_err(Clone::clone)?.exec(connection))
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        let command = log::finish(&self.names(), id, end, LOG_SECONDS);
        self.repeat(|connection| command.as_ref().map_err(Clone::clone)?.exec(connection))
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let all = self.names().cell("");
        let pattern = format!("{}*", quoted(&format!("{all}{prefix}")));
        let mut keys = self.repeat(|connection| scan(connection, &pattern))?;
        keys.sort_unstable();
        // A scan can return a key twice.
        keys.dedup();
        Ok(keys.iter().filter_map(|key| key.strip_prefix(&all)).map(str::to_owned).collect())
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let cells = self.cells(keys);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.repeat(|connection| cmd("DEL").arg(&cells).query(connection))
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        let turns = format!("{}*", quoted(&self.names().turns("")));
        self.repeat(|connection| {
            let turns = scan(connection, &turns)?;
            log::clear(connection, &self.names(), &turns)
        })
    }
}

fn scan(connection: &mut Connection, pattern: &str) -> RedisResult<Vec<String>> {
    let mut found = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(SCAN_COUNT);
        let (next, keys): (u64, Vec<String>) = scan.query(connection)?;
        found.extend(keys);
        cursor = next;
        if cursor == 0 {
            return Ok(found);
        }
    }
}

/// `text` as a pattern that matches only itself.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}
