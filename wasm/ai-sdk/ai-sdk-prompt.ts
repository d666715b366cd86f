// The AI SDK's prompts as conversations of the core, in Converse's and Anthropic's blocks.
import type { LanguageModelV3Prompt, LanguageModelV4Prompt } from "@ai-sdk/provider";
import { isSet, problem } from "./error.js";
import type { ContentBlock, MessageLike } from "./index.js";
import type { Members } from "./schema.js";

/** A prompt of either specification. */
export type Prompt = LanguageModelV3Prompt | LanguageModelV4Prompt;
type Part = Exclude<Prompt[number]["content"], string>[number];
type ToolResult = Extract<Part, { type: "tool-result" }>;
type Output = ToolResult["output"];
/** The data of a file: version 3 has the data or URL itself, version 4 an object with its type. */
type Data = Extract<Part, { type: "file" }>["data"] | { type: "data"; data: Uint8Array | string };

/** A message or a part with options of providers. */
interface Holder {
  providerOptions?: { [provider: string]: Members | undefined } | undefined;
}

interface FilePart {
  data: Data;
  mediaType?: string | undefined;
  filename?: string | undefined;
}

/** A part of a tool's result. Parts of files have a type for each way in which their data is given, in version 3. */
type ResultPart = Holder & FilePart & { type: string; text?: string; url: string };

/** The provider's options. Parts of a reply have their `block`, or the `members` that the part itself does not have. */
interface Own extends Members {
  block?: ContentBlock;
  members?: Members;
}

/** Returns the provider's options of a message or a part: those under `amazonBedrock`, or else under `bedrock`. */
export function ours({ providerOptions }: Holder): Own {
  return (providerOptions?.["amazonBedrock"] ?? providerOptions?.["bedrock"] ?? {}) as Own;
}

/** Returns a prompt as the core's messages. */
export function conversationOf(prompt: Prompt): MessageLike[] {
  const names = { documents: 0 };
  return prompt.map((message) => {
    const blocks: ContentBlock[] = [];
    if (message.role === "system") blocks.push({ type: "text", text: message.content });
    else for (const part of message.content) if (part.type !== "tool-approval-response") blocks.push(...blocksOf(part as Part, message.role, names));
    blocks.push(...cachePoint(message));
    return { role: message.role === "tool" ? "user" : message.role, content: blocks };
  });
}

/** Returns the cache point after a message or part, if its options ask for one. */
function cachePoint(holder: Holder): ContentBlock[] {
  const { cachePoint } = ours(holder);
  return cachePoint ? [{ cachePoint }] : [];
}

/** The number of documents without names. A document has the same name in each call, so that prompts can be cached. */
interface Names {
  documents: number;
}

function blocksOf(part: Part, role: string, names: Names): ContentBlock[] {
  const block = blockOf(part, role, names);
  return [...(block ? [block] : []), ...cachePoint(part)];
}

function blockOf(part: Part, role: string, names: Names): ContentBlock | undefined {
  const options = ours(part);
  switch (part.type) {
    case "text":
      return options.guardContent ? { guardContent: { text: { text: part.text, qualifiers: options.guardContentQualifiers ?? undefined } } } : { type: "text", text: part.text, ...options.members };
    case "reasoning":
      return reasoning(part.text, options);
    case "file":
      return file(part, options, names);
    case "tool-call":
      return { type: "tool_use", id: part.toolCallId, name: part.toolName, input: part.input, ...options.members };
    case "tool-result":
      return result(part, names);
    case "custom":
      if (options.block) return options.block;
      throw problem("unsupported", `content of this kind is not supported: ${part.kind}; only blocks that Bedrock returned can be sent back`);
    default:
      throw problem("unsupported", `content of this type is not supported in messages of role ${role}: \`${(part as { type: string }).type}\`; leave it out`);
  }
}

/** Returns reasoning. Models accept their reasoning only with its signature; other reasoning is not sent back. */
function reasoning(text: string, options: Own): ContentBlock | undefined {
  if (options.block) return options.block;
  const data = options.redactedContent ?? options.redactedData;
  if (isSet(data)) return { type: "redacted_thinking", data };
  const { signature, members } = options;
  return signature || members ? { type: "thinking", thinking: text, signature, ...members } : undefined;
}

function file(part: FilePart, options: Own, names: Names): ContentBlock {
  const { mediaType = "", filename } = part;
  const [top = "", sub] = mediaType.split("/");
  const whole = sub && sub !== "*" ? mediaType : undefined;
  const source = sourceOf(part.data, whole);
  if (top === "image" || top === "video" || top === "audio") {
    const block = { type: top, source };
    return options.guardContent && top === "image" ? { type: "guard_content", image: block } : block;
  }
  return { type: "document", source, title: filename?.replace(/\.[^.]*$/, "") || `document-${++names.documents}`, citations: options.citations ?? undefined };
}

function sourceOf(data: Data, mediaType: string | undefined): Members {
  if (typeof data === "string" || data instanceof Uint8Array) return { type: "base64", media_type: mediaType, data };
  if (data instanceof URL) return addressed(data, mediaType);
  switch (data.type) {
    case "data":
      return { type: "base64", media_type: mediaType, data: data.data };
    case "url":
      return addressed(data.url, mediaType);
    case "text":
      return { type: "text", media_type: mediaType ?? "text/plain", data: data.text };
    default:
      throw problem("unsupported", "a file is a reference to a provider's file, but Bedrock has no stored files; pass its data");
  }
}

const addressed = (url: URL, media_type: string | undefined): Members =>
  url.protocol === "s3:" ? { type: "s3", uri: String(url), media_type } : { type: "url", url: String(url) };

function result({ toolCallId, output }: ToolResult, names: Names): Members {
  return { type: "tool_result", tool_use_id: toolCallId, content: resultContent(output, names), is_error: output.type.startsWith("error") || output.type === "execution-denied" || undefined };
}

function resultContent(output: Output, names: Names): ContentBlock[] {
  switch (output.type) {
    case "text":
    case "error-text":
      return [{ type: "text", text: output.value }];
    case "execution-denied":
      return [{ type: "text", text: output.reason ?? "The tool call was denied." }];
    case "content":
      return output.value.flatMap((part) => contentBlock(part as ResultPart, names));
    default:
      return [{ type: "text", text: JSON.stringify(output.value) }];
  }
}

/** Returns the block of a part of a tool's result. */
function contentBlock(part: ResultPart, names: Names): ContentBlock[] {
  const options = ours(part);
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "file":
    case "file-data":
    case "media":
      return [file(part, options, names)];
    case "image-data":
      return [file({ mediaType: "image", ...part }, options, names)];
    case "file-url":
    case "image-url":
      return [file({ ...part, mediaType: part.mediaType ?? (part.type === "image-url" ? "image" : ""), data: new URL(part.url) }, options, names)];
    default:
      if (options.block) return [options.block];
      throw problem("unsupported", `content of this type is not supported in tool results: \`${part.type}\`; leave it out`);
  }
}
