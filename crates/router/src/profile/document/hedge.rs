//! How `hedge` is written, in a profile and on the command line: `off`, a percentile or a span of time.

use toml::Spanned;
use toml::de::DeValue;

use crate::profile::diagnostic::Diagnostic;
use crate::profile::{duration, value};
use llmroute_core::routing::hedge::Delay;

/// What can be written.
pub const FORMS: &str = "write `off`, a percentile like `p95`, or a span of time like `1.5s`";

/// Reads `text`; `None` is off.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Option<Delay>, String> {
    if text == "off" {
        return Ok(None);
    }
    if let Some(number) = text.strip_prefix('p')
        && let Ok(percentile) = number.parse::<u8>()
    {
        return match percentile {
            1..=99 => Ok(Some(Delay::Percentile(percentile))),
            _ => Err(format!("`{text}` is no percentile: they go from `p1` to `p99`")),
        };
    }
    match duration::parse(text) {
        Ok(delay) if !delay.is_zero() => Ok(Some(Delay::Fixed(delay))),
        Ok(_) => Err("a second call at once is no hedge".to_owned()),
        Err(why) => Err(why),
    }
}

/// Reads the value of a profile; what is wrong goes to `sink`.
pub(crate) fn read(raw: &Spanned<DeValue<'_>>, sink: &mut Vec<Diagnostic>) -> Option<Option<Delay>> {
    let DeValue::String(text) = raw.get_ref() else {
        return value::span_of_time(raw, false, sink).map(|delay| Some(Delay::Fixed(delay)));
    };
    parse(text).map_err(|why| sink.push(Diagnostic::error(why).at(raw.span()).help(FORMS))).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(text: &str, want: Result<Option<Delay>, &str>) {
        assert_eq!(parse(text), want.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_percentile() {
        check("p95", Ok(Some(Delay::Percentile(95))));
        check("p100", Err("`p100` is no percentile: they go from `p1` to `p99`"));
        check("p0", Err("`p0` is no percentile: they go from `p1` to `p99`"));
    }

    #[test]
    fn a_span_of_time() {
        check("1.5s", Ok(Some(Delay::Fixed(Duration::from_millis(1500)))));
        check("0s", Err("a second call at once is no hedge"));
        assert!(parse("soon").is_err());
    }

    #[test]
    fn off() {
        check("off", Ok(None));
    }
}
