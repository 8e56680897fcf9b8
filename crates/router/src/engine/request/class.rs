//! The class of a failed request: of its failures, or of the reasons for which no deployment was called.

use std::time::Duration;

use crate::engine::request::record::{RouteError, RouteErrorKind};
use llmroute_core::model::{Class, Failure, TimeoutKind};
use llmroute_core::routing::failover::{SkipReason, Stop};

impl RouteError {
    /// The class that stands for the whole request in `--json` and in the log: that of the first failure, or of
    /// the first refusal if a refusal ended the request. Without a failure, it follows from the reason to stop and
    /// from the reasons for which deployments were skipped.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        let mut classes = self.failures().map(|failure| failure.class);
        let first = classes.clone().next();
        let refused = self.is_refused();
        classes.find(|class| !refused || is_refusal(*class)).or(first).or_else(|| self.class_without_call())
    }

    /// Returns `true` if a request that no model would take differently ended it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        match self.why {
            RouteErrorKind::Stopped(Stop::Deadline) => false,
            RouteErrorKind::Stopped(Stop::Refused) => true,
            RouteErrorKind::Stopped(Stop::Exhausted) if self.is_incapable() => true,
            RouteErrorKind::Stopped(_) => self.failures().any(|failure| is_refusal(failure.class)),
            RouteErrorKind::Interrupted { .. } | RouteErrorKind::Rule(_) | RouteErrorKind::ReaderGone => false,
        }
    }

    /// The time after which the same request may succeed, if a limit or a server gives one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.why {
            RouteErrorKind::Stopped(Stop::RateLimited { next } | Stop::BudgetSpent { next }) => Some(next),
            RouteErrorKind::Stopped(Stop::Exhausted | Stop::Deadline) => {
                self.failures().filter_map(|failure| failure.retry_after).min()
            }
            RouteErrorKind::Stopped(Stop::Refused | Stop::NoKey)
            | RouteErrorKind::Interrupted { .. }
            | RouteErrorKind::Rule(_)
            | RouteErrorKind::ReaderGone => None,
        }
    }

    /// The failures of its calls, in order.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> + Clone {
        self.attempts.iter().filter_map(|attempt| attempt.failure.as_ref())
    }

    fn class_without_call(&self) -> Option<Class> {
        let RouteErrorKind::Stopped(stop) = self.why else { return None };
        let skipped = |fits: fn(Class) -> bool| {
            self.skips.iter().filter_map(|skip| skip.reason.class()).find(|class| fits(*class))
        };
        match stop {
            Stop::Deadline => Some(Class::Timeout(TimeoutKind::Total)),
            Stop::RateLimited { .. } => Some(Class::RateLimit),
            Stop::BudgetSpent { .. } => Some(Class::Budget),
            Stop::NoKey => Some(Class::Authentication),
            Stop::Refused => Some(Class::ContextWindow),
            // A missing key is the least specific reason.
            Stop::Exhausted => skipped(|class| class != Class::Authentication).or_else(|| skipped(|_| true)),
        }
    }

    /// Returns `true` if no deployment was called because none supports what the request needs.
    fn is_incapable(&self) -> bool {
        let unable = |reason: &SkipReason| matches!(reason, SkipReason::Incapable(_));
        let excluded =
            |reason: &SkipReason| unable(reason) || matches!(reason, SkipReason::Ruled { .. } | SkipReason::Tags);
        self.attempts.is_empty()
            && self.skips.iter().any(|skipped| unable(&skipped.reason))
            && self.skips.iter().all(|skipped| excluded(&skipped.reason))
    }
}

fn is_refusal(class: Class) -> bool {
    matches!(class, Class::BadRequest | Class::ContextWindow | Class::ContentPolicy | Class::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmroute_core::routing::failover::Skip;
    use llmroute_core::routing::limits::LimitUnit;
    use llmroute_core::routing::{DeploymentId, GroupId};

    const HOUR: Duration = Duration::from_secs(3600);

    /// A request that stopped before its first call has the class `want`.
    fn check(stop: Stop, reasons: &[SkipReason], want: Option<Class>) {
        let skip =
            |reason: &SkipReason| Skip { group: GroupId(0), deployment: DeploymentId(0), reason: reason.clone() };
        let error = RouteError {
            why: RouteErrorKind::Stopped(stop),
            attempts: Vec::new(),
            skips: reasons.iter().map(skip).collect(),
            duration: Duration::ZERO,
            hedged: None,
        };
        assert_eq!(error.class(), want, "{stop:?} {reasons:?}");
    }

    #[test]
    fn a_request_without_a_call_has_the_class_of_what_prevented_it() {
        let limit = |counts| SkipReason::TooLarge { limit: "x".to_owned(), counts };
        let key = SkipReason::NoKey("K".to_owned());
        check(Stop::RateLimited { next: HOUR }, &[], Some(Class::RateLimit));
        check(Stop::BudgetSpent { next: HOUR }, &[], Some(Class::Budget));
        check(Stop::NoKey, std::slice::from_ref(&key), Some(Class::Authentication));
        check(Stop::Refused, &[], Some(Class::ContextWindow));
        check(Stop::Exhausted, &[key, SkipReason::Unpriced], Some(Class::Budget));
        check(Stop::Exhausted, &[SkipReason::Tags, SkipReason::OverCost { usd: 1.0 }], Some(Class::Budget));
        check(Stop::Exhausted, &[limit(LimitUnit::Nanos)], Some(Class::Budget));
        check(Stop::Exhausted, &[limit(LimitUnit::Tokens)], Some(Class::RateLimit));
        check(Stop::Exhausted, &[SkipReason::Tags], None);
    }
}
