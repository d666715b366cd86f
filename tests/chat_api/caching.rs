//! Prompt caching: points set by hand and by the planner, and the tokens that they save.

use bedrock_chat::{BedrockChat, CachePoint, CacheTtl, Content, InputTokenDetails, Message, Role};
use local_bedrock::LocalBedrock;

use crate::{BOTH, CLAUDE, NOVA, calling, chat, sent, weather};

async fn details(chat: &BedrockChat, messages: &[Message]) -> InputTokenDetails {
    let whole = chat.invoke(messages).await.unwrap();
    whole.usage.unwrap().input_token_details
}

#[tokio::test]
async fn cache_points_written_by_one_call_are_read_by_the_next() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA] {
        for api in BOTH {
            bedrock.clear();
            let chat = calling(&bedrock, model, api).prompt_caching(CachePoint::default()).build().unwrap();
            let mut messages = vec![Message::system("Long rules. ".repeat(50)), Message::human("Who?")];
            let first = details(&chat, &messages).await;
            assert!(first.cache_creation > 100 && first.cache_read == 0, "{model} {api:?}: {first:?}");
            let again = details(&chat, &messages).await;
            assert_eq!((again.cache_creation, again.cache_read), (0, first.cache_creation), "{model} {api:?}");
            messages.extend([Message::ai("I."), Message::human("When?")]);
            let reply = chat.stream(&messages).await.unwrap().message().await.unwrap();
            let usage = reply.usage.unwrap();
            let grown = usage.input_token_details;
            assert!(grown.cache_read >= first.cache_creation && grown.cache_creation > 0, "{model} {api:?}: {grown:?}");
            assert!(usage.input_tokens >= grown.cache_read + grown.cache_creation, "input counts all: {usage:?}");
        }
    }
}

#[tokio::test]
async fn cache_points_of_the_caller_keep_place_and_ttl() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let hour = CachePoint::default().with_ttl(CacheTtl::OneHour);
    for api in BOTH {
        let mut tool = weather();
        tool.cache_point = Some(hour);
        let chat = chat(&bedrock, CLAUDE, api).bind_tools([tool]);
        let system = Message::system("Rules.").with(Content::CachePoint(hour));
        let question = Message::human("A long story.").with(Content::cache_point());
        bedrock.clear();
        let written = details(&chat, &[system, question]).await;
        assert!(written.cache_creation_1h > 0, "{api:?}: {written:?}");
        let body = sent(&bedrock).to_string();
        assert_eq!(body.matches(r#""ttl":"1h""#).count(), 2, "{api:?}: {body}");
    }
}

#[tokio::test]
async fn cache_points_are_at_most_four() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA] {
        for api in BOTH {
            let chat = calling(&bedrock, model, api).prompt_caching(CachePoint::default()).build().unwrap();
            let chat = chat.bind_tools([weather()]);
            let mut messages = vec![Message::system("Rules.")];
            for turn in 0..8 {
                messages.push(Message::human(format!("Question {turn}?")).with(Content::cache_point()));
                let asked = chat.invoke(&messages).await;
                if turn > 3 {
                    // The caller's own cache points also count, and the service refuses too many.
                    assert!(asked.is_err(), "{model} {api:?}");
                    break;
                }
                messages.push(asked.unwrap_or_else(|error| panic!("{model} {api:?} {turn}: {error}")).into());
            }
            let mut messages = vec![Message::system("Rules.")];
            for turn in 0..8 {
                messages.push(Message::human(format!("Question {turn}?")));
                messages.push(chat.invoke(&messages).await.unwrap().into());
            }
        }
    }
}

#[tokio::test]
async fn cache_points_are_placed_after_blocks_that_accept_them() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let text = |kind: &str| Content::document(kind, "Grass is green.");
    let pdf = || Content::document("application/pdf", "%PDF-1.7 Grass is green.");
    let picture = || Content::image("image/png", b"\x89PNG\r\n\x1a\nlittle".to_vec());
    for model in [CLAUDE, NOVA] {
        for api in BOTH {
            let chat = calling(&bedrock, model, api).build().unwrap();
            let planned = calling(&bedrock, model, api).prompt_caching(CachePoint::default()).build().unwrap();
            for turn in [
                vec![Content::text("Read."), text("text/csv")],
                vec![Content::text("Read."), text("text/plain"), text("text/markdown")],
                vec![text("text/html"), Content::text("Read.")],
                vec![Content::text("Read."), pdf()],
                vec![Content::text("Read."), picture(), text("text/csv")],
            ] {
                if model == NOVA && api == BOTH[0] {
                    continue; // The model does not read documents over this API.
                }
                let by_plan = planned.invoke(Message::new(Role::Human, turn.clone())).await;
                by_plan.unwrap_or_else(|error| panic!("{model} {api:?}: {error}: {turn:?}"));
                let by_hand = Message::new(Role::Human, turn.clone()).with(Content::cache_point());
                let reply = chat.invoke(by_hand).await;
                let reply = reply.unwrap_or_else(|error| panic!("{model} {api:?}: {error}: {turn:?}"));
                assert!(sent(&bedrock).to_string().contains("cache"), "{model} {api:?}: it is not lost");
                // In the next turn it is after the question, so it covers the documents too.
                let more = [Message::new(Role::Human, turn), reply.into(), Message::human("And?")];
                planned.invoke(&more).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            }
            let first = Message::new(Role::Human, [Content::cache_point(), Content::text("Hello.")]);
            chat.invoke([Message::new(Role::System, [Content::cache_point()]), first]).await.unwrap();
        }
    }
}
