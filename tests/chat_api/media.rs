//! Images, documents, audio and video: from bytes, base64, data URLs and S3.

use bedrock_chat::{Api, CitationLocation, Content, Document, ErrorKind, Media, MediaSource, Message};
use local_bedrock::LocalBedrock;

use crate::{BOTH, CLAUDE, COMMAND_R, GPT_OSS, MISTRAL, NOVA, PIXTRAL, calling, chat, sent};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nlittle";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01";
const PDF: &[u8] = b"%PDF-1.7\nThe lighthouse was built in 1884.";

async fn asked(bedrock: &LocalBedrock, model: &str, api: Api, block: Content) -> bedrock_chat::Result<String> {
    let message = Message::human("What is this?").with(block);
    chat(bedrock, model, api).invoke(message).await.map(|reply| reply.text())
}

#[tokio::test]
async fn images_reach_every_family_with_image_input() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, PIXTRAL] {
        for api in BOTH {
            for block in [
                Content::from_bytes(PNG).unwrap(),
                Content::image("image/png", PNG),
                Content::Image(Media::new("image/png", MediaSource::Base64("iVBORw0KGgpsaXR0\nbGU=".into()))),
                Content::from_url("data:image/png;base64,iVBORw0KGgpsaXR0bGU=").unwrap(),
            ] {
                let text = asked(&bedrock, model, api, block).await;
                let text = text.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
                assert!(text.contains("[I received image/png of 14 bytes]"), "{model} {api:?}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn image_format_is_detected_from_the_bytes() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, PIXTRAL] {
        for api in BOTH {
            for declared in ["image/jpg", "image/png", "IMAGE/JPEG; q=1"] {
                let text = asked(&bedrock, model, api, Content::image(declared, JPEG)).await.unwrap();
                assert!(text.contains("image/jpeg of 12 bytes"), "{model} {api:?} {declared}: {text}");
            }
            let error = asked(&bedrock, model, api, Content::image("image/png", PDF)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Encode);
            assert!(error.message().contains("application/pdf"), "{error}");
            let error = asked(&bedrock, model, api, Content::image("image/svg+xml", "<svg/>")).await.unwrap_err();
            assert!(error.message().contains("png, jpeg, gif, webp"), "{error}");
        }
    }
}

#[tokio::test]
async fn image_is_refused_for_models_without_image_input() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [MISTRAL, GPT_OSS, COMMAND_R] {
        let answer = asked(&bedrock, model, Api::Invoke, Content::image("image/png", PNG)).await;
        assert!(answer.is_err_and(|error| error.kind() == ErrorKind::Unsupported), "{model}");
    }
    assert!(bedrock.requests().is_empty());
}

#[tokio::test]
async fn media_too_large_is_refused_before_sending() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let large = |bytes: usize| [PNG, &vec![0; bytes][..]].concat();
    for api in BOTH {
        let error = asked(&bedrock, CLAUDE, api, Content::image("image/png", large(3_932_160))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.message().contains("at most 3932160"), "{error}");
    }
    let old = "anthropic.claude-3-haiku-20240307-v1:0";
    let text = "a".repeat(4_718_593);
    for (model, media_type) in
        [(old, "application/pdf"), (old, "text/plain"), (CLAUDE, "text/csv"), (NOVA, "text/html")]
    {
        let error =
            asked(&bedrock, model, Api::Converse, Content::document(media_type, text.clone())).await.unwrap_err();
        assert!(error.message().contains("at most 4718592"), "{model} {media_type}: {error}");
    }
    assert!(bedrock.requests().is_empty());
    // Newer models read long PDFs.
    let long = [PDF, &vec![b' '; 4_718_593][..]].concat();
    for model in [CLAUDE, NOVA] {
        asked(&bedrock, model, Api::Converse, Content::from_bytes(long.clone()).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn documents_are_sent_with_valid_names() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut document = Document::new("application/pdf", MediaSource::Bytes(PDF.into()));
    document.name = Some("Q3: report / final.v2.pdf".into());
    for api in BOTH {
        let text = asked(&bedrock, CLAUDE, api, Content::Document(document.clone())).await.unwrap();
        assert!(text.contains("application/pdf of 42 bytes named Q3"), "{api:?}: {text}");
        let text = asked(&bedrock, CLAUDE, api, Content::document("text/plain", "Grass is green.")).await.unwrap();
        assert!(text.contains("text/plain of 15 bytes"), "{api:?}: {text}");
    }
    // Two documents with the same name, and two without a name: each gets a different name, and the same name in
    // every call.
    let unnamed = Content::document("text/csv", "a,b");
    let message =
        Message::human("Compare.").with(Content::Document(document.clone())).with(Content::Document(document));
    let message = message.with(unnamed.clone()).with(unnamed);
    let chat = chat(&bedrock, CLAUDE, Api::Converse);
    let names = async || {
        chat.invoke(&message).await.unwrap();
        let body = sent(&bedrock);
        let blocks = body["messages"][0]["content"].as_array().unwrap().clone();
        blocks.iter().filter_map(|block| Some(block.pointer("/document/name")?.to_string())).collect::<Vec<_>>()
    };
    let first = names().await;
    assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{first:?}");
    assert_eq!(first, names().await, "or the prompt cache would miss");
}

#[tokio::test]
async fn s3_media_is_sent_or_refused_with_advice() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (url, kind) in
        [("s3://films/one.mp4", "video"), ("s3://pictures/cat.JPG", "image"), ("s3://papers/a.pdf", "document")]
    {
        asked(&bedrock, NOVA, Api::Converse, Content::from_url(url).unwrap()).await.unwrap();
        let block = &sent(&bedrock)["messages"][0]["content"][1][kind];
        assert_eq!(block["source"], serde_json::json!({"s3Location": {"uri": url}}), "{url}");
    }
    asked(&bedrock, NOVA, Api::Invoke, Content::from_url("s3://films/one.mp4").unwrap()).await.unwrap();
    let before = bedrock.requests().len();
    for api in BOTH {
        let image = Content::from_url("s3://pictures/cat.png").unwrap();
        let error = asked(&bedrock, CLAUDE, api, image).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("send its bytes"), "{error}");
    }
    assert_eq!(bedrock.requests().len(), before);
}

#[tokio::test]
async fn media_urls_are_not_fetched_by_default() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let image = Content::Image(Media::new("image/png", MediaSource::Url("https://example.com/cat.png".into())));
    for model in [CLAUDE, NOVA, PIXTRAL] {
        for api in BOTH {
            let error = asked(&bedrock, model, api, image.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Encode);
            assert!(error.message().contains("fetch it yourself"), "{error}");
        }
    }
    // A URL without a media type is refused in the same way.
    let audio = Content::Audio(Media::new("", MediaSource::Url("https://example.com/audio".into())));
    let error = asked(&bedrock, NOVA, Api::Converse, audio).await.unwrap_err();
    assert!(error.message().contains("fetch it yourself"), "{error}");
    assert!(bedrock.requests().is_empty());
}

#[tokio::test]
async fn audio_and_video_reach_models_that_accept_them() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let film = Content::from_bytes(b"\0\0\0\x18ftypmp42....".to_vec()).unwrap();
    let sound = Content::from_bytes(b"RIFF\0\0\0\0WAVEfmt ".to_vec()).unwrap();
    assert!(matches!((&film, &sound), (Content::Video(_), Content::Audio(_))));
    for api in BOTH {
        let text = asked(&bedrock, NOVA, api, film.clone()).await.unwrap();
        assert!(text.contains("of 16 bytes"), "{api:?}: {text}");
        let text = asked(&bedrock, NOVA, api, sound.clone()).await.unwrap();
        assert!(text.contains("of 16 bytes"), "{api:?}: {text}");
    }
    let error = asked(&bedrock, CLAUDE, Api::Invoke, film).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn citations_are_with_their_text_also_streamed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut document = Document::new("text/plain", MediaSource::Text("Grass is green. The sky is blue.".into()));
    document.citations = true;
    for api in BOTH {
        let chat = calling(&bedrock, CLAUDE, api).build().unwrap();
        let question = Message::human("What is green?").with(Content::Document(document.clone()));
        let reply = chat.invoke(&question).await.unwrap();
        let streamed = chat.stream(&question).await.unwrap().message().await.unwrap();
        for reply in [reply, streamed] {
            let cited = reply.content.iter().filter_map(|block| match block {
                Content::Text(text) => text.citations.first().map(ToString::to_string),
                _ => None,
            });
            let cited: Vec<_> = cited.collect();
            assert!(cited.len() == 1 && cited[0].contains("Grass is green."), "{api:?}: {reply:?}");
            let typed: Vec<_> = reply.citations().collect();
            let [citation] = typed.as_slice() else { panic!("{typed:?}") };
            assert_eq!(citation.cited_text, ["Grass is green."], "{api:?}");
            let Some(CitationLocation::DocumentChar(range)) = citation.location else { panic!("{citation:?}") };
            assert_eq!((range.index, range.start, range.end), (0, 0, 15), "{api:?}");
            // The reply can be sent back.
            chat.invoke([question.clone(), reply.into(), Message::human("And blue?")]).await.unwrap();
        }
    }
}
