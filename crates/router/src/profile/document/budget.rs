//! Limits of a profile: `rpm = 60`, `budget = "5 USD/day"`.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

pub use llmroute_core::routing::limits::{self, Cap, LimitUnit, Limits};

use super::diagnostic::Diagnostic;
use super::table::{Field, FromToml, text};
use super::value::Count;
use super::{LimitKeys, suggest};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The units of a budget; a month is 30 days.
const UNITS: &[(&str, u64)] =
    &[("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 7 * 86_400), ("month", 30 * 86_400)];

/// An amount of money that may be spent in any span of a length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    pub usd: f64,
    pub span: Duration,
}

/// The forms of a budget, as advice.
const FORMS: &str = "write an amount and a unit like `\"5 USD/day\"`";

impl FromToml<'_> for Budget {
    const TYPE: &'static str = "amount per time";
    const HELP: Option<&'static str> = Some(FORMS);

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let parsed = budget(text::<Self>(raw, diagnostics)?);
        parsed.map_err(|(why, help)| diagnostics.push(Diagnostic::error(why).at(raw.span()).help(help))).ok()
    }
}

impl LimitKeys<'_> {
    /// The limits that are written.
    pub(crate) fn limits(&self) -> Limits {
        let cap = |field: &Field<'_, Count<1>>, counts, span| {
            let setting = field.setting()?;
            Some(Cap { name: setting.name, counts, span, limit: setting.value.0 })
        };
        let budget = self.budget.setting().map(|setting| {
            let Budget { usd, span } = setting.value;
            Cap { name: setting.name, counts: LimitUnit::Nanos, span, limit: limits::nanos(usd) }
        });
        let caps = [
            cap(&self.rpm, LimitUnit::Requests, MINUTE),
            cap(&self.tpm, LimitUnit::Tokens, MINUTE),
            cap(&self.rpd, LimitUnit::Requests, DAY),
            cap(&self.tpd, LimitUnit::Tokens, DAY),
            budget,
        ];
        Limits {
            caps: caps.into_iter().flatten().collect(),
            max_parallel: self.max_parallel_requests.value().map(|count| count.0),
        }
    }
}

/// Reads `5 USD/day`, `$0.50 per hour`, `20/week`.
///
/// # Errors
/// The mistake, and advice.
fn budget(text: &str) -> Result<Budget, (String, String)> {
    let Some((amount, unit)) = text.split_once('/').or_else(|| text.split_once(" per ")) else {
        return Err((format!("`{text}` does not say per which time"), FORMS.to_owned()));
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
        return Err((format!("`{currency}` is not a currency of a budget"), "prices are in USD".to_owned()));
    }
    match number.replace('_', "").parse::<f64>() {
        Ok(usd) if usd > 0.0 && usd.is_finite() => Ok(Budget { usd, span: Duration::from_secs(*seconds) }),
        Ok(_) => Err(("a budget of zero lets nothing pass".to_owned(), FORMS.to_owned())),
        Err(_) => Err((format!("`{amount}` is not an amount of money"), FORMS.to_owned())),
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
    fn a_mistake_is_reported_with_advice() {
        check("5 USD", Err(&format!("`5 USD` does not say per which time; {FORMS}")));
        check("5 USD/dya", Err("unknown unit `dya` of a budget; did you mean `day`?"));
        check("5 USD/year", Err("unknown unit `year` of a budget; one of `minute`, `hour`, `day`, `week`, `month`"));
        check("5 EUR/day", Err("`EUR` is not a currency of a budget; prices are in USD"));
        check("0 USD/day", Err(&format!("a budget of zero lets nothing pass; {FORMS}")));
        check("-1 USD/day", Err("`-1 USD` is not a currency of a budget; prices are in USD"));
        check("much/day", Err("`much` is not a currency of a budget; prices are in USD"));
        check("USD/day", Err(&format!("`USD` is not an amount of money; {FORMS}")));
    }
}
