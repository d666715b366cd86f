// Bundles a Worker as wrangler does, and runs it in workerd.
import { build } from "esbuild";
import { builtinModules, createRequire } from "node:module";

const { Miniflare } = createRequire(new URL("../../../package.json", import.meta.url))("miniflare");

/** Makes a `require` of Node's modules an import, as workerd has no `require`. */
const builtins = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z_/]+$/ }, ({ path }) => (builtinModules.includes(path) ? { path, namespace: "builtin" } : undefined));
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({ contents: `export * from "node:${path}"; export { default } from "node:${path}";` }));
  },
};

/** Starts the Worker in the file `main`. `options` are Miniflare's, such as bindings. */
export async function startWorker(main, options) {
  const { outputFiles } = await build({
    entryPoints: [main], bundle: true, minify: true, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], write: false, outdir: "/out",
    loader: { ".wasm": "copy" }, assetNames: "[name]", external: ["node:*", "cloudflare:*"], plugins: [builtins], logLevel: "error",
  });
  const modules = outputFiles.map(({ path, contents }) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: path.replace(/^.*[/\\]/, ""), contents }));
  // The first module is the Worker.
  modules.sort(({ type }) => (type === "ESModule" ? -1 : 1));
  return new Miniflare({ modules, compatibilityDate: "2026-01-01", compatibilityFlags: ["nodejs_compat"], host: "127.0.0.1", cf: false, ...options });
}
