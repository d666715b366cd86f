//! Credentials that a program prints: `credential_process`.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
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

/// A program, and whether a call still waits for it.
#[derive(Default)]
struct Program {
    child: Option<Child>,
    is_abandoned: bool,
}

/// Kills its program when it is dropped. Otherwise each call that ends at its time limit would leave a program that
/// hangs. A program that has ended is not affected. Programs that it started are not killed.
#[derive(Default)]
struct Awaited(Arc<Mutex<Program>>);

impl Drop for Awaited {
    fn drop(&mut self) {
        let mut program = lock(&self.0);
        program.is_abandoned = true;
        if let Some(child) = &mut program.child {
            let _ = child.kill();
        }
    }
}

fn lock(program: &Mutex<Program>) -> MutexGuard<'_, Program> {
    program.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the command line of a profile without a shell, and reads the credentials that it prints. The program
/// inherits standard input and may run for any time, so that it can prompt the user. It is killed when the future is
/// dropped.
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
    let awaited = Awaited::default();
    let running = Arc::clone(&awaited.0);
    let output = on_thread(move || run(&words, &running)).await;
    drop(awaited);
    let output = match output {
        Some(Ok(output)) => output,
        Some(Err(error)) => {
            let advice = match error.kind() {
                std::io::ErrorKind::PermissionDenied => "make it executable",
                _ => "use an absolute path, without `~` and variables",
            };
            return Err(failed(format_args!("cannot be started: `{program}`: {error}; {advice}")));
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
    let Some(view) = view else {
        return Err(failed(format_args!(
            "printed no JSON; run it to see what it prints (there is no shell: for pipes, use `sh -c`)"
        )));
    };
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
            return Err(failed(format_args!(
                "printed credentials that have expired by this machine's clock; renew them, or correct the clock"
            )));
        }
        keys = keys.with_expiry(time);
    }
    Ok(keys)
}

fn run(words: &[String], running: &Mutex<Program>) -> std::io::Result<Output> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(std::io::ErrorKind::InvalidInput.into());
    };
    let (out, err) = {
        let mut running = lock(running);
        if running.is_abandoned {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = running.child.insert(command.spawn()?);
        (child.stdout.take(), child.stderr.take())
    };
    let (mut stdout, mut stderr) = (Zeroizing::new(Vec::with_capacity(8 * 1024)), Vec::new());
    std::thread::scope(|scope| {
        // Both are read at the same time: a program waits if one of the pipes is full.
        let reading = Builder::new().spawn_scoped(scope, || read(err, &mut stderr))?;
        read(out, &mut stdout)?;
        reading.join().unwrap_or(Ok(()))
    })?;
    let status = ended(running)?;
    Ok(Output { status: status.to_string(), success: status.success(), stdout, stderr })
}

fn read(pipe: Option<impl Read>, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(bytes)).map(|_| ())
}

/// Waits for the end of a program whose output has ended. It is asked from time to time, so that it can be killed
/// meanwhile.
fn ended(running: &Mutex<Program>) -> std::io::Result<std::process::ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        let status = lock(running).child.as_mut().map(Child::try_wait).transpose()?.flatten();
        if let Some(status) = status {
            return Ok(status);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

fn words_of(command: &str) -> Option<Vec<String>> {
    #[cfg(windows)]
    return super::words::split_windows_words(command);
    #[cfg(not(windows))]
    split_words(command)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn dropped_credential_process_is_killed() {
        let file = std::env::temp_dir().join(format!("bedrock-chat-process-{}", std::process::id()));
        let path = file.display();
        let command = format!("/bin/sh -c 'echo $$ > {path}.tmp && mv {path}.tmp {path} && exec sleep 600'");
        let mut running = Box::pin(credentials_of(&command, "work", Duration::ZERO));
        assert!(running.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let pid = loop {
            match std::fs::read_to_string(&file) {
                Ok(pid) => break pid,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let runs = || Command::new("kill").args(["-0", pid.trim()]).stderr(Stdio::null()).status().unwrap().success();
        assert!(runs());
        drop(running);
        // Until its thread has noticed.
        while runs() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::fs::remove_file(&file).unwrap();
    }
}
