//! The table in `rules.json`: which client is wrong where clients disagree, and the correction.
//!
//! A row has the name of its rule, which rows with the same subject share, and the clients (`peers`) that are wrong.
//! Further it has when the row applies (`when`), the steps that correct such a client (`change`), and the reason. A row does not
//! excuse a difference by itself: this crate must do exactly the same as the corrected client. A client that a row had
//! to correct is not evidence that this crate is right.
//!
//! Rules that data cannot express are functions whose names rows refer to. Conditions are in `conditions.rs`,
//! corrections of requests and of replies in the modules named after them.

mod build;
mod chat_apis;
mod conditions;
mod messages;
mod prompts;
mod replies;
mod requests;
mod restore;
mod steps;
mod template;
mod tools;
mod turns;

use std::sync::LazyLock;

use super::case::{Peer, Scenario};
use super::facts::Fact;
use super::request::Sent;
use steps::{Step, When};

/// One rule, and its correction of the clients that are wrong.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The name of the rule, such as `late_system_message`.
    pub(crate) rule: String,
    /// The tags of the clients that are wrong.
    peers: Vec<String>,
    /// All conditions must hold for the row to apply.
    #[serde(default)]
    when: When,
    change: Vec<Step>,
    pub(crate) reason: String,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| serde_json::from_str(include_str!("rules.json")).unwrap());

impl Row {
    fn is_about(&self, tag: &str) -> bool {
        self.peers.iter().any(|peer| peer == tag)
    }

    /// Corrects a request; returns whether the row had something to correct.
    fn correct_request(&self, scenario: &Scenario, sent: &mut Sent) -> bool {
        if !self.when.holds(scenario, sent) {
            return false;
        }
        let before = sent.clone();
        self.change.iter().for_each(|step| step.correct_request(scenario, sent));
        *sent != before
    }

    /// Corrects the facts of a reply; returns whether the row had something to correct.
    fn correct_facts(&self, scenario: &Scenario, facts: &mut Vec<Fact>) -> bool {
        if !self.when.is_about(scenario) {
            return false;
        }
        let before = facts.clone();
        self.change.iter().for_each(|step| step.correct_facts(scenario, facts));
        *facts != before
    }
}

/// Corrects a client's request; returns the rules that had something to correct.
pub(crate) fn correct_request(scenario: &Scenario, tag: &str, sent: &mut Sent) -> Vec<&'static str> {
    let rows = ROWS.iter().filter(|row| row.is_about(tag));
    rows.filter(|row| row.correct_request(scenario, sent)).map(|row| row.rule.as_str()).collect()
}

/// Corrects the facts of a client's reply; returns the rules that had something to correct.
pub(crate) fn correct_facts(scenario: &Scenario, tag: &str, facts: &mut Vec<Fact>) -> Vec<&'static str> {
    let rows = ROWS.iter().filter(|row| row.is_about(tag));
    rows.filter(|row| row.correct_facts(scenario, facts)).map(|row| row.rule.as_str()).collect()
}

/// For each row, the number of these scenarios in which it corrects a client.
pub(crate) fn uses(scenarios: &[Scenario]) -> Vec<(&'static Row, usize)> {
    let corrects = |row: &Row, scenario: &Scenario, peer: &Peer| {
        let corrects_reply = peer.parsed.as_ref().is_some_and(|parsed| {
            let mut facts = super::facts::of(&peer.tag, parsed);
            row.correct_facts(scenario, &mut facts)
        });
        corrects_reply || row.correct_request(scenario, &mut Sent::of_peer(scenario, peer))
    };
    let used = |row: &Row| {
        let is_used = |scenario: &&Scenario| {
            scenario.peers.iter().any(|peer| row.is_about(&peer.tag) && corrects(row, scenario, peer))
        };
        scenarios.iter().filter(is_used).count()
    };
    ROWS.iter().map(|row| (row, used(row))).collect()
}

/// The named functions that no row refers to.
pub(crate) fn unused_names() -> Vec<&'static str> {
    let text: serde_json::Value = serde_json::from_str(include_str!("rules.json")).unwrap();
    let text = text.to_string();
    steps::names().filter(|name| !text.contains(&format!("\"{name}\""))).collect()
}
