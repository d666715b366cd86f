//! See `bedrock_chat_fuzz::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::json::check(input));
