//! The files in which AWS's command line keeps tokens.

use std::io::{ErrorKind as IoErrorKind, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::json::View;

/// A file with a token.
pub(super) struct TokenFile {
    path: PathBuf,
    text: Zeroizing<String>,
}

impl TokenFile {
    /// Reads a file. `None` if it does not exist.
    ///
    /// # Errors
    /// `Credentials`, if it cannot be read or is not JSON.
    pub(super) fn read(path: PathBuf) -> Result<Option<Self>> {
        let failed = |why: &str| {
            Err(Error::of(
                ErrorKind::Credentials,
                format_args!("file of a token cannot be used: `{}`: {why}; sign in again", path.display()),
            ))
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == IoErrorKind::NotFound => return Ok(None),
            Err(error) => return failed(&error.to_string()),
        };
        match View::parse(&text) {
            Ok(_) => Ok(Some(Self { path, text })),
            Err(_) => failed("it is not JSON"),
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        View::parse(&self.text).unwrap_or_else(|_| View::empty_object())
    }

    /// Returns a text of the file, unless it is empty.
    pub(super) fn text(&self, name: &str) -> Option<Zeroizing<String>> {
        self.view().get(name)?.string().map(Zeroizing::new).filter(|text| !text.is_empty())
    }

    /// Replaces the file in one step, readable by its owner only: other programs read it, too.
    ///
    /// # Errors
    /// `Credentials`, if it cannot be written. The old refresh token may be spent, so this must not pass unnoticed.
    pub(super) fn replace(&self, text: &str) -> Result<()> {
        write(&self.path, text).map_err(|error| {
            Error::of(
                ErrorKind::Credentials,
                format_args!("renewed token cannot be saved: `{}`: {error}", self.path.display()),
            )
            .with_advice("make the folder writable")
        })
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // The name of another process's file is different.
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| std::fs::rename(&temporary, path));
    if replaced.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    replaced
}

/// Returns bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Returns a time like `2026-01-02T03:04:05Z`.
pub(super) fn time_text(since_epoch: std::time::Duration) -> Result<String> {
    let date = crate::sigv4::AmzDate::from_unix_seconds(since_epoch.as_secs())?;
    let digits = |from: usize, to: usize| date.as_str().get(from..to).unwrap_or_default().to_owned();
    Ok(format!(
        "{}-{}-{}T{}:{}:{}Z",
        digits(0, 4),
        digits(4, 6),
        digits(6, 8),
        digits(9, 11),
        digits(11, 13),
        digits(13, 15)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_time_of_a_token_is_printed_as_the_cli_does() {
        let time = std::time::Duration::from_secs(1_735_787_045);
        assert_eq!(time_text(time).unwrap(), "2025-01-02T03:04:05Z");
        assert_eq!(hex(&[0, 0xab]), "00ab");
    }
}
