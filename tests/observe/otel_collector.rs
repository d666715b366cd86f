//! A real collector accepts the spans: Rotel, an OpenTelemetry collector from PyPI, receives them
//! over OTLP and prints them.
//!
//! The collector is installed once, below cargo's target folder. If Python or its registry is missing, the test says
//! so and passes, unless `TEST_CLIENTS` is `required`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bedrock_chat::TracingObserver;
use local_bedrock::LocalBedrock;

use crate::exported::Exporting;
use crate::install;
use crate::support::{calling, soon, until};

const ROTEL: &str = "rotel==0.0.1a15";

/// The collector's program.
fn rotel() -> Result<PathBuf, String> {
    let python = install::python("rotel", &[ROTEL])?;
    let find = "import pathlib, rotel; print(pathlib.Path(rotel.__file__).parent / 'rotel-agent')";
    let found = Command::new(&python).args(["-c", find]).output().unwrap();
    Ok(PathBuf::from(String::from_utf8(found.stdout).unwrap().trim()))
}

/// A running collector that writes the spans it receives to a file.
struct Collector {
    process: Child,
    url: String,
    log: PathBuf,
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_ports() -> (u16, u16) {
    let listener = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = |listener: &std::net::TcpListener| listener.local_addr().unwrap().port();
    let (one, other) = (listener(), listener());
    (port(&one), port(&other))
}

impl Collector {
    /// The collector cannot choose its ports. It starts again with others if another program takes one first.
    async fn start(program: &Path) -> Self {
        for _ in 0..5 {
            let (http, grpc) = free_ports();
            let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rotel-{http}.log"));
            let process = Command::new(program)
                .args([
                    "start",
                    "--debug-log",
                    "traces",
                    "--debug-log-verbosity",
                    "detailed",
                    "--exporter",
                    "blackhole",
                ])
                .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
                .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
                .stdout(std::fs::File::create(&log).unwrap())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut collector = Self { process, url: format!("http://127.0.0.1:{http}"), log };
            if soon(collector.listens(http)).await {
                return collector;
            }
        }
        panic!("rotel did not start");
    }

    /// True as soon as it listens, and false if it has ended.
    async fn listens(&mut self, port: u16) -> bool {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.process.try_wait().unwrap().is_none()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

#[tokio::test]
async fn otel_collector_accepts_the_spans() {
    let program = match rotel() {
        Ok(program) => program,
        Err(reason) => return install::skipped(&reason),
    };
    let collector = Collector::start(&program).await;
    let exporting = Exporting::to(&collector.url);
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).observer(TracingObserver::new()).build().unwrap();
    let reply = chat.stream("Hello").await.unwrap().message().await.unwrap();
    exporting.flush().await;
    let expected = [
        "chat anthropic.claude-3-haiku-20240307-v1:0".to_owned(),
        "aws.bedrock".to_owned(),
        format!("{}", reply.usage.unwrap().input_tokens),
        reply.id.unwrap(),
    ];
    for text in expected {
        until(&format!("the collector prints {text}"), || collector.said().contains(&text)).await;
    }
}
