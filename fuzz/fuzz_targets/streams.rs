//! See `bedrock_chat_fuzz::streams`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::streams::check(input));
