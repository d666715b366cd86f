//! Bedrock API keys in `Authorization: Bearer`.

use super::Rules;
use crate::clock::Clock;
use crate::problem::Problem;
use crate::recorded::Verdict;

pub(super) fn check(key: &str, rules: &Rules, _clock: &Clock) -> Result<Verdict, Problem> {
    if rules.bearer_keys.iter().any(|known| known == key) {
        return Ok(Verdict::Bearer);
    }
    let mut problem =
        Problem::new(403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.");
    problem.capital = true;
    Err(problem)
}
