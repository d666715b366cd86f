//! The precedence of options: later levels override, and can remove, what earlier ones set.

use bedrock_chat::{ChatOption, ChatOptions, Json};
use local_bedrock::LocalBedrock;
use serde_json::json;

use crate::{BOTH, QWEN, calling, sent, weather};

#[tokio::test]
async fn removed_option_is_not_sent_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let set = ChatOptions::default().with_temperature(0.37).with_stop(["END"]).with_tools([weather()]);
    let cases = [(ChatOption::Temperature, "0.37"), (ChatOption::Stop, "END"), (ChatOption::Tools, "get_weather")];
    for api in BOTH {
        let chat = calling(&bedrock, QWEN, api).options(&set).build().unwrap();
        chat.invoke("hello").await.unwrap();
        let whole = sent(&bedrock).to_string();
        for (option, value) in cases {
            assert!(whole.contains(value), "{api:?}: {whole}");
            bedrock.clear();
            chat.without_option(option).invoke("hello").await.unwrap();
            let body = sent(&bedrock).to_string();
            for (other, value) in cases {
                assert_eq!(body.contains(value), other != option, "{api:?} without {option:?}: {body}");
            }
            bedrock.clear();
        }
    }
}

#[test]
fn option_is_removed_first_and_then_set() {
    let kwargs = |value| ChatOptions::default().with_model_kwargs(Json::from(value));
    let base = kwargs(json!({"a": 1})).with_temperature(0.5).with_stop(["a"]);
    let merged = base.merged_with(&kwargs(json!({"b": 2})));
    assert_eq!(merged.model_kwargs.unwrap(), json!({"a": 1, "b": 2}));

    let removing = kwargs(json!({"b": 2})).without(ChatOption::ModelKwargs);
    assert_eq!(removing.model_kwargs, None, "its own value is removed too");
    let replacing = removing.with_model_kwargs(json!({"b": 2}));
    assert_eq!(base.merged_with(&replacing).model_kwargs.unwrap(), json!({"b": 2}));

    // An empty list sets nothing. Only a removal empties the list.
    assert_eq!(base.merged_with(&ChatOptions::default()).stop, ["a"]);
    assert!(base.merged_with(&ChatOptions::default().without(ChatOption::Stop)).stop.is_empty());

    // Two levels merged first remove the same as one after the other.
    let (call, later) = (ChatOptions::default().without(ChatOption::Temperature), ChatOptions::default().with_top_k(7));
    let both = base.merged_with(&call.merged_with(&later));
    assert_eq!(both, base.merged_with(&call).merged_with(&later));
    assert_eq!((both.temperature, both.top_k), (None, Some(7)));
}

#[test]
fn chat_option_names_are_the_fields_of_chat_options() {
    let printed = format!("{:#?}", ChatOptions::default());
    let fields: Vec<&str> =
        printed.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": ")).map(|(name, _)| name).collect();
    let names: Vec<&str> = ChatOption::ALL.iter().map(|option| option.as_str()).collect();
    assert_eq!(fields, [&names[..], &["removed"]].concat());
}
