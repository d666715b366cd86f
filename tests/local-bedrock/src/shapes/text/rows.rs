//! The families, one row each.

use serde_json::{Value, json};

use super::{Row, Wrapped};
use crate::json::put;
use crate::model::Stop;
use crate::problem::Problem;
use crate::shapes::keys::{Key, Kind, may, must};
use crate::shapes::template::{self, Reading};

/// The row for a base model id.
pub(crate) fn row(model: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.ids.iter().any(|id| model.starts_with(id)))
}

static ROWS: [Row; 9] =
    [CLAUDE, TITAN, LLAMA_VISION, LLAMA, MISTRAL, COMMAND, JURASSIC, DEEPSEEK, super::pegasus::PEGASUS];

const ANY_WHOLE: Kind = Kind::Whole(1, u64::MAX);

fn fine(_body: &Value) -> Result<(), Problem> {
    Ok(())
}

/// A family without a chat template: the prompt is the user's text.
fn plain(prompt: &str, _model: &str) -> Reading {
    Reading::Chat { system: String::new(), turns: vec![(true, prompt.to_owned())] }
}

const CLAUDE: Row = Row {
    ids: &["anthropic.claude-v2", "anthropic.claude-instant"],
    keys: &[
        must("prompt", Kind::Text),
        must("max_tokens_to_sample", ANY_WHOLE),
        may("temperature", Kind::Number(0.0, 1.0)),
        may("top_p", Kind::Number(0.0, 1.0)),
        may("top_k", Kind::Whole(0, 500)),
        may("stop_sequences", Kind::Texts(8_191)),
        may("anthropic_version", Kind::Text),
    ],
    prompt: "/prompt",
    limit: ("/max_tokens_to_sample", 200),
    stop: Some("/stop_sequences"),
    check: |body| {
        let prompt = body.get("prompt").and_then(Value::as_str).unwrap_or_default();
        let human = prompt.find("\n\nHuman:");
        let assistant = prompt.rfind("\n\nAssistant:");
        let mut wrong = Vec::new();
        if human.is_none() {
            wrong.push("prompt must start with \"\n\nHuman:\" turn after an optional system prompt");
        }
        if assistant.is_none_or(|at| human.is_some_and(|human| at < human)) {
            wrong.push("prompt must end with \"\n\nAssistant:\" turn");
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(format!("Invalid prompt: {}", wrong.join(", "))))
        }
    },
    template: |prompt, _| template::labels(prompt, "\n\nHuman:", "\n\nAssistant:"),
    whole: claude,
    piece: claude,
    streams: true,
    thinks: false,
};

/// Claude 2 stops before the next human turn, with the turn's label as the stop sequence.
fn claude(wrapped: &Wrapped<'_>) -> Value {
    // Completions begin with the space that follows "Assistant:".
    let space = if wrapped.number == 0 && !wrapped.text.is_empty() { " " } else { "" };
    let stop = match (wrapped.last, &wrapped.answer.stop) {
        (false, _) | (_, Stop::MaxTokens) => Value::Null,
        (_, Stop::Sequence(sequence)) => sequence.as_str().into(),
        _ => "\n\nHuman:".into(),
    };
    json!({
        "type": "completion",
        "completion": format!("{space}{}", wrapped.text),
        "stop_reason": wrapped.stop("stop_sequence", "max_tokens"),
        "stop": stop,
    })
}

const TITAN: Row = Row {
    ids: &["amazon.titan-text", "amazon.titan-tg1"],
    keys: &[must("inputText", Kind::Text), may("textGenerationConfig", Kind::Object)],
    prompt: "/inputText",
    limit: ("/textGenerationConfig/maxTokenCount", 512),
    stop: Some("/textGenerationConfig/stopSequences"),
    check: |body| {
        const KEYS: [Key; 4] = [
            may("maxTokenCount", Kind::Whole(0, 8_192)),
            may("temperature", Kind::Number(0.0, 1.0)),
            may("topP", Kind::Number(0.0, 1.0)),
            may("stopSequences", Kind::Texts(1)),
        ];
        let Some(config) = body.get("textGenerationConfig") else { return Ok(()) };
        let mut found = crate::shapes::keys::violations(config, &KEYS, "#/textGenerationConfig");
        for sequence in config.get("stopSequences").and_then(Value::as_array).into_iter().flatten() {
            let text = sequence.as_str().unwrap_or_default();
            // The service accepts only pipes or "User:".
            if text != "User:" && (text.is_empty() || text.chars().any(|c| c != '|')) {
                found.push(format!("string [{text}] does not match pattern ^(\\|+|User:)$"));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(Problem::malformed(&found.join(""))) }
    },
    template: |prompt, _| template::labels(prompt, "\nUser:", "\nBot:"),
    whole: |wrapped| {
        json!({
            "inputTextTokenCount": wrapped.input.fresh,
            "results": [{
                "tokenCount": wrapped.answer.output_tokens,
                "outputText": wrapped.text,
                "completionReason": titan_reason(wrapped),
            }],
        })
    },
    piece: |wrapped| {
        json!({
            "outputText": wrapped.text,
            "index": 0,
            "totalOutputTextTokenCount": if wrapped.last { wrapped.answer.output_tokens.into() } else { Value::Null },
            "completionReason": titan_reason(wrapped),
            "inputTextTokenCount": if wrapped.number == 0 { wrapped.input.fresh.into() } else { Value::Null },
        })
    },
    streams: true,
    thinks: false,
};

fn titan_reason(wrapped: &Wrapped<'_>) -> Value {
    match wrapped.answer.stop {
        Stop::Sequence(_) => wrapped.stop("STOP_CRITERIA_MET", "LENGTH"),
        Stop::Guardrail => wrapped.stop("CONTENT_FILTERED", "LENGTH"),
        _ => wrapped.stop("FINISH", "LENGTH"),
    }
}

const LLAMA_KEYS: [Key; 4] = [
    must("prompt", Kind::Text),
    may("max_gen_len", Kind::Whole(1, 8_192)),
    may("temperature", Kind::Number(0.0, 1.0)),
    may("top_p", Kind::Number(0.0, 1.0)),
];

const LLAMA: Row = Row {
    ids: &["meta.llama"],
    keys: &LLAMA_KEYS,
    prompt: "/prompt",
    limit: ("/max_gen_len", 512),
    stop: None,
    check: fine,
    template: |prompt, model| {
        if model.starts_with("meta.llama2") {
            template::instructions(prompt, true)
        } else if model.starts_with("meta.llama4") {
            template::llama(prompt, template::LLAMA4)
        } else {
            template::llama(prompt, template::LLAMA3)
        }
    },
    whole: |wrapped| {
        json!({
            "generation": wrapped.text,
            "prompt_token_count": wrapped.input.fresh,
            "generation_token_count": wrapped.answer.output_tokens,
            "stop_reason": wrapped.stop("stop", "length"),
        })
    },
    piece: |wrapped| {
        json!({
            "generation": wrapped.text,
            "prompt_token_count": if wrapped.number == 0 { wrapped.input.fresh.into() } else { Value::Null },
            "generation_token_count": wrapped.number + 1,
            "stop_reason": wrapped.stop("stop", "length"),
        })
    },
    streams: true,
    thinks: false,
};

const LLAMA_VISION: Row = Row {
    ids: &["meta.llama3-2-11b", "meta.llama3-2-90b", "meta.llama4"],
    keys: &[
        must("prompt", Kind::Text),
        may("max_gen_len", Kind::Whole(1, 8_192)),
        may("temperature", Kind::Number(0.0, 1.0)),
        may("top_p", Kind::Number(0.0, 1.0)),
        may("images", Kind::Texts(3)),
    ],
    ..LLAMA
};

const MISTRAL: Row = Row {
    ids: &["mistral."],
    keys: &[
        must("prompt", Kind::Text),
        may("max_tokens", Kind::Whole(1, 8_192)),
        may("temperature", Kind::Number(0.0, 1.0)),
        may("top_p", Kind::Number(0.0, 1.0)),
        may("top_k", Kind::Whole(0, 200)),
        may("stop", Kind::Texts(10)),
    ],
    prompt: "/prompt",
    limit: ("/max_tokens", 512),
    stop: Some("/stop"),
    check: fine,
    template: |prompt, _| template::instructions(prompt, false),
    whole: |wrapped| json!({"outputs": [{"text": wrapped.text, "stop_reason": wrapped.stop("stop", "length")}]}),
    piece: |wrapped| json!({"outputs": [{"text": wrapped.text, "stop_reason": wrapped.stop("stop", "length")}]}),
    streams: true,
    thinks: false,
};

const COMMAND: Row = Row {
    ids: &["cohere.command-text", "cohere.command-light-text"],
    keys: &[
        must("prompt", Kind::Text),
        may("max_tokens", Kind::Whole(1, 4_096)),
        may("temperature", Kind::Number(0.0, 5.0)),
        may("p", Kind::Number(0.0, 1.0)),
        may("k", Kind::Whole(0, 500)),
        may("stop_sequences", Kind::Texts(4)),
        may("return_likelihoods", Kind::Text),
        may("stream", Kind::Flag),
        may("num_generations", Kind::Whole(1, 5)),
        may("logit_bias", Kind::Object),
        may("truncate", Kind::Text),
    ],
    prompt: "/prompt",
    limit: ("/max_tokens", 20),
    stop: Some("/stop_sequences"),
    check: fine,
    template: plain,
    whole: |wrapped| {
        json!({
            "id": format!("cmd-{}", wrapped.answer.fingerprint),
            "prompt": wrapped.body.get("prompt"),
            "generations": [{
                "id": format!("gen-{}", wrapped.answer.fingerprint),
                "text": wrapped.text,
                "finish_reason": wrapped.stop("COMPLETE", "MAX_TOKENS"),
            }],
        })
    },
    piece: |wrapped| {
        let mut piece = json!({"index": 0, "text": wrapped.text, "is_finished": wrapped.last});
        if wrapped.last {
            put(&mut piece, "finish_reason", wrapped.stop("COMPLETE", "MAX_TOKENS"));
        }
        piece
    },
    streams: true,
    thinks: false,
};

const JURASSIC: Row = Row {
    ids: &["ai21.j2"],
    keys: &[
        must("prompt", Kind::Text),
        may("maxTokens", Kind::Whole(0, 8_191)),
        may("temperature", Kind::Number(0.0, 1.0)),
        may("topP", Kind::Number(0.0, 1.0)),
        may("stopSequences", Kind::Texts(100)),
        may("countPenalty", Kind::Object),
        may("presencePenalty", Kind::Object),
        may("frequencyPenalty", Kind::Object),
    ],
    prompt: "/prompt",
    limit: ("/maxTokens", 200),
    stop: Some("/stopSequences"),
    check: fine,
    template: plain,
    whole: |wrapped| {
        let reason = match wrapped.answer.stop {
            Stop::MaxTokens => "length",
            Stop::Sequence(_) => "stop",
            _ => "endoftext",
        };
        json!({
            "id": 1234,
            "prompt": {"text": wrapped.body.get("prompt"), "tokens": []},
            "completions": [{"data": {"text": wrapped.text, "tokens": []}, "finishReason": {"reason": reason}}],
        })
    },
    piece: |_| Value::Null,
    streams: false,
    thinks: false,
};

const DEEPSEEK: Row = Row {
    ids: &["deepseek.r1"],
    keys: &[
        must("prompt", Kind::Text),
        may("max_tokens", Kind::Whole(1, 32_768)),
        may("temperature", Kind::Number(0.0, 1.0)),
        may("top_p", Kind::Number(0.0, 1.0)),
        may("stop", Kind::Texts(10)),
    ],
    prompt: "/prompt",
    limit: ("/max_tokens", 32_768),
    stop: Some("/stop"),
    check: fine,
    template: |prompt, _| template::deepseek(prompt),
    whole: |wrapped| json!({"choices": [{"text": wrapped.text, "stop_reason": wrapped.stop("stop", "length")}]}),
    piece: |wrapped| json!({"choices": [{"text": wrapped.text, "stop_reason": wrapped.stop("stop", "length")}]}),
    streams: true,
    thinks: true,
};
