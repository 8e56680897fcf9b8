//! Failure domains: deployments that share a key or host with the one that failed.

use super::Deployment;
use crate::model::Class;

/// The domain of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// Nothing: it is about the request, or about this model.
    Nobody,
    /// The key and its account: all deployments with the same key.
    Key,
    /// The host: all deployments on it (the key may be the reason, too).
    Host,
}

/// Returns `true` if a failure of `failed` with `class` affects `other`. Unknown keys and hosts
/// to be the same are independent.
#[must_use]
pub(crate) fn suspects(class: Class, failed: &Deployment, other: &Deployment) -> bool {
    let key = !failed.credential.is_empty() && failed.credential == other.credential;
    match doubt(class) {
        Doubt::Nobody => false,
        Doubt::Key => key,
        Doubt::Host => key || failed.host == other.host,
    }
}

/// Returns `true` if a failure of `class` concerns the host and not a key, a model or a request.
#[must_use]
pub(crate) fn is_of_host(class: Class) -> bool {
    doubt(class) == Doubt::Host
}

fn doubt(class: Class) -> Doubt {
    match class {
        // One key is one quota, shared by all deployments that use it.
        Class::Authentication | Class::Permission | Class::RateLimit | Class::Quota => Doubt::Key,
        Class::Overloaded
        | Class::ServerError
        | Class::Timeout(_)
        | Class::Connection(_)
        | Class::Malformed
        | Class::Truncated => Doubt::Host,
        Class::NotFound
        | Class::BadRequest
        | Class::Unsupported
        | Class::ContextWindow
        | Class::ContentPolicy
        | Class::InvalidOutput(_)
        | Class::Budget => Doubt::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionFault, TimeoutKind};

    /// A deployment `key@host`.
    fn deployment(spec: &str) -> Deployment {
        let (credential, host) = spec.split_once('@').expect("`key@host`");
        Deployment {
            name: spec.to_owned(),
            provider: "p".to_owned(),
            model: spec.to_owned(),
            state_key: spec.to_owned(),
            credential: credential.to_owned(),
            host: host.to_owned(),
            context_window: None,
            price: None,
            capabilities: crate::routing::Capabilities::default(),
            prefill: false,
            no_key: None,
        }
    }

    fn check(class: Class, failed: &str, other: &str, want: bool) {
        assert_eq!(suspects(class, &deployment(failed), &deployment(other)), want, "{class}: {failed}, {other}");
    }

    #[test]
    fn a_key_is_shared_wherever_it_is_used() {
        for class in [Class::Authentication, Class::Quota, Class::RateLimit] {
            check(class, "k1@a", "k1@b", true);
            check(class, "k1@a", "k2@a", false);
            check(class, "@a", "@a", false);
        }
    }

    #[test]
    fn a_host_is_shared_whatever_the_key() {
        for class in [Class::Connection(ConnectionFault::Refused), Class::Timeout(TimeoutKind::FirstToken)] {
            check(class, "k1@a", "k2@a", true);
            check(class, "@a", "@a", true);
            check(class, "k1@a", "k2@b", false);
        }
    }

    #[test]
    fn what_is_about_the_request_or_the_model_accuses_nobody() {
        for class in [Class::NotFound, Class::BadRequest, Class::ContextWindow, Class::Unsupported] {
            check(class, "k1@a", "k1@a", false);
        }
    }
}
