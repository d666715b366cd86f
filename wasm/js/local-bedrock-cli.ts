#!/usr/bin/env node
// The local Bedrock as a program: `npx local-bedrock --port 8080`.
import { parseArgs } from "node:util";
import { LocalBedrock } from "./local-bedrock.js";

/** The options: the name, the value (empty for a flag), and the help. */
const OPTIONS: readonly (readonly [name: string, value: string, help: string])[] = [
  ["port", "PORT", "port to listen on; 0 takes any free one (8080)"],
  ["mantle-port", "PORT", "port that is always bedrock-mantle; 0 takes any free one (0)"],
  ["host", "ADDRESS", "address to listen on; there is no TLS: keep it on loopback (127.0.0.1)"],
  ["prefix", "PATH", "path in front of every operation, for example /bedrock"],
  ["region", "REGION", "the only region that signatures may be scoped to; any if left out"],
  ["frame-delay-ms", "MS", "pause before each frame of a stream (15)"],
  ["clock-offset", "SECONDS", "seconds that this server's clock is ahead; negative: --clock-offset=-60"],
  ["no-verify", "", "accept every request without checking signatures and keys"],
  ["strict-alternation", "", "refuse Anthropic messages with two turns of one role in a row"],
  ["application-profile", "ID=MODEL", "an application inference profile; may be repeated"],
  ["opaque-family", "VENDOR", "vendor behind ARNs that do not name a model (anthropic)"],
  ["help", "", "show this text"],
];

function help(): string {
  const rows = OPTIONS.map(([name, value, text]) => `  ${`--${name} ${value}`.padEnd(32)} ${text}`);
  return ["A local imitation of Amazon Bedrock for offline tests.", "", "  npx local-bedrock [OPTIONS]", "", ...rows].join("\n");
}

function number(values: { [name: string]: unknown }, name: string, preset: number): number {
  const text = values[name];
  const value = text === undefined ? preset : Number(text);
  if (!Number.isInteger(value) || text === "") throw new TypeError(`--${name} must be a whole number: ${String(text)}`);
  return value;
}

async function main(): Promise<void> {
  const options = OPTIONS.map(([name, value]) => [name, { type: value ? "string" : "boolean", multiple: name === "application-profile", ...(name === "help" && { short: "h" }) }] as const);
  const { values } = parseArgs({ options: Object.fromEntries(options) });
  if (values["help"]) return console.log(help());
  const named = (name: string) => values[name] as string | undefined;
  const profiles = ((values["application-profile"] ?? []) as string[]).map((profile): [string, string] => {
    const at = profile.indexOf("=");
    if (at < 0) throw new TypeError(`--application-profile must be ID=MODEL: ${profile}`);
    return [profile.slice(0, at), profile.slice(at + 1)];
  });
  const bedrock = await LocalBedrock.start({
    port: number(values, "port", 8080),
    mantlePort: number(values, "mantle-port", 0),
    host: named("host"),
    prefix: named("prefix"),
    region: named("region"),
    frameDelay: number(values, "frame-delay-ms", 15),
    clockOffset: number(values, "clock-offset", 0),
    verifySignatures: !values["no-verify"],
    strictAlternation: values["strict-alternation"] === true,
    opaqueFamily: named("opaque-family"),
    applicationProfiles: Object.fromEntries(profiles),
  });
  console.log(bedrock.instructions);
}

main().catch((error: Error) => {
  console.error(`local-bedrock: ${error.message}; --help lists the options`);
  if (process) process.exitCode = 1;
});
