//! The server's clock, which tests may offset or stop, and the two date formats of AWS.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970 on the server's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    fixed: Option<SystemTime>,
    offset: AtomicI64,
}

impl Clock {
    pub(crate) fn new(fixed: Option<SystemTime>, offset: i64) -> Self {
        Self { fixed, offset: AtomicI64::new(offset) }
    }

    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> i64 {
        let real = self.fixed.unwrap_or_else(now);
        let seconds = real.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(self.offset.load(Ordering::Relaxed))
    }
}

/// The time of the machine. The standard library's clock panics on wasm32.
pub(crate) fn now() -> SystemTime {
    #[cfg(target_arch = "wasm32")]
    return web_time::web::SystemTimeExt::to_std(web_time::SystemTime::now());
    #[cfg(not(target_arch = "wasm32"))]
    SystemTime::now()
}

/// `20250102T030405Z`
pub(crate) fn amz_date(seconds: i64) -> String {
    let (y, m, d, hh, mm, ss) = civil(seconds);
    format!("{y:04}{m:02}{d:02}T{hh:02}{mm:02}{ss:02}Z")
}

/// `2025-01-02T03:04:05Z`
pub(crate) fn iso_date(seconds: i64) -> String {
    let (y, m, d, hh, mm, ss) = civil(seconds);
    format!("{y:04}-{m:02}-{d:02}T{hh:02}:{mm:02}:{ss:02}Z")
}

/// `Thu, 02 Jan 2025 03:04:05 GMT`
pub(crate) fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (y, m, d, hh, mm, ss) = civil(seconds);
    let day = usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or(0);
    let day = DAYS.get(day).copied().unwrap_or("Thu");
    let month = usize::try_from(m - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or("Jan");
    format!("{day}, {d:02} {month} {y:04} {hh:02}:{mm:02}:{ss:02} GMT")
}

/// Reads `20250102T030405Z`; `None` for anything else.
pub(crate) fn parse_amz_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
        return None;
    }
    let field = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let (y, m, d) = (field(0, 4)?, field(4, 6)?, field(6, 8)?);
    let (hh, mm, ss) = (field(9, 11)?, field(11, 13)?, field(13, 15)?);
    if !(1..=12).contains(&m) || !(1..=31).contains(&d) || hh > 23 || mm > 59 || ss > 60 {
        return None;
    }
    // Converts a civil date to days. Years are counted from March, so that leap days come last.
    let shifted = if m <= 2 { y - 1 } else { y };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some(days * 86_400 + hh * 3_600 + mm * 60 + ss)
}

pub(crate) fn system_time(seconds: i64) -> SystemTime {
    u64::try_from(seconds).map_or(UNIX_EPOCH, |s| UNIX_EPOCH + Duration::from_secs(s))
}

fn civil(seconds: i64) -> (i64, i64, i64, i64, i64, i64) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let time = seconds.rem_euclid(86_400);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, time / 3_600, time % 3_600 / 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for text in ["20250102T030405Z", "19700101T000000Z", "20240229T235959Z", "21001231T120000Z"] {
            assert_eq!(amz_date(parse_amz_date(text).unwrap()), text);
        }
        assert_eq!(iso_date(1_735_787_045), "2025-01-02T03:04:05Z");
        assert_eq!(http_date(1_735_787_045), "Thu, 02 Jan 2025 03:04:05 GMT");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse_amz_date("2025-01-02T03:04:05Z"), None);
    }
}
