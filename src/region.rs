//! AWS regions: the domains of their partitions, and a check of names.

use crate::error::{Error, ErrorKind, Result};
use crate::text::{before, split};

/// AWS's partitions: the prefix of their regions, the suffix of their hosts, and the suffix of their dual-stack
/// hosts.
///
/// See [Bedrock's endpoints](https://docs.aws.amazon.com/general/latest/gr/bedrock.html).
const PARTITIONS: &[(&str, &str, &str)] = &[
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("", "amazonaws.com", "api.aws"),
];

/// Returns the suffixes of a region's hosts: the usual one, and that of dual-stack hosts.
pub(crate) fn suffixes(region: &str) -> (&'static str, &'static str) {
    let found = PARTITIONS.iter().find(|(prefix, ..)| region.starts_with(prefix));
    found.map_or(("amazonaws.com", "api.aws"), |&(_, plain, dual)| (plain, dual))
}

/// Returns whether a name has the form of a region, such as `us-east-1` or `us-isob-east-1`. Regions newer than this
/// crate have the same form.
pub(crate) fn is_well_formed(name: &str) -> bool {
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let (mut words, mut last) = (0, "");
    for word in split(name, b'-') {
        if words > 0 && !letters(last) {
            return false;
        }
        (words, last) = (words + 1, word);
    }
    words >= 3
        && name.len() <= 63
        && matches!(before(name, "-").len(), 2..=8)
        && matches!(last.len(), 1..=2)
        && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Refuses malformed names of regions. Servers other than AWS may use any name that is not a misspelled region
/// of AWS.
///
/// # Errors
/// `Config`, with a suggestion if the name resembles a region.
pub(crate) fn check(name: &str, aws: bool) -> Result<()> {
    if is_well_formed(name) {
        return Ok(());
    }
    let config = |message| Err(Error::of(ErrorKind::Config, message));
    if let Some(meant) = meant(name) {
        return config(format_args!("region is malformed: `{name}`; did you mean `{meant}`?"));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if aws || name.is_empty() || !name.bytes().all(fits) {
        return config(format_args!("region is malformed: `{name}`; set one such as `us-east-1`"));
    }
    Ok(())
}

/// Returns the likely region for a misspelled name: `us-east1`, `US_EAST_1`, `useast1`, `us-east-1a`,
/// `us-east`.
fn meant(name: &str) -> Option<String> {
    let mut found = String::new();
    let mut last = '-';
    let mut rest = name.trim().chars();
    for c in rest.by_ref() {
        match c.to_ascii_lowercase() {
            // An availability zone's letter.
            c if c.is_ascii_alphabetic() && last.is_ascii_digit() => break,
            c if c.is_ascii_alphanumeric() => {
                if c.is_ascii_digit() && last.is_ascii_alphabetic() {
                    found.push('-');
                }
                found.push(c);
                last = c;
            }
            '-' | '_' | ' ' | '.' if last != '-' => {
                found.push('-');
                last = '-';
            }
            _ => return None,
        }
    }
    if rest.next().is_some() {
        return None;
    }
    if before(&found, "-").len() > 4 {
        found.insert(2, '-');
    }
    if !last.is_ascii_digit() {
        found.push_str(if last == '-' { "1" } else { "-1" });
    }
    let place = found.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    let is_place = ["north", "south", "east", "west", "central"].iter().any(|direction| place.ends_with(direction));
    (is_place && is_well_formed(&found)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_is_recognized_by_its_form() {
        for name in ["us-east-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-12", "zz-new-9"] {
            assert!(is_well_formed(name), "{name}");
        }
        for name in ["", "us", "us-east", "us-east1", "us-east-1a", "US-EAST-1", "us--1", "-us-east-1", "us-east-1-"] {
            assert!(!is_well_formed(name), "{name}");
        }
    }

    #[test]
    fn misspelled_region_error_suggests_the_right_one() {
        for (name, wanted) in [
            ("us-east1", Some("us-east-1")),
            ("Us.East.1", Some("us-east-1")),
            ("eu-west-", Some("eu-west-1")),
            ("apsoutheast2", Some("ap-southeast-2")),
            ("us-east-1ab", None),
            ("us-east-1.evil.com/", None),
            ("local", None),
            ("global", None),
            ("é-east-1", None),
            ("", None),
        ] {
            assert_eq!(meant(name).as_deref(), wanted, "{name}");
        }
    }
}
