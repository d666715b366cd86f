//! Citations in Anthropic's JSON.

use crate::json::{Json, Writer};
use crate::message::{Citation, CitationLocation, CitedRange};

/// Writes a citation as a value. Citations of Converse and of other models become Anthropic's; one whose place
/// Anthropic has no word for stays as it is.
pub(super) fn write_citation(w: &mut Writer, citation: &Json) {
    let view = citation.view();
    let read = Citation::read(citation);
    let place = match &read.location {
        Some(place) if view.get("type").is_none() => place,
        _ => return w.raw(view),
    };
    let (kind, index, start, end, range) = match place {
        CitationLocation::DocumentChar(range) => {
            ("char_location", "document_index", "start_char_index", "end_char_index", range)
        }
        CitationLocation::DocumentPage(range) => {
            ("page_location", "document_index", "start_page_number", "end_page_number", range)
        }
        CitationLocation::DocumentChunk(range) => {
            ("content_block_location", "document_index", "start_block_index", "end_block_index", range)
        }
        CitationLocation::SearchResult(range) => {
            ("search_result_location", "search_result_index", "start_block_index", "end_block_index", range)
        }
        CitationLocation::Web { url: Some(url), .. } => {
            begin(w, "web_search_result_location", &read);
            w.field("url", url);
            w.opt_field("title", read.title.as_deref());
            return w.end_object();
        }
        CitationLocation::Web { .. } | CitationLocation::Other(_) => return w.raw(view),
    };
    begin(w, kind, &read);
    match kind {
        "search_result_location" => {
            w.opt_field("source", read.source.as_deref());
            w.opt_field("title", read.title.as_deref());
        }
        _ => w.opt_field("document_title", read.title.as_deref()),
    }
    let CitedRange { index: at, start: from, end: to, .. } = *range;
    for (key, number) in [(index, at), (start, from), (end, to)] {
        w.key(key).u64(number);
    }
    w.end_object();
}

fn begin(w: &mut Writer, kind: &str, citation: &Citation) {
    w.begin_object();
    w.field("type", kind);
    w.field("cited_text", &citation.cited_text.concat());
}
