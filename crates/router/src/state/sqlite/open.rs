//! Opens the database: file modes, integrity and settings.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::ports::{StoreError, StoreErrorKind};

use super::error;
use super::schema::{self, SchemaAge};

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The length at which the WAL is checkpointed and truncated, in bytes.
///
/// The first process on a state reads the whole WAL (about 1 µs a KiB), and truncating it takes two
/// fsyncs: both are cheap at this length.
const WAL_BYTES: u64 = 512 << 10;

/// Opens the database at `path` for reading and writing; `None` if there is none.
pub(crate) fn existing(path: &Path) -> Result<Option<Connection>, StoreError> {
    match fs::metadata(path) {
        Ok(file) => {
            tighten(path, &file).map_err(|error| error::of_io(path, &error))?;
            connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error::of_io(path, &error)),
    }
}

/// Opens the database at `path` for reading; `None` if there is none.
pub(crate) fn reading(path: &Path) -> Result<Option<Connection>, StoreError> {
    match fs::metadata(path) {
        Ok(_) => connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error::of_io(path, &error)),
    }
}

/// Opens the database at `path`, and creates it if there is none.
pub(crate) fn or_create(path: &Path) -> Result<Connection, StoreError> {
    if let Some(connection) = existing(path)? {
        return Ok(connection);
    }
    create(path)?;
    existing(path)?.ok_or_else(|| error::of_io(path, &io::ErrorKind::NotFound.into()))
}

/// Truncates a long WAL, unless another process is reading it.
///
/// SQLite's own way (`wal_autocheckpoint`) lets it grow when each process commits once: a new process
/// does not know that an earlier one has checkpointed it, and does it again at every commit.
pub(crate) fn empty_wal(path: &Path, connection: &Connection) {
    let long = fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > WAL_BYTES);
    if long && connection.busy_timeout(Duration::ZERO).is_ok() {
        // Committed data is safe in the WAL; the next writer tries again.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let failed = |error| error::of_sqlite(path, &error);
    let mut connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(super::LOCK_TIMEOUTS.read).map_err(failed)?;
    // An ending process must not pay for a checkpoint; see `empty_wal`.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    let writes = access.contains(OpenFlags::SQLITE_OPEN_READ_WRITE);
    agree_on_version(path, &mut connection, writes)?;
    if writes {
        connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;").map_err(failed)?;
    }
    Ok(connection)
}

/// Migrates an older database if that is allowed, and refuses unknown ones.
fn agree_on_version(path: &Path, connection: &mut Connection, writes: bool) -> Result<(), StoreError> {
    let failed = |error| error::of_sqlite(path, &error);
    let known = schema::VERSION;
    let (what, hint) = match schema::age(connection).map_err(failed)? {
        SchemaAge::Current => return Ok(()),
        SchemaAge::Older(_) if writes => return upgrade(connection).map_err(failed),
        SchemaAge::Older(version) => (
            format!("an older llmroute wrote it (version {version}, this one reads {known})"),
            "the next `llmroute ask` brings it up to date",
        ),
        SchemaAge::Newer(version) => (
            format!("a newer llmroute wrote it (version {version}, this one knows {known})"),
            "update llmroute, or choose another place with `--state DIR`",
        ),
        SchemaAge::Foreign => {
            ("it is a database of another program".to_owned(), "choose another place with `--state DIR`")
        }
    };
    Err(error::unusable(path, &what, hint))
}

fn upgrade(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    schema::migrate(connection)
}

/// Creates the database under a temporary name and moves it into place when complete: a process that
/// opens `path`, in any race, finds tables in it and never has to change the journal mode.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| error::of_io(path, &error);
    let dir = path.parent().unwrap_or(Path::new("."));
    create_dir(dir).map_err(failed)?;
    refuse_orphan(path)?;
    let fresh = tempfile::Builder::new().prefix(".state-").suffix(".new").tempfile_in(dir).map_err(failed)?;
    let fresh = fresh.into_temp_path();
    fs::set_permissions(&fresh, Permissions::from_mode(FILE_MODE)).map_err(failed)?;
    fill(&fresh).map_err(|error| error::of_sqlite(path, &error))?;
    File::open(&fresh).and_then(|file| file.sync_all()).map_err(failed)?;
    match fresh.persist_noclobber(path) {
        Ok(()) => Ok(()),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(lost) => Err(failed(lost.error)),
    }
}

fn fill(fresh: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(fresh, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // No other process knows this file yet, and it is synced as a whole.
    connection
        .execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    schema::migrate(&mut connection)?;
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    connection.close().map_err(|(_, error)| error)
}

/// Refuses a WAL whose database was moved away: it would be replayed into the new one.
fn refuse_orphan(path: &Path) -> Result<(), StoreError> {
    let wal = beside(path, "-wal");
    // In this order: a WAL that another process just created has a database by now.
    if wal.exists() && !path.exists() {
        let what = format!("`{}` is left of a state that was moved away", wal.display());
        let hint = format!("`llmroute state reset` moves it aside, or move {} away together", error::files(path));
        return Err(error::unusable(path, &what, &hint).of_kind(StoreErrorKind::Damaged));
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Moves the database at `path`, with what lies beside it, to a name that ends in `stamp`. Returns the
/// new path of the database.
///
/// Nothing is lost: under their new names the files belong together as before.
pub(crate) fn set_aside(path: &Path, stamp: &str) -> Result<PathBuf, StoreError> {
    let aside = beside(path, &format!(".{stamp}"));
    // The database first: without it the old WAL is not replayed into a new one (see `refuse_orphan`).
    for suffix in ["", "-wal", "-shm"] {
        let (from, to) = (beside(path, suffix), beside(&aside, suffix));
        if to.exists() {
            return Err(error::of_io(&to, &io::ErrorKind::AlreadyExists.into()));
        }
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error::of_io(&from, &error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}

fn create_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(()); // its mode is its owner's affair: it may be any directory
    }
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(DIR_MODE))
}

/// Removes permissions that an older umask gave to others. SQLite gives `-wal` and `-shm` the same mode.
fn tighten(path: &Path, file: &fs::Metadata) -> io::Result<()> {
    if !file.is_file() || file.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::set_permissions(&path, Permissions::from_mode(FILE_MODE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
    }
    Ok(())
}
