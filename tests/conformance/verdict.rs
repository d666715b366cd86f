//! The verdict on a scenario: whether this crate does what a peer that is believed right does.

use bedrock_chat::AiMessage;

use super::carried::carries;
use super::case::{Peer, Response, Scenario};
use super::convert;
use super::diff::{differences, short};
use super::facts;
use super::request::{self, Sent};
use super::rules::{correct_facts, correct_request};
use super::run::{Mode, Outcome, Run, run};
use super::wire;

/// How a scenario came out.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// As a peer that is believed right has it.
    Met,
    /// Refused before anything was sent, as such a peer does.
    Refused,
    /// Unlike every peer, and as these rules say.
    Deviates(Rules),
    /// Otherwise: how, peer by peer.
    Missed(Missed),
}

/// The numbers of rules.
type Rules = Vec<&'static str>;

/// What is not as it should be.
#[derive(Debug, Default)]
pub(crate) struct Missed(Vec<(Option<String>, String)>);

impl Missed {
    /// Something that is wrong whatever the peers do.
    fn push(&mut self, what: String) {
        self.0.push((None, what));
    }

    /// Something that is unlike what a peer does.
    fn unlike(&mut self, peer: &Peer, what: String) {
        self.0.push((Some(peer.tag.clone()), what));
    }

    /// All of it for one peer, in a line.
    pub(crate) fn line(&self, peer: &str) -> String {
        let mine = |of: &Option<String>| of.as_deref().is_none_or(|tag| tag == peer);
        let lines: Vec<&str> = self.0.iter().filter(|(of, _)| mine(of)).map(|(_, what)| what.as_str()).collect();
        if lines.is_empty() { "like this peer, but not like those that are right".to_owned() } else { lines.join("; ") }
    }
}

/// Sizes of the pieces that an answer comes in.
const PIECES: [usize; 3] = [333, 7, 1];

/// Judges one scenario.
pub(crate) fn judge(scenario: &Scenario) -> Verdict {
    let mut judge = Judge { scenario, missed: Missed::default(), rules: Vec::new() };
    let unknown = convert::unknown_options(scenario);
    if !unknown.is_empty() {
        judge.missed.push(format!("the options {unknown:?} are not converted"));
        return Verdict::Missed(judge.missed);
    }
    let whole = run(scenario, Mode::AsRecorded, usize::MAX);
    let refused = whole.sent.is_empty();
    match &whole.outcome {
        Outcome::Failed(error) if refused => judge.request(&Sent::Refused(error.to_string())),
        _ => match request::of_ours(scenario, &whole.sent) {
            Ok(sent) => judge.request(&Sent::Request(sent)),
            Err(wrong) => judge.missed.push(wrong),
        },
    }
    if let (false, Some(response)) = (refused, &scenario.response) {
        judge.reply(response, whole);
    }
    let Judge { missed, mut rules, .. } = judge;
    rules.sort_unstable();
    rules.dedup();
    match (missed.0.is_empty(), rules.is_empty()) {
        (false, _) => Verdict::Missed(missed),
        (true, false) => Verdict::Deviates(rules),
        (true, true) if refused => Verdict::Refused,
        (true, true) => Verdict::Met,
    }
}

struct Judge<'a> {
    scenario: &'a Scenario,
    missed: Missed,
    /// The rules by which this crate is unlike every peer.
    rules: Rules,
}

/// The fewest rules with which what is right could be made of what some peer did: none, if a peer was right.
fn fewest(found: &mut Option<Rules>, rules: Rules) {
    if found.as_ref().is_none_or(|known| known.len() > rules.len()) {
        *found = Some(rules);
    }
}

impl Judge<'_> {
    /// Whether what was sent is what a peer sent that no rule finds wrong, or else what the rules make of it.
    ///
    /// A peer that refuses, where others send, says no more than what it cannot do: to refuse is right only if
    /// the rules leave nobody who sends.
    fn request(&mut self, ours: &Sent) {
        let correct = |peer| {
            let mut theirs = Sent::of_peer(self.scenario, peer);
            let rules = correct_request(self.scenario, &peer.tag, &mut theirs);
            (peer, theirs, rules)
        };
        let mut right: Vec<(&Peer, Sent, Rules)> = self.scenario.peers.iter().map(correct).collect();
        if right.iter().any(|(_, theirs, _)| matches!(theirs, Sent::Request(_))) {
            right.retain(|(_, theirs, _)| matches!(theirs, Sent::Request(_)));
        }
        let mut unlike = Missed::default();
        let mut like = None;
        for (peer, theirs, rules) in right {
            let lines = request_differences(ours, &theirs);
            if lines.is_empty() {
                fewest(&mut like, rules);
                continue;
            }
            let corrected =
                if rules.is_empty() { String::new() } else { format!(" corrected by {}", rules.join(", ")) };
            lines.into_iter().for_each(|line| unlike.unlike(peer, format!("request{corrected}: {line}")));
        }
        match like {
            Some(rules) => self.rules.extend(rules),
            None => self.missed.0.extend(unlike.0),
        }
    }

    /// Whether the reply carries what those of the peers carry, or is the error that the answer is; in
    /// whatever pieces the answer comes.
    fn reply(&mut self, response: &Response, whole: Run) {
        let mode = if self.was_asked_at_once(response) { Mode::AtOnce } else { Mode::AsRecorded };
        let whole = if mode == Mode::AtOnce { run(self.scenario, mode, usize::MAX) } else { whole };
        for piece in PIECES {
            let other = run(self.scenario, mode, piece);
            if shown(&other.outcome) != shown(&whole.outcome) || other.sent.len() != whole.sent.len() {
                let other = short(&shown(&other.outcome));
                self.missed.push(format!("reply: in pieces of {piece} bytes it is another: {other}"));
            }
        }
        self.attempts(whole.sent.len());
        let mut peers = self.scenario.peers.iter().filter(|peer| peer.request.is_some());
        match (wire::failure(self.scenario), &whole.outcome) {
            (Some(failure), Outcome::Failed(error)) => {
                failure.unmet(error).into_iter().for_each(|line| self.missed.push(line));
                if !peers.any(|peer| peer.error.is_some()) {
                    self.rules.push(failure.rule);
                }
                // What had come before belongs to the caller. What a peer kept of it needs no witness.
                if response.is_event_stream() {
                    self.facts(&error.partial().cloned().unwrap_or_default());
                }
            }
            (Some(failure), Outcome::Message(_)) => {
                let rule = failure.rule;
                self.missed.push(format!("reply: a message, though the answer is an error by rule {rule}"));
            }
            (None, Outcome::Failed(error)) => {
                self.missed.push(format!("reply: an error, though the answer is none: {error:?}"));
            }
            (None, Outcome::Message(message)) => {
                if !peers.any(|peer| peer.error.is_none()) {
                    // All of them stumble over an answer that is in order.
                    self.rules.push("5.9");
                    self.words(message);
                }
                let rules = self.facts(message);
                self.rules.extend(rules);
            }
        }
    }

    /// Whether all peers called the operation without a stream, and were answered accordingly.
    fn was_asked_at_once(&self, response: &Response) -> bool {
        let mut requests = self.scenario.peers.iter().filter_map(|peer| peer.request.as_ref());
        self.scenario.operation.is_stream()
            && response.status == 200
            && !response.is_event_stream()
            && requests.all(|sent| sent.path.ends_with("/invoke"))
    }

    fn attempts(&mut self, ours: usize) {
        let wanted = wire::attempts(self.scenario);
        if ours as u64 != wanted {
            self.missed.push(format!("attempts: ours {ours}, by rule 6.4 {wanted}"));
        }
        if !self.scenario.peers.iter().any(|peer| peer.request.is_some() && peer.attempts == wanted) {
            self.rules.push("6.4");
        }
    }

    /// Whether a message carries what those of the peers carry, but for what the rules find wrong; gives the
    /// rules, if they find something wrong with every peer.
    fn facts(&mut self, ours: &AiMessage) -> Rules {
        let mut like = None;
        for peer in &self.scenario.peers {
            let Some(parsed) = peer.parsed.as_ref().filter(|_| peer.request.is_some()) else { continue };
            let mut facts = facts::of(&peer.tag, parsed);
            fewest(&mut like, correct_facts(self.scenario, &peer.tag, &mut facts));
            for fact in facts.iter().filter(|fact| !carries(ours, fact)) {
                self.missed.unlike(peer, format!("reply lacks {fact}"));
            }
        }
        like.unwrap_or_default()
    }

    /// Whether a message has the words of the answer, where no peer says what it is.
    fn words(&mut self, ours: &AiMessage) {
        let said = ours.thinking() + &ours.text();
        for words in wire::words(self.scenario) {
            if !said.contains(words.trim()) {
                self.missed.push(format!("reply lacks {:?}", short(&words)));
            }
        }
    }
}

fn request_differences(ours: &Sent, theirs: &Sent) -> Vec<String> {
    let (ours, theirs) = match (ours, theirs) {
        (Sent::Refused(_), Sent::Refused(_)) => return Vec::new(),
        (Sent::Refused(why), Sent::Request(_)) => return vec![format!("refused, though the peer sends: {why}")],
        (Sent::Request(ours), Sent::Refused(why)) => {
            let body = short(&ours.body.to_string());
            return vec![format!("sent, though it is to be refused ({}): {body}", short(why))];
        }
        (Sent::Request(ours), Sent::Request(theirs)) => (ours, theirs),
    };
    let mut lines = Vec::new();
    if ours.path != theirs.path {
        lines.push(format!("path: ours {}, theirs {}", ours.path, theirs.path));
    }
    if ours.headers != theirs.headers {
        lines.push(format!("headers: ours {:?}, theirs {:?}", ours.headers, theirs.headers));
    }
    lines.extend(differences(&ours.body, &theirs.body));
    lines
}

fn shown(outcome: &Outcome) -> String {
    let json = |message: &AiMessage| serde_json::to_string(message).unwrap();
    match outcome {
        Outcome::Message(message) => json(message),
        Outcome::Failed(error) => format!("{error:?} {:?}", error.partial().map(json)),
    }
}
