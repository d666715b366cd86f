//! Citations in one form for all providers.

use super::Text;
use crate::json::{Json, View};

/// A citation of a source, in one form for all providers. [`Text::citations`] has the provider's own form,
/// which is sent back in the next turn and may have further members.
///
/// | member | Converse | Claude over InvokeModel | Command R |
/// |---|---|---|---|
/// | `title` | `title` | `document_title`, `title` | |
/// | `source` | `source` | `source`, `url` | the first of `document_ids` |
/// | `cited_text` | `sourceContent` | `cited_text` | |
/// | `location` | `location` | by its `type` | |
///
/// See [Citation](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html).
///
/// ```
/// use bedrock_chat::{CitationLocation, Json, Text};
/// let citation = r#"{"title":"Report","location":{"documentPage":{"documentIndex":0,"start":2,"end":3}}}"#;
/// let text = Text::new("Sales rose.").with_citations([Json::parse(citation)?]);
/// let citation = text.read_citations().next().expect("there is one");
/// assert_eq!(citation.title.as_deref(), Some("Report"));
/// assert!(matches!(citation.location, Some(CitationLocation::DocumentPage(pages)) if pages.start == 2));
/// # Ok::<(), bedrock_chat::json::JsonError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Citation {
    /// The title of the source.
    pub title: Option<String>,
    /// The URL or name of the source: a search result, a website, or a document.
    pub source: Option<String>,
    /// The parts of the source that are cited.
    pub cited_text: Vec<String>,
    /// The place in the source, if the provider states it.
    pub location: Option<CitationLocation>,
}

/// The place in a source that a citation is about.
///
/// See [CitationLocation](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationLocation.html).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CitationLocation {
    /// A website.
    #[non_exhaustive]
    Web {
        /// Its URL.
        url: Option<String>,
        /// Its domain.
        domain: Option<String>,
    },
    /// Characters of a document.
    DocumentChar(CitedRange),
    /// Pages of a document.
    DocumentPage(CitedRange),
    /// Chunks of a document. Documents of [`MediaSource::Blocks`](crate::MediaSource::Blocks) have one for each
    /// block.
    DocumentChunk(CitedRange),
    /// Parts of a search result.
    SearchResult(CitedRange),
    /// A place of another kind, in the provider's form.
    Other(Json),
}

/// A range in one of the conversation's documents or search results.
///
/// Claude counts characters, chunks and parts from 0, and pages from 1; `end` is the first one that is not
/// cited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CitedRange {
    /// The position among the documents or search results of the request, from 0.
    pub index: u64,
    /// Where the range begins.
    pub start: u64,
    /// Where the range ends.
    pub end: u64,
}

impl CitedRange {
    fn read(view: View<'_>, index: &str, start: &str, end: &str) -> Option<Self> {
        Some(Self { index: view.u64_at(index)?, start: view.u64_at(start)?, end: view.u64_at(end)? })
    }
}

impl Text {
    /// Returns the citations in one form for all providers. The field `citations` has the provider's own form.
    pub fn read_citations(&self) -> impl Iterator<Item = Citation> {
        self.citations.iter().map(Citation::read)
    }
}

impl Citation {
    /// Reads a citation in a provider's form. Members that are absent or not known are left out, and a place
    /// that is not known is [`CitationLocation::Other`].
    pub fn read(citation: &Json) -> Self {
        let view = citation.view();
        match view.get("type").and_then(View::str).as_deref() {
            Some(kind) => Self::of_claude(kind, view),
            None if view.get("document_ids").is_some() => Self {
                source: view.list("document_ids").find_map(View::string),
                location: Some(CitationLocation::Other(citation.clone())),
                ..Self::default()
            },
            None => Self {
                title: view.string_at("title"),
                source: view.string_at("source"),
                cited_text: view.list("sourceContent").filter_map(|part| part.string_at("text")).collect(),
                location: view.get("location").map(CitationLocation::of_converse),
            },
        }
    }

    fn of_claude(kind: &str, view: View<'_>) -> Self {
        let range = |index: &str, what: &str, unit: &str| {
            CitedRange::read(view, index, &["start_", what, unit].concat(), &["end_", what, unit].concat())
        };
        let location = match kind {
            "char_location" => range("document_index", "char", "_index").map(CitationLocation::DocumentChar),
            "page_location" => range("document_index", "page", "_number").map(CitationLocation::DocumentPage),
            "content_block_location" => range("document_index", "block", "_index").map(CitationLocation::DocumentChunk),
            "search_result_location" => {
                range("search_result_index", "block", "_index").map(CitationLocation::SearchResult)
            }
            "web_search_result_location" => Some(CitationLocation::Web { url: view.string_at("url"), domain: None }),
            _ => None,
        };
        Self {
            title: view.string_at("title").or_else(|| view.string_at("document_title")),
            source: view.string_at("source").or_else(|| view.string_at("url")),
            cited_text: view.string_at("cited_text").into_iter().collect(),
            location: Some(location.unwrap_or_else(|| CitationLocation::Other(Json::from(view)))),
        }
    }
}

impl CitationLocation {
    fn of_converse(view: View<'_>) -> Self {
        let known = view.raw_entries().next().and_then(|(key, place)| {
            let range = |index: &str| CitedRange::read(place, index, "start", "end");
            match key {
                "web" => Some(Self::Web { url: place.string_at("url"), domain: place.string_at("domain") }),
                "documentChar" => range("documentIndex").map(Self::DocumentChar),
                "documentPage" => range("documentIndex").map(Self::DocumentPage),
                "documentChunk" => range("documentIndex").map(Self::DocumentChunk),
                "searchResultLocation" => range("searchResultIndex").map(Self::SearchResult),
                _ => None,
            }
        });
        known.unwrap_or_else(|| Self::Other(Json::from(view)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Citation {
        Citation::read(&Json::parse(json).unwrap())
    }

    fn range(index: u64, start: u64, end: u64) -> CitedRange {
        CitedRange { index, start, end }
    }

    #[test]
    fn citation_of_converse_has_every_place() {
        use CitationLocation::{DocumentChar, DocumentChunk, DocumentPage, SearchResult, Web};
        let web = Web { url: Some("https://a.example/b".into()), domain: Some("a.example".into()) };
        for (location, expected) in [
            (r#"{"web":{"url":"https://a.example/b","domain":"a.example"}}"#, web),
            (r#"{"documentChar":{"documentIndex":1,"start":0,"end":9}}"#, DocumentChar(range(1, 0, 9))),
            (r#"{"documentPage":{"documentIndex":0,"start":2,"end":3}}"#, DocumentPage(range(0, 2, 3))),
            (r#"{"documentChunk":{"documentIndex":0,"start":4,"end":5}}"#, DocumentChunk(range(0, 4, 5))),
            (r#"{"searchResultLocation":{"searchResultIndex":2,"start":0,"end":1}}"#, SearchResult(range(2, 0, 1))),
        ] {
            let citation = read(&format!(
                r#"{{"title":"T","source":"S","sourceContent":[{{"text":"a"}},{{"text":"b"}}],"location":{location}}}"#
            ));
            assert_eq!((citation.title.as_deref(), citation.source.as_deref()), (Some("T"), Some("S")));
            assert_eq!((citation.cited_text.concat(), citation.location), ("ab".to_owned(), Some(expected)));
        }
        assert_eq!(read("{}"), Citation::default());
    }

    #[test]
    fn citation_of_claude_has_every_place() {
        use CitationLocation::{DocumentChar, DocumentChunk, DocumentPage, SearchResult, Web};
        let url = Some("https://a.example/b".to_owned());
        for (place, expected) in [
            (
                r#""char_location","document_index":1,"start_char_index":0,"end_char_index":9"#,
                DocumentChar(range(1, 0, 9)),
            ),
            (
                r#""page_location","document_index":0,"start_page_number":2,"end_page_number":3"#,
                DocumentPage(range(0, 2, 3)),
            ),
            (
                r#""content_block_location","document_index":0,"start_block_index":4,"end_block_index":5"#,
                DocumentChunk(range(0, 4, 5)),
            ),
            (
                r#""search_result_location","search_result_index":2,"start_block_index":0,"end_block_index":1"#,
                SearchResult(range(2, 0, 1)),
            ),
            (
                r#""web_search_result_location","url":"https://a.example/b","encrypted_index":"x""#,
                Web { url: url.clone(), domain: None },
            ),
        ] {
            let citation = read(&format!(r#"{{"cited_text":"ab","document_title":"T","type":{place}}}"#));
            assert_eq!((citation.title.as_deref(), citation.cited_text.concat()), (Some("T"), "ab".to_owned()));
            assert_eq!(citation.location, Some(expected));
        }
        assert_eq!(read(r#"{"type":"web_search_result_location","url":"https://a.example/b"}"#).source, url);
    }

    #[test]
    fn citation_place_that_is_not_known_is_kept() {
        for location in [r#"{"brandNew":{"at":1}}"#, r#"{"documentPage":{"start":1}}"#, "{}", "7"] {
            let citation = read(&format!(r#"{{"location":{location}}}"#));
            assert_eq!(citation.location, Some(CitationLocation::Other(Json::parse(location).unwrap())), "{location}");
        }
        let whole = r#"{"type":"brand_new_location","cited_text":"a"}"#;
        assert_eq!(read(whole).location, Some(CitationLocation::Other(Json::parse(whole).unwrap())));
        let cohere = read(r#"{"start":0,"end":5,"text":"Isaac","document_ids":["doc_0","doc_1"]}"#);
        assert_eq!(cohere.source.as_deref(), Some("doc_0"));
        assert!(matches!(cohere.location, Some(CitationLocation::Other(_))) && cohere.cited_text.is_empty());
    }
}
