//! The findings as JSON. Times are RFC 3339 in UTC, durations milliseconds, unknown values null.

use serde_json::{Value, json};

use super::Findings;
use super::row::{DeploymentRow, whole};
use crate::error::CommandError;
use llmroute_core::protocols::probe::Listed;
use llmroute_core::routing::breaker;
use llmroute_router::engine::{ProbeKey, ProbeOutcome};
pub(crate) use llmroute_router::health::{LiveCall, Problem};
use llmroute_router::history::rfc3339;

/// One object for everything.
pub(crate) fn object(found: &Findings, failed: Option<&CommandError>) -> Value {
    let costs = found.lines.iter().filter_map(|line| line.row.evidence.live.as_ref()?.cost());
    let groups = found.report.subjects.iter().map(|(name, lack)| {
        let lack = lack.map(|lack| match lack {
            Problem::Key => "key",
            Problem::Other => "other",
        });
        json!({"name": name, "live": lack.is_none(), "lack": lack})
    });
    json!({
        "at": found.lines.first().and_then(|line| rfc3339(line.row.at)),
        "took_ms": whole(found.report.took),
        "deployments": found.lines.iter().map(line).collect::<Vec<Value>>(),
        "groups": groups.collect::<Vec<Value>>(),
        // The sum of no floats is minus zero.
        "cost_usd": found.live.then(|| costs.sum::<f64>() + 0.0),
        "exit_code": failed.map_or(0, |error| error.kind.exit_code()),
    })
}

/// One object for a deployment.
pub(crate) fn line(line: &DeploymentRow) -> Value {
    let (row, seen) = (&line.row, &line.row.evidence);
    let (state, until) = match seen.breaker {
        breaker::BreakerState::Closed => ("closed", None),
        breaker::BreakerState::HalfOpen => ("half_open", None),
        breaker::BreakerState::Open { until } => ("open", Some(until)),
    };
    let (found, tail) = match &seen.probed.key {
        ProbeKey::NotNeeded | ProbeKey::NotResolved => (Value::Null, None),
        ProbeKey::Found { tail } => (Value::Bool(true), tail.as_deref()),
        ProbeKey::Missing(_) | ProbeKey::TimedOut => (Value::Bool(false), None),
    };
    let reply = match &seen.probed.outcome {
        ProbeOutcome::Replied(reply) => Some(reply),
        ProbeOutcome::NoFreeRequest
        | ProbeOutcome::Simulated
        | ProbeOutcome::NoTime
        | ProbeOutcome::NotSent(_)
        | ProbeOutcome::Failed(_) => None,
    };
    let limits = seen.standing.quota.left(row.at).into_iter();
    let limits = limits.map(|(resource, left, limit)| json!({"resource": resource, "left": left, "limit": limit}));
    json!({
        "deployment": row.name,
        "provider": line.provider,
        "model": line.model,
        "state": row.diagnosis.state.as_str(),
        "live_deployment": row.diagnosis.state.is_live(),
        "class": row.diagnosis.class,
        "why": row.diagnosis.why,
        "key": {"source": line.source, "found": found, "tail": tail},
        "reachable": {
            "measured": !seen.dialed.unmeasured,
            "dns_ms": seen.dialed.dns.map(fine),
            "tcp_ms": seen.dialed.tcp.map(fine),
            "tls_ms": seen.dialed.tls.map(fine),
            "alpn": seen.dialed.alpn,
            "cert_expires": seen.dialed.cert_expires.and_then(rfc3339),
            "failure": seen.dialed.failure.as_ref().map(|failure| failure.message.as_str()),
        },
        "probe": reply.map(|reply| json!({"status": reply.status, "ms": fine(reply.took)})),
        "authorised": line.authorised(),
        "listed": match seen.listed {
            Listed::Yes => Some(true),
            Listed::No => Some(false),
            Listed::Unknown => None,
        },
        "limits": limits.collect::<Vec<Value>>(),
        "breaker": {"state": state, "until": until.and_then(rfc3339), "class": seen.reason},
        "gated_until": seen.gated.and_then(rfc3339),
        "last_call": line.last.as_ref().map(|last| {
            json!({"at": rfc3339(last.at), "outcome": last.outcome, "class": last.class})
        }),
        "usual_ttft_ms": seen.usual.map(fine),
        "live": seen.live.as_ref().map(live),
        "warnings": row.warnings,
    })
}

fn live(live: &LiveCall) -> Value {
    let outcome = match live {
        LiveCall::Answered { .. } => "ok",
        LiveCall::Failed { .. } => "failed",
        LiveCall::Gated => "rate_limited",
        LiveCall::NotMade(_) => "not_made",
        LiveCall::TimedOut => "late",
    };
    let (failure, duration) = match live {
        LiveCall::Failed { failure, .. } => (Some(failure), None),
        LiveCall::Answered { took, .. } => (None, Some(fine(*took))),
        LiveCall::Gated | LiveCall::NotMade(_) | LiveCall::TimedOut => (None, None),
    };
    json!({
        "outcome": outcome,
        "ttft_ms": live.ttft().map(fine),
        "duration_ms": duration,
        "cost_usd": live.cost(),
        "class": failure.map(|failure| failure.class.as_str()),
        "status": failure.and_then(|failure| failure.status),
    })
}

/// Milliseconds with microsecond precision.
fn fine(span: std::time::Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}
