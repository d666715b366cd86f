// Parts of a call, measured alone in Node: signing, and loading the WebAssembly module.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import signers from "./signers.js";
import { median } from "./table.js";

/** Prints the time of one signature of a request of 1 KiB. */
export async function measureSigners(rounds) {
  console.log("\nsigning 1 KiB");
  for (const { name, sign } of signers) {
    for (let n = 0; n < 3000; n++) await sign();
    const samples = [];
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      for (let n = 0; n < 1000; n++) await sign();
      samples.push(performance.now() - started);
    }
    console.log(`${name.padEnd(64)} ${median(samples).toFixed(1).padStart(6)} us`);
  }
}

/** Prints how long the module takes to compile and to instantiate, each time in a new process. */
export function measureModule(rounds) {
  const pkg = new URL("node_modules/bedrock-chat/", import.meta.url);
  const script = `
    import { readFileSync } from "node:fs";
    import { initSync } from ${JSON.stringify(new URL("manual.js", pkg).href)};
    const bytes = readFileSync(${JSON.stringify(fileURLToPath(new URL("bedrock_chat_bg.wasm", pkg)))});
    const started = performance.now();
    const module = new WebAssembly.Module(bytes);
    const compiled = performance.now();
    initSync({ module });
    console.log(JSON.stringify([compiled - started, performance.now() - compiled]));`;
  const run = () => JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }));
  const samples = Array.from({ length: rounds }, run);
  const [compile, instantiate] = [0, 1].map((at) => median(samples.map((sample) => sample[at])).toFixed(2));
  console.log(`\nthe module in Node: compiled in ${compile} ms, instantiated in ${instantiate} ms`);
}
