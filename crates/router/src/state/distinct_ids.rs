//! The first so many different ids of a walk through the log.

use std::collections::HashSet;

/// Ids in the order in which they were first seen.
pub struct DistinctIds {
    /// What was seen.
    pub ids: Vec<String>,
    seen: HashSet<String>,
    count: usize,
}

impl DistinctIds {
    /// Nothing yet, of `count` that are wanted.
    pub fn new(count: usize) -> Self {
        Self { ids: Vec::new(), seen: HashSet::new(), count }
    }

    /// Whether no more are wanted.
    pub fn full(&self) -> bool {
        self.ids.len() >= self.count
    }

    /// Takes `id` if it is a new one and wanted.
    pub fn see(&mut self, id: String) {
        if !self.full() && self.seen.insert(id.clone()) {
            self.ids.push(id);
        }
    }
}
