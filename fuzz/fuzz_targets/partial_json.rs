//! See `bedrock_chat_fuzz::partial_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::partial_json::check(input));
