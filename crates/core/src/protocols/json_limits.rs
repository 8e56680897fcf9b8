//! Bounds the memory of a JSON text before it is parsed: few bytes can mean many values.

/// Texts up to this size, in bytes, are read whatever they hold.
const LIGHT: usize = 64 << 10;

/// Bytes that a text must have for each of its values. A value takes about eighty bytes of memory as a
/// member of an object, so that what is read stays under about ten times its text.
const BYTES_A_VALUE: usize = 8;

/// Returns `true` if `text` has more values than an answer of its size. Counts without parsing.
pub(crate) fn exceeds_value_limit(text: &[u8]) -> bool {
    if text.len() <= LIGHT {
        return false;
    }
    let most = text.len() / BYTES_A_VALUE;
    let (mut values, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b',' | b'[' | b'{') => values += 1,
            _ => {}
        }
    }
    values > most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unit: &str, heavy: bool) {
        let text = format!("[{}0]", unit.repeat((1 << 20) / unit.len()));
        assert_eq!(exceeds_value_limit(text.as_bytes()), heavy, "{unit}");
        assert!(!exceeds_value_limit(&text.as_bytes()[..LIGHT]), "{unit}");
    }

    #[test]
    fn a_text_of_many_values_is_heavy() {
        check("0,", true);
        check("[", true);
        check("{\"\":", true);
        check("[],", true);
    }

    #[test]
    fn texts_of_answers_are_not() {
        check("{\"index\":0,\"delta\":{\"content\":\"hello\"}},", false);
        check("\"1,2,3,4,5,6,7,8,9,\\\",[[[{{{\",", false);
        check("0.123456789,", false);
    }
}
