//! Warnings about deployments that can still answer: pure functions of the findings.

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

use super::Evidence;
use crate::engine::{ProbeOutcome, ProbeReply};
use llmroute_core::model::Timestamp;
pub use llmroute_core::model::format;
pub use llmroute_core::protocols::probe::Listed;

/// A certificate that expires sooner than this should have been renewed.
const RENEWAL: Duration = Duration::from_secs(21 * 24 * 3600);
/// Signatures and tokens are refused when clocks differ by minutes; dates in headers are of whole seconds.
const SKEW: Duration = Duration::from_secs(30);

/// All warnings about a deployment at `url`.
pub(crate) fn all(url: Option<&Url>, evidence: &Evidence, now: Timestamp) -> Vec<String> {
    let reply = match &evidence.probed.outcome {
        ProbeOutcome::Replied(reply) => Some(reply),
        ProbeOutcome::NoFreeRequest
        | ProbeOutcome::Simulated
        | ProbeOutcome::NoTime
        | ProbeOutcome::NotSent(_)
        | ProbeOutcome::Failed(_) => None,
    };
    let found = [
        url.filter(|url| is_exposed(url))
            .map(|_| "plain http to another network: key and prompts can be read".to_owned()),
        evidence.dialed.cert_expires.and_then(|end| certificate(end, now)),
        reply.and_then(clock),
        reply.and_then(redirect),
        (evidence.listed == Listed::No).then(|| "the model is not on the server's list".to_owned()),
    ];
    found.into_iter().flatten().collect()
}

/// Plain `http` to a host that is not on this machine or its own network.
fn is_exposed(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(address)) => is_private(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_private(IpAddr::V6(address)),
        None => true,
    };
    url.scheme() == "http" && !here
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn certificate(end: Timestamp, now: Timestamp) -> Option<String> {
    let left = end.since(now);
    (left < RENEWAL).then(|| match left.as_secs() / 86_400 {
        0 => "the certificate ends within a day".to_owned(),
        1 => "the certificate ends in 1 day".to_owned(),
        days => format!("the certificate ends in {days} days"),
    })
}

fn clock(reply: &ProbeReply) -> Option<String> {
    let theirs = reply.date?;
    let (ahead, behind) = (reply.at.since(theirs), theirs.since(reply.at));
    let skew = ahead.max(behind);
    let side = if ahead > behind { "ahead of" } else { "behind" };
    (skew > SKEW).then(|| format!("this clock is {} {side} the server's", format::duration(skew)))
}

fn redirect(reply: &ProbeReply) -> Option<String> {
    let place = reply.location.as_ref().filter(|_| (300..400).contains(&reply.status))?;
    Some(format!("the base URL redirects to {place}, and redirects are not followed: write down where it leads"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ModelList;

    #[track_caller]
    fn check_url(url: &str, exposed: bool) {
        assert_eq!(is_exposed(&Url::parse(url).unwrap()), exposed, "{url}");
    }

    #[test]
    fn plain_http_is_for_the_own_network() {
        for url in ["http://h.example/v1", "http://8.8.8.8", "http://[2001:db8::1]"] {
            check_url(url, true);
        }
        let near = ["http://localhost", "http://127.0.0.2", "http://192.168.1.2", "http://[::1]", "http://[fd00::1]"];
        for url in near.into_iter().chain(["https://h.example", "http://ollama.local"]) {
            check_url(url, false);
        }
    }

    #[test]
    fn a_certificate_is_renewed_three_weeks_before_its_end() {
        const DAY: i64 = 24 * 3600 * 1000;
        let check = |days: i64, want: Option<&str>| {
            assert_eq!(certificate(Timestamp(days * DAY + 1), Timestamp(0)).as_deref(), want);
        };
        check(21, None);
        check(20, Some("the certificate ends in 20 days"));
        check(1, Some("the certificate ends in 1 day"));
        check(0, Some("the certificate ends within a day"));
    }

    fn reply(status: u16, date: i64, location: Option<&str>) -> ProbeReply {
        ProbeReply {
            at: Timestamp(1_000_000),
            took: Duration::ZERO,
            status,
            refusal: None,
            date: Some(Timestamp(date)),
            location: location.map(str::to_owned),
            readings: Vec::new(),
            list: ModelList::None,
            key_proved: false,
        }
    }

    #[test]
    fn a_clock_that_is_half_a_minute_off_is_said() {
        let check = |date: i64, want: Option<&str>| assert_eq!(clock(&reply(200, date, None)).as_deref(), want);
        check(1_030_000, None);
        check(970_000, None);
        check(1_031_000, Some("this clock is 31 s behind the server's"));
        check(900_000, Some("this clock is 1m 40s ahead of the server's"));
    }

    #[test]
    fn a_redirect_is_said_with_its_end() {
        assert!(redirect(&reply(308, 0, Some("https://h/v2"))).unwrap().contains("redirects to https://h/v2,"));
        assert_eq!(redirect(&reply(200, 0, Some("https://h/v2"))), None);
    }
}
