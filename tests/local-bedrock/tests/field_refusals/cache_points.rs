//! The time to live of cache points.

use super::*;

fn point(ttl: Option<&str>) -> Value {
    let mut point = json!({"type": "default"});
    if let Some(ttl) = ttl {
        point["ttl"] = json!(ttl);
    }
    json!({"cachePoint": point})
}

#[tokio::test]
async fn cache_point_ttl_of_an_hour_is_refused_by_nova() {
    let ask = |ttl: Option<&str>| json!({"messages": [user(json!([{"text": "Hi"}, point(ttl)]))]});
    let words = Some("Extended TTL prompt caching is only supported for Anthropic models");
    check(vec![
        ("us.amazon.nova-2-lite-v1:0", "converse", ask(Some("1h")), words),
        ("us.amazon.nova-2-lite-v1:0", "converse", ask(Some("5m")), None),
        ("us.amazon.nova-2-lite-v1:0", "converse", ask(None), None),
        ("us.anthropic.claude-sonnet-4-6", "converse", ask(Some("1h")), None),
    ])
    .await;
}

#[tokio::test]
async fn longer_cache_ttl_after_shorter_is_refused() {
    let words = "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.";
    let model = "us.anthropic.claude-sonnet-4-6";
    let ask = |first: Option<&str>, second: Option<&str>| {
        let turn = user(json!([{"text": "Hi"}, point(second)]));
        json!({"messages": [turn], "system": [{"text": "Rules"}, point(first)]})
    };
    let marked =
        |ttl: &str| json!([{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": ttl}}]);
    let native =
        |first: &str, second: &str| claude(json!({"system": marked(first), "messages": [user(marked(second))]}));
    check(vec![
        (model, "converse", ask(None, Some("1h")), Some(words)),
        (model, "converse", ask(Some("5m"), Some("1h")), Some(words)),
        (model, "converse", ask(Some("1h"), None), None),
        (model, "converse", ask(Some("1h"), Some("1h")), None),
        (model, "invoke", native("5m", "1h"), Some(words)),
        (model, "invoke", native("1h", "5m"), None),
    ])
    .await;
}
