//! Retry policy: whether to retry, and after what delay.

use std::time::Duration;

use crate::error::{Error, Resend};
use crate::headers::Headers;
use crate::json::parse_f64;
use crate::sigv4::AmzDate;
use crate::text::split;

/// A retry policy: exponential backoff with full jitter. A call is retried only if there is no risk of paying
/// twice ([`Error::is_retryable`]), and never after its first event was delivered.
///
/// | what happened | retried |
/// |---|---|
/// | no connection was made | yes |
/// | the connection broke after the request was sent, before the response headers | if [allowed](Self::with_paid_resend) |
/// | a timeout after the request was sent | if allowed |
/// | the service refused: throttled, unavailable, overloaded | yes |
/// | AWS answered with status 500, 502 or 504 | yes, as AWS's SDKs do |
/// | a gateway answered with status 500, 502, 504, 520 or 524: it lost the answer | if allowed |
/// | a stream ended, broke or failed before any of its content | yes |
/// | a stream ended, broke or failed after part of its content | if allowed, and nothing was delivered |
/// | a whole answer with status 200 ended or broke before it was complete | if allowed |
///
/// See [Exponential Backoff And Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::RetryPolicy;
/// let policy = RetryPolicy::default().with_max_attempts(5).with_max_delay(Duration::from_secs(5));
/// assert_eq!(policy.max_attempts(), 5);
/// assert_eq!(RetryPolicy::never().max_attempts(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    paid_resend: bool,
}

impl Default for RetryPolicy {
    /// Returns a policy of 3 attempts, whose first delay is up to 1 second and whose maximum is 20 seconds.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(20),
            paid_resend: false,
        }
    }
}

impl RetryPolicy {
    /// Creates a policy without retries.
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Sets the maximum number of attempts, the first included. Defaults to `3`; 0 counts as 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum of the first delay. It doubles with every further attempt. Defaults to 1 second.
    #[must_use]
    pub fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the maximum of any delay, also of one that the service asks for. Defaults to 20 seconds.
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets whether a call is sent again when the service may have processed it already: after a broken
    /// connection, a timeout, or a gateway's 500, 502 or 504. Each attempt may be charged. Defaults to `false`.
    ///
    /// ```
    /// use bedrock_chat::{Error, ErrorKind, RetryPolicy};
    /// let broke = Error::new(ErrorKind::Interrupted, "the connection broke");
    /// assert_eq!(RetryPolicy::default().delay(1, &broke, 0.5), None);
    /// assert!(RetryPolicy::default().with_paid_resend(true).delay(1, &broke, 0.5).is_some());
    /// ```
    #[must_use]
    pub fn with_paid_resend(mut self, on: bool) -> Self {
        self.paid_resend = on;
        self
    }

    /// Returns whether calls are sent again that may have been paid for.
    pub fn paid_resend(&self) -> bool {
        self.paid_resend
    }

    /// Returns the maximum number of attempts.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Returns the delay after a failed attempt (the first is 1), or `None` to give up. `random` is a number in
    /// `0.0..1.0`. A delay that the service asks for is used as it is. If it exceeds the maximum, the call
    /// fails at once, so that the caller can decide.
    pub fn delay(&self, attempt: u32, error: &Error, random: f64) -> Option<Duration> {
        let least = if self.paid_resend { Resend::MayBePaid } else { Resend::Safe };
        if attempt >= self.max_attempts || error.resend() < least {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= self.max_delay).then_some(asked);
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let ceiling = self.base_delay.saturating_mul(1 << doublings).min(self.max_delay);
        Some(seconds(ceiling.as_secs_f64() * random.clamp(0.0, 1.0)).unwrap_or(ceiling))
    }
}

/// Returns a duration of so many seconds; `None` if they are not a number, negative, or too many for a
/// duration.
pub(crate) fn seconds(seconds: f64) -> Option<Duration> {
    let nanoseconds = seconds * 1e9;
    (0.0..=u64::MAX as f64).contains(&nanoseconds).then(|| Duration::from_nanos(nanoseconds as u64))
}

/// Returns the delay that a response asks for, at the time `now` in seconds since 1970-01-01T00:00:00Z:
///
/// - `x-amz-retry-after`, in milliseconds;
/// - `retry-after-ms`, in milliseconds, as Azure and OpenAI write it;
/// - `retry-after`, in seconds or as a date, which is read against the response's own `date`.
pub(crate) fn retry_after(headers: &Headers, now: u64) -> Option<Duration> {
    let number = |text: &str| parse_f64(text.trim()).filter(|number| *number >= 0.0);
    // A delay that a duration cannot hold counts as endless, not as zero.
    let duration = |secs: f64| seconds(secs).unwrap_or(Duration::MAX);
    let milliseconds = ["x-amz-retry-after", "retry-after-ms"].iter().find_map(|name| number(headers.get(name)?));
    if let Some(milliseconds) = milliseconds {
        return Some(duration(milliseconds / 1000.0));
    }
    let text = headers.get("retry-after")?;
    if let Some(secs) = number(text) {
        return Some(duration(secs));
    }
    let now = headers.get("date").and_then(http_date).unwrap_or(now);
    http_date(text).map(|then| Duration::from_secs(then.saturating_sub(now)))
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Returns the seconds since 1970 of an HTTP date, in any of the three forms of
/// [RFC 9110, section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7).
fn http_date(text: &str) -> Option<u64> {
    let words: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let mut parts = split(&words, b' ').filter(|part| !part.is_empty()).skip(1);
    let [first, second, third, fourth, fifth, sixth] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let month_of = |name: &str| MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month));
    let (day, month, year, hour, minute, second) = match month_of(first) {
        // asctime: `Sun Nov  6 08:49:37 1994`
        Some(month) => (second, month, sixth, third, fourth, fifth),
        None => (first, month_of(second)?, third, fourth, fifth, sixth),
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let year = match (number(year)?, year.len()) {
        (year, 2) if year >= 70 => 1900 + year,
        (year, 2) => 2000 + year,
        (year, _) => year,
    };
    let (month, day, hour, minute, second) = (month + 1, number(day)?, number(hour)?, number(minute)?, number(second)?);
    AmzDate::seconds_of(&format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, ServiceAnswer, from_response};

    fn failed(status: u16, retry_after: Option<&str>) -> Error {
        let mut headers = Headers::new();
        retry_after.into_iter().for_each(|value| headers.push("retry-after", value));
        let retry_after = super::retry_after(&headers, 0);
        from_response(&ServiceAnswer {
            status,
            error_type: None,
            request_id: None,
            is_aws: false,
            retry_after,
            body: b"{}",
        })
    }

    #[test]
    fn retry_delays_double_with_jitter_up_to_the_limit() {
        let policy = RetryPolicy::default().with_max_attempts(100);
        let ceiling = |attempt| policy.delay(attempt, &failed(429, None), 1.0).unwrap().as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, 99].map(ceiling), [1, 2, 4, 8, 16, 20, 20]);
        assert_eq!(policy.delay(3, &failed(429, None), 0.25), Some(Duration::from_secs(1)));
        let endless = policy.with_max_delay(Duration::MAX).with_base_delay(Duration::MAX);
        assert!(endless.delay(99, &failed(429, None), 0.5).is_some());
    }

    #[test]
    fn retry_only_of_retryable_errors_up_to_the_limit() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(2, &failed(503, None), 0.5).is_some());
        assert!(policy.delay(3, &failed(503, None), 0.5).is_none());
        assert!(policy.delay(1, &failed(400, None), 0.5).is_none());
        assert!(policy.delay(1, &Error::new(ErrorKind::Encode, "x"), 0.5).is_none());
    }

    #[test]
    fn retry_after_is_obeyed_up_to_the_maximum_delay() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, &failed(429, Some("2")), 0.0), Some(Duration::from_secs(2)));
        for forever in ["3600", "99999999999999999999999", "1e300"] {
            assert_eq!(policy.delay(1, &failed(429, Some(forever)), 0.0), None, "{forever}");
        }
        assert!(policy.delay(1, &failed(429, Some("-5")), 0.5).is_some(), "that is not a delay");
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        let read = |pairs: &[(&str, &str)]| {
            let mut headers = Headers::new();
            pairs.iter().for_each(|(name, value)| headers.push(name, *value));
            retry_after(&headers, 1_445_412_470).map(|after| after.as_millis())
        };
        assert_eq!(read(&[("retry-after", " 2 ")]), Some(2000));
        assert_eq!(read(&[("retry-after", "0.5")]), Some(500));
        assert_eq!(read(&[("retry-after", "-1")]), None);
        assert_eq!(read(&[("retry-after", "1e300")]), Some(Duration::MAX.as_millis()));
        assert_eq!(read(&[("retry-after-ms", "250"), ("retry-after", "1")]), Some(250));
        assert_eq!(read(&[("x-amz-retry-after", "1500"), ("retry-after", "9")]), Some(1500));
        assert_eq!(read(&[("x-amz-retry-after", "soon"), ("retry-after", "9")]), Some(9000));
        for date in ["Wed, 21 Oct 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT", "Wed Oct 21 07:28:00 2015"] {
            assert_eq!(read(&[("retry-after", date)]), Some(10_000), "{date}");
        }
        let dates = [("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), ("date", "Wed, 21 Oct 2015 07:27:57 GMT")];
        assert_eq!(read(&dates), Some(3000), "against the server's own clock");
        assert_eq!(read(&[("retry-after", "Tue, 20 Oct 2015 07:28:00 GMT")]), Some(0), "in the past");
        for wrong in ["", "tomorrow", "Wed, 32 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015", "é"] {
            assert_eq!(read(&[("retry-after", wrong)]), None, "{wrong}");
        }
    }
}
