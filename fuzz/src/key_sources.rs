//! The services, files and programs that issue keys, each with a document of an input.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AssumeRoleCredentials, CognitoCredentials, ContainerCredentials, Credentials, ImdsCredentials, ProfileCredentials,
    ProvideCredentials, Result,
};
use futures_executor::block_on;
use serde_json::{Value, json};

use crate::home::Home;
use crate::wires::{Frozen, NOW};

/// The key id of documents that are not fuzzed.
pub(crate) const ISSUED: &str = "AKIDISSUED";

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Sts,
    Container,
    Imds,
    CognitoId,
    CognitoKeys,
    SsoKeys,
    SsoFile,
    SsoToken,
    LoginFile,
    LoginKeys,
    #[cfg(unix)]
    Process,
}

impl Kind {
    /// Returns whether the document is the answer of a service.
    pub(crate) fn is_answer(self) -> bool {
        match self {
            Self::SsoFile | Self::LoginFile => false,
            #[cfg(unix)]
            Self::Process => false,
            _ => true,
        }
    }
}

pub(crate) const KINDS: &[Kind] = &[
    Kind::Sts,
    Kind::Container,
    Kind::Imds,
    Kind::CognitoId,
    Kind::CognitoKeys,
    Kind::SsoKeys,
    Kind::SsoFile,
    Kind::SsoToken,
    Kind::LoginFile,
    Kind::LoginKeys,
    #[cfg(unix)]
    Kind::Process,
];

const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";
/// A key of P-256, made for these tests.
pub(crate) const DPOP_KEY: &str = "-----BEGIN EC PRIVATE KEY-----\n\
                        MHcCAQEEIGkmq+wNLI/VRcgcbgjbt9xpUIMA0E+hrcAfqP22KQPPoAoGCCqGSM49\n\
                        AwEHoUQDQgAE6c9e0ahScF5YaWb/TG/7SwVClNwl4ePbpmvsbp37ZP8kUxbBQI3b\n\
                        NNyWmkIGsP7IgbJW8Y8iyj7bQIPvOUIQNg==\n-----END EC PRIVATE KEY-----\n";
const SSO: &str = "[profile work]\nsso_session = my\nsso_account_id = 1\nsso_role_name = dev\n\
                   [sso-session my]\nsso_region = eu-west-1\nsso_start_url = https://a\n";
/// The names are hashes of `my` and of `me`.
const SSO_FILE: &str = ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";
const LOGIN_FILE: &str = ".aws/login/cache/2744ccd10c7533bd736ad890f9dd5cab2adb27b07d500b9493f29cdc420cb2e0.json";

fn sso_keys() -> Value {
    json!({"roleCredentials": {"accessKeyId": ISSUED, "secretAccessKey": "secret-1", "sessionToken": "token-1",
           "expiration": (NOW + 7200) * 1000}})
}

/// Requests keys where this document is the answer, the file or the output.
pub(crate) fn resolve(kind: Kind, status: u16, document: &[u8], pieces: usize) -> Result<Credentials> {
    let fuzzed = || Reply::new(status, "text/plain", document.to_vec()).in_pieces(pieces);
    let good = |value: &Value| Reply::json(200, value.to_string());
    let (home, runtime) = (Home::new(), Frozen);
    let variables = |name: &str, value: &str| {
        let (name, value, path) = (name.to_owned(), value.to_owned(), home.path());
        move |asked: &str| match asked {
            "HOME" | "USERPROFILE" => Some(path.clone()),
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            _ => (asked == name).then(|| value.clone()),
        }
    };
    let profile = |config: &str, replies: Vec<Reply>| {
        home.write(".aws/config", config);
        let provider = ProfileCredentials::new("work").with_environment(variables("", ""));
        block_on(provider.with_transport(MemoryTransport::new(replies)).with_runtime(Frozen).credentials())
    };
    let pool = |replies: Vec<Reply>| {
        let pool = CognitoCredentials::new("us-east-1:pool").with_environment(|_| None);
        block_on(pool.with_transport(MemoryTransport::new(replies)).with_runtime(Frozen).credentials())
    };
    match kind {
        Kind::Sts => {
            let role = AssumeRoleCredentials::new(ROLE, Credentials::new("AKID", "key-of-source"));
            let role = role.with_environment(|_| None).with_region("us-east-1").with_runtime(runtime);
            block_on(role.with_transport(MemoryTransport::new([fuzzed(), fuzzed(), fuzzed()])).credentials())
        }
        Kind::Container => {
            let provider = ContainerCredentials::new()
                .with_environment(variables("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"))
                .with_runtime(runtime);
            block_on(provider.with_transport(MemoryTransport::new([fuzzed(), fuzzed(), fuzzed()])).credentials())
        }
        Kind::Imds => {
            let text = |text: &'static str| Reply::new(200, "text/plain", text);
            let provider = ImdsCredentials::new().with_environment(|_| None).with_runtime(runtime);
            let transport = MemoryTransport::new([text("imds-token"), text("role"), fuzzed()]);
            block_on(provider.with_transport(transport).credentials())
        }
        Kind::CognitoId => pool(vec![
            fuzzed(),
            good(&json!({"Credentials": {"AccessKeyId": ISSUED, "SecretKey": "secret-1", "SessionToken": "token-1",
                         "Expiration": NOW + 7200}})),
        ]),
        Kind::CognitoKeys => pool(vec![good(&json!({"IdentityId": "us-east-1:me"})), fuzzed()]),
        Kind::SsoKeys => {
            home.write(SSO_FILE, r#"{"accessToken":"token-of-sso","expiresAt":"2099-01-01T00:00:00Z"}"#);
            profile(SSO, vec![fuzzed()])
        }
        Kind::SsoFile => {
            home.write(SSO_FILE, document);
            profile(SSO, vec![good(&sso_keys())])
        }
        Kind::SsoToken => {
            home.write(
                SSO_FILE,
                r#"{"accessToken":"token-of-sso","expiresAt":"2020-01-01T00:00:00Z","refreshToken":"refresh-1",
                    "clientId":"id","clientSecret":"secret-2","registrationExpiresAt":"2099-01-01T00:00:00Z"}"#,
            );
            profile(SSO, vec![fuzzed(), good(&sso_keys())])
        }
        Kind::LoginFile => {
            home.write(LOGIN_FILE, document);
            profile("[profile work]\nlogin_session = me\n", vec![])
        }
        Kind::LoginKeys => {
            let old = json!({"accessKeyId": "AKIDOLD", "secretAccessKey": "secret-3", "sessionToken": "token-3",
                             "expiresAt": "2020-01-01T00:00:00Z"});
            let file = json!({"accessToken": old, "refreshToken": "refresh-1", "clientId": "id", "dpopKey": DPOP_KEY});
            home.write(LOGIN_FILE, file.to_string());
            profile("[profile work]\nlogin_session = me\n", vec![fuzzed()])
        }
        #[cfg(unix)]
        Kind::Process => {
            let output = home.write("output", document);
            profile(&format!("[profile work]\ncredential_process = /bin/cat {output}\n"), vec![])
        }
    }
}
