//! Seeds from the recorded traffic of the tests, read when they are needed, so that no corpus is committed.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// A recorded call.
#[derive(Debug)]
pub struct Recorded {
    /// The operation: `invoke`, `invoke-stream`, `converse`, and so on.
    pub operation: String,
    /// The model.
    pub model: String,
    /// Whether it was sent to `bedrock-mantle`.
    pub is_mantle: bool,
    /// The body of the response.
    pub body: Vec<u8>,
    /// The bodies of the requests that the clients sent.
    pub requests: Vec<Value>,
    /// The messages of the question.
    pub messages: Value,
}

/// Reads a file of the tests.
pub fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a JSON file of the tests.
pub fn json(path: &str) -> Value {
    serde_json::from_str(&file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Reads all recorded calls. Responses longer than `limit` are left out, as a fuzzer is fast on short inputs.
pub fn recorded(limit: usize) -> Vec<Recorded> {
    const FILES: [&str; 11] = [
        "invoke",
        "invoke-stream",
        "converse",
        "converse-stream",
        "responses",
        "responses-stream",
        "chat",
        "chat-stream",
        "messages",
        "messages-stream",
        "siblings",
    ];
    let lines = FILES.iter().map(|name| file(&format!("conformance/data/{name}.jsonl")));
    let calls = lines.flat_map(|lines| lines.lines().map(recorded_call).collect::<Vec<_>>());
    calls.filter(|call| call.body.len() <= limit).collect()
}

fn recorded_call(line: &str) -> Recorded {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let response = &value["response"];
    let body = match (&response["body"], &response["body_text"], &response["body_base64"]) {
        (Value::Null, Value::String(text), _) => text.clone().into_bytes(),
        (Value::Null, _, Value::String(base64)) => {
            aws_smithy_types::base64::decode(base64).unwrap_or_else(|error| panic!("{error}"))
        }
        (Value::Null, ..) => Vec::new(),
        (body, ..) => body.to_string().into_bytes(),
    };
    let peers = value["peers"].as_object().into_iter().flat_map(|peers| peers.values());
    Recorded {
        operation: text(&value["api"]),
        model: text(&value["model"]),
        is_mantle: value["endpoint"] == "mantle",
        body,
        requests: peers.map(|peer| peer["request"]["body"].clone()).filter(Value::is_object).collect(),
        messages: value["messages"].clone(),
    }
}

/// Returns pseudo-random inputs, the same in each run, for targets that read choices from them.
pub fn noise(count: usize, length: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(1);
    (0..count).map(|_| (0..random.below(length) + 8).map(|_| random.byte()).collect()).collect()
}

/// A generator of pseudo-random numbers (SplitMix64), for inputs that are the same in each run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns the next byte.
    pub fn byte(&mut self) -> u8 {
        (self.next_u64() >> 32) as u8
    }

    /// Returns a number below `limit`, or 0 if there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.next_u64() % limit as u64) as usize }
    }
}
