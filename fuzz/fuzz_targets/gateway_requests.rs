//! See `bedrock_chat_fuzz::gateway_requests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::gateway_requests::check(input));
