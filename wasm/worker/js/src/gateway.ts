import type { Gateway } from "bedrock-chat/gateway";
import type { Env } from "./env.js";
import { counter } from "./limits.js";
import { newGateway } from "./settings.js";
import { recorder } from "./usage.js";

/** The gateway of this isolate. */
let kept: Gateway | undefined;

/** Answers a request for one of the gateway's paths. */
export async function gateway(request: Request, env: Env): Promise<Response> {
  kept ??= await newGateway(env, { counter: counter(env), onCall: recorder(env) });
  return kept.fetch(request);
}
