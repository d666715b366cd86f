// Lays out the npm package in wasm/pkg, from wasm/js and a folder with the modules and their glue.
//
//   node wasm/scripts/assemble.mjs FOLDER [--no-budget]
//
// tsc compiles the TypeScript of wasm/js, wasm/langchain and wasm/ai-sdk; JavaScript and declaration files are copied.
// Prints the sizes, and fails if a module and its glue are over their budget.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wasm = join(root, "wasm");
const pkg = join(wasm, "pkg");
const [made, option] = process.argv.slice(2);

const [, VERSION] = /^version = "(.+)"/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"));

/** The main module, and those of other entries, which only programs that import them load. */
const MAIN = "bedrock_chat";
const CREDENTIALS = "bedrock_chat_credentials";
const GATEWAY = "bedrock_chat_gateway";
/** The entries with their own modules: their code, and their paths in `exports`. */
const OTHERS = { [CREDENTIALS]: { code: "sources", path: "./credentials" }, [GATEWAY]: { code: "gateway", path: "./gateway" } };
/** The module of `./local-bedrock`, which is for tests in Node. */
const LOCAL_BEDROCK = "bedrock_chat_local_bedrock";
const MODULES = [MAIN, ...Object.keys(OTHERS)];
/**
 * Maximum bytes of a module and its glue after gzip: the measured size plus 2 percent. One module serves every API and
 * family. When it had 225,000 bytes, a module for Converse alone would have had 188,000, and 176,000 without the messages
 * of LangChain and OpenAI. It is too little for a second module.
 */
const BUDGETS = { [MAIN]: 245_700, [CREDENTIALS]: 64_800, [GATEWAY]: 351_200 };
/** The runtimes that have an entry, each of which loads the module in its way. */
const RUNTIMES = ["node", "edge-light", "workerd", "browser"];
/** The entries of frameworks: their files, and their paths in `exports`. */
const FRAMEWORKS = { langchain: "./langchain", "ai-sdk": "./ai-sdk", "ai-sdk-v3": "./ai-sdk/v3" };
/** The entry without a module: the code of `./sse`. */
const SSE = "sse-reader";
/** The module's glue, which all entries require: a second copy of it would have no module. */
const GLUE = { [`./${MAIN}.js`]: `./${MAIN}.cjs` };

// The folder itself is kept: watchers and links into it keep working.
mkdirSync(pkg, { recursive: true });
for (const name of readdirSync(pkg)) rmSync(join(pkg, name), { recursive: true });
const compiled = compile();
layOut("js", /./);
layOut("langchain", /^langchain.*\.(js|ts)$/);
layOut("ai-sdk", /^ai-sdk.*\.(js|ts)$/);
rewrite(join(pkg, "ai-sdk-version.js"), (code) => code.replace("0.0.0", VERSION));
for (const module of [...MODULES, LOCAL_BEDROCK]) for (const name of [`${module}_bg.wasm`, `${module}.js`]) copyFileSync(join(made, name), join(pkg, name));
copyFileSync(join(wasm, "README.md"), join(pkg, "README.md"));
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(pkg, name));

const manifest = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
manifest.version = VERSION;

pack(MAIN, "packed.js");
await forRequire(`${MAIN}.js`, `${MAIN}.cjs`);
await forRequire("node.js", "node.cjs", GLUE);
for (const name of Object.keys(FRAMEWORKS)) await addFramework(name);
for (const module of Object.keys(OTHERS)) await addModule(module);
await addSse();
await addLocalBedrock();
removeUnnamedDeclarations();
// The types are equal, but TypeScript needs a file for each kind of module, which imports files of the same kind.
for (const name of named(["index", SSE, "local-bedrock", ...Object.keys(FRAMEWORKS), ...Object.values(OTHERS).map(({ code }) => code)])) {
  const types = readFileSync(join(pkg, `${name}.d.ts`), "utf8").replace(/((?:from|import\() ?"\.\/[\w-]+)\.js"/g, '$1.cjs"');
  writeFileSync(join(pkg, `${name}.d.cts`), types);
}
writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await report();

/** Writes a module as text, for bundles that are a single file, without a module next to it. */
function pack(module, name) {
  const packed = gzipSync(readFileSync(join(pkg, `${module}_bg.wasm`)), { level: 9 }).toString("base64");
  writeFileSync(join(pkg, name), `export const packed = () => "${packed}";\n`);
}

/** Compiles all TypeScript; returns the folder of the result. */
function compile() {
  const folder = join(wasm, ".cache", "compiled");
  rmSync(folder, { recursive: true, force: true });
  execFileSync(process.execPath, [join(wasm, "node_modules/typescript/bin/tsc"), "-p", wasm, "--outDir", folder], { stdio: ["ignore", 2, 2] });
  return folder;
}

/** Copies the files of a source folder into the package: TypeScript compiled, other files unchanged. */
function layOut(folder, included) {
  for (const name of readdirSync(join(wasm, folder)).filter((name) => included.test(name))) {
    const module = /^(.+)(?<!\.d)\.ts$/.exec(name)?.[1];
    if (!module) copyFileSync(join(wasm, folder, name), join(pkg, name));
    else for (const made of [`${module}.js`, `${module}.d.ts`]) copyFileSync(join(compiled, folder, made), join(pkg, made));
    // `#private` in declarations would make classes nominal: a program could not use two copies of the package, imported and required.
    if (module) rewrite(join(pkg, `${module}.d.ts`), (types) => types.replace(/^ +#private;\n/gm, ""));
    // A module that has only types has no code.
    if (module && readFileSync(join(pkg, `${module}.js`), "utf8").trim() === "export {};") rmSync(join(pkg, `${module}.js`));
  }
}

/** Changes the text of a file. */
function rewrite(path, change) {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

/** Returns the declarations that these entries import, directly or not, including the entries. */
function named(entries) {
  const found = new Set(entries);
  // The loop over a set also visits elements that are added during the loop.
  for (const name of found) {
    const types = readFileSync(join(pkg, `${name}.d.ts`), "utf8");
    for (const [, other] of types.matchAll(/(?:from|import\() ?"\.\/([\w-]+)\.js"/g)) if (existsSync(join(pkg, `${other}.d.ts`))) found.add(other);
  }
  return [...found];
}

/** Removes the declarations of modules that no entry's declarations import. */
function removeUnnamedDeclarations() {
  const own = Object.values(OTHERS).flatMap(({ code }) => [code, `${code}-manual`]);
  const kept = named(["index", SSE, "local-bedrock", "manual", ...Object.keys(FRAMEWORKS), ...own, ...MODULES.map((module) => `${module}_bg.wasm`)]);
  for (const name of readdirSync(pkg)) if (name.endsWith(".d.ts") && !kept.includes(name.slice(0, -5))) rmSync(join(pkg, name));
}

/**
 * Writes a CommonJS version of an entry. `external` lists the package's files that it requires and does not contain.
 */
async function forRequire(entry, outfile, external = {}) {
  await build({
    absWorkingDir: pkg,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node18",
    packages: "external",
    legalComments: "none",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
    define: { "import.meta.url": "here" },
    banner: { js: 'const here = require("node:url").pathToFileURL(__filename);' },
    plugins: [
      {
        name: "external",
        setup({ onResolve }) {
          onResolve({ filter: /^\.\// }, ({ path }) => external[path] && { path: external[path], external: true });
        },
      },
    ],
  });
}

/** Adds the entry of a framework: for every runtime, its module first. */
async function addFramework(name) {
  for (const runtime of RUNTIMES) {
    writeFileSync(join(pkg, `${name}-${runtime}.js`), `import "./${runtime}.js";\n\nexport * from "./${name}.js";\n`);
  }
  await forRequire(`${name}.js`, `${name}.cjs`, { ...GLUE, "./index.js": "./node.cjs" });
  manifest.sideEffects.push(...RUNTIMES.map((runtime) => `./${name}-${runtime}.js`), `./${name}.js`, `./${name}.cjs`);
  manifest.exports[FRAMEWORKS[name]] = conditions(name);
}

/** Adds an entry with its own module: its files for the runtimes are the package's own with the other module. */
async function addModule(module) {
  const { code, path } = OTHERS[module];
  const others = { [MAIN]: module, index: code, packed: `${code}-packed` };
  const other = (text) => text.replace(/(?<="\.\/)(bedrock_chat|index|packed)(?=(_bg\.wasm(\?module)?|\.js)")/g, (name) => others[name]);
  for (const name of [...RUNTIMES, "manual"].map((entry) => `${entry}.js`).concat("manual.d.ts")) {
    writeFileSync(join(pkg, `${code}-${name}`), other(readFileSync(join(pkg, name), "utf8")));
  }
  copyFileSync(join(pkg, `${MAIN}_bg.wasm.d.ts`), join(pkg, `${module}_bg.wasm.d.ts`));
  pack(module, `${code}-packed.js`);
  await forRequire(`${code}-node.js`, `${code}.cjs`);
  manifest.sideEffects.push(...RUNTIMES.map((runtime) => `./${code}-${runtime}.js`), `./${code}.cjs`);
  manifest.exports[path] = conditions(code);
  manifest.exports[`${path}/manual`] = { types: `./${code}-manual.d.ts`, default: `./${code}-manual.js` };
  manifest.exports[`./${module}_bg.wasm`] = { types: `./${module}_bg.wasm.d.ts`, default: `./${module}_bg.wasm` };
}

/** Adds the entry without a module, which is the same for each runtime. */
async function addSse() {
  await forRequire(`${SSE}.js`, `${SSE}.cjs`);
  manifest.exports["./sse"] = {
    require: { types: `./${SSE}.d.cts`, default: `./${SSE}.cjs` },
    types: `./${SSE}.d.ts`,
    default: `./${SSE}.js`,
  };
}

/** Adds the local Bedrock and its program, which are for Node alone. */
async function addLocalBedrock() {
  const name = "local-bedrock";
  await forRequire(`${name}.js`, `${name}.cjs`);
  manifest.exports[`./${name}`] = {
    require: { types: `./${name}.d.cts`, default: `./${name}.cjs` },
    types: `./${name}.d.ts`,
    default: `./${name}.js`,
  };
  manifest.bin = { [name]: `./${name}-cli.js` };
}

/** Returns the conditions of an entry that has a file for each runtime. */
function conditions(name) {
  const types = `./${name}.d.ts`;
  return {
    "edge-light": { types, default: `./${name}-edge-light.js` },
    workerd: { types, default: `./${name}-workerd.js` },
    node: {
      import: { types, default: `./${name}-node.js` },
      require: { types: `./${name}.d.cts`, default: `./${name}.cjs` },
    },
    types,
    default: `./${name}-browser.js`,
  };
}

/** Prints the size of each part, and the size of everything that an application loads. */
async function report() {
  const peers = [...MODULES.map((module) => `./${module}.js`), "@langchain/*"];
  const file = (name) => readFileSync(join(pkg, name));
  const rows = [
    ["the module", file(`${MAIN}_bg.wasm`)],
    ["its glue", file(`${MAIN}.js`)],
    ["the package's own code", await minified("index.js", peers)],
    ["bedrock-chat/langchain, beside", await minified("langchain.js", ["./index.js", ...peers])],
    ["the module of the credentials", file(`${CREDENTIALS}_bg.wasm`)],
    ["its glue", file(`${CREDENTIALS}.js`)],
    ["bedrock-chat/credentials, alone", await minified("sources.js", peers)],
    ["the module of the gateway", file(`${GATEWAY}_bg.wasm`)],
    ["its glue", file(`${GATEWAY}.js`)],
    ["bedrock-chat/gateway, alone", await minified("gateway.js", peers)],
    ["bedrock-chat/ai-sdk, beside", await minified("ai-sdk.js", ["./index.js", ...peers])],
    ["the module of the local Bedrock", file(`${LOCAL_BEDROCK}_bg.wasm`)],
    ["bedrock-chat/sse, alone", await minified(`${SSE}.js`, peers)],
  ].map(([title, bytes]) => [title, bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length]);
  const sum = (title, parts) => [title, ...[1, 2, 3].map((at) => parts.reduce((total, row) => total + row[at], 0))];
  const gated = {
    [MAIN]: sum("the module and its glue", rows.slice(0, 2)),
    [CREDENTIALS]: sum("both of the credentials", rows.slice(4, 6)),
    [GATEWAY]: sum("both of the gateway", rows.slice(7, 9)),
  };
  console.log(`${"".padEnd(34)} ${["bytes", "gzip", "brotli"].map((name) => name.padStart(8)).join(" ")}`);
  for (const [title, ...sizes] of [...rows, ...Object.values(gated), sum("what an application gets", rows.slice(0, 3))]) {
    console.log(`${title.padEnd(34)} ${sizes.map((size) => String(size).padStart(8)).join(" ")}`);
  }
  if (option === "--no-budget") return;
  for (const [module, [title, , size]] of Object.entries(gated)) {
    const over = size - BUDGETS[module];
    console.log(`budget of ${module} (${title}): ${BUDGETS[module]} bytes after gzip: ${over > 0 ? `OVER by ${over}` : `${-over} left`}`);
    if (over > 0) process.exitCode = 1;
  }
}

/** Returns a file and its imports, minified as a bundler would. */
async function minified(name, external) {
  const { outputFiles } = await build({ entryPoints: [join(pkg, name)], absWorkingDir: pkg, bundle: true, minify: true, format: "esm", target: "es2022", write: false, external, logLevel: "warning" });
  return outputFiles[0].contents;
}
