import { RateLimiter as Core } from "./bedrock_chat.js";
import { checkFields } from "./checks.js";
import type { RateLimits } from "./fields.js";
import { loaded } from "./thrown.js";

/**
 * A limit of requests and tokens a minute. Give one to all chat models that share a quota, for example all that call one
 * model in one region.
 *
 * Calls are sent in the order in which they were made. After a pause, up to 10 seconds' worth can be sent at once. If the
 * service throttles a call nevertheless, its `Retry-After` delays all calls, by at most a minute. The limits are then
 * reduced until calls succeed again.
 */
export class RateLimiter {
  declare readonly requestsPerMinute: number | undefined;
  declare readonly tokensPerMinute: number | undefined;
  declare readonly outputWeight: number | undefined;
  #core: Core;

  constructor(limits: RateLimits = {}) {
    checkFields(limits, "limiter");
    const { requestsPerMinute, tokensPerMinute, outputWeight } = limits;
    Object.assign(this, { requestsPerMinute, tokensPerMinute, outputWeight });
    this.#core = loaded(() => new Core(requestsPerMinute ?? undefined, tokensPerMinute ?? undefined, outputWeight ?? undefined));
  }

  /**
   * Returns a limiter that models can share.
   *
   * @internal
   */
  static of(given: RateLimiter | RateLimits): RateLimiter {
    // The limiter of another copy of the package belongs to another module. It has the limits, but is not shared.
    return #core in given ? given : new RateLimiter(given);
  }

  /**
   * Returns the module's limiter, for one more model.
   *
   * @internal
   */
  share(): Core {
    return this.#core.share();
  }
}
