//! See `bedrock_chat_fuzz::replies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::replies::check(input));
