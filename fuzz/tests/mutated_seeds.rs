//! Runs each target on its seeds and on random mutations of them, with any toolchain and without libFuzzer.
//!
//! Variables: `FUZZ_RUNS` is the number of mutations of each target, `FUZZ_SEED` the start of the random numbers, and
//! `FUZZ_ONLY` a part of the names of the targets. An input that breaks an invariant is written to `artifacts/`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bedrock_chat_fuzz::seeds::Random;
use bedrock_chat_fuzz::{TARGETS, Target};

const RUNS: u64 = 2000;

#[test]
fn targets_keep_their_invariants_on_mutated_seeds() {
    let runs = number("FUZZ_RUNS").unwrap_or(RUNS);
    let mut failed = Vec::new();
    let only = std::env::var("FUZZ_ONLY").unwrap_or_default();
    for target in TARGETS.iter().filter(|target| target.name.contains(&only)) {
        let seeds = (target.seeds)();
        assert!(seeds.len() >= 10, "{} has {} seeds", target.name, seeds.len());
        let mut random = Random::new(number("FUZZ_SEED").unwrap_or(0));
        let mutations = (0..runs).map(|_| mutated(&seeds, &mut random));
        if let Some(input) = seeds.iter().cloned().chain(mutations).find(|input| !holds(target, input)) {
            failed.push(format!("{} on {}", target.name, kept(target, &input)));
        }
    }
    assert!(failed.is_empty(), "broken invariants, see above: {failed:#?}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

fn holds(target: &Target, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.check)(input))).is_ok()
}

/// Keeps an input, and returns where.
fn kept(target: &Target, input: &[u8]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(target.name);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("mutated-seed");
    fs::write(&path, input).unwrap();
    path.display().to_string()
}

/// Returns a seed with some changes: what libFuzzer does, without its feedback.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const TOKENS: &[&[u8]] = &[
        b"\"", b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"\n", b"\r", b"\0", b"\xFF", b"-1", b"1e999",
        b"\\ud83d",
    ];
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(7) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.byte(),
            2 => {
                let end = (at + random.below(16)).min(input.len());
                input.drain(at..end);
            }
            3 => {
                let token = TOKENS[random.below(TOKENS.len())];
                input.splice(at..at, token.iter().copied());
            }
            4 => {
                let end = (at + random.below(64)).min(input.len());
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            5 => input.truncate(at),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + random.below(64)).min(other.len())].to_vec();
                input.splice(at..at, piece);
            }
        }
    }
    input
}
