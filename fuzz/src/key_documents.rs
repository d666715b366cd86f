//! The documents of services and programs that issue keys: the XML of STS; the JSON of containers, IMDS, Cognito, SSO, its
//! tokens, and `aws login`; the files of both tokens; the output of `credential_process`.
//!
//! - Any document leads to keys or to an error of credentials. Both are the same if it arrives in pieces.
//! - `serde_json` or `roxmltree` reads the same keys in it, and `aws-smithy-types` the same expiry.
//! - A document whose end is missing leads to no keys.
//! - Members with secrets are never in an error.
//! - Written documents have the keys that they were written with.
//!
//! Input: the kind of document; whether it is written; the status; where it is cut; then the document, or the texts in it.

use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use bedrock_chat::{Credentials, Error, ErrorKind};
use serde_json::{Value, json};

use crate::input::Input;
use crate::key_sources::{DPOP_KEY, ISSUED, KINDS, Kind, resolve};
use crate::wires::{NOW, is_beyond_serde};

/// A text of secret members only.
const SECRET: &str = "S3cr3tOfAFuzzedDocument";
/// The members that no error may quote, in lower case.
const SECRET_MEMBERS: &[&str] = &[
    "secretaccesskey",
    "secretkey",
    "sessiontoken",
    "token",
    "accesstoken",
    "refreshtoken",
    "clientsecret",
    "dpopkey",
];
const STATUSES: &[u16] = &[200, 200, 200, 400, 401, 403, 404, 429, 500, 503, 204, 302];

/// The members with the keys, if the document has keys: the object that they are in, then their names.
fn members(kind: Kind) -> Option<(&'static str, [&'static str; 4])> {
    Some(match kind {
        Kind::Sts => ("Credentials", ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]),
        Kind::Container | Kind::Imds => ("", ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"]),
        Kind::CognitoKeys => ("Credentials", ["AccessKeyId", "SecretKey", "SessionToken", "Expiration"]),
        Kind::SsoKeys => ("roleCredentials", ["accessKeyId", "secretAccessKey", "sessionToken", "expiration"]),
        // The answer states how long the keys are valid.
        Kind::LoginKeys => ("accessToken", ["accessKeyId", "secretAccessKey", "sessionToken", ""]),
        Kind::LoginFile => ("accessToken", ["accessKeyId", "secretAccessKey", "sessionToken", "expiresAt"]),
        #[cfg(unix)]
        Kind::Process => ("", ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]),
        Kind::CognitoId | Kind::SsoFile | Kind::SsoToken => return None,
    })
}

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let kind = input.one_of(KINDS);
    let is_written = input.flag();
    let (status, at) = (input.one_of(STATUSES), usize::from(input.u16()));
    match (is_written, members(kind)) {
        (true, Some((parent, names))) => check_written(kind, parent, names, &mut input),
        _ => check_document(kind, status, at, input.rest()),
    }
}

fn check_document(kind: Kind, status: u16, at: usize, document: &[u8]) {
    let found = resolve(kind, status, document, usize::MAX);
    if kind.is_answer() {
        match (&found, &resolve(kind, status, document, at % 40 + 1)) {
            (Ok(found), Ok(again)) => assert!(found == again, "pieces change {found:?} to {again:?}"),
            (Err(error), Err(again)) => assert_eq!(error.message(), again.message()),
            (found, again) => panic!("pieces change {found:?} to {again:?}"),
        }
    }
    match found {
        Err(error) => assert_error(kind, status, document, &error),
        Ok(found) => {
            assert!(!format!("{found:?}").contains(SECRET));
            assert_same(kind, document, &found);
            let whole = document.trim_ascii();
            if !whole.is_empty() {
                let cut = resolve(kind, status, &whole[..at % whole.len()], usize::MAX);
                // Without a token that can be read there is still one that can be renewed, or the other way around.
                assert!(cut.is_err(), "keys without the end of a document: {cut:?}");
            }
        }
    }
}

/// Writes a document and reads it.
fn check_written(kind: Kind, parent: &str, names: [&str; 4], input: &mut Input<'_>) {
    let mut text = |name: &str| format!("{name}{}", input.text().trim());
    let texts = [text("id"), text("secret"), text("token")];
    let seconds = NOW + 7200 + u64::from(input.u16());
    let time = DateTime::from_secs(i64::try_from(seconds).unwrap());
    let time = time.fmt(Format::DateTime).unwrap();
    let document = if kind == Kind::Sts {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        let leaves = names.iter().zip(texts.iter().chain([&time]));
        let leaves: String = leaves.map(|(name, text)| format!("<{name}>{}</{name}>", escaped(text))).collect();
        format!("<R><Result><{parent}>{leaves}</{parent}></Result></R>")
    } else {
        let expiry = match kind {
            Kind::CognitoKeys => json!(seconds),
            Kind::SsoKeys => json!(seconds * 1000),
            _ => json!(time),
        };
        let members = names.iter().zip(texts.iter().map(|text| json!(text)).chain([expiry]));
        let keys: Value = members.map(|(name, value)| ((*name).to_owned(), value)).collect();
        let mut whole = if parent.is_empty() { keys } else { json!({ parent: keys }) };
        for (name, value) in [
            ("Version", json!(1)),
            ("expiresIn", json!(7200)),
            ("refreshToken", json!("next")),
            ("clientId", json!("id")),
            ("dpopKey", json!(DPOP_KEY)),
        ] {
            whole[name] = value;
        }
        whole.to_string()
    };
    let found = resolve(kind, 200, document.as_bytes(), usize::MAX);
    let found = found.unwrap_or_else(|error| panic!("{kind:?}: {error}: {document}"));
    assert_eq!(read(&found), texts.each_ref().map(|text| Some(text.as_str())), "{document}");
    let expiry = if kind == Kind::LoginKeys { NOW + 7200 } else { seconds };
    assert_eq!(found.expires_at(), Some(Duration::from_secs(expiry)), "{document}");
}

fn read(keys: &Credentials) -> [Option<&str>; 3] {
    [keys.access_key_id(), keys.secret_access_key(), keys.session_token()]
}

/// Asserts that another parser reads the same keys and the same expiry in the document.
fn assert_same(kind: Kind, document: &[u8], found: &Credentials) {
    let Some((parent, names)) = members(kind) else {
        return assert_eq!(found.access_key_id(), Some(ISSUED));
    };
    let expected = match kind {
        Kind::Sts => of_xml(document, parent, names),
        _ => of_json(document, parent, names),
    };
    // A document that the other parser refuses, or does not read with the same rules.
    let Some(expected) = expected else { return };
    for (found, expected) in read(found).into_iter().zip(&expected) {
        // XML has one kind of line end. The crate keeps the others, as no key has any.
        let text = |text: Option<&str>| text.unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(text(found), text(expected.as_deref()), "{kind:?}");
    }
    let expiry = expected[3].as_deref();
    // AWS accepts keys of an instance for some minutes after their expiry.
    let Some(expiry) = expiry.filter(|_| kind != Kind::Imds) else { return };
    let Ok(time) = DateTime::from_str(expiry.trim(), Format::DateTimeWithOffset) else {
        return;
    };
    let seconds = u64::try_from(time.secs()).ok();
    assert_eq!(found.expires_at().map(|time| time.as_secs()), seconds, "{expiry}");
}

/// Reads members with `serde_json`. An expiry that is not a text is left out. If a member is repeated, the crate reads
/// the first one, and `serde_json` the last one.
fn of_json(document: &[u8], parent: &str, names: [&str; 4]) -> Option<[Option<String>; 4]> {
    let value: Value = serde_json::from_slice(document).ok()?;
    let text = String::from_utf8_lossy(document);
    if names.iter().chain([&parent]).any(|name| text.matches(&format!("\"{name}\"")).nth(1).is_some()) {
        return None;
    }
    let keys = if parent.is_empty() { &value } else { &value[parent] };
    Some(names.map(|name| keys[name].as_str().map(str::to_owned)))
}

/// Reads leaves with `roxmltree`.
fn of_xml(document: &[u8], parent: &str, names: [&str; 4]) -> Option<[Option<String>; 4]> {
    let text = std::str::from_utf8(document).ok()?;
    let document = roxmltree::Document::parse(text.trim()).ok()?;
    let has_name = |node: roxmltree::Node<'_, '_>, name: &str| node.is_element() && node.tag_name().name() == name;
    Some(names.map(|name| {
        let of_name = |node: &roxmltree::Node<'_, '_>| {
            has_name(*node, name) && node.parent().is_some_and(|above| has_name(above, parent))
        };
        let found = document.descendants().find(of_name)?;
        Some(found.text().unwrap_or_default().trim().to_owned())
    }))
}

/// Asserts that an error is one of credentials, and has no secret of the document.
fn assert_error(kind: Kind, status: u16, document: &[u8], error: &Error) {
    let shown = format!("{error} {error:?}");
    assert!(matches!(error.kind(), ErrorKind::Credentials | ErrorKind::Config), "{shown}");
    assert!(!error.message().is_empty());
    if shown.contains(SECRET) {
        assert!(is_misplaced(kind, status, document), "{kind:?} quotes a secret: {shown}");
    }
}

/// Returns whether the secret is in a member that errors quote, such as a message. The beginning of an error's body that
/// cannot be read is quoted too.
fn is_misplaced(kind: Kind, status: u16, document: &[u8]) -> bool {
    fn is_outside(value: &Value, is_secret: bool) -> bool {
        match value {
            Value::String(text) => !is_secret && text.contains(SECRET),
            Value::Array(values) => values.iter().any(|value| is_outside(value, is_secret)),
            Value::Object(members) => members.iter().any(|(name, value)| {
                name.contains(SECRET) || is_outside(value, SECRET_MEMBERS.contains(&name.to_lowercase().as_str()))
            }),
            _ => false,
        }
    }
    if kind == Kind::Sts || status != 200 {
        let text = String::from_utf8_lossy(document);
        let mut expiries = text.split("<Expiration>").skip(1).filter_map(|rest| rest.split('<').next());
        return status != 200 || expiries.any(|expiry| expiry.contains(SECRET));
    }
    match serde_json::from_slice::<Value>(document) {
        Ok(value) => is_outside(&value, false),
        Err(error) => is_beyond_serde(&error),
    }
}

/// Returns a document of each kind, written and as text, and errors of the services.
pub fn seeds() -> Vec<Vec<u8>> {
    let expiry = "2099-01-01T00:00:00Z";
    let keys = |names: [&str; 4], expiry: Value| json!({names[0]: "ASIAEXAMPLE", names[1]: SECRET, names[2]: SECRET, names[3]: expiry});
    let mut all = Vec::new();
    for (at, kind) in KINDS.iter().enumerate() {
        let documents = match (kind, members(*kind)) {
            (Kind::Sts, _) => vec![
                format!(
                    "<?xml version=\"1.0\"?>\n<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n\
                     <AssumeRoleResult><!-- keys --><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>\
                     <SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken> {SECRET}&#61;&amp;</SessionToken>\
                     <Expiration>{expiry}</Expiration></Credentials><PackedPolicySize>6</PackedPolicySize>\
                     </AssumeRoleResult></AssumeRoleResponse>"
                ),
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not &quot;you&quot;</Message>\
                 </Error><RequestId>1</RequestId></ErrorResponse>"
                    .to_owned(),
            ],
            (Kind::CognitoId, _) => vec![r#"{"IdentityId":"us-east-1:me"}"#.to_owned()],
            (Kind::CognitoKeys, Some((parent, names))) => vec![
                json!({parent: keys(names, json!(4_070_908_800.5)), "IdentityId": "us-east-1:me"}).to_string(),
                r#"{"__type":"NotAuthorizedException","message":"no guests"}"#.to_owned(),
            ],
            (Kind::SsoKeys, Some((parent, names))) => vec![
                json!({parent: keys(names, json!(4_070_908_800_000_u64))}).to_string(),
                r#"{"__type":"UnauthorizedException","message":"Session token not found"}"#.to_owned(),
            ],
            (Kind::SsoFile, _) => vec![
                json!({"accessToken": SECRET, "expiresAt": expiry, "startUrl": "https://a"}).to_string(),
                json!({"accessToken": SECRET, "expiresAt": "2020-01-01T00:00:00UTC", "refreshToken": SECRET, "clientId": "i",
                       "clientSecret": SECRET, "registrationExpiresAt": expiry})
                .to_string(),
            ],
            (Kind::SsoToken, _) => vec![
                json!({"accessToken": SECRET, "expiresIn": 28800, "refreshToken": SECRET, "tokenType": "Bearer"}).to_string(),
                r#"{"error":"invalid_grant","error_description":"spent"}"#.to_owned(),
            ],
            (Kind::LoginKeys, Some((parent, names))) => vec![
                json!({parent: keys(names, json!(null)), "expiresIn": 900, "refreshToken": SECRET}).to_string(),
                r#"{"error":"TOKEN_EXPIRED","message":"sign in again"}"#.to_owned(),
            ],
            (Kind::LoginFile, Some((parent, names))) => [expiry, "2020-01-01T00:00:00Z"]
                .map(|expiry| {
                    json!({parent: keys(names, json!(expiry)), "refreshToken": SECRET, "clientId": "i", "dpopKey": DPOP_KEY})
                        .to_string()
                })
                .to_vec(),
            (_, Some((_, names))) => {
                let mut document = keys(names, json!(expiry));
                document["Version"] = json!(1);
                document["Code"] = json!("Success");
                vec![
                    document.to_string(),
                    document.to_string().replace(expiry, "2099-01-01T00:00:00.5+01:00"),
                    r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no trust"}"#.to_owned(),
                ]
            }
            (_, None) => vec![],
        };
        let at = u8::try_from(at).unwrap();
        for (document, status) in documents.iter().flat_map(|document| [(document, 0), (document, 3), (document, 5)]) {
            all.push([&[at, 0, status, 0, 17], document.as_bytes()].concat());
        }
        all.push(vec![at, 1, 0, 0, 0, 3, b'<', b'"', 0xC3, 2, b'\\', b'&', 0, 7]);
    }
    all
}
