//! Token usage.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// The tokens used by a call. `input_tokens` includes cached tokens, as in LangChain.
///
/// ```
/// let mut usage = bedrock_chat::Usage::default();
/// usage.input_tokens = 7957;
/// usage.output_tokens = 50;
/// usage.input_token_details.cache_read = 7854;
/// assert_eq!(usage.total_tokens(), 8007);
///
/// usage += bedrock_chat::Usage::new(43, 50);
/// assert_eq!([usage, usage].iter().sum::<bedrock_chat::Usage>().input_tokens, 16_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt, including those read from and written to the cache.
    pub input_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: u64,
    /// Details of the prompt's tokens.
    pub input_token_details: InputTokenDetails,
    /// Details of the answer's tokens.
    pub output_token_details: OutputTokenDetails,
}

impl Usage {
    /// Creates a usage without details.
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self { input_tokens, output_tokens, ..Self::default() }
    }

    /// Returns the sum of input and output tokens.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Subtracts another usage field by field, down to 0.
    #[must_use]
    pub(crate) fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }

    fn zip(self, other: Self, f: fn(u64, u64) -> u64) -> Self {
        let (a, b) = (self.input_token_details, other.input_token_details);
        Self {
            input_tokens: f(self.input_tokens, other.input_tokens),
            output_tokens: f(self.output_tokens, other.output_tokens),
            input_token_details: InputTokenDetails {
                cache_read: f(a.cache_read, b.cache_read),
                cache_creation: f(a.cache_creation, b.cache_creation),
                cache_creation_5m: f(a.cache_creation_5m, b.cache_creation_5m),
                cache_creation_1h: f(a.cache_creation_1h, b.cache_creation_1h),
            },
            output_token_details: OutputTokenDetails {
                reasoning: f(self.output_token_details.reasoning, other.output_token_details.reasoning),
            },
        }
    }
}

/// Adds field by field, saturating.
impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::default(), Self::add)
    }
}

impl<'a> Sum<&'a Usage> for Usage {
    fn sum<I: Iterator<Item = &'a Usage>>(usages: I) -> Self {
        usages.copied().sum()
    }
}

/// Details of the prompt's tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct InputTokenDetails {
    /// Tokens read from the cache.
    pub cache_read: u64,
    /// Tokens written to the cache.
    pub cache_creation: u64,
    /// Tokens written to the cache for five minutes.
    pub cache_creation_5m: u64,
    /// Tokens written to the cache for one hour.
    pub cache_creation_1h: u64,
}

/// Details of the answer's tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OutputTokenDetails {
    /// Spent on reasoning.
    pub reasoning: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(n: u64) -> Usage {
        Usage {
            input_tokens: n,
            output_tokens: 2 * n,
            input_token_details: InputTokenDetails {
                cache_read: 3 * n,
                cache_creation: 4 * n,
                cache_creation_5m: 5 * n,
                cache_creation_1h: 6 * n,
            },
            output_token_details: OutputTokenDetails { reasoning: 7 * n },
        }
    }

    #[test]
    fn usage_operators_and_sum_add_every_field() {
        assert_eq!(usage(1) + usage(2), usage(3));
        let mut total = usage(1);
        total += usage(2);
        assert_eq!(total, usage(3));
        let replies = [usage(1), usage(2), usage(3)];
        assert_eq!(replies.iter().sum::<Usage>(), usage(6));
        assert_eq!(replies.into_iter().sum::<Usage>(), usage(6));
        assert_eq!([].iter().sum::<Usage>(), Usage::default());
    }

    #[test]
    fn usage_sum_stops_at_the_largest_number() {
        assert_eq!(Usage::new(u64::MAX, 1) + Usage::new(1, 1), Usage::new(u64::MAX, 2));
    }
}
