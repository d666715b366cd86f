//! The streams, and what is checked of each.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_chat::{
    BedrockChat, BoxFuture, ChatEvent, Credentials, Error, HttpRequest, HttpResponse, ReqwestTransport, Result,
    RetryPolicy, Timeouts, Transport,
};
use local_bedrock::{HANGS, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::list::Api;
use crate::random::Random;
use crate::server::Server;
use crate::{AT_ONCE, setting};

/// The limits on waiting for the response headers and on silence.
const LIMIT: Duration = Duration::from_secs(2);

fn question(number: usize) -> String {
    format!("Tell the story of stream-{number}.")
}

/// Returns the number of the stream that a body asks for.
pub(crate) fn number(body: &[u8]) -> usize {
    let text = std::str::from_utf8(body).unwrap();
    let (_, rest) = text.split_once("stream-").expect("a body with a stream's number");
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// A transport that counts the requests of each stream.
#[derive(Debug, Clone)]
struct Counting {
    inner: ReqwestTransport,
    sent: Arc<[AtomicUsize]>,
}

impl Transport for Counting {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        if let Some(sent) = self.sent.get(number(&request.body)) {
            sent.fetch_add(1, Ordering::SeqCst);
        }
        self.inner.send(request)
    }
}

/// How a stream is left before its end.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Never,
    /// After this time, which may be before the response headers.
    After(Duration),
    /// After this many events.
    AfterEvents(usize),
}

impl Leaving {
    fn random(random: &mut Random) -> Self {
        match random.below(10) {
            0 | 1 => Self::After(Duration::from_micros(random.below(20_000) as u64)),
            2 | 3 => Self::AfterEvents(random.below(12)),
            _ => Self::Never,
        }
    }
}

/// The end of one stream.
#[derive(Debug)]
struct Ended {
    number: usize,
    /// `message`, `left`, or the kind of the error.
    how: &'static str,
    /// How often it had been requested when it ended.
    sent: usize,
}

pub(crate) struct Streams {
    apis: Vec<Api>,
    url: String,
    sent: Arc<[AtomicUsize]>,
    /// The text in front of the question in each answer.
    before: Arc<str>,
    ended: Vec<Ended>,
}

impl Streams {
    pub(crate) fn new(server: &Server, count: usize) -> Self {
        Self {
            apis: server.list().apis.clone(),
            url: server.url.clone(),
            sent: (0..count).map(|_| AtomicUsize::new(0)).collect(),
            before: "".into(),
            ended: Vec::with_capacity(count),
        }
    }

    /// Returns a chat for each API. They share connections.
    pub(crate) fn clients(&self) -> Vec<BedrockChat> {
        self.clients_with(Timeouts::default().with_first_byte(LIMIT).with_idle(LIMIT))
    }

    fn clients_with(&self, timeouts: Timeouts) -> Vec<BedrockChat> {
        let transport = Counting { inner: ReqwestTransport::new(None).unwrap(), sent: Arc::clone(&self.sent) };
        let delay = Duration::from_millis(1);
        // Half of the calls fail: the quota would soon be empty.
        let retry = RetryPolicy::default().with_base_delay(delay).with_throttling_base_delay(delay).with_quota(None);
        let chat = |api: &Api| {
            BedrockChat::builder(&api.model)
                .region("us-east-1")
                .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
                .endpoint_url(&self.url)
                .transport(transport.clone())
                .api(api.kind())
                .service(api.service())
                .timeouts(timeouts)
                .retry(retry)
                .build()
                .unwrap()
        };
        self.apis.iter().map(chat).collect()
    }

    /// Learns the answer from one stream of each API.
    pub(crate) async fn expect(&mut self) {
        let asked = question(usize::MAX);
        for client in self.clients_with(Timeouts::none()) {
            let text = client.stream(asked.as_str()).await.unwrap().message().await.unwrap().text();
            let before = text.strip_suffix(asked.as_str()).expect("the answer repeats the question").to_owned();
            assert!(self.before.is_empty() || *self.before == *before, "the answers of all APIs are equal");
            self.before = before.into();
        }
    }

    /// Runs these streams, as many at a time as allowed.
    pub(crate) async fn run(&mut self, clients: &[BedrockChat], numbers: Range<usize>, random: &mut Random) {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let leak = setting("SOAK_LEAK").map(|bytes| usize::try_from(bytes).unwrap());
        let mut running = JoinSet::new();
        for number in numbers {
            let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
            let (client, leaving) = (clients[number % clients.len()].clone(), Leaving::random(random));
            let (sent, answer) = (Arc::clone(&self.sent), format!("{}{}", self.before, question(number)));
            running.spawn(async move {
                let count = || sent[number].load(Ordering::SeqCst);
                let how = tokio::time::timeout(HANGS, one(&client, number, leaving, &answer, &count)).await;
                let how = how.unwrap_or_else(|_| panic!("stream {number} hangs"));
                if let Some(bytes) = leak {
                    std::mem::forget(vec![1_u8; bytes]);
                }
                drop(turn);
                Ended { number, how, sent: count() }
            });
        }
        while let Some(ended) = running.join_next().await {
            self.ended.push(ended.unwrap());
        }
    }

    /// Compares the server's requests with the client's, and returns the number of open connections.
    pub(crate) async fn check_round(&self, server: &Server, numbers: Range<usize>) -> usize {
        let received = server.requests().await;
        for ended in self.ended.iter().filter(|ended| numbers.contains(&ended.number)) {
            let received = received.get(&ended.number).copied().unwrap_or(0);
            // A request that was given up may not have been read by the server.
            let is_given_up = ["left", "timeout"].contains(&ended.how);
            let has_arrived = received == ended.sent || is_given_up && received < ended.sent;
            assert!(has_arrived, "the server received {received} requests: {ended:?}");
        }
        // Connections that are idle are kept. A call that finds an idle one may have begun to make another.
        let open = server.open_connections().await;
        assert!(open <= 2 * AT_ONCE, "{open} open connections");
        open
    }

    /// Fails if something was sent after a stream had ended.
    pub(crate) fn check_end(&self) {
        for ended in &self.ended {
            let sent = self.sent[ended.number].load(Ordering::SeqCst);
            assert_eq!(sent, ended.sent, "sent after the end: {ended:?}");
        }
    }

    pub(crate) fn ended(&self) -> usize {
        self.ended.len()
    }

    /// Returns how the streams ended, and how often they were requested.
    pub(crate) fn summary(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for ended in &self.ended {
            *counts.entry(ended.how).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(how, count)| format!("{how} {count}")).collect();
        let requests: usize = self.ended.iter().map(|ended| ended.sent).sum();
        format!("{}; {requests} requests", counts.join(", "))
    }
}

/// Reads one stream, and returns how it ended. `sent` counts its requests.
async fn one(
    client: &BedrockChat,
    number: usize,
    leaving: Leaving,
    answer: &str,
    sent: &impl Fn() -> usize,
) -> &'static str {
    // In a cell, as the future that reads may be dropped at any point.
    let delivered = Mutex::new(String::new());
    let begun = AtomicUsize::new(0);
    let reading = read(client, number, leaving, &delivered, &begun, sent);
    let outcome = match leaving {
        Leaving::After(time) => tokio::time::timeout(time, reading).await.unwrap_or(Ok("left")),
        _ => reading.await,
    };
    let delivered = delivered.into_inner().unwrap();
    assert!(answer.starts_with(&delivered), "stream {number} delivered {delivered:?}");
    let begun = begun.into_inner();
    assert!(begun == 0 || begun == sent(), "stream {number} was sent again after it had begun");
    match outcome {
        Ok("message") => {
            assert_eq!(delivered, answer, "stream {number}");
            "message"
        }
        Ok(how) => how,
        Err(error) => {
            let partial = error.partial().map(|partial| partial.text()).unwrap_or_default();
            assert_eq!(partial, delivered, "stream {number}: {error}");
            error.kind().as_str()
        }
    }
}

async fn read(
    client: &BedrockChat,
    number: usize,
    leaving: Leaving,
    delivered: &Mutex<String>,
    begun: &AtomicUsize,
    sent: &impl Fn() -> usize,
) -> Result<&'static str, Error> {
    let mut stream = client.stream(question(number)).await?;
    begun.store(sent(), Ordering::SeqCst);
    let mut events = 0;
    while let Some(event) = stream.next().await {
        if let ChatEvent::Text { text, .. } = event? {
            delivered.lock().unwrap().push_str(&text);
        }
        events += 1;
        if matches!(leaving, Leaving::AfterEvents(count) if events > count) {
            return Ok("left");
        }
    }
    Ok("message")
}
