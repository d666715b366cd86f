use super::*;

fn chat(system: &str, turns: &[&str]) -> Reading {
    let turns = turns.iter().enumerate().map(|(n, text)| (n % 2 == 0, (*text).to_owned())).collect();
    Reading::Chat { system: system.to_owned(), turns }
}

fn complaint(reading: Reading) -> String {
    match reading {
        Reading::Confused(what) => what,
        other => panic!("not confused: {other:?}"),
    }
}

#[test]
fn template_of_llama_3_and_4_is_read() {
    let prompt = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe terse.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nYo<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
    assert_eq!(llama(prompt, LLAMA3), chat("Be terse.", &["Hi", "Yo", "Bye"]));
    let prompt =
        "<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\n";
    assert_eq!(llama(prompt, LLAMA4), chat("", &["Hi"]));
    assert!(complaint(llama(prompt, LLAMA3)).contains("<|start_header_id|> was expected"));
}

#[test]
fn template_error_of_llama_names_the_flaw() {
    let peer = "<|begin_of_text|>\n<|start_header_id|>user<|end_header_id|>Hi<|eot_id|>\n<|start_header_id|>assistant<|end_header_id|>\n\n";
    assert!(complaint(llama(peer, LLAMA3)).contains("was expected before"));
    let no_blank_line = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>Hi<|eot_id|>";
    assert!(complaint(llama(no_blank_line, LLAMA3)).contains("a blank line is missing"));
    let no_end = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>";
    assert!(complaint(llama(no_end, LLAMA3)).contains("was expected"));
    assert!(complaint(llama("<|start_header_id|>user", LLAMA3)).contains("<|begin_of_text|>"));
    assert_eq!(llama("Why is the sky blue?", LLAMA3), Reading::Raw);
}

#[test]
fn template_of_mistral_and_llama_2_has_system_text() {
    assert_eq!(instructions("<s>[INST] Hi [/INST]Yo</s>[INST] Bye [/INST]", false), chat("", &["Hi", "Yo", "Bye"]));
    let prompt = "<s>[INST] <<SYS>>\nBe terse.\n<</SYS>>\n\nHi [/INST] Yo </s><s>[INST] Bye [/INST]";
    assert_eq!(instructions(prompt, true), chat("Be terse.", &["Hi", "Yo", "Bye"]));
    assert!(complaint(instructions("[INST] Hi [/INST]", false)).contains("<s>"));
    assert!(complaint(instructions("<s><<SYS>> x <</SYS>>\n[INST] Hi [/INST]", true)).contains("[INST] was expected"));
    assert!(complaint(instructions("<s>[INST] Hi [/INST]Yo [INST] Bye [/INST]", false)).contains("</s>"));
    assert!(complaint(instructions("<s>[INST] <<SYS>>x<</SYS>> Hi [/INST]", false)).contains("<<SYS>>"));
}

#[test]
fn template_of_deepseek_requires_its_own_characters() {
    let prompt = "<｜begin▁of▁sentence｜>Be terse.<｜User｜>Hi<｜Assistant｜>Yo<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜><think>\n";
    assert_eq!(deepseek(prompt), chat("Be terse.", &["Hi", "Yo", "Bye"]));
    assert!(complaint(deepseek("<|begin_of_sentence|><|User|>Hi<|Assistant|>")).contains("look-alikes"));
    assert!(complaint(deepseek("<｜begin▁of▁sentence｜><｜User｜>Hi")).contains("not followed by"));
}

#[test]
fn template_labels_begin_lines_and_end_with_the_model() {
    let claude = |prompt: &str| labels(prompt, "\n\nHuman:", "\n\nAssistant:");
    assert_eq!(claude("\n\nHuman: Hi\n\nAssistant: Yo\n\nHuman: Bye\n\nAssistant:"), chat("", &["Hi", "Yo", "Bye"]));
    assert_eq!(claude("Be terse.\n\nHuman: Hi\n\nAssistant:"), chat("Be terse.", &["Hi"]));
    assert_eq!(claude("\n\nHuman: <admin>Be terse.</admin>\n\nHuman: Hi\n\nAssistant: "), chat("Be terse.", &["Hi"]));
    assert!(complaint(claude("\n\nHuman: Hi")).contains("does not end with"));
    let titan = |prompt: &str| labels(prompt, "\nUser:", "\nBot:");
    assert_eq!(titan("User: Hi\nBot:"), chat("", &["Hi"]));
    assert_eq!(titan("Be nice.\n\nUser: Hi\n\nBot: Yo\n\nUser: Bye\n\nBot:"), chat("Be nice.", &["Hi", "Yo", "Bye"]));
    assert_eq!(titan("The Bot: a story"), Reading::Raw);
}
