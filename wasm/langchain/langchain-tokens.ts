// Estimates the tokens of a message's content without a request.

/**
 * UTF-8 bytes per token. English has at least four letters per token, or three to four in newer vocabularies; other
 * scripts have two or three bytes per letter.
 */
const BYTES = 3.5;

/** Tokens of an image or a file, whose real number depends on the model: Claude's number for a large image. */
const MEDIUM = 1600;

const MEDIA = /^(input_)?(image|image_url|audio|video|file|document)$/;

/** Members of blocks that are not text. */
const SILENT = new Set(["type", "index", "id", "cache_control", "signature"]);

/** Estimates the tokens of a message's content. The result is more often too high than too low. */
export function estimated(content: unknown): number {
  return Math.ceil(weight(content));
}

function weight(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: unknown) => sum + weight(item), 0);
  if (value && typeof value === "object") {
    if (isMedium(value as Block)) return MEDIUM;
    return Object.entries(value).reduce((sum, [name, member]) => sum + (SILENT.has(name) ? 0 : weight(member) + (name === "text" ? 0 : weight(name))), 0);
  }
  return value === undefined || value === null ? 0 : new TextEncoder().encode(String(value)).length / BYTES;
}

/** The members that determine the type of a block. */
type Block = { readonly type?: unknown; readonly source?: Source; readonly [name: string]: unknown };
type Source = { readonly type?: unknown; readonly text?: unknown } | null | undefined;

/** Returns whether a block is an image, a file, audio or video. A document of text is text. */
function isMedium(block: Block): boolean {
  // Converse's blocks have a member with the name of their type instead.
  const kind = typeof block.type === "string" ? block.type : (Object.keys(block)[0] ?? "");
  const source = block.source ?? (block[kind] as Block | null | undefined)?.source;
  return MEDIA.test(kind) && source?.type !== "text" && typeof source?.text !== "string";
}
