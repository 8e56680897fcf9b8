//! Requests as hashes of two fields, `start` and `end`, both JSON; their ids in a sorted set.

use redis::{Cmd, Connection, ErrorKind, Pipeline, RedisError, RedisResult, cmd, pipe};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::KeyNames;
use crate::ports::{LogEnd, LogStart, StoreWrite};
use crate::state::distinct_ids::DistinctIds;
use crate::state::truncate::truncate;
use crate::state::{LogQuery, LogRecord, LoggedRequest};
use llmroute_core::model::Timestamp;

/// The number of ids to scan at a time.
const ID_PAGE: isize = 1000;
/// The number of requests to scan at a time.
const RECORD_PAGE: isize = 50;
/// The largest clock difference between machines that share a log.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Writes a start unless there is one, and removes ids whose entries expired.
const BEGIN: &str = "
if redis.call('HSETNX', KEYS[2], 'start', ARGV[2]) == 0 then return 0 end
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if KEYS[3] then
  redis.call('ZADD', KEYS[3], 0, ARGV[1])
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, 3)) do
  if redis.call('EXISTS', KEYS[1] .. ':' .. id) == 0 then redis.call('ZREM', KEYS[1], id) end
end
return 1";

/// Writes an end if there is a start.
const FINISH: &str = "
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'end', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1";

/// A command that logs the start of a request.
pub(crate) fn begin(names: &KeyNames<'_>, entry: &LogStart, seconds: u64) -> RedisResult<Cmd> {
    let kept = LogStart {
        system: entry.system.as_deref().map(|text| truncate(text).into_owned()),
        prompt: truncate(&entry.prompt).into_owned(),
        ..entry.clone()
    };
    let mut call = cmd("EVAL");
    let turns = entry.conversation_id.as_deref().map(|id| names.turns(id));
    call.arg(BEGIN).arg(2 + usize::from(turns.is_some())).arg(names.log()).arg(names.entry(&entry.id)).arg(turns);
    call.arg(&entry.id).arg(json(&kept)?).arg(seconds);
    Ok(call)
}

/// A command that logs the end of the request `id`.
pub(crate) fn finish(names: &KeyNames<'_>, id: &str, end: &LogEnd, seconds: u64) -> RedisResult<Cmd> {
    let kept = LogEnd {
        text: truncate(&end.text).into_owned(),
        reasoning: truncate(&end.reasoning).into_owned(),
        ..end.clone()
    };
    let mut call = cmd("EVAL");
    call.arg(FINISH).arg(1).arg(names.entry(id)).arg(json(&kept)?).arg(seconds);
    Ok(call)
}

/// Adds the entries of the log among `writes` to `calls`.
pub(crate) fn add(calls: &mut Pipeline, names: &KeyNames<'_>, writes: &[StoreWrite], seconds: u64) -> RedisResult<()> {
    for write in writes {
        match write {
            StoreWrite::Begin(entry) => drop(calls.add_command(begin(names, entry, seconds)?)),
            StoreWrite::Finish { id, end } => drop(calls.add_command(finish(names, id, end, seconds)?)),
            StoreWrite::Update(_) => {}
        }
    }
    Ok(())
}

/// The latest `count` requests, oldest first.
pub(crate) fn last(connection: &mut Connection, names: &KeyNames<'_>, count: usize) -> RedisResult<Vec<LogRecord>> {
    let Some(end) = isize::try_from(count).unwrap_or(isize::MAX).checked_sub(1).filter(|end| *end >= 0) else {
        return Ok(Vec::new());
    };
    let mut ids = page(connection, names, 0, end)?;
    ids.reverse();
    entries(connection, names, &ids)
}

/// The requests from `since` on and before `until`, latest first, without their texts.
pub(crate) fn within(
    connection: &mut Connection,
    names: &KeyNames<'_>,
    [since, until]: [Timestamp; 2],
) -> RedisResult<Vec<LoggedRequest>> {
    let mut found = Vec::new();
    for first in (0..).step_by(ID_PAGE.unsigned_abs()) {
        let ids = page(connection, names, first, first + ID_PAGE - 1)?;
        let read = entries(connection, names, &ids)?;
        // Ids sort by time, apart from clock differences.
        let over = ids.is_empty() || (!read.is_empty() && read.iter().all(|(start, _)| start.at < since));
        let within = |at: Timestamp| since <= at && at < until;
        found.extend(read.into_iter().filter(|(start, _)| within(start.at)).map(LoggedRequest::from));
        if over {
            break;
        }
    }
    Ok(found)
}

/// The request `id`.
pub(crate) fn get(connection: &mut Connection, names: &KeyNames<'_>, id: &str) -> RedisResult<Option<LogRecord>> {
    Ok(entries(connection, names, &[id.to_owned()])?.pop())
}

/// The latest `count` requests that match `query`, oldest first.
pub fn find(
    connection: &mut Connection,
    names: &KeyNames<'_>,
    query: &LogQuery,
    count: usize,
) -> RedisResult<Vec<LogRecord>> {
    let mut found = Vec::new();
    for first in (0..).step_by(RECORD_PAGE.unsigned_abs()) {
        let ids = page(connection, names, first, first + RECORD_PAGE - 1)?;
        if ids.is_empty() || found.len() >= count {
            break;
        }
        let records = entries(connection, names, &ids)?;
        // Ids sort by time, apart from clock differences between machines.
        let long_before = |at: Timestamp| query.since.is_some_and(|since| at.0 < since.0.saturating_sub(DAY_MS));
        let over = records.last().is_some_and(|(start, _)| long_before(start.at));
        found.extend(records.into_iter().filter(|record| query.matches(record)));
        if over {
            break;
        }
    }
    found.truncate(count);
    found.reverse();
    Ok(found)
}

/// All turns of the conversation `id`, in the order of their ids.
pub(crate) fn turns(connection: &mut Connection, names: &KeyNames<'_>, id: &str) -> RedisResult<Vec<LogRecord>> {
    let mut ids: Vec<String> = cmd("ZREVRANGE").arg(names.turns(id)).arg(0).arg(-1).query(connection)?;
    ids.reverse();
    if ids.is_empty() {
        // In older logs, each request is its own conversation.
        let alone = get(connection, names, id)?.filter(|(start, _)| start.conversation() == Some(id));
        return Ok(alone.into_iter().collect());
    }
    entries(connection, names, &ids)
}

/// The ids of the `count` conversations with the latest turns, latest first.
pub(crate) fn conversations(
    connection: &mut Connection,
    names: &KeyNames<'_>,
    count: usize,
) -> RedisResult<Vec<String>> {
    let mut found = DistinctIds::new(count);
    for first in (0..).step_by(RECORD_PAGE.unsigned_abs()) {
        let ids = page(connection, names, first, first + RECORD_PAGE - 1)?;
        if ids.is_empty() || found.full() {
            break;
        }
        for (start, _) in entries(connection, names, &ids)? {
            start.conversation().into_iter().for_each(|id| found.see(id.to_owned()));
        }
    }
    Ok(found.ids)
}

/// Ids that begin or end with `part`, in any case, latest first; at most `limit`.
pub(crate) fn matching(
    connection: &mut Connection,
    names: &KeyNames<'_>,
    part: &str,
    limit: usize,
) -> RedisResult<Vec<String>> {
    let part = part.to_ascii_lowercase();
    let fits = |id: &String| {
        let id = id.to_ascii_lowercase();
        id.starts_with(&part) || id.ends_with(&part)
    };
    let mut found = Vec::new();
    for first in (0..).step_by(ID_PAGE.unsigned_abs()) {
        let ids = page(connection, names, first, first + ID_PAGE - 1)?;
        let over = ids.is_empty();
        found.extend(ids.into_iter().filter(fits));
        if over || found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Deletes every request, and the sets of ids called `turns`.
pub(crate) fn clear(connection: &mut Connection, names: &KeyNames<'_>, turns: &[String]) -> RedisResult<usize> {
    let ids = page(connection, names, 0, -1)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let keys: Vec<String> = ids.iter().map(|id| names.entry(id)).collect();
    let mut together = pipe();
    together.atomic().cmd("DEL").arg(keys).cmd("ZREM").arg(names.log()).arg(ids).ignore();
    if !turns.is_empty() {
        together.cmd("DEL").arg(turns).ignore();
    }
    together.query(connection).map(|(forgotten,)| forgotten)
}

/// Ids from the latest on; all have the same score, so they are ordered by their bytes.
fn page(connection: &mut Connection, names: &KeyNames<'_>, first: isize, last: isize) -> RedisResult<Vec<String>> {
    cmd("ZREVRANGE").arg(names.log()).arg(first).arg(last).query(connection)
}

/// The existing requests among `ids`.
fn entries(connection: &mut Connection, names: &KeyNames<'_>, ids: &[String]) -> RedisResult<Vec<LogRecord>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut calls = pipe();
    for id in ids {
        calls.cmd("HMGET").arg(names.entry(id)).arg("start").arg("end");
    }
    let found: Vec<(Option<String>, Option<String>)> = calls.query(connection)?;
    let record = |(start, end): (Option<String>, Option<String>)| {
        let start = read(&start?);
        Some(start.and_then(|start| Ok((start, end.as_deref().map(read).transpose()?))))
    };
    found.into_iter().filter_map(record).collect()
}

fn json<T: Serialize>(value: &T) -> RedisResult<String> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}

fn read<T: DeserializeOwned>(text: &str) -> RedisResult<T> {
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> RedisError {
    (ErrorKind::Parse, "an entry of the log is no JSON of ours", error.to_string()).into()
}
