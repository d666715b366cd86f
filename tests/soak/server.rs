//! A local Bedrock in a separate process, so that its memory is not counted.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use local_bedrock::{Fault, HANGS, LocalBedrock};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::list::List;
use crate::random::Random;

/// The variable that is set in the server's process.
const SERVER: &str = "BEDROCK_CHAT_SOAK_SERVER";

pub(crate) fn is_server() -> bool {
    std::env::var_os(SERVER).is_some()
}

/// Serves until the client's process closes standard input.
pub(crate) async fn serve() {
    let bedrock = LocalBedrock::start().await.unwrap();
    println!("\nurl={}", bedrock.url());
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    list: List,
    control: reqwest::Client,
}

impl Server {
    /// Runs the test of this name as a server.
    pub(crate) async fn start(test: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let url = lines.find_map(|line| Some(line.unwrap().strip_prefix("url=")?.to_owned()));
        // The test runner of that process also writes there, and would fail if the pipe were closed.
        std::thread::spawn(move || lines.for_each(drop));
        // reqwest requires that the process is set up for TLS before any client.
        bedrock_chat::ReqwestTransport::new(None).unwrap();
        // Connections of this client are not kept, so that they are not counted.
        let control = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self { child, url: url.expect("the server's URL"), list: List::read(), control }
    }

    pub(crate) fn list(&self) -> &List {
        &self.list
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let request = self.control.request(method, format!("{}/_local/{path}", self.url)).body(body.to_string());
        let text = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Replaces the faults by random ones, for half of this many streams.
    pub(crate) async fn push_faults(&self, random: &mut Random, streams: usize) {
        let entries: Vec<_> = self.list.faults.iter().filter(|entry| is_usable(entry)).collect();
        let faults: Vec<Fault> = (0..streams / 2)
            .map(|_| {
                loop {
                    let (api, entry) = (random.pick(&self.list.apis), random.pick(&entries));
                    let is_rare = entry.limit_ms.is_some() && random.below(4) > 0;
                    // A bit in a server-sent event can change the text: there is no checksum.
                    let is_silent = entry.name.contains("bit flipped") && !api.title.contains("onverse");
                    if !is_rare && !is_silent && self.list.apis_of(entry).any(|other| other.id == api.id) {
                        let skip = random.below(streams / self.list.apis.len());
                        break entry.over(api).on_path(&api.stream_path).skip(u32::try_from(skip).unwrap());
                    }
                }
            })
            .collect();
        self.control(reqwest::Method::DELETE, "faults", Value::Null).await;
        self.control(reqwest::Method::POST, "faults", json!(faults)).await;
    }

    /// Returns the number of open connections, without that of the question.
    pub(crate) async fn open_connections(&self) -> usize {
        let answer = self.control(reqwest::Method::GET, "connections", Value::Null).await;
        usize::try_from(answer["open"].as_u64().unwrap()).unwrap() - 1
    }

    /// Returns how often each stream was requested since the last call, once all replies have ended.
    pub(crate) async fn requests(&self) -> BTreeMap<usize, usize> {
        let list = async || self.control(reqwest::Method::GET, "requests", Value::Null).await;
        let has_ended = |request: &Value| request["outcome"] != "pending";
        self.until("all replies have ended", async || list().await.as_array().unwrap().iter().all(has_ended)).await;
        let mut counts = BTreeMap::new();
        for request in list().await.as_array().unwrap() {
            let number = crate::streams::number(request["body"].as_str().unwrap().as_bytes());
            *counts.entry(number).or_default() += 1;
        }
        self.control(reqwest::Method::DELETE, "requests", Value::Null).await;
        counts
    }

    /// Waits until a condition is met; fails if it is never met.
    pub(crate) async fn until(&self, what: &str, is_met: impl AsyncFn() -> bool) {
        let waiting = async {
            while !is_met().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(HANGS, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_usable(entry: &crate::list::Entry) -> bool {
    !entry.closed && entry.calls.iter().any(|call| call == "stream")
}
