//! Reasoning between tags, in front of the text: taken apart, wherever a stream cuts it.

use super::Tag;

/// A piece of reasoning (`true`) or of text.
pub(super) type Piece = (bool, String);

/// Takes reasoning out of a text that comes piece by piece.
///
/// Only tags in front of all text count: one further on is something that the model wrote about.
/// Bedrock wraps every piece of a stream by itself, so one block of reasoning may follow another.
#[derive(Debug)]
pub(super) struct Splitter {
    tags: &'static [Tag],
    place: Place,
    /// What may be the beginning of a tag.
    held: String,
    /// Whether there was reasoning; white space between it and the text is nobody's.
    found: bool,
}

#[derive(Debug)]
enum Place {
    Before,
    Within(&'static str),
    Text,
}

impl Splitter {
    pub(super) fn new(tags: &'static [Tag]) -> Self {
        let place = if tags.is_empty() { Place::Text } else { Place::Before };
        Self { tags, place, held: String::new(), found: false }
    }

    /// Takes a piece in, and gives what is certain by now.
    pub(super) fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.held.push_str(text);
        loop {
            match self.place {
                Place::Text => {
                    pieces.push((false, std::mem::take(&mut self.held)));
                    return pieces;
                }
                Place::Within(close) => {
                    if let Some((inside, rest)) = crate::text::split_once(&self.held, close) {
                        pieces.push((true, inside.to_owned()));
                        self.held = rest.to_owned();
                        self.place = Place::Before;
                        continue;
                    }
                    let begun = |n: &usize| close.get(..*n).is_some_and(|start| self.held.ends_with(start));
                    let keep = (1..close.len()).rev().find(begun).unwrap_or(0);
                    let rest = self.held.split_off(self.held.len() - keep);
                    pieces.push((true, std::mem::replace(&mut self.held, rest)));
                    return pieces;
                }
                Place::Before => {
                    let ahead = self.held.trim_start();
                    let tag = self.tags.iter().find_map(|(open, close)| Some((ahead.strip_prefix(open)?, *close)));
                    if let Some((rest, close)) = tag {
                        self.held = rest.to_owned();
                        self.place = Place::Within(close);
                        self.found = true;
                    } else if self.tags.iter().any(|(open, _)| open.starts_with(ahead)) {
                        return pieces;
                    } else {
                        if self.found {
                            self.held = ahead.to_owned();
                        }
                        self.place = Place::Text;
                    }
                }
            }
        }
    }

    /// Told that nothing more comes: gives what was held back.
    pub(super) fn finish(&mut self) -> Piece {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Before if self.found => (false, held.trim_start().to_owned()),
            Place::Within(_) => (true, held),
            _ => (false, held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TAGS;
    use super::*;

    /// The reasoning and the text of what comes in these pieces.
    fn split(pieces: &[&str]) -> (String, String) {
        let mut splitter = Splitter::new(TAGS);
        let mut all: Vec<Piece> = pieces.iter().flat_map(|piece| splitter.push(piece)).collect();
        all.push(splitter.finish());
        let joined = |reasoning| all.iter().filter(|(r, _)| *r == reasoning).map(|(_, text)| text.as_str()).collect();
        (joined(true), joined(false))
    }

    #[test]
    fn reasoning_is_the_same_wherever_it_is_cut() {
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
        for (text, reasoning, rest) in cases {
            let expected = (reasoning.to_owned(), rest.to_owned());
            assert_eq!(split(&[text]), expected, "{text}");
            let letters: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(split(&letters.iter().map(String::as_str).collect::<Vec<_>>()), expected, "{text}");
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                assert_eq!(split(&[&text[..cut], &text[cut..]]), expected, "{text} at {cut}");
            }
        }
    }

    #[test]
    fn what_is_certain_is_not_held_back() {
        let mut splitter = Splitter::new(TAGS);
        assert_eq!(splitter.push("<reasoning>on the way"), [(true, "on the way".to_owned())]);
        assert_eq!(splitter.push("</reasoning>a"), [(true, String::new()), (false, "a".to_owned())]);
        assert_eq!(Splitter::new(&[]).push("<think>"), [(false, "<think>".to_owned())]);
    }
}
