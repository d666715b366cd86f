//! Error responses, and the delay that they ask for.
//!
//! - Any response with an error status is an error with a kind and a text, which shows no secret.
//! - A delay in seconds or as a date is read as std and the crate `httpdate` read it.
//!
//! Input: the status; choices of headers; the body.

use std::time::{Duration, UNIX_EPOCH};

use bedrock_chat::Headers;
use bytes::Bytes;

use crate::input::Input;
use crate::seeds;
use crate::wires::{NOW, SECRET, wires};

const DATES: &[&str] = &[
    "Thu, 02 Jan 2025 03:04:10 GMT",
    "Thursday, 02-Jan-25 03:05:05 GMT",
    "Thu Jan  2 03:04:15 2025",
    "Wed, 01 Jan 2025 00:00:00 GMT",
    "Sat, 29 Feb 2028 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
];

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let status = 400 + u16::from(input.byte()) % 200;
    let mut headers = Headers::new();
    let asked = match input.below(4) {
        0 => String::new(),
        1 => input.one_of(DATES).to_owned(),
        2 => input.joined(6, &["0", "1", "9", ".", "5", "e3", "-", " ", "+", "inf", "nan", "00", "1e999"]),
        _ => input.text(),
    };
    if !asked.is_empty() {
        headers.push("retry-after", asked.as_str());
    }
    let mut is_alone = true;
    for (name, value) in input.list(3, |input| {
        let name = input.one_of(&[
            "date",
            "retry-after-ms",
            "x-amz-retry-after",
            "x-amzn-errortype",
            "x-amzn-requestid",
            "x-should-retry",
            "content-type",
            "location",
            "set-cookie",
        ]);
        let value = match input.below(3) {
            0 => input.one_of(DATES).to_owned(),
            1 => input
                .one_of(&["1500", "true", "ThrottlingException", "application/json", "text/html", "x:y", "a#b"])
                .to_owned(),
            _ => input.text(),
        };
        (name, value)
    }) {
        is_alone &= !matches!(name, "date" | "retry-after-ms" | "x-amz-retry-after");
        headers.push(name, value);
    }
    let wire = &wires()[input.below(wires().len())];
    wire.transport.set(status, headers, vec![Bytes::copy_from_slice(input.rest())]);
    let error = match futures_executor::block_on(wire.chat.invoke(wire.question.clone())) {
        Ok(reply) => panic!("a reply with status {status}: {reply:?}"),
        Err(error) => error,
    };
    let shown = format!("{error} {error:?}");
    assert!(!error.message().is_empty() && !shown.contains(SECRET), "{shown}");
    assert_eq!(error.status(), Some(status), "{shown}");
    if is_alone {
        assert_delay(&asked, error.retry_after());
    }
}

/// Returns dates, numbers, and recorded errors.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = (0..DATES.len() as u8).map(|date| vec![29, 1, date, 0, 0, b'{', b'}']).collect();
    all.extend(DATES.iter().map(|date| [&[29, 3, date.len() as u8], date.as_bytes(), b"\0\0{}"].concat()));
    all.extend(seeds::noise(32, 60));
    let bodies = seeds::recorded(600).into_iter().filter(|call| call.body.windows(7).any(|part| part == b"message"));
    all.extend(bodies.map(|call| [&[0, 0, 0, 0], call.body.as_slice()].concat()));
    all
}

fn assert_delay(asked: &str, delay: Option<Duration>) {
    let text = asked.trim();
    if let Ok(then) = httpdate::parse_http_date(text) {
        let then = then.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        assert_eq!(delay, Some(Duration::from_secs(then.saturating_sub(NOW))), "{asked:?}");
    } else if !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(delay, text.parse().ok().map(Duration::from_secs), "{asked:?}");
    } else if let (Ok(number), true) = (text.parse::<f64>(), text.bytes().all(|byte| b"0123456789.e-".contains(&byte)))
    {
        assert_eq!(delay.is_some(), number >= 0.0, "{asked:?}");
    }
}
