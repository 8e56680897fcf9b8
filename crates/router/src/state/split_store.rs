//! A store whose log is elsewhere than its values, or leaves something out.

use std::sync::Arc;
use std::time::Duration;

use crate::ports::{LogEnd, LogStart, Store, StoreError, StoreWrite};
use crate::state::log_config::{LogConfig, LogPlace};
use llmroute_core::model::Timestamp;

/// The store; see the module.
pub(super) struct SplitStore {
    values: Arc<dyn Store>,
    /// `None` if the log is with the values.
    log: Option<Arc<dyn Store>>,
    config: LogConfig,
}

impl SplitStore {
    pub(super) fn new(values: Arc<dyn Store>, log: Option<Arc<dyn Store>>, config: LogConfig) -> Self {
        Self { values, log, config }
    }

    fn log(&self) -> &dyn Store {
        self.log.as_deref().unwrap_or(&*self.values)
    }

    fn is_off(&self) -> bool {
        self.config.place == LogPlace::Off
    }
}

impl Store for SplitStore {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.values.read(keys)
    }

    fn read_within(&self, keys: &[String], limit: Duration) -> Result<Vec<Option<String>>, StoreError> {
        self.values.read_within(keys, limit)
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.values.update(keys, change)
    }

    fn update_shared(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.values.update_shared(keys, change)
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        if self.is_off() { Ok(()) } else { self.log().begin(&self.config.start(entry.clone())) }
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        if self.is_off() { Ok(()) } else { self.log().finish(id, &self.config.end(end.clone())) }
    }

    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        let (mut values, mut entries, mut in_log) = (Vec::new(), Vec::new(), Vec::new());
        for write in writes.drain(..) {
            in_log.push(!matches!(write, StoreWrite::Update(_)));
            match write {
                StoreWrite::Update(_) => values.push(write),
                StoreWrite::Begin(start) => entries.push(StoreWrite::Begin(self.config.start(start))),
                StoreWrite::Finish { id, end } => entries.push(StoreWrite::Finish { id, end: self.config.end(end) }),
            }
        }
        if self.is_off() {
            entries.clear();
        }
        let of_log = if entries.is_empty() { Vec::new() } else { self.log().write(&mut entries, limit) };
        let of_values = if values.is_empty() { Vec::new() } else { self.values.write(&mut values, limit) };
        let (mut of_log, mut of_values) = (of_log.into_iter(), of_values.into_iter());
        // A write that is left out is made.
        let result = |is_entry: bool| if is_entry { of_log.next() } else { of_values.next() }.unwrap_or(Ok(()));
        in_log.into_iter().map(result).collect()
    }

    fn shared_time(&self) -> Option<Timestamp> {
        self.values.shared_time()
    }

    fn is_immediate(&self) -> bool {
        self.values.is_immediate() && (self.is_off() || self.log().is_immediate())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.values.keys(prefix)
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        self.values.delete(keys)
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        self.log().clear_log()
    }

    fn take_warning(&self) -> Option<String> {
        self.values.take_warning().or_else(|| self.log.as_ref()?.take_warning())
    }
}
