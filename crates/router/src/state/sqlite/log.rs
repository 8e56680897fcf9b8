//! Converts requests to rows of the log and back.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::ports::{LogEnd, LogStart, RequestOutcome};
use crate::state::LogRecord;
use crate::state::distinct_ids::DistinctIds;
use crate::state::truncate::truncate;
use llmroute_core::model::{Timestamp, Usage};

pub(super) const COLUMNS: &str = "id, at, command, grp, conversation_id, tags, ended_at, outcome, deployment, provider, model, \
     finish_reason, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_usd, \
     ttft_ms, duration_ms, attempts, error, system, prompt, text, reasoning, parent";

pub(crate) fn begin(connection: &Connection, entry: &LogStart) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO log (id, at, command, grp, conversation_id, tags, system, prompt, parent)
         VALUES (:id, :at, :command, :grp, :conversation_id, :tags, :system, :prompt, :parent)
         ON CONFLICT (id) DO NOTHING",
    )?;
    statement.execute(named_params! {
        ":id": entry.id,
        ":at": entry.at.0,
        ":command": entry.command,
        ":grp": entry.group,
        ":conversation_id": entry.conversation_id,
        ":tags": serde_json::Value::from(entry.tags.clone()).to_string(),
        ":system": entry.system.as_deref().map(truncate),
        ":prompt": truncate(&entry.prompt),
        ":parent": entry.parent,
    })?;
    Ok(())
}

pub(crate) fn finish(connection: &Connection, id: &str, end: &LogEnd) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE log SET ended_at = :ended_at, outcome = :outcome, deployment = :deployment, provider = :provider,
           model = :model, finish_reason = :finish_reason, input_tokens = :input_tokens,
           output_tokens = :output_tokens, cached_tokens = :cached_tokens, cache_write_tokens = :cache_write_tokens,
           reasoning_tokens = :reasoning_tokens, cost_usd = :cost_usd, ttft_ms = :ttft_ms,
           duration_ms = :duration_ms, attempts = :attempts, error = :error, text = :text, reasoning = :reasoning
         WHERE id = :id",
    )?;
    let count = |of: fn(&Usage) -> u64| end.usage.as_ref().map(|usage| signed(of(usage)));
    statement.execute(named_params! {
        ":id": id,
        ":ended_at": end.at.0,
        ":outcome": end.outcome.as_str(),
        ":deployment": end.deployment,
        ":provider": end.provider,
        ":model": end.model,
        ":finish_reason": end.finish_reason,
        ":input_tokens": count(|usage| usage.input),
        ":output_tokens": count(|usage| usage.output),
        ":cached_tokens": count(|usage| usage.cached),
        ":cache_write_tokens": count(|usage| usage.cache_write),
        ":reasoning_tokens": count(|usage| usage.reasoning),
        ":cost_usd": end.cost_usd,
        ":ttft_ms": end.ttft_ms.map(signed),
        ":duration_ms": signed(end.duration_ms),
        ":attempts": end.attempts.to_string(),
        ":error": end.error.as_ref().map(ToString::to_string),
        ":text": truncate(&end.text),
        ":reasoning": truncate(&end.reasoning),
    })?;
    Ok(())
}

/// The latest `count` requests, oldest first.
pub(crate) fn last(connection: &Connection, count: usize) -> rusqlite::Result<Vec<LogRecord>> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM log
         WHERE id >= ifnull((SELECT id FROM log ORDER BY id DESC LIMIT 1 OFFSET ?1 - 1), '') ORDER BY id"
    ))?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(Vec::new());
    }
    let records = statement.query_map([count], record)?;
    records.filter(readable).collect()
}

/// All turns of the conversation `id`, in the order of their ids.
pub(crate) fn turns(connection: &Connection, id: &str) -> rusqlite::Result<Vec<LogRecord>> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM log
         WHERE conversation_id = ?1 OR (id = ?1 AND conversation_id IS NULL AND command = 'ask') ORDER BY id"
    ))?;
    statement.query_map([id], record)?.filter(readable).collect()
}

/// The ids of the `count` conversations with the latest turns, latest first.
pub(crate) fn conversations(connection: &Connection, count: usize) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT ifnull(conversation_id, id) FROM log
         WHERE conversation_id IS NOT NULL OR command = 'ask' ORDER BY id DESC",
    )?;
    let mut rows = statement.query([])?;
    let mut found = DistinctIds::new(count);
    while let Some(row) = rows.next()?.filter(|_| !found.full()) {
        found.see(row.get(0)?);
    }
    Ok(found.ids)
}

/// An unreadable row must not hide the others.
pub(super) fn readable(record: &rusqlite::Result<LogRecord>) -> bool {
    !matches!(record, Err(rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..)))
}

/// The requests since `since`, oldest first, without their texts.
pub(crate) fn since(connection: &Connection, since: Timestamp) -> rusqlite::Result<Vec<LogRecord>> {
    let short = COLUMNS
        .replace("system, prompt, text, reasoning", "NULL AS system, '' AS prompt, NULL AS text, NULL AS reasoning");
    let mut statement = connection.prepare(&format!("SELECT {short} FROM log WHERE at >= ?1 ORDER BY id"))?;
    let records = statement.query_map([since.0], record)?;
    records.filter(readable).collect()
}

/// The request `id`.
pub(crate) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<LogRecord>> {
    connection.query_row(&format!("SELECT {COLUMNS} FROM log WHERE id = ?1"), [id], record).optional()
}

/// Ids that begin or end with `part`, in any case; at most `limit`.
pub(crate) fn matching(connection: &Connection, part: &str, limit: usize) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT id FROM log
         WHERE substr(id, 1, length(?1)) = ?1 COLLATE NOCASE OR substr(id, -length(?1)) = ?1 COLLATE NOCASE
         ORDER BY id DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map((part, limit), |row| row.get(0))?.collect()
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<LogRecord> {
    let start = LogStart {
        id: row.get("id")?,
        at: Timestamp(row.get("at")?),
        command: row.get("command")?,
        group: row.get("grp")?,
        conversation_id: row.get("conversation_id")?,
        parent: row.get("parent")?,
        system: row.get("system")?,
        prompt: row.get("prompt")?,
        tags: json(row, "tags")?.unwrap_or_default(),
    };
    Ok((start, end(row)?))
}

fn end(row: &Row<'_>) -> rusqlite::Result<Option<LogEnd>> {
    let Some(name) = row.get::<_, Option<String>>("outcome")? else { return Ok(None) };
    let outcome = RequestOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == name);
    Ok(Some(LogEnd {
        at: Timestamp(row.get::<_, Option<i64>>("ended_at")?.unwrap_or_default()),
        outcome: outcome.ok_or_else(|| unreadable("outcome", format!("`{name}` is no outcome").into()))?,
        deployment: row.get("deployment")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        text: row.get::<_, Option<String>>("text")?.unwrap_or_default(),
        reasoning: row.get::<_, Option<String>>("reasoning")?.unwrap_or_default(),
        finish_reason: row.get("finish_reason")?,
        usage: usage(row)?,
        cost_usd: row.get("cost_usd")?,
        ttft_ms: row.get::<_, Option<i64>>("ttft_ms")?.map(unsigned),
        duration_ms: row.get::<_, Option<i64>>("duration_ms")?.map(unsigned).unwrap_or_default(),
        attempts: json(row, "attempts")?.unwrap_or_default(),
        error: json(row, "error")?,
    }))
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Option<Usage>> {
    let count = |column| row.get::<_, Option<i64>>(column).map(|count| count.map(unsigned));
    let Some(input) = count("input_tokens")? else { return Ok(None) };
    Ok(Some(Usage {
        input,
        output: count("output_tokens")?.unwrap_or_default(),
        cached: count("cached_tokens")?.unwrap_or_default(),
        cache_write: count("cache_write_tokens")?.unwrap_or_default(),
        reasoning: count("reasoning_tokens")?.unwrap_or_default(),
        ..Usage::default()
    }))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &'static str) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| unreadable(column, error.into()))
}

fn unreadable(column: &str, why: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    let index = COLUMNS.split(',').position(|name| name.trim() == column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, why)
}

/// SQLite's integers are signed; no count comes near the difference.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
