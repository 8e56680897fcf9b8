//! Errors of the database, with their remedies.

use std::io;
use std::path::Path;

use rusqlite::ffi::ErrorCode;

use crate::ports::{StoreError, StoreErrorKind};
pub use llmroute_core::model::failure::one_line;

const ELSEWHERE: &str = "choose another place with `--state DIR`, or `--state memory`";

/// The error of an operation on the database at `path`.
pub(crate) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> StoreError {
    let what = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => one_line(message),
        other => one_line(&other.to_string()),
    };
    let (kind, hint) = meaning(path, error.sqlite_error_code());
    unusable(path, &what, &hint).of_kind(kind)
}

/// The error of an operation on the file at `path`.
pub(crate) fn of_io(path: &Path, error: &io::Error) -> StoreError {
    let hint = format!("check the owner and the mode of its directory, or {ELSEWHERE}");
    unusable(path, &one_line(&error.to_string()), &hint)
}

/// The state at `path` cannot be used because of `what`.
pub(crate) fn unusable(path: &Path, what: &str, hint: &str) -> StoreError {
    let reason = format!("cannot use `{}`: {what}\nhint: {hint}", path.display());
    StoreError { kind: StoreErrorKind::Unusable, reason }
}

/// The files that make up the database at `path`, to be moved together.
pub(crate) fn files(path: &Path) -> String {
    let path = path.display();
    format!("`{path}`, `{path}-wal` and `{path}-shm`")
}

impl StoreError {
    pub(super) fn of_kind(self, kind: StoreErrorKind) -> Self {
        Self { kind, ..self }
    }
}

fn meaning(path: &Path, code: Option<ErrorCode>) -> (StoreErrorKind, String) {
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (StoreErrorKind::Busy, format!("another program holds it; `lsof {}` names it", path.display()))
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            let hint = format!(
                "`llmroute state reset` moves it aside, or move {} away together; a new state begins by itself",
                files(path)
            );
            (StoreErrorKind::Damaged, hint)
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            (StoreErrorKind::Unusable, format!("free space on its disk, or {ELSEWHERE}"))
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => (
            StoreErrorKind::Unusable,
            format!("check the owner and the mode of it and of its directory, or {ELSEWHERE}"),
        ),
        _ => (StoreErrorKind::Unusable, ELSEWHERE.to_owned()),
    }
}
