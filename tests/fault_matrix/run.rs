//! Runs the matrix natively.

use std::collections::BTreeMap;
use std::time::Duration;

use bedrock_chat::{BedrockChat, ChatEvent, Credentials, Error, ReqwestTransport, Result, RetryPolicy, Timeouts};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY, soon};

use crate::key;
use crate::list::{Api, Entry, List};

/// Returns the outcomes of all faults, by key.
pub(crate) async fn native(list: &List) -> BTreeMap<String, String> {
    let runs: Vec<_> = list.apis.iter().map(|api| tokio::spawn(over_one_api(list.clone(), api.clone()))).collect();
    let mut cells = BTreeMap::new();
    for run in runs {
        cells.extend(run.await.unwrap());
    }
    cells
}

async fn over_one_api(list: List, api: Api) -> BTreeMap<String, String> {
    let transport = ReqwestTransport::new(None).unwrap();
    let start = async || Caller {
        api: api.clone(),
        question: list.question.clone(),
        transport: transport.clone(),
        bedrock: LocalBedrock::start().await.unwrap(),
    };
    let caller = start().await;
    let whole = caller.call("stream", &Setting::default()).await.outcome.unwrap();
    let (mut cells, mut waiting) = (BTreeMap::new(), Vec::new());
    for entry in list.faults.iter().filter(|entry| list.apis_of(entry).any(|other| other.id == api.id)) {
        for call in &entry.calls {
            let place = key(&entry.name, &api.id, call);
            if entry.limit_ms.is_none() {
                let cell = caller.cell(entry, call, &whole, &place).await;
                cells.insert(place, cell);
                continue;
            }
            // These calls wait for a limit, each at another server, so that they wait at the same time.
            let (caller, entry, call, whole) = (start().await, entry.clone(), call.clone(), whole.clone());
            waiting.push(tokio::spawn(async move {
                let cell = caller.cell(&entry, &call, &whole, &place).await;
                (place, cell)
            }));
        }
    }
    for cell in waiting {
        cells.extend([cell.await.unwrap()]);
    }
    cells
}

/// The calls over one API.
struct Caller {
    api: Api,
    question: String,
    transport: ReqwestTransport,
    bedrock: LocalBedrock,
}

/// The settings of a chat that depend on the fault.
#[derive(Default)]
struct Setting {
    limit: Option<Duration>,
    /// Nothing listens at the address.
    closed: bool,
}

/// An address where nothing listens: no server gets a port below 1024 by chance.
const CLOSED: &str = "http://127.0.0.1:1";

impl Setting {
    fn of(entry: &Entry) -> Self {
        Self { limit: entry.limit_ms.map(Duration::from_millis), closed: entry.closed }
    }
}

/// The outcome for the caller: the text of the message or an error, and the text that a stream delivered.
struct Seen {
    outcome: Result<String>,
    delivered: Option<String>,
}

impl Caller {
    fn chat(&self, call: &str, setting: &Setting) -> BedrockChat {
        let limits = match setting.limit {
            Some(limit) => Timeouts::default().with_first_byte(limit).with_idle(limit),
            None => Timeouts::default(),
        };
        let retry = RetryPolicy::default().with_base_delay(Duration::ZERO).with_throttling_base_delay(Duration::ZERO);
        let url = if setting.closed { CLOSED.to_owned() } else { self.bedrock.url() };
        BedrockChat::builder(&self.api.model)
            .region("us-east-1")
            .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
            .endpoint_url(url)
            .transport(self.transport.clone())
            .api(self.api.kind())
            .service(self.api.service())
            .streaming(call == "gathered")
            .timeouts(limits)
            .retry(retry)
            .build()
            .unwrap()
    }

    async fn call(&self, call: &str, setting: &Setting) -> Seen {
        let chat = self.chat(call, setting);
        let asked = async {
            match call {
                "stream" => self.read(&chat).await,
                _ => {
                    let reply = chat.invoke(self.question.as_str()).await;
                    Seen { outcome: reply.map(|reply| reply.text()), delivered: None }
                }
            }
        };
        soon(asked).await
    }

    /// Reads a stream to its end, and checks the end.
    async fn read(&self, chat: &BedrockChat) -> Seen {
        let mut delivered = String::new();
        let mut stream = match chat.stream(self.question.as_str()).await {
            Ok(stream) => stream,
            Err(error) => return Seen { outcome: Err(error), delivered: Some(delivered) },
        };
        while let Some(event) = stream.next().await {
            match event {
                Ok(ChatEvent::Text { text, .. }) => delivered.push_str(&text),
                Ok(_) => {}
                Err(error) => {
                    assert!(stream.next().await.is_none(), "the stream goes on after its error");
                    assert_eq!(stream.so_far().text(), delivered);
                    return Seen { outcome: Err(error), delivered: Some(delivered) };
                }
            }
        }
        Seen { outcome: Ok(stream.so_far().text()), delivered: Some(delivered) }
    }

    /// Calls while the fault lasts, and once more with a fault that passes, if the call was sent again.
    async fn cell(&self, entry: &Entry, call: &str, whole: &str, place: &str) -> String {
        let setting = Setting::of(entry);
        self.bedrock.clear();
        self.bedrock.faults().push(entry.over(&self.api).forever());
        let seen = self.call(call, &setting).await;
        let sent = match (&seen.outcome, setting.closed) {
            (Err(error), true) => error.attempts() as usize,
            _ => self.bedrock.requests().len(),
        };
        nothing_is_lost(&seen, sent, place);
        if sent > 1 && !setting.closed {
            self.bedrock.clear();
            self.bedrock.faults().push(entry.over(&self.api).times(1));
            let later = self.call(call, &setting).await.outcome;
            assert_eq!(later.unwrap_or_else(|error| panic!("{place}: {error}")), whole, "{place}");
            assert_eq!(self.bedrock.requests().len(), 2, "{place}");
        }
        written(&seen.outcome, sent, whole)
    }
}

/// Fails if text was delivered and is not in the error, or if a call was sent again after text had arrived.
fn nothing_is_lost(seen: &Seen, sent: usize, place: &str) {
    let arrived = match &seen.outcome {
        Ok(text) => text.clone(),
        Err(error) => {
            assert_eq!(error.attempts() as usize, sent, "{place}: {error}");
            error.partial().map(|partial| partial.text()).unwrap_or_default()
        }
    };
    if let Some(delivered) = &seen.delivered {
        assert_eq!(delivered, &arrived, "{place}");
    }
    assert!(arrived.is_empty() || sent == 1, "{place}: sent {sent} times, although text had arrived");
}

/// Returns an outcome as text: the kind, how often the call was sent, how much of the text arrived, and whether the
/// error is retryable and transient.
fn written(outcome: &Result<String>, sent: usize, whole: &str) -> String {
    let extent = |text: &str| match whole.strip_prefix(text) {
        Some("") => "all".to_owned(),
        Some(_) => format!("{} of {}", text.len(), whole.len()),
        None => "altered".to_owned(),
    };
    match outcome {
        Ok(text) => format!("message | {sent} | {} |", extent(text)),
        Err(error) => {
            let partial = error.partial().map_or("none".to_owned(), |partial| extent(&partial.text()));
            format!("{} | {sent} | {partial} | {}", error.kind().as_str(), flags(error))
        }
    }
}

fn flags(error: &Error) -> &'static str {
    match (error.is_retryable(), error.is_transient()) {
        (true, true) => "retryable, transient",
        (false, true) => "transient",
        (false, false) => "",
        (true, false) => panic!("a retryable error is transient: {error}"),
    }
}
