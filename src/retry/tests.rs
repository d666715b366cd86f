use super::*;
use crate::error::{ErrorKind, ServiceAnswer, from_response};

fn failed(status: u16, header: &str, value: Option<&str>) -> Error {
    let mut headers = Headers::new();
    value.into_iter().for_each(|value| headers.push(header, value));
    from_response(&ServiceAnswer {
        status,
        error_type: None,
        request_id: None,
        is_aws: false,
        retry_after: asked_delay(&headers, 0),
        body: b"{}",
    })
}

#[test]
fn retry_delays_double_with_jitter_up_to_the_limit() {
    let policy = RetryPolicy::default().with_max_attempts(100);
    let of = |status, attempt, random| policy.delay(attempt, &failed(status, "retry-after", None), random).unwrap();
    let attempts = [1, 2, 3, 4, 5, 6, 9, 10, 99];
    assert_eq!(attempts.map(|attempt| of(429, attempt, 1.0).as_secs()), [1, 2, 4, 8, 16, 20, 20, 20, 20]);
    let milliseconds = attempts.map(|attempt| of(503, attempt, 1.0).as_millis());
    assert_eq!(milliseconds, [50, 100, 200, 400, 800, 1600, 12_800, 20_000, 20_000]);
    assert_eq!(of(429, 3, 0.25), Duration::from_secs(1));
    assert_eq!(of(503, 3, 0.25), Duration::from_millis(50));
    let endless = policy.with_max_delay(Duration::MAX).with_throttling_base_delay(Duration::MAX);
    assert!(endless.delay(99, &failed(429, "retry-after", None), 0.5).is_some());
}

#[test]
fn retry_only_of_retryable_errors_up_to_the_limit() {
    let policy = RetryPolicy::default();
    let failed = |status| failed(status, "retry-after", None);
    assert!(policy.delay(2, &failed(503), 0.5).is_some());
    assert!(policy.delay(3, &failed(503), 0.5).is_none());
    assert!(policy.delay(1, &failed(400), 0.5).is_none());
    assert!(policy.delay(1, &Error::new(ErrorKind::Encode, "x"), 0.5).is_none());
}

#[test]
fn retry_after_is_obeyed_up_to_the_maximum_delay() {
    let policy = RetryPolicy::default();
    let after = |value| policy.delay(1, &failed(429, "retry-after", Some(value)), 0.0);
    assert_eq!(after("2"), Some(Duration::from_secs(2)));
    for forever in ["3600", "99999999999999999999999", "1e300"] {
        assert_eq!(after(forever), None, "{forever}");
    }
    assert!(after("-5").is_some(), "that is not a delay");
}

#[test]
fn amz_retry_after_adds_at_most_5_seconds_to_the_delay() {
    // The delays of botocore 1.44.8, `ExponentialBackoff.delay_amount`, with a jitter of one half: the bases
    // are 1 s and 50 ms.
    for (status, asked, milliseconds) in [
        (429, "0", 500),
        (429, "499", 500),
        (429, "1500", 1500),
        (429, "5500", 5500),
        (429, "60000", 5500),
        (429, "1e300", 5500),
        (503, "10", 25),
        (503, "1500", 1500),
        (503, "60000", 5025),
        (503, "-1", 25),
        (503, "soon", 25),
    ] {
        let error = failed(status, "x-amz-retry-after", Some(asked));
        let delay = RetryPolicy::default().delay(1, &error, 0.5);
        assert_eq!(delay, Some(Duration::from_millis(milliseconds)), "{status} {asked}");
    }
}

#[test]
fn retry_after_is_read_in_every_form() {
    let read = |pairs: &[(&str, &str)]| {
        let mut headers = Headers::new();
        pairs.iter().for_each(|(name, value)| headers.push(name, *value));
        asked_delay(&headers, 1_445_412_470).map(|asked| (asked.delay.as_millis(), asked.is_amz))
    };
    let plain = |milliseconds| Some((milliseconds, false));
    assert_eq!(read(&[("retry-after", " 2 ")]), plain(2000));
    assert_eq!(read(&[("retry-after", "0.5")]), plain(500));
    assert_eq!(read(&[("retry-after", "-1")]), None);
    assert_eq!(read(&[("retry-after", "1e300")]), plain(Duration::MAX.as_millis()));
    assert_eq!(read(&[("retry-after-ms", "250"), ("retry-after", "1")]), plain(250));
    assert_eq!(read(&[("x-amz-retry-after", "1500"), ("retry-after", "9")]), Some((1500, true)));
    assert_eq!(read(&[("x-amz-retry-after", "soon"), ("retry-after", "9")]), plain(9000));
    for date in ["Wed, 21 Oct 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT", "Wed Oct 21 07:28:00 2015"] {
        assert_eq!(read(&[("retry-after", date)]), plain(10_000), "{date}");
    }
    let dates = [("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), ("date", "Wed, 21 Oct 2015 07:27:57 GMT")];
    assert_eq!(read(&dates), plain(3000), "against the server's own clock");
    assert_eq!(read(&[("retry-after", "Tue, 20 Oct 2015 07:28:00 GMT")]), plain(0), "in the past");
    for wrong in ["", "tomorrow", "Wed, 32 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015", "é"] {
        assert_eq!(read(&[("retry-after", wrong)]), None, "{wrong}");
    }
}
