//! Writes the JavaScript glue of a wasm-bindgen module.
//!
//! `bedrock-chat-bindgen IN.wasm OUT_DIR NAME` writes `NAME.js` and `NAME_bg.wasm` to `OUT_DIR`, as
//! `wasm-bindgen --target web --no-typescript` does: one module for browsers, Node, Workers and bundlers.
//! The module keeps the names of its functions, for `make size`. `wasm-opt` removes them.

use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder, name] = arguments.as_slice() else {
        eprintln!("usage: bedrock-chat-bindgen IN.wasm OUT_DIR NAME");
        return ExitCode::from(2);
    };
    match generate(Path::new(input), Path::new(folder), name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bedrock-chat-bindgen: {input}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: &Path, folder: &Path, name: &str) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .input_path(input)
                .out_name(name)
                // The package has its own type declarations.
                .typescript(false)
                // Callers pass the module's path. A default path breaks bundlers.
                .omit_default_module_path(true)
                .remove_producers_section(true)
                .generate(folder)
        })
        .map_err(|error| format!("{error:#}"))
}
