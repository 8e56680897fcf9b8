use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;
use crate::state::{FallbackStore, MemoryStore, SqliteStore};

const LIMIT: Duration = Duration::from_secs(5);

fn keys() -> Vec<String> {
    vec!["n".to_owned()]
}

fn increment(values: &mut [Option<String>]) {
    let count: u64 = values[0].as_deref().map_or(0, |value| value.parse().unwrap());
    values[0] = Some((count + 1).to_string());
}

/// A store whose writes wait for the test, and that counts its transactions.
struct SlowStore {
    memory: MemoryStore,
    gate: Mutex<mpsc::Receiver<()>>,
    transactions: AtomicUsize,
}

impl SlowStore {
    fn new() -> (Arc<Self>, mpsc::Sender<()>) {
        let (open, gate) = mpsc::channel();
        let (memory, transactions) = (MemoryStore::default(), AtomicUsize::new(0));
        (Arc::new(Self { memory, gate: Mutex::new(gate), transactions }), open)
    }
}

impl Store for SlowStore {
    fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.memory.read(keys)
    }

    fn update(&self, keys: &[String], change: &mut dyn FnMut(&mut [Option<String>])) -> Result<(), StoreError> {
        self.memory.update(keys, change)
    }

    fn begin(&self, entry: &LogStart) -> Result<(), StoreError> {
        self.memory.begin(entry)
    }

    fn finish(&self, id: &str, end: &LogEnd) -> Result<(), StoreError> {
        self.memory.finish(id, end)
    }

    fn write(&self, writes: &mut Vec<StoreWrite>, limit: Duration) -> Vec<Result<(), StoreError>> {
        let _ = self.gate.lock().unwrap().recv_timeout(LIMIT);
        self.transactions.fetch_add(1, Ordering::SeqCst);
        self.memory.write(writes, limit)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.memory.keys(prefix)
    }

    fn delete(&self, keys: &[String]) -> Result<usize, StoreError> {
        self.memory.delete(keys)
    }

    fn clear_log(&self) -> Result<usize, StoreError> {
        self.memory.clear_log()
    }
}

#[tokio::test]
async fn an_update_returns_what_the_change_returned() {
    let dir = tempfile::tempdir().unwrap();
    for store in [Arc::new(SqliteStore::new(dir.path())) as Arc<dyn Store>, Arc::new(MemoryStore::default())] {
        let state = StateHandle::new(store);
        state.post(keys(), increment);
        let seen = state
            .update(keys(), LIMIT, |values| {
                increment(values);
                values[0].clone()
            })
            .await;
        assert_eq!(seen, Ok(Some("2".to_owned())));
        assert_eq!(state.read(keys(), LIMIT).await, Ok(vec![Some("2".to_owned())]));
    }
}

#[tokio::test]
async fn writes_that_wait_become_one_transaction() {
    let (store, gate) = SlowStore::new();
    let state = StateHandle::new(Arc::clone(&store) as Arc<dyn Store>);
    for _ in 0..100 {
        state.post(keys(), increment);
    }
    // The first transaction contains what was queued before it started.
    gate.send(()).unwrap();
    gate.send(()).unwrap();
    assert!(state.flush(LIMIT).await);
    assert_eq!(store.read(&keys()), Ok(vec![Some("100".to_owned())]));
    assert!(store.transactions.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn a_write_that_is_stuck_delays_no_read_and_ends_at_the_limit_of_the_caller() {
    let (store, gate) = SlowStore::new();
    let state = StateHandle::new(store);
    state.post(keys(), increment);
    assert_eq!(state.read(keys(), LIMIT).await, Ok(vec![None]));
    let short = Duration::from_millis(20);
    let late = state.update(keys(), short, increment).await.unwrap_err();
    assert_eq!(late.kind, StoreErrorKind::Busy);
    assert!(!state.flush(short).await);
    gate.send(()).unwrap();
    gate.send(()).unwrap();
    assert!(state.flush(LIMIT).await);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_pass_the_limit_of_an_operation() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateHandle::new(Arc::new(SqliteStore::new(dir.path())));
    for _ in 0..20 {
        state.update(keys(), LIMIT, increment).await.unwrap();
    }
    assert_eq!(state.read(keys(), LIMIT).await, Ok(vec![Some("20".to_owned())]));
}

#[test]
fn writes_without_a_runtime_are_made_by_the_last_flush() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateHandle::new(Arc::new(SqliteStore::new(dir.path())));
    state.post(keys(), increment);
    assert!(state.flush_blocking(LIMIT));
    assert_eq!(SqliteStore::new(dir.path()).read(&keys()), Ok(vec![Some("1".to_owned())]));
}

#[test]
fn writes_that_a_runtime_left_behind_are_made_by_the_last_flush() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateHandle::new(Arc::new(SqliteStore::new(dir.path())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..50 {
            state.post(keys(), increment);
        }
    });
    runtime.shutdown_background();
    assert!(state.flush_blocking(LIMIT));
    assert_eq!(SqliteStore::new(dir.path()).read(&keys()), Ok(vec![Some("50".to_owned())]));
}

#[tokio::test]
async fn concurrent_reads_get_their_own_values() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateHandle::new(Arc::new(FallbackStore::new(SqliteStore::new(dir.path()))));
    let all: Vec<String> = (0..8).map(|n| format!("key/{n}")).collect();
    state
        .update(all.clone(), LIMIT, |values| {
            values.iter_mut().enumerate().for_each(|(n, value)| *value = Some(n.to_string()));
        })
        .await
        .unwrap();
    let reads = all.iter().map(|key| state.read(vec![key.clone(), "none".to_owned()], LIMIT));
    for (n, values) in futures_util::future::join_all(reads).await.into_iter().enumerate() {
        assert_eq!(values, Ok(vec![Some(n.to_string()), None]));
    }
}
