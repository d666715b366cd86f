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
