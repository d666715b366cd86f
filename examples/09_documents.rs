//! Documents in the question, and answers that cite them.
//!
//! ```sh
//! cargo run --example documents
//! cargo run --example documents -- report.pdf
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Api, Content, Document, MediaSource, Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;

    let mut document = match std::env::args().nth(1) {
        Some(path) => match Content::from_bytes(std::fs::read(&path)?)? {
            Content::Document(mut pdf) => {
                pdf.name = Some(path);
                pdf
            }
            _ => return Err("not a PDF".into()),
        },
        None => {
            let text = "The lighthouse was built in 1884. Its light reaches 20 miles.";
            let mut document = Document::new("text/plain", MediaSource::Text(text.into()));
            document.name = Some("The lighthouse: a history.txt".into());
            document
        }
    };
    document.citations = true;

    // The same message in the model's own format and over Converse: document names are changed to fit each API.
    for api in [Api::Invoke, Api::Converse] {
        let chat = connection.builder.clone().api(api).build()?;
        let question = Message::human("When was it built?").with(Content::Document(document.clone()));
        let reply = chat.invoke(question).await?;
        println!("over {}: {}", api.as_str(), reply.text());
        for block in &reply.content {
            if let Content::Text(text) = block {
                text.citations.iter().for_each(|citation| println!("  `{}` cites {citation}", text.text.trim()));
            }
        }
    }
    Ok(())
}
