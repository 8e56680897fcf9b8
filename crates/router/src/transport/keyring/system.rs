//! The keyring of the system, by the crates of the keyring project: Secret Service over the session bus,
//! or the macOS keychain.

use std::fmt;
use std::sync::{Arc, OnceLock};

use keyring_core::{CredentialStore, Entry, Error};

use super::{Ring, RingError};
use llmroute_core::model::Secret;
use llmroute_core::model::failure::one_line;

/// What our entries are filed under.
const SERVICE: &str = "llmroute";

/// The keyring of the system; connected to when it is first asked.
#[derive(Default)]
pub struct System {
    store: OnceLock<Result<Arc<CredentialStore>, RingError>>,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}

impl System {
    fn entry(&self, name: &str) -> Result<Entry, RingError> {
        let store = self.store.get_or_init(connect).clone()?;
        store.build(SERVICE, name, None).map_err(|why| failed(&why))
    }
}

impl Ring for System {
    fn get(&self, name: &str) -> Result<Option<Secret>, RingError> {
        match self.entry(name)?.get_password() {
            Ok(key) => Ok(Some(Secret::new(key))),
            Err(Error::NoEntry) => Ok(None),
            Err(why) => Err(failed(&why)),
        }
    }

    fn set(&self, name: &str, key: &Secret) -> Result<(), RingError> {
        self.entry(name)?.set_password(key.expose()).map_err(|why| failed(&why))
    }

    fn remove(&self, name: &str) -> Result<bool, RingError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(why) => Err(failed(&why)),
        }
    }
}

fn connect() -> Result<Arc<CredentialStore>, RingError> {
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new();
    #[cfg(not(target_os = "macos"))]
    let store = zbus_secret_service_keyring_store::Store::new();
    match store {
        Ok(store) => Ok(store),
        Err(why) => Err(RingError::NoService(one_line(&why.to_string()))),
    }
}

/// The reason without what an error may hold of an entry.
fn failed(why: &Error) -> RingError {
    match why {
        Error::NoStorageAccess(why) => RingError::Locked(one_line(&why.to_string())),
        Error::PlatformFailure(why) => RingError::Failed(one_line(&why.to_string())),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => RingError::Failed("what it holds is no text".to_owned()),
        Error::TooLong(what, most) => RingError::Failed(format!("the {what} is longer than {most}")),
        Error::Ambiguous(_) => RingError::Failed("it has several entries of this name".to_owned()),
        _ => RingError::Failed("it refused the entry".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    /// A ring whose entries are the mock's.
    fn ring() -> System {
        let store = mock::Store::new().unwrap();
        System { store: OnceLock::from(Ok(store as Arc<CredentialStore>)) }
    }

    #[test]
    fn a_key_is_found_until_it_is_removed() {
        let ring = ring();
        assert_eq!(ring.get("work"), Ok(None));
        ring.set("work", &Secret::new("sk-1")).unwrap();
        assert_eq!(ring.get("work"), Ok(Some(Secret::new("sk-1"))));
        assert_eq!(ring.get("home"), Ok(None));
        ring.set("work", &Secret::new("sk-2")).unwrap();
        assert_eq!(ring.get("work"), Ok(Some(Secret::new("sk-2"))));
        assert_eq!((ring.remove("work"), ring.remove("work")), (Ok(true), Ok(false)));
        assert_eq!(ring.get("work"), Ok(None));
    }

    #[test]
    fn an_error_tells_nothing_of_the_entry() {
        let why = failed(&Error::BadEncoding(b"sk-secret".to_vec()));
        assert_eq!(why.to_string(), "the keyring failed: what it holds is no text");
        assert!(!format!("{why:?}").contains("sk-"));
    }
}
