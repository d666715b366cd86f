//! AWS's config and credentials files.
//!
//! - Any files lead to keys or to an error. The error does not quote the lines of the files.
//! - A comment after the last line changes nothing.
//! - Files of plain profiles have the keys that they were written with.
//!
//! Files that start a process are left out: a mutated command would really run.
//!
//! Input: the kind of files; the profile; then the two files, with a zero byte between them.

use bedrock_chat::testing::MemoryTransport;
use bedrock_chat::{Credentials, DefaultCredentials, ProvideCredentials, Result};

use crate::home::Home;
use crate::input::Input;

/// A text that only a secret key has.
const SECRET: &str = "S3cr3tOfAFuzzedProfile";
const PROFILES: &[&str] = &["default", "work", "a b", "é", "DEFAULT"];

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    if input.flag() {
        return check_plain(&mut input);
    }
    let profile = input.one_of(PROFILES);
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    if text.to_lowercase().contains("process") {
        return;
    }
    let (config, credentials) = text.split_once('\0').unwrap_or((&text, ""));
    let found = resolve(profile, config, credentials);
    let commented = resolve(profile, &format!("{config}\n# comment\n"), &format!("{credentials}\n; comment\n"));
    match (&found, &commented) {
        (Ok(found), Ok(commented)) => assert!(found == commented && found.access_key_id().is_some()),
        (Err(error), Err(_)) => assert!(!format!("{error} {error:?}").contains(SECRET), "{error}"),
        _ => panic!("a comment changed {found:?} to {commented:?}"),
    }
}

/// Writes plain profiles and reads them.
fn check_plain(input: &mut Input<'_>) {
    let space = input.one_of(&["", " ", "\t"]);
    let delimiter = input.one_of(&["=", ":"]);
    let end = input.one_of(&["\n", "\r\n", "\r", "\n\n", "\n# comment\n"]);
    let (mut config, mut credentials) = (String::new(), String::new());
    let mut expected = Vec::new();
    for (at, profile) in PROFILES.iter().take(4).enumerate() {
        let is_config = input.flag();
        let header = if is_config && at > 0 { format!("[profile \"{profile}\"]") } else { format!("[{profile}]") };
        let file = if is_config { &mut config } else { &mut credentials };
        let id = format!("AKID{at}{}", input.byte());
        for line in [
            header,
            format!("{}{space}{delimiter}{space}{id}", input.one_of(&["aws_access_key_id", "AWS_Access_Key_Id"])),
            format!("aws_secret_access_key{space}{delimiter}{space}{SECRET}{at}"),
        ] {
            file.push_str(&line);
            file.push_str(end);
        }
        expected.push((profile, id));
    }
    for (profile, id) in expected {
        let found = resolve(profile, &config, &credentials).unwrap_or_else(|error| panic!("{profile}: {error}"));
        assert_eq!(found.access_key_id(), Some(id.as_str()), "{profile} of {config:?} and {credentials:?}");
    }
}

/// Resolves a profile of these files. Nothing else of the machine is read.
fn resolve(profile: &str, config: &str, credentials: &str) -> Result<Credentials> {
    let home = Home::new();
    let (config, credentials) = (home.write("config", config), home.write("credentials", credentials));
    let folder = home.path();
    let provider = DefaultCredentials::new()
        .with_profile(profile)
        .with_transport(MemoryTransport::new([]))
        .with_environment(move |name: &str| match name {
            "HOME" | "USERPROFILE" => Some(folder.clone()),
            "AWS_CONFIG_FILE" => Some(config.clone()),
            "AWS_SHARED_CREDENTIALS_FILE" => Some(credentials.clone()),
            "AWS_EC2_METADATA_DISABLED" => Some("true".to_owned()),
            _ => None,
        });
    futures_executor::block_on(provider.credentials())
}

/// Returns files with everything that the format has.
pub fn seeds() -> Vec<Vec<u8>> {
    let files = [
        "[default]\nregion = us-east-1\n\0[default]\naws_access_key_id = AKID\naws_secret_access_key = S3cr3tOfAFuzzedProfile\n",
        "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/chat\nsource_profile = default\nduration_seconds = 900\n",
        "[profile work]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://a\n",
        "[profile work]\nservices = s\n[services s]\nsts =\n  endpoint_url = http://localhost\n",
        "[DEFAULT]\nregion : eu-west-1\n[profile \"a b\"]\naws_access_key_id=A\naws_secret_access_key=S3cr3tOfAFuzzedProfile\n  2\n\n# c\n",
        "[profile work]\nlogin_session = arn:aws:iam::123456789012:user/me\nweb_identity_token_file = /nowhere\n",
    ];
    let written =
        files.map(str::as_bytes).into_iter().flat_map(|file| [[b"\0\0", file].concat(), [b"\0\x01", file].concat()]);
    written.chain([b"\x01".to_vec(), b"\x01\x01\x01\x02\x01\x05\x01\x00\x09\x01".to_vec()]).collect()
}
