//! Log queries: SQL excludes impossible matches, and the query itself checks the rest.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::log::{COLUMNS, readable, record};
use crate::ports::RequestOutcome;
use crate::state::{LogQuery, LogRecord};

/// The latest `count` requests that match `query`, oldest first.
pub(crate) fn search(connection: &Connection, query: &LogQuery, count: usize) -> rusqlite::Result<Vec<LogRecord>> {
    let SqlFilter { conditions, values } = SqlFilter::of(query);
    let sql = format!("SELECT {COLUMNS} FROM log WHERE {} ORDER BY id DESC", conditions.join(" AND "));
    let mut statement = connection.prepare(&sql)?;
    let records = statement.query_map(params_from_iter(values), record)?.filter(readable);
    let wanted = records.filter(|record| record.as_ref().map_or(true, |record| query.matches(record)));
    let mut found: Vec<LogRecord> = wanted.take(count).collect::<rusqlite::Result<_>>()?;
    found.reverse();
    Ok(found)
}

/// SQL conditions that every match meets; others may meet them, too.
struct SqlFilter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl SqlFilter {
    fn of(query: &LogQuery) -> Self {
        let mut filter = Self { conditions: vec!["1".to_owned()], values: Vec::new() };
        if let Some(group) = &query.group {
            filter.when("grp = ?", group.clone());
        }
        if let Some(since) = query.since {
            filter.when("at >= ?", since.0);
        }
        if let Some(until) = query.until {
            filter.when("at < ?", until.0);
        }
        if let Some(outcome) = query.outcome {
            filter.when("outcome IS ?", outcome.map(RequestOutcome::as_str).map(str::to_owned));
        }
        if let Some(id) = &query.conversation {
            filter.when("? IN (conversation_id, id)", id.clone());
        }
        // Texts inside JSON are escaped as JSON.
        if let Some(tag) = &query.tag {
            filter.when("instr(tags, ?) > 0", quoted(tag));
        }
        if let Some(name) = &query.deployment {
            filter.values.push(name.clone().into());
            filter.when("(deployment = ? OR instr(ifnull(attempts, ''), ?) > 0)", quoted(name));
        }
        if let Some(class) = &query.class {
            filter.when("instr(ifnull(attempts, '') || ifnull(error, ''), ?) > 0", quoted(class));
        }
        if let Some(reason) = &query.finish_reason {
            filter.when("finish_reason = ?", reason.clone());
        }
        if let Some(expression) = query.words.expression() {
            let known = "SELECT id FROM log_words";
            filter.when(&format!("(id NOT IN ({known}) OR id IN ({known} WHERE log_words MATCH ?))"), expression);
        }
        filter
    }

    fn when(&mut self, condition: &str, value: impl Into<Value>) {
        self.conditions.push(condition.to_owned());
        self.values.push(value.into());
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
