//! Ids, times and positions in a trace, in LangSmith's formats.

use std::time::Duration;

use crate::sigv4::AmzDate;

/// Returns a UUID of version 7: the time in milliseconds, then random bits. LangSmith sorts by these ids. `random`
/// returns numbers in `0.0..1.0`.
pub(super) fn uuid(now: Duration, mut random: impl FnMut() -> f64) -> String {
    let milliseconds = u64::try_from(now.as_millis()).unwrap_or_default() & 0xffff_ffff_ffff;
    // A double has this many random bits.
    let mut bits = || (random() * (1u64 << 53) as f64) as u64;
    let (a, b) = (bits(), bits());
    let (time_high, time_low) = (milliseconds >> 16, milliseconds & 0xffff);
    let version = 0x7000 | (a & 0xfff);
    let variant = 0x8000 | (a >> 12 & 0x3fff);
    let node = (a >> 26 ^ b << 5) & 0xffff_ffff_ffff;
    format!("{time_high:08x}-{time_low:04x}-{version:04x}-{variant:04x}-{node:012x}")
}

/// Returns whether a text is a UUID. LangSmith refuses all runs of a request that has an id of another form.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Returns a time as `20250102T030405123456Z`.
fn compact(time: Duration) -> String {
    // The format cannot express the year 10000, and no run begins then.
    let date = AmzDate::from_unix_seconds(time.as_secs());
    let date = date.as_ref().map_or("19700101T000000Z", AmzDate::as_str);
    format!("{}{:06}Z", date.trim_end_matches('Z'), time.subsec_micros())
}

/// Returns a time as `2025-01-02T03:04:05.123456Z`.
pub(super) fn iso(time: Duration) -> String {
    let mut text = compact(time);
    for (at, sign) in [(15, '.'), (13, ':'), (11, ':'), (6, '-'), (4, '-')] {
        text.insert(at, sign);
    }
    text
}

/// The position of a run in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TracePosition {
    pub(super) id: String,
    /// The id of the run at the root.
    pub(super) trace_id: String,
    pub(super) parent_id: Option<String>,
    /// The start and the id of every run, from the root to this run.
    pub(super) dotted_order: String,
}

impl TracePosition {
    /// Returns the position of a run that begins now, below the run with the dotted order `parent`. Without a
    /// valid one, the run is a root.
    pub(super) fn new(now: Duration, id: String, parent: Option<&str>) -> Self {
        let own = format!("{}{id}", compact(now));
        let parent = parent.map(str::trim).and_then(|order| Some((order, ends(order)?)));
        match parent {
            Some((order, (root, parent))) => Self {
                dotted_order: format!("{order}.{own}"),
                trace_id: root.to_owned(),
                parent_id: Some(parent.to_owned()),
                id,
            },
            None => Self { dotted_order: own, trace_id: id.clone(), parent_id: None, id },
        }
    }
}

/// Returns the ids of the first and the last run of a dotted order; `None` if the text is not a dotted order.
fn ends(order: &str) -> Option<(&str, &str)> {
    let mut ids = order.split('.').map(|segment| {
        let (time, id) = segment.split_once('Z')?;
        let (day, second) = time.split_once('T')?;
        let digits = |text: &str, most: usize| text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
        (day.len() == 8 && second.len() >= 6 && digits(day, 8) && digits(second, 12) && is_uuid(id)).then_some(id)
    });
    let first = ids.next()??;
    ids.try_fold((first, first), |(first, _), id| Some((first, id?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-01-02T03:04:05.123456Z.
    const THEN: Duration = Duration::from_micros(1_735_787_045_123_456);

    #[test]
    fn uuid_begins_with_its_time() {
        let mut numbers = [0.25, 0.75].into_iter().cycle();
        let id = uuid(THEN, || numbers.next().unwrap());
        assert!(is_uuid(&id), "{id}");
        let milliseconds = u64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
        assert_eq!(u128::from(milliseconds), THEN.as_millis());
        assert_eq!((id.as_bytes()[14], id.as_bytes()[19]), (b'7', b'8'), "version 7, variant 10: {id}");
        let runtime = crate::platform::SystemRuntime;
        let ids: std::collections::HashSet<_> =
            (0..10_000).map(|_| uuid(THEN, || crate::platform::Runtime::random(&runtime))).collect();
        assert_eq!(ids.len(), 10_000);
    }

    #[test]
    fn times_are_written_to_the_microsecond() {
        assert_eq!(iso(THEN), "2025-01-02T03:04:05.123456Z");
        assert_eq!(compact(THEN), "20250102T030405123456Z");
        assert_eq!(iso(Duration::MAX).len(), 27);
    }

    #[test]
    fn run_without_a_parent_is_the_root_of_its_trace() {
        let id = uuid(THEN, || 0.5);
        let place = TracePosition::new(THEN, id.clone(), None);
        assert_eq!((&place.trace_id, &place.parent_id), (&id, &None));
        assert_eq!(place.dotted_order, format!("20250102T030405123456Z{id}"));
    }

    #[test]
    fn child_run_is_in_the_trace_of_its_parent() {
        let [root, middle, own] = [0.1, 0.2, 0.3].map(|number| uuid(THEN, || number));
        let above = format!("20250102T030405000001Z{root}.20250102T030405000002Z{middle}");
        let place = TracePosition::new(THEN, own.clone(), Some(&above));
        assert_eq!((&place.trace_id, place.parent_id.as_ref()), (&root, Some(&middle)));
        assert_eq!(place.dotted_order, format!("{above}.20250102T030405123456Z{own}"));
    }

    #[test]
    fn invalid_dotted_order_is_ignored() {
        let id = uuid(THEN, || 0.5);
        for wrong in ["", ".", "20250102T030405000001Z", &id, "xT1Z", &format!("20250102T030405Z{id}.x")] {
            assert_eq!(
                TracePosition::new(THEN, id.clone(), Some(wrong)),
                TracePosition::new(THEN, id.clone(), None),
                "{wrong}"
            );
        }
    }
}
