// A few assertions that work in every runtime.

export function ok(value, why = "it should hold") {
  if (!value) throw new Error(why);
}

export function equal(actual, expected, why = "") {
  const [left, right] = [written(actual), written(expected)];
  if (left !== right) throw new Error(`${why && `${why}: `}got ${left}\nexpected ${right}`);
}

export function includes(text, part) {
  if (typeof text !== "string" || !text.includes(part)) throw new Error(`${written(text)} does not contain ${written(part)}`);
}

/** Runs a function that must fail, and returns its error. */
export async function fails(run, kind) {
  let value;
  try {
    value = await run();
  } catch (error) {
    ok(error instanceof Error, `not an Error was thrown: ${written(error)}`);
    if (kind) equal(error.kind, kind, `${error.message}`);
    return error;
  }
  throw new Error(`it should have failed${kind ? ` (${kind})` : ""}, it gave ${written(value)}`);
}

/**
 * The time, in milliseconds, after which a test that still waits fails. It only ends tests that hang: a machine may be
 * slow and busy, so no test depends on how much of it passes.
 */
export const HANGS = 180_000;

/** Waits until something holds, and returns it. `what` names it. */
export async function until(holds, what) {
  // Some tests set the clock.
  const end = performance.now() + HANGS;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await pause(20);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** JSON with sorted keys, so that the order of members does not count. */
function written(value) {
  const sorted = (key, item) =>
    item && typeof item === "object" && !Array.isArray(item) && !(item instanceof Error)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  return value instanceof Error ? `${value.name}: ${value.message}` : (JSON.stringify(value, sorted) ?? String(value));
}
