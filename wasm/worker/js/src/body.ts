import { Refusal } from "./refusal.js";

/** Maximum bytes of a body: longer than any conversation with images that Bedrock accepts. */
const LONGEST = 25_000_000;

/** Returns the text of a body. Reads no more than the maximum. */
export async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length")) > LONGEST) throw tooLong();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  // Breaking out of the loop cancels the body.
  for await (const piece of request.body ?? []) {
    length += piece.byteLength;
    if (length > LONGEST) throw tooLong();
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

const tooLong = () => new Refusal(413, "encode", "the body is longer than 25 MB");
