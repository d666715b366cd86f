import { BedrockChat, mintApiKey, toSSE } from "bedrock-chat";
import { checkAccess } from "./access.js";
import { readAsk, readObject } from "./ask.js";
import { awsKeys, awsKeysEnd, connection, readEnv, type Env } from "./env.js";
import { gateway } from "./gateway.js";
import { Refusal, refuse } from "./refusal.js";

export { KeyLimits } from "./limits.js";

const SSE = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform" };

/** The maximum silence in milliseconds. Load balancers close silent connections, most of them after 60 seconds. */
const KEEP_ALIVE = 15_000;

/** Fifteen minutes, which limits the damage if a browser loses its key. */
const LONGEST_KEY = 900;

export default {
  async fetch(request, bindings) {
    try {
      const env = readEnv(bindings);
      const handle = ROUTES[new URL(request.url).pathname];
      // The gateway checks its clients' keys itself.
      if (!handle) return await gateway(request, env);
      if (request.method !== "POST") throw new Refusal(405, "method_not_allowed", "ask with POST");
      await checkAccess(request, env);
      return await handle(request, env);
    } catch (error) {
      return refuse(error);
    }
  },
} satisfies ExportedHandler<Env>;

const ROUTES: Record<string, (request: Request, env: Env) => Promise<Response>> = { "/chat": chat, "/key": key };

/**
 * Streams an answer as Server-Sent Events. When the client disconnects, the call to Bedrock is cancelled. An error has
 * its status, unless the model thinks for so long that the response begins before it: then it is an event.
 */
async function chat(request: Request, env: Env): Promise<Response> {
  const { model, messages, options } = await readAsk(request, env);
  const stream = new BedrockChat({ model, ...connection(env) }).stream(messages, { ...options, signal: request.signal });
  let timer: number | null = null;
  const silence = new Promise<void>((resolve) => (timer = setTimeout(resolve, KEEP_ALIVE)));
  await Promise.race([stream, silence]).finally(() => clearTimeout(timer));
  return new Response(toSSE(stream, { onError: console.error, keepAlive: KEEP_ALIVE }), { headers: SSE });
}

/**
 * Makes a key with which a browser can call Bedrock itself, for some minutes, so that it never has the AWS keys. The
 * key has their permissions: give them a policy that allows only to invoke the models.
 */
async function key(request: Request, env: Env): Promise<Response> {
  const { expiresIn = LONGEST_KEY } = await readObject(request, ["expiresIn"]);
  if (typeof expiresIn !== "number" || !Number.isSafeInteger(expiresIn) || expiresIn < 1 || expiresIn > LONGEST_KEY) {
    throw Refusal.bad(`expiresIn must be a whole number of seconds from 1 to ${LONGEST_KEY}`);
  }
  const credentials = awsKeys(env);
  if (!credentials || awsKeysEnd(env) <= Date.now()) {
    throw new Refusal(503, "config", "this Worker has no AWS keys to make a key of, or they have ended");
  }
  const region = env.AWS_REGION || "us-east-1";
  const apiKey = await mintApiKey({ credentials, region, expiresIn });
  // The key expires with the AWS keys that it is made from.
  const end = Math.min(Date.now() + expiresIn * 1000, awsKeysEnd(env));
  return Response.json({ apiKey, region, expiresAt: new Date(end).toISOString() }, { headers: { "cache-control": "no-store" } });
}
