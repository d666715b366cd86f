import { DurableObject, waitUntil } from "cloudflare:workers";
import type { Gateway, GatewayCounter, GatewayKeyUse, GatewaySpending } from "bedrock-chat/gateway";
import { readEnv, type Env } from "./env.js";
import { newGateway } from "./settings.js";

/** A gateway that only counts. All objects in an isolate share it. */
let counting: Gateway | undefined;

/**
 * The use of one key. There is one object for each key that has a limit or a budget, and all isolates of the Worker
 * call it. It keeps nothing in memory, so it may end at any time. The calls to Bedrock are not made here. An object has one
 * thread and six connections, and it is billed for as long as it has a request.
 */
export class KeyLimits extends DurableObject<Env> {
  /** Counts a call of the key, unless it exceeds a limit of the key. Returns what the key had used before. */
  async admit(key: string): Promise<GatewayKeyUse> {
    const gateway = (counting ??= await newGateway(readEnv(this.env)));
    this.#restore(gateway, key);
    const before = gateway.admit(key);
    // A refused call changes nothing, and storing costs.
    if (gateway.used(key).requests > before.requests) this.#store(gateway, key);
    return before;
  }

  /** Counts the tokens and the cost of a call that has ended. */
  async record(key: string, spending: GatewaySpending): Promise<void> {
    const gateway = (counting ??= await newGateway(readEnv(this.env)));
    this.#restore(gateway, key);
    gateway.record(key, spending);
    this.#store(gateway, key);
  }

  // No `await` may be between these two, so that no other call is counted in between.
  #restore(gateway: Gateway, key: string): void {
    gateway.restore(key, this.ctx.storage.kv.get<GatewayKeyUse>("use") ?? {});
  }

  #store(gateway: Gateway, key: string): void {
    this.ctx.storage.kv.put("use", gateway.used(key));
  }
}

/** Returns the counter of the gateway, if there is the binding `LIMITS`. Without it, each isolate counts separately. */
export function counter({ LIMITS }: Env): GatewayCounter | undefined {
  if (!LIMITS) return undefined;
  return {
    admit: (key) => LIMITS.getByName(key).admit(key),
    record: (key, spending) => {
      const recorded = LIMITS.getByName(key).record(key, spending);
      // The client has its answer, or has left. Without this, the Worker would end before the object has the numbers.
      waitUntil(recorded);
      return recorded;
    },
  };
}
