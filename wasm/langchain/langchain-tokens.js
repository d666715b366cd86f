// How many tokens a content may have, without asking anybody.

/** UTF-8 bytes to a token. English has four letters and more to one, newer vocabularies three to four; other scripts have two or three bytes to a letter. */
const BYTES = 3.5;

/** Tokens of a medium, whose size in tokens only the model knows: what Claude counts for a large image. */
const MEDIUM = 1600;

const MEDIA = /^(input_)?(image|image_url|audio|video|file|document)$/;

/** Members of blocks that are not text. */
const SILENT = new Set(["type", "index", "id", "cache_control", "signature"]);

/** An estimate of the tokens of a message's content, rather too high than too low. */
export function estimated(content) {
  return Math.ceil(weight(content));
}

function weight(value) {
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + weight(item), 0);
  if (value && typeof value === "object") {
    if (isMedium(value)) return MEDIUM;
    return Object.entries(value).reduce((sum, [name, member]) => sum + (SILENT.has(name) ? 0 : weight(member) + (name === "text" ? 0 : weight(name))), 0);
  }
  return value === undefined || value === null ? 0 : new TextEncoder().encode(String(value)).length / BYTES;
}

/** Returns whether a block is an image, a file, audio or video. A document of text is text. */
function isMedium(block) {
  // Converse's blocks have a member of that name instead of a type.
  const kind = typeof block.type === "string" ? block.type : (Object.keys(block)[0] ?? "");
  const source = block.source ?? block[kind]?.source;
  return MEDIA.test(kind) && source?.type !== "text" && typeof source?.text !== "string";
}
