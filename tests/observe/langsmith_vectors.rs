//! This crate's runs, compared with LangChain's. Every chat of `tests/vectors/langsmith` is repeated here against the
//! same local Bedrock. The posted runs must have every member that LangChain.js posts, with the same type and value.
//! Exceptions are listed with their reasons.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_chat::{
    Api, BedrockChatBuilder, Content, Json, LangSmith, Message, Role, RunConfig, Tool, ToolCall, interop,
};
use local_bedrock::LocalBedrock;
use serde_json::Value;

use crate::recorder::{Recorder, multipart};
use crate::support::{calling, posting_to, soon};

/// Differences from LangChain.js: the beginning of a path, and the reason. A path begins with the
/// kind of run; `*` is any one member.
const DIFFERENCES: &[(&str, &str)] = &[
    // The run.
    ("*/child_runs", "always empty there: children are runs of their own"),
    ("llm/name", "one class calls both APIs here, and it is called BedrockChat"),
    ("llm/error", "our errors say model, region, request id; there is no stack of JavaScript"),
    (
        "llm/events",
        "LangChain counts the chunks of its wire format, with and without text; we count pieces of the answer",
    ),
    ("chain/serialized", "a custom run is not an object of LangChain"),
    ("chain/outputs", "the caller sets them"),
    // The library and its environment.
    ("*/extra/runtime", "this is another library"),
    ("*/extra/metadata/LANGCHAIN_CALLBACKS_BACKGROUND", "environment variables are not sent"),
    ("*/extra/metadata/LANGSMITH_TRACING", "environment variables are not sent"),
    ("llm/extra/metadata/ls_integration", "this is another library"),
    ("llm/extra/metadata/versions", "this is another library"),
    (
        "llm/extra/metadata/ls_provider",
        "BedrockChat says bedrock, all else amazon_bedrock: LangSmith's name, by which it finds prices",
    ),
    // Parameters: one form for both APIs.
    ("llm/extra/options/tools/0/toolSpec", "in the form that BedrockChat posts"),
    ("llm/extra/invocation_params/inferenceConfig", "in the form that BedrockChat posts"),
    ("llm/extra/invocation_params/toolConfig", "in the form that BedrockChat posts"),
    ("llm/extra/metadata/inferenceConfig", "in the form that BedrockChat posts"),
    ("llm/extra/metadata/toolConfig", "tools are in the parameters; nobody filters by them"),
    ("llm/serialized/type", "ChatBedrockConverse cannot be loaded again; the same model as BedrockChat can"),
    ("llm/serialized/id", "one class calls both APIs here, and it is called BedrockChat"),
    ("llm/serialized/kwargs/credentials", "not even their names"),
    ("llm/serialized/kwargs/endpoint_host", "the endpoint is not a part of the model"),
    ("llm/serialized/kwargs/max_retries", "the number of retries is not a part of the model"),
    // Inputs.
    (
        "llm/inputs/messages/0/0/kwargs/content/1",
        "images are in LangChain's standard block, in whichever block they were sent",
    ),
    ("llm/inputs/messages/0/1/kwargs/content", "a tool call is also among the blocks, at the model's position"),
    // Outputs.
    ("llm/outputs/generations/0/0/text", "LangChain has no text where there are blocks; we have all of it"),
    ("llm/outputs/generations/0/0/message/id/2", "a streamed message is complete at the end, not a chunk"),
    (
        "llm/outputs/generations/0/0/message/kwargs/tool_call_chunks",
        "a streamed message is complete at the end, not a chunk",
    ),
    (
        "llm/outputs/generations/0/0/message/kwargs/id",
        "the provider's own id where it gives one, not AWS's of the request",
    ),
    (
        "llm/outputs/generations/0/0/message/kwargs/additional_kwargs/stop_reason",
        "it is in the metadata, streamed or not",
    ),
    (
        "llm/outputs/generations/0/0/message/kwargs/additional_kwargs/stop_sequence",
        "it is in the metadata, streamed or not",
    ),
    ("llm/outputs/generations/0/0/message/kwargs/response_metadata/stop_reason", "null there where it was streamed"),
    ("llm/outputs/generations/0/0/generationInfo/stop_reason", "null there where it was streamed"),
    ("llm/outputs/generations/0/0/message/kwargs/response_metadata/type", "always message"),
    ("llm/outputs/generations/0/0/message/kwargs/response_metadata/role", "always assistant"),
    ("llm/outputs/generations/0/0/generationInfo/type", "always message"),
    ("llm/outputs/generations/0/0/generationInfo/role", "always assistant"),
    ("llm/outputs/llmOutput/type", "always message"),
    ("llm/outputs/llmOutput/role", "always assistant"),
    // Converse's metadata: one form, streamed or not, and the same names for both APIs.
    (
        "llm/outputs/generations/0/0/message/kwargs/response_metadata/$metadata",
        "of the AWS SDK; the request's id is request_id here",
    ),
    ("llm/outputs/generations/0/0/message/kwargs/response_metadata/stopReason", "it is stop_reason here"),
    ("llm/outputs/generations/0/0/message/kwargs/response_metadata/model_provider", "it is ls_provider"),
    (
        "llm/outputs/generations/0/0/message/kwargs/response_metadata/messageStart",
        "an event's frame, not the message's",
    ),
    (
        "llm/outputs/generations/0/0/message/kwargs/response_metadata/contentBlockStop",
        "an event's frame, not the message's",
    ),
    ("llm/outputs/generations/0/0/message/kwargs/response_metadata/messageStop", "it is stop_reason here"),
    (
        "llm/outputs/generations/0/0/message/kwargs/response_metadata/metadata",
        "usage and metrics have their own members here",
    ),
];

fn vector(name: &str) -> Value {
    let path = format!("{}/tests/vectors/langsmith/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn reference() -> [Message; 2] {
    let system = "You are a helpful assistant that translates English to French. Translate the user sentence.";
    [Message::system(system), Message::human("I love programming.")]
}

fn weather() -> Tool {
    let schema = r#"{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}"#;
    Tool::new("get_weather", "Get the current weather in a place.", Json::parse(schema).unwrap())
}

/// Runs the chat with this name.
async fn hold(name: &str, chat: BedrockChatBuilder, langsmith: &LangSmith) {
    let question = Message::human("What is the weather in Paris?");
    match name {
        "invoke" => {
            let chat = chat.temperature(0.5).max_tokens(100).stop(["END"]).build().unwrap();
            chat.invoke(reference()).await.unwrap();
        }
        "stream" => {
            chat.build().unwrap().stream(reference()).await.unwrap().message().await.unwrap();
        }
        "slow-stream" => {
            let stream = chat.build().unwrap().stream(reference()).await.unwrap();
            // The start of the run is posted before its end, as after the interval.
            langsmith.flush().await.unwrap();
            stream.message().await.unwrap();
        }
        "tools" => {
            chat.build().unwrap().bind_tools([weather()]).invoke([question]).await.unwrap();
        }
        "tool-results" => {
            let args = Json::parse(r#"{"location":"Paris"}"#).unwrap();
            let call = Content::ToolCall(ToolCall::new("toolu_1", "get_weather", args));
            let asked = Message::new(Role::Ai, [Content::text("I look it up."), call]);
            let messages = [question, asked, Message::tool("toolu_1", "18 degrees")];
            chat.build().unwrap().bind_tools([weather()]).invoke(messages).await.unwrap();
        }
        "picture" => {
            let url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
            let message = serde_json::json!({"type": "human", "content": [
                {"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}},
            ]});
            chat.build().unwrap().invoke([interop::read_message(&message.into()).unwrap()]).await.unwrap();
        }
        "error" => {
            chat.temperature(5.0).build().unwrap().invoke(reference()).await.unwrap_err();
        }
        "parent" => {
            let outer = RunConfig::default().with_name("agent").with_tags(["outer"]);
            let agent = langsmith.chain(&outer, Json::string("hello"));
            let mut inner = agent.config();
            inner.name = Some("translate".into());
            inner.tags.push("test".into());
            inner.metadata.push(("user".into(), Json::string("u-1")));
            let reply = chat.build().unwrap().with_config(inner).invoke(reference()).await.unwrap();
            agent.end(Json::string(&reply.text()));
        }
        other => panic!("no chat is called {other}"),
    }
}

/// Returns the operations and runs that this crate posts for the chat of this name.
async fn ours(name: &str, api: Api) -> Vec<(String, Value)> {
    let bedrock = LocalBedrock::start().await.unwrap();
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).api(api).observer(langsmith.clone());
    soon(hold(name, chat, &langsmith)).await;
    soon(langsmith.flush()).await.unwrap();
    assert_eq!(langsmith.dropped(), 0);
    server.operations()
}

fn theirs(name: &str) -> Vec<(String, Value)> {
    let mut operations = Vec::new();
    for post in vector(name).as_array().unwrap() {
        for operation in ["post", "patch"] {
            let runs = post["body"][operation].as_array().unwrap();
            operations.extend(runs.iter().map(|run| (operation.to_owned(), run.clone())));
        }
    }
    operations
}

/// Returns operations without parts that differ in each run: ids of runs become `<run 1>` and so on, all other ids
/// `<id>`, times `<time>`.
fn normalized(operations: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut ids: Vec<String> = Vec::new();
    for (_, run) in &operations {
        let id = run["id"].as_str().unwrap();
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    let text = |run: &Value| normalized_text(&run.to_string(), &ids);
    operations.into_iter().map(|(name, run)| (name, serde_json::from_str(&text(&run)).unwrap())).collect()
}

fn normalized_text(text: &str, ids: &[String]) -> String {
    let fits = |text: &str, pattern: &str| {
        text.len() >= pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, sign)| match sign {
                b'0' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_hexdigit(),
                sign => byte == sign,
            })
    };
    let (mut out, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let times = ["0000-00-00T00:00:00.000000Z", "00000000T000000000000Z"];
        let (long, id) = ("0000-00-00T00:00:00.000Z", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        let time = times.into_iter().chain([long]).find(|pattern| fits(rest, pattern));
        if let Some(pattern) = time {
            out.push_str("<time>");
            rest = &rest[pattern.len()..];
        } else if fits(rest, id) {
            let (found, after) = rest.split_at(id.len());
            out.push_str(&id_of(found, ids));
            rest = after;
        } else if let Some((number, after)) = rest.strip_prefix("<id ").and_then(|rest| rest.split_once('>')) {
            // The names in the recordings.
            out.push_str(&id_of(&format!("<id {number}>"), ids));
            rest = after;
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

fn id_of(text: &str, ids: &[String]) -> String {
    ids.iter().position(|known| known == text).map_or("<id>".to_owned(), |place| format!("<run {}>", place + 1))
}

/// Returns every leaf of a value with its path.
fn leaves(value: &Value, path: &str, out: &mut BTreeMap<String, Value>) {
    let below = |key: &str| format!("{path}/{key}");
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(key, item)| leaves(item, &below(key), out));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| leaves(item, &below(&at.to_string()), out));
        }
        leaf => {
            out.insert(path.to_owned(), leaf.clone());
        }
    }
}

/// Whether a path begins with a pattern.
fn begins(path: &str, pattern: &str) -> bool {
    let mut parts = path.split('/');
    pattern.split('/').all(|sign| parts.next().is_some_and(|part| sign == "*" || sign == part))
}

#[tokio::test]
async fn langsmith_posts_match_langchain_vectors() {
    let mut unused: BTreeSet<&str> = DIFFERENCES.iter().map(|(pattern, _)| *pattern).collect();
    let mut unexpected = Vec::new();
    let chats = ["invoke", "stream", "slow-stream", "tools", "tool-results", "picture", "error", "parent"];
    for (kind, api) in [("bedrock-chat", Api::Invoke), ("converse", Api::Converse)] {
        for name in chats {
            let file = format!("{kind}-{name}");
            let (theirs, ours) = (normalized(theirs(&file)), normalized(ours(name, api).await));
            let operations = |some: &[(String, Value)]| some.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            assert_eq!(operations(&ours), operations(&theirs), "{file}");
            for ((_, theirs), (_, ours)) in theirs.iter().zip(&ours) {
                let (mut expected, mut found) = (BTreeMap::new(), BTreeMap::new());
                let kind = theirs["run_type"].as_str().unwrap();
                leaves(theirs, kind, &mut expected);
                leaves(ours, kind, &mut found);
                for (path, value) in &expected {
                    let here = found.get(path);
                    let same = match value {
                        // Only the type of this member is compared.
                        Value::Object(_) => found.keys().any(|own| begins(own, path)),
                        Value::String(text) if text == "<number>" => here.is_some_and(Value::is_number),
                        value => here == Some(value),
                    };
                    if same {
                        continue;
                    }
                    match DIFFERENCES.iter().find(|(pattern, _)| begins(path, pattern)) {
                        Some((pattern, _)) => {
                            unused.remove(pattern);
                        }
                        None => unexpected.push(format!("{file}: {path}: {value} there, {here:?} here")),
                    }
                }
            }
        }
    }
    assert!(unexpected.is_empty(), "{} differences that are not listed:\n{}", unexpected.len(), unexpected.join("\n"));
    assert!(unused.is_empty(), "listed, but there is no such difference: {unused:?}");
}

#[tokio::test]
async fn langsmith_multipart_form_matches_its_own_client() {
    let posted = &vector("bedrock-chat-invoke.multipart")[0];
    let (text, boundary) = (posted["body"].as_str().unwrap(), "----LangSmithFormBoundary");
    // The lengths are those of ids and times that the vector no longer has.
    let names = |text: &str| {
        let names = text.split("name=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        names.map(|name| normalized_text(name, &[])).collect::<BTreeSet<_>>()
    };
    let bedrock = LocalBedrock::start().await.unwrap();
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).observer(langsmith.clone());
    hold("invoke", chat, &langsmith).await;
    soon(langsmith.flush()).await.unwrap();
    let [request] = <[_; 1]>::try_from(server.requests()).unwrap();
    assert_eq!((request.path.as_str(), posted["path"].as_str()), ("/runs/multipart", Some("/runs/multipart")));
    assert_eq!(request.header("x-api-key"), Some("ls-test-key"));
    assert!(text.contains(boundary));
    let own = request.header("content-type").unwrap().split_once("multipart/form-data; boundary=").unwrap().1;
    let body = std::str::from_utf8(&request.body).unwrap();
    assert_eq!(names(body), names(text));
    assert_eq!(multipart(body, own).len(), 1);
}
