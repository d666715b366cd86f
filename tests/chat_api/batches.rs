//! Batches of calls, and fallbacks.

use std::time::Duration;

use bedrock_chat::{Api, BedrockChat, ErrorKind, Message, RetryPolicy};
use local_bedrock::{Fault, LocalBedrock};

use crate::{BOTH, CLAUDE, NOVA, calling, chat};

#[tokio::test]
async fn batch_replies_keep_order_and_failures_are_separate() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let chat = calling(&bedrock, CLAUDE, api).max_concurrency(3).build().unwrap();
        let mut questions: Vec<Message> = (0..9).map(|n| Message::human(format!("Number {n}?"))).collect();
        questions[4] = Message::human(" ");
        let replies = chat.batch(questions).await;
        for (n, reply) in replies.iter().enumerate() {
            match reply {
                Ok(reply) => assert!(reply.text().contains(&format!("Number {n}?")), "{api:?}"),
                Err(error) => assert_eq!((n, error.kind()), (4, ErrorKind::Encode), "{api:?}: {error}"),
            }
        }
        assert_eq!(replies.len(), 9);
    }
}

#[tokio::test]
async fn batch_reports_progress_and_limits_concurrency() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::delay(Duration::from_millis(60)).forever());
    let chat = calling(&bedrock, CLAUDE, Api::Invoke).max_concurrency(2).build().unwrap();
    let mut batch = chat.batch_as_completed(["a", "b", "c", "d"]);
    let (mut places, mut most) = (Vec::new(), 0);
    while let Some((place, reply)) = batch.next().await {
        reply.unwrap();
        places.push(place);
        assert_eq!(batch.done(), places.len());
        // At most two calls run at once.
        most = most.max(bedrock.requests().len() - batch.done());
    }
    places.sort_unstable();
    assert_eq!((places, batch.total()), (vec![0, 1, 2, 3], 4));
    assert!(most <= 2, "{most}");
}

fn region(bedrock: &LocalBedrock, model: &str, api: Api) -> BedrockChat {
    calling(bedrock, model, api).retry(RetryPolicy::never()).build().unwrap()
}

#[tokio::test]
async fn fallback_after_throttling_also_for_streams() {
    for api in BOTH {
        let (virginia, oregon) = (LocalBedrock::start().await.unwrap(), LocalBedrock::start().await.unwrap());
        virginia.faults().push(Fault::error(429, "ThrottlingException", "Too many tokens").forever());
        let chat = region(&virginia, CLAUDE, api).with_fallbacks([region(&oregon, NOVA, api)]);
        assert!(chat.invoke("hello").await.unwrap().text().contains("hello"), "{api:?}");
        assert!(chat.stream("hello").await.unwrap().message().await.unwrap().text().contains("hello"), "{api:?}");
        assert_eq!((virginia.requests().len(), oregon.requests().len()), (2, 2), "{api:?}");
        oregon.faults().push(Fault::error(503, "ServiceUnavailableException", "Down"));
        assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::Service, "the last one's error");
    }
}

#[tokio::test]
async fn fallback_is_not_used_for_validation_errors() {
    let (first, second) = (LocalBedrock::start().await.unwrap(), LocalBedrock::start().await.unwrap());
    first.faults().push(Fault::error(403, "AccessDeniedException", "No access to the model").forever());
    let chat = region(&first, CLAUDE, Api::Invoke).with_fallbacks([chat(&second, CLAUDE, Api::Invoke)]);
    assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::AccessDenied);
    assert!(second.requests().is_empty());
    let kinds = [ErrorKind::AccessDenied];
    let chat = chat.when(move |error| kinds.contains(&error.kind()));
    assert!(chat.invoke("hello").await.is_ok());
}
