//! Unknown members of blocks that are given as JSON, in the formats of several vendors.

use bedrock_chat::{ChatOptions, Json, interop};

use super::options::tool;
use super::{Faults, Wanted};

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// JSON blocks of several formats, each with an unknown member.
const BLOCKS: &[(&str, &str)] = &[
    ("Anthropic's text", r#"{"type":"text","text":"a","needle_member":"needle member"}"#),
    (
        "Anthropic's image",
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="},"needle_member":"needle member"}"#,
    ),
    (
        "Anthropic's image source",
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo=","needle_member":"needle member"}}"#,
    ),
    (
        "Anthropic's document",
        r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"},"needle_member":"needle member"}"#,
    ),
    (
        "Anthropic's search result",
        r#"{"type":"search_result","source":"a","title":"b","content":[{"type":"text","text":"c"}],"needle_member":"needle member"}"#,
    ),
    (
        "OpenAI's image",
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"needle member"}}"#,
    ),
    (
        "OpenAI's file",
        r#"{"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERi0=","filename":"needle member"}}"#,
    ),
    (
        "LangChain's image",
        r#"{"type":"image","source_type":"base64","mime_type":"image/png","data":"iVBORw0KGgo=","needle_member":"needle member"}"#,
    ),
    (
        "LangChain's file",
        r#"{"type":"file","mimeType":"application/pdf","data":"JVBERi0=","metadata":{"name":"needle member"}}"#,
    ),
    (
        "Converse's image",
        r#"{"image":{"format":"png","source":{"bytes":"iVBORw0KGgo="},"needle_member":"needle member"}}"#,
    ),
    (
        "Converse's document",
        r#"{"document":{"format":"txt","name":"a","source":{"text":"b"},"needle_member":"needle member"}}"#,
    ),
    ("Converse's text", r#"{"text":"a","needle_member":"needle member"}"#),
    ("Converse's guard content", r#"{"guardContent":{"text":{"text":"a","needle_member":"needle member"}}}"#),
];

/// Blocks of tools, each with an unknown member: the call's, the result's.
const TOOL_BLOCKS: &[(&str, &str, &str)] = &[
    (
        "Anthropic's tool_use",
        r#"{"type":"tool_use","id":"a1","name":"needle_tool","input":{},"caller":{"type":"needle member"}}"#,
        r#"{"type":"tool_result","tool_use_id":"a1","content":"ok"}"#,
    ),
    (
        "Anthropic's tool_result",
        r#"{"type":"tool_use","id":"a1","name":"needle_tool","input":{}}"#,
        r#"{"type":"tool_result","tool_use_id":"a1","content":"ok","needle_member":"needle member"}"#,
    ),
    (
        "Anthropic's text in a tool_result",
        r#"{"type":"tool_use","id":"a1","name":"needle_tool","input":{}}"#,
        r#"{"type":"tool_result","tool_use_id":"a1","content":[{"type":"text","text":"a","needle_member":"needle member"}]}"#,
    ),
    (
        "Converse's toolUse",
        r#"{"toolUse":{"toolUseId":"a1","name":"needle_tool","input":{},"needle_member":"needle member"}}"#,
        r#"{"toolResult":{"toolUseId":"a1","content":[{"text":"ok"}]}}"#,
    ),
    (
        "Converse's toolResult",
        r#"{"toolUse":{"toolUseId":"a1","name":"needle_tool","input":{}}}"#,
        r#"{"toolResult":{"toolUseId":"a1","content":[{"text":"ok"}],"needle_member":"needle member"}}"#,
    ),
];

#[test]
fn members_of_json_tool_blocks_are_sent_or_refused() {
    let mut faults = Faults::default();
    for (row, call, result) in TOOL_BLOCKS {
        let text = format!(
            r#"[{{"role":"user","content":"hello"}},{{"role":"assistant","content":[{call}]}},{{"role":"user","content":[{result}]}}]"#
        );
        let named = &["needle_member", "caller", "tool", "block"];
        let wanted = Wanted::new(&["needle member"], named);
        match interop::read_messages(&json(&text)) {
            Ok(messages) => faults.try_all(row, &wanted, &|| {
                let mut options = ChatOptions::default();
                options.tools.push(tool());
                (messages.clone(), options)
            }),
            Err(error) => assert!(
                named.iter().any(|name| error.message().contains(name)),
                "{row}: the error does not name the member: {}",
                error.message()
            ),
        }
    }
    faults.report("JSON tool blocks");
}

#[test]
fn members_of_json_blocks_are_sent_or_refused() {
    let mut faults = Faults::default();
    for (row, block) in BLOCKS {
        let text = format!(r#"[{{"role":"user","content":[{{"type":"text","text":"hello"}},{block}]}}]"#);
        let named = &[
            "needle_member",
            "detail",
            "filename",
            "metadata",
            "image",
            "document",
            "guard",
            "search",
            "media",
            "block",
            "picture",
        ];
        let wanted = Wanted::new(&["needle member"], named);
        match interop::read_messages(&json(&text)) {
            Ok(messages) => faults.try_all(row, &wanted, &|| (messages.clone(), ChatOptions::default())),
            Err(error) => assert!(
                named.iter().any(|name| error.message().contains(name)),
                "{row}: the error does not name the member: {}",
                error.message()
            ),
        }
    }
    faults.report("JSON blocks");
}
