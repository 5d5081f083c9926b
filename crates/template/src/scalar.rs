//! What an unquoted YAML scalar means, by YAML 1.1 as CloudFormation, the AWS CLI and cfn-lint read it.
//!
//! The differences from today's YAML matter in templates: `yes` and `on` are booleans, `0644` is octal, `22:30` is a
//! number to the base 60. Dates such as `2012-10-17` stay text, as CloudFormation has no type for them.

use serde_json::Value;

/// Reads an unquoted scalar.
pub(crate) fn read(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

/// Whether a number that was read says something else than its digits seem to: octal or to the base 60.
pub(crate) fn is_misleading(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.contains(':')
        || (digits.len() > 1
            && digits.starts_with('0')
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'_'))
}

fn number(text: &str) -> Option<Value> {
    let first = text.bytes().next()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    let (negative, digits) = match first {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some(magnitude) = integer(digits) {
        return signed(negative, magnitude);
    }
    let magnitude = float(digits, first == b'.')?;
    let value = if negative { -magnitude } else { magnitude };
    serde_json::Number::from_f64(value).map(Value::Number)
}

/// The number, unless it is too large for JSON's integers: then the text stays what it is.
fn signed(negative: bool, magnitude: u128) -> Option<Value> {
    if negative {
        let value = i64::try_from(-i128::try_from(magnitude).ok()?).ok()?;
        Some(Value::from(value))
    } else {
        Some(Value::from(u64::try_from(magnitude).ok()?))
    }
}

fn integer(digits: &str) -> Option<u128> {
    let radix = |digits: &str, radix: u32| {
        let plain: String = digits.chars().filter(|digit| *digit != '_').collect();
        // `from_str_radix` would accept a sign of its own.
        let starts_well = plain.starts_with(|digit: char| digit.is_digit(radix));
        starts_well
            .then(|| u128::from_str_radix(&plain, radix).ok())
            .flatten()
    };
    if let Some(binary) = digits.strip_prefix("0b") {
        radix(binary, 2)
    } else if let Some(hexadecimal) = digits.strip_prefix("0x") {
        radix(hexadecimal, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        radix(&digits[1..], 8)
    } else if let Some((first, rest)) = digits.split_once(':') {
        if !first.starts_with(|digit: char| matches!(digit, '1'..='9')) {
            return None;
        }
        rest.split(':').try_fold(radix(first, 10)?, |sum, part| {
            let short = (1..=2).contains(&part.len());
            let value = part
                .parse::<u8>()
                .ok()
                .filter(|value| short && *value < 60)?;
            sum.checked_mul(60)?.checked_add(u128::from(value))
        })
    } else {
        digits
            .starts_with(|digit: char| digit.is_ascii_digit())
            .then(|| radix(digits, 10))
            .flatten()
    }
}

/// A decimal fraction; without a dot there is none, so `1e3` is text. An exponent needs its sign.
fn float(digits: &str, bare: bool) -> Option<f64> {
    let (whole, rest) = digits.split_once('.')?;
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(index) => (&rest[..index], Some(&rest[index + 1..])),
        None => (rest, None),
    };
    let all_digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let whole_is_good = if whole.is_empty() {
        bare && fraction.starts_with(|digit: char| digit.is_ascii_digit())
    } else {
        whole.starts_with(|digit: char| digit.is_ascii_digit()) && all_digits(whole)
    };
    let exponent_is_good = exponent.is_none_or(|exponent| {
        exponent.starts_with(['+', '-'])
            && exponent.len() > 1
            && exponent[1..].bytes().all(|byte| byte.is_ascii_digit())
    });
    if !whole_is_good || !all_digits(fraction) || !exponent_is_good {
        return None;
    }
    let plain: String = digits.chars().filter(|digit| *digit != '_').collect();
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_mean_what_yaml_1_1_says() {
        let table = [
            ("", json!(null)),
            ("~", json!(null)),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("tRUE", json!("tRUE")),
            ("0", json!(0)),
            ("80", json!(80)),
            ("+5", json!(5)),
            ("-5", json!(-5)),
            ("-", json!("-")),
            ("+-5", json!("+-5")),
            ("1_000", json!(1000)),
            ("0644", json!(420)),
            ("0b101", json!(5)),
            ("0x1F", json!(31)),
            ("0x", json!("0x")),
            ("0o17", json!("0o17")),
            ("22:30", json!(1350)),
            ("22:60", json!("22:60")),
            ("05:00-06:00", json!("05:00-06:00")),
            ("012345678901", json!("012345678901")),
            ("012345670123", json!(1_402_433_619)),
            ("123456789012", json!(123_456_789_012_u64)),
            ("99999999999999999999", json!("99999999999999999999")),
            ("-9223372036854775808", json!(i64::MIN)),
            ("2012-10-17", json!("2012-10-17")),
            (
                "2001-12-14t21:59:43.10-05:00",
                json!("2001-12-14t21:59:43.10-05:00"),
            ),
            ("1.5", json!(1.5)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("-.5", json!("-.5")),
            (".", json!(".")),
            ("1.2.3", json!("1.2.3")),
            ("10.0.0.0/16", json!("10.0.0.0/16")),
            ("1e3", json!("1e3")),
            ("1.0e+3", json!(1000.0)),
            ("1.0e3", json!("1.0e3")),
            (".inf", json!(".inf")),
            (".nan", json!(".nan")),
            ("nodejs22.x", json!("nodejs22.x")),
            ("3.12", json!(3.12)),
        ];
        for (text, meaning) in table {
            assert_eq!(read(text), meaning, "`{text}`");
        }
    }

    #[test]
    fn digits_that_mean_another_number_are_misleading() {
        let misleading = ["0644", "22:30", "012345670123", "-010"];
        let plain = ["0", "10", "0.5", "0x1F", "-5"];
        for text in misleading {
            assert!(is_misleading(text), "`{text}`");
        }
        for text in plain {
            assert!(!is_misleading(text), "`{text}`");
        }
    }
}
