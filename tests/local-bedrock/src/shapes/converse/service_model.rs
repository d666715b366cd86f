//! Every shape of a Converse request, as the public service model has them.

use serde_json::Value;

use crate::problem::Problem;
use crate::shapes::constraints::{Shape, violations};

/// Checks a whole body against the shape called `name`.
pub(super) fn check(body: &Value, name: &str) -> Result<(), Problem> {
    let found = violations(body, name, shape);
    if found.is_empty() {
        return Ok(());
    }
    if found.iter().any(|violation| violation.starts_with('#')) {
        return Err(Problem::malformed(&found.join("")));
    }
    let count = found.len();
    let errors = if count == 1 { "error" } else { "errors" };
    Err(Problem::validation(format!("{count} validation {errors} detected: {}", found.join("; "))))
}

const TOOL_NAME: Shape = Shape::Pattern("_-", 64, "[a-zA-Z0-9_-]+");

fn shape(name: &str) -> Shape {
    use Shape::{Blob, Boolean, Document, Enum, Float, Integer, List, Map, Pattern, Structure, Text, Union};
    match name {
        "ConverseRequest" => Structure(CONVERSE, &[]),
        "ConverseStreamRequest" => Structure(CONVERSE_STREAM, &[]),
        "NovaRequest" => Structure(NOVA, &["messages"]),
        "Messages" => List("Message", 0),
        "Message" => Structure(&[("role", "Role"), ("content", "ContentBlocks")], &["role", "content"]),
        "Role" => Enum(&["user", "assistant", "system"]),
        "ContentBlocks" => List("ContentBlock", 0),
        "ContentBlock" => Union(CONTENT),
        "NovaMessages" => List("NovaMessage", 1),
        "NovaMessage" => Structure(&[("role", "Role"), ("content", "NovaContent")], &["role", "content"]),
        "NovaContent" => List("NovaBlock", 0),
        "NovaBlock" => Union(NOVA_CONTENT),
        "Image" => {
            Structure(&[("format", "ImageFormat"), ("source", "Source"), ("error", "Error")], &["format", "source"])
        }
        "ImageFormat" => Enum(&["png", "jpeg", "gif", "webp"]),
        "Source" => Union(&[("bytes", "Blob"), ("s3Location", "S3")]),
        "S3" => Structure(&[("uri", "S3Uri"), ("bucketOwner", "AccountId")], &["uri"]),
        "S3Uri" => Text(1, 1_024),
        "AccountId" => Pattern("", 12, "[0-9]{12}"),
        "Error" => Structure(&[("message", "Text")], &[]),
        "DocumentBlock" => Structure(
            &[
                ("format", "DocumentFormat"),
                ("name", "DocumentName"),
                ("source", "DocumentSource"),
                ("context", "Text"),
                ("citations", "Citations"),
            ],
            &["name", "source"],
        ),
        "DocumentFormat" => Enum(&["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]),
        "DocumentName" => Text(1, 200),
        "DocumentSource" => Union(&[("bytes", "Blob"), ("s3Location", "S3"), ("text", "Text"), ("content", "Texts")]),
        "Texts" => List("TextMember", 0),
        "TextMember" => Union(&[("text", "Text")]),
        "Citations" => Structure(&[("enabled", "Boolean")], &["enabled"]),
        "Video" => Structure(&[("format", "VideoFormat"), ("source", "Source")], &["format", "source"]),
        "VideoFormat" => Enum(&["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]),
        "Audio" => {
            Structure(&[("format", "AudioFormat"), ("source", "Source"), ("error", "Error")], &["format", "source"])
        }
        "AudioFormat" => Enum(&[
            "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm",
            "webm",
        ]),
        "ToolUse" => Structure(
            &[("toolUseId", "ToolUseId"), ("name", "ToolName"), ("input", "Document"), ("type", "ToolUseType")],
            &["toolUseId", "name", "input"],
        ),
        "ToolUseId" => Pattern("_.:-", 64, "[a-zA-Z0-9_.:-]+"),
        "ToolName" => TOOL_NAME,
        "ToolUseType" => Enum(&["server_tool_use"]),
        "ToolResult" => Structure(
            &[("toolUseId", "ToolUseId"), ("content", "ToolResultContent"), ("status", "Status"), ("type", "Text")],
            &["toolUseId", "content"],
        ),
        "ToolResultContent" => List("ToolResultBlock", 0),
        "ToolResultBlock" => Union(&[
            ("json", "Document"),
            ("text", "Text"),
            ("image", "Image"),
            ("document", "DocumentBlock"),
            ("video", "Video"),
            ("searchResult", "SearchResult"),
        ]),
        "Status" => Enum(&["success", "error"]),
        "SearchResult" => Structure(
            &[("source", "Text"), ("title", "Text"), ("content", "SearchTexts"), ("citations", "Citations")],
            &["source", "title", "content"],
        ),
        "SearchTexts" => List("SearchText", 0),
        "SearchText" => Structure(&[("text", "Text")], &["text"]),
        "GuardContent" => Union(&[("text", "GuardText"), ("image", "GuardImage")]),
        "GuardText" => Structure(&[("text", "Text"), ("qualifiers", "Qualifiers")], &["text"]),
        "Qualifiers" => List("Qualifier", 0),
        "Qualifier" => Enum(&["grounding_source", "query", "guard_content"]),
        "GuardImage" => Structure(&[("format", "GuardFormat"), ("source", "Source")], &["format", "source"]),
        "GuardFormat" => Enum(&["png", "jpeg"]),
        "CachePoint" => Structure(&[("type", "CacheType"), ("ttl", "Ttl")], &["type"]),
        "CacheType" => Enum(&["default"]),
        "Ttl" => Enum(&["5m", "1h"]),
        "Reasoning" => Union(&[("reasoningText", "ReasoningText"), ("redactedContent", "Blob")]),
        "ReasoningText" => Structure(&[("text", "Text"), ("signature", "Text")], &["text"]),
        "CitationsContent" => Structure(&[("content", "Texts"), ("citations", "Any")], &[]),
        "ToolChange" => Structure(&[("tool", "ToolReference")], &["tool"]),
        "ToolReference" => Structure(&[("type", "Short"), ("name", "Long"), ("serverName", "Long")], &[]),
        "Short" => Text(1, 64),
        "Long" => Text(1, 128),
        "System" => List("SystemBlock", 0),
        "SystemBlock" => Union(&[("text", "NonEmpty"), ("guardContent", "GuardContent"), ("cachePoint", "CachePoint")]),
        "Inference" => Structure(
            &[
                ("maxTokens", "Count"),
                ("temperature", "Fraction"),
                ("topP", "Fraction"),
                ("stopSequences", "NonEmpties"),
            ],
            &[],
        ),
        "NovaInference" => Structure(
            &[
                ("maxTokens", "Count"),
                ("max_new_tokens", "Count"),
                ("temperature", "Fraction"),
                ("topP", "Fraction"),
                ("topK", "TopK"),
                ("stopSequences", "NonEmpties"),
                ("reasoningConfig", "NovaReasoning"),
            ],
            &[],
        ),
        "NovaReasoning" => Structure(&[("type", "OnOff"), ("maxReasoningEffort", "Effort")], &["type"]),
        "OnOff" => Enum(&["enabled", "disabled"]),
        "Effort" => Enum(&["low", "medium", "high"]),
        "Count" => Integer(1),
        "TopK" => Integer(0),
        "Fraction" => Float(0.0, 1.0),
        "NonEmpties" => List("NonEmpty", 0),
        "NonEmpty" => Text(1, usize::MAX),
        "ToolConfig" => Structure(&[("tools", "Tools"), ("toolChoice", "ToolChoice")], &["tools"]),
        "Tools" => List("Tool", 1),
        "Tool" => Union(&[("toolSpec", "ToolSpec"), ("systemTool", "NamedTool"), ("cachePoint", "CachePoint")]),
        "ToolSpec" => Structure(
            &[("name", "ToolName"), ("description", "NonEmpty"), ("inputSchema", "InputSchema"), ("strict", "Boolean")],
            &["name", "inputSchema"],
        ),
        "InputSchema" => Union(&[("json", "Document")]),
        "NamedTool" => Structure(&[("name", "ToolName")], &["name"]),
        "ToolChoice" => Union(&[("auto", "Empty"), ("any", "Empty"), ("tool", "NamedTool")]),
        "Empty" => Structure(&[], &[]),
        "Guardrail" => Structure(GUARDRAIL, &[]),
        "GuardrailStream" => Structure(GUARDRAIL_STREAM, &[]),
        "GuardrailTrace" => Enum(&["enabled", "disabled", "enabled_full"]),
        "StreamMode" => Enum(&["sync", "async"]),
        "Variables" => Map("TextMember", usize::MAX),
        "Paths" => List("Path", 0),
        "Path" => Text(1, 256),
        "Metadata" => Map("MetadataText", 16),
        "MetadataText" => Text(0, 256),
        "Performance" => Structure(&[("latency", "Latency")], &[]),
        "Latency" => Enum(&["standard", "optimized"]),
        "Tier" => Structure(&[("type", "TierType")], &["type"]),
        "TierType" => Enum(&["priority", "default", "flex", "reserved"]),
        "Output" => Structure(&[("textFormat", "TextFormat"), ("effort", "Text")], &[]),
        "TextFormat" => Structure(&[("type", "FormatType"), ("structure", "FormatStructure")], &["type", "structure"]),
        "FormatType" => Enum(&["json_schema"]),
        "FormatStructure" => Union(&[("jsonSchema", "JsonSchema")]),
        "JsonSchema" => Structure(&[("schema", "Text"), ("name", "Text"), ("description", "Text")], &["schema"]),
        // An id or an ARN. `operations::project` has further checks.
        "Project" => Pattern("_-:/", 2_048, crate::shapes::operations::PROJECT),
        "Blob" => Blob,
        "Boolean" => Boolean,
        "Text" => Text(0, usize::MAX),
        _ => Document,
    }
}

type Members = &'static [(&'static str, &'static str)];

const CONVERSE: Members = &[
    ("messages", "Messages"),
    ("system", "System"),
    ("inferenceConfig", "Inference"),
    ("toolConfig", "ToolConfig"),
    ("guardrailConfig", "Guardrail"),
    ("additionalModelRequestFields", "Any"),
    ("promptVariables", "Variables"),
    ("additionalModelResponseFieldPaths", "Paths"),
    ("requestMetadata", "Metadata"),
    ("performanceConfig", "Performance"),
    ("serviceTier", "Tier"),
    ("outputConfig", "Output"),
    ("projectIdentifier", "Project"),
];

const CONVERSE_STREAM: Members = &[
    ("messages", "Messages"),
    ("system", "System"),
    ("inferenceConfig", "Inference"),
    ("toolConfig", "ToolConfig"),
    ("guardrailConfig", "GuardrailStream"),
    ("additionalModelRequestFields", "Any"),
    ("promptVariables", "Variables"),
    ("additionalModelResponseFieldPaths", "Paths"),
    ("requestMetadata", "Metadata"),
    ("performanceConfig", "Performance"),
    ("serviceTier", "Tier"),
    ("outputConfig", "Output"),
    ("projectIdentifier", "Project"),
];

const NOVA: Members = &[
    ("schemaVersion", "Any"),
    ("messages", "NovaMessages"),
    ("system", "System"),
    ("inferenceConfig", "NovaInference"),
    ("toolConfig", "ToolConfig"),
    ("amazon-bedrock-guardrailConfig", "Any"),
];

const CONTENT: Members = &[
    ("text", "Text"),
    ("image", "Image"),
    ("document", "DocumentBlock"),
    ("video", "Video"),
    ("audio", "Audio"),
    ("toolUse", "ToolUse"),
    ("toolResult", "ToolResult"),
    ("guardContent", "GuardContent"),
    ("cachePoint", "CachePoint"),
    ("reasoningContent", "Reasoning"),
    ("citationsContent", "CitationsContent"),
    ("searchResult", "SearchResult"),
    ("toolAddition", "ToolChange"),
    ("toolRemoval", "ToolChange"),
];

const NOVA_CONTENT: Members = &[
    ("text", "Text"),
    ("image", "Image"),
    ("video", "Video"),
    ("audio", "Audio"),
    ("toolUse", "ToolUse"),
    ("toolResult", "ToolResult"),
    ("cachePoint", "CachePoint"),
    ("reasoningContent", "Reasoning"),
];

const GUARDRAIL: Members =
    &[("guardrailIdentifier", "Text"), ("guardrailVersion", "Text"), ("trace", "GuardrailTrace")];

const GUARDRAIL_STREAM: Members = &[
    ("guardrailIdentifier", "Text"),
    ("guardrailVersion", "Text"),
    ("trace", "GuardrailTrace"),
    ("streamProcessingMode", "StreamMode"),
];
