//! AWS's config and credentials files, and the profiles in them.

use std::collections::BTreeMap;
use std::io::ErrorKind as IoErrorKind;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::ini::{Section, Value, parse};
use super::words::split_words;
use crate::credentials::Variables;
use crate::error::{Error, ErrorKind, Result};

/// The field of the error that a profile does not exist. No other error of the files has it.
pub(super) const NO_PROFILE: &str = "profile";

/// Both files, as they are now.
pub(super) struct Files {
    /// The profiles of both files; keys of the credentials file win.
    profiles: BTreeMap<String, Section>,
    /// The profiles of the config file alone.
    config_profiles: BTreeMap<String, Section>,
    /// The sections of the credentials file, whose names are those of profiles.
    credentials_profiles: BTreeMap<String, Section>,
    sso_sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    /// The names of the other sections of the config file.
    ignored: Vec<String>,
    pub(super) config: File,
    pub(super) credentials: File,
}

/// Where a file is, and whether it was read.
pub(super) struct File {
    /// The path, as in errors.
    pub(super) path: String,
    /// Why it has no sections.
    pub(super) absent: Option<String>,
}

impl Files {
    /// Reads `AWS_CONFIG_FILE` (`~/.aws/config`) and `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`). A file
    /// that does not exist or cannot be opened counts as empty, as in botocore.
    ///
    /// # Errors
    /// `Config`, if a file is malformed.
    pub(super) fn read(variables: &dyn Variables) -> Result<Self> {
        let (config, sections) = read(variables, "AWS_CONFIG_FILE", "~/.aws/config")?;
        let (credentials, own) = read(variables, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")?;
        let credentials_profiles: BTreeMap<_, _> = own.into_iter().collect();
        let (mut config_profiles, mut sso_sessions, mut services) = <(BTreeMap<_, _>, BTreeMap<_, _>, _)>::default();
        let mut ignored = Vec::new();
        for (name, section) in sections {
            let kind = match &name {
                name if name.starts_with("profile") => &mut config_profiles,
                name if name.starts_with("sso-session") => &mut sso_sessions,
                name if name.starts_with("services") => &mut services,
                name if name == "default" => {
                    config_profiles.insert(name.clone(), section);
                    continue;
                }
                _ => {
                    ignored.push(name);
                    continue;
                }
            };
            // `[profile work]` and `[profile "at work"]`; others are ignored.
            if let Some([_, name]) = split_words(&name).as_deref() {
                kind.insert(name.clone(), section);
            }
        }
        let mut profiles = config_profiles.clone();
        for (name, section) in &credentials_profiles {
            profiles.entry(name.clone()).or_default().extend(section.clone());
        }
        Ok(Self {
            profiles,
            config_profiles,
            credentials_profiles,
            sso_sessions,
            services,
            ignored,
            config,
            credentials,
        })
    }

    /// Returns a profile with its settings in both files. The credentials file overrides the config file.
    pub(super) fn profile(&self, name: &str) -> Option<Keys<'_>> {
        self.profiles.get(name).map(Keys)
    }

    pub(super) fn in_config(&self, profile: &str) -> Option<Keys<'_>> {
        self.config_profiles.get(profile).map(Keys)
    }

    pub(super) fn in_credentials(&self, profile: &str) -> Option<Keys<'_>> {
        self.credentials_profiles.get(profile).map(Keys)
    }

    pub(super) fn sso_session(&self, name: &str) -> Option<Keys<'_>> {
        self.sso_sessions.get(name).map(Keys)
    }

    pub(super) fn services(&self, name: &str) -> Option<Keys<'_>> {
        self.services.get(name).map(Keys)
    }

    /// Returns the error of a profile that is in neither file. `from` is where its name was read.
    pub(super) fn no_profile(&self, name: &str, from: &str) -> Error {
        let mut known: Vec<&str> = self.profiles.keys().map(String::as_str).take(9).collect();
        if known.len() > 8 {
            known.truncate(8);
            known.push("...");
        }
        let (config, credentials) = (&self.config.path, &self.credentials.path);
        let advice = match known.is_empty() {
            _ if self.ignored.iter().any(|section| section == name) => {
                format!("write `[profile {name}]` instead of `[{name}]` in `{config}`")
            }
            true => format!("they have no profiles; create it, such as by `aws configure --profile {name}`"),
            false => format!("they have {}; correct the name, or add the profile", known.join(", ")),
        };
        Error::of(
            ErrorKind::Config,
            format_args!("profile `{name}`{from} is neither in `{config}` nor in `{credentials}`; {advice}"),
        )
        .with_field(NO_PROFILE)
    }
}

/// The keys of a section.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a>(&'a Section);

impl<'a> Keys<'a> {
    /// Returns the text of a key, also an empty one.
    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        match self.0.get(key)? {
            Value::Text(text) => Some(text),
            Value::Nested(_) => None,
        }
    }

    /// Returns the text of a key, unless it is empty.
    pub(super) fn given(self, key: &str) -> Option<&'a str> {
        self.get(key).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Returns the text of a key below another one.
    pub(super) fn nested(self, key: &str, inner: &str) -> Option<&'a str> {
        match self.0.get(key)? {
            Value::Nested(keys) => keys.get(inner).map(|text| text.trim()).filter(|text| !text.is_empty()),
            Value::Text(_) => None,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns the keys that have a text.
    pub(super) fn texts(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(|(key, value)| match value {
            Value::Text(text) => Some((key.as_str(), text.as_str())),
            Value::Nested(_) => None,
        })
    }
}

/// Returns the home folder.
fn home(variables: &dyn Variables) -> Option<String> {
    let names = if cfg!(windows) { ["USERPROFILE", "HOME"] } else { ["HOME", "USERPROFILE"] };
    names.into_iter().find_map(|name| variables.get(name)).filter(|home| !home.is_empty())
}

/// Expands the variables (`$NAME`, `${NAME}`) and the leading `~` of a path. Returns `None` if the path needs the home
/// folder and neither `HOME` nor `USERPROFILE` is set.
pub(super) fn expanded(path: &str, variables: &dyn Variables) -> Option<PathBuf> {
    let mut text = String::new();
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once('$') {
        text.push_str(before);
        let braced = behind.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let (name, after) = braced.unwrap_or_else(|| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            behind.split_at_checked(behind.find(|c| !is_name(c)).unwrap_or(behind.len())).unwrap_or_default()
        });
        match variables.get(name).filter(|_| !name.is_empty()) {
            Some(value) => {
                text.push_str(&value);
                rest = after;
            }
            // A text that is not a variable stays as it is.
            None => {
                text.push('$');
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    match text.strip_prefix('~') {
        Some(below) if below.is_empty() || below.starts_with(['/', '\\']) => {
            Some(PathBuf::from(home(variables)? + below))
        }
        _ => Some(PathBuf::from(text)),
    }
}

/// Reads a file whose path is in a variable.
fn read(variables: &dyn Variables, name: &str, default: &str) -> Result<(File, Vec<(String, Section)>)> {
    let given = variables.get(name).filter(|path| !path.is_empty());
    let shown = given.as_deref().unwrap_or(default).to_owned();
    let none = |why: String| Ok((File { path: shown.clone(), absent: Some(why) }, Vec::new()));
    let Some(path) = expanded(&shown, variables) else {
        return none(format!("`{shown}` cannot be located: `HOME` is not set"));
    };
    if path.is_dir() {
        return none(format!("`{shown}` is a folder"));
    }
    let text = match std::fs::read(&path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == IoErrorKind::NotFound => return none(format!("`{shown}` does not exist")),
        Err(error) => return none(format!("`{shown}` cannot be read ({error})")),
    };
    let malformed = |at: &str| {
        Error::of(
            ErrorKind::Config,
            format_args!("file of profiles is malformed: `{shown}`, {at}; correct it, or set `{name}`"),
        )
    };
    let text = std::str::from_utf8(&text).map_err(|_| malformed("it is not UTF-8"))?;
    match parse(text) {
        Ok(sections) => Ok((File { path: shown, absent: None }, sections)),
        Err(problem) => Err(malformed(&format!("line {}: {}", problem.line, problem.what))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_a_profile_file_is_expanded() {
        let variables = |name: &str| match name {
            "HOME" => Some("/h".to_owned()),
            "X" => Some("x".to_owned()),
            _ => None,
        };
        for (path, expected) in [
            ("~/.aws/config", "/h/.aws/config"),
            ("$HOME/${X}y/$X-z", "/h/xy/x-z"),
            ("a$NOT/$", "a$NOT/$"),
            ("~other/a", "~other/a"),
        ] {
            assert_eq!(expanded(path, &variables), Some(PathBuf::from(expected)), "{path}");
        }
        assert_eq!(expanded("~/a", &|_: &str| None), None);
    }
}
