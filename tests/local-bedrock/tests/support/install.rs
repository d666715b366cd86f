//! Installs clients once, below cargo's target folder, and runs scripts with them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // Tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Returns the path of a script in `tests/sdk`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs an installation step. `Err` is the reason to skip; a failure that the network did not cause fails the test.
fn install(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = said(&output);
    let unreachable = [
        "Could not find a version",
        "No matching distribution",
        "ENOTFOUND",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "EAI_AGAIN",
        "ENETUNREACH",
        "E404",
        "network",
        "ensurepip is not available",
    ];
    let reason = unreachable.iter().find(|sign| said.contains(**sign));
    match reason {
        Some(reason) => Err(format!("{name}: {reason}")),
        None => panic!("{name} failed:\n{said}"),
    }
}

/// Installs Python packages into the virtual environment `name` and returns its interpreter.
pub(crate) fn python(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    // Tests of one binary run at the same time and may share an environment.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let home = folder(name);
    let python = home.join("bin/python");
    let done = home.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).unwrap_or_default() != wanted {
        install(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        install(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        std::fs::write(done, wanted).unwrap();
    }
    Ok(python)
}

/// Installs npm packages into the folder `name` and copies a script to where it finds them.
pub(crate) fn javascript(name: &str, packages: &[&str], check: &str) -> Result<PathBuf, String> {
    let home = folder(name);
    let done = home.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).unwrap_or_default() != wanted {
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("package.json"), r#"{"private": true, "type": "module"}"#).unwrap();
        let arguments = ["install", "--silent", "--no-audit", "--no-fund"];
        install(Command::new("npm").args(arguments).args(packages).current_dir(&home))?;
        std::fs::write(done, wanted).unwrap();
    }
    // Node looks up modules from the script's folder.
    let copy = home.join(check);
    std::fs::copy(script(check), &copy).unwrap();
    Ok(copy)
}

/// Runs a script to its end, which must be a success.
pub(crate) async fn run(mut command: Command) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    print!("{}", said(&output));
}
