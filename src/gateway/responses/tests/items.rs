use super::{ResponsesDialect, TOOLS, member, read, reply, rich, whole};
use crate::gateway::dialect::Dialect;
use crate::gateway::openai::testing::{json, refusal, with};
use crate::json::Json;
use crate::message::{Content, InvalidToolCall, Message, Role, StopReason, ToolCall};

fn with_items(items: &str) -> String {
    format!(r#"{{"model":"m",{TOOLS},"input":[{items}]}}"#)
}

#[test]
fn responses_items_of_every_type_are_read() {
    let asked = read(&with_items(
        r#"{"role":"developer","content":"Be brief."},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"Look"},
            {"type":"input_image","image_url":"data:image/png;base64,iVBO","detail":"high"},
            {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]},
        {"type":"web_search_call","id":"ws_1","status":"completed"},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}]},
        {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"rsn_of_another_service"},
        {"type":"message","id":"msg_1","status":"completed","phase":"commentary","role":"assistant","content":[
            {"type":"output_text","text":"I look.","annotations":[],"logprobs":[]}]},
        {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}","status":"completed"},
        {"type":"custom_tool_call","call_id":"c2","name":"apply_patch","input":"*** x"},
        {"type":"function_call","call_id":"c3","name":"search","namespace":"mcp__docs","arguments":""},
        {"type":"local_shell_call","id":"lsh_1","call_id":"c4","status":"completed","action":{"type":"exec","command":["ls"],"env":{}}},
        {"type":"function_call","call_id":"c5","name":"f","arguments":"{cut"},
        {"type":"function_call_output","call_id":"c1","output":"one"},
        {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"},
            {"type":"input_image","image_url":"data:image/png;base64,iVBO"}]},
        {"type":"function_call_output","call_id":"c3","output":""},
        {"type":"local_shell_call_output","id":"c4","output":"four"},
        {"type":"additional_tools","role":"developer","tools":[{"type":"function","name":"late","parameters":{"type":"object"}}]},
        {"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}"#,
    ));
    let roles: Vec<Role> = asked.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::Human, Role::Ai, Role::Tool, Role::Ai]);
    let [_, user, calls, results, refused] = &asked.messages[..] else { panic!() };
    let [Content::Text(_), Content::Image(image), Content::Document(pdf)] = &user.content[..] else { panic!() };
    assert_eq!((image.detail.as_deref(), pdf.name.as_deref()), (Some("high"), Some("a.pdf")));
    let called: Vec<(&str, &str, &str)> =
        calls.tool_calls().map(|call| (&*call.id, &*call.name, call.args.as_str())).collect();
    assert_eq!(
        called,
        [
            ("c1", "f", r#"{"a":1}"#),
            ("c2", "apply_patch", r#"{"input":"*** x"}"#),
            ("c3", "mcp__docs__search", "{}"),
            ("c4", "local_shell", r#"{"command":["ls"],"env":{}}"#),
        ]
    );
    assert_eq!(calls.text(), "I look.");
    assert!(
        matches!(calls.content.last(), Some(Content::InvalidToolCall(InvalidToolCall { args, .. })) if args == "{cut")
    );
    let ids: Vec<(&str, usize)> = results
        .content
        .iter()
        .map(|block| match block {
            Content::ToolResult(result) => (&*result.tool_call_id, result.content.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [("c1", 1), ("c2", 2), ("c3", 0), ("c4", 1)]);
    assert_eq!(refused.text(), "No.");
    assert_eq!(asked.removed, ["input.web_search_call", "input.reasoning"]);
    assert_eq!(asked.options.tools.last().map(|tool| &*tool.name), Some("late"));
}

#[test]
fn responses_items_that_cannot_be_sent_are_refused() {
    for item in [
        r#"{"type":"item_reference","id":"msg_1"}"#,
        r#"{"type":"compaction","encrypted_content":"x"}"#,
        r#"{"type":"image_generation_call","id":"ig_1","result":"x"}"#,
        r#"{"type":"function_call_output","output":"x"}"#,
        r#"{"role":"narrator","content":"x"}"#,
        r#"{"role":"user","content":[{"type":"input_image","file_id":"file-1"}]}"#,
        r#"{"role":"user","content":[{"type":"input_text","text":"x","new":1}]}"#,
        r#"{"type":"reasoning","summary":[],"encrypted_content":"bedrock-chat.1.e30"}"#,
        r#"{"type":"reasoning","summary":[],"encrypted_content":"bedrock-chat.1.!"}"#,
        "7",
    ] {
        assert_eq!(refusal(&ResponsesDialect, &with_items(item)).field.as_deref(), Some("input"), "{item}");
    }
    assert_eq!(refusal(&ResponsesDialect, r#"{"model":"m","input":{}}"#).field.as_deref(), Some("input"));
}

#[test]
fn responses_reply_survives_a_round_trip() {
    let reply = rich();
    let output = member(&whole(TOOLS, &reply), &["output"]);
    let items: Vec<&str> = output.view().items().map(|item| item.raw()).collect();
    let sent = read(&with_items(&format!(r#"{{"role":"user","content":"hi"}},{}"#, items.join(","))));
    let [_, answer] = &sent.messages[..] else { panic!("{:?}", sent.messages) };
    assert_eq!((answer.model.as_deref(), sent.removed.len()), (Some("claude-x"), 0));
    // The text is sent back unchanged, except for its annotations. The local shell has one more member.
    let expected: Vec<Content> = reply
        .content
        .iter()
        .map(|block| match block {
            Content::Text(text) => Content::text(text.text.as_str()),
            Content::ToolCall(call) if call.id == "c4" => Content::ToolCall(ToolCall::new(
                "c4",
                "local_shell",
                json(r#"{"command":["ls"],"timeout_ms":9,"env":{}}"#),
            )),
            other => other.clone(),
        })
        .collect();
    assert_eq!(answer.content, expected);
}

#[test]
fn responses_text_input_is_a_user_message() {
    assert_eq!(read(r#"{"model":"m","input":"hi"}"#).messages, [Message::human("hi")]);
}

#[test]
fn responses_tool_search_of_the_client_is_a_function() {
    let search = r#"{"type":"tool_search","execution":"client","description":"S","parameters":{"type":"object"}}"#;
    let found = r#"{"type":"namespace","name":"mail","tools":[{"type":"function","name":"send","defer_loading":true,"parameters":{"type":"object"}}]}"#;
    let items = format!(
        r#"{{"role":"user","content":"hi"}},
        {{"type":"tool_search_call","call_id":"c1","execution":"client","status":"completed","arguments":{{"query":"mail"}}}},
        {{"type":"tool_search_output","call_id":"c1","execution":"client","status":"completed","tools":[{found},{found}]}},
        {{"type":"function_call","call_id":"c2","name":"send","namespace":"mail","arguments":"{{}}"}},
        {{"type":"function_call_output","call_id":"c2","output":"sent"}}"#
    );
    let body = format!(r#"{{"model":"m","tools":[{search}],"input":[{items}]}}"#);
    let asked = read(&body);
    let names: Vec<&str> = asked.options.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["tool_search", "mail__send"]);
    let calls: Vec<(&str, &str)> = asked
        .messages
        .iter()
        .flat_map(|message| message.tool_calls())
        .map(|call| (&*call.name, call.args.as_str()))
        .collect();
    assert_eq!(calls, [("tool_search", r#"{"query":"mail"}"#), ("mail__send", "{}")]);
    assert_eq!(asked.messages[2], Message::tool("c1", "loaded: mail, mail"));
    let call = |name: &str, args: &str| {
        let call = ToolCall::new("c9", name, json(args));
        let reply = reply([Content::ToolCall(call)], StopReason::ToolUse);
        let text = with(&body, |given| ResponsesDialect.message(given, &reply));
        member(&json(&text), &["output", "0"])
    };
    let expected = r#"{"id":"tsc_n0nce_0","type":"tool_search_call","status":"completed","call_id":"c9","execution":"client","arguments":{"query":"x"}}"#;
    assert_eq!(call("tool_search", r#"{"query":"x"}"#), json(expected));
    assert_eq!(member(&call("mail__send", "{}"), &["namespace"]), Json::string("mail"));
    let hosted = read(r#"{"model":"m","input":"hi","tools":[{"type":"tool_search"}]}"#);
    assert_eq!((hosted.options.tools.len(), hosted.removed), (0, vec!["tools.tool_search".to_owned()]));
}
