//! See `bedrock_chat_fuzz::key_documents`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::key_documents::check(input));
