//! The signing time.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::text::split_once;

/// The first second of the year 10000, which the format `YYYYMMDD` cannot express.
const END_OF_CALENDAR: u64 = 253_402_300_800;

const SECONDS_PER_DAY: u64 = 86_400;

/// A time in the form of `x-amz-date`: `20250102T030405Z`, always UTC.
///
/// The signer has no clock: its caller passes the time. AWS accepts a request whose date differs by at most five
/// minutes.
///
/// ```
/// use bedrock_chat::sigv4::AmzDate;
///
/// let date = AmzDate::from_unix_seconds(1_735_787_045)?;
/// assert_eq!(date.as_str(), "20250102T030405Z");
/// assert_eq!(date.day(), "20250102");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AmzDate([u8; 16]);

impl AmzDate {
    /// Creates the time that is `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] from the year 10000 on. The caller has then most likely passed milliseconds.
    pub fn from_unix_seconds(seconds: u64) -> Result<Self> {
        if seconds >= END_OF_CALENDAR {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!(
                    "signing time is after the year 9999: {seconds}; pass seconds since 1970, not milliseconds"
                ),
            ));
        }
        let (year, month, day) = civil_from_days(seconds / SECONDS_PER_DAY);
        let in_day = seconds % SECONDS_PER_DAY;
        let [y1, y2] = two_digits(year / 100);
        let [y3, y4] = two_digits(year % 100);
        let [mo1, mo2] = two_digits(month);
        let [d1, d2] = two_digits(day);
        let [h1, h2] = two_digits(in_day / 3600);
        let [mi1, mi2] = two_digits(in_day / 60 % 60);
        let [s1, s2] = two_digits(in_day % 60);
        Ok(AmzDate([y1, y2, y3, y4, mo1, mo2, d1, d2, b'T', h1, h2, mi1, mi2, s1, s2, b'Z']))
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z of a time in this form; `None` for any other text.
    pub(crate) fn seconds_of(text: &str) -> Option<u64> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let days = days_from_civil(number(0, 4)?, number(4, 6)?, number(6, 8)?)?;
        let seconds = days * SECONDS_PER_DAY + number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?;
        // An invalid day or hour would be printed differently.
        Self::from_unix_seconds(seconds).is_ok_and(|date| date.as_str() == text).then_some(seconds)
    }

    /// Returns by how many seconds the service's clock is ahead of the local one. Returns `None` unless the message says
    /// that a signature is too old or of the future. It names its own time in brackets: `(20250102T030405Z - 5 min.)`. Pages in
    /// browsers, to which other sites' `date` headers are not shown, can use it too.
    pub(crate) fn skew(message: &str, now: u64) -> Option<i64> {
        if !(message.starts_with("Signature expired") || message.starts_with("Signature not yet current")) {
            return None;
        }
        let (_, theirs) = split_once(message, "(")?;
        let theirs = Self::seconds_of(theirs.get(..16)?)?;
        i64::try_from(theirs).ok()?.checked_sub(i64::try_from(now).ok()?)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn day_bytes(&self) -> [u8; 8] {
        let [year1, year2, year3, year4, month1, month2, day1, day2, ..] = self.0;
        [year1, year2, year3, year4, month1, month2, day1, day2]
    }

    /// Returns the value of `x-amz-date`, such as `20250102T030405Z`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The buffer is always ASCII, so `unwrap_or_default` cannot fail.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Returns the day alone, `20250102`, as used in the credential scope and the signing key.
    #[must_use]
    pub fn day(&self) -> &str {
        self.as_str().get(..8).unwrap_or_default()
    }
}

impl fmt::Display for AmzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AmzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns both digits of a number below 100.
fn two_digits(number: u64) -> [u8; 2] {
    let digit = |value: u64| b"0123456789".get(value as usize).copied().unwrap_or(b'0');
    [digit(number / 10), digit(number % 10)]
}

const DAYS_PER_ERA: u64 = 146_097;
const DAYS_FROM_MARCH_OF_YEAR_0_TO_1970: u64 = 719_468;

/// Returns the days from 1970-01-01 to a day of the Gregorian calendar; `None` for an earlier day. Years are
/// counted as in [`civil_from_days`].
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year.checked_sub(u64::from(month <= 2))?;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // Days of a month are counted from 1.
    (year / 400 * DAYS_PER_ERA + day_of_era).checked_sub(DAYS_FROM_MARCH_OF_YEAR_0_TO_1970 + 1)
}

/// Returns year, month and day of the Gregorian calendar for a number of days since 1970-01-01.
///
/// Years are counted from 1 March, so that the leap day is the last one of its year. Eras have 400 years, and all have
/// the same length.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_FROM_MARCH_OF_YEAR_0_TO_1970;
    let era = days / DAYS_PER_ERA;
    let day_of_era = days % DAYS_PER_ERA;
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months from March on have 153 days: 31, 30, 31, 30, 31.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_date_round_trips_and_rejects_other_text() {
        for seconds in (0..END_OF_CALENDAR).step_by(86_399 * 13).chain([951_782_400, 951_868_799, END_OF_CALENDAR - 1])
        {
            let date = AmzDate::from_unix_seconds(seconds).unwrap();
            assert_eq!(AmzDate::seconds_of(date.as_str()), Some(seconds), "{date}");
        }
        for text in [
            "",
            "20250102",
            "20250132T030405Z",
            "20250102T240405Z",
            "19691231T235959Z",
            "2025010é2T030405Z",
            "00000001T000000Z",
        ] {
            assert_eq!(AmzDate::seconds_of(text), None, "{text}");
        }
    }
}
