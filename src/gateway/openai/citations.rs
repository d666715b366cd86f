//! Citations as OpenAI's annotations.

use crate::json::{Json, View, Writer};
use crate::message::{Citation, CitationLocation};

/// A citation of a website, which is the only kind with a counterpart in OpenAI's APIs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UrlCitation {
    url: String,
    title: String,
}

impl UrlCitation {
    /// Reads a citation in the form of any provider.
    pub(crate) fn read(citation: &Json) -> Option<Self> {
        let view = citation.view();
        // The Responses API returns citations in this form already.
        let url = view.string_at("url").filter(|_| view.word_at("type") == "url_citation");
        if let Some(url) = url {
            return Some(Self { url, title: view.text_at("title") });
        }
        let citation = Citation::read(citation);
        let of_web = match &citation.location {
            Some(CitationLocation::Web { url, .. }) => url.clone(),
            _ => None,
        };
        let url = of_web.or(citation.source).filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
        Some(Self { url, title: citation.title.unwrap_or_default() })
    }

    /// Writes the members of a citation that covers the characters `start..end` of a text.
    pub(crate) fn write_members(&self, w: &mut Writer, start: usize, end: usize) {
        w.key("start_index").u64(start as u64);
        w.key("end_index").u64(end as u64);
        w.field("title", &self.title);
        w.field("url", &self.url);
    }
}

/// Returns the length of a text in characters, the unit of OpenAI's positions.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

/// Returns whether a member says that a text is a refusal.
pub(crate) fn is_refusal(key: &str, value: View<'_>) -> bool {
    key == "refusal" && value.bool() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_of_websites_are_read_from_every_provider() {
        let read = |text: &str| UrlCitation::read(&Json::parse(text).unwrap());
        let expected = Some(UrlCitation { url: "https://a.example/b".into(), title: "B".into() });
        for text in [
            r#"{"type":"url_citation","url":"https://a.example/b","title":"B","start_index":1,"end_index":2}"#,
            r#"{"type":"web_search_result_location","url":"https://a.example/b","title":"B"}"#,
            r#"{"title":"B","location":{"web":{"url":"https://a.example/b"}}}"#,
            r#"{"title":"B","source":"https://a.example/b","location":{"searchResultLocation":{"searchResultIndex":0,"start":0,"end":1}}}"#,
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in [
            r#"{"type":"char_location","document_index":0,"document_title":"B","start_char_index":0,"end_char_index":1}"#,
            r#"{"title":"B","source":"file.pdf","location":{"documentPage":{"documentIndex":0,"start":1,"end":2}}}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
