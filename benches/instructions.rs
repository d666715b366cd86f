//! Instructions and allocations of the hot paths, as a table:
//!
//! ```text
//! cargo bench --bench instructions --features gateway   # all rows
//! cargo bench --bench instructions -- frame             # the rows whose name contains `frame`
//! ```
//!
//! Unlike times, these are the same on every run and on a busy machine. Instructions are counted by
//! valgrind's callgrind, over a child process that runs one row a given number of times. The figure
//! is the difference of two such counts, so it leaves out the start of the process. Without valgrind that
//! column stays empty. Valgrind runs code for an older processor: no SHA instructions, so compare
//! signing times with the `signing` benchmark instead.
//!
//! A new row is one entry in `ROWS`: a name, and a function that sets up and returns the work to be
//! counted.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may panic; the table is the purpose")]

#[cfg(feature = "gateway")]
#[path = "rows/gateway.rs"]
mod gateway;

use std::alloc::System;
use std::convert::Infallible;
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use async_openai::types::responses::ResponseStreamEvent;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest as AwsRequest, SigningSettings};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedrock_chat::eventstream::FrameDecoder;
use bedrock_chat::sigv4::{AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, sign};
use bedrock_chat::sse::SseDecoder;
use bedrock_chat::{Anthropic, Codec, Events, Responses};
use eventsource_stream::Eventsource;
use futures_executor::block_on;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use sse_stream::SseStream;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The work to count, after the set-up; each call is one unit.
type Work = Box<dyn FnMut()>;

struct Row {
    name: &'static str,
    set_up: fn() -> Work,
}

const ROWS: &[Row] = &[
    Row { name: "frame of 230 bytes: bedrock-chat", set_up: frame_ours },
    Row { name: "frame of 230 bytes: aws-smithy-eventstream", set_up: frame_theirs },
    Row { name: "frame to event: bedrock-chat", set_up: event_ours },
    Row { name: "frame to event: aws-smithy-eventstream and serde", set_up: event_theirs },
    Row { name: "server-sent event of 230 bytes: bedrock-chat", set_up: sse_ours },
    Row { name: "server-sent event of 230 bytes: eventsource-stream", set_up: sse_eventsource_stream },
    Row { name: "server-sent event of 230 bytes: sse-stream", set_up: sse_sse_stream },
    Row { name: "server-sent event to event: bedrock-chat", set_up: response_ours },
    Row { name: "server-sent event to event: async-openai", set_up: response_theirs },
    Row { name: "SHA-256 of 1 KiB", set_up: sha256 },
    Row { name: "sign 1 KiB: bedrock-chat, cached key", set_up: sign_cached },
    Row { name: "sign 1 KiB: bedrock-chat, new key", set_up: sign_new },
    Row { name: "sign 1 KiB: aws-sigv4", set_up: sign_theirs },
    #[cfg(feature = "gateway")]
    Row { name: "translated request of 64 KiB", set_up: || gateway::translated(false) },
    #[cfg(feature = "gateway")]
    Row { name: "translated request of 64 KiB, key with a limit", set_up: || gateway::translated(true) },
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|given| given != "--bench").collect();
    if let [flag, name, units] = arguments.as_slice()
        && flag == "--work"
    {
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let mut work = (row.set_up)();
        (0..units.parse::<u32>().unwrap()).for_each(|_| work());
        return;
    }
    println!("{:<50} {:>14} {:>12} {:>10}", "one", "instructions", "allocations", "bytes");
    for row in ROWS.iter().filter(|row| arguments.iter().all(|part| row.name.contains(part))) {
        let (allocations, bytes) = allocations(row);
        let instructions = instructions(row).map_or("-".to_owned(), |instructions| instructions.to_string());
        println!("{:<50} {instructions:>14} {allocations:>12.1} {bytes:>10.0}", row.name);
    }
}

/// Returns the allocations of one unit, reallocations included, and its allocated bytes.
fn allocations(row: &Row) -> (f64, f64) {
    const UNITS: u32 = 1000;
    let mut work = (row.set_up)();
    (0..UNITS).for_each(|_| work()); // Lets buffers grow to their final size.
    let region = Region::new(ALLOCATOR);
    (0..UNITS).for_each(|_| work());
    let change = region.change();
    let calls = change.allocations + change.reallocations;
    (calls as f64 / f64::from(UNITS), change.bytes_allocated as f64 / f64::from(UNITS))
}

/// Instructions of one unit, or nothing if there is no valgrind.
fn instructions(row: &Row) -> Option<u64> {
    const FEW: u64 = 100;
    const MANY: u64 = 1100;
    Some((count(row, MANY)? - count(row, FEW)?) / (MANY - FEW))
}

/// Returns the instructions of a process that runs this many units.
fn count(row: &Row, units: u64) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().ok()?)
        .args(["--work", row.name, &units.to_string()])
        .output()
        .ok()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let (_, collected) = report.split_once("Collected : ")?;
    collected.split_whitespace().next()?.parse().ok()
}

// ---- frames -------------------------------------------------------------------------------------

/// A chunk of InvokeModel: three headers and 139 bytes of payload.
fn chunk() -> Vec<u8> {
    framed(&"eyJ0".repeat(29))
}

/// A chunk of InvokeModel with this text in base64.
fn framed(bytes: &str) -> Vec<u8> {
    let payload = format!(r#"{{"bytes":"{bytes}","p":"abcd"}}"#);
    let mut message = Message::new(payload);
    for (name, value) in [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")] {
        message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn frame_ours() -> Work {
    let chunk = chunk();
    let mut decoder = FrameDecoder::new();
    Box::new(move || {
        decoder.push(black_box(&chunk));
        let frame = decoder.next_frame().unwrap().unwrap();
        black_box((frame.message_type(), frame.event_type(), frame.payload()));
    })
}

fn frame_theirs() -> Work {
    let chunk = chunk();
    let mut frames = Theirs::default();
    Box::new(move || {
        black_box(frames.decode(black_box(&chunk)));
    })
}

/// The decoder of the AWS crates with its buffer.
#[derive(Default)]
struct Theirs {
    decoder: MessageFrameDecoder,
    buffer: bytes::BytesMut,
}

impl Theirs {
    fn decode(&mut self, frame: &[u8]) -> Message {
        self.buffer.extend_from_slice(frame);
        let DecodedFrame::Complete(message) = self.decoder.decode_frame(&mut self.buffer).unwrap() else {
            unreachable!("the frame is whole");
        };
        message
    }
}

// ---- events -------------------------------------------------------------------------------------

/// A text delta of Claude's, of 87 bytes.
fn text_delta() -> Vec<u8> {
    let json = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello there"}}"#;
    framed(&aws_smithy_types::base64::encode(json))
}

fn event_ours() -> Work {
    let chunk = text_delta();
    let mut decoder = FrameDecoder::new();
    let mut events = Events::default();
    let mut stream = Anthropic.stream(&bedrock_chat::Call::default());
    Box::new(move || {
        decoder.push(black_box(&chunk));
        let frame = decoder.next_frame().unwrap().unwrap();
        stream.frame(&frame, &mut events).unwrap();
        black_box(events.pop().unwrap());
    })
}

/// Does the same work with the AWS crates and owned, derived types, as a client would.
fn event_theirs() -> Work {
    #[derive(serde::Deserialize)]
    struct Payload {
        bytes: String,
    }
    #[derive(serde::Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Event {
        ContentBlockDelta {
            index: u32,
            delta: Delta,
        },
        #[serde(other)]
        Other,
    }
    #[derive(serde::Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Delta {
        TextDelta {
            text: String,
        },
        #[serde(other)]
        Other,
    }
    let chunk = text_delta();
    let mut frames = Theirs::default();
    Box::new(move || {
        let message = frames.decode(black_box(&chunk));
        let payload: Payload = serde_json::from_slice(message.payload()).unwrap();
        let json = aws_smithy_types::base64::decode(payload.bytes).unwrap();
        if let Event::ContentBlockDelta { index, delta: Delta::TextDelta { text } } =
            serde_json::from_slice(&json).unwrap()
        {
            black_box((index, text));
        }
    })
}

// ---- server-sent events -------------------------------------------------------------------------

/// A text delta of the Responses API, as Bedrock writes it: the data before the type.
fn response_delta() -> Vec<u8> {
    let data = r#"{"type":"response.output_text.delta","content_index":0,"delta":"hello","item_id":"msg_0123456789abcdef","logprobs":[],"obfuscation":"abcdefgh","output_index":0,"sequence_number":42}"#;
    format!("data: {data}\nevent: response.output_text.delta\n\n").into_bytes()
}

fn sse_ours() -> Work {
    let event = response_delta();
    let mut decoder = SseDecoder::new();
    Box::new(move || {
        decoder.push(black_box(&event));
        let event = decoder.next_event().unwrap().unwrap();
        black_box((event.event(), event.data()));
    })
}

/// Returns a body that repeats one event without end.
fn endless_body() -> impl Stream<Item = Result<bytes::Bytes, Infallible>> + Unpin {
    let event = bytes::Bytes::from(response_delta());
    futures_util::stream::repeat_with(move || Ok(event.clone()))
}

fn sse_eventsource_stream() -> Work {
    let mut events = endless_body().eventsource();
    Box::new(move || {
        let event = block_on(events.next()).unwrap().unwrap();
        black_box((event.event, event.data));
    })
}

fn sse_sse_stream() -> Work {
    let mut events = SseStream::from_bytes_stream(endless_body());
    Box::new(move || {
        let event = block_on(events.next()).unwrap().unwrap();
        black_box((event.event, event.data));
    })
}

/// Decodes bytes to a chat event with this crate.
fn response_ours() -> Work {
    let event = response_delta();
    let mut decoder = SseDecoder::new();
    let mut events = Events::default();
    let mut stream = Responses::MANTLE.stream(&bedrock_chat::Call::default());
    Box::new(move || {
        decoder.push(black_box(&event));
        let event = decoder.next_event().unwrap().unwrap();
        stream.event(&event, &mut events).unwrap();
        while let Some(event) = events.pop() {
            black_box(event);
        }
    })
}

/// Decodes the same bytes with async-openai's types and the decoder that async-openai uses.
fn response_theirs() -> Work {
    let mut events = endless_body().eventsource();
    Box::new(move || {
        let event = block_on(events.next()).unwrap().unwrap();
        black_box(serde_json::from_str::<ResponseStreamEvent>(&event.data).unwrap());
    })
}

// ---- signing ------------------------------------------------------------------------------------

const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";
const PATH: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
const HEADERS: [(&str, &str); 2] = [("content-type", "application/json"), ("host", HOST)];
const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: u64 = 1_735_787_045;
const BODY: [u8; 1024] = [b'x'; 1024];

fn sha256() -> Work {
    Box::new(|| {
        black_box(Sha256::digest(black_box(BODY)));
    })
}

fn sign_once(keys: &SigningKeyCache) {
    let request = SignableRequest {
        method: "POST",
        path: PATH,
        query: "",
        headers: &HEADERS,
        payload: Payload::Bytes(black_box(&BODY)),
    };
    let params = SigningParams {
        access_key_id: KEY_ID,
        secret_access_key: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "bedrock",
        date: AmzDate::from_unix_seconds(NOW).unwrap(),
    };
    black_box(sign(&request, &params, keys).unwrap());
}

fn sign_cached() -> Work {
    let keys = SigningKeyCache::new();
    Box::new(move || sign_once(&keys))
}

fn sign_new() -> Work {
    Box::new(|| sign_once(&SigningKeyCache::new()))
}

fn sign_theirs() -> Work {
    let identity = Credentials::new(KEY_ID, SECRET, None, None, "bench").into();
    Box::new(move || {
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("bedrock")
            .time(UNIX_EPOCH + Duration::from_secs(NOW))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = format!("https://{HOST}{PATH}");
        let body = SignableBody::Bytes(black_box(&BODY));
        let request = AwsRequest::new("POST", uri, HEADERS.into_iter(), body).unwrap();
        black_box(aws_sigv4::http_request::sign(request, &params).unwrap());
    })
}
