//! Limits as a profile writes them: `rpm = 60`, `budget = "5 USD/day"`. What they do belong to `routing`.

use std::time::Duration;

use crate::profile::document::Settings;
use crate::profile::suggest;
use crate::profile::value::Value;
use llmroute_core::routing::limits::{self, Cap, LimitUnit, Limits};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The keys that cap an amount per span of time.
const CAPS: &[(&str, LimitUnit, Duration)] = &[
    ("rpm", LimitUnit::Requests, MINUTE),
    ("tpm", LimitUnit::Tokens, MINUTE),
    ("rpd", LimitUnit::Requests, DAY),
    ("tpd", LimitUnit::Tokens, DAY),
];

/// The units of a budget; a month is 30 days.
const UNITS: &[(&str, u64)] =
    &[("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 7 * 86_400), ("month", 30 * 86_400)];

/// So much money in any span of that length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Budget {
    pub usd: f64,
    pub span: Duration,
}

impl Settings<'_> {
    /// The limits that stand in this table.
    pub(crate) fn limits(&self) -> Limits {
        let caps = CAPS
            .iter()
            .filter_map(|&(name, counts, span)| self.count(name).map(|limit| Cap { name, counts, span, limit }));
        let budget = match self.get("budget").map(|entry| &entry.value) {
            Some(Value::Budget(Budget { usd, span })) => {
                Some(Cap { name: "budget", counts: LimitUnit::Nanos, span: *span, limit: limits::nanos(*usd) })
            }
            _ => None,
        };
        Limits { caps: caps.chain(budget).collect(), max_parallel: self.count("max_parallel_requests") }
    }
}

/// Reads `5 USD/day`, `$0.50 per hour`, `20/week`.
///
/// # Errors
/// What is wrong, and what was probably meant.
pub(crate) fn budget(text: &str) -> Result<Budget, (String, String)> {
    let example = || "write an amount and a unit like `\"5 USD/day\"`".to_owned();
    let Some((amount, unit)) = text.split_once('/').or_else(|| text.split_once(" per ")) else {
        return Err((format!("`{text}` does not say for which time"), example()));
    };
    let unit = unit.trim().to_lowercase();
    let units = || UNITS.iter().map(|(name, _)| *name);
    let Some((_, seconds)) = UNITS.iter().find(|(name, _)| unit == *name || unit.strip_suffix('s') == Some(name))
    else {
        return Err((format!("unknown unit `{unit}` of a budget"), suggest::help(&unit, units())));
    };
    let amount = amount.trim();
    let bare = amount.strip_prefix('$').unwrap_or(amount);
    let digits = bare.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(bare.len());
    let (number, currency) = bare.split_at(digits);
    let currency = currency.trim();
    if !currency.is_empty() && !currency.eq_ignore_ascii_case("usd") {
        return Err((format!("`{currency}` is no currency of a budget"), "prices are in USD".to_owned()));
    }
    match number.replace('_', "").parse::<f64>() {
        Ok(usd) if usd > 0.0 && usd.is_finite() => Ok(Budget { usd, span: Duration::from_secs(*seconds) }),
        Ok(_) => Err(("a budget of zero lets nothing pass".to_owned(), example())),
        Err(_) => Err((format!("`{amount}` is no amount of money"), example())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Result<(f64, u64), &str>) {
        let got = budget(text).map(|budget| (budget.usd, budget.span.as_secs()));
        let got = got.map_err(|(what, help)| format!("{what}; {help}"));
        assert_eq!(got.as_ref().map_err(String::as_str), want.as_ref().map_err(|want| *want), "{text}");
    }

    #[test]
    fn an_amount_and_a_unit() {
        check("5 USD/day", Ok((5.0, 86_400)));
        check("5USD / day", Ok((5.0, 86_400)));
        check("$0.50 per hour", Ok((0.5, 3600)));
        check("1_000 usd/month", Ok((1000.0, 2_592_000)));
        check("20/weeks", Ok((20.0, 604_800)));
        check(".01 USD/minute", Ok((0.01, 60)));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        const EXAMPLE: &str = "write an amount and a unit like `\"5 USD/day\"`";
        check("5 USD", Err(&format!("`5 USD` does not say for which time; {EXAMPLE}")));
        check("5 USD/dya", Err("unknown unit `dya` of a budget; did you mean `day`?"));
        check("5 USD/year", Err("unknown unit `year` of a budget; one of `minute`, `hour`, `day`, `week`, `month`"));
        check("5 EUR/day", Err("`EUR` is no currency of a budget; prices are in USD"));
        check("0 USD/day", Err(&format!("a budget of zero lets nothing pass; {EXAMPLE}")));
        check("-1 USD/day", Err("`-1 USD` is no currency of a budget; prices are in USD"));
        check("much/day", Err("`much` is no currency of a budget; prices are in USD"));
        check("USD/day", Err(&format!("`USD` is no amount of money; {EXAMPLE}")));
    }
}
