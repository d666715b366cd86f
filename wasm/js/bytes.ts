/** Returns the base64 of bytes in any container. */
export function base64(data: ArrayBuffer | ArrayBufferView): string {
  const bytes: Uint8Array & { toBase64?: () => string } = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  if (bytes.toBase64) return bytes.toBase64();
  let text = "";
  // The bytes are converted in pieces, as a call accepts a limited number of arguments.
  for (let at = 0; at < bytes.length; at += 0x4000) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 0x4000) as unknown as number[]);
  }
  return btoa(text);
}

const isBytes = (value: unknown): value is ArrayBuffer | ArrayBufferView => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

// Every object is searched once: a search of objects that refer to each other would never end.
function hasBytes(value: unknown, seen = new Set<unknown>()): boolean {
  if (!value || typeof value !== "object" || seen.has(value)) return false;
  if (isBytes(value)) return true;
  // A Blob, a File or a Response has no members: its JSON would be {}.
  if (typeof (value as { arrayBuffer?: unknown }).arrayBuffer === "function") throw new TypeError("a Blob must be read first; pass `new Uint8Array(await blob.arrayBuffer())`");
  seen.add(value);
  for (const key in value) if (hasBytes((value as Record<string, unknown>)[key], seen)) return true;
  return false;
}

/** JSON in which bytes are base64. */
export function stringify(value: unknown): string | undefined {
  return hasBytes(value) ? JSON.stringify(value, replacer) : JSON.stringify(value);
}

// Not `value`: an object with a `toJSON`, such as Node's Buffer, is already converted there.
function replacer(this: { readonly [key: string]: unknown }, key: string, value: unknown): unknown {
  const own = this[key];
  return isBytes(own) ? base64(own) : value;
}
