//! Numbers as text, without the 14 KB of wasm that `core`'s float formatting costs.

/// Appends the shortest decimal that reads back as the same number, for all
/// numbers of at most 15 digits. For others it appends one that is right to 15
/// digits or more. Numbers in requests are short: 0.7, 1e-4.
pub(super) fn push_f64(out: &mut String, n: f64) {
    if !n.is_finite() {
        return out.push_str("null");
    }
    if n.is_sign_negative() {
        out.push('-');
    }
    let mut rest = n.abs();
    let mut exponent = 0i32;
    if rest != 0.0 {
        // Scales the number into the range in which plain decimals are short.
        while rest >= 1e15 {
            rest /= 10.0;
            exponent += 1;
        }
        while rest < 1e-9 {
            rest *= 10.0;
            exponent -= 1;
        }
    }
    let (mut scale, mut places) = (1.0f64, 0usize);
    let mut digits = rest.round();
    while digits / scale != rest && places < 22 && digits < 9e15 {
        scale *= 10.0;
        places += 1;
        digits = (rest * scale).round();
    }
    push_scaled(out, digits as u64, places);
    if exponent != 0 {
        out.push('e');
        if exponent < 0 {
            out.push('-');
        }
        push_u64(out, u64::from(exponent.unsigned_abs()));
    }
}

/// Appends a whole number.
pub(super) fn push_u64(out: &mut String, n: u64) {
    push_scaled(out, n, 0);
}

/// Appends `digits` with a decimal point before the last `places` of them.
fn push_scaled(out: &mut String, mut digits: u64, places: usize) {
    let mut reversed = [0u8; 44];
    let mut len = 0;
    for slot in &mut reversed {
        if digits == 0 && len > places {
            break;
        }
        *slot = (digits % 10) as u8;
        digits /= 10;
        len += 1;
    }
    for (at, digit) in reversed.iter().enumerate().take(len).rev() {
        out.push(char::from(b'0' + digit));
        if at == places && places > 0 {
            out.push('.');
        }
    }
}

/// Reads a whole number from 0 on, made of digits alone.
pub(crate) fn parse_u64(text: &str) -> Option<u64> {
    let mut n = None;
    for byte in text.bytes() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        n = Some(n.unwrap_or(0u64).checked_mul(10)?.checked_add(digit.into())?);
    }
    n
}

/// Reads a JSON number: exactly up to 15 digits and powers of ten up to 22, else to 15 digits or more. `core`'s
/// reader is always exact, but adds 20 KB of wasm.
pub(crate) fn parse_f64(text: &str) -> Option<f64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mut digits, mut exponent) = (0u64, 0i32);
    let (mut point, mut any) = (false, false);
    let mut bytes = text.bytes();
    for byte in bytes.by_ref() {
        match byte {
            b'0'..=b'9' => {
                any = true;
                // Digits beyond the precision of a float only change the exponent.
                if digits < 100_000_000_000_000_000 {
                    digits = digits * 10 + u64::from(byte - b'0');
                    exponent -= i32::from(point);
                } else {
                    exponent += i32::from(!point);
                }
            }
            b'.' if !point => point = true,
            b'e' | b'E' if any => {
                exponent = exponent.saturating_add(read_exponent(&mut bytes)?);
                break;
            }
            _ => return None,
        }
    }
    if !any {
        return None;
    }
    let mut n = digits as f64;
    // Larger exponents always result in zero or infinity.
    for _ in 0..exponent.unsigned_abs().min(700) / 22 {
        n = if exponent < 0 { n / 1e22 } else { n * 1e22 };
    }
    let mut scale = 1.0;
    for _ in 0..exponent.unsigned_abs().min(700) % 22 {
        scale *= 10.0;
    }
    n = if exponent < 0 { n / scale } else { n * scale };
    Some(if negative { -n } else { n })
}

fn read_exponent(bytes: &mut std::str::Bytes<'_>) -> Option<i32> {
    let (mut exponent, mut sign, mut first) = (None::<i32>, 1, true);
    for byte in bytes {
        match byte {
            b'+' if first => {}
            b'-' if first => sign = -1,
            b'0'..=b'9' => {
                exponent = Some(exponent.unwrap_or(0).saturating_mul(10).saturating_add(i32::from(byte - b'0')));
            }
            _ => return None,
        }
        first = false;
    }
    exponent.map(|exponent| sign * exponent.min(10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: f64) -> String {
        let mut out = String::new();
        push_f64(&mut out, n);
        out
    }

    #[test]
    fn json_numbers_are_written_in_short_decimal_form() {
        for n in [
            "0",
            "1",
            "0.7",
            "0.1",
            "0.3",
            "0.95",
            "12.5",
            "0.0001",
            "0.00012",
            "100000",
            "0.999999",
            "-0.25",
            "3.14159265358979",
        ] {
            assert_eq!(text(n.parse().unwrap()), n);
        }
        assert_eq!(text(1e21), "100000000000000e7");
        assert_eq!(text(f64::NAN), "null");
    }

    #[test]
    fn numbers_round_trip_to_fifteen_digits() {
        let mut bits: u64 = 0x9E37_79B9_7F4A_7C15;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            for n in [f64::from_bits(bits), (bits >> 11) as f64 / (1u64 << 53) as f64, (bits % 1000) as f64 / 1000.0] {
                if !n.is_normal() {
                    continue;
                }
                let written = text(n);
                let back: f64 = written.parse().unwrap();
                assert!(((back - n) / n).abs() < 1e-13, "{n:e} {written}");
            }
        }
        for thousandths in 0..=2000 {
            let n = f64::from(thousandths) / 1000.0;
            assert_eq!(text(n).parse::<f64>().unwrap(), n);
        }
    }

    #[test]
    fn numbers_are_parsed_same_as_core() {
        for text in [
            "0",
            "-0",
            "0.7",
            "12.5",
            "1e3",
            "1E-3",
            "-2.5e+2",
            "123456789012345",
            "3.14159265358979",
            "1e22",
            "100000000000000e7",
        ] {
            assert_eq!(parse_f64(text), text.parse::<f64>().ok(), "{text}");
        }
        for text in ["1e300", "2.2250738585072014e-308", "0.1234567890123456789", "123456789012345678901234567890"] {
            let (ours, theirs) = (parse_f64(text).unwrap(), text.parse::<f64>().unwrap());
            assert!(((ours - theirs) / theirs).abs() < 1e-14, "{text}: {ours} {theirs}");
        }
        for text in ["", "-", "e5", "1e", "1.2.3", "x", "1e5x", " 1"] {
            assert_eq!(parse_f64(text), None, "{text}");
        }
        assert_eq!(parse_f64("1e99999"), Some(f64::INFINITY));
    }

    #[test]
    fn whole_numbers_are_written_without_exponent() {
        for n in [0, 7, 10, 4096, u64::MAX] {
            let mut out = String::new();
            push_u64(&mut out, n);
            assert_eq!(out, n.to_string());
        }
    }
}
