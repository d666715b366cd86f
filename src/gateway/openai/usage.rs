//! Token usage in OpenAI's forms.

use crate::json::Writer;
use crate::message::Usage;

/// Writes the usage of Chat Completions.
pub(crate) fn write_chat(w: &mut Writer, usage: Usage) {
    w.object("usage");
    w.key("prompt_tokens").u64(usage.input_tokens);
    w.key("completion_tokens").u64(usage.output_tokens);
    w.key("total_tokens").u64(usage.total_tokens());
    w.object("prompt_tokens_details");
    write_cached(w, usage);
    w.end_object();
    w.object("completion_tokens_details");
    w.key("reasoning_tokens").u64(usage.output_token_details.reasoning);
    w.end_object();
    w.end_object();
}

/// Writes the usage of Responses.
pub(crate) fn write_responses(w: &mut Writer, usage: Usage) {
    w.object("usage");
    w.key("input_tokens").u64(usage.input_tokens);
    w.object("input_tokens_details");
    write_cached(w, usage);
    w.end_object();
    w.key("output_tokens").u64(usage.output_tokens);
    w.object("output_tokens_details");
    w.key("reasoning_tokens").u64(usage.output_token_details.reasoning);
    w.end_object();
    w.key("total_tokens").u64(usage.total_tokens());
    w.end_object();
}

fn write_cached(w: &mut Writer, usage: Usage) {
    w.key("cached_tokens").u64(usage.input_token_details.cache_read);
    w.key("cache_write_tokens").u64(usage.input_token_details.cache_creation);
}
