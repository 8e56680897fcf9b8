//! The store on a Redis server, shared by many machines.
//!
//! It owns the connection and the commands; `fallback_store` handles an unavailable server.
//! A value is a string, a logged request a hash. All keys carry one hash tag, so that they share a slot
//! in a cluster, too: `{llmroute}:cell:deployment/…`, `{llmroute}:log:ID`, and the ids of the
//! log in the sorted set `{llmroute}:log`, the ids of a conversation in `{llmroute}:turns:ID`.

mod compare_and_swap;
mod error;
mod log;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::{Client, Connection, RedisResult, cmd};

use crate::ports::{LogEnd, LogStart, Store, StoreError};
use crate::state::{LogQuery, LogRecord};
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

/// See the module. Connects at its first operation, and reconnects after a lost connection.
pub struct RedisStore {
    url: RedisUrl,
    connection: Mutex<Option<Connection>>,
}

impl RedisStore {
    /// The store at `url`; does no I/O yet.
    #[must_use]
    pub fn new(url: &RedisUrl) -> Self {
        Self { url: url.clone(), connection: Mutex::default() }
    }

    /// The latest `count` requests of the log, oldest first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn last(&self, count: usize) -> Result<Vec<LogRecord>, StoreError> {
        self.repeat(|connection| log::last(connection, &self.names(), count))
    }

    /// The requests since `since`, oldest first, without their texts.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn since(&self, since: Timestamp) -> Result<Vec<LogRecord>, StoreError> {
        self.repeat(|connection| log::since(connection, &self.names(), since))
    }

    /// The request with the full id `id`.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn get(&self, id: &str) -> Result<Option<LogRecord>, StoreError> {
        self.repeat(|connection| log::get(connection, &self.names(), id))
    }

    /// Ids that begin or end with `part`, in any case, latest first; at most `limit`.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn matching(&self, part: &str, limit: usize) -> Result<Vec<String>, StoreError> {
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
    pub fn turns(&self, id: &str) -> Result<Vec<LogRecord>, StoreError> {
        self.repeat(|connection| log::turns(connection, &self.names(), id))
    }

    /// The ids of the `count` conversations with the latest turns, latest first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn conversations(&self, count: usize) -> Result<Vec<String>, StoreError> {
        self.repeat(|connection| log::conversations(connection, &self.names(), count))
    }

    fn names(&self) -> KeyNames<'_> {
        KeyNames(self.url.prefix())
    }

    fn cells(&self, keys: &[String]) -> Vec<String> {
        keys.iter().map(|key| self.names().cell(key)).collect()
    }

    /// Runs an idempotent operation: an idle connection that was lost is replaced.
    fn repeat<T>(&self, operation: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T, StoreError> {
        self.run(true, operation)
    }

    fn run<T>(&self, again: bool, operation: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T, StoreError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut connection, fresh) = match slot.take() {
            Some(connection) => (connection, false),
            None => (self.connect()?, true),
        };
        let mut result = operation(&mut connection);
        if again && !fresh && result.as_ref().is_err_and(|error| error.is_connection_dropped()) {
            connection = self.connect()?;
            result = operation(&mut connection);
        }
        // A failed connection may still deliver a reply to the next command.
        if !result.as_ref().is_err_and(|error| error.is_io_error() || error.is_unrecoverable_error()) {
            *slot = Some(connection);
        }
        result.map_err(|error| error::of_redis(&self.url, &error))
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        if self.url.is_tls() && !cfg!(feature = "redis-tls") {
            return Err(error::no_tls(&self.url));
        }
        let connected = Client::open(self.url.url().expose()).and_then(|client| {
            let connection = client.get_connection_with_timeout(CONNECT_TIMEOUT)?;
            connection.set_read_timeout(Some(COMMAND_TIMEOUT))?;
            connection.set_write_timeout(Some(COMMAND_TIMEOUT))?;
            Ok(connection)
        });
        connected.map_err(|error| error::of_redis(&self.url, &error))
    }
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
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let cells = self.cells(keys);
        self.repeat(|connection| cmd("MGET").arg(&cells).query(connection))
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        let cells = self.cells(keys);
        let mut before = self.read(keys)?;
        let mut pauses = compare_and_swap::pauses();
        loop {
            let mut after = before.clone();
            change(&mut after);
            if before == after {
                return Ok(());
            }
            // Not repeated: the result of a lost reply is unknown.
            match self
                .run(false, |connection| compare_and_swap::swap(connection, &cells, &before, &after, CELL_SECONDS))?
            {
                SwapResult::Done => return Ok(()),
                SwapResult::Changed(newest) => before = newest,
            }
            std::thread::sleep(pauses.next().ok_or_else(|| error::contended(&self.url))?);
        }
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        self.repeat(|connection| log::begin(connection, &self.names(), entry, LOG_SECONDS))
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        self.repeat(|connection| log::finish(connection, &self.names(), id, end, LOG_SECONDS))
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
