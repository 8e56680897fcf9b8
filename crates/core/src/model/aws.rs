//! Sources of AWS keys, as data. Nothing is read or fetched here.

use std::fmt;
use std::path::PathBuf;

use super::Secret;

/// A source of AWS keys. `Display` and `Debug` show the source, never the key.
#[derive(Clone, PartialEq, Eq)]
pub enum AwsKeys {
    /// They were found.
    Known {
        /// The source in words.
        place: String,
        /// The keys; see [`Secret::signing`].
        key: Secret,
    },
    /// A command of the AWS configuration prints them (`credential_process`).
    Process {
        /// The profile that names it.
        profile: String,
        /// The command line.
        command: String,
    },
    /// IAM Identity Center, after a login by `aws sso login`.
    Sso(AwsSso),
}

/// The parameters for IAM Identity Center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSso {
    /// The AWS profile.
    pub profile: String,
    /// The region of Identity Center, which need not be that of the models.
    pub region: String,
    /// The account.
    pub account: String,
    /// The role in it.
    pub role: String,
    /// The file with the token of `aws sso login`.
    pub token: PathBuf,
}

impl fmt::Display for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { place, .. } => write!(f, "aws: {place}"),
            Self::Process { profile, .. } => write!(f, "aws: the process of profile {profile}"),
            Self::Sso(sso) => write!(f, "aws: the login of profile {}", sso.profile),
        }
    }
}

impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsKeys({self})")
    }
}
