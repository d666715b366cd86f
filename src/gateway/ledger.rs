//! The use of keys: calls and tokens of the last minute, and costs of the budget's period.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, Reason};
use super::keys::{BudgetPeriod, KeySettings};
use crate::error::{Error, Result};
use crate::json::parse_u64;
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};
use crate::sigv4::AmzDate;

/// The use of a key, in a form that can be stored as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct KeyUse {
    /// When this was brought up to date, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// How many calls count toward the limit of a minute. It falls steadily, from the limit to 0 in a minute.
    pub requests: f64,
    /// How many tokens count toward the limit of a minute. It falls in the same way, and may exceed the limit.
    pub tokens: f64,
    /// The cost of the calls in the period.
    pub spent: f64,
    /// The period as a number: a day such as 20261129, a month such as 202611, or 0.
    pub period: u64,
}

impl KeyUse {
    /// Counts a call, unless it exceeds a limit of the key.
    ///
    /// # Errors
    /// `Throttled` with the time to wait, or `Budget`.
    pub(super) fn admit(&mut self, key: &KeySettings, now: Duration) -> Result<(), Failure> {
        self.advance(key, now);
        if key.budget.is_some_and(|budget| self.spent >= budget) {
            let until = match key.budget_period {
                BudgetPeriod::Day => "; it is renewed at midnight UTC",
                BudgetPeriod::Month => "; it is renewed with the next month, in UTC",
                BudgetPeriod::Total => "",
            };
            return Err(Failure::new(Reason::Budget, format!("the budget of this key is used up{until}")));
        }
        let limits = [
            (key.requests_per_minute.map(f64::from), self.requests + 1.0, "calls"),
            // A call may begin with any number of tokens left, as its own are not known.
            (key.tokens_per_minute.map(|limit| limit as f64), self.tokens, "tokens"),
        ];
        for (limit, used, what) in limits {
            if let Some(limit) = limit.filter(|limit| used > *limit) {
                let wait = Duration::from_secs_f64(((used - limit) * 60.0 / limit).clamp(0.001, 3600.0));
                // A whole number again: the text of an `f64` would add 10 KB to the npm package's gateway after gzip.
                let limit = limit as u64;
                let message = format!("this key has used its {what} a minute: {limit}");
                return Err(Failure { retry_after: Some(wait), ..Failure::new(Reason::Throttled, message) });
            }
        }
        self.requests += 1.0;
        Ok(())
    }

    /// Adds the tokens and the cost of a call.
    pub(super) fn record(&mut self, key: &KeySettings, tokens: u64, cost: f64, now: Duration) {
        self.advance(key, now);
        self.tokens += tokens as f64;
        self.spent += cost;
    }

    fn advance(&mut self, key: &KeySettings, now: Duration) {
        let at = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let minutes = at.saturating_sub(self.at) as f64 / 60_000.0;
        let fallen = |used: f64, limit: Option<f64>| (used - minutes * limit.unwrap_or(f64::INFINITY)).max(0.0);
        // A clock that is set back must not produce `0 * infinity`.
        if minutes > 0.0 {
            self.requests = fallen(self.requests, key.requests_per_minute.map(f64::from));
            self.tokens = fallen(self.tokens, key.tokens_per_minute.map(|limit| limit as f64));
        }
        self.at = self.at.max(at);
        let digits = match key.budget_period {
            BudgetPeriod::Day => 8,
            BudgetPeriod::Month => 6,
            BudgetPeriod::Total => 0,
        };
        let date = AmzDate::from_unix_seconds(now.as_secs());
        let period = date.ok().and_then(|date| parse_u64(date.day().get(..digits)?)).unwrap_or_default();
        // Another number is also that of another kind of period, after a change of the settings.
        if period != self.period {
            (self.period, self.spent) = (period, 0.0);
        }
    }
}

/// Counts the use of keys for several gateways, so that limits and budgets hold for all of them together. It can ask a
/// Durable Object of Cloudflare, a database, or a server that has one gateway for the counts alone.
///
/// [`Gateway::admit`](super::Gateway::admit) and [`Gateway::record`](super::Gateway::record) are the two functions for
/// such a server. Only keys with a limit or a budget are counted there.
///
/// ```
/// use bedrock_chat::gateway::{Gateway, KeyCounter, KeyUse};
/// use bedrock_chat::{BoxFuture, Result};
///
/// /// A counter that uses another gateway. In production, that gateway is called over a network.
/// struct Central(Gateway);
///
/// impl KeyCounter for Central {
///     fn admit<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<KeyUse>> {
///         Box::pin(async move { self.0.admit(key) })
///     }
///     fn record(&self, key: &str, tokens: u64, cost: f64) {
///         if let Err(error) = self.0.record(key, tokens, cost) {
///             eprintln!("{error}");
///         }
///     }
/// }
/// ```
pub trait KeyCounter: MaybeSend + MaybeSync {
    /// Counts a call of the key with this name, unless it exceeds a limit of the key. Returns what the key had used before
    /// this call, at the time of the count. The gateway applies the key's limits to that value, with the same result.
    ///
    /// # Errors
    /// Any, if the use is not known. The call is then refused with status 503, as an unknown use may be above the budget.
    /// Only the log has the error.
    fn admit<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<KeyUse>>;

    /// Counts the tokens and the cost of a call that has ended. It is not called if a call has neither. It must not
    /// block: send the numbers in the background.
    fn record(&self, key: &str, tokens: u64, cost: f64);
}

/// Adds a call to the counter, unless it exceeds a limit of the key.
///
/// # Errors
/// Same as [`KeyUse::admit`], and `Overloaded` if the counter fails.
pub(super) async fn admit_at(counter: &dyn KeyCounter, name: &str, key: &KeySettings) -> Result<(), Failure> {
    let mut used = counter.admit(name).await.map_err(|error: Error| {
        let message = "the limits of this key could not be checked; send the request again";
        Failure { detail: Some(error.to_string()), ..Failure::new(Reason::Overloaded, message) }
    })?;
    // The counter's clock may differ from this one. With the time of the count, both decide the same.
    used.admit(key, Duration::from_millis(used.at))
}

/// The use of all keys of a gateway by their names, in memory. A list takes less code than a map.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Vec<(String, KeyUse)>>);

impl Ledger {
    /// Counts a call of a key, unless it exceeds a limit of the key.
    ///
    /// # Errors
    /// Same as [`KeyUse::admit`].
    pub(super) fn admit(&self, name: &str, key: &KeySettings, now: Duration) -> Result<(), Failure> {
        let mut result = Ok(());
        self.with(name, &mut |used| result = used.admit(key, now));
        result
    }

    /// Counts a call of a key, unless it exceeds a limit of the key. Returns the use before, brought up to date.
    pub(super) fn admit_and_tell(&self, name: &str, key: &KeySettings, now: Duration) -> KeyUse {
        let mut before = KeyUse::default();
        self.with(name, &mut |used| {
            used.advance(key, now);
            before = *used;
            // The gateway that called this applies the limits to `before`, and refuses the call.
            let _ = used.admit(key, now);
        });
        before
    }

    /// Adds the tokens and the cost of a call.
    pub(super) fn record(&self, name: &str, key: &KeySettings, tokens: u64, cost: f64, now: Duration) {
        self.with(name, &mut |used| used.record(key, tokens, cost, now));
    }

    /// Returns what a key has used.
    pub(super) fn used(&self, name: &str) -> KeyUse {
        let mut result = KeyUse::default();
        self.with(name, &mut |used| result = *used);
        result
    }

    /// Sets what a key has used.
    pub(super) fn restore(&self, name: &str, used: KeyUse) {
        self.with(name, &mut |current| *current = used);
    }

    fn with(&self, name: &str, change: &mut dyn FnMut(&mut KeyUse)) {
        // Each change leaves the list whole, also if a thread panics in between.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|(known, _)| known == name);
        let mut used = place.and_then(|at| all.get(at)).map(|(_, used)| *used).unwrap_or_default();
        change(&mut used);
        match place.and_then(|at| all.get_mut(at)) {
            Some((_, kept)) => *kept = used,
            None => all.push((name.to_owned(), used)),
        }
    }
}

/// The maximum number of requests without a known key that are reported in a minute.
const MAX_REPORTED: u32 = 10;

/// The requests without a known key. Anyone can send them, and each report may be a line of a log that costs money.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<Reports>);

#[derive(Debug, Default)]
struct Reports {
    /// The minute, since 1970-01-01T00:00:00Z.
    minute: u64,
    reported: u32,
    /// The number of requests since the last report.
    missed: u64,
}

impl Strangers {
    /// Returns whether a request is reported, and if so, how many before it were not.
    pub(super) fn report(&self, now: Duration) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.as_secs() / 60;
        if all.minute != minute {
            (all.minute, all.reported) = (minute, 0);
        }
        if all.reported >= MAX_REPORTED {
            all.missed += 1;
            return None;
        }
        all.reported += 1;
        Some(std::mem::take(&mut all.missed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_reported_up_to_a_limit() {
        let strangers = Strangers::default();
        let report = |seconds| strangers.report(Duration::from_secs(seconds));
        assert!((0..10).all(|_| report(1_795_000_000) == Some(0)));
        assert!((0..1000).all(|_| report(1_795_000_001).is_none()));
        assert_eq!((report(1_795_000_061), report(1_795_000_061)), (Some(1000), Some(0)));
    }

    #[test]
    fn budget_is_renewed_at_the_end_of_its_period() {
        // 2028-02-29T23:59:59Z, the last second of a day and of a month.
        let last = Duration::from_secs(1_835_481_599);
        for (period, number, is_renewed) in [
            (BudgetPeriod::Day, 20_280_229, true),
            (BudgetPeriod::Month, 202_802, true),
            (BudgetPeriod::Total, 0, false),
        ] {
            let key = KeySettings::new("gw-0123456789").with_budget(1.0, period);
            let mut used = KeyUse::default();
            used.record(&key, 10, 1.5, last);
            assert_eq!((used.period, used.spent), (number, 1.5));
            assert!(used.admit(&key, last).is_err());
            assert_eq!(used.admit(&key, last + Duration::from_secs(1)).is_ok(), is_renewed);
            assert_eq!(used.spent == 0.0, is_renewed);
        }
    }
}
