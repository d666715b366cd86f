//! Chat completions: the bodies of gpt-oss, Qwen, Mistral chat, Jamba, DeepSeek chat, Palmyra and similar models over
//! InvokeModel, and OpenAI's API.

mod answer;
mod read;
mod rows;
mod write;

use serde_json::Value;

use super::Call;
use crate::model::Prompt;
use crate::problem::Problem;

pub(super) use answer::answer;
pub(crate) use rows::{Row, row};
pub(crate) use write::Written;

impl Row {
    /// Checks the body and reads the conversation.
    pub(crate) fn read(&self, call: &Call<'_>) -> Result<Prompt, Problem> {
        let body = call.json()?;
        super::keys::check(&body, self.keys)?;
        read::prompt(&body, self)
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
