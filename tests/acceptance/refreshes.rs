//! Calls whose credentials expire while others are in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    BedrockChat, BoxFuture, CachedCredentials, Credentials, HttpRequest, HttpResponse, ProvideCredentials, Result,
    Transport,
};
use tokio::sync::{Barrier, Notify};

use crate::support::{over, soon};

/// A service that refuses calls with the keys `AKID0` as expired, once as many as the barrier's size are in flight.
#[derive(Debug)]
struct Service {
    sent: AtomicUsize,
    in_flight: Barrier,
    /// The number of a call that is accepted nevertheless, when this is notified.
    accepted: Option<(usize, Arc<Notify>)>,
}

impl Transport for Service {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let is_old = request.headers.get("authorization").unwrap().contains("AKID0");
        Box::pin(async move {
            if is_old {
                self.in_flight.wait().await;
            }
            let accepted = self.accepted.as_ref().filter(|(accepted, _)| *accepted == number);
            let reply = match accepted {
                Some((_, notified)) => {
                    notified.notified().await;
                    Reply::json(200, r#"{"content":[]}"#)
                }
                None if is_old => {
                    Reply::json(403, r#"{"message":"The security token included in the request is expired"}"#)
                        .with_header("x-amzn-errortype", "ExpiredTokenException")
                        .with_header("x-amzn-requestid", "id")
                }
                None => Reply::json(200, r#"{"content":[]}"#),
            };
            MemoryTransport::new([reply]).send(request).await
        })
    }
}

/// Returns a cache of the keys `AKID0`, then `AKID1` and so on, and a counter of requests to its provider. From the
/// second request on, `renewing` is notified, and the answer takes a few polls.
fn renewed(renewing: Arc<Notify>) -> (CachedCredentials<impl ProvideCredentials>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = move || {
        let (number, renewing) = (counter.fetch_add(1, Ordering::SeqCst), Arc::clone(&renewing));
        async move {
            if number > 0 {
                renewing.notify_one();
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
            }
            Ok(Credentials::new(format!("AKID{number}"), "secret").with_session_token("token"))
        }
    };
    (CachedCredentials::new(provider), asked)
}

fn chat(service: Service, cached: CachedCredentials<impl ProvideCredentials>) -> BedrockChat {
    over(service).credentials_provider(cached).max_concurrency(8).build().unwrap()
}

#[tokio::test]
async fn credentials_refresh_goes_on_while_its_batch_is_not_polled() {
    let renewing = Arc::new(Notify::new());
    let (cached, asked) = renewed(Arc::clone(&renewing));
    let service =
        Service { sent: AtomicUsize::new(0), in_flight: Barrier::new(2), accepted: Some((1, Arc::clone(&renewing))) };
    let chat = chat(service, cached);
    let mut batch = chat.batch_as_completed(["refused", "accepted"]);
    let mut order = Vec::new();
    while let Some((place, reply)) = soon(batch.next()).await {
        reply.unwrap();
        order.push(place);
        // The batch is not polled meanwhile. Its first call has begun to ask the provider, and this call waits for it.
        soon(chat.invoke("follow-up")).await.unwrap();
    }
    assert_eq!((order, asked.load(Ordering::SeqCst)), (vec![1, 0], 2));
}

#[tokio::test]
async fn credentials_that_expire_within_a_batch_are_renewed_once() {
    let (cached, asked) = renewed(Arc::default());
    let service = Service { sent: AtomicUsize::new(0), in_flight: Barrier::new(8), accepted: None };
    let chat = chat(service, cached);
    let replies = soon(chat.batch((0..30).map(|n| n.to_string()))).await;
    assert_eq!(replies.iter().filter(|reply| reply.is_ok()).count(), 30);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}
