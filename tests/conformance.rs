//! Recorded calls of real clients, put to this crate: what it sends must be what a client that is believed
//! right sends, and what it makes of the answer must carry what the best of them makes of it.
//!
//! A call is counted as met, as refused before anything was sent as such a client refuses, or as an accepted
//! deviation: unlike every client, exactly as a rule in `conformance/rules` has it. Any other is missed, with
//! a line for each difference.
//!
//! - `CONFORMANCE_CASES` names a folder with more recorded calls, one a file; those of the same scenario are
//!   judged together.
//! - `CONFORMANCE_VERBOSE` also lists what is refused and what deviates, and by which rules.

// Clippy takes only `#[test]` functions for tests, and here helpers are tests' parts too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "conformance/mod.rs"]
mod suite;

#[test]
fn what_is_sent_and_what_is_heard_is_as_a_client_that_is_believed_right_has_it() {
    let folder = std::env::var_os("CONFORMANCE_CASES");
    let tally = suite::judge_all(folder.as_ref().map(AsRef::as_ref));
    assert_eq!(tally.missed, 0, "the lines above say how");
}
