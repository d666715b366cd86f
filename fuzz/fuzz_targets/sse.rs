//! See `bedrock_chat_fuzz::sse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::sse::check(input));
