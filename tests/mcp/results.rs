//! Results of MCP tools as content of messages.

use std::sync::{Arc, Mutex};

use bedrock_chat::{Content, McpServer, MediaSource, ToolResult, Toolbox};
use rmcp::model::{CallToolResult, ContentBlock, EmbeddedResource, ErrorData, Resource, ResourceContents};
use serde_json::{Value, json};

use crate::server::{Server, tool};
use crate::{calling, result_of, texts_of};

/// The signatures of files, in base64.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUg==";
const PDF: &str = "JVBERi0xLjcK";
const WAV: &str = "UklGRgAAAABXQVZFZm10IA==";
const MP4: &str = "AAAAGGZ0eXBtcDQy";
const ZIP: &str = "UEsDBP//AAA=";

async fn converted(result: CallToolResult) -> ToolResult {
    let client = Server::new([tool("t")], result).connect().await;
    result_of(&Toolbox::from_mcp(&client).await.unwrap(), "t", json!({"city": "Paris"})).await
}

async fn blocks(content: Vec<ContentBlock>) -> Vec<String> {
    texts_of(&converted(CallToolResult::success(content)).await)
}

fn blob(data: &str, uri: &str, media_type: &str) -> ContentBlock {
    ContentBlock::resource(ResourceContents::blob(data, uri).with_mime_type(media_type))
}

#[tokio::test]
async fn mcp_text_and_images_become_blocks() {
    let result = converted(CallToolResult::success(vec![
        ContentBlock::text("before"),
        ContentBlock::image(PNG, "image/png"),
        // The type that the bytes have is used.
        ContentBlock::image(PNG, "image/bmp"),
        ContentBlock::text("after"),
    ]))
    .await;
    assert!(!result.is_error);
    assert_eq!(texts_of(&result), ["before", "image image/png", "image image/png", "after"]);
    let Content::Image(image) = &result.content[1] else { panic!() };
    assert!(matches!(&image.source, MediaSource::Bytes(bytes) if bytes.starts_with(b"\x89PNG\r\n\x1a\n")));
}

#[tokio::test]
async fn mcp_media_that_no_api_accepts_is_described() {
    let texts = blocks(vec![
        ContentBlock::audio(WAV, "audio/wav"),
        ContentBlock::image("Qk1GAAD/", "image/bmp"),
        blob(ZIP, "file:///a.zip", "application/zip"),
        ContentBlock::image("no%base64", "image/png"),
    ])
    .await;
    let texts: Vec<Value> = texts.iter().map(|text| text.strip_prefix("json ").unwrap().parse().unwrap()).collect();
    let size = |bytes: usize| format!("({bytes} bytes that the model cannot receive)");
    let zip = json!({"uri": "file:///a.zip", "mimeType": "application/zip", "blob": size(8)});
    assert_eq!(
        texts,
        [
            json!({"type": "audio", "mimeType": "audio/wav", "data": size(16)}),
            json!({"type": "image", "mimeType": "image/bmp", "data": size(6)}),
            json!({"type": "resource", "resource": zip}),
            json!({"type": "image", "mimeType": "image/png", "data": "(9 characters that are not base64)"}),
        ]
    );
}

#[tokio::test]
async fn mcp_resources_become_text_media_and_json() {
    let link = Resource::new("file:///b.md", "b.md").with_description("The other file").with_size(12);
    let mut link_json = serde_json::to_value(&link).unwrap();
    link_json["type"] = json!("resource_link");
    let texts = blocks(vec![
        ContentBlock::embedded_text("file:///a.txt", "Grass is green."),
        blob("eyJhIjoxfQ==", "file:///a.json", "application/json; charset=utf-8"),
        blob("PHN2Zy8+", "file:///a.svg", "image/svg+xml"),
        blob(PDF, "file:///docs/a.pdf", "application/pdf"),
        blob(PNG, "file:///a.png", "image/png"),
        ContentBlock::Resource(EmbeddedResource::new(ResourceContents::blob(PDF, "data"))),
        ContentBlock::resource_link(link),
    ])
    .await;
    assert_eq!(
        texts[..9],
        [
            "[resource file:///a.txt, text/plain]\nGrass is green.",
            "[resource file:///a.json, application/json; charset=utf-8]\n{\"a\":1}",
            "[resource file:///a.svg, image/svg+xml]\n<svg/>",
            "[resource file:///docs/a.pdf, application/pdf]",
            "document application/pdf Some(\"a.pdf\")",
            "[resource file:///a.png, image/png]",
            "image image/png",
            "[resource data]",
            "document application/pdf None",
        ]
    );
    let texts: Value = texts[9].strip_prefix("json ").unwrap().parse().unwrap();
    assert_eq!(texts, link_json);
}

#[tokio::test]
async fn mcp_video_is_a_block_that_some_models_refuse() {
    let result = CallToolResult::success(vec![blob(MP4, "file:///a.mp4", "video/mp4")]);
    let client = Server::new([tool("t")], result).connect().await;
    let toolbox = Toolbox::from_mcp(&client).await.unwrap();
    let failed = toolbox.run(&calling("t", &json!({})), "Go.").await.unwrap_err();
    assert!(failed.error.message().contains("use a model that accepts video"), "{failed}");
    let Content::ToolResult(result) = &failed.conversation[2].content[0] else { panic!() };
    assert_eq!(texts_of(result), ["[resource file:///a.mp4, video/mp4]", "video video/mp4"]);
}

#[tokio::test]
async fn structured_mcp_content_is_sent_once() {
    let weather = json!({"degrees": 18.5, "places": ["Paris"]});
    let repeated = converted(CallToolResult::structured(weather.clone())).await;
    assert_eq!(texts_of(&repeated), [weather.to_string()]);
    let mut alone = CallToolResult::success(vec![ContentBlock::text("18.5 degrees")]);
    alone.structured_content = Some(weather.clone());
    assert_eq!(texts_of(&converted(alone).await), ["18.5 degrees".to_owned(), format!("json {weather}")]);
}

#[tokio::test]
async fn empty_mcp_result_has_a_text() {
    assert_eq!(blocks(Vec::new()).await, ["done"]);
    let failed = converted(CallToolResult::error(Vec::new())).await;
    assert_eq!((texts_of(&failed), failed.is_error), (vec!["the tool failed without a reason".to_owned()], true));
}

#[tokio::test]
async fn mcp_tool_error_is_a_failed_result_with_all_blocks() {
    let mut error = CallToolResult::error(vec![ContentBlock::text("no bucket"), ContentBlock::image(PNG, "image/png")]);
    error.structured_content = Some(json!({"code": 7}));
    let result = converted(error).await;
    assert!(result.is_error);
    assert_eq!(texts_of(&result), ["no bucket", "image image/png", r#"json {"code":7}"#]);
}

#[tokio::test]
async fn mcp_protocol_error_is_a_failed_result_without_urls() {
    let server = Server::with([tool("t")], |_, _| {
        let data = Some(json!({"argument": "city"}));
        let error = ErrorData::invalid_params("unknown city, see https://weather.example/?key=secret", data);
        Box::pin(async move { Err(error) })
    });
    let client = server.connect().await;
    let toolbox = Toolbox::from_mcp(&client).await.unwrap();
    let result = result_of(&toolbox, "t", json!({"city": "Atlantis"})).await;
    assert!(result.is_error);
    assert_eq!(
        texts_of(&result),
        [r#"the MCP server `weather` failed: unknown city, see (URL) ({"argument":"city"})"#]
    );
}

#[tokio::test]
async fn mcp_result_function_reads_and_changes_the_result() {
    let meta: Value = json!({"widget": "map"});
    let sent = CallToolResult::success(vec![ContentBlock::audio(WAV, "audio/wav")])
        .with_meta(Some(serde_json::from_value(meta.clone()).unwrap()));
    let client = Server::new([tool("t")], sent).connect().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keeps = seen.clone();
    let server = McpServer::new(&client).on_result(move |call, result| {
        let audio = match &result.content[0] {
            ContentBlock::Audio(audio) => audio.data.clone(),
            other => panic!("{other:?}"),
        };
        keeps.lock().unwrap().push((call.id.clone(), audio, serde_json::to_value(&result.meta).unwrap()));
        result.content = vec![ContentBlock::text("a transcript")];
    });
    let toolbox = Toolbox::from_mcp(server).await.unwrap();
    assert_eq!(texts_of(&result_of(&toolbox, "t", json!({"city": "Paris"})).await), ["a transcript"]);
    assert_eq!(*seen.lock().unwrap(), [("t1".to_owned(), WAV.to_owned(), meta)]);
}
