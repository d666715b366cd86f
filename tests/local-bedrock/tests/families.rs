//! Every native family: the reply, the equal stream, and refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{Reply, Request, post, send};

const SYSTEM: &str = "You are a helpful assistant that translates English to French. Translate the user sentence.";
const SENTENCE: &str = "I love programming.";
const FRENCH: &str = "J'adore la programmation.";

/// A family: a model, the request for a translation, and the path of the text.
struct Family {
    model: &'static str,
    body: Value,
    text: fn(&Value) -> String,
    piece: fn(&Value) -> String,
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn llama3() -> String {
    format!(
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{SYSTEM}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{SENTENCE}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )
}

fn llama4() -> String {
    llama3().replace("start_header_id", "header_start").replace("end_header_id", "header_end").replace("eot_id", "eot")
}

fn chat_messages() -> Value {
    json!([{"role": "system", "content": SYSTEM}, {"role": "user", "content": SENTENCE}])
}

fn delta(chunk: &Value) -> String {
    string(&chunk["choices"][0]["delta"]["content"])
}

fn content(reply: &Value) -> String {
    string(&reply["choices"][0]["message"]["content"])
}

fn families() -> Vec<Family> {
    let generation: fn(&Value) -> String = |reply| string(&reply["generation"]);
    let output: fn(&Value) -> String = |reply| string(&reply["outputs"][0]["text"]);
    let choice: fn(&Value) -> String = |reply| string(&reply["choices"][0]["text"]);
    let nova: fn(&Value) -> String = |reply| string(&reply["output"]["message"]["content"][0]["text"]);
    let nova_piece: fn(&Value) -> String = |chunk| string(&chunk["contentBlockDelta"]["delta"]["text"]);
    let none: fn(&Value) -> String = |_| String::new();
    vec![
        Family {
            model: "anthropic.claude-v2%3A1",
            text: |r| string(&r["completion"]),
            piece: |r| string(&r["completion"]),
            body: json!({"prompt": format!("{SYSTEM}\n\nHuman: {SENTENCE}\n\nAssistant:"), "max_tokens_to_sample": 100}),
        },
        Family {
            model: "amazon.titan-text-express-v1",
            text: |r| string(&r["results"][0]["outputText"]),
            piece: |r| string(&r["outputText"]),
            body: json!({"inputText": format!("{SYSTEM}\nUser: {SENTENCE}\nBot:"), "textGenerationConfig": {"maxTokenCount": 100, "stopSequences": ["User:"]}}),
        },
        Family {
            model: "meta.llama2-70b-chat-v1",
            text: generation,
            piece: generation,
            body: json!({"prompt": format!("<s>[INST] <<SYS>>\n{SYSTEM}\n<</SYS>>\n\n{SENTENCE} [/INST]")}),
        },
        Family {
            model: "meta.llama3-1-70b-instruct-v1%3A0",
            text: generation,
            piece: generation,
            body: json!({"prompt": llama3()}),
        },
        Family {
            model: "us.meta.llama4-maverick-17b-instruct-v1%3A0",
            text: generation,
            piece: generation,
            body: json!({"prompt": llama4()}),
        },
        Family {
            model: "mistral.mistral-7b-instruct-v0%3A2",
            text: output,
            piece: output,
            body: json!({"prompt": format!("<s>[INST] {SYSTEM}\n\n{SENTENCE} [/INST]"), "max_tokens": 100, "stop": ["</s>"]}),
        },
        Family {
            model: "cohere.command-text-v14",
            text: |r| string(&r["generations"][0]["text"]),
            piece: |r| string(&r["text"]),
            body: json!({"prompt": format!("{SYSTEM}\n\n{SENTENCE}"), "max_tokens": 100, "stream": true}),
        },
        Family {
            model: "ai21.j2-mid-v1",
            text: |r| string(&r["completions"][0]["data"]["text"]),
            piece: none,
            body: json!({"prompt": format!("{SYSTEM}\n{SENTENCE}"), "maxTokens": 100}),
        },
        Family {
            model: "us.twelvelabs.pegasus-1-2-v1%3A0",
            text: |r| string(&r["message"]),
            piece: |r| string(&r["message"]),
            body: json!({"inputPrompt": format!("{SYSTEM}\n\n{SENTENCE}"), "mediaSource": {"s3Location": {"uri": "s3://b/a.mp4"}}, "temperature": 0.2}),
        },
        Family {
            model: "us.deepseek.r1-v1%3A0",
            text: choice,
            piece: choice,
            body: json!({"prompt": format!("<｜begin▁of▁sentence｜>{SYSTEM}<｜User｜>{SENTENCE}<｜Assistant｜><think>\n"), "max_tokens": 200}),
        },
        Family {
            model: "amazon.nova-lite-v1%3A0",
            text: nova,
            piece: nova_piece,
            body: json!({"schemaVersion": "messages-v1", "system": [{"text": SYSTEM}], "messages": [{"role": "user", "content": [{"text": SENTENCE}]}], "inferenceConfig": {"topK": 5}}),
        },
        Family {
            model: "cohere.command-r-plus-v1%3A0",
            text: |r| string(&r["text"]),
            piece: |r| if r["event_type"] == "text-generation" { string(&r["text"]) } else { String::new() },
            body: json!({"message": SENTENCE, "preamble": SYSTEM, "chat_history": [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Yo"}]}),
        },
        Family {
            model: "mistral.mistral-large-2402-v1%3A0",
            text: content,
            piece: |r| string(&r["choices"][0]["message"]["content"]),
            body: json!({"messages": chat_messages()}),
        },
        Family {
            model: "ai21.jamba-1-5-large-v1%3A0",
            text: content,
            piece: delta,
            body: json!({"messages": chat_messages(), "n": 1}),
        },
        Family {
            model: "openai.gpt-oss-120b-1%3A0",
            text: content,
            piece: delta,
            body: json!({"messages": chat_messages(), "reasoning_effort": "low"}),
        },
        Family {
            model: "qwen.qwen3-32b-v1%3A0",
            text: content,
            piece: delta,
            body: json!({"messages": chat_messages()}),
        },
        Family { model: "deepseek.v3-v1%3A0", text: content, piece: delta, body: json!({"messages": chat_messages()}) },
        Family {
            model: "writer.palmyra-x5-v1%3A0",
            text: content,
            piece: delta,
            body: json!({"messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": {"text": SENTENCE}}]}),
        },
    ]
}

async fn invoke(bedrock: &LocalBedrock, model: &str, body: &Value) -> Reply {
    post(bedrock, &format!("/model/{model}/invoke"), body).await
}

async fn stream(bedrock: &LocalBedrock, model: &str, body: &Value) -> Reply {
    post(bedrock, &format!("/model/{model}/invoke-with-response-stream"), body).await
}

#[tokio::test]
async fn stream_and_reply_of_every_family_have_usage() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for family in families() {
        let reply = invoke(&bedrock, family.model, &family.body).await;
        assert_eq!(reply.status, 200, "{}: {}", family.model, reply.message());
        let text = (family.text)(&reply.json());
        assert!(text.ends_with(FRENCH), "{}: {text}", family.model);
        let input: u64 = reply.header("x-amzn-bedrock-input-token-count").unwrap().parse().unwrap();
        let output: u64 = reply.header("x-amzn-bedrock-output-token-count").unwrap().parse().unwrap();
        assert!(input > 10 && output > 3);

        let reply = stream(&bedrock, family.model, &family.body).await;
        if family.model == "ai21.j2-mid-v1" {
            assert_eq!((reply.status, reply.message().as_str()), (400, "The model is unsupported for streaming."));
            continue;
        }
        let chunks = reply.events();
        let pieces: Vec<String> = chunks.iter().map(family.piece).collect();
        assert_eq!(pieces.concat(), text, "{}", family.model);
        assert!(pieces.iter().filter(|piece| !piece.is_empty()).count() > 2, "{}: {pieces:?}", family.model);
        let metrics = &chunks.last().unwrap()["amazon-bedrock-invocationMetrics"];
        assert_eq!(
            (&metrics["inputTokenCount"], &metrics["outputTokenCount"]),
            (&json!(input), &json!(output)),
            "{}",
            family.model
        );
        assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.get("amazon-bedrock-invocationMetrics").is_none()));
    }
}

#[tokio::test]
async fn stop_reason_has_the_name_of_each_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, body, limit, at, natural, cut) in [
        (
            "anthropic.claude-v2",
            json!({"prompt": "\n\nHuman: a b c\n\nAssistant:"}),
            "/max_tokens_to_sample",
            "/stop_reason",
            "stop_sequence",
            "max_tokens",
        ),
        (
            "amazon.titan-text-lite-v1",
            json!({"inputText": "a b c", "textGenerationConfig": {}}),
            "/textGenerationConfig/maxTokenCount",
            "/results/0/completionReason",
            "FINISH",
            "LENGTH",
        ),
        (
            "meta.llama3-8b-instruct-v1%3A0",
            json!({"prompt": "a b c"}),
            "/max_gen_len",
            "/stop_reason",
            "stop",
            "length",
        ),
        (
            "mistral.mixtral-8x7b-instruct-v0%3A1",
            json!({"prompt": "a b c"}),
            "/max_tokens",
            "/outputs/0/stop_reason",
            "stop",
            "length",
        ),
        (
            "cohere.command-light-text-v14",
            json!({"prompt": "a b c"}),
            "/max_tokens",
            "/generations/0/finish_reason",
            "COMPLETE",
            "MAX_TOKENS",
        ),
        (
            "cohere.command-r-v1%3A0",
            json!({"message": "a b c"}),
            "/max_tokens",
            "/finish_reason",
            "COMPLETE",
            "MAX_TOKENS",
        ),
        (
            "ai21.j2-ultra-v1",
            json!({"prompt": "a b c"}),
            "/maxTokens",
            "/completions/0/finishReason/reason",
            "endoftext",
            "length",
        ),
        ("deepseek.r1-v1%3A0", json!({"prompt": "a b c"}), "/max_tokens", "/choices/0/stop_reason", "stop", "length"),
        (
            "openai.gpt-oss-20b-1%3A0",
            json!({"messages": [{"role": "user", "content": "a b c"}]}),
            "/max_tokens",
            "/choices/0/finish_reason",
            "stop",
            "length",
        ),
        (
            "mistral.pixtral-large-2502-v1%3A0",
            json!({"messages": [{"role": "user", "content": "a b c"}]}),
            "/max_tokens",
            "/choices/0/stop_reason",
            "stop",
            "length",
        ),
        (
            "amazon.nova-pro-v1%3A0",
            json!({"messages": [{"role": "user", "content": [{"text": "a b c"}]}], "inferenceConfig": {}}),
            "/inferenceConfig/maxTokens",
            "/stopReason",
            "end_turn",
            "max_tokens",
        ),
    ] {
        for (tokens, wanted) in [(200, natural), (3, cut)] {
            let mut body = body.clone();
            let (parent, key) = limit.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap()[key] = tokens.into();
            let reply = invoke(&bedrock, model, &body).await;
            assert_eq!(reply.status, 200, "{model}: {}", reply.message());
            assert_eq!(reply.json().pointer(at), Some(&json!(wanted)), "{model}: {}", reply.json());
        }
    }
    let palmyra = json!({"messages": [{"role": "user", "content": "a b c d e f g h"}]});
    assert_eq!(
        invoke(&bedrock, "writer.palmyra-x4-v1%3A0", &palmyra).await.json()["choices"][0]["finish_reason"],
        "length"
    );
}

#[tokio::test]
async fn body_keys_are_checked_for_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for family in families() {
        let mut body = family.body.clone();
        body["anthropic_version"] = "bedrock-2023-05-31".into();
        if family.model.starts_with("anthropic.") {
            body["max_tokens"] = 5.into();
        }
        let reply = invoke(&bedrock, family.model, &body).await;
        assert_eq!((reply.status, reply.error_type()), (400, "ValidationException"), "{}", family.model);
        assert!(reply.message().contains("extraneous key ["), "{}: {}", family.model, reply.message());
        assert_eq!(invoke(&bedrock, family.model, &json!({})).await.status, 400, "{}", family.model);
    }
    for (model, body, words) in [
        (
            "amazon.titan-text-express-v1",
            json!({"inputText": "x", "textGenerationConfig": {"stopSequences": ["END"]}}),
            "string [END] does not match pattern ^(\\|+|User:)$",
        ),
        (
            "amazon.titan-text-express-v1",
            json!({"inputText": "x", "textGenerationConfig": {"stopSequences": ["|", "User:"]}}),
            "expected maximum item count: 1, found: 2",
        ),
        ("meta.llama3-1-8b-instruct-v1%3A0", json!({"prompt": "x", "stop": ["y"]}), "extraneous key [stop]"),
        ("meta.llama3-1-8b-instruct-v1%3A0", json!({"prompt": "x", "images": []}), "extraneous key [images]"),
        (
            "anthropic.claude-v2",
            json!({"prompt": "Hi", "max_tokens_to_sample": 5}),
            "prompt must start with \"\n\nHuman:\" turn after an optional system prompt, prompt must end with \"\n\nAssistant:\" turn",
        ),
        ("mistral.mistral-7b-instruct-v0%3A2", json!({"messages": []}), "required key [prompt] not found"),
        (
            "mistral.mistral-large-2402-v1%3A0",
            json!({"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"}),
            "is not a valid choice",
        ),
        (
            "openai.gpt-oss-120b-1%3A0",
            json!({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}),
            "must be a response to a preceding message with 'tool_calls'",
        ),
        (
            "openai.gpt-oss-120b-1%3A0",
            json!({"messages": [{"role": "human", "content": "x"}]}),
            "'human' is not one of",
        ),
        (
            "openai.gpt-oss-120b-1%3A0",
            json!({"messages": [{"role": "user", "content": " "}]}),
            "content must not be empty",
        ),
        (
            "openai.gpt-oss-120b-1%3A0",
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}),
            "must be a base64 data URL",
        ),
        ("cohere.command-r-v1%3A0", json!({"message": ""}), "message must be at least 1 token long"),
        (
            "cohere.command-r-v1%3A0",
            json!({"message": "x", "chat_history": [{"role": "user", "message": "y"}]}),
            "user is not a valid enum value",
        ),
        (
            "cohere.command-r-v1%3A0",
            json!({"message": "x", "tools": [{"name": "f", "description": "d", "parameter_definitions": {"a": {"type": "str", "enum": []}}}]}),
            "extraneous key [enum]",
        ),
        ("amazon.nova-lite-v1%3A0", json!({"inputText": "x"}), "extraneous key [inputText]"),
        (
            "amazon.nova-lite-v1%3A0",
            json!({"messages": [{"role": "user", "content": [{"document": {}}, {"text": "x"}]}]}),
            "extraneous key [document]",
        ),
        ("nobody.knows-v1", json!({}), "The provided model identifier is invalid."),
    ] {
        let reply = invoke(&bedrock, model, &body).await;
        assert_eq!(reply.status, 400, "{model} {body}");
        assert!(reply.message().contains(words), "wanted {words:?}, got {:?} from {model}", reply.message());
    }
}

#[tokio::test]
async fn prompt_without_a_template_is_completed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let half = "<|begin_of_text|>\n<|start_header_id|>user<|end_header_id|>Hi<|eot_id|>";
    let reply = invoke(&bedrock, "meta.llama3-1-8b-instruct-v1%3A0", &json!({"prompt": half})).await.json();
    assert!(string(&reply["generation"]).contains("I am confused: <|start_header_id|> was expected"), "{reply}");
    let ascii = json!({"prompt": "<|begin_of_sentence|><|User|>Hi<|Assistant|>"});
    let reply = invoke(&bedrock, "deepseek.r1-v1%3A0", &ascii).await.json();
    assert!(string(&reply["choices"][0]["text"]).contains("look-alikes"), "{reply}");
    let raw = json!({"prompt": "Once upon a time"});
    let reply = invoke(&bedrock, "mistral.mistral-7b-instruct-v0%3A2", &raw).await.json();
    assert!(string(&reply["outputs"][0]["text"]).ends_with("without a chat template: Once upon a time"), "{reply}");
    // The image's own token is not part of the user's text.
    let image = json!({"prompt": llama3().replace(SENTENCE, "<|image|>What is this?"), "images": ["iVBORw0KGgo="]});
    let reply = invoke(&bedrock, "us.meta.llama3-2-90b-instruct-v1%3A0", &image).await.json();
    assert!(string(&reply["generation"]).ends_with("What is this? [I received image of 8 bytes]"), "{reply}");
}

#[tokio::test]
async fn guardrail_works_with_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for family in families() {
        let blocked: Value = serde_json::from_str(&family.body.to_string().replace(SENTENCE, "BLOCKED")).unwrap();
        let request = Request::post(&format!("/model/{}/invoke", family.model), &blocked)
            .header("x-amzn-bedrock-guardrailidentifier", "gr1")
            .header("x-amzn-bedrock-guardrailversion", "1");
        let reply = send(&bedrock, request).await;
        assert_eq!(reply.json()["amazon-bedrock-guardrailAction"], "INTERVENED", "{}", family.model);
        assert!((family.text)(&reply.json()).contains("guardrail"), "{}", family.model);
    }
}

#[tokio::test]
async fn opaque_arn_is_answered_by_the_configured_family() {
    let arn = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aimported-model%2Fabc/invoke";
    let claude = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]});
    let bedrock = LocalBedrock::start().await.unwrap();
    assert_eq!(post(&bedrock, arn, &claude).await.json()["type"], "message");
    let bedrock = LocalBedrock::builder().opaque_family("qwen").start().await.unwrap();
    assert_eq!(post(&bedrock, arn, &claude).await.status, 400);
    let chat = json!({"messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(post(&bedrock, arn, &chat).await.json()["object"], "chat.completion");
}
