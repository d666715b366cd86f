//! The verdict on a scenario: whether this crate does the same as a correct client.

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

/// The result of judging a scenario.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Same as a correct client.
    Met,
    /// Refused before anything was sent, same as a correct client.
    Refused,
    /// Unlike every client, exactly as these rules require.
    Deviates(Rules),
    /// Anything else, with the differences by client.
    Missed(Missed),
}

/// The names of rules.
type Rules = Vec<&'static str>;

/// The differences that were found.
#[derive(Debug, Default)]
pub(crate) struct Missed(Vec<(Option<String>, String)>);

impl Missed {
    /// Adds a difference that does not depend on the clients.
    fn push(&mut self, what: String) {
        self.0.push((None, what));
    }

    /// Adds a difference from a client.
    fn unlike(&mut self, peer: &Peer, what: String) {
        self.0.push((Some(peer.tag.clone()), what));
    }

    /// All differences from one client, in a line.
    pub(crate) fn line(&self, peer: &str) -> String {
        let mine = |of: &Option<String>| of.as_deref().is_none_or(|tag| tag == peer);
        let lines: Vec<&str> = self.0.iter().filter(|(of, _)| mine(of)).map(|(_, what)| what.as_str()).collect();
        if lines.is_empty() {
            "same as this client, but not as those that are right".to_owned()
        } else {
            lines.join("; ")
        }
    }
}

/// Sizes of the pieces in which an answer is received.
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
    /// The rules that explain why this crate is unlike every client.
    rules: Rules,
}

/// Keeps the shortest list of rules that were needed to correct a client. It is empty if a client was correct.
fn fewest(found: &mut Option<Rules>, rules: Rules) {
    if found.as_ref().is_none_or(|known| known.len() > rules.len()) {
        *found = Some(rules);
    }
}

impl Judge<'_> {
    /// Compares the request with what each client sent, after the rules have corrected it.
    ///
    /// A refusal of a request that other clients send shows only that this client does not support it. A refusal is right only if no
    /// client sends anything after the corrections.
    fn request(&mut self, ours: &Sent) {
        let correct = |peer| {
            let mut theirs = Sent::of_peer(self.scenario, peer);
            let rules = correct_request(self.scenario, &peer.tag, &mut theirs);
            (peer, theirs, rules)
        };
        let all: Vec<(&Peer, Sent, Rules)> = self.scenario.peers.iter().map(correct).collect();
        let is_unrelated = |(_, theirs, _): &(&Peer, Sent, Rules)| matches!(theirs, Sent::Unrelated(_));
        let (unrelated, mut right): (Vec<_>, Vec<_>) = all.into_iter().partition(is_unrelated);
        if right.is_empty() {
            // The rules are the only evidence.
            self.rules.extend(unrelated.into_iter().flat_map(|(.., rules)| rules));
            return;
        }
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

    /// Checks that the reply has the facts of the clients' replies, or is the error that the answer contains, for
    /// every size of pieces.
    fn reply(&mut self, response: &Response, whole: Run) {
        let mode = if self.was_not_streamed(response) { Mode::NotStreamed } else { Mode::AsRecorded };
        let whole = if mode == Mode::NotStreamed { run(self.scenario, mode, usize::MAX) } else { whole };
        for piece in PIECES {
            let other = run(self.scenario, mode, piece);
            if shown(&other.outcome) != shown(&whole.outcome) || other.sent.len() != whole.sent.len() {
                let other = short(&shown(&other.outcome));
                self.missed.push(format!("reply: it differs in pieces of {piece} bytes: {other}"));
            }
        }
        self.attempts(whole.sent.len());
        if let Outcome::Count(tokens) = whole.outcome {
            return self.count(tokens);
        }
        let mut peers = self.scenario.peers.iter().filter(|peer| peer.request.is_some());
        match (wire::failure(self.scenario), &whole.outcome) {
            (Some(failure), Outcome::Failed(error)) => {
                failure.unmet(error).into_iter().for_each(|line| self.missed.push(line));
                if !peers.any(|peer| peer.error.is_some()) {
                    self.rules.push(failure.rule);
                }
                // The partial message must also have the facts. No client has to confirm them.
                if response.is_event_stream() {
                    self.facts(&error.partial().cloned().unwrap_or_default());
                }
            }
            (Some(failure), _) => {
                let rule = failure.rule;
                self.missed.push(format!("reply: a message, though the answer is an error by rule {rule}"));
            }
            (None, Outcome::Failed(error)) => {
                self.missed.push(format!("reply: an error, though the answer is a message: {error:?}"));
            }
            (None, Outcome::Count(_)) => {}
            (None, Outcome::Message(message)) => {
                if !peers.any(|peer| peer.error.is_none()) {
                    // All clients fail on a valid answer.
                    self.rules.push("valid_answer");
                    self.texts(message);
                }
                let rules = self.facts(message);
                self.rules.extend(rules);
            }
        }
    }

    /// Whether all clients called the operation without a stream, and the answer is not a stream.
    fn was_not_streamed(&self, response: &Response) -> bool {
        let mut requests = self.scenario.peers.iter().filter_map(|peer| peer.request.as_ref());
        self.scenario.operation.is_stream()
            && response.status == 200
            && !response.is_event_stream()
            && requests.all(|sent| sent.path.ends_with("/invoke"))
    }

    fn attempts(&mut self, ours: usize) {
        let wanted = wire::attempts(self.scenario);
        if ours as u64 != wanted {
            self.missed.push(format!("attempts: ours {ours}, by the rule of retries {wanted}"));
        }
        // The calls of the later APIs were recorded without retries, unless the scenario is about them.
        let is_evidence = !self.scenario.operation.is_sse_api() || self.scenario.option("default_retries").is_some();
        if is_evidence && !self.scenario.peers.iter().any(|peer| peer.request.is_some() && peer.attempts == wanted) {
            self.rules.push("retries");
        }
    }

    /// Checks a number of tokens.
    fn count(&mut self, ours: u64) {
        if let Some(failure) = wire::failure(self.scenario) {
            self.missed.push(format!("reply: {ours} tokens, though the answer is an error by rule {}", failure.rule));
        }
        for peer in self.scenario.peers.iter().filter(|peer| peer.request.is_some()) {
            let Some(parsed) = &peer.parsed else { continue };
            let theirs = parsed.as_u64().or(parsed["input_tokens"].as_u64());
            if theirs != Some(ours) {
                self.missed.unlike(peer, format!("reply: {ours} tokens, theirs {theirs:?}"));
            }
        }
    }

    /// Checks that a message has the facts of the clients' messages, after the rules have corrected them. Returns the
    /// rules, if every client had to be corrected.
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

    /// Checks that a message has the text of the answer. Used if no client has a message to compare with.
    fn texts(&mut self, ours: &AiMessage) {
        let all = ours.thinking() + &ours.text();
        for text in wire::texts(self.scenario) {
            if !all.contains(text.trim()) {
                self.missed.push(format!("reply lacks {:?}", short(&text)));
            }
        }
    }
}

fn request_differences(ours: &Sent, theirs: &Sent) -> Vec<String> {
    let (ours, theirs) = match (ours, theirs) {
        (Sent::Refused(_), Sent::Refused(_)) => return Vec::new(),
        (Sent::Refused(why), Sent::Request(_)) => return vec![format!("refused, though the client sends: {why}")],
        (Sent::Request(ours), Sent::Refused(why)) => {
            let body = short(&ours.body.to_string());
            return vec![format!("sent, though it should be refused ({}): {body}", short(why))];
        }
        (Sent::Request(ours), Sent::Request(theirs)) => (ours, theirs),
        (Sent::Unrelated(_), _) | (_, Sent::Unrelated(_)) => return Vec::new(),
    };
    let mut lines = Vec::new();
    if ours.host != theirs.host {
        lines.push(format!("host: ours {:?}, theirs {:?}", ours.host, theirs.host));
    }
    if theirs.auth.is_some() && ours.auth != theirs.auth {
        lines.push(format!("authentication: ours {:?}, theirs {:?}", ours.auth, theirs.auth));
    }
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
        Outcome::Count(tokens) => tokens.to_string(),
        Outcome::Failed(error) => format!("{error:?} {:?}", error.partial().map(json)),
    }
}
