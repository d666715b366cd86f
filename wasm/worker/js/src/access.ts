import type { Env } from "./env.js";
import { Refusal } from "./refusal.js";

/**
 * Accepts a request that has the Worker's ACCESS_TOKEN as its bearer token. Every answer costs money, so all requests
 * are refused if there is no token. Replace this with your own sessions: requests of strangers must be refused.
 */
export async function checkAccess(request: Request, env: Env): Promise<void> {
  if (!env.ACCESS_TOKEN) {
    throw new Refusal(
      503,
      "config",
      "this Worker has no ACCESS_TOKEN yet, so it refuses all requests: set one with `wrangler secret put ACCESS_TOKEN`",
    );
  }
  const token = /^Bearer (.*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token === undefined || !(await same(token, env.ACCESS_TOKEN))) {
    throw new Refusal(401, "unauthorized", "send the header: authorization: Bearer <ACCESS_TOKEN>");
  }
}

/** Compares two texts in a time that does not depend on where they differ, or on their lengths. */
async function same(left: string, right: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const [a, b] = await Promise.all([digest(left), digest(right)]);
  return crypto.subtle.timingSafeEqual(a, b);
}
