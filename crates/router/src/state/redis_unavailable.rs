//! Stands in for `redis` in a build without the feature `redis`.

pub use super::unavailable::UnavailableStore as RedisStore;
