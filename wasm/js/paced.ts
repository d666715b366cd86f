/**
 * Runs the calls of a batch in their order, as many at a time as `limit` returns. After the first error, which it throws,
 * no further call begins.
 */
export async function paced(count: number, limit: () => number, call: (at: number) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  for (let next = 0; next < count || running.size; ) {
    while (next < count && running.size < limit()) {
      const one = call(next++).finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.race(running);
  }
}
