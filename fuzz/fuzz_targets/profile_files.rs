//! See `bedrock_chat_fuzz::profile_files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bedrock_chat_fuzz::profile_files::check(input));
