// Names of Rust functions in a WebAssembly module.

/** Returns a name without the hashes of Rust's mangling, which differ in each build. */
export function readable(name) {
  return name.replace(/::h[0-9a-f]{16}$/, "").replaceAll(/\[[0-9a-f]{8,16}\]/g, "");
}

const STANDARD = new Set(["core", "alloc", "std", "hashbrown", "compiler_builtins"]);

/**
 * Returns the crate that a function belongs to. A generic function of the standard library belongs to the
 * crate of the type it was compiled for, if the name contains that type.
 */
export function crateOf(symbol) {
  const found = [...readable(symbol).matchAll(/(?<![\w:.])([a-z_][a-z0-9_]*)(?=::)/g)].map((match) => match[1]);
  const own = found.find((name) => !STANDARD.has(name));
  if (own && !/^(str|slice|char|bool|[iu](8|16|32|64|128|size)|f32|f64)$/.test(own)) return own;
  if (found.length) return found[0];
  if (/^(mem|__|rust_|_R|_ZN)/.test(symbol)) return "(runtime)";
  return "(exports)";
}
