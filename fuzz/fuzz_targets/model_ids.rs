//! See `bedrock_chat_fuzz::model_ids`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::model_ids::check(input));
