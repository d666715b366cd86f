//! Collects refusals with the models and an example.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_chat::Error;

use crate::Written;
use crate::continued::{History, Target};

/// Known refusals, each as parts of its message and of the model's id; empty if all are repaired.
const KNOWN: &[(&str, &str)] = &[];

/// Whether an error is accepted, with the reason.
fn is_accepted(message: &str, target: &Target, written: &Written, history: &History) -> bool {
    let says = |words: &str| message.contains(words);
    // The model has no tools, and the history or the options have some.
    let used = !history.tools.is_empty() || history.what.contains("results");
    let no_tools = says("tool") && used && !target.has_tools();
    // The local Bedrock does not know this block, but the service that wrote it does.
    let future = says("futureBlock") || says("needle");
    let known = KNOWN.iter().any(|(words, model)| says(words) && target.model.contains(model));
    known || no_tools || (future && written.is_from(target))
}

/// Refusals by their message.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<String, Fault>);

#[derive(Debug, Default)]
struct Fault {
    places: BTreeSet<String>,
    continued: BTreeSet<&'static str>,
    shapes: BTreeSet<String>,
    example: String,
}

/// Replaces the model's id and numbers in a message.
fn general(words: &str, model: &str) -> String {
    let words = words.replace(model, "[model]");
    let mut out = String::new();
    for c in words.chars() {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            other => out.push(other),
        }
    }
    out
}

impl Faults {
    pub(crate) fn add(&mut self, target: &Target, written: &Written, history: &History, error: &Error) {
        let message = error.message();
        if is_accepted(message, target, written, history) {
            return;
        }
        let kind = if error.attempts() == 0 { "refused here" } else { "refused there" };
        let words = format!("{kind}: {}", general(message, target.model));
        let fault = self.0.entry(words).or_default();
        fault.places.insert(format!("{} {:?}{}", target.model, target.api, target.with));
        fault.continued.insert(history.what);
        fault.shapes.insert(written.shape());
        let example = serde_json::to_string(&written.reply.content).unwrap();
        if fault.example.is_empty() || example.len() < fault.example.len() {
            fault.example = example;
        }
    }

    /// Adds the refusals of another model.
    pub(crate) fn extend(&mut self, other: Self) {
        for (words, fault) in other.0 {
            let known = self.0.entry(words).or_default();
            known.places.extend(fault.places);
            known.continued.extend(fault.continued);
            known.shapes.extend(fault.shapes);
            if known.example.is_empty() || fault.example.len() < known.example.len() {
                known.example = fault.example;
            }
        }
    }

    pub(crate) fn report(self, replies: usize, histories: usize) {
        let list = |texts: &mut dyn Iterator<Item = &str>| texts.collect::<Vec<_>>().join(", ");
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(words, fault)| {
                let places = list(&mut fault.places.iter().map(String::as_str));
                let continued = list(&mut fault.continued.iter().copied());
                let shapes = list(&mut fault.shapes.iter().take(5).map(String::as_str));
                let example: String = fault.example.chars().take(300).collect();
                format!("{words}\n    by {places}\n    continued with {continued}\n    for {shapes}\n    as {example}")
            })
            .collect();
        assert!(
            lines.is_empty(),
            "{} ways to be refused, of {histories} histories with {replies} replies\n{}",
            lines.len(),
            lines.join("\n")
        );
    }
}
