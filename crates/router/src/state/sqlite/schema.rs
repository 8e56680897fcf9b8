//! The tables, their version, and the migrations.

use rusqlite::{Connection, TransactionBehavior};

/// One migration for each version.
///
/// In `log`, long columns come last: SQLite reads a row from its beginning.
const MIGRATIONS: [&str; 4] = [
    "
CREATE TABLE cells (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE log (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  command TEXT NOT NULL,
  grp TEXT NOT NULL,
  conversation_id TEXT,
  tags TEXT NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  deployment TEXT,
  provider TEXT,
  model TEXT,
  finish_reason TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  cache_write_tokens INTEGER,
  reasoning_tokens INTEGER,
  cost_usd REAL,
  ttft_ms INTEGER,
  duration_ms INTEGER,
  attempts TEXT,
  error TEXT,
  system TEXT,
  prompt TEXT NOT NULL,
  text TEXT,
  reasoning TEXT
);
",
    "
ALTER TABLE log ADD COLUMN parent TEXT;
CREATE INDEX log_conversation ON log (conversation_id, id);
CREATE VIRTUAL TABLE log_words USING fts5(
  id UNINDEXED,
  words,
  content = '',
  contentless_delete = 1,
  contentless_unindexed = 1,
  tokenize = 'unicode61 remove_diacritics 0'
);
",
    // The index contained whole texts before, and is rebuilt by the next search.
    "
DELETE FROM log_words;
",
    "
ALTER TABLE log ADD COLUMN user TEXT;
ALTER TABLE log ADD COLUMN details TEXT;
ALTER TABLE log ADD COLUMN routing TEXT;
",
];

/// The version that this program writes.
pub(crate) const VERSION: usize = MIGRATIONS.len();

/// The version of a database relative to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaAge {
    /// This version.
    Current,
    /// This earlier version; 0 is an empty file.
    Older(usize),
    /// This later version.
    Newer(usize),
    /// A database of another program.
    Foreign,
}

/// The version of the database behind `connection`.
pub(crate) fn age(connection: &Connection) -> rusqlite::Result<SchemaAge> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(match usize::try_from(version) {
        Ok(VERSION) => SchemaAge::Current,
        Ok(0) if tables(connection)? > 0 => SchemaAge::Foreign,
        Ok(version) if version < VERSION => SchemaAge::Older(version),
        Ok(version) => SchemaAge::Newer(version),
        Err(_) => SchemaAge::Foreign,
    })
}

fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

/// Migrates an older database to this version, in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster while this one waited for the lock.
    if let SchemaAge::Older(version) = age(&transaction)? {
        for step in &MIGRATIONS[version..] {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", i64::try_from(VERSION).unwrap_or(i64::MAX))?;
    }
    transaction.commit()
}
