//! Chats in the terminal.
//!
//! ```sh
//! cargo run --example chat -- "I love programming."
//! cargo run --example chat                     # a conversation; Ctrl-C stops an answer, and ends at the prompt
//! echo "I love programming." | cargo run --example chat
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::io::{IsTerminal, Read, Write, stdout};
use std::process::ExitCode;

use bedrock_chat::{AiMessage, BedrockChat, ChatEvent, Error, Message};
use clap::Parser;
use rustyline::config::{Behavior, Config};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;

/// Chat with a model on Amazon Bedrock, or with a local server if there are no credentials.
#[derive(Parser)]
#[command(name = "chat")]
struct Args {
    /// The prompt; without it, standard input or a conversation
    prompt: Vec<String>,
    /// Model id, inference profile or ARN
    #[arg(long, default_value = support::MODEL)]
    model: String,
    /// The family of a model whose ARN does not say it, such as anthropic
    #[arg(long)]
    family: Option<String>,
    /// AWS region; defaults to AWS_REGION
    #[arg(long)]
    region: Option<String>,
    /// Send to this URL instead of AWS
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// System prompt
    #[arg(long)]
    system: Option<String>,
    /// Maximum number of tokens to generate
    #[arg(long)]
    max_tokens: Option<u64>,
    /// Randomness, 0 to 1
    #[arg(long)]
    temperature: Option<f64>,
    /// Wait for the whole answer
    #[arg(long)]
    no_stream: bool,
    /// Print events as JSON, one a line
    #[arg(long)]
    json: bool,
}

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), AnyError> {
    let connection = support::connect(&args.model, args.endpoint.as_deref()).await?;
    let mut builder = connection.builder.clone();
    if let Some(family) = &args.family {
        builder = builder.family(family);
    }
    if let Some(region) = &args.region {
        builder = builder.region(region);
    }
    if let Some(tokens) = args.max_tokens {
        builder = builder.max_tokens(tokens);
    }
    if let Some(temperature) = args.temperature {
        builder = builder.temperature(temperature);
    }
    let chat = builder.build()?;
    let mut history: Vec<Message> = args.system.iter().map(Message::system).collect();

    let prompt = args.prompt.join(" ");
    if !prompt.is_empty() {
        history.push(Message::human(prompt));
        answer(&chat, &history, args).await?;
    } else if !std::io::stdin().is_terminal() {
        let mut piped = String::new();
        std::io::stdin().read_to_string(&mut piped)?;
        if piped.trim().is_empty() {
            return Err("nothing was said: pass the text as arguments, or on standard input".into());
        }
        history.push(Message::human(piped.trim()));
        answer(&chat, &history, args).await?;
    } else {
        converse(&chat, history, args).await?;
    }
    Ok(())
}

/// Runs a conversation on the terminal. Ctrl-C stops an answer and keeps the part that has arrived; at the prompt,
/// Ctrl-C ends the program.
async fn converse(chat: &BedrockChat, mut history: Vec<Message>, args: &Args) -> Result<(), AnyError> {
    // Lines are edited on the terminal even if answers are written to a file.
    let behavior = if stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm };
    let config = Config::builder().behavior(behavior).auto_add_history(true).build();
    let mut editor = rustyline::Editor::<(), _>::with_history(config, MemHistory::new())?;
    loop {
        // The editor reads Ctrl-C as a key. On terminals without cursor keys it is a signal, which ends the program.
        let interrupted = tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(0);
            }
        });
        let line = tokio::task::block_in_place(|| editor.readline("you> "));
        interrupted.abort();
        let line = match line {
            Ok(line) => line,
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if line.trim().is_empty() {
            continue;
        }
        history.push(Message::human(line));
        match answer(chat, &history, args).await {
            Ok(reply) if !reply.content.is_empty() => history.push(reply.into()),
            // There is no reply: the question is removed, so that the next one can be asked.
            Ok(_) => drop(history.pop()),
            Err(error) => {
                eprintln!("error: {error}");
                match error.into_partial().filter(|partial| !partial.content.is_empty()) {
                    Some(partial) => history.push(partial.into()),
                    None => drop(history.pop()),
                }
            }
        }
    }
}

/// Waits for something, or for Ctrl-C.
async fn unless_stopped<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        value = future => Some(value),
        _ = tokio::signal::ctrl_c() => None,
    }
}

/// Prints an answer, streamed by default, then the stop reason and the usage.
async fn answer(chat: &BedrockChat, history: &[Message], args: &Args) -> Result<AiMessage, Error> {
    let reply = if args.no_stream {
        let reply = unless_stopped(chat.invoke(history)).await.transpose()?.unwrap_or_default();
        match args.json {
            true => print_json(&reply),
            false => println!("{}", reply.text()),
        }
        reply
    } else {
        stream(chat, history, args.json).await?
    };
    let reason = reply.stop_reason.as_ref().map_or("stopped by you", |reason| reason.as_str());
    match reply.usage {
        Some(usage) => eprintln!(
            "[{reason}; {} tokens in, {} out, {} in all]",
            usage.input_tokens,
            usage.output_tokens,
            usage.total_tokens()
        ),
        None => eprintln!("[{reason}]"),
    }
    Ok(reply)
}

async fn stream(chat: &BedrockChat, history: &[Message], json: bool) -> Result<AiMessage, Error> {
    let Some(mut stream) = unless_stopped(chat.stream(history)).await.transpose()? else {
        return Ok(AiMessage::default());
    };
    loop {
        let Some(event) = unless_stopped(stream.next()).await else {
            println!();
            return Ok(stream.so_far());
        };
        match event.transpose() {
            Ok(Some(event)) if json => print_json(&event),
            Ok(Some(ChatEvent::Text { text, .. })) => {
                print!("{text}");
                // A reader may close the pipe; this is not an error.
                let _ = stdout().flush();
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => {
                println!();
                return Err(error);
            }
        }
    }
    if !json {
        println!();
    }
    Ok(stream.so_far())
}

fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("error: {error}"),
    }
}
