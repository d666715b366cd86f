//! Times in the answers of AWS's services.

use std::time::Duration;

use crate::sigv4::AmzDate;

/// Parses a time such as `2026-01-02T03:04:05Z`, `2026-01-02T03:04:05.678+01:00` or `20260102T030405Z`. A text
/// without an offset is in UTC. Returns the time since 1970-01-01T00:00:00Z.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (date, clock) = text.split_at_checked(text.bytes().position(|byte| matches!(byte, b'T' | b't' | b' '))?)?;
    let clock = clock.get(1..)?;
    let end = clock.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b':' | b'.')).unwrap_or(clock.len());
    let (clock, offset) = clock.split_at_checked(end)?;
    // Fractions of a second do not matter for an expiry.
    let clock = clock.get(..clock.bytes().position(|byte| byte == b'.').unwrap_or(clock.len()))?;
    let mut compact = String::new();
    compact.extend(date.chars().filter(|c| *c != '-'));
    compact.push('T');
    compact.extend(clock.chars().filter(|c| *c != ':'));
    compact.push('Z');
    let seconds = AmzDate::seconds_of(&compact)?.checked_add_signed(-offset_of(offset)?)?;
    Some(Duration::from_secs(seconds))
}

/// Returns the seconds of an offset such as `Z`, `+00:00` or `-0700`.
fn offset_of(text: &str) -> Option<i64> {
    let sign = match text.bytes().next() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (text.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').collect();
    let number = |from: usize, to: usize| digits.get(from..to).filter(|digits| !digits.is_empty())?.parse::<u32>().ok();
    if digits.len() != 4 && digits.len() != 2 {
        return None;
    }
    let (hours, minutes) = (number(0, 2)?, number(2, 4).unwrap_or_default());
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_time_is_parsed_in_all_forms_of_iso_8601() {
        let expected = Some(Duration::from_secs(1_735_787_045));
        for text in [
            "2025-01-02T03:04:05Z",
            "2025-01-02T03:04:05",
            " 2025-01-02T03:04:05.678Z ",
            "20250102T030405Z",
            "2025-01-02 03:04:05+00:00",
            "2025-01-02T04:04:05+01:00",
            "2025-01-01T20:04:05.1-0700",
            "2025-01-02T04:04:05+01",
        ] {
            assert_eq!(parse_time(text), expected, "{text}");
        }
        for text in
            ["", "2025-01-02", "2025-13-02T03:04:05Z", "2025-01-02T03:04:05X", "2025-01-02T03:04:05+1", "é", "T"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
