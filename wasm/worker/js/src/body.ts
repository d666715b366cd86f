import { Refusal } from "./refusal.js";

/** In bytes: longer than any conversation with images that Bedrock takes. */
const LONGEST = 25_000_000;

/** The text of a body, of which no more is read than may be. */
export async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length")) > LONGEST) throw tooLong();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  // Leaving the loop cancels the body.
  for await (const piece of request.body ?? []) {
    length += piece.byteLength;
    if (length > LONGEST) throw tooLong();
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

const tooLong = () => new Refusal(413, "encode", "the body is longer than 25 MB");
