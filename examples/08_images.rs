//! An image in a question. This one is made here, so that the example needs no file.
//!
//! ```sh
//! cargo run --example images
//! cargo run --example images -- photo.jpg
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Content, Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    let bytes = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => png(32, 32, |x, y| [(x * 8) as u8, (y * 8) as u8, 128]),
    };
    println!("sending {} bytes", bytes.len());
    // The type is detected from the bytes, also for JPEG, GIF, WebP, PDF, audio and video.
    let image = Content::from_bytes(bytes)?;
    let reply = chat.invoke(Message::human("What is in this image?").with(image)).await?;
    println!("{}", reply.text());

    // Creates an image from a data URL. `s3://bucket/key` works for models that read from S3.
    let dot = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==";
    let reply = chat.invoke(Message::human("And in this one?").with(Content::from_url(dot)?)).await?;
    println!("{}", reply.text());

    // Bedrock does not fetch URLs, and the crate does not fetch them without being asked.
    if let Err(error) = Content::from_url("https://example.com/cat.png") {
        println!("{error}");
    }
    Ok(())
}

/// A PNG of true color, not compressed.
fn png(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut lines = Vec::new();
    for y in 0..height {
        lines.push(0); // no filter
        (0..width).for_each(|x| lines.extend(colour(x, y)));
    }
    // One stored block of deflate holds up to 65535 bytes.
    let length = lines.len() as u16;
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(&lines);
    data.extend(adler32(&lines).to_be_bytes());

    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 0]); // eight bits, true color
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &head);
    chunk(&mut out, b"IDAT", &data);
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let checked = [name.as_slice(), data].concat();
    out.extend(&checked);
    out.extend(crc32(&checked).to_be_bytes());
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, _: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !data.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}
