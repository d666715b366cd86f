//! Writes the JavaScript glue of a wasm-bindgen module.
//!
//! `bedrock-chat-bindgen IN.wasm OUT_DIR NAME [--names]` writes `NAME.js` and `NAME_bg.wasm` to
//! `OUT_DIR`, as `wasm-bindgen --target web --no-typescript` does: one module for browsers, Node,
//! Workers and bundlers. The names of functions are removed, but with `--names` they are kept, for
//! `wasm/scripts/size-by-function`.

use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

const USAGE: &str = "usage: bedrock-chat-bindgen IN.wasm OUT_DIR NAME [--names]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (input, folder, name, keep_names) = match arguments.as_slice() {
        [input, folder, name] => (input, folder, name, false),
        [input, folder, name, flag] if flag == "--names" => (input, folder, name, true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match generate(Path::new(input), Path::new(folder), name, keep_names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bedrock-chat-bindgen: {input}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: &Path, folder: &Path, name: &str, keep_names: bool) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .input_path(input)
                .out_name(name)
                // The package's types are written by hand.
                .typescript(false)
                // Callers say which file they load: a default path breaks bundlers.
                .omit_default_module_path(true)
                .remove_name_section(!keep_names)
                .remove_producers_section(true)
                .generate(folder)
        })
        .map_err(|error| format!("{error:#}"))
}
