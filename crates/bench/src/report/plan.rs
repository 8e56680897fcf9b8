//! The description of a plan before the first call: load, cost, and detectable differences.

use crate::cost::CostEstimate;
use crate::plan::{Load, Plan, Stop};
use crate::stats::{detectable, quantile};

use super::{WIDTH, layout, load, units};

/// The lines of the plan, 100 columns wide; `costs` has one entry per target.
#[must_use]
pub fn plan_lines(plan: &Plan, costs: &[CostEstimate]) -> Vec<String> {
    let targets = units::count(plan.targets.len(), "deployment");
    let calls = match stop(plan) {
        Stop::Rounds(rounds) => units::count(rounds as usize, "round"),
        Stop::After(span) => format!("{} s", units::plain(span.as_secs_f64())),
    };
    let tokens = format!("~{} tokens in, ≤{} out", plan.prompt_tokens, plan.max_tokens);
    let mut lines = vec![format!("{calls} × {targets}, {}, {tokens}", load(plan)), cost(plan, costs)];
    lines.extend(rounds(plan).map(|rounds| power(rounds, plan.targets.len())));
    let titled = ["plan", "cost", "power"].into_iter().zip(lines);
    titled.flat_map(|(title, line)| layout::wrap(&format!("{title:<6} {line}"), WIDTH, 7)).collect()
}

fn stop(plan: &Plan) -> Stop {
    match plan.load {
        Load::Rounds { stop, .. } | Load::Arrivals { stop, .. } => stop,
    }
}

/// The number of rounds, if known in advance.
fn rounds(plan: &Plan) -> Option<u32> {
    match plan.load {
        Load::Rounds { stop: Stop::Rounds(rounds), .. } | Load::Arrivals { stop: Stop::Rounds(rounds), .. } => {
            Some(rounds)
        }
        Load::Rounds { stop: Stop::After(_), .. } => None,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is for people")]
        Load::Arrivals { stop: Stop::After(span), rate, .. } => Some((span.as_secs_f64() * rate) as u32),
    }
}

fn cost(plan: &Plan, costs: &[CostEstimate]) -> String {
    let each = plan.targets.iter().zip(costs).map(|(target, cost)| {
        let cost = match cost {
            CostEstimate::AtMost(usd) => format!("≤ {}", units::money(*usd)),
            CostEstimate::PerRound(usd) => format!("≤ {} per round", units::money(*usd)),
            CostEstimate::Unknown => "price unknown".to_owned(),
        };
        format!("{} {cost}", layout::name(&target.name))
    });
    let each: Vec<String> = each.collect();
    format!("{}, total {}", each.join(", "), total(costs))
}

/// All estimates of a plan are of one kind, because it ends either after rounds or after a time.
fn total(costs: &[CostEstimate]) -> String {
    let (mut usd, mut per_round, mut unknown) = (0.0, false, false);
    for cost in costs {
        match cost {
            CostEstimate::AtMost(most) => usd += most,
            CostEstimate::PerRound(most) => (usd, per_round) = (usd + most, true),
            CostEstimate::Unknown => unknown = true,
        }
    }
    let per_round = if per_round { " per round" } else { "" };
    let known = if unknown { " for deployments with a known price" } else { "" };
    format!("≤ {}{per_round}{known}", units::money(usd))
}

fn power(rounds: u32, targets: usize) -> String {
    let carries: Vec<String> = [("p90", 0.9), ("p99", 0.99)]
        .into_iter()
        .map(|(name, q)| {
            let needs = quantile::min_sample_size(q);
            if rounds as usize >= needs { format!("{name} yes") } else { format!("{name} no (needs {needs})") }
        })
        .collect();
    let carries = carries.join(", ");
    if targets < 2 {
        return carries;
    }
    let more: Vec<String> = [60, 200, 1000]
        .into_iter()
        .filter(|more| *more > rounds)
        .take(2)
        .map(|more| format!("{more}: {}", coarse(detectable(more))))
        .collect();
    let more = if more.is_empty() { String::new() } else { format!(" (rounds {})", more.join(", ")) };
    format!("TTFT differences from {}{more}; {carries}", coarse(detectable(rounds)))
}

/// One decimal, or two near one, because it is an assumption made before the measurement.
fn coarse(ratio: f64) -> String {
    if ratio < 1.095 { format!("×{ratio:.2}") } else { format!("×{ratio:.1}") }
}
