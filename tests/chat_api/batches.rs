//! Batches of calls.

use std::time::Duration;

use bedrock_chat::{Api, ErrorKind, Message};
use local_bedrock::{Fault, LocalBedrock};

use crate::{BOTH, CLAUDE, calling};

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
