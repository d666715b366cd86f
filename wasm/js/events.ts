// The events of a stream in the form of the module: lists that begin with the event's name. wasm/src/events.rs writes
// them.
import type { ContentBlock } from "./fields.js";
import type { UsageMetadata } from "./reply.js";
import type { CoreError } from "./thrown.js";

/** An event has up to three values. The unused ones are absent. */
type Event<Name extends string, First, Second = undefined, Third = undefined> = readonly [name: Name, first: First, second: Second, third: Third];

/** An event of a stream. The first value is the block's index, unless the comment of the event says otherwise. */
export type StreamEvent =
  /** The reply's id and the model. */
  | Event<"start", string | null, string | null>
  | Event<"text" | "thinking" | "signature" | "args", number, string>
  | Event<"citation", number, unknown>
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

/** An event of the module: the last one may be an error. */
export type CoreEvent = StreamEvent | Event<"error", CoreError>;
