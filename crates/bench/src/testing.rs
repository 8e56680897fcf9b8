//! Fixtures for the tests of this crate.

use std::time::Duration;

use super::plan::{Load, Plan, Slo, Stop, Target};
use llmroute_core::catalog;
use llmroute_core::protocols::{Endpoint, Protocol, mock};
use llmroute_core::routing::Timeouts;

/// An endpoint that speaks chat completions.
pub(crate) fn endpoint() -> Endpoint {
    Endpoint {
        protocol: Protocol::Openai,
        provider: "lab".into(),
        base_url: "http://127.0.0.1:1/v1".parse().unwrap(),
        model: "m".into(),
        region: None,
        quirks: catalog::Quirks::plain(Protocol::Openai),
        params: llmroute_core::protocols::Params::default(),
        headers: Vec::new(),
        query: Vec::new(),
        overrides: llmroute_core::protocols::Overrides::default(),
        script: None,
        known: None,
    }
}

/// A simulated endpoint.
pub(crate) fn simulated(script: mock::Script) -> Endpoint {
    let (base_url, quirks) = ("mock://lab".parse().unwrap(), catalog::Quirks::plain(Protocol::Mock));
    Endpoint { protocol: Protocol::Mock, base_url, quirks, script: Some(script), ..endpoint() }
}

/// A plan of 40 rounds, one in flight, with a target on each of `hosts`.
pub(crate) fn plan(hosts: &[&str]) -> Plan {
    let target = |(index, host): (usize, &&str)| Target {
        name: format!("t{index}"),
        model: "m".into(),
        price: None,
        host: (*host).to_owned(),
    };
    Plan {
        targets: hosts.iter().enumerate().map(target).collect(),
        load: Load::Rounds { stop: Stop::Rounds(40), in_flight: 1 },
        max_tokens: 128,
        prompt_tokens: 10,
        slo: Slo::default(),
        seed: 1,
    }
}

/// Time limits that tests do not reach.
pub(crate) fn timeouts() -> Timeouts {
    let long = Duration::from_secs(600);
    Timeouts { connect: Duration::from_secs(20), first_token: long, idle: long, attempt: 2 * long }
}
