//! A real collector accepts the spans: Rotel, an OpenTelemetry collector from PyPI, receives them
//! over OTLP and prints them.
//!
//! The collector is installed once, below cargo's target folder. If Python or its registry is missing, the test says
//! so and passes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bedrock_chat::TracingObserver;
use local_bedrock::LocalBedrock;

use crate::exported::Exporting;
use crate::support::{calling, soon};

const ROTEL: &str = "rotel==0.0.1a15";

/// Runs an installation step. `Err` is the reason to skip; a failure that the network did not cause fails the test.
fn install(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let unreachable = ["Could not find a version", "No matching distribution", "ensurepip is not available"];
    match unreachable.iter().find(|sign| said.contains(**sign)) {
        _ if output.status.success() => Ok(()),
        Some(reason) => Err(format!("{name}: {reason}")),
        None => panic!("{name} failed:\n{said}"),
    }
}

/// The collector's program.
fn rotel() -> Result<PathBuf, String> {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rotel");
    let python = venv.join("bin/python");
    if !venv.join("installed").exists() {
        install(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        install(Command::new(&python).args(["-m", "pip", "install", "--quiet", ROTEL]))?;
        std::fs::write(venv.join("installed"), ROTEL).unwrap();
    }
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

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Collector {
    async fn start(program: &Path) -> Self {
        let (http, grpc) = (free_port(), free_port());
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rotel-{http}.log"));
        let process = Command::new(program)
            .args(["start", "--debug-log", "traces", "--debug-log-verbosity", "detailed", "--exporter", "blackhole"])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .stdout(std::fs::File::create(&log).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let collector = Self { process, url: format!("http://127.0.0.1:{http}"), log };
        let listens = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", http)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(listens).await;
        collector
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

#[tokio::test]
async fn otel_collector_accepts_the_spans() {
    let program = match rotel() {
        Ok(program) => program,
        Err(reason) => return println!("skipped: {reason}"),
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
    let told = async {
        while !expected.iter().all(|text| collector.said().contains(text)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(15), told).await.is_err() {
        panic!("the collector did not get all of {expected:?}:\n{}", collector.said());
    }
}
