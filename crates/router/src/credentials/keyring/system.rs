//! The operating system's keyring, by the crates of the keyring project: Secret Service over the session bus,
//! or the macOS keychain.

use std::fmt;
use std::sync::{Arc, OnceLock};

use keyring_core::{CredentialStore, Entry, Error};

use super::{Keyring, KeyringError};
use llmroute_core::model::Secret;
use llmroute_core::model::failure::one_line;

/// The service name of our entries.
const SERVICE: &str = "llmroute";

/// The operating system's keyring; connects at first use.
#[derive(Default)]
pub struct SystemKeyring {
    store: OnceLock<Result<Arc<CredentialStore>, KeyringError>>,
}

impl fmt::Debug for SystemKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}

impl SystemKeyring {
    fn entry(&self, name: &str) -> Result<Entry, KeyringError> {
        let store = self.store.get_or_init(connect).clone()?;
        store.build(SERVICE, name, None).map_err(|why| failed(&why))
    }
}

impl Keyring for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyringError> {
        match self.entry(name)?.get_password() {
            Ok(key) => Ok(Some(Secret::new(key))),
            Err(Error::NoEntry) => Ok(None),
            Err(why) => Err(failed(&why)),
        }
    }

    fn set(&self, name: &str, key: &Secret) -> Result<(), KeyringError> {
        self.entry(name)?.set_password(key.expose()).map_err(|why| failed(&why))
    }

    fn remove(&self, name: &str) -> Result<bool, KeyringError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(why) => Err(failed(&why)),
        }
    }
}

fn connect() -> Result<Arc<CredentialStore>, KeyringError> {
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new();
    #[cfg(not(target_os = "macos"))]
    let store = zbus_secret_service_keyring_store::Store::new();
    match store {
        Ok(store) => Ok(store),
        Err(why) => Err(KeyringError::NoService(one_line(&why.to_string()))),
    }
}

/// The reason, without the parts of an error that may contain an entry.
fn failed(why: &Error) -> KeyringError {
    match why {
        Error::NoStorageAccess(why) => KeyringError::Locked(one_line(&why.to_string())),
        Error::PlatformFailure(why) => KeyringError::Failed(one_line(&why.to_string())),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => KeyringError::Failed("its entry is not text".to_owned()),
        Error::TooLong(what, most) => KeyringError::Failed(format!("the {what} is longer than {most}")),
        Error::Ambiguous(_) => KeyringError::Failed("it has several entries of this name".to_owned()),
        _ => KeyringError::Failed("it refused the entry".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    /// A keyring over mock entries.
    fn mock_keyring() -> SystemKeyring {
        let store = mock::Store::new().unwrap();
        SystemKeyring { store: OnceLock::from(Ok(store as Arc<CredentialStore>)) }
    }

    #[test]
    fn a_key_is_found_until_it_is_removed() {
        let keyring = mock_keyring();
        assert_eq!(keyring.get("work"), Ok(None));
        keyring.set("work", &Secret::new("sk-1")).unwrap();
        assert_eq!(keyring.get("work"), Ok(Some(Secret::new("sk-1"))));
        assert_eq!(keyring.get("home"), Ok(None));
        keyring.set("work", &Secret::new("sk-2")).unwrap();
        assert_eq!(keyring.get("work"), Ok(Some(Secret::new("sk-2"))));
        assert_eq!((keyring.remove("work"), keyring.remove("work")), (Ok(true), Ok(false)));
        assert_eq!(keyring.get("work"), Ok(None));
    }

    #[test]
    fn an_error_tells_nothing_of_the_entry() {
        let why = failed(&Error::BadEncoding(b"sk-secret".to_vec()));
        assert_eq!(why.to_string(), "the keyring failed: its entry is not text");
        assert!(!format!("{why:?}").contains("sk-"));
    }
}
