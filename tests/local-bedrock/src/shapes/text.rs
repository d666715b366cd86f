//! Prompt in, text out: Claude 2, Titan, Llama, Mistral, Command, Jurassic-2, DeepSeek R1. One row for each, with the
//! keys, the template and the object around a piece of text.

mod pegasus;
mod rows;

use serde_json::Value;

use super::template::Reading;
use super::{Call, keys, media_part};
use crate::model::{self, Answer, InputTokens, Part, Prompt, Stop, Thinking, Turn};
use crate::problem::Problem;

pub(crate) use rows::row;

/// One family.
pub(crate) struct Row {
    /// Prefixes of the ids of the family.
    ids: &'static [&'static str],
    keys: &'static [keys::Key],
    /// The key of the prompt.
    prompt: &'static str,
    /// The path of the limit, and its default.
    limit: (&'static str, usize),
    /// The path of the stop sequences; not every family has them.
    stop: Option<&'static str>,
    /// A further check on a body with valid keys.
    check: fn(&Value) -> Result<(), Problem>,
    template: fn(&str, &str) -> Reading,
    /// Writes the whole reply.
    whole: fn(&Wrapped<'_>) -> Value,
    /// Writes one piece of a stream.
    piece: fn(&Wrapped<'_>) -> Value,
    pub(crate) streams: bool,
    thinks: bool,
}

/// A text (or a piece of a text) with the data that a reply needs.
pub(crate) struct Wrapped<'a> {
    pub(crate) text: &'a str,
    pub(crate) answer: &'a Answer,
    pub(crate) input: InputTokens,
    /// The body that is answered.
    pub(crate) body: &'a Value,
    /// The number of this piece, from 0.
    pub(crate) number: usize,
    /// Nothing follows this piece.
    pub(crate) last: bool,
}

impl Wrapped<'_> {
    /// Returns the stop reason in one word; `null` while the answer has not ended.
    fn stop(&self, natural: &str, limit: &str) -> Value {
        match (self.last, &self.answer.stop) {
            (false, _) => Value::Null,
            (true, Stop::MaxTokens) => limit.into(),
            (true, _) => natural.into(),
        }
    }
}

impl Row {
    /// Checks the body and reads the prompt from its template.
    pub(crate) fn read(&self, call: &Call<'_>) -> Result<Prompt, Problem> {
        let body = call.json()?;
        keys::check(&body, self.keys)?;
        (self.check)(&body)?;
        let text = body.pointer(self.prompt).and_then(Value::as_str).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Problem::malformed(&format!("#{}: expected minLength: 1, actual: 0", self.prompt)));
        }
        let mut prompt = Prompt::default();
        prompt.ledger.text(text);
        let mut media = Vec::new();
        for image in body.get("images").and_then(Value::as_array).into_iter().flatten() {
            media.push(media_part(image.as_str().unwrap_or_default(), "image", &mut prompt.ledger)?);
        }
        if let Some(video) = body.pointer("/mediaSource/base64String").and_then(Value::as_str) {
            media.push(media_part(video, "video", &mut prompt.ledger)?);
        }
        prompt.schema = body.pointer("/responseFormat/jsonSchema").cloned();
        match (self.template)(text, &call.model) {
            Reading::Chat { system, turns } => {
                prompt.system = system;
                prompt.turns =
                    turns.into_iter().map(|(user, text)| Turn { user, parts: vec![Part::Text(text)] }).collect();
            }
            Reading::Raw => {
                prompt.raw = true;
                prompt.turns = vec![Turn { user: true, parts: vec![Part::Text(text.to_owned())] }];
            }
            Reading::Confused(what) => prompt.confusion = Some(what),
        }
        if let Some(last) = prompt.turns.last_mut() {
            last.parts.extend(media);
        }
        let (limit, default) = self.limit;
        let limit = body.pointer(limit).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        prompt.max_tokens = Some(limit.unwrap_or(default));
        if let Some(stop) = self.stop {
            let sequences = body.pointer(stop).and_then(Value::as_array).into_iter().flatten();
            prompt.stop = sequences.filter_map(Value::as_str).map(str::to_owned).collect();
        }
        if self.thinks {
            prompt.thinking = Thinking::On;
        }
        Ok(prompt)
    }

    /// The whole reply.
    pub(crate) fn reply(&self, body: &Value, answer: &Answer, input: InputTokens) -> Value {
        let text = self.text(body, answer);
        (self.whole)(&Wrapped { text: &text, answer, input, body, number: 0, last: true })
    }

    /// Returns the pieces of a stream. The last piece has no text, only the stop reason.
    pub(crate) fn pieces(&self, body: &Value, answer: &Answer, input: InputTokens) -> Vec<Value> {
        let asks = self.keys.iter().any(|key| key.name == "stream");
        if asks && body.get("stream") != Some(&Value::Bool(true)) {
            // Command sends everything in one chunk, unless the body also requests a stream.
            return vec![self.reply(body, answer, input)];
        }
        let text = self.text(body, answer);
        let mut pieces = model::deltas(&text);
        pieces.push(String::new());
        let last = pieces.len() - 1;
        let wrapped = |(number, text): (usize, &String)| {
            (self.piece)(&Wrapped { text, answer, input, body, number, last: number == last })
        };
        pieces.iter().enumerate().map(wrapped).collect()
    }

    fn text(&self, body: &Value, answer: &Answer) -> String {
        if !self.thinks {
            return answer.text();
        }
        // A prompt that ends with <think> has already opened the reasoning.
        let prompt = body.get("prompt").and_then(Value::as_str).unwrap_or_default();
        let open = if prompt.trim_end().ends_with("<think>") { "" } else { "<think>\n" };
        let thought = answer.thinking();
        match (answer.text(), thought) {
            (text, thought) if text.is_empty() => format!("{open}{thought}"),
            (text, thought) => format!("{open}{thought}\n</think>\n\n{text}"),
        }
    }
}
