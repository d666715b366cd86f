//! Tests of the default chain over files in a temporary folder and prepared replies.

mod missing;
#[cfg(unix)]
mod process;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::error::{Error, ErrorKind};
use crate::sources::tests::{Clock, assert_hidden};
use crate::testing::{MemoryTransport, Reply};

/// A home folder, which is removed at the end.
struct Home {
    path: PathBuf,
    variables: BTreeMap<String, String>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Home {
    fn new(config: &str, credentials: &str) -> Self {
        let name = format!("bedrock-chat-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let home = Self { path, variables: BTreeMap::new() };
        for (name, text) in [("config", config), ("credentials", credentials)] {
            home.write(&format!(".aws/{name}"), text);
        }
        let path = home.path.display().to_string();
        home.with("HOME", &path).with("AWS_EC2_METADATA_DISABLED", "true")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn provider(&self) -> DefaultCredentials {
        let variables = self.variables.clone();
        DefaultCredentials::new().with_environment(move |name| variables.get(name).cloned())
    }

    async fn found(&self) -> Result<Credentials> {
        self.provider().credentials().await
    }

    /// Resolves over prepared replies, and returns what was sent.
    async fn over(&self, replies: Vec<Reply>) -> (Result<Credentials>, MemoryTransport) {
        let transport = MemoryTransport::new(replies);
        let provider = self.provider().with_transport(transport.clone()).with_runtime(Clock::new(false));
        (provider.credentials().await, transport)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn key_of(found: Result<Credentials>) -> String {
    found.unwrap_or_else(|error| panic!("{error}")).access_key_id().unwrap_or_default().to_owned()
}

const KEYS: &str = "aws_access_key_id = AKIDFILE\naws_secret_access_key = SECRETFILE\n";

fn role_reply(id: &str) -> Reply {
    let body = format!(
        "<R><Result><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2025-01-02T04:04:05Z</Expiration></Credentials></Result></R>"
    );
    Reply::new(200, "text/xml", body)
}

#[tokio::test]
async fn environment_keys_win_over_a_profile_of_aws_profile_only() {
    let home = Home::new(&format!("[profile work]\n{KEYS}"), "")
        .with("AWS_PROFILE", "work")
        .with("AWS_ACCESS_KEY_ID", "AKIDENV")
        .with("AWS_SECRET_ACCESS_KEY", "SECRETENV");
    assert_eq!(key_of(home.found().await), "AKIDENV");
    assert_eq!(key_of(home.provider().with_profile("work").credentials().await), "AKIDFILE");
    let home = home.with("AWS_ACCESS_KEY_ID", "").with("AWS_BEARER_TOKEN_BEDROCK", "bearer");
    assert_eq!(home.found().await.unwrap(), Credentials::bearer("bearer"));
    assert_eq!(key_of(home.provider().with_profile("work").credentials().await), "AKIDFILE");
}

#[tokio::test]
async fn credentials_file_wins_over_the_config_file() {
    let config = "[default]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n";
    assert_eq!(key_of(Home::new(config, &format!("[default]\n{KEYS}")).found().await), "AKIDFILE");
    assert_eq!(key_of(Home::new(config, "").found().await), "AKIDCONFIG");
}

#[tokio::test]
async fn no_credentials_error_lists_every_source_in_order() {
    let error = Home::new("[default]\nregion = us-east-1\n", "").found().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let sources = [
        "environment",
        "role of the profile",
        "web identity",
        "SSO",
        "credentials file",
        "login",
        "process",
        "config file",
        "container",
        "instance (IMDS)",
    ];
    let lines: Vec<&str> =
        error.message().lines().skip(1).filter(|line| line.starts_with(' ')).map(str::trim).collect();
    assert_eq!(lines.len(), sources.len(), "{error}");
    for (line, source) in lines.iter().zip(sources) {
        assert!(line.starts_with(&format!("{source}: ")), "{line}");
    }
    assert!(lines[0].contains("nor `AWS_ACCESS_KEY_ID` is set"), "{error}");
}

#[tokio::test]
async fn half_a_pair_in_a_file_is_an_error() {
    let error = Home::new("", "[default]\naws_access_key_id = A\n").found().await.unwrap_err();
    assert!(error.message().contains("but not `aws_secret_access_key`"), "{error}");
}

#[tokio::test]
async fn role_chain_signs_with_the_source_profile() {
    let config = "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\nexternal_id = ext\n\
                  role_session_name = me\nduration_seconds = 900\nregion = eu-west-1\n\
                  [profile b]\nrole_arn = arn:aws:iam::123456789012:role/b\nsource_profile = c\n";
    let home = Home::new(config, &format!("[c]\n{KEYS}")).with("AWS_PROFILE", "a");
    let (found, sent) = home.over(vec![role_reply("AKIDB"), role_reply("AKIDA")]).await;
    assert_eq!(key_of(found), "AKIDA");
    let requests = sent.requests();
    let body = |at: usize| String::from_utf8(requests[at].body.to_vec()).unwrap();
    assert!(requests[0].url.starts_with("https://sts.eu-west-1.amazonaws.com"), "{}", requests[0].url);
    assert!(body(0).contains("role%2Fb") && requests[0].headers.get("authorization").unwrap().contains("AKIDFILE"));
    for part in ["role%2Fa", "ExternalId=ext", "RoleSessionName=me", "DurationSeconds=900"] {
        assert!(body(1).contains(part), "{}", body(1));
    }
    assert!(requests[1].headers.get("authorization").unwrap().contains("AKIDB"));
}

#[tokio::test]
async fn default_credentials_are_cached_until_they_are_refused() {
    let config = format!(
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = default\n{KEYS}region = us-east-1\n"
    );
    let home = Home::new(&config, "");
    let transport = MemoryTransport::new([role_reply("AKIDONE"), role_reply("AKIDTWO")]);
    let provider = home.provider().with_transport(transport.clone()).with_runtime(Clock::new(false));
    let first = provider.credentials().await.unwrap();
    assert_eq!((provider.credentials().await.unwrap(), transport.requests().len()), (first.clone(), 1));
    provider.forget(&first);
    assert_eq!(key_of(provider.credentials().await), "AKIDTWO");
}

#[tokio::test]
async fn role_settings_that_cannot_work_are_refused() {
    let role = "role_arn = arn:aws:iam::123456789012:role/a\n";
    for (config, word) in [
        (format!("[default]\n{role}"), "neither `source_profile` nor"),
        (format!("[default]\n{role}source_profile = x\ncredential_source = Environment\n"), "both"),
        (format!("[default]\n{role}source_profile = x\n"), "does not exist: `x`"),
        (format!("[default]\n{role}source_profile = default\n"), "`default` > `default`"),
        (format!("[default]\n{role}source_profile = x\n[profile x]\n{role}source_profile = default\n"), "cycle"),
        (format!("[default]\n{role}credential_source = Nowhere\n"), "`Nowhere`"),
        (format!("[default]\n{role}credential_source = Environment\n"), "`AWS_ACCESS_KEY_ID` is not set"),
        (format!("[default]\n{role}source_profile = default\nmfa_serial = m\n{KEYS}"), "mfa_serial"),
        (
            format!("[default]\n{role}source_profile = default\nduration_seconds = x\n{KEYS}"),
            "profile `default` is `x`",
        ),
        (format!("[default]\n{role}source_profile = default\nduration_seconds = 60\n{KEYS}"), "`duration_seconds`"),
        (
            format!("[default]\n{role}source_profile = x\n[profile x]\nregion = us-east-1\n"),
            "profile `x` has no credentials",
        ),
    ] {
        let error = Home::new(&config, "").found().await.unwrap_err();
        assert!(error.message().contains(word), "{config}: {error}");
        assert_hidden(&error, &["SECRETFILE"]);
    }
}

#[tokio::test]
async fn web_identity_reads_variables_before_the_profile() {
    let home = Home::new("[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/profile\n", "");
    let path = home.write("token", "THETOKEN\n").display().to_string();
    let home = home.with("AWS_WEB_IDENTITY_TOKEN_FILE", &path);
    // A profile's role without a source is one for this token, but botocore looks at the role first.
    let error = home.found().await.unwrap_err();
    assert!(error.message().contains("source_profile"), "{error}");
    home.write(".aws/config", "[default]\nregion = us-east-1\n");
    let error = home.found().await.unwrap_err();
    assert!(error.message().contains("set `AWS_ROLE_ARN`"), "{error}");
    let home = home.with("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web").with("AWS_ROLE_SESSION_NAME", "me");
    let (found, sent) = home.over(vec![role_reply("AKIDWEB")]).await;
    assert_eq!(key_of(found), "AKIDWEB");
    let body = String::from_utf8(sent.requests()[0].body.to_vec()).unwrap();
    assert!(body.contains("WebIdentityToken=THETOKEN") && body.contains("RoleSessionName=me"), "{body}");
}

const SESSION: &str = "[default]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = dev\n\
                       [sso-session my]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n";
fn sso_reply() -> Reply {
    Reply::json(
        200,
        r#"{"roleCredentials":{"accessKeyId":"AKIDSSO","secretAccessKey":"s","sessionToken":"t","expiration":1735790645000}}"#,
    )
}

/// The token's file: SHA-1 of `my`.
const TOKEN: &str = ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";

#[tokio::test]
async fn sso_session_exchanges_its_token_for_role_credentials() {
    let home = Home::new(SESSION, "");
    let error = home.found().await.unwrap_err();
    assert!(error.message().contains("`my` has no token; run `aws sso login --profile default`"), "{error}");
    home.write(TOKEN, r#"{"accessToken":"TOKENTOKEN","expiresAt":"2025-01-02T09:00:00Z"}"#);
    let (found, sent) = home.over(vec![sso_reply()]).await;
    assert_eq!(key_of(found), "AKIDSSO");
    let request = &sent.requests()[0];
    let url = "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=dev&account_id=123456789012";
    assert_eq!((request.url.as_str(), request.headers.get("x-amz-sso_bearer_token")), (url, Some("TOKENTOKEN")));
    let (found, _) = home.over(vec![Reply::json(401, r#"{"message":"no TOKENTOKEN"}"#)]).await;
    let error = found.unwrap_err();
    assert!(error.message().contains("aws sso login"), "{error}");
    assert_hidden(&error, &["TOKENTOKEN"]);
}

#[tokio::test]
async fn sso_token_is_renewed_and_saved_before_it_expires() {
    let home = Home::new(SESSION, "");
    let token = r#"{"accessToken":"OLDTOKEN","expiresAt":"2025-01-02T03:10:00Z","refreshToken":"REFRESH1","clientId":"id",
        "clientSecret":"CLIENTSECRET","registrationExpiresAt":"2025-02-02T03:10:00Z"}"#;
    let path = home.write(TOKEN, token);
    let renewed = Reply::json(200, r#"{"accessToken":"NEWTOKEN","expiresIn":28800,"refreshToken":"REFRESH2"}"#);
    let (found, sent) = home.over(vec![renewed, sso_reply()]).await;
    assert_eq!(key_of(found), "AKIDSSO");
    let requests = sent.requests();
    assert_eq!(requests[0].url, "https://oidc.eu-west-1.amazonaws.com/token");
    assert_eq!(requests[1].headers.get("x-amz-sso_bearer_token"), Some("NEWTOKEN"));
    let saved = std::fs::read_to_string(&path).unwrap();
    for part in ["NEWTOKEN", "REFRESH2", "2025-01-02T11:04:05Z", "CLIENTSECRET"] {
        assert!(saved.contains(part), "{saved}");
    }
    // A renewal that fails is not an error while the old token holds.
    home.write(TOKEN, token);
    let refused = || Reply::json(400, r#"{"error":"invalid_grant","error_description":"REFRESH1 is spent"}"#);
    let (found, sent) = home.over(vec![refused(), sso_reply()]).await;
    assert_eq!(key_of(found), "AKIDSSO");
    assert_eq!(sent.requests()[1].headers.get("x-amz-sso_bearer_token"), Some("OLDTOKEN"));
    home.write(TOKEN, &token.replace("03:10:00Z\",\"refresh", "03:00:00Z\",\"refresh"));
    let (found, _) = home.over(vec![refused()]).await;
    let error = found.unwrap_err();
    assert!(error.message().contains("not renewed") && error.message().contains("aws sso login"), "{error}");
    assert_hidden(&error, &["REFRESH1", "CLIENTSECRET", "OLDTOKEN"]);
}

#[tokio::test]
async fn sso_settings_that_are_not_enough_are_refused() {
    for (config, word) in [
        ("[default]\nsso_role_name = r\n", "`sso_account_id`"),
        ("[default]\nsso_role_name = r\nsso_session = x\n", "`[sso-session x]`"),
        (&SESSION.replace("[sso-session", "sso_region = us-east-1\n[sso-session") as &str, "`sso_region`"),
    ] {
        let error = Home::new(config, "").found().await.unwrap_err();
        assert!(error.message().contains(word) && error.kind() == ErrorKind::Config, "{config}: {error}");
    }
}

#[tokio::test]
async fn profile_settings_are_behind_the_variables() {
    let config = "[default]\nregion = eu-west-1\nuse_fips_endpoint = true\nservices = s\nendpoint_url = http://all\n\
                  [services s]\nbedrock_runtime =\n  endpoint_url = http://runtime\n";
    let get = |home: &Home, name: &str| {
        let variables = home.variables.clone();
        let variables: Arc<dyn Variables> = Arc::new(move |name: &str| variables.get(name).cloned());
        settings(&variables, None, false).unwrap().0.get(name)
    };
    let home = Home::new(config, "");
    assert_eq!(get(&home, "AWS_DEFAULT_REGION").as_deref(), Some("eu-west-1"));
    assert_eq!(get(&home, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME").as_deref(), Some("http://runtime"));
    assert_eq!(get(&home, "AWS_ENDPOINT_URL").as_deref(), Some("http://all"));
    assert_eq!(get(&home, "AWS_USE_FIPS_ENDPOINT").as_deref(), Some("true"));
    let home = home.with("AWS_ENDPOINT_URL", "http://env").with("AWS_DEFAULT_REGION", "us-west-2");
    assert_eq!(get(&home, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"), None);
    assert_eq!(get(&home, "AWS_ENDPOINT_URL").as_deref(), Some("http://env"));
    assert_eq!(get(&home, "AWS_DEFAULT_REGION").as_deref(), Some("us-west-2"));
}

#[tokio::test]
async fn profile_settings_that_are_wrong_are_refused() {
    for (config, word) in [
        ("[default]\nuse_fips_endpoint = yes\n", "`use_fips_endpoint`"),
        ("[default]\nservices = s\n", "`[services s]`"),
        ("[default\n", "line 1"),
    ] {
        let error: Error = Home::new(config, "").found().await.unwrap_err();
        assert!(error.message().contains(word) && error.kind() == ErrorKind::Config, "{config}: {error}");
    }
}

/// A key of P-256, made for this test by `openssl ecparam -name prime256v1 -genkey -noout`, and its public part.
#[cfg(feature = "login")]
const DPOP_KEY: &str = "-----BEGIN EC PRIVATE KEY-----\\n\
                        MHcCAQEEIGkmq+wNLI/VRcgcbgjbt9xpUIMA0E+hrcAfqP22KQPPoAoGCCqGSM49\\n\
                        AwEHoUQDQgAE6c9e0ahScF5YaWb/TG/7SwVClNwl4ePbpmvsbp37ZP8kUxbBQI3b\\n\
                        NNyWmkIGsP7IgbJW8Y8iyj7bQIPvOUIQNg==\\n-----END EC PRIVATE KEY-----\\n";
#[cfg(feature = "login")]
const DPOP_POINT: &str = "BOnPXtGoUnBeWGlm/0xv+0sFQpTcJeHj26Zr7G6d+2T/JFMWwUCN2zTclppCBrD+yIGyVvGPIso+20CD7zlCEDY=";

/// The token's file: SHA-256 of `arn:x`.
#[cfg(feature = "login")]
const LOGIN: &str = "cache/37a06272f0dfc7bb2f54fc52ee96e397a3e77c4a540d48d73ccc73def8b54b47.json";

#[cfg(feature = "login")]
fn login_home(expiry: &str) -> Home {
    let home = Home::new("[default]\nlogin_session = arn:x\nregion = eu-west-1\n", "");
    home.write(
        LOGIN,
        &format!(
            r#"{{"accessToken":{{"accessKeyId":"AKIDOLD","secretAccessKey":"OLDSECRET","sessionToken":"t",
               "accountId":"123456789012","expiresAt":"{expiry}"}},"tokenType":"urn:aws:params","refreshToken":"REFRESH1",
               "clientId":"arn:aws:signin:::devtools/same-device","dpopKey":"{DPOP_KEY}"}}"#
        ),
    );
    let folder = home.path.join("cache").display().to_string();
    home.with("AWS_LOGIN_CACHE_DIRECTORY", &folder)
}

#[cfg(feature = "login")]
#[tokio::test]
async fn login_session_is_renewed_with_a_signed_proof_and_saved() {
    use crate::base64::decode;
    assert_eq!(key_of(login_home("2025-01-02T03:10:00Z").over(vec![]).await.0), "AKIDOLD");
    let home = login_home("2025-01-02T03:05:00Z");
    let renewed = r#"{"accessToken":{"accessKeyId":"AKIDNEW","secretAccessKey":"NEWSECRET","sessionToken":"u"},
        "tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"REFRESH2"}"#;
    let (found, sent) = home.over(vec![Reply::json(200, renewed)]).await;
    assert_eq!(key_of(found), "AKIDNEW");
    let request = &sent.requests()[0];
    assert_eq!(request.url, "https://eu-west-1.signin.aws.amazon.com/v1/token");
    let proof = request.headers.get("dpop").unwrap();
    let (input, signature) = proof.rsplit_once('.').unwrap();
    let bytes = |text: &str| {
        let mut text = text.replace('-', "+").replace('_', "/");
        text.push_str(["", "", "==", "="][text.len() % 4]);
        let mut out = Vec::new();
        decode(text.as_bytes(), &mut out).map_err(|error| error.to_string()).unwrap();
        out
    };
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, bytes(DPOP_POINT));
    key.verify(input.as_bytes(), &bytes(signature)).unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    let (header, payload) = (String::from_utf8(bytes(header)).unwrap(), String::from_utf8(bytes(payload)).unwrap());
    assert!(header.starts_with(r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","x":"6c9e0ahS"#), "{header}");
    let url = request.url.as_str();
    assert!(payload.starts_with(&format!(r#"{{"htm":"POST","htu":"{url}","iat":1735787045,"jti":""#)), "{payload}");
    let saved = std::fs::read_to_string(home.path.join(LOGIN)).unwrap();
    for part in ["AKIDNEW", "REFRESH2", "2025-01-02T03:19:05Z", "dpopKey", "123456789012", "urn:aws:params"] {
        assert!(saved.contains(part), "{saved}");
    }
    assert!(!saved.contains("OLDSECRET") && !saved.contains("REFRESH1"), "{saved}");
}

#[cfg(feature = "login")]
#[tokio::test]
async fn login_session_that_has_ended_is_an_error_with_advice() {
    let refused = || Reply::json(400, r#"{"error":"TOKEN_EXPIRED","message":"REFRESH1 has ended"}"#);
    // The old credentials are used while they hold.
    assert_eq!(key_of(login_home("2025-01-02T03:05:00Z").over(vec![refused()]).await.0), "AKIDOLD");
    let home = login_home("2025-01-02T03:00:00Z");
    let error = home.over(vec![refused()]).await.0.unwrap_err();
    assert!(error.message().contains("run `aws login --profile default`"), "{error}");
    assert_hidden(&error, &["REFRESH1", "OLDSECRET", "MHcCAQEE"]);
    std::fs::remove_file(home.path.join(LOGIN)).unwrap();
    let error = home.found().await.unwrap_err();
    assert!(error.message().contains("has no token; run `aws login"), "{error}");
}
