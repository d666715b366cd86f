//! Retry policy: whether to retry, and after what delay.

mod quota;

pub(crate) use quota::RetryQuota;

use std::time::Duration;

use crate::error::{AskedDelay, Error, ErrorKind, Resend};
use crate::headers::Headers;
use crate::json::parse_f64;
use crate::sigv4::AmzDate;
use crate::text::split;

/// A retry policy: exponential backoff with full jitter, and a quota of retries, as AWS's SDKs have them in their
/// standard mode. A call is retried only if there is no risk of paying twice ([`Error::is_retryable`]), and never
/// after its first event was delivered.
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
/// The documentation of each [`ErrorKind`] says whether its errors are retried.
///
/// # Delays
/// The delay before retry number *n* is random, between 0 and `base · 2ⁿ⁻¹`, at most 20 seconds. The base is 1
/// second after throttling, else 50 milliseconds. The service can ask for another delay:
///
/// - `x-amz-retry-after` makes the delay longer by up to 5 seconds, and never shorter;
/// - `retry-after` and `retry-after-ms` are used as they are. If they exceed the maximum, the call fails at once.
///
/// # Quota
/// All calls of a client share 500 tokens. A retry takes 14, one after throttling 5. A call that succeeds returns
/// the tokens of its last retry. A call that succeeds without a retry returns 1. When too few are left, calls fail with
/// the error of their first attempt, so that an outage does not triple the load. Clones of a chat share the quota.
///
/// See [Retry behavior](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html) and
/// [Exponential Backoff And Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
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
    throttling_base_delay: Duration,
    max_delay: Duration,
    paid_resend: bool,
    quota: Option<u32>,
}

/// How much a delay that `x-amz-retry-after` asks for may exceed the policy's own.
const MAX_ADDITIONAL: Duration = Duration::from_secs(5);

impl Default for RetryPolicy {
    /// Returns a policy of 3 attempts. The first delay is up to 50 milliseconds, or 1 second after throttling; the
    /// maximum is 20 seconds. The quota is 500.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(50),
            throttling_base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(20),
            paid_resend: false,
            quota: Some(500),
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

    /// Sets the maximum of the first delay after an error that is not throttling. It doubles with every further
    /// attempt. Defaults to 50 milliseconds.
    #[must_use]
    pub fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the maximum of the first delay after throttling ([`ErrorKind::Throttled`]). It doubles with every
    /// further attempt. Defaults to 1 second.
    #[must_use]
    pub fn with_throttling_base_delay(mut self, delay: Duration) -> Self {
        self.throttling_base_delay = delay;
        self
    }

    /// Sets the maximum of any delay, also of one that `retry-after` asks for. Defaults to 20 seconds.
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

    /// Sets the [quota](Self#quota) of retries of a client, in tokens; `None` switches it off. Defaults to `500`.
    ///
    /// ```
    /// use bedrock_chat::RetryPolicy;
    /// let unlimited = RetryPolicy::default().with_quota(None);
    /// let strict = RetryPolicy::default().with_quota(50);
    /// ```
    #[must_use]
    pub fn with_quota(mut self, tokens: impl Into<Option<u32>>) -> Self {
        self.quota = tokens.into();
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

    /// Returns the quota of retries of a client, in tokens; `None` if it is switched off.
    pub fn quota(&self) -> Option<u32> {
        self.quota
    }

    /// Returns the delay after a failed attempt (the first is 1), or `None` to give up. `random` is a number in
    /// `0.0..1.0`. The quota is not considered here.
    pub fn delay(&self, attempt: u32, error: &Error, random: f64) -> Option<Duration> {
        let least = if self.paid_resend { Resend::MayBePaid } else { Resend::Safe };
        if attempt >= self.max_attempts || error.resend() < least {
            return None;
        }
        let base = match error.kind() {
            ErrorKind::Throttled => self.throttling_base_delay,
            _ => self.base_delay,
        };
        let doublings = attempt.saturating_sub(1).min(31);
        let ceiling = base.saturating_mul(1 << doublings).min(self.max_delay);
        let own = seconds(ceiling.as_secs_f64() * random.clamp(0.0, 1.0)).unwrap_or(ceiling);
        match error.asked_delay() {
            None => Some(own),
            Some(asked) if asked.is_amz => Some(asked.delay.clamp(own, own.saturating_add(MAX_ADDITIONAL))),
            // The caller can decide whether to wait that long.
            Some(asked) => (asked.delay <= self.max_delay).then_some(asked.delay),
        }
    }
}

/// Returns a duration of this many seconds; `None` if they are not a number, negative, or too many for a
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
pub(crate) fn asked_delay(headers: &Headers, now: u64) -> Option<AskedDelay> {
    let number = |text: &str| parse_f64(text.trim()).filter(|number| *number >= 0.0);
    // A delay that a duration cannot hold counts as endless, not as zero.
    let duration = |secs: f64| seconds(secs).unwrap_or(Duration::MAX);
    let milliseconds = |name: &str| Some(duration(number(headers.get(name)?)? / 1000.0));
    if let Some(delay) = milliseconds("x-amz-retry-after") {
        return Some(AskedDelay { delay, is_amz: true });
    }
    let retry_after = || {
        let text = headers.get("retry-after")?;
        if let Some(secs) = number(text) {
            return Some(duration(secs));
        }
        let now = headers.get("date").and_then(http_date).unwrap_or(now);
        http_date(text).map(|then| Duration::from_secs(then.saturating_sub(now)))
    };
    let delay = milliseconds("retry-after-ms").or_else(retry_after)?;
    Some(AskedDelay { delay, is_amz: false })
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
mod tests;
