// Lays out the npm package in wasm/pkg, from wasm/js and a folder with the module and its glue.
//
//   node wasm/scripts/assemble.mjs FOLDER
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wasm = join(root, "wasm");
const pkg = join(wasm, "pkg");
const made = process.argv[2];

// The folder stays: watchers and links into it keep working.
mkdirSync(pkg, { recursive: true });
for (const name of readdirSync(pkg)) rmSync(join(pkg, name), { recursive: true });
cpSync(join(wasm, "js"), pkg, { recursive: true });
for (const name of readdirSync(join(wasm, "langchain")).filter((name) => /^langchain.*\.(js|d\.ts)$/.test(name))) {
  copyFileSync(join(wasm, "langchain", name), join(pkg, name));
}
for (const name of ["bedrock_chat_bg.wasm", "bedrock_chat.js"]) copyFileSync(join(made, name), join(pkg, name));
copyFileSync(join(wasm, "README.md"), join(pkg, "README.md"));
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(pkg, name));

const manifest = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
manifest.version = /^version = "(.+)"/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];

await forRequire("node.js", "node.cjs");
await addLangChain();
// The types are the same; TypeScript wants a file for each kind of module.
for (const name of readdirSync(pkg).filter((name) => /^(index|langchain)\.d\.ts$/.test(name))) {
  copyFileSync(join(pkg, name), join(pkg, name.replace(".d.ts", ".d.cts")));
}
writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
report();

/** A CommonJS twin of an entry. `external` says which of the package's files it requires rather than contains. */
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

/** `bedrock-chat/langchain`: for every runtime, its module first. */
async function addLangChain() {
  for (const runtime of ["node", "workerd", "browser"]) {
    writeFileSync(join(pkg, `langchain-${runtime}.js`), `import "./${runtime}.js";\n\nexport * from "./langchain.js";\n`);
  }
  await forRequire("langchain.js", "langchain.cjs", { "./index.js": "./node.cjs" });
  manifest.sideEffects.push("./langchain*.js", "./langchain.cjs");
  manifest.exports["./langchain"] = {
    workerd: { types: "./langchain.d.ts", default: "./langchain-workerd.js" },
    node: {
      import: { types: "./langchain.d.ts", default: "./langchain-node.js" },
      require: { types: "./langchain.d.cts", default: "./langchain.cjs" },
    },
    types: "./langchain.d.ts",
    default: "./langchain-browser.js",
  };
}

function report() {
  const size = (name) => {
    const bytes = readFileSync(join(pkg, name));
    return [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
  };
  for (const name of ["bedrock_chat_bg.wasm", "bedrock_chat.js"]) {
    const [raw, gzip, brotli] = size(name);
    console.log(`${name.padEnd(24)} ${String(raw).padStart(7)} bytes, gzip ${gzip}, brotli ${brotli}`);
  }
}
