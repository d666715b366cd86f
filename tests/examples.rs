//! Every example is built once and run without credentials, and its output is checked.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// An example by its number and name, its input, and the text that its output must have.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const EXAMPLES: &[Row] = &[
    ("01_chat", &["--no-stream", "How", "are", "you?"], &["You said: How are you?"]),
    ("02_invoke", &[], &["J'adore la programmation.", "\"stop_reason\": \"end_turn\""]),
    ("03_stream", &[], &["why the sky is blue.\n[stopped: end_turn]", "whole: ", "\nusage: 9 tokens in, "]),
    (
        "04_tools",
        &[],
        &[
            r#"the model calls get_weather with {"location":"London"}"#,
            "answered: 18 degrees in Paris",
            "forced: get_population\n",
            "none: 0 calls",
        ],
    ),
    ("05_toolbox", &[], &[r#"-> book_table {"people":4}"#, "<- failed: no table for 4", "2 steps, 4 messages"]),
    (
        "06_structured",
        &[],
        &[
            "3 days in Lisbon, a city trip: local sights\n",
            "by prompt: no value of the type",
            r#"by schema: {"city":"Lisbon"}"#,
        ],
    ),
    ("07_streaming_structured", &[], &["{}\n", r#""grams":250"#, "1 ingredients, 250 grams"]),
    ("08_images", &[], &["image/png of 3172 bytes", "image/gif of 43 bytes", "fetch it and pass its bytes"]),
    ("09_documents", &[], &["over invoke: ", "over converse: ", "cited_text", "documentChar"]),
    ("10_reasoning", &[], &["it thought for ", "You said: And 97?"]),
    (
        "11_caching",
        &[],
        &["first call: 2409 tokens in, of them cache_creation 2406", "cache_read 2406", "cache_read 2404"],
    ),
    (
        "12_guardrails",
        &[],
        &[
            "converse, streamed: let through",
            "invoke, streamed: intervened, with a trace",
            "applied: intervened: Sorry",
        ],
    ),
    ("13_batch", &[], &["What is 12 times 12? -> ", "\"\" -> error: there is nothing to answer"]),
    (
        "14_batch_inference",
        &["2000"],
        &["wrote 2000 records", "PartiallyCompleted", "read 1998 replies and 2 failures"],
    ),
    ("15_langsmith", &[], &["French: J'adore la programmation.", "/runs/multipart", "\"run_type\":\"llm\""]),
    ("16_opentelemetry", &[], &["gen_ai.provider.name = aws.bedrock", "gen_ai.operation.name = chat"]),
    ("17_own_provider", &[], &["the vault was opened 1 time(s) for 3 calls", "error: the vault is sealed"]),
    ("18_own_transport", &[], &["/invoke-with-response-stream (114 bytes): 200", "Scripted.", "1 request was made"]),
    ("19_own_codec", &[], &["as events: Polly wants a cracker.", r#"sent: {"turns":["Say something."]}"#]),
    (
        "20_fallbacks",
        &[],
        &[
            "alone: ThrottlingException (HTTP 429)",
            "with a fallback: I am",
            r#""kind":"throttled","attempts":1}"#,
            "in a batch: I am",
            r#""kind":"throttled","skipped":true}"#,
            "not fallen back on",
        ],
    ),
    ("21_messages", &[], &["ai: 1 blocks", "\"usage_metadata\"", "\"role\":\"assistant\"", "saved and loaded: true"]),
    (
        "22_media",
        &[],
        &["audio: I am", "audio/wav of 16044 bytes", "video: I am", "at most 3932160", "png, jpeg, gif, webp"],
    ),
    (
        "23_options",
        &[],
        &["temperatures: 0.2 and 0.9", "You said: Heads or tails?", "refused: openai.gpt-oss-120b-1:0 has no `top_k`"],
    ),
    (
        "24_mcp",
        &[],
        &["mcp_weather_get: Get the current weather in a city", "-> mcp_weather_get {", "18 degrees in London"],
    ),
    (
        "25_models",
        &[],
        &[
            "model ",
            "amazon.nova-lite-v1:0                      text, image  yes      id",
            "anthropic.claude-haiku-4-5-20251001-v1:0   text, image  yes      profile    active",
            "legacy, ends 2027-03-01",
            "us.amazon.nova-lite-v1:0",
            "system_defined",
        ],
    ),
    (
        "26_credentials",
        &[],
        &[
            "a role: I am",
            "a role's role: I am",
            "a web identity: I am",
            "an identity pool: I am",
            "a wrong secret is refused, as expected: STS did not assume role",
        ],
    ),
    (
        "27_gateway",
        &["--try"],
        &[
            r#""model":"claude-sonnet-4-6","stop_reason":"end_turn""#,
            r#""object":"chat.completion""#,
            r#""object":"response""#,
            "/converse: 200 ",
            r#""key":"default","model":"us.amazon.nova-lite-v1:0""#,
        ],
    ),
];

/// Returns the folder of the built examples. Cargo builds them with all tests, but not with this test alone.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let this = std::env::current_exe().unwrap();
        let profile = this.parent().and_then(|deps| deps.parent()).expect("tests are in target/PROFILE/deps");
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--examples", "--features", "langsmith,tracing,mcp,gateway"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        build.env("CARGO_TARGET_DIR", profile.parent().unwrap());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the examples do not build");
        profile.join("examples")
    })
}

/// Runs an example as a new user would: without credentials, endpoint or terminal.
fn run(file: &str, args: &[&str]) -> Output {
    newcomer(file).args(args).output().unwrap()
}

fn newcomer(file: &str) -> Command {
    let (_, name) = file.split_once('_').unwrap();
    let mut command = Command::new(folder().join(name));
    for (variable, _) in std::env::vars_os() {
        let text = variable.to_string_lossy();
        if ["AWS_", "BEDROCK_", "LANGSMITH_", "LANGCHAIN_", "OTEL_", "GUARDRAIL_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(variable);
        }
    }
    // Neither files of profiles nor the metadata service of the machine that runs the tests.
    command.env("HOME", "/nonexistent").env("USERPROFILE", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
    command.stdin(Stdio::null());
    command
}

#[test]
fn examples_run_without_credentials() {
    folder();
    let running: Vec<_> = EXAMPLES.iter().map(|(file, args, _)| std::thread::spawn(|| run(file, args))).collect();
    for ((file, _, says), output) in EXAMPLES.iter().zip(running) {
        let output = output.join().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{file}: {out}\n{err}");
        assert!(!out.contains("Some("), "{file} prints a debug format: {out}");
        for wanted in *says {
            assert!(out.contains(wanted), "{file} does not say {wanted:?}: {out}\n{err}");
        }
    }
}

#[test]
fn chat_example_without_input_prints_usage() {
    let output = run("01_chat", &[]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains("as arguments, or on standard input"), "{err}");
}

#[test]
fn chat_example_uses_the_endpoint_variable() {
    let mut chat = newcomer("01_chat");
    chat.args(["--region", "us-east-1", "Hello"]).env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:1");
    let output = chat.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret").output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains("127.0.0.1:1 was not reached"), "{err}");
}

#[test]
fn chat_example_reports_unusable_credentials() {
    for (variable, says) in [
        ("AWS_PROFILE", "profile `http://127.0.0.1:1` (`AWS_PROFILE`) is neither in"),
        ("AWS_ACCESS_KEY_ID", "`AWS_SECRET_ACCESS_KEY` is not"),
        ("BEDROCK_AWS_SECRET_ACCESS_KEY", "`BEDROCK_AWS_ACCESS_KEY_ID` is not"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "set `AWS_ROLE_ARN`"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "no credentials of the container"),
        ("AWS_ENDPOINT_URL", "no credentials found"),
    ] {
        let mut chat = newcomer("01_chat");
        chat.arg("Hello").env("AWS_REGION", "us-east-1").env(variable, "http://127.0.0.1:1");
        let output = chat.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && err.contains(says), "{variable}: {out}\n{err}");
        assert!(!out.contains("Hello"), "{variable}: answered by the local Bedrock: {out}");
    }
    // Variables that do not set credentials are ignored.
    let mut chat = newcomer("01_chat");
    chat.arg("Hello").env("AWS_PROFILE", "").env("AWS_REGION", "eu-west-1").env("AWS_USE_FIPS_ENDPOINT", "true");
    let output = chat.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("You said: Hello"), "{output:?}");
}

#[test]
fn chat_example_reads_standard_input() {
    use std::io::Write;
    let mut chat = newcomer("01_chat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    chat.stdin.take().unwrap().write_all("Two\nlines\n".as_bytes()).unwrap();
    let output = chat.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("You said: Two\nlines"), "{output:?}");
}

/// Types input for the example in a terminal, and prints the terminal's output. Exits with 1 if the example hangs.
const TERMINAL: &str = r#"
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:2])
shown = b""
def until(what, count=1):
    global shown
    end = time.time() + 180
    while shown.count(what) < count:
        if time.time() > end:
            os.kill(pid, 9)
            print(shown, "has not", what)
            sys.exit(1)
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                if what != b"the end":
                    raise
                return
# Written when the prompt reads keys itself.
PROMPT = b"\x1b[?2004h"
until(PROMPT)
# Left, left, and the letter that was forgotten.
os.write(terminal, b"Helo\x1b[D\x1b[Dl\r")
until(b"tokens in")
# Before the prompt reads keys, Ctrl-C is a signal.
until(PROMPT, 2)
# Up: the last words again.
os.write(terminal, b"\x1b[A there\r")
until(b"tokens in", 2)
until(PROMPT, 3)
os.write(terminal, b"\x03")
until(b"the end")
print(shown.decode("utf-8", "replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
#[cfg(unix)]
fn chat_example_edits_lines_and_ends_on_ctrl_c() {
    let chat = newcomer("01_chat");
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL]).arg(chat.get_program()).env("TERM", "xterm");
    for (variable, _) in chat.get_envs() {
        python.env_remove(variable);
    }
    let output = python.output().expect("python3 is needed for this test");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.contains("You said: Hello\r") && shown.contains("You said: Hello there\r"), "{shown}");
}

#[test]
fn examples_in_the_folder_are_all_tested() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned())).collect();
    let run: BTreeSet<String> = EXAMPLES.iter().map(|(file, ..)| (*file).to_owned()).collect();
    assert_eq!(files, run, "give every example a row above");
}
