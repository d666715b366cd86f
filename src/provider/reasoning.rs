//! A parser for reasoning that a model writes between tags in front of its text, however a stream cuts it.

/// The beginning and the end of a tag.
pub(crate) type Tag = (&'static str, &'static str);

/// The tag that models write themselves.
pub(crate) const THINK: Tag = ("<think>", "</think>");

/// The tags of a family, and what they contain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReasoningTags {
    pub(crate) tags: &'static [Tag],
    /// Whether each piece of a stream has its own tags. Then one block of reasoning follows another, and
    /// white space inside the tags counts. Otherwise there is one block, and white space around its text
    /// belongs to the tags.
    pub(crate) wraps_pieces: bool,
}

impl ReasoningTags {
    pub(crate) const NONE: Self = Self { tags: &[], wraps_pieces: false };
    /// The tags that Bedrock itself writes around reasoning, and the tags that models write.
    pub(crate) const PIECES: Self = Self { tags: &[("<reasoning>", "</reasoning>"), THINK], wraps_pieces: true };
    pub(crate) const THINK: Self = Self { tags: &[THINK], wraps_pieces: false };
}

/// A parser that separates reasoning from text. It holds back what may be the beginning of a tag.
///
/// Only tags in front of all text are tags: later ones are part of the text.
#[derive(Debug)]
pub(crate) struct ReasoningParser {
    tags: ReasoningTags,
    state: State,
    held: String,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Only white space has arrived. Without a tag, text follows, or reasoning that ends with `opened` if the prompt
    /// has opened it.
    Start {
        opened: Option<&'static str>,
    },
    /// Reasoning up to `close`. `has_text` is whether some of it was returned.
    Reasoning {
        close: &'static str,
        has_text: bool,
    },
    /// Reasoning has ended. White space before the text belongs to neither reasoning nor text.
    Between,
    Text,
}

impl ReasoningParser {
    /// Creates a parser. `is_open` is whether the prompt has opened the reasoning.
    pub(crate) fn new(tags: ReasoningTags, is_open: bool) -> Self {
        let state = match tags.tags.last() {
            Some((_, close)) => State::Start { opened: is_open.then_some(*close) },
            None => State::Text,
        };
        Self { tags, state, held: String::new() }
    }

    /// Adds a piece of the reply. Passes the text that is certain by now to `out`, and whether it is reasoning.
    pub(crate) fn push(&mut self, text: &str, out: &mut dyn FnMut(bool, &str)) {
        self.held.push_str(text);
        while self.step(out) {}
    }

    /// Passes on the text that is held back, at the end of the reply.
    pub(crate) fn finish(&mut self, out: &mut dyn FnMut(bool, &str)) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Between => out(false, held.trim_start()),
            State::Reasoning { .. } if self.tags.wraps_pieces => out(true, &held),
            State::Reasoning { .. } => out(true, held.trim_end()),
            State::Start { opened: Some(_) } => out(true, held.trim()),
            State::Start { .. } | State::Text => out(false, &held),
        }
    }

    /// Takes one step; returns `false` if more text must arrive first.
    fn step(&mut self, out: &mut dyn FnMut(bool, &str)) -> bool {
        match self.state {
            State::Start { .. } | State::Between => self.begin(),
            State::Reasoning { close, has_text } => self.reason(close, has_text, out),
            State::Text => {
                out(false, &std::mem::take(&mut self.held));
                false
            }
        }
    }

    /// Decides whether reasoning or text begins.
    fn begin(&mut self) -> bool {
        let is_between = matches!(self.state, State::Between);
        let ahead = self.held.trim_start();
        let tags = if is_between && !self.tags.wraps_pieces { &[] } else { self.tags.tags };
        let tag = tags.iter().find_map(|(open, close)| Some((ahead.strip_prefix(open)?, *close)));
        if let Some((rest, close)) = tag {
            self.held = rest.to_owned();
            self.state = State::Reasoning { close, has_text: false };
        } else if ahead.is_empty() || tags.iter().any(|(open, _)| open.starts_with(ahead)) {
            return false;
        } else if let State::Start { opened: Some(close) } = self.state {
            self.state = State::Reasoning { close, has_text: false };
        } else {
            if is_between {
                self.held = ahead.to_owned();
            }
            self.state = State::Text;
        }
        true
    }

    /// Passes on reasoning up to its end, or up to a possible beginning of its end tag.
    fn reason(&mut self, close: &'static str, has_text: bool, out: &mut dyn FnMut(bool, &str)) -> bool {
        let trims = !self.tags.wraps_pieces;
        if trims && !has_text {
            self.held = self.held.trim_start().to_owned();
        }
        if let Some((inside, rest)) = crate::text::split_once(&self.held, close) {
            out(true, if trims { inside.trim_end() } else { inside });
            self.held = rest.to_owned();
            self.state = State::Between;
            return true;
        }
        let begun = |n: &usize| close.get(..*n).is_some_and(|start| self.held.ends_with(start));
        let mut certain = self.held.len() - (1..close.len()).rev().find(begun).unwrap_or(0);
        if trims {
            certain = self.held.get(..certain).unwrap_or_default().trim_end().len();
        }
        let rest = self.held.split_off(certain);
        out(true, &self.held);
        self.state = State::Reasoning { close, has_text: has_text || certain > 0 };
        self.held = rest;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reasoning and the text of a reply in these pieces.
    fn parse(tags: ReasoningTags, is_open: bool, pieces: &[&str]) -> (String, String) {
        let mut parser = ReasoningParser::new(tags, is_open);
        let (mut reasoning, mut text) = (String::new(), String::new());
        let mut out = |is_reasoning: bool, piece: &str| {
            if is_reasoning { reasoning.push_str(piece) } else { text.push_str(piece) }
        };
        pieces.iter().for_each(|piece| parser.push(piece, &mut out));
        parser.finish(&mut out);
        (reasoning, text)
    }

    /// Asserts the result of parsing a reply in one piece, cut in two at any place, and letter by letter.
    fn check(tags: ReasoningTags, is_open: bool, reply: &str, reasoning: &str, text: &str) {
        let expected = (reasoning.to_owned(), text.to_owned());
        let letters: Vec<String> = reply.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(parse(tags, is_open, &letters), expected, "{reply:?} letter by letter");
        for cut in (0..=reply.len()).filter(|cut| reply.is_char_boundary(*cut)) {
            let (a, b) = reply.split_at(cut);
            assert_eq!(parse(tags, is_open, &[a, b]), expected, "{a:?} | {b:?}");
        }
    }

    #[test]
    fn reasoning_in_tags_of_pieces_is_the_same_for_any_cut() {
        let cases = [
            ("<reasoning>a < b</reason></reasoning>\n\nYes <b>", "a < b</reason>", "Yes <b>"),
            (" \n<think>é</think>ok", "é", "ok"),
            ("<reasoning>We</reasoning><reasoning> see</reasoning>Hi", "We see", "Hi"),
            ("<reasoning>cut off </reaso", "cut off </reaso", ""),
            ("\n plain", "", "\n plain"),
            ("<reason", "", "<reason"),
            ("<b>bold</b>", "", "<b>bold</b>"),
            ("Write <reasoning>x</reasoning>", "", "Write <reasoning>x</reasoning>"),
            ("", "", ""),
        ];
        for (reply, reasoning, text) in cases {
            check(ReasoningTags::PIECES, false, reply, reasoning, text);
        }
    }

    #[test]
    fn reasoning_in_one_block_is_the_same_for_any_cut() {
        let cases = [
            (true, "ok </ th >\n a\n</think>\n\nReady </think> x", "ok </ th >\n a", "Ready </think> x"),
            (true, "\n<think>\nok\n</think>\n\nReady", "ok", "Ready"),
            (false, "<think>\nok\n</think>\n\nReady", "ok", "Ready"),
            (false, "<think>a</think><think>b</think>", "a", "<think>b</think>"),
            (false, " Ready <think>x</think> ", "", " Ready <think>x</think> "),
            (true, "\n\n</think>\n\nReady", "", "Ready"),
            (true, "never ends </thin", "never ends </thin", ""),
            (true, "<thi", "<thi", ""),
            (false, "<thi", "", "<thi"),
            (true, "", "", ""),
            (true, "é😀</think>😀é", "é😀", "😀é"),
        ];
        for (is_open, reply, reasoning, text) in cases {
            check(ReasoningTags::THINK, is_open, reply, reasoning, text);
        }
    }

    #[test]
    fn reasoning_is_passed_on_as_soon_as_it_is_certain() {
        let pushed = |parser: &mut ReasoningParser, piece: &str| {
            let mut all = Vec::new();
            parser.push(piece, &mut |is_reasoning, text| all.push((is_reasoning, text.to_owned())));
            all.retain(|(_, text)| !text.is_empty());
            all
        };
        let mut parser = ReasoningParser::new(ReasoningTags::PIECES, false);
        assert_eq!(pushed(&mut parser, "<reasoning>on the way"), [(true, "on the way".to_owned())]);
        assert_eq!(pushed(&mut parser, "</reasoning>a"), [(false, "a".to_owned())]);
        let mut parser = ReasoningParser::new(ReasoningTags::THINK, true);
        assert_eq!(pushed(&mut parser, "Let me see"), [(true, "Let me see".to_owned())]);
        assert_eq!(pushed(&mut parser, ".</think>4"), [(true, ".".to_owned()), (false, "4".to_owned())]);
        let mut parser = ReasoningParser::new(ReasoningTags::NONE, false);
        assert_eq!(pushed(&mut parser, "<think>"), [(false, "<think>".to_owned())]);
    }
}
