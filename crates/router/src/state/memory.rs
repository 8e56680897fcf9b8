//! A store in memory, shared by the threads of one process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreErrorKind};

use super::LogRecord;

/// The number of requests to keep; older ones are dropped, so that a long run does not grow.
const LOG_KEPT: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<MemoryContents>,
    warning: Mutex<Option<&'static str>>,
    /// The reason why no change that all processes must know is made.
    denied: Option<&'static str>,
}

#[derive(Debug, Default)]
struct MemoryContents {
    cells: BTreeMap<String, String>,
    log: VecDeque<LogRecord>,
}

impl MemoryStore {
    /// A store that reports `warning` once.
    ///
    /// If it `denies`, it makes no change that all processes must know.
    pub(super) fn without_home(warning: &'static str, denies: bool) -> Self {
        Self { warning: Mutex::new(Some(warning)), denied: denies.then_some(warning), ..Self::default() }
    }

    /// The latest requests, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<LogRecord> {
        self.lock().log.iter().cloned().collect()
    }

    /// Sets `keys` to `values` of another store.
    pub(super) fn remember(&self, keys: &[String], values: &[Option<String>]) {
        let mut inner = self.lock();
        for (key, value) in keys.iter().zip(values) {
            inner.set(key, value.clone());
        }
    }

    /// Removes and returns the start of `id` if it has no end.
    pub(super) fn take_unfinished(&self, id: &str) -> Option<LogStart> {
        let mut inner = self.lock();
        let at = inner.log.iter().position(|(start, end)| start.id == id && end.is_none())?;
        inner.log.remove(at).map(|(start, _)| start)
    }

    fn lock(&self) -> MutexGuard<'_, MemoryContents> {
        // A panic elsewhere leaves the map intact: each change of it is one call.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryContents {
    fn get(&self, keys: &[String]) -> Vec<Option<String>> {
        keys.iter().map(|key| self.cells.get(key).cloned()).collect()
    }

    fn set(&mut self, key: &str, value: Option<String>) {
        match value {
            Some(value) => self.cells.insert(key.to_owned(), value),
            None => self.cells.remove(key),
        };
    }
}

impl Store for MemoryStore {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        Ok(self.lock().get(keys))
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let mut values = inner.get(keys);
        change(&mut values);
        for (key, value) in keys.iter().zip(values) {
            inner.set(key, value);
        }
        Ok(())
    }

    fn update_shared(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        match self.denied {
            Some(reason) => Err(StoreError { kind: StoreErrorKind::Unusable, reason: reason.to_owned() }),
            None => self.update(keys, change),
        }
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        let mut inner = self.lock();
        if inner.log.iter().any(|(start, _)| start.id == entry.id) {
            return Ok(());
        }
        if inner.log.len() == LOG_KEPT {
            inner.log.pop_front();
        }
        inner.log.push_back((entry.clone(), None));
        Ok(())
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        if let Some(record) = self.lock().log.iter_mut().find(|(start, _)| start.id == id) {
            record.1 = Some(end.clone());
        }
        Ok(())
    }

    fn take_warning(&self) -> Option<String> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner).take().map(str::to_owned)
    }

    fn is_immediate(&self) -> bool {
        true
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.lock().cells.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        let mut inner = self.lock();
        Ok(keys.iter().filter(|key| inner.cells.remove(*key).is_some()).count())
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        Ok(self.lock().log.drain(..).count())
    }
}

#[cfg(test)]
mod tests {
    use crate::state::{StateLocation, open};

    #[test]
    fn a_state_in_memory_is_reported_once_where_the_user_did_not_choose_it() {
        let store = open(&StateLocation::NoHome);
        assert!(store.take_warning().is_some_and(|warning| warning.contains("\nhint: set `HOME`")));
        assert_eq!(store.take_warning(), None);
        assert_eq!(open(&StateLocation::Memory).take_warning(), None);
    }
}
