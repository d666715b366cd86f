// Reports a line for each file and runtime, every failure in full, and the totals at the end.
import { relative } from "node:path";

const place = (file) => (file ? relative(process.cwd(), file) : "");

export default async function* reporter(source) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const files = new Map();
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    // Suites and files are not counted as tests.
    const isSuite = data.details?.type === "suite" || data.name === data.file;
    const outcome = data.skip !== undefined ? "skipped" : type === "test:pass" ? "passed" : "failed";
    if (!isSuite) {
      sum[outcome]++;
      const counts = files.get(data.file) ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
      counts[outcome]++;
      counts.ms += data.details?.duration_ms ?? 0;
      files.set(data.file, counts);
    }
    if (outcome === "skipped") yield `skipped: ${data.name}${typeof data.skip === "string" ? ` (${data.skip})` : ""}\n`;
    if (type !== "test:fail") continue;
    const error = data.details?.error;
    // A suite fails because of its tests, which have been reported.
    if (isSuite && error?.failureType === "subtestsFailed") continue;
    if (isSuite) sum.failed++;
    const { cause } = error ?? {};
    yield `FAILED ${place(data.file)}: ${data.name}\n    ${String(cause?.stack ?? cause ?? error).replaceAll("\n", "\n    ")}\n`;
  }
  for (const [file, { passed, failed, skipped, ms }] of files) {
    yield `${place(file).padEnd(28)} ${passed} passed, ${failed} failed, ${skipped} skipped, ${(ms / 1000).toFixed(1)} s of tests\n`;
  }
  yield `\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`;
}
