//! A set-up: its variables, files and services.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bedrock_chat::{BoxFuture, HttpRequest, Method, ReqwestTransport, Runtime, SystemRuntime, Transport};
use local_bedrock::{HANGS, LocalBedrock, Verdict};
use serde_json::{Map, Value, json};

use crate::wire::AWS;

/// A home folder and a local Bedrock. The folder is removed at the end.
pub(crate) struct Machine {
    bedrock: LocalBedrock,
    home: PathBuf,
    variables: BTreeMap<String, String>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The system's clock, with more time for the service of containers. Its limit is 2 seconds, which is short on a busy
/// machine, and cannot be set by a variable.
#[derive(Debug)]
pub(crate) struct Patient;

impl Runtime for Patient {
    fn now(&self) -> Duration {
        SystemRuntime.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemRuntime.sleep(if duration == Duration::from_secs(2) { HANGS } else { duration })
    }

    fn random(&self) -> f64 {
        SystemRuntime.random()
    }
}

impl Machine {
    pub(crate) async fn start(setup: &Value) -> Self {
        let bedrock = LocalBedrock::start().await.unwrap();
        let switches = &setup["server"];
        if !switches["identity"].is_null() {
            local(&bedrock, "identity", &switches["identity"]).await;
        }
        for fault in switches["faults"].as_array().into_iter().flatten() {
            local(&bedrock, "faults", fault).await;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("bedrock-chat-credentials-{}-{number}", std::process::id()));
        let shown = home.display().to_string();
        let fill = |text: &str| text.replace("{server}", &bedrock.url()).replace("{home}", &shown);
        for (name, text) in setup["files"].as_object().unwrap() {
            let name = match name.as_str() {
                "config" => ".aws/config",
                "credentials" => ".aws/credentials",
                other => other,
            };
            let path = home.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, fill(text.as_str().unwrap())).unwrap();
        }
        let mut variables = BTreeMap::from([("HOME".to_owned(), shown.clone())]);
        for (name, value) in setup["env"].as_object().unwrap() {
            variables.insert(name.clone(), fill(value.as_str().unwrap()));
        }
        // The default is 1 second, which is short on a busy machine. For containers, see `Patient`.
        variables.entry("AWS_METADATA_SERVICE_TIMEOUT".to_owned()).or_insert_with(|| HANGS.as_secs().to_string());
        Self { home, variables, bedrock }
    }

    pub(crate) fn url(&self) -> String {
        self.bedrock.url()
    }

    pub(crate) fn environment(&self) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let variables = self.variables.clone();
        move |name| variables.get(name).cloned()
    }

    /// Returns the secrets of the set-up and all secrets that its services issued.
    pub(crate) fn secrets(&self, setup: &Value) -> Vec<String> {
        let mut secrets = secrets(setup);
        secrets.extend(self.bedrock.issued_secrets());
        secrets
    }

    /// Returns the requests to the services that issue keys, as `record.py` writes them.
    pub(crate) fn requests(&self) -> Value {
        let mut requests = Vec::new();
        for request in self.bedrock.requests() {
            let query = request
                .query
                .as_deref()
                .filter(|query| !query.is_empty())
                .map_or(String::new(), |query| format!("?{query}"));
            let mut entry =
                Map::from_iter([("request".to_owned(), json!(format!("{} {}{query}", request.method, request.path)))]);
            let body = String::from_utf8_lossy(&request.body).into_owned();
            for (name, value) in body.split('&').filter_map(|part| part.split_once('=')) {
                if !body.starts_with("Action=") || ["Version", "WebIdentityToken"].contains(&name) {
                    continue;
                }
                let value = decoded(value);
                let made_up = name == "RoleSessionName" && value.starts_with("bedrock-chat-");
                entry.insert(name.to_owned(), json!(if made_up { "(made up)" } else { &value }));
            }
            if let Some(host) = request.header("host").filter(|host| AWS.iter().any(|end| host.ends_with(end))) {
                entry.insert("host".to_owned(), json!(host));
            }
            if let Verdict::Signed { access_key_id, .. } = &request.verdict {
                entry.insert("signed_by".to_owned(), json!(access_key_id));
            }
            requests.push(Value::Object(entry));
        }
        Value::Array(requests)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

async fn local(bedrock: &LocalBedrock, path: &str, body: &Value) {
    let request =
        HttpRequest::new(Method::Post, format!("{}/_local/{path}", bedrock.url())).with_body(body.to_string());
    let response = ReqwestTransport::new(None).unwrap().send(request).await.unwrap();
    assert_eq!(response.status, 200, "{path} {body}");
}

/// Decodes percent-encoding.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Returns the secrets of a set-up, which are not empty.
///
/// # Panics
/// If a secret has fewer than eight characters: it could be part of an ordinary word.
pub(crate) fn secrets(setup: &Value) -> Vec<String> {
    const KEYS: &[&str] = &[
        "aws_secret_access_key",
        "aws_session_token",
        "aws_security_token",
        "secretaccesskey",
        "sessiontoken",
        "accesstoken",
        "refreshtoken",
        "clientsecret",
        "dpopkey",
    ];
    const VARIABLES: &[&str] = &[
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ];
    let mut secrets: Vec<_> = setup["keys"][1].as_str().map(str::to_owned).into_iter().collect();
    for (name, value) in setup["env"].as_object().unwrap() {
        if VARIABLES.contains(&name.as_str()) {
            secrets.push(value.as_str().unwrap().trim().to_owned());
        }
    }
    for (name, text) in setup["files"].as_object().unwrap() {
        let text = text.as_str().unwrap();
        if name.contains("token") {
            secrets.push(text.trim().to_owned());
        }
        // Lines of profiles, and members of JSON.
        for part in text.split(['\n', ',', '{']) {
            let Some((key, value)) = part.split_once(['=', ':']) else { continue };
            let trimmed = |text: &str| text.trim_matches(|c: char| c.is_whitespace() || "\"'}".contains(c)).to_owned();
            if KEYS.contains(&trimmed(key).to_lowercase().as_str()) {
                secrets.push(trimmed(value));
            }
        }
    }
    secrets.retain(|secret| !secret.is_empty());
    for secret in &secrets {
        assert!(secret.len() >= 8, "the secret `{secret}` of {} is too short to be searched for", setup["name"]);
    }
    secrets
}
