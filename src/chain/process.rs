//! Credentials that a program prints: `credential_process`.

use std::process::Command;
use std::time::Duration;

use zeroize::Zeroizing;

use super::thread::on_thread;
#[cfg(not(windows))]
use super::words::split_words;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::json::View;
use crate::sources::time::parse_time;
use crate::text::lossy;

/// The output of a program, and whether it succeeded.
struct Output {
    status: String,
    success: bool,
    stdout: Zeroizing<Vec<u8>>,
    stderr: Vec<u8>,
}

/// Runs the command line of a profile without a shell, and reads the credentials that it prints. The program
/// inherits standard input and may run for any time, so that it can prompt the user.
///
/// See AWS's [process credential
/// provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
///
/// # Errors
/// `Credentials`, if the program cannot be started or fails, or if its output is malformed. The output is never quoted;
/// the first line of its error output is.
pub(super) async fn credentials_of(command: &str, profile: &str, now: Duration) -> Result<Credentials> {
    let failed = |why: std::fmt::Arguments<'_>| {
        Error::of(ErrorKind::Credentials, format_args!("`credential_process` of profile `{profile}` {why}"))
    };
    let words = words_of(command).filter(|words| !words.is_empty());
    let Some(words) = words else {
        return Err(failed(format_args!("is malformed: a quote is not closed, or it is empty; correct it")));
    };
    let program = words.first().cloned().unwrap_or_default();
    let output = on_thread(move || run(&words)).await;
    let output = match output {
        Some(Ok(output)) => output,
        Some(Err(error)) => {
            return Err(failed(format_args!("cannot be started: `{program}`: {error}; use an absolute path")));
        }
        None => return Err(failed(format_args!("cannot be started: no thread for it"))),
    };
    let view = View::from_bytes(&output.stdout).ok();
    let text = |name: &str| view?.get(name)?.string().map(Zeroizing::new).filter(|text| !text.is_empty());
    let (secret, token) = (text("SecretAccessKey"), text("SessionToken"));
    if !output.success {
        let said = lossy(&output.stderr);
        let said: String = said.trim().lines().next().unwrap_or_default().chars().take(300).collect();
        let said = if said.is_empty() { "it printed no error".to_owned() } else { said };
        let secrets = [secret.as_ref().map_or("", |text| text), token.as_ref().map_or("", |text| text)];
        return Err(failed(format_args!("failed ({}): {said}", output.status)).concealing(&secrets));
    }
    let Some(view) = view else { return Err(failed(format_args!("printed no JSON; run it to see what it prints"))) };
    match view.get("Version") {
        Some(version) if version.u64() == Some(1) => {}
        Some(_) => return Err(failed(format_args!("printed another `Version` than 1; it must print version 1"))),
        None => return Err(failed(format_args!("printed no `Version`; it must print version 1"))),
    }
    let missing = |name: &str| failed(format_args!("printed no `{name}`; it must print that member"));
    let id = text("AccessKeyId").ok_or_else(|| missing("AccessKeyId"))?;
    let mut secret = secret.ok_or_else(|| missing("SecretAccessKey"))?;
    let mut keys = Credentials::new(id.as_str(), std::mem::take(&mut *secret));
    if let Some(mut token) = token {
        keys = keys.with_session_token(std::mem::take(&mut *token));
    }
    if let Some(expiry) = text("Expiration") {
        let Some(time) = parse_time(&expiry) else {
            return Err(failed(format_args!("printed a malformed `Expiration`; it must be a time of ISO 8601")));
        };
        if time <= now {
            return Err(failed(format_args!("printed credentials that have expired; renew them")));
        }
        keys = keys.with_expiry(time);
    }
    Ok(keys)
}

fn run(words: &[String]) -> std::io::Result<Output> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(std::io::ErrorKind::InvalidInput.into());
    };
    // `output` leaves standard input closed unless it is inherited.
    let output = Command::new(program).args(arguments).stdin(std::process::Stdio::inherit()).output()?;
    Ok(Output {
        status: output.status.to_string(),
        success: output.status.success(),
        stdout: Zeroizing::new(output.stdout),
        stderr: output.stderr,
    })
}

fn words_of(command: &str) -> Option<Vec<String>> {
    #[cfg(windows)]
    return super::words::split_windows_words(command);
    #[cfg(not(windows))]
    split_words(command)
}
