export const MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0";
export const REGION = "us-east-1";
export const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
export const FIELDS = { model: MODEL, region: REGION, credentials: KEYS };

/** Yields the text of LangChain's chunks. */
export async function* textOf(stream) {
  for await (const { content } of await stream) if (content) yield content;
}
