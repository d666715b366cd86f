//! Where the peers disagree, who is believed right, and how this crate differs: the one table.
//!
//! A row is keyed by the number of a rule in the list of the peers' disagreements. It names the peers that
//! the rule finds wrong and makes of what such a peer did what is right, exactly. So a row excuses nothing
//! by itself: this crate must do precisely what the row says, and a peer that a row had to correct is no
//! witness that this crate is right.

mod build;
mod messages;
mod prompts;
mod replies;
mod requests;
mod restore;
mod template;
mod tools;
mod turns;

use super::case::Scenario;
use super::facts::Fact;
use super::request::Sent;

/// One rule and what it makes of the peers that it finds wrong.
pub(crate) struct Row {
    pub(crate) rule: &'static str,
    /// The tags of the peers that are wrong.
    pub(crate) peers: &'static [&'static str],
    pub(crate) reason: &'static str,
    pub(crate) right: Right,
}

/// What is right, made from what the peer did; what it did stays as it is where the rule does not apply.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    Request(fn(&Scenario, &mut Sent)),
    /// What the peer's message says, less what is wrong.
    Facts(fn(&Scenario, &mut Vec<Fact>)),
}

pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    requests::ROWS.iter().chain(prompts::ROWS).chain(messages::ROWS).chain(tools::ROWS).chain(replies::ROWS)
}

fn rows_of<'a>(tag: &'a str) -> impl Iterator<Item = &'static Row> + 'a {
    rows().filter(move |row| row.peers.contains(&tag))
}

/// Corrects what a peer sent; gives the rules that had something to correct.
pub(crate) fn correct_request(scenario: &Scenario, tag: &str, sent: &mut Sent) -> Vec<&'static str> {
    let mut rules = Vec::new();
    for row in rows_of(tag) {
        let Right::Request(right) = row.right else { continue };
        let before = sent.clone();
        right(scenario, sent);
        if *sent != before {
            rules.push(row.rule);
        }
    }
    rules
}

/// Corrects what a peer's message says; gives the rules that had something to correct.
pub(crate) fn correct_facts(scenario: &Scenario, tag: &str, facts: &mut Vec<Fact>) -> Vec<&'static str> {
    let mut rules = Vec::new();
    for row in rows_of(tag) {
        let Right::Facts(right) = row.right else { continue };
        let before = facts.clone();
        right(scenario, facts);
        if *facts != before {
            rules.push(row.rule);
        }
    }
    rules
}

/// How often each row has something to correct among these scenarios.
pub(crate) fn uses(scenarios: &[Scenario]) -> Vec<(&'static str, &'static str, usize)> {
    let used = |row: &&'static Row| {
        let corrects = |scenario: &Scenario, peer: &super::case::Peer| match row.right {
            Right::Request(right) => {
                let mut sent = Sent::of_peer(scenario, peer);
                let before = sent.clone();
                right(scenario, &mut sent);
                sent != before
            }
            Right::Facts(right) => peer.parsed.as_ref().is_some_and(|parsed| {
                let mut facts = super::facts::of(&peer.tag, parsed);
                let before = facts.clone();
                right(scenario, &mut facts);
                facts != before
            }),
        };
        let peers = |scenario: &&Scenario| {
            scenario.peers.iter().any(|peer| row.peers.contains(&peer.tag.as_str()) && corrects(scenario, peer))
        };
        scenarios.iter().filter(peers).count()
    };
    rows().map(|row| (row.rule, row.reason, used(&row))).collect()
}
