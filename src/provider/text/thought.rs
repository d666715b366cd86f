//! Reasoning and answer in one text: `reasoning</think>answer`, cut anywhere.

use crate::event::Events;
use crate::text::split_once;

pub(super) const OPEN: &str = "<think>";
pub(super) const CLOSE: &str = "</think>";

/// Takes the text of an answer in, piece by piece, and tells reasoning from answer. What may be
/// the beginning of a tag waits for the rest; white space around the tags belongs to them.
pub(super) struct Voice {
    state: State,
    /// What has come and is not told yet.
    held: String,
    /// The block of the answer: reasoning stands before it.
    index: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has come but white space; the reasoning may be opened here, or be open already.
    Beginning { opened: bool },
    /// Inside the reasoning, which has not begun to say something yet, or has.
    Thinking { begun: bool },
    /// Behind the reasoning; white space before the answer is not part of it.
    Between,
    /// In the answer.
    Answering,
}

impl Voice {
    /// A voice that does nothing but answer, or one that may think first.
    pub(super) fn new(thinks: bool, opened: bool) -> Self {
        let state = if thinks { State::Beginning { opened } } else { State::Answering };
        Self { state, held: String::new(), index: 0 }
    }

    /// Takes in more text.
    pub(super) fn push(&mut self, text: &str, out: &mut Events) {
        if self.state == State::Answering {
            out.text(self.index, text);
            return;
        }
        self.held.push_str(text);
        while self.step(out) {}
    }

    /// Tells what it can of what is held. `false` where more has to come first.
    fn step(&mut self, out: &mut Events) -> bool {
        match self.state {
            State::Beginning { opened } => {
                let said = self.held.trim_start();
                if said.len() < OPEN.len() && OPEN.starts_with(said) {
                    return false;
                }
                if let Some(thought) = said.strip_prefix(OPEN) {
                    self.held = thought.to_owned();
                    self.state = State::Thinking { begun: false };
                } else if opened {
                    self.state = State::Thinking { begun: false };
                } else {
                    self.state = State::Answering;
                    out.text(self.index, std::mem::take(&mut self.held));
                    return false;
                }
            }
            State::Thinking { begun } => {
                if !begun {
                    self.held = self.held.trim_start().to_owned();
                }
                let Some((thought, answer)) = split_once(&self.held, CLOSE) else {
                    let sure = self.held.len() - waiting(&self.held);
                    let rest = self.held.split_off(sure);
                    let thought = std::mem::replace(&mut self.held, rest);
                    self.state = State::Thinking { begun: begun || !thought.is_empty() };
                    out.thinking(0, thought);
                    return false;
                };
                let thought = thought.trim_end();
                out.thinking(0, thought);
                if begun || !thought.is_empty() {
                    out.block_stop(0);
                    self.index = 1;
                }
                self.held = answer.to_owned();
                self.state = State::Between;
            }
            State::Between => {
                let answer = self.held.trim_start();
                if answer.is_empty() {
                    self.held.clear();
                    return false;
                }
                out.text(self.index, answer);
                self.held.clear();
                self.state = State::Answering;
                return false;
            }
            State::Answering => return false,
        }
        true
    }

    /// Nothing more comes: tells what is held and closes the block.
    pub(super) fn end(&mut self, out: &mut Events) {
        let rest = std::mem::take(&mut self.held);
        match std::mem::replace(&mut self.state, State::Answering) {
            // The reasoning is closed and the answer not begun.
            State::Between => return,
            State::Thinking { .. } | State::Beginning { opened: true } => out.thinking(0, rest.trim_end()),
            State::Beginning { .. } | State::Answering => out.text(self.index, rest),
        }
        out.block_stop(self.index);
    }
}

/// How much at the end of a thought has to wait: white space that may stand before the tag, and
/// the beginning of the tag.
fn waiting(thought: &str) -> usize {
    let tag = (1..CLOSE.len()).rev().find(|n| CLOSE.get(..*n).is_some_and(|begun| thought.ends_with(begun)));
    let before = thought.get(..thought.len() - tag.unwrap_or(0)).unwrap_or(thought);
    thought.len() - before.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Accumulator;
    use crate::event::ChatEvent;

    /// What a text in pieces is told as: reasoning and answer.
    fn told(opened: bool, pieces: &[&str]) -> (String, String) {
        let (mut voice, mut out) = (Voice::new(true, opened), Events::default());
        pieces.iter().for_each(|piece| voice.push(piece, &mut out));
        voice.end(&mut out);
        let mut message = Accumulator::new();
        message.extend(&mut out);
        let message = message.finish();
        (message.thinking(), message.text())
    }

    #[test]
    fn reasoning_and_answer_are_told_apart_wherever_the_text_is_cut() {
        let cases = [
            (true, "ok </ th >\n a\n</think>\n\nReady </think> x", "ok </ th >\n a", "Ready </think> x"),
            (true, "\n<think>\nok\n</think>\n\nReady", "ok", "Ready"),
            (false, "<think>\nok\n</think>\n\nReady", "ok", "Ready"),
            (false, " Ready <think>x</think> ", "", " Ready <think>x</think> "),
            (true, "\n\n</think>\n\nReady", "", "Ready"),
            (true, "never ends </thin", "never ends </thin", ""),
            (true, "<thi", "<thi", ""),
            (false, "<thi", "", "<thi"),
            (true, "", "", ""),
            (true, "é😀</think>😀é", "é😀", "😀é"),
        ];
        for (opened, text, thought, answer) in cases {
            let expected = (thought.to_owned(), answer.to_owned());
            let letters: Vec<String> = text.chars().map(String::from).collect();
            let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
            assert_eq!(told(opened, &letters), expected, "{text:?} letter by letter");
            for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let (a, b) = text.split_at(cut);
                assert_eq!(told(opened, &[a, b]), expected, "{a:?} | {b:?}");
            }
        }
    }

    #[test]
    fn reasoning_is_told_as_it_comes_and_not_at_its_end() {
        let (mut voice, mut out) = (Voice::new(true, true), Events::default());
        voice.push("Let me see", &mut out);
        assert_eq!(out.pop(), Some(ChatEvent::Thinking { index: 0, text: "Let me see".into() }));
        voice.push(".</think>4", &mut out);
        assert_eq!(out.pop(), Some(ChatEvent::Thinking { index: 0, text: ".".into() }));
        assert_eq!(out.pop(), Some(ChatEvent::BlockStop { index: 0 }));
        assert_eq!(out.pop(), Some(ChatEvent::Text { index: 1, text: "4".into() }));
    }
}
