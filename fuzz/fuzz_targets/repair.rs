//! See `bedrock_chat_fuzz::repair`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::repair::check(input));
