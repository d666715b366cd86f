// The events of a stream in the form of the module: lists that begin with the event's name. wasm/src/events.rs writes
// them.
import type { ContentBlock } from "./fields.js";
import type { UsageMetadata } from "./reply.js";
import type { Members } from "./schema.js";
import type { CoreError } from "./thrown.js";

/** An event has up to three values. The unused ones are absent. */
type Event<Name extends string, First, Second = undefined, Third = undefined> = readonly [name: Name, first: First, second: Second, third: Third];

/** An event of a stream. The first value is the block's index, unless the comment of the event says otherwise. */
export type StreamEvent =
  /** The reply's id and the model. */
  | Event<"start", string | null, string | null>
  | Event<"text" | "thinking" | "signature" | "args", number, string>
  | Event<"citation", number, unknown>
  /** A further member of a text, of reasoning or of a tool call: its name and its value. The last value counts. */
  | Event<"member", number, string, unknown>
  /** A tool call begins: its id and the tool's name. */
  | Event<"tool", number, string, string>
  | Event<"block", number, ContentBlock>
  /** A block ends. */
  | Event<"end", number>
  /** The stop reason and the stop sequence. */
  | Event<"stop", string, string | null>
  | Event<"usage", UsageMetadata>
  /** The name and the value. */
  | Event<"metadata", string, unknown>
  /** An event that the module does not know: its name and its content. */
  | Event<"unknown", string, unknown>;

/** Collects the further members of blocks until the blocks end. */
export class BlockMembers {
  #types = new Map<number, "text" | "thinking" | "tool_use">();
  #members = new Map<number, Members>();

  /** Adds an event. */
  push([name, index, key, value]: StreamEvent): void {
    if (name === "member") this.#members.set(index, { ...this.#members.get(index), [key]: value });
    else if (name === "text" || name === "citation") this.#types.set(index, "text");
    else if (name === "thinking" || name === "signature") this.#types.set(index, "thinking");
    else if (name === "tool") this.#types.set(index, "tool_use");
  }

  /** Returns the type and the further members of a block that ends, and forgets them; `undefined` if it has no such members. */
  end(index: number): { type: "text" | "thinking" | "tool_use"; members: Members } | undefined {
    const [type, members] = [this.#types.get(index), this.#members.get(index)];
    this.#types.delete(index);
    this.#members.delete(index);
    if (!type || !members) return undefined;
    if (type !== "tool_use") return { type, members };
    // In LangChain's `extras`, an `id` is not the id of the call.
    const [own, extras]: [Members, Members] = [{}, {}];
    for (const [key, value] of Object.entries(members)) (["type", "id", "name", "input"].includes(key) ? extras : own)[key] = value;
    return { type, members: Object.keys(extras).length ? { ...own, extras } : own };
  }
}

/** An event of the module: the last one may be an error. */
export type CoreEvent = StreamEvent | Event<"error", CoreError>;
