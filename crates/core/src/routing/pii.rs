//! Personal data in a text, found by shape and check digit; what is missed is listed in `docs/rules.md`.
//!
//! It errs towards finding: a text that is taken for private is only routed with more care.

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pii {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A bank account (ISO 13616).
    Iban,
    /// A payment card (ISO/IEC 7812).
    Card,
    /// A social security number of the USA.
    Ssn,
}

/// The first kind of personal data that `text` holds, if it holds any.
#[must_use]
pub fn find(text: &str) -> Option<Pii> {
    if has_email(text) {
        return Some(Pii::Email);
    }
    if has_iban(text) {
        return Some(Pii::Iban);
    }
    runs(text).find_map(|run| {
        let kinds = [(is_ssn as fn(&Run) -> bool, Pii::Ssn), (has_card, Pii::Card), (is_phone, Pii::Phone)];
        kinds.into_iter().find(|(holds, _)| holds(&run)).map(|(_, kind)| kind)
    })
}

fn has_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let local = text[..at].chars().next_back();
        local.is_some_and(|c| c.is_alphanumeric() || "_%+-".contains(c)) && is_domain(&text[at + 1..])
    })
}

/// Returns `true` if `text` begins with a host name of two or more labels, the last one of letters.
fn is_domain(text: &str) -> bool {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.')).unwrap_or(text.len());
    let labels: Vec<&str> = text[..end].split('.').take_while(|label| !label.is_empty()).collect();
    labels.len() >= 2
        && labels.last().is_some_and(|top| top.chars().nth(1).is_some() && top.chars().all(char::is_alphabetic))
}

/// The longest IBAN (ISO 13616).
const IBAN_MAX: usize = 34;
/// The shortest one in use (Norway).
const IBAN_MIN: usize = 15;

fn has_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(3)).any(|start| {
        let begins = (start == 0 || !bytes[start - 1].is_ascii_alphanumeric())
            && bytes[start..start + 2].iter().all(u8::is_ascii_alphabetic)
            && bytes[start + 2..start + 4].iter().all(u8::is_ascii_digit);
        begins && is_iban(&bytes[start..])
    })
}

/// Returns `true` if `bytes` begin with an IBAN, whole or in groups separated by a space or hyphen.
fn is_iban(bytes: &[u8]) -> bool {
    let mut account = Vec::with_capacity(IBAN_MAX);
    for (at, byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        match byte {
            byte if byte.is_ascii_alphanumeric() => account.push(byte.to_ascii_uppercase()),
            b' ' | b'-' if next.is_ascii_alphanumeric() => continue,
            _ => return false,
        }
        if account.len() > IBAN_MAX {
            return false;
        }
        if account.len() >= IBAN_MIN && !next.is_ascii_alphanumeric() && mod_97(&account) == 1 {
            return true;
        }
    }
    false
}

/// The check of ISO 7064: country and check digits go to the end, letters count from 10.
fn mod_97(account: &[u8]) -> u32 {
    account[4..].iter().chain(&account[..4]).fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}

/// Digits with the separators of a grouped number.
struct Run {
    /// It starts with `+` or `00`.
    international: bool,
    /// The digits, group by group.
    groups: Vec<String>,
    /// The separators, one fewer than `groups`.
    between: String,
}

impl Run {
    fn digits(&self) -> String {
        self.groups.concat()
    }

    fn lengths(&self) -> Vec<usize> {
        self.groups.iter().map(String::len).collect()
    }
}

/// The largest number of groups in a run; the rest starts another one.
const GROUPS_MAX: usize = 64;

/// The runs of ASCII digits in `text`. One that hangs on a letter or an underscore is part of a name.
fn runs(text: &str) -> impl Iterator<Item = Run> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if !bytes[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            let run = run(bytes, &mut at);
            let before = text[..start].chars().next_back();
            let after = text[at..].chars().next();
            let named = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() || c == '_');
            if !named(before) && !named(after) {
                let plus = before == Some('+') || text[..start].ends_with("+(");
                return Some(Run { international: plus || run.groups[0].starts_with("00"), ..run });
            }
        }
        None
    })
}

/// The run at `at`, which moves behind its last digit.
fn run(bytes: &[u8], at: &mut usize) -> Run {
    let mut run = Run { international: false, groups: Vec::new(), between: String::new() };
    loop {
        let start = *at;
        *at += bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        run.groups.push(bytes[start..*at].iter().map(|byte| char::from(*byte)).collect());
        // Up to two marks divide two groups: `) `, ` (`, `-`.
        let gap = bytes[*at..].iter().take(3).take_while(|byte| b" -./()".contains(byte)).count();
        let goes_on = (1..=2).contains(&gap) && bytes.get(*at + gap).is_some_and(u8::is_ascii_digit);
        if !goes_on || run.groups.len() == GROUPS_MAX {
            return run;
        }
        run.between.push(char::from(bytes[*at]));
        *at += gap;
    }
}

/// `AAA-GG-SSSS` with numbers that are given out (SSA, "Social Security Number Randomization").
fn is_ssn(run: &Run) -> bool {
    if run.lengths() != [3, 2, 4] || !["--", "  "].contains(&run.between.as_str()) {
        return false;
    }
    let (area, group, serial) = (run.groups[0].as_str(), run.groups[1].as_str(), run.groups[2].as_str());
    area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
}

/// Neighbouring groups of 13 to 19 digits with the first digit of a payment network and a good check digit.
fn has_card(run: &Run) -> bool {
    (0..run.groups.len()).any(|start| {
        let mut digits = String::new();
        run.groups[start..].iter().take(19).any(|group| {
            digits.push_str(group);
            (13..=19).contains(&digits.len()) && digits.starts_with(['2', '3', '4', '5', '6']) && luhn(&digits)
        })
    })
}

/// The check of ISO/IEC 7812-1, annex B.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte - b'0'))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// An international number, a North American one in groups, or a national one in groups with its leading zero.
fn is_phone(run: &Run) -> bool {
    let digits = run.digits();
    let lengths = run.lengths();
    let national = digits.strip_prefix('1').filter(|_| lengths[0] == 1).unwrap_or(&digits);
    let north_american = lengths.ends_with(&[3, 3, 4]) && national.len() == 10 && !national.starts_with(['0', '1']);
    let abroad = digits.strip_prefix("00").unwrap_or(&digits);
    let leading_zero = digits.starts_with('0') && !digits.starts_with("00");
    let leading_zero = leading_zero && lengths.len() >= 2 && (9..=12).contains(&digits.len());
    (run.international && !abroad.starts_with('0') && (8..=15).contains(&abroad.len()))
        || north_american
        || (leading_zero && !is_date(&lengths))
}

/// `01.02.2026`, perhaps with a time behind it.
fn is_date(lengths: &[usize]) -> bool {
    lengths.starts_with(&[2, 2, 4])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, want: Option<Pii>) {
        assert_eq!(find(text), want, "{text}");
    }

    #[test]
    fn an_address_is_found_in_a_sentence() {
        for text in ["write to jo.do+x@mail.example.org, please", "<a@b.de>", "ä.ö@exämple.com.", "(A_1@x-y.io)"] {
            check(text, Some(Pii::Email));
        }
    }

    #[test]
    fn what_only_holds_an_at_sign_is_no_address() {
        for text in ["@jo", "jo@home", "a @ b.de", "jo@home.", "x@1.2", "pkg@1.2.3", "@media screen.and", "a@b.c"] {
            check(text, None);
        }
    }

    #[test]
    fn a_bank_account_is_found_in_one_piece_and_in_groups() {
        for text in [
            "DE89370400440532013000",
            "iban de89 3704 0044 0532 0130 00 is mine",
            "GB29-NWBK-6016-1331-9268-19.",
            "(NO9386011117947)",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            check(text, Some(Pii::Iban));
        }
    }

    #[test]
    fn a_wrong_check_digit_is_no_bank_account() {
        for text in ["DE88370400440532013000", "XDE89370400440532013000", "DE8937040044", "AB12"] {
            check(text, None);
        }
    }

    #[test]
    fn a_card_is_found_with_and_without_groups() {
        for text in [
            "4111111111111111",
            "card 5555 5555 5555 4444!",
            "3782-822463-10005",
            "6011000990139424",
            "#1: 4222222222222",
        ] {
            check(text, Some(Pii::Card));
        }
    }

    #[test]
    fn a_number_that_fails_luhn_is_no_card() {
        for text in ["4111111111111112", "5555 5555 5555 4445", "1234567812345670", "order_4111111111111111"] {
            check(text, None);
        }
    }

    #[test]
    fn a_phone_number_is_found_as_people_write_it() {
        for text in [
            "+49 30 901820",
            "call +1 (212) 555-0123.",
            "(212) 555-0123",
            "212.555.0123",
            "1-212-555-0123",
            "030 901820-11",
            "01 42 68 53 00",
            "0044 20 7946 0958",
            "+(44) 20 7946 0958",
        ] {
            check(text, Some(Pii::Phone));
        }
    }

    #[test]
    fn other_numbers_are_no_phone_numbers() {
        for text in
            ["2026-11-22", "01.02.2026 10:30", "1700000000", "3.14159", "v1.2.3", "10 000 000", "127.0.0.1", "+5"]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_social_security_number_is_found() {
        check("ssn 536-90-4399.", Some(Pii::Ssn));
        check("536 90 4399", Some(Pii::Ssn));
    }

    #[test]
    fn numbers_that_are_never_given_out_are_no_social_security_numbers() {
        for text in
            ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "123-45-67890", "123-45 6789"]
        {
            check(text, None);
        }
    }

    #[test]
    fn plain_text_holds_nothing() {
        for text in ["", "Why is the sky blue?", "日本語の質問です", "let x = [1, 2, 3];", "2 + 2 = 4"] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = find(&text);
        }

        #[test]
        fn no_heap_of_marks_and_digits_makes_it_panic(text in "[0-9A-Za-zé@+. ()/-]{0,80}") {
            let _ = find(&text);
        }

        #[test]
        fn a_card_is_found_wherever_it_stands(before in "[a-z ]{0,9} ", after in "[ .!?]{1,9}") {
            prop_assert_eq!(find(&format!("{before}4111 1111 1111 1111{after}")), Some(Pii::Card));
        }
    }
}
