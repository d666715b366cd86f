//! Batch inference: jobs that AWS runs from S3 to S3, at half the price. The records of a job
//! are written one at a time, so a hundred thousand of them need no more memory than one.
//!
//! ```sh
//! cargo run --example batch_inference              # 100,000 records
//! cargo run --example batch_inference -- 1000
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BatchJob, BedrockChat, Credentials};

type Anything = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Anything {
    let records: u64 = std::env::args().nth(1).map_or(Ok(100_000), |count| count.parse())?;
    // This chat answers from memory (see `follow`): records are written and read without any call.
    let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(service(records))
        .max_tokens(100)
        .build()?;
    let folder = std::env::temp_dir();
    let input = folder.join(format!("bedrock-chat-{}-input.jsonl", std::process::id()));
    let output = folder.join(format!("bedrock-chat-{}-output.jsonl", std::process::id()));

    let before = peak_memory();
    write(&chat, &input, records)?;
    println!("wrote {records} records, {} MB", input.metadata()?.len() >> 20);
    follow(&chat).await?;
    run_the_job(&input, &output, records)?;
    let (answered, failed) = read(&chat, &output, records)?;
    println!("read {answered} replies and {failed} failures");
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        println!("peak memory: {after} MB, of which {} MB are of the records", after - before);
    }
    std::fs::remove_file(input)?;
    std::fs::remove_file(output)?;
    Ok(())
}

/// Each record has the body that `invoke` would have sent.
fn write(chat: &BedrockChat, path: &std::path::Path, records: u64) -> Anything {
    let mut file = BufWriter::new(File::create(path)?);
    let mut bar = Bar::new("writing", records);
    for number in 0..records {
        let question = [("system", "Answer with a number."), ("human", &*format!("What is {number} plus 1?"))];
        writeln!(file, "{}", chat.batch_record(&format!("record-{number}"), question)?)?;
        bar.step();
    }
    file.flush()?;
    Ok(())
}

/// Each reply is the message that `invoke` would have returned. Replies arrive in any order; the id identifies the
/// record.
fn read(chat: &BedrockChat, path: &std::path::Path, records: u64) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let (mut answered, mut failed) = (0, 0);
    let mut bar = Bar::new("reading", records);
    for line in BufReader::new(File::open(path)?).lines() {
        let record = chat.read_batch_record(&line?)?;
        match record.reply {
            Ok(reply) if reply.text().is_empty() => return Err(format!("{} is empty", record.id).into()),
            Ok(_) => answered += 1,
            Err(_) => failed += 1,
        }
        bar.step();
    }
    Ok((answered, failed))
}

/// Starts the job and follows its status. The input must already be in S3; uploading it is the program's task.
async fn follow(chat: &BedrockChat) -> Anything {
    let role = "arn:aws:iam::123456789012:role/batch-inference";
    let job = BatchJob::new("sums", role, "s3://my-bucket/input.jsonl", "s3://my-bucket/output/");
    let arn = chat.create_batch_job(&job).await?;
    // On AWS, a pause of one minute is suitable.
    let status = chat
        .follow_batch_job(&arn, Duration::from_millis(50), |status| {
            match (status.records.processed, status.records.total) {
                (Some(done), Some(all)) => eprintln!("{}: {done} of {all}", status.status),
                _ => eprintln!("{}", status.status),
            }
        })
        .await?;
    println!("the job is {}, {} records failed", status.status, status.records.failed.unwrap_or_default());
    Ok(())
}

/// The service's answers about the job.
fn service(records: u64) -> MemoryTransport {
    let status = |status: &str, done: u64| {
        Reply::json(
            200,
            format!(
                r#"{{"status":"{status}","processedRecordCount":{done},"totalRecordCount":{records},"errorRecordCount":{}}}"#,
                done / 1000
            ),
        )
    };
    let arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghijkl";
    MemoryTransport::new([
        Reply::json(200, format!(r#"{{"jobArn":"{arn}"}}"#)),
        status("Submitted", 0),
        status("InProgress", records / 2),
        status("PartiallyCompleted", records),
    ])
}

/// Writes the output that the service would write to S3: replies, and an error for some records.
fn run_the_job(input: &std::path::Path, output: &std::path::Path, records: u64) -> Anything {
    let mut out = BufWriter::new(File::create(output)?);
    let mut bar = Bar::new("running", records);
    for (number, line) in BufReader::new(File::open(input)?).lines().enumerate() {
        let line = line?;
        let record = line.strip_suffix('}').unwrap_or(&line);
        let outcome = if number % 1000 == 999 {
            r#""error":{"errorCode":400,"errorMessage":"too long"}"#.to_owned()
        } else {
            format!(
                r#""modelOutput":{{"content":[{{"type":"text","text":"{}"}}],"stop_reason":"end_turn","usage":{{"input_tokens":20,"output_tokens":1}}}}"#,
                number + 1
            )
        };
        writeln!(out, "{record},{outcome}}}")?;
        bar.step();
    }
    out.flush()?;
    Ok(())
}

/// A progress bar on standard error: redrawn in a terminal, otherwise one line per quarter.
struct Bar {
    what: &'static str,
    done: u64,
    all: u64,
    terminal: bool,
}

impl Bar {
    fn new(what: &'static str, all: u64) -> Self {
        Self { what, done: 0, all, terminal: std::io::stderr().is_terminal() }
    }

    fn step(&mut self) {
        self.done += 1;
        let parts = if self.terminal { 100 } else { 4 };
        let part = |done: u64| done * parts / self.all.max(1);
        if part(self.done) == part(self.done - 1) {
            return;
        }
        let filled = "#".repeat((self.done * 40 / self.all.max(1)) as usize);
        let (start, end) =
            if self.terminal { ("\r", if self.done == self.all { "\n" } else { "" }) } else { ("", "\n") };
        eprint!("{start}{} [{filled:<40}] {}/{}{end}", self.what, self.done, self.all);
    }
}

/// Returns the peak memory of this process in MB, if the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? >> 10)
}
