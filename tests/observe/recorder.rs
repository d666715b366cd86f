//! A server that records its requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// How the server answers one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16, &'static str),
    /// A status with a header.
    Header(u16, &'static str),
    /// Closes the connection without an answer.
    HangUp,
    /// Waits for the notification, then answers with this status.
    Held(Arc<Notify>, u16),
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Recorded>,
    answers: VecDeque<Answer>,
    /// Paths that this server does not know.
    unknown: Vec<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    /// Sets the answers to the next requests. Later requests get 202.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().unwrap().answers.extend(answers);
    }

    /// Answers this path with 404, as an older server does.
    pub(crate) fn does_not_know(&self, path: &'static str) {
        self.state.lock().unwrap().unknown.push(path);
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The operations on runs in all requests, in order: `post` or `patch`, and the run.
    pub(crate) fn operations(&self) -> Vec<(String, Value)> {
        self.requests().iter().flat_map(operations).collect()
    }

    /// The posted runs, merged with their patches.
    pub(crate) fn runs(&self) -> Vec<Value> {
        let mut runs: Vec<Value> = Vec::new();
        for (operation, run) in self.operations() {
            let known = runs.iter_mut().find(|known| known["id"] == run["id"]);
            match (operation.as_str(), known) {
                ("patch", Some(known)) => {
                    known.as_object_mut().unwrap().extend(run.as_object().unwrap().clone());
                }
                ("post", None) => runs.push(run),
                (operation, known) => panic!("{operation} of a run that is {known:?}"),
            }
        }
        runs
    }

    /// The only run.
    pub(crate) fn run(&self) -> Value {
        let [run] = <[Value; 1]>::try_from(self.runs()).expect("one run");
        run
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Recorded { path, headers, body: Vec::new() };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        request.body.resize(length, 0);
        stream.read_exact(&mut request.body).await.ok()?;
        let answer = {
            let mut state = state.lock().unwrap();
            let unknown = state.unknown.iter().any(|path| *path == request.path);
            // An OpenTelemetry collector answers with an empty message.
            let usual = if request.path == "/v1/traces" { Answer::Status(200, "") } else { Answer::Status(202, "{}") };
            state.requests.push(request);
            if unknown { Answer::Status(404, "{}") } else { state.answers.pop_front().unwrap_or(usual) }
        };
        let (status, header, body) = match answer {
            Answer::HangUp => return None,
            Answer::Held(release, status) => {
                release.notified().await;
                (status, "", "{}")
            }
            Answer::Status(status, body) => (status, "", body),
            Answer::Header(status, header) => (status, header, "{}"),
        };
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{header}\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).await.ok()?;
    }
}

/// Returns the operations in one request, as JSON or as multipart.
fn operations(request: &Recorded) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(&request.body).expect("UTF-8");
    match request.path.as_str() {
        "/runs/batch" => {
            let body: Value = serde_json::from_str(text).expect("JSON");
            let some = |name: &'static str| {
                body[name].as_array().unwrap().clone().into_iter().map(move |run| (name.to_owned(), run))
            };
            some("post").chain(some("patch")).collect()
        }
        "/runs/multipart" => {
            let boundary = request.header("content-type").unwrap().split_once("boundary=").unwrap().1;
            multipart(text, boundary)
        }
        path => panic!("{path} is not a path of LangSmith"),
    }
}

/// Parses a form strictly: the parts must be JSON of their declared length.
pub(crate) fn multipart(text: &str, boundary: &str) -> Vec<(String, Value)> {
    let mut runs: Vec<(String, Map<String, Value>)> = Vec::new();
    let inner = text.strip_suffix(&format!("--{boundary}--\r\n")).expect("the closing boundary");
    for part in inner.split(&format!("--{boundary}\r\n")).skip(1) {
        let (head, rest) = part.split_once("\r\n\r\n").expect("a head");
        let rest = rest.strip_suffix("\r\n").expect("a line's end");
        let name = head.split_once("name=\"").unwrap().1.split_once('"').unwrap().0;
        let length = head.split_once("application/json; length=").unwrap().1;
        assert_eq!(length.parse::<usize>().unwrap(), rest.len(), "{head}");
        let value: Value = serde_json::from_str(rest).expect("JSON");
        let mut names = name.splitn(3, '.');
        let (operation, id, member) = (names.next().unwrap(), names.next().unwrap(), names.next());
        match member {
            None => {
                assert_eq!(value["id"], id, "{name}");
                runs.push((operation.to_owned(), value.as_object().unwrap().clone()));
            }
            Some(member) => {
                let (last, run) = runs.last_mut().expect("a run before its parts");
                assert!(*last == operation && run["id"] == id, "{name}");
                run.insert(member.to_owned(), value);
            }
        }
    }
    runs.into_iter().map(|(operation, run)| (operation, Value::Object(run))).collect()
}
