//! The parts of the test, from the recorded call to the verdict.

mod carried;
mod case;
mod convert;
mod diff;
mod facts;
mod judge_tests;
mod request;
mod rules;
mod run;
mod verdict;
mod wire;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Failed, Trial};

use case::{Scenario, Unsupported};
use verdict::Verdict;

/// The number of calls by verdict. Every client's call counts, with the verdict on its scenario.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    met: usize,
    refused: usize,
    deviations: usize,
    missed: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { met, refused, deviations, missed } = self;
        write!(f, "{met} met, {refused} refused as peers do, {deviations} accepted deviations, {missed} missed")
    }
}

impl Tally {
    /// The same tally, with this many more calls for the verdict.
    fn with(mut self, verdict: &Verdict, calls: usize) -> Self {
        let count = match verdict {
            Verdict::Met => &mut self.met,
            Verdict::Refused => &mut self.refused,
            Verdict::Deviates(_) => &mut self.deviations,
            Verdict::Missed(_) => &mut self.missed,
        };
        *count += calls;
        self
    }

    fn plus(self, other: Self) -> Self {
        Self {
            met: self.met + other.met,
            refused: self.refused + other.refused,
            deviations: self.deviations + other.deviations,
            missed: self.missed + other.missed,
        }
    }
}

/// Prints a line for the reader of the log, even where the harness is quiet.
fn print(line: fmt::Arguments<'_>) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// Scenarios from one source.
struct Group {
    source: String,
    scenarios: Vec<Scenario>,
    tally: Arc<Mutex<Tally>>,
}

impl Group {
    fn new(source: impl Into<String>, scenarios: Vec<Scenario>) -> Self {
        Self { source: source.into(), scenarios, tally: Arc::default() }
    }
}

/// The kept scenarios, and those from a folder. If a scenario is in both, the folder's is used.
pub(crate) struct Suite {
    groups: Vec<Group>,
    unsupported: Vec<Unsupported>,
}

impl Suite {
    pub(crate) fn load(folder: Option<&Path>) -> Self {
        let (more, unsupported) = folder.map(case::folder).unwrap_or_default();
        let is_new = |kept: &Scenario| !more.iter().any(|more| more.name == kept.name);
        let mut groups = vec![Group::new("the project", kept().into_iter().filter(is_new).collect())];
        if let Some(folder) = folder {
            groups.push(Group::new(folder.display().to_string(), more));
        }
        Self { groups, unsupported }
    }

    /// A trial for each scenario, each call that is not supported, and each test of the judge.
    pub(crate) fn trials(&self) -> Vec<Trial> {
        let of_group = |group: &Group| {
            let trial = |scenario: &Scenario| {
                let (scenario, tally) = (scenario.clone(), Arc::clone(&group.tally));
                let Scenario { operation, provider, name, .. } = &scenario;
                Trial::test(format!("{}::{provider}::{name}", operation.name()), move || judge(&scenario, &tally))
            };
            group.scenarios.iter().map(trial).collect::<Vec<_>>()
        };
        let ignored = |case: &Unsupported| {
            Trial::test(format!("{}::{}", case.operation, case.name), || Ok(()))
                .with_kind(format!("the judge does not support `{}`", case.operation))
                .with_ignored_flag(true)
        };
        let of_judge = judge_tests::ALL.iter().map(|(name, test)| {
            Trial::test(format!("judge::{name}"), || {
                test();
                Ok(())
            })
        });
        let trials = self.groups.iter().flat_map(of_group);
        trials.chain(self.unsupported.iter().map(ignored)).chain(of_judge).collect()
    }

    /// Prints the totals of the scenarios that were judged, if there were any.
    pub(crate) fn print_totals(&self) {
        let tallies: Vec<Tally> = self.groups.iter().map(|group| *group.tally.lock().unwrap()).collect();
        let all = tallies.iter().copied().fold(Tally::default(), Tally::plus);
        if all.met + all.refused + all.deviations + all.missed == 0 {
            return;
        }
        for (group, tally) in self.groups.iter().zip(tallies) {
            print(format_args!("calls of {}: {tally}", group.source));
        }
        print(format_args!("conformance: {all}"));
    }
}

/// Judges a scenario and counts its calls.
///
/// # Errors
/// A line for each client and each way in which the scenario is missed.
fn judge(scenario: &Scenario, tally: &Mutex<Tally>) -> Result<(), Failed> {
    let verdict = verdict::judge(scenario);
    {
        let mut tally = tally.lock().unwrap();
        *tally = tally.with(&verdict, scenario.peers.len());
    }
    let verbose = std::env::var_os("CONFORMANCE_VERBOSE").is_some();
    let name = &scenario.name;
    match verdict {
        Verdict::Refused if verbose => print(format_args!("refused {name}")),
        Verdict::Deviates(rules) if verbose => {
            print(format_args!("deviates {name}: by the rules {}", rules.join(", ")));
        }
        Verdict::Missed(missed) => {
            let line = |peer: &case::Peer| format!("missed {}--{name}: {}", peer.tag, missed.line(&peer.tag));
            return Err(scenario.peers.iter().map(line).collect::<Vec<_>>().join("\n").into());
        }
        _ => {}
    }
    Ok(())
}

/// The scenarios that the project keeps.
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
