//! Installs programs of other projects once, below cargo's target folder, and runs scripts with them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // Tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Returns the path of a script in the folder `tests` of the crate that is tested.
pub(crate) fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// How often an installation step is tried: a registry may fail for a moment.
const TRIES: usize = 3;

/// The variable that says what to do about programs of other projects: `required` fails a test whose program cannot be
/// installed, as in `.ci/run`. `skipped` installs nothing, as in `make quick`. By default, a test is skipped if its
/// program cannot be installed.
const CLIENTS: &str = "TEST_CLIENTS";

fn is_set_to(value: &str) -> bool {
    std::env::var(CLIENTS).is_ok_and(|set| set == value)
}

/// Reports that a test is skipped, because its program is not installed.
///
/// # Panics
/// If `TEST_CLIENTS` is `required`.
pub(crate) fn skipped(reason: &str) {
    assert!(!is_set_to("required"), "a program could not be installed, and `{CLIENTS}` is `required`: {reason}");
    println!("skipped: {reason}");
}

/// Runs an installation step. `Err` is the reason to skip; a failure that the network did not cause fails the test.
fn install(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    if is_set_to("skipped") {
        return Err(format!("{name}: `{CLIENTS}` is `skipped`"));
    }
    let mut said = String::new();
    for _ in 0..TRIES {
        let output = command.output().map_err(|error| format!("{name}: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        said = self::said(&output);
    }
    let unreachable = [
        "Could not find a version",
        "No matching distribution",
        "ENOTFOUND",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "Read timed out",
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

/// Installs npm packages into the folder `name` and returns its path.
pub(crate) fn node_modules(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let home = folder(name);
    let done = home.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).unwrap_or_default() != wanted {
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("package.json"), r#"{"private": true, "type": "module"}"#).unwrap();
        // `--silent` would also hide the reason of a failure.
        let arguments = ["install", "--loglevel=error", "--no-audit", "--no-fund"];
        install(Command::new("npm").args(arguments).args(packages).current_dir(&home))?;
        std::fs::write(done, wanted).unwrap();
    }
    Ok(home)
}

/// Installs npm packages into the folder `name` and copies a script, and the modules next to it, to where it finds them.
pub(crate) fn javascript(name: &str, packages: &[&str], script: &Path) -> Result<PathBuf, String> {
    // Node looks up packages in the script's folder and in the folders above it. Every script has a separate folder,
    // because tests that run at the same time must not overwrite a module that another one reads.
    let check = script.file_name().unwrap();
    let copies = node_modules(name, packages)?.join(check).with_extension("");
    std::fs::create_dir_all(&copies).unwrap();
    for entry in script.parent().unwrap().read_dir().unwrap() {
        let module = entry.unwrap().path();
        if module.extension().is_some_and(|extension| extension == "mjs") {
            std::fs::copy(&module, copies.join(module.file_name().unwrap())).unwrap();
        }
    }
    Ok(copies.join(check))
}

/// Runs a script to its end, which must be a success.
pub(crate) async fn run(mut command: Command) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    print!("{}", said(&output));
}
