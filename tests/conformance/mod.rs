//! The parts of the test, from the recorded call to the verdict.

mod carried;
mod case;
mod convert;
mod diff;
mod facts;
mod judge_tests;
mod normal;
mod request;
mod rules;
mod run;
mod sse;
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
    /// Returns the same tally, with this many more calls for the verdict.
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

/// Prints a line for the reader of the log, even if the harness is quiet.
fn print(line: fmt::Arguments<'_>) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// Scenarios from one source.
struct Group {
    scenarios: Vec<Scenario>,
    tally: Arc<Mutex<Tally>>,
}

impl Group {
    fn new(scenarios: Vec<Scenario>) -> Self {
        Self { scenarios, tally: Arc::default() }
    }

    fn tally(&self) -> Tally {
        *self.tally.lock().unwrap()
    }
}

/// The kept scenarios, and those from a folder. A scenario in both is only judged as one of the folder.
pub(crate) struct Suite {
    project: Group,
    folder: Option<Group>,
    unsupported: Vec<Unsupported>,
}

impl Suite {
    pub(crate) fn load(folder: Option<&Path>) -> Self {
        let (more, unsupported) = folder.map(case::folder).unwrap_or_default();
        let is_new = |kept: &Scenario| !more.iter().any(|more| more.is_same(kept));
        let project = Group::new(kept().into_iter().filter(|kept| is_new(kept)).collect());
        Self { project, folder: folder.map(|_| Group::new(more)), unsupported }
    }

    /// A trial for each scenario, each call that is not supported, and each test of the judge.
    pub(crate) fn trials(&self) -> Vec<Trial> {
        let of_group = |group: &Group| {
            let trial = |scenario: &Scenario| {
                let (scenario, tally) = (scenario.clone(), Arc::clone(&group.tally));
                Trial::test(trial_name(&scenario), move || judge(&scenario, &tally))
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
        let trials = [Some(&self.project), self.folder.as_ref()].into_iter().flatten().flat_map(of_group);
        trials.chain(self.unsupported.iter().map(ignored)).chain(of_judge).collect()
    }

    /// Prints the totals of the scenarios that were judged, if there were any.
    pub(crate) fn print_totals(&self) {
        let project = self.project.tally();
        let folder = self.folder.as_ref().map(Group::tally);
        let all = project.plus(folder.unwrap_or_default());
        if all.met + all.refused + all.deviations + all.missed == 0 {
            return;
        }
        print(format_args!("calls of the project: {project}"));
        print(format_args!("conformance: {all}"));
        if let Some(folder) = folder {
            print(format_args!("conformance of the folder alone: {folder}"));
        }
    }
}

/// The name of a scenario's trial. A scenario may be at both endpoints.
fn trial_name(Scenario { operation, provider, name, at_mantle, .. }: &Scenario) -> String {
    let endpoint = if operation.is_sse_api() && !at_mantle { "-at-runtime" } else { "" };
    format!("{}{endpoint}::{provider}::{name}", operation.name())
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
        include_str!("data/responses.jsonl"),
        include_str!("data/responses-stream.jsonl"),
        include_str!("data/chat.jsonl"),
        include_str!("data/chat-stream.jsonl"),
        include_str!("data/messages.jsonl"),
        include_str!("data/messages-stream.jsonl"),
        include_str!("data/count-tokens.jsonl"),
        include_str!("data/siblings.jsonl"),
    ];
    files.into_iter().flat_map(case::compact).collect()
}
