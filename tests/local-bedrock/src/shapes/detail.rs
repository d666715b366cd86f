//! Sensitive details in a text, found by their form.

use serde_json::{Value, json};

/// The types of sensitive information in the service model.
pub(super) const ENTITIES: &[&str] = &[
    "ADDRESS",
    "AGE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "CA_HEALTH_NUMBER",
    "CA_SOCIAL_INSURANCE_NUMBER",
    "CREDIT_DEBIT_CARD_CVV",
    "CREDIT_DEBIT_CARD_EXPIRY",
    "CREDIT_DEBIT_CARD_NUMBER",
    "DRIVER_ID",
    "EMAIL",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    "IP_ADDRESS",
    "LICENSE_PLATE",
    "MAC_ADDRESS",
    "NAME",
    "PASSWORD",
    "PHONE",
    "PIN",
    "SWIFT_CODE",
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
    "UK_NATIONAL_INSURANCE_NUMBER",
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER",
    "URL",
    "USERNAME",
    "US_BANK_ACCOUNT_NUMBER",
    "US_BANK_ROUTING_NUMBER",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
    "US_PASSPORT_NUMBER",
    "US_SOCIAL_SECURITY_NUMBER",
    "VEHICLE_IDENTIFICATION_NUMBER",
];

/// The types that a request asks for.
pub(super) struct Details<'a> {
    pub(super) entities: Vec<&'a str>,
}

impl Details<'_> {
    /// All details in one text. Offsets count characters.
    pub(super) fn find(&self, text: &str, message: usize, content: usize) -> Vec<Value> {
        let mut found = Vec::new();
        let mut offset = 0;
        for word in text.split(' ') {
            let bare = word.trim_matches([',', ';', '.', '?', '!', '"', '\'', '(', ')']);
            let lead = word.find(bare).map_or(0, |at| word.get(..at).unwrap_or_default().chars().count());
            if let Some(kind) = kind(bare).filter(|kind| self.entities.contains(kind)) {
                let begin = offset + lead;
                found.push(json!({
                    "type": kind,
                    "confidenceScore": 0.95,
                    "beginOffset": begin,
                    "endOffset": begin + bare.chars().count(),
                    "messageIndex": message,
                    "contentIndex": content,
                }));
            }
            offset += word.chars().count() + 1;
        }
        found
    }
}

fn kind(word: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')) {
        Some("EMAIL")
    } else if word.starts_with("https://") || word.starts_with("http://") {
        Some("URL")
    } else if word.starts_with("AKIA") && word.len() == 20 {
        Some("AWS_ACCESS_KEY")
    } else if word.split('.').count() == 4 && word.split('.').all(digits) {
        Some("IP_ADDRESS")
    } else if word.strip_prefix('+').is_some_and(|number| number.len() > 6 && digits(&number.replace('-', ""))) {
        Some("PHONE")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_have_offsets_in_characters() {
        let details = Details { entities: vec!["EMAIL", "IP_ADDRESS"] };
        let found = details.find("Zürich: (a@b.ch), 10.0.0.1 and https://x.y", 0, 1);
        let places: Vec<(&str, u64, u64)> = found
            .iter()
            .map(|entry| {
                let number = |key: &str| entry[key].as_u64().unwrap();
                (entry["type"].as_str().unwrap(), number("beginOffset"), number("endOffset"))
            })
            .collect();
        assert_eq!(places, [("EMAIL", 9, 15), ("IP_ADDRESS", 18, 26)]);
    }
}
