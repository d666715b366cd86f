//! The parts of the test, from the recorded call to the verdict.

mod carried;
mod case;
mod convert;
mod diff;
mod facts;
mod itself;
mod request;
mod rules;
mod run;
mod verdict;
mod wire;

use std::fmt;
use std::io::Write;
use std::path::Path;

use case::Scenario;
use verdict::Verdict;

/// How many calls came out how. Every peer's call counts, with the verdict on its scenario.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    met: usize,
    refused: usize,
    deviations: usize,
    pub(crate) missed: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { met, refused, deviations, missed } = self;
        write!(f, "{met} met, {refused} refused as peers do, {deviations} accepted deviations, {missed} missed")
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            met: self.met + other.met,
            refused: self.refused + other.refused,
            deviations: self.deviations + other.deviations,
            missed: self.missed + other.missed,
        }
    }
}

/// A line past the capture of the test harness: the lines are the point of it.
fn say(line: fmt::Arguments<'_>) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// Judges the calls that the project keeps, and those in a folder; of a scenario that is in both, the folder's.
pub(crate) fn judge_all(folder: Option<&Path>) -> Tally {
    let more = folder.map(case::folder).unwrap_or_default();
    let is_new = |kept: &Scenario| !more.iter().any(|more| more.name == kept.name);
    let mut all = judge("the project", &kept().into_iter().filter(is_new).collect::<Vec<_>>());
    if let Some(folder) = folder {
        all = all + judge(&folder.display().to_string(), &more);
    }
    say(format_args!("conformance: {all}"));
    all
}

/// Judges scenarios; says a line for each way in which one is missed, and how all came out.
fn judge(which: &str, scenarios: &[Scenario]) -> Tally {
    let verbose = std::env::var_os("CONFORMANCE_VERBOSE").is_some();
    let mut tally = Tally::default();
    for scenario in scenarios {
        let calls = scenario.peers.len();
        let name = &scenario.name;
        match verdict::judge(scenario) {
            Verdict::Met => tally.met += calls,
            Verdict::Refused => {
                tally.refused += calls;
                if verbose {
                    say(format_args!("refused {name}"));
                }
            }
            Verdict::Deviates(rules) => {
                tally.deviations += calls;
                if verbose {
                    say(format_args!("deviates {name}: by the rules {}", rules.join(", ")));
                }
            }
            Verdict::Missed(missed) => {
                tally.missed += calls;
                for peer in &scenario.peers {
                    say(format_args!("missed {}--{name}: {}", peer.tag, missed.line(&peer.tag)));
                }
            }
        }
    }
    say(format_args!("calls of {which}: {tally}"));
    tally
}

/// The calls that the project keeps.
fn kept() -> Vec<Scenario> {
    let files = [
        include_str!("data/invoke.jsonl"),
        include_str!("data/invoke-stream.jsonl"),
        include_str!("data/converse.jsonl"),
        include_str!("data/converse-stream.jsonl"),
        include_str!("data/siblings.jsonl"),
    ];
    files.into_iter().flat_map(case::compact).collect()
}
