//! Every member of a tool, in every JSON format of tools.

use bedrock_chat::{CachePoint, CacheTtl, ChatOptions, ErrorKind, Json, Message, Tool};

use super::options::tool;
use super::{Faults, Wanted, has_rows};

fn asked(tool: &Tool) -> (Vec<Message>, ChatOptions) {
    let mut options = ChatOptions::default();
    options.tools.push(tool.clone());
    (vec![Message::human("hello")], options)
}

#[test]
fn every_member_of_a_tool_is_sent_or_refused_by_name() {
    type Row = (&'static str, fn(&mut Tool), Wanted);
    let rows: Vec<Row> = vec![
        ("Tool.name", |_| {}, Wanted::new(&["needle_tool"], &["tool"])),
        ("Tool.description", |_| {}, Wanted::new(&["needle description"], &["tool"])),
        ("Tool.schema", |_| {}, Wanted::new(&["needle_property"], &["tool"])),
        ("Tool.strict", |t| *t = t.clone().strict(), Wanted::new(&["\"strict\":true"], &["strict", "tools"])),
        (
            "Tool.cache_point",
            |t| t.cache_point = Some(CachePoint::default()),
            Wanted::new(&[], &["cache", "tool"]).or(&["cachePoint", "cache_control"]),
        ),
        (
            "Tool.cache_point for an hour",
            |t| t.cache_point = Some(CachePoint::default().with_ttl(CacheTtl::OneHour)),
            Wanted::new(&["\"1h\""], &["cache", "ttl", "tool"]),
        ),
        (
            "Tool.extra",
            |t| *t = t.clone().with_extra("needle_extra", Json::string("needle extra")),
            Wanted::new(&["needle extra"], &["needle_extra", "tools"]),
        ),
        (
            "Tool.native",
            |t| *t = Tool::native(Json::parse(r#"{"type":"needle_1","name":"n","needle":"needle native"}"#).unwrap()),
            Wanted::new(&["needle_1", "needle native"], &["tool"]),
        ),
    ];
    let names: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
    has_rows("Tool", &tool(), &names);
    let mut faults = Faults::default();
    for (name, change, wanted) in rows {
        let mut tool = tool();
        change(&mut tool);
        faults.try_all(name, &wanted, &|| asked(&tool));
    }
    faults.report("tools");
}

/// Members of tools that providers know, and an unknown one.
const MEMBERS: &[(&str, &str, &str)] = &[
    ("defer_loading", "true", "\"defer_loading\":true"),
    ("input_examples", r#"[{"needle_property":"needle example"}]"#, "needle example"),
    ("eager_input_streaming", "true", "\"eager_input_streaming\":true"),
    ("allowed_callers", r#"["needle_caller"]"#, "needle_caller"),
    ("needle_member", r#""needle member""#, "needle member"),
];

const FORMS: &[(&str, &str, &str)] = &[
    ("Anthropic's", r#"{"name":"f","description":"d","input_schema":{"type":"object"},"#, "}"),
    ("LangChain's", r#"{"name":"f","description":"d","schema":{"type":"object"},"#, "}"),
    (
        "OpenAI's",
        r#"{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"#,
        "}}",
    ),
    ("OpenAI's outside", r#"{"function":{"name":"f","parameters":{"type":"object"}},"type":"function","#, "}"),
    ("Responses'", r#"{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"#, "}"),
    ("Converse's", r#"{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}},"#, "}}"),
];

#[test]
fn members_of_json_tools_are_sent_or_refused_by_name() {
    let mut faults = Faults::default();
    for (form, head, tail) in FORMS {
        for (member, value, needle) in MEMBERS {
            let row = format!("{form} tool with {member}");
            let wanted = Wanted::new(&[needle], &[member, "tools", "tool use", "native tool"]);
            let json = Json::parse(&format!("{head}\"{member}\":{value}{tail}")).unwrap();
            match Tool::from_json(&json) {
                Ok(tool) => faults.try_all(&row, &wanted, &|| asked(&tool)),
                Err(error) => {
                    let named = error.kind() == ErrorKind::Encode && error.message().contains(member);
                    assert!(named, "{row}: the error does not name the member: {}", error.message());
                }
            }
        }
    }
    faults.report("JSON tools");
}
