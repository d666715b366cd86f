//! A server that never answers, timers that wait for its requests, and a home folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bedrock_chat::{BoxFuture, Runtime, SystemRuntime};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub(crate) type Pairs = &'static [(&'static str, &'static str)];

/// A server that reads requests and never answers.
pub(crate) struct Silent {
    pub(crate) address: SocketAddr,
    /// One permit for each request that was received.
    pub(crate) received: Arc<Semaphore>,
}

impl Silent {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::new(Semaphore::new(0)));
        let permits = Arc::clone(&received);
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                if matches!(connection.read(&mut [0; 16 * 1024]).await, Ok(1..)) {
                    permits.add_permits(1);
                }
                open.push(connection);
            }
        });
        Self { address, received }
    }

    /// Returns a runtime whose timers go off after a request: those of the length `only`, or all.
    pub(crate) fn runtime(&self, only: Option<Duration>) -> Arc<dyn Runtime> {
        Arc::new(AfterRequest { received: Arc::clone(&self.received), only })
    }
}

/// A timer that goes off once the server has received a request. Others never do, but for pauses.
#[derive(Debug)]
struct AfterRequest {
    received: Arc<Semaphore>,
    /// The only limit that is reached; `None` for all.
    only: Option<Duration>,
}

impl Runtime for AfterRequest {
    fn now(&self) -> Duration {
        SystemRuntime.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        const PAUSE: Duration = Duration::from_secs(1);
        if duration == PAUSE {
            return Box::pin(std::future::ready(()));
        }
        if self.only.is_some_and(|only| only != duration) {
            return Box::pin(std::future::pending());
        }
        let received = Arc::clone(&self.received);
        Box::pin(async move { received.acquire().await.unwrap().forget() })
    }

    fn random(&self) -> f64 {
        0.0
    }
}

/// A home folder with the files of tokens. It is removed at the end.
pub(crate) struct Home(pub(crate) PathBuf);

/// Signed in to the SSO sessions `fresh` and `stale`, and by `aws login`. The last two must be renewed. Names are hashes.
const FILES: &[(&str, &str)] = &[
    (
        ".aws/sso/cache/67a4c84cb83788005285d9c9e6f6d6c046b4c39e.json",
        r#"{"accessToken":"token-of-fresh","expiresAt":"2099-01-01T00:00:00Z"}"#,
    ),
    (
        ".aws/sso/cache/a4e976a3d3fc6d0b40453de216fbbe2e9aaecdc4.json",
        r#"{"accessToken":"token-of-stale","expiresAt":"2020-01-01T00:00:00Z","refreshToken":"refresh-token",
            "clientId":"id","clientSecret":"client-secret","registrationExpiresAt":"2099-01-01T00:00:00Z"}"#,
    ),
    (
        ".aws/login/cache/37a06272f0dfc7bb2f54fc52ee96e397a3e77c4a540d48d73ccc73def8b54b47.json",
        // The key was made for this test.
        r#"{"accessToken":{"accessKeyId":"AKIDOLD","secretAccessKey":"old-secret","sessionToken":"old-token",
            "expiresAt":"2020-01-01T00:00:00Z"},"refreshToken":"refresh-token","clientId":"id",
            "dpopKey":"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIGkmq+wNLI/VRcgcbgjbt9xpUIMA0E+hrcAfqP22KQPPoAoGCCqGSM49\nAwEHoUQDQgAE6c9e0ahScF5YaWb/TG/7SwVClNwl4ePbpmvsbp37ZP8kUxbBQI3b\nNNyWmkIGsP7IgbJW8Y8iyj7bQIPvOUIQNg==\n-----END EC PRIVATE KEY-----\n"}"#,
    ),
    ("token", "web-identity-token"),
];

impl Home {
    pub(crate) fn new(config: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = Self(std::env::temp_dir().join(format!("bedrock-chat-timeouts-{}-{number}", std::process::id())));
        let config = config.replace("{home}", &home.0.display().to_string());
        for (name, text) in FILES.iter().copied().chain([(".aws/config", config.as_str())]) {
            let path = home.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        home
    }

    /// Returns the variables of a program: the profile is `work`, and all services are at this server.
    pub(crate) fn variables(
        &self,
        server: &str,
        extra: Pairs,
    ) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let (home, server) = (self.0.display().to_string(), server.to_owned());
        move |name| match name {
            "HOME" => Some(home.clone()),
            "AWS_PROFILE" => Some("work".to_owned()),
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ENDPOINT_URL" | "AWS_EC2_METADATA_SERVICE_ENDPOINT" => Some(format!("http://{server}")),
            // The default is one second, which is also the length of a pause.
            "AWS_METADATA_SERVICE_TIMEOUT" => Some("7".to_owned()),
            _ => {
                let value = extra.iter().find(|(known, _)| *known == name)?.1;
                Some(value.replace("{home}", &home).replace("{server}", &server))
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
