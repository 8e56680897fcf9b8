//! The cost of the state for a call: opening the database and reading a hundred values, as each process
//! does once (aim: under 1 ms), and one update.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use llmroute_router::ports::Store;
use llmroute_router::state::SqliteStore;

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("deployment/{n:032x}")).collect()
}

/// A database with 200 values of 400 bytes, then `updates` more commits in its WAL.
fn filled(dir: &Path, updates: usize) {
    let store = SqliteStore::new(dir);
    store.update(&keys(200), &mut |values| values.fill(Some("x".repeat(400)))).expect("a fresh directory");
    for n in 0..updates {
        store.update(&keys(200)[n..=n], &mut |values| values.fill(Some(n.to_string()))).expect("a fresh directory");
    }
}

fn open_and_read(c: &mut Criterion) {
    let keys = keys(100);
    for updates in [0, 30, 60, 90] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        filled(dir.path(), updates);
        let wal = fs::metadata(dir.path().join("state.db-wal")).map_or(0, |file| file.len());
        c.bench_function(&format!("open and read 100 values, WAL of {} KiB", wal / 1024), |b| {
            b.iter(|| black_box(SqliteStore::new(dir.path()).read(&keys).expect("the database is whole")));
        });
    }
}

fn update(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    filled(dir.path(), 0);
    let keys = keys(3);
    let mut n = 0_u64;
    let mut change = |store: &SqliteStore| {
        n += 1;
        store.update(&keys, &mut |values| values.fill(Some(n.to_string()))).expect("the database is whole");
    };
    let open = SqliteStore::new(dir.path());
    c.bench_function("update 3 values, open already", |b| b.iter(|| change(&open)));
    drop(open);
    c.bench_function("open, update 3 values, close", |b| {
        b.iter_batched(|| SqliteStore::new(dir.path()), |store| change(&store), BatchSize::PerIteration);
    });
}

criterion_group!(benches, open_and_read, update);
criterion_main!(benches);
