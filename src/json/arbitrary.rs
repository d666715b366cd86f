//! Arbitrary JSON for tests of decoders.

use proptest::prelude::*;
use serde_json::Value;

/// Returns any JSON whose texts and keys are some of these.
pub(crate) fn any_json(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let text = prop::sample::select(texts);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        (-2i64..9).prop_map(Into::into),
        Just(u64::MAX.into()),
        text.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let members = prop::collection::vec((text.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}
