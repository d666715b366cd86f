//! Recorded calls of real clients, repeated with this crate. The request must be the same as that of a correct client,
//! and the reply must carry the same facts as the best client's.
//!
//! Each scenario is a trial named `<operation>::<provider>::<scenario>`, so one can be run by name:
//! `cargo test --test conformance -- claude-tools-single`. Names that begin with `judge::` are tests of the judge.
//!
//! The result of a call is one of these. Met: same as a correct client. Refused: a correct client also refuses before
//! sending. Accepted deviation: unlike every client, exactly as a row of `conformance/rules.json` says. Any other call
//! is missed: its trial fails with a line for each difference. The totals are printed after the trials.
//!
//! `CONFORMANCE_CASES` is a folder with more recorded calls, one per file. All calls of one scenario are judged
//! together. Calls of operations that the judge does not support are ignored trials.
//! - `CONFORMANCE_VERBOSE` also lists refusals and deviations, the latter with their rules.

// Clippy recognizes only `#[test]` functions as tests, but all code here is test code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "conformance/mod.rs"]
mod suite;

fn main() -> std::process::ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let folder = std::env::var_os("CONFORMANCE_CASES");
    let suite = suite::Suite::load(folder.as_ref().map(AsRef::as_ref));
    let conclusion = libtest_mimic::run(&arguments, suite.trials());
    suite.print_totals();
    conclusion.exit_code()
}
