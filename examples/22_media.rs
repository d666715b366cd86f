//! Audio, video and objects in S3 in a question, and media that is refused before it is sent.
//!
//! ```sh
//! cargo run --example media
//! cargo run --example media -- recording.wav
//! ```
//!
//! Media from the web are fetched only by `MediaFetcher`, with the feature `web`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Content, Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Nova accepts images, documents, audio and video.
    let connection = support::connect("us.amazon.nova-lite-v1:0", None).await?;
    let chat = connection.builder.clone().build()?;

    let sound = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => wav(8000, |at| f64::sin(at * 440.0 * std::f64::consts::TAU)),
    };
    let reply = chat.invoke(Message::human("What is in this recording?").with(Content::from_bytes(sound)?)).await?;
    println!("audio: {}", reply.text());

    // The type is detected from the bytes, and for a video in S3 from its file extension. The file is not read
    // here: Bedrock reads it, with the caller's permissions.
    let video = Content::from_url("s3://my-videos/harbor.mp4")?;
    let reply = chat.invoke(Message::human("Who is in this video?").with(video.clone())).await?;
    println!("video: {}", reply.text());

    // Unsupported and oversized media is refused before anything is sent.
    let connection = support::connect(support::MODEL, None).await?;
    let claude = connection.builder.clone().build()?;
    for block in [video, Content::image("image/png", vec![0; 4_000_000]), Content::image("image/svg+xml", "<svg/>")] {
        if let Err(error) = claude.invoke(Message::human("And this?").with(block)).await {
            println!("refused: {}", error.message());
        }
    }
    Ok(())
}

/// One second of a tone as a WAV file: one channel, 16 bits.
fn wav(rate: u32, sound: impl Fn(f64) -> f64) -> Vec<u8> {
    let samples = (0..rate).map(|n| (sound(f64::from(n) / f64::from(rate)) * 8000.0) as i16);
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let length = data.len() as u32;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + length).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend(rate.to_le_bytes());
    out.extend((rate * 2).to_le_bytes());
    out.extend(b"\x02\0\x10\0data");
    out.extend(length.to_le_bytes());
    out.extend(data);
    out
}
