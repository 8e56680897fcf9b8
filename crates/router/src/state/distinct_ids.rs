//! The first distinct ids of a scan of the log.

use std::collections::HashSet;

/// Ids in the order in which they were first seen.
pub(crate) struct DistinctIds {
    /// The ids seen so far.
    pub ids: Vec<String>,
    seen: HashSet<String>,
    count: usize,
}

impl DistinctIds {
    /// Starts empty and collects `count` ids.
    pub(crate) fn new(count: usize) -> Self {
        Self { ids: Vec::new(), seen: HashSet::new(), count }
    }

    /// Returns `true` if there are enough.
    pub(crate) fn full(&self) -> bool {
        self.ids.len() >= self.count
    }

    /// Adds `id` if it is new and there is room.
    pub(crate) fn see(&mut self, id: String) {
        if !self.full() && self.seen.insert(id.clone()) {
            self.ids.push(id);
        }
    }
}
